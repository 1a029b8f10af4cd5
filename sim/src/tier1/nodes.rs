//! Several nodes on one log, and the lives of each: processes that crash, that are started again, and that go on beside their
//! successor until they read that it has started.
//!
//! Each process has a server, a network, clients, a model and a checker of its own. All have one time, and each node a wall clock
//! that may be wrong. The log takes the proposals of all, and each process reads the entries in its own time.

mod log;
mod rest;
mod stall;

use super::events::Events;
use super::{Outcome, Rig, Stats};
use crate::bug::SimBug;
use crate::law::{CheckResult, Checks, Law, Violation, lives};
use crate::mark::Marks;
use crate::scenario::{Act, Scenario, Setup, Shared, Step};
use crate::sometimes;
use crate::source::Source;
use crate::trace::{Process as Name, Trace};
use log::SharedLog;
use parlor_protocol::{Input, Life, LogEntry, LogState, NodeId};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Maximum time in microseconds until a node is started whose process has stopped by itself.
const RESTART_US_MAX: u64 = 100_000;

/// Probability, in a thousand, that a process starts with a part of the log that is not the latest.
const STALE_PER_MILLE: u64 = 100;

/// A scheduled event outside of all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A proposal arrives at the log, by its number.
    Arrive(u64),
    /// A process reads entries.
    Deliver(usize),
    /// The log takes proposals again.
    LogGoesOn,
    /// A process is told the state of the log.
    LogState(usize, LogState),
    /// The log stands still.
    LogStops,
    /// A process of this node starts, unless there is one.
    Start(usize),
    /// The next step of the scenario is due.
    Step,
}

/// The nodes, their processes, and the log.
pub(super) struct Nodes {
    setup: Setup,
    bug: Option<SimBug>,
    checks: Checks,
    now_us: u64,
    chaos: Source<'static>,
    events: Events<Event>,
    /// Number of scheduled events.
    pending: u64,
    log: SharedLog,
    nodes: Vec<Node>,
    /// The processes that run, by their numbers.
    processes: BTreeMap<usize, Process>,
    /// Number of processes so far.
    started: usize,
    /// The process to which each client connected last.
    clients: Vec<Option<usize>>,
    /// Whether no process is started any more.
    is_ending: bool,
    /// The entries that processes have applied that are gone.
    applied: Vec<(Name, Vec<LogEntry>)>,
    /// The messages that the clients of processes have read that are gone.
    said: lives::Lives,
    trace: Trace,
    stats: Stats,
    violation: Option<Violation>,
}

/// A node: what the processes have in common that run one after the other.
#[derive(Debug)]
struct Node {
    /// The process that clients connect to.
    current: Option<usize>,
    /// The time by which its wall clock is ahead.
    ahead_ms: i64,
    /// Number of processes so far.
    lives: u32,
    /// The time without a process when the current one has stopped.
    down_us: u64,
}

/// One process.
#[derive(Debug)]
struct Process {
    name: Name,
    life: Life,
    rig: Rig,
    /// Number of entries of the log that it has read.
    read: usize,
    /// Whether it will read more.
    is_reading: bool,
}

impl Nodes {
    pub(super) fn new(setup: &Setup, trace: Trace, bug: Option<SimBug>, checks: Checks) -> Self {
        // The first choices of the processes' networks must not be the same.
        let mut chaos = Source::seed(setup.chaos_seed.rotate_left(32));
        let skew_ms_max = setup.shared.skew_ms_max;
        let mut node = || {
            let ahead_ms = chaos.below(2 * skew_ms_max + 1).cast_signed() - skew_ms_max.cast_signed();
            Node { current: None, ahead_ms, lives: 0, down_us: 0 }
        };
        Self {
            setup: setup.clone(),
            bug,
            checks,
            now_us: 0,
            nodes: (0..setup.shared.nodes).map(|_| node()).collect(),
            chaos,
            events: Events::new(),
            pending: 0,
            log: SharedLog::default(),
            processes: BTreeMap::new(),
            started: 0,
            clients: vec![None; setup.clients.into()],
            is_ending: false,
            applied: Vec::new(),
            said: lives::Lives::default(),
            trace,
            stats: Stats::default(),
            violation: None,
        }
    }

