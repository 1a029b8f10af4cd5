//! The bytes that each connection is sent.

use super::*;

#[test]
fn a_member_of_two_rooms_reads_both_in_the_order_of_the_events() {
    for (first, second) in [(ROOM, TEA), (TEA, ROOM)] {
        let mut outbox = outbox(&Limits::default(), 4);
        let mut sockets = Sockets::default();
        let raw = crate::dialect::plain::wire_class(Language::En, true);
        for (slot, class) in [(0, WireClass::default()), (1, WireClass::default()), (2, raw)] {
            for room in [ROOM, TEA] {
                outbox.output(&Output::Subscribe { conn: conn(slot), room, class });
            }
        }
        sockets.flush(&mut outbox);
        say_to(&mut outbox, first, None, "one");
        say_to(&mut outbox, second, None, "two");
        say_to(&mut outbox, first, None, "three");
        sockets.flush(&mut outbox);
        for conn in [0, 1].map(conn) {
            assert_eq!(sockets.sent(conn), "alice: one\nalice: two\nalice: three\n");
        }
        assert_eq!(sockets.sent(conn(2)), "one\ntwo\nthree\n");
        let of_one_room = if first == ROOM { "alice: one\nalice: three\n" } else { "alice: two\n" };
        assert_eq!(sockets.sent(conn(3)), of_one_room);
    }
}

#[test]
fn a_peer_in_several_rooms_reads_an_event_once() {
    let mut outbox = Outbox::new(&Limits::default());
    let both = [ROOM, TEA];
    for (slot, rooms) in (0..).zip([&both[..], &both[..1], &both[1..], &both[..]]) {
        outbox.opened(conn(slot));
        for &room in rooms {
            subscribe(&mut outbox, conn(slot), room);
        }
    }
    let mut sockets = Sockets::default();
    let kind =
        EventKind::Left { rooms: both.to_vec(), reason: CloseReason::Quit, message: None, operator: None };
    let event = Event::unlogged(alice(), kind);
    outbox.output(&Output::ToPeers { rooms: &both, except: Some(conn(3)), event: &event });
    sockets.flush(&mut outbox);
    for conn in [0, 1, 2].map(conn) {
        assert_eq!(sockets.sent(conn), "alice left\n", "{conn}");
    }
    assert_eq!(sockets.sent(conn(3)), "", "an excluded connection reads it in none of its rooms");
    assert_eq!(outbox.counters().deliveries, 3);
}

#[test]
fn an_output_for_a_closed_connection_has_no_effect() {
    let mut outbox = outbox(&Limits::default(), 1);
    let mut sockets = Sockets::default();
    let closed = conn(0);
    sockets.flush(&mut outbox);
    outbox.closed(closed);
    let mut output_to_closed = |outbox: &mut Outbox| {
        write(outbox, closed, b"too late\n");
        outbox.output(&Output::ReportDrained { conn: closed });
        subscribe(outbox, closed, ROOM);
        close(outbox, closed, b"farewell\n");
        say_to(outbox, ROOM, Some(closed), "hello");
        sockets.flush(outbox);
        assert_eq!(outbox.next_drained(), None);
        assert!(sockets.finished.is_empty());
    };
    output_to_closed(&mut outbox);
    // Now another connection uses the slot.
    let next = ConnId { generation: 1, ..closed };
    outbox.opened(next);
    subscribe(&mut outbox, next, TEA);
    output_to_closed(&mut outbox);
    say_to(&mut outbox, TEA, Some(closed), "hello");
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(closed), "");
    assert_eq!(sockets.sent(next), "alice: hello\n");
}

#[test]
fn an_unseen_event_costs_nothing_and_skips_are_counted() {
    let mut outbox = Outbox::new(&Limits::default());
    for slot in 0..3 {
        outbox.opened(conn(slot));
        for room in [ROOM, TEA] {
            subscribe(&mut outbox, conn(slot), room);
        }
    }
    let mut sockets = Sockets::default();
    sockets.flush(&mut outbox);
    let tell = |outbox: &mut Outbox, kind| {
        let event = Event::unlogged(alice(), kind);
        outbox.output(&Output::ToPeers { rooms: &[ROOM, TEA], except: Some(conn(2)), event: &event });
    };
    // Clients of the plain dialect do not see this event.
    tell(&mut outbox, EventKind::AwaySet { away: None, full_text: None, was_away: true });
    assert!(outbox.overrides.is_empty());
    assert_eq!(outbox.unflushed_bytes, 0);
    let bob = Name::parse("bob").unwrap();
    tell(&mut outbox, EventKind::Renamed { to: bob });
    let skips: usize = outbox.overrides.iter().map(|it| it.items.len()).sum();
    assert_eq!(skips, 4, "two in the second room, and the excluded connection in both");
    let rendered = 2 * ("* alice is now bob\n".len() + size_of::<Mark>());
    assert_eq!(outbox.unflushed_bytes, rendered + skips * size_of::<Item>());
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(conn(0)), "* alice is now bob\n");
    assert_eq!(sockets.sent(conn(2)), "");
}

#[test]
fn only_a_connection_that_would_read_an_event_twice_gets_an_override() {
    let third = RoomId(Seq(30));
    let mut outbox = Outbox::new(&Limits::default());
    let reads = crate::dialect::irc::wire_class(Capabilities::AWAY_NOTIFY);
    // The only connection that sees the event is in the last two rooms.
    for (slot, class, rooms) in [
        (0, reads, &[TEA, third][..]),
        (1, WireClass::default(), &[ROOM, TEA, third]),
        (2, WireClass::default(), &[ROOM, third]),
    ] {
        outbox.opened(conn(slot));
        for &room in rooms {
            outbox.output(&Output::Subscribe { conn: conn(slot), room, class });
        }
    }
    let mut sockets = Sockets::default();
    sockets.flush(&mut outbox);
    let kind = EventKind::AwaySet { away: None, full_text: None, was_away: true };
    let event = Event::unlogged(alice(), kind);
    outbox.output(&Output::ToPeers { rooms: &[ROOM, TEA, third], except: None, event: &event });
    let overridden: Vec<u32> = outbox.overrides.iter().map(|it| it.slot).collect();
    assert_eq!(overridden, [0], "only the connection that would read it twice");
    assert_eq!(outbox.counters().deliveries, 1);
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(conn(0)), ":alice!plain@tea.example AWAY\r\n");
    assert!(sockets.sent(conn(1)).is_empty() && sockets.sent(conn(2)).is_empty());
}
