//! The counters of the hub.

use parlor_protocol::{CloseReason, Dialect, Input, Limits, MemoryServer, Options, RoomName};

#[test]
fn connections_lines_and_entries_are_counted() {
    let limits = Limits { connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let mut server = MemoryServer::new(limits, Options::default());
    let accept = |server: &mut MemoryServer, host| {
        let peer = ([10, 0, 0, host], 5_000).into();
        server.connect(Dialect::Plain, peer, Some(&RoomName::lobby())).expect("a slot is vacant")
    };
    let alice = accept(&mut server, 1);
    let bob = accept(&mut server, 2);
    // Two more from Alice's host: one is sent the reason for its refusal, and one is dropped silently.
    accept(&mut server, 1);
    accept(&mut server, 1);
    server.send(alice, b"one\ntwo\n/me waves\n/who\n");
    server.send(bob, b"/quit\n");
    server.input(Input::Closed { conn: alice });
    server.server().check_invariants();

    let counters = server.server().hub().counters();
    assert_eq!(counters.accepted, 4);
    assert_eq!(counters.lines, 3);
    assert_eq!(counters.entries, 2 + 2 + 3 + 2, "Started and Configure, then Enter, Say and Leave");
    let closed = |reason| counters.closed[reason as usize];
    assert_eq!(closed(CloseReason::Reset), 1);
    assert_eq!(closed(CloseReason::Quit), 1);
    assert_eq!(closed(CloseReason::AddressFull), 2);
    assert_eq!(counters.closed.iter().sum::<u64>(), counters.accepted, "each connection closes once");
}
