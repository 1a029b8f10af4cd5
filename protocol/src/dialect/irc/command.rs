//! Parses the commands of IRC clients and turns them into actions.
//!
//! Each command is a row of one table (`table`). The functions of the rows are in the other modules, by subject.

mod ban;
mod history;
mod mode;
mod queries;
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

/// Maximum number of bytes of a line with its tags, without the line end.
pub(crate) const LINE_BYTES_MAX: usize = CLIENT_TAGS_BYTES_MAX + MESSAGE_BYTES_MAX;

/// The warning for `PRIVMSG #tea hello world`.
const COLON_HINT: &str =
    "A text that contains spaces needs a colon before it; yours was accepted without one";

/// Maximum number of bytes of a label (IRCv3, labeled-response).
const LABEL_BYTES_MAX: usize = 64;

/// A parsed line and its context, for the functions of the table.
struct Line<'a> {
    message: ParsedMessage<'a>,
    member: Option<MemberId>,
    limits: &'a Limits,
    options: &'a Options,
}

impl<'a> Line<'a> {
    /// Returns a parameter, if the line has it.
    fn param(&self, index: usize) -> Option<&'a str> {
        self.message.params().get(index).copied()
    }

    /// Returns all parameters.
    fn params(&self) -> Vec<String> {
        self.message.params().iter().map(ToString::to_string).collect()
    }

    /// Returns the parameter and those after it, joined by spaces: a person who types a text may omit the colon before it.
    fn rest(&self, index: usize) -> Option<Cow<'a, str>> {
        match self.message.params().get(index..)? {
            [] => None,
            [text] => Some(Cow::Borrowed(*text)),
            words => Some(Cow::Owned(words.join(" "))),
        }
    }

    /// Returns the parameter and those after it as a [`Text`]; `None` if it is empty.
    fn text(&self, index: usize) -> Option<Text> {
        let text = self.rest(index).map(|text| Text::clean(text.as_bytes(), false));
        text.filter(|text| !text.as_str().is_empty())
    }

    /// Splits a list at its commas.
    ///
    /// # Errors
    /// Returns the action that answers that there are too many items.
    fn items(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Action>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        if items.len() > self.limits.targets_max {
            return Err(answer_numeric(numeric::ERR_TOOMANYTARGETS, &[&printable_word(list)]));
        }
        Ok(items)
    }

    /// Splits a list at its commas, and removes repeated items regardless of case.
    fn targets(&self, list: &'a str) -> Result<Vec<&'a str>, Vec<Action>> {
        let mut targets = self.items(list)?;
        let mut named = BTreeSet::new();
        targets.retain(|target| named.insert(folded(target)));
        Ok(targets)
    }

    /// Returns a text that other clients will receive after a command and these parameters.
    ///
    /// # Errors
    /// Returns an answer if their message would be too long, or the text is longer than the limit in ISUPPORT. It is refused
    /// rather than cut, so that nothing is lost unnoticed.
    fn outgoing_text(
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

    /// Returns the error that the command needs more parameters.
    fn needs_more(&self) -> Vec<Action> {
        answer_numeric(numeric::ERR_NEEDMOREPARAMS, &[&self.message.command.to_ascii_uppercase()])
    }
}

/// Returns the action that answers with a numeric.
fn answer_numeric(numeric: Numeric, params: &[&str]) -> Vec<Action> {
    ask(Query::Numeric(numeric, params.iter().map(ToString::to_string).collect()))
}

/// Returns the action that answers a query.
fn ask(query: Query) -> Vec<Action> {
    alloc::vec![Action::Ask(Question::new(query))]
}

/// Returns the actions of a line, of which `dropped` bytes were over the limit.
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
        // The line has no command that the answer could name.
        Err(ParseError::Character | ParseError::NoCommand) => {
            answer_numeric(numeric::ERR_UNKNOWNCOMMAND, &["*"])
        }
        Ok(message) => command(client, &Line { message, member, limits, options }),
    };
    // The label is read even if the line is invalid, since the client waits for a labelled answer.
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

/// Returns the actions of a valid line: those of its command, if the client may send it now.
fn command(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let command = line.message.command;
    let entry = COMMANDS.iter().find(|entry| entry.name.eq_ignore_ascii_case(command));
    let Some(entry) = entry else {
        return match line.member {
            Some(_) => answer_numeric(numeric::ERR_UNKNOWNCOMMAND, &[&printable_word(command)]),
            None if command.eq_ignore_ascii_case("/quit") => quit_like_a_person(client),
            // Programs write their commands in capitals: no hint for a person is needed.
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
            // A `NOTICE` is never answered, and after a `QUIT` there is nobody to warn.
            let lacks_colon = entry.text.is_some_and(|index| line.message.params().len() > index + 1);
            if lacks_colon && line.member.is_some() && !["NOTICE", "QUIT"].contains(&entry.name) {
                actions.extend(ask(Query::Fail("WARN", entry.name.into(), "MISSING_COLON", COLON_HINT)));
            }
            actions
        }
    }
}

/// Adds a hint on how to join to the answer to a line that IRC clients do not send before they register, since a person may
/// have typed it. Clients that negotiate capabilities get no hint: irssi 1.4 sends `JOIN :` between `CAP LS` and `NICK`.
fn hinted(client: &Client, mut actions: Vec<Action>) -> Vec<Action> {
    if client.negotiates() {
        return actions;
    }
    actions.extend(ask(Query::Hint(if client.might_be_plain { Hint::Unregistered } else { Hint::OnlyIrc })));
    actions
}

/// Closes the connection of a person who wrote `/quit`, with a hint on how to connect without IRC.
fn quit_like_a_person(client: &Client) -> Vec<Action> {
    let mut actions = if client.might_be_plain { ask(Query::Hint(Hint::Left)) } else { Vec::new() };
    actions.push(Action::Quit(None));
    actions
}

/// Formats an error as the text of a numeric, which begins with a capital.
fn sentence(error: &impl ToString) -> String {
    let words = error.to_string();
    let mut rest = words.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// Returns the answer to a line that is not UTF-8 (IRCv3, utf8-only).
fn invalid_utf8(line: &[u8]) -> Vec<Action> {
    let text = String::from_utf8_lossy(line);
    let message = ParsedMessage::from_client(text.as_bytes())
        .map_or("*", |message| message.command)
        .to_ascii_uppercase();
    let command = COMMANDS.iter().find(|entry| entry.name == message).map_or("*", |entry| entry.name);
    ask(Query::Fail("FAIL", command.into(), "INVALID_UTF8", "Message rejected: not UTF-8"))
}
