//! The SQLite file of a store.

use super::directory::{Lock, Record};
use super::journal::{self, Dropped};
use super::salts::Salts;
use super::snapshots::{self, Keeping};
use super::unwritten::Unwritten;
use super::{Damage, FileError, Lost, Place, StoreError, Sync, entries, messages};
use crate::random::{self, Key};
use parlor_protocol::codec::FIRST_LINK;
use parlor_protocol::{Proposal, RoomId, Seq, World};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The format that this version writes.
pub(super) const FORMAT: i64 = 2;

/// SQLite's mark for files of this program: the letters `PRLR`.
pub(super) const APPLICATION: i64 = 0x5052_4C52;

/// Bytes of a page: SQLite's default.
const PAGE_BYTES: u32 = 4_096;

/// Pages in the write-ahead log from which they are copied into the file, beside the writer: 4 MiB.
const CHECKPOINT_PAGES: u32 = 1_000;

/// Pages in the write-ahead log from which the writer copies the rest itself, as nothing is added meanwhile: 64 MiB. Otherwise the log
/// could grow without end, as SQLite begins it anew only when all of it was copied.
const JOURNAL_PAGES_MAX: u32 = 16_000;

/// The tables of the first format. Positions and times are unsigned, and SQLite's integers are not: a log has fewer than 2⁶³ of either.
const TABLES: &str = "
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at_unix_ms INTEGER NOT NULL,
    link BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE snapshots (
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    link BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT;
CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;
";

/// The file of a store.
#[derive(Debug)]
pub(super) struct StoreFile {
    // Closed before the lock is released.
    connection: Connection,
    path: PathBuf,
    /// Pages in the write-ahead log.
    journal_pages: Arc<AtomicU32>,
    /// Pages at which the other thread was asked for a checkpoint.
    asked_at: u32,
    /// The position of the newest snapshot that can be used.
    snapshot: Seq,
    /// The part of the write-ahead log that SQLite did not read at the start.
    dropped: Dropped,
    lock: Lock,
}

/// Another connection to the file, for a thread beside the writer.
#[derive(Debug)]
pub(super) struct SideConnection {
    connection: Connection,
    record: Record,
    path: PathBuf,
}

/// The contents of a file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) world: World,
    /// The place of the last entry.
    pub(super) place: Place,
    pub(super) replayed: u64,
    /// Rooms that have ended, and have messages that are still to be deleted.
    pub(super) ended_rooms: BTreeSet<RoomId>,
    pub(super) damaged_snapshots: Vec<Damage>,
    /// Entries that were lost by a power cut, or by damage that looks like one.
    pub(super) lost: Option<Lost>,
}

/// Returns whether an error says that there is no room left.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

