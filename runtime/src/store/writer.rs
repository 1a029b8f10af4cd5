//! The thread that writes the log.

use super::file::{StoreFile, StoredEntry, StoredSnapshot, is_full};
use super::log::Shared;
use super::salts::Salts;
use super::snapshots::{self, Commit};
use super::{Place, StoreError, Sync};
use crate::clock::{Clock, SystemClock};
use parlor_protocol::codec;
use parlor_protocol::{Instant, LogRefusal, LogState, Proposal, Seq, World};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing::{error, warn};

/// Milliseconds until what could not be written is tried again.
const RETRY_MS: u64 = 1_000;

/// With [`Sync::Second`], milliseconds for which the disk may not have what was committed.
const SYNC_MS: u64 = 1_000;

/// Number of proposals after which a transaction takes no more batches.
const TRANSACTION_MAX: usize = 10_000;

/// A task of the writer.
#[derive(Debug)]
pub(super) enum Job {
    /// Write proposals.
    Append(Vec<Proposal>),
    /// Write what is left, and end.
    Close,
    /// Write a snapshot.
    Keep(StoredSnapshot),
}

/// The parts of a writer at its start.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) file: StoreFile,
    pub(super) salts: Salts,
    pub(super) sync: Sync,
    pub(super) clock: SystemClock,
    pub(super) loaded: Place,
}

struct Writer {
    start: Start,
    jobs: Receiver<Job>,
    /// Jobs that came while an earlier one could not be done.
    waiting: VecDeque<Job>,
    /// The place of the last entry.
    place: Place,
    commits: Sender<Commit>,
    shared: Arc<Shared>,
    /// The time at which what is committed must be on the disk.
    sync_at: Option<Instant>,
}

/// Starts the threads of a log.
pub(super) fn start(
    start: Start,
    world: World,
    (jobs, receiver): (Sender<Job>, Receiver<Job>),
    shared: Arc<Shared>,
) -> Result<(), StoreError> {
    let salts = Salts::draw().map_err(|_| StoreError::NoRandomNumbers)?;
    let (commits, snapshots) = snapshots::start(world, salts, jobs)?;
    let place = start.loaded;
    let waiting = VecDeque::new();
    let writer =
        Writer { start, jobs: receiver, waiting, place, commits, shared: Arc::clone(&shared), sync_at: None };
    let run = move || {
        // If the thread panics, the log takes nothing more, and nobody is told that it did.
        let ended = Ended(shared);
        writer.run(snapshots);
        drop(ended);
    };
    let thread = thread::Builder::new().name("parlor-log".to_owned());
    thread.spawn(run).map_err(StoreError::Thread)?;
    Ok(())
}

/// Tells the driver that the writer has ended, when it is dropped.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state(LogState::Refusing(LogRefusal::Failed));
        }
        self.0.closed();
    }
}

/// Writes a snapshot. Without it, the next start replays more entries.
fn keep(file: &mut StoreFile, snapshot: &StoredSnapshot) {
    if let Err(error) = file.keep_snapshot(snapshot) {
        warn!(event = "snapshot_not_written", "a snapshot could not be written: {error}");
    }
}

impl Writer {
    fn run(mut self, snapshots: JoinHandle<()>) {
        loop {
            match self.next() {
                Job::Append(proposals) => {
                    let proposals = self.gather(proposals);
                    if !self.append(proposals) {
                        break;
                    }
                }
                Job::Keep(snapshot) => keep(&mut self.start.file, &snapshot),
                Job::Close => break,
            }
        }
        self.sync();
        // Without commits, the other thread makes its last snapshot, and ends.
        let Self { start: Start { mut file, .. }, jobs, commits, .. } = self;
        drop(commits);
        if snapshots.join().is_ok() {
            for job in jobs.try_iter() {
                if let Job::Keep(snapshot) = job {
                    keep(&mut file, &snapshot);
                }
            }
        }
    }

