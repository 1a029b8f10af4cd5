//! The hub and the outbox, run in the order in which they rely on each other.

pub(crate) mod memory;

use crate::base::id::ConnId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::time::{Deadline, Now};
use crate::hub::Hub;
use crate::hub::console::ConsoleEvent;
use crate::hub::input::Input;
use crate::hub::output::{Output, Sink};
use crate::log::command::{Command, LogEntry};
use crate::outbox::{Outbox, Wire};

/// Everything around a [`Server`]: its sockets, its log, its passwords, and the people who run it.
///
/// The server calls these methods in the order in which they are to take effect. None of them can call the
/// server back: what follows from a call is given to the server as an [`Input`] afterwards.
///
/// The first four have to be implemented, for a server that ignores one of them breaks a promise to its
/// clients. The others do nothing by default.
pub trait Environment: Wire {
    /// Appends a command to the log.
    ///
    /// The log answers with [`Server::committed`], at once or later. Until it does, nothing that others can
    /// see has changed. A command that is lost leaves its connection waiting forever.
    fn propose(&mut self, now: Now, command: Command);

    /// Closes a connection at once, whatever it is still owed, and reports [`Input::Closed`] afterwards.
    fn abort(&mut self, conn: ConnId);

    /// Compares a password with that of `operator`, or with the server's for `None`.
    ///
    /// The answer is [`Input::PasswordChecked`], and it may take its time: meanwhile the connection asks
    /// nothing else. Without an answer it is never read any further.
    fn check_password(&mut self, conn: ConnId, operator: Option<&str>, password: &[u8]);

    /// Stops reading from a connection, or reads from it again.
    ///
    /// A closing connection is always read from, and what it sends is given to the server or discarded:
    /// bytes left in the kernel would turn the close into a reset, which can destroy the last bytes
    /// written. Whoever reads while paused makes the server hold what it reads.
    fn set_reads_paused(&mut self, conn: ConnId, paused: bool);

    /// Tells whoever runs the server what happened.
    fn console(&mut self, event: &ConsoleEvent<'_>) {
        let _ = event;
    }

    /// Reads the configuration again, because the operator of this connection asks for it. What of it is
    /// the server's comes back as [`Input::Identified`].
    fn rehash(&mut self, conn: ConnId) {
        let _ = conn;
    }

    /// Sees an input before the hub does. To record a run is to keep these.
    fn before_input(&mut self, now: Now, input: &Input<'_>) {
        let _ = (now, input);
    }

    /// Is called when the hub is done with an input, before anything is written.
    fn after_input(&mut self) {}

    /// Sees an output other than a proposal before it takes effect, and passes it to the outbox, which knows
    /// the outputs that concern it. A simulator records the output here, or falsifies it to test its own checks.
    fn output(&mut self, output: &Output<'_>, outbox: &mut Outbox) {
        outbox.output(output);
    }

    /// Is called after each flush; `more` as [`Server::flush`] returns it.
    fn flushed(&mut self, outbox: &mut Outbox, more: bool) {
        let _ = (outbox, more);
    }
}

