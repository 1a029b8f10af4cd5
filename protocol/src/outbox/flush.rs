//! One flush: everything that the tick made is written, or owed.

use super::queue::{Range, Source};
use super::tick::{ChunkBuilder, Cursor, OPEN_END, Override, merge};
use super::{ClassSubscribers, Conn, Outbox, Phase, RoomChunk, RoomSubscribers, Wire};
use crate::base::id::{ConnId, RoomId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::BytesMut;

/// Up to this many bytes, ranges are copied together for one write; more are written where they lie.
const GATHER_BYTES_MAX: usize = 16 << 10;

/// Slices of one vectored write: what one `writev` takes on the stack, far under its limit of 1,024.
const SLICES_MAX: usize = 64;

/// The private chunk's place among the sources.
const PRIVATE: usize = 0;

/// From where one flush starts in a room to where the next does; a large prime.
const FLUSH_STRIDE: usize = 1_000_003;

/// Buffers that are kept for the next tick, and the largest that is.
const SPARE_MAX: usize = 16;
const SPARE_BYTES_MAX: usize = 1 << 20;

/// What one flush has to give: the tick's chunks, frozen, and a number of writes.
struct Flush<'w, W> {
    wire: &'w mut W,
    sources: Vec<Source>,
    writes_left: usize,
    scratch: BytesMut,
    ranges: Vec<Range>,
}

impl Outbox {
    /// Writes what the outputs since the last flush have made, small rooms and single connections first.
    /// Returns whether something is left: after `flush_writes_max` writes, it makes room for other work and
    /// is to be called again.
    pub fn flush(&mut self, wire: &mut impl Wire) -> bool {
        self.flushes += 1;
        let mut flush = Flush {
            wire,
            sources: Vec::new(),
            writes_left: self.flush_writes_max,
            scratch: BytesMut::new(),
            ranges: Vec::new(),
        };
        if !self.touched.is_empty() || !self.overrides.is_empty() {
            self.flush_tick(&mut flush);
        }
        // A busy tick leaves something for those who wait from earlier ones.
        flush.writes_left = flush.writes_left.max(self.flush_writes_max.div_ceil(2));
        self.flush_ready(&mut flush);
        self.bound_backlogs();
        let left = !self.ready.is_empty();
        if !left {
            self.unflushed_bytes = 0;
        }
        left
    }

    fn flush_tick<W: Wire>(&mut self, flush: &mut Flush<'_, W>) {
        let mut rooms = core::mem::take(&mut self.rooms);
        let mut touched = core::mem::take(&mut self.touched);
        let mut overrides = core::mem::take(&mut self.overrides);
        flush.sources.push(Source::new(core::mem::take(&mut self.private.bytes)));
        touched.sort_by_cached_key(|room| rooms.get(room).map_or(0, RoomSubscribers::members));
        let builders = freeze_rooms(&mut rooms, &touched, &mut flush.sources);

        for (index, overridden) in overrides.iter().enumerate() {
            if self.conns[overridden.slot as usize].override_index == index + 1 {
                self.serve_individually(overridden, &rooms, &builders, flush);
            }
        }
        let mut merged = BTreeMap::new();
        for room in &touched {
            let Some(room) = rooms.get(room) else { continue };
            // Those who read one chunk after the other, for it is in the cache then.
            for (index, chunk) in room.chunks.iter().enumerate() {
                let Some(source) = chunk.source else { continue };
                for subscribers in room.classes.iter().filter(|it| it.chunk == Some(index)) {
                    self.serve_class(subscribers, source, &rooms, &builders, &mut merged, flush);
                }
            }
        }

        for (index, overridden) in overrides.drain(..).enumerate() {
            let state = &mut self.conns[overridden.slot as usize];
            if state.override_index == index + 1 {
                state.override_index = 0;
                state.subscriptions.iter_mut().for_each(|subscription| subscription.from = 0);
            }
        }
        end_rooms(&mut rooms, &touched, &mut self.spare, &mut self.spare_lists);
        touched.clear();
        (self.rooms, self.touched, self.overrides) = (rooms, touched, overrides);
        self.ordinal = 1;
        for source in &mut flush.sources {
            source.unshare(&mut self.chunks);
        }
        self.keep_spares(builders, &mut flush.sources);
    }

