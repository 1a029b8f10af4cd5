//! Tier 1: runs the real server, with its hub and outbox, over simulated links, in one thread and in simulated time.
//!
//! Nothing waits: time jumps to the next event. A run has three phases. First the steps of the scenario are done, with
//! their faults. Then the faults stop, every client sends a last message, and the run must come to rest. Finally the
//! server stops, and every connection must close.

mod events;
mod log;
mod net;
mod nodes;
mod outside;
mod rest;

use crate::bug::SimBug;
use crate::law::{Checks, Law, Violation};
use crate::mark::Marks;
use crate::scenario::{Act, Scenario, Setup};
use crate::sometimes;
use crate::trace::Trace;
use log::DelayedLog;
pub use net::Faults;
use net::{Event, Link, Read};
use nodes::Nodes;
use outside::Outside;
use parlor_protocol::{
    ConnId, Identity, Input, Limits, LogEntry, LogState, MemoryLog, Name, Now, Proposal, Seq, Server, Via,
    World,
};
pub(crate) use rest::last_words;
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Number of ticks after which the invariants of the core are checked again.
const CHECK_TICKS: u64 = 16;

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The first violation of a law, if there is one.
    pub violation: Option<Violation>,
    /// Statistics of the run.
    pub stats: Stats,
    /// The events of the run, and their hash.
    pub trace: Trace,
}

/// Statistics of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Number of acts of clients by kind.
    pub acts: BTreeMap<&'static str, u64>,
    /// Number of faults of links.
    pub faults: Faults,
    /// Number of inputs of the hub by kind.
    pub inputs: BTreeMap<&'static str, u64>,
    /// Number of whole lines that the hub received.
    pub lines: u64,
    /// Number of deliveries: an event of a room that was sent to a connection.
    pub deliveries: u64,
    /// Simulated time in microseconds.
    pub simulated_us: u64,
    /// Marks that were reached.
    pub marks: Marks,
}

impl Stats {
    /// Adds the statistics of another run.
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

/// Runs a scenario with all checkers.
#[must_use]
pub fn run(scenario: &Scenario, trace: Trace) -> Outcome {
    run_with(scenario, trace, None)
}

/// Runs a scenario with all checkers, and a bug planted in the simulator's own parts.
#[must_use]
pub fn run_with(scenario: &Scenario, trace: Trace, bug: Option<SimBug>) -> Outcome {
    run_checked(scenario, trace, bug, Checks::All)
}

/// Runs a scenario with some of the checkers.
#[must_use]
pub fn run_checked(scenario: &Scenario, trace: Trace, bug: Option<SimBug>, checks: Checks) -> Outcome {
    if scenario.setup.shared.nodes > 0 {
        return Nodes::new(&scenario.setup, trace, bug, checks).run(scenario);
    }
    let mut rig = Rig::resume(&scenario.setup, trace, bug, &[]);
    rig.outside.checker.checks = checks;
    rig.run(scenario)
}

/// The server and its environment.
#[derive(Debug)]
struct Rig {
    server: Server,
    outside: Outside,
    /// The entries that a log in memory has committed; kept for its allocation.
    entries: Vec<LogEntry>,
    setup: Setup,
    /// The current link of each client.
    clients: Vec<Option<usize>>,
    ticks: u64,
    /// The number of links after whose turns the process dies in the middle of its next tick.
    dies_after: Option<usize>,
    is_dead: bool,
    /// The position at which its world was last compared with that of others.
    compared: Seq,
}

#[derive(Debug)]
enum Log {
    Delayed(DelayedLog),
    Memory(MemoryLog),
    /// A log that several processes share: it takes these proposals.
    Shared(Vec<Proposal>),
}

impl Rig {
    /// Creates a server that goes on with a log.
    fn resume(setup: &Setup, trace: Trace, bug: Option<SimBug>, log: &[LogEntry]) -> Self {
        let limits = match bug {
            Some(SimBug::LimitByOne) => {
                Limits { line_bytes_max: setup.limits.line_bytes_max - 1, ..setup.limits }
            }
            _ => setup.limits,
        };
        let mut outside = Outside::resume(setup, trace, bug, log);
        let (world, now) = (World::replay(log), outside.now());
        Self {
            server: Server::resume(limits, setup.options.clone(), world, now, &mut outside),
            outside,
            entries: Vec::new(),
            setup: setup.clone(),
            clients: vec![None; setup.clients.into()],
            ticks: 0,
            dies_after: None,
            is_dead: false,
            compared: Seq(0),
        }
    }

    /// Plays a scenario. A panic is a violation.
    fn run(mut self, scenario: &Scenario) -> Outcome {
        let ended = catch_unwind(AssertUnwindSafe(|| self.play(scenario)));
        if let Err(panic) = ended {
            self.outside.checker.record(Law::Panic, None, Err(panic_text(&*panic)));
        }
        self.outcome()
    }