impl StoreFile {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path, lock: Lock) -> Result<Self, FileError> {
        let dropped = match journal::read(&journal_of(path)) {
            Ok(dropped) => dropped,
            Err(error) => return Err(FileError::Unreadable { what: error.to_string() }),
        };
        let mut connection = Connection::open(path)?;
        // A start that is refused changes nothing, and keeps what can be examined.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        match (number("application_id")?, number("user_version")?, number("schema_version")?) {
            (0, 0, 0) if lock.recorded.is_some() => return Err(FileError::Missing),
            (0, 0, 0) => create(&mut connection)?,
            (APPLICATION, FORMAT, _) => {}
            // Nothing that is there changes, and the rows are made at the start.
            (APPLICATION, 1, _) => upgrade(&mut connection)?,
            (APPLICATION, format, _) if format > FORMAT => return Err(FileError::Newer { format }),
            (APPLICATION, format, _) => return Err(FileError::Older { format }),
            _ => return Err(FileError::NotAStore),
        }
        connection.pragma_update(None, "journal_mode", "wal")?;
        // Until the log begins, keys are written: they are not drawn again.
        connection.pragma_update(None, "synchronous", "full")?;
        // A journal that was longer is cut when it begins anew.
        connection.pragma_update(None, "journal_size_limit", CHECKPOINT_PAGES * PAGE_BYTES)?;
        // Damage is found when a page is read, and not when a part of it is used.
        connection.pragma_update(None, "cell_size_check", true)?;
        let journal_pages = Arc::new(AtomicU32::new(0));
        let pages = Arc::clone(&journal_pages);
        // Instead of SQLite's own, which would copy the journal into the file while the room waits.
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(u32::try_from(count).unwrap_or(u32::MAX), Ordering::Relaxed);
            Ok(())
        }))?;
        let path = path.to_owned();
        Ok(Self { connection, path, journal_pages, asked_at: 0, snapshot: Seq(0), dropped, lock })
    }

    /// Opens another connection to the file.
    pub(super) fn beside(&self) -> Result<SideConnection, StoreError> {
        let path = self.path.clone();
        let record = match self.lock.record() {
            Ok(record) => record,
            Err(error) => return Err(StoreError::Directory { path, error }),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match Connection::open_with_flags(&path, flags) {
            Ok(connection) => Ok(SideConnection { connection, record, path }),
            Err(error) => Err(StoreError::File { path, error: error.into() }),
        }
    }

    /// Returns the key with a name. If there is none yet, it is drawn.
    pub(super) fn key(&mut self, name: &str) -> Result<Key, FileError> {
        let kept = "SELECT key FROM keys WHERE name = ?1";
        let kept = self.connection.query_row(kept, [name], |row| row.get(0)).optional()?;
        if let Some(key) = kept {
            return Ok(key);
        }
        let key = random::key().map_err(|_| FileError::NoRandomNumbers)?;
        self.connection.execute("INSERT INTO keys (name, key) VALUES (?1, ?2)", params![name, key])?;
        Ok(key)
    }

    /// Restores the newest snapshot that is not damaged, and replays the entries after it. What that writes counts when the log
    /// [begins](Self::begin): a start that is refused changes nothing.
    pub(super) fn load(&mut self) -> Result<Contents, FileError> {
        // Messages from before a snapshot are not found by a replay.
        let messages = messages::position(&self.connection)?;
        let mut restored = snapshots::restore(&self.connection, messages);
        if restored.world.is_none() && !entries::begin(&self.connection)? {
            // Messages before the newest snapshot are lost, as are the entries that had them.
            restored = snapshots::restore(&self.connection, Seq(u64::MAX));
        }
        let snapshots::Restored { world, damaged } = restored;
        let (mut world, mut place) =
            world.unwrap_or_else(|| (World::new(), Place { seq: Seq(0), link: FIRST_LINK }));
        self.snapshot = place.seq;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let connection = &self.connection;
        let replayed = entries::replay(connection, &mut world, &mut place, |outcomes, world| {
            messages::replayed(connection, outcomes, world)
        })?;
        messages::set_position(connection, place.seq)?;
        let ended_rooms = messages::rooms_without(connection, &world)?;
        let first = Seq(place.seq.0 + 1);
        match self.lock.recorded {
            Some(last) if last >= first => {
                return Err(FileError::EntriesMissing(Lost { first, last: Some(last) }));
            }
            _ => {}
        }
        let Dropped { frames, last } = self.dropped;
        let lost =
            (frames > 0 && last >= first).then(|| Lost { first, last: (last.0 != u64::MAX).then_some(last) });
        Ok(Contents { world, place, replayed, ended_rooms, damaged_snapshots: damaged, lost })
    }

    /// Begins to write the log: sets whether each commit waits for the disk. Before, each does.
    pub(super) fn begin(&mut self, sync: Sync) -> Result<(), FileError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT")?;
        }
        if sync == Sync::Second {
            self.connection.pragma_update(None, "synchronous", "normal")?;
        }
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    }

    /// Writes proposals as the entries after a place, in a transaction with what is left to be written of histories. Returns the place
    /// of the last one.
    pub(super) fn append(
        &mut self,
        proposals: &[Proposal],
        place: Place,
        salts: &mut Salts,
        unwritten: &mut Unwritten,
    ) -> rusqlite::Result<Place> {
        self.transaction(|connection| {
            unwritten.write(connection)?;
            entries::insert(connection, proposals, place, salts)
        })
        .inspect(|_| unwritten.written())
    }

    /// Writes what is left to be written of histories, in a transaction.
    pub(super) fn write_messages(&mut self, unwritten: &mut Unwritten) -> rusqlite::Result<()> {
        self.transaction(|connection| unwritten.write(connection)).inspect(|()| unwritten.written())
    }

    /// Deletes some of the messages of a room that has ended. Returns whether some may be left.
    pub(super) fn delete_messages(&mut self, room: RoomId) -> rusqlite::Result<bool> {
        messages::delete_some(&self.connection, room)
    }

    fn transaction<T>(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.execute("BEGIN IMMEDIATE")?;
        let written = write(&self.connection);
        let committed = written.and_then(|result| self.execute("COMMIT").map(|()| result));
        if committed.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        committed
    }

    /// Copies the rest of the journal into the file if it is too long. Returns whether the other thread is to do so before it is.
    pub(super) fn limit_journal(&mut self) -> bool {
        let pages = self.journal_pages.load(Ordering::Relaxed);
        if pages < self.asked_at {
            // It has begun anew.
            self.asked_at = 0;
        }
        if pages < self.asked_at + CHECKPOINT_PAGES {
            return false;
        }
        self.asked_at = pages;
        if pages < JOURNAL_PAGES_MAX {
            return true;
        }
        checkpoint(&self.connection).is_err()
    }

    /// Stores a part of a snapshot. Returns whether something is left to be done.
    pub(super) fn keep(&mut self, keeping: &mut Keeping) -> rusqlite::Result<bool> {
        let is_left = keeping.step(&self.connection, self.snapshot)?;
        if !is_left {
            self.snapshot = keeping.seq();
        }
        Ok(is_left)
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

impl SideConnection {
    /// Returns the connection.
    pub(super) const fn get(&self) -> &Connection {
        &self.connection
    }

    /// Waits until what is committed is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync(&self.path)
    }

    /// Records that the log is on the disk up to a position.
    pub(super) fn record(&self, seq: Seq) -> io::Result<()> {
        self.record.write(seq)
    }

    /// Copies as much of the journal into the file as can be copied without anybody waiting, and waits until it is on the disk.
    pub(super) fn checkpoint(&self) -> rusqlite::Result<()> {
        checkpoint(&self.connection)
    }

    /// Returns an error with the path of the file.
    pub(super) fn error(&self, error: FileError) -> StoreError {
        StoreError::File { path: self.path.clone(), error }
    }
}

/// Creates the tables of a new file.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(messages::TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Adds the tables of the second format to a file of the first.
fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(messages::TABLES)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Waits until the journal of a file is on the disk. SQLite itself does that only at a commit or a checkpoint. The journal has no locks
/// that closing it here could release.
fn sync(path: &Path) -> io::Result<()> {
    match File::open(journal_of(path)) {
        Ok(journal) => journal.sync_data(),
        // Nothing was written, or all of it is in the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the path of the write-ahead log of a file.
pub(super) fn journal_of(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    journal.into()
}

/// Returns a position or a time as SQLite's signed integer.
pub(super) const fn signed(number: u64) -> i64 {
    number.cast_signed()
}
