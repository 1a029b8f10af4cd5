//! Reading a log that may be damaged, to its end.

use super::entries::{READ_MAX, Raw};
use super::file::signed;
use super::reader::{Reader, position};
use super::{Damage, FileError, Lost, Place, snapshots};
use parlor_protocol::codec::{FIRST_LINK, Link};
use parlor_protocol::{Applied, LogEntry, Outcome, Seq, World};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;

/// Positions that are tried one by one after a part of the file that cannot be read.
const PROBES_MAX: u64 = 50_000;

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An entry is damaged.
    Entry(Damage),
    /// The file is damaged in another place. The damage is in English.
    File(String),
    /// Entries are not there.
    Missing(Lost),
    /// A snapshot is damaged, or is not what the entries result in.
    Snapshot(Damage),
    /// Entries cannot be read.
    Unreadable {
        /// The entries.
        entries: Lost,
        /// The error, in English.
        what: String,
    },
}

/// A receiver of what is read.
pub(super) trait Visitor {
    /// Receives the position of an entry that is whole. The log can be applied up to it if `is_applied`.
    fn entry(&mut self, seq: Seq, is_applied: bool);

    /// Receives the position of a snapshot from which the log goes on after damage.
    fn resumed(&mut self, _seq: Seq) {}

    /// Receives something that is wrong.
    fn found(&mut self, finding: Finding);
}

