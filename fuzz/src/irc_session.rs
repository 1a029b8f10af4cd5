//! The fuzz target of an IRC connection, with two bystanders in its room.

use bytes::Bytes;
use parlor_protocol::irc::ParsedMessage;
use parlor_protocol::{
    ConnId, Dialect, Environment, Identity, Input, Limits, LogEntry, MemoryLog, Name, Now, Options,
    PasswordOf, Proposal, RoomName, Server, Via, Wire, World,
};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// The password of the server, and of its only operator.
const PASSWORD: &[u8] = b"secret";

/// Milliseconds of waiting after the input: longer than the rate limit delays an input of the fuzzer.
const WAIT_MS: u64 = 60_000;

/// The choices of the first byte.
#[derive(Clone, Copy, Debug)]
struct Choices {
    /// Whether the listener accepts any dialect.
    auto: bool,
    /// The half of the input before which the connection is silent for so long that it is taken for plain.
    silence: Option<Half>,
    /// Whether the bystanders enter after half of the input, so that the connection may have created their room.
    others_late: bool,
    /// Whether the server requires a password.
    has_password: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// The chunks of the input, and the time of commits. Neither may change what anybody is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Bytewise,
    /// The log commits only when there is nothing else to do.
    LateLog,
    Whole,
}

/// The bytes that were written to each of the three connections.
type Read = [Vec<u8>; 3];

/// Checks that, whatever one connection sends, the invariants hold, all connections are sent complete messages, and the
/// chunks of its bytes change nothing.
pub fn irc_session(bytes: &[u8]) {
    let (&first, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let choices = Choices {
        auto: first & 1 != 0,
        silence: match first >> 1 & 3 {
            0 | 3 => None,
            1 => Some(Half::First),
            _ => Some(Half::Second),
        },
        others_late: first & 8 != 0,
        has_password: first & 16 != 0,
    };
    let whole = play(choices, Way::Whole, bytes);
    for way in [Way::Bytewise, Way::LateLog] {
        let other = play(choices, way, bytes);
        for (one, other) in whole.iter().zip(&other) {
            let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
            let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
            assert!(
                one == other,
                "{way:?} changes nothing, {choices:?}: {differs:?} of\n{one}\nand\n{other}"
            );
        }
    }
}

fn play(choices: Choices, way: Way, bytes: &[u8]) -> Read {
    let mut stage = Stage::new(choices, way);
    let dialect = if choices.auto { Dialect::Auto } else { Dialect::Irc };
    let it = stage.enters(dialect, 1);
    let mut others = None;
    if !choices.others_late {
        others = Some(stage.bystanders());
    }
    let (one, rest) = bytes.split_at(bytes.len() / 2);
    for (half, part) in [(Half::First, one), (Half::Second, rest)] {
        if choices.silence == Some(half) {
            stage.pass(1_000);
        }
        stage.send(it, part);
        stage.settle();
        others.get_or_insert_with(|| stage.bystanders());
    }
    stage.pass(WAIT_MS);
    stage.outside.people[it].ends_input = true;
    stage.settle();
    stage.pass(WAIT_MS);
    let replayed = World::replay(&stage.entries);
    assert_eq!(replayed.digest(), stage.server.hub().world().digest(), "the log replays to the same world");
    let (irc, plain) = others.expect("the bystanders are connected");
    let read = [it, irc, plain].map(|index| std::mem::take(&mut stage.outside.people[index].read));
    check_auto(&read[0], choices.auto);
    check_irc(&read[1]);
    check_plain(&read[2]);
    read
}

/// Checks that all messages are complete, are within their limits, and have a source and a target.
fn check_irc(read: &[u8]) {
    for line in read.split_inclusive(|&byte| byte == b'\n') {
        let shown = String::from_utf8_lossy(line);
        let message = line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("the line has an end: {shown}"));
        // The parser checks the limits, and that there is no NUL and no line end in the message.
        let message = ParsedMessage::from_server(message).unwrap_or_else(|error| panic!("{error}: {shown}"));
        let of_the_link = ["ERROR", "PING"].contains(&message.command);
        assert!(
            of_the_link || message.source.is_some_and(|it| !it.is_empty()),
            "the message has a source: {shown}"
        );
        let is_numeric = message.command.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = message.command.bytes().all(|byte| byte.is_ascii_uppercase());
        assert!(
            is_word || is_numeric && message.command.len() == 3,
            "the command is a word or a numeric: {shown}"
        );
        if is_numeric {
            let to = message.params().first().copied().unwrap_or_default();
            assert!(to == "*" || Name::parse_any(to).is_ok(), "the target is a name: {shown}");
        }
        let (last, words) = message.params().split_last().unwrap_or((&"", &[]));
        assert!(
            words.iter().all(|word| !word.is_empty() && !word.contains(' ')),
            "middle parameters are words: {shown}"
        );
        assert!(!last.contains(['\r', '\n', '\0']), "the last parameter is one line: {shown}");
        for (key, _) in message.tags.iter() {
            let fits = |it: char| it.is_ascii_alphanumeric() || "+-./_".contains(it);
            assert!(key.chars().all(fits), "the key of a tag is valid: {shown}");
        }
    }
}

