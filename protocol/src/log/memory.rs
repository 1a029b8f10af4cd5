//! The log in memory: it commits at once and keeps nothing.

use crate::base::id::Seq;
use crate::log::entry::{LogEntry, Proposal};
use alloc::vec::Vec;

/// A log that gives proposals positions without gaps, and returns each of them once, as committed.
///
/// Proposals are kept as they are, not encoded, and committed entries are dropped. A durable log, or a test that needs all
/// entries, can replace it.
#[derive(Debug, Default)]
pub struct MemoryLog {
    appended: Vec<LogEntry>,
    position: Seq,
}

impl MemoryLog {
    /// Creates an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a proposal.
    pub fn append(&mut self, proposal: Proposal) {
        self.position.0 += 1;
        self.appended.push(proposal.committed_at(self.position));
    }

    /// Replaces the contents of `entries` with the entries that were appended since the last call. Returns whether there
    /// were any.
    ///
    /// The two buffers are swapped, so that a loop that keeps `entries` does not allocate. Pass the entries to
    /// [`Server::committed`](crate::Server::committed), and take again: they may have caused further commands.
    pub fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        entries.clear();
        // Swapped only where there is something: the buffer that is used next is the one with an allocation.
        if self.appended.is_empty() {
            return false;
        }
        core::mem::swap(&mut self.appended, entries);
        true
    }
}
