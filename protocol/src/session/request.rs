//! What a session asks of the hub.

use crate::base::id::MemberId;
use crate::base::name::Name;
use crate::base::text::Text;
use crate::base::time::Instant;
use crate::dialect::action::{Notice, Password, Question, Registration};
use crate::framing::sniff::Kind;
use crate::log::command::Command;
use alloc::string::String;
use alloc::vec::Vec;

/// What the hub is to do for a session next.
#[derive(Debug)]
pub(crate) enum Request {
    /// Have the dialect answer a question, without the log.
    Answer(Question),
    /// Ask whether a password is right.
    CheckPassword(Password),
    /// The input is at its end, and all of its lines are under way: the member leaves.
    EndOfInput,
    /// Propose that the connection becomes a member.
    Enter(Registration),
    /// Begin the answer to a line with this label; with `None`, end it.
    Label(Option<String>),
    /// Have the dialect say something.
    Notice(Notice),
    /// Propose a command to the log.
    Propose(Command),
    /// The member leaves, with last words or without.
    Quit(Option<Text>),
    /// The connection has begun to say who it is, in a dialect that was just detected: it has a while for the rest.
    Register,
    /// Have the configuration read again.
    Rehash,
    /// Deliver a message that has no place in the log.
    Signal(Command),
    /// The member was taken for plain, and begins again in another dialect: propose its leave.
    SwitchDialect(MemberId),
    /// Write bytes of telnet.
    Telnet([u8; 3]),
    /// The connection speaks what is not spoken here: tell it so, and close.
    TurnAway(Kind),
    /// Watch these names no longer; with `None`, no name.
    Unwatch(Option<Vec<Name>>),
    /// Nothing before another input; with an instant, nothing before that time.
    Wait(Option<Instant>),
    /// Watch these names.
    Watch(Vec<Name>),
}
