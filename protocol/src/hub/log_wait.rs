//! Waiting for the log: lines and entrances that it cannot take now, and telling their clients.
//!
//! A log may stand still: it has no quorum, or the disk is full. Then order comes before liveness. What needs the log waits where
//! it is, and everything behind it on the same connection; what does not need it goes on. Only the `Leave` of a member is always
//! taken: there is at most one for each member.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::time::{DeadlineReason, Instant, Now};
use crate::dialect::action::Notice;
use crate::dialect::reply::Reply;
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::command::Command;
use crate::log::state::LogState;
use crate::planted;
use crate::session::Link;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Milliseconds after which a client that still waits is told again.
const TOLD_AGAIN_MS: u64 = 30_000;

/// The state of the log, and the connections that wait for it.
#[derive(Debug, Default)]
pub(super) struct LogWaits {
    state: LogState,
    /// Connections whose next line, or whose entrance, waits, by their tickets. Those that were woken are not in it any more.
    queue: BTreeMap<u64, ConnId>,
    /// The tickets of the connections that wait, woken or not. One that was woken in vain keeps its place in the queue.
    tickets: BTreeMap<ConnId, u64>,
    next_ticket: u64,
    /// The entrances that wait.
    entrances: BTreeMap<ConnId, Command>,
    /// The connections that are to be told that they wait, with the time.
    due: BTreeSet<(Instant, ConnId)>,
    /// The time at which each of them is told next.
    told: BTreeMap<ConnId, Instant>,
}

impl LogWaits {
    /// Whether the log takes proposals.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.state, LogState::Running)
    }

    /// Returns the time at which a client has to be told that it waits.
    pub(super) fn first_due(&self) -> Option<Instant> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Returns the entrance of a connection that does not wait for it any more.
    pub(super) fn take_entrance(&mut self, conn: ConnId) -> Option<Command> {
        self.entrances.remove(&conn)
    }

    fn enqueue(&mut self, conn: ConnId) {
        let ticket = *self.tickets.entry(conn).or_insert_with(|| {
            self.next_ticket += 1;
            self.next_ticket
        });
        self.queue.insert(ticket, conn);
    }

    /// Removes a connection from the queue.
    fn dequeue(&mut self, conn: ConnId) {
        // Nearly always: this runs for each entrance, and each leave.
        if self.tickets.is_empty() {
            return;
        }
        if let Some(ticket) = self.tickets.remove(&conn) {
            self.queue.remove(&ticket);
        }
    }

    fn tell_at(&mut self, conn: ConnId, at: Instant) {
        if let Some(before) = self.told.insert(conn, at) {
            self.due.remove(&(before, conn));
        }
        self.due.insert((at, conn));
    }

    /// Removes a connection that is not told anything any more.
    fn forget_told(&mut self, conn: ConnId) {
        if let Some(at) = self.told.remove(&conn) {
            self.due.remove(&(at, conn));
        }
    }

    /// Asserts that both maps agree, and returns the connections that wait, and those whose entrance does.
    pub(super) fn check_invariants(&self) -> (impl Iterator<Item = ConnId>, impl Iterator<Item = ConnId>) {
        for (ticket, conn) in &self.queue {
            assert_eq!(self.tickets.get(conn), Some(ticket), "{conn} has the ticket of its place");
        }
        let due: BTreeSet<(Instant, ConnId)> = self.told.iter().map(|(&conn, &at)| (at, conn)).collect();
        assert_eq!(self.due, due, "clients that wait are told at their times");
        let waiting = self.tickets.keys().chain(self.told.keys()).copied();
        (waiting, self.entrances.keys().copied())
    }
}

impl Hub {
    /// Whether the log takes a proposal of a line or an entrance now.
    pub(super) fn may_propose(&self) -> bool {
        self.log_waits.is_running() && self.under_way.lines() < self.limits.proposals_max as usize
    }

