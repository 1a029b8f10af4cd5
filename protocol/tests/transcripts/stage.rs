//! A server with a log in memory and simulated clients, which executes the actions of a transcript.

use crate::script::{Action, Script, escape};
use bytes::Bytes;
use parlor_protocol::{
    ConnId, ConsoleEvent, Dialect, Environment, HistoryPage, HistoryQuery, HistoryScope, Identity, Input,
    Language, Limits, LogEntry, MemoryLog, Now, Options, Outbox, Output, PasswordOf, Proposal, RoomName,
    Server, Utc, Wire, World,
};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// The division of sent bytes into reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunking {
    Bytewise,
    Whole,
}

/// The server of a transcript, and its environment.
pub(crate) struct Stage {
    chunking: Chunking,
    server: Server,
    /// All entries of the log.
    entries: Vec<LogEntry>,
    env: Surroundings,
    now: Now,
}

/// The environment of the server: log, clients, passwords, console and configuration.
#[derive(Default)]
struct Surroundings {
    log: MemoryLog,
    clients: Vec<Client>,
    /// The lines that were seen since the action began and are not bytes to a client: those of the console, and
    /// connections that were refused or aborted.
    seen: Vec<String>,
    /// Connections that the server has aborted. The environment closes them afterwards.
    aborted: Vec<ConnId>,
    /// Connections whose writing side the server has closed since the action began.
    finished: Vec<ConnId>,
    /// The results of password checks that the server has not received yet.
    checked: Vec<(ConnId, bool)>,
    /// Whether histories cannot be read.
    histories_fail: bool,
    /// The connections that asked for a history meanwhile, and have not been answered.
    asked: Vec<ConnId>,
    passwords: Passwords,
    /// The server's description of itself after a reload of the configuration.
    reloaded: Identity,
    /// Whether the server has requested a reload.
    rehash: bool,
}

/// The passwords of a transcript.
#[derive(Default)]
struct Passwords {
    /// The password of gateways, if there is one.
    gateways: Option<String>,
    /// The password of the server, if it requires one.
    server: Option<String>,
    /// The names and passwords of operators.
    operators: Vec<(String, String)>,
}

/// A client of a transcript.
struct Client {
    name: String,
    conn: ConnId,
    /// The dialect of the listener.
    dialect: Dialect,
    /// Whether the last line that the client received ended with CRLF.
    reads_irc: bool,
    /// Whether the connection is not closed yet.
    connected: bool,
    /// Whether the server has started to close the connection. After that, no output but `Abort` may name it.
    closing: bool,
    /// The reads that the server has not made yet.
    sent: VecDeque<Bytes>,
    /// Whether the client has closed its writing side, after `sent`.
    ends_input: bool,
    /// Whether the server has read that end.
    end_was_read: bool,
    /// Whether the server has paused reading.
    paused: bool,
    /// The value of `paused` before the action.
    was_paused: bool,
    /// The bytes that the client has received since the action began.
    read: Vec<u8>,
    /// The number of bytes that the socket still accepts; `None` for any number.
    granted: Option<usize>,
    /// Whether the socket is full.
    blocked: bool,
    /// Whether the server has closed its writing side.
    finished: bool,
    /// Whether the client does not close its side after the server has.
    stays: bool,
}

impl Stage {
    /// Creates a server with the settings of a transcript, and no clients.
    pub(crate) fn new(script: &Script, chunking: Chunking) -> Self {
        let (mut limits, mut options) = (Limits::default(), Options::default());
        let (mut identity, mut passwords) = (Identity::default(), Passwords::default());
        let mut changed = Vec::new();
        for setting in &script.settings {
            let words: Vec<&str> = setting.iter().map(String::as_str).collect();
            match words[..] {
                ["admin", ..] => identity.admin.push(words[1..].join(" ")),
                ["proxies", network] => {
                    options.proxies = Arc::new([network.parse().expect("a network")]);
                }
                ["motd", ..] => identity.motd.push(words[1..].join(" ")),
                ["gateways", password] => {
                    passwords.gateways = Some(password.to_owned());
                }
                ["operator", name, password] => {
                    passwords.operators.push((name.to_owned(), password.to_owned()));
                }
                ["rehash", "motd", ..] => changed.push(words[2..].join(" ")),
                ["password", password] => {
                    passwords.server = Some(password.to_owned());
                    identity.has_password = true;
                }
                _ => set(&words, &mut limits, &mut options),
            }
        }
        let reloaded = Identity { motd: changed, ..identity.clone() };
        options.identity = Arc::new(identity);
        assert_eq!(limits.check(), Ok(()), "the limits are consistent");
        let now = Now { unix_ms: 1_795_530_433_000, ..Now::default() };
        let mut env = Surroundings { passwords, reloaded, ..Surroundings::default() };
        let server = Server::new(limits, options, now, &mut env);
        let mut stage = Self { chunking, server, entries: Vec::new(), env, now };
        stage.commit();
        stage
    }

