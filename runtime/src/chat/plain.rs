//! The client in a pipe: exactly the input to the server, exactly the server's bytes to the output.

use super::{Ended, Farewell};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that one round moves. What the other side does not take stays where it came from.
const CHUNK_BYTES: usize = 16 << 10;

/// How far our side of the conversation is.
#[derive(Debug, Default)]
struct Sent {
    farewell: Farewell,
    /// The input has ended, and the server was told so.
    to_the_end: bool,
    /// The input could not be read to its end.
    failed: Option<io::Error>,
}

/// Talks until the server closes, or the reader of the output has gone.
///
/// Each direction has a thread of its own, so that one that is held up never holds up the other.
pub(super) fn talk(stream: TcpStream, first_lines: &str) -> Ended {
    let sent = Arc::new(Mutex::new(Sent::default()));
    let sender = {
        let sent = Arc::clone(&sent);
        let first_lines = first_lines.to_owned();
        stream.try_clone().map(|stream| std::thread::spawn(move || send(&stream, &first_lines, &sent)))
    };
    if let Err(error) = sender {
        return Ended::Unusable(error);
    }
    // Nobody waits for the sender: it may stand in a read of the input for ever.
    let received = receive(stream);
    let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    match (received, sent.failed.take()) {
        (Received::OutputFailed(error), _) if error.kind() == ErrorKind::BrokenPipe => Ended::Unheard,
        (Received::OutputFailed(error), _) | (_, Some(error)) => Ended::Unusable(error),
        (Received::Broken(error), None) => Ended::Broken(error),
        (Received::Closed, None) if sent.to_the_end || sent.farewell.is_said() => Ended::Left,
        (Received::Closed, None) => Ended::ServerClosed,
    }
}

/// How the server's side ended.
enum Received {
    Broken(io::Error),
    Closed,
    OutputFailed(io::Error),
}

fn receive(mut stream: TcpStream) -> Received {
    let mut output = io::stdout().lock();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Received::Closed,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Received::Broken(error),
        };
        // Flushed at once: what stands without a line end is seen too.
        if let Err(error) = output.write_all(&buffer[..count]).and_then(|()| output.flush()) {
            return Received::OutputFailed(error);
        }
    }
}

fn send(mut stream: &TcpStream, first_lines: &str, sent: &Mutex<Sent>) {
    let sent = || sent.lock().unwrap_or_else(PoisonError::into_inner);
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; CHUNK_BYTES];
    // Where the server takes nothing more, the reading side learns why.
    if stream.write_all(first_lines.as_bytes()).is_err() {
        return;
    }
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                sent().failed = Some(error);
                break;
            }
        };
        // Before they are written: the server may close before this thread runs again.
        sent().farewell.sends(&buffer[..count]);
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    sent().to_the_end = true;
    stream.shutdown(Shutdown::Write).ok();
}