    /// Serves a connection that the tick treated apart from the others.
    fn serve_individually<W: Wire>(
        &mut self,
        overridden: &Override,
        rooms: &BTreeMap<RoomId, RoomSubscribers>,
        builders: &[ChunkBuilder],
        flush: &mut Flush<'_, W>,
    ) {
        let state = &mut self.conns[overridden.slot as usize];
        state.served = self.flushes;
        let ended = overridden.ended.iter().map(|span| (span.room, span.class, span.from, span.until));
        let lasting = state.subscriptions.iter().map(|sub| (sub.room, sub.class, sub.from, OPEN_END));
        let mut cursors: Vec<Cursor<'_>> = ended
            .chain(lasting)
            .filter_map(|(room, class, from, until)| {
                let source = rooms.get(&room)?.source(class)?;
                let length = flush.sources[source].bytes.len();
                Some(Cursor::new(source, &builders[source - 1].marks, length, from, until))
            })
            .collect();
        flush.ranges.clear();
        merge(&mut cursors, &overridden.items, PRIVATE, &mut flush.ranges);
        self.send(overridden.slot, flush);
    }

    /// Serves the members of a room whom the tick did not treat apart.
    fn serve_class<W: Wire>(
        &mut self,
        subscribers: &ClassSubscribers,
        source: usize,
        rooms: &BTreeMap<RoomId, RoomSubscribers>,
        builders: &[ChunkBuilder],
        merged: &mut BTreeMap<Vec<usize>, usize>,
        flush: &mut Flush<'_, W>,
    ) {
        // Elsewhere each time, and not next to it: what one flush does not reach is in many places.
        let start = self.flushes.wrapping_mul(FLUSH_STRIDE) % subscribers.members.len().max(1);
        let (later, first) = subscribers.members.split_at(start);
        for &slot in first.iter().chain(later) {
            let state = &mut self.conns[slot as usize];
            if core::mem::replace(&mut state.served, self.flushes) == self.flushes {
                continue;
            }
            let heard = if state.subscriptions.is_one() {
                source
            } else {
                merged_source(state, rooms, builders, merged, &mut flush.sources)
            };
            let end = flush.sources[heard].bytes.len();
            flush.ranges.clear();
            flush.ranges.push(Range { source: heard, start: 0, end });
            self.send(slot, flush);
        }
    }

    /// Writes the flush's ranges to a connection, or owes them.
    fn send<W: Wire>(&mut self, slot: u32, flush: &mut Flush<'_, W>) {
        let state = &mut self.conns[slot as usize];
        if !matches!(state.phase, Phase::Open | Phase::Closing) {
            return;
        }
        if flush.ranges.is_empty() {
            self.settle(slot, flush.wire);
            return;
        }
        let mut written = 0;
        if state.queue.is_none() && !state.blocked && flush.writes_left > 0 {
            let conn = ConnId { slot, generation: state.generation };
            let (bytes, writes) = flush.write(conn);
            written = bytes;
            self.counters.writes += writes;
            if let Some(byte) = flush.byte_before(written) {
                state.mid_line = byte != b'\n';
            }
            let total: usize = flush.ranges.iter().map(|range| range.len()).sum();
            if written == total {
                self.settle(slot, flush.wire);
                return;
            }
            state.blocked = true;
            self.counters.blocked += 1;
        }
        let queue = state.queue.get_or_insert_default();
        for range in &flush.ranges {
            let skipped = written.min(range.len());
            written -= skipped;
            let source = &mut flush.sources[range.source];
            queue.push(source, range.start + skipped, range.end, &mut self.chunks);
        }
        if state.blocked {
            self.bound_backlog(slot);
        } else {
            self.make_ready(slot);
        }
    }

    /// Writes what connections are owed whose sockets may take it.
    fn flush_ready<W: Wire>(&mut self, flush: &mut Flush<'_, W>) {
        while flush.writes_left > 0
            && let Some(slot) = self.ready.pop_front()
        {
            let state = &mut self.conns[slot as usize];
            state.is_ready = false;
            while let Some(queue) = state.queue.as_mut().filter(|_| !state.blocked) {
                if flush.writes_left == 0 {
                    state.is_ready = true;
                    self.ready.push_back(slot);
                    break;
                }
                flush.writes_left -= 1;
                self.counters.writes += 1;
                let mut slices = [&[][..]; SLICES_MAX];
                let count = queue.slices(&self.chunks, &mut slices);
                let slices = &slices[..count];
                let total: usize = slices.iter().map(|slice| slice.len()).sum();
                let conn = ConnId { slot, generation: state.generation };
                let written = flush.wire.write(conn, slices).min(total);
                if let Some(byte) = byte_before(slices.iter().copied(), written) {
                    state.mid_line = byte != b'\n';
                }
                queue.advance(written, &mut self.chunks);
                if written < total {
                    queue.unpin(&mut self.chunks);
                    state.blocked = true;
                    self.counters.blocked += 1;
                } else if queue.bytes() == 0 {
                    state.queue = None;
                }
            }
            if state.blocked {
                self.bound_backlog(slot);
            } else {
                self.settle(slot, flush.wire);
            }
        }
    }

