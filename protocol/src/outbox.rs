//! From outputs to bytes: each room's tick is rendered once, and written once to each member.
//!
//! What a room says between two flushes is one contiguous chunk per wire class. A member that did
//! nothing is written the chunk as it stands; one that spoke, was written to, came or went is served individually: it
//! gets a list of ranges of the chunk, in the order of the outputs. What a socket does not take becomes the
//! connection's backlog: references to the chunks, shared by all who are owed them.
//!
//! However the flushes fall, and however little a socket takes at a time, each connection is sent the same
//! bytes: those of a sink that writes each output at once. One whose backlog passes its limit is sent a
//! beginning of them, up to the end of a line, and then its farewell.

mod check;
mod flush;
mod queue;
#[cfg(test)]
mod tests;
pub(crate) mod tick;

use crate::base::few::Few;
use crate::base::id::{ConnId, RoomId};
use crate::base::limits::Limits;
use crate::dialect::event::Event;
use crate::dialect::event::WireClass;
use crate::hub::output::Output;
use crate::planted;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use queue::{Chunks, Pins, Queue};
use tick::{ChunkBuilder, Item, Mark, Ordinal, Override, Span};

/// The sockets, as the outbox needs them.
pub trait Wire {
    /// Everything that the connection was owed is written: close its writing side.
    fn finish(&mut self, conn: ConnId);

    /// Writes as much of the slices, in their order, as the connection takes at once, and returns how many
    /// bytes that was. After less than all of them, the outbox writes to the connection no more until
    /// [`Outbox::writable`].
    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize;
}

/// Collects outputs and writes them, tick by tick.
#[derive(Debug)]
pub struct Outbox {
    backlog_bytes_max: usize,
    chunk_bytes_max: usize,
    flush_writes_max: usize,
    outbox_bytes_max: usize,
    conns: Vec<Conn>,
    rooms: BTreeMap<RoomId, RoomSubscribers>,
    chunks: Chunks,
    /// Rooms that said something in this tick.
    touched: Vec<RoomId>,
    ordinal: Ordinal,
    overrides: Vec<Override>,
    private: ChunkBuilder,
    /// Bytes rendered since everything was last written or tried.
    unflushed_bytes: usize,
    /// Connections that are owed something and whose socket may take it.
    ready: VecDeque<u32>,
    drained: Vec<ConnId>,
    overflowed: Vec<ConnId>,
    counters: OutboxCounters,
    /// How many flushes there were: each starts elsewhere in a room.
    flushes: usize,
    /// How many times something was told to several rooms at once.
    multicasts: usize,
    /// Empty builders, kept for their allocations.
    spare: Vec<ChunkBuilder>,
    /// Empty lists of chunks, kept for their allocations.
    spare_lists: Vec<Vec<RoomChunk>>,
    /// The forms in which the event at hand was rendered; kept for its allocation.
    renderings: Vec<Rendering>,
}

/// An event in the form that some classes have in common, behind what they have read before it.
#[derive(Clone, Copy, Debug)]
struct Rendering {
    /// What matters of the classes.
    class: WireClass,
    /// The chunk in which they have read so far; `None` where the room has said nothing to them in this tick.
    before: Option<usize>,
    /// The chunk in which they go on.
    chunk: usize,
    start: usize,
    end: usize,
}

impl Rendering {
    const fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// What the outbox has done, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounters {
    /// Connections whose socket is full.
    pub blocked: u64,
    /// Events that one connection heard of a room.
    pub deliveries: u64,
    /// Connections that were given up, though each owed no more than it may, for all of them together did.
    pub overflowed_together: u64,
    /// Calls of [`Wire::write`].
    pub writes: u64,
}

