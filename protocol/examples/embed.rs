//! A chat server on the sockets of the standard library, for this machine only.
//!
//! Start it with `cargo run -p parlor-protocol --example embed`, then join with `nc 127.0.0.1 4200` from two
//! other terminals, or with any client of IRC.
//!
//! One thread owns the server and everything around it. Each connection has a thread that reads, once each
//! time it is told to, so that the server can pause it. A driver that is to serve many connections waits for
//! all of its sockets at once, which the standard library cannot.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Instant, Limits, LogEntry, MemoryLog, Now, Options,
    RoomName, Server, Wire,
};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a write may wait for room in a socket.
const WRITE: Duration = Duration::from_millis(1);

/// How long a full socket is left alone. A driver that can ask the system waits until it has room.
const RETRY: Duration = Duration::from_millis(20);

/// What the other threads report.
enum Report {
    Accepted(TcpStream, SocketAddr),
    Broken(ConnId),
    Ended(ConnId),
    Received(ConnId, Bytes),
}

/// One connection.
struct Conn {
    stream: TcpStream,
    /// Tells its thread to read once more.
    go: Sender<()>,
    /// Whether its thread waits to be told.
    waits: bool,
    paused: bool,
    blocked: bool,
    ended: bool,
    finished: bool,
}

/// The server's environment.
#[derive(Default)]
struct Sockets {
    log: MemoryLog,
    conns: BTreeMap<ConnId, Conn>,
    /// Connections that are to be closed.
    over: Vec<ConnId>,
    /// Connections that have given a password, for an operator's name or for the server.
    unchecked: Vec<ConnId>,
}

impl Wire for Sockets {
    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        let Some(state) = self.conns.get_mut(&conn) else { return bytes.len() };
        let mut written = 0;
        while written < bytes.len() {
            match state.stream.write(&bytes[written..]) {
                Ok(count) if count > 0 => written += count,
                Err(error)
                    if [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock].contains(&error.kind()) =>
                {
                    state.blocked = true;
                    break;
                }
                // Nobody will read it: it is as good as written.
                _ => {
                    self.over.push(conn);
                    return bytes.len();
                }
            }
        }
        written
    }

    fn finish(&mut self, conn: ConnId) {
        let Some(state) = self.conns.get_mut(&conn) else { return };
        state.finished = true;
        if state.ended || state.stream.shutdown(Shutdown::Write).is_err() {
            self.over.push(conn);
        }
    }
}

impl Environment for Sockets {
    fn propose(&mut self, now: Now, command: Command) {
        self.log.append(now, command);
    }

    fn abort(&mut self, conn: ConnId) {
        self.over.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: Option<&str>, _: &[u8]) {
        self.unchecked.push(conn);
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        let Some(state) = self.conns.get_mut(&conn) else { return };
        state.paused = paused;
        if !paused && std::mem::take(&mut state.waits) {
            state.go.send(()).ok();
        }
    }
}

/// The thread of the server.
struct Driver {
    server: Server,
    sockets: Sockets,
    entries: Vec<LogEntry>,
    tell: Sender<Report>,
    read_bytes_max: usize,
}

impl Driver {
    fn input(&mut self, input: Input<'_>) {
        self.server.input(now(), input, &mut self.sockets);
        self.commit();
    }

    fn commit(&mut self) {
        while self.sockets.log.take(&mut self.entries) {
            self.server.committed(now(), &self.entries, &mut self.sockets);
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Accepted(stream, peer) => self.accept(stream, peer),
            Report::Broken(conn) => self.close(conn),
            Report::Ended(conn) => {
                self.input(Input::ReadClosed { conn });
                let Some(state) = self.sockets.conns.get_mut(&conn) else { return };
                state.ended = true;
                if state.finished {
                    self.close(conn);
                }
            }
            Report::Received(conn, bytes) => {
                self.input(Input::Received { conn, bytes });
                let Some(state) = self.sockets.conns.get_mut(&conn) else { return };
                if state.paused {
                    state.waits = true;
                } else {
                    state.go.send(()).ok();
                }
            }
        }
    }

