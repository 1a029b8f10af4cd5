//! The guarantees of `Server` that do not depend on its caller: the order of inputs, and the flush before too much is
//! rendered.

use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Instant, Limits, LogEntry, MemoryLog, Now, Options,
    PasswordOf, Proposal, Rate, RoomName, Server, Via, Wire,
};
use std::net::IpAddr;

/// An environment that records inputs. The socket `full` accepts nothing.
#[derive(Default)]
struct Recorder {
    log: MemoryLog,
    inputs: Vec<String>,
    full: Option<ConnId>,
    written: usize,
}

impl Wire for Recorder {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let count = slices.iter().map(|slice| slice.len()).sum();
        self.written += count;
        if self.full == Some(conn) { 0 } else { count }
    }
}

impl Environment for Recorder {
    fn propose(&mut self, proposal: &Proposal) {
        self.log.append(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn before_input(&mut self, _: Now, input: &Input<'_>) {
        self.inputs.push(match input {
            Input::Closed { conn } => format!("closed {conn}"),
            Input::Committed { .. } => "committed".to_owned(),
            Input::Overflowed { conn } => format!("overflowed {conn}"),
            Input::Timeout => "timeout".to_owned(),
            _ => "other".to_owned(),
        });
    }
}

struct Stage {
    server: Server,
    recorder: Recorder,
    conns: [ConnId; 2],
}

impl Stage {
    /// Creates a server with two members in its lobby.
    fn new(limits: Limits) -> Self {
        let (now, mut recorder) = (Now::default(), Recorder::default());
        let mut server = Server::new(limits, Options::default(), now, &mut recorder);
        let conns = [5_001, 5_002].map(|port| {
            let conn = server.vacant().expect("a slot is free");
            let peer = ([10, 0, 0, 1], port).into();
            let room = RoomName::lobby();
            let input =
                Input::Accepted { conn, dialect: Dialect::Plain, peer, via: Via::Direct, room: Some(&room) };
            server.input(now, input, &mut recorder);
            conn
        });
        let mut stage = Self { server, recorder, conns };
        stage.commit();
        while stage.server.flush(&mut stage.recorder) {}
        stage.recorder.inputs.clear();
        stage
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(Now::default(), input, &mut self.recorder);
    }

    fn commit(&mut self) {
        let mut entries: Vec<LogEntry> = Vec::new();
        while self.recorder.log.take(&mut entries) {
            self.server.committed(Now::default(), &mut entries, &mut self.recorder);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(Now::default(), &mut self.recorder);
            }
        }
    }

    /// Sends a message of this number of bytes from the first member.
    fn say(&mut self, bytes: usize) {
        let line = format!("{}\n", "x".repeat(bytes));
        self.input(Input::Received { conn: self.conns[0], bytes: line.into() });
        self.commit();
    }
}

/// Returns limits with a maximum backlog of a few long lines.
fn narrow() -> Limits {
    let mut limits = Limits {
        backlog_bytes_max: 25_000,
        line_bytes_max: 1_000,
        pending_commands_max: 1,
        reply_bytes_max: 4_096,
        rate: Rate { lines: 0, burst: 1 },
        ..Limits::default()
    };
    limits.world.topic_bytes_max = 300;
    assert_eq!(limits.check(), Ok(()));
    limits
}

#[test]
fn the_start_and_the_limits_are_proposed_before_anything_else() {
    let mut recorder = Recorder::default();
    let _server = Server::new(Limits::default(), Options::default(), Now::default(), &mut recorder);
    let mut entries = Vec::new();
    assert!(recorder.log.take(&mut entries));
    let commands: Vec<_> = entries.into_iter().map(|entry| entry.command).collect();
    let configure = Command::Configure { revision: 1, limits: Limits::default().world };
    assert_eq!(commands, [Command::Started { after: None }, configure]);
}

#[test]
fn an_overflow_is_reported_before_the_next_input() {
    let mut stage = Stage::new(narrow());
    let slow = stage.conns[1];
    stage.recorder.full = Some(slow);
    // These messages exceed the maximum backlog. The server does not need to flush between them by itself.
    for _ in 0..3 {
        for _ in 0..10 {
            stage.say(1_000);
        }
        while stage.server.flush(&mut stage.recorder) {}
        stage.server.end_turn();
    }
    stage.recorder.inputs.clear();
    stage.input(Input::Closed { conn: slow });
    assert_eq!(stage.recorder.inputs, [format!("overflowed {slow}"), format!("closed {slow}")]);
}

#[test]
fn a_server_flushes_before_it_renders_too_much() {
    let mut stage = Stage::new(narrow());
    let written = stage.recorder.written;
    while !stage.server.turn_is_over() {
        assert_eq!(stage.recorder.written, written, "nothing is written within a turn");
        stage.say(1_000);
        assert_eq!(stage.server.outbox().is_full(), stage.server.turn_is_over());
    }
    assert!(stage.recorder.written > written + 10_000);
    assert!(stage.server.end_turn());
    assert!(!stage.server.turn_is_over(), "the next turn begins");
}

#[test]
fn flushes_do_not_make_a_turn_longer() {
    let mut stage = Stage::new(narrow());
    for _ in 0..13 {
        if stage.server.turn_is_over() {
            break;
        }
        stage.say(1_000);
        while stage.server.flush(&mut stage.recorder) {}
    }
    assert!(stage.server.turn_is_over(), "half of a backlog is rendered, however often it was flushed");
}

#[test]
fn no_timer_fires_early() {
    let mut stage = Stage::new(Limits::default());
    let conn = stage.server.vacant().expect("a slot is free");
    let peer = ([10, 0, 0, 1], 5_003).into();
    stage.input(Input::Accepted { conn, dialect: Dialect::Auto, peer, via: Via::Direct, room: None });
    let at = stage.server.deadline().expect("there is a detection timer").at;
    let mut times_out = |us| {
        let now = Now { mono: Instant::from_micros(us), ..Now::default() };
        stage.server.time_out(now, &mut stage.recorder)
    };
    assert!(!times_out(at.as_micros() - 1));
    assert!(times_out(at.as_micros()));
}
