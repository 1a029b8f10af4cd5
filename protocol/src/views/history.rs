//! The recent messages of the rooms.

use crate::base::id::{RoomId, Seq};
use crate::base::limits::Limits;
use crate::base::person::Person;
use crate::base::text::Text;
use crate::log::command::MessageKind;
use crate::planted;
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use core::cmp::Reverse;

/// A line of a room's recent history.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    /// The position in the log.
    pub seq: Seq,
    /// The time of the message, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The author, as others saw it at that time.
    pub by: Person,
    /// The kind of the message.
    pub kind: MessageKind,
    /// The text.
    pub text: Text,
}

impl HistoryLine {
    fn bytes(&self) -> usize {
        self.by.name.as_str().len() + self.text.as_str().len()
    }
}

/// The histories of all rooms in which something was said.
#[derive(Clone, Debug)]
pub(super) struct Histories {
    /// Boxes keep the unused space in the nodes of the tree small.
    rooms: BTreeMap<RoomId, Box<History>>,
    /// Bytes of text in all of them.
    bytes: usize,
    /// Maximum number of bytes of text in all of them.
    bytes_max: usize,
    /// Maximum number of bytes of text in one of them.
    room_bytes_max: usize,
    /// Maximum number of lines in one of them.
    room_lines_max: usize,
}

/// The history of one room.
#[derive(Clone, Debug, Default)]
struct History {
    lines: VecDeque<HistoryLine>,
    bytes: usize,
}

impl Histories {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            rooms: BTreeMap::new(),
            bytes: 0,
            bytes_max: limits.histories_bytes_max,
            room_bytes_max: limits.history_bytes_max,
            room_lines_max: limits.history_lines_max,
        }
    }

    /// Appends a line to the history of a room.
    pub(super) fn add(&mut self, room: RoomId, line: HistoryLine) {
        let history = self.rooms.entry(room).or_default();
        let before = history.bytes;
        history.bytes += line.bytes();
        history.lines.push_back(line);
        history.trim(self.room_lines_max, self.room_bytes_max);
        self.bytes = self.bytes - before + history.bytes;
        self.trim();
    }

    /// Drops the history of a room.
    pub(super) fn drop_of(&mut self, room: RoomId) {
        if let Some(history) = self.rooms.remove(&room) {
            self.bytes -= history.bytes;
        }
    }

    /// Returns the lines of a room, the oldest first.
    pub(super) fn of(
        &self,
        room: RoomId,
    ) -> impl ExactSizeIterator<Item = &HistoryLine> + DoubleEndedIterator {
        static NONE: VecDeque<HistoryLine> = VecDeque::new();
        self.rooms.get(&room).map_or(&NONE, |history| &history.lines).iter()
    }

    pub(super) fn check_invariants(&self, world: &World) {
        let bytes: usize = self.rooms.values().map(|history| history.bytes).sum();
        assert_eq!(self.bytes, bytes, "the bytes of all histories are counted");
        assert!(bytes <= self.bytes_max, "all histories together are within their limit");
        for (&id, history) in &self.rooms {
            let History { lines, bytes } = &**history;
            let name = world.room(id).expect("a room with a history exists").name();
            let counted: usize = lines.iter().map(HistoryLine::bytes).sum();
            assert_eq!(*bytes, counted, "the bytes of the history of {name} are counted");
            assert!(
                *bytes <= self.room_bytes_max,
                "the bytes of the history of {name} are within their limit"
            );
            assert!(
                lines.len() <= self.room_lines_max,
                "the lines of the history of {name} are within their limit"
            );
            let in_order = lines.iter().is_sorted_by(|one, next| one.seq < next.seq);
            assert!(in_order, "the history of {name} is in the order of the log");
            assert!(
                lines.back().is_none_or(|last| last.seq <= world.position()),
                "the history of {name} is not later than the last entry"
            );
        }
    }

    /// Halves the longest histories until all of them together are within their limit. So a room with little history keeps it,
    /// however much is said in others.
    fn trim(&mut self) {
        while self.bytes > planted::histories_bytes(self.bytes_max) {
            let by_length = |(id, history): &(&RoomId, &mut Box<History>)| (history.bytes, Reverse(**id));
            let Some((_, longest)) = self.rooms.iter_mut().max_by_key(by_length) else { return };
            self.bytes -= longest.bytes;
            longest.halve();
            self.bytes += longest.bytes;
        }
    }
}

impl History {
    /// Drops the oldest lines until it has half of its bytes at most.
    fn halve(&mut self) {
        self.trim(usize::MAX, self.bytes / 2);
    }

    /// Drops the oldest lines until it has at most so many lines and bytes.
    fn trim(&mut self, lines_max: usize, bytes_max: usize) {
        while self.lines.len() > lines_max || self.bytes > bytes_max {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}
