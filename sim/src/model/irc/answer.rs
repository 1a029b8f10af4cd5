//! How what is asked is answered: in whole lines from the server, in pages.

use super::{Query, help};
use crate::model::Model;
use crate::model::chat::Chat;
use crate::model::conn::{Conn, Link, Stage, Todo};
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{Command, ConnId, Language, Limits, MemberId, Name, Now, Options, UserModes};
use std::fmt::Display;

/// An answer over so many bytes is written out before the next line is acted on.
const LONG_BYTES: usize = 2_048;

/// A page ends when so many members or rooms were looked at, each of which costs as much as so many bytes.
const LOOKED_AT_MAX: usize = 1_000;
const LOOK_BYTES: usize = 16;

/// Bytes of a line, without its end.
const LINE_BYTES_MAX: usize = 510;

/// Who asks, and everything that an answer may tell of.
pub(super) struct Asker<'a> {
    pub(super) member: Option<MemberId>,
    pub(super) client: &'a super::Client,
    pub(super) chat: &'a Chat,
    pub(super) options: &'a Options,
    pub(super) limits: &'a Limits,
    pub(super) now: Now,
    /// Clients that have not said yet who they are.
    pub(super) unregistered: usize,
}

/// A page of an answer.
pub(super) struct Page<'a> {
    text: String,
    server: &'a str,
    /// The name of who asks, or a star.
    pub(super) name: String,
    bytes_max: usize,
    /// Members and rooms that were looked at for it.
    pub(super) looked_at: usize,
}

impl Page<'_> {
    /// What is not on it yet is for the next one.
    pub(super) const fn is_full(&self) -> bool {
        self.text.len() >= self.bytes_max || self.looked_at > LOOKED_AT_MAX
    }

    /// The same when these words were on it, but for those in a line that has room for more.
    pub(super) fn is_full_with(&self, code: &str, params: &str, words: &[String]) -> bool {
        let lines = self.lines(params, ' ', words.iter().cloned());
        let whole = &lines[..lines.len().saturating_sub(1)];
        let around = format!(":{} {code} {} {params}:\r\n", self.server, self.name).len();
        let bytes: usize = whole.iter().map(|line| line.len() + around).sum();
        self.text.len() + bytes >= self.bytes_max || self.looked_at > LOOKED_AT_MAX
    }

    /// The same where a text stands behind the words.
    pub(super) fn list_with_text(
        &mut self,
        code: &str,
        params: &str,
        words: impl IntoIterator<Item = String>,
        text: &str,
    ) {
        // The words are in front of a space and the colon, and not behind them.
        let around = format!("{params}{text} ");
        for line in self.lines(&around, ',', words) {
            self.numeric(code, format!("{params}{line} :{text}"));
        }
    }

    /// Words in as many lines as it takes, with these parameters before them in each.
    pub(super) fn list(
        &mut self,
        code: &str,
        params: &str,
        between: char,
        words: impl IntoIterator<Item = String>,
    ) {
        for line in self.lines(params, between, words) {
            self.numeric(code, format!("{params}:{line}"));
        }
    }

    fn lines(&self, params: &str, between: char, words: impl IntoIterator<Item = String>) -> Vec<String> {
        let around = format!(":{} 000 {} {params}:", self.server, self.name).len();
        let mut lines = vec![String::new()];
        for word in words {
            let line = lines.last_mut().expect("there is one at least");
            if line.is_empty() {
                *line = word;
            } else if around + line.len() + 1 + word.len() > LINE_BYTES_MAX {
                lines.push(word);
            } else {
                *line += &format!("{between}{word}");
            }
        }
        lines
    }

    pub(super) fn numeric(&mut self, code: &str, rest: impl Display) {
        self.line(&format!("{code} {} {rest}", self.name));
    }

    /// A line from the server.
    pub(super) fn line(&mut self, rest: &str) {
        self.put(format!(":{} {rest}", self.server));
    }

    /// A line is cut between characters where it is longer than one may be.
    pub(super) fn put(&mut self, mut line: String) {
        line.truncate(line.floor_char_boundary(LINE_BYTES_MAX));
        self.text += &line;
        self.text += "\r\n";
    }
}

