//! The queues of bytes that sockets have not accepted yet: references to chunks, which many queues share, and copies of
//! small ranges.

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
    /// Bytes of all chunks, and of the tails of all queues.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Chunk {
    bytes: Bytes,
    /// Number of references: parts of queues, and the flush while it lasts.
    parts: usize,
}

impl Chunks {
    /// Returns the number of bytes of all chunks, and of the tails of all queues.
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
                let chunk = &self.slots[part.chunk as usize];
                assert!(part.start < part.end && part.end <= chunk.bytes.len(), "a part is within its chunk");
                parts[part.chunk as usize] += 1;
                bytes += part.end - part.start;
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
        let chunks: usize = self.slots.iter().map(|chunk| chunk.bytes.len()).sum();
        assert_eq!(self.bytes, chunks + tails, "the bytes of chunks and tails are counted");
        assert_eq!(chunks, live.map(|chunk| chunk.bytes.len()).sum(), "a vacant chunk holds no bytes");
    }

    fn insert(&mut self, bytes: Bytes) -> u32 {
        self.bytes += bytes.len();
        let chunk = Chunk { bytes, parts: 0 };
        if let Some(id) = self.vacant.pop() {
            self.slots[id as usize] = chunk;
            return id;
        }
        let id =
            u32::try_from(self.slots.len()).expect("each chunk takes memory, so they are fewer than 2³²");
        self.slots.push(chunk);
        id
    }

    fn refer(&mut self, id: u32) {
        self.slots[id as usize].parts += 1;
    }

    fn release(&mut self, id: u32) {
        let chunk = &mut self.slots[id as usize];
        chunk.parts -= 1;
        if chunk.parts == 0 {
            self.bytes -= chunk.bytes.len();
            chunk.bytes = Bytes::new();
            self.vacant.push(id);
        }
    }

    fn slice(&self, part: &Part) -> &[u8] {
        &self.slots[part.chunk as usize].bytes[part.start..part.end]
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
            for part in &queue.parts {
                let parts = &mut pins.parts[part.chunk as usize];
                *parts += 1;
                pins.bytes += if *parts == 1 { chunks.slots[part.chunk as usize].bytes.len() } else { 0 };
            }
        }
        pins
    }

    /// Subtracts a queue that is about to be dropped.
    pub(super) fn remove(&mut self, queue: &Queue, chunks: &Chunks) {
        self.bytes -= queue.tail.len();
        for part in &queue.parts {
            let parts = &mut self.parts[part.chunk as usize];
            *parts -= 1;
            self.bytes -= if *parts == 0 { chunks.slots[part.chunk as usize].bytes.len() } else { 0 };
        }
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

/// A range of a source's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The index of the source.
    pub(super) source: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Range {
    pub(super) const fn len(self) -> usize {
        self.end - self.start
    }
}

/// A reference to a range of a chunk.
#[derive(Debug)]
struct Part {
    chunk: u32,
    start: usize,
    end: usize,
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
        self.parts.push_back(Part { chunk, start, end });
        self.bytes += end - start;
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

    /// Fills `to` with the first slices of the queue. Returns the number of slices.
    pub(super) fn slices<'a>(&'a self, chunks: &'a Chunks, to: &mut [&'a [u8]]) -> usize {
        let tail = (!self.tail.is_empty()).then_some(&*self.tail);
        let slices = self.parts.iter().map(|part| chunks.slice(part)).chain(tail);
        to.iter_mut().zip(slices).map(|(place, slice)| *place = slice).count()
    }

    /// Removes the first `written` bytes.
    pub(super) fn advance(&mut self, mut written: usize, chunks: &mut Chunks) {
        self.bytes -= written;
        while let Some(part) = self.parts.front_mut() {
            let step = written.min(part.end - part.start);
            part.start += step;
            written -= step;
            if part.start < part.end {
                return;
            }
            chunks.release(part.chunk);
            self.parts.pop_front();
        }
        chunks.bytes -= written;
        self.tail.advance(written);
    }

    /// Replaces the first part by a copy if it is small, so that it does not keep a large chunk in memory.
    pub(super) fn unpin(&mut self, chunks: &mut Chunks) {
        let Some(part) = self.parts.front_mut().filter(|part| part.end - part.start <= COPY_BYTES_MAX) else {
            return;
        };
        let rest = Bytes::copy_from_slice(chunks.slice(part));
        if rest.len() == chunks.slots[part.chunk as usize].bytes.len() {
            return;
        }
        chunks.release(part.chunk);
        let end = rest.len();
        part.chunk = chunks.insert(rest);
        chunks.refer(part.chunk);
        (part.start, part.end) = (0, end);
    }

    /// Drops everything except the rest of the current line, if `mid_line` says that its beginning was written.
    pub(super) fn keep_line(&mut self, mid_line: bool, chunks: &mut Chunks) {
        let mut kept = Vec::new();
        if mid_line {
            for part in &self.parts {
                kept.extend_from_slice(chunks.slice(part));
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
            chunks.release(part.chunk);
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
        self.parts.push_back(Part { chunk, start: 0, end });
    }
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