    fn accept(&mut self, stream: TcpStream, peer: SocketAddr) {
        // A driver that can wait for a slot does not accept before there is one.
        let Some(conn) = self.server.vacant() else { return };
        let (Ok(reader), Ok(())) = (stream.try_clone(), stream.set_write_timeout(Some(WRITE))) else {
            return;
        };
        let (go, told) = mpsc::channel();
        let (tell, read_bytes_max) = (self.tell.clone(), self.read_bytes_max);
        thread::spawn(move || read(conn, reader, read_bytes_max, &told, &tell));
        let state =
            Conn { stream, go, waits: false, paused: false, blocked: false, ended: false, finished: false };
        self.sockets.conns.insert(conn, state);
        let lobby = RoomName::lobby();
        self.input(Input::Accepted { conn, dialect: Dialect::Auto, peer, room: Some(&lobby) });
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(state) = self.sockets.conns.remove(&conn) {
            // Its thread reads the end.
            state.stream.shutdown(Shutdown::Both).ok();
            self.input(Input::Closed { conn });
        }
    }

    /// How long there is nothing to do unless something is reported.
    fn idle(&self) -> Duration {
        let until = self.server.deadline().map(|deadline| deadline.at.since(now().mono));
        let retry = self.sockets.conns.values().any(|state| state.blocked).then_some(RETRY);
        until.into_iter().chain(retry).min().unwrap_or(Duration::from_secs(3_600))
    }

    /// Does all that is due, and writes what has come of it.
    fn end_turn(&mut self) {
        while !self.server.turn_is_over() && self.server.time_out(now(), &mut self.sockets) {
            self.commit();
        }
        for (&conn, state) in &mut self.sockets.conns {
            if std::mem::take(&mut state.blocked) {
                self.server.writable(conn);
            }
        }
        loop {
            let more = self.server.flush(&mut self.sockets);
            let mut followed = false;
            while self.server.follow_up(now(), &mut self.sockets) {
                self.commit();
                followed = true;
            }
            // There are no operators here, so no password is right.
            while let Some(conn) = self.sockets.unchecked.pop() {
                self.input(Input::PasswordChecked { conn, right: false });
                followed = true;
            }
            while let Some(conn) = self.sockets.over.pop() {
                self.close(conn);
                followed = true;
            }
            if !more && !followed {
                break;
            }
        }
        self.server.end_turn();
    }
}

/// Serves whoever connects, for as long as the process lasts.
fn serve(listener: TcpListener) {
    let (tell, reports) = mpsc::channel();
    let (limits, mut sockets) = (Limits::default(), Sockets::default());
    let server = Server::new(limits, Options::default(), now(), &mut sockets);
    let read_bytes_max = limits.read_bytes_max;
    let mut driver = Driver { server, sockets, entries: Vec::new(), tell: tell.clone(), read_bytes_max };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(peer) = stream.peer_addr() else { continue };
            if tell.send(Report::Accepted(stream, peer)).is_err() {
                return;
            }
        }
    });
    loop {
        match reports.recv_timeout(driver.idle()) {
            Ok(report) => driver.report(report),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // What else has been reported belongs to the same turn, and is written together.
        while !driver.server.turn_is_over()
            && let Ok(report) = reports.try_recv()
        {
            driver.report(report);
        }
        driver.end_turn();
    }
}

/// Reads from a connection to its end, once each time it is told to.
fn read(conn: ConnId, mut stream: TcpStream, bytes_max: usize, told: &Receiver<()>, tell: &Sender<Report>) {
    let mut buffer = vec![0; bytes_max];
    loop {
        let report = match stream.read(&mut buffer) {
            Ok(0) => Report::Ended(conn),
            Ok(count) => Report::Received(conn, Bytes::copy_from_slice(&buffer[..count])),
            Err(_) => Report::Broken(conn),
        };
        let is_last = !matches!(report, Report::Received(..));
        if tell.send(report).is_err() || is_last || told.recv().is_err() {
            return;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a driver brings the clock")]
fn now() -> Now {
    use std::sync::LazyLock;
    static BEGAN: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    let mono = u64::try_from(BEGAN.elapsed().as_micros()).unwrap_or(u64::MAX);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let unix_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    Now { mono: Instant::from_micros(mono), unix_ms }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:4200")?;
    println!("nc 127.0.0.1 4200");
    serve(listener);
    Ok(())
}

#[test]
fn two_people_talk() -> io::Result<()> {
    use std::io::{BufRead, BufReader};
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || serve(listener));
    let mut alice = TcpStream::connect(address)?;
    // Whoever speaks the plain dialect to a listener of any is known by a first line.
    alice.write_all(b"/nick alice\n")?;
    let mut lines = BufReader::new(alice.try_clone()?).lines();
    let mut until = |text: &str| lines.by_ref().flatten().find(|line| line.contains(text)).expect("a line");
    until("alice");
    let mut bob = TcpStream::connect(address)?;
    bob.write_all(b"hello\n")?;
    assert!(until("hello").ends_with(": hello"));
    bob.shutdown(Shutdown::Write)?;
    until(" left");
    Ok(())
}
