//! Telling in slices: a burst of entries, and an entry that ends thousands of members. Whoever reads promptly is not taken for
//! a slow reader, and everybody is served in between.

use bytes::Bytes;
use parlor_protocol::{
    Cloaks, Command, ConnId, DeadlineReason, Dialect, Environment, Input, Life, Limits, LogEntry, MemberId,
    Message, MessageKind, NameRequest, NodeId, Now, Options, Origin, PasswordOf, Profile, Proposal, Rate,
    RoomName, Seq, Server, Text, Via, Wire, World,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Number of members of the other node, and of entries in a burst.
const MANY: u64 = 10_000;

/// The size of a socket's buffer. It is emptied between two turns.
const SOCKET_BYTES: usize = 100_000;

/// The node that the members are of, and its life.
const OTHER: (NodeId, Life) = (NodeId(1), Life(7));

/// A server, and a log that another node shares.
struct Stage {
    server: Server,
    outside: Outside,
    log: Vec<LogEntry>,
    /// Number of entries of the other node.
    number: u64,
    now: Now,
    turns: usize,
    /// A client that does not read now.
    hung: Option<ConnId>,
}

#[derive(Default)]
struct Outside {
    proposed: Vec<Proposal>,
    read: BTreeMap<ConnId, String>,
    /// The bytes that each client has not read yet.
    full: BTreeMap<ConnId, usize>,
    overflowed: Vec<ConnId>,
}

impl Wire for Outside {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = slices.concat();
        let used = self.full.entry(conn).or_default();
        let taken = bytes.len().min(SOCKET_BYTES - *used);
        *used += taken;
        self.read.entry(conn).or_default().push_str(str::from_utf8(&bytes[..taken]).expect("it is ASCII"));
        taken
    }
}

