//! Histories as IRC clients ask for them (IRCv3, draft/chathistory).

use crate::base::id::Seq;
use crate::base::name::RoomName;
use crate::base::text::Text;
use crate::views::{HistoryPage, HistoryPoint};
use crate::world::Event;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;

/// A part of the history of a room, as a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryRequest {
    pub(super) subcommand: String,
    /// The room as the client wrote it: clients recognise the answer by that.
    pub(super) target: String,
    /// The room; `None` if the target is none, such as a nick.
    pub(super) room: Option<RoomName>,
    pub(super) part: Part,
    pub(super) events_max: usize,
}

/// A part of a history, with points as clients write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    After(Point),
    Around(Point),
    Before(Point),
    Between(Point, Point),
    Latest(Point),
}

/// A point in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// A message of a log.
    Id { log_unix_ms: u64, seq: Seq },
    /// No point: `*`.
    Open,
    /// A time, in milliseconds since 1970-01-01T00:00:00Z.
    Time(u64),
    /// An id that is not one of this server.
    Unknown,
}

impl Point {
    /// Returns the point in the log that began at that time; `None` if it is not in that log.
    pub(super) const fn in_log(self, began_unix_ms: u64) -> Option<HistoryPoint> {
        match self {
            Self::Id { log_unix_ms, seq } if log_unix_ms == began_unix_ms => Some(HistoryPoint::Seq(seq)),
            Self::Time(unix_ms) => Some(HistoryPoint::Time(unix_ms)),
            Self::Id { .. } | Self::Open | Self::Unknown => None,
        }
    }
}

/// A message that a client wants to remove from a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redaction {
    /// The room as the client wrote it.
    pub(super) target: String,
    /// The room; `None` if the target is none, such as a nick.
    pub(super) room: Option<RoomName>,
    /// The id of the message as the client wrote it.
    pub(super) id: String,
    pub(super) point: Point,
    /// The reason, if one was given.
    pub(super) message: Option<Text>,
}

/// Messages of a history that are not written yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unwritten {
    /// The room as the client wrote it.
    pub(super) target: String,
    pub(super) events: VecDeque<Arc<Event>>,
    /// Whether the batch has begun.
    pub(super) has_begun: bool,
    /// Whether the history has nothing beyond them.
    pub(super) is_last: bool,
}

impl Unwritten {
    pub(super) fn new(target: String, page: &HistoryPage) -> Self {
        let events = page.events.iter().cloned().collect();
        Self { target, events, has_begun: false, is_last: page.is_last }
    }
}
