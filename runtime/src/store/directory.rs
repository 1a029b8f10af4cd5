//! The directory of a store: who may use it, and its lock.

use super::StoreError;
use rustix::process::geteuid;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::{fs, io, process};

/// Bytes of the lock file that are read: enough for the number of a process.
const PROCESS_BYTES_MAX: u64 = 20;

/// The file with the log. SQLite has others beside it, whose names begin with this one.
pub(super) const LOG: &str = "log.db";

/// Permissions of the group and of others that a directory may not give: with either, they read what is said, or replace it.
const READ_OR_WRITE: u32 = 0o066;

/// The lock on a directory. It is released when it is dropped, and when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock on a directory, which is created if there is none. Only its owner may read it: what is said is in it.
    pub(super) fn take(directory: &Path) -> Result<Self, StoreError> {
        let cannot = |error: io::Error| StoreError::Directory { path: directory.to_owned(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(cannot)?;
        check_owner(directory, geteuid().as_raw())?;
        let mut file = open_private(&directory.join("lock")).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // The number is only for the message.
                file.take(PROCESS_BYTES_MAX).read_to_string(&mut process).ok();
                let process = process.trim().parse().ok();
                return Err(StoreError::InUse { path: directory.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", process::id())
        };
        write(&mut file).map_err(cannot)?;
        // SQLite would create it with the permissions that the umask leaves. Its other files get those of this one.
        open_private(&directory.join(LOG)).map_err(cannot)?;
        Ok(Self { _file: file })
    }
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

/// Opens a file that only its owner may read. If there is none, it is created, empty.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
