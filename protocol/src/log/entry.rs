//! Proposals, and the entries of the log that they become.

use crate::base::id::{Life, NodeId, Seq};
use crate::log::command::Command;

/// The origin of a command: the life of a node that proposed it, and its number among the proposals of that life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// The life of the node.
    pub life: Life,
    /// The number: 1, 2, 3 and so on. The entries of a life are applied in the order of their numbers, each once, whatever
    /// the log repeats or reorders.
    pub number: u64,
}

/// A command that is proposed to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The time of the proposal, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The origin.
    pub origin: Origin,
    /// The command.
    pub command: Command,
}

impl Proposal {
    /// Returns the entry with this proposal at a position of the log.
    #[must_use]
    pub fn committed_at(self, seq: Seq) -> LogEntry {
        let Self { at_unix_ms, origin, command } = self;
        LogEntry { seq, at_unix_ms, origin, command }
    }
}

/// A committed proposal and its position in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The position. It is greater than that of the previous entry, and need not be the next number.
    pub seq: Seq,
    /// The time of the proposal, in milliseconds since 1970-01-01T00:00:00Z. It may be earlier than that of the previous entry:
    /// see [`World::at_unix_ms`](crate::World::at_unix_ms).
    pub at_unix_ms: u64,
    /// The origin.
    pub origin: Origin,
    /// The command.
    pub command: Command,
}
