//! The network of tier 1: links in simulated time.
//!
//! A link delivers segments in order; it may split, join, delay or hold them. A client takes as many bytes as its
//! window has space for, and reads them or hangs. All random choices come from one source.

mod reading;

use super::events::Events;
use crate::bug::SimBug;
use crate::scenario::Setup;
use crate::source::Source;
use bytes::Bytes;
use parlor_protocol::{ConnId, Dialect, LogState, PasswordResult, RoomId, RoomName, Via, WireClass};
use std::collections::VecDeque;

/// The right password, of the server, of gateways, and of every operator.
const RIGHT_PASSWORD: &[u8] = b"right";

/// Upper bound for the time of a password check.
const CHECK_US_MAX: u64 = 100_000;

/// Microseconds within which a history is read.
const FETCH_US_MAX: u64 = 20_000;

/// The factor by which a check takes longer that has to wait for others.
const QUEUE_FACTOR: u64 = 100;

/// A scheduled event. The number is that of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The first item in transit reaches the server.
    Arrival(usize),
    /// The log commits.
    Commit,
    /// A client reads from its window.
    Consume(usize),
    /// The server's configuration has been read again.
    Identified,
    /// The server notices the state of the log.
    LogState(LogState),
    /// The log stands still.
    LogStops,
    /// A part of a history has been read.
    Fetched(ConnId),
    /// A password has been checked.
    PasswordChecked(ConnId, PasswordResult),
    /// The next step of the scenario is due.
    Step,
    /// The server does a tick.
    Tick,
    /// A socket that took less than it had space for takes more.
    Writable(usize),
}

/// An item that a client sends over its link.
#[derive(Debug)]
pub(super) enum Sent {
    /// The client connects.
    Connect,
    /// The client closes its writing side.
    End,
    /// The client breaks the connection.
    Reset,
    /// The client sends bytes.
    Segment(Bytes),
}

/// The state of a link, on both sides.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: u16,
    pub(super) dialect: Dialect,
    /// The way in which it tells who its client is.
    pub(super) via: Via,
    pub(super) room: Option<RoomName>,
    pub(super) conn: Option<ConnId>,
    /// The rooms that the connection is subscribed to, each with its wire class.
    rooms: Vec<(RoomId, WireClass)>,
    /// Items in transit to the server, in order.
    in_transit: VecDeque<Sent>,
    /// Bytes that have arrived at the server and are not read yet.
    inbox: VecDeque<Bytes>,
    end_came: bool,
    pub(super) reset_came: bool,
    pub(super) reads_paused: bool,
    pub(super) read_open: bool,
    pub(super) is_ready: bool,
    /// Whether the socket was full and has space again.
    unblocked: bool,
    /// Number of bytes in the client's window.
    used: usize,
    /// Whether the client reads at a steady pace.
    is_steady: bool,
    /// The time until which a steady client has read.
    read_until_us: u64,
    pub(super) blocked: bool,
    /// The number of the server's turn since which not everything was written to it; `None` if everything was.
    pub(super) behind_since: Option<u64>,
    hung: bool,
    consume_scheduled: bool,
    held_until_us: u64,
    last_arrival_us: u64,
    /// Whether the client has closed its writing side.
    pub(super) client_ended: bool,
    /// Whether the server has written everything and closed its writing side.
    pub(super) finished: bool,
    /// Whether the server has closed the connection.
    pub(super) gone: bool,
}

/// The result of a read by the server.
#[derive(Debug)]
pub(super) enum Read {
    Broken,
    Bytes(Bytes),
    End,
    Nothing,
}

/// Number of faults of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Clients that stopped reading.
    pub hangs: u64,
    /// Links that delivered nothing for a while.
    pub holds: u64,
    /// Links that broke.
    pub resets: u64,
    /// Reads that returned less than had arrived.
    pub short_reads: u64,
    /// Writes that took less than there was space for.
    pub short_writes: u64,
    /// Writes that filled the window.
    pub full_windows: u64,
    /// Sends that were split into several segments.
    pub split_sends: u64,
}

impl Faults {
    /// Returns the name and the number of faults of each kind.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { hangs, holds, resets, short_reads, short_writes, full_windows, split_sends } = *self;
        [
            ("clients hang", hangs),
            ("links hold", holds),
            ("links break", resets),
            ("short reads", short_reads),
            ("short writes", short_writes),
            ("full windows", full_windows),
            ("split sends", split_sends),
        ]
        .into_iter()
    }

    /// Adds the numbers of another run.
    pub(super) const fn add(&mut self, other: &Self) {
        self.hangs += other.hangs;
        self.holds += other.holds;
        self.resets += other.resets;
        self.short_reads += other.short_reads;
        self.short_writes += other.short_writes;
        self.full_windows += other.full_windows;
        self.split_sends += other.split_sends;
    }
}

