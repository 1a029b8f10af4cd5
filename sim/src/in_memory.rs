//! A server for tests: its log commits at once, and its sockets take everything.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Limits, LogEntry, MemoryLog, Now, Options, RoomName,
    Server, Wire,
};
use std::collections::BTreeMap;

/// A server, and the bytes that each connection was sent.
#[derive(Debug)]
pub struct InMemory {
    /// The server.
    pub server: Server,
    /// The time of the next input.
    pub now: Now,
    outside: Outside,
    entries: Vec<LogEntry>,
}

#[derive(Debug, Default)]
struct Outside {
    log: MemoryLog,
    sent: BTreeMap<ConnId, Vec<u8>>,
}

impl InMemory {
    /// Creates a server without connections.
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        let (now, mut outside) = (Now::default(), Outside::default());
        let server = Server::new(limits, options, now, &mut outside);
        let mut it = Self { server, now, outside, entries: Vec::new() };
        it.commit();
        it
    }

    /// Gives the server an input, and handles everything that follows from it.
    pub fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.outside);
        self.settle();
    }

    /// Handles the timer that is due first.
    pub fn time_out(&mut self) {
        self.server.time_out(self.now, &mut self.outside);
        self.settle();
    }

    /// Accepts a connection from loopback, at a listener that leads to the lobby.
    ///
    /// # Panics
    /// Panics if no slot is free.
    pub fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("there is room for one more");
        let peer = ([127, 0, 0, 1], port).into();
        self.input(Input::Accepted { conn, dialect, peer, room: Some(&RoomName::lobby()) });
        conn
    }

    /// Receives bytes from a connection.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Returns the bytes that a connection was sent since the last call.
    pub fn read(&mut self, conn: ConnId) -> Vec<u8> {
        self.outside.sent.remove(&conn).unwrap_or_default()
    }

    fn settle(&mut self) {
        self.commit();
        while self.server.flush(&mut self.outside) {}
        while self.server.follow_up(self.now, &mut self.outside) {
            self.commit();
            while self.server.flush(&mut self.outside) {}
        }
        self.server.check_invariants();
    }

    fn commit(&mut self) {
        while self.outside.log.take(&mut self.entries) {
            self.server.committed(self.now, &self.entries, &mut self.outside);
        }
    }
}

impl Wire for Outside {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let sent = self.sent.entry(conn).or_default();
        let before = sent.len();
        slices.iter().for_each(|slice| sent.extend_from_slice(slice));
        sent.len() - before
    }
}

impl Environment for Outside {
    fn propose(&mut self, now: Now, command: Command) {
        self.log.append(now, command);
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}