impl Environment for Outside {
    fn propose(&mut self, proposal: &Proposal) {
        self.proposed.push(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn before_input(&mut self, _: Now, input: &Input<'_>) {
        if let Input::Overflowed { conn } = *input {
            self.overflowed.push(conn);
        }
    }
}

impl Stage {
    /// Creates a server whose log has thousands of members of another node.
    fn new() -> Self {
        let mut log = Vec::new();
        let (node, life) = OTHER;
        let mut append = |number, command| {
            let origin = Origin { node, life, number };
            log.push(Proposal { at_unix_ms: 0, origin, command }.committed_at(Seq(number)));
        };
        append(1, Command::Started { after: None });
        append(2, Command::Configure { revision: 1, limits: Limits::default().world });
        let number = MANY + 2;
        for number in 3..=number {
            let request = NameRequest::Port(u16::try_from(number).expect("a port"));
            let profile = Profile::of_host(&Cloaks::default().host([10, 0, 0, 1].into()));
            append(number, Command::Enter { request, profile, room: Some(RoomName::lobby()) });
        }
        let mut outside = Outside::default();
        let world = World::replay(&log);
        assert_eq!(world.members().len(), 10_000);
        let limits = Limits { rate: Rate { lines: 0, burst: 1 }, ..Limits::default() };
        let server = Server::resume(limits, Options::default(), world, Now::default(), &mut outside);
        let mut stage = Self { server, outside, log, number, now: Now::default(), turns: 0, hung: None };
        stage.settle();
        stage
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.outside);
    }

    /// Gives the server entries with commands of the other node in one commit.
    fn commit(&mut self, commands: Vec<Command>) {
        let (node, life) = OTHER;
        let mut entries = Vec::new();
        for command in commands {
            self.number += 1;
            let origin = Origin { node, life, number: self.number };
            let seq = Seq(self.log.len() as u64 + 1);
            let entry = Proposal { at_unix_ms: 0, origin, command }.committed_at(seq);
            self.log.push(entry.clone());
            entries.push(entry);
        }
        self.server.committed(self.now, &mut entries, &mut self.outside);
    }

    /// Commits what the server has proposed.
    fn settle(&mut self) {
        let mut entries = Vec::new();
        for proposal in std::mem::take(&mut self.outside.proposed) {
            let entry = proposal.committed_at(Seq(self.log.len() as u64 + 1));
            self.log.push(entry.clone());
            entries.push(entry);
        }
        self.server.committed(self.now, &mut entries, &mut self.outside);
        self.turn();
    }

    /// Ends a turn. Then the clients read until everything is written.
    fn turn(&mut self) {
        let mut is_written = false;
        while !is_written {
            while self.server.flush(&mut self.outside) {}
            while self.server.follow_up(self.now, &mut self.outside) {}
            let hung = self.hung.and_then(|hung| self.outside.full.remove_entry(&hung));
            let read = std::mem::replace(&mut self.outside.full, hung.into_iter().collect());
            is_written = read.values().all(|&bytes| bytes < SOCKET_BYTES);
            read.into_keys().for_each(|conn| self.server.writable(conn));
        }
        self.turns += 1;
        self.now.mono = self.now.mono.plus_ms(1);
        self.server.end_turn();
        while !self.server.turn_is_over() && self.server.time_out(self.now, &mut self.outside) {}
        self.server.check_invariants();
    }

    fn connect(&mut self, dialect: Dialect) -> ConnId {
        self.connect_from([10, 0, 0, 2].into(), dialect)
    }

    fn connect_from(&mut self, ip: IpAddr, dialect: Dialect) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let (peer, lobby) = ((ip, 40_000).into(), RoomName::lobby());
        let room = (dialect == Dialect::Plain).then_some(&lobby);
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room });
        self.settle();
        conn
    }

    fn send(&mut self, conn: ConnId, line: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(line.as_bytes()) });
    }

    fn read(&mut self, conn: ConnId) -> String {
        self.outside.read.remove(&conn).unwrap_or_default()
    }

    /// Returns a plain member and an IRC client in the lobby.
    fn readers(&mut self) -> [ConnId; 2] {
        let [plain, irc] = [Dialect::Plain, Dialect::Irc].map(|dialect| self.connect(dialect));
        self.send(irc, "NICK irc\r\nUSER i 0 * i\r\n");
        self.settle();
        self.send(irc, "JOIN #lobby\r\n");
        self.settle();
        for _ in 0..100 {
            // The names of all members are read in pages.
            self.turn();
        }
        assert!(
            self.read(irc).contains(" 366 ")
                && self.read(plain).ends_with(
                    "irc joined
"
                )
        );
        self.turns = 0;
        [plain, irc]
    }

    /// Applies everything that is left. In each turn the IRC client sends a `PING`, which must be answered in that turn. Returns what
    /// both have read.
    fn finish(&mut self, [plain, irc]: [ConnId; 2]) -> [String; 2] {
        let mut read = [String::new(), String::new()];
        let mut is_over = false;
        while !is_over {
            is_over = !self.server.has_entries();
            self.server.apply_entries(self.now, &mut self.outside);
            let token = format!("turn{}", self.turns);
            self.send(irc, &format!("PING {token}\r\n"));
            self.turn();
            read[0] += &self.read(plain);
            let answer = self.read(irc);
            assert!(answer.contains(&token), "{token} has no answer");
            read[1] += &answer;
        }
        assert_eq!(self.outside.overflowed, []);
        read
    }
}

/// Returns the numbers at the beginning of the lines that end like this, in the order in which they were read.
fn numbers(read: &str, before: &str, after: &str) -> Vec<u64> {
    let text =
        |line: &'_ str| -> Option<u64> { line.strip_prefix(before)?.split(after).next()?.parse().ok() };
    read.lines().filter(|line| line.contains(after)).filter_map(text).collect()
}

/// Returns a burst of lines of the first member of the other node.
fn lines() -> Vec<Command> {
    let say = |number: u64| {
        let text = Text::clean(format!("{number} {}", "x".repeat(150)).as_bytes(), false);
        let message = Message { kind: MessageKind::Text, text, tags: None };
        let member = MemberId(Seq(3));
        Command::Say { member, room: RoomName::lobby(), status: None, message }
    };
    (1..=MANY).map(say).collect()
}

#[test]
fn an_entry_that_ends_ten_thousand_members_is_told_in_slices() {
    let mut stage = Stage::new();
    let readers = stage.readers();
    // The other node starts again: its former members leave.
    let (node, life) = OTHER;
    let origin = Origin { node, life: Life(8), number: 1 };
    let command = Command::Started { after: Some(life) };
    let seq = Seq(stage.log.len() as u64 + 1);
    let entry = Proposal { at_unix_ms: 0, origin, command }.committed_at(seq);
    stage.server.committed(stage.now, &mut vec![entry], &mut stage.outside);
    assert_eq!(stage.server.hub().world().members().len(), 2, "the entry is applied whole");
    assert!(stage.server.hub().is_telling(), "and told in more than one slice");
    let [plain, irc] = stage.finish(readers);
    let all: Vec<u64> = (3..MANY + 3).collect();
    assert_eq!(numbers(&plain, "", " left"), all);
    assert_eq!(numbers(&irc, ":", "!"), all);
    assert!(stage.turns >= 10, "a turn tells at most a thousand of them: {}", stage.turns);
}