    /// Waits for the next job. Syncs meanwhile, if it is time.
    fn next(&mut self) -> Job {
        if let Some(job) = self.waiting.pop_front() {
            return job;
        }
        if let Some(at) = self.sync_at {
            match self.jobs.recv_timeout(self.until(at)) {
                Ok(job) => return job,
                Err(RecvTimeoutError::Disconnected) => return Job::Close,
                Err(RecvTimeoutError::Timeout) => self.sync(),
            }
        }
        self.jobs.recv().unwrap_or(Job::Close)
    }

    fn until(&self, at: Instant) -> Duration {
        at.since(self.start.clock.now().mono)
    }

    /// Adds the proposals of the batches that have come meanwhile.
    fn gather(&mut self, mut proposals: Vec<Proposal>) -> Vec<Proposal> {
        while proposals.len() < TRANSACTION_MAX {
            match self.waiting.pop_front().or_else(|| self.jobs.try_recv().ok()) {
                Some(Job::Append(more)) => proposals.extend(more),
                Some(other) => {
                    self.waiting.push_front(other);
                    break;
                }
                None => break,
            }
        }
        proposals
    }

    /// Writes proposals as the next entries, and tells the driver. Returns whether they could be written before the log was closed.
    fn append(&mut self, proposals: Vec<Proposal>) -> bool {
        let count = proposals.len();
        let (mut entries, mut stored) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut place = self.place;
        for proposal in proposals {
            let bytes = codec::encode(&proposal, &mut || self.start.salts.next());
            let body = codec::body(&bytes).expect("bytes that were encoded can be read");
            let seq = Seq(place.seq.0 + 1);
            place = Place { seq, link: codec::chain(place.link, seq, body) };
            stored.push(StoredEntry { seq, at_unix_ms: proposal.at_unix_ms, link: place.link, bytes });
            entries.push(proposal.committed_at(seq));
        }
        if !self.write(&stored) {
            return false;
        }
        self.place = place;
        // If that thread has ended, which is a bug, no more snapshots are made.
        self.commits.send(Commit { entries: entries.clone(), link: place.link }).ok();
        self.shared.committed(entries);
        true
    }

    /// Writes entries in a transaction. If that fails, it is tried until it succeeds or the log is closed: the proposals of a life have
    /// numbers, so none can be left out. Returns whether they are written.
    fn write(&mut self, entries: &[StoredEntry]) -> bool {
        let syncs = self.start.sync == Sync::Always;
        loop {
            match self.start.file.append(entries, syncs) {
                Ok(()) => break,
                Err(error) => self.refuse(&error),
            }
            let retry_at = self.start.clock.now().mono.plus_ms(RETRY_MS);
            loop {
                match self.jobs.recv_timeout(self.until(retry_at)) {
                    Ok(Job::Close) | Err(RecvTimeoutError::Disconnected) => {
                        return self.start.file.append(entries, true).is_ok();
                    }
                    Ok(job) => self.waiting.push_back(job),
                    Err(RecvTimeoutError::Timeout) => break,
                }
            }
        }
        if !syncs {
            let at = self.start.clock.now().mono.plus_ms(SYNC_MS);
            self.sync_at.get_or_insert(at);
        }
        true
    }

    /// Tells the driver that the log cannot be written.
    fn refuse(&self, error: &rusqlite::Error) {
        let refusal = if is_full(error) { LogRefusal::Full } else { LogRefusal::Failed };
        error!(event = "log_not_written", "the log cannot be written, and it is tried again: {error}");
        self.shared.state(LogState::Refusing(refusal));
    }

    /// Waits until everything that is committed is on the disk.
    fn sync(&mut self) {
        if self.sync_at.take().is_some()
            && let Err(error) = self.start.file.sync(self.place.seq)
        {
            // What is written next waits for the disk again, and reports an error that stays.
            warn!(event = "log_not_synced", "the log is written, but may not be on the disk: {error}");
            self.sync_at = Some(self.start.clock.now().mono.plus_ms(SYNC_MS));
        }
    }
}
