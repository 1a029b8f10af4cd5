//! What a session has to do, and what the hub is to do for it.

use super::plain::{PlainQuestion, Request};
use crate::base::text::Text;
use crate::base::time::Instant;
use crate::dialect::irc::query::Query;
use crate::framing::sniff::Kind;
use crate::log::command::{Command, NameRequest};
use alloc::string::String;
use bytes::Bytes;
use core::fmt;

/// What the hub is to do for a session next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Answer at once, without the log.
    Answer(Question),
    /// It has begun to say who it is, in IRC: it has a while for the rest.
    BeginIrc,
    /// Ask whether that is the password.
    CheckPassword(Password),
    /// The input is at its end, and every line of it is under way.
    EndOfInput,
    /// Propose that it enters.
    Enter(NameRequest, Entrant),
    /// From here on, what is written to it is an answer to the line with this label; with `None`, no more.
    Label(Option<String>),
    /// Put the command into the log.
    Propose(Command),
    /// Say goodbye.
    Quit(Option<Text>),
    /// It was taken for plain, and is IRC.
    SwitchToIrc,
    /// Write bytes of telnet.
    Telnet([u8; 3]),
    /// It speaks what is not spoken here: tell it so, and close.
    TurnAway(Kind),
    /// Nothing before another input; with an instant, nothing before that time.
    Wait(Option<Instant>),
}

/// What a client says of itself when it enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    Irc { user: String, real_name: Text },
    Plain,
}

/// A password to be checked. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password {
    /// The operator whose password it would be; `None` for that of the server.
    pub(crate) operator: Option<String>,
    pub(crate) password: Bytes,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("operator", &self.operator).finish_non_exhaustive()
    }
}

/// What is answered from the world or from nothing, and changes nothing that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Irc(Query),
    Plain(PlainQuestion),
}

/// What is to be done for a line, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Work {
    Ask(Question),
    CheckPassword(Password),
    Enter(NameRequest, Entrant),
    Label(Option<String>),
    Plain(Request),
    Propose(Command),
    Quit(Option<Text>),
    Telnet([u8; 3]),
}

impl Work {
    /// Whether others may hear of it.
    pub(in crate::session) const fn is_heard(&self) -> bool {
        matches!(self, Self::Propose(_) | Self::Ask(Question::Irc(Query::Signal(_))))
    }
}
