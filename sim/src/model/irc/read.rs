//! What a line asks for.

use super::line::{Flaw, Line, label_of};
use super::{Client, Hint, Query, Who, numeric, query};
use crate::model::conn::Todo;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{
    Command, Host, MemberId, Message, MessageKind, Name, NameError, RoomName, Status, Text, UserModes,
};
use unicode_normalization::UnicodeNormalization as _;

/// Every command: how many parameters it needs, and which of them is a text of people's.
const COMMANDS: [(&str, usize, Option<usize>); 42] = [
    ("ADMIN", 0, None),
    ("AWAY", 0, Some(0)),
    ("CAP", 1, None),
    ("CHGHOST", 2, None),
    ("HELP", 0, None),
    ("HELPOP", 0, None),
    ("INFO", 0, None),
    ("INVITE", 0, None),
    ("ISON", 1, None),
    ("JOIN", 1, None),
    ("KICK", 2, Some(2)),
    ("KILL", 1, Some(1)),
    ("LINKS", 0, None),
    ("LIST", 0, None),
    ("LUSERS", 0, None),
    ("MODE", 1, None),
    ("MONITOR", 1, None),
    ("MOTD", 0, None),
    ("NAMES", 0, None),
    ("NICK", 0, None),
    ("NOTICE", 0, None),
    ("OPER", 2, None),
    ("PART", 1, Some(1)),
    ("PASS", 1, None),
    ("PING", 0, None),
    ("PONG", 0, None),
    ("PRIVMSG", 0, Some(1)),
    ("QUIT", 0, None),
    ("REHASH", 0, None),
    ("RESTART", 0, None),
    ("SETNAME", 1, Some(0)),
    ("STATS", 0, None),
    ("TAGMSG", 0, None),
    ("TIME", 0, None),
    ("TOPIC", 1, Some(1)),
    ("USER", 2, None),
    ("USERHOST", 1, None),
    ("VERSION", 0, None),
    ("WALLOPS", 1, Some(0)),
    ("WHO", 0, None),
    ("WHOIS", 0, None),
    ("WHOWAS", 0, None),
];

/// What a client may send before it is a member.
const ALWAYS: [&str; 7] = ["CAP", "NICK", "PASS", "PING", "PONG", "QUIT", "USER"];

/// A line of a member's, or of one who is to be a member.
pub(super) struct Said<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) who: Who<'a>,
}

impl<'a> Said<'a> {
    pub(super) fn param(&self, index: usize) -> &'a str {
        self.line.params.get(index).copied().unwrap_or_default()
    }

    /// The parameters from there on, as people wrote them, cleaned.
    pub(super) fn text(&self, index: usize) -> Option<Text> {
        let words = self.line.params.get(index..).unwrap_or_default().join(" ");
        Some(Text::clean(words.as_bytes(), false)).filter(|text| !text.as_str().is_empty())
    }

    pub(super) fn needs_more(&self) -> Vec<Todo> {
        numeric("461", format!("{} :Not enough parameters", self.line.command.to_ascii_uppercase()))
    }

    pub(super) fn member(&self) -> MemberId {
        self.who.member.expect("only a member's lines get here")
    }

    /// The items of a list, or the answer that they are too many.
    pub(super) fn items(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Todo>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        if items.len() <= self.who.limits.targets_max {
            let is_first = |nth: usize| !items[..nth].iter().any(|other| folded(other) == folded(items[nth]));
            return Ok((0..items.len()).filter(|nth| is_first(*nth)).map(|nth| items[nth]).collect());
        }
        Err(numeric("407", format!("{} :Too many targets", shown(list))))
    }

    /// A text that others read behind a command and its other parameters, if they can read all of it.
    pub(super) fn told(&self, index: usize, before: &str) -> Result<Option<Text>, Vec<Todo>> {
        let Some(text) = self.text(index) else { return Ok(None) };
        let length = text.as_str().len();
        if length > 390 || self.source_bytes() + format!("{before} :").len() + length > 510 {
            return Err(numeric("417", ":Input line was too long"));
        }
        Ok(Some(text))
    }

    /// Bytes before what others read of it.
    fn source_bytes(&self) -> usize {
        self.who.person.map_or(0, |person| {
            format!(":{}!{}@{} ", person.name, person.profile.user(), person.profile.host()).len()
        })
    }

    pub(super) fn for_each(&self, list: &'a str, act: impl Fn(&'a str) -> Vec<Todo>) -> Vec<Todo> {
        match self.items(list) {
            Ok(items) if items.is_empty() => self.needs_more(),
            Ok(items) => items.into_iter().flat_map(act).collect(),
            Err(answer) => answer,
        }
    }
}