#[derive(Debug)]
pub(super) struct Net {
    pub(super) now_us: u64,
    pub(super) chaos: Source<'static>,
    pub(super) links: Vec<Link>,
    /// Links that wait to be accepted.
    pub(super) waiting: VecDeque<usize>,
    /// Links that the server has to serve.
    pub(super) ready: VecDeque<usize>,
    pub(super) faults: Faults,
    /// Whether an item has waited for a link that is held.
    pub(super) has_held: bool,
    events: Events<Event>,
    /// Number of scheduled events other than ticks.
    pub(super) pending: u64,
    tick_at: Option<u64>,
    /// The link of the connection in each slot.
    slots: Vec<Option<usize>>,
    setup: Setup,
    read_bytes_max: usize,
    bug: Option<SimBug>,
}

impl Net {
    pub(super) fn new(setup: &Setup, bug: Option<SimBug>) -> Self {
        Self {
            now_us: 0,
            chaos: Source::seed(setup.chaos_seed),
            links: Vec::new(),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            faults: Faults::default(),
            has_held: false,
            events: Events::new(),
            pending: 0,
            tick_at: None,
            slots: Vec::new(),
            setup: setup.clone(),
            read_bytes_max: setup.limits.read_bytes_max,
            bug,
        }
    }

    /// Removes the next event, and advances the time to it.
    pub(super) fn next(&mut self) -> Option<Event> {
        loop {
            let (at, event) = self.events.pop()?;
            if let Some(event) = self.happens(at, event) {
                return Some(event);
            }
        }
    }

