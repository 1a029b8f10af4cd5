//! Comparing the bytes that a connection is sent with those that the model expects.

use parlor_protocol::Seq;
use std::collections::VecDeque;
use std::ops::Range;

/// The bytes that a connection must be sent, as the model predicts them, and how many it has been sent.
#[derive(Debug, Default)]
pub struct Expectation {
    /// The expected bytes. Those from `consumed` on have not been sent yet.
    due: Vec<u8>,
    consumed: usize,
    /// The start of the current line in `due`.
    line_start: usize,
    /// The start of the farewell to a slow reader: after the end of any line before it, the sent bytes may continue
    /// there.
    cut: Option<usize>,
    /// Number of bytes before `due` that were dropped.
    forgotten: usize,
    /// The events with the places of their bytes. An event is recognized by its place, which no text can imitate or
    /// hide.
    events: VecDeque<Event>,
    /// The range of bytes that are IRC.
    irc: Range<usize>,
    /// Entries that were sent completely since [`heard`](Self::heard) was called.
    heard: Vec<Seq>,
    /// Lines that were sent completely since [`lines`](Self::lines) was called.
    lines: Vec<Line>,
    /// Whether the connection was cut off, so that the rest may never arrive.
    is_cut_off: bool,
}

/// A line that was sent completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The offset at which IRC starts in it, if it does: answers to a telnet client may be before that.
    pub irc_from: Option<usize>,
    /// The log entry that it is about, and whether it is the first of the lines about it.
    pub event: Option<(Seq, bool)>,
}

/// The bytes of an event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The range of its bytes, relative to the bytes that it is added with; later among all bytes.
    pub place: Range<usize>,
    /// The log entry that it is about.
    pub seq: Seq,
    /// Whether [`Expectation::heard`] returns it.
    pub is_heard: bool,
}

/// A difference between the expected bytes and the sent ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first expected bytes.
    pub expected: String,
    /// The first sent bytes.
    pub found: String,
}

/// Number of bytes of a difference that are shown.
const SHOWN_BYTES: usize = 200;

/// Number of consumed bytes after which they are dropped.
const FORGET_BYTES: usize = 16 << 10;

impl Expectation {
    /// Creates the expectation of a new connection.
    #[must_use]
    pub fn of(is_irc: bool) -> Self {
        Self { irc: 0..if is_irc { usize::MAX } else { 0 }, ..Self::default() }
    }

