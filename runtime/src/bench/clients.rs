//! The load generator's clients: thousands in one thread.

use super::dialect::{self, Dialect, ServerLine};
use super::tally::Tally;
use super::workload::Workload;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The buffer of a read. A read that fills less has emptied the socket.
const READ_BYTES: usize = 256 << 10;

const EVENTS: usize = 1_024;

/// The client whose lines tell which of those that never read have entered or left. It enters before them.
const OBSERVER: u32 = 0;

/// Bytes of an unfinished line. A server that sends more is not a line server.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The clients.
#[derive(Debug)]
pub(super) struct Clients {
    workload: Workload,
    dialect: Dialect,
    address: SocketAddr,
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Box<[u8]>,
    began: Instant,
    pub(super) tally: Tally,
    /// Clients that have entered their room, as far as the dialect shows it.
    pub(super) entered: u32,
    /// Clients that have received a probe.
    pub(super) present: u32,
    /// Announcements of entrances, counted once for each recipient.
    pub(super) entrances: u64,
    /// Reading clients whose connection the server has closed.
    pub(super) ended: u32,
    /// Clients that never read and that the server has closed.
    pub(super) slow_closed: u32,
    /// The client that speaks next.
    speaker: u32,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    is_open: bool,
    is_connected: bool,
    has_entered: bool,
    /// Rooms that the server says it has entered.
    rooms: u32,
    /// Whether another client was told that it has entered.
    is_announced: bool,
    is_present: bool,
    /// The beginning of an unfinished line.
    begun: Vec<u8>,
    /// The last line without a meaning for the run; perhaps the reason why the server closes.
    last_line: Vec<u8>,
    /// Announcements of others' entrances that this client has received.
    entrances: u32,
    /// Bytes that the socket has not accepted.
    unsent: Vec<u8>,
}

