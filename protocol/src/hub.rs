//! The hub: joins the sessions of all connections with the world and the log.

mod address;
mod ban;
mod budget;
mod check;
mod close;
mod commit;
pub(crate) mod console;
mod enter;
pub(crate) mod input;
mod label;
mod life;
mod log_wait;
pub(crate) mod output;
mod password;
mod propose;
mod proxy;
mod report;
mod rooms;
mod say;
mod telling;
mod timers;
mod turn;
mod watch;

use crate::base::id::{ConnId, MemberId};
use crate::base::limits::Limits;
use crate::base::name::RoomName;
use crate::base::options::Options;
use crate::base::person::UserModes;
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::base::time::{Deadline, DeadlineReason, Now};
use crate::dialect::reply::Reply;
use crate::hub::console::ConsoleEvent;
use crate::hub::input::Input;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::planted;
use crate::session::form::InputForm;
use crate::session::{Funds, Link, Request, Session, Workspace};
use crate::views::Views;
use crate::world::{Outcome, Refusal, World};
use address::{AddressId, Addresses, Ticket};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::net::SocketAddr;
use label::Labelled;
use life::Phase;
use log_wait::LogWaits;
use propose::UnderWay;
use rooms::RoomTimer;
use timers::{ConnTimers, Timers};
use turn::Turn;
use watch::Watches;

/// The state machine of the whole server: the sessions of all connections, and the [`World`].
///
/// [`handle`](Self::handle) takes one [`Input`] at a time and puts [`Output`]s into the caller's [`Sink`]. Shared
/// state changes only when the log answers a proposal with [`Input::Committed`].
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    options: Options,
    slots: Vec<Slot>,
    /// Slots without a connection, as a stack: the last is used next.
    vacant: Vec<u32>,
    /// Number of connections that were admitted, or have yet to be because their proxy has not named their client, and are not
    /// closed.
    admitted: u32,
    /// Number of refused connections that are still being told the reason.
    refused: u32,
    addresses: Addresses,
    members: BTreeMap<MemberId, ConnId>,
    timers: Timers,
    room_timer: RoomTimer,
    turn: Turn,
    watches: Watches,
    world: World,
    views: Views,
    counters: Counters,
    phase: Phase,
    under_way: UnderWay,
    log_waits: LogWaits,
    /// Outcomes of the last entry that are not told yet.
    telling: VecDeque<Outcome>,
    /// Outcomes of the entry that is being applied. Empty between inputs; kept for its allocation.
    outcomes: Vec<Outcome>,
    /// Buffer for rendering replies; kept for its allocation.
    scratch: BytesMut,
    /// An empty workspace for the next session that reads something.
    spare_workspace: Option<Box<Workspace>>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    session: Session,
    /// The address of the client; of the proxy, until that names the client.
    peer: SocketAddr,
    address: AddressId,
    /// The place in the queue of the address, while the connection waits for its budget.
    ticket: Option<Ticket>,
    admission: Admission,
    /// The room that plain members from its listener enter.
    room: Option<RoomName>,
    /// The answer to a labelled line, while it is being collected.
    label: Option<Box<Labelled>>,
    timers: ConnTimers,
}

/// The decision on a connection when it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    Admitted,
    /// Closed, whatever the decision was. Its member may have yet to leave.
    Ended,
    /// Refused and closed without a message, because `refusals_max` connections are already being told the reason.
    Dropped,
    /// Not decided, because the proxy that the connection comes from has not named the client yet.
    Open,
    /// Refused, and being told the reason.
    Refused,
}

/// Totals since the hub was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed, by reason, in the order of [`CloseReason::ALL`].
    pub closed: [u64; CloseReason::ALL.len()],
    /// Log entries applied.
    pub entries: u64,
    /// Messages sent to rooms.
    pub lines: u64,
}

