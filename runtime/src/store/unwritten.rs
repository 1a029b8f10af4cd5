//! Changes of histories that are still to be written.

use super::messages::{self, Change};
use parlor_protocol::{RoomId, Seq};
use rusqlite::Connection;
use std::collections::BTreeSet;

/// The changes that the server has told of and that are in no transaction yet. They are those of entries that were committed: as long as
/// nothing can be written, there are no more.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    changes: Vec<Change>,
    /// The position of the last entry whose changes are in the list or were written.
    upto: Seq,
    /// Whether something is to be written.
    is_behind: bool,
    /// Rooms whose end was written, and whose rows are to be deleted.
    ended: BTreeSet<RoomId>,
    /// Those of the transaction under way.
    ending: Vec<RoomId>,
}

impl Unwritten {
    pub(super) fn new(ended: BTreeSet<RoomId>) -> Self {
        Self { ended, ..Self::default() }
    }

    /// Adds the changes up to a position.
    pub(super) fn add(&mut self, changes: &mut Vec<Change>, upto: Seq) {
        self.is_behind |= upto > self.upto;
        self.changes.append(changes);
        self.upto = upto;
    }

    /// Returns whether something is to be written.
    pub(super) const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Writes the changes.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_behind {
            self.ending = messages::write(connection, &self.changes)?;
            messages::set_position(connection, self.upto)?;
        }
        Ok(())
    }

    /// Forgets what was written, when its transaction is committed.
    pub(super) fn written(&mut self) {
        self.ended.extend(self.ending.drain(..));
        self.changes.clear();
        self.is_behind = false;
    }

    /// Returns a room that has ended, and has rows that are to be deleted.
    pub(super) fn ended_room(&self) -> Option<RoomId> {
        self.ended.first().copied()
    }

    /// Records that the rows of a room were deleted, or cannot be: the next start tries it again.
    pub(super) fn deleted(&mut self, room: RoomId) {
        self.ended.remove(&room);
    }
}
