//! What the lines of an IRC client ask for.
//!
//! Each command is a row of one table: its name, how many parameters it needs, and the function that makes work of
//! it. The functions are in `irc/`, by subject.

mod ask;
mod mode;
mod register;
pub(crate) mod room;
mod speak;

use super::{Password, Work, ask};
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::name::{Name, RoomName, folded};
use crate::base::options::Options;
use crate::base::text::Text;
use crate::dialect::irc::numeric::{self, Numeric};
use crate::dialect::irc::query::{Hint, Query, TEXT_BYTES_MAX};
use crate::dialect::irc::{
    CLIENT_TAGS_BYTES_MAX, Capabilities, MESSAGE_BYTES_MAX, ParseError, ParsedMessage,
};
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Bytes of a line, its end not counted: tags and the rest.
pub(crate) const LINE_BYTES_MAX: usize = CLIENT_TAGS_BYTES_MAX + MESSAGE_BYTES_MAX;

/// Pieces of work that one line makes at the most: its targets are bounded by its bytes.
pub(super) const WORK_MAX: usize = 300;

/// What is said to who writes `PRIVMSG #tea hello world`.
const COLON_HINT: &str =
    "A text that contains spaces needs a colon before it; yours was accepted without one";

/// Bytes of a label (IRCv3, labeled-response).
const LABEL_BYTES_MAX: usize = 64;

/// What is known of one client of IRC.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) capabilities: Capabilities,
    /// It knows `CAP LS 302`: lists in several lines, capabilities with values.
    knows_302: bool,
    /// It has begun to negotiate capabilities, and not said `CAP END`.
    negotiates: bool,
    password: Option<Password>,
    /// The password of the server is right.
    password_is_right: bool,
    name: Option<Name>,
    user: Option<(String, Text)>,
    /// Bytes that the source of its messages has for others.
    pub(crate) source_bytes: usize,
    /// Names that it watches.
    pub(crate) monitored: BTreeSet<Name>,
    /// It was asked whether it is there, and has not answered.
    pub(crate) pinged: bool,
    /// Where it connected, it might as well have spoken the plain dialect.
    pub(super) might_be_plain: bool,
}

/// A command that a client may send.
struct Entry {
    name: &'static str,
    /// Parameters that it needs.
    params: usize,
    /// Which of them, counted from 0, is a text of people's, and the last.
    text: Option<usize>,
    /// The stage in which it may be sent.
    when: When,
    act: fn(&mut Client, &Line<'_>) -> Vec<Work>,
}

/// When a command may be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// By members alone.
    Entered,
    /// Before it is a member.
    Registering,
}

const fn entry(
    name: &'static str,
    params: usize,
    when: When,
    act: fn(&mut Client, &Line<'_>) -> Vec<Work>,
) -> Entry {
    Entry { name, params, text: None, when, act }
}

impl Entry {
    /// The parameter with that index is a text.
    const fn with_text(self, index: usize) -> Self {
        Self { text: Some(index), ..self }
    }
}

/// Every command, in the order of the names.
static COMMANDS: &[Entry] = &[
    entry("ADMIN", 0, When::Entered, ask::admin),
    entry("AWAY", 0, When::Entered, speak::away).with_text(0),
    entry("CAP", 1, When::Always, register::cap),
    entry("CHGHOST", 2, When::Entered, speak::chghost),
    entry("HELP", 0, When::Entered, ask::help),
    entry("HELPOP", 0, When::Entered, ask::help),
    entry("INFO", 0, When::Entered, ask::info),
    entry("INVITE", 0, When::Entered, room::invite),
    entry("ISON", 1, When::Entered, ask::ison),
    entry("JOIN", 1, When::Entered, room::join),
    entry("KICK", 2, When::Entered, room::kick).with_text(2),
    entry("KILL", 1, When::Entered, speak::kill).with_text(1),
    entry("LINKS", 0, When::Entered, ask::links),
    entry("LIST", 0, When::Entered, ask::list),
    entry("LUSERS", 0, When::Entered, ask::lusers),
    entry("MODE", 1, When::Entered, mode::mode),
    entry("MONITOR", 1, When::Entered, ask::monitor),
    entry("MOTD", 0, When::Entered, ask::motd),
    entry("NAMES", 0, When::Entered, room::names),
    entry("NICK", 0, When::Always, register::nick),
    entry("NOTICE", 0, When::Entered, speak::notice).with_text(1),
    entry("OPER", 2, When::Entered, register::oper),
    entry("PART", 1, When::Entered, room::part).with_text(1),
    entry("PASS", 1, When::Registering, register::pass),
    entry("PING", 0, When::Always, register::ping),
    entry("PONG", 0, When::Always, register::pong),
    entry("PRIVMSG", 0, When::Entered, speak::privmsg).with_text(1),
    entry("QUIT", 0, When::Always, register::quit).with_text(0),
    entry("REHASH", 0, When::Entered, ask::rehash),
    entry("RESTART", 0, When::Entered, ask::restart),
    entry("SETNAME", 1, When::Entered, speak::setname).with_text(0),
    entry("STATS", 0, When::Entered, ask::stats),
    entry("TAGMSG", 0, When::Entered, speak::tagmsg),
    entry("TIME", 0, When::Entered, ask::time),
    entry("TOPIC", 1, When::Entered, room::topic).with_text(1),
    entry("USER", 2, When::Registering, register::user).with_text(3),
    entry("USERHOST", 1, When::Entered, ask::userhost),
    entry("VERSION", 0, When::Entered, ask::version),
    entry("WALLOPS", 1, When::Entered, speak::wallops).with_text(0),
    entry("WHO", 0, When::Entered, ask::who),
    entry("WHOIS", 0, When::Entered, ask::whois),
    entry("WHOWAS", 0, When::Entered, ask::whowas),
];

/// A line, and what the functions of the table need beside it.
struct Line<'a> {
    message: ParsedMessage<'a>,
    member: Option<MemberId>,
    limits: &'a Limits,
    options: &'a Options,
}

