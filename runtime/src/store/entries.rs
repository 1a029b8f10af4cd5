//! The rows of entries.

use super::file::signed;
use super::salts::Salts;
use super::{Damage, FileError, Place};
use parlor_protocol::codec::{self, Decoded, Link};
use parlor_protocol::{Applied, LogEntry, Outcome, Proposal, Seq, World};
use rusqlite::{Connection, Row, params};

/// Entries that are read in one statement. A reader that took longer would keep SQLite from using its journal again from the beginning.
pub(super) const READ_MAX: i64 = 1_000;

/// Inserts proposals as the entries after a place, and returns the place of the last one.
pub(super) fn insert(
    connection: &Connection,
    proposals: &[Proposal],
    mut place: Place,
    salts: &mut Salts,
) -> rusqlite::Result<Place> {
    let mut insert = connection
        .prepare_cached("INSERT INTO entries (seq, at_unix_ms, link, bytes) VALUES (?1, ?2, ?3, ?4)")?;
    for proposal in proposals {
        let bytes = codec::encode(proposal, &mut || salts.next());
        let body = codec::body(&bytes).expect("bytes that were encoded can be read");
        let seq = Seq(place.seq.0 + 1);
        place = Place { seq, link: codec::chain(place.link, seq, body) };
        insert.execute(params![signed(seq.0), signed(proposal.at_unix_ms), place.link, bytes])?;
    }
    Ok(place)
}

/// Returns whether the entries begin with the first one, or there are none.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<bool> {
    let first: Option<i64> = connection.query_row("SELECT min(seq) FROM entries", [], |row| row.get(0))?;
    Ok(first.is_none_or(|first| first == 1))
}

/// Applies the entries after a place to a world, up to the last one that is committed, and moves the place. Each must continue the
/// chain. Returns their number.
pub(super) fn replay(
    connection: &Connection,
    world: &mut World,
    place: &mut Place,
    mut applied: impl FnMut(&[Outcome], &World) -> rusqlite::Result<()>,
) -> Result<u64, FileError> {
    let mut replayed = 0;
    loop {
        let count = replay_some(connection, world, place, &mut applied).map_err(|error| match error {
            // Between two entries, as far as this reader has come.
            FileError::Unreadable { what } => FileError::Damaged(Damage { seq: Seq(place.seq.0 + 1), what }),
            error => error,
        })?;
        if count == 0 {
            return Ok(replayed);
        }
        replayed += count;
    }
}

fn replay_some(
    connection: &Connection,
    world: &mut World,
    place: &mut Place,
    applied: &mut impl FnMut(&[Outcome], &World) -> rusqlite::Result<()>,
) -> Result<u64, FileError> {
    let mut query = connection.prepare_cached(
        "SELECT seq, link, at_unix_ms, bytes FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = query.query(params![signed(place.seq.0), READ_MAX])?;
    let (mut outcomes, mut count) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
        let damaged = |what| FileError::Damaged(Damage { seq, what });
        let (link, entry) = read(*place, seq, row)?.map_err(damaged)?;
        if world.apply(&entry, &mut outcomes) == Applied::Before {
            return Err(damaged(format!("entry {} comes before it", world.position().0)));
        }
        applied(&outcomes, world)?;
        outcomes.clear();
        *place = Place { seq, link };
        count += 1;
    }
    Ok(count)
}

/// Reads an entry, which must continue the chain, or says what is wrong with it.
fn read(previous: Place, seq: Seq, row: &Row<'_>) -> rusqlite::Result<Result<(Link, LogEntry), String>> {
    let raw = Raw::of(seq, row)?;
    Ok(raw.check(previous).map(|decoded| (raw.link, decoded.proposal.committed_at(seq))))
}

/// The row of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) seq: Seq,
    pub(super) link: Link,
    pub(super) at_unix_ms: i64,
    pub(super) bytes: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Reads the row of the entry at a position: after that, it has the link, the time and the bytes.
    pub(super) fn of(seq: Seq, row: &'a Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq, link: row.get(1)?, at_unix_ms: row.get(2)?, bytes: row.get_ref(3)?.as_blob()? })
    }

    /// Decodes the entry, which must continue the chain, or says what is wrong with it.
    pub(super) fn check(&self, previous: Place) -> Result<Decoded, String> {
        let body = codec::body(self.bytes).map_err(|error| error.to_string())?;
        if codec::chain(previous.link, self.seq, body) != self.link {
            return Err("it does not follow from the entries before it".to_owned());
        }
        self.check_alone()
    }

    /// Decodes the entry, or says what is wrong with it, whatever precedes it.
    pub(super) fn check_alone(&self) -> Result<Decoded, String> {
        let decoded = codec::decode_and_check(self.bytes).map_err(|error| error.to_string())?;
        if signed(decoded.proposal.at_unix_ms) != self.at_unix_ms {
            return Err("its time is another one".to_owned());
        }
        Ok(decoded)
    }
}