#[derive(Debug, Default)]
struct Conn {
    generation: u32,
    phase: Phase,
    /// The socket took less than it was given.
    blocked: bool,
    /// The last byte that was written was not the end of a line.
    mid_line: bool,
    /// It is in `ready`.
    is_ready: bool,
    report_drained: bool,
    /// The flush in which it was last served, so that a member of two rooms is served once.
    served: usize,
    /// The telling of several rooms that it heard last, so that it hears each once.
    multicast_id: usize,
    /// Its place in `overrides`, and one more; 0 for none.
    override_index: usize,
    queue: Option<Box<Queue>>,
    subscriptions: Few<Subscription>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No connection has this slot.
    #[default]
    Vacant,
    /// It is written what it is owed.
    Open,
    /// It is owed too much: nothing is added before its farewell.
    Overflowed,
    /// Its farewell is queued; nothing is added.
    Closing,
    /// All is written and its writing side is closed.
    Finished,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    room: RoomId,
    class: WireClass,
    /// Its place in the members of the class.
    position: u32,
    /// The ordinal at which it began in this tick; 0 when before it.
    from: Ordinal,
}

/// The subscribers of a room.
#[derive(Debug, Default)]
struct RoomSubscribers {
    classes: Vec<ClassSubscribers>,
    /// What the room says in this tick, each as some of its classes read it; no allocation while it says nothing.
    chunks: Vec<RoomChunk>,
    touched: bool,
}

/// What a room says in this tick to the classes that read the same.
#[derive(Debug)]
struct RoomChunk {
    builder: ChunkBuilder,
    /// The index of the chunk among the flush's sources.
    source: Option<usize>,
}

/// Who hears a room in one wire class.
#[derive(Debug)]
struct ClassSubscribers {
    class: WireClass,
    members: Vec<u32>,
    /// The index of what the room says to it in this tick; `None` before the first of it.
    chunk: Option<usize>,
}

impl Outbox {
    /// An outbox without connections.
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

    /// A connection was accepted: from here on it can be written to.
    pub fn opened(&mut self, conn: ConnId) {
        let slot = conn.slot as usize;
        if self.conns.len() <= slot {
            self.conns.resize_with(slot + 1, Conn::default);
        }
        self.conns[slot] = Conn { generation: conn.generation, phase: Phase::Open, ..Conn::default() };
    }

    /// A connection is gone: what it was owed is dropped.
    pub fn closed(&mut self, conn: ConnId) {
        if self.conn(conn).is_none() {
            return;
        }
        self.unsubscribe_all(conn);
        let state = &mut self.conns[conn.slot as usize];
        if let Some(mut queue) = state.queue.take() {
            queue.clear(&mut self.chunks);
        }
        if core::mem::take(&mut state.blocked) {
            self.counters.blocked -= 1;
        }
        state.phase = Phase::Vacant;
        state.override_index = 0;
        state.report_drained = false;
    }

    /// A connection whose socket was full may take more; the next flush tries.
    pub fn writable(&mut self, conn: ConnId) {
        let Some(state) = self.conn(conn) else { return };
        if core::mem::take(&mut state.blocked) {
            self.counters.blocked -= 1;
            self.make_ready(conn.slot);
        }
    }

    /// Takes one output of the hub: those that say who hears what. The others are the driver's.
    pub fn output(&mut self, output: &Output<'_>) {
        match *output {
            Output::Close { conn, farewell, .. } => self.close(conn, farewell),
            Output::ReportDrained { conn } => {
                if let Some(state) = self.conn(conn) {
                    state.report_drained = true;
                    self.override_of(conn);
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
            | Output::PauseReads { .. }
            | Output::Propose { .. }
            | Output::Rehash { .. }
            | Output::ResumeReads { .. } => {}
        }
    }

    /// Whether so much is rendered that it is to be flushed before the next input.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.unflushed_bytes >= self.chunk_bytes_max
    }

    /// A connection whose backlog passed its limit, to be told to the hub.
    pub fn next_overflowed(&mut self) -> Option<ConnId> {
        // One that was closed since then is nobody's concern any more.
        while let Some(conn) = self.overflowed.pop() {
            if self.conn(conn).is_some() {
                return Some(conn);
            }
        }
        None
    }

    /// A connection that is owed nothing any more, as was asked for.
    pub fn next_drained(&mut self) -> Option<ConnId> {
        while let Some(conn) = self.drained.pop() {
            if self.conn(conn).is_some() {
                return Some(conn);
            }
        }
        None
    }

    /// Bytes that pin memory for slow readers, what several are owed counted once: at most
    /// `outbox_bytes_max` and their farewells after a flush. It looks at every connection.
    #[must_use]
    pub fn backlog_bytes(&self) -> usize {
        self.backlogs().bytes
    }

    /// Bytes that pin memory for anybody: slow readers, and those whom a flush has not reached yet.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.chunks.bytes()
    }

