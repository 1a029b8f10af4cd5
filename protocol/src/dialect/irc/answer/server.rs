//! Answers about the server.

use super::history;
use crate::base::calendar::Utc;
use crate::base::mode::{Flag, Key, MaskList, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Profile, UserModes};
use crate::dialect::irc::capability::Capabilities;
use crate::dialect::irc::event::MODE_PARAMS_MAX;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::{Answers, Asker, TEXT_BYTES_MAX};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The version, as clients see it.
const VERSION: &str = concat!("parlor-", env!("CARGO_PKG_VERSION"));

/// Maximum number of tokens in one `RPL_ISUPPORT`: with the name and the text at the end, they are fifteen parameters.
const ISUPPORT_TOKENS: usize = 13;

/// Writes the greeting of a new member.
pub(in crate::dialect::irc) fn welcome(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let identity = &asker.options.identity;
    let (server, network, name) = (&identity.name, &identity.network, String::from(to.name()));
    to.numeric(numeric::RPL_WELCOME, &[&format!("Welcome to the {network} network, {name}")]);
    to.numeric(numeric::RPL_YOURHOST, &[&format!("Your host is {server}, running version {VERSION}")]);
    let began = Utc::from_unix_ms(asker.world.began_unix_ms());
    to.numeric(numeric::RPL_CREATED, &[&format!("This server was created {began}")]);
    let user_modes: String = UserModes::ALL.iter().map(|(_, letter)| letter).collect();
    let mut with_parameter: Vec<char> = MaskList::ALL.iter().map(|list| list.letter()).collect();
    with_parameter.extend(['k', 'l']);
    with_parameter.extend(Status::ALL.iter().map(|status| status.letter()));
    let mut room_modes: Vec<char> = Flag::ALL.iter().map(|flag| flag.letter()).collect();
    room_modes.extend(&with_parameter);
    room_modes.sort_unstable();
    let (room_modes, with_parameter) =
        (room_modes.into_iter().collect::<String>(), with_parameter.into_iter().collect::<String>());
    to.words(
        numeric::RPL_MYINFO,
        format_args!("{server} {VERSION} {user_modes} {room_modes} {with_parameter}"),
    );
    for tokens in isupport(asker).chunks(ISUPPORT_TOKENS) {
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        to.numeric(numeric::RPL_ISUPPORT, &tokens);
    }
    if let Some(member) = asker.as_member() {
        to.numeric(numeric::RPL_HOSTHIDDEN, &[member.person().profile.host()]);
    }
    lusers(asker, to);
    motd(asker, to);
}

/// Returns the tokens of `RPL_ISUPPORT` (Modern IRC, "`RPL_ISUPPORT` Parameters").
fn isupport(asker: &Asker<'_>) -> Vec<String> {
    let (limits, world) = (asker.limits, asker.world.limits());
    let letters = |letters: &mut dyn Iterator<Item = char>| letters.collect::<String>();
    let lists = letters(&mut MaskList::ALL.iter().map(|list| list.letter()));
    let flags = letters(&mut Flag::ALL.iter().map(|flag| flag.letter()));
    let statuses = letters(&mut Status::ALL.iter().map(|status| status.letter()));
    let prefixes = letters(&mut Status::ALL.iter().map(|status| status.prefix()));
    let targets = limits.targets_max;
    let mut tokens = Vec::from([
        format!("AWAYLEN={TEXT_BYTES_MAX}"),
        "BOT=B".to_string(),
        // The nearest value that clients know. Beyond ASCII, names are folded as in Unicode.
        "CASEMAPPING=ascii".to_string(),
        format!("CHANLIMIT=#:{}", world.rooms_per_member_max),
        format!("CHANMODES={lists},k,l,{flags}"),
        format!("CHANNELLEN={}", 1 + RoomName::CHARS_MAX),
        "CHANTYPES=#".to_string(),
        format!("CHATHISTORY={}", history::EVENTS_MAX),
        "ELIST=CMNTU".to_string(),
        "EXCEPTS=e".to_string(),
        "EXTBAN=,m".to_string(),
        format!("HOSTLEN={}", Host::BYTES_MAX),
        "INVEX=I".to_string(),
        format!("KEYLEN={}", Key::BYTES_MAX),
        format!("KICKLEN={TEXT_BYTES_MAX}"),
        format!("MAXLIST={lists}:{}", world.masks_max),
        format!("MAXTARGETS={targets}"),
        format!("MODES={MODE_PARAMS_MAX}"),
        format!("MONITOR={}", limits.monitored_max),
        "MSGREFTYPES=msgid,timestamp".to_string(),
        format!("NAMELEN={TEXT_BYTES_MAX}"),
        format!("NETWORK={}", asker.options.identity.network),
        format!("NICKLEN={}", Name::CHARS_MAX),
        format!("PREFIX=({statuses}){prefixes}"),
        "SAFELIST".to_string(),
        format!("STATUSMSG={prefixes}"),
        format!(
            "TARGMAX=JOIN:{targets},KICK:{targets},LIST:{targets},NAMES:{targets},NOTICE:{targets},PART:{targets},\
             PRIVMSG:{targets},TAGMSG:{targets},WHOIS:1,WHOWAS:1"
        ),
        format!("TOPICLEN={}", TEXT_BYTES_MAX.min(world.topic_bytes_max as usize)),
        format!("USERLEN={}", Profile::USER_BYTES_MAX),
        "UTF8ONLY".to_string(),
        "WHOX".to_string(),
    ]);
    tokens.retain(|token| !token.is_empty());
    tokens
}

