//! A log that commits late, and puts commands of others between two commands of one line.

use bytes::Bytes;
use parlor_protocol::{
    Cloaks, Command, ConnId, Dialect, Environment, Identity, Input, Instant, Life, Limits, MemberId, Message,
    MessageKind, Name, NameRequest, NodeId, Now, Options, Origin, PasswordOf, PasswordResult, Profile,
    Proposal, RoomName, Seq, Server, Text, Via, Wire,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A server whose log commits only when a test says so.
struct Stage {
    server: Server,
    now: Now,
    log: u64,
    outside: Outside,
}

/// The server's outputs.
#[derive(Default)]
struct Outside {
    proposed: Vec<Proposal>,
    to_be_checked: Vec<ConnId>,
    /// The text that each connection has received.
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
    fn propose(&mut self, proposal: &Proposal) {
        self.proposed.push(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
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

    /// Commits proposals, one after the other.
    fn append(&mut self, proposals: Vec<Proposal>) {
        for proposal in proposals {
            self.log += 1;
            let entry = proposal.committed_at(Seq(self.log));
            self.input(Input::Committed { entry: &entry });
        }
    }

    /// Commits everything that is proposed.
    fn commit(&mut self) {
        while !self.outside.proposed.is_empty() {
            let proposals = core::mem::take(&mut self.outside.proposed);
            self.append(proposals);
        }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let peer = ([10, 0, 0, 1], port).into();
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&RoomName::lobby()) });
        conn
    }

    fn say(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }

    /// Connects an IRC client, which registers and then sends `lines`.
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

    /// Returns the text that a connection has received since the last call.
    fn read(&mut self, conn: ConnId) -> String {
        while self.server.flush(&mut self.outside) {}
        self.outside.read.remove(&conn).unwrap_or_default()
    }
}

/// A node that shares the log and has one member, in the room `#a`.
struct Other {
    proposals: u64,
    member: MemberId,
}

impl Other {
    fn enters(stage: &mut Stage) -> Self {
        let mut other = Self { proposals: 0, member: MemberId::default() };
        let profile = Profile::of_host(&Cloaks::default().host([10, 0, 0, 9].into()));
        let request = NameRequest::Name(Name::parse("olga").expect("a valid name"));
        let room = RoomName::parse("a").ok();
        let enter = Command::Enter { request, profile, room };
        let proposals = [Command::Started { after: None }, enter].map(|command| other.propose(command));
        stage.append(proposals.into());
        other.member = MemberId(Seq(stage.log));
        other
    }

    const fn propose(&mut self, command: Command) -> Proposal {
        self.proposals += 1;
        let origin = Origin { node: NodeId(1), life: Life(7), number: self.proposals };
        Proposal { at_unix_ms: 0, origin, command }
    }

    fn says(&mut self, text: &str) -> Proposal {
        let room = RoomName::parse("a").expect("a valid name");
        let message = Message::new(MessageKind::Text, Text::clean(text.as_bytes(), false));
        self.propose(Command::Say { member: self.member, room, status: None, message })
    }
}

/// Returns the position of each text in `read`.
fn places(read: &str, texts: &[&str]) -> Vec<usize> {
    texts.iter().map(|text| read.find(text).unwrap_or_else(|| panic!("{text} is in {read}"))).collect()
}

const LABELS: &str = "CAP REQ :batch echo-message labeled-response message-tags\r\n";

#[test]
fn messages_of_a_labelled_line_have_the_order_of_the_log() {
    let mut stage = Stage::new();
    let alice = stage.irc("alice", &format!("{LABELS}JOIN #a,#b\r\n"));
    let bob = stage.irc("bob", "JOIN #a,#b\r\n");
    stage.read(alice);
    stage.read(bob);
    let mut other = Other::enters(&mut stage);
    for conn in [alice, bob] {
        assert!(stage.read(conn).contains("JOIN #a"), "the member of the other node is announced");
    }
    stage.say(alice, "@label=1 PRIVMSG #a,#b :one\r\n");
    let mut proposals = core::mem::take(&mut stage.outside.proposed);
    assert_eq!(proposals.len(), 2);
    proposals.insert(1, other.says("two"));
    stage.append(proposals);
    for conn in [alice, bob] {
        let read = stage.read(conn);
        let texts = ["PRIVMSG #a :one", "PRIVMSG #a :two", "PRIVMSG #b :one"];
        assert!(places(&read, &texts).is_sorted(), "{read}");
    }
}