/// A text without regard to case and to how it is composed: each character's only capital's only small letter, where there are such.
pub(in crate::model) fn folded(text: &str) -> String {
    fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }
    let upper = |it: char| only(it.to_uppercase()).unwrap_or(it);
    // What joins emoji to one, or chooses their form, is not seen.
    let is_seen = |it: &char| !matches!(it, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    text.nfc().filter(is_seen).map(upper).map(|it| only(it.to_lowercase()).unwrap_or(it)).nfc().collect()
}

/// A word of a client's, as it is shown to it again.
pub(super) fn shown(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default().trim_start_matches(':');
    let word: String = word.chars().filter(|it| !it.is_control()).take(51).collect();
    if word.is_empty() { "*".to_owned() } else { word }
}

pub(super) fn room_name(text: &str) -> Option<RoomName> {
    if text.starts_with('#') { RoomName::parse(text).ok() } else { None }
}

/// The name that somebody wants, or why nobody can have it.
fn name_to_have(said: &Said<'_>, wish: &str) -> Result<Name, Vec<Todo>> {
    let why = match Name::parse(wish) {
        Ok(name) if said.who.reserved.contains(&name) => "the name is reserved".to_owned(),
        Ok(name) => return Ok(name),
        Err(NameError::Character(it)) => format!("a name cannot contain {it:?}"),
        Err(NameError::Empty) => "a name cannot be empty".to_owned(),
        Err(NameError::Reserved) => "a name cannot be all digits".to_owned(),
        Err(NameError::TooLong) => "the name is too long".to_owned(),
    };
    Err(numeric("432", format!("{} :Erroneous nickname: {why}", shown(wish))))
}

/// Why there can be no room of that name.
pub(super) fn bad_room(text: &str) -> Vec<Todo> {
    let why = match RoomName::parse(text) {
        _ if !text.starts_with('#') => "Channel names begin with #".to_owned(),
        Err(NameError::Character(it)) => format!("A name cannot contain {it:?}"),
        _ => "The name has more than 50 characters".to_owned(),
    };
    numeric("476", format!("{} :{why}", shown(text)))
}

pub(super) fn no_such_room(text: &str) -> Vec<Todo> {
    numeric("403", format!("{} :No such channel", shown(text)))
}

pub(super) fn no_such_name(text: &str) -> Vec<Todo> {
    numeric("401", format!("{} :No such nick/channel", shown(text)))
}

impl Client {
    /// What a line asks for, one after the other.
    pub(in crate::model) fn read(&mut self, line: &[u8], dropped: usize, who: Who<'_>) -> Vec<Todo> {
        let flaw = if dropped > 0 { Some(Flaw::TooLong) } else { Line::read(line).err() };
        let mut todos = match flaw {
            None => {
                Line::read(line).map_or_else(|_| Vec::new(), |line| self.command(&Said { line: &line, who }))
            }
            Some(Flaw::Empty) => return Vec::new(),
            Some(Flaw::TooLong) => numeric("417", ":Input line was too long"),
            Some(Flaw::NoMessage) => numeric("421", "* :Unknown command"),
            Some(Flaw::NotUtf8) => {
                let text = String::from_utf8_lossy(line).into_owned();
                let command = Line::read(text.as_bytes()).map_or("*", |line| line.command);
                let command = known(command).map_or("*", |(name, ..)| name);
                fail("FAIL", command, "INVALID_UTF8", "Message rejected: not UTF-8")
            }
        };
        let labels = Capabilities::LABELED_RESPONSE.with(Capabilities::BATCH);
        let label = label_of(line).filter(|label| (1..=64).contains(&label.len()) && self.has(labels));
        if label.is_some() {
            todos.insert(0, Todo::Label(label));
            todos.push(Todo::Label(None));
        }
        todos
    }

