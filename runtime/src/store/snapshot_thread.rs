//! The thread that makes snapshots, of a world of its own.
//!
//! It reads the entries from the file, with a connection of its own. So it may be as late as it likes: nothing is kept for it, and what
//! the disk has is checked on the way.

use super::entries;
use super::file::SideConnection;
use super::salts::Salts;
use super::snapshots::Snapshot;
use super::writer::Job;
use super::{Place, StoreError};
use parlor_protocol::World;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use tracing::error;

/// Number of entries after which a snapshot is made. A start replays about as many.
pub(super) const ENTRIES_MAX: u64 = 10_000;

/// The thread, as the writer sees it.
#[derive(Debug)]
pub(super) struct SnapshotThread {
    due: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl SnapshotThread {
    /// Starts the thread, which gives its snapshots to the writer.
    pub(super) fn start(
        reader: SideConnection,
        (world, place): (World, Place),
        jobs: Sender<Job>,
    ) -> Result<Self, StoreError> {
        let salts = Salts::draw().map_err(|_| StoreError::NoRandomNumbers)?;
        // One snapshot is asked for at a time.
        let (due, receiver) = sync_channel(1);
        let thread = thread::Builder::new().name("parlor-snapshot".to_owned());
        let maker = Maker { reader, world, place, salts, jobs };
        let thread = thread.spawn(move || maker.run(&receiver)).map_err(StoreError::Thread)?;
        Ok(Self { due, thread })
    }

    /// Asks for a snapshot. If one is being made already, it will be of a later entry.
    pub(super) fn ask(&self) {
        self.due.try_send(()).ok();
    }

    /// Waits until the thread has made a last snapshot, so that a start after a clean end has nothing to replay.
    pub(super) fn join(self) {
        drop(self.due);
        // If it has panicked, which is a bug, the next start replays more.
        self.thread.join().ok();
    }
}

struct Maker {
    reader: SideConnection,
    world: World,
    place: Place,
    salts: Salts,
    jobs: Sender<Job>,
}

impl Maker {
    fn run(mut self, due: &Receiver<()>) {
        while due.recv().is_ok() {
            if !self.make() {
                return;
            }
        }
        self.make();
    }

    /// Makes a snapshot of the last entry, if there is one since the last snapshot. Returns whether the log can be read.
    fn make(&mut self) -> bool {
        match entries::replay(self.reader.get(), &mut self.world, &mut self.place, |_, _| Ok(())) {
            Ok(0) => {}
            Ok(_) => {
                let bytes = self.world.snapshot(&mut || self.salts.next());
                // If the writer has ended, nobody needs it.
                self.jobs.send(Job::Keep(Snapshot { place: self.place, bytes })).ok();
            }
            Err(error) => {
                let error = self.reader.error(error);
                error!(event = "log_unreadable", "what was written cannot be read back: {error}");
                return false;
            }
        }
        true
    }
}
