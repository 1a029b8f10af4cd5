//! Questions about the history of a room, and the pages that answer them.

use crate::base::id::{MemberId, RoomId, Seq};
use crate::world::{Event, EventKind};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A question about the history of a room, from one of its members.
///
/// Whoever answers it leaves out what the member may not read ([`Event::readers`]) before it counts, so that a page is full whenever
/// there is more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The member that asks. It is in the room.
    pub reader: MemberId,
    /// The room.
    pub room: RoomId,
    /// The part of the history.
    pub range: HistoryRange,
    /// Maximum number of events on the page.
    pub events_max: usize,
    /// Maximum number of bytes that the page needs, as [`page_bytes`](Self::page_bytes) counts them. The first event of a page is
    /// on it however long it is.
    pub bytes_max: usize,
    /// Bytes that are counted for each event beside its text and the name of its author.
    pub event_bytes: usize,
}

/// A part of a history, and the end from which a page takes events if there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryRange {
    /// The events after a point, the earliest first.
    After(HistoryPoint),
    /// Half of a page before a point, and half of it from there.
    Around(HistoryPoint),
    /// The events before a point, the latest first.
    Before(HistoryPoint),
    /// The events between two points, those next to the first point first.
    Between(HistoryPoint, HistoryPoint),
    /// The latest events; with a point, only those after it.
    Latest(Option<HistoryPoint>),
}

/// A point in a history. An event that is exactly there is neither before nor after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPoint {
    /// The event at a position in the log, whether there is one in the room or not.
    Seq(Seq),
    /// A time, in milliseconds since 1970-01-01T00:00:00Z.
    Time(u64),
}

/// A part of the history of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// The events, the oldest first.
    pub events: Vec<Arc<Event>>,
    /// Whether there is nothing beyond the page in the range that was asked for.
    pub is_last: bool,
    /// Number of events that were examined. They count towards the rate of the connection, as bytes do.
    pub rows: usize,
    /// Whether the history could not be read.
    pub is_failed: bool,
}

impl HistoryQuery {
    /// Returns the bytes that a page needs for an event.
    #[must_use]
    pub fn page_bytes(&self, event: &Event) -> usize {
        self.event_bytes + bytes_of(event)
    }
}

/// Returns the number of bytes of an event of a history: of its author's name and its text.
pub(super) fn bytes_of(event: &Event) -> usize {
    let text = if let EventKind::Said { message, .. } = &event.kind { message.text.as_str() } else { "" };
    event.by.name.as_str().len() + text.len()
}
