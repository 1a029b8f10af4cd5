//! The directory of a store, and its lock.

use super::StoreError;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::{io, process};

/// Bytes of the lock file that are read: enough for the number of a process.
const PROCESS_BYTES_MAX: u64 = 20;

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
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(directory.join("lock")).map_err(cannot)?;
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
        Ok(Self { _file: file })
    }
}
