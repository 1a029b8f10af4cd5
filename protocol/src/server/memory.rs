//! A server in memory, for tests.

use super::{Environment, Server};
use crate::base::id::ConnId;
use crate::base::limits::Limits;
use crate::base::name::RoomName;
use crate::base::options::Options;
use crate::base::time::Now;
use crate::base::via::Via;
use crate::dialect::Dialect;
use crate::dialect::action::{PasswordOf, PasswordResult};
use crate::hub::input::Input;
use crate::log::entry::{LogEntry, Proposal};
use crate::log::memory::MemoryLog;
use crate::outbox::Wire;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};

/// A [`Server`] for tests. Its log commits at once, its sockets accept everything, and its clock advances only with
/// [`pass`](Self::pass).
///
/// Each method returns when the server has nothing left to do. When the server closes a connection, the client closes it
/// at once, too. No password is right.
#[derive(Debug)]
pub struct MemoryServer {
    server: Server,
    now: Now,
    memory: Memory,
    /// Committed entries; kept for their allocation.
    entries: Vec<LogEntry>,
}

/// The environment of a [`MemoryServer`].
#[derive(Debug, Default)]
struct Memory {
    log: MemoryLog,
    written: BTreeMap<ConnId, Vec<u8>>,
    /// Connections that the server has closed or aborted. It has not received [`Input::Closed`] for them yet.
    closed: Vec<ConnId>,
    /// Connections that wait for a password check.
    unchecked: Vec<ConnId>,
}

impl MemoryServer {
    /// Creates a server without connections.
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        let (now, mut memory) = (Now::default(), Memory::default());
        let server = Server::new(limits, options, now, &mut memory);
        let mut server = Self { server, now, memory, entries: Vec::new() };
        server.settle();
        server
    }

    /// Connects a client to a listener of this dialect. Plain members of the listener enter `room`.
    ///
    /// Returns `None` if the connection could neither be admitted nor told why it is refused.
    pub fn connect(&mut self, dialect: Dialect, peer: SocketAddr, room: Option<&RoomName>) -> Option<ConnId> {
        let conn = self.server.vacant()?;
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room });
        Some(conn)
    }

    /// Sends bytes of a client to the server, which receives them in one read.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Returns the bytes that were written to a connection since the last call.
    pub fn read(&mut self, conn: ConnId) -> Vec<u8> {
        self.memory.written.remove(&conn).unwrap_or_default()
    }

    /// Advances the clock, and runs each timer at the time when it is due.
    pub fn pass(&mut self, ms: u64) {
        let begin = self.now;
        let end = Now { mono: begin.mono.plus_ms(ms), unix_ms: begin.unix_ms.saturating_add(ms) };
        while let Some(deadline) = self.server.deadline().filter(|deadline| deadline.at <= end.mono) {
            let mono = deadline.at.max(self.now.mono);
            let passed_ms = mono.since(begin.mono).as_millis().try_into().unwrap_or(u64::MAX);
            self.now = Now { mono, unix_ms: begin.unix_ms.saturating_add(passed_ms) };
            self.server.time_out(self.now, &mut self.memory);
            self.settle();
        }
        self.now = end;
    }

    /// Passes an input to the server.
    pub fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.memory);
        self.settle();
    }

    /// Returns the server.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Runs the server until there is nothing left to do.
    fn settle(&mut self) {
        loop {
            while self.memory.log.take(&mut self.entries) {
                self.server.committed(self.now, &mut self.entries, &mut self.memory);
            }
            while self.server.flush(&mut self.memory) {}
            self.server.end_turn();
            if self.server.can_apply() {
                self.server.apply_entries(self.now, &mut self.memory);
                continue;
            }
            if self.server.follow_up(self.now, &mut self.memory) {
                continue;
            }
            let input = if let Some(conn) = self.memory.unchecked.pop() {
                Input::PasswordChecked { conn, result: PasswordResult::Wrong }
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
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.closed.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
        self.unchecked.push(conn);
    }

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}