impl<'a> Line<'a> {
    /// The parameter, or nothing.
    fn param(&self, index: usize) -> Option<&'a str> {
        self.message.params().get(index).copied()
    }

    /// The parameter and those behind it, as people wrote them: who leaves out the colon before a text means all of
    /// it.
    fn rest(&self, index: usize) -> Option<Cow<'a, str>> {
        match self.message.params().get(index..)? {
            [] => None,
            [text] => Some(Cow::Borrowed(*text)),
            words => Some(Cow::Owned(words.join(" "))),
        }
    }

    /// The same as a text of people's; `None` where there is none, or it is empty.
    fn text(&self, index: usize) -> Option<Text> {
        let text = self.rest(index).map(|text| Text::clean(text.as_bytes(), false));
        text.filter(|text| !text.as_str().is_empty())
    }

    /// The items of a list with commas between them, or the error that they are too many.
    fn items(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Work>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        if items.len() > self.limits.targets_max {
            return Err(note(numeric::ERR_TOOMANYTARGETS, &[&shown(list)]));
        }
        Ok(items)
    }

    /// The same, each once, in whatever spelling.
    fn targets(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Work>> {
        let mut targets = self.items(list)?;
        let mut named = BTreeSet::new();
        targets.retain(|target| named.insert(folded(target)));
        Ok(targets)
    }

    /// A text that others are told behind a command and these parameters. What would have to be cut for them, or is
    /// longer than this server says, is none: an error.
    fn told(
        &self,
        client: &Client,
        index: usize,
        (command, params): (&str, &[&str]),
    ) -> Result<Option<Text>, Vec<Work>> {
        let Some(text) = self.text(index) else { return Ok(None) };
        let params: usize = params.iter().map(|param| " ".len() + param.len()).sum();
        let bytes = client.source_bytes + command.len() + params + " :".len() + text.as_str().len();
        if bytes > MESSAGE_BYTES_MAX || text.as_str().len() > TEXT_BYTES_MAX {
            return Err(note(numeric::ERR_INPUTTOOLONG, &[]));
        }
        Ok(Some(text))
    }

    /// That the command lacks a parameter.
    fn needs_more(&self) -> Vec<Work> {
        note(numeric::ERR_NEEDMOREPARAMS, &[&self.message.command.to_ascii_uppercase()])
    }
}

/// Work for an answer that is a numeric.
fn note(numeric: Numeric, params: &[&str]) -> Vec<Work> {
    ask(Query::Note(numeric, params.iter().map(ToString::to_string).collect()))
}

/// What is said of a password that is none of an operator's.
pub(crate) fn wrong_password() -> Query {
    Query::Note(numeric::ERR_PASSWDMISMATCH, Vec::new())
}

impl Client {
    /// A client that might as well have spoken the plain dialect where it connected.
    pub(super) fn where_plain_is_spoken() -> Self {
        Self { might_be_plain: true, ..Self::default() }
    }

