//! The end of rooms that are kept without members: when a node proposes it, and what becomes of the proposal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use parlor_protocol::{
    Cloaks, Command, ConnId, ConsoleEvent, DeadlineReason, Dialect, Environment, Input, Life, Limits,
    LogEntry, LogState, NameRequest, NodeId, Now, Options, Origin, PasswordOf, Profile, Proposal, RoomName,
    Seq, Server, Via, Wire, World,
};
use std::net::IpAddr;

const HOUR_MS: u64 = 3_600_000;

/// Milliseconds for which a room is kept.
const DAY_MS: u64 = 24 * HOUR_MS;

/// A server, its clocks, and the log that outlives it.
struct Stage {
    server: Server,
    proposed: Proposed,
    log: Vec<LogEntry>,
    now: Now,
}

#[derive(Default)]
struct Proposed(Vec<Proposal>);

impl Wire for Proposed {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.concat().len()
    }
}

impl Environment for Proposed {
    fn propose(&mut self, proposal: &Proposal) {
        self.0.push(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn console(&mut self, _: &ConsoleEvent<'_>) {}
}

impl Stage {
    /// Begins a life with the world that results from this log.
    fn begin(life: u64, log: Vec<LogEntry>, now: Now) -> Self {
        let mut proposed = Proposed::default();
        let options = Options { life: Life(life), ..Options::default() };
        let server = Server::resume(Limits::default(), options, World::replay(&log), now, &mut proposed);
        let mut stage = Self { server, proposed, log, now };
        stage.commit();
        stage
    }

    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.proposed);
        self.server.check_invariants();
    }

    fn append(&mut self, proposal: Proposal) {
        let entry = proposal.committed_at(Seq(self.log.len() as u64 + 1));
        self.log.push(entry.clone());
        self.input(Input::Committed { entry: &entry });
    }

    /// Appends a command of another node, which has just started.
    fn append_elsewhere(&mut self, command: Command) {
        for (number, command) in [(1, Command::Started { after: None }), (2, command)] {
            let origin = Origin { node: NodeId(1), life: Life(9), number };
            self.append(Proposal { at_unix_ms: self.now.unix_ms, origin, command });
        }
    }

    fn take(&mut self) -> Vec<Proposal> {
        std::mem::take(&mut self.proposed.0)
    }

    fn commit(&mut self) {
        while !self.proposed.0.is_empty() {
            self.take().into_iter().for_each(|proposal| self.append(proposal));
        }
    }

    fn enter(&mut self, port: u16) -> ConnId {
        let conn = self.server.vacant().unwrap();
        let (dialect, peer) = (Dialect::Plain, ([10, 0, 0, 1], port).into());
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&RoomName::lobby()) });
        self.commit();
        conn
    }

    fn say(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }

    /// Lets time pass on both clocks, and runs the timers that are due in the meantime.
    fn pass(&mut self, ms: u64) {
        let (begin, end) = (self.now, self.now.mono.plus_ms(ms));
        while let Some(deadline) = self.server.deadline().filter(|deadline| deadline.at <= end) {
            self.now.mono = deadline.at;
            let passed_ms = u64::try_from(deadline.at.since(begin.mono).as_millis()).unwrap();
            self.now.unix_ms = begin.unix_ms + passed_ms;
            self.server.time_out(self.now, &mut self.proposed);
        }
        self.now = Now { mono: end, unix_ms: begin.unix_ms + ms };
    }

    fn has_room(&self) -> bool {
        self.server.hub().world().room_named(&RoomName::parse("tea").unwrap()).is_some()
    }

    /// Returns how many ends of rooms were proposed since the last commit.
    fn ends(&self) -> usize {
        self.proposed.0.iter().filter(|it| matches!(it.command, Command::EndRoom { .. })).count()
    }
}

/// Returns a server with a member in the lobby, which has just left a room empty.
fn left() -> (Stage, ConnId) {
    let now = Now { unix_ms: 1_700_000_000_000, ..Now::default() };
    let mut stage = Stage::begin(1, Vec::new(), now);
    let conn = stage.enter(5_001);
    for line in ["/join tea\n", "/join lobby\n"] {
        stage.say(conn, line);
        stage.commit();
    }
    assert!(stage.has_room());
    (stage, conn)
}