/// A page, as bytes.
#[derive(Debug, Default)]
pub(in crate::model) struct Answer {
    pub(in crate::model) bytes: Vec<u8>,
    looked_at: usize,
    /// What the next page is asked for with.
    next: Option<Query>,
}

impl Model {
    /// What a query is answered.
    pub(in crate::model) fn answer_of(&self, id: ConnId, query: Query) -> Answer {
        let Some(conn) = self.conns.get(id) else { return Answer::default() };
        let Some(client) = &conn.irc else { return Answer::default() };
        let member = conn.stage.member();
        let person = member.and_then(|member| self.chat.people.get(&member));
        let mut page = Page {
            text: String::new(),
            server: &self.options.identity.name,
            name: person.map_or("*".to_owned(), |it| it.person.name.to_string()),
            bytes_max: self.limits.reply_bytes_max,
            looked_at: 0,
        };
        let registers = |conn: &&Conn| conn.stage == Stage::Registering && conn.link == Link::Open;
        let asker = Asker {
            member,
            client,
            chat: &self.chat,
            options: &self.options,
            limits: &self.limits,
            now: self.now,
            unregistered: self.conns.values().filter(|conn| registers(conn)).count(),
        };
        let next = asker.answer(query, &mut page);
        Answer { bytes: page.text.into_bytes(), looked_at: page.looked_at, next }
    }

    /// Does what a query changes, and answers it.
    pub(in crate::model) fn act_on(&mut self, now: Now, id: ConnId, query: Query) {
        let query = match query {
            Query::Signal(command) => return self.signal(id, &command),
            query => query,
        };
        let Some(query) = self.change(id, query) else { return };
        let Answer { bytes, looked_at, next } = self.answer_of(id, query);
        self.answer(id, &bytes);
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.charge(bytes.len().max(looked_at * LOOK_BYTES), self.limits.rate, now.mono);
        conn.draining = next.is_some() || bytes.len() > LONG_BYTES;
        if let Some(next) = next {
            conn.ask_first(next);
        }
    }

    /// Does what a query changes of the connection itself; returns what is left of it to be answered.
    fn change(&mut self, id: ConnId, query: Query) -> Option<Query> {
        let monitored_max = self.limits.monitored_max;
        let conn = self.conns.get_mut(id)?;
        let member = conn.stage.member();
        let person = member.and_then(|member| self.chat.people.get(&member));
        let operates = person.is_some_and(|person| person.modes.has(UserModes::OPERATOR));
        let client = conn.irc.as_mut()?;
        match query {
            Query::LeaveAll => {
                let rooms = person?.rooms.len();
                conn.charge_lines(rooms.saturating_sub(1), self.limits.rate, self.now.mono);
                for from in person?.rooms.iter().rev() {
                    let from = Some(from.clone());
                    let command = Command::Move {
                        member: member?,
                        from,
                        to: None,
                        key: None,
                        checks_key: false,
                        message: None,
                    };
                    conn.waiting.push_front(Todo::Propose(command));
                }
                None
            }
            Query::Rehash | Query::Restart if !operates => {
                Some(Query::numeric("481", ":Permission Denied- You're not an IRC operator"))
            }
            Query::SetCapabilities(capabilities, list) => {
                client.capabilities = capabilities;
                Some(Query::Cap("ACK", list))
            }
            Query::Unwatch(names) => {
                names.iter().for_each(|name| {
                    client.watches.remove(name);
                });
                None
            }
            Query::UnwatchAll => {
                client.watches.clear();
                None
            }
            Query::UserModes { target, change, unknown } => {
                let person = person?;
                let Some(owner) = self.chat.named(&target) else {
                    return Some(Query::numeric("401", format!("{target} :No such nick/channel")));
                };
                if Some(owner) != member {
                    return Some(Query::numeric("502", ":Cant change mode for other users"));
                }
                let Some((on, off)) = change else {
                    return Some(Query::numeric("221", format!(":+{}", person.modes)));
                };
                if (on, off) != (UserModes::NONE, UserModes::NONE) {
                    let command = Command::SetUserModes { member: member?, on, off };
                    conn.waiting.push_front(Todo::Propose(command));
                }
                unknown.then(|| Query::numeric("501", ":Unknown MODE flag"))
            }
            Query::Watch(names) => {
                let (mut of, mut no_place) = (Vec::new(), Vec::new());
                for name in names {
                    if client.watches.len() < monitored_max || client.watches.contains(&name) {
                        client.watches.insert(name.clone());
                        of.push(name);
                    } else {
                        no_place.push(name);
                    }
                }
                Some(Query::Status { of, no_place })
            }
            query => Some(query),
        }
    }
}

