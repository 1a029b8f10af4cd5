//! A log that takes its time, and puts what others say between two commands of one line.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Identity, Input, Limits, LogEntry, Now, Options, RoomName, Seq,
    Server, Wire,
};
use std::collections::BTreeMap;

/// A server whose log does nothing unasked.
struct Stage {
    server: Server,
    now: Now,
    log: u64,
    outside: Outside,
}

/// What comes out of it.
#[derive(Default)]
struct Outside {
    proposed: Vec<Command>,
    to_be_checked: Vec<ConnId>,
    /// What each connection has read.
    read: BTreeMap<ConnId, String>,
}

impl Wire for Outside {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        self.read.entry(conn).or_default().push_str(&String::from_utf8_lossy(&bytes));
        bytes.len()
    }
}

impl Environment for Outside {
    fn propose(&mut self, _: Now, command: Command) {
        self.proposed.push(command);
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, conn: ConnId, _: Option<&str>, _: &[u8]) {
        self.to_be_checked.push(conn);
    }

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

impl Stage {
    fn new() -> Self {
        let (now, mut outside) = (Now::default(), Outside::default());
        let server = Server::new(Limits::default(), Options::default(), now, &mut outside);
        let mut stage = Self { server, now, log: 0, outside };
        stage.commit();
        stage
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.outside);
        self.server.check_invariants();
    }

    /// Commits these commands, one after the other.
    fn append(&mut self, commands: Vec<Command>) {
        for command in commands {
            self.log += 1;
            let entry = LogEntry { seq: Seq(self.log), at_unix_ms: 0, command };
            self.input(Input::Committed { entries: &[entry] });
        }
    }

    /// Commits whatever is proposed.
    fn commit(&mut self) {
        while !self.outside.proposed.is_empty() {
            let commands = core::mem::take(&mut self.outside.proposed);
            self.append(commands);
        }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("there is a slot");
        let peer = ([10, 0, 0, 1], port).into();
        self.input(Input::Accepted { conn, dialect, peer, room: Some(&RoomName::lobby()) });
        conn
    }

    fn say(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }

    /// A client of IRC that has asked for capabilities and entered rooms.
    fn irc(&mut self, name: &str, lines: &str) -> ConnId {
        let conn = self.connect(Dialect::Irc, 5000);
        self.say(conn, &format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n"));
        self.commit();
        for line in lines.split_inclusive('\n') {
            self.say(conn, line);
            self.commit();
        }
        conn
    }

    /// What a connection has read since it was last asked.
    fn read(&mut self, conn: ConnId) -> String {
        while self.server.flush(&mut self.outside) {}
        self.outside.read.remove(&conn).unwrap_or_default()
    }
}

/// Where each text stands, in the order in which it is read.
fn places(read: &str, texts: &[&str]) -> Vec<usize> {
    texts.iter().map(|text| read.find(text).unwrap_or_else(|| panic!("{text} is in {read}"))).collect()
}

const LABELS: &str = "CAP REQ :batch echo-message labeled-response message-tags\r\n";

#[test]
fn what_a_line_with_a_label_says_is_in_the_order_of_the_log() {
    let mut stage = Stage::new();
    let alice = stage.irc("alice", &format!("{LABELS}JOIN #a,#b\r\n"));
    let bob = stage.irc("bob", "JOIN #a,#b\r\n");
    stage.read(alice);
    stage.read(bob);
    stage.say(alice, "@label=1 PRIVMSG #a,#b :one\r\n");
    stage.say(bob, "PRIVMSG #a :two\r\n");
    let mut commands = core::mem::take(&mut stage.outside.proposed);
    assert_eq!(commands.len(), 3);
    commands.swap(1, 2);
    stage.append(commands);
    for conn in [alice, bob] {
        let read = stage.read(conn);
        let bobs = if conn == alice { "PRIVMSG #a :two" } else { "PRIVMSG #a :one" };
        assert!(places(&read, &["PRIVMSG #a :one", bobs, "PRIVMSG #b :one"]).is_sorted(), "{read}");
    }
}

#[test]
fn who_enters_with_a_label_hears_nobody_before_it_is_there() {
    let mut stage = Stage::new();
    let bob = stage.irc("bob", "JOIN #a,#b\r\n");
    let alice = stage.irc("alice", LABELS);
    stage.read(alice);
    stage.say(alice, "@label=1 JOIN #a,#b\r\n");
    stage.say(bob, "PRIVMSG #a :two\r\n");
    // The second room waits for the first.
    assert_eq!(stage.outside.proposed.len(), 2);
    stage.commit();
    let read = stage.read(alice);
    assert!(places(&read, &["JOIN #a", "PRIVMSG #a :two", "JOIN #b"]).is_sorted(), "{read}");
    assert!(places(&read, &["BATCH +label", "BATCH -label"]).is_sorted(), "{read}");
}

#[test]
fn who_is_ended_while_it_begins_again_is_closed() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "OPER x y\r\n");
    assert_eq!(stage.outside.to_be_checked, [op]);
    stage.input(Input::PasswordChecked { conn: op, right: true });
    stage.commit();
    let dave = stage.connect(Dialect::Auto, 5001);
    stage.now.mono = stage.server.deadline().expect("silence ends").at;
    stage.server.time_out(stage.now, &mut stage.outside);
    stage.commit();
    stage.read(dave);
    // Its leave, to begin again as IRC, is behind the end that it is given.
    stage.say(op, "KILL 5001 :bye\r\n");
    stage.say(dave, "NICK dave\r\nUSER dave 0 * :dave\r\n");
    stage.commit();
    let read = stage.read(dave);
    assert!(read.contains("bye") && !read.contains(" 001 "), "{read}");
    assert_eq!(stage.server.hub().counters().closed.iter().sum::<u64>(), 1, "it is closed");
}

#[test]
fn who_is_kicked_while_its_connection_is_gone_is_in_no_room() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "JOIN #tea\r\n");
    let dave = stage.connect(Dialect::Plain, 5001);
    stage.commit();
    stage.say(dave, "/join tea\n");
    stage.commit();
    // Its leave is behind the kick in the log.
    stage.say(op, "KICK #tea 5001\r\n");
    stage.input(Input::Closed { conn: dave });
    assert_eq!(stage.outside.proposed.len(), 2);
    stage.commit();
    assert_eq!(stage.server.hub().world().members().len(), 1);
}

#[test]
fn who_is_shown_at_another_host_hears_it_apart_from_its_own_answers() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "OPER x y\r\n");
    stage.input(Input::PasswordChecked { conn: op, right: true });
    stage.commit();
    let alice = stage.irc("alice", LABELS);
    stage.read(alice);
    stage.say(alice, "@label=1 JOIN #a\r\n");
    stage.say(op, "CHGHOST alice a.example\r\n");
    stage.outside.proposed.swap(0, 1);
    stage.commit();
    let read = stage.read(alice);
    assert!(
        read.contains("\r\n:parlor.localhost 396 ") || read.starts_with(":parlor.localhost 396 "),
        "{read}"
    );
}

#[test]
fn who_was_asked_for_no_password_is_asked_when_there_is_one() {
    let mut stage = Stage::new();
    stage.irc("alice", "");
    let bob = stage.irc("alice", "");
    assert!(stage.read(bob).contains(" 433 "), "the name is taken");
    let identity = Identity { has_password: true, ..Identity::default() };
    stage.input(Input::Identified { identity: identity.into() });
    stage.say(bob, "NICK bob\r\n");
    assert_eq!(stage.outside.to_be_checked, [bob]);
}
