//! Changes of the histories, for a store that keeps them.

use crate::base::id::{RoomId, Seq};
use crate::world::{Event, EventKind, Outcome, World};
use alloc::sync::Arc;
use core::slice;

/// A change of the history of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryChange<'a> {
    /// Something happened that can be read again, in the room that [`Event::remembered_in`] returns.
    Added(&'a Arc<Event>),
    /// A line was removed. Its text is to be forgotten.
    Removed {
        /// The room.
        room: RoomId,
        /// The position of the line in the log.
        line: Seq,
    },
    /// The room has ended, and its history with it.
    RoomEnded(RoomId),
}

impl<'a> HistoryChange<'a> {
    /// Returns the changes that follow from the outcomes of an entry, which the world has just applied.
    pub fn of(outcomes: &'a [Outcome], world: &'a World) -> impl Iterator<Item = Self> {
        outcomes.iter().flat_map(move |outcome| {
            let change = match outcome {
                Outcome::Happened(event) if event.remembered_in().is_some() => Some(Self::Added(event)),
                Outcome::Happened(event) => match &event.kind {
                    EventKind::Redacted { room, line, .. } => {
                        Some(Self::Removed { room: room.id, line: *line })
                    }
                    _ => None,
                },
                _ => None,
            };
            change.into_iter().chain(ended(outcome, world).map(Self::RoomEnded))
        })
    }
}

/// Returns the rooms that have ended with an outcome: empty ones, and those that lost their last member and are not kept.
pub(super) fn ended<'a>(outcome: &'a Outcome, world: &'a World) -> impl Iterator<Item = RoomId> {
    let left: &[RoomId] = match outcome {
        Outcome::RoomEnded { room } => slice::from_ref(room),
        Outcome::Happened(event) => match &event.kind {
            EventKind::Kicked { room, .. } | EventKind::Parted { room, .. } => slice::from_ref(&room.id),
            EventKind::Left { rooms, .. } => rooms,
            _ => &[],
        },
        _ => &[],
    };
    left.iter().copied().filter(|&room| world.room(room).is_none())
}
