//! Sessions, world and log position, joined: the whole server but for its bytes and its sockets.

mod answer;
mod check;
mod close;
mod commit;
pub(crate) mod console;
mod enter;
pub(crate) mod input;
mod irc;
mod label;
pub(crate) mod output;
mod report;
mod say;
mod speech;
mod timers;

use crate::base::id::{ConnId, MemberId};
use crate::base::limits::Limits;
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::text::Text;
use crate::base::time::{Deadline, DeadlineReason, Instant, Now};
use crate::hub::console::ConsoleEvent;
use crate::hub::input::{Dialect, Input};
use crate::hub::output::{Output, Sink};
use crate::log::command::{CloseReason, Command};
use crate::planted;
use crate::session::irc::wrong_password;
use crate::session::{Entrant, Link, Session, Step};
use crate::world::{Effect, World};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::net::{IpAddr, SocketAddr};
use label::Labelled;

/// The state machine of the whole server.
///
/// It takes one [`Input`] at a time and puts [`Output`]s into the caller's [`Sink`]. Nothing that is shared
/// changes before the log has answered a proposal with [`Input::Committed`].
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    options: Options,
    slots: Vec<Slot>,
    /// Slots without a connection; the last is given out next.
    vacant: Vec<u32>,
    /// Connections that were let in and whose slot is still theirs.
    admitted: u32,
    /// Connections that were not let in and are being told why.
    refused: u32,
    admitted_per_ip: BTreeMap<IpPrefix, u32>,
    members: BTreeMap<MemberId, ConnId>,
    timers: BTreeSet<(Instant, DeadlineReason, ConnId)>,
    /// The connections that watch each name.
    watchers: BTreeMap<Name, BTreeSet<ConnId>>,
    world: World,
    counters: Counters,
    stopping: bool,
    /// What the entry that is applied did; kept for its allocation.
    effects: Vec<Effect>,
    /// Where replies are rendered; kept for its allocation.
    scratch: BytesMut,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    session: Session,
    peer: SocketAddr,
    admission: Admission,
    /// The room that its listener leads to.
    room: Option<RoomName>,
    /// What is written to it answers one line of it.
    label: Option<Box<Labelled>>,
    timers: Timers,
    /// When it has to have said who it is, where it speaks IRC.
    registers_until: Option<Instant>,
}

/// When a connection wants a timeout, and what for; at most one for each.
#[derive(Clone, Copy, Debug, Default)]
struct Timers {
    rate: Option<Instant>,
    drain: Option<Instant>,
    /// For a first line, for who it is, or for a sign of life; and which of them.
    wait: Option<(Instant, DeadlineReason)>,
}

impl Timers {
    fn all(self) -> impl Iterator<Item = (Instant, DeadlineReason)> {
        let rate = self.rate.map(|at| (at, DeadlineReason::Rate));
        let drain = self.drain.map(|at| (at, DeadlineReason::Drain));
        rate.into_iter().chain(drain).chain(self.wait)
    }
}

/// Whether a connection was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    Admitted,
    /// It was not, and is dropped without a word, for as many as may be are being told already.
    Dropped,
    /// It was not, and is being told why.
    Refused,
}

/// What has happened since the hub began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed, by reason, in the order of [`CloseReason::ALL`].
    pub closed: [u64; CloseReason::ALL.len()],
    /// Log entries applied.
    pub entries: u64,
    /// Lines said to a room.
    pub lines: u64,
}

/// An IPv4 address, or the /64 of an IPv6 address, which is what one host is given.
type IpPrefix = u128;

