//! Reduces a failing scenario: removes steps, then simplifies the setup, then the remaining steps.

use crate::bug::SimBug;
use crate::law::Law;
use crate::scenario::{Act, Scenario};
use crate::tier1;
use crate::trace::Trace;

/// Returns the smallest scenario found that breaks the same law, and the number of scenarios that were run.
#[must_use]
pub fn minimize(scenario: &Scenario, law: Law, bug: Option<SimBug>) -> (Scenario, u64) {
    let mut search = Search { best: scenario.clone(), law, bug, runs: 0 };
    loop {
        let before = (search.best.steps.len(), search.best.to_string().len());
        search.remove_steps();
        search.calm_setup();
        search.simplify_steps();
        if (search.best.steps.len(), search.best.to_string().len()) == before {
            return (search.best, search.runs);
        }
    }
}

struct Search {
    best: Scenario,
    law: Law,
    bug: Option<SimBug>,
    runs: u64,
}

impl Search {
    /// Runs a candidate, and keeps it if it breaks the same law. Returns whether it does.
    fn try_out(&mut self, candidate: Scenario) -> bool {
        self.runs += 1;
        let outcome = tier1::run_with(&candidate, Trace::hash_only(), self.bug);
        let fails = outcome.violation.is_some_and(|violation| violation.law == self.law);
        if fails {
            self.best = candidate;
        }
        fails
    }

    /// Removes steps by delta debugging (Zeller and Hildebrandt, 2002): halves first, single steps last.
    fn remove_steps(&mut self) {
        let mut count = self.best.steps.len().div_ceil(2);
        while count > 0 {
            let mut start = 0;
            while start < self.best.steps.len() {
                let mut candidate = self.best.clone();
                let end = candidate.steps.len().min(start + count);
                candidate.steps.drain(start..end);
                if !self.try_out(candidate) {
                    start += count;
                }
            }
            count /= 2;
        }
    }

    fn calm_setup(&mut self) {
        for field in 0..self.best.setup.fields().len() {
            if let Some(setup) = self.best.setup.calmer_in(field) {
                self.try_out(Scenario { setup, steps: self.best.steps.clone() });
            }
        }
    }

    fn simplify_steps(&mut self) {
        for index in 0..self.best.steps.len() {
            if self.best.steps[index].after_us > 0 {
                let mut candidate = self.best.clone();
                candidate.steps[index].after_us = 0;
                self.try_out(candidate);
            }
            self.simplify_send(index);
        }
    }

    fn simplify_send(&mut self, index: usize) {
        let Act::Send { bytes, segment } = self.best.steps[index].act.clone() else { return };
        if segment > 0 {
            self.try_send(index, bytes, 0);
        }
        // Removes halves of the bytes first, single bytes last.
        let mut count = usize::MAX;
        while count > 0 {
            let Act::Send { bytes, segment } = self.best.steps[index].act.clone() else { return };
            count = count.min(bytes.len()) / 2;
            let mut start = 0;
            let mut bytes = bytes;
            while count > 0 && start + count < bytes.len() {
                let mut fewer = bytes.clone();
                fewer.drain(start..start + count);
                if self.try_send(index, fewer.clone(), segment) {
                    bytes = fewer;
                } else {
                    start += count;
                }
            }
        }
    }

    fn try_send(&mut self, index: usize, bytes: Vec<u8>, segment: usize) -> bool {
        let mut candidate = self.best.clone();
        candidate.steps[index].act = Act::Send { bytes, segment };
        self.try_out(candidate)
    }
}
