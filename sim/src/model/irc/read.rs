//! Parses a line into its steps.

use super::line::{Flaw, Line, label_of};
use super::request::{Request, answered, changing, room_name};
use super::{Author, Client, marker, room};
use crate::model::ban;
use crate::model::todo::{Change, Todo};
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{
    Action, Command, Context, Host, Message, MessageKind, Name, NewBan, PasswordOf, Seq, Status, Text,
};
use std::collections::VecDeque;

/// Every command, with the number of parameters that it needs and the index of the parameter that is free text.
const COMMANDS: [(&str, usize, Option<usize>); 48] = [
    ("ADMIN", 0, None),
    ("AWAY", 0, Some(0)),
    ("BAN", 0, None),
    ("BANS", 0, None),
    ("CAP", 1, None),
    ("CHATHISTORY", 1, None),
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
    ("MARKREAD", 0, None),
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
    ("REDACT", 2, Some(2)),
    ("REHASH", 0, None),
    ("RESTART", 0, None),
    ("SETNAME", 1, Some(0)),
    ("STATS", 0, None),
    ("TAGMSG", 0, None),
    ("TIME", 0, None),
    ("TOPIC", 1, Some(1)),
    ("UNBAN", 1, None),
    ("USER", 2, None),
    ("USERHOST", 1, None),
    ("VERSION", 0, None),
    ("WALLOPS", 1, Some(0)),
    ("WHO", 0, None),
    ("WHOIS", 0, None),
    ("WHOWAS", 0, None),
];

/// Commands that a client may send before it is registered.
const ALWAYS: [&str; 7] = ["CAP", "NICK", "PASS", "PING", "PONG", "QUIT", "USER"];

/// Returns the name that the client asks for, if it is valid and not reserved.
fn name_to_have(request: &Request<'_>) -> Option<Name> {
    Name::parse(request.param(0)).ok().filter(|name| !request.author.reserved.contains(name))
}

impl Client {
    /// Returns the steps of a line. Which queries the line makes, and in which order, is decided here; the contents of
    /// each query are those of the core's dialect.
    pub(in crate::model) fn read(
        &mut self,
        line: &[u8],
        dropped: usize,
        author: Author<'_>,
        context: &Context<'_>,
    ) -> Vec<Todo> {
        let mut actions = VecDeque::new();
        let read = parlor_protocol::Line::Bytes { bytes: line, dropped };
        self.form.line(read, context, &mut actions);
        let mut questions = actions.into_iter().filter_map(|action| match action {
            Action::Ask(question) => Some(question),
            _ => None,
        });
        let mut todos = self.todos(line, dropped, author);
        for todo in &mut todos {
            if let Todo::Query(query) = todo {
                query.question = questions.next();
            }
        }
        todos
    }

    fn todos(&mut self, line: &[u8], dropped: usize, author: Author<'_>) -> Vec<Todo> {
        let flaw = if dropped > 0 { Some(Flaw::TooLong) } else { Line::read(line).err() };
        let mut todos = match flaw {
            None => Line::read(line)
                .map_or_else(|_| Vec::new(), |line| self.command(&Request { line: &line, author })),
            Some(Flaw::Empty) => return Vec::new(),
            Some(Flaw::NoMessage | Flaw::NotUtf8 | Flaw::TooLong) => answered(),
        };
        let labels = Capabilities::LABELED_RESPONSE.with(Capabilities::BATCH);
        let label = label_of(line).filter(|label| (1..=64).contains(&label.len()) && self.has(labels));
        if label.is_some() {
            todos.insert(0, Todo::Label(label));
            todos.push(Todo::Label(None));
        }
        todos
    }

