//! The outbox turns outputs into bytes and writes them to connections.
//!
//! The events of a room between two flushes are rendered into one contiguous chunk for each wire class. Most members
//! are written the whole chunk. A member that must read something else (it spoke, was written to directly, entered or
//! left) is served individually: it is written ranges of the chunks, in the order of the outputs. Bytes that a socket
//! does not accept become the connection's backlog, which consists of references to the chunks, so that many slow
//! readers share one copy.
//!
//! The bytes that a connection is sent depend neither on when the outbox is flushed nor on how many bytes a socket
//! accepts at a time: they are those of a sink that writes each output at once. If a backlog exceeds its limit, the
//! connection is sent a prefix of them, up to the end of a line, and then its farewell.

mod check;
mod flush;
mod queue;
mod room;
#[cfg(test)]
mod tests;
pub(crate) mod tick;
mod wait;

use crate::base::few::Few;
use crate::base::id::{ConnId, RoomId};
use crate::base::limits::Limits;
use crate::dialect::wire_class::WireClass;
use crate::hub::output::Output;
use crate::planted;
use crate::world::Event;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use queue::{Chunks, Pins, Queue};
use room::{ClassSubscribers, Rendering, RoomChunk, RoomSubscribers};
use tick::{ChunkBuilder, Item, Mark, Ordinal, Override, Span};

/// The sockets that an outbox writes to.
pub trait Wire {
    /// Closes the writing side of the connection. Everything has been written to it, including its farewell.
    fn finish(&mut self, conn: ConnId);

    /// Writes as many bytes of the slices, in their order, as the socket accepts without blocking. Returns their
    /// number. If it is less than the length of the slices, the outbox does not write to the connection again before
    /// [`Outbox::writable`] is called.
    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize;
}

/// The bytes that wait to be written to connections.
///
/// It renders the [`Output`]s of a [`Hub`](crate::Hub), and writes them to a [`Wire`] when it is
/// [flushed](Self::flush). The outputs between two flushes form a tick.
#[derive(Debug)]
pub struct Outbox {
    backlog_bytes_max: usize,
    chunk_bytes_max: usize,
    flush_writes_max: usize,
    outbox_bytes_max: usize,
    conns: Vec<Conn>,
    rooms: BTreeMap<RoomId, RoomSubscribers>,
    chunks: Chunks,
    /// Rooms with an event in this tick.
    touched: Vec<RoomId>,
    /// The ordinal of the next output.
    ordinal: Ordinal,
    /// Connections that are served individually in this tick.
    overrides: Vec<Override>,
    /// Bytes that were written to single connections in this tick.
    private: ChunkBuilder,
    /// Bytes rendered since the last flush that left nothing.
    unflushed_bytes: usize,
    /// Bytes rendered in this turn and flushed.
    turn_bytes: usize,
    /// Slots of connections whose sockets became full in this turn and had taken everything before. Some have taken everything since.
    awaited: Vec<u32>,
    /// Number of those that have not.
    awaited_count: usize,
    /// The last of those that had to be waited for, when all have taken everything.
    last_awaited: Option<ConnId>,
    /// Slots of connections that have a queue and whose socket may be writable.
    ready: VecDeque<u32>,
    drained: Vec<ConnId>,
    overflowed: Vec<ConnId>,
    counters: OutboxCounters,
    /// Number of flushes.
    flushes: usize,
    /// Number of events that were sent to several rooms at once.
    multicasts: usize,
    /// Empty builders, kept for their allocations.
    spare: Vec<ChunkBuilder>,
    /// Empty lists of chunks, kept for their allocations.
    spare_lists: Vec<Vec<RoomChunk>>,
    /// The renderings of the current event; kept for its allocation.
    renderings: Vec<Rendering>,
}

/// The counters of an outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounters {
    /// Number of connections whose socket is full now.
    pub blocked: u64,
    /// Number of deliveries: an event of a room that ten members read counts ten times.
    pub deliveries: u64,
    /// Number of connections that were closed because all backlogs together exceeded their limit, while their own did
    /// not.
    pub overflowed_together: u64,
    /// The most bytes that a tick took: its chunks, their copies for members of several rooms, and the backlogs.
    pub tick_bytes_most: u64,
    /// Number of calls of [`Wire::write`].
    pub writes: u64,
}

