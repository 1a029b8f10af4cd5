//! Answers about people.

use super::Query;
use super::answer::{Asker, Page};
use super::read::{Said, room_name, shown as word};
use crate::model::chat::{Member, Room};
use crate::model::mask::is_like;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{MemberId, Name, Person, UserModes, Utc};

/// Names that one `USERHOST` answers.
const USERHOST_MAX: usize = 5;

/// What `WHO` asks for: a mask, and what of those whom it is about.
pub(super) fn read_who(said: &Said<'_>) -> Query {
    let mask = if said.param(0).is_empty() { "*" } else { said.param(0) };
    let (flags, fields) = match said.param(1).split_once('%') {
        Some((flags, fields)) => (flags, Some(fields)),
        None => (said.param(1), None),
    };
    let fields = fields.map(|fields| match fields.split_once(',') {
        Some((fields, token)) => (fields.to_owned(), word(token)),
        None => (fields.to_owned(), "0".to_owned()),
    });
    let operators = flags.contains('o');
    Query::Who { mask: mask.to_owned(), operators, fields, from: MemberId::default() }
}

/// What was asked for, as it is shown again.
fn shown(text: &str) -> String {
    let word: String = text.split(' ').next().unwrap_or_default().chars().take(60).collect();
    if word.is_empty() || word.starts_with(':') { "*".to_owned() } else { word }
}

