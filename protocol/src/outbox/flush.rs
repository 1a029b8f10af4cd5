//! A flush: the chunks of the tick are written to connections. Bytes that cannot be written now are queued.

use super::queue::{Source, SourceSpan};
use super::room::{ClassSubscribers, RoomChunk, RoomSubscribers};
use super::tick::{ChunkBuilder, Cursor, Item, OPEN_END, Override, PRIVATE, Range, merge, merged_len};
use super::{Conn, Outbox, Phase, Wire};
use crate::base::id::{ConnId, RoomId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::BytesMut;

/// Maximum number of bytes of several ranges that are copied into one buffer for a write. Larger ranges are written with
/// a vectored write.
const GATHER_BYTES_MAX: usize = 16 << 10;

/// Average size up to which ranges are copied into one buffer, however many they are: the copy of a range of this size
/// costs less than its place in a vectored write.
const GATHER_RANGE_BYTES_MAX: usize = 512;

/// Maximum number of slices of a vectored write. They are on the stack, and far fewer than the 1,024 that `writev`
/// accepts.
const SLICES_MAX: usize = 64;

/// The distance between the members of a room at which consecutive flushes start. It is a large prime, so that the
/// starts are spread over rooms of any size.
const FLUSH_STRIDE: usize = 1_000_003;

/// Maximum number of builders, and of lists, that are kept for the next tick.
const SPARE_MAX: usize = 16;

/// Maximum size of a buffer that is kept for the next tick.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// The state of one flush.
struct Flush<'w, W> {
    wire: &'w mut W,
    /// The frozen chunks of the tick: the private one first, then those of rooms, then merged ones.
    sources: Vec<Source>,
    writes_left: usize,
    /// The marks of the chunks: those of source `n` are in builder `n - 1`.
    builders: Vec<ChunkBuilder>,
    /// The sources with the merged outputs of several others, by the indices of these.
    merged: BTreeMap<Vec<usize>, usize>,
    /// Bytes of the merged sources.
    merged_bytes: usize,
    /// A buffer for ranges that are written together; kept for its allocation.
    scratch: BytesMut,
    /// The ranges for the current connection.
    ranges: Vec<Range>,
    /// The spans for the current connection; kept for its allocation.
    spans: Vec<SourceSpan>,
    /// The indices of the sources for the current connection; kept for its allocation.
    indices: Vec<usize>,
}

impl Outbox {
    /// Writes the outputs since the last flush: first to connections that are served individually, then to small rooms,
    /// then to large ones.
    ///
    /// Returns whether something is left. After about `flush_writes_max` writes, it returns `true` so that the caller can
    /// do other work before it calls it again.
    pub fn flush(&mut self, wire: &mut impl Wire) -> bool {
        self.flushes += 1;
        let mut flush = Flush {
            wire,
            sources: Vec::new(),
            writes_left: self.flush_writes_max,
            builders: Vec::new(),
            merged: BTreeMap::new(),
            merged_bytes: 0,
            scratch: BytesMut::new(),
            ranges: Vec::new(),
            spans: Vec::new(),
            indices: Vec::new(),
        };
        if !self.touched.is_empty() || !self.overrides.is_empty() {
            self.flush_tick(&mut flush);
        }
        // However busy the tick is, connections that have waited since earlier ones get half of the writes.
        flush.writes_left = flush.writes_left.max(self.flush_writes_max.div_ceil(2));
        self.flush_ready(&mut flush);
        self.bound_backlogs();
        let left = !self.ready.is_empty();
        if !left {
            self.turn_bytes += core::mem::take(&mut self.unflushed_bytes);
        }
        left
    }

