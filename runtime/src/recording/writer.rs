//! Writing a recording: a file, and a thread that writes to it.

use super::blocks::{Chain, first_line};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Maximum number of bytes that wait to be written. If the disk is that far behind, the recording ends: the server waits for
/// nothing.
pub(super) const RECORDING_BUFFER_BYTES: usize = 16 << 20;

/// The time for which records are collected before they are written.
const COLLECT: Duration = Duration::from_millis(100);

/// The reason why a recording ended before the server.
#[derive(Debug)]
pub enum RecordingError {
    /// The disk did not keep up.
    Behind,
    /// A password was given that was not recognised before. It may be in the last bytes that were written.
    Password,
    /// The file cannot be written.
    Write(io::Error),
}

/// The file of a recording, and the thread that writes to it.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whole records that are not written yet.
    waiting: Vec<u8>,
    is_closed: bool,
    error: Option<RecordingError>,
}

/// Creates the file, which must not exist: it could be another recording. Only its owner may read it.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(first_line().as_bytes())?;
    Ok(file)
}

impl Writer {
    /// Writes the header, and starts the thread.
    pub(super) fn start(mut file: File, header: &[u8]) -> io::Result<Self> {
        let mut chain = Chain::new();
        write_block(&mut file, &mut chain, header)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let run = move || theirs.write_all(&mut file, &mut chain);
        let thread = thread::Builder::new().name("parlor-record".to_owned()).spawn(run)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands whole records over, and empties `records`.
    pub(super) fn hand_over(&self, records: &mut Vec<u8>) -> Result<(), RecordingError> {
        let mut state = self.shared.lock();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.waiting.len() + records.len() > RECORDING_BUFFER_BYTES {
            return Err(RecordingError::Behind);
        }
        let was_empty = state.waiting.is_empty();
        state.waiting.append(records);
        drop(state);
        if was_empty {
            self.shared.changed.notify_one();
        }
        Ok(())
    }
}

impl Drop for Writer {
    /// Waits until everything that was handed over is written, also when the server has panicked: then its last call is what
    /// matters.
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is handed over until the writer is dropped.
    fn write_all(&self, file: &mut File, chain: &mut Chain) {
        loop {
            let waits = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
            let state = self.changed.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            // A block for every tick would wake this thread as often.
            let until_closed = |state: &mut State| !state.is_closed;
            let waited = self.changed.wait_timeout_while(state, COLLECT, until_closed);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let (block, is_closed) = (mem::take(&mut state.waiting), state.is_closed);
            drop(state);
            if !block.is_empty()
                && let Err(error) = write_block(file, chain, &block)
            {
                self.lock().error = Some(RecordingError::Write(error));
                return;
            }
            if is_closed {
                return;
            }
        }
    }
}

fn write_block(file: &mut File, chain: &mut Chain, block: &[u8]) -> io::Result<()> {
    let head = chain.head(block);
    // In one write, so that a process that is killed leaves no half of a block, as a rule.
    file.write_all(&[&head, block].concat())
}
