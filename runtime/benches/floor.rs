//! The floor: the cost of relaying bytes to all other connections and nothing else. It has no framing, names, rooms or
//! limits; a server's cost is compared with this one.
//!
//! `floor each ADDR` writes the bytes of each read to every other connection at once. `floor tick ADDR` gathers the bytes of
//! one round of its loop, and then writes to each connection once, without the connection's own bytes.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::process::ExitCode;

const LISTENER: Token = Token(usize::MAX);

const EVENTS: usize = 16 << 10;

/// The same as the server's.
const LISTEN_BACKLOG: i32 = 4_096;

const READ_BYTES: usize = 64 << 10;

/// The size up to which pieces are copied together. Larger ones are written with a vectored write.
const COPY_BYTES: usize = 16 << 10;

/// Slices of one vectored write (`IOV_MAX`).
const SLICES: usize = 1_024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Each,
    Tick,
}

struct Conn {
    stream: TcpStream,
    /// Bytes that the socket has not accepted.
    unsent: Vec<u8>,
    /// The ranges of this round's bytes that came from this connection.
    own: Vec<Range<usize>>,
}

struct Floor {
    mode: Mode,
    conns: Vec<Option<Conn>>,
    vacant: Vec<usize>,
    /// The bytes of this round.
    chunk: Vec<u8>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mode = match arguments.next().as_deref() {
        Some("each") => Mode::Each,
        Some("tick") => Mode::Tick,
        // `cargo test --benches` runs it without arguments.
        None => return ExitCode::SUCCESS,
        Some(_) => return usage(),
    };
    let Some(address) = arguments.next().and_then(|address| address.parse().ok()) else { return usage() };
    match serve(mode, address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: floor each|tick IP:PORT");
    ExitCode::from(2)
}

fn serve(mode: Mode, address: SocketAddr) -> io::Result<()> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    let mut listener = TcpListener::from_std(socket.into());
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut floor = Floor {
        mode,
        conns: Vec::new(),
        vacant: Vec::new(),
        chunk: Vec::new(),
        buffer: vec![0; READ_BYTES],
        scratch: Vec::new(),
    };
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                floor.accept(&listener, &poll)?;
                continue;
            }
            if event.is_writable() {
                floor.write(event.token().0, &[]);
            }
            if event.is_readable() {
                // Bytes and the end of the connection may share one edge-triggered event.
                floor.read(event.token().0, event.is_read_closed() || event.is_error());
            }
        }
        floor.write_round();
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let index = self.vacant.pop().unwrap_or_else(|| {
                self.conns.push(None);
                self.conns.len() - 1
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(index), interest)?;
            self.conns[index] = Some(Conn { stream, unsent: Vec::new(), own: Vec::new() });
        }
    }

    fn read(&mut self, index: usize, to_the_end: bool) {
        loop {
            let Some(conn) = &mut self.conns[index] else { return };
            let count = match conn.stream.read(&mut self.buffer) {
                Ok(0) => return self.close(index),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.close(index),
            };
            let from = self.chunk.len();
            self.chunk.extend_from_slice(&self.buffer[..count]);
            match self.mode {
                Mode::Tick => conn.own.push(from..self.chunk.len()),
                Mode::Each => {
                    let chunk = std::mem::take(&mut self.chunk);
                    (0..self.conns.len()).filter(|&other| other != index).for_each(|other| {
                        self.write(other, &[IoSlice::new(&chunk)]);
                    });
                    self.chunk = chunk;
                    self.chunk.clear();
                }
            }
            if count < self.buffer.len() && !to_the_end {
                return;
            }
        }
    }

    /// Writes the bytes of this round to each connection, without its own.
    fn write_round(&mut self) {
        if self.chunk.is_empty() {
            return;
        }
        let chunk = std::mem::take(&mut self.chunk);
        let mut scratch = std::mem::take(&mut self.scratch);
        for index in 0..self.conns.len() {
            let Some(conn) = &mut self.conns[index] else { continue };
            let mut own = std::mem::take(&mut conn.own);
            let starts = std::iter::once(0).chain(own.iter().map(|own| own.end));
            let ends = own.iter().map(|own| own.start).chain([chunk.len()]);
            let parts =
                starts.zip(ends).map(|(start, end)| &chunk[start..end]).filter(|part| !part.is_empty());
            if chunk.len() <= COPY_BYTES && !own.is_empty() {
                scratch.clear();
                parts.for_each(|part| scratch.extend_from_slice(part));
                self.write(index, &[IoSlice::new(&scratch)]);
            } else {
                let slices: Vec<IoSlice<'_>> = parts.map(IoSlice::new).collect();
                slices.chunks(SLICES).for_each(|slices| self.write(index, slices));
            }
            // Reuses the allocation.
            own.clear();
            if let Some(conn) = &mut self.conns[index] {
                conn.own = own;
            }
        }
        self.chunk = chunk;
        self.chunk.clear();
        self.scratch = scratch;
    }

    /// Writes the unsent bytes, then the slices; keeps what the socket does not accept.
    fn write(&mut self, index: usize, slices: &[IoSlice<'_>]) {
        let Some(conn) = &mut self.conns[index] else { return };
        while !conn.unsent.is_empty() {
            match conn.stream.write(&conn.unsent) {
                Ok(count) => drop(conn.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return self.close(index),
            }
        }
        let mut sent = 0;
        if conn.unsent.is_empty() && !slices.is_empty() {
            sent = match conn.stream.write_vectored(slices) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => return self.close(index),
            };
        }
        for slice in slices {
            let part = slice.len().min(sent);
            sent -= part;
            conn.unsent.extend_from_slice(&slice[part..]);
        }
    }

    fn close(&mut self, index: usize) {
        self.conns[index] = None;
        self.vacant.push(index);
    }
}
