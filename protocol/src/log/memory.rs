//! The log in memory: it commits at once and keeps nothing.

use crate::base::id::Seq;
use crate::base::time::Now;
use crate::log::command::{Command, LogEntry};
use alloc::vec::Vec;

/// A log that numbers proposed commands and returns each of them once, as committed.
///
/// Commands are moved, not encoded, and committed entries are dropped. A durable log, or a test that needs all
/// entries, can replace it.
#[derive(Debug, Default)]
pub struct MemoryLog {
    appended: Vec<LogEntry>,
    position: Seq,
    at_unix_ms: u64,
}

impl MemoryLog {
    /// Creates an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a command. If wall time ran backwards, the entry has the time of the previous one.
    pub fn append(&mut self, now: Now, command: Command) {
        self.position.0 += 1;
        self.at_unix_ms = self.at_unix_ms.max(now.unix_ms);
        self.appended.push(LogEntry { seq: self.position, at_unix_ms: self.at_unix_ms, command });
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
