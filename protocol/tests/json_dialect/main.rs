//! A program that embeds the core can define a dialect without any change in the core.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dialect;

use dialect::JSON;
use parlor_protocol::*;
use std::collections::BTreeMap;

/// A server with its environment.
struct Running {
    server: Server,
    env: Memory,
}

/// A log in memory, and the text that was written to each connection.
#[derive(Default)]
struct Memory {
    log: MemoryLog,
    written: BTreeMap<ConnId, String>,
}

impl Wire for Memory {
    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        *self.written.entry(conn).or_default() += std::str::from_utf8(&bytes).unwrap();
        bytes.len()
    }

    fn finish(&mut self, _: ConnId) {}
}

impl Environment for Memory {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}
    fn check_password(&mut self, _: ConnId, _: std::net::IpAddr, _: &PasswordOf, _: &[u8]) {}
    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

impl Running {
    fn new() -> Self {
        let mut env = Memory::default();
        let server = Server::new(Limits::default(), Options::default(), Now::default(), &mut env);
        Self { server, env }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().unwrap();
        let (lobby, peer) = (RoomName::lobby(), ([10, 0, 0, 1], port).into());
        self.give(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&lobby) });
        conn
    }

    fn say(&mut self, conn: ConnId, line: &str) {
        self.give(Input::Received { conn, bytes: format!("{line}\n").into() });
    }

    fn give(&mut self, input: Input<'_>) {
        let (now, mut entries) = (Now::default(), Vec::new());
        self.server.input(now, input, &mut self.env);
        while self.env.log.take(&mut entries) {
            self.server.committed(now, &mut entries, &mut self.env);
        }
        while self.server.flush(&mut self.env) {}
        while self.server.follow_up(now, &mut self.env) {}
        self.server.check_invariants();
    }

    /// Returns the lines that a connection has received since the last call.
    fn read(&mut self, conn: ConnId) -> Vec<String> {
        self.env.written.remove(&conn).unwrap_or_default().lines().map(String::from).collect()
    }
}

#[test]
fn clients_of_a_custom_dialect_share_rooms_with_others() {
    let mut chat = Running::new();
    let plain = chat.connect(Dialect::Plain, 5001);
    let json = chat.connect(Dialect::Custom(&JSON), 5002);
    chat.read(plain);
    chat.say(json, "not JSON");
    chat.say(json, r#"{"enter": "alice"}"#);
    assert_eq!(chat.read(json), [r#"{"you":"alice"}"#, r#"{"by":"alice","joined":"lobby"}"#]);
    assert_eq!(chat.read(plain), ["alice joined"]);

    chat.say(json, r#"{"do": "say", "room": "lobby", "text": "hello"}"#);
    chat.say(plain, "hi");
    assert_eq!(chat.read(plain), ["alice: hello"]);
    assert_eq!(chat.read(json), [r#"{"by":"5001","room":"lobby","text":"hi"}"#]);

    chat.say(json, r#"{"do": "who", "room": "lobby"}"#);
    assert_eq!(chat.read(json), [r#"{"room":"lobby","who":["5001","alice"]}"#]);
    chat.say(plain, "/nick bob");
    chat.say(plain, "/msg alice secret");
    chat.read(plain);
    assert_eq!(chat.read(json), [r#"{"by":"5001","renamed":"bob"}"#, r#"{"by":"bob","text":"secret"}"#]);

    chat.say(json, r#"{"do": "rename", "name": "bob"}"#);
    assert_eq!(chat.read(json), [r#"{"refused":"name_taken"}"#]);
    chat.say(json, r#"{"do": "quit", "text": "bye"}"#);
    assert_eq!(chat.read(json), [r#"{"closed":"quit"}"#]);
    assert_eq!(chat.read(plain), ["alice left: bye"]);
}

#[test]
fn a_client_can_try_another_name_if_one_is_taken() {
    let mut chat = Running::new();
    let (one, other) = (chat.connect(Dialect::Custom(&JSON), 1), chat.connect(Dialect::Custom(&JSON), 2));
    chat.say(one, r#"{"enter": "alice"}"#);
    chat.say(other, r#"{"enter": "alice"}"#);
    assert_eq!(chat.read(other), [r#"{"refused":"name_taken"}"#]);
    chat.say(other, r#"{"enter": "bob"}"#);
    assert_eq!(chat.read(other)[0], r#"{"you":"bob"}"#);
}
