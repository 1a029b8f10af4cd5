//! The exact number of bytes that the core allocates for an idle member, and a bound for those of a busy tick.
//!
//! The exact numbers are for a 64-bit machine and the current collections of the standard library. They change with these, and
//! with every change of the state of members, connections or rooms. If you change a number, explain it in the commit, and
//! update docs/BENCHMARKS.md.

#![cfg(target_pointer_width = "64")]

use bytes::Bytes;
use parlor_protocol::{
    Cloaks, ConnId, Dialect, Environment, Event, EventKind, Input, Limits, MemoryLog, Message, MessageKind,
    Name, Now, Options, Outbox, Output, PasswordOf, Person, Profile, Proposal, Rate, RoomId, RoomName, Seq,
    Server, Text, Via, Wire, WireClass,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Number of members. It is slightly less than a power of two, so that vectors, which double their capacity, have almost
/// no unused space.
const MEMBERS: u16 = 8_190;

/// Number of members of each room, as in the benchmark `idle10k`.
const ROOM_MEMBERS: u16 = 10;

const ROOMS: u16 = MEMBERS / ROOM_MEMBERS;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Number of bytes that this thread has allocated, minus those that it has freed. It wraps: the thread of a test may
    /// free what another thread has allocated, such as its name. Only differences count.
    static LIVE_BYTES: Cell<usize> = const { Cell::new(0) };

    /// The most that `LIVE_BYTES` was since a test has set this.
    static MOST_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which also counts the requested bytes.
struct Counting;

impl Counting {
    fn count(allocated: usize, freed: usize) {
        let live = LIVE_BYTES.get().wrapping_add(allocated).wrapping_sub(freed);
        LIVE_BYTES.set(live);
        if live.wrapping_sub(MOST_BYTES.get()).cast_signed() > 0 {
            MOST_BYTES.set(live);
        }
    }
}

// SAFETY: all calls are passed on to the system's allocator. Counting does not allocate: the thread-local `Cell` has a
// constant initial value and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: the caller guarantees what the system's allocator requires.
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

/// A log in memory, and sockets that accept everything.
#[derive(Default)]
struct Machine(MemoryLog);

impl Wire for Machine {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Machine {
    fn propose(&mut self, proposal: &Proposal) {
        self.0.append(proposal.clone());
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

/// A server with its environment.
struct Running {
    server: Server,
    machine: Machine,
}

impl Running {
    fn new() -> Self {
        let mut limits = Limits {
            connections_per_ip_max: u32::MAX,
            rate: Rate { lines: 0, ..Limits::default().rate },
            ..Limits::default()
        };
        limits.world.rooms_per_host_max = u32::MAX;
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
                server.committed(now, &mut entries, machine);
                while server.can_apply() {
                    server.end_turn();
                    server.apply_entries(now, machine);
                }
            }
            while server.flush(machine) {}
            if !server.follow_up(now, machine) {
                return;
            }
        }
    }

    fn connect(&mut self, dialect: Dialect, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.input(Input::Accepted { conn, dialect, peer, via: Via::Direct, room: Some(&RoomName::lobby()) });
        conn
    }

    fn send(&mut self, conn: ConnId, lines: &str) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(lines.as_bytes()) });
    }
}

/// Returns the number of bytes per member of a server on which all members have entered a room, and one member of each
/// room has sent a message.
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
    assert_eq!(world.members().len(), MEMBERS.into(), "all clients are members");
    for (id, room) in world.rooms().filter(|(_, room)| *room.name() != RoomName::lobby()) {
        assert_eq!(room.members().len(), ROOM_MEMBERS.into(), "all members are in their rooms");
        assert_eq!(running.server.hub().views().history(id).len(), 1, "one member has sent a message");
    }
    assert_eq!(world.rooms().len(), usize::from(ROOMS) + 1, "there are the rooms and the lobby");
    LIVE_BYTES.get().wrapping_sub(before).div_ceil(MEMBERS.into())
}

#[test]
fn the_memory_of_an_idle_plain_member_is_known() {
    let enter = |member| vec![format!("/join room{}\n", member % ROOMS)];
    let bytes = bytes_per_member(Dialect::Plain, enter, |_| "hello\n".to_owned());
    assert_eq!(bytes, 874);
}

#[test]
fn the_memory_of_an_idle_irc_member_is_known() {
    let enter = |member| {
        vec![
            format!("NICK u{member}\r\nUSER u{member} 0 * :u{member}\r\n"),
            format!("JOIN #room{}\r\n", member % ROOMS),
        ]
    };
    let bytes =
        bytes_per_member(Dialect::Irc, enter, |member| format!("PRIVMSG #room{} :hello\r\n", member % ROOMS));
    assert_eq!(bytes, 911);
}

/// Returns 10 of 20 rooms, which hardly any two members have in common.
fn rooms_of(member: u32) -> BTreeSet<RoomId> {
    let mut rooms = BTreeSet::new();
    let mut state = u64::from(member);
    while rooms.len() < 10 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rooms.insert(RoomId(Seq((state >> 33) % 20)));
    }
    rooms
}

/// Without sharing, each of the 2,000 members would need a copy of all that it reads in the tick: 295 MiB.
#[test]
fn the_memory_of_a_tick_with_members_of_many_rooms_is_bounded() {
    let member = |slot| ConnId { slot, generation: 0 };
    let mut outbox = Outbox::new(&Limits::default());
    for conn in (0..2_000).map(member) {
        outbox.opened(conn);
        for room in rooms_of(conn.slot) {
            outbox.output(&Output::Subscribe { conn, room, class: WireClass::default() });
        }
    }
    while outbox.flush(&mut Machine::default()) {}
    let host = Cloaks::default().host([127, 0, 0, 1].into());
    let by = Person { name: Name::for_port(54_321, 1), profile: Profile::of_host(&host) };
    let message = Message::new(MessageKind::Text, Text::clean(&[b'x'; 64], false));
    let kind = EventKind::Said { room: RoomName::lobby().into(), status: None, message };
    let event = Event::unlogged(by, kind);
    // Whoever speaks is served individually; the others are not.
    for speakers in [20, 2_000] {
        outbox.end_turn(false);
        let before = LIVE_BYTES.get();
        MOST_BYTES.set(before);
        for line in 0..4_000 {
            let room = RoomId(Seq(u64::from(line % 20)));
            let speaker = member(line % speakers);
            outbox.output(&Output::ToRoom { room, except: Some(speaker), event: &event });
            assert!(!outbox.is_full(), "it is one tick");
        }
        while outbox.flush(&mut Machine::default()) {}
        let most = MOST_BYTES.get().wrapping_sub(before);
        let counted = usize::try_from(outbox.counters().tick_bytes_most).unwrap();
        println!("{speakers} speak: {most} bytes at most, {counted} counted");
        assert!(most <= 4 << 20, "{most} bytes");
        // The unused parts of buffers, and the lists of ranges and parts, are not counted.
        assert!(most <= 3 * counted, "{most} bytes, {counted} counted");
        assert_eq!(outbox.held_bytes(), 0);
    }
}
