//! The directory of a store: who may use it, and its lock.

use super::StoreError;
use parlor_protocol::Seq;
use rustix::process::geteuid;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::{fs, io, process};

/// The file with the log. SQLite has others beside it, whose names begin with this one.
pub(super) const LOG: &str = "log.db";

/// The lock file.
const LOCK: &str = "lock";

/// Bytes of the lock file that are read: enough for what is written to it.
const LOCK_BYTES_MAX: u64 = 100;

/// Permissions of the group and of others that a directory may not give: with either, they read what is said, or replace it.
const READ_OR_WRITE: u32 = 0o066;

/// The lock on a directory. It is released when it is dropped, and when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// The position up to which the log was on the disk when that was last recorded; `None` if the directory has had no log.
    pub(super) recorded: Option<Seq>,
}

/// A record in the lock file: up to which position the log is on the disk. A start that finds less knows that something is missing, which
/// the log itself could not tell: SQLite drops the end of a damaged write-ahead log without a word.
#[derive(Debug)]
pub(super) struct Record(File);

impl Lock {
    /// Takes the lock on a directory, which is created if there is none. Only its owner may read it: what is said is in it.
    pub(super) fn take(directory: &Path) -> Result<Self, StoreError> {
        let cannot = |error: io::Error| StoreError::Directory { path: directory.to_owned(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(cannot)?;
        check_owner(directory, geteuid().as_raw())?;
        let file = open_private(&directory.join(LOCK)).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // The number is only for the message.
                let process = read_lines(&file).map_or(None, |[process, _]| process.parse().ok());
                return Err(StoreError::InUse { path: directory.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let [_, recorded] = read_lines(&file).map_err(cannot)?;
        let recorded = recorded.parse().ok().map(Seq);
        write_lines(&file, recorded).map_err(cannot)?;
        // SQLite would create it with the permissions that the umask leaves. Its other files get those of this one.
        open_private(&directory.join(LOG)).map_err(cannot)?;
        Ok(Self { file, recorded })
    }

    /// Returns the means to record what is on the disk.
    pub(super) fn record(&self) -> io::Result<Record> {
        self.file.try_clone().map(Record)
    }
}

impl Record {
    /// Records that the log is on the disk up to a position.
    pub(super) fn write(&self, seq: Seq) -> io::Result<()> {
        write_lines(&self.0, Some(seq))
    }
}

/// Returns the position up to which the log beside this file is known to be on the disk, if there is a record.
pub(super) fn recorded(log: &Path) -> Option<Seq> {
    let lock = File::open(log.with_file_name(LOCK)).ok()?;
    let [_, recorded] = read_lines(&lock).ok()?;
    recorded.parse().ok().map(Seq)
}

/// Returns whether a process uses the directory of this file.
pub(super) fn is_in_use(log: &Path) -> bool {
    // It is released at once: a server that starts in this moment is refused, with a message that says what to do.
    File::open(log.with_file_name(LOCK))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Writes the lines of the lock file: the number of this process, and what is recorded.
fn write_lines(file: &File, recorded: Option<Seq>) -> io::Result<()> {
    let recorded = recorded.map_or_else(String::new, |Seq(seq)| seq.to_string());
    let text = format!("{}\n{recorded}\n", process::id());
    // Over what is there, so that a full disk takes it.
    file.write_all_at(text.as_bytes(), 0)?;
    file.set_len(text.len() as u64)
}

/// Returns the lines of the lock file, which may be missing.
fn read_lines(file: &File) -> io::Result<[String; 2]> {
    let mut bytes = Vec::new();
    file.take(LOCK_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::to_owned);
    Ok([(); 2].map(|()| lines.next().unwrap_or_default()))
}

/// Refuses a directory that somebody other than this user owns, reads or writes. It is not changed: it may be a directory that others
/// need, named by mistake.
pub(super) fn check_owner(directory: &Path, user: u32) -> Result<(), StoreError> {
    let path = directory.to_owned();
    let found = match fs::metadata(directory) {
        Ok(found) => found,
        Err(error) => return Err(StoreError::Directory { path, error }),
    };
    if found.uid() != user {
        return Err(StoreError::Owner { path, owner: found.uid(), user });
    }
    if found.mode() & READ_OR_WRITE != 0 {
        return Err(StoreError::Shared { path, mode: found.mode() & 0o777 });
    }
    Ok(())
}

/// Creates a file that only its owner may read. There must be none of that name.
pub(super) fn open_private_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file that only its owner may read. If there is none, it is created, empty.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