    /// Executes an action. Returns the lines that are seen: those of the console first, then those of each client in the
    /// order in which they connected.
    pub(crate) fn act(&mut self, action: &Action) -> Vec<String> {
        self.begin(action);
        self.settle();
        let mut seen = std::mem::take(&mut self.env.seen);
        for client in &mut self.env.clients {
            client.report(&mut seen);
        }
        for conn in std::mem::take(&mut self.env.finished) {
            let closed = self.env.clients.iter().find(|client| client.conn == conn);
            seen.extend(closed.map(|client| format!("{} is closed", client.name)));
        }
        seen
    }

    /// Asserts that the log replays to the same world.
    pub(crate) fn check_replay(&self) {
        let replayed = World::replay(&self.entries);
        assert_eq!(
            replayed.digest(),
            self.server.hub().world().digest(),
            "the log replays to the same world"
        );
    }

    fn begin(&mut self, action: &Action) {
        match action {
            Action::Connects { name, from, dialect, via, room, stays } => {
                let Some(conn) = self.server.vacant() else {
                    self.env.seen.push(format!("{name} is not let in"));
                    return;
                };
                assert!(self.client(name).is_none(), "{name} is not connected yet");
                self.env.clients.push(Client::new(name, conn, *dialect, *stays));
                let room =
                    room.as_ref().map(|room| RoomName::parse(room).expect("the name of a room is valid"));
                self.input(Input::Accepted {
                    conn,
                    dialect: *dialect,
                    peer: *from,
                    via: *via,
                    room: room.as_ref(),
                });
            }
            Action::EndsInput(name) => self.existing(name).ends_input = true,
            Action::Passes(ms) => self.pass(*ms),
            Action::ReadsOn(name) => self.take(name, None),
            Action::Repeat(times, action) => {
                for _ in 0..*times {
                    self.begin(action);
                    self.settle();
                }
            }
            Action::Registers(name) => {
                self.say(name, format!("NICK {name}").as_bytes());
                self.say(name, format!("USER {name} 0 * :{name}").as_bytes());
                // Ends the negotiation of capabilities, if the client has begun one.
                self.say(name, b"CAP END");
                self.settle();
                let read = std::mem::take(&mut self.existing(name).read);
                let read = String::from_utf8_lossy(&read);
                assert!(read.contains(&format!(" 001 {name} ")), "{name} is welcomed: {read}");
            }
            Action::Says { name, line } => self.say(name, line),
            Action::Sends { name, bytes } => self.send(name, bytes),
            Action::HistoriesWork(work) => self.env.histories_fail = !work,
            Action::LogIs(state) => self.input(Input::LogState(*state)),
            Action::ServerStops => self.input(Input::Shutdown),
            Action::StopsReading(name) => self.existing(name).granted = Some(0),
            Action::Takes { name, bytes } => self.take(name, Some(*bytes)),
            Action::Vanishes(name) => {
                let conn = self.existing(name).conn;
                self.close(conn);
            }
        }
    }

    /// Runs the server until there is nothing left to do.
    fn settle(&mut self) {
        loop {
            while self.server.flush(&mut self.env) {
                self.check();
            }
            self.check();
            self.server.end_turn();
            if !self.follow_up() && !self.read_one() && !self.apply() {
                return;
            }
        }
    }

    /// Applies entries that were kept, at once or when they have waited for readers. Returns whether there were any.
    fn apply(&mut self) -> bool {
        let has_entries = self.server.has_entries();
        if has_entries && !self.server.can_apply() {
            self.now.mono = self.server.deadline().expect("the wait has an end").at;
        }
        self.server.apply_entries(self.now, &mut self.env);
        has_entries
    }

