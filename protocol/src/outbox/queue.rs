//! The queues of bytes that sockets have not accepted yet: references to chunks, which many queues share, and copies of
//! small ranges.

use super::tick::{ChunkBuilder, Cursor, Item, Mark, Ordinal, PRIVATE, merge};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Buf, Bytes, BytesMut};

/// Maximum number of bytes of a range that is copied instead of referenced. A copy of this size is cheap, and does not
/// keep a large chunk in memory.
const COPY_BYTES_MAX: usize = 1_024;

/// Number of bytes at which the copies at the end of a queue become a chunk.
const TAIL_BYTES_MAX: usize = 16 << 10;

/// The chunks that queues refer to, with the number of references to each.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    slots: Vec<Chunk>,
    vacant: Vec<u32>,
    /// Bytes of all chunks with their marks, and of the tails of all queues.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Chunk {
    bytes: Bytes,
    /// The outputs in the chunk, if a queue has to merge it with others.
    marks: Vec<Mark>,
    /// Number of references: parts of queues, and the flush while it lasts.
    parts: usize,
}

impl Chunks {
    /// Returns the number of bytes of all chunks with their marks, and of the tails of all queues.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Asserts that the counts agree with the queues. `queues` must be all of them.
    pub(super) fn check_invariants<'q>(&self, queues: impl Iterator<Item = &'q Queue>) {
        let mut parts = alloc::vec![0; self.slots.len()];
        let mut tails = 0;
        for queue in queues {
            let mut bytes = queue.tail.len();
            tails += bytes;
            for part in &queue.parts {
                part.chunks(|chunk| parts[chunk as usize] += 1);
                bytes += match part {
                    Part::Merge(merge) => self.merged(merge).len(),
                    &Part::Range { chunk, start, end } => {
                        let length = self.slots[chunk as usize].bytes.len();
                        assert!(start < end && end <= length, "a part is within its chunk");
                        end - start
                    }
                };
            }
            assert_eq!(queue.bytes, bytes, "the bytes of a queue are counted");
        }
        let counted: Vec<usize> = self.slots.iter().map(|chunk| chunk.parts).collect();
        assert_eq!(counted, parts, "the references to each chunk are counted");
        let live = self.slots.iter().filter(|chunk| chunk.parts > 0);
        assert_eq!(
            live.clone().count() + self.vacant.len(),
            self.slots.len(),
            "a chunk without references is vacant"
        );
        let chunks: usize = self.slots.iter().map(Chunk::size).sum();
        assert_eq!(self.bytes, chunks + tails, "the bytes of chunks and tails are counted");
        assert_eq!(chunks, live.map(Chunk::size).sum(), "a vacant chunk holds no bytes");
    }

    fn insert(&mut self, bytes: Bytes) -> u32 {
        self.bytes += bytes.len();
        let chunk = Chunk { bytes, marks: Vec::new(), parts: 0 };
        if let Some(id) = self.vacant.pop() {
            self.slots[id as usize] = chunk;
            return id;
        }
        let id =
            u32::try_from(self.slots.len()).expect("each chunk takes memory, so they are fewer than 2³²");
        self.slots.push(chunk);
        id
    }

    /// Keeps the marks of a chunk for queues that have to merge it.
    fn keep_marks(&mut self, id: u32, marks: &[Mark]) {
        let chunk = &mut self.slots[id as usize];
        if chunk.marks.is_empty() {
            chunk.marks = marks.to_vec();
            self.bytes += size_of_val(marks);
        }
    }

    fn refer(&mut self, id: u32) {
        self.slots[id as usize].parts += 1;
    }

    fn release(&mut self, id: u32) {
        let chunk = &mut self.slots[id as usize];
        chunk.parts -= 1;
        if chunk.parts == 0 {
            self.bytes -= chunk.size();
            (chunk.bytes, chunk.marks) = (Bytes::new(), Vec::new());
            self.vacant.push(id);
        }
    }

    /// Copies the bytes of a merge into one buffer.
    fn merged(&self, part: &Merge) -> BytesMut {
        let mut cursors: Vec<Cursor<'_>> = part.spans.iter().map(|span| self.cursor(span)).collect();
        let mut ranges = Vec::new();
        // Without a private chunk, no item refers to its index.
        merge(&mut cursors, &part.items, part.private.unwrap_or_default() as usize, &mut ranges);
        let mut bytes = BytesMut::with_capacity(part.length);
        for range in ranges {
            bytes.extend_from_slice(&self.slots[range.source].bytes[range.start..range.end]);
        }
        bytes
    }

    /// Returns a cursor over a span. The index of its source is that of the chunk.
    fn cursor(&self, span: &ChunkSpan) -> Cursor<'_> {
        let chunk = &self.slots[span.chunk as usize];
        Cursor::new(span.chunk as usize, &chunk.marks, chunk.bytes.len(), span.from, span.until)
    }
}

