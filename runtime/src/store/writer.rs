//! The thread that writes the log.

use super::disk::DiskThread;
use super::file::{Contents, StoreFile, is_full};
use super::log::Shared;
use super::salts::Salts;
use super::snapshot_thread::{self, SnapshotThread};
use super::snapshots::{Keeping, Snapshot};
use super::{Place, StoreError};
use crate::clock::{Clock, SystemClock};
use parlor_protocol::{Instant, LogEntry, LogRefusal, Proposal, Seq};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::Duration;
use tracing::{error, warn};

/// Milliseconds until what could not be written is tried again.
const RETRY_MS: u64 = 1_000;

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
    shared: Arc<Shared>,
}

/// Starts the threads of a log.
pub(super) fn start(
    start: Start,
    contents: Contents,
    (jobs, receiver): (Sender<Job>, Receiver<Job>),
    shared: Arc<Shared>,
) -> Result<(), StoreError> {
    let Contents { world, place, .. } = contents;
    let snapshots = SnapshotThread::start(start.file.beside()?, (world, place), jobs)?;
    let disk = DiskThread::start(start.file.beside()?)?;
    let writer = Writer {
        start,
        jobs: receiver,
        next: None,
        place,
        snapshot_at: due_after(place),
        keeping: None,
        snapshots,
        disk,
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
                Some(Job::Close) => break,
                None => {}
            }
            self.keep();
        }
        self.end();
    }

    /// Waits for the next job. Returns `None` if there is none and a snapshot is to be stored.
    fn next(&mut self) -> Option<Job> {
        if let Some(job) = self.next.take() {
            return Some(job);
        }
        if self.keeping.is_none() {
            return Some(self.jobs.recv().unwrap_or(Job::Close));
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
            match self.start.file.append(&proposals, self.place, &mut self.start.salts) {
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
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    fn until(&self, at: Instant) -> Duration {
        at.since(self.start.clock.now().mono)
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
    fn end(self) {
        let Self { start: Start { mut file, .. }, jobs, keeping, snapshots, disk, .. } = self;
        snapshots.join();
        let newest = jobs.try_iter().filter_map(|job| match job {
            Job::Keep(snapshot) => Some(Keeping::new(snapshot)),
            Job::Append(_) | Job::Close => None,
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
