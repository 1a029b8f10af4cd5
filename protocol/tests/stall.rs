//! A log that stands still, or has as many proposals as it may have: nobody is lost, everybody is told, and all goes on in order.

use parlor_protocol::{
    CloseReason, ConnId, Dialect, Input, Limits, LogRefusal, LogState, MemoryServer, Options, Rate, RoomName,
};
use std::collections::BTreeMap;

const WORDS: &str = "what you send waits, and nothing is lost";

/// A server whose log may stand still, and what its clients have read.
struct Stage {
    server: MemoryServer,
    read: BTreeMap<ConnId, String>,
    irc: Vec<ConnId>,
}

impl Stage {
    fn new(limits: Limits) -> Self {
        let rate = Rate { lines: 0, burst: 1 };
        let limits = Limits { rate, connections_per_ip_max: 1_000, ..limits };
        Self { server: MemoryServer::new(limits, Options::default()), read: BTreeMap::new(), irc: Vec::new() }
    }

    fn plain(&mut self, port: u16) -> ConnId {
        let peer = ([10, 0, 0, 1], port).into();
        self.server.connect(Dialect::Plain, peer, Some(&RoomName::lobby())).expect("a slot is free")
    }

    fn irc(&mut self, port: u16) -> ConnId {
        let conn =
            self.server.connect(Dialect::Irc, ([10, 0, 0, 2], port).into(), None).expect("a slot is free");
        let lines = format!("NICK n{port}\r\nUSER n 0 * n\r\nCAP REQ standard-replies\r\nJOIN #lobby\r\n");
        self.server.send(conn, lines.as_bytes());
        self.irc.push(conn);
        conn
    }

    fn is(&mut self, state: LogState) {
        self.server.input(Input::LogState(state));
        self.check();
    }

    /// Lets time pass. IRC clients answer each `PING`.
    fn pass(&mut self, ms: u64) {
        self.server.pass(ms);
        for conn in self.irc.clone() {
            let before = self.read.get(&conn).map_or(0, String::len);
            if self.read(conn)[before..]
                .lines()
                .any(|line| line.starts_with("PING") || line.contains(" PING "))
            {
                self.server.send(conn, b"PONG :x\r\n");
            }
        }
        self.check();
    }

    /// Returns everything that a connection has read so far.
    fn read(&mut self, conn: ConnId) -> &str {
        let bytes = self.server.read(conn);
        let read = self.read.entry(conn).or_default();
        read.push_str(&String::from_utf8_lossy(&bytes));
        read
    }

    fn close(&mut self, conn: ConnId) {
        self.irc.retain(|it| *it != conn);
        self.server.input(Input::Closed { conn });
    }

    fn check(&self) {
        self.server.server().check_invariants();
    }

    fn members(&self) -> usize {
        self.server.server().hub().world().members().len()
    }

    /// Returns the number of connections that were closed for each reason.
    fn closed(&self) -> Vec<(CloseReason, u64)> {
        let closed = self.server.server().hub().counters().closed;
        CloseReason::ALL.into_iter().zip(closed).filter(|(_, count)| *count > 0).collect()
    }
}

#[test]
fn a_stall_of_ten_minutes_loses_nobody_but_who_leaves() {
    let mut stage = Stage::new(Limits::default());
    let plain: Vec<ConnId> = (0..100).map(|nth| stage.plain(5_000 + nth)).collect();
    let irc: Vec<ConnId> = (0..100).map(|nth| stage.irc(6_000 + nth)).collect();
    assert_eq!(stage.members(), 200);
    stage.is(LogState::Stalled);
    let mut returned = Vec::new();
    for second in 0..600_usize {
        // One after the other says a line, and then asks a question, which waits behind it.
        let (nth, port) = (second % 100, u16::try_from(7_000 + second).expect("a port"));
        match second / 100 {
            0 => stage.server.send(plain[nth], format!("p{nth}\n/who\n").as_bytes()),
            1 => {
                stage.server.send(irc[nth], format!("PRIVMSG #lobby :i{nth}\r\nPING :t{nth}\r\n").as_bytes());
            }
            // Some leave, and others come, or come back.
            2 if nth % 10 == 0 => stage.close(plain[nth]),
            3 if nth % 10 == 0 => stage.close(irc[nth]),
            4 if nth % 10 == 0 => returned.push(stage.plain(port)),
            5 if nth % 10 == 0 => returned.push(stage.irc(port)),
            _ => {}
        }
        stage.pass(1_000);
    }
    assert_eq!(stage.closed(), [(CloseReason::Reset, 20)], "nobody is lost but who left");
    assert_eq!(stage.members(), 200, "the log has not heard of it yet");
    let stays = |nth: &usize| !nth.is_multiple_of(10);
    for nth in (0..100).filter(stays) {
        for (conn, since) in [(plain[nth], nth), (irc[nth], 100 + nth)] {
            let told = stage.read(conn).matches(WORDS).count();
            assert!(
                told.abs_diff((600 - since).div_ceil(30)) <= 1,
                "{conn} is told {told} times since {since} s"
            );
            assert!(!stage.read(conn).contains("on its way"));
        }
    }
    for &conn in &returned {
        assert!(stage.read(conn).contains(WORDS), "{conn} is told that it waits");
    }
    let read_before: BTreeMap<ConnId, usize> =
        stage.read.iter().map(|(&conn, read)| (conn, read.len())).collect();
    stage.is(LogState::Running);
    stage.pass(1_000);
    assert_eq!(stage.members(), 200, "20 have left, and 20 have come");
    assert_eq!(stage.server.server().hub().proposals(), 0);
    let mut orders: Vec<Vec<String>> = Vec::new();
    for nth in (0..100).filter(stays) {
        for conn in [plain[nth], irc[nth]] {
            let read = stage.read(conn)[read_before[&conn]..].to_owned();
            assert_eq!(read.matches("on its way").count(), 1, "{conn} is told that it goes on");
            let word = |line: &str| line.rsplit([' ', ':']).next().unwrap_or_default().to_owned();
            let said = read
                .lines()
                .filter(|line| line.contains("PRIVMSG") || line.starts_with(|it: char| it != '*'));
            let said: Vec<String> =
                said.map(word).filter(|it| it.len() < 4 && it.starts_with(['p', 'i'])).collect();
            orders.push(said);
        }
    }
    // What those had begun to say who left is lost with them, like any line that was not read.
    let all: Vec<String> =
        (0..100).filter(stays).flat_map(|nth| [format!("p{nth}"), format!("i{nth}")]).collect();
    let mut complete = orders[0].clone();
    for order in &orders {
        if order.len() > complete.len() {
            complete.clone_from(order);
        }
    }
    for order in &orders {
        // Nobody reads its own line.
        assert_eq!(order.len(), all.len() - 1);
        let common: Vec<&String> = complete.iter().filter(|it| order.contains(it)).collect();
        let own: Vec<&String> = order.iter().filter(|it| complete.contains(it)).collect();
        assert_eq!(common, own, "one order that everyone reads");
    }
    assert!(stage.read(plain[1]).contains(" people in lobby"), "its question is answered");
    assert!(stage.read(irc[1]).contains("PONG parlor.localhost :t1"));
    for &conn in &returned {
        let read = stage.read(conn);
        assert!(read.contains("your name is") || read.contains(" 001 "), "{conn} is in: {read}");
    }
}

