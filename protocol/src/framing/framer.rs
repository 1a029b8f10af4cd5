//! Splits a byte stream into lines.

use crate::base::rate::Rate;
use crate::framing::telnet::{Decoded, Decoder, Function, IAC, TelnetRequest};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// One line, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramedLine<'a> {
    /// The line's bytes, at most the framer's limit.
    pub bytes: &'a [u8],
    /// The number of bytes after these that were dropped because the line exceeded the limit.
    pub dropped: usize,
}

/// An item of a stream. Items are returned in the order of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A request of a telnet client.
    Telnet(TelnetRequest),
    /// A whole line.
    Line(FramedLine<'a>),
}

impl<'a> Item<'a> {
    /// Returns the line, if the item is one.
    #[must_use]
    pub const fn line(self) -> Option<FramedLine<'a>> {
        match self {
            Self::Telnet(_) => None,
            Self::Line(line) => Some(line),
        }
    }
}

/// Splits a byte stream into lines that end with LF or CRLF.
///
/// A line may have `line_bytes_max` bytes, without its line end. The rest of a longer line is dropped and counted.
/// The lines do not depend on how the stream is divided into chunks. No byte is searched twice, so the work is linear.
///
/// [`Framer::for_people`] reads a stream that may come from a terminal: telnet commands are removed from the lines, CR
/// NUL ends a line as well (RFC 854), a telnet interrupt discards the unfinished line, and a stream that begins with
/// the byte order mark of UTF-16 is converted to UTF-8.
///
/// A framer holds the chunk that was pushed last, and an unfinished line of at most `line_bytes_max` bytes. Without an
/// unfinished line, an idle framer holds nothing, unless its stream is telnet or UTF-16.
pub struct Framer {
    /// The part of the unfinished line from previous chunks, up to the limit.
    carry: Vec<u8>,
    /// The current chunk.
    chunk: Bytes,
    /// The number of bytes of the chunk that were read.
    read: usize,
    line_bytes_max: usize,
    /// The number of bytes that were pushed after the last item that was returned.
    tail: usize,
    /// The number of times that [`take_waste`](Self::take_waste) has counted [`WASTE_BYTES`](Self::WASTE_BYTES) of them.
    wastes_taken: usize,
    /// The number of bytes of the unfinished line that were dropped.
    dropped: usize,
    /// The last dropped byte. If it is the CR of a CRLF, it does not belong to the line.
    last_dropped: u8,
    /// Whether the line in `carry` was returned, and must be removed before the next one.
    spent: bool,
    /// An item that was found and not yet returned.
    found: Option<Found>,
    /// Whether the stream may come from a terminal.
    for_people: bool,
    /// Whether no byte of the stream was decoded yet.
    at_start: bool,
    /// The decoder of telnet or UTF-16, if the stream has contained any.
    decoder: Option<Box<Decoder>>,
}

/// The state of a framer that holds nothing: another framer continues its stream from here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    line_bytes_max: usize,
    for_people: bool,
    at_start: bool,
}

impl Framing {
    /// Returns the state for a new stream.
    pub(crate) const fn new(line_bytes_max: usize, for_people: bool) -> Self {
        Self { line_bytes_max, for_people, at_start: true }
    }

    /// Returns whether the lines may have been typed by a person.
    pub(crate) const fn is_for_people(self) -> bool {
        self.for_people
    }
}

/// A complete item.
#[derive(Clone, Copy, Debug)]
enum Found {
    Telnet(TelnetRequest),
    /// A line in `carry`.
    Carried,
    /// A line with this number of bytes, at the read position of the chunk.
    InChunk(usize),
}