#[test]
fn a_member_that_enters_with_a_label_is_sent_nothing_before_its_join() {
    let mut stage = Stage::new();
    let bob = stage.irc("bob", "JOIN #a,#b\r\n");
    let alice = stage.irc("alice", LABELS);
    stage.read(alice);
    stage.say(alice, "@label=1 JOIN #a,#b\r\n");
    stage.say(bob, "PRIVMSG #a :two\r\n");
    // Entering the second room waits for the first.
    assert_eq!(stage.outside.proposed.len(), 2);
    stage.commit();
    let read = stage.read(alice);
    assert!(places(&read, &["JOIN #a", "PRIVMSG #a :two", "JOIN #b"]).is_sorted(), "{read}");
    assert!(places(&read, &["BATCH +label", "BATCH -label"]).is_sorted(), "{read}");
}

#[test]
fn a_connection_that_is_killed_while_it_switches_to_irc_is_closed() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "OPER x y\r\n");
    assert_eq!(stage.outside.to_be_checked, [op]);
    stage.input(Input::PasswordChecked { conn: op, result: PasswordResult::Right });
    stage.commit();
    let dave = stage.connect(Dialect::Auto, 5001);
    stage.now.mono = stage.server.deadline().expect("there is a detection timer").at;
    stage.server.time_out(stage.now, &mut stage.outside);
    stage.commit();
    stage.read(dave);
    // Dave's `Leave`, for the switch to IRC, follows the `Kill` in the log.
    stage.say(op, "KILL 5001 :bye\r\n");
    stage.say(dave, "NICK dave\r\nUSER dave 0 * :dave\r\n");
    stage.commit();
    let read = stage.read(dave);
    assert!(read.contains("bye") && !read.contains(" 001 "), "{read}");
    assert_eq!(stage.server.hub().counters().closed.iter().sum::<u64>(), 1, "it is closed");
}

#[test]
fn a_member_that_is_kicked_after_its_connection_closed_leaves() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "JOIN #tea\r\n");
    let dave = stage.connect(Dialect::Plain, 5001);
    stage.commit();
    stage.say(dave, "/join tea\n");
    stage.commit();
    // Dave's `Leave` follows the `Kick` in the log.
    stage.say(op, "KICK #tea 5001\r\n");
    stage.input(Input::Closed { conn: dave });
    assert_eq!(stage.outside.proposed.len(), 2);
    stage.commit();
    assert_eq!(stage.server.hub().world().members().len(), 1);
}

#[test]
fn a_change_of_a_members_host_is_not_part_of_its_labelled_answer() {
    let mut stage = Stage::new();
    let op = stage.irc("op", "OPER x y\r\n");
    stage.input(Input::PasswordChecked { conn: op, result: PasswordResult::Right });
    stage.commit();
    let alice = stage.irc("alice", LABELS);
    stage.read(alice);
    stage.say(op, "CHGHOST alice a.example\r\n");
    stage.say(alice, "@label=1 JOIN #a\r\n");
    assert_eq!(stage.outside.proposed.len(), 2);
    stage.commit();
    let read = stage.read(alice);
    assert!(
        read.contains("\r\n:parlor.localhost 396 ") || read.starts_with(":parlor.localhost 396 "),
        "{read}"
    );
}

#[test]
fn a_password_that_is_set_during_a_registration_is_required() {
    let mut stage = Stage::new();
    stage.irc("alice", "");
    let bob = stage.irc("alice", "");
    assert!(stage.read(bob).contains(" 433 "), "the name is taken");
    let identity = Identity { has_password: true, ..Identity::default() };
    stage.input(Input::Identified { identity: identity.into() });
    stage.say(bob, "NICK bob\r\n");
    assert_eq!(stage.outside.to_be_checked, [bob]);
}