    fn command(&mut self, request: &Request<'_>) -> Vec<Todo> {
        let is_member = request.author.member.is_some();
        let Some((name, params, text)) = known(request.line.command) else {
            return if is_member { answered() } else { self.unknown(request) };
        };
        // At a listener for both dialects the client may be a person, who gets a hint besides the answer.
        let hints = self.might_be_plain && !is_member && !self.negotiates;
        let hinted = || (0..if hints { 2 } else { 1 }).flat_map(|_| answered()).collect();
        if !is_member && !ALWAYS.contains(&name) {
            return hinted();
        }
        if is_member && matches!(name, "PASS" | "USER") {
            return answered();
        }
        let count = request.line.params.len();
        if count < params {
            return hinted();
        }
        let mut todos =
            if is_member { self.of_member(name, request) } else { self.of_stranger(name, request) };
        if is_member && text.is_some_and(|text| count > text + 1) {
            // A text with spaces lacks the colon before it. The client gets a hint.
            todos.append(&mut answered());
        }
        todos
    }

    /// Returns the steps of an unknown command before the registration.
    fn unknown(&self, request: &Request<'_>) -> Vec<Todo> {
        if request.line.command.eq_ignore_ascii_case("/quit") {
            let mut todos = if self.might_be_plain { answered() } else { Vec::new() };
            todos.push(Todo::Quit(None));
            return todos;
        }
        let is_of_program = request.line.command.chars().all(|it| it.is_ascii_uppercase());
        let mut todos = answered();
        if !self.negotiates && (self.might_be_plain || !is_of_program) {
            todos.append(&mut answered());
        }
        todos
    }

    fn of_stranger(&mut self, name: &str, request: &Request<'_>) -> Vec<Todo> {
        match name {
            "CAP" => self.cap(request),
            "NICK" => match name_to_have(request) {
                Some(name) => {
                    self.name = Some(name);
                    self.enter(request)
                }
                None => answered(),
            },
            "PASS" => {
                self.password = request.param(0).as_bytes().to_vec();
                Vec::new()
            }
            "USER" => {
                match real_name(request).filter(|_| !request.param(0).is_empty() && self.user.is_none()) {
                    Some(real_name) => {
                        self.user = Some((request.param(0).to_owned(), real_name));
                        self.enter(request)
                    }
                    None => answered(),
                }
            }
            _ => of_anybody(name, request),
        }
    }

    /// Returns the steps of the registration, once it is complete.
    fn enter(&mut self, request: &Request<'_>) -> Vec<Todo> {
        if self.negotiates || self.registration().is_none() {
            Vec::new()
        } else if request.author.has_password && !self.password_is_right {
            vec![Todo::Check(PasswordOf::Server, std::mem::take(&mut self.password))]
        } else {
            self.password.clear();
            vec![Todo::Enter]
        }
    }

    fn cap(&mut self, request: &Request<'_>) -> Vec<Todo> {
        let is_stranger = request.author.member.is_none();
        let list = request.param(1);
        let subcommand = request.param(0).to_ascii_uppercase();
        self.negotiates |= is_stranger && matches!(subcommand.as_str(), "LS" | "REQ");
        match subcommand.as_str() {
            "LS" => {
                if list.parse::<u32>().is_ok_and(|version| version >= 302) {
                    self.knows_302 = true;
                    self.capabilities = self.capabilities.with(Capabilities::CAP_NOTIFY);
                }
                answered()
            }
            "REQ" => match self.requested(list) {
                Some(capabilities) => changing(Change::Capabilities(capabilities)),
                None => answered(),
            },
            "END" if is_stranger => {
                self.negotiates = false;
                self.enter(request)
            }
            "END" => Vec::new(),
            _ => answered(),
        }
    }

    /// Returns the capabilities after a request; `None` if it is rejected. A request is granted as a whole or not at
    /// all.
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

