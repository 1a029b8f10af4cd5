//! A chat server on the sockets of the standard library, for this machine only.
//!
//! Start it with `cargo run -p parlor-protocol --example embed`, then join with `nc 127.0.0.1 4200` from two
//! other terminals, or with any client of IRC.
//!
//! One thread owns the server, the log and the sockets. Each connection has a second thread, which makes one read each
//! time the first thread asks for it, so that the server can pause reading. For many connections, a driver should wait
//! for all sockets in one thread, which needs more than the standard library.

use bytes::Bytes;
use parlor_protocol::{
    ConnId, Dialect, Environment, Input, Instant, Limits, LogEntry, MemoryLog, Now, Options, PasswordOf,
    PasswordResult, Proposal, RoomName, Server, Via, Wire,
};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Maximum time of a write to a full socket. The sockets block, since the threads that read from them must wait.
const WRITE_TIMEOUT: Duration = Duration::from_millis(1);

/// Time after which a write to a full socket is tried again. A driver with `poll` would wait until it is writable.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// A report of another thread to that of the server.
enum Report {
    /// A client connected.
    Accepted(TcpStream, SocketAddr),
    /// A read failed.
    Broken(ConnId),
    /// The client closed its writing side.
    Ended(ConnId),
    /// Bytes were read.
    Received(ConnId, Bytes),
}

/// A connection.
struct Conn {
    stream: TcpStream,
    /// Asks the thread of the connection for the next read.
    next_read: Sender<()>,
    /// Whether the next read was postponed because reading is paused.
    is_postponed: bool,
    /// Whether the server has paused reading.
    is_paused: bool,
    /// Whether the socket was full at the last write.
    is_blocked: bool,
    /// Whether the client has closed its writing side.
    has_ended: bool,
    /// Whether the server has closed its writing side.
    is_finished: bool,
}

/// The server's environment.
#[derive(Default)]
struct Sockets {
    log: MemoryLog,
    conns: BTreeMap<ConnId, Conn>,
    /// Connections that must be closed. The methods of [`Environment`] cannot call the server, so they are closed later.
    to_close: Vec<ConnId>,
    /// Connections that wait for a password check.
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
                    state.is_blocked = true;
                    break;
                }
                // The connection is broken. The bytes count as written, so that the outbox does not keep them.
                _ => {
                    self.to_close.push(conn);
                    return bytes.len();
                }
            }
        }
        written
    }

    fn finish(&mut self, conn: ConnId) {
        let Some(state) = self.conns.get_mut(&conn) else { return };
        state.is_finished = true;
        if state.has_ended || state.stream.shutdown(Shutdown::Write).is_err() {
            self.to_close.push(conn);
        }
    }
}

impl Environment for Sockets {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.to_close.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
        self.unchecked.push(conn);
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        let Some(state) = self.conns.get_mut(&conn) else { return };
        state.is_paused = paused;
        if !paused && std::mem::take(&mut state.is_postponed) {
            state.next_read.send(()).ok();
        }
    }
}

/// The driver, which runs the server on its thread.
struct Driver {
    server: Server,
    sockets: Sockets,
    /// Committed entries; kept for their allocation.
    entries: Vec<LogEntry>,
    /// The sender of reports, for the threads of new connections.
    reports: Sender<Report>,
    read_bytes_max: usize,
}

impl Driver {
    fn input(&mut self, input: Input<'_>) {
        self.server.input(now(), input, &mut self.sockets);
        self.commit();
    }

    fn commit(&mut self) {
        while self.sockets.log.take(&mut self.entries) {
            self.server.committed(now(), &mut self.entries, &mut self.sockets);
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Accepted(stream, peer) => self.accept(stream, peer),
            Report::Broken(conn) => self.close(conn),
            Report::Ended(conn) => {
                self.input(Input::ReadClosed { conn });
                let Some(state) = self.sockets.conns.get_mut(&conn) else { return };
                state.has_ended = true;
                if state.is_finished {
                    self.close(conn);
                }
            }
            Report::Received(conn, bytes) => {
                self.input(Input::Received { conn, bytes });
                let Some(state) = self.sockets.conns.get_mut(&conn) else { return };
                if state.is_paused {
                    state.is_postponed = true;
                } else {
                    state.next_read.send(()).ok();
                }
            }
        }
    }

