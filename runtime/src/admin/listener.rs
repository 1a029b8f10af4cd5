//! The side of the server.

use super::{CONNECTIONS_MAX, SOCKET, TIMEOUT, line, status};
use crate::clock::SystemClock;
use crate::driver::{Control, Counts};
use crate::store::{self, Reader};
use parlor_protocol::Language;
use serde_json::json;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::sleep;

/// Updates of a backup that wait for the client. One that finds no room is left out.
const UPDATES_MAX: usize = 1;

/// The parts of a server that answer.
#[derive(Debug)]
pub(crate) struct Server {
    /// The data directory.
    pub(crate) directory: PathBuf,
    pub(crate) clock: SystemClock,
    pub(crate) controls: mpsc::Sender<Control>,
    /// The counts, after [`Control::Measure`].
    pub(crate) counts: watch::Receiver<Option<Counts>>,
}

/// The thread that serves the socket. When this is dropped, it ends: a backup that is being made is given up.
#[derive(Debug)]
pub(crate) struct Admin {
    socket: PathBuf,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// An update of a backup.
enum Update {
    Done(Result<(), String>),
    Progress { done: u64, of: u64 },
}

impl Admin {
    /// Starts to serve the socket in the directory of a server. The caller holds the lock on the directory, so a socket there is one that a
    /// killed server has left.
    pub(crate) fn start(server: Server) -> io::Result<Self> {
        let socket = server.directory.join(SOCKET);
        let listener = listen(&socket)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let run = move || {
            let backups = Arc::new(Backups::default());
            let of_tasks = Arc::clone(&backups);
            runtime.spawn(async move { accept(listener, Arc::new(server), of_tasks).await });
            runtime.block_on(stopped.notified());
            // The updates of a backup have no receiver any more, so it ends.
            drop(runtime);
            backups.join();
        };
        let thread = thread::Builder::new().name("parlor-admin".to_owned()).spawn(run)?;
        Ok(Self { socket, stop, thread: Some(thread) })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        fs::remove_file(&self.socket).ok();
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn listen(socket: &Path) -> io::Result<StdListener> {
    if socket.symlink_metadata().is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(socket)?;
    }
    // Only the owner can look into the directory, so nobody connects before the permissions are set.
    let listener = StdListener::bind(socket)?;
    fs::set_permissions(socket, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn accept(listener: StdListener, server: Arc<Server>, backups: Arc<Backups>) {
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process is out of file descriptors.
            sleep(TIMEOUT).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            // It is told without waiting.
            stream.try_write(b"{\"error\":\"too many connections\"}\n").ok();
            continue;
        };
        let (server, backups) = (Arc::clone(&server), Arc::clone(&backups));
        tokio::spawn(async move {
            // If the client is gone, nobody needs the answer.
            answer(&stream, &server, &backups).await.ok();
            drop(place);
        });
    }
}

async fn answer(stream: &UnixStream, server: &Server, backups: &Backups) -> io::Result<()> {
    let request = match line::read(stream).await {
        Ok(request) => request,
        Err(error) => return line::write(stream, &json!({ "error": error })).await,
    };
    match request.split_once(' ').unwrap_or((&request, "")) {
        ("status", "") => {
            let object = status::of(server).await;
            line::write(stream, &object.unwrap_or_else(|error| json!({ "error": error }))).await
        }
        ("backup", file) if Path::new(file).is_absolute() => back_up(stream, server, backups, file).await,
        _ => line::write(stream, &json!({ "error": "unknown request" })).await,
    }
}

async fn back_up(stream: &UnixStream, server: &Server, backups: &Backups, file: &str) -> io::Result<()> {
    let (to, mut updates) = mpsc::channel(UPDATES_MAX);
    if let Err(error) = backups.start(server.directory.clone(), file.into(), to) {
        return line::write(stream, &json!({ "error": error })).await;
    }
    let mut last = 0;
    while let Some(update) = updates.recv().await {
        let object = match update {
            Update::Done(Ok(())) => json!({ "done": last, "of": last, "backup": file }),
            Update::Done(Err(error)) => json!({ "error": error }),
            Update::Progress { done, of } => {
                last = of;
                json!({ "done": done, "of": of })
            }
        };
        line::write(stream, &object).await?;
    }
    Ok(())
}

/// The backup that is being made. There is one at a time.
#[derive(Debug, Default)]
struct Backups {
    is_busy: Arc<AtomicBool>,
    /// The thread of the last one.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Backups {
    /// Starts a backup. The error is a text.
    fn start(&self, directory: PathBuf, file: PathBuf, to: mpsc::Sender<Update>) -> Result<(), String> {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Err("another backup is being made".to_owned());
        }
        let is_busy = Arc::clone(&self.is_busy);
        let run = move || {
            let made = Reader::open(&directory).and_then(|reader| {
                store::backup(&reader, &file, &mut |done, of| {
                    // Without a receiver, the client is gone, or the server stops.
                    !matches!(
                        to.try_send(Update::Progress { done, of }),
                        Err(mpsc::error::TrySendError::Closed(_))
                    )
                })
            });
            // Before the client is told: it may ask for the next one at once.
            is_busy.store(false, Ordering::Release);
            to.blocking_send(Update::Done(made.map_err(|error| error.in_language(Language::En)))).ok();
        };
        let thread = thread::Builder::new().name("parlor-backup".to_owned()).spawn(run);
        match thread {
            Ok(thread) => {
                *self.lock() = Some(thread);
                Ok(())
            }
            Err(error) => {
                self.is_busy.store(false, Ordering::Release);
                Err(error.to_string())
            }
        }
    }

    /// Waits for the end of the backup.
    fn join(&self) {
        let thread = self.lock().take();
        if let Some(thread) = thread {
            thread.join().ok();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
