//! The log in memory: it answers at once and keeps nothing.

use crate::base::id::Seq;
use crate::base::time::Now;
use crate::hub::Hub;
use crate::hub::input::Input;
use crate::hub::output::{Output, Sink};
use crate::log::command::{Command, LogEntry};
use alloc::vec::Vec;

/// Puts proposed commands in one order and hands them back within the same tick.
///
/// A command is moved, never encoded. What was handed back is forgotten: a durable log, or a test that
/// wants the whole of it, stands in its place.
#[derive(Debug, Default)]
pub struct MemoryLog {
    proposed: Vec<LogEntry>,
    /// The other buffer, so that a steady server allocates none.
    spare: Vec<LogEntry>,
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
        self.proposed.push(LogEntry { seq: self.position, at_unix_ms: self.at_unix_ms, command });
    }

    /// Gives `hub` one input; what it proposes is appended here, everything else goes to `sink`.
    ///
    /// Call [`commit`](Self::commit) until it says `false` before the next input: that keeps each
    /// connection's replies in the order of its lines.
    pub fn handle(&mut self, hub: &mut Hub, now: Now, input: Input<'_>, sink: &mut impl Sink) {
        hub.handle(now, input, &mut Proposals { log: self, now, sink });
    }

    /// Feeds back what was appended. Returns whether there was anything.
    pub fn commit(&mut self, hub: &mut Hub, now: Now, sink: &mut impl Sink) -> bool {
        if self.proposed.is_empty() {
            return false;
        }
        let spare = core::mem::take(&mut self.spare);
        let mut entries = core::mem::replace(&mut self.proposed, spare);
        self.handle(hub, now, Input::Committed { entries: &entries }, sink);
        entries.clear();
        self.spare = entries;
        true
    }

    /// Replaces the contents of `entries` with what was appended since the last call, and returns whether
    /// that is anything.
    ///
    /// The two buffers change places, so that a loop that keeps `entries` allocates nothing. Give them to
    /// [`Server::committed`](crate::Server::committed), and take again, for they may have led to more.
    pub fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        entries.clear();
        core::mem::swap(&mut self.proposed, entries);
        !entries.is_empty()
    }

    /// What was appended and not yet fed back.
    #[must_use]
    pub fn uncommitted(&self) -> &[LogEntry] {
        &self.proposed
    }
}

/// A sink that keeps the proposals for the log and passes on the rest.
struct Proposals<'a, S> {
    log: &'a mut MemoryLog,
    now: Now,
    sink: &'a mut S,
}

impl<S: Sink> Sink for Proposals<'_, S> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Propose { command, .. } => self.log.append(self.now, command),
            output => self.sink.output(output),
        }
    }
}
