//! A log that takes its time, and puts what others say between two commands of one line.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Hub, Identity, Input, Limits, LogEntry, Now, Options, Outbox, Output, RoomName,
    Seq, Sink, Wire,
};
use std::collections::BTreeMap;

/// A server whose log does nothing unasked.
struct Server {
    hub: Hub,
    now: Now,
    log: u64,
    io: Io,
}

/// What comes out of it.
struct Io {
    outbox: Outbox,
    proposed: Vec<Command>,
    to_be_checked: Vec<ConnId>,
    read: Read,
}

/// What each connection has read.
#[derive(Default)]
struct Read(BTreeMap<ConnId, String>);

impl Wire for Read {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        self.0.entry(conn).or_default().push_str(&String::from_utf8_lossy(&bytes));
        bytes.len()
    }
}

impl Sink for Io {
    fn output(&mut self, output: Output<'_>) {
        match &output {
            Output::CheckPassword { conn, .. } => self.to_be_checked.push(*conn),
            Output::Propose { command, .. } => self.proposed.push(command.clone()),
            _ => {}
        }
        self.outbox.output(&output);
    }
}

impl Server {
    fn new() -> Self {
        let limits = Limits::default();
        let hub = Hub::new(limits, Options::default());
        let proposed = vec![hub.configuration()];
        let io =
            Io { outbox: Outbox::new(&limits), proposed, to_be_checked: Vec::new(), read: Read::default() };
        let mut server = Self { hub, now: Now::default(), log: 0, io };
        server.commit();
        server
    }

    fn input(&mut self, input: Input<'_>) {
        self.hub.handle(self.now, input, &mut self.io);
        self.hub.check_invariants();
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
        while !self.io.proposed.is_empty() {
            let commands = core::mem::take(&mut self.io.proposed);
            self.append(commands);
        }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.hub.vacant().expect("there is a slot");
        self.io.outbox.opened(conn);
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
        while self.io.outbox.flush(&mut self.io.read) {}
        self.io.read.0.remove(&conn).unwrap_or_default()
    }
}

/// Where each text stands, in the order in which it is read.
fn places(read: &str, texts: &[&str]) -> Vec<usize> {
    texts.iter().map(|text| read.find(text).unwrap_or_else(|| panic!("{text} is in {read}"))).collect()
}

const LABELS: &str = "CAP REQ :batch echo-message labeled-response message-tags\r\n";

#[test]
fn what_a_line_with_a_label_says_is_in_the_order_of_the_log() {
    let mut server = Server::new();
    let alice = server.irc("alice", &format!("{LABELS}JOIN #a,#b\r\n"));
    let bob = server.irc("bob", "JOIN #a,#b\r\n");
    server.read(alice);
    server.read(bob);
    server.say(alice, "@label=1 PRIVMSG #a,#b :one\r\n");
    server.say(bob, "PRIVMSG #a :two\r\n");
    let mut commands = core::mem::take(&mut server.io.proposed);
    assert_eq!(commands.len(), 3);
    commands.swap(1, 2);
    server.append(commands);
    for conn in [alice, bob] {
        let read = server.read(conn);
        let bobs = if conn == alice { "PRIVMSG #a :two" } else { "PRIVMSG #a :one" };
        assert!(places(&read, &["PRIVMSG #a :one", bobs, "PRIVMSG #b :one"]).is_sorted(), "{read}");
    }
}

#[test]
fn who_enters_with_a_label_hears_nobody_before_it_is_there() {
    let mut server = Server::new();
    let bob = server.irc("bob", "JOIN #a,#b\r\n");
    let alice = server.irc("alice", LABELS);
    server.read(alice);
    server.say(alice, "@label=1 JOIN #a,#b\r\n");
    server.say(bob, "PRIVMSG #a :two\r\n");
    // The second room waits for the first.
    assert_eq!(server.io.proposed.len(), 2);
    server.commit();
    let read = server.read(alice);
    assert!(places(&read, &["JOIN #a", "PRIVMSG #a :two", "JOIN #b"]).is_sorted(), "{read}");
    assert!(places(&read, &["BATCH +label", "BATCH -label"]).is_sorted(), "{read}");
}

#[test]
fn who_is_ended_while_it_begins_again_is_closed() {
    let mut server = Server::new();
    let op = server.irc("op", "OPER x y\r\n");
    assert_eq!(server.io.to_be_checked, [op]);
    server.input(Input::PasswordChecked { conn: op, right: true });
    server.commit();
    let dave = server.connect(Dialect::Auto, 5001);
    server.now.mono = server.hub.deadline().expect("silence ends").at;
    server.input(Input::Timeout);
    server.commit();
    server.read(dave);
    // Its leave, to begin again as IRC, is behind the end that it is given.
    server.say(op, "KILL 5001 :bye\r\n");
    server.say(dave, "NICK dave\r\nUSER dave 0 * :dave\r\n");
    server.commit();
    let read = server.read(dave);
    assert!(read.contains("bye") && !read.contains(" 001 "), "{read}");
    assert_eq!(server.hub.counters().closed.iter().sum::<u64>(), 1, "it is closed");
}

#[test]
fn who_is_kicked_while_its_connection_is_gone_is_in_no_room() {
    let mut server = Server::new();
    let op = server.irc("op", "JOIN #tea\r\n");
    let dave = server.connect(Dialect::Plain, 5001);
    server.commit();
    server.say(dave, "/join tea\n");
    server.commit();
    // Its leave is behind the kick in the log.
    server.say(op, "KICK #tea 5001\r\n");
    server.input(Input::Closed { conn: dave });
    assert_eq!(server.io.proposed.len(), 2);
    server.commit();
    assert_eq!(server.hub.world().members().len(), 1);
}

#[test]
fn who_is_shown_at_another_host_hears_it_apart_from_its_own_answers() {
    let mut server = Server::new();
    let op = server.irc("op", "OPER x y\r\n");
    server.input(Input::PasswordChecked { conn: op, right: true });
    server.commit();
    let alice = server.irc("alice", LABELS);
    server.read(alice);
    server.say(alice, "@label=1 JOIN #a\r\n");
    server.say(op, "CHGHOST alice a.example\r\n");
    server.io.proposed.swap(0, 1);
    server.commit();
    let read = server.read(alice);
    assert!(
        read.contains("\r\n:parlor.localhost 396 ") || read.starts_with(":parlor.localhost 396 "),
        "{read}"
    );
}

#[test]
fn who_was_asked_for_no_password_is_asked_when_there_is_one() {
    let mut server = Server::new();
    server.irc("alice", "");
    let bob = server.irc("alice", "");
    assert!(server.read(bob).contains(" 433 "), "the name is taken");
    let identity = Identity { has_password: true, ..Identity::default() };
    server.input(Input::Identified { identity: identity.into() });
    server.say(bob, "NICK bob\r\n");
    assert_eq!(server.io.to_be_checked, [bob]);
}
