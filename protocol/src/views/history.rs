//! The recent messages of the rooms. If they are kept outside of the core, only who was there at which time is known here.

mod change;
mod page;
mod query;
mod scope;
mod stays;
mod stored;

use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::limits::Limits;
use crate::planted;
use crate::world::{Event, Outcome, Readers, World};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
pub use change::HistoryChange;
use change::ended;
use core::cmp::Reverse;
use core::convert::Infallible;
use core::ops::Range;
pub use page::{EachRow, HistoryRow, HistoryRows};
use query::bytes_of;
pub use query::{HistoryPage, HistoryPoint, HistoryQuery, HistoryRange};
pub use scope::HistoryScope;
use stays::Stays;
pub use stored::EventPlace;

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
    /// Whether the lines are kept outside of the core.
    is_outside: bool,
    /// The position before the first entry of this life. Its members have witnessed nothing up to there.
    begin: Seq,
}

/// The history of one room.
#[derive(Clone, Debug, Default)]
struct History {
    /// Messages to the room.
    lines: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Number of lines that only witnesses may read, also of those that are kept outside.
    witnessed: usize,
    /// The position of the last such line.
    last_witnessed: Seq,
    /// The stays of members that have not been in the room since before the first such line.
    stays: Stays,
}

impl Histories {
    pub(super) const fn new(limits: &Limits, is_outside: bool, begin: Seq) -> Self {
        Self {
            rooms: BTreeMap::new(),
            bytes: 0,
            bytes_max: limits.histories_bytes_max,
            room_bytes_max: limits.history_bytes_max,
            room_lines_max: limits.history_lines_max,
            is_outside,
            begin,
        }
    }

    /// Appends a line to the history of a room.
    pub(super) fn add(&mut self, room: RoomId, line: Arc<Event>) {
        let is_witnessed = line.readers == Readers::Witnesses;
        if self.is_outside && !is_witnessed {
            return;
        }
        let history = match self.rooms.get_mut(&room) {
            Some(history) => history,
            None => self.rooms.entry(room).or_default(),
        };
        let before = history.bytes;
        if is_witnessed {
            history.witnessed += 1;
            history.last_witnessed = line.stamp.seq;
        }
        if self.is_outside {
            return;
        }
        history.bytes += bytes_of(&line);
        history.lines.push_back(line);
        history.trim(self.room_lines_max, self.room_bytes_max);
        self.bytes = self.bytes - before + history.bytes;
        self.trim();
    }

    /// Drops the histories of the rooms that have ended with an outcome. A room that is kept keeps its own.
    pub(super) fn drop_ended(&mut self, outcome: &Outcome, world: &World) {
        ended(outcome, world).for_each(|room| self.drop_of(room));
    }

    /// Drops a line from the history of a room.
    pub(super) fn redact(&mut self, room: RoomId, line: Seq) {
        let Some(history) = self.rooms.get_mut(&room) else { return };
        let History { lines, bytes, witnessed, stays, .. } = &mut **history;
        let Ok(index) = lines.binary_search_by_key(&line, |line| line.stamp.seq) else { return };
        let Some(line) = lines.remove(index) else { return };
        *bytes -= bytes_of(&line);
        self.bytes -= bytes_of(&line);
        *witnessed -= usize::from(line.readers == Readers::Witnesses);
        if *witnessed == 0 {
            stays.clear();
        }
    }

    /// Drops the history of a room.
    fn drop_of(&mut self, room: RoomId) {
        if let Some(history) = self.rooms.remove(&room) {
            self.bytes -= history.bytes;
        }
    }

    /// Records that a member has entered a room.
    pub(super) fn entered(&mut self, room: RoomId, member: MemberId, at: Seq) {
        if let Some(history) = self.rooms.get_mut(&room).filter(|history| history.witnessed > 0) {
            history.stays.began(member, at);
        }
    }

    /// Records that a member has left a room and is still on the server.
    pub(super) fn parted(&mut self, room: RoomId, member: MemberId, at: Seq) {
        if let Some(history) = self.rooms.get_mut(&room).filter(|history| history.witnessed > 0) {
            history.stays.ended(member, at, history.last_witnessed, self.begin);
        }
    }

    /// Forgets a member that has left the server from this room.
    pub(super) fn left(&mut self, room: RoomId, member: MemberId) {
        if let Some(history) = self.rooms.get_mut(&room) {
            history.stays.forget(member);
        }
    }

