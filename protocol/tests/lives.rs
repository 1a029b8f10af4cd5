//! Lives of a node: a server that goes on after a crash, one whose life is over, and proposals that come back twice or in
//! another order.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, ConsoleEvent, Dialect, Environment, Input, Life, Limits, LogEntry, LogState, Now,
    Options, PasswordOf, Proposal, RoomName, Seq, Server, Via, Wire, World,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A server, and the log that outlives it.
struct Stage {
    server: Server,
    outside: Outside,
    log: Vec<LogEntry>,
}

#[derive(Default)]
struct Outside {
    proposed: Vec<Proposal>,
    read: BTreeMap<ConnId, String>,
    over: Vec<Option<Life>>,
    /// The revisions of limits that overruled those of the server.
    overruled: Vec<u64>,
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

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        match *event {
            ConsoleEvent::LifeOver { other } => self.over.push(other),
            ConsoleEvent::LimitsOverruled { revision } => self.overruled.push(revision),
            _ => {}
        }
    }
}

fn options(life: u64) -> Options {
    Options { life: Life(life), ..Options::default() }
}

impl Stage {
    /// Begins a life with the world that results from this log.
    fn begin(life: u64, log: Vec<LogEntry>) -> Self {
        let mut outside = Outside::default();
        let (limits, world) = (Limits::default(), World::replay(&log));
        let server = Server::resume(limits, options(life), world, Now::default(), &mut outside);
        Self { server, outside, log }
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(Now::default(), input, &mut self.outside);
        self.server.check_invariants();
    }

    /// Appends proposals to the log, and gives their entries to the server.
    fn append(&mut self, proposals: Vec<Proposal>) {
        for proposal in proposals {
            let entry = proposal.committed_at(Seq(self.log.len() as u64 + 1));
            self.log.push(entry.clone());
            self.input(Input::Committed { entry: &entry });
        }
    }

    fn commit(&mut self) {
        while !self.outside.proposed.is_empty() {
            let proposals = std::mem::take(&mut self.outside.proposed);
            self.append(proposals);
        }
    }

    fn enter(&mut self, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let (dialect, peer) = (Dialect::Plain, ([10, 0, 0, 1], port).into());
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&RoomName::lobby()) });
        conn
    }

    fn say(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }

    fn read(&mut self, conn: ConnId) -> String {
        while self.server.flush(&mut self.outside) {}
        self.outside.read.remove(&conn).unwrap_or_default()
    }

    /// Returns the names of all members.
    fn members(&self) -> Vec<String> {
        self.server.hub().world().members().map(|(_, member)| member.name().to_string()).collect()
    }
}

/// Returns a server with members 5001 and 5002.
fn server_with_two(life: u64) -> (Stage, [ConnId; 2]) {
    let mut stage = Stage::begin(life, Vec::new());
    stage.commit();
    let conns = [5_001, 5_002].map(|port| stage.enter(port));
    stage.commit();
    for conn in conns {
        stage.read(conn);
    }
    (stage, conns)
}

#[test]
fn a_server_goes_on_after_a_crash_without_ghosts() {
    let (stage, _) = server_with_two(1);
    let mut stage = Stage::begin(2, stage.log);
    assert_eq!(stage.members(), ["5001", "5002"], "until the new life begins");
    // A client is there before the log has answered.
    let alice = stage.enter(5_001);
    stage.commit();
    assert_eq!(stage.members(), ["5001"], "the name is free again");
    let read = stage.read(alice);
    assert!(read.contains("your name is 5001 and you are alone"), "{read}");
    assert_eq!(stage.server.hub().world().digest(), World::replay(&stage.log).digest());
}

