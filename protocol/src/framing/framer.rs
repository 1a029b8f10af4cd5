//! The frame parser: bytes in any chunks become lines.

use crate::framing::telnet::{Asked, Decoded, Decoder, Function, IAC};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// One line, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramedLine<'a> {
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
    Line(FramedLine<'a>),
}

impl<'a> Item<'a> {
    /// The line, if it is one.
    #[must_use]
    pub const fn line(self) -> Option<FramedLine<'a>> {
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
/// framer without a begun line holds nothing, unless its stream is telnet or UTF-16.
pub struct Framer {
    /// The begun line as far as the limit allows, from chunks that are used up.
    carry: Vec<u8>,
    /// The chunk that is being read, and how far it is read.
    chunk: Bytes,
    read: usize,
    line_bytes_max: usize,
    /// How many bytes of the begun line were dropped.
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

    /// Whether the lines may have been typed by a person.
    pub(crate) const fn is_for_people(&self) -> bool {
        self.for_people
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
        if !self.for_people && self.found.is_none() {
            // To remember the line as found first would cost a quarter of a short line's time.
            return self.next_line_as_it_is().map(Item::Line);
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

    /// Returns what `read` makes of the next line, where the line is whole in the chunk and within the limit. `read` must
    /// return `None` for a line that has a control character in it or is not UTF-8: it stays where it was, for
    /// [`next_item`](Self::next_item) to read with what may be around it.
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
    pub fn finish(&mut self) -> Option<FramedLine<'_>> {
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
        if self.chunk.is_empty() {
            return None;
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
            if let Some(request) = self.decoder.as_deref_mut().and_then(Decoder::request) {
                return Some(Found::Asked(request));
            }
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
            Decoded::Function(function) => self.function(function),
            Decoded::NoCommand(byte) => {
                self.carry_byte(IAC);
                self.carry_byte(byte)
            }
            Decoded::Nothing => None,
        }
    }

    /// What a control function does to the begun line. No key is pressed within a character, so there it is a byte of it.
    fn function(&mut self, function: Function) -> Option<Found> {
        if let Some(byte) = function.in_place_of
            && self.dropped == 0
            && goes_on_with(&self.carry, byte)
        {
            return self.carry_byte(byte);
        }
        if function.discards {
            (self.carry, self.dropped) = (Vec::new(), 0);
        }
        None
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

    /// The next line of a program, where nothing but LF ends a line, and nothing comes between two of them.
    fn next_line_as_it_is(&mut self) -> Option<FramedLine<'_>> {
        self.forget_spent();
        let Some(length) = memchr::memchr(b'\n', &self.chunk[self.read..]) else {
            self.carry_rest();
            return None;
        };
        if self.carry.is_empty() {
            return Some(self.line_in_chunk(length));
        }
        let end = self.read + length;
        self.carry_on(self.read, end);
        self.read = end + 1;
        Some(self.finish_line())
    }

    /// The line of so many bytes that the chunk goes on with.
    fn line_in_chunk(&mut self, length: usize) -> FramedLine<'_> {
        let start = self.read;
        self.read = start + length + 1;
        let line = &self.chunk[start..start + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let kept = line.len().min(self.line_bytes_max);
        FramedLine { bytes: &line[..kept], dropped: line.len() - kept }
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

    fn finish_line(&mut self) -> FramedLine<'_> {
        self.spent = true;
        let mut dropped = core::mem::take(&mut self.dropped);
        let mut line = self.carry.as_slice();
        if dropped > 0 {
            dropped -= usize::from(self.last_dropped == b'\r');
        } else {
            line = line.strip_suffix(b"\r").unwrap_or(line);
        }
        FramedLine { bytes: line, dropped }
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

/// Whether text ends with a begun character of UTF-8 which this byte goes on with. In other encodings, a letter may look like
/// such a beginning; where there is another one before it, it is none.
fn goes_on_with(text: &[u8], byte: u8) -> bool {
    let behind_first = text.iter().rev().take(2).take_while(|&&byte| is_within_character(byte)).count();
    let Some(start) = text.len().checked_sub(1 + behind_first) else {
        return false;
    };
    let (before, begun) = text.split_at(start);
    if before.last().is_some_and(|&byte| byte >= 0xC0) {
        return false;
    }
    let mut character = [byte; 4];
    character[..begun.len()].copy_from_slice(begun);
    let is_begun = |bytes| core::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
    let longer = &character[..=begun.len()];
    is_begun(begun) && (is_begun(longer) || core::str::from_utf8(longer).is_ok())
}

/// Whether it is a byte of a character of UTF-8, and not its first.
const fn is_within_character(byte: u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

#[cfg(test)]
mod tests;