impl fmt::Debug for Framer {
    /// Omits the bytes, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("carried", &self.carry.len())
            .field("unread", &(self.chunk.len() - self.read))
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl Framer {
    /// The number of bytes without an item that cost as much as a line.
    pub(crate) const WASTE_BYTES: usize = Rate::DROPPED_BYTES_PER_LINE;

    /// Creates a framer for lines of at most `line_bytes_max` bytes.
    #[must_use]
    pub const fn new(line_bytes_max: usize) -> Self {
        Self::of(Framing::new(line_bytes_max, false))
    }

    /// Creates a framer for lines of at most `line_bytes_max` bytes that a person may have typed.
    #[must_use]
    pub const fn for_people(line_bytes_max: usize) -> Self {
        Self::of(Framing::new(line_bytes_max, true))
    }

    /// Creates a framer that continues a stream.
    pub(crate) const fn of(framing: Framing) -> Self {
        let Framing { line_bytes_max, for_people, at_start } = framing;
        Self {
            carry: Vec::new(),
            chunk: Bytes::new(),
            read: 0,
            line_bytes_max,
            tail: 0,
            wastes_taken: 0,
            dropped: 0,
            last_dropped: 0,
            spent: false,
            found: None,
            for_people,
            at_start,
            decoder: None,
        }
    }

    /// Returns its state, if it holds nothing. The framer of a stream that is telnet or UTF-16 always holds something.
    pub(crate) fn at_rest(&mut self) -> Option<Framing> {
        self.forget_spent();
        let holds_nothing = self.chunk.is_empty()
            && self.carry.is_empty()
            && self.tail == 0
            && self.found.is_none()
            && self.decoder.is_none();
        let Self { line_bytes_max, for_people, at_start, .. } = *self;
        holds_nothing.then_some(Framing { line_bytes_max, for_people, at_start })
    }

    /// Continues another stream. The framer has to be [at rest](Self::at_rest).
    pub(crate) fn resume(&mut self, framing: Framing) {
        debug_assert!(self.at_rest().is_some(), "a framer that holds bytes of a stream stays with it");
        let Framing { line_bytes_max, for_people, at_start } = framing;
        (self.line_bytes_max, self.for_people, self.at_start) = (line_bytes_max, for_people, at_start);
    }

    /// Returns whether the lines may have been typed by a person.
    pub(crate) const fn is_for_people(&self) -> bool {
        self.for_people
    }

    /// Appends the next bytes of the stream. If lines of the previous chunk are still unread, both chunks are copied.
    pub fn push(&mut self, bytes: Bytes) {
        self.tail += bytes.len();
        let unread = &self.chunk[self.read..];
        self.chunk = if unread.is_empty() { bytes } else { [unread, &bytes].concat().into() };
        self.read = 0;
    }

    /// Returns the next complete line, or the request of a telnet client before it; `None` if more bytes are needed.
    pub fn next_item(&mut self) -> Option<Item<'_>> {
        if !self.for_people && self.found.is_none() {
            // Going through `Found` would cost a quarter of the time for a short line.
            return self.next_raw_line().map(Item::Line);
        }
        let found = match self.found.take() {
            None => self.find()?,
            Some(found) => found,
        };
        Some(match found {
            Found::Telnet(asked) => {
                self.begin_tail();
                Item::Telnet(asked)
            }
            Found::Carried => Item::Line(self.finish_line()),
            Found::InChunk(length) => Item::Line(self.line_in_chunk(length)),
        })
    }

