//! Recovering what can be used of a damaged log.

use super::check::known_last;
use super::directory::{self, Lock};
use super::entries::READ_MAX;
use super::file::{StoreFile, signed};
use super::reader::{END, Reader};
use super::scan::{Finding, Scan, Visitor};
use super::{Damage, Lost, StoreError, messages};
use parlor_protocol::Seq;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// A log that was recovered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The number of entries that were copied.
    pub(crate) entries: u64,
    /// The position after which the copy goes on.
    pub(crate) last: Seq,
    /// The entries that are lost, with the position of the snapshot that has their effects, if there is one.
    pub(crate) lost: Vec<(Lost, Option<Seq>)>,
    /// Whether the key of the cloaks is lost: hosts get other ones.
    pub(crate) lost_keys: bool,
}

/// The parts of a log that can be used.
#[derive(Debug, Default)]
struct Plan {
    /// The entries, as ranges of positions.
    kept: Vec<(Seq, Seq)>,
    /// Whole entries after damage. They are used if a snapshot follows.
    waiting: Vec<(Seq, Seq)>,
    /// The position up to which the log can be applied.
    last: Seq,
    /// The snapshots from which it goes on after damage.
    resumed: Vec<Seq>,
    damaged_snapshots: BTreeSet<Seq>,
}

impl Visitor for Plan {
    fn entry(&mut self, seq: Seq, is_applied: bool) {
        if is_applied {
            self.last = seq;
        }
        let ranges = if is_applied { &mut self.kept } else { &mut self.waiting };
        match ranges.last_mut() {
            Some((_, last)) if last.0 + 1 == seq.0 => *last = seq,
            _ => ranges.push((seq, seq)),
        }
    }

    fn resumed(&mut self, seq: Seq) {
        self.kept.append(&mut self.waiting);
        self.resumed.push(seq);
        self.last = seq;
    }

    fn found(&mut self, finding: Finding) {
        if let Finding::Snapshot(Damage { seq, .. }) = finding {
            self.damaged_snapshots.insert(seq);
        }
    }
}

impl Plan {
    /// Returns the entries that are lost. The log has had entries up to `end` at least; it is [`END`] if nobody knows.
    fn lost(&self, end: Seq) -> Vec<(Lost, Option<Seq>)> {
        let mut lost = Vec::new();
        let mut next = Seq(1);
        for &(first, last) in self.kept.iter().chain([&(Seq(end.0 + 1), end)]) {
            if first > next {
                let range = Lost { first: next, last: Some(Seq(first.0 - 1)).filter(|last| *last != END) };
                let snapshot = self.resumed.iter().find(|seq| range.last.is_some_and(|last| last <= **seq));
                lost.push((range, snapshot.copied()));
            }
            next = Seq(last.0 + 1);
        }
        lost
    }
}

/// Copies what can be used of a log into a new directory: the entries up to the first damage; and if a snapshot after it is whole, that
/// and what follows. `progress` is called with the number of entries that were copied, and how many there are.
pub(crate) fn recover(
    reader: &Reader,
    into: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Recovered, StoreError> {
    DirBuilder::new()
        .mode(0o700)
        .create(into)
        .map_err(|error| StoreError::Backup { path: into.to_owned(), error })?;
    let known = known_last(reader).map_err(|error| reader.error(error))?;
    let (mut plan, mut scan) = (Plan::default(), Scan::new(reader));
    scan.run(&mut plan).map_err(|error| reader.error(error))?;
    let path = into.join(directory::LOG);
    let cannot = |error| StoreError::File { path: path.clone(), error };
    // Creates the tables.
    drop(StoreFile::open(&path, Lock::take(into)?).map_err(cannot)?);
    let to = Connection::open(&path).map_err(|error| cannot(error.into()))?;
    let copy = Copy { reader, to: &to, into: &path };
    let entries: u64 = plan.kept.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
    let mut done = 0;
    for &(first, last) in &plan.kept {
        let mut next = first;
        while next <= last {
            // Neither the page before the first of these entries nor that after the last one is read: they may be damaged.
            let count = (last.0 + 1 - next.0).min(READ_MAX.cast_unsigned());
            let rows = format!(
                "SELECT seq, at_unix_ms, link, bytes FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT {count}"
            );
            let Some(seq) = copy.rows(&rows, next, "INSERT INTO entries VALUES (?1, ?2, ?3, ?4)")? else {
                break;
            };
            done += seq.0 + 1 - next.0;
            next = Seq(seq.0 + 1);
            progress(done, entries);
        }
    }
    for seq in scan.snapshots() {
        if *seq <= plan.last && !plan.damaged_snapshots.contains(seq) {
            let parts = "SELECT seq, part, parts, link, bytes FROM snapshots WHERE seq = ?1";
            copy.rows(parts, *seq, "INSERT INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5)")?;
        }
    }
    if let Some(&seq) = plan.resumed.last() {
        // A start cannot make the messages before it again, whose entries do not follow from each other.
        messages::set_position(&to, seq).map_err(|error| cannot(error.into()))?;
    }
    // Without its key, a host gets another cloak, and a ban of the old one applies to nobody.
    let keys =
        copy.rows("SELECT name, key FROM keys WHERE ?1 = ?1", Seq(0), "INSERT INTO keys VALUES (?1, ?2)");
    let lost_keys = keys.is_err();
    to.close().map_err(|(_, error)| cannot(error.into()))?;
    let recovered = Reader::open(into)?;
    recovered.walk(END).run(END, &mut |_, _| true)?;
    let lost = plan.lost(known.max(scan.position()));
    Ok(Recovered { entries, last: plan.last, lost, lost_keys })
}

/// A copy from one file into another.
struct Copy<'a> {
    reader: &'a Reader,
    to: &'a Connection,
    into: &'a Path,
}

impl Copy<'_> {
    /// Copies the rows that a query with a position finds, in a transaction. Returns the first value of the last one as a position; `None` if
    /// there are none.
    fn rows(&self, query: &str, at: Seq, insert: &str) -> Result<Option<Seq>, StoreError> {
        let unreadable = |error: rusqlite::Error| self.reader.error(error.into());
        let unwritable =
            |error: rusqlite::Error| StoreError::File { path: self.into.to_owned(), error: error.into() };
        let transaction = self.to.unchecked_transaction().map_err(unwritable)?;
        let mut query = self.reader.connection.prepare_cached(query).map_err(unreadable)?;
        let columns = query.column_count();
        let mut rows = query.query([signed(at.0)]).map_err(unreadable)?;
        let mut insert = self.to.prepare_cached(insert).map_err(unwritable)?;
        let mut last = None;
        while let Some(row) = rows.next().map_err(unreadable)? {
            let values = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Value>>>();
            let values = values.map_err(unreadable)?;
            if let Some(Value::Integer(seq)) = values.first() {
                last = Some(Seq(seq.cast_unsigned()));
            }
            insert.execute(params_from_iter(values)).map_err(unwritable)?;
        }
        drop(insert);
        transaction.commit().map_err(unwritable)?;
        Ok(last)
    }
}
