//! Tests of the outbox: writes, buffers and counters. The simulator tests that the bytes do not depend on the flushes;
//! some small cases of that are here, too.

mod backlog;
mod delivery;

use super::tick::{Item, Mark};
use super::{Outbox, Wire};
use crate::base::id::{ConnId, RoomId, Seq};
use crate::base::limits::Limits;
use crate::base::person::Host;
use crate::base::text::Text;
use crate::dialect::irc::Capabilities;
use crate::dialect::wire_class::WireClass;
use crate::hub::output::Output;
use crate::{CloseReason, Event, EventKind, Language, Message, MessageKind, Name, Person, Profile, RoomName};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// Simulated sockets.
#[derive(Default)]
struct Sockets {
    /// The number of bytes that a socket still accepts. A socket without an entry accepts any number.
    granted: BTreeMap<ConnId, usize>,
    /// The sockets that accepted less than they were given.
    full: BTreeSet<ConnId>,
    writes: Vec<Write>,
    finished: Vec<ConnId>,
}

/// A write to a connection.
struct Write {
    conn: ConnId,
    slices: usize,
    bytes: Vec<u8>,
}

impl Wire for Sockets {
    fn finish(&mut self, conn: ConnId) {
        self.finished.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        assert!(!self.full.contains(&conn), "{conn} is written to while its socket is full");
        let mut bytes = slices.concat();
        if let Some(granted) = self.granted.get_mut(&conn) {
            if *granted < bytes.len() {
                self.full.insert(conn);
                bytes.truncate(*granted);
            }
            *granted -= bytes.len();
        }
        let count = bytes.len();
        self.writes.push(Write { conn, slices: slices.len(), bytes });
        count
    }
}

impl Sockets {
    /// Creates sockets of which that of `conn` accepts `bytes` bytes.
    fn taking(conn: ConnId, bytes: usize) -> Self {
        Self { granted: [(conn, bytes)].into(), ..Self::default() }
    }

    /// Lets the socket of `conn` accept `bytes` more bytes.
    fn take(&mut self, outbox: &mut Outbox, conn: ConnId, bytes: usize) {
        *self.granted.entry(conn).or_default() += bytes;
        if self.full.remove(&conn) {
            outbox.writable(conn);
        }
    }

    /// Flushes once. Returns whether something is left.
    fn flush(&mut self, outbox: &mut Outbox) -> bool {
        let left = outbox.flush(self);
        outbox.check_invariants();
        assert_eq!(outbox.counters().writes, self.writes.len() as u64, "writes are counted");
        left
    }

    /// Returns everything that was written to a connection.
    fn sent(&self, conn: ConnId) -> String {
        let writes = self.writes.iter().filter(|write| write.conn == conn);
        String::from_utf8(writes.flat_map(|write| write.bytes.iter().copied()).collect()).unwrap()
    }
}

const ROOM: RoomId = RoomId(Seq(1));
const TEA: RoomId = RoomId(Seq(2));

/// Number of bytes of a line of Alice's besides its text: `alice: ` and the line end.
const AROUND: usize = 8;

fn conn(slot: u32) -> ConnId {
    ConnId { slot, generation: 0 }
}

/// Creates an outbox with this number of connections, all subscribed to the room.
fn outbox(limits: &Limits, conns: u32) -> Outbox {
    let mut outbox = Outbox::new(limits);
    for conn in (0..conns).map(conn) {
        outbox.opened(conn);
        subscribe(&mut outbox, conn, ROOM);
    }
    outbox
}

fn subscribe(outbox: &mut Outbox, conn: ConnId, room: RoomId) {
    outbox.output(&Output::Subscribe { conn, room, class: WireClass::default() });
}

fn alice() -> Person {
    Person {
        name: Name::parse("alice").unwrap(),
        profile: Profile::of_host(&Host::parse("tea.example").unwrap()),
    }
}