    /// Plays a scenario. A panic is a violation.
    pub(super) fn run(mut self, scenario: &Scenario) -> Outcome {
        let ended = catch_unwind(AssertUnwindSafe(|| self.play(scenario)));
        if let Err(panic) = ended {
            let text = super::panic_text(&*panic);
            self.record(None, Law::Panic, Err(text));
        }
        self.stats.simulated_us = self.now_us;
        self.trace.of(None);
        self.trace.end(self.now_us, 0);
        let Self { violation, stats, trace, .. } = self;
        Outcome { violation, stats, trace }
    }

    fn play(&mut self, scenario: &Scenario) {
        for node in 0..self.nodes.len() {
            self.schedule(0, Event::Start(node));
        }
        self.schedule_stalls();
        let mut steps = scenario.steps.iter().peekable();
        if let Some(step) = steps.peek() {
            self.schedule(step.after_us, Event::Step);
        }
        while steps.peek().is_some() && self.violation.is_none() {
            match self.next() {
                None => break,
                Some(Some(Event::Step)) => {
                    let step = steps.next().expect("one is left");
                    self.step(step);
                    if let Some(step) = steps.peek() {
                        self.schedule(self.now_us + step.after_us, Event::Step);
                    }
                }
                Some(Some(event)) => self.handle(event),
                Some(None) => {}
            }
        }
        self.come_to_rest();
        self.end();
    }

    fn schedule(&mut self, at_us: u64, event: Event) {
        self.pending += 1;
        self.events.push(at_us, event);
    }

    /// Advances to the next event. One of a process is handled; another one is returned. Returns `None` if there is none.
    fn next(&mut self) -> Option<Option<Event>> {
        let own = self.events.peek().map(|(at_us, _)| at_us);
        let of_processes = self
            .processes
            .iter()
            .filter_map(|(&id, process)| process.rig.outside.net.next_at().map(|at_us| (at_us, id)));
        match (own, of_processes.min()) {
            (None, None) => None,
            (Some(own), next) if next.is_none_or(|(at_us, _)| own <= at_us) => {
                let (at_us, event) = self.events.pop()?;
                self.now_us = self.now_us.max(at_us);
                self.pending -= 1;
                Some(Some(event))
            }
            (_, Some((at_us, id))) => {
                self.now_us = self.now_us.max(at_us);
                self.on(id, |rig| {
                    if let Some(event) = rig.outside.net.next_one() {
                        rig.handle_event(event);
                    }
                });
                Some(None)
            }
            (Some(_), None) => unreachable!("it is the next"),
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive(number) => {
                self.log.arrive(number, &mut self.chaos);
                self.all_read_later();
            }
            Event::Deliver(id) => self.deliver(id),
            Event::LogGoesOn => self.log_goes_on(),
            Event::LogState(id, state) => self.on(id, |rig| rig.log_state(state)),
            Event::LogStops => self.log_stops(),
            Event::Start(node) if self.nodes[node].current.is_none() && !self.is_ending => self.start(node),
            Event::Start(_) | Event::Step => {}
        }
    }

    /// Carries out a step of a client, or what happens to the client's node.
    fn step(&mut self, step: &Step) {
        let client = usize::from(step.client);
        let node = client % self.nodes.len();
        let current = self.nodes[node].current;
        let happens = match step.act {
            Act::Crash { down_us } => {
                self.nodes[node].down_us = down_us;
                current.map(|id| self.crash_soon(id))
            }
            Act::Restart { down_us } => {
                self.nodes[node].down_us = down_us;
                current.map(|id| self.stop(id))
            }
            Act::SetClock { ahead_ms } => {
                self.nodes[node].ahead_ms = ahead_ms;
                Some(())
            }
            Act::StartTwice => current.map(|_| self.start(node)),
            _ => {
                let connects = step.act.listener().is_some();
                let id = if connects { current } else { self.clients[client] };
                if let Some(id) = id.filter(|id| self.processes.contains_key(id)) {
                    self.clients[client] = Some(id);
                    self.on(id, |rig| rig.act(step.client, &step.act));
                }
                return;
            }
        };
        if happens.is_some() {
            *self.stats.acts.entry(step.act.word()).or_default() += 1;
            self.trace.of(current.and_then(|id| self.processes.get(&id)).map(|process| process.name));
            self.trace.act(self.now_us, step.client, &step.act);
        }
    }

