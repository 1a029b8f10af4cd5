//! The thread that waits for the disk, so that no commit does.
//!
//! SQLite appends what is committed to its write-ahead log, the file `log.db-wal`. Once a second this thread waits until that file is on
//! the disk; and when the file has grown, it copies it into `log.db` (a checkpoint), so that a later commit begins it anew.

use super::StoreError;
use super::file::SideConnection;
use parlor_protocol::Seq;
use std::error::Error;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing::warn;

/// With [`Sync::Second`](super::Sync::Second), the time for which the disk may not have what was committed. A sync that takes long, or
/// fails, adds to it.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// The thread, as the writer sees it.
#[derive(Debug)]
pub(super) struct DiskThread {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    tasks: Mutex<Tasks>,
    changed: Condvar,
}

/// The tasks of the thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tasks {
    /// The position of the last entry that was committed since the last sync.
    sync: Option<Seq>,
    checkpoint: bool,
    end: bool,
}

impl DiskThread {
    /// Starts the thread.
    pub(super) fn start(connection: SideConnection) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("parlor-disk".to_owned());
        let own = Arc::clone(&shared);
        let thread = thread.spawn(move || own.run(&connection)).map_err(StoreError::Thread)?;
        Ok(Self { shared, thread })
    }

    /// Wants what is committed, which is the log up to a position, on the disk within [`SYNC_INTERVAL`].
    pub(super) fn sync(&self, seq: Seq) {
        self.shared.add(|tasks| tasks.sync = Some(seq));
    }

    /// Wants the write-ahead log copied into the file, at once.
    pub(super) fn checkpoint(&self) {
        self.shared.add(|tasks| tasks.checkpoint = true);
    }

    /// Ends the thread, after a last sync.
    pub(super) fn join(self) {
        self.shared.add(|tasks| tasks.end = true);
        self.thread.join().ok();
    }
}

impl Shared {
    fn add(&self, add: impl FnOnce(&mut Tasks)) {
        let mut tasks = self.lock();
        let before = *tasks;
        add(&mut tasks);
        // A later position is no news.
        if (tasks.sync.is_some(), tasks.checkpoint, tasks.end)
            != (before.sync.is_some(), before.checkpoint, before.end)
        {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, connection: &SideConnection) {
        let mut tasks = self.lock();
        loop {
            let is_idle = |tasks: &mut Tasks| *tasks == Tasks::default();
            tasks = self.changed.wait_while(tasks, is_idle).unwrap_or_else(PoisonError::into_inner);
            // What is committed meanwhile is synced with it.
            let only_sync = |tasks: &mut Tasks| !tasks.checkpoint && !tasks.end;
            let waited = self.changed.wait_timeout_while(tasks, SYNC_INTERVAL, only_sync);
            tasks = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = mem::take(&mut *tasks);
            drop(tasks);
            let is_done = do_tasks(connection, now);
            if now.end {
                return;
            }
            tasks = self.lock();
            if !is_done {
                // The kernel may have dropped what it could not write: a checkpoint writes it to another place.
                tasks.sync = tasks.sync.or(now.sync);
                tasks.checkpoint = true;
                let wait = |tasks: &mut Tasks| !tasks.end;
                let waited = self.changed.wait_timeout_while(tasks, SYNC_INTERVAL, wait);
                tasks = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

/// Returns whether what was committed before is on the disk.
fn do_tasks(connection: &SideConnection, tasks: Tasks) -> bool {
    let try_all = || -> Result<(), Box<dyn Error>> {
        connection.sync()?;
        if tasks.checkpoint {
            connection.checkpoint()?;
        }
        if let Some(seq) = tasks.sync {
            // Only now: what is recorded and missing at the next start is damage.
            connection.record(seq)?;
        }
        Ok(())
    };
    match try_all() {
        Ok(()) => true,
        Err(error) => {
            warn!(
                event = "log_not_synced",
                "a power cut may lose what was said, for the disk has an error: {error}"
            );
            false
        }
    }
}
