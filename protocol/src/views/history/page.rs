//! Pages of a history in memory.

use super::History;
use super::query::{HistoryPage, HistoryPoint, HistoryQuery, HistoryRange};
use crate::base::id::Seq;
use crate::world::Event;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::ops::Range;

impl History {
    /// Returns the page that answers a question, of the events up to a position.
    pub(super) fn page(&self, query: &HistoryQuery, upto: Seq) -> HistoryPage {
        let end = self.first_after(HistoryPoint::Seq(upto));
        let at = |point| self.first_at(point).min(end);
        let after = |point| self.first_after(point).min(end);
        let mut page = Filling { history: self, query, events: VecDeque::new(), bytes: 0, rows: 0 };
        let is_last = match query.range {
            HistoryRange::After(point) => page.append(after(point)..end, query.events_max),
            HistoryRange::Around(point) => {
                let middle = at(point);
                let has_all_before = page.prepend(0..middle, query.events_max / 2);
                page.append(middle..end, query.events_max) && has_all_before
            }
            HistoryRange::Before(point) => page.prepend(0..at(point), query.events_max),
            HistoryRange::Between(first, second) if at(first) <= at(second) => {
                page.append(after(first)..at(second).max(after(first)), query.events_max)
            }
            HistoryRange::Between(first, second) => {
                page.prepend(after(second).min(at(first))..at(first), query.events_max)
            }
            HistoryRange::Latest(point) => page.prepend(point.map_or(0, after)..end, query.events_max),
        };
        let Filling { events, rows, .. } = page;
        HistoryPage { events: events.into(), is_last, rows, is_failed: false }
    }

    /// Returns the index of the first event at a point or after it.
    fn first_at(&self, point: HistoryPoint) -> usize {
        self.lines.partition_point(|line| match point {
            HistoryPoint::Seq(seq) => line.stamp.seq < seq,
            HistoryPoint::Time(unix_ms) => line.stamp.at_unix_ms < unix_ms,
        })
    }

    /// Returns the index of the first event after a point.
    fn first_after(&self, point: HistoryPoint) -> usize {
        self.lines.partition_point(|line| match point {
            HistoryPoint::Seq(seq) => line.stamp.seq <= seq,
            HistoryPoint::Time(unix_ms) => line.stamp.at_unix_ms <= unix_ms,
        })
    }
}

/// A page that is being filled.
struct Filling<'a> {
    history: &'a History,
    query: &'a HistoryQuery,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    rows: usize,
}

impl Filling<'_> {
    /// Adds events at the end, up to a number on the whole page. Returns whether all of them are on the page that the reader may read.
    fn append(&mut self, indices: Range<usize>, events_max: usize) -> bool {
        for index in indices {
            match self.taken(index, events_max) {
                Taken::Full => return false,
                Taken::Hidden => {}
                Taken::Event(event) => self.events.push_back(event),
            }
        }
        true
    }

    /// Adds events at the beginning, the last one first, up to a number on the whole page. Returns whether all of them are on the page
    /// that the reader may read.
    fn prepend(&mut self, indices: Range<usize>, events_max: usize) -> bool {
        for index in indices.rev() {
            match self.taken(index, events_max) {
                Taken::Full => return false,
                Taken::Hidden => {}
                Taken::Event(event) => self.events.push_front(event),
            }
        }
        true
    }

    fn taken(&mut self, index: usize, events_max: usize) -> Taken {
        let Some(event) = self.history.lines.get(index) else { return Taken::Hidden };
        self.rows += 1;
        if !self.history.may_read(self.query.reader, event) {
            return Taken::Hidden;
        }
        let bytes = self.bytes + self.query.page_bytes(event);
        let is_first = self.events.is_empty();
        if self.events.len() >= events_max || bytes > self.query.bytes_max && !is_first {
            return Taken::Full;
        }
        self.bytes = bytes;
        Taken::Event(Arc::clone(event))
    }
}

/// The result of looking at one event.
enum Taken {
    Event(Arc<Event>),
    /// There is no room for it.
    Full,
    /// The reader may not read it.
    Hidden,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cloak::Cloaks;
    use crate::base::id::{MemberId, RoomId};
    use crate::base::name::{Name, RoomName};
    use crate::base::person::{Person, Profile};
    use crate::base::text::Text;
    use crate::log::command::{Message, MessageKind};
    use crate::world::{EventKind, Readers, Stamp};
    use alloc::vec::Vec;
    use core::iter;

    const READER: MemberId = MemberId(Seq(1));
    const SEQ: fn(u64) -> HistoryPoint = |seq| HistoryPoint::Seq(Seq(seq));

    /// Ten lines of 100 bytes at the positions 10, 20 and so on, at ten times that in milliseconds. The reader was not there when those
    /// at 30 and 60 were said, which only witnesses may read.
    fn history() -> History {
        let (name, text) = (Name::parse("alice").unwrap(), Text::clean(&[b'x'; 95], false));
        let by = Person { name, profile: Profile::of_host(&Cloaks::default().host([10, 0, 0, 1].into())) };
        let line = |seq: u64| {
            let message = Message::new(MessageKind::Text, text.clone());
            let kind = EventKind::Said { room: RoomName::lobby().into(), status: None, message };
            let stamp = Stamp { log_unix_ms: 0, seq: Seq(seq), at_unix_ms: 10 * seq };
            let hidden = [30, 60].contains(&seq);
            let readers = if hidden { Readers::Witnesses } else { Readers::Members };
            Arc::new(Event { stamp, readers, ..Event::unlogged(by.clone(), kind) })
        };
        let mut history =
            History { lines: (1..=10).map(|nth| line(nth * 10)).collect(), ..History::default() };
        history.witnessed = 2;
        history.stays.began(READER, Seq(65));
        history
    }

