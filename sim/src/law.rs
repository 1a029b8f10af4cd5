//! The laws of the chat, each checked in a file of its own, and the judge who watches a run for all of
//! them.

pub mod backlog;
mod command;
pub mod console;
pub mod ends;
pub mod heard;
pub mod liveness;
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
use parlor_protocol::{
    Command, ConnId, Hub, Input, Limits, LogEntry, Now, Options, Outbox, Output, Seq, World,
};
use std::fmt;

/// A law, by its number in the list of what must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// 1: who hears what.
    Heard,
    /// 2: one order for everyone.
    Order,
    /// 3: nobody hears what is not for them.
    Silence,
    /// 4: every connection ends once.
    Ends,
    /// 5: a name has one owner.
    Names,
    /// 6: a replay gives the same.
    Replay,
    /// 7: what is owed is bounded.
    Backlog,
    /// 8: what is stuck goes on.
    Liveness,
    /// 10: nothing makes the core panic.
    Panic,
    /// 11: the console tells who did what.
    Console,
    /// 12: what is spoken elsewhere is not said.
    Strangers,
    /// 13: no command is heard.
    Commands,
    /// 14: what is written to one alone is read by two.
    Private,
    /// 15: what is refused changes nothing.
    Refused,
    /// 16: a client of IRC is sent what the specifications say.
    Rendering,
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law that is broken.
    pub law: Law,
    /// Microseconds since the run began.
    pub at_us: u64,
    /// Whose connection it showed at, if it was one's.
    pub conn: Option<ConnId>,
    /// The observation, in words.
    pub detail: String,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heard => "law 1, who hears what",
            Self::Order => "law 2, one order for everyone",
            Self::Silence => "law 3, nobody hears what is not for them",
            Self::Ends => "law 4, every connection ends once",
            Self::Names => "law 5, a name has one owner",
            Self::Replay => "law 6, a replay gives the same",
            Self::Backlog => "law 7, what is owed is bounded",
            Self::Liveness => "law 8, what is stuck goes on",
            Self::Panic => "law 10, nothing makes the core panic",
            Self::Console => "law 11, the console tells who did what",
            Self::Strangers => "law 12, what is spoken elsewhere is not said",
            Self::Commands => "law 13, no command is heard",
            Self::Private => "law 14, what is written to one alone is read by two",
            Self::Refused => "law 15, what is refused changes nothing",
            Self::Rendering => "law 16, a client of IRC is sent what the specifications say",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken at {} µs", self.law, self.at_us)?;
        if let Some(conn) = self.conn {
            write!(f, ", connection {conn}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// What a checker says of one step.
pub type Verdict = Result<(), String>;

/// Watches everything that goes into the core and comes out of it.
#[derive(Debug)]
pub struct Judge {
    /// Whether it looks at anything.
    pub watches: bool,
    /// The first violation; what follows from it is not looked at.
    pub violation: Option<Violation>,
    /// The checker of law 1, with the model.
    pub heard: heard::Heard,
    /// Everything that was committed.
    pub replay: replay::Replay,
    backlog: backlog::Backlog,
    console: console::Console,
    commands: command::Commands,
    ends: ends::Ends,
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
    now: Now,
}

impl Judge {
    /// A judge of a server that begins now.
    #[must_use]
    pub fn new(limits: Limits, options: &Options) -> Self {
        Self {
            watches: true,
            violation: None,
            heard: heard::Heard::new(Model::new(limits, options.clone())),
            replay: replay::Replay::new(limits, options.clone()),
            backlog: backlog::Backlog::new(&limits),
            console: console::Console::default(),
            commands: command::Commands::default(),
            ends: ends::Ends::default(),
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
            now: Now::default(),
        }
    }

    /// The hub is about to be given this input.
    pub fn input(&mut self, now: Now, input: &Input<'_>) {
        if !self.watches {
            return;
        }
        self.now = now;
        if let Input::Received { conn, bytes } = input {
            let verdict = self.received.received(*conn, bytes);
            self.note(Law::Heard, Some(*conn), verdict);
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
        let verdict = self.ends.input(input);
        self.note(Law::Ends, None, verdict);
        if let Input::Accepted { conn, .. } = *input {
            self.order.begin(conn);
        }
    }

    /// The hub has put this out.
    pub fn output(&mut self, output: &Output<'_>) {
        if !self.watches {
            return;
        }
        let verdict = self.ends.output(output);
        self.note(Law::Ends, None, verdict);
        self.console.output(output);
        if let Output::CheckPassword { conn, operator, password } = *output {
            let verdict = self.heard.asked(conn, operator, password);
            self.note(Law::Heard, Some(conn), verdict);
        }
    }

    /// The hub has proposed these since the last input.
    pub fn proposed<'a>(&mut self, commands: impl ExactSizeIterator<Item = &'a Command>) {
        if !self.watches {
            return;
        }
        let verdict = self.heard.proposed(commands);
        self.note(Law::Heard, None, verdict);
    }

    /// The hub has applied these entries.
    pub fn committed(&mut self, entries: &[LogEntry]) {
        if !self.watches {
            return;
        }
        let mut effects = Vec::new();
        let mut told = Vec::new();
        for entry in entries {
            // The hub's world is that after the last of them; this one is that after each.
            let before = refused::Before::of(&self.world, entry);
            self.rendering.before(entry, &self.world);
            self.world.apply(entry, &mut effects);
            self.rendering.committed(entry, &self.world);
            if let Some(before) = before {
                let verdict = before.committed(entry, &effects, &self.world);
                self.note(Law::Refused, None, verdict);
            }
            self.said.committed(entry);
            let verdict = self.commands.committed(entry);
            self.note(Law::Commands, None, verdict);
            let verdict = self.names.committed(&effects, &self.world);
            self.note(Law::Names, None, verdict);
            let verdict = self.ends.committed(entry, &effects);
            self.note(Law::Ends, None, verdict);
            self.silence.committed(entry, &effects, &self.world);
            told.extend(self.console.due(entry, &effects, &self.world));
            let verdict = self.strangers.committed(entry);
            self.note(Law::Strangers, None, verdict);
            effects.clear();
        }
        let verdict = self.console.committed(&told);
        self.note(Law::Console, None, verdict);
    }

    /// A connection's socket took these bytes.
    pub fn sent(&mut self, conn: ConnId, bytes: &[u8]) {
        if !self.watches {
            return;
        }
        let verdict = self.heard.sent(conn, bytes);
        self.note(Law::Heard, Some(conn), verdict);
        let verdict = self.private.sent(conn, bytes);
        self.note(Law::Private, Some(conn), verdict);
        self.replay.sent(conn, bytes);
        let lines = self.heard.model.due(conn).map(Expectation::lines).unwrap_or_default();
        let verdict = self.rendering.sent(conn, bytes, &lines);
        self.note(Law::Rendering, Some(conn), verdict);
        let heard = self.heard.model.due(conn).map(Expectation::heard).unwrap_or_default();
        heard.into_iter().for_each(|seq| self.heard(conn, seq));
    }

    /// A connection was sent what this entry of the log is heard as.
    fn heard(&mut self, conn: ConnId, seq: Seq) {
        let Some(said) = self.said.get(seq) else {
            let verdict = Err(format!("entry {} is heard, and nothing is said by it", seq.0));
            return self.note(Law::Order, Some(conn), verdict);
        };
        let silence = self.silence.heard(conn, seq, said);
        let order = self.order.heard(conn, seq);
        self.note(Law::Order, Some(conn), order);
        self.note(Law::Silence, Some(conn), silence);
    }

    /// A client's link carries these bytes.
    pub fn client_sent(&mut self, link: usize, bytes: &[u8]) {
        if !self.watches {
            return;
        }
        self.received.client_sent(link, bytes);
    }

    /// A client's link is this connection.
    pub fn link_accepted(&mut self, link: usize, conn: ConnId) {
        if !self.watches {
            return;
        }
        self.received.accepted(link, conn);
    }

    /// A connection was written everything, and its writing side is closed.
    pub fn finished(&mut self, conn: ConnId) {
        if !self.watches {
            return;
        }
        let left = self.heard.model.due(conn).map_or(0, |due| due.left());
        let verdict =
            if left == 0 { Ok(()) } else { Err(format!("it ends, and {left} bytes were not sent")) };
        self.note(Law::Heard, Some(conn), verdict);
        let verdict = self.rendering.finished(conn);
        self.note(Law::Rendering, Some(conn), verdict);
    }

    /// The outbox has given a connection up; so far it has given up `together` for what all of them are owed.
    pub fn given_up(&mut self, conn: ConnId, together: u64) {
        if !self.watches {
            return;
        }
        let verdict = self.backlog.overflowed(&mut self.heard.model, conn, together);
        self.note(Law::Backlog, Some(conn), verdict);
        self.rendering.given_up(conn);
        self.lost(conn);
    }

    /// A connection broke, or was cut off, before it took everything.
    pub fn lost(&mut self, conn: ConnId) {
        if !self.watches {
            return;
        }
        self.replay.lost(conn);
    }

    /// A tick is over.
    pub fn ticked(&mut self, outbox: &Outbox) {
        if !self.watches {
            return;
        }
        let verdict = self.backlog.ticked(outbox);
        self.note(Law::Backlog, None, verdict);
    }

    /// Everything has come to rest, and nothing is in the way of anything.
    pub fn at_rest(&mut self, outbox: &Outbox) {
        if !self.watches {
            return;
        }
        let verdict = liveness::at_rest(&self.heard.model, outbox);
        self.note(Law::Liveness, None, verdict);
    }

    /// The server has stopped, and every connection is gone.
    pub fn at_end(&mut self, hub: &Hub) {
        if !self.watches {
            return;
        }
        let verdict = self.ends.at_end(hub);
        self.note(Law::Ends, None, verdict);
        let verdict = self.replay.at_end(hub.world());
        self.note(Law::Replay, None, verdict);
    }

    /// The states that a run was in, by what was watched of it.
    pub fn take_marks(&mut self) -> Marks {
        let mut marks = std::mem::take(&mut self.heard.model.marks);
        marks.append(&mut self.rendering.marks);
        marks
    }

    /// Remembers the first violation.
    pub fn note(&mut self, law: Law, conn: Option<ConnId>, verdict: Verdict) {
        if let Err(detail) = verdict
            && self.violation.is_none()
        {
            self.violation = Some(Violation { law, at_us: self.now.mono.as_micros(), conn, detail });
        }
    }
}
