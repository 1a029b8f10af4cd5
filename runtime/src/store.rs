//! The store: the log on disk, in one SQLite file.
//!
//! A directory belongs to one process, which holds a lock. The file has the bytes of the entries, each with its link of the chain, and
//! snapshots of the world. A start restores the newest snapshot and replays the entries after it; then [`StoreLog`] writes what the
//! server proposes, the batch of a tick in a transaction, on a thread of its own. An entry is committed when its transaction is:
//! nothing that tells of it leaves the process before.

mod backup;
mod check;
mod directory;
mod disk;
mod entries;
mod error;
mod file;
mod history_thread;
mod journal;
mod log;
mod messages;
mod reader;
mod recover;
mod salts;
mod scan;
mod snapshot_thread;
mod snapshots;
mod status;
#[cfg(test)]
mod tests;
mod unwritten;
mod writer;

pub(crate) use backup::backup;
pub(crate) use check::{Checked, check};
pub use error::{Damage, FileError, Lost, StoreError};
pub use log::StoreLog;
pub(crate) use reader::{END, ReadEntry, Reader};
pub(crate) use recover::{Recovered, recover};
pub(crate) use scan::Finding;
pub(crate) use status::status;

use crate::clock::SystemClock;
use directory::Lock;
use file::StoreFile;
use parlor_protocol::codec::Link;
use parlor_protocol::{Seq, World};
use salts::Salts;
use std::mem;
use std::path::Path;

/// When the log waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// At each commit: what anybody was told survives a power cut.
    Always,
    /// Once a second: what was said in the last second may be lost by a power cut, but not by a crash of the process.
    #[default]
    Second,
}

/// A position of the log, and the link of the entry there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    seq: Seq,
    link: Link,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The log, which goes on after the last entry.
    pub log: StoreLog,
    /// The state that results from all entries.
    pub world: World,
    /// The key of the cloaks, under which those in the state were made.
    pub cloak_key: [u8; 32],
    /// The number of entries that were replayed, because no snapshot is newer.
    pub replayed: u64,
    /// Snapshots that cannot be used, the newest first.
    pub damaged_snapshots: Vec<Damage>,
    /// Entries that were lost by a power cut, or by damage that looks like one.
    pub lost: Option<Lost>,
}

/// Opens the store in a directory, which is created if there is none.
///
/// # Errors
/// The directory or the file cannot be used, is used by another process, belongs to a later version, or is damaged.
pub fn open(directory: &Path, sync: Sync, clock: SystemClock) -> Result<Opened, StoreError> {
    let lock = Lock::take(directory)?;
    let salts = Salts::draw().map_err(|_| StoreError::NoRandomNumbers)?;
    let path = directory.join(directory::LOG);
    let open = || -> Result<_, FileError> {
        let mut file = StoreFile::open(&path, lock)?;
        let contents = file.load()?;
        let cloak_key = file.key("cloaks")?;
        file.begin(sync)?;
        Ok((file, cloak_key, contents))
    };
    let (file, cloak_key, mut contents) = open().map_err(|error| StoreError::File { path, error })?;
    let (world, replayed, lost) = (contents.world.clone(), contents.replayed, contents.lost);
    let damaged_snapshots = mem::take(&mut contents.damaged_snapshots);
    let log = StoreLog::start(writer::Start { file, salts, clock }, contents)?;
    Ok(Opened { log, world, cloak_key, replayed, damaged_snapshots, lost })
}