    /// What follows when a connection is owed nothing any more.
    fn settle(&mut self, slot: u32, wire: &mut impl Wire) {
        let state = &mut self.conns[slot as usize];
        if state.queue.is_some() {
            return;
        }
        let conn = ConnId { slot, generation: state.generation };
        if core::mem::take(&mut state.report_drained) {
            self.drained.push(conn);
        }
        if state.phase == Phase::Closing {
            state.phase = Phase::Finished;
            wire.finish(conn);
        }
    }

    /// Gives a connection up that is owed more than it may be.
    fn bound_backlog(&mut self, slot: u32) {
        let bytes_max = self.backlog_bytes_max;
        if self.conns[slot as usize].queue.as_ref().is_some_and(|queue| queue.bytes() > bytes_max) {
            self.give_up(slot);
        }
    }

    /// Gives the largest debtors up while all backlogs together are too much. What is owed to those who were
    /// not reached yet is no backlog: it is in the same memory, and bounded by what a tick may render.
    fn bound_backlogs(&mut self) {
        if self.chunks.bytes() <= self.outbox_bytes_max {
            return;
        }
        let mut pins = self.backlogs();
        if pins.bytes <= self.outbox_bytes_max {
            return;
        }
        let mut debtors: Vec<(usize, u32)> = (0u32..)
            .zip(&self.conns)
            .filter(|(_, state)| state.blocked && state.phase == Phase::Open)
            .filter_map(|(slot, state)| state.queue.as_ref().map(|queue| (queue.bytes(), slot)))
            .collect();
        debtors.sort_unstable();
        while pins.bytes > self.outbox_bytes_max
            && let Some((_, slot)) = debtors.pop()
        {
            if let Some(queue) = &self.conns[slot as usize].queue {
                pins.remove(queue, &self.chunks);
            }
            self.counters.overflowed_together += 1;
            self.give_up(slot);
        }
    }

    fn give_up(&mut self, slot: u32) {
        let state = &mut self.conns[slot as usize];
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Overflowed;
        if let Some(queue) = &mut state.queue {
            queue.keep_line(state.mid_line, &mut self.chunks);
            if queue.bytes() == 0 {
                state.queue = None;
            }
        }
        self.overflowed.push(ConnId { slot, generation: state.generation });
    }

    /// Keeps the buffers of this tick that nobody refers to for the next one: each where it was.
    fn keep_spares(&mut self, builders: Vec<ChunkBuilder>, sources: &mut Vec<Source>) {
        let mut sources = core::mem::take(sources).into_iter().map(|source| {
            let bytes = source.bytes.try_into_mut().unwrap_or_default();
            if bytes.capacity() <= SPARE_BYTES_MAX { bytes } else { BytesMut::new() }
        });
        self.private.bytes = sources.next().unwrap_or_default();
        self.private.bytes.clear();
        for mut builder in builders.into_iter().take(SPARE_MAX.saturating_sub(self.spare.len())) {
            builder.marks.clear();
            builder.bytes = sources.next().unwrap_or_default();
            builder.bytes.clear();
            self.spare.push(builder);
        }
    }
}

impl<W: Wire> Flush<'_, W> {
    /// Writes the ranges to a connection that is owed nothing; returns the bytes that it took, and how many
    /// writes that were.
    fn write(&mut self, conn: ConnId) -> (usize, u64) {
        self.writes_left -= 1;
        let total: usize = self.ranges.iter().map(|range| range.len()).sum();
        if let [range] = self.ranges[..] {
            return (self.wire.write(conn, &[slice(&self.sources, range)]).min(total), 1);
        }
        if total <= GATHER_BYTES_MAX {
            self.scratch.clear();
            for &range in &self.ranges {
                self.scratch.extend_from_slice(slice(&self.sources, range));
            }
            return (self.wire.write(conn, &[&self.scratch]).min(total), 1);
        }
        let (mut written, mut writes) = (0, 0);
        for ranges in self.ranges.chunks(SLICES_MAX) {
            let mut slices = [&[][..]; SLICES_MAX];
            for (place, &range) in slices.iter_mut().zip(ranges) {
                *place = slice(&self.sources, range);
            }
            let total: usize = ranges.iter().map(|range| range.len()).sum();
            let taken = self.wire.write(conn, &slices[..ranges.len()]).min(total);
            written += taken;
            writes += 1;
            if taken < total {
                break;
            }
        }
        self.writes_left = self.writes_left.saturating_sub(usize::try_from(writes - 1).unwrap_or(usize::MAX));
        (written, writes)
    }

    /// The last of the first `count` bytes of the ranges.
    fn byte_before(&self, count: usize) -> Option<u8> {
        byte_before(self.ranges.iter().map(|&range| slice(&self.sources, range)), count)
    }
}

