//! The rows of entries.

use super::file::signed;
use super::salts::Salts;
use super::{Damage, FileError, Place};
use parlor_protocol::codec::{self, Link};
use parlor_protocol::{Applied, LogEntry, Proposal, Seq, World};
use rusqlite::{Connection, Row, params};

/// Entries that are read in one statement. A reader that took longer would keep SQLite from using its journal again from the beginning.
const READ_MAX: i64 = 1_000;

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

/// Applies the entries after a place to a world, up to the last one that is committed, and moves the place. Each must continue the
/// chain. Returns their number.
pub(super) fn replay(
    connection: &Connection,
    world: &mut World,
    place: &mut Place,
) -> Result<u64, FileError> {
    let mut replayed = 0;
    loop {
        let count = replay_some(connection, world, place).map_err(|error| match error {
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

fn replay_some(connection: &Connection, world: &mut World, place: &mut Place) -> Result<u64, FileError> {
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
        outcomes.clear();
        *place = Place { seq, link };
        count += 1;
    }
    Ok(count)
}

/// Reads an entry, which must continue the chain, or says what is wrong with it.
fn read(previous: Place, seq: Seq, row: &Row<'_>) -> rusqlite::Result<Result<(Link, LogEntry), String>> {
    let (link, at_unix_ms): (Link, i64) = (row.get(1)?, row.get(2)?);
    let bytes = row.get_ref(3)?.as_blob()?;
    let body = match codec::body(bytes) {
        Ok(body) => body,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if codec::chain(previous.link, seq, body) != link {
        return Ok(Err("it does not follow from the entries before it".to_owned()));
    }
    Ok(match codec::decode_and_check(bytes) {
        Ok(decoded) if signed(decoded.proposal.at_unix_ms) == at_unix_ms => {
            Ok((link, decoded.proposal.committed_at(seq)))
        }
        Ok(_) => Err("its time is another one".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}