    /// Takes a new state of the log.
    pub(super) fn log_state(&mut self, now: Now, state: LogState, sink: &mut impl Sink) {
        let was_running = self.log_waits.is_running();
        if core::mem::replace(&mut self.log_waits.state, state) != state {
            let waiting = self.proposals();
            sink.output(Output::Console(ConsoleEvent::LogState { state, waiting }));
        }
        let is_running = self.log_waits.is_running();
        if !was_running && !is_running {
            return;
        }
        if !is_running {
            if matches!(state, LogState::Refusing(_))
                && let Some(conn) = planted::told_as_done(|| self.under_way.first_conn())
                && let Some(session) = self.session(conn)
            {
                session.committed();
            }
            for slot in 0..self.slots.len() {
                let Ok(slot) = u32::try_from(slot) else { continue };
                let conn = ConnId { slot, generation: self.slots[slot as usize].generation };
                // A line may wait for room in the log, with nothing of its connection under way.
                let has_ticket = self.log_waits.tickets.contains_key(&conn);
                if has_ticket || self.session(conn).is_some_and(|session| session.waits_for_log()) {
                    self.tell_of_wait(now, conn);
                }
            }
            return;
        }
        // What the log had been given may be lost: a copy that never comes back must not be waited for.
        self.under_way.forget_copies();
        self.propose_again(now, sink);
        let told: Vec<ConnId> = self.log_waits.told.keys().copied().collect();
        told.into_iter().for_each(|conn| self.log_waits.tell_at(conn, now.mono));
        self.wake_waiting(now);
    }

    /// Lets connections that wait for the log go on, as many as there is room for.
    pub(super) fn wake_waiting(&mut self, now: Now) {
        if self.log_waits.queue.is_empty() || !self.may_propose() {
            return;
        }
        let room = self.limits.proposals_max as usize - self.under_way.lines();
        // Each has a turn of its own, as if its line had just arrived.
        let at = Instant::from_micros(now.mono.as_micros().saturating_add(1));
        for _ in 0..room {
            let Some((_, conn)) = self.log_waits.queue.pop_first() else { return };
            self.set_timer(conn, DeadlineReason::Turn, at);
        }
    }

    /// Makes a connection wait for the log, because its next line needs it.
    pub(super) fn wait_for_log(&mut self, now: Now, conn: ConnId) {
        self.log_waits.enqueue(conn);
        self.tell_of_wait(now, conn);
    }

    /// Records that a connection does not wait for the log.
    pub(super) fn wait_for_log_is_over(&mut self, conn: ConnId) {
        // Nearly always: this runs for each line.
        if self.log_waits.tickets.is_empty() {
            return;
        }
        if !self.log_waits.entrances.contains_key(&conn) {
            self.log_waits.dequeue(conn);
        }
    }

    /// Records that a connection closes, and waits for nothing any more.
    pub(super) fn forget_log_wait(&mut self, conn: ConnId) {
        self.log_waits.dequeue(conn);
        self.log_waits.forget_told(conn);
    }

    /// Proposes the entrance of a connection, as soon as the log takes it.
    pub(super) fn propose_entrance(
        &mut self,
        now: Now,
        conn: ConnId,
        command: Command,
        sink: &mut impl Sink,
    ) {
        if self.may_propose() {
            self.log_waits.dequeue(conn);
            self.propose(now, Some(conn), command, sink);
        } else {
            self.log_waits.entrances.insert(conn, command);
            self.wait_for_log(now, conn);
        }
    }

    /// Goes on with an entrance that waits for the log, if it does.
    pub(super) fn resume_entrance(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        if let Some(command) = self.log_waits.take_entrance(conn) {
            self.propose_entrance(now, conn, command, sink);
        }
    }

    /// Has a client told that it waits for the log, if the log stands still. It is told by an input of its own, so that ten
    /// thousand are not told in one.
    pub(super) fn tell_of_wait(&mut self, now: Now, conn: ConnId) {
        let is_told = self.log_waits.is_running() || self.log_waits.told.contains_key(&conn);
        if !is_told && self.open(conn).is_some() {
            self.log_waits.tell_at(conn, now.mono);
        }
    }

    /// Tells the first client that is due that it waits for the log, or that it waits no longer.
    pub(super) fn tell_first_wait(&mut self, now: Now, sink: &mut impl Sink) {
        let Some((_, conn)) = self.log_waits.due.first().copied() else { return };
        self.log_waits.forget_told(conn);
        let notice = Notice::LogState(self.log_waits.state);
        let waits = self.session(conn).is_some_and(|it| it.link() == Link::Open && it.waits_for_log())
            || self.log_waits.tickets.contains_key(&conn);
        if waits && !self.log_waits.is_running() {
            self.log_waits.tell_at(conn, now.mono.plus_ms(TOLD_AGAIN_MS));
        }
        if waits || self.log_waits.is_running() {
            self.push_reply(now, conn, &Reply::Notice(notice), sink);
        }
    }
}
