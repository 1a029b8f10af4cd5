//! The only things that can change the shared state, and the log entries that carry them.

use crate::id::{ConnId, MemberId, Seq};
use crate::limits::WorldLimits;
use crate::mode::{Key, ModeChange, Status};
use crate::name::{Name, RoomName};
use crate::person::{Host, Profile, UserModes};
use crate::text::Text;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What one member wants of the shared state.
///
/// A command is free of secrets by type, checked for syntax by the session that proposed it, and judged by
/// [`World::apply`](crate::World::apply) for everything that depends on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The limits under which the entries that follow are applied. The first entry of every log.
    Configure(WorldLimits),
    /// A connection wants to be a member.
    Enter {
        /// Who asks; the verdict goes there.
        conn: ConnId,
        /// The name it wants.
        wish: Wish,
        /// What everybody may know of it.
        profile: Profile,
        /// The room it enters; `None` for none until it joins one.
        room: Option<RoomName>,
    },
    /// A member asks another one into a room.
    Invite {
        /// Who.
        member: MemberId,
        /// Whom.
        name: Name,
        /// Where to.
        room: RoomName,
    },
    /// A member sends another one out of a room.
    Kick {
        /// Who.
        member: MemberId,
        /// From where.
        room: RoomName,
        /// Whom.
        name: Name,
        /// Why; the kicker's name where it says nothing.
        message: Option<Text>,
    },
    /// An operator of the server ends another member's membership.
    Kill {
        /// Who.
        member: MemberId,
        /// Whose.
        name: Name,
        /// Why.
        message: Option<Text>,
    },
    /// A member is gone.
    Leave {
        /// Who.
        member: MemberId,
        /// Why.
        reason: CloseReason,
        /// Its last words.
        message: Option<Text>,
    },
    /// A member leaves one room and enters another, at once. With one of the two it only leaves, or only
    /// enters.
    Move {
        /// Who.
        member: MemberId,
        /// The room that it is in and leaves.
        from: Option<RoomName>,
        /// The room that it enters, and begins where there is none.
        to: Option<RoomName>,
        /// The key that it knows of the room that it enters.
        key: Option<Key>,
        /// Whether a key is refused where the room asks for none: people who write one meant something else.
        checks_key: bool,
        /// Its last words where it leaves.
        message: Option<Text>,
    },
    /// A member has shown that it is an operator of the server.
    Promote {
        /// Who.
        member: MemberId,
    },
    /// A member wants another name.
    Rename {
        /// Who.
        member: MemberId,
        /// The name it wants.
        name: Name,
    },
    /// A member speaks to whoever last spoke to it alone, or, where nobody has, to whom it spoke last.
    Reply {
        /// Who.
        member: MemberId,
        /// What.
        speech: Speech,
    },
    /// A member speaks to a room.
    Say {
        /// Who.
        member: MemberId,
        /// Where.
        room: RoomName,
        /// Only those with this status or a higher one hear it.
        status: Option<Status>,
        /// What.
        speech: Speech,
    },
    /// A member is away, or there again.
    SetAway {
        /// Who.
        member: MemberId,
        /// What others are told who speak to it; `None` for there.
        away: Option<Text>,
    },
    /// An operator of the server has a member shown at another host.
    SetHost {
        /// Who.
        member: MemberId,
        /// Whom.
        name: Name,
        /// Where.
        host: Host,
    },
    /// A member changes the modes of a room.
    SetModes {
        /// Who.
        member: MemberId,
        /// Where.
        room: RoomName,
        /// The changes, each judged by itself.
        changes: Vec<ModeChange>,
    },
    /// A member calls itself something else.
    SetRealName {
        /// Who.
        member: MemberId,
        /// What.
        real_name: Text,
    },
    /// A member sets the topic of a room, or clears it.
    SetTopic {
        /// Who.
        member: MemberId,
        /// Where; it must be a member there.
        room: RoomName,
        /// The new topic; `None` clears it.
        topic: Option<Text>,
    },
    /// A member changes its own modes.
    SetUserModes {
        /// Who.
        member: MemberId,
        /// Those to turn on.
        on: UserModes,
        /// Those to turn off.
        off: UserModes,
    },
    /// A member speaks to one other member.
    Tell {
        /// Who.
        member: MemberId,
        /// To whom.
        to: Name,
        /// What.
        speech: Speech,
    },
    /// An operator of the server speaks to all who want to hear such.
    Wallops {
        /// Who.
        member: MemberId,
        /// What.
        text: Text,
    },
}