/// A chat server without its sockets, its log and its clock: [`Hub`], [`Outbox`], and the order in which
/// they work together.
///
/// # The loop
///
/// The caller owns the loop. Everything that happens is passed in, and everything that is to be done comes
/// out through the [`Environment`]:
///
/// 1. **Start.** [`new`](Self::new) proposes the configuration, which becomes the first entry of the log.
/// 2. **Inputs.** Connections, bytes, ends and answers are given to [`input`](Self::input). A new connection
///    has the id that [`vacant`](Self::vacant) returns; where it returns `None`, accepting pauses. Every
///    accepted connection ends with [`Input::Closed`], whichever side ended it, also after
///    [`Environment::abort`]: until then it keeps its slot and counts for the limits.
/// 3. **The log.** What was proposed comes back through [`committed`](Self::committed), in one order and
///    without gaps, after any delay and in any grouping. The server applies entries and does not compare
///    them with what it proposed: an entry that is missing, repeated or out of place makes another world
///    than the one that a replay of the log makes.
/// 4. **Time.** Once the time of [`deadline`](Self::deadline) has come, [`time_out`](Self::time_out) does one
///    of the things that are due. A caller that is late keeps silent connections longer, and keeps those
///    waiting that the rate limit holds back.
/// 5. **Flush.** When nothing is left to read for now, [`flush`](Self::flush) writes what all of this has
///    rendered. As long as it returns `true`, it is to be called again, with other work in between.
/// 6. **What a flush shows.** [`follow_up`](Self::follow_up), until it returns `false`, tells the hub who
///    reads too slowly and who has read a long answer. Without it, a slow reader stays until the next
///    input, and whoever waits for the end of a long answer is never read any further.
///
/// Where the log answers at once, as [`MemoryLog`](crate::MemoryLog) does, its entries go in before the next
/// input:
///
/// ```
/// use parlor_protocol::*;
/// use std::collections::BTreeMap;
///
/// /// What each connection was written, in place of sockets, and a log.
/// #[derive(Default)]
/// struct Room {
///     written: BTreeMap<ConnId, String>,
///     log: MemoryLog,
/// }
///
/// impl Wire for Room {
///     fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
///         let bytes = slices.concat();
///         *self.written.entry(conn).or_default() += str::from_utf8(&bytes).unwrap();
///         bytes.len()
///     }
///     fn finish(&mut self, _: ConnId) {}
/// }
///
/// impl Environment for Room {
///     fn propose(&mut self, now: Now, command: Command) {
///         self.log.append(now, command);
///     }
///     fn abort(&mut self, _: ConnId) {}
///     fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}
///     fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
/// }
///
/// let (now, lobby, mut room) = (Now::default(), RoomName::lobby(), Room::default());
/// let mut server = Server::new(Limits::default(), Options::default(), now, &mut room);
/// let mut entries = Vec::new();
/// let mut input = |server: &mut Server, input: Input<'_>| {
///     server.input(now, input, &mut room);
///     while room.log.take(&mut entries) {
///         server.committed(now, &entries, &mut room);
///     }
///     while server.flush(&mut room) {}
///     std::mem::take(&mut room.written)
/// };
/// let [alice, bob] = [5001, 5002].map(|port| {
///     let conn = server.vacant().expect("there is room for two");
///     let peer = ([127, 0, 0, 1], port).into();
///     input(&mut server, Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&lobby) });
///     conn
/// });
///
/// let bytes = bytes::Bytes::from_static(b"hello\n");
/// let written = input(&mut server, Input::Received { conn: alice, bytes });
/// assert_eq!(written[&bob], "5001: hello\n");
/// ```
///
/// # What the server sees to
///
/// - The outbox knows a connection from [`Input::Accepted`] to [`Input::Closed`].
/// - As soon as so much is rendered that a connection could be taken for a slow reader which had no chance to
///   read, everything is written before the next input. The caller's turn ends then
///   ([`end_turn`](Self::end_turn)).
/// - A connection that a flush has given up is told the reason before anything else can end it.
/// - A closing connection is read from again.
/// - No timer runs early.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    outbox: Outbox,
    /// Everything was written in the middle of this turn.
    turn_is_over: bool,
}

impl Server {
    /// Starts a server without connections, and proposes its configuration.
    ///
    /// The limits are expected to have passed [`Limits::check`].
    #[must_use]
    pub fn new(limits: Limits, options: Options, now: Now, env: &mut impl Environment) -> Self {
        let hub = Hub::new(limits, options);
        env.propose(now, hub.configuration());
        Self { hub, outbox: Outbox::new(&limits), turn_is_over: false }
    }

