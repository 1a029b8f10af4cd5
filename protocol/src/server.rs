//! The server: runs the hub and the outbox in the correct order.

pub(crate) mod memory;

use crate::base::id::ConnId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::rate::{Budget, Cost, Rate};
use crate::base::time::{Deadline, DeadlineReason, Instant, Now};
use crate::dialect::action::PasswordOf;
use crate::hub::Hub;
use crate::hub::console::ConsoleEvent;
use crate::hub::input::Input;
use crate::hub::output::{Output, Sink};
use crate::log::entry::{LogEntry, Proposal};
use crate::outbox::{Outbox, Wire};
use crate::planted;
use crate::views::{HistoryChange, HistoryQuery, HistoryScope};
use crate::world::World;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// Milliseconds for which the entries of a burst wait for clients that have read everything so far, before they are told more.
const BURST_WAIT_MS: u64 = 250;

/// The time for which entries may wait so long for readers, in milliseconds per second and at once: a tenth, whoever they are.
const WAITS: Rate = Rate { lines: 100, burst: 2_000 };

/// Milliseconds for which they wait when that time is used up. A reader that is prompt on a machine that is not very busy has taken its
/// part by then.
const SHORT_WAIT_MS: u64 = 25;

/// Number of outcomes of one entry that are told in a turn. If an entry has more, none is told in the turn in which it is applied:
/// that has taken as long as a turn may.
const OUTCOMES_IN_TURN_MAX: usize = 1_000;

/// The environment of a [`Server`]: its sockets, its log, its passwords and its console.
///
/// The server calls these methods in the order in which they must take effect. They cannot call the server. The
/// caller of the server passes it the result of a call later, as an [`Input`].
///
/// The first four methods must be implemented, since clients depend on them. The default implementations of the others do
/// nothing, except that [`output`](Self::output) passes the output to the outbox.
pub trait Environment: Wire {
    /// Gives a proposal to the log.
    ///
    /// The caller of the server passes the committed entry to [`Server::committed`], as soon as the log has committed it.
    /// Until then, nothing changes for other members. A proposal may be given again, after the log has committed a later one
    /// without it. If the log may have lost proposals, the caller says so with [`Input::LogState`]; otherwise their connections wait
    /// for ever.
    fn propose(&mut self, proposal: &Proposal);

    /// Closes a connection at once, without writing what is queued for it. The caller passes [`Input::Closed`] to the
    /// server later.
    fn abort(&mut self, conn: ConnId);

    /// Checks a password that a client or a gateway at this address has sent.
    ///
    /// The caller passes [`Input::PasswordChecked`] to the server, at once or later. Until then, nothing more is read from
    /// the connection, and it has no other password checked.
    fn check_password(&mut self, conn: ConnId, address: IpAddr, of: &PasswordOf, password: &[u8]);

    /// Reads a part of a history. Returns whether it is read here. If so, the caller passes [`Input::Fetched`] to the server, at once
    /// or later; until then, nothing more is read from the connection. If not, the server answers from the recent messages that it
    /// has in memory. It has none if they are [kept outside](Options::remembers_outside).
    fn fetch(&mut self, conn: ConnId, query: &HistoryQuery, scope: &HistoryScope) -> bool {
        let _ = (conn, query, scope);
        false
    }

    /// Records a change of the history of a room, if the histories are [kept outside](Options::remembers_outside).
    fn history_changed(&mut self, change: HistoryChange<'_>) {
        let _ = change;
    }

    /// Pauses or resumes reading from a connection.
    ///
    /// When the server starts closing a connection, it resumes reading. The caller must then read until the end of the input,
    /// and may discard the bytes: closing a socket with unread bytes sends a reset, which can destroy the last bytes written to the
    /// client. If the caller reads from a paused connection, the server holds the bytes in memory.
    fn set_reads_paused(&mut self, conn: ConnId, paused: bool);

    /// Shows an event to the administrator of the server, or logs it.
    fn console(&mut self, event: &ConsoleEvent<'_>) {
        let _ = event;
    }

    /// Reads the configuration again, as the operator on this connection requested. If the server's description of itself
    /// has changed, the caller passes [`Input::Identified`] to the server.
    fn rehash(&mut self, conn: ConnId) {
        let _ = conn;
    }

    /// Is called with each input before the hub handles it.
    ///
    /// These inputs alone do not repeat a run: readers are charged for the time for which others wait for them, which is no input, and
    /// a socket that takes a part of a write decides what follows. A recording of a run has the calls of the [`Server`], and the
    /// writes of which a socket took only a part.
    fn before_input(&mut self, now: Now, input: &Input<'_>) {
        let _ = (now, input);
    }