impl Clients {
    pub(super) fn new(workload: &Workload, dialect: Dialect, address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            workload: *workload,
            dialect,
            address,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            clients: Vec::new(),
            buffer: vec![0; READ_BYTES].into(),
            began: now(),
            tally: Tally::new(workload),
            entered: 0,
            present: 0,
            entrances: 0,
            ended: 0,
            slow_closed: 0,
            speaker: 0,
        })
    }

    /// Returns the time since the start.
    pub(super) fn now(&self) -> Duration {
        now().duration_since(self.began)
    }

    pub(super) fn connections(&self) -> u32 {
        u32::try_from(self.clients.len()).expect("a workload has fewer clients")
    }

    /// Connects the next client. The clients that read come first.
    pub(super) fn connect(&mut self) -> io::Result<()> {
        let client = self.open(self.clients.len())?;
        self.clients.push(client);
        Ok(())
    }

    /// Begins the connection of a client.
    fn open(&self, client: usize) -> io::Result<Client> {
        let mut stream = TcpStream::connect(self.address)?;
        self.poll.registry().register(&mut stream, Token(client), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Client {
            stream,
            is_open: true,
            is_connected: false,
            has_entered: false,
            rooms: 0,
            is_announced: false,
            is_present: false,
            begun: Vec::new(),
            last_line: Vec::new(),
            entrances: 0,
            unsent: Vec::new(),
        })
    }

    /// Waits up to `timeout` for events, and handles them.
    pub(super) fn poll(&mut self, timeout: Duration) -> io::Result<()> {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        match self.poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            self.serve(event)?;
        }
        self.events = events;
        Ok(())
    }

    /// Sends a line of the next speaker, which was due at `intended`.
    pub(super) fn say(&mut self, intended: Duration, is_measured: bool) -> io::Result<()> {
        let speaker = self.speaker;
        self.speaker = (speaker + 1) % self.workload.speakers;
        let number = self.tally.sent(speaker, intended, is_measured);
        let mut line = Vec::with_capacity(self.workload.line_bytes as usize + 32);
        self.dialect.say(self.workload.room(speaker), self.workload.line_bytes, number, &mut line);
        self.send(speaker, &line)
    }

    /// Sends a probe in each room in which a client has not received one.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        for room in 0..self.workload.rooms {
            let members = (room..self.workload.clients).step_by(self.workload.rooms as usize);
            let mut absent = members.filter(|&client| !self.clients[client as usize].is_present);
            let Some(absent) = absent.next() else { continue };
            // A speaker does not receive its own line, so it must not be the only client that waits for a probe.
            let second = room + self.workload.rooms;
            let speaker = if absent == room && second < self.workload.clients { second } else { room };
            let mut line = Vec::new();
            self.dialect.probe(room, &mut line);
            self.send(speaker, &line)?;
        }
        Ok(())
    }

    fn send(&mut self, client: u32, bytes: &[u8]) -> io::Result<()> {
        self.clients[client as usize].unsent.extend_from_slice(bytes);
        self.write(client)
    }

    fn write(&mut self, client: u32) -> io::Result<()> {
        let state = &mut self.clients[client as usize];
        while state.is_open && state.is_connected && !state.unsent.is_empty() {
            match state.stream.write(&state.unsent) {
                Ok(count) => drop(state.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_end(&error) => return self.end(client),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn serve(&mut self, event: &Event) -> io::Result<()> {
        let Token(index) = event.token();
        let client = u32::try_from(index).expect("the token is the number of a client");
        if event.is_writable() {
            if !self.clients[index].is_connected {
                self.connected(client)?;
            }
            self.write(client)?;
        }
        // Slow clients read until they have entered, and never again.
        if event.is_readable() && (client < self.workload.clients || !self.clients[index].has_entered) {
            // Bytes and the end of the connection may share one edge-triggered event.
            self.read(client, event.is_read_closed() || event.is_error())?;
        }
        Ok(())
    }

    fn connected(&mut self, client: u32) -> io::Result<()> {
        let state = &mut self.clients[client as usize];
        if let Some(error) = state.stream.take_error()? {
            return Err(io::Error::new(error.kind(), format!("client {client} cannot connect: {error}")));
        }
        if state.stream.peer_addr().is_err() {
            return Ok(());
        }
        state.is_connected = true;
        state.stream.set_nodelay(true)?;
        self.dialect.register(client, self.workload.classes, &mut state.unsent);
        if !self.dialect.waits_for_welcome() {
            self.dialect.enter(&self.workload.rooms_of(client), self.workload.rooms, &mut state.unsent);
            self.record_entered(client);
        }
        Ok(())
    }

    fn record_entered(&mut self, client: u32) {
        let state = &mut self.clients[client as usize];
        self.entered += u32::from(!std::mem::replace(&mut state.has_entered, true));
    }

    /// Reads until the socket is empty, or `to_the_end`.
    fn read(&mut self, client: u32, to_the_end: bool) -> io::Result<()> {
        let index = client as usize;
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut result = Ok(());
        while self.clients[index].is_open {
            let state = &mut self.clients[index];
            let begun = state.begun.len();
            buffer[..begun].copy_from_slice(&state.begun);
            match state.stream.read(&mut buffer[begun..]) {
                Ok(0) => result = self.end(client),
                Ok(count) => {
                    let filled = begun + count;
                    result = self.receive(client, &buffer[..filled]);
                    if filled < buffer.len() && !to_the_end {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_end(&error) => result = self.end(client),
                Err(error) => result = Err(error),
            }
            if result.is_err() {
                break;
            }
        }
        self.buffer = buffer;
        result
    }

    /// Handles bytes that begin at the start of a line; the unfinished rest is kept.
    fn receive(&mut self, client: u32, bytes: &[u8]) -> io::Result<()> {
        let now = self.now();
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match self.dialect.read(line, client) {
                ServerLine::Message(number) if client < self.workload.clients => {
                    self.tally.received(client, number, now);
                    if !dialect::is_whole(line, self.workload.line_bytes) {
                        self.tally.fail(format!("client {client} received line {number} incomplete"));
                    }
                }
                ServerLine::Departure(name) if client == OBSERVER => self.replace_slow(name)?,
                ServerLine::Entrance(name) => {
                    self.record_entrances(client, 1);
                    if client == OBSERVER
                        && let Some(slow) = self.slow_named(name)
                    {
                        self.clients[slow].is_announced = true;
                    }
                }
                ServerLine::Other => line.clone_into(&mut self.clients[client as usize].last_line),
                other => self.answer(client, other)?,
            }
        }
        let (unended, end) = self.dialect.unended_entrances(rest);
        self.record_entrances(client, unended);
        rest = &rest[end..];
        if rest.len() > LINE_BYTES_MAX {
            return Err(io::Error::other(format!("the server sends client {client} a line without an end")));
        }
        let begun = &mut self.clients[client as usize].begun;
        begun.clear();
        begun.extend_from_slice(rest);
        Ok(())
    }

    fn record_entrances(&mut self, client: u32, count: u32) {
        self.clients[client as usize].entrances += count;
        self.entrances += u64::from(count);
    }

    /// Checks that the first client has received the entrances of all others, the next one those of all but one, and so on.
    pub(super) fn check_entrances(&mut self) {
        let mut counts: Vec<u32> = self.clients.iter().map(|client| client.entrances).collect();
        counts.sort_unstable();
        if let Some((expected, received)) =
            (0..).zip(counts).find(|(expected, received)| expected != received)
        {
            self.tally.fail(format!(
                "the {expected}th to last client to enter received {received} entrances after its own"
            ));
        }
    }

    fn answer(&mut self, client: u32, line: ServerLine<'_>) -> io::Result<()> {
        let state = &mut self.clients[client as usize];
        match line {
            ServerLine::Entered => {
                state.rooms += 1;
                if state.rooms == self.workload.rooms_each {
                    self.record_entered(client);
                }
            }
            ServerLine::Ping(token) => {
                Dialect::pong(token, &mut state.unsent);
                self.write(client)?;
            }
            ServerLine::Probe => {
                self.present += u32::from(!std::mem::replace(&mut state.is_present, true));
            }
            ServerLine::Welcome => {
                self.dialect.enter(&self.workload.rooms_of(client), self.workload.rooms, &mut state.unsent);
                self.write(client)?;
            }
            ServerLine::Departure(_)
            | ServerLine::Entrance(_)
            | ServerLine::Message(_)
            | ServerLine::Other => {}
        }
        Ok(())
    }

    /// Records that the server has closed a client's connection.
    fn end(&mut self, client: u32) -> io::Result<()> {
        let state = &mut self.clients[client as usize];
        if std::mem::replace(&mut state.is_open, false) {
            self.poll.registry().deregister(&mut state.stream)?;
            if client < self.workload.clients {
                self.ended += 1;
                let reason = String::from_utf8_lossy(&state.last_line).into_owned();
                self.tally.fail(format!("the server closed the connection of client {client}: {reason:?}"));
            }
        }
        Ok(())
    }

    /// Connects a client that never reads in place of the one with this name, which the server has closed.
    fn replace_slow(&mut self, name: &[u8]) -> io::Result<()> {
        if let Some(index) = self.slow_named(name) {
            // Its unread bytes are of no use. Dropping the stream resets the connection.
            self.poll.registry().deregister(&mut self.clients[index].stream)?;
            self.clients[index] = self.open(index)?;
            self.slow_closed += 1;
        }
        Ok(())
    }

    /// Returns the client that never reads and has this name.
    fn slow_named(&self, name: &[u8]) -> Option<usize> {
        (self.workload.clients..self.connections()).map(|client| client as usize).find(|&index| {
            let port = self.clients[index].stream.local_addr().map_or(0, |address| address.port());
            self.dialect.is_named(name, index, port)
        })
    }

    /// Returns whether a client that never reads is in its room.
    pub(super) fn has_slow(&self) -> bool {
        let mut slow = self.clients.iter().skip(self.workload.clients as usize);
        // A server that announces nobody is believed.
        slow.any(|client| client.is_announced || self.dialect == Dialect::Raw)
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[expect(clippy::disallowed_methods, reason = "a measurement of wall time")]
fn now() -> Instant {
    Instant::now()
}
