//! What one connection must be sent, against what it was sent.

use parlor_protocol::Seq;
use std::collections::VecDeque;
use std::ops::Range;

/// The bytes that a connection is to be sent, as the model says them, and how far they came.
#[derive(Debug, Default)]
pub struct Expectation {
    /// What is to come, from `consumed` on.
    due: Vec<u8>,
    consumed: usize,
    /// Where the line under way began, in `due`.
    line_start: usize,
    /// Where the farewell begins of a connection that read too slowly: from the end of any line before it,
    /// what is sent may go on there.
    cut: Option<usize>,
    /// Bytes that were before `due`, and are forgotten.
    forgotten: usize,
    /// Where the bytes of each event are, of all: an event is known by its place, for no text can forge or hide that.
    events: VecDeque<Event>,
    /// Which of all bytes are IRC.
    irc: Range<usize>,
    /// Entries that were sent whole, and that nobody has asked for yet.
    heard: Vec<Seq>,
    /// Lines that were sent whole, and that nobody has asked for yet.
    lines: Vec<Line>,
}

/// What a whole line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where IRC begins in it, if it does: answers to a client of telnet may be before that.
    pub irc_from: Option<usize>,
    /// The entry of the log that it tells of, and whether it is the first of the lines that do.
    pub event: Option<(Seq, bool)>,
}

/// The bytes of an event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The range of its bytes, among those it is added with or among all.
    pub place: Range<usize>,
    /// The entry of the log that it tells of.
    pub seq: Seq,
    /// Whether it is asked for as one that was heard.
    pub is_heard: bool,
}

/// Bytes that the model does not know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The beginning of what was due.
    pub expected: String,
    /// The beginning of what came.
    pub found: String,
}

/// As much of what differs as a person wants to read.
const SHOWN_BYTES: usize = 200;

/// Bytes that were consumed are forgotten when they are this many.
const FORGET_BYTES: usize = 16 << 10;

impl Expectation {
    /// What is due to a connection that is new, which may be one of IRC.
    #[must_use]
    pub fn of(is_irc: bool) -> Self {
        Self { irc: 0..if is_irc { usize::MAX } else { 0 }, ..Self::default() }
    }

    /// These bytes come next.
    pub fn add(&mut self, bytes: &[u8]) {
        self.due.extend_from_slice(bytes);
    }

    /// These bytes come next, and they are how this entry of the log is heard.
    pub fn add_entry(&mut self, seq: Seq, bytes: &[u8]) {
        self.add_events(bytes, &[Event { place: 0..bytes.len(), seq, is_heard: true }]);
    }

    /// These bytes come next, and these events are in them.
    pub fn add_events(&mut self, bytes: &[u8], events: &[Event]) {
        let start = self.forgotten + self.due.len();
        self.add(bytes);
        for event in events.iter().filter(|event| !event.place.is_empty()) {
            let place = start + event.place.start..start + event.place.end;
            self.events.push_back(Event { place, ..event.clone() });
        }
    }

    /// From here on it is spoken to in IRC.
    pub const fn begin_irc(&mut self) {
        self.irc = self.forgotten + self.due.len()..usize::MAX;
    }

    /// From here on it is not spoken to in IRC, if it was.
    pub fn end_irc(&mut self) {
        self.irc.end = self.irc.end.min(self.forgotten + self.due.len());
    }

    /// The lines that the connection was sent whole since this was asked for.
    pub fn lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// The entries of the log that the connection was sent whole since this was asked for.
    pub fn heard(&mut self) -> Vec<Seq> {
        std::mem::take(&mut self.heard)
    }

    /// The connection read too slowly: what was added so far may be left out, from the end of a line on, but
    /// for what is added from here on.
    pub const fn cut_here(&mut self) {
        self.cut = Some(self.due.len());
    }

    /// Bytes that are still to come, at the most.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.due.len() - self.consumed
    }

    /// The bytes that are still to come, at the most.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.due[self.consumed..]
    }

    /// The connection was sent these.
    ///
    /// # Errors
    /// They are not what was due.
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

    /// The line under way is whole, and ends there.
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

    /// Events that end there or before are heard.
    fn pass_events(&mut self, end: usize) {
        while let Some(event) = self.events.pop_front_if(|event| event.place.end <= end) {
            if event.is_heard {
                self.heard.push(event.seq);
            }
        }
    }

    /// Goes on behind the cut, where the line under way may as well be one from there.
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

    #[test]
    fn bytes_come_as_they_are_due_in_any_pieces() {
        let mut expectation = Expectation::default();
        expectation.add(b"one\ntwo\n");
        assert_eq!(expectation.sent(b"on"), Ok(()));
        assert_eq!(expectation.sent(b"e\nt"), Ok(()));
        assert_eq!(expectation.left(), 3);
        assert!(expectation.sent(b"x").is_err());
        assert!(expectation.sent(b"wo\nmore").is_err());
    }

    #[test]
    fn an_entry_is_heard_with_its_last_byte_and_known_by_its_place() {
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
    fn what_a_slow_reader_is_not_sent_is_not_heard() {
        let mut expectation = Expectation::default();
        expectation.add_entry(Seq(1), b"one\n");
        expectation.add_entry(Seq(2), b"two\n");
        expectation.cut_here();
        expectation.add(b"* closed\n");
        assert_eq!(expectation.sent(b"one\n* closed\n"), Ok(()));
        assert_eq!(expectation.heard(), [Seq(1)]);
    }

    #[test]
    fn entries_keep_their_places_where_sent_bytes_are_forgotten() {
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
    fn a_slow_reader_goes_from_the_end_of_a_line_to_its_farewell() {
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
