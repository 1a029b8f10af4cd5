//! A program that embeds the core brings a dialect of its own, and the core is not touched for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dialect;

use dialect::JSON;
use parlor_protocol::*;
use std::collections::BTreeMap;

/// A server whose sockets are texts, and whose log answers at once.
struct Room {
    server: Server,
    around: Around,
}

#[derive(Default)]
struct Around {
    log: MemoryLog,
    written: BTreeMap<ConnId, String>,
}

impl Wire for Around {
    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        *self.written.entry(conn).or_default() += std::str::from_utf8(&bytes).unwrap();
        bytes.len()
    }

    fn finish(&mut self, _: ConnId) {}
}

impl Environment for Around {
    fn propose(&mut self, now: Now, command: Command) {
        self.log.append(now, command);
    }

    fn abort(&mut self, _: ConnId) {}
    fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}
    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

impl Room {
    fn new() -> Self {
        let mut around = Around::default();
        let server = Server::new(Limits::default(), Options::default(), Now::default(), &mut around);
        Self { server, around }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().unwrap();
        let (lobby, peer) = (RoomName::lobby(), ([10, 0, 0, 1], port).into());
        self.give(Input::Accepted { conn, dialect, peer, room: Some(&lobby) });
        conn
    }

    fn say(&mut self, conn: ConnId, line: &str) {
        self.give(Input::Received { conn, bytes: format!("{line}\n").into() });
    }

    fn give(&mut self, input: Input<'_>) {
        let (now, mut entries) = (Now::default(), Vec::new());
        self.server.input(now, input, &mut self.around);
        while self.around.log.take(&mut entries) {
            self.server.committed(now, &entries, &mut self.around);
        }
        while self.server.flush(&mut self.around) {}
        while self.server.follow_up(now, &mut self.around) {}
        self.server.check_invariants();
    }

    /// What a connection was written since it was last asked for.
    fn read(&mut self, conn: ConnId) -> Vec<String> {
        self.around.written.remove(&conn).unwrap_or_default().lines().map(String::from).collect()
    }
}

#[test]
fn clients_of_a_dialect_from_outside_share_rooms_with_the_others() {
    let mut room = Room::new();
    let plain = room.connect(Dialect::Plain, 5001);
    let json = room.connect(Dialect::Custom(&JSON), 5002);
    room.read(plain);
    room.say(json, "not JSON");
    room.say(json, r#"{"enter": "alice"}"#);
    assert_eq!(room.read(json), [r#"{"you":"alice"}"#, r#"{"by":"alice","joined":"lobby"}"#]);
    assert_eq!(room.read(plain), ["alice joined"]);

    room.say(json, r#"{"do": "say", "room": "lobby", "text": "hello"}"#);
    room.say(plain, "hi");
    assert_eq!(room.read(plain), ["alice: hello"]);
    assert_eq!(room.read(json), [r#"{"by":"5001","room":"lobby","text":"hi"}"#]);

    room.say(json, r#"{"do": "who", "room": "lobby"}"#);
    assert_eq!(room.read(json), [r#"{"room":"lobby","who":["5001","alice"]}"#]);
    room.say(plain, "/nick bob");
    room.say(plain, "/msg alice secret");
    room.read(plain);
    assert_eq!(room.read(json), [r#"{"by":"5001","renamed":"bob"}"#, r#"{"by":"bob","text":"secret"}"#]);

    room.say(json, r#"{"do": "rename", "name": "bob"}"#);
    assert_eq!(room.read(json), [r#"{"refused":"name_taken"}"#]);
    room.say(json, r#"{"do": "quit", "text": "bye"}"#);
    assert_eq!(room.read(json), [r#"{"closed":"quit"}"#]);
    assert_eq!(room.read(plain), ["alice left: bye"]);
}

#[test]
fn a_taken_name_can_be_replaced_by_another() {
    let mut room = Room::new();
    let (one, other) = (room.connect(Dialect::Custom(&JSON), 1), room.connect(Dialect::Custom(&JSON), 2));
    room.say(one, r#"{"enter": "alice"}"#);
    room.say(other, r#"{"enter": "alice"}"#);
    assert_eq!(room.read(other), [r#"{"refused":"name_taken"}"#]);
    room.say(other, r#"{"enter": "bob"}"#);
    assert_eq!(room.read(other)[0], r#"{"you":"bob"}"#);
}