    /// What a line asks for. `dropped` bytes of it were over the limit.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        dropped: usize,
        member: Option<MemberId>,
        limits: &Limits,
        options: &Options,
    ) -> Vec<Work> {
        let mut work = match ParsedMessage::from_client(line) {
            _ if dropped > 0 => note(numeric::ERR_INPUTTOOLONG, &[]),
            Err(ParseError::Empty) => return Vec::new(),
            Err(ParseError::TagsTooLong | ParseError::TooLong) => note(numeric::ERR_INPUTTOOLONG, &[]),
            Err(ParseError::NotUtf8) => invalid_utf8(line),
            // What is no message cannot be answered by its command.
            Err(ParseError::Character | ParseError::NoCommand) => note(numeric::ERR_UNKNOWNCOMMAND, &["*"]),
            Ok(message) => self.command(&Line { message, member, limits, options }),
        };
        // Who labels a line waits for its answer, also where it is no message.
        let label = ParsedMessage::tags_of(line).get("label").filter(|label| {
            let fits = !label.is_empty() && label.len() <= LABEL_BYTES_MAX;
            // Who does not read batches cannot use labels (IRCv3, labeled-response).
            fits && self.capabilities.has(Capabilities::LABELED_RESPONSE.with(Capabilities::BATCH))
        });
        if let Some(label) = label {
            work.insert(0, Work::Label(Some(label.into_owned())));
            work.push(Work::Label(None));
        }
        work
    }

    fn command(&mut self, line: &Line<'_>) -> Vec<Work> {
        let command = line.message.command;
        let entry = COMMANDS.iter().find(|entry| entry.name.eq_ignore_ascii_case(command));
        let Some(entry) = entry else {
            return match line.member {
                Some(_) => note(numeric::ERR_UNKNOWNCOMMAND, &[&shown(command)]),
                None if command.eq_ignore_ascii_case("/quit") => self.quit_like_a_person(),
                // Programs write their commands in capitals, also those that are not known here.
                None if !self.might_be_plain && command.bytes().all(|it| it.is_ascii_uppercase()) => {
                    note(numeric::ERR_NOTREGISTERED, &[])
                }
                None => self.hinted(note(numeric::ERR_NOTREGISTERED, &[])),
            };
        };
        match (entry.when, line.member) {
            (When::Entered, None) if self.might_be_plain => {
                self.hinted(note(numeric::ERR_NOTREGISTERED, &[]))
            }
            (When::Entered, None) => note(numeric::ERR_NOTREGISTERED, &[]),
            (When::Registering, Some(_)) => note(numeric::ERR_ALREADYREGISTERED, &[]),
            _ if line.message.params().len() < entry.params => match line.member {
                None if self.might_be_plain => self.hinted(line.needs_more()),
                _ => line.needs_more(),
            },
            _ => {
                let mut work = (entry.act)(self, line);
                let lacks_colon = entry.text.is_some_and(|index| line.message.params().len() > index + 1);
                if lacks_colon && line.member.is_some() && !["NOTICE", "QUIT"].contains(&entry.name) {
                    work.extend(ask(Query::Fail("WARN", entry.name.into(), "MISSING_COLON", COLON_HINT)));
                }
                work
            }
        }
    }
}

impl Client {
    /// The answer to what a client of IRC would not send before it has said who it is, and how to go on: it may be
    /// a person who was taken for one. Who negotiates is none: irssi 1.4 sends `JOIN :` between `CAP LS` and `NICK`.
    fn hinted(&self, mut work: Vec<Work>) -> Vec<Work> {
        if self.negotiates {
            return work;
        }
        work.extend(ask(Query::Hint(if self.might_be_plain { Hint::Unregistered } else { Hint::OnlyIrc })));
        work
    }

    /// Who writes `/quit` wants to leave, and learns how to come back.
    fn quit_like_a_person(&self) -> Vec<Work> {
        let mut work = if self.might_be_plain { ask(Query::Hint(Hint::Left)) } else { Vec::new() };
        work.push(Work::Quit(None));
        work
    }
}

/// A text that a client sent, as a parameter of an answer: one word, and no longer than the longest name of a room.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARS: usize = "#".len() + RoomName::CHARS_MAX;
    let word = text.split(' ').next().unwrap_or_default().trim_start_matches(':');
    let word: String = word.chars().filter(|it| !it.is_control()).take(SHOWN_CHARS).collect();
    if word.is_empty() { "*".into() } else { word }
}

/// An error as the words at the end of a numeric.
fn sentence(error: &impl ToString) -> String {
    let words = error.to_string();
    let mut rest = words.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// The answer to a line that is not UTF-8 (IRCv3, utf8-only).
fn invalid_utf8(line: &[u8]) -> Vec<Work> {
    let text = String::from_utf8_lossy(line);
    let message = ParsedMessage::from_client(text.as_bytes())
        .map_or("*", |message| message.command)
        .to_ascii_uppercase();
    let command = COMMANDS.iter().find(|entry| entry.name == message).map_or("*", |entry| entry.name);
    ask(Query::Fail("FAIL", command.into(), "INVALID_UTF8", "Message rejected: not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_in_order_and_in_capitals() {
        assert!(COMMANDS.is_sorted_by(|one, other| one.name < other.name));
        assert!(COMMANDS.iter().all(|entry| entry.name.bytes().all(|it| it.is_ascii_uppercase())));
    }
}