impl Chunk {
    /// Returns the memory of the chunk.
    fn size(&self) -> usize {
        self.bytes.len() + self.marks.len() * size_of::<Mark>()
    }
}

/// The memory that some of the queues keep in use. A chunk counts as a whole, and once, however many of these queues
/// refer to a part of it.
#[derive(Debug, Default)]
pub(super) struct Pins {
    /// Number of references to each chunk from these queues.
    parts: Vec<u32>,
    pub(super) bytes: usize,
}

impl Pins {
    /// Counts the memory of `queues`.
    pub(super) fn of<'q>(queues: impl Iterator<Item = &'q Queue>, chunks: &Chunks) -> Self {
        let mut pins = Self { parts: alloc::vec![0; chunks.slots.len()], bytes: 0 };
        for queue in queues {
            pins.bytes += queue.tail.len();
            queue.parts.iter().for_each(|part| {
                part.chunks(|chunk| {
                    let parts = &mut pins.parts[chunk as usize];
                    *parts += 1;
                    pins.bytes += if *parts == 1 { chunks.slots[chunk as usize].size() } else { 0 };
                });
            });
        }
        pins
    }

    /// Subtracts a queue that is about to be dropped.
    pub(super) fn remove(&mut self, queue: &Queue, chunks: &Chunks) {
        self.bytes -= queue.tail.len();
        queue.parts.iter().for_each(|part| {
            part.chunks(|chunk| {
                let parts = &mut self.parts[chunk as usize];
                *parts -= 1;
                self.bytes -= if *parts == 0 { chunks.slots[chunk as usize].size() } else { 0 };
            });
        });
    }
}

/// A frozen chunk of this tick. It is added to [`Chunks`] when a queue first refers to it.
///
/// The flush itself holds a reference until it ends: the only queue that refers to the chunk may be dropped within the
/// flush, and the next connection that needs the chunk must find it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) bytes: Bytes,
    /// Size of the buffer that contains the bytes.
    capacity: usize,
    /// The index in [`Chunks`], once it was added.
    chunk: Option<u32>,
}

impl Source {
    pub(super) fn new(bytes: BytesMut) -> Self {
        Self { capacity: bytes.capacity(), bytes: bytes.freeze(), chunk: None }
    }

    /// Releases the reference of the flush, at its end.
    pub(super) fn unshare(&mut self, chunks: &mut Chunks) {
        if let Some(chunk) = self.chunk.take() {
            chunks.release(chunk);
        }
    }

    /// Returns the index of the chunk. Adds it if it was not added yet.
    fn share(&mut self, chunks: &mut Chunks) -> u32 {
        *self.chunk.get_or_insert_with(|| {
            // A reference to a small chunk would keep the whole of a large buffer, which nothing counts.
            let roomy = self.capacity > 2 * self.bytes.len();
            let bytes = if roomy { Bytes::copy_from_slice(&self.bytes) } else { self.bytes.clone() };
            let chunk = chunks.insert(bytes);
            chunks.refer(chunk);
            chunk
        })
    }
}

/// The next bytes of a queue.
#[derive(Debug)]
enum Part {
    /// Ranges of several chunks, which are merged when it is their turn. A connection that a flush does not reach would
    /// otherwise need a copy of all that it reads: in a tick with many rooms, hardly any two members read the same.
    Merge(Box<Merge>),
    /// A range of a chunk.
    Range { chunk: u32, start: usize, end: usize },
}

/// The outputs of one tick for a connection: spans of chunks, and items.
#[derive(Debug)]
struct Merge {
    spans: Vec<ChunkSpan>,
    items: Vec<Item>,
    /// The chunk with the private bytes, if an item refers to it.
    private: Option<u32>,
    /// Number of bytes of the merged ranges.
    length: usize,
}

/// The outputs of a chunk with ordinals from `from` to `until`, exclusive.
#[derive(Debug)]
struct ChunkSpan {
    chunk: u32,
    from: Ordinal,
    until: Ordinal,
}