    /// Returns the time of the next event, which may be a tick that was replaced by an earlier one.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.events.peek().map(|(at, _)| at)
    }

    /// Removes the next event, and advances the time to it. Returns `None` if it is a tick that was replaced.
    pub(super) fn next_one(&mut self) -> Option<Event> {
        let (at, event) = self.events.pop()?;
        self.happens(at, event)
    }

    fn happens(&mut self, at: u64, event: Event) -> Option<Event> {
        // A tick that was replaced by an earlier one is skipped.
        if event == Event::Tick && self.tick_at.take_if(|tick| *tick == at).is_none() {
            return None;
        }
        self.pending -= u64::from(event != Event::Tick);
        self.now_us = self.now_us.max(at);
        Some(event)
    }

    pub(super) fn schedule(&mut self, at_us: u64, event: Event) {
        self.pending += u64::from(event != Event::Tick);
        self.events.push(at_us, event);
    }

    /// Schedules a tick at this time, unless one is scheduled earlier.
    pub(super) fn tick_by(&mut self, at_us: u64) {
        if self.tick_at.is_none_or(|tick| at_us < tick) {
            self.tick_at = Some(at_us);
            self.schedule(at_us, Event::Tick);
        }
    }

    /// Returns the time of the next tick, if one is scheduled.
    pub(super) const fn tick_at(&self) -> Option<u64> {
        self.tick_at
    }

    /// Wakes the server: schedules a tick after the delay of waking it.
    pub(super) fn wake(&mut self) {
        self.tick_by(self.now_us + self.setup.tick_us);
    }

    pub(super) fn make_ready(&mut self, link: usize) {
        if !std::mem::replace(&mut self.links[link].is_ready, true) {
            self.ready.push_back(link);
        }
        self.wake();
    }

    /// Returns the link of a connection.
    pub(super) fn of(&self, conn: ConnId) -> Option<usize> {
        let link = self.slots.get(conn.slot as usize).copied().flatten()?;
        (self.links[link].conn == Some(conn)).then_some(link)
    }

    /// Returns the wire class in which the connection is subscribed to the room.
    pub(super) fn class_in(&self, conn: ConnId, room: RoomId) -> Option<WireClass> {
        let rooms = &self.links[self.of(conn)?].rooms;
        rooms.iter().find(|(other, _)| *other == room).map(|(_, class)| *class)
    }

    /// Records the subscription of a connection to a room. Returns the previous wire class.
    pub(super) fn record_subscription(
        &mut self,
        conn: ConnId,
        room: RoomId,
        class: Option<WireClass>,
    ) -> Option<WireClass> {
        let before = self.class_in(conn, room);
        if let Some(link) = self.of(conn) {
            let rooms = &mut self.links[link].rooms;
            rooms.retain(|(other, _)| *other != room);
            rooms.extend(class.map(|class| (room, class)));
        }
        before
    }

    /// Records the connection of an accepted link.
    pub(super) fn accepted(&mut self, link: usize, conn: ConnId) {
        let slot = conn.slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        self.slots[slot] = Some(link);
        self.links[link].conn = Some(conn);
        if self.links[link].has_input() {
            self.make_ready(link);
        }
    }

    /// Records that the server has closed the connection.
    pub(super) fn dropped(&mut self, link: usize) {
        let link = &mut self.links[link];
        link.gone = true;
        link.inbox.clear();
        if let Some(conn) = link.conn {
            self.slots[conn.slot as usize] = None;
        }
    }

    /// Starts a password check, whose result is an event.
    pub(super) fn check_password(&mut self, conn: ConnId, password: &[u8]) {
        let takes_us = 1 + self.chaos.below(CHECK_US_MAX);
        // Some wait in a queue, for so long that a registration would time out if its clock did not stand still.
        let waits_us = if takes_us.is_multiple_of(4) { takes_us * QUEUE_FACTOR } else { takes_us };
        let result = match takes_us.is_multiple_of(10) {
            true => PasswordResult::NotChecked,
            false => (password == RIGHT_PASSWORD).into(),
        };
        self.schedule(self.now_us + waits_us, Event::PasswordChecked(conn, result));
    }

    /// Starts to read a history, whose result is an event.
    pub(super) fn fetch(&mut self, conn: ConnId) {
        let takes_us = self.chaos.below(FETCH_US_MAX);
        self.schedule(self.now_us + takes_us, Event::Fetched(conn));
    }

    /// Starts to read the configuration, whose result is an event.
    pub(super) fn read_configuration(&mut self) {
        let at = self.now_us + 1 + self.chaos.below(CHECK_US_MAX);
        self.schedule(at, Event::Identified);
    }

    // Acts of the client.

    pub(super) fn connect(
        &mut self,
        client: u16,
        (dialect, room): (Dialect, Option<RoomName>),
        via: Via,
    ) -> usize {
        let link = self.links.len();
        self.links.push(Link {
            client,
            dialect,
            via,
            room,
            conn: None,
            rooms: Vec::new(),
            in_transit: VecDeque::new(),
            inbox: VecDeque::new(),
            end_came: false,
            reset_came: false,
            reads_paused: false,
            read_open: true,
            is_ready: false,
            unblocked: false,
            used: 0,
            is_steady: self.setup.reader_bytes_per_ms > 0 && client >= self.setup.hostile_clients,
            read_until_us: 0,
            blocked: false,
            behind_since: None,
            hung: false,
            consume_scheduled: false,
            held_until_us: 0,
            last_arrival_us: 0,
            client_ended: false,
            finished: false,
            gone: false,
        });
        self.put_in_transit(link, Sent::Connect);
        link
    }

    pub(super) fn send(&mut self, link: usize, bytes: &[u8], segment: usize) {
        let bytes = Bytes::copy_from_slice(bytes);
        let segment = if segment == 0 { bytes.len().max(1) } else { segment };
        self.faults.split_sends += u64::from(bytes.len() > segment);
        for start in (0..bytes.len()).step_by(segment) {
            let part = bytes.slice(start..bytes.len().min(start + segment));
            self.put_in_transit(link, Sent::Segment(part));
        }
    }

    pub(super) fn end_input(&mut self, link: usize) {
        if !std::mem::replace(&mut self.links[link].client_ended, true) {
            self.put_in_transit(link, Sent::End);
        }
    }

    pub(super) fn reset(&mut self, link: usize) {
        self.faults.resets += 1;
        self.links[link].client_ended = true;
        self.put_in_transit(link, Sent::Reset);
    }

    pub(super) fn hang(&mut self, link: usize) {
        self.faults.hangs += u64::from(!self.links[link].hung);
        self.links[link].hung = true;
    }

    pub(super) fn read_on(&mut self, link: usize) {
        if std::mem::take(&mut self.links[link].hung) {
            self.schedule_consume(link);
        }
    }

    pub(super) fn hold(&mut self, link: usize, us: u64) {
        self.faults.holds += 1;
        self.links[link].held_until_us = self.now_us + us;
    }

    /// Ends all faults: every client reads, and no link is held.
    pub(super) fn heal(&mut self) {
        for link in 0..self.links.len() {
            self.links[link].held_until_us = 0;
            self.read_on(link);
        }
    }

    // Events of the network.

    /// Removes the first item in transit, which has arrived. Returns `None` if the link is held.
    pub(super) fn arrived(&mut self, link: usize) -> Option<Sent> {
        let state = &mut self.links[link];
        let until = state.held_until_us;
        if until > self.now_us {
            self.has_held = true;
            self.schedule(until, Event::Arrival(link));
            return None;
        }
        state.in_transit.pop_front()
    }

    /// Hands an item that has arrived to the server, which reads it once it has accepted the connection.
    pub(super) fn came(&mut self, link: usize, sent: Sent) {
        let keeps_inbox = self.chaos.chance(500);
        let link = self.recipient(link, &sent);
        let state = &mut self.links[link];
        match sent {
            Sent::Connect => {
                self.waiting.push_back(link);
                self.wake();
                return;
            }
            Sent::End => state.end_came = true,
            Sent::Reset => {
                state.reset_came = true;
                if !keeps_inbox {
                    state.inbox.clear();
                }
            }
            Sent::Segment(bytes) => state.inbox.push_back(bytes),
        }
        if state.conn.is_some() && !state.gone {
            self.make_ready(link);
        }
    }

    /// Returns the link that receives an item. With the planted bug, bytes of a closed connection go to the next one in
    /// its slot.
    fn recipient(&self, link: usize, sent: &Sent) -> usize {
        let state = &self.links[link];
        let next = state.conn.and_then(|conn| self.slots[conn.slot as usize]);
        match next {
            Some(next) if state.gone && matches!(sent, Sent::Segment(_)) => match self.bug {
                Some(SimBug::SlotReused) => next,
                _ => link,
            },
            _ => link,
        }
    }

    pub(super) fn writable_came(&mut self, link: usize) {
        let state = &mut self.links[link];
        if state.blocked && !state.gone {
            state.unblocked = true;
            self.make_ready(link);
        }
    }

    // Acts of the server.

    /// Starts to serve a link. Returns whether its socket was full and has space again.
    pub(super) fn begin_turn(&mut self, link: usize) -> bool {
        let link = &mut self.links[link];
        link.is_ready = false;
        let unblocked = std::mem::take(&mut link.unblocked) && link.blocked;
        link.blocked &= !unblocked;
        unblocked
    }

    pub(super) fn read(&mut self, link: usize) -> Read {
        let short = self.chaos.chance(self.setup.short_read_per_mille);
        let joins = self.chaos.chance(500);
        let state = &mut self.links[link];
        if state.gone || !state.read_open || state.reads_paused {
            return Read::Nothing;
        }
        let Some(mut bytes) = state.inbox.pop_front() else {
            if state.reset_came {
                return Read::Broken;
            }
            if state.end_came {
                state.read_open = false;
                return Read::End;
            }
            return Read::Nothing;
        };
        while joins
            && bytes.len() < self.read_bytes_max
            && let Some(more) = state.inbox.pop_front()
        {
            bytes = [bytes, more].concat().into();
        }
        let mut most = self.read_bytes_max;
        if short && bytes.len() > 1 {
            most = most.min(1 + self.chaos.index(bytes.len() - 1));
            self.faults.short_reads += 1;
        }
        if bytes.len() > most {
            state.inbox.push_front(bytes.split_off(most));
        }
        if self.links[link].has_input() {
            self.make_ready(link);
        }
        Read::Bytes(bytes)
    }

    /// Writes to a link. Returns how many of `total` bytes it takes. If it takes less, it becomes ready when it can
    /// take more.
    pub(super) fn write(&mut self, link: usize, total: usize) -> usize {
        let short = self.chaos.chance(self.setup.short_write_per_mille);
        self.read_steadily(link);
        let state = &mut self.links[link];
        assert!(!state.blocked, "a full socket is not written to before it has space");
        let room = self.setup.window_bytes.saturating_sub(state.used);
        let mut taken = total.min(room);
        if short && taken > 0 {
            taken = self.chaos.index(taken);
            self.faults.short_writes += 1;
            let soon = self.now_us + 1 + self.chaos.below(1_000);
            self.schedule(soon, Event::Writable(link));
        } else if taken < total {
            self.faults.full_windows += 1;
        }
        let state = &mut self.links[link];
        state.used += taken;
        state.blocked = taken < total;
        if state.used > 0 && (state.blocked || !state.is_steady) {
            self.schedule_consume(link);
        }
        taken
    }

    pub(super) fn finish(&mut self, link: usize) {
        self.links[link].finished = true;
        self.schedule_consume(link);
        self.make_ready(link);
    }

    /// Sends an item. It arrives after everything that the client has sent before.
    fn put_in_transit(&mut self, link: usize, sent: Sent) {
        let at = self.now_us + self.chaos.below(self.setup.delay_us_max + 1);
        let state = &mut self.links[link];
        state.in_transit.push_back(sent);
        state.last_arrival_us = at.max(state.last_arrival_us).max(state.held_until_us);
        let at = state.last_arrival_us;
        self.schedule(at, Event::Arrival(link));
    }
}

impl Link {
    pub(super) fn has_input(&self) -> bool {
        !self.inbox.is_empty() || self.end_came && self.read_open || self.reset_came
    }

    /// Whether the client can still act on the connection.
    pub(super) const fn is_live(&self) -> bool {
        !self.gone && !self.client_ended
    }
}
