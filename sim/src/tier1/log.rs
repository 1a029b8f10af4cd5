//! A log with a delay, like a durable one: it commits later, one entry or several at once, and may stand still for a while.

use crate::source::Source;
use parlor_protocol::{LogEntry, Now, Proposal, Seq};
use std::collections::VecDeque;

/// A log with proposed entries that are not committed yet.
#[derive(Debug, Default)]
pub(super) struct DelayedLog {
    position: Seq,
    stands: bool,
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

    /// Stands still: nothing is committed any more.
    pub(super) const fn stop(&mut self) {
        self.stands = true;
    }

    /// Goes on. Proposals that it was given before and has not committed are due now, or are lost. Returns how many are due.
    pub(super) fn go_on(&mut self, now_us: u64, loses: bool) -> usize {
        self.stands = false;
        if loses {
            self.proposed.clear();
        }
        self.proposed.iter_mut().for_each(|(due, _)| *due = now_us);
        self.proposed.len()
    }

    /// Removes and returns the next entries that are due: one of them, or all.
    pub(super) fn commit(&mut self, now_us: u64, chaos: &mut Source<'_>) -> Vec<LogEntry> {
        if self.stands {
            return Vec::new();
        }
        let due = self.proposed.iter().take_while(|(due, _)| *due <= now_us).count();
        let count = if chaos.chance(500) { due.min(1) } else { due };
        self.proposed.drain(..count).map(|(_, entry)| entry).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.proposed.is_empty()
    }
}