    fn accept(&mut self, stream: TcpStream, peer: SocketAddr) {
        // Without a slot, the connection is dropped. A better driver accepts only when there is one.
        let Some(conn) = self.server.vacant() else { return };
        let (Ok(reader), Ok(())) = (stream.try_clone(), stream.set_write_timeout(Some(WRITE_TIMEOUT))) else {
            return;
        };
        let (next_read, requests) = mpsc::channel();
        let (reports, read_bytes_max) = (self.reports.clone(), self.read_bytes_max);
        thread::spawn(move || read(conn, reader, read_bytes_max, &requests, &reports));
        let state = Conn {
            stream,
            next_read,
            is_postponed: false,
            is_paused: false,
            is_blocked: false,
            has_ended: false,
            is_finished: false,
        };
        self.sockets.conns.insert(conn, state);
        let lobby = RoomName::lobby();
        self.input(Input::Accepted {
            conn,
            dialect: Dialect::Auto,
            peer,
            via: Via::Direct,
            room: Some(&lobby),
        });
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(state) = self.sockets.conns.remove(&conn) {
            // This also ends the blocking read of the connection's thread, which then ends itself.
            state.stream.shutdown(Shutdown::Both).ok();
            self.input(Input::Closed { conn });
        }
    }

    /// Returns the time until the next timer or write is due.
    fn time_until_due(&self) -> Duration {
        if self.server.can_apply() {
            return Duration::ZERO;
        }
        let until = self.server.deadline().map(|deadline| deadline.at.since(now().mono));
        let retry = self.sockets.conns.values().any(|state| state.is_blocked).then_some(RETRY_INTERVAL);
        until.into_iter().chain(retry).min().unwrap_or(Duration::from_secs(3_600))
    }

    /// Ends a turn: runs the timers that are due, and writes the results of the turn.
    fn end_turn(&mut self) {
        while !self.server.turn_is_over() && self.server.time_out(now(), &mut self.sockets) {
            self.commit();
        }
        for (&conn, state) in &mut self.sockets.conns {
            if std::mem::take(&mut state.is_blocked) {
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
                self.input(Input::PasswordChecked { conn, result: PasswordResult::Wrong });
                followed = true;
            }
            while let Some(conn) = self.sockets.to_close.pop() {
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

/// Serves clients until the process ends.
fn serve(listener: TcpListener) {
    let (sender, reports) = mpsc::channel();
    let (limits, mut sockets) = (Limits::default(), Sockets::default());
    let server = Server::new(limits, Options::default(), now(), &mut sockets);
    let read_bytes_max = limits.read_bytes_max;
    let mut driver = Driver { server, sockets, entries: Vec::new(), reports: sender.clone(), read_bytes_max };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(peer) = stream.peer_addr() else { continue };
            if sender.send(Report::Accepted(stream, peer)).is_err() {
                return;
            }
        }
    });
    loop {
        match reports.recv_timeout(driver.time_until_due()) {
            Ok(report) => driver.report(report),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        driver.server.apply_entries(now(), &mut driver.sockets);
        // Everything that was reported meanwhile belongs to the same turn, so that it is written together.
        while !driver.server.turn_is_over()
            && let Ok(report) = reports.try_recv()
        {
            driver.report(report);
        }
        driver.end_turn();
    }
}

/// Reads from a connection: once at first, and then once for each request, until the connection ends.
fn read(
    conn: ConnId,
    mut stream: TcpStream,
    bytes_max: usize,
    requests: &Receiver<()>,
    reports: &Sender<Report>,
) {
    let mut buffer = vec![0; bytes_max];
    loop {
        let report = match stream.read(&mut buffer) {
            Ok(0) => Report::Ended(conn),
            Ok(count) => Report::Received(conn, Bytes::copy_from_slice(&buffer[..count])),
            Err(_) => Report::Broken(conn),
        };
        let is_last = !matches!(report, Report::Received(..));
        if reports.send(report).is_err() || is_last || requests.recv().is_err() {
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
    let lines = |stream: &TcpStream| -> io::Result<_> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(BufReader::new(stream.try_clone()?).lines().map_while(Result::ok))
    };
    // The listener accepts any dialect. The first lines show that these clients are plain ones.
    let mut alice = TcpStream::connect(address)?;
    let mut alice_reads = lines(&alice)?;
    alice.write_all(b"/nick alice\n")?;
    assert!(alice_reads.any(|line| line.contains("alice")));
    let mut bob = TcpStream::connect(address)?;
    let mut bob_reads = lines(&bob)?;
    bob.write_all(b"hello\n")?;
    assert!(alice_reads.any(|line| line.ends_with(": hello")));
    alice.write_all(b"hi\n")?;
    assert!(bob_reads.any(|line| line == "alice: hi"));
    bob.shutdown(Shutdown::Write)?;
    // Alice was not sent her own message.
    assert!(alice_reads.next().is_some_and(|line| line.ends_with(" left")));
    Ok(())
}