/// Sends a message of Alice's to a room.
fn say_to(outbox: &mut Outbox, room: RoomId, except: Option<ConnId>, text: &str) {
    let text = Text::clean(text.as_bytes(), false);
    let message = Message::new(MessageKind::Text, text);
    let kind = EventKind::Said { room: RoomName::lobby().into(), status: None, message };
    let event = Event::unlogged(alice(), kind);
    outbox.output(&Output::ToRoom { room, except, event: &event });
    outbox.check_invariants();
}

/// Sends a message of this number of characters to the room.
fn say(outbox: &mut Outbox, chars: usize) {
    say_to(outbox, ROOM, None, &"x".repeat(chars));
}

fn write(outbox: &mut Outbox, conn: ConnId, bytes: &[u8]) {
    outbox.output(&Output::Write { conn, bytes });
    outbox.check_invariants();
}

fn close(outbox: &mut Outbox, conn: ConnId, farewell: &[u8]) {
    outbox.output(&Output::Close { conn, reason: CloseReason::SlowReader, farewell });
    outbox.check_invariants();
}

#[test]
fn the_writes_of_a_flush_are_limited() {
    let limits = Limits { flush_writes_max: 10, ..Limits::default() };
    let mut outbox = outbox(&limits, 100);
    let mut sockets = Sockets::default();
    say(&mut outbox, 10);
    let mut flushes = 1;
    let mut written = 0;
    while sockets.flush(&mut outbox) {
        flushes += 1;
        let count = sockets.writes.len() - written;
        // A flush with a new tick makes half as many writes again for connections that wait from earlier ticks.
        assert!(count <= 15, "{count} writes in one flush");
        written = sockets.writes.len();
        assert!(flushes <= 100, "the flushes never end");
    }
    assert!(flushes >= 7, "{flushes} flushes");
    assert_eq!(sockets.writes.len(), 100, "each connection is written to once");
}

#[test]
fn flushes_begin_with_different_members() {
    let limits = Limits { flush_writes_max: 10, ..Limits::default() };
    let mut outbox = outbox(&limits, 100);
    let mut first = BTreeSet::new();
    for _ in 0..50 {
        let mut sockets = Sockets::default();
        say(&mut outbox, 10);
        while outbox.flush(&mut sockets) {}
        first.insert(sockets.writes[0].conn);
    }
    assert!(first.len() >= 5, "the first of 50 flushes are {first:?}");
}

#[test]
fn several_writes_to_one_connection_are_counted_separately() {
    let limits = Limits { flush_writes_max: 10, backlog_bytes_max: 1 << 20, ..Limits::default() };
    let mut outbox = outbox(&limits, 40);
    let mut sockets = Sockets::default();
    // Connection 0 reads every other line: 150 ranges of the chunk, which are too large to be copied together.
    for nth in 0..300 {
        say_to(&mut outbox, ROOM, (nth % 2 == 0).then_some(conn(0)), &"x".repeat(600));
    }
    assert!(sockets.flush(&mut outbox));
    let (own, others): (Vec<_>, Vec<_>) = sockets.writes.iter().partition(|write| write.conn == conn(0));
    assert_eq!(own.iter().map(|write| write.slices).collect::<Vec<_>>(), [64, 64, 22]);
    // Three of ten writes are used up. Half of ten are added for connections that wait.
    assert_eq!(others.len(), 7 + 5);
}

/// A flush that reaches only one of three members of two rooms, for whom the lines of these alternate.
fn unreached(outbox: &mut Outbox, sockets: &mut Sockets) -> String {
    for conn in (0..3).map(conn) {
        subscribe(outbox, conn, TEA);
    }
    sockets.flush(outbox);
    let mut said = String::new();
    for nth in 0..10 {
        let text = alloc::format!("{nth}").repeat(100);
        // The second member does not read its own lines, and is written a note after each.
        say_to(outbox, if nth % 2 == 0 { ROOM } else { TEA }, (nth % 3 == 0).then_some(conn(1)), &text);
        if nth % 3 == 0 {
            write(outbox, conn(1), alloc::format!("note {nth}\n").as_bytes());
        }
        said += &alloc::format!("alice: {text}\n");
    }
    assert!(sockets.flush(outbox), "not all were reached");
    said
}