    /// Gives the server one input that follows from earlier outputs. Returns whether there was one.
    fn follow_up(&mut self) -> bool {
        if self.server.follow_up(self.now, &mut self.env) {
            self.commit();
        } else if let Some(conn) = self.env.aborted.pop() {
            let client = self.env.of(conn).expect("an aborted connection has a client");
            let line = format!("{} is aborted", client.name);
            self.env.seen.push(line);
            self.close(conn);
        } else if let Some(conn) = self.env.closing_client() {
            self.close(conn);
        } else if let Some((conn, right)) = self.env.checked.pop() {
            self.input(Input::PasswordChecked { conn, result: right.into() });
        } else if let Some(conn) = self.env.asked.pop() {
            let page = HistoryPage { is_failed: true, ..HistoryPage::default() };
            self.input(Input::Fetched { conn, page: &page });
        } else if std::mem::take(&mut self.env.rehash) {
            let identity = Arc::new(self.env.reloaded.clone());
            self.input(Input::Identified { identity });
        } else {
            return false;
        }
        true
    }

    /// Makes one read from a client that has sent something and is not paused. Returns whether there was one.
    fn read_one(&mut self) -> bool {
        let may_read = |client: &&mut Client| {
            let has_something = !client.sent.is_empty() || client.ends_input && !client.end_was_read;
            client.connected && !client.paused && has_something
        };
        let Some(client) = self.env.clients.iter_mut().find(may_read) else { return false };
        let conn = client.conn;
        if let Some(bytes) = client.sent.pop_front() {
            self.input(Input::Received { conn, bytes });
        } else {
            client.end_was_read = true;
            self.input(Input::ReadClosed { conn });
        }
        true
    }

    fn say(&mut self, name: &str, line: &[u8]) {
        let end: &[u8] = if self.existing(name).is_irc() { b"\r\n" } else { b"\n" };
        self.send(name, &[line, end].concat());
    }

    fn send(&mut self, name: &str, bytes: &[u8]) {
        let bytes_max = match self.chunking {
            Chunking::Bytewise => 1,
            Chunking::Whole => self.server.hub().limits().read_bytes_max,
        };
        self.existing(name).sent.extend(bytes.chunks(bytes_max).map(Bytes::copy_from_slice));
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(client) = self.env.of(conn) {
            client.connected = false;
        }
        self.input(Input::Closed { conn });
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.env);
        self.commit();
    }

    fn commit(&mut self) {
        self.check();
        let mut entries = Vec::new();
        while self.env.log.take(&mut entries) {
            self.entries.extend_from_slice(&entries);
            self.server.committed(self.now, &mut entries, &mut self.env);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(self.now, &mut self.env);
            }
            self.check();
        }
    }

    fn pass(&mut self, ms: u64) {
        let begin = self.now;
        let (end, unix_ms) = (begin.mono.plus_ms(ms), begin.unix_ms + ms);
        while let Some(deadline) = self.server.deadline().filter(|deadline| deadline.at <= end) {
            let mono = deadline.at.max(self.now.mono);
            let passed_ms = u64::try_from(mono.since(begin.mono).as_millis()).expect("it is a part of `ms`");
            self.now = Now { mono, unix_ms: begin.unix_ms + passed_ms };
            self.server.time_out(self.now, &mut self.env);
            self.commit();
            self.settle();
        }
        self.now = Now { mono: end, unix_ms };
    }

    fn take(&mut self, name: &str, bytes: Option<usize>) {
        let client = self.existing(name);
        client.granted = bytes.map(|bytes| bytes + client.granted.unwrap_or(0));
        client.blocked = false;
        let conn = client.conn;
        self.server.writable(conn);
    }

    fn check(&self) {
        self.server.check_invariants();
    }

    fn existing(&mut self, name: &str) -> &mut Client {
        self.client(name).unwrap_or_else(|| panic!("{name} is not connected"))
    }

    fn client(&mut self, name: &str) -> Option<&mut Client> {
        self.env.clients.iter_mut().find(|client| client.connected && client.name == name)
    }
}

impl Client {
    fn new(name: &str, conn: ConnId, dialect: Dialect, stays: bool) -> Self {
        Self {
            name: name.to_owned(),
            conn,
            dialect,
            reads_irc: false,
            connected: true,
            closing: false,
            sent: VecDeque::new(),
            ends_input: false,
            end_was_read: false,
            paused: false,
            was_paused: false,
            read: Vec::new(),
            granted: None,
            blocked: false,
            finished: false,
            stays,
        }
    }

    /// Returns whether the client ends its lines with CRLF.
    fn is_irc(&self) -> bool {
        self.dialect == Dialect::Irc || self.reads_irc
    }

