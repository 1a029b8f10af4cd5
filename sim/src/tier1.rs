//! Tier 1: the real hub and the real outbox over simulated links, in one thread, in simulated time.
//!
//! Nothing waits: time jumps to the next event. A run is three phases: the scenario with its faults; then
//! the faults stop, everybody says a last line, and all must come to rest; then the server stops, and
//! everything must end.

mod events;
mod log;
mod net;
mod outputs;
mod rest;

use crate::bug::SimBug;
use crate::law::{Judge, Law, Violation};
use crate::mark::Marks;
use crate::scenario::{Act, Scenario, Setup};
use crate::sometimes;
use crate::trace::Trace;
use log::DelayedLog;
pub use net::Faults;
use net::{Event, Link, Net, Read};
use outputs::{Outputs, Tick, Wires};
use parlor_protocol::{
    Command, ConnId, Hub, Identity, Input, Instant, Limits, LogEntry, MemoryLog, Name, Now, Outbox, Output,
};
pub(crate) use rest::last_words;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// When the simulated server began, in wall time: 2026-11-24T12:00:00Z.
const BEGAN_UNIX_MS: u64 = 1_795_521_600_000;

/// Structural invariants of the core are checked at each so many ticks.
const CHECK_TICKS: u64 = 16;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The law that did not hold, if one did not.
    pub violation: Option<Violation>,
    /// Counts of everything that was done.
    pub stats: Stats,
    /// What happened, and a hash of it.
    pub trace: Trace,
}

/// What a run was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Acts that were done, by their word.
    pub acts: BTreeMap<&'static str, u64>,
    /// Faults that befell links.
    pub faults: Faults,
    /// Inputs of the hub, by their kind.
    pub inputs: BTreeMap<&'static str, u64>,
    /// Whole lines that came to the hub.
    pub lines: u64,
    /// Events that one connection heard of a room.
    pub deliveries: u64,
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
    /// States that it was in.
    pub marks: Marks,
}

impl Stats {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        for (word, count) in other.acts {
            *self.acts.entry(word).or_default() += count;
        }
        for (kind, count) in other.inputs {
            *self.inputs.entry(kind).or_default() += count;
        }
        self.faults.add(&other.faults);
        self.lines += other.lines;
        self.deliveries += other.deliveries;
        self.simulated_us += other.simulated_us;
        self.marks.extend(other.marks);
    }
}

/// Runs a scenario with every checker on.
#[must_use]
pub fn run(scenario: &Scenario, trace: Trace) -> Outcome {
    run_with(scenario, trace, None)
}

/// Runs a scenario with every checker on, and a bug planted in the simulator's own parts.
#[must_use]
pub fn run_with(scenario: &Scenario, trace: Trace, bug: Option<SimBug>) -> Outcome {
    run_checked(scenario, trace, bug, Checks::All)
}

/// What is checked in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Every law, and the invariants of the core.
    All,
    /// Nothing: to measure what checking costs.
    None,
}

pub(crate) fn run_checked(scenario: &Scenario, trace: Trace, bug: Option<SimBug>, checks: Checks) -> Outcome {
    let mut rig = Rig::new(&scenario.setup, trace, bug);
    rig.checks = checks;
    rig.judge.watches = checks == Checks::All;
    let ended = catch_unwind(AssertUnwindSafe(|| rig.play(scenario)));
    if let Err(panic) = ended {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
        rig.judge.note(Law::Panic, None, Err(text.to_owned()));
    }
    rig.outcome()
}

/// The server, its log, its network, and who watches them.
#[derive(Debug)]
struct Rig {
    hub: Hub,
    outbox: Outbox,
    log: Log,
    net: Net,
    judge: Judge,
    trace: Trace,
    stats: Stats,
    tick: Tick,
    bug: Option<SimBug>,
    setup: Setup,
    /// The link that each client has now.
    clients: Vec<Option<usize>>,
    aborted: Vec<ConnId>,
    ticks: u64,
    /// This tick rendered as much as one may.
    full: bool,
    /// Something has come of inputs since the last tick was over.
    unsettled: bool,
    /// The planted log loses the leave that is proposed now.
    loses_leave: bool,
    checks: Checks,
}