    fn flush_tick<W: Wire>(&mut self, flush: &mut Flush<'_, W>) {
        let mut rooms = core::mem::take(&mut self.rooms);
        let mut touched = core::mem::take(&mut self.touched);
        let mut overrides = core::mem::take(&mut self.overrides);
        flush.sources.push(Source::new(core::mem::take(&mut self.private.bytes)));
        touched.sort_by_cached_key(|room| rooms.get(room).map_or(0, RoomSubscribers::members));
        flush.builders = freeze_rooms(&mut rooms, &touched, &mut flush.sources);

        // An override whose number is not its connection's belongs to a connection that was closed in this tick.
        for (index, own) in overrides.iter().enumerate() {
            if self.conns[own.slot as usize].override_number == index + 1 {
                self.serve_individually(own, &rooms, flush);
            }
        }
        for room in &touched {
            let Some(room) = rooms.get(room) else { continue };
            // By chunk, and not by class, so that a chunk stays in the cache while it is written.
            for (index, chunk) in room.chunks.iter().enumerate() {
                let Some(source) = chunk.source else { continue };
                for class in room.classes.iter().filter(|it| it.chunk == Some(index)) {
                    self.serve_class(class, source, &rooms, flush);
                }
            }
        }

        self.count_tick(flush);
        for (index, own) in overrides.drain(..).enumerate() {
            let state = &mut self.conns[own.slot as usize];
            if state.override_number == index + 1 {
                state.override_number = 0;
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
        let builders = core::mem::take(&mut flush.builders);
        self.keep_spares(builders, &mut flush.sources);
    }

    /// Records the memory of the tick at the end of its flush, when it takes the most. Chunks to which queues refer count
    /// twice, so the number is an upper bound.
    fn count_tick<W>(&mut self, flush: &Flush<'_, W>) {
        let copies = flush.merged_bytes + flush.scratch.capacity();
        let bytes = self.unflushed_bytes + copies + self.chunks.bytes();
        self.counters.tick_bytes_most = self.counters.tick_bytes_most.max(bytes as u64);
    }

    /// Writes or queues the outputs for a connection with an override.
    fn serve_individually<W: Wire>(
        &mut self,
        own: &Override,
        rooms: &BTreeMap<RoomId, RoomSubscribers>,
        flush: &mut Flush<'_, W>,
    ) {
        let state = &mut self.conns[own.slot as usize];
        state.served = self.flushes;
        let ended = own.ended.iter().map(|span| (span.room, span.class, span.from, span.until));
        let lasting = state.subscriptions.iter().map(|sub| (sub.room, sub.class, sub.from, OPEN_END));
        let spans = ended.chain(lasting).filter_map(|(room, class, from, until)| {
            let source = rooms.get(&room)?.source(class)?;
            Some(SourceSpan { source, from, until })
        });
        // Ranges of one chunk are few. Those of several chunks alternate, so they are merged when they can be written.
        let is_one = own.ended.is_empty() && state.subscriptions.is_one();
        if !is_one && state.waits(flush.writes_left) {
            flush.spans.clear();
            flush.spans.extend(spans);
            return self.defer(own.slot, &own.items, flush);
        }
        let cursor = |span: SourceSpan| span.cursor(&flush.builders, &flush.sources);
        let mut cursors: Vec<Cursor<'_>> = spans.map(cursor).collect();
        flush.ranges.clear();
        merge(&mut cursors, &own.items, PRIVATE, &mut flush.ranges);
        self.send(own.slot, flush);
    }

    /// Writes or queues the outputs for the members of a class that were not served individually.
    fn serve_class<W: Wire>(
        &mut self,
        class: &ClassSubscribers,
        source: usize,
        rooms: &BTreeMap<RoomId, RoomSubscribers>,
        flush: &mut Flush<'_, W>,
    ) {
        // Each flush starts at another member, far from the previous start. Otherwise a flush that runs out of writes
        // would always leave the same members for later.
        let start = self.flushes.wrapping_mul(FLUSH_STRIDE) % class.members.len().max(1);
        let (later, first) = class.members.split_at(start);
        for &slot in first.iter().chain(later) {
            let state = &mut self.conns[slot as usize];
            if core::mem::replace(&mut state.served, self.flushes) == self.flushes {
                continue;
            }
            let index = if state.subscriptions.is_one() {
                Some(source)
            } else {
                flush.merged_source(state, rooms, self.chunk_bytes_max)
            };
            let Some(index) = index else {
                self.serve_merged(slot, flush);
                continue;
            };
            let end = flush.sources[index].bytes.len();
            flush.ranges.clear();
            flush.ranges.push(Range { source: index, start: 0, end });
            self.send(slot, flush);
        }
    }

    /// Merges the sources whose indices are in the flush, and writes or queues them.
    fn serve_merged<W: Wire>(&mut self, slot: u32, flush: &mut Flush<'_, W>) {
        flush.span_indices();
        if self.conns[slot as usize].waits(flush.writes_left) {
            return self.defer(slot, &[], flush);
        }
        flush.merge();
        self.send(slot, flush);
    }

    /// Queues the spans of the flush and the items of a connection that waits for a later flush. They are merged then.
    fn defer<W: Wire>(&mut self, slot: u32, items: &[Item], flush: &mut Flush<'_, W>) {
        let state = &mut self.conns[slot as usize];
        if !matches!(state.phase, Phase::Open | Phase::Closing) {
            return;
        }
        let length = merged_len(&flush.cursors(), items);
        if length == 0 {
            return self.settle(slot, flush.wire);
        }
        let tick = (&mut flush.sources[..], &flush.builders[..]);
        let queue = state.queue.get_or_insert_default();
        queue.push_merge(&flush.spans, items, length, tick, &mut self.chunks);
        self.make_ready(slot);
    }

    /// Writes the ranges of the flush to a connection, and queues those that are not written.
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
            self.wait_for(slot);
        }
        let state = &mut self.conns[slot as usize];
        let queue = state.queue.get_or_insert_default();
        for range in &flush.ranges {
            let skipped = written.min(range.len());
            written -= skipped;
            let source = &mut flush.sources[range.source];
            queue.push(source, range.start + skipped, range.end, &mut self.chunks);
        }
        // The limit applies to connections that do not read. Others only wait for writes of a later flush.
        if state.blocked {
            self.bound_backlog(slot);
        } else {
            self.make_ready(slot);
        }
    }

