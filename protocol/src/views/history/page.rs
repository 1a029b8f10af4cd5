//! Pages of a history, from memory or from a store.

use super::query::{HistoryPage, HistoryPoint, HistoryQuery, HistoryRange};
use super::scope::HistoryScope;
use crate::base::id::Seq;
use crate::world::{Event, Readers};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::ops::Range;

/// The position behind all others.
const END: Seq = Seq(u64::MAX);

/// The history of one room, as it is kept: events in the order of their positions, whose times ascend, too.
pub trait HistoryRows {
    /// The reason why the history could not be read.
    type Error;

    /// Returns the position of the first event at this time or later, in milliseconds since 1970-01-01T00:00:00Z; `None` if there is
    /// none.
    ///
    /// # Errors
    /// The history could not be read.
    fn first_at(&mut self, unix_ms: u64) -> Result<Option<Seq>, Self::Error>;

    /// Passes the events at these positions to `each` until it returns false: in their order, or the last one first.
    ///
    /// # Errors
    /// The history could not be read.
    fn each(
        &mut self,
        positions: Range<Seq>,
        is_reversed: bool,
        each: &mut EachRow<'_, Self::Error>,
    ) -> Result<(), Self::Error>;
}

/// The function that [`HistoryRows::each`] passes events to. It returns whether it wants another.
pub type EachRow<'a, E> = dyn FnMut(HistoryRow<'_, E>) -> Result<bool, E> + 'a;

/// An event of a history, which is read only if it is on the page.
pub struct HistoryRow<'a, E> {
    /// The position.
    pub seq: Seq,
    /// Those who may read it.
    pub readers: Readers,
    /// Returns the event.
    pub event: &'a mut dyn FnMut() -> Result<Arc<Event>, E>,
}

impl<E> core::fmt::Debug for HistoryRow<'_, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { seq, readers, event: _ } = self;
        f.debug_struct("HistoryRow").field("seq", seq).field("readers", readers).finish_non_exhaustive()
    }
}

impl HistoryQuery {
    /// Returns the page that answers the question, from the history of its room.
    ///
    /// # Errors
    /// The history could not be read.
    pub fn page<R: HistoryRows + ?Sized>(
        &self,
        scope: &HistoryScope,
        rows: &mut R,
    ) -> Result<HistoryPage, R::Error> {
        let end = next(scope.upto);
        let begin = first_at(rows, HistoryPoint::Time(scope.from_unix_ms))?.min(end);
        let at = |rows: &mut R, point| first_at(rows, point).map(|seq| seq.clamp(begin, end));
        let after = |rows: &mut R, point| at(rows, next_point(point));
        let (events_max, mut page) = (self.events_max, Filling::new(self, scope));
        let is_last = match self.range {
            HistoryRange::After(point) => {
                let begin = after(rows, point)?;
                page.append(rows, begin..end, events_max)?
            }
            HistoryRange::Around(point) => {
                let middle = at(rows, point)?;
                let has_all_before = page.prepend(rows, begin..middle, events_max / 2)?;
                page.append(rows, middle..end, events_max)? && has_all_before
            }
            HistoryRange::Before(point) => {
                let end = at(rows, point)?;
                page.prepend(rows, begin..end, events_max)?
            }
            HistoryRange::Between(first, second) => {
                let (from, to) = (at(rows, first)?, at(rows, second)?);
                if from <= to {
                    let from = after(rows, first)?;
                    page.append(rows, from..to, events_max)?
                } else {
                    let to = after(rows, second)?;
                    page.prepend(rows, to..from, events_max)?
                }
            }
            HistoryRange::Latest(point) => {
                let begin = point.map_or(Ok(begin), |point| after(rows, point))?;
                page.prepend(rows, begin..end, events_max)?
            }
        };
        let Filling { events, rows, .. } = page;
        Ok(HistoryPage { events: events.into(), is_last, rows, is_failed: false })
    }
}

const fn next(Seq(seq): Seq) -> Seq {
    Seq(seq.saturating_add(1))
}

/// Returns the point behind an event that is exactly at a point.
const fn next_point(point: HistoryPoint) -> HistoryPoint {
    match point {
        HistoryPoint::Seq(seq) => HistoryPoint::Seq(next(seq)),
        HistoryPoint::Time(unix_ms) => HistoryPoint::Time(unix_ms.saturating_add(1)),
    }
}

/// Returns the position from which events are at a point or after it.
fn first_at<R: HistoryRows + ?Sized>(rows: &mut R, point: HistoryPoint) -> Result<Seq, R::Error> {
    match point {
        HistoryPoint::Seq(seq) => Ok(seq),
        HistoryPoint::Time(0) => Ok(Seq(0)),
        HistoryPoint::Time(unix_ms) => Ok(rows.first_at(unix_ms)?.unwrap_or(END)),
    }
}

/// A page that is being filled.
struct Filling<'a> {
    query: &'a HistoryQuery,
    scope: &'a HistoryScope,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    rows: usize,
}

impl<'a> Filling<'a> {
    const fn new(query: &'a HistoryQuery, scope: &'a HistoryScope) -> Self {
        Self { query, scope, events: VecDeque::new(), bytes: 0, rows: 0 }
    }

    /// Adds events at the end, up to a number on the whole page. Returns whether all of them are on the page that the reader may read.
    fn append<R: HistoryRows + ?Sized>(
        &mut self,
        rows: &mut R,
        positions: Range<Seq>,
        events_max: usize,
    ) -> Result<bool, R::Error> {
        self.fill(rows, (positions, false), events_max, VecDeque::push_back)
    }