impl Command {
    /// Who asked for it: the member, for all but `Configure` and `Enter`.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Configure(_) | Self::Enter { .. } => None,
            Self::Invite { member, .. }
            | Self::Kick { member, .. }
            | Self::Kill { member, .. }
            | Self::Leave { member, .. }
            | Self::Move { member, .. }
            | Self::Promote { member }
            | Self::Rename { member, .. }
            | Self::Reply { member, .. }
            | Self::Say { member, .. }
            | Self::SetAway { member, .. }
            | Self::SetHost { member, .. }
            | Self::SetModes { member, .. }
            | Self::SetRealName { member, .. }
            | Self::SetTopic { member, .. }
            | Self::SetUserModes { member, .. }
            | Self::Tell { member, .. }
            | Self::Wallops { member, .. } => Some(*member),
        }
    }
}

/// What is said, and how. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// How.
    pub manner: Manner,
    /// What; nothing in [`Manner::Tags`].
    pub text: Text,
    /// What goes with it for programs, in the form of IRC's client-only tags: `+draft/reply=1;+typing=done`.
    pub tags: Option<Arc<str>>,
}

impl Speech {
    /// Whether nobody will ask for it again: a notice that somebody is typing, and nothing else (IRCv3, typing). It
    /// has no place in the log.
    #[must_use]
    pub fn is_signal(&self) -> bool {
        let tags = self.tags.as_deref().unwrap_or_default();
        self.manner == Manner::Tags
            && (tags == "+typing" || tags.starts_with("+typing=") && !tags.contains(';'))
    }

    /// A text with nothing around it.
    #[must_use]
    pub const fn new(manner: Manner, text: Text) -> Self {
        Self { manner, text, tags: None }
    }
}

/// The name that somebody enters with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This one, or it does not enter.
    Name(Name),
    /// What is made of the TCP port of its other end; there always is one.
    Port(u16),
}

/// How a member speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// What the member does: `/me waves`.
    Action,
    /// What the member's program asks of other programs (IRC's CTCP).
    Ctcp,
    /// What a program answers to such.
    CtcpReply,
    /// What nobody may answer by itself (IRC's `NOTICE`).
    Notice,
    /// What the member says.
    Speech,
    /// Nothing; the tags are all there is (IRC's `TAGMSG`).
    Tags,
}

impl Manner {
    /// Whether people read it, and a room remembers it.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Action | Self::Notice | Self::Speech)
    }
}

/// Why a connection closes, and so why its member leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// Its address has as many connections as it may have.
    AddressFull,
    /// It closed its side of the connection.
    EndOfInput,
    /// An operator of the server ended it.
    Killed,
    /// It was taken for plain, and is IRC: it leaves, and begins again without closing.
    OtherDialect,
    /// It speaks a protocol that is not spoken here.
    OtherProtocol,
    /// It gave no password, or a wrong one.
    Password,
    /// It did not answer.
    PingTimeout,
    /// It said goodbye.
    Quit,
    /// It did not say who it is.
    RegistrationTimeout,
    /// The connection broke.
    Reset,
    /// The server has as many connections as it may have.
    ServerFull,
    /// The server stops.
    Shutdown,
    /// It read more slowly than the others wrote.
    SlowReader,
}

impl CloseReason {
    /// Every reason, in the order of the variants.
    pub const ALL: [Self; 13] = [
        Self::AddressFull,
        Self::EndOfInput,
        Self::Killed,
        Self::OtherDialect,
        Self::OtherProtocol,
        Self::Password,
        Self::PingTimeout,
        Self::Quit,
        Self::RegistrationTimeout,
        Self::Reset,
        Self::ServerFull,
        Self::Shutdown,
        Self::SlowReader,
    ];

    /// The reason in a word of the logs: `slow_reader`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AddressFull => "address_full",
            Self::EndOfInput => "end_of_input",
            Self::Killed => "killed",
            Self::OtherDialect => "other_dialect",
            Self::OtherProtocol => "other_protocol",
            Self::Password => "password",
            Self::PingTimeout => "ping_timeout",
            Self::Quit => "quit",
            Self::RegistrationTimeout => "registration_timeout",
            Self::Reset => "reset",
            Self::ServerFull => "server_full",
            Self::Shutdown => "shutdown",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// A command at its place in the one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position: 1, 2, 3 and so on, without gaps.
    pub seq: Seq,
    /// When it was logged: milliseconds since 1970-01-01T00:00:00Z, never before the entry ahead of it.
    pub at_unix_ms: u64,
    /// What is to happen.
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_its_index_among_all() {
        for (index, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{}", reason.word());
        }
    }
}