    /// Returns the result of `read` for the next line, if the line is complete in the chunk and within the limit.
    ///
    /// `read` must return `None` for a line that contains a control character or is not UTF-8. The line then stays unread
    /// for [`next_item`](Self::next_item), which handles telnet commands.
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
        self.begin_tail();
        Some(read)
    }

    /// Returns whether more bytes than a line may have came after the last item.
    pub(crate) const fn wastes(&self) -> bool {
        self.tail > self.line_bytes_max
    }

    /// Returns how many times [`WASTE_BYTES`](Self::WASTE_BYTES) came after the last item, beyond the bytes that a line may
    /// have, and were not counted before. Call it after [`next_item`](Self::next_item) has returned `None`.
    pub(crate) fn take_waste(&mut self) -> usize {
        let wastes = self.tail.saturating_sub(self.line_bytes_max) / Self::WASTE_BYTES;
        wastes - core::mem::replace(&mut self.wastes_taken, wastes)
    }

    /// Counts the bytes after an item, which is about to be returned.
    const fn begin_tail(&mut self) {
        self.tail = self.chunk.len() - self.read;
        self.wastes_taken = 0;
    }

    /// Returns the unfinished line at the end of the stream; `None` if there is none.
    ///
    /// Call it after [`next_item`](Self::next_item) has returned `None`.
    pub fn finish(&mut self) -> Option<FramedLine<'_>> {
        self.forget_spent();
        let begun = !self.carry.is_empty();
        begun.then(|| self.finish_line())
    }

    /// Returns whether [`next_item`](Self::next_item) would return an item.
    #[must_use]
    pub fn has_item(&mut self) -> bool {
        if self.found.is_none() {
            self.found = self.find();
        }
        self.found.is_some()
    }

    /// Returns whether the chunk has unread bytes: complete lines, or the beginning of a line.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.found.is_some() || self.read < self.chunk.len()
    }

    /// Returns whether [`next_item`](Self::next_item) returns `None` until more bytes come. A stream of telnet may have an item
    /// without an unread byte, and is never drained.
    pub(crate) fn is_drained(&self) -> bool {
        !self.has_unread() && self.decoder.is_none()
    }

    /// Returns whether the stream is UTF-16.
    #[must_use]
    pub fn is_utf16(&self) -> bool {
        self.decoder.as_deref().is_some_and(Decoder::is_utf16)
    }

    /// Returns whether there is an unread or unfinished line.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_unread() || !self.carry.is_empty() && !self.spent
    }

    /// Returns the number of bytes of memory that the framer has allocated.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.chunk.len() + self.carry.capacity() + self.decoder.as_deref().map_or(0, size_of_val)
    }

    /// Finds the next item. A line that is complete in the chunk is not copied.
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

    /// Finishes the search for a line end in the chunk, `length` bytes after the read position.
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

    /// Finds the next item of a stream that may come from a terminal. Line ends, IAC and NUL are searched for together:
    /// nearly always, the line end comes first.
    fn find_typed(&mut self) -> Option<Found> {
        loop {
            if let Some(request) = self.decoder.as_deref_mut().and_then(Decoder::request) {
                return Some(Found::Telnet(request));
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

    /// Reads a byte that may not be text.
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
        // A decoder without any state is dropped, so that a single 0xFF in a text costs no memory afterwards.
        self.decoder.take_if(|decoder| decoder.is_as_new());
        match decoded {
            Decoded::Telnet(asked) => Some(Found::Telnet(asked)),
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

    /// Applies a control function to the unfinished line. Within a character no key is pressed: there, the function is
    /// taken for the byte that GNU telnet replaced (see [`Function::in_place_of`]).
    fn function(&mut self, function: Function) -> Option<Found> {
        if let Some(byte) = function.in_place_of
            && self.dropped == 0
            && is_continued_by(&self.carry, byte)
        {
            return self.carry_byte(byte);
        }
        if function.discards {
            (self.carry, self.dropped) = (Vec::new(), 0);
        }
        None
    }

    /// Creates a decoder after an IAC.
    fn begin_decoder(&mut self) -> Decoder {
        match self.carry.as_slice() {
            [] if self.at_start => Decoder::at_start(),
            [0xFE] if self.at_start => {
                self.carry = Vec::new();
                Decoder::utf16_big_endian()
            }
            _ => Decoder::after_iac(),
        }
    }

    /// Appends a byte to `carry`, or finishes the line: at LF, and at NUL after a CR.
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

    /// Returns the next line of a stream that does not come from a terminal: without telnet, and with LF as the only line
    /// end.
    fn next_raw_line(&mut self) -> Option<FramedLine<'_>> {
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

    /// Returns the line of `length` bytes at the read position of the chunk.
    fn line_in_chunk(&mut self, length: usize) -> FramedLine<'_> {
        let start = self.read;
        self.read = start + length + 1;
        self.begin_tail();
        let line = &self.chunk[start..start + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let kept = line.len().min(self.line_bytes_max);
        FramedLine { bytes: &line[..kept], dropped: line.len() - kept }
    }

    /// Moves the unread part of the chunk to `carry`.
    fn carry_rest(&mut self) {
        self.carry_on(self.read, self.chunk.len());
        self.chunk = Bytes::new();
        self.read = 0;
    }

    /// Appends the chunk's bytes from `start` to `end` to `carry`, up to the limit, and counts the others as dropped.
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

    /// Returns the line in `carry`, which [`forget_spent`](Self::forget_spent) removes later.
    fn finish_line(&mut self) -> FramedLine<'_> {
        self.begin_tail();
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

    /// Frees the line that was returned last, and a chunk that is completely read.
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

/// Returns whether `text` ends with an incomplete character of UTF-8 that `byte` continues.
///
/// A letter of another encoding may look like the beginning of a character. If another such byte precedes it, the text
/// is not UTF-8.
fn is_continued_by(text: &[u8], byte: u8) -> bool {
    let continuations = text.iter().rev().take(2).take_while(|&&byte| is_continuation(byte)).count();
    let Some(start) = text.len().checked_sub(1 + continuations) else {
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

/// Returns whether `byte` is a continuation byte of UTF-8.
const fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

#[cfg(test)]
mod tests;