    fn of_member(&mut self, name: &str, request: &Request<'_>) -> Vec<Todo> {
        let member = request.member();
        let propose = |command| vec![Todo::Propose(command)];
        match name {
            "AWAY" => match request.relayed_text(0, "AWAY") {
                Ok(away) => propose(Command::SetAway { member, away }),
                Err(answer) => answer,
            },
            "BAN" => ban_from_server(request),
            "BANS" => answered(),
            "CAP" => self.cap(request),
            "CHGHOST" => match (Name::parse_any(request.param(0)), Host::parse(request.param(1))) {
                (Ok(name), Some(host)) => propose(Command::SetHost { member, name, host }),
                _ => answered(),
            },
            "KILL" => match Name::parse_any(request.param(0)) {
                Ok(name) => propose(Command::Kill { member, name, message: request.text(1) }),
                Err(_) => answered(),
            },
            "MARKREAD" => marker::mark_read(request),
            "MONITOR" => monitor(request),
            "NICK" => match name_to_have(request) {
                Some(name) => propose(Command::Rename { member, name }),
                None => answered(),
            },
            "NOTICE" => {
                let mut todos = self.say(request, MessageKind::Notice, MessageKind::CtcpReply);
                // A notice is never answered.
                todos.retain(|todo| matches!(todo, Todo::Propose(_)));
                todos
            }
            "OPER" => {
                vec![Todo::Check(
                    PasswordOf::Operator(request.param(0).to_owned()),
                    request.param(1).as_bytes().to_vec(),
                )]
            }
            "PRIVMSG" => self.say(request, MessageKind::Text, MessageKind::Ctcp),
            "REDACT" => redact(request),
            "SETNAME" => match request.relayed_text(0, "SETNAME") {
                Ok(Some(real_name)) => propose(Command::SetRealName { member, real_name }),
                _ => answered(),
            },
            "TAGMSG" => match (request.param(0), self.tags(request)) {
                ("", _) => answered(),
                (_, None) => Vec::new(),
                (targets, tags) => {
                    let message = Message { kind: MessageKind::Tags, text: Text::default(), tags };
                    request.for_each(targets, |target| to_target(request, target, &message))
                }
            },
            "UNBAN" => match ban::target(request.param(0)) {
                Ok(target) => propose(Command::LiftBan { member, target }),
                Err(_) => answered(),
            },
            "WALLOPS" => match request.relayed_text(0, "WALLOPS") {
                Ok(Some(text)) => propose(Command::Wallops { member, text }),
                Ok(None) => answered(),
                Err(answer) => answer,
            },
            "INVITE" => room::invite(request),
            "JOIN" => room::join(request),
            "KICK" => room::kick(request),
            "MODE" => room::mode(request),
            "PART" => room::part(request),
            "TOPIC" => room::topic(request),
            _ => of_anybody(name, request),
        }
    }

    fn tags(&self, request: &Request<'_>) -> Option<std::sync::Arc<str>> {
        let tags = request.line.client_tags().filter(|_| self.has(Capabilities::MESSAGE_TAGS));
        tags.map(Into::into)
    }

    fn say(&self, request: &Request<'_>, kind: MessageKind, ctcp: MessageKind) -> Vec<Todo> {
        if request.param(0).chars().all(|it| it == ',') {
            return answered();
        }
        let words = request.line.params[1..].join(" ");
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
            return answered();
        }
        let message = Message { kind, text, tags: self.tags(request) };
        request.for_each(request.param(0), |target| {
            let name = request.line.command.to_ascii_uppercase();
            let told = request.source_bytes() + format!("{name} {target} :").len() + words.len();
            if told > 510 { answered() } else { to_target(request, target, &message) }
        })
    }
}

fn redact(request: &Request<'_>) -> Vec<Todo> {
    let (target, id) = (request.param(0), request.param(1));
    let message = match request.relayed_text(2, &format!("REDACT {target} {id}")) {
        Ok(message) => message,
        Err(answer) => return answer,
    };
    let position = id
        .split_once('-')
        .and_then(|(log, line)| Some((u64::from_str_radix(log, 16).ok()?, Seq(line.parse().ok()?))));
    match (room_name(target), position) {
        (Some(room), Some((log_unix_ms, line))) => {
            changing(Change::Redact { room, log_unix_ms, line, message })
        }
        _ => answered(),
    }
}

