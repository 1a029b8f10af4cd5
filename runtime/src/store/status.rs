//! The status of a log.

use super::reader::Reader;
use super::{StoreError, directory, file, snapshots};
use parlor_protocol::Seq;
use std::fs;
use std::path::Path;

/// The status of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The position of the last entry; 0 if there is none.
    pub(crate) position: Seq,
    /// The position up to which the log is known to be on the disk, if it is recorded.
    pub(crate) synced: Option<Seq>,
    /// Bytes of the file and of its write-ahead log.
    pub(crate) bytes: u64,
    /// The position of the newest snapshot that has all its parts.
    pub(crate) snapshot: Option<Seq>,
}

/// Returns the status of the log in a directory.
pub(crate) fn status(directory: &Path) -> Result<Status, StoreError> {
    let reader = Reader::open(directory)?;
    let synced = directory::recorded(&reader.path);
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    Ok(Status {
        position: reader.range()?.map_or(Seq(0), |(_, last)| last),
        synced,
        bytes: bytes(&reader.path) + bytes(&file::journal_of(&reader.path)),
        snapshot: snapshots::whole(&reader.connection)
            .map_err(|error| reader.error(error.into()))?
            .first()
            .copied(),
    })
}