    /// Is called after the hub has handled an input, before anything is written.
    fn after_input(&mut self) {}

    /// Passes an output to the outbox, which ignores outputs that do not concern it. Is called for every output,
    /// before the method for the output. A simulator can record the output here, or change it to
    /// test its own checks.
    fn output(&mut self, output: &Output<'_>, outbox: &mut Outbox) {
        outbox.output(output);
    }

    /// Is called after each flush. `more` is the value that [`Server::flush`] returns.
    fn flushed(&mut self, outbox: &mut Outbox, more: bool) {
        let _ = (outbox, more);
    }
}

/// A chat server without sockets, log and clock. It consists of a [`Hub`] and an [`Outbox`], and runs them in the correct
/// order.
///
/// # The run loop
///
/// The caller runs the loop, and passes the server everything that happens. The server calls its [`Environment`] for
/// everything that must be done outside of it:
///
/// 1. **Start.** [`new`](Self::new), or [`resume`](Self::resume) for a log that has entries, proposes that a life of the node
///    begins. Each life has a number of its own ([`Options::life`]).
/// 2. **Inputs.** Pass new connections, received bytes, ends of input and results to [`input`](Self::input). The id of a
///    new connection is the one that [`vacant`](Self::vacant) returns; if it returns `None`, do not accept connections.
///    Pass [`Input::Closed`] for every accepted connection, whichever side closed it, and also after
///    [`Environment::abort`]. Until then it keeps its slot and counts towards the limits.
/// 3. **The log.** Pass the entries of the log to [`committed`](Self::committed), in the order of their positions, after any delay
///    and in any grouping: those with proposals of this server, and those of other nodes that share the log. Repeated entries
///    and proposals of processes that are over are ignored. If a proposal has overtaken another one, both are proposed again.
///    The server applies as many entries as may be rendered in one turn, and keeps the others: as long as
///    [`has_entries`](Self::has_entries), call [`apply_entries`](Self::apply_entries) in each turn. If they wait for readers
///    ([`can_apply`](Self::can_apply)), the next turn need not begin before there is something else to do.
/// 4. **Time.** At the time of [`deadline`](Self::deadline), call [`time_out`](Self::time_out), which runs one timer. If
///    the call is late, silent connections are closed later, and lines that the rate limit delays are read later.
/// 5. **Flush.** When there is nothing more to read for now, call [`flush`](Self::flush), which writes everything
///    rendered so far. As long as it returns `true`, call it again, with other work in between.
/// 6. **Results of a flush.** Call [`follow_up`](Self::follow_up) until it returns `false`. It tells the hub which
///    connections read too slowly, and which have received a long answer. Without these calls, slow readers are closed only at the
///    next input, and a connection that has received a long answer is never read from again.
///
/// With a log that commits at once, such as [`MemoryLog`](crate::MemoryLog), pass its entries before the next input:
///
/// ```
/// use parlor_protocol::*;
/// use std::collections::BTreeMap;
/// use core::net::IpAddr;
///
/// /// A log, and the text written to each connection.
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
///     fn propose(&mut self, proposal: &Proposal) {
///         self.log.append(proposal.clone());
///     }
///     fn abort(&mut self, _: ConnId) {}
///     fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}
///     fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
/// }
///
/// let (now, lobby, mut room) = (Now::default(), RoomName::lobby(), Room::default());
/// let mut server = Server::new(Limits::default(), Options::default(), now, &mut room);
/// let mut entries = Vec::new();
/// let mut input = |server: &mut Server, input: Input<'_>| {
///     server.input(now, input, &mut room);
///     while room.log.take(&mut entries) {
///         server.committed(now, &mut entries, &mut room);
///     }
///     while server.flush(&mut room) {}
///     std::mem::take(&mut room.written)
/// };
/// let [alice, bob] = [5001, 5002].map(|port| {
///     let conn = server.vacant().expect("a slot is free");
///     let peer = ([127, 0, 0, 1], port).into();
///     input(&mut server, Input::Accepted { conn, dialect: Dialect::Plain, peer, via: Via::Direct, room: Some(&lobby) });
///     conn
/// });
///
/// let bytes = bytes::Bytes::from_static(b"hello\n");
/// let written = input(&mut server, Input::Received { conn: alice, bytes });
/// assert_eq!(written[&bob], "5001: hello\n");
/// ```
///
/// # Guarantees
///
/// - The outbox knows a connection from its [`Input::Accepted`] to its [`Input::Closed`].
/// - Before so many bytes are rendered that they alone could overflow a backlog, the server flushes by itself, within
///   [`input`](Self::input). The caller must then end its turn (see [`end_turn`](Self::end_turn)).
/// - A connection whose backlog overflowed is closed for that reason, even if the next input would close it for another.
/// - Reading from a connection is resumed when it starts closing.
/// - No timer fires early.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    outbox: Outbox,
    /// Parts of histories that are to be read from memory. Empty between inputs.
    fetches: Vec<(ConnId, HistoryQuery, HistoryScope)>,
    /// Whether the server has flushed by itself in this turn, which must end then.
    turn_is_over: bool,
    /// The wait of the next entries for readers that were sent much at once; `None` if they do not wait.
    wait: Option<Wait>,
    /// The budget of the time for which they wait long.
    waits: Budget,
    /// Committed entries that are not applied yet.
    entries: VecDeque<LogEntry>,
}