    fn command(&mut self, said: &Said<'_>) -> Vec<Todo> {
        let is_member = said.who.member.is_some();
        let Some((name, params, text)) = known(said.line.command) else {
            if is_member {
                return numeric("421", format!("{} :Unknown command", shown(said.line.command)));
            }
            if said.line.command.eq_ignore_ascii_case("/quit") {
                let hint = self.might_be_plain.then_some(Todo::Query(Query::Hint(Hint::Left)));
                return hint.into_iter().chain([Todo::Quit(None)]).collect();
            }
            let hint = if self.might_be_plain { Hint::Unregistered } else { Hint::OnlyIrc };
            let is_of_program = said.line.command.chars().all(|it| it.is_ascii_uppercase());
            let mut todos = numeric("451", ":You have not registered");
            if !self.negotiates && (self.might_be_plain || !is_of_program) {
                todos.push(Todo::Query(Query::Hint(hint)));
            }
            return todos;
        };
        // A person may have been taken for a client where both are at home.
        let hinted = |mut todos: Vec<Todo>| {
            let hints = self.might_be_plain && !is_member && !self.negotiates;
            todos.extend(hints.then_some(Todo::Query(Query::Hint(Hint::Unregistered))));
            todos
        };
        if !is_member && !ALWAYS.contains(&name) {
            return hinted(numeric("451", ":You have not registered"));
        }
        if is_member && matches!(name, "PASS" | "USER") {
            return numeric("462", ":You may not reregister");
        }
        let count = said.line.params.len();
        if count < params {
            return hinted(said.needs_more());
        }
        let mut todos = if is_member { self.of_member(name, said) } else { self.of_stranger(name, said) };
        if is_member && text.is_some_and(|text| count > text + 1) {
            let hint = "A text that contains spaces needs a colon before it; yours was accepted without one";
            todos.append(&mut fail("WARN", name, "MISSING_COLON", hint));
        }
        todos
    }

    fn of_stranger(&mut self, name: &str, said: &Said<'_>) -> Vec<Todo> {
        match name {
            "CAP" => self.cap(said),
            "NICK" => match said.param(0) {
                "" => numeric("431", ":No nickname given"),
                wish => match name_to_have(said, wish) {
                    Ok(name) => {
                        self.name = Some(name);
                        self.enter(said)
                    }
                    Err(answer) => answer,
                },
            },
            "PASS" => {
                self.password = said.param(0).as_bytes().to_vec();
                Vec::new()
            }
            "USER" => match real_name(said) {
                Some(real_name) if !said.param(0).is_empty() => {
                    if self.user.is_some() {
                        return numeric("462", ":You may not reregister");
                    }
                    self.user = Some((said.param(0).to_owned(), real_name));
                    self.enter(said)
                }
                _ => said.needs_more(),
            },
            _ => of_anybody(name, said),
        }
    }

    /// It becomes a member when it has said all that it must.
    fn enter(&mut self, said: &Said<'_>) -> Vec<Todo> {
        if self.negotiates || self.entrant().is_none() {
            Vec::new()
        } else if said.who.has_password && !self.password_is_right {
            vec![Todo::Check(None, std::mem::take(&mut self.password))]
        } else {
            self.password.clear();
            vec![Todo::Enter]
        }
    }

