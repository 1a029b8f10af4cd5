//! Who is sent which bytes.

use super::*;

#[test]
fn who_is_in_two_rooms_hears_both_in_the_order_in_which_they_spoke() {
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
fn peers_in_several_rooms_hear_an_event_once() {
    let mut outbox = Outbox::new(&Limits::default());
    let both = [ROOM, TEA];
    for (slot, rooms) in (0..).zip([&both[..], &both[..1], &both[1..], &both[..]]) {
        outbox.opened(conn(slot));
        for &room in rooms {
            subscribe(&mut outbox, conn(slot), room);
        }
    }
    let mut sockets = Sockets::default();
    let what = What::Left { reason: CloseReason::Quit, message: None };
    let event = Event { stamp: Stamp::default(), by: &alice(), by_bot: false, what };
    outbox.output(&Output::ToPeers { rooms: &both, except: Some(conn(3)), event: &event });
    sockets.flush(&mut outbox);
    for conn in [0, 1, 2].map(conn) {
        assert_eq!(sockets.sent(conn), "alice left\n", "{conn}");
    }
    assert_eq!(
        sockets.sent(conn(3)),
        "",
        "a member of two rooms that is served individually hears it in none"
    );
    assert_eq!(outbox.counters().deliveries, 3);
}

#[test]
fn an_output_for_a_connection_that_is_gone_reaches_nobody() {
    let mut outbox = outbox(&Limits::default(), 1);
    let mut sockets = Sockets::default();
    let gone = conn(0);
    sockets.flush(&mut outbox);
    outbox.closed(gone);
    let mut name_the_gone = |outbox: &mut Outbox| {
        write(outbox, gone, b"to the dead\n");
        outbox.output(&Output::ReportDrained { conn: gone });
        subscribe(outbox, gone, ROOM);
        close(outbox, gone, b"farewell\n");
        say_to(outbox, ROOM, Some(gone), "hello");
        sockets.flush(outbox);
        assert_eq!(outbox.next_drained(), None);
        assert!(sockets.finished.is_empty());
    };
    name_the_gone(&mut outbox);
    // Its slot has another connection.
    let next = ConnId { generation: 1, ..gone };
    outbox.opened(next);
    subscribe(&mut outbox, next, TEA);
    name_the_gone(&mut outbox);
    say_to(&mut outbox, TEA, Some(gone), "hello");
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(gone), "");
    assert_eq!(sockets.sent(next), "alice: hello\n");
}

#[test]
fn what_nobody_reads_disturbs_nobody_and_what_is_skipped_is_counted() {
    let mut outbox = Outbox::new(&Limits::default());
    for slot in 0..3 {
        outbox.opened(conn(slot));
        for room in [ROOM, TEA] {
            subscribe(&mut outbox, conn(slot), room);
        }
    }
    let mut sockets = Sockets::default();
    sockets.flush(&mut outbox);
    let tell = |outbox: &mut Outbox, what| {
        let event = Event { stamp: Stamp::default(), by: &alice(), by_bot: false, what };
        outbox.output(&Output::ToPeers { rooms: &[ROOM, TEA], except: Some(conn(2)), event: &event });
    };
    // In the plain dialect nobody reads that somebody is away.
    tell(&mut outbox, What::AwaySet { away: None });
    assert!(outbox.overrides.is_empty());
    assert_eq!(outbox.unflushed_bytes, 0);
    let bob = Name::parse("bob").unwrap();
    tell(&mut outbox, What::Renamed { to: &bob });
    let skips: usize = outbox.overrides.iter().map(|it| it.items.len()).sum();
    assert_eq!(skips, 4, "two of the second room, and who took the name in both");
    let rendered = 2 * "* alice is now bob\n".len();
    assert_eq!(outbox.unflushed_bytes, rendered + skips * size_of::<Item>());
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(conn(0)), "* alice is now bob\n");
    assert_eq!(sockets.sent(conn(2)), "");
}

#[test]
fn of_several_rooms_only_those_who_read_something_are_served_individually() {
    let third = RoomId(Seq(30));
    let mut outbox = Outbox::new(&Limits::default());
    let reads = crate::dialect::irc::wire_class(Capabilities::AWAY_NOTIFY);
    // One that reads it is in the last two rooms, one that does not is in all of them.
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
    let what = What::AwaySet { away: None };
    let event = Event { stamp: Stamp::default(), by: &alice(), by_bot: false, what };
    outbox.output(&Output::ToPeers { rooms: &[ROOM, TEA, third], except: None, event: &event });
    let served: Vec<u32> = outbox.overrides.iter().map(|it| it.slot).collect();
    assert_eq!(served, [0], "who hears it a second time, and nobody else");
    assert_eq!(outbox.counters().deliveries, 1);
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(conn(0)), ":alice!plain@127.0.0.1 AWAY\r\n");
    assert!(sockets.sent(conn(1)).is_empty() && sockets.sent(conn(2)).is_empty());
}