/// The outputs of a source with ordinals from `from` to `until`, exclusive.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceSpan {
    /// The index of the source.
    pub(super) source: usize,
    pub(super) from: Ordinal,
    pub(super) until: Ordinal,
}

impl SourceSpan {
    /// Returns a cursor over the outputs. The marks of source `n` are in builder `n - 1`.
    pub(super) fn cursor<'a>(&self, builders: &'a [ChunkBuilder], sources: &[Source]) -> Cursor<'a> {
        let length = sources[self.source].bytes.len();
        Cursor::new(self.source, &builders[self.source - 1].marks, length, self.from, self.until)
    }
}

impl Part {
    /// Calls `each` with every chunk that the part refers to, once for each reference.
    fn chunks(&self, mut each: impl FnMut(u32)) {
        match self {
            Self::Merge(merge) => {
                merge.spans.iter().for_each(|span| each(span.chunk));
                merge.private.into_iter().for_each(each);
            }
            &Self::Range { chunk, .. } => each(chunk),
        }
    }
}

/// The bytes queued for one connection: first the parts, then the tail.
#[derive(Debug, Default)]
pub(super) struct Queue {
    parts: VecDeque<Part>,
    /// Copies of small ranges that follow the last part.
    tail: BytesMut,
    /// Bytes of the parts and the tail.
    bytes: usize,
}

impl Queue {
    /// Returns the number of queued bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends a range of a source of this tick.
    pub(super) fn push(&mut self, source: &mut Source, start: usize, end: usize, chunks: &mut Chunks) {
        if end - start <= COPY_BYTES_MAX {
            self.push_copy(&source.bytes[start..end], chunks);
            return;
        }
        self.seal_tail(chunks);
        let chunk = source.share(chunks);
        chunks.refer(chunk);
        self.parts.push_back(Part::Range { chunk, start, end });
        self.bytes += end - start;
    }

    /// Appends spans of sources of this tick and the items of the connection, which are merged later. They have `length`
    /// bytes, at least one. The marks of source `n` are in builder `n - 1`.
    pub(super) fn push_merge(
        &mut self,
        spans: &[SourceSpan],
        items: &[Item],
        length: usize,
        tick: (&mut [Source], &[ChunkBuilder]),
        chunks: &mut Chunks,
    ) {
        let (sources, builders) = tick;
        self.seal_tail(chunks);
        let mut share = |source: usize| {
            let chunk = sources[source].share(chunks);
            chunks.refer(chunk);
            if let Some(builder) = source.checked_sub(1) {
                chunks.keep_marks(chunk, &builders[builder].marks);
            }
            chunk
        };
        let has_private = items.iter().any(|item| matches!(item, Item::Private { .. }));
        let private = has_private.then(|| share(PRIVATE));
        let span = |&SourceSpan { source, from, until }| ChunkSpan { chunk: share(source), from, until };
        let merge = Merge { spans: spans.iter().map(span).collect(), items: items.to_vec(), private, length };
        self.bytes += length;
        self.parts.push_back(Part::Merge(Box::new(merge)));
    }

    /// Merges the first part, if it was not merged yet, so that it can be written.
    pub(super) fn expand_first(&mut self, chunks: &mut Chunks) {
        if let Some(part @ Part::Merge(_)) = self.parts.front_mut() {
            expand(part, chunks);
        }
    }

    /// Merges all parts that were not merged yet. What waits for a full socket may wait for long, and must not keep the
    /// chunks of whole ticks in memory.
    pub(super) fn expand_all(&mut self, chunks: &mut Chunks) {
        self.parts.iter_mut().for_each(|part| expand(part, chunks));
    }

