//! The frame parser: bytes in any chunks become lines.

use crate::telnet::{Asked, Decoded, Decoder, IAC};
use alloc::boxed::Box;
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

/// What is read of a stream, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A client of telnet asks for something.
    Asked(Asked),
    /// A whole line.
    Line(Line<'a>),
}

impl<'a> Item<'a> {
    /// The line, if it is one.
    #[must_use]
    pub const fn line(self) -> Option<Line<'a>> {
        match self {
            Self::Asked(_) => None,
            Self::Line(line) => Some(line),
        }
    }
}

/// Splits a byte stream into lines that end with LF or CRLF.
///
/// A line may have `line_bytes_max` bytes, its end not counted. The rest of a longer line is dropped and
/// counted. However the stream is cut into chunks, the lines are the same, and the work is linear in the
/// bytes: what was searched once is not searched again.
///
/// Where a person may be at the other end ([`Framer::for_people`]), the stream is read as a terminal's: telnet's commands
/// are no part of the lines, CR NUL ends a line as well (RFC 854), and a stream that begins with the byte order mark of
/// UTF-16 is converted to UTF-8. What there is of a line when telnet says that its user interrupts is discarded.
///
/// Memory: one chunk as it was pushed, and a begun line of at most `line_bytes_max` bytes. An idle
/// framer without a begun line holds nothing, unless it has refused an option of telnet.
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
    /// What was found, and is still to be handed out.
    found: Option<Found>,
    /// Whether it reads what a terminal may send.
    for_people: bool,
    /// Whether these are the first bytes of the stream.
    at_start: bool,
    /// What knows of the telnet commands or of the UTF-16 of this stream, if there was any.
    decoder: Option<Box<Decoder>>,
}

