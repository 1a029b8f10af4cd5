//! A log with a delay, like a durable one: it commits later, one entry or several at once.

use crate::source::Source;
use parlor_protocol::{LogEntry, Now, Proposal, Seq};
use std::collections::VecDeque;

/// A log with proposed entries that are not committed yet.
#[derive(Debug, Default)]
pub(super) struct DelayedLog {
    position: Seq,
    proposed: VecDeque<(u64, LogEntry)>,
}

impl DelayedLog {
    /// Appends a proposal. Returns the time at which it will be committed.
    pub(super) fn append(
        &mut self,
        now: Now,
        proposal: Proposal,
        commit_us_max: u64,
        chaos: &mut Source<'_>,
    ) -> u64 {
        self.position.0 += 1;
        let due = now.mono.as_micros() + chaos.below(commit_us_max + 1);
        let due = self.proposed.back().map_or(due, |&(last, _)| due.max(last));
        self.proposed.push_back((due, proposal.committed_at(self.position)));
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
