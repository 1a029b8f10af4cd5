//! How a run ends: the faults stop, all come to rest, and the server stops.

use super::{Log, Rig};
use crate::law::Law;
use parlor_protocol::{Deadline, DeadlineReason, Dialect, Input};

/// All must come to rest, and then to its end, within this simulated time.
const REST_US_MAX: u64 = 3_600_000_000;

/// Tags of last lines; those of the scenario are below.
const LAST_TAGS: u64 = 1_000_000;

/// Those of last lines of IRC are so much above the others.
const LAST_IRC_TAGS: u64 = 500_000;

impl Rig {
    /// Faults stop; everybody who is there says a last line; nothing may be left to do.
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
        if self.outside.judge.violation.is_none() {
            self.outside.judge.at_rest(self.server.outbox());
            self.server.check_invariants();
        }
    }

    /// The server stops, and every connection ends.
    pub(super) fn end(&mut self) {
        if self.outside.judge.violation.is_some() {
            return;
        }
        self.input(Input::Shutdown);
        self.outside.net.wake();
        self.rest("end");
        if self.outside.judge.violation.is_none() {
            self.server.check_invariants();
            self.outside.judge.at_end(self.server.hub());
        }
    }

    fn rest(&mut self, what: &str) {
        let until = self.outside.net.now_us + REST_US_MAX;
        while self.outside.judge.violation.is_none()
            && !self.waits_for_life()
            && let Some(event) = self.outside.net.next()
        {
            self.happen(event);
            if self.outside.net.now_us > until {
                let verdict = Err(format!("it does not {what} within {} s", REST_US_MAX / 1_000_000));
                self.outside.judge.note(Law::Liveness, None, verdict);
            }
        }
        if let Log::Delayed(log) = &self.outside.log
            && !log.is_empty()
            && self.outside.judge.violation.is_none()
        {
            self.outside.judge.note(Law::Liveness, None, Err("the log does not answer".to_owned()));
        }
    }

    /// Nothing is going to happen but that clients are asked whether they are there, for ever.
    fn waits_for_life(&self) -> bool {
        let is_idle = |deadline: Deadline| deadline.why == DeadlineReason::Idle;
        self.outside.net.pending == 0
            && self.outside.net.ready.is_empty()
            && !self.outside.unsettled
            && self.server.deadline().is_some_and(|it| is_idle(it) && it.at > self.now().mono)
            && self.outside.judge.heard.model.is_at_rest()
    }
}

/// A last line of somebody's, behind whatever it had begun; of somebody who may speak either dialect, one in each.
pub(crate) fn last_words(dialect: Dialect, tag: u64) -> String {
    let plain = format!("#{tag} said\n");
    let irc = format!("JOIN #lobby\r\nPRIVMSG #lobby :#{} said\r\n", tag + LAST_IRC_TAGS);
    match dialect {
        Dialect::Auto => format!("\n{plain}{irc}"),
        Dialect::Irc => format!("\n{irc}"),
        Dialect::Custom(_) | Dialect::Plain => format!("\n{plain}"),
    }
}