/// The lines of [`unreached`] as its second member reads them.
fn with_notes(said: &str) -> String {
    let lines = said.lines().enumerate();
    lines
        .map(
            |(nth, line)| {
                if nth % 3 == 0 { alloc::format!("note {nth}\n") } else { alloc::format!("{line}\n") }
            },
        )
        .collect()
}

/// Limits with which a flush makes one write, and no copies for members of several rooms.
fn one_write() -> Limits {
    Limits { flush_writes_max: 1, backlog_bytes_max: 1_600, ..Limits::default() }
}

#[test]
fn members_of_several_rooms_that_a_flush_does_not_reach_share_the_chunks() {
    let mut outbox = outbox(&one_write(), 3);
    let mut sockets = Sockets::default();
    let said = unreached(&mut outbox, &mut sockets);
    let (marks, notes) = (10 * size_of::<Mark>(), 4 * "note 0\n".len());
    assert!(outbox.held_bytes() <= said.len() + marks + notes, "{} bytes are held", outbox.held_bytes());
    while sockets.flush(&mut outbox) {}
    for (conn, expected) in [(conn(0), &said), (conn(1), &with_notes(&said)), (conn(2), &said)] {
        assert_eq!(sockets.sent(conn), *expected, "{conn}");
    }
    assert_eq!(outbox.held_bytes(), 0);
    let most = outbox.counters().tick_bytes_most;
    assert!((said.len() as u64..4 * said.len() as u64).contains(&most), "{most} bytes");
}

/// Without their limit, copies would take as many bytes as there are combinations of rooms.
#[test]
fn copies_for_members_of_several_rooms_are_limited() {
    let limits = Limits { backlog_bytes_max: 8_000, ..Limits::default() };
    let rooms = (2..12).map(|room| RoomId(Seq(room)));
    let combinations: Vec<(RoomId, RoomId)> = rooms
        .clone()
        .flat_map(|one| rooms.clone().filter(move |&it| it > one).map(move |it| (one, it)))
        .collect();
    let mut outbox = outbox(&limits, 0);
    let mut sockets = Sockets::default();
    for (slot, &(one, other)) in (0..).zip(&combinations) {
        outbox.opened(conn(slot));
        subscribe(&mut outbox, conn(slot), one);
        subscribe(&mut outbox, conn(slot), other);
    }
    sockets.flush(&mut outbox);
    let text = "x".repeat(400);
    rooms.clone().for_each(|room| say_to(&mut outbox, room, None, &text));
    while sockets.flush(&mut outbox) {}
    let said = alloc::format!("alice: {text}\n");
    for (slot, _) in (0..).zip(&combinations) {
        assert_eq!(sockets.sent(conn(slot)), said.repeat(2));
    }
    // The messages of the rooms, as they were rendered and as they are shared, and the copies.
    let most = usize::try_from(outbox.counters().tick_bytes_most).unwrap();
    let bound = 3 * rooms.count() * said.len() + limits.chunk_bytes_max();
    assert!(most <= bound, "{most} bytes for {} combinations, more than {bound}", combinations.len());
    assert!(2 * bound <= combinations.len() * 2 * said.len(), "all copies would not be within it");
}

#[test]
fn a_member_of_several_rooms_that_does_not_read_has_a_backlog_of_its_own() {
    let mut outbox = outbox(&one_write(), 3);
    let mut sockets =
        Sockets { granted: [(conn(0), 50), (conn(1), 50), (conn(2), 50)].into(), ..Sockets::default() };
    let said = unreached(&mut outbox, &mut sockets);
    while sockets.flush(&mut outbox) {}
    assert_eq!(outbox.counters().blocked, 3);
    let backlogs = 3 * said.len();
    assert!(outbox.held_bytes() <= backlogs, "no chunk of the tick is kept: {} bytes", outbox.held_bytes());
    for conn in (0..3).map(conn) {
        sockets.take(&mut outbox, conn, 10_000);
    }
    while sockets.flush(&mut outbox) {}
    for (conn, expected) in [(conn(0), &said), (conn(1), &with_notes(&said)), (conn(2), &said)] {
        assert_eq!(sockets.sent(conn), *expected, "{conn}");
    }
}

