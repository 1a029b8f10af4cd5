//! What the log has of what is said to rooms, by its position: what a connection is sent is known by its place among the
//! bytes that are due to it ([`Expectation`](crate::expectation::Expectation)), and not by what it says, which its
//! author may have chosen so that it is taken for something else.

use parlor_protocol::{Command, LogEntry, MemberId, RoomName, Seq};
use std::collections::BTreeMap;

/// Everything that was said to a room.
#[derive(Debug, Default)]
pub(super) struct Log(BTreeMap<Seq, Said>);

/// Who said something, and where.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) member: MemberId,
    pub(super) room: RoomName,
}

impl Log {
    pub(super) fn committed(&mut self, entry: &LogEntry) {
        if let Command::Say { member, room, .. } = &entry.command {
            self.0.insert(entry.seq, Said { member: *member, room: room.clone() });
        }
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Said> {
        self.0.get(&seq)
    }
}