/// Something whole.
#[derive(Clone, Copy, Debug)]
enum Found {
    Asked(Asked),
    /// The line in `carry`.
    Carried,
    /// A line of so many bytes, which the chunk goes on with.
    InChunk(usize),
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
            found: None,
            for_people: false,
            at_start: true,
            decoder: None,
        }
    }

    /// A framer for lines of at most `line_bytes_max` bytes that a person may have typed.
    #[must_use]
    pub const fn for_people(line_bytes_max: usize) -> Self {
        let mut framer = Self::new(line_bytes_max);
        framer.for_people = true;
        framer
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

    /// The next whole line, or what a client of telnet asks for before it; `None` until more bytes come.
    pub fn next_item(&mut self) -> Option<Item<'_>> {
        if self.found.is_none() {
            self.forget_spent();
            if !self.for_people && self.carry.is_empty() {
                // A program's lines need no second look.
                let Some(length) = memchr::memchr(b'\n', &self.chunk[self.read..]) else {
                    self.carry_rest();
                    return None;
                };
                return Some(Item::Line(self.line_in_chunk(length)));
            }
        }
        let found = match self.found.take() {
            None => self.find()?,
            Some(found) => found,
        };
        Some(match found {
            Found::Asked(asked) => Item::Asked(asked),
            Found::Carried => Item::Line(self.finish_line()),
            Found::InChunk(length) => Item::Line(self.line_in_chunk(length)),
        })
    }

    /// The next line as `read` makes it, where it is whole in the chunk and within the limit, and `read` takes it. That
    /// must not take a line with a control character or what is not UTF-8 in it: such a line is left where it was, and
    /// [`next_item`](Self::next_item) reads it with what may be around it.
    pub(crate) fn next_clean_line<T>(&mut self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        if self.found.is_some() || !self.decoder.as_deref().is_none_or(Decoder::is_in_text) {
            return None;
        }
        self.forget_spent();
        if !self.carry.is_empty() {
            return None;
        }
        let rest = &self.chunk[self.read..];
        let length = memchr::memchr(b'\n', rest)?;
        let line = &rest[..length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.line_bytes_max {
            return None;
        }
        let read = read(line)?;
        self.at_start = false;
        self.read += length + 1;
        Some(read)
    }

    /// The begun line as the last one, for the stream has ended; `None` where nothing was begun.
    ///
    /// Whole lines come first: call it after [`next_item`](Self::next_item) has said `None`.
    pub fn finish(&mut self) -> Option<Line<'_>> {
        self.forget_spent();
        let begun = !self.carry.is_empty();
        begun.then(|| self.finish_line())
    }

    /// Whether [`next_item`](Self::next_item) has something.
    #[must_use]
    pub fn has_item(&mut self) -> bool {
        if self.found.is_none() {
            self.found = self.find();
        }
        self.found.is_some()
    }

    /// Whether anything waits to be read: whole lines, or the beginning of one that was pushed behind
    /// them.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.found.is_some() || self.read < self.chunk.len()
    }

    /// Whether the stream is UTF-16.
    #[must_use]
    pub fn is_utf16(&self) -> bool {
        self.decoder.as_deref().is_some_and(Decoder::is_utf16)
    }

    /// Whether a line was begun, or waits to be read.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_unread() || !self.carry.is_empty() && !self.spent
    }

    /// The beginning of a line whose end has not come, after [`next_item`](Self::next_item) has said `None`.
    #[must_use]
    pub fn begun(&self) -> &[u8] {
        &self.carry
    }

    /// Bytes of memory that this framer holds beside itself.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.chunk.len() + self.carry.capacity() + self.decoder.as_deref().map_or(0, size_of_val)
    }

    /// The next line, or what is asked for before it. A line that is whole in the chunk stays there until it is handed
    /// out.
    fn find(&mut self) -> Option<Found> {
        self.forget_spent();
        if self.for_people {
            return self.find_typed();
        }
        let length = memchr::memchr(b'\n', &self.chunk[self.read..]);
        self.found_line(length)
    }

    /// A line whose end was found so many bytes further on, if it was.
    fn found_line(&mut self, length: Option<usize>) -> Option<Found> {
        let Some(length) = length else {
            self.carry_rest();
            return None;
        };
        self.at_start = false;
        if self.carry.is_empty() {
            return Some(Found::InChunk(length));
        }
        let end = self.read + length;
        self.carry_on(self.read, end);
        self.read = end + 1;
        Some(Found::Carried)
    }

    /// The same, where a person may type. Nearly always a line's end comes before anything that is no text.
    fn find_typed(&mut self) -> Option<Found> {
        loop {
            if self.decoder.as_deref().is_none_or(Decoder::is_in_text) {
                let rest = &self.chunk[self.read..];
                let end = memchr::memchr3(b'\n', IAC, 0, rest);
                match end {
                    Some(end) if rest[end] != b'\n' => {
                        self.carry_on(self.read, self.read + end);
                        self.read += end;
                    }
                    _ => return self.found_line(end),
                }
            }
            let Some(&byte) = self.chunk.get(self.read) else {
                self.carry_rest();
                return None;
            };
            self.read += 1;
            let found = self.decode(byte);
            if found.is_some() {
                return found;
            }
        }
    }

    /// Reads a byte that may be no text.
    #[cold]
    fn decode(&mut self, byte: u8) -> Option<Found> {
        let decoded = match &mut self.decoder {
            Some(decoder) => decoder.decode(byte),
            None if byte == IAC => {
                self.decoder = Some(self.begin_decoder().into());
                Decoded::Nothing
            }
            None => Decoded::Byte(byte),
        };
        self.at_start = false;
        // What leaves nothing to remember costs nothing.
        self.decoder.take_if(|decoder| decoder.is_as_new());
        match decoded {
            Decoded::Asked(asked) => Some(Found::Asked(asked)),
            Decoded::Byte(byte) => self.carry_byte(byte),
            Decoded::Characters(characters) => {
                let mut found = None;
                for character in characters.into_iter().flatten() {
                    for &byte in character.encode_utf8(&mut [0; 4]).as_bytes() {
                        found = self.carry_byte(byte);
                    }
                }
                found
            }
            Decoded::Discard => {
                (self.carry, self.dropped) = (Vec::new(), 0);
                None
            }
            Decoded::NoCommand(byte) => {
                self.carry_byte(IAC);
                self.carry_byte(byte)
            }
            Decoded::Nothing => None,
        }
    }

    /// What reads on behind the first IAC of a stream, or the first since there was anything to remember.
    fn begin_decoder(&mut self) -> Decoder {
        match self.carry.as_slice() {
            [] if self.at_start => Decoder::at_start(),
            [0xFE] if self.at_start => {
                self.carry = Vec::new();
                Decoder::utf16_big_endian()
            }
            _ => Decoder::behind_iac(),
        }
    }

    /// Carries a byte, or finds that it ends the line: LF does, and NUL behind a CR.
    fn carry_byte(&mut self, byte: u8) -> Option<Found> {
        let last = if self.dropped > 0 { Some(&self.last_dropped) } else { self.carry.last() };
        if byte == b'\n' || byte == 0 && last == Some(&b'\r') {
            return Some(Found::Carried);
        }
        if self.carry.len() < self.line_bytes_max {
            self.carry.push(byte);
        } else {
            self.dropped += 1;
            self.last_dropped = byte;
        }
        None
    }

    /// The line of so many bytes that the chunk goes on with.
    fn line_in_chunk(&mut self, length: usize) -> Line<'_> {
        let start = self.read;
        self.read = start + length + 1;
        let line = &self.chunk[start..start + length];
        cut(line.strip_suffix(b"\r").unwrap_or(line), 0, self.line_bytes_max)
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
        items(Framer::new(8), chunks.iter().map(|chunk| chunk.as_bytes()))
    }

    /// The same of what a person may have typed, and `?` and what is asked where that is.
    fn typed(chunks: &[&[u8]]) -> Vec<String> {
        items(Framer::for_people(8), chunks.iter().copied())
    }

    fn items<'a>(mut framer: Framer, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
        let mut items = Vec::new();
        let mut note = |item: Item<'_>| {
            items.push(match item {
                Item::Asked(asked) => alloc::format!("?{asked:?}"),
                Item::Line(line) => {
                    let text = String::from_utf8_lossy(line.bytes).into_owned();
                    if line.dropped > 0 { alloc::format!("{text}!{}", line.dropped) } else { text }
                }
            });
        };
        for chunk in chunks {
            framer.push(Bytes::copy_from_slice(chunk));
            while let Some(item) = framer.next_item() {
                note(item);
            }
        }
        if let Some(line) = framer.finish() {
            note(Item::Line(line));
        }
        items
    }

    fn next_line(framer: &mut Framer) -> Option<&[u8]> {
        framer.next_item().and_then(Item::line).map(|line| line.bytes)
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
    fn a_terminal_may_end_a_line_with_cr_nul() {
        assert_eq!(typed(&[b"a\r\0b\r\nc\nd\re\r\0"]), ["a", "b", "c", "d\re"]);
        assert_eq!(typed(&[b"\0a\0b\r\n"]), ["\0a\0b"], "a NUL elsewhere is for whoever cleans the text");
        assert_eq!(typed(&[b"123456789\r\0x\n"]), ["12345678!1", "x"]);
        assert_eq!(lines(&["a\r\0b\n"]), ["a\r\0b"], "a program's line ends as it always has");
    }

    #[test]
    fn telnet_is_no_part_of_a_line() {
        assert_eq!(typed(&[b"\xFF\xFA\x1F\0\n\0\x18\xFF\xF0he\xFF\xF1llo\n"]), ["hello"]);
        let asked = ["one", "?TimingMark", "two", "?AreYouThere", "three"];
        assert_eq!(typed(&[b"one\nt\xFF\xFD\x06wo\nth\xFF\xF6ree\n"]), asked, "what is asked has its place");
        assert_eq!(typed(&[b"half\xFF\xF4whole\n"]), ["whole"], "an interrupt discards the line");
        assert_eq!(typed(&[b"123456789\xFF\xF2whole\n"]), ["whole"], "and so does the end of a Synch");
        assert_eq!(typed(&[b"a\xFFb\xFF\n"]), ["a\u{FFFD}b\u{FFFD}"]);
        assert_eq!(lines(&["a"]), ["a"]);
        let as_it_is = items(Framer::new(8), [b"a\xFF\xF4b\n".as_slice()].into_iter());
        assert_eq!(as_it_is, ["a\u{FFFD}\u{FFFD}b"], "a program does not speak telnet");
    }

    #[test]
    fn a_byte_order_mark_tells_utf_16() {
        for (mark, bytes) in
            [(b"\xFF\xFE", u16::to_le_bytes as fn(u16) -> [u8; 2]), (b"\xFE\xFF", u16::to_be_bytes)]
        {
            let text: Vec<u8> = "你\r\n🦀!\n".encode_utf16().flat_map(bytes).collect();
            assert_eq!(typed(&[mark, &text]), ["你", "🦀!"]);
        }
        assert_eq!(
            typed(&[b"\xFEx\n\xFE\xFFx\n"]),
            ["\u{FFFD}x", "\u{FFFD}\u{FFFD}x"],
            "no mark in the middle"
        );
    }

    #[test]
    fn any_cut_gives_the_same_of_what_is_typed() {
        let streams: [&[u8]; 6] = [
            b"a\r\0b\r\nc\xFF\xFD\x06d\n12345678\xFF\xF7\r\0\xFFe\xFF\xFFf\n\xFF\xFA\n\xFF\xFF\xFF\xF0g",
            b"\xFF\xFE\x01\xFF\xFB\x1Fhello\nhalf\xFF\xF4\xFF\xFD\x06whole\n",
            b"\xFF\xFEh\0i\0\r\0\n\0\x60\x4F\n\0",
            b"\xFE\xFF\0h\0i\0\r\0\n\xD8\x3E\xDD\x80\0\n",
            b"\xFF\xFB\x1F\xFF\xFB\x1Fhello\n\xFE\xFF\n",
            b"\xFF\xFE\x2F\xFFx\0\n\0",
        ];
        for stream in streams {
            let whole = typed(&[stream]);
            for first in 0..=stream.len() {
                for second in first..=stream.len() {
                    let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                    assert_eq!(typed(&parts), whole, "{parts:?}");
                }
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(typed(&bytes), whole);
        }
    }

    #[test]
    fn looking_for_an_item_changes_nothing() {
        let mut framer = Framer::for_people(8);
        framer.push(Bytes::from_static(b"a\nb\xFF\xFD\x06"));
        assert!(framer.has_item() && framer.has_item() && framer.has_unread());
        framer.push(Bytes::from_static(b"c\nd"));
        assert_eq!(next_line(&mut framer).unwrap(), b"a");
        assert!(framer.has_item());
        framer.push(Bytes::from_static(b"e\n"));
        assert_eq!(framer.next_item(), Some(Item::Asked(Asked::TimingMark)));
        assert!(framer.has_item() && framer.has_unread());
        assert_eq!(next_line(&mut framer).unwrap(), b"bc");
        assert_eq!(next_line(&mut framer).unwrap(), b"de");
        assert!(!framer.has_item() && !framer.has_unread() && !framer.has_begun());
    }

    #[test]
    fn who_is_idle_costs_nothing_but_what_it_was_refused() {
        let mut framer = Framer::for_people(8);
        framer.push(Bytes::from_static(b"a\xFF\xF1b\xFF\xF6\n\xFF\xF4"));
        while framer.next_item().is_some() {}
        assert_eq!(framer.held_bytes(), 0);
        framer.push(Bytes::from_static(b"\xFF\xFB\x1F"));
        while framer.next_item().is_some() {}
        assert!((1..=128).contains(&framer.held_bytes()));
    }

    #[test]
    fn a_chunk_on_top_of_an_unread_one_keeps_both() {
        let mut framer = Framer::new(8);
        framer.push(Bytes::from_static(b"a\nb\nc"));
        assert_eq!(next_line(&mut framer).unwrap(), b"a");
        framer.push(Bytes::from_static(b"d\n"));
        assert!(framer.has_item());
        assert_eq!(next_line(&mut framer).unwrap(), b"b");
        assert_eq!(next_line(&mut framer).unwrap(), b"cd");
        assert_eq!(framer.next_item(), None);
    }

    #[test]
    fn what_is_held_is_told() {
        let mut framer = Framer::new(8);
        framer.push(Bytes::from_static(b"one\ntw"));
        assert_eq!(framer.held_bytes(), 6, "the chunk");
        framer.next_item().unwrap();
        assert_eq!(framer.next_item(), None);
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
            assert_eq!(framer.next_item(), None);
            assert!(framer.held_bytes() <= 8_194, "{} bytes held", framer.held_bytes());
        }
        framer.push(Bytes::from_static(b"\n"));
        let line = framer.next_item().and_then(Item::line).unwrap();
        assert_eq!((line.bytes.len(), line.dropped), (4096, 640 * 16_384 - 4096));
        assert_eq!(framer.next_item(), None);
        assert_eq!(framer.held_bytes(), 0, "an idle framer holds nothing");
    }
}