impl Hub {
    /// A server without connections. It proposes its configuration as the first entry of the log.
    ///
    /// The limits are expected to have passed [`Limits::check`].
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        debug_assert_eq!(limits.check(), Ok(()));
        Self {
            limits,
            options,
            slots: Vec::new(),
            vacant: Vec::new(),
            admitted: 0,
            refused: 0,
            admitted_per_ip: BTreeMap::new(),
            members: BTreeMap::new(),
            timers: BTreeSet::new(),
            watchers: BTreeMap::new(),
            world: World::new(),
            counters: Counters::default(),
            stopping: false,
            effects: Vec::new(),
            scratch: BytesMut::new(),
        }
    }

    /// The command with which the log begins; append it before the first input.
    #[must_use]
    pub const fn configuration(&self) -> Command {
        Command::Configure(self.limits.world)
    }

    /// Takes one input; what follows from it goes to `sink`. `now` never runs backwards.
    pub fn handle(&mut self, now: Now, input: Input<'_>, sink: &mut impl Sink) {
        match input {
            Input::Accepted { conn, dialect, peer, room } => {
                self.accepted(now, conn, dialect, peer, room, sink);
            }
            Input::Closed { conn } => self.closed(conn, sink),
            Input::Committed { entries } => {
                for entry in entries {
                    self.committed(now, entry, sink);
                }
            }
            Input::Drained { conn } => {
                if let Some(connection) = self.connection(conn) {
                    connection.session.drained();
                    let drain = connection.timers.drain.take_if(|_| connection.session.link() == Link::Open);
                    self.forget_timers(conn, Timers { drain, ..Timers::default() });
                    self.run(now, conn, sink);
                }
            }
            Input::Identified { identity } => self.options.identity = identity,
            Input::Overflowed { conn } => self.overflowed(now, conn, sink),
            Input::ReadClosed { conn } => {
                if let Some(session) = self.session(conn) {
                    session.read_closed();
                    self.run(now, conn, sink);
                }
            }
            Input::Received { conn, bytes } => {
                if let Some(session) = self.session(conn) {
                    session.received(bytes, now.mono);
                    self.run(now, conn, sink);
                }
            }
            Input::Shutdown => self.shutdown(now, sink),
            Input::Timeout => self.timeout(now, sink),
            Input::PasswordChecked { conn, right } => {
                let verdict = self.session(conn).and_then(|session| session.verdict(right));
                if verdict.is_some() && !right {
                    self.report_wrong_password(conn, sink);
                }
                match verdict {
                    Some(Some(reason)) => {
                        self.note(now, conn, wrong_password(), sink);
                        self.end(now, conn, reason, None, sink);
                    }
                    Some(None) => self.run(now, conn, sink),
                    None => {}
                }
            }
        }
    }

    /// The id that the next accepted connection is to have; `None` when nobody can be let in nor told why
    /// not: accepting pauses until a connection is gone.
    #[must_use]
    pub fn vacant(&self) -> Option<ConnId> {
        if self.admitted >= self.limits.connections_max && self.refused >= self.limits.refusals_max {
            return None;
        }
        if let Some(&slot) = self.vacant.last() {
            return Some(ConnId { slot, generation: self.slots[slot as usize].generation });
        }
        let slots_max = self.limits.connections_max.saturating_add(self.limits.refusals_max);
        let slot = u32::try_from(self.slots.len()).ok()?;
        (slot < slots_max).then_some(ConnId { slot, generation: 0 })
    }

    /// When the hub wants an [`Input::Timeout`], and what for; one for each, so that what they lead to can be
    /// flushed in between.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.timers.first().map(|&(at, why, _)| Deadline { at, why })
    }

    /// Connections whose slot is still theirs: open, closing, or waiting for their `Leave`.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Connections of IRC that have not said yet who they are.
    #[must_use]
    pub fn unregistered(&self) -> usize {
        let sessions = self.slots.iter().filter_map(|slot| slot.connection.as_ref()).map(|it| &it.session);
        sessions.filter(|session| session.is_unregistered()).count()
    }

    /// What has happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The limits it works under.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The shared state.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    fn closed(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let was_open = connection.session.link() == Link::Open;
        if !connection.session.gone() {
            return;
        }
        let reason =
            if connection.session.has_ended_input() { CloseReason::EndOfInput } else { CloseReason::Reset };
        let timers = core::mem::take(&mut connection.timers);
        self.forget_timers(conn, timers);
        self.unwatch_all(conn);
        if was_open {
            self.report_closed(conn, reason, sink);
            self.propose_leave(conn, reason, None, sink);
        }
        self.vacate_if_over(conn);
    }

    fn overflowed(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        self.end(now, conn, CloseReason::SlowReader, None, sink);
    }

    /// The server ends an open connection, and its membership.
    fn end(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        if self.session(conn).is_some_and(|session| session.link() == Link::Open) {
            self.propose_leave(conn, reason, message.cloned(), sink);
            self.close(now, conn, reason, message, sink);
        }
    }

    fn shutdown(&mut self, now: Now, sink: &mut impl Sink) {
        self.stopping = true;
        for slot in 0..self.slots.len() {
            let Ok(slot) = u32::try_from(slot) else { continue };
            let conn = ConnId { slot, generation: self.slots[slot as usize].generation };
            self.end(now, conn, CloseReason::Shutdown, None, sink);
        }
    }

    /// Lets the session of a connection do whatever it can do now.
    fn run(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        loop {
            let limits = self.limits;
            let Some(slot) = self.slots.get_mut(conn.slot as usize) else { return };
            let Some(connection) = slot.connection.as_mut().filter(|_| slot.generation == conn.generation)
            else {
                return;
            };
            let step = connection.session.step(now.mono, &limits, &self.options);
            if let Step::Wait(until) = step {
                if let Some(at) = until
                    && connection.timers.rate.is_none()
                {
                    connection.timers.rate = Some(at);
                    self.timers.insert((at, DeadlineReason::Rate, conn));
                }
                break;
            }
            self.take_step(now, conn, step, sink);
        }
        self.write_part(conn, sink);
        self.bound_draining(now, conn);
        self.pace_reads(conn, sink);
    }

    /// Does what a session asks for.
    fn take_step(&mut self, now: Now, conn: ConnId, step: Step, sink: &mut impl Sink) {
        match step {
            Step::Answer(question) => self.answer(now, conn, question, sink),
            Step::BeginIrc => {
                if let Some(peer) = self.connection(conn).map(|connection| connection.peer) {
                    let dialect = Dialect::Irc;
                    sink.output(Output::Console(ConsoleEvent::Detected { conn, peer, dialect }));
                }
                self.expect_registration(now, conn);
            }
            Step::CheckPassword(check) => sink.output(Output::CheckPassword {
                conn,
                operator: check.operator.as_deref(),
                password: &check.password,
            }),
            Step::EndOfInput => self.leave_or_close(now, conn, CloseReason::EndOfInput, None, sink),
            Step::Enter(wish, entrant) if entrant == Entrant::Plain => {
                self.enter_plain(now, conn, wish, entrant, sink);
            }
            Step::Enter(wish, entrant) => self.propose_enter(conn, wish, entrant, sink),
            Step::Label(label) => self.label(conn, label, sink),
            Step::Propose(command) => sink.output(Output::Propose { conn, command }),
            Step::Quit(message) => self.leave_or_close(now, conn, CloseReason::Quit, message, sink),
            Step::SwitchToIrc => self.switch_to_irc(conn, sink),
            Step::Telnet(answer) => self.write(conn, &answer, sink),
            Step::TurnAway(kind) => self.turn_away(now, conn, kind, sink),
            Step::Wait(_) => {}
        }
    }

    /// A member leaves; who is none yet is told goodbye at once.
    fn leave_or_close(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<Text>,
        sink: &mut impl Sink,
    ) {
        if self.session(conn).is_some_and(|session| session.member().is_some()) {
            self.propose_leave(conn, reason, message, sink);
        } else {
            self.end(now, conn, reason, message.as_ref(), sink);
        }
    }

    /// A member that was taken for plain leaves, to begin again as IRC.
    fn switch_to_irc(&mut self, conn: ConnId, sink: &mut impl Sink) {
        if let Some(member) = self.session(conn).and_then(Session::leave_to_switch)
            && planted::leaves_before()
        {
            let command = Command::Leave { member, reason: CloseReason::OtherDialect, message: None };
            sink.output(Output::Propose { conn, command });
        }
    }

    /// Pauses or resumes reading, where that has changed.
    fn pace_reads(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        let pause = session.wants_pause();
        if pause == session.reads_paused || session.link() != Link::Open {
            return;
        }
        session.reads_paused = pause;
        sink.output(if pause { Output::PauseReads { conn } } else { Output::ResumeReads { conn } });
    }

    /// Proposes the `Leave` of a connection's member, unless that is done already.
    fn propose_leave(
        &mut self,
        conn: ConnId,
        reason: CloseReason,
        message: Option<Text>,
        sink: &mut impl Sink,
    ) {
        let Some(session) = self.session(conn) else { return };
        if let Some(member) = session.leave(reason) {
            sink.output(Output::Propose { conn, command: Command::Leave { member, reason, message } });
        }
    }

    fn vacate_if_over(&mut self, conn: ConnId) {
        let Some(slot) = self.slots.get_mut(conn.slot as usize) else { return };
        let Some(connection) = slot.connection.take_if(|connection| connection.session.is_over()) else {
            return;
        };
        // A generation that has run out leaves its slot empty for ever: ids are never used twice.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.vacant.push(conn.slot);
        }
        self.refused -= u32::from(connection.admission == Admission::Refused);
        if connection.admission == Admission::Admitted {
            self.admitted -= 1;
            let prefix = ip_prefix(connection.peer.ip());
            if let Some(count) = self.admitted_per_ip.get_mut(&prefix) {
                *count -= 1;
                if *count == 0 {
                    self.admitted_per_ip.remove(&prefix);
                }
            }
        }
    }

    fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        if slot.generation == conn.generation { slot.connection.as_mut() } else { None }
    }

    fn session(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.connection(conn).map(|connection| &mut connection.session)
    }
}

fn ip_prefix(ip: IpAddr) -> IpPrefix {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpPrefix::from(u32::from(ip)),
        IpAddr::V6(ip) => IpPrefix::from(ip) >> 64 << 64,
    }
}