    /// Writes the queues of connections whose socket may be writable.
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
                queue.expand_first(&mut self.chunks);
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
                    queue.expand_all(&mut self.chunks);
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
                if state.queue.is_none() {
                    self.wait_is_over(slot);
                }
                self.settle(slot, flush.wire);
            }
        }
    }

    /// If nothing is queued for a connection, reports that it has drained, and closes its writing side if it is closing.
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

    /// Marks a connection as overflowed if its backlog exceeds the limit.
    fn bound_backlog(&mut self, slot: u32) {
        let bytes_max = self.backlog_bytes_max;
        if self.conns[slot as usize].queue.as_ref().is_some_and(|queue| queue.bytes() > bytes_max) {
            self.overflow(slot);
        }
    }

    /// Marks the connections with the largest backlogs as overflowed until all backlogs together are within the limit.
    ///
    /// Queues of connections that the flush has not reached yet do not count as backlogs: they are bounded by the bytes
    /// that a tick may render.
    fn bound_backlogs(&mut self) {
        if self.chunks.bytes() <= self.outbox_bytes_max {
            return;
        }
        let mut pins = self.backlogs();
        if pins.bytes <= self.outbox_bytes_max {
            return;
        }
        let mut largest_last: Vec<(usize, u32)> = (0u32..)
            .zip(&self.conns)
            .filter(|(_, state)| state.blocked && state.phase == Phase::Open)
            .filter_map(|(slot, state)| state.queue.as_ref().map(|queue| (queue.bytes(), slot)))
            .collect();
        largest_last.sort_unstable();
        while pins.bytes > self.outbox_bytes_max
            && let Some((_, slot)) = largest_last.pop()
        {
            if let Some(queue) = &self.conns[slot as usize].queue {
                pins.remove(queue, &self.chunks);
            }
            self.counters.overflowed_together += 1;
            self.overflow(slot);
        }
    }

    /// Marks an open connection as overflowed. Its queue is cut at the end of the current line.
    fn overflow(&mut self, slot: u32) {
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
        self.wait_is_over(slot);
    }

    /// Keeps the buffers of this tick to which no queue refers, for the next tick.
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
    /// Writes the ranges to a connection without a queue. Returns the number of bytes that its socket accepted, and the
    /// number of writes.
    fn write(&mut self, conn: ConnId) -> (usize, u64) {
        self.writes_left -= 1;
        let total: usize = self.ranges.iter().map(|range| range.len()).sum();
        if let [range] = self.ranges[..] {
            return (self.wire.write(conn, &[slice(&self.sources, range)]).min(total), 1);
        }
        if total <= GATHER_BYTES_MAX || total <= GATHER_RANGE_BYTES_MAX * self.ranges.len() {
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

    /// Merges the spans into ranges.
    fn merge(&mut self) {
        let mut ranges = core::mem::take(&mut self.ranges);
        ranges.clear();
        merge(&mut self.cursors(), &[], PRIVATE, &mut ranges);
        self.ranges = ranges;
    }

    /// Returns cursors over the spans.
    fn cursors(&self) -> Vec<Cursor<'_>> {
        self.spans.iter().map(|span| span.cursor(&self.builders, &self.sources)).collect()
    }

    /// Sets the spans to the whole sources whose indices are listed.
    fn span_indices(&mut self) {
        self.spans.clear();
        self.spans.extend(self.indices.iter().map(|&source| SourceSpan { source, from: 0, until: OPEN_END }));
    }

    /// Returns the source with the merged outputs of all rooms of a connection, whose sources are in `indices` then.
    /// Connections with the same rooms and classes share it. Returns `None` if it would be another merged source and they
    /// have more than `bytes_max` bytes together: where hardly any two members have the same rooms, nobody would share it.
    fn merged_source(
        &mut self,
        state: &Conn,
        rooms: &BTreeMap<RoomId, RoomSubscribers>,
        bytes_max: usize,
    ) -> Option<usize> {
        self.indices.clear();
        let subscriptions = state.subscriptions.iter();
        self.indices.extend(subscriptions.filter_map(|sub| rooms.get(&sub.room)?.source(sub.class)));
        self.indices.sort_unstable();
        if let [source] = self.indices[..] {
            return Some(source);
        }
        if let Some(&source) = self.merged.get(&self.indices) {
            return Some(source);
        }
        let length: usize = self.indices.iter().map(|&source| self.sources[source].bytes.len()).sum();
        if self.merged_bytes + length > bytes_max {
            return None;
        }
        self.merged_bytes += length;
        self.span_indices();
        self.merge();
        let mut bytes = BytesMut::with_capacity(length);
        for &range in &self.ranges {
            bytes.extend_from_slice(slice(&self.sources, range));
        }
        self.sources.push(Source::new(bytes));
        let source = self.sources.len() - 1;
        self.merged.insert(self.indices.clone(), source);
        Some(source)
    }

    /// Returns the last of the first `count` bytes of the ranges; `None` if `count` is 0.
    fn byte_before(&self, count: usize) -> Option<u8> {
        byte_before(self.ranges.iter().map(|&range| slice(&self.sources, range)), count)
    }
}

