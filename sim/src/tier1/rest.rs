//! The last phases of a run: the faults stop, the run comes to rest, and the server stops.

use super::{Log, Rig};
use crate::law::Law;
use parlor_protocol::{Deadline, DeadlineReason, Dialect, Input};

/// Simulated time within which each of the last phases must be over.
pub(super) const REST_US_MAX: u64 = 3_600_000_000;

/// The first tag of the last messages. Tags of the scenario are below.
pub(super) const LAST_TAGS: u64 = 1_000_000;

/// The distance from the tags of plain last messages to those of IRC.
const LAST_IRC_TAGS: u64 = 500_000;

impl Rig {
    /// Ends the faults, and lets every client send a last message. The run must come to rest.
    pub(super) fn come_to_rest(&mut self) {
        self.outside.net.heal();
        for client in 0..self.clients.len() {
            let live = self.clients[client].filter(|&link| self.outside.net.links[link].is_live());
            if let Some(link) = live {
                let last = last_words(self.outside.net.links[link].dialect, LAST_TAGS + client as u64);
                self.send(link, last.as_bytes(), 0);
            }
        }
        self.rest("come to rest");
        if self.outside.checker.violation.is_none() {
            self.outside.checker.at_rest(self.server.outbox());
            self.server.check_invariants();
        }
    }

    /// Stops the server. Every connection must close.
    pub(super) fn end(&mut self) {
        if self.outside.checker.violation.is_some() {
            return;
        }
        self.input(Input::Shutdown);
        self.outside.net.wake();
        self.rest("end");
        if self.outside.checker.violation.is_none() {
            self.server.check_invariants();
            self.outside.checker.at_end(self.server.hub());
        }
    }

    fn rest(&mut self, what: &str) {
        let until = self.outside.net.now_us + REST_US_MAX;
        while self.outside.checker.violation.is_none()
            && !self.only_pings_are_left()
            && let Some(event) = self.outside.net.next()
        {
            self.handle_event(event);
            if self.outside.net.now_us > until {
                let result = Err(format!("it does not {what} within {} s", REST_US_MAX / 1_000_000));
                self.outside.checker.record(Law::Liveness, None, result);
            }
        }
        if let Log::Delayed(log) = &self.outside.log
            && !log.is_empty()
            && self.outside.checker.violation.is_none()
        {
            self.outside.checker.record(Law::Liveness, None, Err("the log does not answer".to_owned()));
        }
    }

    /// Whether the only events left are pings, which go on forever, and the ends of rooms that are kept.
    fn only_pings_are_left(&self) -> bool {
        self.server.deadline().is_some() && self.only_pings_may_be_left()
    }

    /// Whether the only events left are pings, or there is none at all, not even a tick that was to come before a timer.
    pub(super) fn is_at_rest(&self) -> bool {
        let timer = self.server.deadline().map(|deadline| deadline.at.as_micros());
        self.only_pings_may_be_left()
            && self.outside.net.tick_at().is_none_or(|tick| timer.is_some_and(|timer| timer <= tick))
    }

    /// Whether the only events left are pings, or there is none at all.
    fn only_pings_may_be_left(&self) -> bool {
        // What a client or a room waits for may take a day.
        let is_idle = |it: Deadline| matches!(it.why, DeadlineReason::Idle | DeadlineReason::Room);
        self.outside.net.pending == 0
            && self.outside.net.ready.is_empty()
            && !self.outside.unsettled
            && self.server.deadline().is_none_or(|it| is_idle(it) && it.at > self.now().mono)
            && self.outside.checker.heard.model.is_at_rest()
    }
}

/// Returns the last message of a client, after the end of a line that it may have begun. At a listener for all dialects
/// there is one in each dialect.
pub(crate) fn last_words(dialect: Dialect, tag: u64) -> String {
    let plain = format!("#{tag} said\n");
    let irc = format!("JOIN #lobby\r\nPRIVMSG #lobby :#{} said\r\n", tag + LAST_IRC_TAGS);
    match dialect {
        Dialect::Auto => format!("\n{plain}{irc}"),
        Dialect::Irc => format!("\n{irc}"),
        Dialect::Custom(_) | Dialect::Plain => format!("\n{plain}"),
    }
}