    /// Adds expected bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.due.extend_from_slice(bytes);
    }

    /// Adds expected bytes that contain these events.
    pub fn add_events(&mut self, bytes: &[u8], events: &[Event]) {
        let start = self.forgotten + self.due.len();
        self.add(bytes);
        for event in events.iter().filter(|event| !event.place.is_empty()) {
            let place = start + event.place.start..start + event.place.end;
            self.events.push_back(Event { place, ..event.clone() });
        }
    }

    /// Records that the bytes added from now on are IRC.
    pub const fn begin_irc(&mut self) {
        self.irc = self.forgotten + self.due.len()..usize::MAX;
    }

    /// Records that the bytes added from now on are not IRC.
    pub fn end_irc(&mut self) {
        self.irc.end = self.irc.end.min(self.forgotten + self.due.len());
    }

    /// Returns the lines that were sent completely since the last call.
    pub fn lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// Returns the log entries whose events were sent completely since the last call.
    pub fn heard(&mut self) -> Vec<Seq> {
        std::mem::take(&mut self.heard)
    }

    /// Records that the connection overflowed: the bytes added so far may be left out, from the end of any line on. The
    /// bytes added from now on must be sent.
    pub const fn cut_here(&mut self) {
        self.cut = Some(self.due.len());
    }

    /// Returns the number of bytes that are still expected.
    #[must_use]
    pub const fn left(&self) -> usize {
        if self.is_cut_off { 0 } else { self.due.len() - self.consumed }
    }

    /// Records that the connection was cut off: what it has not received may be lost.
    pub const fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// Returns the bytes that are still expected.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.due[self.consumed..]
    }

    /// Compares bytes that the connection was sent with the expected ones.
    ///
    /// # Errors
    /// Returns the difference if the bytes are not the expected ones.
    pub fn sent(&mut self, bytes: &[u8]) -> Result<(), Difference> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let due = &self.due[self.consumed..];
            let same = if due.starts_with(bytes) {
                bytes.len()
            } else {
                bytes.iter().zip(due).take_while(|(one, other)| one == other).count()
            };
            let consumed = self.consumed;
            for end in memchr::memchr_iter(b'\n', &bytes[..same]) {
                self.end_line(consumed + end + 1);
            }
            self.consumed += same;
            self.pass_events(self.forgotten + self.consumed);
            bytes = &bytes[same..];
            if !bytes.is_empty() && !self.go_on_at_cut() {
                return Err(Difference { expected: shown(self.rest()), found: shown(bytes) });
            }
        }
        if self.cut.is_none() && self.consumed > FORGET_BYTES {
            self.due.drain(..self.line_start);
            self.forgotten += self.line_start;
            self.consumed -= self.line_start;
            self.line_start = 0;
        }
        Ok(())
    }

    /// Ends the current line at `end`.
    fn end_line(&mut self, end: usize) {
        let start = self.forgotten + self.line_start;
        self.pass_events(start);
        let event = self.events.front().filter(|event| event.place.start <= start);
        let event = event.map(|event| (event.seq, event.place.start == start));
        let is_irc = start < self.irc.end && self.irc.start < self.forgotten + end;
        let irc_from = is_irc.then(|| self.irc.start.saturating_sub(start));
        self.lines.push(Line { irc_from, event });
        self.line_start = end;
    }

    /// Marks events that end at `end` or before as heard.
    fn pass_events(&mut self, end: usize) {
        while let Some(event) = self.events.pop_front_if(|event| event.place.end <= end) {
            if event.is_heard {
                self.heard.push(event.seq);
            }
        }
    }

    /// Continues after the cut, if the sent part of the current line can also be the start of the line there.
    fn go_on_at_cut(&mut self) -> bool {
        let Some(cut) = self.cut.take_if(|cut| *cut > self.line_start) else { return false };
        let begun = self.line_start..self.consumed;
        let length = begun.len();
        let fits = self.due[cut..].starts_with(&self.due[begun]);
        if fits {
            self.events.clear();
            self.line_start = cut;
            self.consumed = cut + length;
        }
        fits
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_cut() -> Expectation {
        let mut expectation = Expectation::default();
        expectation.add(b"one\n* two\nthree\n");
        expectation.cut_here();
        expectation.add(b"* closed\n");
        expectation
    }

    impl Expectation {
        /// Adds expected bytes, which are the event of this log entry.
        fn add_entry(&mut self, seq: Seq, bytes: &[u8]) {
            self.add_events(bytes, &[Event { place: 0..bytes.len(), seq, is_heard: true }]);
        }
    }

    #[test]
    fn expected_bytes_may_be_sent_in_any_pieces() {
        let mut expectation = Expectation::default();
        expectation.add(b"one\ntwo\n");
        assert_eq!(expectation.sent(b"on"), Ok(()));
        assert_eq!(expectation.sent(b"e\nt"), Ok(()));
        assert_eq!(expectation.left(), 3);
        assert!(expectation.sent(b"x").is_err());
        assert!(expectation.sent(b"wo\nmore").is_err());
    }

    #[test]
    fn an_entry_is_heard_with_its_last_byte_and_recognized_by_its_place() {
        let mut expectation = Expectation::default();
        expectation.add_entry(Seq(7), b"alice: #9\n");
        expectation.add(b"* a note\n");
        expectation.add_entry(Seq(8), b"");
        expectation.add_entry(Seq(9), b"alice: #9\n");
        assert_eq!(expectation.sent(b"alice: #9"), Ok(()));
        assert_eq!(expectation.heard(), []);
        assert_eq!(expectation.sent(b"\n* a note\nalice: #9"), Ok(()));
        assert_eq!(expectation.heard(), [Seq(7)]);
        assert_eq!(expectation.sent(b"\n"), Ok(()));
        assert_eq!(expectation.heard(), [Seq(9)]);
        assert_eq!(expectation.heard(), []);
    }

    #[test]
    fn an_entry_that_a_slow_reader_is_not_sent_is_not_heard() {
        let mut expectation = Expectation::default();
        expectation.add_entry(Seq(1), b"one\n");
        expectation.add_entry(Seq(2), b"two\n");
        expectation.cut_here();
        expectation.add(b"* closed\n");
        assert_eq!(expectation.sent(b"one\n* closed\n"), Ok(()));
        assert_eq!(expectation.heard(), [Seq(1)]);
    }

    #[test]
    fn entries_keep_their_places_when_sent_bytes_are_dropped() {
        let mut expectation = Expectation::default();
        let line = [vec![b'x'; FORGET_BYTES], b"\n".to_vec()].concat();
        for seq in 1..4 {
            expectation.add_entry(Seq(seq), &line);
        }
        for seq in 1..4 {
            assert_eq!(expectation.sent(&line), Ok(()));
            assert_eq!(expectation.heard(), [Seq(seq)]);
        }
    }

    #[test]
    fn a_slow_reader_may_continue_with_its_farewell_after_any_line() {
        for sent in ["* closed\n", "one\n* closed\n", "one\n* two\nthree\n* closed\n"] {
            let mut expectation = after_cut();
            for byte in sent.bytes() {
                assert_eq!(expectation.sent(&[byte]), Ok(()), "{sent}");
            }
            assert_eq!(expectation.left(), 0);
        }
        for sent in ["on* closed\n", "one\n* clo* ", "one\nthree\n", "* closed\none"] {
            assert!(after_cut().sent(sent.as_bytes()).is_err(), "{sent}");
        }
    }
}
