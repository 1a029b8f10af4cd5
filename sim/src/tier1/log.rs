//! A log with a delay, like a durable one: it commits later, one entry or several at once.

use crate::source::Source;
use parlor_protocol::{Command, LogEntry, Now, Seq};
use std::collections::VecDeque;

/// A log with proposed entries that are not committed yet.
#[derive(Debug, Default)]
pub(super) struct DelayedLog {
    position: Seq,
    at_unix_ms: u64,
    proposed: VecDeque<(u64, LogEntry)>,
}

impl DelayedLog {
    /// Appends a command. Returns the time at which it will be committed.
    pub(super) fn append(
        &mut self,
        now: Now,
        command: Command,
        commit_us_max: u64,
        chaos: &mut Source<'_>,
    ) -> u64 {
        self.position.0 += 1;
        self.at_unix_ms = self.at_unix_ms.max(now.unix_ms);
        let due = now.mono.as_micros() + chaos.below(commit_us_max + 1);
        let due = self.proposed.back().map_or(due, |&(last, _)| due.max(last));
        let entry = LogEntry { seq: self.position, at_unix_ms: self.at_unix_ms, command };
        self.proposed.push_back((due, entry));
        due
    }

    /// Removes and returns the next entries that are due: one of them, or all.
    pub(super) fn commit(&mut self, now_us: u64, chaos: &mut Source<'_>) -> Vec<LogEntry> {
        let due = self.proposed.iter().take_while(|(due, _)| *due <= now_us).count();
        let count = if chaos.chance(500) { due.min(1) } else { due };
        self.proposed.drain(..count).map(|(_, entry)| entry).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.proposed.is_empty()
    }
}