    fn play(&mut self, scenario: &Scenario) {
        self.configure();
        self.schedule_stalls();
        let mut steps = scenario.steps.iter();
        let mut next = steps.next();
        if let Some(step) = next {
            self.outside.net.schedule(step.after_us, Event::Step);
        }
        while next.is_some()
            && self.outside.checker.violation.is_none()
            && let Some(event) = self.outside.net.next()
        {
            if event != Event::Step {
                self.handle_event(event);
                continue;
            }
            if let Some(step) = next {
                self.act(step.client, &step.act);
            }
            next = steps.next();
            if let Some(step) = next {
                self.outside.net.schedule(self.outside.net.now_us + step.after_us, Event::Step);
            }
        }
        self.come_to_rest();
        self.end();
    }

    /// Appends and commits what begins the life of the node, before anything else happens.
    fn configure(&mut self) {
        self.outside.began();
        self.commit_in_memory();
        while matches!(&self.outside.log, Log::Delayed(log) if !log.is_empty()) {
            self.commit_delayed();
        }
    }

    /// Carries out a client's act.
    fn act(&mut self, client: u16, act: &Act) {
        let link = self.clients[usize::from(client)].filter(|&link| self.outside.net.links[link].is_live());
        let now_us = self.outside.net.now_us;
        match (act, link) {
            (
                Act::Connect(_)
                | Act::ConnectAuto
                | Act::ConnectByGateway
                | Act::ConnectIrc
                | Act::ConnectProxied { .. },
                link,
            ) => {
                let (None, Some(listener)) = (link, act.listener()) else { return };
                let link = self.outside.net.connect(client, listener, act.via());
                self.clients[usize::from(client)] = Some(link);
            }
            (_, None) => return,
            (Act::Crash { .. } | Act::Restart { .. } | Act::SetClock { .. } | Act::StartTwice, _) => return,
            (Act::EndInput, Some(link)) => self.outside.net.end_input(link),
            (Act::Hang, Some(link)) => self.outside.net.hang(link),
            (Act::Hold(us), Some(link)) => self.outside.net.hold(link, *us),
            (Act::ReadOn, Some(link)) => self.outside.net.read_on(link),
            (Act::Reset, Some(link)) => self.outside.net.reset(link),
            (Act::Send { bytes, segment }, Some(link)) => self.send(link, bytes, *segment),
        }
        *self.outside.stats.acts.entry(act.word()).or_default() += 1;
        self.outside.trace.act(now_us, client, act);
    }

    fn send(&mut self, link: usize, bytes: &[u8], segment: usize) {
        self.outside.checker.client_sent(link, bytes);
        self.outside.net.send(link, bytes, segment);
    }

