//! A connection that sends much at once does a bounded part of it, and then the others have their turns.

use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Instant, Limits, LogEntry, MemoryLog, Now, Options,
    PasswordOf, Proposal, Rate, RoomName, Server, Via, Wire,
};
use std::fmt::Write as _;
use std::net::IpAddr;

/// An environment whose sockets accept everything.
#[derive(Default)]
struct Recorder(MemoryLog);

impl Wire for Recorder {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Recorder {
    fn propose(&mut self, proposal: &Proposal) {
        self.0.append(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

struct Stage {
    server: Server,
    recorder: Recorder,
    now: Now,
    /// The texts of messages, and the rooms that members have asked to enter, in the order of the log.
    acts: Vec<String>,
}

impl Stage {
    fn new(turn_lines_max: u32) -> Self {
        Self::with(Limits { turn_lines_max, ..Limits::default() })
    }

    fn with(limits: Limits) -> Self {
        let (now, mut recorder) = (Now::default(), Recorder::default());
        let server = Server::new(limits, Options::default(), now, &mut recorder);
        let mut stage = Self { server, recorder, now, acts: Vec::new() };
        stage.commit();
        stage
    }

    /// Connects a member from an address of its own.
    fn member(&mut self, number: u8) -> ConnId {
        self.member_at(number, 5_000)
    }

    fn member_at(&mut self, number: u8, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let peer = ([10, 0, 0, number], port).into();
        let room = RoomName::lobby();
        self.input(Input::Accepted {
            conn,
            dialect: Dialect::Plain,
            peer,
            via: Via::Direct,
            room: Some(&room),
        });
        conn
    }

    fn send(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: lines.to_owned().into() });
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.recorder);
        self.commit();
    }

    fn commit(&mut self) {
        let mut entries: Vec<LogEntry> = Vec::new();
        while self.recorder.0.take(&mut entries) {
            self.acts.extend(entries.iter().filter_map(|entry| match &entry.command {
                Command::Say { message, .. } => Some(message.text.as_str().to_owned()),
                Command::Move { to: Some(room), .. } => Some(format!("to {room}")),
                _ => None,
            }));
            self.server.committed(self.now, &mut entries, &mut self.recorder);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(self.now, &mut self.recorder);
            }
        }
        self.server.check_invariants();
    }

    /// Lets one tick pass, in which everything that is due happens once.
    fn tick(&mut self) {
        self.now.mono = Instant::from_micros(self.now.mono.as_micros() + 1);
        while self.server.time_out(self.now, &mut self.recorder) {
            self.commit();
        }
    }

    /// Returns what has happened since the last call.
    fn acts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.acts)
    }
}

#[test]
fn a_line_waits_for_one_turn_of_each_other_connection_at_most() {
    let mut stage = Stage::new(3);
    let [alice, bob, carol] = [1, 2, 3].map(|number| stage.member(number));
    stage.send(alice, "a1\na2\na3\na4\na5\na6\na7\n");
    stage.send(bob, "b1\nb2\nb3\nb4\n");
    stage.send(carol, "c1\n");
    assert_eq!(stage.acts(), ["a1", "a2", "a3", "b1", "b2", "b3", "c1"]);
    stage.tick();
    // In the order in which their turns ended. A line that was read before the end of a turn is said in the next.
    assert_eq!(stage.acts(), ["a4", "a5", "a6", "a7", "b4"]);
    stage.send(carol, "c2\n");
    assert_eq!(stage.acts(), ["c2"]);
}

#[test]
fn a_turn_ends_after_long_lines_and_after_many_masks() {
    let mut stage = Stage::new(3);
    let [alice, bob] = [1, 2].map(|number| stage.member(number));
    // A line of 2,500 bytes costs more than three lines.
    let long = "x".repeat(2_500);
    stage.send(alice, &format!("{long}\nshort\n"));
    assert_eq!(stage.acts(), [] as [&str; 0]);
    stage.tick();
    assert_eq!(stage.acts(), [long.as_str(), "short"]);

    stage.send(alice, "/join tea\n");
    stage.acts();
    stage.send(bob, "/join tea\n/join cake\n/join tea\n/join cake\n");
    assert_eq!(stage.acts(), ["to tea", "to cake", "to tea"], "without masks");
    let mut bans = String::new();
    for number in 0..100 {
        writeln!(bans, "/ban nobody{number}").expect("a string takes all text");
    }
    stage.send(alice, &bans);
    for _ in 0..100 {
        stage.now.mono = stage.now.mono.plus_ms(1_000);
        stage.tick();
    }
    stage.acts();
    stage.send(bob, "/join tea\n/join cake\n/join tea\n");
    // Asked for 100 masks.
    assert_eq!(stage.acts(), ["to tea"]);
    stage.tick();
    assert_eq!(stage.acts(), ["to cake", "to tea"]);
}

#[test]
fn a_turn_goes_on_when_a_history_was_read() {
    let mut stage = Stage::new(10);
    let conn = stage.server.vacant().expect("a slot is free");
    let peer = ([10, 0, 0, 1], 5_000).into();
    stage.input(Input::Accepted { conn, dialect: Dialect::Irc, peer, via: Via::Direct, room: None });
    stage.send(conn, "NICK alice\r\nUSER a 0 * :a\r\nJOIN #tea\r\n");
    stage.tick();
    stage.acts();
    // The room has no history, so the answers are short, and a page is read within the call that asks for it.
    stage.send(conn, &("CHATHISTORY LATEST #tea * 1\r\n".repeat(25) + "PRIVMSG #tea :late\r\n"));
    assert_eq!(stage.acts(), [] as [&str; 0]);
    stage.tick();
    assert_eq!(stage.acts(), [] as [&str; 0]);
    stage.tick();
    assert_eq!(stage.acts(), ["late"]);
}

#[test]
fn connections_of_one_address_are_read_in_turn_when_the_timer_is_late() {
    let rate = Rate { lines: 10, burst: 10 };
    let mut stage = Stage::with(Limits { rate, address_factor: 1, ..Limits::default() });
    let [alice, bob] = [5_001, 5_002].map(|port| stage.member_at(1, port));
    stage.send(alice, &"a\n".repeat(10));
    stage.send(bob, &"b\n".repeat(10));
    stage.acts();
    // Meanwhile the budget has grown by ten lines.
    stage.now.mono = stage.now.mono.plus_ms(1_000);
    stage.tick();
    let acts = stage.acts();
    assert!(acts.len() >= 6 && acts.windows(2).all(|pair| pair[0] != pair[1]), "{acts:?}");
}
