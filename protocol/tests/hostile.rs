//! The law of a hostile address: whatever its connections do, nobody who reads at 1 Mbit/s is closed for it.
//!
//! Each test lets as many connections as one address may have do one thing for two minutes, as fast as they may. A reader of
//! the longest forms takes no more bytes than its link carries; if its backlog exceeds the limit, the test fails.

use parlor_protocol::{
    CloseReason, ConnId, Dialect, Environment, Input, Limits, LogEntry, MemoryLog, Now, Options, PasswordOf,
    Proposal, RoomName, Server, Via, Wire,
};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// Bytes that the link of the reader carries in a millisecond: 1 Mbit/s.
const READER_BYTES_PER_MS: usize = 125;

/// Milliseconds of a step of the test.
const STEP_MS: u64 = 20;

const STEPS: u64 = 120_000 / STEP_MS;

/// The sockets and the log. That of the reader takes as much as its link carries.
#[derive(Default)]
struct Machine {
    log: MemoryLog,
    reader: Option<ConnId>,
    /// Bytes that the reader's socket takes now.
    left: usize,
    is_full: bool,
    /// Bytes that the reader was sent.
    read: usize,
    paused: BTreeSet<ConnId>,
    aborted: Vec<ConnId>,
}

impl Wire for Machine {
    fn finish(&mut self, conn: ConnId) {
        self.aborted.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let count = slices.iter().map(|slice| slice.len()).sum();
        if self.reader != Some(conn) {
            return count;
        }
        let taken = self.left.min(count);
        self.left -= taken;
        self.read += taken;
        self.is_full = taken < count;
        taken
    }
}

impl Environment for Machine {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.aborted.push(conn);
    }

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        if paused {
            self.paused.insert(conn);
        } else {
            self.paused.remove(&conn);
        }
    }
}

struct Stage {
    server: Server,
    machine: Machine,
    now: Now,
}

impl Stage {
    fn new(limits: Limits) -> Self {
        let (now, mut machine) = (Now::default(), Machine::default());
        let server = Server::new(limits, Options::default(), now, &mut machine);
        let mut stage = Self { server, machine, now };
        stage.commit();
        stage
    }

    fn connect(&mut self, ip: Ipv4Addr, dialect: Dialect) -> Option<ConnId> {
        let conn = self.server.vacant()?;
        let (peer, room) = ((ip, 5_000).into(), RoomName::lobby());
        let room = (dialect == Dialect::Plain).then_some(&room);
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room });
        Some(conn)
    }

    fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes: bytes.to_vec().into() });
    }

    fn close(&mut self, conn: ConnId) {
        self.machine.paused.remove(&conn);
        self.input(Input::Closed { conn });
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.machine);
        self.commit();
        self.follow_up();
    }

    fn commit(&mut self) {
        let mut entries: Vec<LogEntry> = Vec::new();
        while self.machine.log.take(&mut entries) {
            self.server.committed(self.now, &mut entries, &mut self.machine);
            self.apply();
        }
    }

    fn apply(&mut self) {
        while self.server.can_apply() {
            self.server.end_turn();
            self.server.apply_entries(self.now, &mut self.machine);
        }
    }

    /// Flushes, and does what follows from it.
    fn follow_up(&mut self) {
        while self.server.flush(&mut self.machine) {}
        self.apply();
        while self.server.follow_up(self.now, &mut self.machine) {
            self.commit();
        }
        while let Some(conn) = self.machine.aborted.pop() {
            self.close(conn);
        }
    }

    /// Lets a step pass: runs what is due, and lets the reader read.
    fn step(&mut self) {
        for _ in 0..STEP_MS {
            self.now.mono = self.now.mono.plus_ms(1);
            self.server.end_turn();
            while self.server.time_out(self.now, &mut self.machine) {
                self.commit();
                self.follow_up();
            }
            self.machine.left += READER_BYTES_PER_MS;
            if std::mem::take(&mut self.machine.is_full)
                && let Some(reader) = self.machine.reader
            {
                self.server.writable(reader);
            }
            self.follow_up();
        }
        // What the link did not carry is lost: it does not save up.
        self.machine.left = self.machine.left.min(READER_BYTES_PER_MS);
    }

    fn closed_as_slow(&self) -> u64 {
        let index = CloseReason::ALL.iter().position(|it| *it == CloseReason::SlowReader);
        self.server.hub().counters().closed[index.expect("it is a reason")]
    }
}

/// Something that a hostile connection does again and again.
struct Act {
    dialect: Dialect,
    /// Bytes that it sends once, when it has connected.
    begins: &'static str,
    /// Bytes that it sends whenever it is read.
    repeats: Vec<u8>,
    /// Whether it closes after five seconds, and connects again.
    reconnects: bool,
}