fn slice(sources: &[Source], range: Range) -> &[u8] {
    &sources[range.source].bytes[range.start..range.end]
}

fn byte_before<'a>(slices: impl Iterator<Item = &'a [u8]>, count: usize) -> Option<u8> {
    let mut at = count.checked_sub(1)?;
    for slice in slices {
        if let Some(&byte) = slice.get(at) {
            return Some(byte);
        }
        at -= slice.len();
    }
    None
}

/// Takes the chunks out of the rooms and freezes them as sources; source `n` was made by builder `n - 1`.
fn freeze_rooms(
    rooms: &mut BTreeMap<RoomId, RoomSubscribers>,
    touched: &[RoomId],
    sources: &mut Vec<Source>,
) -> Vec<ChunkBuilder> {
    let mut builders = Vec::new();
    for room in touched {
        for chunk in rooms.get_mut(room).into_iter().flat_map(|room| &mut room.chunks) {
            // Of what a class sees nothing of, nothing is written.
            if !chunk.builder.bytes.is_empty() {
                let mut builder = core::mem::take(&mut chunk.builder);
                chunk.source = Some(sources.len());
                sources.push(Source::new(core::mem::take(&mut builder.bytes)));
                builders.push(builder);
            }
        }
    }
    builders
}

/// Makes the rooms ready for the next tick; those that nobody hears any more are forgotten.
fn end_rooms(
    rooms: &mut BTreeMap<RoomId, RoomSubscribers>,
    touched: &[RoomId],
    spare: &mut Vec<ChunkBuilder>,
    spare_lists: &mut Vec<Vec<RoomChunk>>,
) {
    for id in touched {
        let Some(room) = rooms.get_mut(id) else { continue };
        room.touched = false;
        // What no class saw anything of was not written, and is kept as it is.
        let mut chunks = core::mem::take(&mut room.chunks);
        let unused = chunks.drain(..).map(|chunk| chunk.builder).filter(|it| it.bytes.capacity() > 0);
        spare.extend(unused.take(SPARE_MAX.saturating_sub(spare.len())));
        if spare_lists.len() < SPARE_MAX {
            spare_lists.push(chunks);
        }
        room.classes.retain_mut(|subscribers| {
            subscribers.chunk = None;
            !subscribers.members.is_empty()
        });
        if room.classes.is_empty() {
            rooms.remove(id);
        }
    }
}

/// What an undisturbed member of several rooms hears: one chunk for all who are in the same ones.
fn merged_source(
    state: &Conn,
    rooms: &BTreeMap<RoomId, RoomSubscribers>,
    builders: &[ChunkBuilder],
    merged: &mut BTreeMap<Vec<usize>, usize>,
    sources: &mut Vec<Source>,
) -> usize {
    let mut heard: Vec<usize> =
        state.subscriptions.iter().filter_map(|sub| rooms.get(&sub.room)?.source(sub.class)).collect();
    heard.sort_unstable();
    if let [source] = heard[..] {
        return source;
    }
    if let Some(&source) = merged.get(&heard) {
        return source;
    }
    let mut cursors: Vec<Cursor<'_>> = heard
        .iter()
        .map(|&source| {
            Cursor::new(source, &builders[source - 1].marks, sources[source].bytes.len(), 0, OPEN_END)
        })
        .collect();
    let mut ranges = Vec::new();
    merge(&mut cursors, &[], PRIVATE, &mut ranges);
    let mut bytes = BytesMut::with_capacity(ranges.iter().map(|range| range.len()).sum());
    for range in ranges {
        bytes.extend_from_slice(slice(sources, range));
    }
    sources.push(Source::new(bytes));
    merged.insert(heard, sources.len() - 1);
    sources.len() - 1
}

impl RoomSubscribers {
    fn members(&self) -> usize {
        self.classes.iter().map(|it| it.members.len()).sum()
    }
}
