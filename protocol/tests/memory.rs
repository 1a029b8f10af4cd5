//! What an idle member costs: the bytes that the core has allocated for it, exactly.
//!
//! The figures are those of a 64-bit machine and of the standard library's collections; a change of either, or of any
//! state that is kept for a member, a connection or a room, shows here. Whoever changes a figure knows why, and changes
//! it in docs/BENCHMARKS.md, too.

#![cfg(target_pointer_width = "64")]

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Input, Limits, MemoryLog, Now, Options, Rate, RoomName, Server,
    Wire,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};

/// Members that fill vectors which double, but for two of 8,192 places.
const MEMBERS: u16 = 8_190;

/// As many as are in each room of `idle10k`.
const ROOM_MEMBERS: u16 = 10;

const ROOMS: u16 = MEMBERS / ROOM_MEMBERS;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes that this thread has allocated and not freed.
    static LIVE_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with a count of the bytes that are asked of it.
struct Counting;

impl Counting {
    fn count(allocated: usize, freed: usize) {
        LIVE_BYTES.set(LIVE_BYTES.get().wrapping_add(allocated).wrapping_sub(freed));
    }
}

// SAFETY: everything is the system allocator's, and counting does not allocate: a `Cell` that is constant at first and has
// no destructor takes none.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: the caller's promise is the one that the system needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(new_size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// A log in memory, and sockets that take everything.
#[derive(Default)]
struct Machine(MemoryLog);

impl Wire for Machine {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Machine {
    fn propose(&mut self, now: Now, command: Command) {
        self.0.append(now, command);
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

/// A server on that machine.
struct Running {
    server: Server,
    machine: Machine,
}

impl Running {
    fn new() -> Self {
        let limits = Limits { rate: Rate { lines: 0, ..Limits::default().rate }, ..Limits::default() };
        let mut machine = Machine::default();
        let server = Server::new(limits, Options::default(), Now::default(), &mut machine);
        Self { server, machine }
    }

    fn input(&mut self, input: Input<'_>) {
        let Self { server, machine } = self;
        let (now, mut entries) = (Now::default(), Vec::new());
        server.input(now, input, machine);
        loop {
            while machine.0.take(&mut entries) {
                server.committed(now, &entries, machine);
            }
            while server.flush(machine) {}
            if !server.follow_up(now, machine) {
                return;
            }
        }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("there is a slot");
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.input(Input::Accepted { conn, dialect, peer, room: Some(&RoomName::lobby()) });
        conn
    }

    fn send(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }
}

/// Bytes for each member of a server whose members have all entered a room, and in each of whose rooms one has spoken.
fn bytes_per_member(dialect: Dialect, enter: fn(u16) -> Vec<String>, say: fn(u16) -> String) -> usize {
    let before = LIVE_BYTES.get();
    let mut running = Running::new();
    for member in 0..MEMBERS {
        let conn = running.connect(dialect, 20_000 + member);
        for lines in enter(member) {
            running.send(conn, &lines);
        }
        if member >= MEMBERS - ROOMS {
            running.send(conn, &say(member));
        }
    }
    let world = running.server.hub().world();
    assert_eq!(world.members().len(), MEMBERS.into(), "all are members");
    for (_, room) in world.rooms().filter(|(_, room)| *room.name() != RoomName::lobby()) {
        assert_eq!(room.members().len(), ROOM_MEMBERS.into(), "all are in their rooms");
        assert_eq!(room.history().len(), 1, "one has spoken");
    }
    assert_eq!(world.rooms().len(), usize::from(ROOMS) + 1, "there are so many rooms, and the lobby");
    (LIVE_BYTES.get() - before).div_ceil(MEMBERS.into())
}

#[test]
fn an_idle_member_of_the_plain_dialect_costs_so_many_bytes() {
    let enter = |member| vec![format!("/join room{}\n", member % ROOMS)];
    let bytes = bytes_per_member(Dialect::Plain, enter, |_| "hello\n".to_owned());
    assert_eq!(bytes, 820);
}

#[test]
fn an_idle_member_of_the_irc_dialect_costs_so_many_bytes() {
    let enter = |member| {
        vec![
            format!("NICK u{member}\r\nUSER u{member} 0 * :u{member}\r\n"),
            format!("JOIN #room{}\r\n", member % ROOMS),
        ]
    };
    let bytes =
        bytes_per_member(Dialect::Irc, enter, |member| format!("PRIVMSG #room{} :hello\r\n", member % ROOMS));
    assert_eq!(bytes, 849);
}
