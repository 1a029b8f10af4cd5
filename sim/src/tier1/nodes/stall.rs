//! The times at which the log that several processes share stands still. Each process notices at a time of its own.

use super::{Event, Nodes};
use crate::scenario::Setup;
use parlor_protocol::LogState;

impl Nodes {
    /// Schedules the times at which the log stands still.
    pub(super) fn schedule_stalls(&mut self) {
        for (begins, ends) in self.setup.stalls() {
            self.schedule(begins, Event::LogStops);
            self.schedule(ends, Event::LogGoesOn);
        }
    }

    /// The log takes nothing any more. Each process is told before the log goes on.
    pub(super) fn log_stops(&mut self) {
        self.log.stop();
        let Setup { stall_us, .. } = self.setup;
        self.tell_all(self.setup.stalled(), stall_us / 4);
    }

    /// The log takes proposals again. Each process is told: until then, it proposes nothing, and afterwards what was lost.
    pub(super) fn log_goes_on(&mut self) {
        let loses = self.setup.stall_loses;
        self.log.go_on(loses, (&mut self.stats.marks, &mut self.chaos));
        self.all_read_later();
        self.tell_all(LogState::Running, self.setup.stall_at_us / 4);
    }

    fn tell_all(&mut self, state: LogState, us_max: u64) {
        let processes: Vec<usize> = self.processes.keys().copied().collect();
        for id in processes {
            let at_us = self.now_us + self.chaos.below(us_max + 1);
            self.schedule(at_us, Event::LogState(id, state));
        }
    }
}