/// A wait of entries for readers.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    is_long: bool,
}

impl Wait {
    const fn until(self) -> Instant {
        self.since.plus_ms(if self.is_long { BURST_WAIT_MS } else { SHORT_WAIT_MS })
    }
}

impl Server {
    /// Creates a server without connections, at the beginning of a log, and proposes what begins its life.
    ///
    /// The limits must have passed [`Limits::check`].
    #[must_use]
    pub fn new(limits: Limits, options: Options, now: Now, env: &mut impl Environment) -> Self {
        Self::resume(limits, options, World::new(), now, env)
    }

    /// Creates a server without connections that goes on with the state that results from a log, and proposes what begins its
    /// life.
    ///
    /// The limits must have passed [`Limits::check`].
    ///
    /// # Panics
    /// Panics if the log knows [`Options::life`] already: each process draws another one.
    #[must_use]
    pub fn resume(
        limits: Limits,
        options: Options,
        world: World,
        now: Now,
        env: &mut impl Environment,
    ) -> Self {
        let (mut hub, mut outbox) = (Hub::resume(limits, options, world), Outbox::new(&limits));
        let mut fetches = Vec::new();
        hub.start(now, &mut Outputs { env, outbox: &mut outbox, fetches: &mut fetches });
        Self {
            hub,
            outbox,
            fetches,
            turn_is_over: false,
            wait: None,
            waits: Budget::default(),
            entries: VecDeque::new(),
        }
    }

