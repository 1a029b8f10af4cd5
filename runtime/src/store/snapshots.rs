//! The rows of snapshots.
//!
//! A snapshot is stored in parts, each in a transaction of its own: it may have megabytes, and the room must not wait for it. It
//! counts when all its parts are there.

use super::file::signed;
use super::{Damage, Place};
use parlor_protocol::codec::Link;
use parlor_protocol::{Seq, World};
use rusqlite::{Connection, OptionalExtension, params};

/// Bytes of a part.
const PART_BYTES: usize = 64 * 1024;

/// A snapshot with the place of the log that it is of.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
}

/// The newest snapshot that can be used, and those that cannot.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub(super) world: Option<(World, Place)>,
    /// The newest first.
    pub(super) damaged: Vec<Damage>,
}

/// A snapshot that is being stored, and afterwards the ones that it replaces, which are being deleted.
#[derive(Debug)]
pub(super) struct Keeping {
    snapshot: Snapshot,
    next: u32,
}

/// Restores the newest snapshot that is whole, and not of an entry after a position. A damaged one is no error: the entries are there,
/// too.
pub(super) fn restore(connection: &Connection, upto: Seq) -> Restored {
    let mut restored = Restored::default();
    let positions = match whole(connection) {
        Ok(positions) => positions,
        Err(error) => {
            restored.damaged.push(Damage { seq: Seq(0), what: error.to_string() });
            return restored;
        }
    };
    for seq in positions.into_iter().filter(|&seq| seq <= upto) {
        match restore_one(connection, seq) {
            Ok(found) => {
                restored.world = Some(found);
                break;
            }
            Err(what) => restored.damaged.push(Damage { seq, what }),
        }
    }
    restored
}

/// Returns the positions of the snapshots that have all their parts, the newest first.
pub(super) fn whole(connection: &Connection) -> rusqlite::Result<Vec<Seq>> {
    let mut query = connection
        .prepare("SELECT seq FROM snapshots GROUP BY seq HAVING count(*) = max(parts) ORDER BY seq DESC")?;
    let positions = query.query_map([], |row| Ok(Seq(row.get::<_, i64>(0)?.cast_unsigned())))?;
    positions.collect()
}

/// Returns the world of a snapshot, or what is wrong with it.
pub(super) fn restore_one(connection: &Connection, seq: Seq) -> Result<(World, Place), String> {
    let (world, Place { link, .. }) = restore_alone(connection, seq)?;
    let stored = "SELECT link FROM entries WHERE seq = ?1";
    let stored: Option<Link> = connection
        .query_row(stored, [signed(seq.0)], |row| row.get(0))
        .optional()
        .map_err(|error| error.to_string())?;
    if stored.is_some_and(|stored| stored != link) {
        return Err("it is the snapshot of another log".to_owned());
    }
    Ok((world, Place { seq, link }))
}

/// Returns the world of a snapshot, or what is wrong with it, without a look at the entry there.
pub(super) fn restore_alone(connection: &Connection, seq: Seq) -> Result<(World, Place), String> {
    let (link, bytes) = read(connection, seq).map_err(|error| error.to_string())?;
    let world = World::restore(&bytes).map_err(|error| error.to_string())?;
    if world.position() != seq {
        return Err(format!("it is the snapshot of entry {}", world.position().0));
    }
    Ok((world, Place { seq, link }))
}

fn read(connection: &Connection, seq: Seq) -> rusqlite::Result<(Link, Vec<u8>)> {
    let mut query = connection.prepare("SELECT link, bytes FROM snapshots WHERE seq = ?1 ORDER BY part")?;
    let mut rows = query.query([signed(seq.0)])?;
    let (mut link, mut bytes) = (Link::default(), Vec::new());
    while let Some(row) = rows.next()? {
        link = row.get(0)?;
        bytes.extend_from_slice(row.get_ref(1)?.as_blob()?);
    }
    Ok((link, bytes))
}

impl Keeping {
    pub(super) const fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, next: 0 }
    }

    /// Returns the position of the snapshot.
    pub(super) const fn seq(&self) -> Seq {
        self.snapshot.place.seq
    }

    /// Stores one part, or deletes one of a snapshot that is neither this one nor the one before. Returns whether something is left
    /// to be done.
    pub(super) fn step(&mut self, connection: &Connection, before: Seq) -> rusqlite::Result<bool> {
        let Snapshot { place: Place { seq, link }, bytes } = &self.snapshot;
        let parts = u32::try_from(bytes.len().div_ceil(PART_BYTES)).unwrap_or(u32::MAX);
        let Some(part) = bytes.chunks(PART_BYTES).nth(self.next as usize) else {
            let old = "SELECT rowid FROM snapshots WHERE seq NOT IN (?1, ?2) LIMIT 1";
            let mut delete =
                connection.prepare_cached(&format!("DELETE FROM snapshots WHERE rowid = ({old})"))?;
            return Ok(delete.execute([signed(seq.0), signed(before.0)])? == 1);
        };
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO snapshots (seq, part, parts, link, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        insert.execute(params![signed(seq.0), self.next, parts, link, part])?;
        self.next += 1;
        Ok(true)
    }
}
