//! The messages to rooms in the log, by position. An event is recognized by its place among the bytes that are due to
//! a connection ([`Expectation`](crate::expectation::Expectation)) and not by its text, because the author could
//! choose a text that looks like another event.

use parlor_protocol::{Command, LogEntry, MemberId, Origin, RoomName, Seq};
use std::collections::BTreeMap;

/// All messages to rooms.
#[derive(Debug, Default)]
pub(super) struct Log(BTreeMap<Seq, Said>);

/// The author, the room and the origin of a message.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) member: MemberId,
    pub(super) room: RoomName,
    pub(super) origin: Origin,
}

impl Log {
    pub(super) fn committed(&mut self, entry: &LogEntry) {
        if let Command::Say { member, room, .. } = &entry.command {
            let (member, room, origin) = (*member, room.clone(), entry.origin);
            self.0.insert(entry.seq, Said { member, room, origin });
        }
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Said> {
        self.0.get(&seq)
    }
}
