//! What rooms said in one tick, and which ranges of it a connection hears.

use super::queue::Range;
use crate::base::id::RoomId;
use crate::dialect::event::WireClass;
use crate::planted;
use alloc::vec::Vec;
use bytes::BytesMut;

/// The place of an output in its tick.
pub(crate) type Ordinal = u32;

/// The ordinal behind every other.
pub(super) const OPEN_END: Ordinal = Ordinal::MAX;

/// One contiguous chunk: what one room said to one wire class, or what was written to single connections.
#[derive(Debug, Default)]
pub(super) struct ChunkBuilder {
    pub(super) bytes: BytesMut,
    pub(super) marks: Vec<Mark>,
}

impl ChunkBuilder {
    /// Appends bytes of another one.
    pub(super) fn copy(&mut self, from: &Self, range: core::ops::Range<usize>) {
        self.bytes.extend_from_slice(&from.bytes[range]);
    }
}

/// Where the bytes of an output begin in a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) ordinal: Ordinal,
    pub(super) start: usize,
}

/// A subscription that began or ended within the tick: the room's outputs in a half-open range of ordinals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) room: RoomId,
    pub(super) class: WireClass,
    pub(crate) from: Ordinal,
    pub(crate) until: Ordinal,
}

/// What sets a connection apart from the others of its rooms in this tick.
#[derive(Debug, Default)]
pub(super) struct Override {
    pub(super) slot: u32,
    /// In the order of their ordinals.
    pub(super) items: Vec<Item>,
    /// Subscriptions that ended within the tick.
    pub(super) ended: Vec<Span>,
}

/// An output that is this connection's own matter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// It alone reads these bytes of the private chunk.
    Private { ordinal: Ordinal, start: usize, end: usize },
    /// It does not hear this output.
    Skip { ordinal: Ordinal },
}

impl Item {
    pub(super) const fn ordinal(self) -> Ordinal {
        match self {
            Self::Private { ordinal, .. } | Self::Skip { ordinal } => ordinal,
        }
    }
}

/// One chunk's outputs between two ordinals, as a source for a merge.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The index of the chunk among the sources.
    source: usize,
    /// The outputs that are still to come.
    marks: &'a [Mark],
    /// Where the last of them ends.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// The outputs of a chunk of `length` bytes with ordinals from `from` up to, not including, `until`.
    pub(super) fn new(
        source: usize,
        marks: &'a [Mark],
        length: usize,
        from: Ordinal,
        until: Ordinal,
    ) -> Self {
        let first = marks.partition_point(|mark| mark.ordinal < from);
        let last = marks.partition_point(|mark| mark.ordinal < until);
        let end = marks.get(last).map_or(length, |mark| mark.start);
        Self { source, marks: marks.get(first..last).unwrap_or_default(), end }
    }

    fn next(&self) -> Option<Ordinal> {
        self.marks.first().map(|mark| mark.ordinal)
    }

    /// Takes the outputs before `limit`.
    fn take_before(&mut self, limit: Ordinal) -> Range {
        let start = self.marks.first().map_or(self.end, |mark| mark.start);
        let count = self.marks.partition_point(|mark| mark.ordinal < limit);
        self.marks = &self.marks[count..];
        let end = self.marks.first().map_or(self.end, |mark| mark.start);
        Range { source: self.source, start, end }
    }
}