fn slice(sources: &[Source], range: Range) -> &[u8] {
    &sources[range.source].bytes[range.start..range.end]
}

/// Returns the last of the first `count` bytes of the slices; `None` if `count` is 0.
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

/// Takes the chunks out of the rooms and appends them to `sources`, of which the private chunk is the first. Returns the
/// builders without their bytes: the marks of source `n` are in builder `n - 1`.
fn freeze_rooms(
    rooms: &mut BTreeMap<RoomId, RoomSubscribers>,
    touched: &[RoomId],
    sources: &mut Vec<Source>,
) -> Vec<ChunkBuilder> {
    let mut builders = Vec::new();
    for room in touched {
        for chunk in rooms.get_mut(room).into_iter().flat_map(|room| &mut room.chunks) {
            // A class that sees no event of the tick has an empty chunk. Writing it would be a useless system call.
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

/// Prepares the rooms for the next tick. Removes rooms and classes without subscribers.
fn end_rooms(
    rooms: &mut BTreeMap<RoomId, RoomSubscribers>,
    touched: &[RoomId],
    spare: &mut Vec<ChunkBuilder>,
    spare_lists: &mut Vec<Vec<RoomChunk>>,
) {
    for id in touched {
        let Some(room) = rooms.get_mut(id) else { continue };
        room.touched = false;
        // Empty chunks were not frozen, so their builders still have their buffers.
        let mut chunks = core::mem::take(&mut room.chunks);
        let unused = chunks.drain(..).map(|chunk| chunk.builder).filter(|it| it.bytes.capacity() > 0);
        spare.extend(unused.take(SPARE_MAX.saturating_sub(spare.len())));
        if spare_lists.len() < SPARE_MAX {
            spare_lists.push(chunks);
        }
        room.classes.retain_mut(|class| {
            class.chunk = None;
            !class.members.is_empty()
        });
        if room.classes.is_empty() {
            rooms.remove(id);
        }
    }
}