    /// Appends the lines that the client has received since the action began, and a line if reading from it was paused or
    /// resumed.
    fn report(&mut self, seen: &mut Vec<String>) {
        let name = &self.name;
        let read = std::mem::take(&mut self.read);
        for line in read.split_inclusive(|&byte| byte == b'\n') {
            self.reads_irc = line.ends_with(b"\r\n");
            seen.push(match line {
                [line @ .., b'\r', b'\n'] if self.dialect != Dialect::Plain => {
                    format!("{name} < {}", escape(line))
                }
                b"\n" => format!("{name} <"),
                [line @ .., b'\n'] => format!("{name} < {}", escape(line)),
                unfinished => format!("{name} <~ {}", escape(unfinished)),
            });
        }
        let paused = self.paused && self.connected;
        if std::mem::replace(&mut self.was_paused, paused) != paused && self.connected && !self.closing {
            seen.push(format!("{name} is {}", if paused { "paused" } else { "resumed" }));
        }
    }
}

impl Surroundings {
    fn of(&mut self, conn: ConnId) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.conn == conn)
    }

    /// Returns a connection that the server has finished, and that its client therefore closes, too.
    fn closing_client(&self) -> Option<ConnId> {
        let closes =
            |client: &&Client| client.connected && client.finished && (client.end_was_read || !client.stays);
        self.clients.iter().find(closes).map(|client| client.conn)
    }
}

impl Wire for Surroundings {
    fn finish(&mut self, conn: ConnId) {
        let client = self.of(conn).expect("a finished connection has a client");
        assert!(
            client.connected && client.closing && !client.finished,
            "{} is finished once, after `Close`",
            client.name
        );
        client.finished = true;
        self.finished.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let client = self.of(conn).expect("a connection that is written to has a client");
        assert!(client.connected && !client.finished, "{} is not written to after its end", client.name);
        assert!(!client.blocked, "{} is not written to while its socket is full", client.name);
        let bytes = slices.concat();
        let count = client.granted.map_or(bytes.len(), |granted| granted.min(bytes.len()));
        client.granted = client.granted.map(|granted| granted - count);
        client.blocked = count < bytes.len();
        client.read.extend_from_slice(&bytes[..count]);
        count
    }
}

impl Environment for Surroundings {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.aborted.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, of: &PasswordOf, password: &[u8]) {
        let Passwords { gateways, server, operators } = &self.passwords;
        let is = |it: &String| it.as_bytes() == password;
        let right = match of {
            PasswordOf::Gateway => gateways.as_ref().is_some_and(is),
            PasswordOf::Operator(name) => operators.iter().any(|(it, of)| it == name && is(of)),
            PasswordOf::Server => server.as_ref().is_some_and(is),
        };
        self.checked.push((conn, right));
    }

    fn fetch(&mut self, conn: ConnId, _: &HistoryQuery, _: &HistoryScope) -> bool {
        if self.histories_fail {
            self.asked.push(conn);
        }
        self.histories_fail
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        if let Some(client) = self.of(conn) {
            client.paused = paused;
        }
    }

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        self.seen.extend(console(event));
    }

    fn rehash(&mut self, _: ConnId) {
        self.rehash = true;
    }

    fn output(&mut self, output: &Output<'_>, outbox: &mut Outbox) {
        if let Some(conn) = named(output) {
            let client = self.of(conn).expect("an output names an accepted connection");
            let allowed = client.connected && (!client.closing || matches!(output, Output::Abort { .. }));
            assert!(allowed, "no output for {}, which is closing: {output:?}", client.name);
            client.closing |= matches!(output, Output::Close { .. });
        }
        outbox.output(output);
    }
}

/// Returns the connection that an output names.
fn named(output: &Output<'_>) -> Option<ConnId> {
    match *output {
        Output::Abort { conn }
        | Output::CheckPassword { conn, .. }
        | Output::Close { conn, .. }
        | Output::Fetch { conn, .. }
        | Output::PauseReads { conn }
        | Output::Rehash { conn }
        | Output::ReportDrained { conn }
        | Output::ResumeReads { conn }
        | Output::Subscribe { conn, .. }
        | Output::Unsubscribe { conn, .. }
        | Output::Write { conn, .. } => Some(conn),
        Output::ToPeers { except, .. } | Output::ToRoom { except, .. } => except,
        Output::Console(_) | Output::HistoryChanged(_) | Output::Propose { .. } => None,
    }
}