    /// Returns the positions on the page, and whether it is the last one.
    fn page(range: HistoryRange, events_max: usize, bytes_max: usize, upto: u64) -> (Vec<u64>, bool) {
        let query = HistoryQuery {
            reader: READER,
            room: RoomId::default(),
            range,
            events_max,
            bytes_max,
            event_bytes: 10,
        };
        let page = history().page(&query, Seq(upto));
        (page.events.iter().map(|event| event.stamp.seq.0).collect(), page.is_last)
    }

    #[test]
    fn each_range_begins_at_its_own_end_and_skips_what_the_reader_may_not_read() {
        use HistoryRange::{After, Around, Before, Between, Latest};
        let time = HistoryPoint::Time;
        let cases: &[(HistoryRange, usize, &[u64], bool)] = &[
            (Latest(None), 3, &[80, 90, 100], false),
            (Latest(None), 8, &[10, 20, 40, 50, 70, 80, 90, 100], true),
            (Latest(None), 7, &[20, 40, 50, 70, 80, 90, 100], false),
            (Latest(None), 0, &[], false),
            (Latest(Some(SEQ(80))), 3, &[90, 100], true),
            (Latest(Some(SEQ(79))), 2, &[90, 100], false),
            (Latest(Some(time(850))), 3, &[90, 100], true),
            (Latest(Some(SEQ(100))), 3, &[], true),
            (Before(SEQ(50)), 2, &[20, 40], false),
            (Before(SEQ(50)), 3, &[10, 20, 40], true),
            (Before(time(500)), 1, &[40], false),
            (Before(time(501)), 1, &[50], false),
            (Before(SEQ(10)), 1, &[], true),
            (Before(SEQ(1_000)), 1, &[100], false),
            (After(SEQ(50)), 2, &[70, 80], false),
            (After(SEQ(80)), 2, &[90, 100], true),
            (After(time(499)), 1, &[50], false),
            (After(time(500)), 1, &[70], false),
            (After(SEQ(100)), 1, &[], true),
            (Between(SEQ(20), SEQ(70)), 9, &[40, 50], true),
            (Between(SEQ(20), SEQ(80)), 2, &[40, 50], false),
            (Between(SEQ(80), SEQ(20)), 2, &[50, 70], false),
            (Between(SEQ(80), SEQ(20)), 9, &[40, 50, 70], true),
            (Between(SEQ(20), SEQ(20)), 9, &[], true),
            (Between(time(200), SEQ(80)), 1, &[40], false),
            (Around(SEQ(50)), 4, &[20, 40, 50, 70], false),
            (Around(SEQ(50)), 3, &[40, 50, 70], false),
            (Around(SEQ(50)), 1, &[50], false),
            (Around(SEQ(10)), 4, &[10, 20, 40, 50], false),
            (Around(SEQ(50)), 20, &[10, 20, 40, 50, 70, 80, 90, 100], true),
            (Around(time(450)), 2, &[40, 50], false),
        ];
        for &(range, events_max, seqs, is_last) in cases {
            let expected = (seqs.to_vec(), is_last);
            assert_eq!(page(range, events_max, 10_000, 1_000), expected, "{range:?} {events_max}");
        }
    }

    #[test]
    fn a_page_ends_with_the_position_up_to_which_the_asker_knows_the_log() {
        use HistoryRange::{After, Around, Before, Between, Latest};
        for (upto, latest) in [(100, 100), (99, 90), (90, 90), (9, 0)] {
            for range in [
                Latest(None),
                Before(SEQ(1_000)),
                After(SEQ(0)),
                Between(SEQ(0), SEQ(1_000)),
                Around(SEQ(500)),
            ] {
                let (seqs, _) = page(range, 20, 10_000, upto);
                assert_eq!(seqs.last().copied().unwrap_or_default(), latest, "{range:?} up to {upto}");
            }
        }
    }

    #[test]
    fn a_page_has_as_many_bytes_as_it_may_and_at_least_one_event() {
        let latest = |bytes_max| page(HistoryRange::Latest(None), 20, bytes_max, 1_000).0.len();
        // Each event has 110 bytes.
        assert_eq!([0, 219, 220, 330].map(latest), [1, 1, 2, 3]);
    }

    #[test]
    fn stays_without_anything_that_only_witnesses_may_read_take_no_memory() {
        let mut history = history();
        let witnessed = history.lines.clone();
        let has_event = |from: Seq, until: Seq| {
            let hidden = witnessed.iter().filter(|line| line.readers == Readers::Witnesses);
            hidden.map(|line| line.stamp.seq).any(|seq| from < seq && seq < until)
        };
        // In and out again and again after everything that is hidden: nothing is kept of it.
        for at in 200..300 {
            history.stays.ended(READER, Seq(2 * at), has_event);
            history.stays.began(READER, Seq(2 * at + 1));
        }
        assert_eq!(history.stays.len(READER), 1);
        // Another member was there at 30, left at 40, and came back.
        let other = MemberId(Seq(2));
        history.stays.ended(other, Seq(40), has_event);
        history.stays.began(other, Seq(70));
        let may_read = |history: &History| -> Vec<bool> {
            iter::zip(&history.lines, 0..7).map(|(line, _)| history.may_read(other, line)).collect()
        };
        assert_eq!(may_read(&history), [true, true, true, true, true, false, true]);
    }
}
