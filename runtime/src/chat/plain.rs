//! The client in a pipe: exactly the input to the server, exactly the server's bytes to the output.
//!
//! What the command line asks of the server goes first. Before it is granted nothing of the input is read, and
//! the server's answer to a question of the program's own is left out of the output: see
//! [`entry`](super::entry).

use super::Ended;
use super::conversation::Conversation;
use super::options::Options;
use super::times::{TimedBytes, Times};
use crate::clock::{Clock, SystemClock};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that one round moves. What the other side does not take stays where it came from.
const CHUNK_BYTES: usize = 16 << 10;

/// The shortest time that a read can wait: zero would be for ever.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// What both directions know of the conversation.
#[derive(Debug)]
struct State {
    conversation: Conversation,
    /// The input has ended, and the server was told so.
    to_the_end: bool,
    /// The input could not be read to its end.
    failed: Option<io::Error>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// All is granted that was asked for.
    entered: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Talks until the server closes, or the reader of the output has gone.
///
/// Each direction has a thread of its own, so that one that is held up never holds up the other.
pub(super) fn talk(stream: TcpStream, mut conversation: Conversation, options: &Options) -> Ended {
    // Before anything of the input. Where the server takes nothing, the first read says why.
    (&stream).write_all(conversation.take_to_send().as_bytes()).ok();
    let state = State { conversation, to_the_end: false, failed: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), entered: Condvar::new() });
    let sender = {
        let shared = Arc::clone(&shared);
        stream.try_clone().map(|stream| std::thread::spawn(move || send(&stream, &shared)))
    };
    if let Err(error) = sender {
        return Ended::Unusable(error);
    }
    // Nobody waits for the sender: it may stand in a read of the input for ever.
    let times = options.shows_times.then(|| TimedBytes::new(Times::new()));
    let received = Receiver { stream, shared: &shared, times }.receive(options.timeout);
    let mut state = shared.lock();
    match (received, state.failed.take()) {
        (Received::Ended(ended), _) => ended,
        (Received::OutputFailed(error), _) if error.kind() == ErrorKind::BrokenPipe => Ended::Unheard,
        (Received::OutputFailed(error), _) | (_, Some(error)) => Ended::Unusable(error),
        (Received::Broken(error), None) => Ended::Broken(error),
        (Received::Closed, None) => state.conversation.closed(state.to_the_end),
    }
}

/// How the server's side ended.
enum Received {
    Broken(io::Error),
    Closed,
    /// What was asked for is refused.
    Ended(Ended),
    OutputFailed(io::Error),
}

/// The direction from the server to the output.
struct Receiver<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    /// Puts the time before each line, where that is asked for.
    times: Option<TimedBytes>,
}

impl Receiver<'_> {
    fn receive(mut self, timeout: Duration) -> Received {
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut shown = Vec::new();
        let clock = SystemClock::start();
        let started = clock.now().mono;
        let mut is_entered = false;
        loop {
            if !is_entered {
                self.ask();
                is_entered = self.shared.lock().conversation.is_entered();
                let waited = clock.now().mono.since(started);
                let rest = timeout.saturating_sub(waited).max(WAIT_MIN);
                // Where no time can be set, the server has as much as it likes.
                self.stream.set_read_timeout((!is_entered).then_some(rest)).ok();
                if is_entered {
                    self.shared.entered.notify_all();
                }
            }
            let count = match self.stream.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if !is_entered && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    let unanswered = self.shared.lock().conversation.unanswered();
                    match unanswered {
                        Some(ended) => return Received::Ended(ended),
                        None => continue,
                    }
                }
                Err(error) => return Received::Broken(error),
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
                return Received::OutputFailed(error);
            }
            if let Some(ended) = refused {
                return Received::Ended(ended);
            }
            if count == 0 {
                return Received::Closed;
            }
        }
    }

    /// Sends what is asked for next. Where the server takes nothing more, the next read says why.
    fn ask(&mut self) {
        let lines = self.shared.lock().conversation.take_to_send();
        self.stream.write_all(lines.as_bytes()).ok();
    }
}

/// Flushed at once: what stands without a line end is seen too.
fn print(shown: &mut Vec<u8>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(shown)?;
    shown.clear();
    output.flush()
}

/// The direction from the input to the server.
fn send(mut stream: &TcpStream, shared: &Shared) {
    let entered = shared.entered.wait_while(shared.lock(), |state| !state.conversation.is_entered());
    drop(entered);
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                shared.lock().failed = Some(error);
                break;
            }
        };
        // Before they are written: the server may close before this thread runs again.
        shared.lock().conversation.sends(&buffer[..count]);
        // Where the server takes nothing more, the reading side learns why.
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    shared.lock().to_the_end = true;
    stream.shutdown(Shutdown::Write).ok();
}