    /// What was done so far.
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
                self.override_of(conn);
                self.conns[conn.slot as usize].phase = Phase::Closing;
            }
            Phase::Overflowed => {
                // What this tick had for it is dropped with the rest; the farewell is its very end.
                self.unsubscribe_all(conn);
                let state = &mut self.conns[conn.slot as usize];
                state.queue.get_or_insert_default().push_copy(farewell, &mut self.chunks);
                state.phase = Phase::Closing;
                state.override_index = 0;
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
        let ended = &self.override_of(conn).ended;
        let earlier =
            || ended.iter().rev().find(|span| span.room == room).map(|span| (span.from, span.until));
        let from = planted::heard_from(from, earlier);
        let subscribers = self.rooms.entry(room).or_default().class(class);
        let position = u32::try_from(subscribers.members.len()).expect("members are fewer than slots");
        subscribers.members.push(conn.slot);
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

    /// Ends a live connection's subscription to a room, if it has one. What the room said before is still
    /// heard.
    fn end_subscription(&mut self, conn: ConnId, room: RoomId, until: Ordinal) {
        let state = &mut self.conns[conn.slot as usize];
        let Some(index) = state.subscriptions.iter().position(|subscription| subscription.room == room)
        else {
            return;
        };
        let Subscription { class, position, from, .. } = state.subscriptions.swap_remove(index);
        let Some(subscribers) = self.rooms.get_mut(&room) else { return };
        let touched = subscribers.touched;
        let members = &mut subscribers.class(class).members;
        members.swap_remove(position as usize);
        if let Some(&moved) = members.get(position as usize) {
            let subscriptions = &mut self.conns[moved as usize].subscriptions;
            if let Some(moved) = subscriptions.iter_mut().find(|subscription| subscription.room == room) {
                moved.position = position;
            }
        }
        if touched {
            let until = planted::heard_until(from, until);
            self.override_of(conn).ended.push(Span { room, class, from, until });
        } else if subscribers.classes.iter().all(|it| it.members.is_empty()) {
            self.rooms.remove(&room);
        }
    }

    /// Renders an event for a room; returns its ordinal.
    fn say_to_room(&mut self, room: RoomId, except: Option<ConnId>, event: &Event<'_>) -> Ordinal {
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
            let class = event.class(class);
            // Classes that have read the same so far, and read the same now, go on in one chunk.
            let same = self.renderings.iter().find(|it| it.class == class && it.before == chunk);
            let rendering = match same {
                Some(rendering) => *rendering,
                None => {
                    let (rendering, copied) =
                        subscribers.put(&self.renderings, chunk, class, event, ordinal, &mut self.spare);
                    self.unflushed_bytes += copied + rendering.end - rendering.start;
                    self.renderings.push(rendering);
                    rendering
                }
            };
            subscribers.classes[index].chunk = Some(rendering.chunk);
            self.counters.deliveries += if rendering.is_empty() { 0 } else { members };
        }
        if let Some(conn) = except
            && let Some(state) = self.conn(conn)
            && let Some(own) = state.subscriptions.iter().find(|subscription| subscription.room == room)
            && let own = event.class(own.class)
            && self.renderings.iter().any(|it| it.class == own && !it.is_empty())
        {
            self.skip(conn, ordinal);
        }
        ordinal
    }

    fn say_to_peers(&mut self, rooms: &[RoomId], except: Option<ConnId>, event: &Event<'_>) {
        if let &[room] = rooms {
            self.say_to_room(room, except, event);
            return;
        }
        self.multicasts += 1;
        let (mut again, mut seen) = (Vec::new(), 0);
        for (index, &room) in rooms.iter().enumerate() {
            let ordinal = self.say_to_room(room, except, event);
            // Where nobody reads it, nobody is looked for.
            if self.renderings.iter().all(Rendering::is_empty) {
                continue;
            }
            let told = rooms[seen..=index].iter().filter_map(|room| Some((*room, self.rooms.get(room)?)));
            for (other, it) in told.flat_map(|(room, there)| there.classes.iter().map(move |it| (room, it))) {
                let reads = |form: &Rendering| !form.is_empty() && Some(form.chunk) == it.chunk;
                let reads = other == room && self.renderings.iter().any(reads);
                for &slot in &it.members {
                    let state = &mut self.conns[slot as usize];
                    // Who is in an earlier room as well has heard it there.
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

    /// A live connection does not hear an output of a room that it may be in.
    fn skip(&mut self, conn: ConnId, ordinal: Ordinal) {
        self.counters.deliveries = self.counters.deliveries.saturating_sub(1);
        self.push_item(conn, Item::Skip { ordinal });
    }

    /// A connection reads something else than the others of its rooms.
    fn push_item(&mut self, conn: ConnId, item: Item) {
        // It takes memory until the flush, as what is rendered does.
        self.unflushed_bytes += size_of::<Item>();
        self.override_of(conn).items.push(item);
    }

    /// The connection's override in this tick.
    fn override_of(&mut self, conn: ConnId) -> &mut Override {
        let state = &mut self.conns[conn.slot as usize];
        if state.override_index == 0 {
            self.overrides.push(Override { slot: conn.slot, ..Override::default() });
            state.override_index = self.overrides.len();
        }
        &mut self.overrides[state.override_index - 1]
    }

    fn make_ready(&mut self, slot: u32) {
        let state = &mut self.conns[slot as usize];
        if !core::mem::replace(&mut state.is_ready, true) {
            self.ready.push_back(slot);
        }
    }
}

impl RoomSubscribers {
    /// The subscribers of that class; a new one where there is none.
    fn class(&mut self, class: WireClass) -> &mut ClassSubscribers {
        let index = self.classes.iter().position(|it| it.class == class).unwrap_or_else(|| {
            // One for nearly every room, where a first `push` alone would reserve four.
            self.classes.reserve_exact(1);
            self.classes.push(ClassSubscribers { class, members: Vec::new(), chunk: None });
            self.classes.len() - 1
        });
        &mut self.classes[index]
    }

    /// Puts an event, in the form of a class, behind what the chunk `before` says so far; or behind a copy of that,
    /// where the chunk goes on in another form already. `forms` are those of this event that stand somewhere.
    /// Returns the form, and how many bytes were copied before it.
    fn put(
        &mut self,
        renderings: &[Rendering],
        before: Option<usize>,
        class: WireClass,
        event: &Event<'_>,
        ordinal: Ordinal,
        spare: &mut Vec<ChunkBuilder>,
    ) -> (Rendering, usize) {
        let other = renderings.iter().find(|it| Some(it.chunk) == before);
        let chunk = match (before, other) {
            (Some(chunk), None) => chunk,
            _ => {
                self.chunks.push(RoomChunk { builder: spare.pop().unwrap_or_default(), source: None });
                self.chunks.len() - 1
            }
        };
        let mut copied = 0;
        if let Some(other) = other
            && let Ok([from, to]) = self.chunks.get_disjoint_mut([other.chunk, chunk])
        {
            copied = other.start;
            to.builder.copy(&from.builder, 0..copied);
            let marks = from.builder.marks.partition_point(|mark| mark.ordinal < ordinal);
            to.builder.marks.extend_from_slice(&from.builder.marks[..marks]);
        }
        let start = self.chunks[chunk].builder.bytes.len();
        // The same form may stand in another chunk already: then it costs a copy.
        let same = renderings.iter().find(|it| it.class == class && it.chunk != chunk);
        match same.and_then(|same| Some((same, self.chunks.get_disjoint_mut([same.chunk, chunk]).ok()?))) {
            Some((same, [from, to])) => to.builder.copy(&from.builder, same.start..same.end),
            None => event.render(class, &mut self.chunks[chunk].builder.bytes),
        }
        let builder = &mut self.chunks[chunk].builder;
        let end = builder.bytes.len();
        if end > start {
            builder.marks.push(Mark { ordinal, start });
        }
        (Rendering { class, before, chunk, start, end }, copied)
    }

    /// The source that is what the room says to a class.
    fn source(&self, class: WireClass) -> Option<usize> {
        let subscribers = self.classes.iter().find(|it| it.class == class)?;
        self.chunks.get(subscribers.chunk?)?.source
    }
}
