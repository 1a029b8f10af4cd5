//! Small worlds of the log, all of them: two nodes, one of which has two lives, and three proposals of each life, in every order
//! in which the log can take, repeat, lose and deliver them.
//!
//! Each process is a real server. A state consists of the log, of what is on its way to the log, and of the states of the
//! processes; equal states are visited once. Random runs could miss an order.

mod digests;
mod laws;
mod logs;
mod process;
mod state;

use digests::Digests;
use logs::Logs;
use parlor_protocol::{Life, NodeId};
pub use process::Clients;
use process::Clients::{Nobody, Speaker, Two};
use process::{Kind, Processes};
use state::State;
use std::collections::BTreeMap;
use std::fmt;

/// The number of times that something happens that does not have to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Proposals that are overtaken by the next ones of their process.
    pub delays: u8,
    /// Proposals that arrive twice.
    pub repeats: u8,
    /// Processes for which the log stands still once, and may lose what it was given before.
    pub stalls: u8,
}

impl Bounds {
    /// Nothing that does not have to happen.
    pub const NONE: Self = Self { delays: 0, repeats: 0, stalls: 0 };
    /// One proposal is overtaken.
    pub const DELAY: Self = Self { delays: 1, ..Self::NONE };
    /// One proposal arrives twice.
    pub const REPEAT: Self = Self { repeats: 1, ..Self::NONE };
    /// The log stands still for one process.
    pub const STALL: Self = Self { stalls: 1, ..Self::NONE };
}

/// A world: the clients of the first life of node 0, of node 1, and of the second life of node 0; and what happens to their
/// proposals.
pub type World = ([Clients; 3], Bounds);

/// The worlds that are visited whole in about a minute.
pub const WHOLE: &[World] = &[
    ([Two, Speaker, Speaker], Bounds::NONE),
    ([Two, Speaker, Speaker], Bounds::DELAY),
    ([Two, Speaker, Speaker], Bounds::REPEAT),
    ([Speaker, Speaker, Speaker], Bounds::DELAY),
    ([Speaker, Speaker, Speaker], Bounds::REPEAT),
    ([Two, Nobody, Speaker], Bounds { delays: 1, repeats: 1, stalls: 0 }),
    ([Two, Nobody, Speaker], Bounds::STALL),
    ([Speaker, Nobody, Two], Bounds::STALL),
    ([Nobody, Two, Nobody], Bounds::STALL),
];

/// The number of states that were visited, and what is in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Different states.
    pub states: u64,
    /// Steps from one state to another.
    pub steps: u64,
    /// States in which nothing is left to do.
    pub at_rest: u64,
    /// Different logs.
    pub logs: usize,
    /// Different states of one process.
    pub process_states: usize,
    /// Largest number of steps to a state.
    pub depth: u32,
}

/// A law that does not hold, and the steps to the state in which it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The observation.
    pub observation: String,
    /// The steps.
    pub steps: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        f.write_str(&self.observation)
    }
}

/// Visits every state of a world.
///
/// # Errors
/// Returns the first law that does not hold.
pub fn enumerate((clients, bounds): World) -> Result<Report, Box<Violation>> {
    let kind = |node, life, clients| Kind { node: NodeId(node), life: Life(life), clients };
    let [first, other, second] = clients;
    Enumerator::new([kind(0, 1, first), kind(1, 2, other), kind(0, 3, second)]).run(bounds)
}

/// The states that are known, and those that are left to visit.
#[derive(Debug)]
struct Enumerator {
    logs: Logs,
    processes: Processes,
    /// The rank that is visited.
    rank: u32,
    /// The states of this rank and of those behind it. No step leads to a lower rank.
    ranks: BTreeMap<u32, Rank>,
    report: Report,
}

/// The states of one rank.
#[derive(Debug, Default)]
struct Rank {
    known: Digests,
    states: Vec<State>,
}

impl Enumerator {
    fn new(kinds: [Kind; 3]) -> Self {
        let (logs, processes) = (Logs::new(), Processes::new(kinds));
        Self { logs, processes, rank: 0, ranks: BTreeMap::new(), report: Report::default() }
    }

    fn run(mut self, bounds: Bounds) -> Result<Report, Box<Violation>> {
        let first = State::first(bounds, &mut self.logs, &mut self.processes);
        self.reach(first.map_err(|observation| Violation { observation, steps: Vec::new() })?);
        while let Some(mut rank) = self.ranks.first_entry() {
            self.rank = *rank.key();
            match rank.get_mut().states.pop() {
                Some(state) => self.visit(&state)?,
                None => drop(rank.remove()),
            }
        }
        self.report.logs = self.logs.len();
        self.report.process_states = self.processes.len();
        Ok(self.report)
    }

    /// Checks a state, and takes every step from it.
    fn visit(&mut self, state: &State) -> Result<(), Violation> {
        self.report.states += 1;
        self.report.depth = self.report.depth.max(state.depth());
        if state.is_at_rest(&self.logs, &self.processes) {
            self.report.at_rest += 1;
            let result = laws::at_rest(state, &self.logs, &self.processes);
            result.map_err(|observation| state.violation(observation, &self.logs))?;
        }
        let silent = state.silent_step(&mut self.logs, &mut self.processes);
        let steps = silent.map_or_else(|| state.steps(&self.logs, &self.processes), |step| vec![step]);
        for step in steps {
            self.report.steps += 1;
            let mut next = state.clone();
            let result = next.take(step, &mut self.logs, &mut self.processes);
            result.map_err(|observation| next.violation(observation, &self.logs))?;
            self.reach(next);
        }
        Ok(())
    }

    fn reach(&mut self, state: State) {
        let rank = state.rank(&self.logs, &self.processes);
        debug_assert!(rank >= self.rank, "no step leads back");
        let Rank { known, states } = self.ranks.entry(rank).or_default();
        if known.insert(state.digest(&self.logs, &self.processes)) {
            states.push(state);
        }
    }
}