    fn cap(&mut self, said: &Said<'_>) -> Vec<Todo> {
        let is_stranger = said.who.member.is_none();
        let list = said.param(1);
        let subcommand = said.param(0).to_ascii_uppercase();
        self.negotiates |= is_stranger && matches!(subcommand.as_str(), "LS" | "REQ");
        match subcommand.as_str() {
            "LS" => {
                if list.parse::<u32>().is_ok_and(|version| version >= 302) {
                    self.knows_302 = true;
                    self.capabilities = self.capabilities.with(Capabilities::CAP_NOTIFY);
                }
                let all: Vec<&str> = Capabilities::ALL.iter().map(|(_, name)| *name).collect();
                query(Query::Cap("LS", all.join(" ")))
            }
            "LIST" => query(Query::Cap("LIST", self.capabilities.to_string())),
            "REQ" => match self.requested(list) {
                Some(capabilities) => query(Query::SetCapabilities(capabilities, list.to_owned())),
                None => query(Query::Cap("NAK", list.to_owned())),
            },
            "END" if is_stranger => {
                self.negotiates = false;
                self.enter(said)
            }
            "END" => Vec::new(),
            _ => numeric("410", format!("{} :Invalid CAP command", shown(said.param(0)))),
        }
    }

    /// The capabilities after a request, all of which is granted or nothing.
    fn requested(&self, list: &str) -> Option<Capabilities> {
        if list.len() > 300 {
            return None;
        }
        let mut capabilities = self.capabilities;
        for word in list.split(' ').filter(|word| !word.is_empty()) {
            let gone = word.strip_prefix('-');
            let capability = Capabilities::named(gone.unwrap_or(word))?;
            if gone == Some("cap-notify") && self.knows_302 {
                return None;
            }
            capabilities =
                if gone.is_some() { capabilities.without(capability) } else { capabilities.with(capability) };
        }
        Some(capabilities)
    }

    fn of_member(&mut self, name: &str, said: &Said<'_>) -> Vec<Todo> {
        let member = said.member();
        let propose = |command| vec![Todo::Propose(command)];
        match name {
            "AWAY" => match said.told(0, "AWAY") {
                Ok(away) => propose(Command::SetAway { member, away }),
                Err(answer) => answer,
            },
            "CAP" => self.cap(said),
            "CHGHOST" => match (Name::parse_any(said.param(0)), Host::parse(said.param(1))) {
                (Err(_), _) => no_such_name(said.param(0)),
                (_, None) => fail("FAIL", "CHGHOST", "INVALID_HOST", "Invalid host"),
                (Ok(name), Some(host)) => propose(Command::SetHost { member, name, host }),
            },
            "KILL" => match Name::parse_any(said.param(0)) {
                Ok(name) => propose(Command::Kill { member, name, message: said.text(1) }),
                Err(_) => no_such_name(said.param(0)),
            },
            "MONITOR" => self.monitor(said),
            "NICK" if said.param(0).is_empty() => numeric("431", ":No nickname given"),
            "NICK" => match name_to_have(said, said.param(0)) {
                Ok(name) => propose(Command::Rename { member, name }),
                Err(answer) => answer,
            },
            "NOTICE" => {
                let mut todos = self.say(said, MessageKind::Notice, MessageKind::CtcpReply);
                // Nothing answers a notice.
                todos.retain(|todo| matches!(todo, Todo::Propose(_)));
                todos
            }
            "OPER" => vec![Todo::Check(Some(said.param(0).to_owned()), said.param(1).as_bytes().to_vec())],
            "PRIVMSG" => self.say(said, MessageKind::Text, MessageKind::Ctcp),
            "SETNAME" => match said.told(0, "SETNAME") {
                Ok(Some(real_name)) => propose(Command::SetRealName { member, real_name }),
                _ => fail("FAIL", "SETNAME", "INVALID_REALNAME", "Invalid realname"),
            },
            "TAGMSG" => match (said.param(0), self.tags(said)) {
                ("", _) => said.needs_more(),
                (_, None) => Vec::new(),
                (targets, tags) => {
                    let message = Message { kind: MessageKind::Tags, text: Text::default(), tags };
                    said.for_each(targets, |target| to_target(said, target, &message))
                }
            },
            "WALLOPS" => match said.told(0, "WALLOPS") {
                Ok(Some(text)) => propose(Command::Wallops { member, text }),
                Ok(None) => said.needs_more(),
                Err(answer) => answer,
            },
            "INVITE" | "JOIN" | "KICK" | "MODE" | "NAMES" | "PART" | "TOPIC" => super::room::read(name, said),
            _ => of_anybody(name, said),
        }
    }

