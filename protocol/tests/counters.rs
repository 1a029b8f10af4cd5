//! The counters of the hub.

use parlor_protocol::{
    CloseReason, Command, ConnId, Dialect, Environment, Input, Limits, MemoryLog, Now, Options, RoomName,
    Server, Wire,
};

/// A log, and sockets whose bytes nobody reads.
#[derive(Default)]
struct Nobody(MemoryLog);

impl Wire for Nobody {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Nobody {
    fn propose(&mut self, now: Now, command: Command) {
        self.0.append(now, command);
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

struct Stage {
    server: Server,
    nobody: Nobody,
}

impl Stage {
    fn input(&mut self, input: Input<'_>) {
        self.server.input(Now::default(), input, &mut self.nobody);
        self.commit();
    }

    fn commit(&mut self) {
        let mut entries = Vec::new();
        while self.nobody.0.take(&mut entries) {
            self.server.committed(Now::default(), &entries, &mut self.nobody);
        }
        self.server.check_invariants();
    }

    fn accept(&mut self, host: u8) -> ConnId {
        let conn = self.server.vacant().expect("a slot is vacant");
        let peer = ([10, 0, 0, host], 5_000).into();
        self.input(Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&RoomName::lobby()) });
        conn
    }
}

#[test]
fn connections_lines_and_entries_are_counted() {
    let limits = Limits { connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let mut nobody = Nobody::default();
    let server = Server::new(limits, Options::default(), Now::default(), &mut nobody);
    let mut stage = Stage { server, nobody };
    stage.commit();

    let alice = stage.accept(1);
    let bob = stage.accept(2);
    // Two more from Alice's host: one is sent the reason for its refusal, and one is dropped silently.
    let refused = stage.accept(1);
    let dropped = stage.accept(1);
    stage.input(Input::Received { conn: alice, bytes: "one\ntwo\n/me waves\n/who\n".into() });
    stage.input(Input::Received { conn: bob, bytes: "/quit\n".into() });
    for conn in [alice, bob, refused, dropped] {
        stage.input(Input::Closed { conn });
    }

    let counters = stage.server.hub().counters();
    assert_eq!(counters.accepted, 4);
    assert_eq!(counters.lines, 3);
    assert_eq!(counters.entries, 1 + 2 + 3 + 2, "one Configure, then Enter, Say and Leave");
    let closed = |reason| counters.closed[reason as usize];
    assert_eq!(closed(CloseReason::Reset), 1);
    assert_eq!(closed(CloseReason::Quit), 1);
    assert_eq!(closed(CloseReason::AddressFull), 2);
    assert_eq!(counters.closed.iter().sum::<u64>(), counters.accepted, "each connection closes once");
}
