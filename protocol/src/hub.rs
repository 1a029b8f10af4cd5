//! Sessions, world and log position, joined: the whole server but for its bytes and its sockets.

mod answer;
mod check;
mod verdict;

use crate::command::{CloseReason, Command, Wish};
use crate::event::{ConsoleEvent, Reply};
use crate::id::{ConnId, MemberId};
use crate::input::Input;
use crate::language::Language;
use crate::limits::Limits;
use crate::name::RoomName;
use crate::output::{Output, Sink, WireClass};
use crate::person::Profile;
use crate::session::{Link, Session, Step};
use crate::time::{Deadline, DeadlineReason, Instant, Now};
use crate::world::{Effect, World};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::net::{IpAddr, SocketAddr};

/// How the room behaves, where it can behave in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whoever says something hears it too (`--echo`).
    pub echo: bool,
    /// A newcomer reads a note with its name, the room and how to get help.
    pub greeting: bool,
    /// The language of those who have not chosen one.
    pub language: Language,
    /// Only what is said is heard: no names, no announcements (`--relay raw`).
    pub raw: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { echo: false, greeting: true, language: Language::default(), raw: false }
    }
}

/// The state machine of the whole server.
///
/// It takes one [`Input`] at a time and puts [`Output`]s into the caller's [`Sink`]. Nothing that is shared
/// changes before the log has answered a proposal with [`Input::Committed`].
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    options: Options,
    slots: Vec<Slot>,
    /// Slots without a tenant; the last is given out next.
    vacant: Vec<u32>,
    /// Connections that were let in and whose slot is still theirs.
    admitted: u32,
    /// Connections that were not let in and are being told why.
    refused: u32,
    admitted_per_ip: BTreeMap<IpPrefix, u32>,
    members: BTreeMap<MemberId, ConnId>,
    timers: BTreeSet<(Instant, DeadlineReason, ConnId)>,
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
    tenant: Option<Tenant>,
}

#[derive(Debug)]
struct Tenant {
    session: Session,
    peer: SocketAddr,
    admission: Admission,
    rate_timer: Option<Instant>,
    drain_timer: Option<Instant>,
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
            Input::Accepted { conn, peer, room } => self.accepted(now, conn, peer, room, sink),
            Input::Closed { conn } => self.closed(conn, sink),
            Input::Committed { entries } => {
                for entry in entries {
                    self.committed(now, entry, sink);
                }
            }
            Input::Drained { conn } => {
                if let Some(tenant) = self.tenant(conn) {
                    tenant.session.drained();
                    let timer = tenant.drain_timer.take_if(|_| tenant.session.link() == Link::Open);
                    self.forget_timers(conn, (None, timer));
                    self.run(now, conn, sink);
                }
            }
            Input::Overflowed { conn } => self.overflowed(now, conn, sink),
            Input::ReadClosed { conn } => {
                if let Some(session) = self.session(conn) {
                    session.read_closed();
                    self.run(now, conn, sink);
                }
            }
            Input::Received { conn, bytes } => {
                if let Some(session) = self.session(conn) {
                    session.received(bytes);
                    self.run(now, conn, sink);
                }
            }
            Input::Shutdown => self.shutdown(now, sink),
            Input::Timeout => self.timeout(now, sink),
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

    fn accepted(
        &mut self,
        now: Now,
        conn: ConnId,
        peer: SocketAddr,
        room: Option<&RoomName>,
        sink: &mut impl Sink,
    ) {
        if self.vacant() != Some(conn) {
            debug_assert!(false, "{conn} is not the vacant connection");
            return;
        }
        self.counters.accepted += 1;
        let refused = self.refusal(peer.ip());
        let (language, line_bytes_max) = (self.options.language, self.limits.line_bytes_max);
        let session = match refused {
            None => Session::new(language, line_bytes_max),
            Some(_) => Session::refused(language, line_bytes_max),
        };
        let admission = match refused {
            None => Admission::Admitted,
            Some(_) if self.refused < self.limits.refusals_max => Admission::Refused,
            Some(_) => Admission::Dropped,
        };
        let tenant = Tenant { session, peer, admission, rate_timer: None, drain_timer: None };
        if self.vacant.pop().is_none() {
            self.slots.push(Slot { generation: 0, tenant: None });
        }
        self.slots[conn.slot as usize].tenant = Some(tenant);
        if let Some(reason) = refused {
            sink.output(Output::Console(ConsoleEvent::Refused { peer, reason }));
            if admission == Admission::Refused {
                self.refused += 1;
                self.say_farewell(now, conn, reason, sink);
            } else {
                self.counters.closed[reason as usize] += 1;
                sink.output(Output::Abort { conn });
            }
            return;
        }
        self.admitted += 1;
        *self.admitted_per_ip.entry(ip_prefix(peer.ip())).or_insert(0) += 1;
        let (wish, profile) = (Wish::Port(peer.port()), Profile::plain(peer.ip()));
        let command = Command::Enter { conn, wish, profile, room: room.cloned() };
        sink.output(Output::Propose { conn, command });
    }