/// Returns the line of the console for an event; `None` for events that transcripts omit.
fn console(event: &ConsoleEvent<'_>) -> Option<String> {
    let text = match event {
        ConsoleEvent::Accepted { .. }
        | ConsoleEvent::Closed { .. }
        | ConsoleEvent::CommandRefused { .. }
        | ConsoleEvent::Detected { .. }
        | ConsoleEvent::RoomEntered { .. }
        | ConsoleEvent::RoomLeft { .. } => return None,
        ConsoleEvent::ClockSetBack { by_ms } => format!("the clock was set back by {by_ms} ms"),
        ConsoleEvent::Demoted { member } => format!("{} is no operator any more", member.name),
        ConsoleEvent::Entered { member, .. } => format!("{} entered from {}", member.name, member.peer),
        ConsoleEvent::HostSet { by, target, host } => {
            format!("{} has {} shown at {host}", by.name, target.name)
        }
        ConsoleEvent::Invited { by, target, room } => {
            format!("{} invited {} to {room}", by.name, target.name)
        }
        ConsoleEvent::Kicked { by, target, room } => {
            format!("{} sent {} out of {room}", by.name, target.name)
        }
        ConsoleEvent::LimitsOverruled { .. } => "the limits of the log are in force".to_owned(),
        ConsoleEvent::LogState { state, .. } => format!("the log is {state:?}"),
        ConsoleEvent::LifeOver { .. } => "the life of this node is over".to_owned(),
        ConsoleEvent::Left { member, reason, by: None } => {
            format!("{} left ({})", member.name, reason.word())
        }
        ConsoleEvent::Left { member, reason, by: Some(by) } => {
            format!("{} left ({} by {})", member.name, reason.word(), by.name)
        }
        ConsoleEvent::LineRemoved { by, room } => format!("{} removed a line of another in {room}", by.name),
        ConsoleEvent::ModesSet { by, room, changes } => format!("{} set {changes} in {room}", by.name),
        ConsoleEvent::PasswordNotChecked { name, peer } => {
            let who = name.map_or_else(|| peer.to_string(), ToString::to_string);
            format!("a password of {who} was not checked")
        }
        ConsoleEvent::PasswordWrong { name: Some(name), .. } => format!("{name} gave a wrong password"),
        ConsoleEvent::PasswordWrong { by_gateway: true, peer, .. } => {
            format!("{peer} gave a wrong password as a gateway")
        }
        ConsoleEvent::PasswordWrong { name: None, peer, .. } => {
            format!("{peer} gave no password, or a wrong one")
        }
        ConsoleEvent::Proxied { proxy, peer, .. } => format!("{proxy} is the proxy of {peer}"),
        ConsoleEvent::Promoted { member } => format!("{} is an operator", member.name),
        ConsoleEvent::Refused { peer, reason } => format!("{peer} refused ({})", reason.word()),
        ConsoleEvent::RehashRequested { by } => {
            format!("{} wants the configuration to be read again", by.name)
        }
        ConsoleEvent::Renamed { member, from } => format!("{from} is now {}", member.name),
        ConsoleEvent::TopicSet { by, room, is_set: true } => format!("{} set the topic of {room}", by.name),
        ConsoleEvent::TopicSet { by, room, is_set: false } => {
            format!("{} cleared the topic of {room}", by.name)
        }
        ConsoleEvent::TurnedAway { peer, kind } => format!("{peer} speaks {}", kind.name()),
        ConsoleEvent::Wallops { by } => format!("{} spoke to all who want to hear operators", by.name),
        ConsoleEvent::BanLifted { by, target } => format!("{} lifted the ban of {target}", by.name),
        ConsoleEvent::BanSet { by, target, ends_unix_ms: None } => format!("{} banned {target}", by.name),
        ConsoleEvent::BanSet { by, target, ends_unix_ms: Some(end) } => {
            format!("{} banned {target} until {}", by.name, Utc::from_unix_ms(*end))
        }
    };
    Some(format!("console: {text}"))
}

/// Applies one setting of a transcript.
fn set(words: &[&str], limits: &mut Limits, options: &mut Options) {
    match *words {
        ["echo", "on"] => options.echo = true,
        ["greeting", "off"] => options.greeting = false,
        ["lang", code] => options.language = code.parse::<Language>().expect("the language is known"),
        ["relay", "raw"] => options.raw = true,
        ["limit", name, value] => {
            let value = value.parse().expect("a limit is a number");
            limits.set(name, value).unwrap_or_else(|error| panic!("{error}: {name}"));
        }
        _ => panic!("unknown setting: {words:?}"),
    }
}