#[derive(Debug)]
enum Log {
    Delayed(DelayedLog),
    Memory(MemoryLog),
}

/// The hub's sink, of the rig's parts.
macro_rules! outputs {
    ($rig:expr) => {
        Outputs {
            outbox: &mut $rig.outbox,
            net: &mut $rig.net,
            judge: &mut $rig.judge,
            trace: &mut $rig.trace,
            aborted: &mut $rig.aborted,
            tick: &mut $rig.tick,
            marks: &mut $rig.stats.marks,
            bug: $rig.bug,
            proposed: Vec::new(),
        }
    };
}

impl Rig {
    fn new(setup: &Setup, trace: Trace, bug: Option<SimBug>) -> Self {
        let (limits, options) = (setup.limits, setup.options.clone());
        let hub_limits = match bug {
            Some(SimBug::LimitByOne) => Limits { line_bytes_max: limits.line_bytes_max - 1, ..limits },
            _ => limits,
        };
        let log = match setup.commit_us_max {
            0 => Log::Memory(MemoryLog::new()),
            _ => Log::Delayed(DelayedLog::default()),
        };
        Self {
            hub: Hub::new(hub_limits, options.clone()),
            outbox: Outbox::new(&limits),
            log,
            net: Net::new(setup, bug),
            judge: Judge::new(limits, &options),
            trace,
            stats: Stats::default(),
            tick: Tick::default(),
            bug,
            setup: setup.clone(),
            clients: vec![None; setup.clients.into()],
            aborted: Vec::new(),
            ticks: 0,
            full: false,
            unsettled: false,
            loses_leave: false,
            checks: Checks::All,
        }
    }

    fn play(&mut self, scenario: &Scenario) {
        self.configure();
        let mut steps = scenario.steps.iter();
        let mut next = steps.next();
        if let Some(step) = next {
            self.net.schedule(step.after_us, Event::Step);
        }
        while next.is_some()
            && self.judge.violation.is_none()
            && let Some(event) = self.net.next()
        {
            if event != Event::Step {
                self.happen(event);
                continue;
            }
            if let Some(step) = next {
                self.act(step.client, &step.act);
            }
            next = steps.next();
            if let Some(step) = next {
                self.net.schedule(self.net.now_us + step.after_us, Event::Step);
            }
        }
        self.come_to_rest();
        self.end();
    }

    /// The first entry of the log.
    fn configure(&mut self) {
        let (now, command) = (self.now(), self.hub.configuration());
        match &mut self.log {
            Log::Delayed(log) => {
                log.append(now, command, 0, &mut self.net.chaos);
                self.commit_delayed();
            }
            Log::Memory(log) => {
                log.append(now, command);
                self.commit_in_memory();
            }
        }
    }

    /// Carries out a client's act.
    fn act(&mut self, client: u16, act: &Act) {
        let link = self.clients[usize::from(client)].filter(|&link| self.net.links[link].is_live());
        let now_us = self.net.now_us;
        match (act, link) {
            (Act::Connect(_) | Act::ConnectAuto | Act::ConnectIrc, None) => {
                let door = act.door().unwrap_or_default();
                self.clients[usize::from(client)] = Some(self.net.connect(client, door));
            }
            (Act::Connect(_) | Act::ConnectAuto | Act::ConnectIrc, Some(_)) | (_, None) => return,
            (Act::EndInput, Some(link)) => self.net.end_input(link),
            (Act::Hang, Some(link)) => self.net.hang(link),
            (Act::Hold(us), Some(link)) => self.net.hold(link, *us),
            (Act::ReadOn, Some(link)) => self.net.read_on(link),
            (Act::Reset, Some(link)) => self.net.reset(link),
            (Act::Send { bytes, segment }, Some(link)) => self.send(link, bytes, *segment),
        }
        *self.stats.acts.entry(act.word()).or_default() += 1;
        self.trace.act(now_us, client, act);
    }