    /// Handles one input. `now.mono` must never decrease.
    pub fn input(&mut self, now: Now, input: Input<'_>, env: &mut impl Environment) {
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
        }
        let is_entry = matches!(input, Input::Committed { .. });
        self.give(now, input, env);
        if self.outbox.is_full() {
            self.flush_within_turn(now, env);
        }
        if self.hub.is_telling() {
            self.turn_is_over |= is_entry && self.hub.outcomes_to_tell() > OUTCOMES_IN_TURN_MAX;
            self.tell(now, env);
        }
    }

    /// Takes the next entries of the log out of `entries`, and applies them, one after the other. When so many bytes are rendered
    /// that they must be flushed, the server flushes and keeps the other entries: then the caller must end its turn, and
    /// [apply](Self::apply_entries) them in the next.
    pub fn committed(&mut self, now: Now, entries: &mut Vec<LogEntry>, env: &mut impl Environment) {
        if self.has_entries() || !self.may_go_on(now) {
            self.entries.extend(entries.drain(..));
            return self.apply_entries(now, env);
        }
        let mut count = 0;
        while !self.turn_is_over
            && let Some(entry) = entries.get(count)
        {
            self.input(now, Input::Committed { entry }, env);
            count += 1;
        }
        if count < entries.len() {
            self.entries.extend(entries.drain(count..));
        }
        entries.clear();
    }

    /// Goes on with what [`committed`](Self::committed) has kept, until the turn must end: tells the rest of an entry, and applies the
    /// following ones.
    pub fn apply_entries(&mut self, now: Now, env: &mut impl Environment) {
        self.tell(now, env);
        while self.may_go_on(now)
            && let Some(entry) = self.entries.pop_front()
        {
            self.input(now, Input::Committed { entry: &entry }, env);
        }
    }

    /// Returns whether the server has kept entries that it has not applied yet, or not told whole.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        self.hub.is_telling() || !self.entries.is_empty()
    }

    /// Returns whether the server [has entries](Self::has_entries) with which it can go on in the next turn. Otherwise they wait for
    /// readers: until sockets are [writable](Self::writable), or the [deadline](Self::deadline).
    #[must_use]
    pub fn can_apply(&self) -> bool {
        self.has_entries() && (self.wait.is_none() || !self.outbox.is_awaited())
    }

    /// Runs one timer that is due. Returns whether there was one.
    pub fn time_out(&mut self, now: Now, env: &mut impl Environment) -> bool {
        if self.hub.deadline().is_some_and(|deadline| deadline.at <= now.mono) {
            self.input(now, Input::Timeout, env);
            return true;
        }
        let is_over = self.entries_wait_until().is_some_and(|until| until <= now.mono) && !self.turn_is_over;
        if is_over {
            self.apply_entries(now, env);
        }
        is_over
    }

    /// Returns the time until which entries wait for readers, if they do.
    fn entries_wait_until(&self) -> Option<Instant> {
        self.wait.filter(|_| self.has_entries() && !self.can_apply()).map(Wait::until)
    }

    /// Writes the bytes rendered since the last flush, as far as the sockets accept them.
    ///
    /// Returns whether something is left for sockets that are not full: after about `flush_writes_max` writes, the method
    /// returns, so that the caller can do other work.
    pub fn flush(&mut self, env: &mut impl Environment) -> bool {
        let more = self.outbox.flush(env);
        env.flushed(&mut self.outbox, more);
        more
    }

    /// Tells the hub of connections whose backlog overflowed or, if there is none, of one connection that has received a
    /// long answer. Returns whether there was any.
    pub fn follow_up(&mut self, now: Now, env: &mut impl Environment) -> bool {
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
            return true;
        }
        let Some(conn) = self.outbox.next_drained() else { return false };
        self.input(now, Input::Drained { conn }, env);
        true
    }

    /// Marks the socket of a connection as writable, after it accepted less than it was given. The next flush writes to
    /// it.
    pub fn writable(&mut self, conn: ConnId) {
        self.outbox.writable(conn);
    }

    /// Ends the caller's turn: the inputs that it passes between two checks of its sockets. Returns whether the turn had to
    /// end, because the server has flushed by itself.
    ///
    /// If so, before the next turn the caller must ask the operating system which sockets are writable. Otherwise a client that
    /// has read everything may still appear to have a full socket, and be closed as a slow reader.
    pub fn end_turn(&mut self) -> bool {
        self.outbox.end_turn(self.wait.is_some());
        if let Some(Wait { since, .. }) = self.wait {
            let may_not = |conn: &ConnId| !self.hub.may_be_waited_for(since, *conn);
            let may_not: Vec<ConnId> = self.outbox.awaited().filter(may_not).collect();
            may_not.into_iter().for_each(|conn| self.outbox.excuse(conn));
        }
        core::mem::replace(&mut self.turn_is_over, false)
    }

    /// Returns whether this turn must end: see [`end_turn`](Self::end_turn).
    #[must_use]
    pub const fn turn_is_over(&self) -> bool {
        self.turn_is_over
    }

    /// Returns the id for the next accepted connection; `None` if the server could neither admit it nor tell it why it is
    /// refused.
    #[must_use]
    pub fn vacant(&self) -> Option<ConnId> {
        self.hub.vacant()
    }

    /// Returns the time and the reason of the next timer, which [`time_out`](Self::time_out) runs.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let waits = self.entries_wait_until().map(|at| Deadline { at, why: DeadlineReason::Readers });
        [self.hub.deadline(), waits].into_iter().flatten().min_by_key(|deadline| deadline.at)
    }

    /// Returns the hub: the sessions and the world.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Returns the outbox: the bytes that are not written yet.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Asserts every invariant of hub and outbox. Tests, simulators and fuzzers call it after each step.
    ///
    /// # Panics
    /// Panics if an invariant does not hold, which is a bug in this crate.
    pub fn check_invariants(&self) {
        self.hub.check_invariants();
        self.outbox.check_invariants();
    }

    /// Passes an input to the hub, and its outputs to the environment and the outbox.
    fn give(&mut self, now: Now, input: Input<'_>, env: &mut impl Environment) {
        match input {
            Input::Accepted { conn, .. } => self.outbox.opened(conn),
            Input::Closed { conn } => {
                self.outbox.closed(conn);
                // As long as the hub knows its address.
                self.charge_last_awaited(now);
            }
            _ => {}
        }
        self.handle(now, input, env);
        while let Some((conn, query, scope)) = self.fetches.pop() {
            let page = self.hub.views().page(&query, &scope);
            self.handle(now, Input::Fetched { conn, page: &page }, env);
        }
    }

    /// Has the hub handle an input.
    fn handle(&mut self, now: Now, input: Input<'_>, env: &mut impl Environment) {
        env.before_input(now, &input);
        let Self { hub, outbox, fetches, .. } = self;
        hub.handle(now, input, &mut Outputs { env, outbox, fetches });
        env.after_input();
    }

    /// Tells what an entry has made happen, until the turn must end.
    fn tell(&mut self, now: Now, env: &mut impl Environment) {
        let mut told = 0;
        while self.hub.is_telling() && self.may_go_on(now) {
            self.give(now, Input::Tell, env);
            told += 1;
            if self.outbox.is_full() || told == OUTCOMES_IN_TURN_MAX && self.hub.is_telling() {
                self.flush_within_turn(now, env);
            }
        }
    }

    /// Flushes before the end of the turn, because as many bytes are rendered as may be rendered in a turn.
    #[cold]
    fn flush_within_turn(&mut self, now: Now, env: &mut impl Environment) {
        self.turn_is_over = planted::turn_may_end();
        while self.flush(env) {}
        if self.turn_is_over {
            let is_long = self.waits.ready_at(WAITS) <= now.mono;
            self.wait.get_or_insert(Wait { since: now.mono, is_long });
        }
        if let Some(first) = self.outbox.next_overflowed() {
            self.tell_overflowed(now, first, env);
        }
    }

    /// Charges the reader that was waited for last, because all others had taken everything before.
    fn charge_last_awaited(&mut self, now: Now) {
        if let Some(conn) = self.outbox.take_last_awaited()
            && let Some(Wait { since, .. }) = self.wait
        {
            self.hub.charge_wait(now.mono, conn, ms(now.mono.since(since)));
        }
    }

    /// Returns whether the next entry may be told in this turn. If the last turn had to end, the readers that had taken everything
    /// before are waited for, but not for long, and each address and all together for only a part of the time.
    fn may_go_on(&mut self, now: Now) -> bool {
        if self.turn_is_over {
            return false;
        }
        let Some(wait) = self.wait else { return true };
        let waited = ms(now.mono.since(wait.since));
        if self.outbox.is_awaited() {
            if now.mono < wait.until() {
                return false;
            }
            self.outbox.awaited().for_each(|conn| self.hub.charge_wait(now.mono, conn, waited));
            self.outbox.stop_waiting(true);
        }
        self.charge_last_awaited(now);
        self.outbox.stop_waiting(false);
        if wait.is_long {
            self.waits.charge(Cost::lines(waited), WAITS, now.mono);
        }
        self.wait = None;
        true
    }

    /// Tells the hub of all connections whose backlog overflowed, beginning with `first`. It closes them.
    ///
    /// This must happen before any other input: their queues are already cut, so if another input closed them, they would
    /// read a wrong reason after the cut, and the counters would contain it.
    #[cold]
    fn tell_overflowed(&mut self, now: Now, first: ConnId, env: &mut impl Environment) {
        let mut next = Some(first);
        while let Some(conn) = next {
            self.give(now, Input::Overflowed { conn }, env);
            next = self.outbox.next_overflowed();
        }
    }
}