#[test]
fn a_room_ends_when_it_has_been_empty_for_a_day() {
    let (mut stage, _) = left();
    assert_eq!(stage.server.deadline().map(|it| it.why), Some(DeadlineReason::Room));
    stage.pass(DAY_MS - 1);
    assert_eq!((stage.ends(), stage.has_room()), (0, true));
    stage.pass(1);
    assert_eq!(stage.ends(), 1);
    stage.pass(DAY_MS);
    assert_eq!(stage.ends(), 1, "it is proposed once");
    stage.commit();
    assert!(!stage.has_room());
    assert_eq!(stage.server.deadline(), None, "no other room is empty");
}

#[test]
fn rooms_end_one_after_the_other_in_the_order_in_which_they_were_left() {
    let (mut stage, conn) = left();
    stage.pass(HOUR_MS);
    stage.say(conn, "/join coffee\n/join lobby\n");
    stage.commit();
    let coffee = RoomName::parse("coffee").unwrap();
    let kept = |stage: &Stage| (stage.has_room(), stage.server.hub().world().room_named(&coffee).is_some());
    stage.pass(DAY_MS - HOUR_MS);
    stage.commit();
    assert_eq!(kept(&stage), (false, true));
    stage.pass(HOUR_MS);
    stage.commit();
    assert_eq!(kept(&stage), (false, false));
}

#[test]
fn a_server_that_starts_again_ends_the_rooms_that_it_finds() {
    for down_ms in [1, 3 * DAY_MS] {
        let (stage, _) = left();
        let now = Now { unix_ms: stage.now.unix_ms + down_ms, ..Now::default() };
        let mut stage = Stage::begin(2, stage.log, now);
        assert!(stage.has_room());
        stage.pass((DAY_MS - 1).saturating_sub(down_ms));
        assert_eq!(stage.ends(), usize::from(down_ms > DAY_MS));
        stage.pass(1);
        stage.commit();
        assert!(!stage.has_room());
    }
}

#[test]
fn a_room_that_somebody_enters_just_before_its_end_does_not_end() {
    let (mut stage, _) = left();
    stage.pass(DAY_MS);
    let end = stage.take();
    let (request, room) = (NameRequest::Port(5_002), RoomName::parse("tea").ok());
    let profile = Profile::of_host(&Cloaks::default().host([10, 0, 0, 2].into()));
    stage.append_elsewhere(Command::Enter { request, profile, room });
    end.into_iter().for_each(|proposal| stage.append(proposal));
    assert!(stage.has_room());
    assert_eq!(stage.server.deadline(), None);
}

#[test]
fn the_end_of_a_room_that_the_log_has_lost_is_proposed_again() {
    let (mut stage, _) = left();
    stage.input(Input::LogState(LogState::Stalled));
    stage.pass(DAY_MS);
    assert_eq!(stage.ends(), 0, "the log takes nothing");
    stage.input(Input::LogState(LogState::Running));
    assert_eq!(stage.ends(), 1);
    stage.take();
    stage.input(Input::LogState(LogState::Stalled));
    stage.input(Input::LogState(LogState::Running));
    assert_eq!(stage.ends(), 1, "the log has lost it");
    stage.commit();
    assert!(!stage.has_room());
}

#[test]
fn the_end_that_another_node_has_proposed_is_enough() {
    let (mut stage, _) = left();
    stage.pass(DAY_MS);
    let end = stage.take();
    stage.append_elsewhere(end[0].command.clone());
    assert!(!stage.has_room());
    end.into_iter().for_each(|proposal| stage.append(proposal));
    assert_eq!((stage.server.hub().proposals(), stage.ends()), (0, 0));
}

#[test]
fn a_clock_that_is_set_is_noticed_within_an_hour() {
    let (mut stage, _) = left();
    stage.now.unix_ms += DAY_MS;
    stage.pass(HOUR_MS);
    assert_eq!(stage.ends(), 1, "it was set ahead");

    let (mut stage, _) = left();
    stage.now.unix_ms -= HOUR_MS;
    stage.pass(DAY_MS);
    assert_eq!(stage.ends(), 0, "it was set back, and the room is not empty for a day yet");
    stage.pass(HOUR_MS);
    assert_eq!(stage.ends(), 1);
}

#[test]
fn a_server_that_stops_leaves_its_rooms_to_others() {
    let (mut stage, conn) = left();
    stage.input(Input::Shutdown);
    assert_eq!(stage.server.deadline().map(|it| it.why), Some(DeadlineReason::Close));
    stage.input(Input::Closed { conn });
    stage.commit();
    assert!(stage.has_room() && stage.server.hub().is_over());
}