impl Asker<'_> {
    fn answer(&self, query: Query, page: &mut Page<'_>) -> Option<Query> {
        match query {
            Query::Admin => self.admin(page),
            Query::Cap(subcommand, list) => page.line(&format!("CAP {} {subcommand} :{list}", page.name)),
            Query::Entered { room, with_names } => return self.entered(&room, with_names, page),
            Query::Fail { kind, command, code, words } => {
                let reads = self.client.has(Capabilities::STANDARD_REPLIES) || kind == "FAIL";
                page.line(&match reads {
                    true => format!("{kind} {command} {code} :{words}"),
                    false => format!("NOTICE {} :{command}: {words}", page.name),
                });
            }
            Query::Help(subject) => help::help(subject.as_deref(), page),
            Query::Hint(hint) => {
                let text = help::hint(hint, self.options.language == Language::Zh);
                page.line(&format!("NOTICE * :{text}"));
            }
            Query::Info => self.info(page),
            Query::Invitations => self.invitations(page),
            Query::Ison(names) => self.ison(&names, page),
            Query::Links => self.links(page),
            Query::List { conditions, from } => return self.list(conditions, from, page),
            Query::Lusers => self.lusers(page),
            Query::Masks(room, list, from) => return self.masks(room, list, from, page),
            Query::Modes(room) => self.modes(&room, page),
            Query::Motd => self.motd(page),
            Query::Names { rooms, from } => return self.names(rooms, from, page),
            Query::Numeric(code, rest) => page.numeric(code, rest),
            Query::Pong(token) => page.line(&format!("PONG {} :{token}", page.server)),
            Query::Rehash => {
                let configuration = &self.options.identity.configuration;
                let shown = if configuration.is_empty() { "*" } else { configuration.as_str() };
                page.numeric("382", format!("{shown} :Rehashing"));
            }
            Query::Restart => page.line(&format!(
                "NOTICE {} :Only whoever runs the server can restart it; REHASH reloads its configuration",
                page.name
            )),
            Query::Stats(letter) => self.stats(letter, page),
            Query::Status { of, no_place } => return self.status(of, no_place, page),
            Query::Time => self.time(page),
            Query::Topic(room) => self.topic(&room, page),
            Query::Userhost(names) => self.userhost(&names, page),
            Query::UserModesAre { on, off } => {
                let signed = |sign: &str, modes: UserModes| match modes {
                    UserModes::NONE => String::new(),
                    modes => format!("{sign}{modes}"),
                };
                let name = page.name.clone();
                page.put(format!(":{name} MODE {name} :{}{}", signed("+", on), signed("-", off)));
            }
            Query::Version => self.version(page),
            Query::Watched => self.watched(page),
            Query::Welcome => self.welcome(page),
            Query::Who { mask, operators, fields, from } => {
                return self.who(mask, operators, fields, from, page);
            }
            Query::Whois(name) => self.whois(&name, page),
            Query::Whowas(name, count) => self.whowas(&name, count, page),
            // What they change is done, and nothing is said of it.
            Query::LeaveAll
            | Query::SetCapabilities(..)
            | Query::Signal(_)
            | Query::Unwatch(_)
            | Query::UnwatchAll
            | Query::UserModes { .. }
            | Query::Watch(_) => {}
        }
        None
    }

    pub(super) fn operates(&self) -> bool {
        let person = self.member.and_then(|member| self.chat.people.get(&member));
        person.is_some_and(|person| person.modes.has(UserModes::OPERATOR))
    }

    pub(super) fn named(&self, name: &str) -> Option<MemberId> {
        self.chat.named(&Name::parse_any(name).ok()?)
    }
}