    /// Why a connection from this address cannot be let in.
    fn refusal(&self, ip: IpAddr) -> Option<CloseReason> {
        let from_ip = self.admitted_per_ip.get(&ip_prefix(ip)).copied().unwrap_or(0);
        if self.stopping {
            Some(CloseReason::Shutdown)
        } else if self.admitted >= self.limits.connections_max {
            Some(CloseReason::ServerFull)
        } else if !ip.to_canonical().is_loopback() && from_ip >= self.limits.connections_per_ip_max {
            Some(CloseReason::AddressFull)
        } else {
            None
        }
    }

    fn closed(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(tenant) = self.tenant(conn) else { return };
        let was_open = tenant.session.link() == Link::Open;
        if !tenant.session.gone() {
            return;
        }
        let reason =
            if tenant.session.has_ended_input() { CloseReason::EndOfInput } else { CloseReason::Reset };
        let timers = (tenant.rate_timer.take(), tenant.drain_timer.take());
        self.forget_timers(conn, timers);
        if was_open {
            self.counters.closed[reason as usize] += 1;
            self.propose_leave(conn, reason, sink);
        }
        self.vacate_if_over(conn);
    }

    fn overflowed(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        if session.link() != Link::Open {
            return;
        }
        self.propose_leave(conn, CloseReason::SlowReader, sink);
        self.close(now, conn, CloseReason::SlowReader, sink);
    }

    fn shutdown(&mut self, now: Now, sink: &mut impl Sink) {
        self.stopping = true;
        for slot in 0..self.slots.len() {
            let Ok(slot) = u32::try_from(slot) else { continue };
            let conn = ConnId { slot, generation: self.slots[slot as usize].generation };
            if self.session(conn).is_some_and(|session| session.link() == Link::Open) {
                self.propose_leave(conn, CloseReason::Shutdown, sink);
                self.close(now, conn, CloseReason::Shutdown, sink);
            }
        }
    }

    fn timeout(&mut self, now: Now, sink: &mut impl Sink) {
        let Some(&(at, why, conn)) = self.timers.first().filter(|(at, ..)| *at <= now.mono) else { return };
        self.timers.remove(&(at, why, conn));
        let Some(tenant) = self.tenant(conn) else { return };
        match why {
            DeadlineReason::Drain => {
                tenant.drain_timer = None;
                sink.output(Output::Abort { conn });
            }
            DeadlineReason::Rate => {
                tenant.rate_timer = None;
                self.run(now, conn, sink);
            }
        }
    }

    /// Lets the session of a connection do whatever it can do now.
    fn run(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        loop {
            let limits = self.limits;
            let Some(tenant) = self.tenant(conn) else { return };
            match tenant.session.step(now.mono, &limits) {
                Step::Answer(question) => self.answer(now, conn, &question, sink),
                Step::EndOfInput => self.propose_leave(conn, CloseReason::EndOfInput, sink),
                Step::Propose(command) => sink.output(Output::Propose { conn, command }),
                Step::Quit => self.propose_leave(conn, CloseReason::Quit, sink),
                Step::Wait(until) => {
                    if let Some(at) = until
                        && tenant.rate_timer.is_none()
                    {
                        tenant.rate_timer = Some(at);
                        self.timers.insert((at, DeadlineReason::Rate, conn));
                    }
                    break;
                }
            }
        }
        self.bound_draining(now, conn);
        self.pace_reads(conn, sink);
    }

