//! The connection to the server, as a terminal's event loop has it.

use super::super::Ended;
use super::super::conversation::Conversation;
use super::timer::Timer;
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// Bytes that one read of the server takes.
const READ_BYTES: usize = 16 << 10;

/// What the connection is ready for.
pub(super) enum LinkEvent {
    /// The server had its time to grant what was asked for.
    EntryDeadline,
    /// The server has sent something, or closed.
    Readable,
    /// The server takes bytes again.
    Writable,
}

/// A connection; after [`Link::close`] what is left of one.
#[derive(Debug)]
pub(super) struct Link {
    stream: Option<TcpStream>,
    conversation: Conversation,
    buffer: Vec<u8>,
    /// What the server has not taken yet.
    outgoing: Vec<u8>,
    /// What was said before the server granted what was asked for, and is sent then.
    held: Vec<u8>,
    entry_deadline: Timer,
    /// The server knows that nothing more comes, or takes no more.
    write_closed: bool,
    /// Something was said, and nothing came from the server since.
    unconfirmed: bool,
}

impl Link {
    /// What is asked for goes out at once, and has this time to be granted.
    pub(super) fn open(
        stream: std::net::TcpStream,
        mut conversation: Conversation,
        timeout: Duration,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: Some(TcpStream::from_std(stream)?),
            buffer: vec![0; READ_BYTES],
            outgoing: conversation.take_to_send().into_bytes(),
            held: Vec::new(),
            entry_deadline: if conversation.is_entered() { Timer::default() } else { Timer::after(timeout) },
            conversation,
            write_closed: false,
            unconfirmed: false,
        })
    }

    /// Ends the connection at once.
    pub(super) fn close(&mut self) {
        self.stream = None;
        self.outgoing.clear();
        self.entry_deadline.unset();
    }

    pub(super) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Bytes that wait for the server.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.outgoing.len() + self.held.len()
    }

    /// Says a line, as soon as the server takes it.
    pub(super) fn say(&mut self, line: &str) {
        self.conversation.says(line);
        self.unconfirmed = true;
        let to = if self.conversation.is_entered() { &mut self.outgoing } else { &mut self.held };
        to.extend_from_slice(line.as_bytes());
        to.push(b'\n');
    }

    /// Asks for what was refused once more.
    pub(super) fn ask_again(&mut self, timeout: Duration) {
        self.conversation.ask_again();
        self.outgoing.append(&mut self.conversation.take_to_send().into_bytes());
        self.entry_deadline.set(timeout);
    }

    /// The lines that were said and that the server has not taken.
    pub(super) fn unsent(&self) -> Vec<String> {
        let bytes = [&self.outgoing[..], &self.held[..]].concat();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// Whether something was said of which nobody knows whether it arrived.
    pub(super) const fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<LinkEvent> {
        let Some(stream) = &self.stream else { return Poll::Pending };
        let writes = !self.outgoing.is_empty() && !self.write_closed;
        if writes && stream.poll_write_ready(context).is_ready() {
            return Poll::Ready(LinkEvent::Writable);
        }
        if stream.poll_read_ready(context).is_ready() {
            return Poll::Ready(LinkEvent::Readable);
        }
        if self.entry_deadline.poll(context) {
            return Poll::Ready(LinkEvent::EntryDeadline);
        }
        Poll::Pending
    }

    /// Writes what the server takes now. `is_last` says that nothing more will be said.
    pub(super) fn write(&mut self, is_last: bool) {
        let Some(stream) = &self.stream else { return };
        while !self.outgoing.is_empty() && !self.write_closed {
            match stream.try_write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the server said before it went is still to be read; the end of that says the rest.
                Err(_) => self.write_closed = true,
            }
        }
        if is_last && self.waiting_bytes() == 0 && !self.write_closed {
            self.write_closed = true;
            SockRef::from(stream).shutdown(Shutdown::Write).ok();
        }
    }

    /// Reads what there is: appends what is for the user to `shown`, and returns how the conversation ended, if it
    /// has. `is_leaving` says that the user wants it to.
    pub(super) fn read(&mut self, is_leaving: bool, shown: &mut Vec<u8>) -> Option<Ended> {
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
                return Some(Ended::Broken(error));
            }
        }
        self.unconfirmed = false;
        self.outgoing.append(&mut self.conversation.take_to_send().into_bytes());
        if self.conversation.is_entered() {
            self.entry_deadline.unset();
            self.outgoing.append(&mut self.held);
        }
        self.conversation.refused()
    }
}
