//! Checking a log.

use super::directory;
use super::file::journal_of;
use super::journal::{self, Dropped};
use super::reader::{END, Reader};
use super::scan::{Finding, Scan, Visitor};
use super::{FileError, Lost, StoreError};
use parlor_protocol::Seq;
use rusqlite::Connection;

/// A log that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The number of entries that are whole.
    pub(crate) entries: u64,
    /// The position of the last one that could be read.
    pub(crate) last: Seq,
    /// The number of snapshots.
    pub(crate) snapshots: usize,
    /// Whether a server starts from it.
    pub(crate) can_start: bool,
}

/// Checks every entry, every snapshot and the file itself. `progress` is called with the position.
pub(crate) fn check(
    reader: &Reader,
    progress: &mut dyn FnMut(Seq),
    found: &mut dyn FnMut(Finding),
) -> Result<Checked, StoreError> {
    let cannot = |error| reader.error(error);
    // Before the entries are read: the server may write more meanwhile.
    let known = known_last(reader).map_err(cannot)?;
    let mut scan = Scan::new(reader);
    let mut checking = Checking { entries: 0, findings: 0, progress, found };
    scan.run(&mut checking).map_err(cannot)?;
    let first = Seq(scan.position().0 + 1);
    if known >= first {
        checking.found(Finding::Missing(Lost { first, last: Some(known).filter(|last| *last != END) }));
    }
    for what in quick_check(&reader.connection) {
        checking.found(Finding::File(what));
    }
    let Checking { entries, findings, .. } = checking;
    let mut walk = reader.walk(END);
    let can_start = findings == 0 || known < first && walk.run(END, &mut |_, _| true).is_ok();
    Ok(Checked { entries, last: scan.position(), snapshots: scan.snapshots().len(), can_start })
}

struct Checking<'a> {
    entries: u64,
    findings: u64,
    progress: &'a mut dyn FnMut(Seq),
    found: &'a mut dyn FnMut(Finding),
}

impl Visitor for Checking<'_> {
    fn entry(&mut self, seq: Seq, _: bool) {
        self.entries += 1;
        (self.progress)(seq);
    }

    fn found(&mut self, finding: Finding) {
        self.findings += 1;
        (self.found)(finding);
    }
}

/// Returns the last position of which the files beside the log tell: it was on the disk, or is in the part of the write-ahead log that the next
/// start drops. It is [`END`] if nobody knows how many entries there were.
pub(super) fn known_last(reader: &Reader) -> Result<Seq, FileError> {
    let recorded = directory::recorded(&reader.path).unwrap_or_default();
    // While a server writes it, its end says nothing.
    if directory::is_in_use(&reader.path) {
        return Ok(recorded);
    }
    match journal::read(&journal_of(&reader.path)) {
        Ok(Dropped { frames: 0, .. }) => Ok(recorded),
        Ok(Dropped { last, .. }) => Ok(recorded.max(last.min(END))),
        Err(error) => Err(FileError::Unreadable { what: error.to_string() }),
    }
}

/// Returns what SQLite finds, of what no entry and no snapshot has shown.
fn quick_check(connection: &Connection) -> Vec<String> {
    let check = || -> rusqlite::Result<Vec<String>> {
        let mut query = connection.prepare("PRAGMA quick_check(10)")?;
        query.query_map([], |row| row.get(0))?.collect()
    };
    let mut found = check().unwrap_or_else(|error| vec![error.to_string()]);
    found.retain(|line| line != "ok");
    found
}
