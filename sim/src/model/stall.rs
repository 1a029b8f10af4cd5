//! A log that stands still, or is full of proposals: lines and entrances wait, and their clients are told.

use super::Model;
use super::conn::{Link, Stage, Timer};
use crate::sometimes;
use parlor_protocol::plain::Note;
use parlor_protocol::{Command, ConnId, Instant, LogState, Notice, Reply};
use std::collections::BTreeMap;

/// A client is told again after this time.
const AGAIN_MS: u64 = 30_000;

/// The log as this server sees it.
#[derive(Debug, Default)]
pub(super) struct Stall {
    state: LogState,
    /// The connections that wait for the log, in the order in which they began to, and whether each may try again now.
    queue: Vec<(ConnId, bool)>,
    /// The clients that know, or are about to know, that they wait, with the time at which each is told next.
    told: BTreeMap<ConnId, Instant>,
}

impl Stall {
    pub(super) fn timers(&self) -> impl Iterator<Item = (Instant, Timer, ConnId)> {
        self.told.iter().map(|(&conn, &at)| (at, Timer::Log, conn))
    }
}

impl Model {
    /// Number of proposals under way that count for the limit.
    fn counted(&self) -> usize {
        let counts = |command: &Command| !matches!(command, Command::EndRoom { .. } | Command::Leave { .. });
        self.under_way.iter().filter(|it| counts(&it.command)).count()
    }

    pub(super) fn log_runs(&self) -> bool {
        self.stall.state == LogState::Running
    }

    pub(super) fn may_propose(&self) -> bool {
        self.log_runs() && self.counted() < self.limits.proposals_max as usize
    }

    pub(super) fn log_state(&mut self, state: LogState) {
        let before = std::mem::replace(&mut self.stall.state, state);
        let runs = |state| state == LogState::Running;
        match (runs(before), runs(state)) {
            (true, false) => {
                let waits = |stage| matches!(stage, Stage::Entering | Stage::Leaving(_));
                let queued = |id| self.stall.queue.iter().any(|(it, _)| *it == id);
                let waiting: Vec<ConnId> = self
                    .conns
                    .iter()
                    .filter(|(id, conn)| conn.under_way > 0 || waits(conn.stage) || queued(*id))
                    .map(|(id, _)| id)
                    .collect();
                waiting.into_iter().for_each(|id| self.will_be_told(id));
            }
            (_, true) => {
                self.forget_copies();
                self.propose_again();
                self.stall.told.values_mut().for_each(|at| *at = self.now.mono);
                self.wake();
            }
            (false, false) => {}
        }
    }

    /// Lets those who wait try again, as many as there is room for.
    pub(super) fn wake(&mut self) {
        if !self.may_propose() {
            return;
        }
        let room = self.limits.proposals_max as usize - self.counted();
        let next = Instant::from_micros(self.now.mono.as_micros() + 1);
        for (id, may_try) in self.stall.queue.iter_mut().filter(|(_, may_try)| !may_try).take(room) {
            *may_try = true;
            if let Some(conn) = self.conns.get_mut(*id) {
                conn.turn_timer = Some(next);
            }
        }
    }

    /// A connection waits for the log.
    pub(super) fn wait_for_log(&mut self, id: ConnId) {
        let full = self.log_runs();
        sometimes!(self.marks, LogFull, full);
        match self.stall.queue.iter_mut().find(|(it, _)| *it == id) {
            Some((_, may_try)) => *may_try = false,
            None => self.stall.queue.push((id, false)),
        }
        self.will_be_told(id);
    }

    /// A connection does not wait for the log, unless it waits to enter.
    pub(super) fn goes_on(&mut self, id: ConnId) {
        if self.conns.get(id).is_none_or(|conn| conn.entrance.is_none()) {
            self.stall.queue.retain(|(it, _)| *it != id);
        }
    }

    /// A connection is not told anything more.
    pub(super) fn forget_wait(&mut self, id: ConnId) {
        self.stall.queue.retain(|(it, _)| *it != id);
        self.stall.told.remove(&id);
    }

    /// A connection enters as soon as the log takes it.
    pub(super) fn propose_entrance(&mut self, id: ConnId, command: Command) {
        if self.may_propose() {
            self.stall.queue.retain(|(it, _)| *it != id);
            return self.propose_for(Some(id), command);
        }
        sometimes!(self.marks, EntranceWaits, !self.log_runs());
        if let Some(conn) = self.conns.get_mut(id) {
            conn.entrance = Some(command);
            self.wait_for_log(id);
        }
    }

    pub(super) fn will_be_told(&mut self, id: ConnId) {
        let is_open = self.conns.get(id).is_some_and(|conn| conn.link == Link::Open);
        if !self.log_runs() && is_open {
            self.stall.told.entry(id).or_insert(self.now.mono);
        }
    }

    /// Tells a client that it waits, or that it does not wait any more.
    pub(super) fn tell_of_log(&mut self, id: ConnId) {
        self.stall.told.remove(&id);
        let state = self.stall.state;
        let queued = self.stall.queue.iter().any(|(it, _)| *it == id);
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let waits = queued || conn.under_way > 0 || matches!(conn.stage, Stage::Entering | Stage::Leaving(_));
        if state != LogState::Running {
            if !waits {
                return;
            }
            self.stall.told.insert(id, self.now.mono.plus_ms(AGAIN_MS));
        }
        sometimes!(self.marks, ToldOfLog, true);
        if conn.irc.is_some() {
            return self.push(id, &Reply::Notice(Notice::LogState(state)));
        }
        let mut bytes = bytes::BytesMut::new();
        Note::LogState(state).render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        self.send(id, &bytes);
    }
}