#[test]
fn small_rooms_are_written_to_before_large_ones() {
    let mut outbox = outbox(&Limits::default(), 3);
    for conn in [3, 4].map(conn) {
        outbox.opened(conn);
        subscribe(&mut outbox, conn, TEA);
    }
    let mut sockets = Sockets::default();
    sockets.flush(&mut outbox);
    say_to(&mut outbox, ROOM, None, "to many");
    say_to(&mut outbox, TEA, None, "to few");
    sockets.flush(&mut outbox);
    let mut first: Vec<ConnId> = sockets.writes[..2].iter().map(|write| write.conn).collect();
    first.sort_unstable();
    assert_eq!(first, [3, 4].map(conn));
    assert_eq!(sockets.writes.len(), 5);
}

#[test]
fn small_ranges_are_copied_together_and_large_ones_are_not() {
    for (chars, slices) in [(100, 1), (10_000, 2)] {
        let mut outbox = outbox(&Limits::default(), 2);
        let mut sockets = Sockets::default();
        say(&mut outbox, chars);
        say_to(&mut outbox, ROOM, Some(conn(0)), "not for all");
        say(&mut outbox, chars);
        sockets.flush(&mut outbox);
        let own = sockets.writes.iter().find(|write| write.conn == conn(0)).unwrap();
        assert_eq!((own.slices, own.bytes.len()), (slices, 2 * (chars + AROUND)));
    }
}

#[test]
fn an_event_that_a_class_does_not_see_causes_no_write() {
    let mut outbox = outbox(&Limits::default(), 1);
    let class = crate::dialect::plain::wire_class(Language::En, true);
    outbox.output(&Output::Subscribe { conn: conn(0), room: ROOM, class });
    let mut sockets = Sockets::default();
    sockets.flush(&mut outbox);
    let kind = EventKind::Joined { room: RoomName::lobby().into(), away: None, is_first: false };
    let event = Event::unlogged(alice(), kind);
    outbox.output(&Output::ToRoom { room: ROOM, except: None, event: &event });
    sockets.flush(&mut outbox);
    assert!(sockets.writes.is_empty(), "no empty write is made");
    assert_eq!(outbox.counters().deliveries, 0);
}

#[test]
fn an_outbox_is_full_at_half_of_the_maximum_backlog() {
    let limits = Limits { backlog_bytes_max: 10_000, ..Limits::default() };
    let mut outbox = outbox(&limits, 1);
    say(&mut outbox, 2_400);
    say(&mut outbox, 2_400);
    assert!(!outbox.is_full());
    write(
        &mut outbox,
        conn(0),
        &[b'x'; 200 - 2 * AROUND - 2 * size_of::<Item>() - 2 * size_of::<Mark>() - 1],
    );
    assert!(!outbox.is_full());
    write(&mut outbox, conn(0), b"\n");
    assert!(outbox.is_full());
    assert!(!Sockets::default().flush(&mut outbox));
    assert!(outbox.is_full(), "the sockets may be full, too");
    outbox.end_turn(false);
    assert!(!outbox.is_full());
}

#[test]
fn buffers_are_reused() {
    let mut outbox = outbox(&Limits::default(), 3);
    for _ in 0..5 {
        say(&mut outbox, 4_000);
        write(&mut outbox, conn(0), b"a note\n");
        assert!(!outbox.flush(&mut Sockets::default()));
        outbox.check_invariants();
    }
    assert!(outbox.spare.iter().any(|builder| builder.bytes.capacity() >= 4_000));
    assert!(outbox.private.bytes.capacity() > 0);
}