#[derive(Debug, Default)]
struct Conn {
    generation: u32,
    phase: Phase,
    /// Whether the socket is full: it accepted less than it was given.
    blocked: bool,
    /// Whether the socket became full in this turn, had taken everything before, and has not taken everything since.
    is_awaited: bool,
    /// Whether it was once waited for in vain.
    is_tardy: bool,
    /// Whether the last byte written is within a line.
    mid_line: bool,
    /// Whether the slot is in `ready`.
    is_ready: bool,
    /// Whether the hub waits until everything is written.
    report_drained: bool,
    /// The number of the last flush that served the connection. A member of two rooms must be served once.
    served: usize,
    /// The number of the last multicast that the connection has seen. A member of two of its rooms must read it once.
    multicast_id: usize,
    /// The index in `overrides` plus one; 0 for none.
    override_number: usize,
    queue: Option<Box<Queue>>,
    subscriptions: Few<Subscription>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The slot has no connection.
    #[default]
    Vacant,
    /// The connection accepts outputs.
    Open,
    /// The backlog exceeded its limit. Only a farewell is accepted.
    Overflowed,
    /// The farewell is queued. Nothing more is accepted.
    Closing,
    /// Everything has been written, and the writing side is closed.
    Finished,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    room: RoomId,
    class: WireClass,
    /// The index in the members of the class.
    position: u32,
    /// The ordinal at which the subscription began in this tick; 0 if it is older.
    from: Ordinal,
}

impl Conn {
    /// Returns whether the connection is written to in a later flush if this one has so many writes left: it has a queue,
    /// or it is not reached.
    const fn waits(&self, writes_left: usize) -> bool {
        !self.blocked && (self.queue.is_some() || writes_left == 0)
    }
}

