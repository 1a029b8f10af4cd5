//! The laws that must always hold, each in a file of its own, and the checker that runs the checks of all laws.

pub mod backlog;
mod command;
pub mod console;
pub mod ends;
pub mod heard;
mod hostile;
pub mod liveness;
pub mod lives;
pub mod names;
pub mod order;
mod private;
mod received;
mod refused;
mod rendering;
pub mod replay;
mod said;
pub mod silence;
mod strangers;
mod written;

use crate::expectation::Expectation;
use crate::mark::Marks;
use crate::model::Model;
use crate::trace::Process;
use parlor_protocol::{
    Applied, ConnId, Hub, Input, Limits, LogEntry, Now, Options, Origin, Outbox, Output, Proposal, Seq, Via,
    World,
};
use std::collections::BTreeMap;
use std::fmt;

/// A law, by its number in the list of what must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// 1: each connection is sent exactly the bytes that the model predicts.
    Heard,
    /// 2: all members read messages in the same order.
    Order,
    /// 3: no member reads a message that is not for it.
    Silence,
    /// 4: every connection closes once.
    Ends,
    /// 5: a name has one owner at most.
    Names,
    /// 6: a replay has the same result.
    Replay,
    /// 7: backlogs are bounded.
    Backlog,
    /// 8: every run comes to rest.
    Liveness,
    /// 10: no input makes the core panic.
    Panic,
    /// 11: the console is told of every entrance, leave, rename and act of a moderator.
    Console,
    /// 12: no line of another protocol is sent to a room.
    Strangers,
    /// 13: no command is sent to a room.
    Commands,
    /// 14: a private message is read by its author and one other member.
    Private,
    /// 15: a refused command changes nothing.
    Refused,
    /// 16: IRC clients are sent what the specifications say.
    Rendering,
    /// 17: no address can have others closed, or make them wait for more than its turns.
    Hostile,
    /// 18: all lives and nodes have one log, one world and one order, and nothing is lost or said twice.
    Lives,
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law that is broken.
    pub law: Law,
    /// Microseconds since the run began.
    pub at_us: u64,
    /// The process at which it was observed, if there are several.
    pub process: Option<Process>,
    /// The connection at which it was observed, if it was at one.
    pub conn: Option<ConnId>,
    /// The observation.
    pub detail: String,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heard => "law 1 (every connection is sent what the model predicts)",
            Self::Order => "law 2 (all members read messages in one order)",
            Self::Silence => "law 3 (no member reads a message that is not for it)",
            Self::Ends => "law 4 (every connection closes once)",
            Self::Names => "law 5 (a name has one owner)",
            Self::Replay => "law 6 (a replay has the same result)",
            Self::Backlog => "law 7 (backlogs are bounded)",
            Self::Liveness => "law 8 (every run comes to rest)",
            Self::Panic => "law 10 (no input makes the core panic)",
            Self::Console => "law 11 (the console reports every act once)",
            Self::Strangers => "law 12 (no line of another protocol is sent to a room)",
            Self::Commands => "law 13 (no command is sent to a room)",
            Self::Private => "law 14 (a private message has two readers)",
            Self::Refused => "law 15 (a refused command changes nothing)",
            Self::Rendering => "law 16 (IRC clients are sent what the specifications say)",
            Self::Hostile => "law 17 (no address can harm others)",
            Self::Lives => "law 18 (all lives and nodes share one log)",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken at {} µs", self.law, self.at_us)?;
        if let Some(process) = self.process {
            write!(f, ", process {process}")?;
        }
        if let Some(conn) = self.conn {
            write!(f, ", connection {conn}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// The result of a check; the error is the observation that breaks the law.
pub type CheckResult = Result<(), String>;

/// The checks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Every law, and the invariants of the core.
    All,
    /// Law 17 alone: other laws find the same bugs earlier, because the model predicts everything.
    Hostile,
    /// None, to measure the cost of checking.
    None,
}

/// Observes all inputs and outputs of the core, and passes them to the checks of all laws.
#[derive(Debug)]
pub struct Checker {
    /// The checks that are made.
    pub checks: Checks,
    /// The first violation. Later ones are ignored, because they may be consequences of it.
    pub violation: Option<Violation>,
    /// The check of law 1, with the model.
    pub heard: heard::Heard,
    /// The check of law 6, with everything that was committed.
    pub replay: replay::Replay,
    backlog: backlog::Backlog,
    console: console::Console,
    commands: command::Commands,
    ends: ends::Ends,
    hostile: hostile::Hostile,
    /// The check of law 18 at this process.
    pub lives: lives::Lives,
    names: names::Names,
    order: order::Order,
    private: private::Private,
    received: received::Received,
    rendering: rendering::Rendering,
    silence: silence::Silence,
    strangers: strangers::Strangers,
    world: World,
    said: said::Log,
    written: written::Written,
    /// The connections of proposals that are not committed yet, by the numbers of the proposals.
    authors: BTreeMap<Origin, ConnId>,
    now: Now,
}

impl Checker {
    /// Creates the checker for a server whose log is empty.
    #[must_use]
    pub fn new(limits: Limits, options: &Options) -> Self {
        Self::resume(limits, options, &[])
    }

    /// Creates the checker for a server that goes on with a log.
    #[must_use]
    pub fn resume(limits: Limits, options: &Options, log: &[LogEntry]) -> Self {
        let mut checker = Self {
            checks: Checks::All,
            violation: None,
            heard: heard::Heard::new(Model::resume(limits, options.clone(), log)),
            replay: replay::Replay::resume(limits, options.clone(), log),
            backlog: backlog::Backlog::new(&limits),
            console: console::Console::default(),
            commands: command::Commands::default(),
            ends: ends::Ends::new(options.life),
            hostile: hostile::Hostile::new(&limits),
            lives: lives::Lives::default(),
            names: names::Names::default(),
            order: order::Order::default(),
            private: private::Private::default(),
            received: received::Received::default(),
            rendering: rendering::Rendering::new(options.identity.name.clone()),
            silence: silence::Silence::new(options.echo),
            strangers: strangers::Strangers::default(),
            world: World::new(),
            said: said::Log::default(),
            written: written::Written::default(),
            authors: BTreeMap::new(),
            now: Now::default(),
        };
        for entry in log {
            checker.replayed(entry);
        }
        checker
    }

    /// Records an entry that the log had before the server began.
    fn replayed(&mut self, entry: &LogEntry) {
        let mut effects = Vec::new();
        self.rendering.before(entry, &self.world);
        if self.world.apply(entry, &mut effects) != Applied::Done {
            return;
        }
        self.rendering.committed(entry, &self.world);
        self.said.committed(entry);
        let result = self.names.committed(&effects, &self.world);
        self.record(Law::Names, None, result);
        let result = self.ends.committed(entry, &effects);
        self.record(Law::Ends, None, result);
    }

    /// Returns the maximum number of bytes that wait for one reader.
    #[must_use]
    pub const fn backlog_bytes_max(&self) -> usize {
        self.backlog.backlog_bytes_max
    }

    fn checks_all(&self) -> bool {
        self.checks == Checks::All
    }

    /// Records an input, before the hub handles it.
    pub fn input(&mut self, now: Now, input: &Input<'_>) {
        self.now = now;
        if !self.checks_all() {
            return;
        }
        if let Input::Received { conn, bytes } = input {
            let result = self.received.received(*conn, bytes);
            self.record(Law::Heard, Some(*conn), result);
            self.strangers.received(*conn, bytes);
        }
        for line in self.written.input(input) {
            self.commands.written(&line);
            self.private.written(&line);
        }
        self.rendering.input(input);
        self.heard.input(now, input);
        self.replay.input(now, input);
        self.console.input(input);
        let result = self.ends.input(input);
        self.record(Law::Ends, None, result);
        if let Input::Accepted { conn, via, .. } = *input {
            self.strangers.accepted(conn, via != Via::Direct);
            self.order.begin(conn);
        }
    }

    /// Records an output of the hub.
    pub fn output(&mut self, output: &Output<'_>) {
        if let Output::Propose { conn: Some(conn), proposal } = *output {
            self.authors.insert(proposal.origin, conn);
        }
        if !self.checks_all() {
            return;
        }
        let result = self.ends.output(output);
        self.record(Law::Ends, None, result);
        self.console.output(output);
        if let Output::CheckPassword { conn, of, password, .. } = *output {
            let result = self.heard.asked(conn, of, password);
            self.record(Law::Heard, Some(conn), result);
        }
    }

    /// Records the commands that the hub has proposed since the last input.
    pub fn proposed<'a>(&mut self, proposals: impl ExactSizeIterator<Item = &'a Proposal> + Clone) {
        for proposal in proposals.clone() {
            let result = self.hostile.proposed(&proposal.command);
            self.record(Law::Hostile, None, result);
        }
        if !self.checks_all() {
            return;
        }
        let result = self.heard.proposed(proposals);
        self.record(Law::Heard, None, result);
    }

    /// Returns the connection of an entry that the hub is about to apply, if it proposed it.
    #[must_use]
    pub fn author_of(&self, entry: &LogEntry) -> Option<ConnId> {
        self.authors.get(&entry.origin).copied()
    }

    /// Records an entry that the hub has applied, or ignored.
    pub fn committed(&mut self, entry: &LogEntry) {
        let mut outcomes = Vec::new();
        let before = refused::Before::of(&self.world, entry);
        self.rendering.before(entry, &self.world);
        if self.world.apply(entry, &mut outcomes) != Applied::Done {
            let result = self.console.committed(&[]);
            return self.record(Law::Console, None, result);
        }
        let conn = self.authors.remove(&entry.origin);
        self.hostile.committed(entry, conn);
        if !self.checks_all() {
            return;
        }
        self.rendering.committed(entry, &self.world);
        if let Some(before) = before {
            let result = before.committed(entry, &outcomes, &self.world);
            self.record(Law::Refused, None, result);
        }
        self.said.committed(entry);
        let result = self.commands.committed(entry, conn);
        self.record(Law::Commands, None, result);
        let result = self.names.committed(&outcomes, &self.world);
        self.record(Law::Names, None, result);
        let result = self.ends.committed(entry, &outcomes);
        self.record(Law::Ends, None, result);
        self.silence.committed((entry, conn), &outcomes);
        let due = self.console.due((entry, conn), &outcomes, &self.world);
        let result = self.strangers.committed(entry, conn);
        self.record(Law::Strangers, None, result);
        let result = self.console.committed(&due);
        self.record(Law::Console, None, result);
    }

    /// Records bytes that a connection's socket has taken.
    pub fn sent(&mut self, conn: ConnId, bytes: &[u8]) {
        if !self.checks_all() {
            return;
        }
        let result = self.heard.sent(conn, bytes);
        self.record(Law::Heard, Some(conn), result);
        let result = self.private.sent(conn, bytes);
        self.record(Law::Private, Some(conn), result);
        self.replay.sent(conn, bytes);
        let lines = self.heard.model.due(conn).map(Expectation::lines).unwrap_or_default();
        let result = self.rendering.sent(conn, bytes, &lines);
        self.record(Law::Rendering, Some(conn), result);
        let heard = self.heard.model.due(conn).map(Expectation::heard).unwrap_or_default();
        heard.into_iter().for_each(|seq| self.heard(conn, seq));
    }

    /// Records that a connection was sent the event of this log entry.
    fn heard(&mut self, conn: ConnId, seq: Seq) {
        let Some(said) = self.said.get(seq) else {
            let result = Err(format!("entry {} is read, but is not a message", seq.0));
            return self.record(Law::Order, Some(conn), result);
        };
        let silence = self.silence.heard(conn, seq, said);
        let order = self.order.heard(conn, seq);
        let once = self.lives.heard(said.origin, seq);
        self.record(Law::Lives, Some(conn), once);
        self.record(Law::Order, Some(conn), order);
        self.record(Law::Silence, Some(conn), silence);
    }

    /// Records bytes that a client has sent over its link.
    pub fn client_sent(&mut self, link: usize, bytes: &[u8]) {
        if !self.checks_all() {
            return;
        }
        self.received.client_sent(link, bytes);
    }

    /// Records the connection of a link.
    pub fn link_accepted(&mut self, link: usize, conn: ConnId) {
        if !self.checks_all() {
            return;
        }
        self.received.accepted(link, conn);
    }

    /// Records that everything was written to a connection, and its writing side closed.
    pub fn finished(&mut self, conn: ConnId) {
        if !self.checks_all() {
            return;
        }
        let left = self.heard.model.due(conn).map_or(0, |due| due.left());
        let result = if left == 0 { Ok(()) } else { Err(format!("it ends, but {left} bytes were not sent")) };
        self.record(Law::Heard, Some(conn), result);
        let result = self.rendering.finished(conn);
        self.record(Law::Rendering, Some(conn), result);
    }

    /// Records that a connection overflowed. `together` is the number of connections that the outbox has given up so
    /// far because of the limit for all of them, `had_everything` whether this one had taken everything when the turn of the server
    /// began.
    pub fn given_up(&mut self, conn: ConnId, together: u64, had_everything: bool) {
        if !self.checks_all() {
            return;
        }
        let result = self.backlog.overflowed(&mut self.heard.model, conn, together);
        self.record(Law::Backlog, Some(conn), result);
        if had_everything && together == 0 {
            let detail =
                "it had taken everything when the turn began, and is closed as a slow reader within it";
            self.record(Law::Backlog, Some(conn), Err(detail.to_owned()));
        }
        self.rendering.given_up(conn);
        self.lost(conn);
    }

    /// Records that a reader that no hostile address should have closed overflowed.
    pub fn reader_overflowed(&mut self, conn: ConnId) {
        let detail = "it reads at 1 Mbit/s, and is closed as a slow reader";
        self.record(Law::Hostile, Some(conn), Err(detail.to_owned()));
    }

    /// Records that a message of a reader of 1 Mbit/s has arrived, and waits to be read.
    pub fn message_arrived(&mut self, conn: ConnId) {
        self.hostile.arrived(conn);
    }

    /// Records that a connection broke, or was cut off, before it had taken everything.
    pub fn lost(&mut self, conn: ConnId) {
        if !self.checks_all() {
            return;
        }
        self.replay.lost(conn);
    }

    /// Records the end of a tick.
    pub fn ticked(&mut self, outbox: &Outbox) {
        self.hostile.ticked();
        if !self.checks_all() {
            return;
        }
        let result = self.backlog.ticked(outbox);
        self.record(Law::Backlog, None, result);
    }

    /// Checks the state at rest.
    pub fn at_rest(&mut self, outbox: &Outbox) {
        if !self.checks_all() {
            return;
        }
        let result = liveness::at_rest(&self.heard.model, outbox);
        self.record(Law::Liveness, None, result);
    }

    /// Checks the state after the server has stopped and every connection is closed.
    pub fn at_end(&mut self, hub: &Hub) {
        if !self.checks_all() {
            return;
        }
        let result = self.ends.at_end(hub);
        self.record(Law::Ends, None, result);
        let result = self.replay.at_end(hub.world(), false);
        self.record(Law::Replay, None, result);
    }

    /// Checks the state that a crash ends.
    pub fn at_crash(&mut self, hub: &Hub) {
        if !self.checks_all() {
            return;
        }
        let result = self.replay.at_end(hub.world(), true);
        self.record(Law::Replay, None, result);
    }

    /// Removes and returns the marks that the checks have reached.
    pub fn take_marks(&mut self) -> Marks {
        let mut marks = std::mem::take(&mut self.heard.model.marks);
        marks.append(&mut self.rendering.marks);
        marks.append(&mut self.hostile.marks);
        marks
    }

    /// Records a violation, if the check failed and it is the first one.
    pub fn record(&mut self, law: Law, conn: Option<ConnId>, result: CheckResult) {
        if let Err(detail) = result
            && self.violation.is_none()
        {
            let (at_us, process) = (self.now.mono.as_micros(), None);
            self.violation = Some(Violation { law, at_us, process, conn, detail });
        }
    }
}
