//! The number of slots for connections, including refused ones.

use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Limits, MemoryLog, Now, Options, RoomName, Server, Wire,
};
use std::net::IpAddr;

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

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: Option<&str>, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

#[test]
fn connections_and_refusals_share_the_slots() {
    let limits =
        Limits { connections_max: 2, connections_per_ip_max: 1, refusals_max: 1, ..Limits::default() };
    let (now, mut nobody, mut entries) = (Now::default(), Nobody::default(), Vec::new());
    let mut server = Server::new(limits, Options::default(), now, &mut nobody);
    let lobby = RoomName::lobby();
    // The first is accepted, the second, of the same host, is sent the reason for its refusal, and the third is dropped.
    // It keeps its slot until the driver has closed it.
    let mut conns = Vec::new();
    for port in 1..=3 {
        let conn = server.vacant();
        assert!(conn.is_some(), "there is a slot for connection {port}");
        let Some(conn) = conn else { return };
        conns.push(conn);
        let peer = ([10, 0, 0, 1], port).into();
        let dialect = Dialect::Plain;
        server.input(
            now,
            Input::Accepted { conn, dialect, peer, is_proxied: false, room: Some(&lobby) },
            &mut nobody,
        );
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
