//! How many connections there may be at once, those included that are not let in.

use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Limits, MemoryLog, Now, Options, RoomName, Server, Wire,
};

/// A log, and nobody who reads what the server says.
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

#[test]
fn slots_end_where_their_limits_do() {
    let limits =
        Limits { connections_max: 2, connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let (now, mut nobody, mut entries) = (Now::default(), Nobody::default(), Vec::new());
    let mut server = Server::new(limits, Options::default(), now, &mut nobody);
    let lobby = RoomName::lobby();
    // One is let in, one of the same host is told why it is not, and one more is dropped; until the driver has
    // closed that, it has a slot, too.
    let mut conns = Vec::new();
    for port in 1..=3 {
        let conn = server.vacant();
        assert!(conn.is_some(), "there is a slot for connection {port}");
        let Some(conn) = conn else { return };
        conns.push(conn);
        let peer = ([10, 0, 0, 1], port).into();
        let dialect = Dialect::Plain;
        server.input(now, Input::Accepted { conn, dialect, peer, room: Some(&lobby) }, &mut nobody);
        while nobody.0.take(&mut entries) {
            server.committed(now, &entries, &mut nobody);
        }
        server.check_invariants();
    }
    assert_eq!(server.vacant(), None, "two connections and one refusal are three slots");
    assert_eq!(server.hub().connections(), 3);
    server.input(now, Input::Closed { conn: conns[2] }, &mut nobody);
    assert_eq!(server.hub().connections(), 2);
}