    /// Returns what the reader of a history may read of it now.
    pub(super) fn scope(&self, query: &HistoryQuery, world: &World) -> HistoryScope {
        let none = Stays::default();
        let stays = self.rooms.get(&query.room).map_or(&none, |history| &history.stays);
        let stays = stays.of(query.reader, self.begin);
        let from_unix_ms = match world.limits().history_keep_ms {
            0 => u64::MAX,
            keep_ms => world.at_unix_ms().saturating_sub(keep_ms),
        };
        HistoryScope { upto: world.position(), log_unix_ms: world.began_unix_ms(), from_unix_ms, stays }
    }

    /// Returns the page that answers a question.
    pub(super) fn page(&self, query: &HistoryQuery, scope: &HistoryScope) -> HistoryPage {
        let none = VecDeque::new();
        let lines = self.rooms.get(&query.room).map_or(&none, |history| &history.lines);
        let Ok(page) = query.page(scope, &mut Lines(lines));
        page
    }

    /// Returns the lines of a room, the oldest first.
    pub(super) fn of(&self, room: RoomId) -> impl ExactSizeIterator<Item = &Event> + DoubleEndedIterator {
        static NONE: VecDeque<Arc<Event>> = VecDeque::new();
        self.rooms.get(&room).map_or(&NONE, |history| &history.lines).iter().map(|line| &**line)
    }

    pub(super) fn check_invariants(&self, world: &World) {
        let bytes: usize = self.rooms.values().map(|history| history.bytes).sum();
        assert_eq!(self.bytes, bytes, "the bytes of all histories are counted");
        assert!(bytes <= self.bytes_max, "all histories together are within their limit");
        for (&id, history) in &self.rooms {
            let History { lines, bytes, witnessed, .. } = &**history;
            let name = world.room(id).expect("a room with a history exists").name();
            let counted: usize = lines.iter().map(|line| bytes_of(line)).sum();
            assert_eq!(*bytes, counted, "the bytes of the history of {name} are counted");
            assert!(
                *bytes <= self.room_bytes_max,
                "the bytes of the history of {name} are within their limit"
            );
            let counted = lines.iter().filter(|line| line.readers == Readers::Witnesses).count();
            assert!(
                *witnessed == counted || self.is_outside,
                "the lines of {name} that only witnesses may read are counted"
            );
            assert!(
                lines.len() <= self.room_lines_max,
                "the lines of the history of {name} are within their limit"
            );
            let in_order = lines.iter().is_sorted_by(|one, next| one.stamp.seq < next.stamp.seq);
            assert!(in_order, "the history of {name} is in the order of the log");
            let in_time = lines.iter().is_sorted_by(|one, next| one.stamp.at_unix_ms < next.stamp.at_unix_ms);
            assert!(in_time || planted::time_repeats(), "no time repeats in the history of {name}");
            assert!(
                lines.back().is_none_or(|last| last.stamp.seq <= world.position()),
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
            self.bytes -= bytes_of(&oldest);
            self.witnessed -= usize::from(oldest.readers == Readers::Witnesses);
        }
        if self.witnessed == 0 {
            self.stays.clear();
        }
    }
}

/// The lines of a history in memory.
struct Lines<'a>(&'a VecDeque<Arc<Event>>);

impl HistoryRows for Lines<'_> {
    type Error = Infallible;

    fn first_at(&mut self, unix_ms: u64) -> Result<Option<Seq>, Infallible> {
        let index = self.0.partition_point(|line| line.stamp.at_unix_ms < unix_ms);
        Ok(self.0.get(index).map(|line| line.stamp.seq))
    }

    fn each(
        &mut self,
        positions: Range<Seq>,
        is_reversed: bool,
        each: &mut EachRow<'_, Infallible>,
    ) -> Result<(), Infallible> {
        let index = |seq| self.0.partition_point(|line| line.stamp.seq < seq);
        let mut lines = self.0.range(index(positions.start)..index(positions.end));
        while let Some(line) = if is_reversed { lines.next_back() } else { lines.next() } {
            let event = &mut || Ok(Arc::clone(line));
            if !each(HistoryRow { seq: line.stamp.seq, readers: line.readers, event })? {
                break;
            }
        }
        Ok(())
    }
}