/// Checks that all lines are complete, and contain no control characters.
fn check_plain(read: &[u8]) {
    let text = std::str::from_utf8(read).expect("the server writes UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "all lines have an end");
    let harm = text.chars().find(|it| it.is_control() && !"\n\t".contains(*it));
    assert_eq!(harm, None, "no control character is sent: {text:?}");
}

/// Checks the lines of a connection that may be of any dialect: each ends as in its dialect. A connection that sends HTTP
/// before it has registered receives an answer of HTTP at the end.
fn check_auto(read: &[u8], auto: bool) {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
    let begins = |&at: &usize| read[at..].starts_with(OK) && (at == 0 || read[at - 1] == b'\n');
    let read = &read[..(0..read.len()).find(begins).unwrap_or(read.len())];
    if !auto {
        return check_irc(read);
    }
    let is_irc = |line: &&[u8]| line.ends_with(b"\r\n");
    let read = without_telnet(read);
    let lines: Vec<&[u8]> = read.split_inclusive(|&byte| byte == b'\n').collect();
    let (irc, plain): (Vec<&[u8]>, Vec<&[u8]>) = lines.into_iter().partition(is_irc);
    irc.into_iter().for_each(check_irc);
    plain.into_iter().for_each(check_plain);
}

/// Removes negotiations of telnet options. UTF-8 does not contain IAC.
fn without_telnet(read: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = read.iter().copied();
    while let Some(byte) = rest.next() {
        if byte == 255 {
            let verb = rest.next();
            assert!(
                matches!(verb, Some(251..=254)) && rest.next().is_some(),
                "a telnet command is a negotiation: {read:?}"
            );
        } else {
            text.push(byte);
        }
    }
    text
}

/// A server with sockets that accept everything.
struct Stage {
    way: Way,
    server: Server,
    entries: Vec<LogEntry>,
    now: Now,
    outside: Outside,
    /// Whether the last input was a byte within a line, after which there is nothing new to check.
    within_line: bool,
}

/// The log, and sockets that accept everything.
#[derive(Default)]
struct Outside {
    log: MemoryLog,
    people: Vec<Peer>,
    /// The results of password checks that the server has not received yet.
    password_checks: VecDeque<(ConnId, bool)>,
    aborted: Vec<ConnId>,
    rehash: bool,
}

/// The client's side of a connection.
struct Peer {
    conn: ConnId,
    sent: VecDeque<Bytes>,
    read: Vec<u8>,
    ends_input: bool,
    told_end: bool,
    paused: bool,
    finished: bool,
    gone: bool,
}

impl Stage {
    fn new(choices: Choices, way: Way) -> Self {
        // Where a turn ends depends on the chunks, and so does the order of lines.
        let limits = Limits { turn_lines_max: u32::MAX, ..Limits::default() };
        let identity = Identity { has_password: choices.has_password, ..Identity::default() };
        let options = Options { identity: Arc::new(identity), ..Options::default() };
        let now = Now { unix_ms: 1_795_530_433_000, ..Now::default() };
        let mut outside = Outside::default();
        let server = Server::new(limits, options, now, &mut outside);
        let mut stage = Self { way, server, entries: Vec::new(), now, outside, within_line: false };
        stage.settle();
        stage
    }

    fn enters(&mut self, dialect: Dialect, number: u8) -> usize {
        let conn = self.server.vacant().expect("a slot is free");
        let index = self.outside.people.len();
        self.outside.people.push(Peer {
            conn,
            sent: VecDeque::new(),
            read: Vec::new(),
            ends_input: false,
            told_end: false,
            paused: false,
            finished: false,
            gone: false,
        });
        let peer = ([10, 0, 0, number], 5_000 + u16::from(number)).into();
        let room = RoomName::parse("tea").ok();
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: room.as_ref() });
        self.settle();
        index
    }

    /// Connects the bystanders: Bob, an IRC client with all capabilities that watches some names, and a plain client.
    fn bystanders(&mut self) -> (usize, usize) {
        let irc = self.enters(Dialect::Irc, 2);
        self.send(
            irc,
            b"CAP REQ :away-notify batch chghost extended-join extended-monitor invite-notify\r\n\
              CAP REQ :message-tags multi-prefix server-time setname standard-replies\r\n\
              PASS secret\r\nNICK bob\r\nUSER bob 0 * :Bob\r\nCAP END\r\n\
              JOIN #tea\r\nMODE bob +w\r\nMONITOR + alice,carol,a\r\n",
        );
        self.settle();
        (irc, self.enters(Dialect::Plain, 3))
    }

    fn send(&mut self, index: usize, bytes: &[u8]) {
        let chunk = if self.way == Way::Bytewise { 1 } else { self.server.hub().limits().read_bytes_max };
        self.outside.people[index].sent.extend(bytes.chunks(chunk).map(Bytes::copy_from_slice));
    }

    /// Runs the server until there is nothing left to do.
    fn settle(&mut self) {
        loop {
            while self.server.flush(&mut self.outside) {}
            self.check();
            if !self.tell_hub() && !self.read_one() && !self.commit() && !self.reads_configuration() {
                return;
            }
        }
    }

    /// Reloads the configuration if the server has requested that.
    fn reads_configuration(&mut self) -> bool {
        let wanted = std::mem::take(&mut self.outside.rehash);
        if wanted {
            let identity = Arc::new(Identity { motd: vec!["Be kind.".into()], ..Identity::default() });
            self.input(Input::Identified { identity });
        }
        wanted
    }

    fn tell_hub(&mut self) -> bool {
        let departs = |peer: &&Peer| peer.finished && !peer.gone;
        if self.server.follow_up(self.now, &mut self.outside) {
            self.answered();
        } else if let Some(conn) = self.outside.aborted.pop() {
            self.close(conn);
        } else if let Some(conn) = self.outside.people.iter().find(departs).map(|peer| peer.conn) {
            self.close(conn);
        } else if let Some((conn, right)) = self.outside.password_checks.pop_front() {
            self.input(Input::PasswordChecked { conn, result: right.into() });
        } else {
            return false;
        }
        true
    }

    fn read_one(&mut self) -> bool {
        let may_read = |peer: &&mut Peer| {
            let has_something = !peer.sent.is_empty() || peer.ends_input && !peer.told_end;
            !peer.gone && !peer.paused && has_something
        };
        let Some(peer) = self.outside.people.iter_mut().find(may_read) else { return false };
        let conn = peer.conn;
        match peer.sent.pop_front() {
            Some(bytes) => {
                self.within_line = matches!(bytes[..], [byte] if byte != b'\n');
                self.input(Input::Received { conn, bytes });
            }
            None => {
                peer.told_end = true;
                self.within_line = false;
                self.input(Input::ReadClosed { conn });
            }
        }
        true
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(peer) = self.outside.people.iter_mut().find(|peer| peer.conn == conn) {
            peer.gone = true;
        }
        self.input(Input::Closed { conn });
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.outside);
        self.answered();
    }

    /// Commits what the server has just proposed, unless the log is late.
    fn answered(&mut self) {
        while self.way != Way::LateLog && self.commit() {}
        self.check();
    }

    fn commit(&mut self) -> bool {
        let mut entries = Vec::new();
        let any = self.outside.log.take(&mut entries);
        if any {
            self.entries.extend_from_slice(&entries);
            self.server.committed(self.now, &mut entries, &mut self.outside);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(self.now, &mut self.outside);
            }
        }
        any
    }

    fn pass(&mut self, ms: u64) {
        let (end, unix_ms) = (self.now.mono.plus_ms(ms), self.now.unix_ms + ms);
        while let Some(deadline) = self.server.deadline().filter(|deadline| deadline.at <= end) {
            self.now.mono = deadline.at.max(self.now.mono);
            self.within_line = false;
            self.server.time_out(self.now, &mut self.outside);
            self.answered();
            self.settle();
        }
        self.now = Now { mono: end, unix_ms };
    }

    fn check(&self) {
        if !self.within_line {
            self.server.check_invariants();
        }
    }
}

impl Outside {
    fn of(&mut self, conn: ConnId) -> Option<&mut Peer> {
        self.people.iter_mut().find(|peer| peer.conn == conn && !peer.gone)
    }
}

impl Wire for Outside {
    fn finish(&mut self, conn: ConnId) {
        let peer = self.of(conn).expect("the connection is open");
        assert!(!std::mem::replace(&mut peer.finished, true), "a connection is finished once");
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let peer = self.of(conn).expect("the connection is open");
        assert!(!peer.finished, "nothing is written after the end");
        let before = peer.read.len();
        slices.iter().for_each(|slice| peer.read.extend_from_slice(slice));
        peer.read.len() - before
    }
}

impl Environment for Outside {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.aborted.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, password: &[u8]) {
        self.password_checks.push_back((conn, password == PASSWORD));
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        if let Some(peer) = self.of(conn) {
            peer.paused = paused;
        }
    }

    fn rehash(&mut self, _: ConnId) {
        self.rehash = true;
    }
}
