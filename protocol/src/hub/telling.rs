//! Telling what an entry has made happen, one outcome after the other.
//!
//! A line makes a few things happen, which are told at once. But a life that begins or ends takes away all members that its node had:
//! if all that was rendered at once, it could overflow the backlog of a client that reads everything. So such an entry is applied
//! whole, and what it has to tell waits here. The caller flushes in between, and other inputs may come.

use super::Hub;
use super::commit::Author;
use crate::base::id::ConnId;
use crate::base::time::{Instant, Now};
use crate::hub::output::Sink;
use crate::log::entry::LogEntry;
use crate::world::Outcome;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

impl Hub {
    /// Returns whether an entry has outcomes that are not told yet. Then each [`Input::Tell`](crate::Input::Tell) tells one.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        !self.telling.is_empty()
    }

    /// Returns the number of outcomes that are not told yet.
    pub(crate) fn outcomes_to_tell(&self) -> usize {
        self.telling.len()
    }

    /// Whether a burst of the log may wait for this reader: its address has not held others up for too long.
    pub(crate) fn may_be_waited_for(&self, now: Instant, conn: ConnId) -> bool {
        let connection = self.connection_ref(conn);
        connection.is_some_and(|connection| self.addresses.may_be_waited_for(connection.address, now))
    }

    /// Charges the address of a reader for the milliseconds for which a burst of the log has waited for it.
    pub(crate) fn charge_wait(&mut self, now: Instant, conn: ConnId, ms: usize) {
        if let Some(address) = self.connection_ref(conn).map(|connection| connection.address) {
            self.addresses.charge_wait(address, ms, now);
        }
    }

    /// Takes what a life has made happen that begins or ends. No connection has proposed it.
    pub(super) fn change_lives(
        &mut self,
        now: Now,
        entry: &LogEntry,
        outcomes: &mut Vec<Outcome>,
        sink: &mut impl Sink,
    ) {
        self.author_of(now, entry);
        // Everything that was told of before is told by now.
        self.telling = core::mem::take(outcomes).into();
        if self.end_if_over(now, entry, sink) {
            // All connections are closed, so nothing is rendered.
            self.tell_all(now, sink);
        }
    }

    /// Tells the next outcome to everyone concerned.
    pub(super) fn tell_next(&mut self, now: Now, sink: &mut impl Sink) {
        if let Some(outcome) = self.telling.pop_front() {
            let author = Author { conn: None, now };
            self.report(author, &outcome, sink);
            self.publish(author, &outcome, sink);
            if !self.is_telling() {
                // There may have been room for thousands.
                self.telling = VecDeque::new();
            }
        }
    }

    /// Tells all outcomes that are left.
    pub(super) fn tell_all(&mut self, now: Now, sink: &mut impl Sink) {
        while self.is_telling() {
            self.tell_next(now, sink);
        }
    }
}
