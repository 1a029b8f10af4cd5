//! The SQLite file of a store.

use super::directory::Lock;
use super::{Damage, FileError, Place};
use crate::random::{self, Key};
use parlor_protocol::codec::{self, FIRST_LINK, Link};
use parlor_protocol::{Applied, LogEntry, Outcome, Seq, World};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use std::path::Path;

/// The format that this version writes.
const FORMAT: i64 = 1;

/// SQLite's mark for files of this program: the letters `PRLR`.
const APPLICATION: i64 = 0x5052_4C52;

/// Number of snapshots that are kept: if the newest one is damaged, the one before is used.
const SNAPSHOTS_KEPT: i64 = 2;

/// The tables of [`FORMAT`]. Positions and times are unsigned, and SQLite's integers are not: a log has fewer than 2⁶³ of either.
const TABLES: &str = "
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at_unix_ms INTEGER NOT NULL,
    link BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    link BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;
CREATE TABLE synced (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO synced VALUES (1, 0);
";

/// The file of a store.
#[derive(Debug)]
pub(super) struct StoreFile {
    // Closed before the lock is released.
    connection: Connection,
    /// Whether a commit waits for the disk.
    waits: bool,
    _lock: Lock,
}

/// An entry with its bytes and its link.
#[derive(Clone, Debug)]
pub(super) struct StoredEntry {
    pub(super) seq: Seq,
    pub(super) at_unix_ms: u64,
    pub(super) link: Link,
    pub(super) bytes: Vec<u8>,
}

/// A snapshot with the place of the log that it is of.
#[derive(Debug)]
pub(super) struct StoredSnapshot {
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
}

/// The contents of a file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) world: World,
    /// The place of the last entry.
    pub(super) place: Place,
    pub(super) replayed: u64,
    pub(super) damaged_snapshots: Vec<Damage>,
}

/// Returns whether an error says that there is no room left.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

