//! The chunks of one tick, and the ranges of them that one connection reads.

use crate::base::id::RoomId;
use crate::dialect::wire_class::WireClass;
use crate::planted;
use alloc::vec::Vec;
use bytes::BytesMut;

/// The position of an output in its tick. The first is 1.
pub(crate) type Ordinal = u32;

/// An ordinal greater than that of every output.
pub(super) const OPEN_END: Ordinal = Ordinal::MAX;

/// The index of the private chunk in the sources of a flush.
pub(super) const PRIVATE: usize = 0;

/// A chunk under construction: the events of one room for some wire classes, or bytes written to single connections.
#[derive(Debug, Default)]
pub(super) struct ChunkBuilder {
    pub(super) bytes: BytesMut,
    /// The outputs in the chunk, in the order of their ordinals. The private chunk has none: its ranges are in the
    /// overrides.
    pub(super) marks: Vec<Mark>,
}

impl ChunkBuilder {
    /// Appends a range of another chunk.
    pub(super) fn copy(&mut self, from: &Self, range: core::ops::Range<usize>) {
        self.bytes.extend_from_slice(&from.bytes[range]);
    }
}

/// The position of an output in a chunk. It ends at the next mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) ordinal: Ordinal,
    pub(super) start: usize,
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

/// A subscription that ended in this tick. It covers the half-open range of ordinals from `from` to `until`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) room: RoomId,
    pub(super) class: WireClass,
    pub(crate) from: Ordinal,
    pub(crate) until: Ordinal,
}

/// The differences between the outputs for one connection and those for the others in its rooms, in this tick. A
/// connection with an override is served individually.
#[derive(Debug, Default)]
pub(super) struct Override {
    pub(super) slot: u32,
    /// In the order of their ordinals, as [`merge`] requires.
    pub(super) items: Vec<Item>,
    /// Subscriptions that ended in this tick.
    pub(super) ended: Vec<Span>,
}

/// An output that only this connection reads, or that only this connection does not read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// The connection reads this range of the private chunk.
    Private { ordinal: Ordinal, start: usize, end: usize },
    /// The connection does not read this output of a room.
    Skip { ordinal: Ordinal },
}

impl Item {
    pub(super) const fn ordinal(self) -> Ordinal {
        match self {
            Self::Private { ordinal, .. } | Self::Skip { ordinal } => ordinal,
        }
    }
}

/// The remaining outputs of one chunk for a connection.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The index of the chunk in the sources.
    source: usize,
    /// The outputs that were not taken yet.
    marks: &'a [Mark],
    /// The end of the last of them.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Creates a cursor over the outputs of a chunk of `length` bytes with ordinals from `from` to `until`, exclusive.
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

    /// Returns the number of bytes of the outputs.
    pub(super) fn len(&self) -> usize {
        self.end - self.marks.first().map_or(self.end, |mark| mark.start)
    }

    /// Returns the number of bytes of one of the outputs; 0 if it is not among them.
    fn len_of(&self, ordinal: Ordinal) -> usize {
        let Ok(index) = self.marks.binary_search_by_key(&ordinal, |mark| mark.ordinal) else { return 0 };
        self.marks.get(index + 1).map_or(self.end, |next| next.start) - self.marks[index].start
    }

    /// Returns the ordinal of the next output.
    fn next(&self) -> Option<Ordinal> {
        self.marks.first().map(|mark| mark.ordinal)
    }

    /// Takes all outputs before `limit`. Returns their range.
    fn take_before(&mut self, limit: Ordinal) -> Range {
        let start = self.marks.first().map_or(self.end, |mark| mark.start);
        let count = self.marks.partition_point(|mark| mark.ordinal < limit);
        self.marks = &self.marks[count..];
        let end = self.marks.first().map_or(self.end, |mark| mark.start);
        Range { source: self.source, start, end }
    }
}

/// Returns the number of bytes that [`merge`] would return ranges for.
pub(super) fn merged_len(cursors: &[Cursor<'_>], items: &[Item]) -> usize {
    let whole: usize = cursors.iter().map(Cursor::len).sum();
    items.iter().fold(whole, |length, item| match *item {
        Item::Private { start, end, .. } => length + end - start,
        Item::Skip { ordinal } => length - cursors.iter().map(|cursor| cursor.len_of(ordinal)).sum::<usize>(),
    })
}

/// Merges chunks and the items of a connection into ranges, in the order of the ordinals. Adjacent ranges are joined.
///
/// Each step takes as many outputs of the cursor with the least ordinal as precede the next item and the outputs of all
/// other cursors. The number of steps therefore depends on how often the sources alternate, not on the number of
/// outputs.
pub(super) fn merge(cursors: &mut [Cursor<'_>], items: &[Item], private: usize, ranges: &mut Vec<Range>) {
    let mut items = items.iter().copied().peekable();
    loop {
        let mut next: Option<(Ordinal, usize)> = None;
        // The least ordinal that another cursor or an item has: the outputs from there on have to wait.
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
        let length = merged_len(cursors, items);
        merge(cursors, items, 0, &mut ranges);
        assert_eq!(ranges.iter().map(|range| range.len()).sum::<usize>(), length);
        ranges.into_iter().map(|Range { source, start, end }| (source, start, end)).collect()
    }

    #[test]
    fn a_whole_chunk_is_one_range() {
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
        let others = [Item::Skip { ordinal: 0 }, Item::Skip { ordinal: 5 }, Item::Skip { ordinal: 9 }];
        assert_eq!(ranges(&mut whole(), &others), [(1, 0, 40)]);
    }

    #[test]
    fn private_bytes_are_in_the_order_of_their_ordinals() {
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
    fn the_room_with_the_first_output_comes_first() {
        let (one, other) = (marks(&[(4, 0)]), marks(&[(2, 0), (5, 3)]));
        let mut cursors = [Cursor::new(1, &one, 9, 0, OPEN_END), Cursor::new(2, &other, 8, 0, OPEN_END)];
        assert_eq!(ranges(&mut cursors, &[]), [(2, 0, 3), (1, 0, 9), (2, 3, 8)]);
    }

    /// A connection never has two cursors with the same output. If a bug creates them, the output is duplicated, but the
    /// merge still ends.
    #[test]
    fn a_merge_ends_even_if_two_cursors_have_the_same_output() {
        let marks = marks(&[(1, 0), (3, 10)]);
        let mut cursors = [Cursor::new(1, &marks, 20, 0, 3), Cursor::new(1, &marks, 20, 0, OPEN_END)];
        assert_eq!(ranges(&mut cursors, &[]), [(1, 0, 10), (1, 0, 20)]);
    }
}
