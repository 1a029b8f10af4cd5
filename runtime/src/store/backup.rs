//! Copying a log while a server writes it.

use super::StoreError;
use super::directory::open_private_new;
use super::reader::Reader;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::ffi::{SQLITE_BUSY, SQLITE_INTERRUPT};
use rusqlite::{Connection, OpenFlags};
use std::ffi::c_int;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Pages that are copied in a step: 4 MiB.
const STEP_PAGES: i32 = 1_000;

/// Copies the log as it is now into a new file, which its owner alone can read. `progress` is called with the pages that are copied, and how many
/// there are in all, and returns whether to go on. Whoever writes the log meanwhile does not wait.
///
/// The file has its name only when it is whole and on the disk. Until then, it is called `NAME.partial`.
pub(crate) fn backup(
    reader: &Reader,
    file: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(), StoreError> {
    let cannot = |error: io::Error| StoreError::Backup { path: file.to_owned(), error };
    let exists = || cannot(io::ErrorKind::AlreadyExists.into());
    if file.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let partial = partial_of(file);
    let created = open_private_new(&partial);
    let created = created.map_err(|error| StoreError::Backup { path: partial.clone(), error })?;
    let copied = copy(reader, &partial, progress).and_then(|()| created.sync_all().map_err(cannot));
    let renamed = copied.and_then(|()| {
        // Whoever has made it meanwhile wants it.
        if file.symlink_metadata().is_ok() {
            Err(exists())
        } else {
            fs::rename(&partial, file).map_err(cannot)
        }
    });
    if renamed.is_err() {
        fs::remove_file(&partial).ok();
    }
    renamed?;
    // The name is on the disk, too. A file system that cannot say so has it all the same.
    let directory =
        file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).ok();
    Ok(())
}

fn copy(
    reader: &Reader,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(), StoreError> {
    let source = &reader.connection;
    // While it reads, SQLite shows it the log as it is now. Otherwise each commit would begin the copy again.
    let begin = source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema");
    begin.map_err(|error| reader.error(error.into()))?;
    let copied = copy_pages(source, partial, progress);
    source.execute_batch("COMMIT").ok();
    copied.map_err(|error| StoreError::File { path: partial.to_owned(), error: error.into() })
}

fn copy_pages(
    source: &Connection,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut to = Connection::open_with_flags(partial, flags)?;
    // A copy that was interrupted is of no use, so there is nothing to go back to. It is waited for once, at the end.
    to.pragma_update(None, "journal_mode", "off")?;
    to.pragma_update(None, "synchronous", "off")?;
    let backup = Backup::new(source, &mut to)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let pages = backup.progress();
        let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
        let goes_on = progress(count(pages.pagecount - pages.remaining), count(pages.pagecount));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More if goes_on => {}
            StepResult::More => return Err(failure(SQLITE_INTERRUPT)),
            // Nobody else has the copy, and whoever writes the log keeps no reader waiting.
            _ => return Err(failure(SQLITE_BUSY)),
        }
    }
}

/// Returns an error of SQLite's.
fn failure(code: c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}

/// Returns the path of a backup that is not whole yet.
fn partial_of(file: &Path) -> PathBuf {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}