impl StoreFile {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path, lock: Lock) -> Result<Self, FileError> {
        let mut connection = Connection::open(path)?;
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        match (number("application_id")?, number("user_version")?, number("schema_version")?) {
            (0, 0, 0) => create(&mut connection)?,
            (APPLICATION, FORMAT, _) => {}
            (APPLICATION, format, _) if format > FORMAT => return Err(FileError::Newer { format }),
            (APPLICATION, format, _) => return Err(FileError::Older { format }),
            _ => return Err(FileError::NotAStore),
        }
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(Self { connection, waits: false, _lock: lock })
    }

    /// Returns the key with a name. If there is none yet, it is drawn.
    pub(super) fn key(&mut self, name: &str) -> Result<Key, FileError> {
        let kept = "SELECT key FROM keys WHERE name = ?1";
        let kept = self.connection.query_row(kept, [name], |row| row.get(0)).optional()?;
        if let Some(key) = kept {
            return Ok(key);
        }
        let key = random::key().map_err(|_| FileError::NoRandomNumbers)?;
        self.wait_for_disk(true)?;
        self.connection.execute("INSERT INTO keys (name, key) VALUES (?1, ?2)", params![name, key])?;
        Ok(key)
    }

    /// Restores the newest snapshot that is not damaged, and replays the entries after it.
    pub(super) fn load(&mut self) -> Result<Contents, FileError> {
        let mut damaged_snapshots = Vec::new();
        let mut start = (World::new(), Place { seq: Seq(0), link: FIRST_LINK });
        for snapshot in self.snapshots()? {
            match self.restore(&snapshot)? {
                Ok(world) => {
                    start = (world, snapshot.place);
                    break;
                }
                Err(damage) => damaged_snapshots.push(damage),
            }
        }
        let (world, place) = start;
        let (world, place, replayed) = self.replay(world, place)?;
        Ok(Contents { world, place, replayed, damaged_snapshots })
    }

    /// Returns the snapshots, the newest first.
    fn snapshots(&self) -> Result<Vec<StoredSnapshot>, FileError> {
        let mut query =
            self.connection.prepare("SELECT seq, link, bytes FROM snapshots ORDER BY seq DESC")?;
        let snapshot =
            |row: &Row<'_>| Ok(StoredSnapshot { place: place(row.get(0)?, row.get(1)?), bytes: row.get(2)? });
        let snapshots = query.query_map([], snapshot)?.collect::<Result<_, _>>()?;
        Ok(snapshots)
    }

    /// Returns the world of a snapshot, or what is wrong with it.
    fn restore(&self, snapshot: &StoredSnapshot) -> Result<Result<World, Damage>, FileError> {
        let Place { seq, link } = snapshot.place;
        let damaged = |what: String| Ok(Err(Damage { seq, what }));
        let world = match World::restore(&snapshot.bytes) {
            Ok(world) => world,
            Err(error) => return damaged(error.to_string()),
        };
        if world.position() != seq {
            return damaged(format!("it is the snapshot of entry {}", world.position().0));
        }
        let stored = "SELECT link FROM entries WHERE seq = ?1";
        let stored: Option<Link> =
            self.connection.query_row(stored, [signed(seq.0)], |row| row.get(0)).optional()?;
        if stored.is_some_and(|stored| stored != link) {
            return damaged("it is the snapshot of another log".to_owned());
        }
        Ok(Ok(world))
    }

    /// Applies the entries after a place. Each must continue the chain.
    fn replay(&self, mut world: World, mut place: Place) -> Result<(World, Place, u64), FileError> {
        let mut query =
            self.connection.prepare("SELECT seq, link, bytes FROM entries WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = query.query([signed(place.seq.0)])?;
        let (mut outcomes, mut replayed) = (Vec::<Outcome>::new(), 0);
        while let Some(row) = rows.next()? {
            let stored = self::place(row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let entry = read(place.link, stored, bytes)
                .map_err(|what| FileError::Damaged(Damage { seq: stored.seq, what }))?;
            if world.apply(&entry, &mut outcomes) == Applied::Before {
                let what = format!("entry {} comes before it", world.position().0);
                return Err(FileError::Damaged(Damage { seq: stored.seq, what }));
            }
            outcomes.clear();
            place = stored;
            replayed += 1;
        }
        Ok((world, place, replayed))
    }

    /// Writes entries in a transaction. With `syncs`, waits until they are on the disk.
    pub(super) fn append(&mut self, entries: &[StoredEntry], syncs: bool) -> rusqlite::Result<()> {
        self.wait_for_disk(syncs)?;
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO entries (seq, at_unix_ms, link, bytes) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for StoredEntry { seq, at_unix_ms, link, bytes } in entries {
                insert.execute(params![signed(seq.0), signed(*at_unix_ms), link, bytes])?;
            }
        }
        transaction.commit()
    }

    /// Waits until everything up to a position is on the disk.
    pub(super) fn sync(&mut self, seq: Seq) -> rusqlite::Result<()> {
        self.wait_for_disk(true)?;
        self.connection.execute("UPDATE synced SET seq = ?1", [signed(seq.0)])?;
        Ok(())
    }

    /// Writes a snapshot, and deletes old ones.
    pub(super) fn keep_snapshot(&mut self, snapshot: &StoredSnapshot) -> rusqlite::Result<()> {
        self.wait_for_disk(false)?;
        let StoredSnapshot { place: Place { seq, link }, bytes } = snapshot;
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT OR REPLACE INTO snapshots (seq, link, bytes) VALUES (?1, ?2, ?3)",
            params![signed(seq.0), link, bytes],
        )?;
        let old = "SELECT seq FROM snapshots ORDER BY seq DESC LIMIT -1 OFFSET ?1";
        transaction.execute(&format!("DELETE FROM snapshots WHERE seq IN ({old})"), [SNAPSHOTS_KEPT])?;
        transaction.commit()
    }

    /// Sets whether a commit waits for the disk: SQLite then syncs the whole of its journal.
    fn wait_for_disk(&mut self, waits: bool) -> rusqlite::Result<()> {
        if waits != self.waits {
            self.connection.pragma_update(None, "synchronous", if waits { "full" } else { "normal" })?;
            self.waits = waits;
        }
        Ok(())
    }
}

/// Creates the tables of a new file.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Reads an entry, which must continue the chain. The error says what is wrong with it.
fn read(previous: Link, stored: Place, bytes: &[u8]) -> Result<LogEntry, String> {
    let body = codec::body(bytes).map_err(|error| error.to_string())?;
    if codec::chain(previous, stored.seq, body) != stored.link {
        return Err("it does not follow from the entries before it".to_owned());
    }
    let decoded = codec::decode_and_check(bytes).map_err(|error| error.to_string())?;
    Ok(decoded.proposal.committed_at(stored.seq))
}

fn place(seq: i64, link: Link) -> Place {
    Place { seq: Seq(seq.cast_unsigned()), link }
}

/// Returns a position or a time as SQLite's signed integer.
const fn signed(number: u64) -> i64 {
    number.cast_signed()
}