    /// Who has closed its writing side has a deadline for reading the long answer that keeps it here.
    fn bound_draining(&mut self, now: Now, conn: ConnId) {
        let at = now.mono.plus_ms(self.limits.drain_ms);
        let Some(tenant) = self.tenant(conn) else { return };
        if tenant.session.leaves_when_drained() && tenant.drain_timer.is_none() {
            tenant.drain_timer = Some(at);
            self.timers.insert((at, DeadlineReason::Drain, conn));
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
    fn propose_leave(&mut self, conn: ConnId, reason: CloseReason, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        if let Some(member) = session.leave(reason) {
            sink.output(Output::Propose { conn, command: Command::Leave { member, reason, message: None } });
        }
    }

    /// Says the farewell and closes, unless that is done already.
    fn close(&mut self, now: Now, conn: ConnId, reason: CloseReason, sink: &mut impl Sink) {
        if self.session(conn).is_some_and(Session::close) {
            self.say_farewell(now, conn, reason, sink);
        }
    }

    fn say_farewell(&mut self, now: Now, conn: ConnId, reason: CloseReason, sink: &mut impl Sink) {
        self.counters.closed[reason as usize] += 1;
        let at = now.mono.plus_ms(self.limits.drain_ms);
        let Some(tenant) = self.tenant(conn) else { return };
        let timers = (tenant.rate_timer.take(), tenant.drain_timer.replace(at));
        let language = tenant.session.language();
        self.forget_timers(conn, timers);
        self.timers.insert((at, DeadlineReason::Drain, conn));
        let farewell = self.render(&Reply::Farewell(reason), language);
        sink.output(Output::Close { conn, reason, farewell: &farewell });
        self.scratch = farewell;
    }

    /// Writes a reply to a connection that can still be written to.
    fn write(&mut self, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        let Some(language) = self
            .session(conn)
            .filter(|session| session.link() == Link::Open)
            .map(|session| session.language())
        else {
            return;
        };
        let bytes = self.render(reply, language);
        sink.output(Output::Write { conn, bytes: &bytes });
        self.scratch = bytes;
    }

    /// The reply in bytes, in the scratch buffer; put it back when it is used up.
    fn render(&mut self, reply: &Reply<'_>, language: Language) -> BytesMut {
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        reply.render(language, self.limits.reply_bytes_max, &mut bytes);
        bytes
    }

    const fn class(&self, language: Language) -> WireClass {
        WireClass::Plain { language, raw: self.options.raw }
    }

    fn forget_timers(&mut self, conn: ConnId, (rate, drain): (Option<Instant>, Option<Instant>)) {
        if let Some(at) = rate {
            self.timers.remove(&(at, DeadlineReason::Rate, conn));
        }
        if let Some(at) = drain {
            self.timers.remove(&(at, DeadlineReason::Drain, conn));
        }
    }

    fn vacate_if_over(&mut self, conn: ConnId) {
        let Some(slot) = self.slots.get_mut(conn.slot as usize) else { return };
        let Some(tenant) = slot.tenant.take_if(|tenant| tenant.session.is_over()) else { return };
        // A generation that has run out leaves its slot empty for ever: ids are never used twice.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.vacant.push(conn.slot);
        }
        self.refused -= u32::from(tenant.admission == Admission::Refused);
        if tenant.admission == Admission::Admitted {
            self.admitted -= 1;
            let prefix = ip_prefix(tenant.peer.ip());
            if let Some(count) = self.admitted_per_ip.get_mut(&prefix) {
                *count -= 1;
                if *count == 0 {
                    self.admitted_per_ip.remove(&prefix);
                }
            }
        }
    }

    fn tenant(&mut self, conn: ConnId) -> Option<&mut Tenant> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        if slot.generation == conn.generation { slot.tenant.as_mut() } else { None }
    }

    fn session(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.tenant(conn).map(|tenant| &mut tenant.session)
    }
}

fn ip_prefix(ip: IpAddr) -> IpPrefix {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpPrefix::from(u32::from(ip)),
        IpAddr::V6(ip) => IpPrefix::from(ip) >> 64 << 64,
    }
}
