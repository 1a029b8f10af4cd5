//! A server in memory, for tests.

use super::{Environment, Server};
use crate::base::id::ConnId;
use crate::base::limits::Limits;
use crate::base::name::RoomName;
use crate::base::options::Options;
use crate::base::time::Now;
use crate::dialect::Dialect;
use crate::hub::input::Input;
use crate::log::command::{Command, LogEntry};
use crate::log::memory::MemoryLog;
use crate::outbox::Wire;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;

/// A [`Server`] for tests: its log answers at once, its sockets take everything, and its clock stands still
/// until [`pass`](Self::pass).
///
/// Each call returns when the server has nothing left to do. The other end of a connection closes as soon
/// as the server does. No password is right.
#[derive(Debug)]
pub struct MemoryServer {
    server: Server,
    now: Now,
    memory: Memory,
    /// The entries that the log has answered with; kept for its allocation.
    entries: Vec<LogEntry>,
}

/// The environment of such a server.
#[derive(Debug, Default)]
struct Memory {
    log: MemoryLog,
    written: BTreeMap<ConnId, Vec<u8>>,
    /// Connections that the server has closed.
    closed: Vec<ConnId>,
    /// Connections that have given a password.
    unchecked: Vec<ConnId>,
}

impl MemoryServer {
    /// Starts a server without connections.
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        let (now, mut memory) = (Now::default(), Memory::default());
        let server = Server::new(limits, options, now, &mut memory);
        let mut server = Self { server, now, memory, entries: Vec::new() };
        server.settle();
        server
    }

    /// Connects to a listener of this dialect, which leads to this room. Returns `None` when nobody can be
    /// let in nor told why not.
    pub fn connect(&mut self, dialect: Dialect, peer: SocketAddr, room: Option<&RoomName>) -> Option<ConnId> {
        let conn = self.server.vacant()?;
        self.input(Input::Accepted { conn, dialect, peer, room });
        Some(conn)
    }

    /// Sends bytes to the server, as one read.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Returns the bytes that a connection was written since the last call.
    pub fn read(&mut self, conn: ConnId) -> Vec<u8> {
        self.memory.written.remove(&conn).unwrap_or_default()
    }

    /// Lets time pass: what is due meanwhile happens when it is due.
    pub fn pass(&mut self, ms: u64) {
        let end = Now { mono: self.now.mono.plus_ms(ms), unix_ms: self.now.unix_ms.saturating_add(ms) };
        while let Some(deadline) = self.server.deadline().filter(|deadline| deadline.at <= end.mono) {
            self.now.mono = deadline.at.max(self.now.mono);
            self.server.time_out(self.now, &mut self.memory);
            self.settle();
        }
        self.now = end;
    }

    /// Gives the server an input.
    pub fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.memory);
        self.settle();
    }

    /// The server itself.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    fn settle(&mut self) {
        loop {
            while self.memory.log.take(&mut self.entries) {
                self.server.committed(self.now, &self.entries, &mut self.memory);
            }
            while self.server.flush(&mut self.memory) {}
            if self.server.follow_up(self.now, &mut self.memory) {
                continue;
            }
            let input = if let Some(conn) = self.memory.unchecked.pop() {
                Input::PasswordChecked { conn, right: false }
            } else if let Some(conn) = self.memory.closed.pop() {
                Input::Closed { conn }
            } else {
                return;
            };
            self.server.input(self.now, input, &mut self.memory);
        }
    }
}

impl Wire for Memory {
    fn finish(&mut self, conn: ConnId) {
        self.closed.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let written = self.written.entry(conn).or_default();
        let before = written.len();
        slices.iter().for_each(|slice| written.extend_from_slice(slice));
        written.len() - before
    }
}

impl Environment for Memory {
    fn propose(&mut self, now: Now, command: Command) {
        self.log.append(now, command);
    }

    fn abort(&mut self, conn: ConnId) {
        self.closed.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: Option<&str>, _: &[u8]) {
        self.unchecked.push(conn);
    }

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}