#[test]
fn clients_that_come_back_during_a_stall_find_room() {
    let limits = Limits { connections_max: 4, refusals_max: 1, ..Limits::default() };
    let mut stage = Stage::new(limits);
    let all: Vec<ConnId> = (0..3).map(|nth| stage.plain(5_000 + nth)).collect();
    stage.is(LogState::Refusing(LogRefusal::Full));
    all.into_iter().for_each(|conn| stage.close(conn));
    let back: Vec<ConnId> = (0..3).map(|nth| stage.plain(5_000 + nth)).collect();
    stage.pass(1_000);
    for &conn in &back {
        let read = stage.read(conn);
        assert_eq!(read, format!("* the server's disk is full; {WORDS}\n"));
    }
    // There is an end to it: a connection that waits to enter, and closes, leaves nothing behind.
    for _ in 0..100 {
        let port = 5_100;
        let closed = stage.server.server().vacant().map(|_| stage.plain(port));
        closed.into_iter().for_each(|conn| stage.close(conn));
        stage.check();
    }
    assert_eq!(
        stage.server.server().hub().connections(),
        6,
        "three that have yet to leave, and three that are back"
    );
    stage.is(LogState::Running);
    stage.pass(1_000);
    for conn in back {
        let read = stage.read(conn);
        assert!(read.contains("your name is 500"), "{read}");
    }
    assert_eq!(stage.members(), 3);
}

#[test]
fn a_registration_does_not_time_out_while_the_log_stands_still() {
    let mut stage = Stage::new(Limits::default());
    stage.irc(6_000);
    let limits = *stage.server.server().hub().limits();
    let late =
        stage.server.connect(Dialect::Irc, ([10, 0, 0, 3], 5_000).into(), None).expect("a slot is free");
    stage.pass(limits.registration_ms - 1_000);
    stage.is(LogState::Stalled);
    stage.server.send(late, b"NICK n6000\r\nUSER n 0 * n\r\n");
    (0..600).for_each(|_| stage.pass(1_000));
    stage.is(LogState::Running);
    stage.pass(500);
    assert!(
        stage.read(late).contains(" 433 "),
        "the name is taken, and there is still time: {:?}",
        stage.read(late)
    );
    stage.server.send(late, b"NICK other\r\n");
    assert!(stage.read(late).contains(" 001 other "));
}

#[test]
fn what_the_log_has_no_room_for_waits_in_turn() {
    let mut stage = Stage::new(Limits { proposals_max: 2, ..Limits::default() });
    let conns: Vec<ConnId> = (0..5).map(|nth| stage.plain(5_000 + nth)).collect();
    let listener = stage.plain(5_009);
    stage.is(LogState::Stalled);
    for &conn in &conns {
        stage.server.send(conn, b"one\ntwo\nthree\n");
    }
    stage.is(LogState::Running);
    stage.pass(1);
    assert_eq!(stage.server.server().hub().proposals(), 0);
    for (nth, &conn) in conns.iter().enumerate() {
        let read = stage.read(conn).to_owned();
        for other in (0..5).filter(|other| *other != nth) {
            let said: Vec<&str> =
                read.lines().filter_map(|line| line.strip_prefix(&format!("500{other}: "))).collect();
            assert_eq!(said, ["one", "two", "three"]);
        }
    }
    let read = stage.read(listener).to_owned();
    let order: Vec<&str> = read.lines().filter_map(|line| line.strip_prefix("500")).collect();
    // Two at a time. Those that go on at the same time do so in the order of their connections.
    let first = ["0: one", "0: two", "1: one", "1: two", "0: three", "1: three"];
    let then =
        ["2: one", "2: two", "3: one", "3: two", "4: one", "4: two", "2: three", "3: three", "4: three"];
    assert_eq!(order, [&first[..], &then[..]].concat());
}
