//! What a line asks for: actions, which a session queues and does one after the other.

use crate::base::name::Name;
use crate::base::text::Text;
use crate::log::command::Command;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::any::Any;
use core::fmt;

/// Actions that one line leads to at most. The targets of a line are bounded by its bytes.
pub(crate) const ACTIONS_PER_LINE_MAX: usize = 300;

/// One step of what a line asks for.
#[derive(Debug)]
pub enum Action {
    /// Have the dialect answer a question of its own, when everything that was proposed before it is committed.
    Ask(Question),
    /// Have a password checked.
    CheckPassword(Password),
    /// Become a member.
    Enter(Registration),
    /// Begin the answer to a line that came with this label; with `None`, end it.
    Label(Option<String>),
    /// Say something that every dialect has words for.
    Notice(Notice),
    /// Propose a command to the log.
    Propose(Command),
    /// Leave, with last words or without.
    Quit(Option<Text>),
    /// Have the configuration read again. It is refused to a member that is not an operator of the server.
    Rehash,
    /// Deliver a [`Command::Say`] or [`Command::Tell`] that has no place in the log to those who would read it if it
    /// had.
    Signal(Command),
    /// Answer a telnet command.
    Telnet([u8; 3]),
    /// Watch these names no longer; with `None`, no name.
    Unwatch(Option<Vec<Name>>),
    /// Watch these names: be told when a member comes that has one, and when it goes.
    Watch(Vec<Name>),
}

impl Action {
    /// Whether other members may read what it does.
    pub(crate) const fn reaches_others(&self) -> bool {
        matches!(self, Self::Propose(_) | Self::Signal(_))
    }
}

/// A question that a dialect asks of itself, to be answered in the order of its connection's lines.
pub struct Question(Box<dyn Any + Send>);

impl Question {
    /// Wraps a dialect's own value.
    #[must_use]
    pub fn new(question: impl Any + Send) -> Self {
        Self(Box::new(question))
    }

    /// Returns the dialect's own value; `None` if it is of another type, as after a change of the dialect.
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

/// What a connection says of itself in order to become a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Whether it has given the server's password. Without it, it is turned away where the server requires one.
    pub is_authenticated: bool,
    /// The name that it wants; `None` for one that is made of the port of its other end.
    pub name: Option<Name>,
    /// Its user name and its real name; `None` if the dialect has neither.
    pub user: Option<(String, Text)>,
    /// Whether it enters the room of its listener at once.
    pub enters_room: bool,
}

/// A password to be checked. Its `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// The operator whose password it would be; `None` for that of the server.
    pub operator: Option<String>,
    /// What was given for a password.
    pub password: Bytes,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("operator", &self.operator).finish_non_exhaustive()
    }
}

/// Something that a session has its dialect say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The server is there: telnet's "Are You There" (RFC 854).
    IsThere,
    /// The line before may have been the beginning of another protocol, and was not said.
    LineWithheld,
    /// The password was wrong.
    WrongPassword,
}
