//! What the hub counts, for whoever watches a server.

use parlor_protocol::{
    CloseReason, ConnId, Dialect, Hub, Input, Limits, MemoryLog, Now, Options, Output, RoomName, Sink,
};

/// Nobody reads what the hub says.
struct Nobody;

impl Sink for Nobody {
    fn output(&mut self, _: Output<'_>) {}
}

struct Server {
    hub: Hub,
    log: MemoryLog,
}

impl Server {
    fn input(&mut self, input: Input<'_>) {
        self.log.handle(&mut self.hub, Now::default(), input, &mut Nobody);
        while self.log.commit(&mut self.hub, Now::default(), &mut Nobody) {}
        self.hub.check_invariants();
    }

    fn accept(&mut self, host: u8) -> ConnId {
        let conn = self.hub.vacant().expect("a slot is vacant");
        let peer = ([10, 0, 0, host], 5_000).into();
        self.input(Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&RoomName::lobby()) });
        conn
    }
}

#[test]
fn what_has_happened_is_counted() {
    let limits = Limits { connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let mut hub = Hub::new(limits, Options::default());
    let mut log = MemoryLog::new();
    log.append(Now::default(), hub.configuration());
    while log.commit(&mut hub, Now::default(), &mut Nobody) {}
    let mut server = Server { hub, log };

    let alice = server.accept(1);
    let bob = server.accept(2);
    // Two more of alice's host: one is told why it is not let in, and one is dropped without a word.
    let told = server.accept(1);
    let dropped = server.accept(1);
    server.input(Input::Received { conn: alice, bytes: "one\ntwo\n/me waves\n/who\n".into() });
    server.input(Input::Received { conn: bob, bytes: "/quit\n".into() });
    for conn in [alice, bob, told, dropped] {
        server.input(Input::Closed { conn });
    }

    let counters = server.hub.counters();
    assert_eq!(counters.accepted, 4);
    assert_eq!(counters.lines, 3);
    assert_eq!(counters.entries, 1 + 2 + 3 + 2, "a configuration, entrances, lines, and leaves");
    let closed = |reason| counters.closed[reason as usize];
    assert_eq!(closed(CloseReason::Reset), 1);
    assert_eq!(closed(CloseReason::Quit), 1);
    assert_eq!(closed(CloseReason::AddressFull), 2);
    assert_eq!(counters.closed.iter().sum::<u64>(), counters.accepted, "each connection closes once");
}
