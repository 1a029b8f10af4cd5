//! What the lines of an IRC client ask for.
//!
//! Each command is a row of one table. The functions that turn one into actions are in the other files of this folder,
//! by subject.

mod mode;
mod questions;
mod register;
mod room;
mod speak;
pub(super) mod table;

use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::name::folded;
use crate::base::options::Options;
use crate::base::text::Text;
use crate::dialect::action::{Action, Question};
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::printable_word;
use crate::dialect::irc::numeric::{self, Numeric};
use crate::dialect::irc::query::{Hint, Query, TEXT_BYTES_MAX};
use crate::dialect::irc::{
    CLIENT_TAGS_BYTES_MAX, Capabilities, MESSAGE_BYTES_MAX, ParseError, ParsedMessage,
};
use crate::dialect::state::Context;
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use table::{COMMANDS, Stage};

/// Bytes of a line, its end not counted: tags and the rest.
pub(crate) const LINE_BYTES_MAX: usize = CLIENT_TAGS_BYTES_MAX + MESSAGE_BYTES_MAX;

/// What is said to who writes `PRIVMSG #tea hello world`.
const COLON_HINT: &str =
    "A text that contains spaces needs a colon before it; yours was accepted without one";

/// Bytes of a label (IRCv3, labeled-response).
const LABEL_BYTES_MAX: usize = 64;

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
    fn items(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Action>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        if items.len() > self.limits.targets_max {
            return Err(answer_numeric(numeric::ERR_TOOMANYTARGETS, &[&printable_word(list)]));
        }
        Ok(items)
    }

    /// The same, each once, in whatever spelling.
    fn targets(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Action>> {
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
    ) -> Result<Option<Text>, Vec<Action>> {
        let Some(text) = self.text(index) else { return Ok(None) };
        let params: usize = params.iter().map(|param| " ".len() + param.len()).sum();
        let bytes = client.source_bytes + command.len() + params + " :".len() + text.as_str().len();
        if bytes > MESSAGE_BYTES_MAX || text.as_str().len() > TEXT_BYTES_MAX {
            return Err(answer_numeric(numeric::ERR_INPUTTOOLONG, &[]));
        }
        Ok(Some(text))
    }

    /// That the command lacks a parameter.
    fn needs_more(&self) -> Vec<Action> {
        answer_numeric(numeric::ERR_NEEDMOREPARAMS, &[&self.message.command.to_ascii_uppercase()])
    }
}

/// The action that answers with a numeric.
fn answer_numeric(numeric: Numeric, params: &[&str]) -> Vec<Action> {
    ask(Query::Numeric(numeric, params.iter().map(ToString::to_string).collect()))
}

/// The action that answers with a query.
fn ask(query: Query) -> Vec<Action> {
    alloc::vec![Action::Ask(Question::new(query))]
}

/// Returns what a line asks for. `dropped` bytes of it were over the limit.
pub(super) fn read(
    client: &mut Client,
    line: &[u8],
    dropped: usize,
    &Context { member, limits, options }: &Context<'_>,
) -> Vec<Action> {
    let mut actions = match ParsedMessage::from_client(line) {
        _ if dropped > 0 => answer_numeric(numeric::ERR_INPUTTOOLONG, &[]),
        Err(ParseError::Empty) => return Vec::new(),
        Err(ParseError::TagsTooLong | ParseError::TooLong) => answer_numeric(numeric::ERR_INPUTTOOLONG, &[]),
        Err(ParseError::NotUtf8) => invalid_utf8(line),
        // What is no message cannot be answered by its command.
        Err(ParseError::Character | ParseError::NoCommand) => {
            answer_numeric(numeric::ERR_UNKNOWNCOMMAND, &["*"])
        }
        Ok(message) => command(client, &Line { message, member, limits, options }),
    };
    // A client that labels a line waits for its answer, also where it is no message.
    let label = ParsedMessage::tags_of(line).get("label").filter(|label| {
        let fits = !label.is_empty() && label.len() <= LABEL_BYTES_MAX;
        // A client that does not read batches cannot use labels (IRCv3, labeled-response).
        fits && client.capabilities.has(Capabilities::LABELED_RESPONSE.with(Capabilities::BATCH))
    });
    if let Some(label) = label {
        actions.insert(0, Action::Label(Some(label.into_owned())));
        actions.push(Action::Label(None));
    }
    actions
}

fn command(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let command = line.message.command;
    let entry = COMMANDS.iter().find(|entry| entry.name.eq_ignore_ascii_case(command));
    let Some(entry) = entry else {
        return match line.member {
            Some(_) => answer_numeric(numeric::ERR_UNKNOWNCOMMAND, &[&printable_word(command)]),
            None if command.eq_ignore_ascii_case("/quit") => quit_like_a_person(client),
            // Programs write their commands in capitals, also those that are not known here.
            None if !client.might_be_plain && command.bytes().all(|it| it.is_ascii_uppercase()) => {
                answer_numeric(numeric::ERR_NOTREGISTERED, &[])
            }
            None => hinted(client, answer_numeric(numeric::ERR_NOTREGISTERED, &[])),
        };
    };
    match (entry.stage, line.member) {
        (Stage::Entered, None) if client.might_be_plain => {
            hinted(client, answer_numeric(numeric::ERR_NOTREGISTERED, &[]))
        }
        (Stage::Entered, None) => answer_numeric(numeric::ERR_NOTREGISTERED, &[]),
        (Stage::Registering, Some(_)) => answer_numeric(numeric::ERR_ALREADYREGISTERED, &[]),
        _ if line.message.params().len() < entry.params => match line.member {
            None if client.might_be_plain => hinted(client, line.needs_more()),
            _ => line.needs_more(),
        },
        _ => {
            let mut actions = (entry.act)(client, line);
            let lacks_colon = entry.text.is_some_and(|index| line.message.params().len() > index + 1);
            if lacks_colon && line.member.is_some() && !["NOTICE", "QUIT"].contains(&entry.name) {
                actions.extend(ask(Query::Fail("WARN", entry.name.into(), "MISSING_COLON", COLON_HINT)));
            }
            actions
        }
    }
}

/// Adds to an answer how a person goes on who was taken for a client: the line is none that a client sends before it has
/// registered. A client that negotiates capabilities is no person: irssi 1.4 sends `JOIN :` between `CAP LS` and `NICK`.
fn hinted(client: &Client, mut actions: Vec<Action>) -> Vec<Action> {
    if client.negotiates() {
        return actions;
    }
    actions.extend(ask(Query::Hint(if client.might_be_plain { Hint::Unregistered } else { Hint::OnlyIrc })));
    actions
}

/// Lets somebody leave who writes `/quit`, and says how to come back.
fn quit_like_a_person(client: &Client) -> Vec<Action> {
    let mut actions = if client.might_be_plain { ask(Query::Hint(Hint::Left)) } else { Vec::new() };
    actions.push(Action::Quit(None));
    actions
}

/// An error as the words at the end of a numeric.
fn sentence(error: &impl ToString) -> String {
    let words = error.to_string();
    let mut rest = words.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// The answer to a line that is not UTF-8 (IRCv3, utf8-only).
fn invalid_utf8(line: &[u8]) -> Vec<Action> {
    let text = String::from_utf8_lossy(line);
    let message = ParsedMessage::from_client(text.as_bytes())
        .map_or("*", |message| message.command)
        .to_ascii_uppercase();
    let command = COMMANDS.iter().find(|entry| entry.name == message).map_or("*", |entry| entry.name);
    ask(Query::Fail("FAIL", command.into(), "INVALID_UTF8", "Message rejected: not UTF-8"))
}