#[test]
fn an_entry_that_comes_before_the_last_one_is_told_whole_is_told_after_it() {
    let mut stage = Stage::new();
    let readers = stage.readers();
    let (node, life) = OTHER;
    stage.commit(vec![Command::Ended { node, life }]);
    assert!(stage.server.hub().is_telling());
    stage.send(readers[0], "last\n");
    let proposals = std::mem::take(&mut stage.outside.proposed);
    let [proposal] = proposals.try_into().expect("the line is proposed meanwhile");
    let entry = proposal.committed_at(Seq(stage.log.len() as u64 + 1));
    stage.server.committed(stage.now, &mut vec![entry], &mut stage.outside);
    let [_, irc] = stage.finish(readers);
    let last = irc.lines().rfind(|line| !line.contains("PONG"));
    assert!(last.is_some_and(|line| line.ends_with(" PRIVMSG #lobby :last")), "{last:?}");
}

#[test]
fn a_hub_that_is_given_the_next_entry_tells_the_rest_of_the_last_one_first() {
    let mut stage = Stage::new();
    let readers = stage.readers();
    let (node, life) = OTHER;
    stage.commit(vec![Command::Ended { node, life }]);
    assert!(stage.server.hub().is_telling());
    // An embedder that does not use `Server::committed`.
    let origin = Origin { node, life: Life(9), number: 1 };
    let proposal = Proposal { at_unix_ms: 0, origin, command: Command::Started { after: Some(life) } };
    let entry = proposal.committed_at(Seq(stage.log.len() as u64 + 1));
    stage.input(Input::Committed { entry: &entry });
    assert!(!stage.server.hub().is_telling());
    let [plain, _] = stage.finish(readers);
    assert_eq!(numbers(&plain, "", " left").len(), 10_000);
}

#[test]
fn a_burst_of_ten_thousand_entries_closes_no_reader() {
    let mut stage = Stage::new();
    let readers = stage.readers();
    stage.commit(lines());
    assert!(stage.server.has_entries());
    let [plain, irc] = stage.finish(readers);
    let all: Vec<u64> = (1..=MANY).collect();
    assert_eq!(numbers(&plain, "3: ", " x"), all);
    assert_eq!(irc.lines().filter(|line| line.contains(" PRIVMSG #lobby :")).count(), 10_000);
    assert!(stage.turns > 2);
}

#[test]
fn a_burst_waits_for_each_reader_once() {
    let mut stage = Stage::new();
    let [plain, irc] = stage.readers();
    stage.hung = Some(plain);
    stage.commit(lines());
    stage.turn();
    assert!(stage.server.has_entries() && !stage.server.can_apply(), "a reader has not taken its part");
    assert_eq!(stage.server.deadline().map(|deadline| deadline.why), Some(DeadlineReason::Readers));
    stage.send(irc, "PING meanwhile\r\n");
    stage.turn();
    assert!(stage.read(irc).contains("meanwhile"), "whoever does not wait for the log is served");
    stage.hung = None;
    stage.server.writable(plain);
    stage.turn();
    assert!(stage.server.can_apply(), "it has taken its part");

    stage.hung = Some(plain);
    stage.server.apply_entries(stage.now, &mut stage.outside);
    stage.turn();
    assert!(!stage.server.can_apply());
    stage.now.mono = stage.now.mono.plus_ms(250);
    assert!(stage.server.time_out(stage.now, &mut stage.outside), "the wait is over");
    stage.hung = None;
    stage.server.writable(plain);
    stage.turn();
    stage.hung = Some(plain);
    stage.server.apply_entries(stage.now, &mut stage.outside);
    stage.turn();
    assert!(stage.server.can_apply(), "it has read everything meanwhile, and is not waited for again");
    while stage.server.has_entries() {
        stage.server.apply_entries(stage.now, &mut stage.outside);
        stage.turn();
    }
    assert_eq!(stage.outside.overflowed, []);
    assert!(stage.read(irc).ends_with("x\r\n"));
}