#[test]
fn limits_are_proposed_again_only_if_they_differ() {
    let (stage, _) = server_with_two(1);
    let commands = |stage: &Stage| -> Vec<Command> {
        stage.outside.proposed.iter().map(|proposal| proposal.command.clone()).collect()
    };
    let started = Command::Started { after: Some(Life(1)) };
    assert_eq!(commands(&Stage::begin(2, stage.log.clone())), std::slice::from_ref(&started));
    let mut limits = Limits::default();
    limits.world.rooms_max = 5;
    for (revision, proposed) in [(None, Some(2)), (Some(1), None), (Some(9), Some(9))] {
        let mut outside = Outside::default();
        let (options, world) = (Options { revision, ..options(2) }, World::replay(&stage.log));
        let server = Server::resume(limits, options, world, Now::default(), &mut outside);
        let stage = Stage { server, outside, log: Vec::new() };
        let configure = proposed.map(|revision| Command::Configure { revision, limits: limits.world });
        let expected: Vec<Command> = std::iter::once(started.clone()).chain(configure).collect();
        assert_eq!(commands(&stage), expected, "{revision:?}");
        let overruled: &[u64] = if proposed.is_none() { &[1] } else { &[] };
        assert_eq!(stage.outside.overruled, overruled, "{revision:?}");
    }
}

#[test]
fn a_process_stops_when_another_has_started_for_its_node() {
    let (mut stage, [alice, bob]) = server_with_two(1);
    let carol = stage.enter(5_003);
    let mut other = Stage::begin(2, stage.log.clone());
    stage.say(alice, "hello\n");
    let started = std::mem::take(&mut other.outside.proposed);
    stage.append(started);
    assert!(stage.server.hub().is_over());
    assert_eq!(stage.outside.over, [Some(Life(2))]);
    stage.commit();
    for conn in [alice, bob, carol] {
        let read = stage.read(conn);
        assert!(read.ends_with("closed: the server was restarted\n"), "{conn}: {read}");
        assert!(!read.contains("hello"), "nothing of the life that is over is said");
    }
    for conn in [alice, bob, carol] {
        stage.input(Input::Closed { conn });
    }
    assert_eq!(stage.server.hub().connections(), 0);
    assert_eq!(stage.outside.proposed, [], "it proposes nothing");
    assert_eq!(stage.members(), [""; 0]);
}

#[test]
fn a_life_ends_with_its_last_connection_when_the_server_stops() {
    let (mut stage, conns) = server_with_two(1);
    stage.input(Input::Shutdown);
    for conn in conns {
        stage.input(Input::Closed { conn });
    }
    assert!(!stage.server.hub().is_over(), "two members have yet to leave");
    stage.commit();
    assert!(stage.server.hub().is_over());
    assert_eq!(stage.outside.over, [], "as it should");
    let node = *stage.server.hub().world().node(Default::default()).expect("it has started");
    assert!(!node.is_running());
}

#[test]
fn a_repeated_entry_is_said_once() {
    let (mut stage, [alice, bob]) = server_with_two(1);
    stage.say(alice, "one\ntwo\n");
    let proposals = std::mem::take(&mut stage.outside.proposed);
    let twice = [&proposals[..], &proposals[..]].concat();
    stage.append(twice);
    assert_eq!(stage.read(bob), "5001: one\n5001: two\n");
    assert_eq!(stage.server.hub().proposals(), 0);
    assert_eq!(stage.outside.proposed, []);
}

#[test]
fn what_overtook_a_lost_proposal_is_proposed_again_after_it() {
    let (mut stage, [alice, bob]) = server_with_two(1);
    stage.say(alice, "one\ntwo\nthree\nfour\n");
    let mut proposals = std::mem::take(&mut stage.outside.proposed);
    let first = proposals.remove(0);
    stage.append(proposals);
    assert_eq!(stage.read(bob), "", "nothing is said out of order");
    let numbers: Vec<u64> = stage.outside.proposed.iter().map(|proposal| proposal.origin.number).collect();
    let one = first.origin.number;
    assert_eq!(
        numbers,
        [one, one + 1, one + 2, one + 3],
        "each once more, although three entries came too early"
    );
    // The first comes back after all, and then twice.
    stage.append(vec![first]);
    assert_eq!(stage.read(bob), "5001: one\n");
    stage.commit();
    assert_eq!(stage.read(bob), "5001: two\n5001: three\n5001: four\n");
    assert_eq!(stage.server.hub().proposals(), 0);
}

#[test]
fn what_overtook_the_start_of_its_life_is_proposed_again() {
    let mut stage = Stage::begin(1, Vec::new());
    let alice = stage.enter(5_001);
    let mut proposals = std::mem::take(&mut stage.outside.proposed);
    proposals.rotate_left(1);
    assert!(matches!(proposals.last(), Some(Proposal { command: Command::Started { .. }, .. })));
    stage.append(proposals);
    assert_eq!(stage.members(), [""; 0], "nothing counts before the life begins");
    stage.commit();
    let read = stage.read(alice);
    assert!(read.contains("your name is 5001"), "{read}");
    assert_eq!(stage.server.hub().proposals(), 0);
}

