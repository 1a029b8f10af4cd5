//! The only things that can change the shared state, and the log entries that carry them.

use crate::id::{ConnId, MemberId, Seq};
use crate::limits::WorldLimits;
use crate::name::{Name, RoomName};
use crate::person::Profile;
use crate::text::Text;

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
    },
    /// A member wants another name.
    Rename {
        /// Who.
        member: MemberId,
        /// The name it wants.
        name: Name,
    },
    /// A member speaks to a room.
    Say {
        /// Who.
        member: MemberId,
        /// Where; it must be a member there.
        room: RoomName,
        /// How.
        manner: Manner,
        /// What.
        text: Text,
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
    /// A member speaks to one other member.
    Tell {
        /// Who.
        member: MemberId,
        /// To whom.
        to: Name,
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
            Self::Leave { member, .. }
            | Self::Move { member, .. }
            | Self::Rename { member, .. }
            | Self::Say { member, .. }
            | Self::SetTopic { member, .. }
            | Self::Tell { member, .. } => Some(*member),
        }
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

/// How a member speaks to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// What the member does: `/me waves`.
    Action,
    /// What the member says.
    Speech,
}

/// Why a connection closes, and so why its member leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// Its address has as many connections as it may have.
    AddressFull,
    /// It closed its side of the connection.
    EndOfInput,
    /// It said goodbye.
    Quit,
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
    pub const ALL: [Self; 7] = [
        Self::AddressFull,
        Self::EndOfInput,
        Self::Quit,
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
            Self::Quit => "quit",
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