impl Stage {
    /// Commits a burst while a client reads only after 240 ms. Returns the times for which the burst waited.
    fn burst_with_late_reader(&mut self, late: ConnId) -> Vec<u64> {
        let mut waits = Vec::new();
        self.commit(lines());
        loop {
            self.hung = Some(late);
            self.turn();
            if self.server.has_entries() && !self.server.can_apply() {
                let until = self.server.deadline().expect("the wait has an end").at;
                let left = u64::try_from(until.since(self.now.mono).as_millis()).expect("it is short");
                waits.push(left.min(240));
                self.now.mono = self.now.mono.plus_ms(left.min(240));
            }
            self.hung = None;
            self.server.writable(late);
            self.turn();
            if !self.server.has_entries() {
                self.read(late);
                return waits;
            }
            self.server.apply_entries(self.now, &mut self.outside);
        }
    }
}

#[test]
fn late_readers_of_one_address_hold_up_bursts_for_a_second() {
    let mut stage = Stage::new();
    stage.readers();
    let late = IpAddr::from([10, 0, 0, 3]);
    let mut held_up_ms = 0;
    for _ in 0..10 {
        // A new connection each time: the address pays, also after it reconnects.
        let conn = stage.connect_from(late, Dialect::Plain);
        held_up_ms += stage.burst_with_late_reader(conn).iter().sum::<u64>();
        stage.input(Input::Closed { conn });
    }
    assert!((750..=1_250).contains(&held_up_ms), "{held_up_ms}");
    assert_eq!(stage.outside.overflowed, []);
}

#[test]
fn readers_hold_up_bursts_for_a_tenth_of_the_time_whoever_they_are() {
    let mut stage = Stage::new();
    stage.readers();
    let (began, mut held_up_ms, mut short) = (stage.now.mono, 0, 0);
    for last in 0..20 {
        let conn = stage.connect_from([10, 0, 1, last].into(), Dialect::Plain);
        for wait in stage.burst_with_late_reader(conn) {
            // A wait of less is a short one: it must not be in vain for whoever reads.
            held_up_ms += if wait > 25 { wait } else { 0 };
            short += usize::from(wait <= 25);
        }
        stage.now.mono = stage.now.mono.plus_ms(500);
    }
    let passed = u64::try_from(stage.now.mono.since(began).as_millis()).expect("it is short");
    let most = 2_000 + passed / 10 + 250;
    assert!((2_000..=most).contains(&held_up_ms), "{held_up_ms} of {passed}");
    assert!(short >= 10, "{short}");
    assert_eq!(stage.outside.overflowed, []);
}

#[test]
fn what_comes_in_while_a_slice_waits_does_not_end_the_turn() {
    let mut stage = Stage::new();
    let [plain, irc] = stage.readers();
    stage.hung = Some(irc);
    let (node, life) = OTHER;
    stage.commit(vec![Command::Ended { node, life }]);
    assert!(stage.server.turn_is_over(), "to apply it has taken a turn");
    stage.turn();
    for _ in 0..3 {
        // Until the socket of the client that does not read is full.
        stage.server.apply_entries(stage.now, &mut stage.outside);
        stage.turn();
    }
    assert!(stage.server.hub().is_telling() && !stage.server.can_apply());
    for _ in 0..10 {
        stage.send(plain, "/help\n");
        assert!(!stage.server.turn_is_over());
    }
}

#[test]
fn a_wait_for_readers_does_not_grow_with_what_others_are_sent_meanwhile() {
    let mut stage = Stage::new();
    let [plain, irc] = stage.readers();
    stage.hung = Some(plain);
    stage.commit(lines());
    stage.turn();
    let waits = |stage: &Stage| stage.server.deadline().map(|deadline| (deadline.why, deadline.at));
    let before = waits(&stage);
    assert!(matches!(before, Some((DeadlineReason::Readers, _))));
    let ping = format!("PING {}\r\n", "x".repeat(400));
    for _ in 0..2_000 {
        if !stage.server.turn_is_over() {
            stage.send(irc, &ping);
        }
    }
    assert!(stage.server.turn_is_over(), "as much is rendered as may be rendered in a turn");
    stage.turn();
    assert_eq!(waits(&stage), before);
}
