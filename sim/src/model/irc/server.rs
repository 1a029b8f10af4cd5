//! What the server says of itself.

use super::answer::{Asker, Page};
use parlor_protocol::{UserModes, Utc};

const VERSION: &str = concat!("parlor-", env!("CARGO_PKG_VERSION"));

impl Asker<'_> {
    pub(super) fn welcome(&self, page: &mut Page<'_>) {
        let identity = &self.options.identity;
        let (server, name) = (&identity.name, page.name.clone());
        page.numeric("001", format!(":Welcome to the {} network, {name}", identity.network));
        page.numeric("002", format!(":Your host is {server}, running version {VERSION}"));
        let began = Utc::from_unix_ms(self.chat.began_unix_ms);
        page.numeric("003", format!(":This server was created {began}"));
        page.numeric("004", format!("{server} {VERSION} Biow CIbeiklmnostv Ibeklov"));
        let (limits, world) = (self.limits, self.limits.world);
        let targets = limits.targets_max;
        let tokens = [
            "AWAYLEN=390".to_owned(),
            "BOT=B".to_owned(),
            "CASEMAPPING=ascii".to_owned(),
            format!("CHANLIMIT=#:{}", world.rooms_per_member_max),
            "CHANMODES=Ibe,k,l,Cimnst".to_owned(),
            "CHANNELLEN=51".to_owned(),
            "CHANTYPES=#".to_owned(),
            "ELIST=CMNTU".to_owned(),
            "EXCEPTS=e".to_owned(),
            "EXTBAN=,m".to_owned(),
            "HOSTLEN=63".to_owned(),
            "INVEX=I".to_owned(),
            "KEYLEN=23".to_owned(),
            "KICKLEN=390".to_owned(),
            format!("MAXLIST=Ibe:{}", world.masks_max),
            format!("MAXTARGETS={targets}"),
            "MODES=13".to_owned(),
            format!("MONITOR={}", limits.monitored_max),
            "NAMELEN=390".to_owned(),
            format!("NETWORK={}", identity.network),
            "NICKLEN=30".to_owned(),
            "PREFIX=(ov)@+".to_owned(),
            "SAFELIST".to_owned(),
            "STATUSMSG=@+".to_owned(),
            format!(
                "TARGMAX=JOIN:{targets},KICK:{targets},LIST:{targets},NAMES:{targets},NOTICE:{targets},\
                 PART:{targets},PRIVMSG:{targets},TAGMSG:{targets},WHOIS:1,WHOWAS:1"
            ),
            format!("TOPICLEN={}", world.topic_bytes_max.min(390)),
            "USERLEN=20".to_owned(),
            "UTF8ONLY".to_owned(),
            "WHOX".to_owned(),
        ];
        for tokens in tokens.chunks(13) {
            page.numeric("005", format!("{} :are supported by this server", tokens.join(" ")));
        }
        self.lusers(page);
        self.motd(page);
    }

    pub(super) fn lusers(&self, page: &mut Page<'_>) {
        let people = &self.chat.people;
        let with = |mode| people.values().filter(|member| member.modes.has(mode)).count();
        let (members, most, invisible) = (people.len(), self.chat.members_max, with(UserModes::INVISIBLE));
        let visible = members - invisible;
        page.numeric("251", format!(":There are {visible} users and {invisible} invisible on 1 servers"));
        for (code, count, what) in [
            ("252", with(UserModes::OPERATOR), "operator(s) online"),
            ("253", self.unregistered, "unregistered connection(s)"),
            ("254", self.chat.rooms.len(), "channels formed"),
        ] {
            if count > 0 {
                page.numeric(code, format!("{count} :{what}"));
            }
        }
        page.numeric("255", format!(":I have {members} clients and 0 servers"));
        page.numeric("265", format!("{members} {most} :Current local users {members}, max {most}"));
        page.numeric("266", format!("{members} {most} :Current global users {members}, max {most}"));
    }

    pub(super) fn motd(&self, page: &mut Page<'_>) {
        let identity = &self.options.identity;
        if identity.motd.is_empty() {
            return page.numeric("422", ":MOTD File is missing");
        }
        page.numeric("375", format!(":- {} Message of the day - ", identity.name));
        for line in &identity.motd {
            page.numeric("372", format!(":- {line}"));
        }
        page.numeric("376", ":End of /MOTD command");
    }

    pub(super) fn admin(&self, page: &mut Page<'_>) {
        let identity = &self.options.identity;
        page.numeric("256", format!("{} :Administrative info", identity.name));
        for (nth, code) in ["257", "258", "259"].into_iter().enumerate() {
            page.numeric(code, format!(":{}", identity.admin.get(nth).map_or("-", String::as_str)));
        }
    }

    pub(super) fn info(&self, page: &mut Page<'_>) {
        let version = env!("CARGO_PKG_VERSION");
        page.numeric("371", format!(":Parlor {version}, a chat server"));
        page.numeric("371", ":Everyone sees messages in the same order; IRC clients and nc share the rooms");
        page.numeric("374", ":End of /INFO list");
    }

    pub(super) fn links(&self, page: &mut Page<'_>) {
        let identity = &self.options.identity;
        page.numeric("364", format!("{0} {0} :0 {1}", identity.name, identity.description));
        page.numeric("365", "* :End of /LINKS list");
    }

    pub(super) fn version(&self, page: &mut Page<'_>) {
        let identity = &self.options.identity;
        page.numeric("351", format!("{VERSION} {} :{}", identity.name, identity.description));
    }

    pub(super) fn time(&self, page: &mut Page<'_>) {
        let shown = Utc::from_unix_ms(self.now.unix_ms);
        page.numeric("391", format!("{} :{shown}", self.options.identity.name));
    }

    pub(super) fn stats(&self, letter: Option<char>, page: &mut Page<'_>) {
        if letter == Some('u') {
            let up = self.now.unix_ms.saturating_sub(self.chat.began_unix_ms) / 1_000;
            let (days, hours, minutes, seconds) = (up / 86_400, up / 3_600 % 24, up / 60 % 60, up % 60);
            page.numeric("242", format!(":Server Up {days} days {hours}:{minutes:02}:{seconds:02}"));
        }
        let letter = letter.map_or("*".to_owned(), String::from);
        page.numeric("219", format!("{letter} :End of /STATS report"));
    }
}
