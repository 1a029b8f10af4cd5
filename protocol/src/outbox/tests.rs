//! What the law of flush invariance, which the simulator tests, does not say.

use super::{Outbox, Wire};
use crate::id::{ConnId, RoomId, Seq};
use crate::limits::Limits;
use crate::output::{Output, WireClass};
use crate::text::Text;
use crate::{Event, Manner, Name};
use alloc::vec::Vec;

/// Sockets of which one takes nothing.
#[derive(Default)]
struct Sockets {
    full: Option<ConnId>,
    written: Vec<(ConnId, usize)>,
}

impl Wire for Sockets {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        if self.full == Some(conn) {
            return 0;
        }
        let bytes = slices.iter().map(|slice| slice.len()).sum();
        self.written.push((conn, bytes));
        bytes
    }
}

const ROOM: RoomId = RoomId(Seq(1));

fn conn(slot: u32) -> ConnId {
    ConnId { slot, generation: 0 }
}

/// An outbox with so many connections that hear the room.
fn outbox(limits: &Limits, conns: u32) -> Outbox {
    let mut outbox = Outbox::new(limits);
    for conn in (0..conns).map(conn) {
        outbox.opened(conn);
        outbox.output(&Output::Subscribe { conn, room: ROOM, class: WireClass::default() });
    }
    outbox
}

fn say(outbox: &mut Outbox, bytes: usize) {
    let text = Text::clean(&alloc::vec![b'x'; bytes], false);
    let name = Name::parse("alice").unwrap();
    let event = Event::Said { name: &name, manner: Manner::Speech, text: &text };
    outbox.output(&Output::ToRoom { room: ROOM, except: None, event: &event });
    outbox.check_invariants();
}

#[test]
fn who_is_found_to_be_slow_when_its_turn_comes_is_given_up_then() {
    let limits = Limits { backlog_bytes_max: 10_000, flush_writes_max: 1, ..Limits::default() };
    let mut outbox = outbox(&limits, 4);
    let mut sockets = Sockets { full: Some(conn(3)), ..Sockets::default() };
    // With one write in a flush the others are owed what their sockets were not tried with: no backlog, and
    // so not bounded.
    for _ in 0..4 {
        say(&mut outbox, 4_000);
        outbox.flush(&mut sockets);
        outbox.check_invariants();
    }
    while outbox.flush(&mut sockets) {
        outbox.check_invariants();
    }
    outbox.check_invariants();
    assert_eq!(outbox.next_overflowed(), Some(conn(3)));
    assert_eq!(outbox.next_overflowed(), None);
}

#[test]
fn a_flush_makes_as_many_writes_as_it_may() {
    let limits = Limits { flush_writes_max: 10, ..Limits::default() };
    let mut outbox = outbox(&limits, 100);
    let mut sockets = Sockets::default();
    say(&mut outbox, 10);
    let mut flushes = 1;
    let mut written = 0;
    while outbox.flush(&mut sockets) {
        flushes += 1;
        let count = sockets.written.len() - written;
        // A flush that begins a tick leaves half as much again for those who wait from earlier ones.
        assert!(count <= 15, "{count} writes in one flush");
        written = sockets.written.len();
    }
    assert!(flushes >= 7, "{flushes} flushes");
    assert_eq!(sockets.written.len(), 100, "each connection is written to once");
}

#[test]
fn what_a_class_sees_nothing_of_is_not_written() {
    let mut outbox = outbox(&Limits::default(), 1);
    let class = WireClass { raw: true, ..WireClass::default() };
    outbox.output(&Output::Subscribe { conn: conn(0), room: ROOM, class });
    let mut sockets = Sockets::default();
    outbox.flush(&mut sockets);
    let event = Event::Joined { name: &Name::parse("alice").unwrap() };
    outbox.output(&Output::ToRoom { room: ROOM, except: None, event: &event });
    outbox.flush(&mut sockets);
    outbox.check_invariants();
    assert_eq!(sockets.written, [], "a write of nothing is a system call for nothing");
}

#[test]
fn an_outbox_is_full_at_half_of_a_backlog() {
    let limits = Limits { backlog_bytes_max: 10_000, ..Limits::default() };
    let mut outbox = outbox(&limits, 1);
    say(&mut outbox, 4_900);
    assert!(!outbox.is_full());
    say(&mut outbox, 100);
    assert!(outbox.is_full());
    assert!(!outbox.flush(&mut Sockets::default()));
    assert!(!outbox.is_full());
}

#[test]
fn buffers_are_used_again() {
    let mut outbox = outbox(&Limits::default(), 3);
    for _ in 0..5 {
        say(&mut outbox, 4_000);
        outbox.output(&Output::Write { conn: conn(0), bytes: b"a note\n" });
        assert!(!outbox.flush(&mut Sockets::default()));
    }
    assert!(outbox.spare.iter().any(|building| building.bytes.capacity() >= 4_000));
    assert!(outbox.private.bytes.capacity() > 0);
}

#[test]
fn what_a_slow_reader_is_owed_pins_no_large_buffer() {
    let limits = Limits { backlog_bytes_max: 1 << 20, ..Limits::default() };
    let mut outbox = outbox(&limits, 1);
    say(&mut outbox, 500_000);
    outbox.flush(&mut Sockets::default());
    let buffer = outbox.spare[0].bytes.capacity();
    assert!(buffer >= 500_000);
    say(&mut outbox, 2_000);
    outbox.flush(&mut Sockets { full: Some(conn(0)), ..Sockets::default() });
    assert!(outbox.backlog_bytes() < 2_100);
    assert_eq!(outbox.spare[0].bytes.capacity(), buffer, "the large buffer is not owed");
}
