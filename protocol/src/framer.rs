//! The frame parser: bytes in any chunks become lines.

use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// One line, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line's bytes, at most the framer's limit of them.
    pub bytes: &'a [u8],
    /// How many bytes followed these in the line and were dropped, for the line was over the limit.
    pub dropped: usize,
}

/// Splits a byte stream into lines that end with LF or CRLF.
///
/// A line may have `line_bytes_max` bytes, its end not counted. The rest of a longer line is dropped and
/// counted. However the stream is cut into chunks, the lines are the same, and the work is linear in the
/// bytes: what was searched once is not searched again.
///
/// Memory: one chunk as it was pushed, and a begun line of at most `line_bytes_max` bytes. An idle
/// framer without a begun line holds nothing.
pub struct Framer {
    /// The begun line as far as the limit allows, from chunks that are used up.
    carry: Vec<u8>,
    /// The chunk that is being read, and how far it is read.
    chunk: Bytes,
    read: usize,
    line_bytes_max: usize,
    /// How many bytes of the begun line were dropped, the carried ones past the limit not counted.
    dropped: usize,
    /// The last byte dropped, which is no part of the line where it is the CR of a CRLF.
    last_dropped: u8,
    /// The line in `carry` was handed out, and is to be forgotten before the next one.
    spent: bool,
}

impl fmt::Debug for Framer {
    /// What people wrote is shown nowhere: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("carried", &self.carry.len())
            .field("unread", &(self.chunk.len() - self.read))
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl Framer {
    /// A framer for lines of at most `line_bytes_max` bytes.
    #[must_use]
    pub const fn new(line_bytes_max: usize) -> Self {
        Self {
            carry: Vec::new(),
            chunk: Bytes::new(),
            read: 0,
            line_bytes_max,
            dropped: 0,
            last_dropped: 0,
            spent: false,
        }
    }

    /// From here on, lines may have so many bytes; the begun one, too.
    pub const fn set_line_bytes_max(&mut self, line_bytes_max: usize) {
        self.line_bytes_max = line_bytes_max;
    }

    /// Takes the next bytes of the stream. The lines of the chunk before should have been read: a chunk
    /// on top of an unread one costs a copy of both.
    pub fn push(&mut self, bytes: Bytes) {
        let unread = &self.chunk[self.read..];
        self.chunk = if unread.is_empty() { bytes } else { [unread, &bytes].concat().into() };
        self.read = 0;
    }

    /// The next whole line, or `None` until more bytes come.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        self.forget_spent();
        let start = self.read;
        let Some(length) = memchr::memchr(b'\n', &self.chunk[start..]) else {
            self.carry_rest();
            return None;
        };
        let end = start + length;
        self.read = end + 1;
        if self.carry.is_empty() {
            let line = &self.chunk[start..end];
            return Some(cut(line.strip_suffix(b"\r").unwrap_or(line), 0, self.line_bytes_max));
        }
        self.carry_on(start, end);
        Some(self.finish_line())
    }

    /// The begun line as the last one, for the stream has ended; `None` where nothing was begun.
    ///
    /// Whole lines come first: call it after [`next_line`](Self::next_line) has said `None`.
    pub fn finish(&mut self) -> Option<Line<'_>> {
        self.forget_spent();
        self.carry_rest();
        let begun = !self.carry.is_empty();
        begun.then(|| self.finish_line())
    }

    /// Whether a whole line waits to be read.
    #[must_use]
    pub fn has_line(&self) -> bool {
        memchr::memchr(b'\n', &self.chunk[self.read..]).is_some()
    }

    /// Whether anything waits to be read: whole lines, or the beginning of one that was pushed behind
    /// them.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.read < self.chunk.len()
    }

    /// Whether a line was begun, or waits to be read.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_unread() || !self.carry.is_empty() && !self.spent
    }

    /// The beginning of a line whose end has not come, after [`next_line`](Self::next_line) has said `None`.
    #[must_use]
    pub fn begun(&self) -> &[u8] {
        &self.carry
    }

    /// Bytes of memory that this framer holds beside itself.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.chunk.len() + self.carry.capacity()
    }

    fn carry_rest(&mut self) {
        self.carry_on(self.read, self.chunk.len());
        self.chunk = Bytes::new();
        self.read = 0;
    }

    /// Carries the chunk's bytes from `start` to `end` as far as the limit allows, and counts the rest.
    fn carry_on(&mut self, start: usize, end: usize) {
        let bytes = &self.chunk[start..end];
        let room = self.line_bytes_max.saturating_sub(self.carry.len());
        let (kept, dropped) = bytes.split_at(room.min(bytes.len()));
        self.carry.extend_from_slice(kept);
        if let Some(&last) = dropped.last() {
            self.dropped += dropped.len();
            self.last_dropped = last;
        }
    }

    fn finish_line(&mut self) -> Line<'_> {
        self.spent = true;
        let mut dropped = core::mem::take(&mut self.dropped);
        let mut line = self.carry.as_slice();
        if dropped > 0 {
            dropped -= usize::from(self.last_dropped == b'\r');
        } else {
            line = line.strip_suffix(b"\r").unwrap_or(line);
        }
        cut(line, dropped, self.line_bytes_max)
    }

    fn forget_spent(&mut self) {
        if core::mem::take(&mut self.spent) {
            self.carry = Vec::new();
        }
        if self.read == self.chunk.len() {
            self.chunk = Bytes::new();
            self.read = 0;
        }
    }
}

