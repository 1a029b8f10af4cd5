//! Actions: the steps of a line, which a session queues and carries out one after the other.
//!
//! One IRC line may need several (`JOIN #a,#b`, `PRIVMSG` to five targets). Each action waits for what it depends on,
//! and the next line is read when the queue is empty.

use crate::base::name::Name;
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::log::command::Command;
use crate::log::state::LogState;
use crate::views::HistoryQuery;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::any::Any;
use core::fmt;

/// Upper bound of the actions of one line. The number of targets is bounded by the bytes of the line.
pub(crate) const ACTIONS_PER_LINE_MAX: usize = 300;

/// One step of a line.
#[derive(Debug)]
pub enum Action {
    /// Answer a question of the dialect. It waits until everything that was proposed before it is committed, so that
    /// replies keep the order of the lines.
    Ask(Question),
    /// Check a password.
    CheckPassword(Password),
    /// Become a member.
    Enter(Registration),
    /// Read the history of a room, and then have the dialect answer a question from it.
    Fetch(Box<Fetch>),
    /// Start the answer to a line with this label; with `None`, end it.
    Label(Option<String>),
    /// Write a notice in the words of the dialect.
    Notice(Notice),
    /// Propose a command to the log.
    Propose(Command),
    /// Leave, with a parting message or without.
    Quit(Option<Text>),
    /// Read the configuration again. Refused unless the member is an operator of the server.
    Rehash,
    /// Deliver a [`Command::Say`] or [`Command::Tell`] without logging it. It reaches the same members as a logged one.
    Signal(Command),
    /// Answer a telnet command.
    Telnet([u8; 3]),
    /// Stop watching these names; with `None`, all names.
    Unwatch(Option<Vec<Name>>),
    /// Watch these names: the connection is told when a member with one of them enters or leaves the server.
    Watch(Vec<Name>),
}

impl Action {
    /// Returns what the action costs because others may read the result: a line, or more if it makes them read much.
    pub(crate) fn cost(&self) -> Cost {
        match self {
            Self::Propose(command) | Self::Signal(command) => {
                Cost::told(command.told_bytes()).max(Cost::lines(1))
            }
            Self::Quit(message) => Cost::told(message.as_ref().map_or(0, |it| it.as_str().len())),
            _ => Cost::NONE,
        }
    }
}

/// The reading of a history, and what it is for.
#[derive(Debug)]
pub struct Fetch {
    /// The part of the history.
    pub query: HistoryQuery,
    /// The question that [`DialectState::fetched`](crate::DialectState::fetched) is passed with the page.
    pub question: Question,
}

/// A question of a dialect, with the dialect's own type: read from a line, and passed back to
/// [`DialectState::answer`](crate::DialectState::answer) when its turn has come.
pub struct Question(Box<dyn Any + Send>);

impl Question {
    /// Wraps a dialect's own value.
    #[must_use]
    pub fn new(question: impl Any + Send) -> Self {
        Self(Box::new(question))
    }

    /// Returns the dialect's own value; `None` if it has another type, because the dialect has changed meanwhile.
    #[must_use]
    pub fn take<T: Any>(self) -> Option<T> {
        self.0.downcast().ok().map(|question| *question)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Question")
    }
}

/// The data with which a connection becomes a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Whether the client has given the server's password. If not, and the server requires one, the connection closes.
    pub is_authenticated: bool,
    /// The requested name; `None` for a name that is made from the client's port.
    pub name: Option<Name>,
    /// The user name and the real name; `None` if the dialect has neither.
    pub user: Option<(String, Text)>,
    /// Whether the member enters the room of its listener at once.
    pub enters_room: bool,
}

/// A password to check. The `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// The one who should have the password.
    pub of: PasswordOf,
    /// The password that the client gave.
    pub password: Bytes,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("of", &self.of).finish_non_exhaustive()
    }
}

/// Those who have a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordOf {
    /// The IRC gateways, for `WEBIRC`.
    Gateway,
    /// The operator of this name.
    Operator(String),
    /// The server, for everyone who enters.
    Server,
}

/// The result of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordResult {
    /// It was not checked, because there are too many attempts. Another attempt may be made later.
    NotChecked,
    /// The password is right.
    Right,
    /// The password is wrong, or nobody has it.
    Wrong,
}

impl From<bool> for PasswordResult {
    fn from(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }
}

/// A notice that a session can write in every dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The server is there: the answer to telnet's "Are You There" (RFC 854).
    IsThere,
    /// The previous line may be the start of another protocol, and was not sent to the room.
    LineWithheld,
    /// The log stands still, and the client's lines, or its entrance, wait; or it is running again, and they go on.
    LogState(LogState),
    /// The operator's password was not checked, because there are too many attempts. (A client that gives the server's is
    /// closed.)
    PasswordNotChecked,
    /// The client sends more than is read at once, and what is left waits.
    SlowedDown,
    /// The password was wrong.
    WrongPassword,
}