    fn tags(&self, said: &Said<'_>) -> Option<std::sync::Arc<str>> {
        let tags = said.line.client_tags().filter(|_| self.has(Capabilities::MESSAGE_TAGS));
        tags.map(Into::into)
    }

    fn say(&self, said: &Said<'_>, kind: MessageKind, ctcp: MessageKind) -> Vec<Todo> {
        if said.param(0).chars().all(|it| it == ',') {
            return numeric("411", ":No recipient given");
        }
        let words = said.line.params[1..].join(" ");
        let clean = |words: &str| Text::clean(words.as_bytes(), false);
        let (kind, text) = match words.strip_prefix('\x01') {
            None => (kind, clean(&words)),
            Some(inner) => {
                let inner = inner.strip_suffix('\x01').unwrap_or(inner);
                match inner.strip_prefix("ACTION ") {
                    Some(action) if kind == MessageKind::Text => (MessageKind::Action, clean(action)),
                    _ => (ctcp, clean(inner)),
                }
            }
        };
        let is_bare = matches!(kind, MessageKind::Notice | MessageKind::Text);
        if words.is_empty() || is_bare && text.as_str().is_empty() {
            return numeric("412", ":No text to send");
        }
        let message = Message { kind, text, tags: self.tags(said) };
        said.for_each(said.param(0), |target| {
            let name = said.line.command.to_ascii_uppercase();
            let told = said.source_bytes() + format!("{name} {target} :").len() + words.len();
            if told > 510 {
                return numeric("417", ":Input line was too long");
            }
            to_target(said, target, &message)
        })
    }

    fn monitor(&self, said: &Said<'_>) -> Vec<Todo> {
        let names = || said.param(1).split(',').filter_map(|name| Name::parse_any(name).ok()).collect();
        query(match said.param(0) {
            "+" => Query::Watch(names()),
            "-" => Query::Unwatch(names()),
            "C" | "c" => Query::UnwatchAll,
            "L" | "l" => Query::Watched,
            "S" | "s" => Query::Status { of: self.watches.iter().cloned().collect(), no_place: Vec::new() },
            _ => return said.needs_more(),
        })
    }
}

fn known(command: &str) -> Option<(&'static str, usize, Option<usize>)> {
    COMMANDS.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(command))
}

fn fail(kind: &'static str, command: &str, code: &'static str, words: &'static str) -> Vec<Todo> {
    query(Query::Fail { kind, command: command.to_owned(), code, words })
}

fn keys(tags: &str) -> Vec<&str> {
    tags.split(';').map(|tag| tag.split('=').next().unwrap_or_default()).collect()
}

/// What is said to a target of `PRIVMSG` and the like.
fn to_target(said: &Said<'_>, target: &str, message: &Message) -> Vec<Todo> {
    let (member, message) = (said.member(), message.clone());
    let (status, room) = match (target.strip_prefix('@'), target.strip_prefix('+')) {
        (Some(room), _) if room.starts_with('#') => (Some(Status::Operator), room),
        (_, Some(room)) if room.starts_with('#') => (Some(Status::Voice), room),
        _ => (None, target),
    };
    // Who is typing is forgotten at once.
    let is_signal = message.kind == MessageKind::Tags
        && message.tags.as_deref().is_some_and(|tags| ["+typing"] == *keys(tags));
    let say = |command| match is_signal {
        true => query(Query::Signal(command)),
        false => vec![Todo::Propose(command)],
    };
    if room.starts_with('#') {
        return match room_name(room) {
            Some(room) => say(Command::Say { member, room, status, message }),
            None => no_such_room(room),
        };
    }
    match Name::parse_any(target) {
        Ok(to) if said.who.reserved.contains(&to) => {
            let words = "There are no services here; your message reached nobody";
            numeric("401", format!("{} :{words}", shown(target)))
        }
        Ok(to) => say(Command::Tell { member, to, message }),
        Err(_) => no_such_name(target),
    }
}