/// The line that `bytes` are, cut at the limit, when `dropped` bytes after them are gone already.
fn cut(bytes: &[u8], dropped: usize, line_bytes_max: usize) -> Line<'_> {
    let kept = bytes.len().min(line_bytes_max);
    Line { bytes: &bytes[..kept], dropped: dropped + bytes.len() - kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;

    /// The lines of `chunks` under a limit of 8 bytes, `!` and the count behind those that lost bytes.
    fn lines(chunks: &[&str]) -> Vec<String> {
        let mut framer = Framer::new(8);
        let mut lines = Vec::new();
        let mut note = |line: Line<'_>| {
            let mut text = String::from_utf8(line.bytes.to_vec()).unwrap();
            if line.dropped > 0 {
                text.push_str(&alloc::format!("!{}", line.dropped));
            }
            lines.push(text);
        };
        for chunk in chunks {
            framer.push(Bytes::copy_from_slice(chunk.as_bytes()));
            while let Some(line) = framer.next_line() {
                note(line);
            }
        }
        if let Some(line) = framer.finish() {
            note(line);
        }
        lines
    }

    #[test]
    fn lines_end_with_lf_or_crlf() {
        assert_eq!(lines(&["a\nb\r\n\n\r\nc\rd\n"]), ["a", "b", "", "", "c\rd"]);
    }

    #[test]
    fn a_line_at_the_limit_is_whole_and_one_over_it_is_cut() {
        assert_eq!(lines(&["12345678\n12345678\r\n123456789\n"]), ["12345678", "12345678", "12345678!1"]);
        assert_eq!(lines(&["123456789\r\n1234567890\r\n"]), ["12345678!1", "12345678!2"]);
        assert_eq!(lines(&["12345678\r\r\n"]), ["12345678!1"]);
    }

    #[test]
    fn the_last_line_needs_no_end() {
        assert_eq!(lines(&["a\nbc"]), ["a", "bc"]);
        assert_eq!(lines(&["a\n"]), ["a"]);
        assert_eq!(lines(&["1234567890"]), ["12345678!2"]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn any_cut_gives_the_same_lines() {
        let stream = "a\nbc\r\n12345678\r\n123456789\r\n1234567890abc\n\r\n\nlast\r";
        let whole = lines(&[stream]);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(lines(&parts), whole, "{parts:?}");
            }
        }
        let bytes: Vec<&str> = (0..stream.len()).map(|at| &stream[at..=at]).collect();
        assert_eq!(lines(&bytes), whole);
    }

    #[test]
    fn a_chunk_on_top_of_an_unread_one_keeps_both() {
        let mut framer = Framer::new(8);
        framer.push(Bytes::from_static(b"a\nb\nc"));
        assert_eq!(framer.next_line().unwrap().bytes, b"a");
        framer.push(Bytes::from_static(b"d\n"));
        assert!(framer.has_line());
        assert_eq!(framer.next_line().unwrap().bytes, b"b");
        assert_eq!(framer.next_line().unwrap().bytes, b"cd");
        assert_eq!(framer.next_line(), None);
    }

    #[test]
    fn what_is_held_is_told() {
        let mut framer = Framer::new(8);
        framer.push(Bytes::from_static(b"one\ntw"));
        assert_eq!(framer.held_bytes(), 6, "the chunk");
        framer.next_line().unwrap();
        assert_eq!(framer.next_line(), None);
        assert!((2..=16).contains(&framer.held_bytes()), "the begun line");
        framer.push(Bytes::from_static(b"o"));
        assert!((3..=17).contains(&framer.held_bytes()), "the begun line and the chunk");
    }

    #[test]
    fn ten_megabytes_without_a_line_end_take_one_line_of_memory() {
        let mut framer = Framer::new(4096);
        let chunk = Bytes::from(vec![b'x'; 16_384]);
        for _ in 0..640 {
            framer.push(chunk.clone());
            assert_eq!(framer.next_line(), None);
            assert!(framer.held_bytes() <= 8_194, "{} bytes held", framer.held_bytes());
        }
        framer.push(Bytes::from_static(b"\n"));
        let line = framer.next_line().unwrap();
        assert_eq!((line.bytes.len(), line.dropped), (4096, 640 * 16_384 - 4096));
        assert_eq!(framer.next_line(), None);
        assert_eq!(framer.held_bytes(), 0, "an idle framer holds nothing");
    }
}