impl Outbox {
    /// Creates an outbox without connections.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            backlog_bytes_max: limits.backlog_bytes_max,
            chunk_bytes_max: limits.chunk_bytes_max(),
            flush_writes_max: limits.flush_writes_max,
            outbox_bytes_max: limits.outbox_bytes_max,
            conns: Vec::new(),
            rooms: BTreeMap::new(),
            chunks: Chunks::default(),
            touched: Vec::new(),
            ordinal: 1,
            overrides: Vec::new(),
            private: ChunkBuilder::default(),
            unflushed_bytes: 0,
            turn_bytes: 0,
            awaited: Vec::new(),
            awaited_count: 0,
            last_awaited: None,
            ready: VecDeque::new(),
            drained: Vec::new(),
            overflowed: Vec::new(),
            counters: OutboxCounters::default(),
            flushes: 0,
            multicasts: 0,
            spare: Vec::new(),
            spare_lists: Vec::new(),
            renderings: Vec::new(),
        }
    }

    /// Adds a connection that was accepted.
    pub fn opened(&mut self, conn: ConnId) {
        let slot = conn.slot as usize;
        if self.conns.len() <= slot {
            self.conns.resize_with(slot + 1, Conn::default);
        }
        self.conns[slot] = Conn { generation: conn.generation, phase: Phase::Open, ..Conn::default() };
    }

    /// Removes a closed connection, and drops the bytes queued for it.
    pub fn closed(&mut self, conn: ConnId) {
        if self.conn(conn).is_none() {
            return;
        }
        self.unsubscribe_all(conn);
        self.wait_is_over(conn.slot);
        let state = &mut self.conns[conn.slot as usize];
        if let Some(mut queue) = state.queue.take() {
            queue.clear(&mut self.chunks);
        }
        if core::mem::take(&mut state.blocked) {
            self.counters.blocked -= 1;
        }
        state.phase = Phase::Vacant;
        state.override_number = 0;
        state.report_drained = false;
    }

    /// Marks a connection whose socket was full as writable. The next flush writes to it.
    pub fn writable(&mut self, conn: ConnId) {
        let Some(state) = self.conn(conn) else { return };
        if core::mem::take(&mut state.blocked) {
            self.counters.blocked -= 1;
            self.make_ready(conn.slot);
        }
    }

    /// Takes an output of the hub. Outputs that concern the driver alone are ignored.
    pub fn output(&mut self, output: &Output<'_>) {
        match *output {
            Output::Close { conn, farewell, .. } => self.close(conn, farewell),
            Output::ReportDrained { conn } => {
                if let Some(state) = self.conn(conn) {
                    state.report_drained = true;
                    self.override_mut(conn);
                }
            }
            Output::Subscribe { conn, room, class } => self.subscribe(conn, room, class),
            Output::ToPeers { rooms, except, event } => self.say_to_peers(rooms, except, event),
            Output::ToRoom { room, except, event } => {
                self.say_to_room(room, except, event);
            }
            Output::Unsubscribe { conn, room } => self.unsubscribe(conn, room),
            Output::Write { conn, bytes } => self.write(conn, bytes),
            Output::Abort { .. }
            | Output::CheckPassword { .. }
            | Output::Console(_)
            | Output::Fetch { .. }
            | Output::HistoryChanged(_)
            | Output::PauseReads { .. }
            | Output::Propose { .. }
            | Output::Rehash { .. }
            | Output::ResumeReads { .. } => {}
        }
    }

    /// Returns whether so many bytes were rendered in this turn that they must be flushed and the turn must
    /// [end](Self::end_turn) before the next input, because they could otherwise exceed the limit of a backlog.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.turn_bytes + self.unflushed_bytes >= self.chunk_bytes_max
    }

    /// Records that the caller has asked the operating system which sockets are writable.
    ///
    /// A flush alone does not make room for more: a socket that was full is only written to again after that. If `goes_on`, readers
    /// that were sent much in the turn are still waited for.
    pub fn end_turn(&mut self, goes_on: bool) {
        self.turn_bytes = 0;
        if !goes_on {
            self.stop_waiting(false);
        }
    }

    /// Removes and returns a connection whose backlog exceeded the limit. The hub must be told of it, and closes it.
    pub fn next_overflowed(&mut self) -> Option<ConnId> {
        // Connections that were closed in the meantime are skipped.
        while let Some(conn) = self.overflowed.pop() {
            if self.conn(conn).is_some() {
                return Some(conn);
            }
        }
        None
    }

    /// Removes and returns a connection to which everything has been written, if that was asked for with
    /// [`Output::ReportDrained`].
    pub fn next_drained(&mut self) -> Option<ConnId> {
        while let Some(conn) = self.drained.pop() {
            if self.conn(conn).is_some() {
                return Some(conn);
            }
        }
        None
    }

    /// Returns the number of bytes held in memory for connections whose socket is full. Bytes that several of them
    /// share are counted once. After a flush, it is at most `outbox_bytes_max`, plus farewells.
    ///
    /// It takes time linear in the number of connections.
    #[must_use]
    pub fn backlog_bytes(&self) -> usize {
        self.backlogs().bytes
    }

    /// Returns the number of bytes held in memory for all connections: those whose socket is full, and those that the
    /// flush has not reached yet.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.chunks.bytes()
    }

    /// Returns the counters.
    #[must_use]
    pub const fn counters(&self) -> &OutboxCounters {
        &self.counters
    }

    fn backlogs(&self) -> Pins {
        let blocked = self.conns.iter().filter(|state| state.blocked);
        Pins::of(blocked.filter_map(|state| state.queue.as_deref()), &self.chunks)
    }

    fn conn(&mut self, conn: ConnId) -> Option<&mut Conn> {
        let state = self.conns.get_mut(conn.slot as usize)?;
        (state.generation == conn.generation && state.phase != Phase::Vacant).then_some(state)
    }

    fn next_ordinal(&mut self) -> Ordinal {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        ordinal
    }

    fn write(&mut self, conn: ConnId, bytes: &[u8]) {
        let ordinal = self.next_ordinal();
        if self.conn(conn).is_none_or(|state| state.phase != Phase::Open) || bytes.is_empty() {
            return;
        }
        let start = self.private.bytes.len();
        self.private.bytes.extend_from_slice(bytes);
        self.unflushed_bytes += bytes.len();
        let end = self.private.bytes.len();
        self.push_item(conn, Item::Private { ordinal, start, end });
    }

    fn close(&mut self, conn: ConnId, farewell: &[u8]) {
        let Some(state) = self.conn(conn) else { return };
        match state.phase {
            Phase::Open => {
                self.unsubscribe_all(conn);
                self.write(conn, farewell);
                self.override_mut(conn);
                self.conns[conn.slot as usize].phase = Phase::Closing;
            }
            Phase::Overflowed => {
                // Its override is dropped, too: the outputs of this tick must not follow the farewell.
                self.unsubscribe_all(conn);
                let state = &mut self.conns[conn.slot as usize];
                state.queue.get_or_insert_default().push_copy(farewell, &mut self.chunks);
                state.phase = Phase::Closing;
                state.override_number = 0;
                if !state.blocked {
                    self.make_ready(conn.slot);
                }
            }
            Phase::Closing | Phase::Finished | Phase::Vacant => {}
        }
    }

    fn subscribe(&mut self, conn: ConnId, room: RoomId, class: WireClass) {
        let from = self.next_ordinal();
        if self.conn(conn).is_none_or(|state| state.phase != Phase::Open) {
            return;
        }
        self.end_subscription(conn, room, from);
        let ended = &self.override_mut(conn).ended;
        let earlier =
            || ended.iter().rev().find(|span| span.room == room).map(|span| (span.from, span.until));
        let from = planted::heard_from(from, earlier);
        let members = &mut self.rooms.entry(room).or_default().class_mut(class).members;
        let position = u32::try_from(members.len()).expect("a room has at most one member per slot");
        members.push(conn.slot);
        self.conns[conn.slot as usize].subscriptions.push(Subscription { room, class, position, from });
    }

    fn unsubscribe(&mut self, conn: ConnId, room: RoomId) {
        let until = self.next_ordinal();
        if self.conn(conn).is_some() {
            self.end_subscription(conn, room, until);
        }
    }

    fn unsubscribe_all(&mut self, conn: ConnId) {
        let Some(state) = self.conn(conn) else { return };
        for room in state.subscriptions.iter().map(|subscription| subscription.room).collect::<Vec<_>>() {
            self.unsubscribe(conn, room);
        }
    }

    /// Ends a connection's subscription to a room, if it has one. Events before `until` are still delivered.
    ///
    /// The connection must be live.
    fn end_subscription(&mut self, conn: ConnId, room: RoomId, until: Ordinal) {
        let state = &mut self.conns[conn.slot as usize];
        let Some(index) = state.subscriptions.iter().position(|subscription| subscription.room == room)
        else {
            return;
        };
        let Subscription { class, position, from, .. } = state.subscriptions.swap_remove(index);
        let Some(subscribers) = self.rooms.get_mut(&room) else { return };
        let touched = subscribers.touched;
        let members = &mut subscribers.class_mut(class).members;
        members.swap_remove(position as usize);
        if let Some(&moved) = members.get(position as usize) {
            let subscriptions = &mut self.conns[moved as usize].subscriptions;
            if let Some(moved) = subscriptions.iter_mut().find(|subscription| subscription.room == room) {
                moved.position = position;
            }
        }
        if touched {
            let until = planted::heard_until(from, until);
            self.override_mut(conn).ended.push(Span { room, class, from, until });
        } else if subscribers.classes.iter().all(|it| it.members.is_empty()) {
            self.rooms.remove(&room);
        }
    }

    /// Renders an event for the classes of a room. Returns the ordinal of the event.
    fn say_to_room(&mut self, room: RoomId, except: Option<ConnId>, event: &Event) -> Ordinal {
        let ordinal = self.next_ordinal();
        let Some(subscribers) = self.rooms.get_mut(&room) else { return ordinal };
        if !subscribers.touched {
            subscribers.touched = true;
            subscribers.chunks = self.spare_lists.pop().unwrap_or_default();
            self.touched.push(room);
        }
        self.renderings.clear();
        for index in 0..subscribers.classes.len() {
            let ClassSubscribers { class, ref members, chunk, .. } = subscribers.classes[index];
            if members.is_empty() {
                continue;
            }
            let members = members.len() as u64;
            let class = class.relevant_to(event);
            // Classes that have read the same so far, and read the same now, stay in one chunk.
            let same = self.renderings.iter().find(|it| it.class == class && it.before == chunk);
            let rendering = match same {
                Some(same) => *same,
                None => {
                    let spare = &mut self.spare;
                    let (new, copied) =
                        subscribers.put(&self.renderings, chunk, class, event, ordinal, spare);
                    let mark = if new.is_empty() { 0 } else { size_of::<Mark>() };
                    self.unflushed_bytes += copied + new.end - new.start + mark;
                    self.renderings.push(new);
                    new
                }
            };
            subscribers.classes[index].chunk = Some(rendering.chunk);
            self.counters.deliveries += if rendering.is_empty() { 0 } else { members };
        }
        if let Some(conn) = except
            && let Some(state) = self.conn(conn)
            && let Some(own) = state.subscriptions.iter().find(|subscription| subscription.room == room)
            && let own = own.class.relevant_to(event)
            && self.renderings.iter().any(|it| it.class == own && !it.is_empty())
        {
            self.skip(conn, ordinal);
        }
        ordinal
    }

    fn say_to_peers(&mut self, rooms: &[RoomId], except: Option<ConnId>, event: &Event) {
        if let &[room] = rooms {
            self.say_to_room(room, except, event);
            return;
        }
        self.multicasts += 1;
        let (mut again, mut seen) = (Vec::new(), 0);
        for (index, &room) in rooms.iter().enumerate() {
            let ordinal = self.say_to_room(room, except, event);
            // If no class sees the event, there are no duplicates to look for.
            if self.renderings.iter().all(Rendering::is_empty) {
                continue;
            }
            // Rooms between the last one that saw the event and this one only mark their members as having been here.
            let subscribers = rooms[seen..=index].iter().filter_map(|id| Some((*id, self.rooms.get(id)?)));
            let classes = subscribers.flat_map(|(id, room)| room.classes.iter().map(move |it| (id, it)));
            for (other, class) in classes {
                let sees = |it: &Rendering| !it.is_empty() && Some(it.chunk) == class.chunk;
                let reads = other == room && self.renderings.iter().any(sees);
                for &slot in &class.members {
                    let state = &mut self.conns[slot as usize];
                    // A member that is in an earlier room, too, has already read the event there.
                    if core::mem::replace(&mut state.multicast_id, self.multicasts) == self.multicasts
                        && reads
                    {
                        again.push(ConnId { slot, generation: state.generation });
                    }
                }
            }
            seen = index + 1;
            for conn in again.drain(..).filter(|&conn| Some(conn) != except) {
                self.skip(conn, ordinal);
            }
        }
    }

    /// Excludes a connection from an event of a room. The connection must be live.
    fn skip(&mut self, conn: ConnId, ordinal: Ordinal) {
        self.counters.deliveries = self.counters.deliveries.saturating_sub(1);
        self.push_item(conn, Item::Skip { ordinal });
    }

    /// Appends an item to the override of a connection.
    fn push_item(&mut self, conn: ConnId, item: Item) {
        // Items take memory until the flush, as rendered bytes do, so both bring the flush closer.
        self.unflushed_bytes += size_of::<Item>();
        self.override_mut(conn).items.push(item);
    }

    /// Returns the override of a connection in this tick. Creates it if there is none.
    fn override_mut(&mut self, conn: ConnId) -> &mut Override {
        let state = &mut self.conns[conn.slot as usize];
        if state.override_number == 0 {
            self.overrides.push(Override { slot: conn.slot, ..Override::default() });
            state.override_number = self.overrides.len();
        }
        &mut self.overrides[state.override_number - 1]
    }

    fn make_ready(&mut self, slot: u32) {
        let state = &mut self.conns[slot as usize];
        if !core::mem::replace(&mut state.is_ready, true) {
            self.ready.push_back(slot);
        }
    }
}
