//! The part of a history that its reader may read.

use super::stays::Stay;
use crate::base::id::Seq;
use crate::world::Readers;
use alloc::boxed::Box;

/// The part of a history that its reader may read. Whoever answers a question leaves out the rest before it counts, so that a page is
/// full whenever there is more to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryScope {
    /// The position of the last entry that has been applied. What is later is not on the page: the reader is told of it.
    pub upto: Seq,
    /// The time at which the log began, which identifies it in the stamps of events, in milliseconds since 1970-01-01T00:00:00Z.
    pub log_unix_ms: u64,
    /// The earliest time of an event that can be read again, in milliseconds since 1970-01-01T00:00:00Z.
    pub from_unix_ms: u64,
    /// The stays of the reader in the room.
    pub(super) stays: Box<[Stay]>,
}

impl HistoryScope {
    /// Returns whether the reader may read an event at a position, however late or early it is.
    #[must_use]
    pub fn may_read(&self, seq: Seq, readers: Readers) -> bool {
        match readers {
            Readers::Members => true,
            Readers::Nobody => false,
            Readers::Witnesses => self.stays.iter().any(|stay| stay.contains(seq)),
        }
    }
}
