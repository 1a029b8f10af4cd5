//! Reading the log of a directory, also beside the server that writes it.
//!
//! SQLite's write-ahead log lets others read while one writes. Nothing is changed: a reader that finds a damaged file leaves it as it is.

use super::entries::{READ_MAX, Raw};
use super::file::{APPLICATION, FORMAT, journal_of, signed};
use super::{Damage, FileError, Place, StoreError, directory, snapshots};
use parlor_protocol::codec::{Decoded, FIRST_LINK};
use parlor_protocol::{Applied, LogEntry, Seq, World};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time for which a reader waits for SQLite's locks, which others hold only while they open or close the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Positions that are examined in one statement for their times.
const TIMES_MAX: u64 = 100_000;

/// The end of all positions.
pub(crate) const END: Seq = Seq(i64::MAX.cast_unsigned());

/// A connection that reads a log.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

/// An entry that was read, and the numbers of its texts that were forgotten.
#[derive(Debug)]
pub(crate) struct ReadEntry {
    /// The entry.
    pub(crate) entry: LogEntry,
    /// The numbers.
    pub(crate) forgotten: Vec<u64>,
}

/// A walk over the entries of a log, with the state before each.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    reader: &'a Reader,
    world: World,
    place: Place,
}

impl Reader {
    /// Opens the log in a directory, or a backup.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = if path.is_dir() { path.join(directory::LOG) } else { path.to_owned() };
        match path.metadata() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoLog { path }),
            Err(error) => return Err(StoreError::Directory { path, error }),
        }
        match open(&path) {
            Ok(connection) => Ok(Self { connection, path }),
            Err(error) => Err(StoreError::File { path, error }),
        }
    }

    /// Returns the first and the last position; `None` if there are no entries.
    pub(crate) fn range(&self) -> Result<Option<(Seq, Seq)>, StoreError> {
        let range = "SELECT min(seq), max(seq) FROM entries";
        let range = self.connection.query_row(range, [], |row| {
            let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok((first.map(position), last.map(position)))
        });
        let (first, last) = range.map_err(|error| self.error(error.into()))?;
        Ok(first.zip(last))
    }

    /// Returns the position of the last entry before the time goes past `unix_ms` for the first time. Calls `progress` with the
    /// positions that were examined.
    pub(crate) fn position_at(&self, unix_ms: u64, mut progress: impl FnMut(u64)) -> Result<Seq, StoreError> {
        let Some((Seq(first), Seq(last))) = self.range()? else { return Ok(Seq(0)) };
        let later =
            "SELECT seq FROM entries WHERE seq BETWEEN ?1 AND ?2 AND at_unix_ms > ?3 ORDER BY seq LIMIT 1";
        let mut from = first;
        while from <= last {
            let to = last.min(from + TIMES_MAX - 1);
            let range = params![signed(from), signed(to), i64::try_from(unix_ms).unwrap_or(i64::MAX)];
            let found = self.connection.query_row(later, range, |row| row.get::<_, i64>(0)).optional();
            if let Some(seq) = found.map_err(|error| self.error(error.into()))? {
                return Ok(Seq(seq.cast_unsigned() - 1));
            }
            progress(to - first);
            from = to + 1;
        }
        Ok(Seq(last))
    }

    /// Begins a walk at the newest snapshot that is not after a position, or at the first entry.
    pub(crate) fn walk(&self, at: Seq) -> Walk<'_> {
        // A damaged snapshot is no obstacle: there is one before it, or the first entry.
        let positions = snapshots::whole(&self.connection).unwrap_or_default();
        let mut restored = positions
            .into_iter()
            .filter(|seq| *seq <= at)
            .filter_map(|seq| snapshots::restore_one(&self.connection, seq).ok());
        let start = || (World::new(), Place { seq: Seq(0), link: FIRST_LINK });
        let (world, place) = restored.next().unwrap_or_else(start);
        Walk { reader: self, world, place }
    }

    /// Returns an error with the path of the file.
    pub(super) fn error(&self, error: FileError) -> StoreError {
        StoreError::File { path: self.path.clone(), error }
    }
}

impl Walk<'_> {
    /// Returns the state after the last entry that was applied.
    pub(crate) const fn world(&self) -> &World {
        &self.world
    }

    /// Applies the entries up to a position. Each must continue the chain. `visit` is called before each, and returns whether to go on.
    /// Returns whether it always did.
    pub(crate) fn run(
        &mut self,
        upto: Seq,
        visit: &mut dyn FnMut(&World, &ReadEntry) -> bool,
    ) -> Result<bool, StoreError> {
        loop {
            let before = self.place.seq;
            let goes_on = self.run_some(upto, visit).map_err(|error| {
                let error = match error {
                    FileError::Unreadable { what } => {
                        FileError::Damaged(Damage { seq: Seq(self.place.seq.0 + 1), what })
                    }
                    error => error,
                };
                self.reader.error(error)
            })?;
            if !goes_on || self.place.seq == before {
                return Ok(goes_on);
            }
        }
    }

    fn run_some(
        &mut self,
        upto: Seq,
        visit: &mut dyn FnMut(&World, &ReadEntry) -> bool,
    ) -> Result<bool, FileError> {
        let mut query = self.reader.connection.prepare_cached(
            "SELECT seq, link, at_unix_ms, bytes FROM entries WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows = query.query(params![signed(self.place.seq.0), signed(upto.0), READ_MAX])?;
        let mut outcomes = Vec::new();
        while let Some(row) = rows.next()? {
            let seq = position(row.get(0)?);
            let raw = Raw::of(seq, row)?;
            let damaged = |what| FileError::Damaged(Damage { seq, what });
            let Decoded { proposal, forgotten } = raw.check(self.place).map_err(damaged)?;
            let read = ReadEntry { entry: proposal.committed_at(seq), forgotten };
            if !visit(&self.world, &read) {
                return Ok(false);
            }
            if self.world.apply(&read.entry, &mut outcomes) == Applied::Before {
                return Err(damaged(format!("entry {} comes before it", self.world.position().0)));
            }
            outcomes.clear();
            self.place = Place { seq, link: raw.link };
        }
        Ok(true)
    }
}

/// Returns a position that SQLite has stored.
pub(super) const fn position(seq: i64) -> Seq {
    Seq(seq.cast_unsigned())
}

fn open(path: &Path) -> Result<Connection, FileError> {
    // With the right to write, SQLite can create the file that readers share; without it, it could not read what was committed last.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let has_journal = journal_of(path).exists();
    let connection = Connection::open_with_flags(path, flags)?;
    // What a killed server has left is for its next start. Without it, SQLite removes the empty files that it creates here.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_journal)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, format) if format > FORMAT => Err(FileError::Newer { format }),
        (APPLICATION, _) => Ok(connection),
        _ => Err(FileError::NotAStore),
    }
}
