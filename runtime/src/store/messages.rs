//! The rows of messages that can be read again.
//!
//! A row has no text: that is in the entry. The rows follow from the entries, so they may be written a little later, with the position
//! up to which they are complete; a start makes those that are missing.

use super::file::signed;
use super::{Damage, FileError};
use parlor_protocol::codec;
use parlor_protocol::{
    EachRow, Event, EventPlace, HistoryChange, HistoryPage, HistoryQuery, HistoryRow, HistoryRows,
    HistoryScope, Outcome, Readers, RoomId, Seq, Stamp, World,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The tables, which format 2 has added.
pub(super) const TABLES: &str = "
CREATE TABLE messages (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_unix_ms INTEGER NOT NULL,
    readers INTEGER NOT NULL,
    about BLOB NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE positions (
    name TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;
";

/// Rows that are deleted in one step. The room waits for it.
const STEP_ROWS: u32 = 500;

/// The numbers of readers in rows. They never change.
const MEMBERS: i64 = 1;
const WITNESSES: i64 = 2;

/// A change of the history of a room that is still to be written.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Added(Arc<Event>),
    Removed(RoomId, Seq),
    RoomEnded(RoomId),
}

impl From<HistoryChange<'_>> for Change {
    fn from(change: HistoryChange<'_>) -> Self {
        match change {
            HistoryChange::Added(event) => Self::Added(Arc::clone(event)),
            HistoryChange::Removed { room, line } => Self::Removed(room, line),
            HistoryChange::RoomEnded(room) => Self::RoomEnded(room),
        }
    }
}

/// Writes changes, and returns the rooms that have ended, whose rows are to be deleted.
pub(super) fn write(connection: &Connection, changes: &[Change]) -> rusqlite::Result<Vec<RoomId>> {
    let mut ended = Vec::new();
    for change in changes {
        match change {
            Change::Added(event) => insert(connection, event)?,
            Change::Removed(room, line) => remove(connection, *room, *line)?,
            Change::RoomEnded(room) => ended.push(*room),
        }
    }
    Ok(ended)
}

/// Writes the changes that follow from an entry that is replayed.
pub(super) fn replayed(connection: &Connection, outcomes: &[Outcome], world: &World) -> rusqlite::Result<()> {
    HistoryChange::of(outcomes, world).try_for_each(|change| match change {
        HistoryChange::Added(event) => insert(connection, event),
        HistoryChange::Removed { room, line } => remove(connection, room, line),
        // The rooms that are gone are found after the replay.
        HistoryChange::RoomEnded(_) => Ok(()),
    })
}

fn insert(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    let Some((room, about)) = event.remembered_in().zip(event.to_stored()) else { return Ok(()) };
    let Stamp { seq, at_unix_ms, .. } = event.stamp;
    let readers = if event.readers == Readers::Members { MEMBERS } else { WITNESSES };
    // A replay may come by here again.
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO messages (room, seq, at_unix_ms, readers, about) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![signed(room.id.0.0), signed(seq.0), signed(at_unix_ms), readers, about])?;
    Ok(())
}

/// Deletes the row of a line that was removed, and forgets its text.
fn remove(connection: &Connection, room: RoomId, line: Seq) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM messages WHERE room = ?1 AND seq = ?2")?;
    delete.execute([signed(room.0.0), signed(line.0)])?;
    let mut entry = connection.prepare_cached("SELECT bytes FROM entries WHERE seq = ?1")?;
    let bytes: Option<Vec<u8>> = entry.query_row([signed(line.0)], |row| row.get(0)).optional()?;
    // A damaged entry is found by whoever replays it.
    if let Some(forgotten) = bytes.and_then(|bytes| without_texts(bytes).ok()) {
        let mut update = connection.prepare_cached("UPDATE entries SET bytes = ?2 WHERE seq = ?1")?;
        update.execute(params![signed(line.0), forgotten])?;
    }
    Ok(())
}

/// Returns an entry without its texts.
fn without_texts(mut entry: Vec<u8>) -> Result<Vec<u8>, codec::DecodeError> {
    let texts = codec::texts(&entry)?.len() as u64;
    for text in 0..texts {
        entry = codec::forget(&entry, text)?;
    }
    Ok(entry)
}

/// Returns the position up to which the rows are complete.
pub(super) fn position(connection: &Connection) -> rusqlite::Result<Seq> {
    let seq: Option<i64> = connection
        .query_row("SELECT seq FROM positions WHERE name = 'messages'", [], |row| row.get(0))
        .optional()?;
    Ok(Seq(seq.unwrap_or_default().cast_unsigned()))
}

/// Records the position up to which the rows are complete.
pub(super) fn set_position(connection: &Connection, seq: Seq) -> rusqlite::Result<()> {
    let mut set =
        connection.prepare_cached("INSERT OR REPLACE INTO positions (name, seq) VALUES ('messages', ?1)")?;
    set.execute([signed(seq.0)]).map(drop)
}

