//! The log in memory: it answers at once and keeps nothing.

use crate::base::id::Seq;
use crate::base::time::Now;
use crate::log::command::{Command, LogEntry};
use alloc::vec::Vec;

/// Puts proposed commands into one order, and hands them back once.
///
/// A command is moved, never encoded. What was handed back is forgotten: a durable log, or a test that
/// wants the whole of it, stands in its place.
#[derive(Debug, Default)]
pub struct MemoryLog {
    appended: Vec<LogEntry>,
    position: Seq,
    at_unix_ms: u64,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a command. Wall time that ran backwards is held at the last entry's.
    pub fn append(&mut self, now: Now, command: Command) {
        self.position.0 += 1;
        self.at_unix_ms = self.at_unix_ms.max(now.unix_ms);
        self.appended.push(LogEntry { seq: self.position, at_unix_ms: self.at_unix_ms, command });
    }

    /// Replaces the contents of `entries` with what was appended since the last call, and returns whether
    /// that is anything.
    ///
    /// The two buffers change places, so that a loop that keeps `entries` allocates nothing. Give them to
    /// [`Server::committed`](crate::Server::committed), and take again, for they may have led to more.
    pub fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        entries.clear();
        core::mem::swap(&mut self.appended, entries);
        !entries.is_empty()
    }
}
