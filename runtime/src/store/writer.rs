//! The thread that writes the log.

use super::disk::DiskThread;
use super::file::{Contents, StoreFile, is_full};
use super::history_thread::{HistoryQuestion, HistoryThread};
use super::log::Shared;
use super::salts::Salts;
use super::snapshot_thread::{self, SnapshotThread};
use super::snapshots::{Keeping, Snapshot};
use super::unwritten::Unwritten;
use super::{Place, StoreError};
use crate::clock::{Clock, SystemClock};
use parlor_protocol::{HistoryPage, Instant, LogEntry, LogRefusal, Proposal, Seq};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::Duration;
use tracing::{error, warn};

/// Milliseconds until what could not be written is tried again.
const RETRY_MS: u64 = 1_000;

/// The time after which changes of histories are written that no entries follow.
const MESSAGES_WAIT: Duration = Duration::from_millis(100);

/// Number of proposals after which a transaction takes no more batches.
const TRANSACTION_MAX: usize = 10_000;

/// A task of the writer. The queue of tasks has at most one snapshot, and proposals without an answer: each once, and once more for each time
/// that the log has stood still. The core limits them (`Limits::proposals_max`, and one `Leave` for each member).
#[derive(Debug)]
pub(super) enum Job {
    /// Write proposals.
    Append(Vec<Proposal>),
    /// Write what is left, and end.
    Close,
    /// Store a snapshot.
    Keep(Snapshot),
    /// Write what is left of histories, and have a part of one read.
    Read(HistoryQuestion),
}

/// The parts of a writer at its start.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) file: StoreFile,
    pub(super) salts: Salts,
    pub(super) clock: SystemClock,
}

struct Writer {
    start: Start,
    jobs: Receiver<Job>,
    /// A job that came behind the proposals of a transaction.
    next: Option<Job>,
    /// The place of the last entry.
    place: Place,
    /// The position from which a snapshot is due.
    snapshot_at: Seq,
    keeping: Option<Keeping>,
    snapshots: SnapshotThread,
    disk: DiskThread,
    histories: HistoryThread,
    /// Changes of histories that are still to be written.
    unwritten: Unwritten,
    /// Whether entries were written whose changes of histories may still come.
    expects_changes: bool,
    shared: Arc<Shared>,
}

/// Starts the threads of a log.
pub(super) fn start(
    start: Start,
    contents: Contents,
    (jobs, receiver): (Sender<Job>, Receiver<Job>),
    shared: Arc<Shared>,
) -> Result<(), StoreError> {
    let Contents { world, place, ended_rooms, .. } = contents;
    let snapshots = SnapshotThread::start(start.file.beside()?, (world, place), jobs)?;
    let disk = DiskThread::start(start.file.beside()?)?;
    let histories = HistoryThread::start(start.file.beside()?, Arc::clone(&shared))?;
    let writer = Writer {
        start,
        jobs: receiver,
        next: None,
        place,
        snapshot_at: due_after(place),
        keeping: None,
        snapshots,
        disk,
        histories,
        unwritten: Unwritten::new(ended_rooms),
        expects_changes: false,
        shared: Arc::clone(&shared),
    };
    let run = move || {
        // If the thread panics, the log takes nothing more, and nobody is told that it did.
        let ended = Ended(shared);
        writer.run();
        drop(ended);
    };
    let thread = thread::Builder::new().name("parlor-log".to_owned());
    thread.spawn(run).map_err(StoreError::Thread)?;
    Ok(())
}

/// Returns the position from which a snapshot is due, if the last one was made at a place.
const fn due_after(place: Place) -> Seq {
    Seq(place.seq.0 + snapshot_thread::ENTRIES_MAX)
}

/// Tells the driver that the writer has ended, when it is dropped.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.refused(LogRefusal::Failed);
        }
        self.0.closed();
    }
}

impl Writer {
    fn run(mut self) {
        loop {
            match self.next() {
                Some(Job::Append(proposals)) => {
                    let proposals = self.gather(proposals);
                    if !self.append(proposals) {
                        break;
                    }
                }
                Some(Job::Keep(snapshot)) => self.keeping = Some(Keeping::new(snapshot)),
                Some(Job::Read(question)) => self.read(question),
                Some(Job::Close) => break,
                None if self.expects_changes => {
                    self.expects_changes = false;
                    self.write_messages();
                }
                None => {}
            }
            self.keep();
            self.delete_messages();
        }
        self.end();
    }