    /// Adds events at the beginning, the last one first, up to a number on the whole page. Returns whether all of them are on the page
    /// that the reader may read.
    fn prepend<R: HistoryRows + ?Sized>(
        &mut self,
        rows: &mut R,
        positions: Range<Seq>,
        events_max: usize,
    ) -> Result<bool, R::Error> {
        self.fill(rows, (positions, true), events_max, VecDeque::push_front)
    }

    fn fill<R: HistoryRows + ?Sized>(
        &mut self,
        rows: &mut R,
        (positions, is_reversed): (Range<Seq>, bool),
        events_max: usize,
        push: impl Fn(&mut VecDeque<Arc<Event>>, Arc<Event>),
    ) -> Result<bool, R::Error> {
        let mut is_full = false;
        if positions.is_empty() {
            return Ok(true);
        }
        rows.each(positions, is_reversed, &mut |row| {
            self.rows += 1;
            if !self.scope.may_read(row.seq, row.readers) {
                return Ok(true);
            }
            if self.events.len() >= events_max {
                is_full = true;
                return Ok(false);
            }
            let event = (row.event)()?;
            let bytes = self.bytes + self.query.page_bytes(&event);
            if bytes > self.query.bytes_max && !self.events.is_empty() {
                is_full = true;
                return Ok(false);
            }
            self.bytes = bytes;
            push(&mut self.events, event);
            Ok(true)
        })?;
        Ok(!is_full)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stays::STAYS_MAX;
    use super::super::{History, Lines};
    use super::*;
    use crate::base::cloak::Cloaks;
    use crate::base::id::{MemberId, RoomId, Seq};
    use crate::base::name::{Name, RoomName};
    use crate::base::person::{Person, Profile};
    use crate::base::text::Text;
    use crate::log::command::{Message, MessageKind};
    use crate::world::{EventKind, Readers, Stamp};
    use alloc::vec::Vec;

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
        history.last_witnessed = Seq(60);
        history.stays.began(READER, Seq(65));
        history
    }

    /// Returns the positions on the page, and whether it is the last one.
    fn page(range: HistoryRange, events_max: usize, bytes_max: usize, upto: u64) -> (Vec<u64>, bool) {
        page_from(0, range, events_max, bytes_max, upto)
    }

    /// Returns the same, if what is before that time cannot be read again.
    fn page_from(
        from_unix_ms: u64,
        range: HistoryRange,
        events_max: usize,
        bytes_max: usize,
        upto: u64,
    ) -> (Vec<u64>, bool) {
        let query = HistoryQuery {
            reader: READER,
            room: RoomId::default(),
            range,
            events_max,
            bytes_max,
            event_bytes: 10,
        };
        let history = history();
        let stays = history.stays.of(READER, Seq(0));
        let scope = HistoryScope { upto: Seq(upto), log_unix_ms: 0, from_unix_ms, stays };
        let Ok(page) = query.page(&scope, &mut Lines(&history.lines));
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
    fn a_page_begins_with_what_can_still_be_read_again() {
        use HistoryRange::{After, Around, Before, Between, Latest};
        let all =
            [Latest(None), Before(SEQ(1_000)), After(SEQ(0)), Between(SEQ(0), SEQ(1_000)), Around(SEQ(0))];
        for (from_unix_ms, first, count) in
            [(0, 10, 8), (200, 20, 7), (201, 40, 6), (1_000, 100, 1), (1_001, 0, 0)]
        {
            for range in all {
                let (seqs, is_last) = page_from(from_unix_ms, range, 20, 10_000, 1_000);
                let expected = (first, count, true);
                assert_eq!(
                    (seqs.first().copied().unwrap_or_default(), seqs.len(), is_last),
                    expected,
                    "{range:?}"
                );
            }
        }
        let backwards = [Before(SEQ(30)), Between(SEQ(30), SEQ(5)), Latest(Some(SEQ(20)))];
        for range in backwards {
            assert_eq!(page_from(401, range, 20, 10_000, 30), (Vec::new(), true), "{range:?}");
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
        let last = history.last_witnessed;
        // In and out again and again after everything that is hidden: nothing is kept of it.
        for at in 200..300 {
            history.stays.ended(READER, Seq(2 * at), last, Seq(0));
            history.stays.began(READER, Seq(2 * at + 1));
        }
        assert_eq!(history.stays.len(READER), 1);
        // Another member was there at 30, left at 40, when nothing had been said after that, and came back.
        let other = MemberId(Seq(2));
        history.stays.ended(other, Seq(40), Seq(30), Seq(0));
        history.stays.began(other, Seq(70));
        let stays = history.stays.of(other, Seq(0));
        let scope = HistoryScope { upto: Seq(1_000), log_unix_ms: 0, from_unix_ms: 0, stays };
        let may_read: Vec<bool> =
            history.lines.iter().take(7).map(|line| scope.may_read(line.stamp.seq, line.readers)).collect();
        assert_eq!(may_read, [true, true, true, true, true, false, true]);
    }

    #[test]
    fn a_member_that_comes_and_goes_has_a_limited_number_of_stays() {
        let mut history = history();
        for at in 100..400 {
            history.stays.ended(READER, Seq(3 * at), Seq(3 * at - 1), Seq(0));
            history.stays.began(READER, Seq(3 * at + 1));
        }
        // And the one that goes on.
        assert_eq!(history.stays.len(READER), STAYS_MAX + 1);
        let stays = history.stays.of(READER, Seq(0));
        let scope = HistoryScope { upto: Seq(1_000), log_unix_ms: 0, from_unix_ms: 0, stays };
        assert!(!scope.may_read(Seq(350), Readers::Witnesses), "in a stay that was forgotten");
        assert!(scope.may_read(Seq(1_196), Readers::Witnesses), "in the last one");
    }
}
