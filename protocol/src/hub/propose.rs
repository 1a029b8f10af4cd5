//! Proposals: numbering them, finding their connections when they are committed, and proposing again what was overtaken.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::time::Now;
use crate::hub::output::{Output, Sink};
use crate::log::command::Command;
use crate::log::entry::{LogEntry, Origin, Proposal};
use crate::planted;
use crate::world::Node;
use alloc::collections::VecDeque;

/// The proposals of this life that the log has not answered yet, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    /// Number of proposals that are no longer under way.
    answered: u64,
    queue: VecDeque<Pending>,
    /// Number of commands in the queue that are limited.
    lines: usize,
}

/// A proposal that the log has not answered yet.
#[derive(Debug)]
struct Pending {
    /// The connection whose line or close caused it; `None` for a proposal of the node itself.
    conn: Option<ConnId>,
    /// Number of times that it was given to the log and has not come back.
    copies: u32,
    proposal: Proposal,
}

impl UnderWay {
    /// Returns the number of proposals under way.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns the number of those that are limited.
    pub(super) const fn lines(&self) -> usize {
        self.lines
    }

    /// Removes the first proposal, which is committed. Returns its connection.
    fn take_first(&mut self) -> Option<ConnId> {
        let first = self.queue.pop_front()?;
        self.answered += 1;
        self.lines -= usize::from(is_limited(&first.proposal.command));
        first.conn
    }

    /// Records that a copy of a proposal has come back without effect, because it had overtaken another one. Returns whether
    /// no other copy of it is on its way.
    fn is_spent(&mut self, number: u64) -> bool {
        let Some(pending) = self.get_mut(number) else { return false };
        pending.copies = pending.copies.saturating_sub(1);
        pending.copies == 0
    }

    /// Records that no copy of any proposal can be relied on to come back.
    pub(super) fn forget_copies(&mut self) {
        self.queue.iter_mut().for_each(|pending| pending.copies = 0);
    }

    /// Returns the proposal with a number, if it is under way.
    fn get_mut(&mut self, number: u64) -> Option<&mut Pending> {
        let index = number.checked_sub(self.answered + 1)?;
        self.queue.get_mut(usize::try_from(index).ok()?)
    }

    /// Returns the connection of the first proposal, if that is a line.
    pub(super) fn first_conn(&self) -> Option<ConnId> {
        let is_line =
            |it: &&Pending| !matches!(it.proposal.command, Command::Enter { .. } | Command::Leave { .. });
        self.queue.front().filter(is_line)?.conn
    }
}

impl Hub {
    /// Proposes the commands with which the life of the node begins: that it has started and, if the limits of the log are not
    /// those of this node, its limits. The caller does so once, before the first input.
    ///
    /// # Panics
    /// Panics if the log knows the life already: nothing that it proposes would be applied.
    pub fn start(&mut self, now: Now, sink: &mut impl Sink) {
        let after = self.world.node(self.options.node).map(Node::life);
        assert_ne!(after, Some(self.options.life), "each life has a number of its own");
        self.propose(now, None, Command::Started { after }, sink);
        let (limits, former) = (self.limits.world, self.world.revision());
        if former == 0 || limits != *self.world.limits() {
            let revision = self.options.revision.unwrap_or(former.saturating_add(1));
            if revision > former {
                self.propose(now, None, Command::Configure { revision, limits }, sink);
            } else {
                self.report_limits(sink);
            }
        }
    }

    /// Proposes a command to the log, on behalf of a connection or of the node itself. If the log stands still, it is given the
    /// proposal later. A life that is over proposes nothing.
    pub(super) fn propose(&mut self, now: Now, conn: Option<ConnId>, command: Command, sink: &mut impl Sink) {
        if self.is_over() {
            return;
        }
        let number = self.under_way.answered + self.under_way.queue.len() as u64 + 1;
        let origin = Origin { node: self.options.node, life: self.options.life, number };
        let is_running = self.log_waits.is_running();
        self.under_way.lines += usize::from(is_limited(&command));
        let proposal = Proposal { at_unix_ms: now.unix_ms, origin, command };
        self.under_way.queue.push_back(Pending { conn, copies: is_running.into(), proposal });
        if !is_running {
            conn.into_iter().for_each(|conn| self.tell_of_wait(now, conn));
        } else if let Some(Pending { proposal, .. }) = self.under_way.queue.back() {
            sink.output(Output::Propose { conn, proposal });
        }
    }

    /// Returns the connection of an entry that is applied: `None` if the entry is not a proposal of this life, or not one of a
    /// connection.
    pub(super) fn author_of(&mut self, now: Now, entry: &LogEntry) -> Option<ConnId> {
        if !self.is_own(entry) {
            return planted::author_elsewhere(|| self.under_way.get_mut(entry.origin.number)?.conn);
        }
        debug_assert_eq!(
            entry.origin.number,
            self.under_way.answered + 1,
            "entries are applied in the order of numbers"
        );
        let conn = self.under_way.take_first();
        self.wake_waiting(now);
        conn
    }

    /// Proposes again, in their order, the proposals that an entry has overtaken, and all after them. That is done when the last
    /// copy of the entry has come back: as long as there is another, it may still follow the missing ones.
    pub(super) fn overtaken(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) {
        let is_spent = self.is_own(entry) && self.under_way.is_spent(entry.origin.number);
        if is_spent && self.log_waits.is_running() {
            self.propose_again(now, sink);
        }
    }

    /// Proposes again everything under way.
    pub(super) fn propose_again(&mut self, now: Now, sink: &mut impl Sink) {
        for Pending { conn, copies, proposal } in
            self.under_way.queue.iter_mut().take(planted::proposed_again_max())
        {
            *copies += 1;
            proposal.at_unix_ms = now.unix_ms;
            sink.output(Output::Propose { conn: *conn, proposal });
        }
    }

    fn is_own(&self, entry: &LogEntry) -> bool {
        (entry.origin.node, entry.origin.life) == (self.options.node, self.options.life)
    }
}

/// Returns whether a command counts for the limit of proposals. A `Leave` does not, because each member has one, and an `EndRoom` does
/// not, because the node proposes one at a time.
const fn is_limited(command: &Command) -> bool {
    !matches!(command, Command::EndRoom { .. } | Command::Leave { .. })
}