fn ban_from_server(request: &Request<'_>) -> Vec<Todo> {
    // A time may be before or behind the target.
    let times = [0, 1].map(|index| ban::duration(request.param(index)));
    let (at, lasts_ms) = match times {
        [Ok(Some(ms)), _] => (1, Some(ms)),
        [Err(_), _] | [Ok(None), Err(_)] => return answered(),
        [Ok(None), Ok(ms)] => (0, ms),
    };
    match ban::target(request.param(at)) {
        Ok(target) => {
            let reason = request.text(1 + usize::from(lasts_ms.is_some()));
            changing(Change::Ban(NewBan { target, lasts_ms, reason }))
        }
        Err(_) => answered(),
    }
}

fn monitor(request: &Request<'_>) -> Vec<Todo> {
    let names = || request.param(1).split(',').filter_map(|name| Name::parse_any(name).ok()).collect();
    match request.param(0) {
        "+" => vec![Todo::Watch(names())],
        "-" => vec![Todo::Unwatch(Some(names()))],
        "C" | "c" => vec![Todo::Unwatch(None)],
        _ => answered(),
    }
}

fn known(command: &str) -> Option<(&'static str, usize, Option<usize>)> {
    COMMANDS.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(command))
}

fn keys(tags: &str) -> Vec<&str> {
    tags.split(';').map(|tag| tag.split('=').next().unwrap_or_default()).collect()
}

/// Returns the steps of a message to one target.
fn to_target(request: &Request<'_>, target: &str, message: &Message) -> Vec<Todo> {
    let (member, message) = (request.member(), message.clone());
    let (status, room) = match (target.strip_prefix('@'), target.strip_prefix('+')) {
        (Some(room), _) if room.starts_with('#') => (Some(Status::Operator), room),
        (_, Some(room)) if room.starts_with('#') => (Some(Status::Voice), room),
        _ => (None, target),
    };
    // A typing notification has no place in the log.
    let is_signal = message.kind == MessageKind::Tags
        && message.tags.as_deref().is_some_and(|tags| ["+typing"] == *keys(tags));
    let say = |command| match is_signal {
        true => vec![Todo::Signal(command)],
        false => vec![Todo::Propose(command)],
    };
    if room.starts_with('#') {
        return room_name(room)
            .map_or_else(answered, |room| say(Command::Say { member, room, status, message }));
    }
    match Name::parse_any(target) {
        Ok(to) if !request.author.reserved.contains(&to) => say(Command::Tell { member, to, message }),
        _ => answered(),
    }
}

/// Returns the real name of a `USER` line, which comes after the user name and two parameters without a meaning. If
/// the second of these is an IPv6 address that begins with a colon, it is taken for the last parameter, so the real
/// name is a part of it.
fn real_name(request: &Request<'_>) -> Option<Text> {
    let params = &request.line.params;
    if params.len() >= 4 {
        return request.text(3);
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

/// Returns the steps of the commands that do not depend on the state of the client.
fn of_anybody(name: &str, request: &Request<'_>) -> Vec<Todo> {
    match name {
        // The answer to a ping. Any other line counts as one, too.
        "PONG" => Vec::new(),
        "QUIT" => vec![Todo::Quit(request.text(0))],
        "REHASH" => vec![Todo::Rehash],
        "ADMIN" | "CHATHISTORY" | "HELP" | "HELPOP" | "INFO" | "ISON" | "LINKS" | "LIST" | "LUSERS"
        | "MOTD" | "NAMES" | "PING" | "RESTART" | "STATS" | "TIME" | "USERHOST" | "VERSION" | "WHO"
        | "WHOIS" | "WHOWAS" => answered(),
        other => unreachable!("{other} has no steps"),
    }
}