/// `LUSERS`: writes the numbers of members, operators and rooms. A secret room counts for those who may know of it.
pub(in crate::dialect::irc) fn lusers(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let members = asker.world.members().len();
    let (invisible, operators) = (asker.world.invisible(), asker.world.operators());
    let unregistered = asker.unregistered;
    let rooms = match asker.is_operator() {
        true => asker.world.rooms_shown(),
        false => asker.world.visible_rooms(asker.member),
    };
    let visible = members - invisible;
    let client = format!("There are {visible} users and {invisible} invisible on 1 servers");
    to.numeric(numeric::RPL_LUSERCLIENT, &[&client]);
    // Counts of zero need not be sent (RFC 2812, section 5.1).
    for (numeric, count) in [
        (numeric::RPL_LUSEROP, operators),
        (numeric::RPL_LUSERUNKNOWN, unregistered),
        (numeric::RPL_LUSERCHANNELS, rooms),
    ] {
        if count > 0 {
            to.numeric(numeric, &[&count.to_string()]);
        }
    }
    to.numeric(numeric::RPL_LUSERME, &[&format!("I have {members} clients and 0 servers")]);
    let (members, most) = (members.to_string(), asker.views.members_max().to_string());
    for (numeric, whose) in [(numeric::RPL_LOCALUSERS, "local"), (numeric::RPL_GLOBALUSERS, "global")] {
        let text = format!("Current {whose} users {members}, max {most}");
        to.numeric(numeric, &[&members, &most, &text]);
    }
}

/// `MOTD`: writes the message of the day.
pub(in crate::dialect::irc) fn motd(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let identity = &asker.options.identity;
    if identity.motd.is_empty() {
        return to.numeric(numeric::ERR_NOMOTD, &[]);
    }
    to.numeric(numeric::RPL_MOTDSTART, &[&format!("- {} Message of the day - ", identity.name)]);
    for line in &identity.motd {
        to.numeric(numeric::RPL_MOTD, &[&format!("- {line}")]);
    }
    to.numeric(numeric::RPL_ENDOFMOTD, &[]);
}

pub(in crate::dialect::irc) fn admin(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let identity = &asker.options.identity;
    to.numeric(numeric::RPL_ADMINME, &[&identity.name]);
    let lines = identity.admin.iter().map(String::as_str).chain(core::iter::repeat("-"));
    let numerics = [numeric::RPL_ADMINLOC1, numeric::RPL_ADMINLOC2, numeric::RPL_ADMINEMAIL];
    for (numeric, line) in numerics.into_iter().zip(lines) {
        to.numeric(numeric, &[line]);
    }
}

pub(in crate::dialect::irc) fn info(_: &Asker<'_>, to: &mut Answers<'_>) {
    for line in [
        concat!("Parlor ", env!("CARGO_PKG_VERSION"), ", a chat server"),
        "Everyone sees messages in the same order; IRC clients and nc share the rooms",
    ] {
        to.numeric(numeric::RPL_INFO, &[line]);
    }
    to.numeric(numeric::RPL_ENDOFINFO, &[]);
}

