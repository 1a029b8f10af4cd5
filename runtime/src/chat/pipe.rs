//! The client in a pipe, which passes on input and output unchanged.
//!
//! The requests of the command line come first. Until they are granted, no input is read, and the answers to probes are
//! left out of the output: see [`handshake`](super::handshake).

use super::Outcome;
use super::conversation::Conversation;
use super::options::Options;
use super::timestamps::{TimestampedBytes, Timestamps};
use crate::clock::{Clock, SystemClock};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that are read at once. Nothing more is read before they are written, so a slow side holds up the other end.
const CHUNK_BYTES: usize = 16 << 10;

/// The shortest timeout of a read. Zero would mean none.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// The state shared by both directions.
#[derive(Debug)]
struct State {
    conversation: Conversation,
    /// Whether the input has ended and the sending side is closed.
    input_ended: bool,
    /// The error that ended the input early.
    input_error: Option<io::Error>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Notified when every request is granted.
    granted: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the client until the server closes or the output is closed.
///
/// Each direction has a thread of its own, so that one that blocks never blocks the other.
pub(super) fn run(stream: TcpStream, mut conversation: Conversation, options: &Options) -> Outcome {
    // Before the sender starts to read the input. If the write fails, the first read reports why.
    (&stream).write_all(conversation.take_outgoing().as_bytes()).ok();
    let state = State { conversation, input_ended: false, input_error: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), granted: Condvar::new() });
    let sender = {
        let shared = Arc::clone(&shared);
        stream.try_clone().map(|stream| std::thread::spawn(move || send(&stream, &shared)))
    };
    if let Err(error) = sender {
        return Outcome::IoFailed(error);
    }
    // The sender is not joined: it may block in a read of the input for ever.
    let times = options.shows_times.then(|| TimestampedBytes::new(Timestamps::new()));
    let received = Receiver { stream, shared: &shared, times }.receive(options.timeout);
    let mut state = shared.lock();
    match (received, state.input_error.take()) {
        (ReceiveEnd::Outcome(ended), _) => ended,
        (ReceiveEnd::OutputFailed(error), _) if error.kind() == ErrorKind::BrokenPipe => {
            Outcome::OutputClosed
        }
        (ReceiveEnd::OutputFailed(error), _) | (_, Some(error)) => Outcome::IoFailed(error),
        (ReceiveEnd::ConnectionBroken(error), None) => Outcome::ConnectionBroken(error),
        (ReceiveEnd::Closed, None) => state.conversation.closed(state.input_ended),
    }
}

/// The end of the direction from the server.
enum ReceiveEnd {
    ConnectionBroken(io::Error),
    Closed,
    /// A request was refused or not answered.
    Outcome(Outcome),
    OutputFailed(io::Error),
}

/// The direction from the server to the output.
struct Receiver<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    /// The source of times before lines, if they are wanted.
    times: Option<TimestampedBytes>,
}

impl Receiver<'_> {
    fn receive(mut self, timeout: Duration) -> ReceiveEnd {
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut shown = Vec::new();
        let clock = SystemClock::start();
        let started = clock.now().mono;
        let mut is_granted = false;
        loop {
            if !is_granted {
                self.send_own_lines();
                is_granted = self.shared.lock().conversation.is_granted();
                let waited = clock.now().mono.since(started);
                let rest = timeout.saturating_sub(waited).max(WAIT_MIN);
                // If no timeout can be set, the server has unlimited time.
                self.stream.set_read_timeout((!is_granted).then_some(rest)).ok();
                if is_granted {
                    self.shared.granted.notify_all();
                }
            }
            let count = match self.stream.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if !is_granted && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    let unanswered = self.shared.lock().conversation.unanswered();
                    match unanswered {
                        Some(ended) => return ReceiveEnd::Outcome(ended),
                        None => continue,
                    }
                }
                Err(error) => return ReceiveEnd::ConnectionBroken(error),
            };
            let refused = {
                let conversation = &mut self.shared.lock().conversation;
                match count {
                    0 => conversation.receive_end(&mut shown),
                    _ => conversation.receive(&buffer[..count], &mut shown),
                }
                conversation.refused()
            };
            if let Some(times) = &mut self.times {
                shown = times.pass(&shown);
            }
            if let Err(error) = print(&mut shown) {
                return ReceiveEnd::OutputFailed(error);
            }
            if let Some(ended) = refused {
                return ReceiveEnd::Outcome(ended);
            }
            if count == 0 {
                return ReceiveEnd::Closed;
            }
        }
    }

    /// Sends the client's own lines. If the write fails, the next read reports why.
    fn send_own_lines(&mut self) {
        let lines = self.shared.lock().conversation.take_outgoing();
        self.stream.write_all(lines.as_bytes()).ok();
    }
}

/// Writes to standard output and flushes, so that text without a line end is seen too.
fn print(shown: &mut Vec<u8>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(shown)?;
    shown.clear();
    output.flush()
}

/// Passes the input on to the server, once every request is granted.
fn send(mut stream: &TcpStream, shared: &Shared) {
    let granted = shared.granted.wait_while(shared.lock(), |state| !state.conversation.is_granted());
    drop(granted);
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                shared.lock().input_error = Some(error);
                break;
            }
        };
        // Before the write: the server may act on a `/quit` and close before this thread runs again.
        shared.lock().conversation.sending(&buffer[..count]);
        // If the write fails, the receiving direction learns why.
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    shared.lock().input_ended = true;
    stream.shutdown(Shutdown::Write).ok();
}