    /// Handles an event of the network or of the log.
    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Arrival(link) => {
                if let Some(sent) = self.outside.net.arrived(link) {
                    if let Some(conn) = self.outside.net.speaker(link, &sent) {
                        self.outside.checker.message_arrived(conn);
                    }
                    self.outside.net.came(link, sent);
                }
            }
            Event::Commit => self.commit_delayed(),
            Event::Consume(link) => {
                if self.outside.net.consumed(link) {
                    // The client has read the end of the stream, and closes its side as well.
                    self.outside.net.end_input(link);
                }
            }
            Event::Fetched(conn) => {
                let page = self.outside.read_history(conn);
                self.input(Input::Fetched { conn, page: &page });
                self.outside.net.wake();
            }
            Event::Identified => self.identify(),
            Event::LogState(state) => self.log_state(state),
            Event::LogStops => {
                if let Log::Delayed(log) = &mut self.outside.log {
                    log.stop();
                }
            }
            Event::Step => {}
            Event::Tick => self.tick(),
            Event::PasswordChecked(conn, result) => {
                self.input(Input::PasswordChecked { conn, result });
                self.outside.net.wake();
            }
            Event::Writable(link) => self.outside.net.writable_came(link),
        }
    }

    /// Tells the server the state of the log. If it is running again, the log commits what it has kept.
    fn log_state(&mut self, state: LogState) {
        if let (LogState::Running, Log::Delayed(log)) = (state, &mut self.outside.log) {
            let now_us = self.outside.net.now_us;
            for _ in 0..log.go_on(now_us, self.setup.stall_loses) {
                self.outside.net.schedule(now_us, Event::Commit);
            }
        }
        self.input(Input::LogState(state));
        self.outside.net.wake();
    }

    /// Schedules the times at which the log stands still.
    fn schedule_stalls(&mut self) {
        let Log::Delayed(_) = self.outside.log else { return };
        let state = self.setup.stalled();
        for (begins, ends) in self.setup.stalls() {
            // A log that refuses says so; one that does not answer is noticed later.
            let noticed = begins + if self.setup.stall_refuses { 0 } else { self.setup.stall_us / 8 };
            self.outside.net.schedule(begins, Event::LogStops);
            self.outside.net.schedule(noticed, Event::LogState(state));
            self.outside.net.schedule(ends, Event::LogState(LogState::Running));
        }
    }

    /// Changes the server's description of itself, and sometimes whether it requires a password.
    fn identify(&mut self) {
        let Identity { motd, has_password, reserved_names, .. } =
            Arc::make_mut(&mut self.setup.options.identity);
        motd.push(format!("read again at {} µs", self.outside.net.now_us));
        *has_password ^= self.outside.net.chaos.chance(100);
        // A member may already have the name that becomes reserved.
        *reserved_names = match reserved_names.len() {
            1 => Identity::default().reserved_names,
            _ => Name::parse("alice").into_iter().collect(),
        };
        let identity = Arc::clone(&self.setup.options.identity);
        sometimes!(self.outside.stats.marks, Identified, true);
        self.input(Input::Identified { identity });
        self.outside.net.wake();
    }

    /// Does one tick of the server, in the same order as the driver.
    fn tick(&mut self) {
        self.ticks += 1;
        let now = self.now();
        self.server.apply_entries(now, &mut self.outside);
        self.commit();
        self.accept();
        while !self.server.turn_is_over() && self.server.time_out(now, &mut self.outside) {
            self.commit();
        }
        let mut bytes_left = self.setup.limits.tick_bytes_max;
        for served in 0..self.outside.net.ready.len() {
            if self.dies_after.is_some_and(|after| after <= served) {
                break;
            }
            if bytes_left == 0 || self.server.turn_is_over() {
                break;
            }
            let Some(link) = self.outside.net.ready.pop_front() else { break };
            bytes_left = bytes_left.saturating_sub(self.serve(link));
            if self.outside.net.chaos.chance(self.setup.flush_per_mille) {
                self.server.flush(&mut self.outside);
                self.follow_up();
            }
        }
        if self.dies_after.is_some() {
            // Nothing of this tick is flushed.
            self.is_dead = true;
            return;
        }
        let is_full = self.server.turn_is_over();
        sometimes!(self.outside.stats.marks, FullTick, is_full);
        let checks = self.outside.checker.checks == Checks::All && self.ticks.is_multiple_of(CHECK_TICKS);
        if checks {
            self.server.outbox().check_invariants();
        }
        let more = self.server.flush(&mut self.outside);
        let followed = self.follow_up();
        self.outside.checker.ticked(self.server.outbox());
        if checks {
            self.server.check_invariants();
        }
        sometimes!(self.outside.stats.marks, ToldInSlices, self.server.hub().is_telling());
        self.server.end_turn();
        self.outside.begin_turn(more);
        self.outside.unsettled =
            more || followed || self.server.can_apply() || !self.outside.net.ready.is_empty();
        if self.outside.unsettled {
            self.outside.net.tick_by(self.outside.net.now_us + 1);
        } else {
            self.wait_for_deadline();
        }
    }

    fn accept(&mut self) {
        while let Some(conn) = self.server.vacant()
            && let Some(link) = self.outside.net.waiting.pop_front()
        {
            let Link { client, dialect, via, ref room, .. } = self.outside.net.links[link];
            let peer = match via {
                Via::Direct => self.setup.peer(client),
                Via::Gateway | Via::Proxy => self.setup.proxy(client),
            };
            let room = room.clone();
            self.outside.net.accepted(link, conn);
            self.outside.checker.link_accepted(link, conn);
            sometimes!(self.outside.stats.marks, SecondGeneration, conn.generation > 0);
            self.outside.trace.accepted(self.outside.net.now_us, conn, client);
            self.input(Input::Accepted { conn, dialect, peer, via, room: room.as_ref() });
        }
        sometimes!(self.outside.stats.marks, AcceptWaits, !self.outside.net.waiting.is_empty());
    }

    /// Serves one connection that is ready. Returns the number of bytes that it sent.
    fn serve(&mut self, link: usize) -> usize {
        let Some(conn) = self.outside.net.links[link].conn.filter(|_| !self.outside.net.links[link].gone)
        else {
            return 0;
        };
        if self.outside.net.begin_turn(link) {
            self.server.writable(conn);
        }
        let mut count = 0;
        match self.outside.net.read(link) {
            Read::Broken => {
                self.outside.checker.lost(conn);
                self.close(link, conn);
            }
            Read::Bytes(bytes) => {
                count = bytes.len();
                self.outside.stats.lines += memchr::memchr_iter(b'\n', &bytes).count() as u64;
                self.input(Input::Received { conn, bytes });
            }
            Read::End => self.input(Input::ReadClosed { conn }),
            Read::Nothing => {}
        }
        let state = &self.outside.net.links[link];
        if !state.gone && state.finished && !state.read_open {
            self.close(link, conn);
        }
        count
    }

    fn close(&mut self, link: usize, conn: ConnId) {
        let half_written = self.outside.net.links[link].blocked;
        sometimes!(self.outside.stats.marks, ClosedHalfWritten, half_written);
        self.outside.net.dropped(link);
        self.outside.trace.closed(self.outside.net.now_us, conn);
        if !half_written || self.outside.bug != Some(SimBug::CloseLosesLeave) {
            self.input(Input::Closed { conn });
        }
        // The client will read the end of the stream.
        self.outside.net.schedule_consume(link);
    }

    /// Handles the consequences of a flush. Returns whether there were any.
    fn follow_up(&mut self) -> bool {
        let mut any = false;
        while self.server.follow_up(self.now(), &mut self.outside) {
            self.commit();
            any = true;
        }
        if self.outside.bug == Some(SimBug::BacklogTwice) {
            self.close_for_half();
        }
        while let Some(conn) = self.outside.aborted.pop() {
            if let Some(link) = self.outside.net.of(conn) {
                sometimes!(
                    self.outside.stats.marks,
                    StopsWithoutReading,
                    self.outside.net.links[link].blocked
                );
                self.outside.checker.lost(conn);
                self.close(link, conn);
                any = true;
            }
        }
        any
    }

    /// A planted bug: closes slow readers at half of their limit.
    fn close_for_half(&mut self) {
        let half = self.setup.limits.backlog_bytes_max / 2;
        let links = self.outside.net.links.iter().filter(|link| link.blocked && !link.gone);
        let blocked: Vec<ConnId> = links.filter_map(|link| link.conn).collect();
        let open: Vec<ConnId> = self.outside.checker.heard.model.open_conns().collect();
        for conn in blocked {
            let owed = self.outside.checker.heard.model.due(conn).map_or(0, |due| due.left());
            if owed > half && open.contains(&conn) {
                self.input(Input::Overflowed { conn });
            }
        }
    }

    /// Gives the server one input, and the entries that a log in memory commits because of it.
    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now(), input, &mut self.outside);
        self.commit();
    }

    fn commit(&mut self) {
        self.commit_in_memory();
        self.wait_for_deadline();
    }

    /// Commits everything in a log in memory, which has no delay.
    fn commit_in_memory(&mut self) {
        let now = self.now();
        while let Log::Memory(log) = &mut self.outside.log
            && log.take(&mut self.entries)
        {
            self.server.committed(now, &mut self.entries, &mut self.outside);
        }
    }

    /// Takes entries of a log that several processes share.
    fn take_entries(&mut self, mut entries: Vec<LogEntry>) {
        sometimes!(self.outside.stats.marks, GroupCommit, entries.len() > 1);
        self.server.committed(self.now(), &mut entries, &mut self.outside);
        self.outside.net.wake();
    }

    fn commit_delayed(&mut self) {
        let now = self.now();
        let Log::Delayed(log) = &mut self.outside.log else { return };
        let mut entries = log.commit(self.outside.net.now_us, &mut self.outside.net.chaos);
        if !entries.is_empty() {
            sometimes!(self.outside.stats.marks, GroupCommit, entries.len() > 1);
            self.server.committed(now, &mut entries, &mut self.outside);
            self.outside.net.wake();
        }
    }

    fn wait_for_deadline(&mut self) {
        if let Some(deadline) = self.server.deadline() {
            let net = &mut self.outside.net;
            net.tick_by(deadline.at.as_micros().max(net.now_us));
        }
    }

    fn now(&self) -> Now {
        self.outside.now()
    }

    fn outcome(mut self) -> Outcome {
        let stats = self.end_stats();
        Outcome { violation: self.outside.checker.violation, stats, trace: self.outside.trace }
    }

    /// Ends the trace, and returns the statistics.
    fn end_stats(&mut self) -> Stats {
        self.outside.stats.faults = self.outside.net.faults;
        sometimes!(self.outside.stats.marks, HeldLink, self.outside.net.has_held);
        self.outside.stats.marks.append(&mut self.outside.checker.take_marks());
        self.outside.stats.deliveries = self.server.outbox().counters().deliveries;
        self.outside.stats.simulated_us = self.outside.net.now_us;
        self.outside.trace.end(self.outside.net.now_us, self.outside.checker.replay.sent_hash());
        std::mem::take(&mut self.outside.stats)
    }
}

/// Returns the text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