    /// Waits for the next job. Returns `None` if there is none and something else is to be written.
    fn next(&mut self) -> Option<Job> {
        if let Some(job) = self.next.take() {
            return Some(job);
        }
        if self.keeping.is_none() && self.unwritten.ended_room().is_none() {
            if !self.expects_changes {
                return Some(self.jobs.recv().unwrap_or(Job::Close));
            }
            return match self.jobs.recv_timeout(MESSAGES_WAIT) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Job::Close),
            };
        }
        match self.jobs.try_recv() {
            Ok(job) => Some(job),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Job::Close),
        }
    }

    /// Adds the proposals of the batches that have come meanwhile.
    fn gather(&mut self, mut proposals: Vec<Proposal>) -> Vec<Proposal> {
        while proposals.len() < TRANSACTION_MAX {
            match self.jobs.try_recv() {
                Ok(Job::Append(more)) => proposals.extend(more),
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        proposals
    }

    /// Writes proposals as the next entries, and tells the driver. If that fails, it is tried until it succeeds or the log is closed.
    /// Returns whether it succeeds.
    fn append(&mut self, proposals: Vec<Proposal>) -> bool {
        let place = loop {
            self.shared.take_changes(&mut self.unwritten);
            let Start { file, salts, .. } = &mut self.start;
            match file.append(&proposals, self.place, salts, &mut self.unwritten) {
                Ok(place) => break place,
                Err(error) => {
                    if !self.refuse(&error) {
                        return false;
                    }
                }
            }
        };
        let first = self.place.seq.0 + 1;
        let entries: Vec<LogEntry> =
            (first..).map(Seq).zip(proposals).map(|(seq, proposal)| proposal.committed_at(seq)).collect();
        self.place = place;
        self.expects_changes = true;
        self.shared.committed(entries);
        self.disk.sync(self.place.seq);
        if self.start.file.limit_journal() {
            self.disk.checkpoint();
        }
        if self.place.seq >= self.snapshot_at && self.keeping.is_none() {
            self.snapshot_at = due_after(self.place);
            self.snapshots.ask();
        }
        true
    }

    /// Tells the driver that the log cannot be written, and waits until it is time to try again. Proposals that come meanwhile are
    /// dropped: the core proposes them again when the log is running again. Returns whether it is not the last time: the log may
    /// have been closed.
    fn refuse(&mut self, error: &rusqlite::Error) -> bool {
        if matches!(self.next, Some(Job::Close)) {
            return false;
        }
        let refusal = if is_full(error) { LogRefusal::Full } else { LogRefusal::Failed };
        error!(event = "log_not_written", "the log cannot be written, and it is tried again: {error}");
        self.shared.refused(refusal);
        let retry_at = self.start.clock.now().mono.plus_ms(RETRY_MS);
        loop {
            let job = match self.next.take() {
                Some(job) => Ok(job),
                None => self.jobs.recv_timeout(self.until(retry_at)),
            };
            match job {
                Ok(Job::Append(_)) => {}
                Ok(Job::Close) | Err(RecvTimeoutError::Disconnected) => {
                    self.next = Some(Job::Close);
                    return true;
                }
                Ok(Job::Keep(snapshot)) => self.keeping = Some(Keeping::new(snapshot)),
                Ok(Job::Read(HistoryQuestion { conn, .. })) => {
                    self.shared.read(conn, HistoryPage { is_failed: true, ..HistoryPage::default() });
                }
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    fn until(&self, at: Instant) -> Duration {
        at.since(self.start.clock.now().mono)
    }

    /// Has a part of a history read, when everything is written that it has to have.
    fn read(&mut self, question: HistoryQuestion) {
        if self.write_messages() {
            self.histories.ask(question);
        } else {
            self.shared.read(question.conn, HistoryPage { is_failed: true, ..HistoryPage::default() });
        }
    }

    /// Writes what is left to be written of histories. If that fails, it is tried with the next entries. Returns whether nothing is
    /// left.
    fn write_messages(&mut self) -> bool {
        self.shared.take_changes(&mut self.unwritten);
        if !self.unwritten.is_behind() {
            return true;
        }
        let written = self.start.file.write_messages(&mut self.unwritten);
        written.inspect_err(|error| warn!(event = "messages_not_written", "{error}")).is_ok()
    }

    /// Deletes some messages of a room that has ended, if there is one. If that fails, the next start tries it again.
    fn delete_messages(&mut self) {
        let Some(room) = self.unwritten.ended_room() else { return };
        match self.start.file.delete_messages(room) {
            Ok(true) => {}
            Ok(false) => self.unwritten.deleted(room),
            Err(error) => {
                warn!(event = "messages_not_deleted", "messages of a room that has ended are left: {error}");
                self.unwritten.deleted(room);
            }
        }
    }

    /// Stores a part of the snapshot, if there is one.
    fn keep(&mut self) {
        if let Some(keeping) = &mut self.keeping
            && !store_part(&mut self.start.file, keeping)
        {
            self.keeping = None;
        }
    }

    /// Ends the other threads, stores the last snapshot, and waits for the disk.
    fn end(mut self) {
        self.write_messages();
        let Self { start: Start { mut file, .. }, jobs, keeping, snapshots, disk, histories, .. } = self;
        histories.join();
        snapshots.join();
        let newest = jobs.try_iter().filter_map(|job| match job {
            Job::Keep(snapshot) => Some(Keeping::new(snapshot)),
            Job::Append(_) | Job::Close | Job::Read(_) => None,
        });
        if let Some(mut keeping) = newest.last().or(keeping) {
            while store_part(&mut file, &mut keeping) {}
        }
        disk.join();
    }
}

/// Stores a part of a snapshot. Without it, the next start replays more entries. Returns whether something is left to be done.
fn store_part(file: &mut StoreFile, keeping: &mut Keeping) -> bool {
    file.keep(keeping).unwrap_or_else(|error| {
        warn!(event = "snapshot_not_written", "a snapshot could not be written: {error}");
        false
    })
}