/// A reader that goes on after damage.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    reader: &'a Reader,
    /// Positions of the snapshots that have all their parts.
    snapshots: BTreeSet<Seq>,
    /// The position of the last row.
    seq: Seq,
    /// The link that the next entry continues; `None` if nobody knows it.
    link: Option<Link>,
    /// The position that was read after the last one that could not be.
    resumed: Seq,
    /// The state after the last row; `None` if nobody knows it.
    world: Option<World>,
    outcomes: Vec<Outcome>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(reader: &'a Reader) -> Self {
        // Without them, the entries are still there.
        let snapshots = snapshots::whole(&reader.connection).unwrap_or_default().into_iter().collect();
        Self {
            reader,
            snapshots,
            seq: Seq(0),
            link: Some(FIRST_LINK),
            resumed: Seq(0),
            world: Some(World::new()),
            outcomes: Vec::new(),
        }
    }

    /// Returns the position of the last row that was read.
    pub(super) const fn position(&self) -> Seq {
        self.seq
    }

    /// Returns the positions of the snapshots that have all their parts.
    pub(super) const fn snapshots(&self) -> &BTreeSet<Seq> {
        &self.snapshots
    }

    /// Reads all rows.
    pub(super) fn run(&mut self, visitor: &mut impl Visitor) -> Result<(), FileError> {
        loop {
            match self.read_some(visitor) {
                Ok(false) => break,
                Ok(true) => {}
                Err(FileError::Unreadable { what }) => {
                    if !self.skip(what, visitor)? {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        // A snapshot after the last entry tells of entries that were there.
        if let Some(&newest) = self.snapshots.last()
            && newest > self.seq
        {
            self.pass(Seq(newest.0 + 1), visitor);
        }
        Ok(())
    }

    /// Reads some rows. Returns whether there may be more.
    fn read_some(&mut self, visitor: &mut impl Visitor) -> Result<bool, FileError> {
        let mut query = self.reader.connection.prepare_cached(
            "SELECT seq, link, at_unix_ms, bytes FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
        )?;
        // Not with the position before it: SQLite would begin with the page of that one, which may be the damaged one.
        let mut rows = query.query(params![signed(self.seq.0 + 1), READ_MAX])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            any = true;
            let seq = position(row.get(0)?);
            self.pass(seq, visitor);
            // A value of another type is damage of this entry alone.
            let raw = Raw::of(seq, row).map_err(|error| error.to_string());
            match raw.and_then(|raw| Ok((raw.link, self.check(&raw)?))) {
                Ok((link, entry)) => {
                    self.link = Some(link);
                    let is_applied = self.apply(&entry, visitor);
                    visitor.entry(seq, is_applied);
                }
                Err(what) => {
                    // What follows is compared with what stands here, so that it is not damaged for that alone.
                    self.link = row.get(1).ok();
                    self.world = None;
                    visitor.found(Finding::Entry(Damage { seq, what }));
                }
            }
            self.seq = seq;
            self.compare(visitor);
        }
        Ok(any)
    }

    /// Passes over the positions before one, where no rows are.
    fn pass(&mut self, next: Seq, visitor: &mut impl Visitor) {
        let (first, last) = (Seq(self.seq.0 + 1), Seq(next.0 - 1));
        if first > last {
            return;
        }
        visitor.found(Finding::Missing(Lost { first, last: Some(last) }));
        (self.seq, self.link, self.world) = (last, None, None);
        self.compare(visitor);
    }

    /// Passes over positions that cannot be read. Returns whether there are rows behind them.
    fn skip(&mut self, what: String, visitor: &mut impl Visitor) -> Result<bool, FileError> {
        let first = Seq(self.seq.0 + 1);
        let mut one = self.reader.connection.prepare_cached("SELECT bytes FROM entries WHERE seq = ?1")?;
        let mut readable = |seq: u64| {
            let row = one.query_row([signed(seq)], |row| row.get_ref(0).map(drop)).optional();
            matches!(row, Ok(Some(())))
        };
        // A row that can be read alone, but not with those that follow, is not tried twice.
        let start = if self.resumed == first { first.0 + 1 } else { first.0 };
        let next = (start..start + PROBES_MAX).find(|&seq| readable(seq));
        let last = next.map(|next| Seq(next - 1));
        self.resumed = Seq(next.unwrap_or_default());
        if last.is_none_or(|last| last >= first) {
            visitor.found(Finding::Unreadable { entries: Lost { first, last }, what });
        }
        (self.link, self.world) = (None, None);
        if let Some(last) = last {
            self.seq = last;
            self.compare(visitor);
        }
        Ok(last.is_some())
    }

    /// Decodes an entry, or says what is wrong with it.
    fn check(&self, raw: &Raw<'_>) -> Result<LogEntry, String> {
        let before = |link| Place { seq: self.seq, link };
        let decoded = match self.link {
            Some(link) => raw.check(before(link))?,
            None => raw.check_alone()?,
        };
        Ok(decoded.proposal.committed_at(raw.seq))
    }

    /// Applies an entry, if the state before it is known. Returns whether it is.
    fn apply(&mut self, entry: &LogEntry, visitor: &mut impl Visitor) -> bool {
        let Some(world) = &mut self.world else { return false };
        let applied = world.apply(entry, &mut self.outcomes);
        self.outcomes.clear();
        if applied == Applied::Before {
            let what = format!("entry {} comes before it", world.position().0);
            visitor.found(Finding::Entry(Damage { seq: entry.seq, what }));
            self.world = None;
        }
        self.world.is_some()
    }

    /// Compares the state with the snapshot at this position, if there is one; or goes on with that snapshot.
    fn compare(&mut self, visitor: &mut impl Visitor) {
        if !self.snapshots.contains(&self.seq) {
            return;
        }
        let mut damaged = |what| visitor.found(Finding::Snapshot(Damage { seq: self.seq, what }));
        let (world, place) = match snapshots::restore_alone(&self.reader.connection, self.seq) {
            Ok(restored) => restored,
            Err(what) => return damaged(what),
        };
        match (&self.world, self.link) {
            (Some(_), Some(link)) if link != place.link => {
                damaged("it is the snapshot of another log".to_owned());
            }
            (Some(own), _) if own.digest() != world.digest() => {
                damaged("it is not the state in which the entries result".to_owned());
            }
            (Some(_), _) => {}
            (None, _) => {
                (self.world, self.link) = (Some(world), Some(place.link));
                visitor.resumed(self.seq);
            }
        }
    }
}