    /// Starts a process of a node. It begins with what the log has, or with a part of that.
    fn start(&mut self, node: usize) {
        let mut known = self.log.len();
        if self.chaos.chance(STALE_PER_MILLE) {
            known = known.saturating_sub(self.chaos.index(4));
        }
        self.settle(known);
        let mut entries = self.log.entries()[..known].to_vec();
        if self.bug == Some(SimBug::LogForgets) {
            entries.pop();
        }
        let life = Life(self.chaos.below(u64::MAX));
        let mut setup = self.setup.clone();
        setup.chaos_seed = life.0;
        setup.options.life = life;
        setup.options.node = NodeId(u16::try_from(node).expect("there are few nodes"));
        let id = self.started;
        self.started += 1;
        if self.log.stands() {
            self.schedule(self.now_us, Event::LogState(id, self.setup.stalled()));
        }
        self.nodes[node].lives += 1;
        let name = Name { node: setup.options.node.0, life: self.nodes[node].lives };
        self.nodes[node].current = Some(id);
        self.log.began(life);
        self.trace.of(Some(name));
        self.trace.process(self.now_us, "starts", known as u64);
        let mut rig = Rig::resume(&setup, Trace::off(), self.bug, &entries);
        rig.outside.checker.checks = self.checks;
        self.processes.insert(id, Process { name, life, rig, read: known, is_reading: false });
        self.on(id, |rig| {
            rig.outside.began();
            rig.outside.net.wake();
        });
        self.read_later(id);
    }

    fn all_read_later(&mut self) {
        let processes: Vec<usize> = self.processes.keys().copied().collect();
        processes.into_iter().for_each(|id| self.read_later(id));
    }