    /// Takes one input. `now` never runs backwards.
    pub fn input(&mut self, now: Now, input: Input<'_>, env: &mut impl Environment) {
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
        }
        self.give(now, input, env);
        if self.outbox.is_full() {
            self.make_room(now, env);
        }
    }

    /// Takes the next entries of the log.
    pub fn committed(&mut self, now: Now, entries: &[LogEntry], env: &mut impl Environment) {
        self.input(now, Input::Committed { entries }, env);
    }

    /// Does one thing whose time has come, and returns whether there was one.
    pub fn time_out(&mut self, now: Now, env: &mut impl Environment) -> bool {
        let is_due = self.deadline().is_some_and(|deadline| deadline.at <= now.mono);
        if is_due {
            self.input(now, Input::Timeout, env);
        }
        is_due
    }

    /// Writes what has been rendered since the last flush, as far as the sockets take it. Returns whether
    /// something is left that they would take: after `flush_writes_max` writes, a flush makes room for other
    /// work.
    pub fn flush(&mut self, env: &mut impl Environment) -> bool {
        let more = self.outbox.flush(env);
        env.flushed(&mut self.outbox, more);
        more
    }

    /// Tells the hub what flushes have shown: first who reads too slowly, then, one at a time, who has read
    /// a long answer. Returns whether there was anything.
    pub fn follow_up(&mut self, now: Now, env: &mut impl Environment) -> bool {
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
            return true;
        }
        let Some(conn) = self.outbox.next_drained() else { return false };
        self.input(now, Input::Drained { conn }, env);
        true
    }

    /// Marks the socket of a connection as having room again, after it took less than it was given. The next
    /// flush writes to it.
    pub fn writable(&mut self, conn: ConnId) {
        self.outbox.writable(conn);
    }

    /// Ends the caller's turn, and returns whether it had to end.
    ///
    /// It has to when so much was rendered that everything was written before the next input. A socket that
    /// was full then has room again only after the operating system was asked: a caller that goes on
    /// without asking takes prompt readers for slow ones.
    pub const fn end_turn(&mut self) -> bool {
        core::mem::replace(&mut self.turn_is_over, false)
    }

    /// Returns whether this turn has to end: see [`end_turn`](Self::end_turn).
    #[must_use]
    pub const fn turn_is_over(&self) -> bool {
        self.turn_is_over
    }

    /// Returns the id for the next accepted connection, or `None` when nobody can be let in nor told why not.
    #[must_use]
    pub fn vacant(&self) -> Option<ConnId> {
        self.hub.vacant()
    }

    /// Returns when [`time_out`](Self::time_out) has something to do, and what.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.hub.deadline()
    }

    /// The sessions and the world.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The bytes that connections are owed.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Asserts every invariant of hub and outbox; for tests, simulators and fuzzers.
    ///
    /// # Panics
    /// One of them does not hold: a bug in this crate.
    pub fn check_invariants(&self) {
        self.hub.check_invariants();
        self.outbox.check_invariants();
    }

    fn give(&mut self, now: Now, input: Input<'_>, env: &mut impl Environment) {
        match input {
            Input::Accepted { conn, .. } => self.outbox.opened(conn),
            Input::Closed { conn } => self.outbox.closed(conn),
            _ => {}
        }
        env.before_input(now, &input);
        self.hub.handle(now, input, &mut Outputs { now, env, outbox: &mut self.outbox });
        env.after_input();
    }

    /// Writes everything: more is rendered than may wait for the end of the turn.
    #[cold]
    fn make_room(&mut self, now: Now, env: &mut impl Environment) {
        self.turn_is_over = true;
        while self.flush(env) {}
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
        }
    }

    /// Tells the connections that were given up the reason, `first` before the others.
    ///
    /// Their backlog is cut already. If anything else ended them now, they would read another reason at the
    /// cut, and the console would count them as ended by it.
    #[cold]
    fn tell_overflowed(&mut self, now: Now, first: ConnId, env: &mut impl Environment) {
        let mut next = Some(first);
        while let Some(conn) = next {
            self.give(now, Input::Overflowed { conn }, env);
            next = self.outbox.next_overflowed();
        }
    }
}

/// The outputs of one input, on their way to the environment and the outbox.
struct Outputs<'a, E> {
    now: Now,
    env: &'a mut E,
    outbox: &'a mut Outbox,
}

impl<E: Environment> Sink for Outputs<'_, E> {
    fn output(&mut self, output: Output<'_>) {
        // Its command is moved on, and copied no more than it has to be.
        if let Output::Propose { command, .. } = output {
            return self.env.propose(self.now, command);
        }
        self.env.output(&output, self.outbox);
        match output {
            Output::Abort { conn } => self.env.abort(conn),
            Output::CheckPassword { conn, operator, password } => {
                self.env.check_password(conn, operator, password);
            }
            Output::Close { conn, .. } | Output::ResumeReads { conn } => {
                self.env.set_reads_paused(conn, false);
            }
            Output::Console(event) => self.env.console(&event),
            Output::PauseReads { conn } => self.env.set_reads_paused(conn, true),
            Output::Rehash { conn } => self.env.rehash(conn),
            Output::Propose { .. }
            | Output::ReportDrained { .. }
            | Output::Subscribe { .. }
            | Output::ToPeers { .. }
            | Output::ToRoom { .. }
            | Output::Unsubscribe { .. }
            | Output::Write { .. } => {}
        }
    }
}