pub(in crate::dialect::irc) fn links(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let identity = &asker.options.identity;
    to.numeric(numeric::RPL_LINKS, &[&identity.name, &identity.name, &format!("0 {}", identity.description)]);
    to.numeric(numeric::RPL_ENDOFLINKS, &["*"]);
}

pub(in crate::dialect::irc) fn version(asker: &Asker<'_>, to: &mut Answers<'_>) {
    to.numeric(
        numeric::RPL_VERSION,
        &[VERSION, &asker.options.identity.name, &asker.options.identity.description],
    );
}

pub(in crate::dialect::irc) fn time(asker: &Asker<'_>, to: &mut Answers<'_>) {
    // The parameters of RFC 2812: every client shows them as a time.
    let text = Utc::from_unix_ms(asker.now.unix_ms).to_string();
    to.numeric(numeric::RPL_TIME, &[&asker.options.identity.name, &text]);
}

/// `STATS`: writes the uptime for `u`, and nothing for other letters. Everything else is in the server's logs.
pub(in crate::dialect::irc) fn stats(asker: &Asker<'_>, params: &[String], to: &mut Answers<'_>) {
    let letter = params.first().and_then(|letters| letters.chars().next());
    // Any other character, such as `:`, could be misread in the answer.
    let letter = letter.filter(char::is_ascii_alphanumeric);
    if letter == Some('u') {
        let up = asker.now.unix_ms.saturating_sub(asker.world.began_unix_ms()) / 1_000;
        let (days, rest) = (up / 86_400, up % 86_400);
        let text = format!("Server Up {days} days {}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
        to.numeric(numeric::RPL_STATSUPTIME, &[&text]);
    }
    let letter = letter.map_or("*".to_string(), String::from);
    to.numeric(numeric::RPL_ENDOFSTATS, &[&letter]);
}

/// `RESTART`: refuses to restart the server, which would close all connections and might not start again.
pub(in crate::dialect::irc) fn restart(asker: &Asker<'_>, to: &mut Answers<'_>) {
    if !asker.is_operator() {
        return to.numeric(numeric::ERR_NOPRIVILEGES, &[]);
    }
    let name = String::from(to.name());
    to.message(format_args!(
        "NOTICE {name} :Only whoever runs the server can restart it; REHASH reloads its configuration"
    ));
}

/// Writes that the client sends more than is read at once.
pub(in crate::dialect::irc) fn slowed_down(_: &Asker<'_>, to: &mut Answers<'_>) {
    let name = String::from(to.name());
    to.message(format_args!(
        "NOTICE {name} :You are sending more than this server reads at once; the rest waits, and nothing is lost"
    ));
}

/// `PING`: writes the token of the client.
pub(in crate::dialect::irc) fn pong(asker: &Asker<'_>, params: &[String], to: &mut Answers<'_>) {
    let Some(token) = params.first().filter(|token| !token.is_empty()) else {
        return to.numeric(numeric::ERR_NOORIGIN, &[]);
    };
    let server = &asker.options.identity.name;
    to.message(format_args!("PONG {server} :{token}"));
}

/// Writes a reply to `CAP`. The list of all capabilities fits in one message.
pub(super) fn cap(_: &Asker<'_>, subcommand: &str, list: &str, to: &mut Answers<'_>) {
    let name = String::from(to.name());
    to.message(format_args!("CAP {name} {subcommand} :{list}"));
}

/// Writes a standard reply, or a notice to a client without `standard-replies`.
pub(super) fn fail(
    asker: &Asker<'_>,
    (kind, command, code, words): (&str, &str, &str, &str),
    to: &mut Answers<'_>,
) {
    // Two specifications require a `FAIL` of every server: setname, and UTF8ONLY.
    let is_required = kind == "FAIL" && (command == "SETNAME" || code == "INVALID_UTF8");
    if asker.capabilities.has(Capabilities::STANDARD_REPLIES) || is_required {
        to.message(format_args!("{kind} {command} {code} :{words}"));
    } else {
        let name = String::from(to.name());
        let (command, colon) = if command == "*" { ("", "") } else { (command, ": ") };
        to.message(format_args!("NOTICE {name} :{command}{colon}{words}"));
    }
}