impl Asker<'_> {
    pub(super) fn ison(&self, names: &[String], page: &mut Page<'_>) {
        let there = names.iter().filter_map(|name| self.named(name));
        page.list("303", "", ' ', there.map(|member| self.chat.people[&member].person.name.to_string()));
    }

    pub(super) fn userhost(&self, names: &[String], page: &mut Page<'_>) {
        let mut found = Vec::new();
        for member in names.iter().take(USERHOST_MAX).filter_map(|name| self.named(name)) {
            let Member { person: Person { name, profile }, modes, away, .. } = &self.chat.people[&member];
            let star = if modes.has(UserModes::OPERATOR) { "*" } else { "" };
            let sign = if away.is_some() { "-" } else { "+" };
            found.push(format!("{name}{star}={sign}{}@{}", profile.user(), profile.host()));
        }
        page.list("302", "", ' ', found);
    }

    pub(super) fn status(
        &self,
        mut of: Vec<Name>,
        no_place: Vec<Name>,
        page: &mut Page<'_>,
    ) -> Option<Query> {
        for (nth, name) in of.iter().enumerate() {
            if page.is_full() {
                return Some(Query::Status { of: of.split_off(nth), no_place });
            }
            match self.chat.named(name).map(|member| &self.chat.people[&member].person) {
                Some(Person { name, profile }) => {
                    page.numeric("730", format!(":{name}!{}@{}", profile.user(), profile.host()));
                }
                None => page.numeric("731", format!(":{name}")),
            }
        }
        if !no_place.is_empty() {
            let most = format!("{} ", self.limits.monitored_max);
            page.list_with_text("734", &most, no_place.iter().map(Name::to_string), "Monitor list is full");
        }
        None
    }

    pub(super) fn watched(&self, page: &mut Page<'_>) {
        if !self.client.watches.is_empty() {
            page.list("732", "", ',', self.client.watches.iter().map(Name::to_string));
        }
        page.numeric("733", ":End of MONITOR list");
    }

    pub(super) fn whois(&self, asked: &str, page: &mut Page<'_>) {
        let asked = asked.split(',').next().unwrap_or_default();
        let Some(id) = self.named(asked) else {
            page.numeric("401", format!("{} :No such nick/channel", shown(asked)));
            return page.numeric("318", format!("{} :End of /WHOIS list", shown(asked)));
        };
        let member = &self.chat.people[&id];
        let Person { name, profile } = &member.person;
        let (user, host, real_name) = (profile.user(), profile.host(), profile.real_name());
        page.numeric("311", format!("{name} {user} {host} * :{real_name}"));
        self.rooms_of(id, member, page);
        let identity = &self.options.identity;
        page.numeric("312", format!("{name} {} :{}", identity.name, identity.description));
        if member.modes.has(UserModes::OPERATOR) {
            page.numeric("313", format!("{name} :is a server operator"));
        }
        if let Some(away) = &member.away {
            page.numeric("301", format!("{name} :{}", away.as_str()));
        }
        if member.modes.has(UserModes::BOT) {
            page.numeric("335", format!("{name} :is a bot"));
        }
        if self.member == Some(id) || self.operates() {
            page.numeric("338", format!("{name} {} :is using this address", profile.address()));
            page.numeric("379", format!("{name} :is using modes +{}", member.modes));
        }
        let idle = self.now.unix_ms.saturating_sub(member.spoke_unix_ms) / 1_000;
        let since = member.entered_unix_ms / 1_000;
        page.numeric("317", format!("{name} {idle} {since} :seconds idle, signon time"));
        page.numeric("318", format!("{name} :End of /WHOIS list"));
    }

    fn rooms_of(&self, id: MemberId, member: &Member, page: &mut Page<'_>) {
        let hides = member.modes.has(UserModes::INVISIBLE) && self.member != Some(id);
        let name = &member.person.name;
        let mut shown: Vec<String> = Vec::new();
        for room in member.rooms.iter().filter_map(|room| self.chat.room(room)) {
            let is_shared = self.member.is_some_and(|asker| room.of(asker).is_some());
            if !room.shows(self.member) || hides && !is_shared {
                continue;
            }
            let all = self.client.has(Capabilities::MULTI_PREFIX);
            let prefix = room.of(id).map_or("", |here| here.prefix(all));
            shown.push(format!("{prefix}{:#}", room.name));
        }
        if !shown.is_empty() {
            page.list("319", &format!("{name} "), ' ', shown);
        }
    }

    pub(super) fn whowas(&self, asked: &str, count: usize, page: &mut Page<'_>) {
        let name = Name::parse_any(asked).ok();
        let departed = self.chat.departed.iter().rev();
        let was: Vec<_> =
            departed.filter(|(person, _)| Some(&person.name) == name.as_ref()).take(count).collect();
        if was.is_empty() {
            page.numeric("406", format!("{} :There was no such nickname", shown(asked)));
        }
        for (Person { name, profile }, at_unix_ms) in was {
            if page.is_full() {
                break;
            }
            let (user, host, real_name) = (profile.user(), profile.host(), profile.real_name());
            page.numeric("314", format!("{name} {user} {host} * :{real_name}"));
            let server = &self.options.identity.name;
            page.numeric("312", format!("{name} {server} :{}", Utc::from_unix_ms(*at_unix_ms)));
        }
        page.numeric("369", format!("{} :End of WHOWAS", shown(asked)));
    }

    pub(super) fn who(
        &self,
        mask: String,
        operators: bool,
        fields: Option<(String, String)>,
        from: MemberId,
        page: &mut Page<'_>,
    ) -> Option<Query> {
        let visible = |member: &Member| !member.modes.has(UserModes::INVISIBLE);
        let as_room = room_name(&mask);
        // Each that is looked at, with the room that it is shown in, and whether it is shown.
        let mut found: Vec<(MemberId, Option<&Room>, bool)> = Vec::new();
        if let Some(name) = as_room {
            let room = self.room(&name);
            let is_in = room.is_some_and(|room| self.member.is_some_and(|asker| room.of(asker).is_some()));
            let here = room.into_iter().flat_map(|room| room.here.iter());
            let seen = |member| is_in || visible(&self.chat.people[&member]);
            found.extend(here.map(|here| (here.member, room, seen(here.member))));
        } else if let Some(member) = self.named(&mask) {
            let room = self.shared_room(member);
            self.put_who((operators, fields.as_ref()), member, room, page);
        } else if mask.contains(['*', '?']) {
            for (&id, member) in &self.chat.people {
                let room = self.shared_room(id);
                let is_seen = room.is_some() || self.member == Some(id) || visible(member);
                found.push((id, room, is_seen && is_like(&mask, member.person.name.as_str())));
            }
        }
        for (member, room, is_shown) in found.into_iter().filter(|(member, ..)| *member >= from) {
            if page.is_full() {
                return Some(Query::Who { mask, operators, fields, from: member });
            }
            page.looked_at += 1;
            if is_shown {
                self.put_who((operators, fields.as_ref()), member, room, page);
            }
        }
        page.numeric("315", format!("{} :End of /WHO list", shown(&mask)));
        None
    }

    /// The first of a member's rooms that the asker is in, too.
    fn shared_room(&self, member: MemberId) -> Option<&Room> {
        let rooms = self.chat.people[&member].rooms.iter().filter_map(|room| self.chat.room(room));
        let mut rooms = rooms;
        rooms.find(|room| self.member.is_some_and(|asker| room.of(asker).is_some()))
    }

    fn put_who(
        &self,
        (operators, fields): (bool, Option<&(String, String)>),
        id: MemberId,
        room: Option<&Room>,
        page: &mut Page<'_>,
    ) {
        let member = &self.chat.people[&id];
        let operates = member.modes.has(UserModes::OPERATOR);
        if operators && !operates {
            return;
        }
        let Person { name, profile } = &member.person;
        let (user, host, server) = (profile.user(), profile.host(), &self.options.identity.name);
        let real_name = profile.real_name();
        let channel = room.map_or("*".to_owned(), |room| format!("{:#}", room.name));
        let here = if member.away.is_some() { "G" } else { "H" };
        let star = if operates { "*" } else { "" };
        let all = self.client.has(Capabilities::MULTI_PREFIX);
        let prefix = room.and_then(|room| room.of(id)).map_or("", |here| here.prefix(all));
        let bot = if member.modes.has(UserModes::BOT) { "B" } else { "" };
        let flags = format!("{here}{star}{prefix}{bot}");
        let Some((fields, token)) = fields else {
            return page
                .numeric("352", format!("{channel} {user} {host} {server} {name} {flags} :0 {real_name}"));
        };
        let idle = self.now.unix_ms.saturating_sub(member.spoke_unix_ms) / 1_000;
        let mut words: Vec<String> = Vec::new();
        for field in "tcuihsnfdlaor".chars().filter(|field| fields.contains(*field)) {
            words.push(match field {
                't' => token.clone(),
                'c' => channel.clone(),
                'u' => user.to_owned(),
                'i' if host != profile.address() => "255.255.255.255".to_owned(),
                'i' | 'h' => host.to_owned(),
                's' => server.clone(),
                'n' => name.to_string(),
                'f' => flags.clone(),
                'l' => idle.to_string(),
                'o' => "n/a".to_owned(),
                'r' => real_name.to_owned(),
                _ => "0".to_owned(),
            });
        }
        if let Some((last, words)) = words.split_last() {
            let words: String = words.iter().map(|word| format!("{word} ")).collect();
            page.numeric("354", format!("{words}:{last}"));
        }
    }
}