/// Lets a hostile address act for two minutes. Returns the bytes that the reader was sent.
fn read_while(limits: Limits, act: &Act) -> (usize, u64) {
    let mut stage = Stage::new(limits);
    let reader = stage.connect(Ipv4Addr::new(10, 0, 0, 1), Dialect::Irc).expect("there is a slot");
    stage.send(
        reader,
        b"CAP REQ :message-tags server-time echo-message extended-join away-notify setname chghost\r\nCAP END\r\n\
          NICK reader\r\nUSER reader 0 * :reader\r\nJOIN #lobby,#a,#b,#c,#d,#e\r\n",
    );
    stage.machine.reader = Some(reader);
    let hostile = Ipv4Addr::new(10, 6, 6, 6);
    // With the step in which each has connected.
    let mut conns: Vec<(ConnId, u64)> = Vec::new();
    let mut ports = 0;
    for step in 0..STEPS {
        while conns.len() < 64
            && let Some(conn) = stage.connect(hostile, act.dialect)
        {
            ports += 1;
            let begins = act.begins.replace('%', &ports.to_string());
            stage.send(conn, begins.as_bytes());
            conns.push((conn, step));
        }
        for index in (0..conns.len()).rev() {
            let (conn, since) = conns[index];
            if !stage.machine.paused.contains(&conn) {
                stage.send(conn, &act.repeats);
            } else if act.reconnects && step - since > 5_000 / STEP_MS {
                stage.close(conn);
                conns.swap_remove(index);
            }
        }
        stage.step();
    }
    (stage.machine.read, stage.closed_as_slow())
}

/// Returns what hostile connections do.
fn acts() -> Vec<(&'static str, Act)> {
    let plain = |line: Vec<u8>| Act { dialect: Dialect::Plain, begins: "", repeats: line, reconnects: false };
    let irc = |lines: String| Act {
        dialect: Dialect::Irc,
        begins: "CAP REQ :message-tags\r\nCAP END\r\nNICK h%\r\nUSER h 0 * :h\r\nJOIN #lobby,#a,#b,#c,#d,#e\r\n",
        repeats: lines.into_bytes(),
        reconnects: false,
    };
    let long = |byte: u8| [vec![byte; 4_096], b"\n".to_vec()].concat();
    let tags = "x".repeat(4_000);
    vec![
        ("short lines", plain(b"x\n".repeat(50))),
        ("long lines", plain(long(b'x').repeat(4))),
        ("long lines of invalid bytes", plain(long(0xFE).repeat(4))),
        ("messages of one piece", irc(format!("PRIVMSG #lobby :{}\r\n", "x".repeat(160)).repeat(20))),
        ("messages of two pieces", irc(format!("PRIVMSG #lobby :{}\r\n", "x".repeat(400)).repeat(20))),
        ("tags", irc(format!("@+a={tags} PRIVMSG #lobby :{}\r\n", "x".repeat(400)).repeat(4))),
        ("notifications with tags", irc(format!("@+typing=active;+a={tags} TAGMSG #lobby\r\n").repeat(4))),
        ("messages to several rooms", irc("PRIVMSG #lobby,#a,#b,#c,#d,#e :hello\r\n".repeat(20))),
        ("coming and going", irc("PART #a,#b,#c,#d,#e\r\nJOIN #a,#b,#c,#d,#e\r\n".repeat(20))),
        ("real names", irc(format!("SETNAME :{}\r\n", "x".repeat(380)).repeat(20))),
        ("away", irc(format!("AWAY :{}\r\nAWAY\r\n", "x".repeat(380)).repeat(20))),
        ("topics", plain(format!("/topic {}\n", "x".repeat(380)).repeat(20).into_bytes())),
        ("connecting again", Act { reconnects: true, ..plain(b"x\n".repeat(60)) }),
        ("connecting again with long lines", Act { reconnects: true, ..plain(long(0xFE).repeat(4)) }),
    ]
}

#[test]
fn a_hostile_address_makes_nobody_slow() {
    for (name, act) in acts() {
        let (read, closed) = read_while(Limits::default(), &act);
        assert!(read > 20_000, "{name}: the reader was sent {read} bytes");
        assert_eq!(closed, 0, "{name}: nobody that reads at 1 Mbit/s is closed");
    }
}

/// Without this, the test above could be one that cannot fail.
#[test]
fn an_address_without_a_limit_of_its_own_makes_readers_slow() {
    let limits = Limits { address_factor: 64, ..Limits::default() };
    for (name, act) in acts().into_iter().filter(|(name, _)| name.starts_with("long lines")) {
        let (read, closed) = read_while(limits, &act);
        assert!(closed > 0, "{name}: the reader is closed, after {read} bytes");
    }
}

#[test]
fn what_an_address_makes_others_read_is_within_the_stated_bound() {
    let limits = Limits::default();
    let seconds = STEPS * STEP_MS / 1_000;
    let stated = limits.told_bytes_per_second_max().expect("there is a rate") * seconds
        + limits.told_burst_bytes_max();
    for (name, act) in acts() {
        let (read, _) = read_while(limits, &act);
        assert!(read as u64 <= stated, "{name}: {read} bytes, and {stated} are stated");
    }
    assert!(limits.spares_slow_readers(), "by default");
}