/// The real name that somebody gives: behind the name and two words that mean nothing. Where the second of them is an
/// address that begins with a colon, the message ends with it.
fn real_name(said: &Said<'_>) -> Option<Text> {
    let params = &said.line.params;
    if params.len() >= 4 {
        return said.text(3);
    }
    let last = params.last().copied().unwrap_or_default();
    let words = match last.find(" :") {
        Some(at) if at + 2 == last.len() => params[0],
        Some(at) => &last[at + 2..],
        None if last.contains(' ') => last,
        None => "",
    };
    Some(Text::clean(words.as_bytes(), false)).filter(|text| !text.as_str().is_empty())
}

/// What needs nothing but the line.
fn of_anybody(name: &str, said: &Said<'_>) -> Vec<Todo> {
    let all = || said.line.params.iter().map(ToString::to_string).collect::<Vec<_>>();
    query(match name {
        "ADMIN" => Query::Admin,
        "HELP" | "HELPOP" => Query::Help(Some(said.param(0)).filter(|it| !it.is_empty()).map(shown)),
        "INFO" => Query::Info,
        "ISON" => {
            let words = all().join(" ");
            Query::Ison(words.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect())
        }
        "LINKS" => Query::Links,
        "LIST" => return super::rooms::read_list(said),
        "LUSERS" => Query::Lusers,
        "MOTD" => Query::Motd,
        "PING" if said.param(0).is_empty() => return numeric("409", ":No origin specified"),
        "PING" => Query::Pong(said.param(0).to_owned()),
        "QUIT" => return vec![Todo::Quit(said.text(0))],
        "REHASH" => Query::Rehash,
        "RESTART" => Query::Restart,
        "STATS" => Query::Stats(said.param(0).chars().next().filter(char::is_ascii_alphanumeric)),
        "TIME" => Query::Time,
        "USERHOST" => Query::Userhost(all()),
        "VERSION" => Query::Version,
        "WHO" => super::people::read_who(said),
        "WHOIS" => match said.line.params.get(1).or(said.line.params.first()) {
            Some(name) if !name.is_empty() => Query::Whois((*name).to_owned()),
            _ => return numeric("431", ":No nickname given"),
        },
        "WHOWAS" => match said.param(0) {
            "" => return numeric("431", ":No nickname given"),
            name => {
                let count = said.param(1).parse().ok().filter(|count| *count > 0);
                Query::Whowas(name.to_owned(), count.unwrap_or(usize::MAX))
            }
        },
        // `PONG` is a sign of life, as every line is.
        _ => return Vec::new(),
    })
}

/// The letters of one's own modes, to turn on and to turn off.
pub(super) fn own_modes(letters: impl Iterator<Item = char>) -> (UserModes, UserModes, bool) {
    let (mut on, mut off, mut is_plus, mut unknown) = (UserModes::NONE, UserModes::NONE, true, false);
    for letter in letters {
        let mode = match letter {
            '+' | '-' => {
                is_plus = letter == '+';
                continue;
            }
            'B' => UserModes::BOT,
            'i' => UserModes::INVISIBLE,
            'o' => UserModes::OPERATOR,
            'w' => UserModes::WALLOPS,
            _ => {
                unknown = true;
                continue;
            }
        };
        (on, off) =
            if is_plus { (on.with(mode), off.without(mode)) } else { (on.without(mode), off.with(mode)) };
    }
    (on, off, unknown)
}