#[test]
fn copies_that_a_log_lost_while_it_stood_still_are_not_waited_for() {
    let (mut stage, [alice, bob]) = server_with_two(1);
    stage.say(alice, "one\ntwo\n");
    stage.input(Input::LogState(LogState::Stalled));
    stage.outside.proposed.clear();
    stage.input(Input::LogState(LogState::Running));
    let mut proposals = std::mem::take(&mut stage.outside.proposed);
    assert_eq!(proposals.len(), 2);
    proposals.reverse();
    stage.append(proposals);
    stage.commit();
    assert_eq!(stage.read(bob), "5001: one\n5001: two\n");
    assert_eq!(stage.server.hub().proposals(), 0);
}

#[test]
fn a_proposal_that_is_lost_again_is_proposed_again() {
    let (mut stage, [alice, bob]) = server_with_two(1);
    stage.say(alice, "one\ntwo\n");
    for _ in 0..3 {
        let mut proposals = std::mem::take(&mut stage.outside.proposed);
        assert_eq!(proposals.len(), 2);
        proposals.remove(0);
        stage.append(proposals);
    }
    stage.commit();
    assert_eq!(stage.read(bob), "5001: one\n5001: two\n");
}

#[test]
fn limits_that_the_log_overrules_are_told_to_nobody() {
    let (stage, _) = server_with_two(1);
    let mut limits = Limits::default();
    (limits.world.rooms_per_member_max, limits.world.topic_bytes_max) = (5, 77);
    let mut outside = Outside::default();
    let (options, world) = (Options { revision: Some(1), ..options(2) }, World::replay(&stage.log));
    let server = Server::resume(limits, options, world, Now::default(), &mut outside);
    let mut stage = Stage { server, outside, log: stage.log };
    stage.commit();
    let conn = stage.server.vacant().expect("a slot is free");
    let (dialect, peer) = (Dialect::Irc, ([10, 0, 0, 1], 5_001).into());
    stage.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: None });
    stage.say(conn, "NICK n\r\nUSER n 0 * n\r\n");
    stage.commit();
    let read = stage.read(conn);
    assert!(read.contains(" CHANLIMIT=#:20 ") && read.contains(" TOPICLEN=390 "), "{read}");
}

#[test]
fn whoever_waits_for_room_in_the_log_is_told_when_it_stands_still() {
    let limits = Limits { proposals_max: 1, ..Limits::default() };
    let mut outside = Outside::default();
    let server = Server::resume(limits, options(1), World::new(), Now::default(), &mut outside);
    let mut stage = Stage { server, outside, log: Vec::new() };
    stage.commit();
    let [alice, bob] = [5_001, 5_002].map(|port| {
        let conn = stage.enter(port);
        stage.commit();
        conn
    });
    for conn in [alice, bob] {
        stage.read(conn);
    }
    stage.say(alice, "one\n");
    stage.say(bob, "two\n");
    stage.input(Input::LogState(LogState::Stalled));
    while stage.server.deadline().is_some_and(|deadline| deadline.at <= Now::default().mono) {
        stage.server.time_out(Now::default(), &mut stage.outside);
    }
    for conn in [alice, bob] {
        assert!(stage.read(conn).contains("what you send waits"), "{conn} is told that its line waits");
    }
}

#[test]
fn a_log_that_says_again_that_it_is_running_is_given_everything_again() {
    let mut stage = Stage::begin(7, Vec::new());
    let lost = std::mem::take(&mut stage.outside.proposed);
    assert_eq!(lost.len(), 2, "the start and the limits");
    stage.input(Input::LogState(LogState::Running));
    assert_eq!(stage.outside.proposed, lost);
}

#[test]
#[should_panic(expected = "each life has a number of its own")]
fn a_life_that_the_log_knows_cannot_begin_again() {
    let mut stage = Stage::begin(7, Vec::new());
    stage.commit();
    Stage::begin(7, stage.log);
}