/// Returns the rooms that have rows, and are not in the world.
pub(super) fn rooms_without(connection: &Connection, world: &World) -> rusqlite::Result<BTreeSet<RoomId>> {
    let mut rooms = BTreeSet::new();
    let mut next = connection.prepare("SELECT room FROM messages WHERE room > ?1 ORDER BY room LIMIT 1")?;
    let mut last: i64 = -1;
    while let Some(room) = next.query_row([last], |row| row.get::<_, i64>(0)).optional()? {
        let id = RoomId(Seq(room.cast_unsigned()));
        if world.room(id).is_none() {
            rooms.insert(id);
        }
        last = room;
    }
    Ok(rooms)
}

/// Deletes some of the rows of a room that has ended. Returns whether some may be left.
pub(super) fn delete_some(connection: &Connection, room: RoomId) -> rusqlite::Result<bool> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM messages WHERE room = ?1 AND seq IN (SELECT seq FROM messages WHERE room = ?1 LIMIT ?2)",
    )?;
    let deleted = delete.execute(params![signed(room.0.0), STEP_ROWS])?;
    Ok(deleted == STEP_ROWS as usize)
}

/// Reads the page that answers a question.
pub(super) fn page(
    connection: &Connection,
    query: &HistoryQuery,
    scope: &HistoryScope,
) -> Result<HistoryPage, FileError> {
    // Rows and entries of one moment.
    let transaction = connection.unchecked_transaction()?;
    let log_unix_ms = scope.log_unix_ms;
    query.page(scope, &mut Rows { connection: &transaction, room: query.room, log_unix_ms })
}

/// The rows of a room.
struct Rows<'a> {
    connection: &'a Connection,
    room: RoomId,
    log_unix_ms: u64,
}

impl Rows<'_> {
    /// Returns the position and the time of the first row at a position or after it.
    fn at(&self, seq: i64) -> rusqlite::Result<Option<(i64, u64)>> {
        let mut at = self.connection.prepare_cached(
            "SELECT seq, at_unix_ms FROM messages WHERE room = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
        )?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
        at.query_row(params![signed(self.room.0.0), seq], row).optional()
    }

    fn last(&self) -> rusqlite::Result<Option<i64>> {
        let mut last = self.connection.prepare_cached("SELECT max(seq) FROM messages WHERE room = ?1")?;
        last.query_row([signed(self.room.0.0)], |row| row.get(0))
    }

    /// Returns the event of a row.
    fn event(&self, seq: i64, at_unix_ms: i64, readers: Readers, about: &[u8]) -> Result<Event, FileError> {
        let position = Seq(seq.cast_unsigned());
        let damaged = |what: String| FileError::Damaged(Damage { seq: position, what });
        let mut entry = self.connection.prepare_cached("SELECT bytes FROM entries WHERE seq = ?1")?;
        let bytes: Vec<u8> = entry.query_row([seq], |row| row.get(0))?;
        let decoded = codec::decode(&bytes).map_err(|error| damaged(error.to_string()))?;
        let stamp =
            Stamp { log_unix_ms: self.log_unix_ms, seq: position, at_unix_ms: at_unix_ms.cast_unsigned() };
        let place = EventPlace { room: self.room, stamp, readers };
        Event::from_stored(about, place, &decoded.proposal.command)
            .map_err(|error| damaged(error.to_string()))
    }
}

impl HistoryRows for Rows<'_> {
    type Error = FileError;

    fn first_at(&mut self, unix_ms: u64) -> Result<Option<Seq>, FileError> {
        let Some(last) = self.last()? else { return Ok(None) };
        // Times ascend with positions: the first row is looked for between two positions.
        let (mut low, mut high) = (0, last);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle)? {
                Some((seq, at)) if at < unix_ms => low = seq + 1,
                _ => high = middle,
            }
        }
        Ok(self.at(low)?.filter(|&(_, at)| at >= unix_ms).map(|(seq, _)| Seq(seq.cast_unsigned())))
    }

    fn each(
        &mut self,
        positions: Range<Seq>,
        is_reversed: bool,
        each: &mut EachRow<'_, FileError>,
    ) -> Result<(), FileError> {
        let bound = |Seq(seq): Seq| i64::try_from(seq).unwrap_or(i64::MAX);
        let order = if is_reversed { "DESC" } else { "ASC" };
        let mut rows = self.connection.prepare_cached(&format!(
            "SELECT seq, at_unix_ms, readers, about FROM messages WHERE room = ?1 AND seq >= ?2 AND seq < ?3 \
             ORDER BY seq {order}"
        ))?;
        let bounds = params![signed(self.room.0.0), bound(positions.start), bound(positions.end)];
        let mut rows = rows.query(bounds)?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let readers = match row.get::<_, i64>(2)? {
                MEMBERS => Readers::Members,
                WITNESSES => Readers::Witnesses,
                // Of a later build. It is for nobody that this one knows.
                _ => Readers::Nobody,
            };
            let event = &mut || {
                let about = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
                Ok(Arc::new(self.event(seq, row.get(1)?, readers, about)?))
            };
            if !each(HistoryRow { seq: Seq(seq.cast_unsigned()), readers, event })? {
                break;
            }
        }
        Ok(())
    }
}