    /// Returns whether a part was not merged yet.
    pub(super) fn has_merge(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Merge(_)))
    }

    /// Appends a copy of bytes.
    pub(super) fn push_copy(&mut self, bytes: &[u8], chunks: &mut Chunks) {
        self.tail.extend_from_slice(bytes);
        chunks.bytes += bytes.len();
        self.bytes += bytes.len();
        if self.tail.len() >= TAIL_BYTES_MAX {
            self.seal_tail(chunks);
        }
    }

    /// Fills `to` with the first slices of the queue, up to a part that was not merged yet. Returns the number of slices.
    pub(super) fn slices<'a>(&'a self, chunks: &'a Chunks, to: &mut [&'a [u8]]) -> usize {
        let ranges = self.parts.iter().map_while(|part| match *part {
            Part::Merge(_) => None,
            Part::Range { chunk, start, end } => Some(&chunks.slots[chunk as usize].bytes[start..end]),
        });
        let mut count = 0;
        for (place, slice) in to.iter_mut().zip(ranges) {
            *place = slice;
            count += 1;
        }
        if count == self.parts.len() && count < to.len() && !self.tail.is_empty() {
            to[count] = &self.tail;
            count += 1;
        }
        count
    }

    /// Removes the first `written` bytes.
    pub(super) fn advance(&mut self, mut written: usize, chunks: &mut Chunks) {
        self.bytes -= written;
        while let Some(part) = self.parts.front_mut() {
            let Part::Range { chunk, start, end } = part else { return };
            let step = written.min(*end - *start);
            *start += step;
            written -= step;
            if start < end {
                return;
            }
            chunks.release(*chunk);
            self.parts.pop_front();
        }
        chunks.bytes -= written;
        self.tail.advance(written);
    }

    /// Replaces the first part by a copy if it is small, so that it does not keep a large chunk in memory.
    pub(super) fn unpin(&mut self, chunks: &mut Chunks) {
        let Some(Part::Range { chunk, start, end }) = self.parts.front_mut() else { return };
        let bytes = &chunks.slots[*chunk as usize].bytes;
        if *end - *start > COPY_BYTES_MAX || *end - *start == bytes.len() {
            return;
        }
        let rest = Bytes::copy_from_slice(&bytes[*start..*end]);
        chunks.release(*chunk);
        (*start, *end) = (0, rest.len());
        *chunk = chunks.insert(rest);
        chunks.refer(*chunk);
    }

    /// Drops everything except the rest of the current line, if `mid_line` says that its beginning was written.
    pub(super) fn keep_line(&mut self, mid_line: bool, chunks: &mut Chunks) {
        let mut kept = Vec::new();
        if mid_line {
            self.expand_all(chunks);
            for part in &self.parts {
                let &Part::Range { chunk, start, end } = part else { continue };
                kept.extend_from_slice(&chunks.slots[chunk as usize].bytes[start..end]);
                if kept.contains(&b'\n') {
                    break;
                }
            }
            kept.extend_from_slice(&self.tail);
            let end = memchr::memchr(b'\n', &kept).map_or(kept.len(), |at| at + 1);
            kept.truncate(end);
        }
        self.clear(chunks);
        self.push_copy(&kept, chunks);
    }

    /// Drops everything.
    pub(super) fn clear(&mut self, chunks: &mut Chunks) {
        for part in self.parts.drain(..) {
            part.chunks(|chunk| chunks.release(chunk));
        }
        chunks.bytes -= self.tail.len();
        self.tail = BytesMut::new();
        self.bytes = 0;
    }

    /// Turns the tail into a chunk, with a part that refers to it.
    fn seal_tail(&mut self, chunks: &mut Chunks) {
        if self.tail.is_empty() {
            return;
        }
        let tail = core::mem::take(&mut self.tail).freeze();
        let end = tail.len();
        chunks.bytes -= end;
        let chunk = chunks.insert(tail);
        chunks.refer(chunk);
        self.parts.push_back(Part::Range { chunk, start: 0, end });
    }
}

/// Replaces a part that was not merged yet by a chunk of its own.
fn expand(part: &mut Part, chunks: &mut Chunks) {
    let Part::Merge(merge) = part else { return };
    let bytes = chunks.merged(merge).freeze();
    let end = bytes.len();
    debug_assert_eq!(end, merge.length, "the length of a merge is known before");
    let chunk = chunks.insert(bytes);
    chunks.refer(chunk);
    let merged = core::mem::replace(part, Part::Range { chunk, start: 0, end });
    merged.chunks(|chunk| chunks.release(chunk));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, the events of a busy room would be copied for its slow readers in every tick.
    #[test]
    fn a_chunk_that_fills_half_of_its_buffer_is_not_copied() {
        for (capacity, copied) in [(4_000, false), (4_001, true)] {
            let mut bytes = BytesMut::with_capacity(capacity);
            assert_eq!(bytes.capacity(), capacity);
            bytes.resize(2_000, b'x');
            let (mut source, mut chunks, mut queue) =
                (Source::new(bytes), Chunks::default(), Queue::default());
            queue.push(&mut source, 0, 2_000, &mut chunks);
            let mut slices = [&[][..]];
            queue.slices(&chunks, &mut slices);
            assert_eq!(slices[0].as_ptr() != source.bytes.as_ptr(), copied, "a buffer of {capacity} bytes");
        }
    }
}
