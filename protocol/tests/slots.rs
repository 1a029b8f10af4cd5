//! The number of slots for connections, including refused ones.

use parlor_protocol::{
    ConnId, Dialect, Environment, Input, Limits, MemoryLog, Now, Options, PasswordOf, Proposal, Rate,
    RoomName, Server, Via, Wire,
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
    fn propose(&mut self, proposal: &Proposal) {
        self.0.append(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

/// A server with its surroundings.
struct Running {
    server: Server,
    nobody: Nobody,
}

impl Running {
    fn new(limits: Limits) -> Self {
        let mut nobody = Nobody::default();
        let server = Server::new(limits, Options::default(), Now::default(), &mut nobody);
        Self { server, nobody }
    }

    /// Connects a plain client of one address to the lobby, if a slot is free.
    fn connect(&mut self, port: u16) -> Option<ConnId> {
        let conn = self.server.vacant()?;
        let (peer, room) = (([10, 0, 0, 1], port).into(), RoomName::lobby());
        let dialect = Dialect::Plain;
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&room) });
        Some(conn)
    }

    fn input(&mut self, input: Input<'_>) {
        let (now, mut entries) = (Now::default(), Vec::new());
        self.server.input(now, input, &mut self.nobody);
        while self.nobody.0.take(&mut entries) {
            self.server.committed(now, &mut entries, &mut self.nobody);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(now, &mut self.nobody);
            }
        }
        self.server.check_invariants();
    }

    fn members(&self) -> usize {
        self.server.hub().world().members().len()
    }
}

#[test]
fn connections_and_refusals_share_the_slots() {
    let mut running = Running::new(Limits {
        connections_max: 2,
        connections_per_ip_max: 1,
        refusals_max: 1,
        ..Limits::default()
    });
    // The first is accepted, the second, of the same host, is sent the reason for its refusal, and the others are dropped. They
    // keep their slots until the driver has closed them.
    let conns = [1, 2, 3, 4, 5].map(|port| running.connect(port));
    assert!(conns.iter().all(Option::is_some), "there is a slot for each: {conns:?}");
    assert_eq!(running.server.vacant(), None, "two connections, two that may have to leave, and one refusal");
    assert_eq!(running.server.hub().connections(), 5);
    let Some(conn) = conns[2] else { return };
    running.input(Input::Closed { conn });
    assert_eq!(running.server.hub().connections(), 4);
}

#[test]
fn an_address_has_exactly_as_many_connections_as_it_may() {
    // Without a rate, so that nobody waits to be let in.
    let rate = Rate { lines: 0, burst: 1 };
    let mut running = Running::new(Limits { rate, ..Limits::default() });
    let conns: Vec<_> = (1..=65).filter_map(|port| running.connect(port)).collect();
    assert_eq!((conns.len(), running.members()), (65, 64), "the last is refused");
    running.input(Input::Closed { conn: conns[64] });
    running.connect(66);
    assert_eq!(running.members(), 64, "the one after it, too");
    running.input(Input::Closed { conn: conns[0] });
    assert_eq!(running.members(), 63);
    running.connect(67);
    assert_eq!(running.members(), 64, "one has left, and made a place");
    running.connect(68);
    assert_eq!(running.members(), 64);
}