    /// Lets a process read the entries that it has not read yet, after a while.
    fn read_later(&mut self, id: usize) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        let has_more = process.read < self.log.len() && !process.rig.server.hub().is_over();
        if has_more && !std::mem::replace(&mut process.is_reading, true) {
            let at_us = self.now_us + self.chaos.below(self.setup.shared.deliver_us_max + 1);
            self.schedule(at_us, Event::Deliver(id));
        }
    }

    /// Lets a process read one entry or several.
    fn deliver(&mut self, id: usize) {
        let one = self.chaos.chance(500);
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.is_reading = false;
        let from = process.read;
        if from == self.log.len() {
            // What it was to read is lost.
            return;
        }
        let count = if one { 1 } else { 1 + self.chaos.index(self.log.len() - from) };
        process.read = from + count;
        self.settle(from + count);
        let entries = self.log.entries()[from..from + count].to_vec();
        sometimes!(self.stats.marks, BothSpeak, self.log.speakers(from, count) > 1);
        self.on(id, |rig| rig.take_entries(entries));
        self.read_later(id);
    }

    fn settle(&mut self, count: usize) {
        self.log.settle(count, &mut self.stats.marks);
    }

    /// Lets a process die: at once, or in the middle of its next tick.
    fn crash_soon(&mut self, id: usize) {
        if self.chaos.chance(400) {
            return self.crash(id);
        }
        let after = self.chaos.index(4);
        self.on(id, |rig| {
            rig.dies_after = Some(after);
            rig.outside.net.wake();
        });
    }

    /// Ends a process without its doing.
    fn crash(&mut self, id: usize) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        let hub = process.rig.server.hub();
        process.rig.outside.checker.at_crash(hub);
        self.log.crashed(id, process.life, &mut self.chaos);
        self.is_gone(id, process, "crashes");
    }

    fn stop(&mut self, id: usize) {
        self.on(id, |rig| {
            rig.input(Input::Shutdown);
            rig.outside.net.wake();
        });
    }

    /// Lets a process do something, and handles what follows from it.
    fn on(&mut self, id: usize, act: impl FnOnce(&mut Rig)) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        let rig = &mut process.rig;
        rig.outside.net.now_us = self.now_us;
        rig.outside.skew_ms = self.nodes[usize::from(process.name.node)].ahead_ms;
        self.trace.of(Some(process.name));
        std::mem::swap(&mut self.trace, &mut rig.outside.trace);
        act(rig);
        std::mem::swap(&mut self.trace, &mut rig.outside.trace);
        let proposals = rig.outside.proposed_to_log();
        let (name, is_dead) = (process.name, rig.is_dead);
        let violation = rig.outside.checker.violation.clone();
        let violation = violation.map(|it| Violation { process: Some(name), ..it });
        self.violation = self.violation.take().or(violation);
        for proposal in proposals {
            for (at_us, number) in
                self.log.propose(id, (self.now_us, &self.setup), &proposal, &mut self.chaos)
            {
                self.schedule(at_us, Event::Arrive(number));
            }
        }
        self.compare(id);
        if is_dead {
            self.crash(id);
        } else {
            self.retire(id);
        }
    }

    /// Compares the world of a process with that of the log at the same position.
    fn compare(&mut self, id: usize) {
        let Some(process) = self.processes.get(&id) else { return };
        let (name, world) = (process.name, process.rig.server.hub().world());
        if self.checks != Checks::All || world.position() == process.rig.compared {
            return;
        }
        let (position, digest) = (world.position(), world.digest());
        let result = self.log.check(position, digest);
        if let Some(process) = self.processes.get_mut(&id) {
            process.rig.compared = position;
        }
        self.record(Some(name), Law::Lives, result);
    }

    /// Removes a process whose life is over, when it has closed all connections. The node is started again.
    fn retire(&mut self, id: usize) {
        let Some(process) = self.processes.get(&id) else { return };
        let hub = process.rig.server.hub();
        if !hub.is_over() {
            return;
        }
        let is_idle = hub.connections() == 0;
        let node = &mut self.nodes[usize::from(process.name.node)];
        if node.current.take_if(|current| *current == id).is_some() {
            let down_us = match std::mem::take(&mut node.down_us) {
                0 => self.chaos.below(RESTART_US_MAX),
                down_us => down_us,
            };
            let index = usize::from(process.name.node);
            self.schedule(self.now_us + down_us, Event::Start(index));
        }
        if is_idle && let Some(mut process) = self.processes.remove(&id) {
            process.rig.outside.checker.at_end(process.rig.server.hub());
            self.is_gone(id, process, "is over");
        }
    }

    /// Records what a process has done that is gone.
    fn is_gone(&mut self, id: usize, process: Process, how: &'static str) {
        let Process { name, life, mut rig, .. } = process;
        self.log.is_over(life);
        self.trace.of(Some(name));
        self.trace.process(self.now_us, how, 0);
        std::mem::swap(&mut self.trace, &mut rig.outside.trace);
        let stats = rig.end_stats();
        std::mem::swap(&mut self.trace, &mut rig.outside.trace);
        self.stats.add(Stats { simulated_us: 0, ..stats });
        if let Some(violation) = rig.outside.checker.violation.take() {
            self.record(Some(name), violation.law, Err(violation.detail));
        }
        let said = self.said.add(&rig.outside.checker.lives);
        self.record(Some(name), Law::Lives, said);
        self.applied.push((name, rig.outside.checker.replay.entries().to_vec()));
        let node = &mut self.nodes[usize::from(name.node)];
        if node.current.take_if(|current| *current == id).is_some() {
            let at_us = self.now_us + node.down_us;
            self.schedule(at_us, Event::Start(name.node.into()));
        }
    }

    /// Records a violation, if the check failed and it is the first one.
    fn record(&mut self, name: Option<Name>, law: Law, result: CheckResult) {
        if let Err(detail) = result {
            let (at_us, process, conn) = (self.now_us, name, None);
            self.violation.get_or_insert(Violation { law, at_us, process, conn, detail });
        }
    }
}
