//! The steps into which a line is parsed.

use super::address::{LINE, told};
use super::ask::Ask;
use super::history::Then;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{
    Command, HistoryQuery, Name, NewBan, Notice, PasswordOf, Question, RoomName, Seq, Text, UserModes,
};

/// A step.
#[derive(Debug)]
pub(super) enum Todo {
    /// Act on a request in the plain dialect.
    Ask(Ask),
    /// Have a password checked.
    Check(PasswordOf, Vec<u8>),
    /// Become a member.
    Enter,
    /// Have a part of a history read, for the rest of an answer.
    Fetch(Box<HistoryQuery>, Then),
    /// Begin the answer to a line with this label; with `None`, end it.
    Label(Option<String>),
    Propose(Command),
    Query(Query),
    Quit(Option<Text>),
    /// Have the configuration read again.
    Rehash,
    /// Deliver a message that has no place in the log.
    Signal(Command),
    /// Answer a telnet command.
    Telnet([u8; 3]),
    /// Watch these names no longer; with `None`, no name.
    Unwatch(Option<Vec<Name>>),
    Watch(Vec<Name>),
    PasswordNotRight(Notice),
}

/// A query of an IRC client, which is answered at once, and the change that is made with the answer.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) change: Change,
    /// The query as the core's dialect parsed it.
    pub(super) question: Option<Question>,
}

/// A change that is made with an answer.
#[derive(Debug, Default)]
pub(super) enum Change {
    /// Set a ban from the server, unless the asker would ban itself.
    Ban(NewBan),
    /// Set the capabilities.
    Capabilities(Capabilities),
    /// Move the read marker of a target, by its folded name, to a time; with `None`, only look at it.
    Marker { target: String, unix_ms: Option<u64> },
    /// Leave every room.
    LeaveAll,
    #[default]
    Nothing,
    /// Remove a message: the room, the time at which the log of its id began, its position, and the reason.
    Redact { room: RoomName, log_unix_ms: u64, line: Seq, message: Option<Text> },
    /// Change the asker's own modes, if `target` is the asker.
    UserModes { target: Name, on: UserModes, off: UserModes },
}

impl Todo {
    /// The price of what others may read of it.
    pub(super) fn price(&self) -> u64 {
        let length = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.as_str().len());
        let command = match self {
            Self::Propose(command) | Self::Signal(command) => command,
            Self::Quit(message) => return length(message) as u64 * (LINE / 768),
            _ => return 0,
        };
        told(match command {
            Command::Reply { message, .. } | Command::Say { message, .. } | Command::Tell { message, .. } => {
                message.text.as_str().len() + message.tags.as_ref().map_or(0, |tags| tags.len())
            }
            Command::Kick { message, .. }
            | Command::Kill { message, .. }
            | Command::Leave { message, .. }
            | Command::Move { message, .. }
            | Command::Redact { message, .. } => length(message),
            Command::SetAway { away: text, .. } | Command::SetTopic { topic: text, .. } => length(text),
            Command::SetRealName { real_name: text, .. } | Command::Wallops { text, .. } => {
                text.as_str().len()
            }
            _ => 0,
        })
    }
}
