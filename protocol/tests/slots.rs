//! How many connections there may be at once, those included that are not let in.

use parlor_protocol::{Dialect, Hub, Input, Limits, MemoryLog, Now, Options, Output, RoomName, Sink};

/// Nobody reads what the hub says.
struct Nobody;

impl Sink for Nobody {
    fn output(&mut self, _: Output<'_>) {}
}

#[test]
fn slots_end_where_their_limits_do() {
    let limits =
        Limits { connections_max: 2, connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let mut hub = Hub::new(limits, Options::default());
    let mut log = MemoryLog::new();
    let now = Now::default();
    log.append(now, hub.configuration());
    let lobby = RoomName::lobby();
    // One is let in, one of the same host is told why it is not, and one more is dropped; until the driver has
    // closed that, it has a slot, too.
    let mut conns = Vec::new();
    for port in 1..=3 {
        let conn = hub.vacant();
        assert!(conn.is_some(), "there is a slot for connection {port}");
        let Some(conn) = conn else { return };
        conns.push(conn);
        let peer = ([10, 0, 0, 1], port).into();
        log.handle(
            &mut hub,
            now,
            Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&lobby) },
            &mut Nobody,
        );
        while log.commit(&mut hub, now, &mut Nobody) {}
        hub.check_invariants();
    }
    assert_eq!(hub.vacant(), None, "two connections and one refusal are three slots");
    assert_eq!(hub.connections(), 3);
    log.handle(&mut hub, now, Input::Closed { conn: conns[2] }, &mut Nobody);
    assert_eq!(hub.connections(), 2);
}