    fn send(&mut self, link: usize, bytes: &[u8], segment: usize) {
        self.judge.client_sent(link, bytes);
        self.net.send(link, bytes, segment);
    }

    /// What happens by the laws of the network and of the log.
    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival(link) => {
                if let Some(sent) = self.net.arrived(link) {
                    self.net.came(link, sent);
                }
            }
            Event::Commit => self.commit_delayed(),
            Event::Consume(link) => {
                if self.net.consumed(link) {
                    // It has seen the server's end, and closes its side, too.
                    self.net.end_input(link);
                }
            }
            Event::Identified => self.identify(),
            Event::Step => {}
            Event::Tick => self.tick(),
            Event::Verdict(conn, right) => {
                self.flush_if_full();
                self.input("verdict", Input::PasswordChecked { conn, right });
                self.net.wake();
            }
            Event::Writable(link) => self.net.writable_came(link),
        }
    }

    /// The server says something else of itself, and may begin or cease to want a password.
    fn identify(&mut self) {
        let Identity { motd, has_password, reserved_names, .. } =
            Arc::make_mut(&mut self.setup.options.identity);
        motd.push(format!("read again at {} µs", self.net.now_us));
        *has_password ^= self.net.chaos.chance(100);
        // Somebody may have the name that is nobody's from here on.
        *reserved_names = match reserved_names.len() {
            1 => Identity::default().reserved_names,
            _ => Name::parse("alice").into_iter().collect(),
        };
        let identity = Arc::clone(&self.setup.options.identity);
        sometimes!(self.stats.marks, Identified, true);
        self.flush_if_full();
        self.input("identified", Input::Identified { identity });
        self.net.wake();
    }

    /// One tick of the server, as the driver does it.
    fn tick(&mut self) {
        self.ticks += 1;
        self.accept();
        let now = self.now();
        while !self.full && self.hub.deadline().is_some_and(|deadline| deadline.at <= now.mono) {
            self.input("timeout", Input::Timeout);
        }
        let mut bytes_left = self.setup.limits.tick_bytes_max;
        for _ in 0..self.net.ready.len() {
            if bytes_left == 0 || self.full {
                break;
            }
            let Some(link) = self.net.ready.pop_front() else { break };
            bytes_left = bytes_left.saturating_sub(self.serve(link));
            if self.net.chaos.chance(self.setup.flush_per_mille) {
                self.flush();
                // Whom a flush gives up is told the reason before anything else ends it.
                self.answer_outbox();
            }
        }
        self.full = false;
        let checks = self.checks == Checks::All && self.ticks.is_multiple_of(CHECK_TICKS);
        if checks {
            self.outbox.check_invariants();
        }
        let more = self.flush();
        let answered = self.answer_outbox();
        self.judge.ticked(&self.outbox);
        if checks {
            self.check_invariants();
        }
        self.unsettled = more || answered || !self.net.ready.is_empty();
        if self.unsettled {
            self.net.tick_by(self.net.now_us + 1);
        } else if let Some(deadline) = self.hub.deadline() {
            self.net.tick_by(deadline.at.as_micros().max(self.net.now_us));
        }
    }

    fn accept(&mut self) {
        while let Some(conn) = self.hub.vacant()
            && let Some(link) = self.net.waiting.pop_front()
        {
            let Link { client, dialect, ref room, .. } = self.net.links[link];
            let (peer, room) = (self.setup.peer(client), room.clone());
            self.outbox.opened(conn);
            self.net.accepted(link, conn);
            self.judge.link_accepted(link, conn);
            sometimes!(self.stats.marks, SecondGeneration, conn.generation > 0);
            self.trace.accepted(self.net.now_us, conn, client);
            self.input("accepted", Input::Accepted { conn, dialect, peer, room: room.as_ref() });
        }
        sometimes!(self.stats.marks, AcceptWaits, !self.net.waiting.is_empty());
    }

    /// Serves one connection that has something to do; returns how many bytes it sent.
    fn serve(&mut self, link: usize) -> usize {
        let Some(conn) = self.net.links[link].conn.filter(|_| !self.net.links[link].gone) else { return 0 };
        if self.net.begin_turn(link) {
            self.outbox.writable(conn);
        }
        let mut count = 0;
        match self.net.read(link) {
            Read::Broken => {
                self.judge.lost(conn);
                self.close(link, conn);
            }
            Read::Bytes(bytes) => {
                count = bytes.len();
                self.stats.lines += memchr::memchr_iter(b'\n', &bytes).count() as u64;
                self.input("received", Input::Received { conn, bytes });
            }
            Read::End => self.input("read_closed", Input::ReadClosed { conn }),
            Read::Nothing => {}
        }
        let state = &self.net.links[link];
        if !state.gone && state.finished && !state.read_open {
            self.close(link, conn);
        }
        count
    }

    fn close(&mut self, link: usize, conn: ConnId) {
        let half_written = self.net.links[link].blocked;
        sometimes!(self.stats.marks, ClosedHalfWritten, half_written);
        self.loses_leave = half_written && self.bug == Some(SimBug::CloseLosesLeave);
        self.net.dropped(link);
        self.outbox.closed(conn);
        self.trace.closed(self.net.now_us, conn);
        self.input("closed", Input::Closed { conn });
        self.loses_leave = false;
        // The client sees the end of it.
        self.net.schedule_consume(link);
    }

    fn flush(&mut self) -> bool {
        let mut wires = Wires { net: &mut self.net, judge: &mut self.judge, trace: &mut self.trace };
        let more = self.outbox.flush(&mut wires);
        for (conn, room) in std::mem::take(&mut self.tick.kept) {
            self.outbox.output(&Output::Unsubscribe { conn, room });
        }
        self.tick = Tick::default();
        sometimes!(self.stats.marks, FlushInSlices, more);
        more
    }

    /// Writes what is rendered before it is too much, and tells those the reason who are owed too much.
    fn flush_if_full(&mut self) {
        if !self.outbox.is_full() {
            return;
        }
        self.full = true;
        sometimes!(self.stats.marks, FullTick, true);
        while self.flush() {}
        while let Some(conn) = self.outbox.next_overflowed() {
            self.judge.given_up(conn, &self.outbox);
            self.give("overflowed", Input::Overflowed { conn });
        }
    }

    fn answer_outbox(&mut self) -> bool {
        let mut any = false;
        while let Some(conn) = self.outbox.next_overflowed() {
            self.judge.given_up(conn, &self.outbox);
            self.input("overflowed", Input::Overflowed { conn });
            any = true;
        }
        while let Some(conn) = self.outbox.next_drained() {
            self.input("drained", Input::Drained { conn });
            any = true;
        }
        if self.bug == Some(SimBug::BacklogTwice) {
            self.close_for_half();
        }
        while let Some(conn) = self.aborted.pop() {
            if let Some(link) = self.net.of(conn) {
                sometimes!(self.stats.marks, StopsWithoutReading, self.net.links[link].blocked);
                self.judge.lost(conn);
                self.close(link, conn);
                any = true;
            }
        }
        any
    }

    /// The planted bug: who owes half of what one may owe is closed.
    fn close_for_half(&mut self) {
        let half = self.setup.limits.backlog_bytes_max / 2;
        let links = self.net.links.iter().filter(|link| link.blocked && !link.gone);
        let blocked: Vec<ConnId> = links.filter_map(|link| link.conn).collect();
        let open: Vec<ConnId> = self.judge.heard.model.open_conns().collect();
        for conn in blocked {
            let owed = self.judge.heard.model.due(conn).map_or(0, |due| due.left());
            if owed > half && open.contains(&conn) {
                self.judge.given_up(conn, &self.outbox);
                self.input("overflowed", Input::Overflowed { conn });
            }
        }
    }

    /// Gives the hub one input and, where the log is in memory, all that it commits.
    fn input(&mut self, kind: &'static str, input: Input<'_>) {
        self.give(kind, input);
        self.commit_in_memory();
        if let Some(deadline) = self.hub.deadline() {
            self.net.tick_by(deadline.at.as_micros().max(self.net.now_us));
        }
    }

    /// Gives the hub one input. What it proposes is on its way into the log.
    fn give(&mut self, kind: &'static str, input: Input<'_>) {
        let now = self.now();
        *self.stats.inputs.entry(kind).or_default() += 1;
        self.unsettled = true;
        self.trace.input(now, &input);
        self.judge.input(now, &input);
        let mut outputs = outputs!(self);
        self.hub.handle(now, input, &mut outputs);
        let proposed = outputs.proposed;
        self.propose(now, proposed);
    }

    fn propose(&mut self, now: Now, commands: Vec<Command>) {
        self.judge.proposed(commands.iter());
        for command in commands {
            if self.loses_leave && matches!(command, Command::Leave { .. }) {
                continue;
            }
            match &mut self.log {
                Log::Delayed(log) => {
                    let due = log.append(now, command, self.setup.commit_us_max, &mut self.net.chaos);
                    self.net.schedule(due, Event::Commit);
                }
                Log::Memory(log) => log.append(now, command),
            }
        }
    }

    /// A log in memory answers before the next input.
    fn commit_in_memory(&mut self) {
        while let Log::Memory(log) = &self.log
            && !log.uncommitted().is_empty()
        {
            self.flush_if_full();
            let Log::Memory(log) = &mut self.log else { return };
            let entries = log.uncommitted().to_vec();
            let now = self.now();
            self.observe_commit(now, &entries);
            let mut outputs = outputs!(self);
            let Log::Memory(log) = &mut self.log else { return };
            log.commit(&mut self.hub, now, &mut outputs);
            self.judge.committed(&entries);
            let proposed: Vec<Command> =
                log.uncommitted().iter().map(|entry| entry.command.clone()).collect();
            self.judge.proposed(proposed.iter());
        }
    }

    fn commit_delayed(&mut self) {
        let Log::Delayed(log) = &mut self.log else { return };
        let entries = log.commit(self.net.now_us, &mut self.net.chaos);
        if entries.is_empty() {
            return;
        }
        self.flush_if_full();
        let now = self.now();
        self.unsettled = true;
        self.observe_commit(now, &entries);
        let mut outputs = outputs!(self);
        self.hub.handle(now, Input::Committed { entries: &entries }, &mut outputs);
        let proposed = outputs.proposed;
        self.judge.committed(&entries);
        self.propose(now, proposed);
        self.net.wake();
    }

    fn observe_commit(&mut self, now: Now, entries: &[LogEntry]) {
        sometimes!(self.stats.marks, GroupCommit, entries.len() > 1);
        let entered = entries.iter().filter_map(|entry| match entry.command {
            Command::Enter { conn, .. } => Some(conn),
            _ => None,
        });
        sometimes!(self.stats.marks, EntersGone, { entered }.any(|conn| self.net.of(conn).is_none()));
        let input = Input::Committed { entries };
        *self.stats.inputs.entry("committed").or_default() += 1;
        self.trace.input(now, &input);
        self.judge.input(now, &input);
    }

    fn check_invariants(&self) {
        self.hub.check_invariants();
        self.outbox.check_invariants();
    }

    fn now(&self) -> Now {
        let us = self.net.now_us;
        Now { mono: Instant::from_micros(us), unix_ms: BEGAN_UNIX_MS + us / 1_000 }
    }

    fn outcome(mut self) -> Outcome {
        self.stats.faults = self.net.faults;
        sometimes!(self.stats.marks, HeldLink, self.net.has_held);
        self.stats.marks.append(&mut self.judge.take_marks());
        self.stats.deliveries = self.outbox.counters().deliveries;
        self.stats.simulated_us = self.net.now_us;
        self.trace.end(self.net.now_us, self.judge.replay.sent_hash());
        Outcome { violation: self.judge.violation, stats: self.stats, trace: self.trace }
    }
}