/// Merges cursors and a connection's own items by ordinal into ranges, adjacent ones joined.
pub(super) fn merge(cursors: &mut [Cursor<'_>], items: &[Item], private: usize, ranges: &mut Vec<Range>) {
    let mut items = items.iter().copied().peekable();
    loop {
        let mut next: Option<(Ordinal, usize)> = None;
        let mut after = OPEN_END;
        for (index, cursor) in cursors.iter().enumerate() {
            let Some(ordinal) = cursor.next() else { continue };
            match next {
                Some(least) if planted::comes_before(least, (ordinal, index)) => after = after.min(ordinal),
                other => {
                    after = after.min(other.map_or(OPEN_END, |(least, _)| least));
                    next = Some((ordinal, index));
                }
            }
        }
        let ordinal = next.map_or(OPEN_END, |(ordinal, _)| ordinal);
        match items.peek() {
            Some(&Item::Private { ordinal: own, start, end }) if own <= ordinal => {
                push(ranges, Range { source: private, start, end });
                items.next();
                continue;
            }
            Some(&Item::Skip { ordinal: own }) if own < ordinal => {
                items.next();
                continue;
            }
            Some(&Item::Skip { ordinal: own }) if own == ordinal && next.is_some() => {
                if let Some((_, index)) = next {
                    cursors[index].take_before(own + 1);
                }
                items.next();
                continue;
            }
            Some(item) => after = after.min(item.ordinal()),
            None => {}
        }
        let Some((_, index)) = next else { return };
        push(ranges, cursors[index].take_before(after.max(ordinal + 1)));
    }
}

fn push(ranges: &mut Vec<Range>, range: Range) {
    if range.start == range.end {
        return;
    }
    match ranges.last_mut() {
        Some(last) if last.source == range.source && last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn marks(at: &[(Ordinal, usize)]) -> Vec<Mark> {
        at.iter().map(|&(ordinal, start)| Mark { ordinal, start }).collect()
    }

    fn ranges(cursors: &mut [Cursor<'_>], items: &[Item]) -> Vec<(usize, usize, usize)> {
        let mut ranges = Vec::new();
        merge(cursors, items, 0, &mut ranges);
        ranges.into_iter().map(|Range { source, start, end }| (source, start, end)).collect()
    }

    #[test]
    fn a_cursor_without_items_is_one_range() {
        let marks = marks(&[(1, 0), (3, 10), (7, 25)]);
        assert_eq!(ranges(&mut [Cursor::new(1, &marks, 40, 0, OPEN_END)], &[]), [(1, 0, 40)]);
    }

    #[test]
    fn a_skipped_output_leaves_a_gap() {
        let marks = marks(&[(1, 0), (3, 10), (7, 25)]);
        let whole = || [Cursor::new(1, &marks, 40, 0, OPEN_END)];
        assert_eq!(ranges(&mut whole(), &[Item::Skip { ordinal: 3 }]), [(1, 0, 10), (1, 25, 40)]);
        assert_eq!(ranges(&mut whole(), &[Item::Skip { ordinal: 1 }]), [(1, 10, 40)]);
        assert_eq!(ranges(&mut whole(), &[Item::Skip { ordinal: 7 }]), [(1, 0, 25)]);
        let strangers = [Item::Skip { ordinal: 0 }, Item::Skip { ordinal: 5 }, Item::Skip { ordinal: 9 }];
        assert_eq!(ranges(&mut whole(), &strangers), [(1, 0, 40)]);
    }

    #[test]
    fn private_writes_stand_in_their_place() {
        let marks = marks(&[(1, 0), (3, 10)]);
        let items = [
            Item::Private { ordinal: 0, start: 0, end: 2 },
            Item::Private { ordinal: 2, start: 2, end: 5 },
            Item::Private { ordinal: 4, start: 5, end: 6 },
            Item::Private { ordinal: 5, start: 6, end: 9 },
        ];
        let expected = vec![(0, 0, 2), (1, 0, 10), (0, 2, 5), (1, 10, 20), (0, 5, 9)];
        assert_eq!(ranges(&mut [Cursor::new(1, &marks, 20, 0, OPEN_END)], &items), expected);
    }

    #[test]
    fn a_span_is_half_open() {
        let marks = marks(&[(1, 0), (3, 10), (7, 25)]);
        assert_eq!(ranges(&mut [Cursor::new(1, &marks, 40, 3, 7)], &[]), [(1, 10, 25)]);
        assert_eq!(ranges(&mut [Cursor::new(1, &marks, 40, 4, 7)], &[]), []);
        assert_eq!(ranges(&mut [Cursor::new(1, &marks, 40, 7, 7)], &[]), []);
    }

    #[test]
    fn two_rooms_are_merged_in_the_order_of_their_outputs() {
        let (one, other) = (marks(&[(1, 0), (2, 5), (6, 9)]), marks(&[(3, 0), (4, 4), (7, 8)]));
        let mut cursors = [Cursor::new(1, &one, 12, 0, OPEN_END), Cursor::new(2, &other, 16, 0, OPEN_END)];
        let items = [Item::Skip { ordinal: 6 }];
        assert_eq!(ranges(&mut cursors, &items), [(1, 0, 9), (2, 0, 16)]);
    }
    #[test]
    fn of_two_rooms_the_one_that_spoke_first_is_heard_first() {
        let (one, other) = (marks(&[(4, 0)]), marks(&[(2, 0), (5, 3)]));
        let mut cursors = [Cursor::new(1, &one, 9, 0, OPEN_END), Cursor::new(2, &other, 8, 0, OPEN_END)];
        assert_eq!(ranges(&mut cursors, &[]), [(2, 0, 3), (1, 0, 9), (2, 3, 8)]);
    }

    /// No two subscriptions of a connection hear the same output. If ever they do, it is sent twice, and
    /// nothing waits for ever.
    #[test]
    fn a_merge_ends_though_two_cursors_have_the_same_output() {
        let marks = marks(&[(1, 0), (3, 10)]);
        let mut cursors = [Cursor::new(1, &marks, 20, 0, 3), Cursor::new(1, &marks, 20, 0, OPEN_END)];
        assert_eq!(ranges(&mut cursors, &[]), [(1, 0, 10), (1, 0, 20)]);
    }
}
