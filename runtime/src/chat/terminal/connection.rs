//! The connection to the server, polled by the terminal client's event loop.

use super::super::Outcome;
use super::super::conversation::Conversation;
use super::timer::Timer;
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// Bytes of one read from the server.
const READ_BYTES: usize = 16 << 10;

/// An event of the connection.
pub(super) enum ConnectionEvent {
    /// The server did not grant the requests in time.
    GrantDeadline,
    /// The server has sent bytes or closed.
    Readable,
    /// The socket accepts bytes again.
    Writable,
}

/// A connection and its conversation. The conversation outlives [`Connection::close`].
#[derive(Debug)]
pub(super) struct Connection {
    stream: Option<TcpStream>,
    conversation: Conversation,
    buffer: Vec<u8>,
    /// Bytes that the socket has not accepted yet.
    outgoing: Vec<u8>,
    /// Lines of the user that wait until the requests are granted.
    held: Vec<u8>,
    grant_deadline: Timer,
    /// Whether the sending side is closed.
    write_closed: bool,
    /// Whether the user has sent a line and nothing has arrived from the server since.
    unconfirmed: bool,
}

impl Connection {
    /// Starts the conversation, whose requests must be granted within `timeout`.
    pub(super) fn open(
        stream: std::net::TcpStream,
        mut conversation: Conversation,
        timeout: Duration,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: Some(TcpStream::from_std(stream)?),
            buffer: vec![0; READ_BYTES],
            outgoing: conversation.take_outgoing().into_bytes(),
            held: Vec::new(),
            grant_deadline: if conversation.is_granted() { Timer::default() } else { Timer::after(timeout) },
            conversation,
            write_closed: false,
            unconfirmed: false,
        })
    }

    /// Closes the connection at once.
    pub(super) fn close(&mut self) {
        self.stream = None;
        self.outgoing.clear();
        self.grant_deadline.unset();
    }

    pub(super) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Returns the number of bytes that wait to be sent.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.outgoing.len() + self.held.len()
    }

    /// Sends a line of the user as soon as possible.
    pub(super) fn say(&mut self, line: &str) {
        self.conversation.sending_line(line);
        self.unconfirmed = true;
        let to = if self.conversation.is_granted() { &mut self.outgoing } else { &mut self.held };
        to.extend_from_slice(line.as_bytes());
        to.push(b'\n');
    }

    /// Repeats the refused request.
    pub(super) fn ask_again(&mut self, timeout: Duration) {
        self.conversation.ask_again();
        self.outgoing.append(&mut self.conversation.take_outgoing().into_bytes());
        self.grant_deadline.set(timeout);
    }

    /// Returns the user's lines that were not sent.
    pub(super) fn unsent(&self) -> Vec<String> {
        let bytes = [&self.outgoing[..], &self.held[..]].concat();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// Returns whether the last line may not have arrived.
    pub(super) const fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<ConnectionEvent> {
        let Some(stream) = &self.stream else { return Poll::Pending };
        let writes = !self.outgoing.is_empty() && !self.write_closed;
        if writes && stream.poll_write_ready(context).is_ready() {
            return Poll::Ready(ConnectionEvent::Writable);
        }
        if stream.poll_read_ready(context).is_ready() {
            return Poll::Ready(ConnectionEvent::Readable);
        }
        if self.grant_deadline.poll(context) {
            return Poll::Ready(ConnectionEvent::GrantDeadline);
        }
        Poll::Pending
    }

    /// Writes as much as the socket accepts. `is_last` says that the user has left, so that the sending side is closed behind
    /// the last byte.
    pub(super) fn write(&mut self, is_last: bool) {
        let Some(stream) = &self.stream else { return };
        while !self.outgoing.is_empty() && !self.write_closed {
            match stream.try_write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The server's last bytes are still to be read; their end decides the outcome.
                Err(_) => self.write_closed = true,
            }
        }
        if is_last && self.waiting_bytes() == 0 && !self.write_closed {
            self.write_closed = true;
            SockRef::from(stream).shutdown(Shutdown::Write).ok();
        }
    }

    /// Reads once: appends the bytes for the user to `shown`, and returns the outcome if the conversation has ended.
    /// `is_leaving` says whether the user has left.
    pub(super) fn read(&mut self, is_leaving: bool, shown: &mut Vec<u8>) -> Option<Outcome> {
        let stream = self.stream.as_ref()?;
        match stream.try_read(&mut self.buffer) {
            Ok(0) => {
                self.conversation.receive_end(shown);
                return Some(self.conversation.closed(is_leaving));
            }
            Ok(count) => self.conversation.receive(&self.buffer[..count], shown),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return None;
            }
            Err(error) => {
                self.conversation.receive_end(shown);
                return Some(Outcome::ConnectionBroken(error));
            }
        }
        self.unconfirmed = false;
        self.outgoing.append(&mut self.conversation.take_outgoing().into_bytes());
        if self.conversation.is_granted() {
            self.grant_deadline.unset();
            self.outgoing.append(&mut self.held);
        }
        self.conversation.refused()
    }
}