/// A server that requires a password, and a client that has given one: the connection, and milliseconds that the client
/// took before.
fn with_password_in_check() -> (Stage, ConnId, u64) {
    let mut stage = Stage::new();
    let identity = Identity { has_password: true, ..Identity::default() };
    stage.input(Input::Identified { identity: identity.into() });
    let alice = stage.connect(Dialect::Irc, 5000);
    let took_ms = Limits::default().registration_ms - 1_000;
    stage.now.mono = stage.now.mono.plus_ms(took_ms);
    stage.say(alice, "PASS x\r\nNICK alice\r\nUSER alice 0 * :alice\r\n");
    assert_eq!(stage.outside.to_be_checked, [alice]);
    (stage, alice, took_ms)
}

#[test]
fn the_time_for_a_registration_stands_still_while_its_password_is_checked() {
    let (mut stage, alice, _) = with_password_in_check();
    stage.irc("bob", "");
    // Longer than a whole registration may take.
    stage.now.mono = stage.now.mono.plus_ms(3 * Limits::default().registration_ms);
    while stage.server.time_out(stage.now, &mut stage.outside) {}
    stage.input(Input::PasswordChecked { conn: alice, result: PasswordResult::Right });
    stage.commit();
    assert!(stage.read(alice).contains(" 001 alice "));
}

#[test]
fn the_time_for_a_registration_goes_on_when_its_password_was_checked() {
    let (mut stage, alice, _) = with_password_in_check();
    // The name is taken meanwhile: the client has to register again, in what is left of its time.
    let identity = Identity { has_password: false, ..Identity::default() };
    stage.input(Input::Identified { identity: identity.into() });
    let bob = stage.irc("alice", "");
    assert!(stage.read(bob).contains(" 001 alice "));
    let asked_at = stage.now.mono;
    stage.now.mono = asked_at.plus_ms(100_000);
    stage.input(Input::PasswordChecked { conn: alice, result: PasswordResult::Right });
    stage.commit();
    assert!(stage.read(alice).contains(" 433 "));
    let left = stage.now.mono.plus_ms(1_000);
    stage.now.mono = Instant::from_micros(left.as_micros() - 1);
    while stage.server.time_out(stage.now, &mut stage.outside) {}
    assert_eq!(stage.read(alice), "");
    stage.now.mono = left;
    while stage.server.time_out(stage.now, &mut stage.outside) {}
    assert!(stage.read(alice).starts_with("ERROR :"));
}

#[test]
fn a_password_that_is_never_checked_keeps_no_connection_forever() {
    let (mut stage, alice, took_ms) = with_password_in_check();
    stage.now.mono = stage.now.mono.plus_ms(600_000 + Limits::default().registration_ms - took_ms);
    while stage.server.time_out(stage.now, &mut stage.outside) {}
    assert!(stage.read(alice).starts_with("ERROR :"));
}

#[test]
fn a_password_that_was_not_checked_can_be_given_again() {
    let mut stage = Stage::new();
    let alice = stage.irc("alice", "OPER x y\r\n");
    stage.read(alice);
    stage.input(Input::PasswordChecked { conn: alice, result: PasswordResult::NotChecked });
    let read = stage.read(alice);
    assert!(read.contains(" 263 alice OPER :") && !read.contains(" 464 "), "{read}");
    stage.say(alice, "PING :1\r\n");
    assert!(stage.read(alice).contains("PONG"), "the next line is read");
    let bob = stage.connect(Dialect::Plain, 5001);
    stage.commit();
    stage.say(bob, "/oper x y\n");
    stage.read(bob);
    stage.input(Input::PasswordChecked { conn: bob, result: PasswordResult::NotChecked });
    assert_eq!(stage.read(bob), "* too many password attempts; yours was not checked, try again later\n");
}

#[test]
fn a_client_whose_server_password_was_not_checked_is_told_so_and_closed() {
    let (mut stage, alice, _) = with_password_in_check();
    stage.input(Input::PasswordChecked { conn: alice, result: PasswordResult::NotChecked });
    let read = stage.read(alice);
    assert!(read.contains("ERROR :") && read.contains("oo many password attempts"), "{read}");
    assert!(!read.contains(" 464 "), "it may be right: {read}");
}