/// Returns a time in whole milliseconds.
fn ms(time: Duration) -> usize {
    usize::try_from(time.as_millis()).unwrap_or(usize::MAX)
}

/// The sink for the outputs of one input.
struct Outputs<'a, E> {
    env: &'a mut E,
    outbox: &'a mut Outbox,
    fetches: &'a mut Vec<(ConnId, HistoryQuery, HistoryScope)>,
}

impl<E: Environment> Sink for Outputs<'_, E> {
    fn output(&mut self, output: Output<'_>) {
        self.env.output(&output, self.outbox);
        match output {
            Output::Abort { conn } => self.env.abort(conn),
            Output::CheckPassword { conn, address, of, password } => {
                self.env.check_password(conn, address, of, password);
            }
            Output::Close { conn, .. } | Output::ResumeReads { conn } => {
                self.env.set_reads_paused(conn, false);
            }
            Output::Console(event) => self.env.console(&event),
            Output::Fetch { conn, query, scope } => {
                if !self.env.fetch(conn, &query, &scope) {
                    self.fetches.push((conn, query, scope));
                }
            }
            Output::HistoryChanged(change) => self.env.history_changed(change),
            Output::PauseReads { conn } => self.env.set_reads_paused(conn, true),
            Output::Propose { proposal, .. } => self.env.propose(proposal),
            Output::Rehash { conn } => self.env.rehash(conn),
            Output::ReportDrained { .. }
            | Output::Subscribe { .. }
            | Output::ToPeers { .. }
            | Output::ToRoom { .. }
            | Output::Unsubscribe { .. }
            | Output::Write { .. } => {}
        }
    }
}