impl Hub {
    /// Creates a hub without connections, at the beginning of a log. The limits must have passed [`Limits::check`].
    ///
    /// Before its first input, it must be [started](Self::start).
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        Self::resume(limits, options, World::new())
    }

    /// Creates a hub without connections that goes on with the state that results from a log. The limits must have passed
    /// [`Limits::check`].
    ///
    /// Before its first input, it must be [started](Self::start).
    #[must_use]
    pub fn resume(limits: Limits, options: Options, world: World) -> Self {
        debug_assert_eq!(limits.check(), Ok(()));
        Self {
            limits,
            views: Views::new(&limits, options.remembers_outside, &world),
            options,
            slots: Vec::new(),
            vacant: Vec::new(),
            admitted: 0,
            refused: 0,
            addresses: Addresses::default(),
            members: BTreeMap::new(),
            timers: Timers::default(),
            room_timer: RoomTimer::default(),
            turn: Turn::default(),
            watches: Watches::default(),
            world,
            counters: Counters::default(),
            phase: Phase::Serving,
            under_way: UnderWay::default(),
            log_waits: LogWaits::default(),
            telling: VecDeque::new(),
            outcomes: Vec::new(),
            scratch: BytesMut::new(),
            spare_workspace: None,
        }
    }

    /// Handles one input and puts the resulting outputs into `sink`. `now.mono` must never decrease.
    pub fn handle(&mut self, now: Now, input: Input<'_>, sink: &mut impl Sink) {
        if !matches!(input, Input::Committed { .. } | Input::Fetched { .. } | Input::Tell) {
            self.turn.end();
        }
        match input {
            Input::Accepted { conn, dialect, peer, via, room } => {
                self.accepted(now, conn, (dialect, via), peer, room, sink);
            }
            Input::Closed { conn } => self.closed(now, conn, sink),
            Input::Committed { entry } => self.committed(now, entry, sink),
            Input::Drained { conn } => {
                if let Some(connection) = self.connection(conn) {
                    connection.session.drained(now.mono);
                    if connection.session.link() == Link::Open {
                        self.clear_timer(conn, DeadlineReason::Close);
                    }
                    self.run(now, conn, sink);
                }
            }
            Input::Fetched { conn, page } => self.fetched(now, conn, page, sink),
            Input::LogState(state) => self.log_state(now, state, sink),
            Input::Identified { identity } => self.options.identity = identity,
            Input::Overflowed { conn } => self.overflowed(now, conn, sink),
            Input::ReadClosed { conn } => {
                if let Some(session) = self.session(conn) {
                    session.read_closed();
                    self.run(now, conn, sink);
                }
            }
            Input::Received { conn, bytes } => {
                if let Some(connection) = connection_in(&mut self.slots, conn) {
                    let discarded = connection.session.received(bytes, now.mono, &mut self.spare_workspace);
                    if discarded > self.limits.closing_bytes_max {
                        sink.output(Output::Abort { conn });
                    } else {
                        self.run(now, conn, sink);
                    }
                }
            }
            Input::Shutdown => self.shutdown(now, sink),
            Input::Tell => self.tell_next(now, sink),
            Input::Timeout => self.timeout(now, sink),
            Input::PasswordChecked { conn, result } => self.password_checked(now, conn, result, sink),
        }
        self.time_rooms(now);
        self.end_life(now, sink);
    }

    /// Returns the id for the next accepted connection; `None` if the server could neither admit it nor tell it why it is
    /// refused. The caller then accepts no connections until a slot is free.
    #[must_use]
    pub fn vacant(&self) -> Option<ConnId> {
        if self.admitted >= self.limits.connections_max && self.refused >= self.limits.refusals_max {
            return None;
        }
        if let Some(&slot) = self.vacant.last() {
            return Some(ConnId { slot, generation: self.slots[slot as usize].generation });
        }
        let slots_max = self.limits.slots_max();
        let slot = u32::try_from(self.slots.len()).ok()?;
        (slot < slots_max).then_some(ConnId { slot, generation: 0 })
    }

    /// Returns the time of the next [`Input::Timeout`] and its reason.
    ///
    /// Each timer takes an input of its own, so that the driver can flush between them when many are due at once.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let first = self.timers.first().map(|(at, why, _)| Deadline { at, why });
        let told = self.log_waits.first_due().map(|at| Deadline { at, why: DeadlineReason::Log });
        let room = self.room_timer.due().map(|at| Deadline { at, why: DeadlineReason::Room });
        [first, told, room].into_iter().flatten().min_by_key(|deadline| (deadline.at, deadline.why))
    }

    /// Returns the number of proposals that the log has not answered yet.
    #[must_use]
    pub fn proposals(&self) -> usize {
        self.under_way.len()
    }

    /// Returns whether the life of this node is over: the server has stopped, or it must stop because another process has started
    /// for the node. The hub has closed all connections then, and proposes nothing.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Returns the number of connections that have a slot: open, closing, or closed and waiting for their `Leave`.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Returns the form in which the next bytes of a connection are read.
    #[must_use]
    pub fn input_form(&self, conn: ConnId) -> InputForm {
        self.session_ref(conn).map_or(InputForm::Ended, Session::input_form)
    }

    /// Returns the totals since the hub was created.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the limits of the server.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the shared state.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Returns the views of what has happened.
    #[must_use]
    pub const fn views(&self) -> &Views {
        &self.views
    }

    fn closed(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let was_open = connection.session.link() == Link::Open;
        if !connection.session.closed() {
            return;
        }
        connection.label = None;
        let reason =
            if connection.session.has_ended_input() { CloseReason::EndOfInput } else { CloseReason::Reset };
        self.clear_timers(now, conn);
        self.watches.forget(conn);
        self.depart(conn);
        if was_open {
            self.report_closed(conn, reason, sink);
            self.propose_leave(now, conn, reason, None, sink);
        }
        self.vacate_if_finished(conn);
    }

    fn overflowed(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        self.close_now(now, conn, CloseReason::SlowReader, None, sink);
    }

    /// Closes an open connection at once, and proposes that its member leaves.
    fn close_now(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        if self.session(conn).is_some_and(|session| session.link() == Link::Open) {
            self.propose_leave(now, conn, reason, message.cloned(), sink);
            self.close(now, conn, reason, message, sink);
        }
    }

    fn shutdown(&mut self, now: Now, sink: &mut impl Sink) {
        self.phase = self.phase.max(Phase::Stopping);
        for slot in 0..self.slots.len() {
            let Ok(slot) = u32::try_from(slot) else { continue };
            let conn = ConnId { slot, generation: self.slots[slot as usize].generation };
            self.close_now(now, conn, CloseReason::Shutdown, None, sink);
        }
    }

    /// Carries out the requests of a connection's session until it has to wait.
    fn run(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        self.run_with(now, conn, false, sink);
    }

    /// Carries out the requests of a connection's session until it has to wait. With `has_turn`, one line may be read
    /// before those of the connections that wait for the budget of the same address.
    fn run_with(&mut self, now: Now, conn: ConnId, mut has_turn: bool, sink: &mut impl Sink) {
        let rate = self.address_rate();
        self.turn.begin(conn);
        let waits = self.waits_for_turn(conn);
        while !waits && !self.ends_turn(now, conn) {
            let may_propose = self.may_propose();
            let Some(connection) = connection_in(&mut self.slots, conn) else { return };
            let (addresses, address) = (&self.addresses, connection.address);
            let funds = || Funds {
                now: now.mono,
                rate: addresses.rate(address, self.limits.rate),
                address_is_ready: addresses.is_ready(address, has_turn, rate, now.mono),
            };
            let request = connection.session.next_request(funds, may_propose, &self.limits, &self.options);
            let cost = connection.session.settle();
            if cost != Cost::NONE {
                self.addresses.charge(connection.address, cost, rate, now.mono);
                self.turn.add(conn, cost);
                has_turn = false;
            }
            if let Request::Wait(blocked) = request {
                connection.session.put_workspace_away(&mut self.spare_workspace);
                self.wait(now, conn, blocked);
                if let Some(blocked) = blocked {
                    self.tell_slowed(now, conn, blocked, sink);
                }
                break;
            }
            self.carry_out(now, conn, request, sink);
        }
        self.write_part(conn, sink);
        self.bound_last_answer(now, conn);
        self.pace_reads(conn, sink);
    }

    /// Carries out one request of a session.
    fn carry_out(&mut self, now: Now, conn: ConnId, request: Request, sink: &mut impl Sink) {
        match request {
            Request::Answer(question) => {
                self.answer(now, conn, sink, |dialect, view, answer| dialect.answer(question, view, answer));
            }
            Request::CheckPassword(password) => self.check_password(now, conn, &password, sink),
            Request::EndOfInput => self.leave_then_close(now, conn, CloseReason::EndOfInput, None, sink),
            Request::Enter(registration) => self.enter(now, conn, registration, sink),
            Request::Fetch(query) => {
                let scope = self.views.scope(&query, &self.world);
                sink.output(Output::Fetch { conn, query, scope });
            }
            Request::Label(label) => self.label(conn, label, sink),
            Request::Nothing => {}
            Request::Notice(notice) => self.answer_reply(now, conn, &Reply::Notice(notice), sink),
            Request::Propose(command) => self.propose(now, Some(conn), command, sink),
            Request::Proxied(header) => self.read_proxy(now, conn, header, sink),
            Request::Quit(message) => self.leave_then_close(now, conn, CloseReason::Quit, message, sink),
            Request::Register => {
                if let Some(connection) = self.connection(conn) {
                    let (peer, dialect) =
                        (connection.peer, connection.session.dialect().class().dialect.name);
                    sink.output(Output::Console(ConsoleEvent::Detected { conn, peer, dialect }));
                }
                self.expect_registration(now, conn);
            }
            Request::Rehash => self.rehash(now, conn, sink),
            Request::Signal(command) => self.signal(now, conn, &command, sink),
            Request::SwitchDialect(member) => {
                if planted::leaves_before() {
                    let command = Command::Leave { member, reason: CloseReason::OtherDialect, message: None };
                    self.propose(now, Some(conn), command, sink);
                }
            }
            Request::Telnet(answer) => self.write(conn, &answer, sink),
            Request::TurnAway(kind) => self.turn_away(now, conn, kind, sink),
            Request::Unwatch(None) => self.watches.forget(conn),
            Request::Unwatch(Some(names)) => names.iter().for_each(|name| self.watches.remove(conn, name)),
            Request::Wait(_) => {}
            Request::Watch(names) => {
                let (names, over_limit) = self.watches.add(conn, names, self.limits.monitored_max);
                let reply = Reply::Watching { names: &names, over_limit: &over_limit };
                self.answer_reply(now, conn, &reply, sink);
            }
        }
    }

    /// Asks the driver to read the configuration again, if the member is an operator of the server.
    fn rehash(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let member = self.session(conn).and_then(|session| session.member());
        let is_operator = member
            .and_then(|member| self.world.member(member))
            .is_some_and(|member| member.modes().has(UserModes::OPERATOR));
        if !is_operator {
            let refusal = &Refusal::NotServerOperator;
            return self.answer_reply(now, conn, &Reply::Refused { refusal, command: None }, sink);
        }
        if let Some(by) = member.and_then(|member| self.console_member(member)) {
            sink.output(Output::Console(ConsoleEvent::RehashRequested { by }));
        }
        sink.output(Output::Rehash { conn });
        self.answer_reply(now, conn, &Reply::Rehashing, sink);
    }

    /// Proposes that the member leaves; the connection closes when that is committed. A connection without a member
    /// closes at once.
    fn leave_then_close(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<Text>,
        sink: &mut impl Sink,
    ) {
        if self.session(conn).is_some_and(|session| session.member().is_some()) {
            self.propose_leave(now, conn, reason, message, sink);
        } else {
            self.close_now(now, conn, reason, message.as_ref(), sink);
        }
    }

    /// Pauses or resumes reading from a connection, if that has changed.
    fn pace_reads(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        let pause = session.wants_pause();
        if pause == session.reads_paused || session.link() != Link::Open {
            return;
        }
        session.reads_paused = pause;
        sink.output(if pause { Output::PauseReads { conn } } else { Output::ResumeReads { conn } });
    }

    /// Proposes the `Leave` of a connection's member, unless it has been proposed already.
    fn propose_leave(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<Text>,
        sink: &mut impl Sink,
    ) {
        // An entrance that waits is not proposed any more.
        let entrance = self.log_waits.take_entrance(conn);
        let Some(session) = self.session(conn) else { return };
        if entrance.is_some() {
            session.not_entered();
        }
        if let Some(member) = session.leave(reason) {
            self.propose(now, Some(conn), Command::Leave { member, reason, message }, sink);
        }
    }

    /// Frees the slot of a connection that is closed and has no member.
    fn vacate_if_finished(&mut self, conn: ConnId) {
        let Some(slot) = self.slots.get_mut(conn.slot as usize) else { return };
        let Some(connection) = slot.connection.take_if(|connection| connection.session.is_finished()) else {
            return;
        };
        // A slot whose generations are used up stays empty, because a `ConnId` is never used twice.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.vacant.push(conn.slot);
        }
        self.addresses.disconnect(connection.address);
    }

    /// Makes a closed connection count for no limit. It keeps its slot until its member has left, which may take as long as the log
    /// stands still, and its client may be back before.
    fn depart(&mut self, conn: ConnId) {
        let Some(connection) = connection_in(&mut self.slots, conn) else { return };
        let admission = core::mem::replace(&mut connection.admission, Admission::Ended);
        self.refused -= u32::from(admission == Admission::Refused);
        self.admitted -= u32::from(matches!(admission, Admission::Admitted | Admission::Open));
        if admission == Admission::Admitted {
            self.addresses.dismiss(connection.address);
        }
    }

    fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        connection_in(&mut self.slots, conn)
    }

    fn session(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.connection(conn).map(|connection| &mut connection.session)
    }

    fn connection_ref(&self, conn: ConnId) -> Option<&Connection> {
        let slot = self.slots.get(conn.slot as usize).filter(|slot| slot.generation == conn.generation)?;
        slot.connection.as_ref()
    }

    fn session_ref(&self, conn: ConnId) -> Option<&Session> {
        self.connection_ref(conn).map(|connection| &connection.session)
    }
}

/// The connection, if its slot is still its own.
fn connection_in(slots: &mut [Slot], conn: ConnId) -> Option<&mut Connection> {
    let slot = slots.get_mut(conn.slot as usize)?;
    if slot.generation == conn.generation { slot.connection.as_mut() } else { None }
}
