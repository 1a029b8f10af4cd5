//! What sockets do not take at once.

use super::*;

/// Limits of one connection's backlog, and of all together.
fn backlogs(one: usize, all: usize) -> Limits {
    Limits { backlog_bytes_max: one, outbox_bytes_max: all, ..Limits::default() }
}

fn flush_all(sockets: &mut Sockets, outbox: &mut Outbox) {
    assert!((0..1_000).any(|_| !sockets.flush(outbox)), "something is left for ever");
}

/// Connection 0 takes so many bytes at a time until it is owed nothing.
fn read_on(sockets: &mut Sockets, outbox: &mut Outbox, step: usize) {
    for _ in 0..1_000 {
        if outbox.counters().blocked == 0 {
            return;
        }
        sockets.take(outbox, conn(0), step);
        assert!(!sockets.flush(outbox));
    }
    panic!("its socket stays full");
}

#[test]
fn however_little_a_socket_takes_its_reader_reads_the_same() {
    // Connection 0 hears every other line: pieces of the room's chunk, few small ones, many that are large
    // together, or a few that are large each.
    for (lines, chars) in [(7usize, 10), (300, 200), (9, 3_000)] {
        let mut expected = String::new();
        for step in [usize::MAX, 20_000, 5_000, 1_111, 107] {
            let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 2);
            let mut sockets = Sockets::default();
            if step < usize::MAX {
                sockets.granted.insert(conn(0), step);
            }
            sockets.flush(&mut outbox);
            for nth in 0..lines {
                let text = alloc::format!("{nth}{}", "x".repeat(chars));
                say_to(&mut outbox, ROOM, (nth % 2 == 1).then_some(conn(0)), &text);
                write(&mut outbox, conn(0), b"* a note\n");
            }
            assert!(!sockets.flush(&mut outbox));
            if step == usize::MAX {
                assert_eq!(outbox.counters().blocked, 0);
                expected = sockets.sent(conn(0));
                assert_eq!(expected.lines().count(), lines + lines.div_ceil(2));
            }
            read_on(&mut sockets, &mut outbox, step);
            assert!(sockets.sent(conn(0)) == expected, "{lines} lines of {chars}, {step} bytes at a time");
            assert_eq!(outbox.held_bytes(), 0);
        }
    }
}

#[test]
fn what_is_owed_from_many_ticks_keeps_its_order() {
    for step in [100_000, 3_000, 700] {
        let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 2);
        let mut sockets = Sockets::taking(conn(0), 0);
        sockets.flush(&mut outbox);
        let mut expected = String::new();
        for nth in 0..8 {
            // Small ones are copied, large ones shared.
            for chars in [10, 2_000, 20, 30, 5_000] {
                let text = alloc::format!("{nth}{}", "x".repeat(chars));
                say_to(&mut outbox, ROOM, Some(conn(0)), "not for all");
                say_to(&mut outbox, ROOM, None, &text);
                sockets.flush(&mut outbox);
                expected += &alloc::format!("alice: {text}\n");
            }
        }
        read_on(&mut sockets, &mut outbox, step);
        assert!(sockets.sent(conn(0)) == expected, "{step} bytes at a time");
        assert_eq!(outbox.held_bytes(), 0);
    }
}

#[test]
fn small_pieces_that_were_owed_are_written_together() {
    let mut outbox = outbox(&Limits::default(), 1);
    let mut sockets = Sockets::taking(conn(0), 0);
    for _ in 0..100 {
        say(&mut outbox, 10);
        sockets.flush(&mut outbox);
    }
    sockets.take(&mut outbox, conn(0), 100_000);
    sockets.flush(&mut outbox);
    let last = sockets.writes.last().unwrap();
    assert_eq!((last.slices, last.bytes.len()), (1, 100 * (10 + AROUND)));
}

#[test]
fn a_small_piece_that_is_owed_pins_no_large_chunk() {
    let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 2);
    let mut sockets = Sockets::taking(conn(0), 0);
    say_to(&mut outbox, ROOM, Some(conn(0)), &"x".repeat(50_000));
    say(&mut outbox, 10);
    sockets.flush(&mut outbox);
    assert_eq!(outbox.backlog_bytes(), 10 + AROUND);
    assert_eq!(outbox.held_bytes(), 10 + AROUND);
}

#[test]
fn the_small_rest_of_a_large_chunk_pins_only_itself() {
    let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 1);
    let mut sockets = Sockets::taking(conn(0), 0);
    say(&mut outbox, 50_000);
    sockets.flush(&mut outbox);
    for (taken, pinned) in [(10_000, 50_000 + AROUND), (39_000, 1_000 + AROUND), (500, 500 + AROUND)] {
        sockets.take(&mut outbox, conn(0), taken);
        sockets.flush(&mut outbox);
        assert_eq!(outbox.backlog_bytes(), pinned, "after {taken} more bytes");
    }
    sockets.take(&mut outbox, conn(0), 10_000);
    sockets.flush(&mut outbox);
    assert_eq!(sockets.sent(conn(0)), alloc::format!("alice: {}\n", "x".repeat(50_000)));
}

#[test]
fn what_a_slow_reader_is_owed_pins_no_large_buffer() {
    let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 1);
    say(&mut outbox, 500_000);
    outbox.flush(&mut Sockets::default());
    let buffer = outbox.spare[0].bytes.capacity();
    assert!(buffer >= 500_000);
    say(&mut outbox, 2_000);
    outbox.flush(&mut Sockets::taking(conn(0), 0));
    assert_eq!(outbox.backlog_bytes(), 2_000 + AROUND);
    assert_eq!(outbox.spare[0].bytes.capacity(), buffer, "the large buffer is not owed");
}

#[test]
fn who_is_owed_something_has_not_drained_and_is_not_at_its_end() {
    let mut outbox = outbox(&Limits::default(), 1);
    let mut sockets = Sockets::taking(conn(0), 0);
    write(&mut outbox, conn(0), b"* a note\n");
    sockets.flush(&mut outbox);
    outbox.output(&Output::ReportDrained { conn: conn(0) });
    sockets.flush(&mut outbox);
    close(&mut outbox, conn(0), b"");
    sockets.flush(&mut outbox);
    assert_eq!((outbox.next_drained(), &sockets.finished[..]), (None, &[][..]));
    sockets.take(&mut outbox, conn(0), 100);
    sockets.flush(&mut outbox);
    assert_eq!((outbox.next_drained(), &sockets.finished[..]), (Some(conn(0)), &[conn(0)][..]));
    assert_eq!(sockets.sent(conn(0)), "* a note\n");
}

#[test]
fn a_backlog_may_be_as_large_as_its_limit() {
    let mut outbox = outbox(&backlogs(1_000, 10_000), 1);
    let mut sockets = Sockets::taking(conn(0), 0);
    say(&mut outbox, 1_000 - AROUND);
    sockets.flush(&mut outbox);
    assert_eq!(outbox.next_overflowed(), None);
    write(&mut outbox, conn(0), b"\n");
    sockets.flush(&mut outbox);
    assert_eq!(outbox.next_overflowed(), Some(conn(0)));
}

#[test]
fn who_is_found_to_be_slow_when_its_turn_comes_is_given_up_then() {
    let limits = Limits { flush_writes_max: 1, ..backlogs(10_000, 1 << 20) };
    let mut outbox = outbox(&limits, 4);
    let mut sockets = Sockets::taking(conn(3), 0);
    // With one write in a flush the others are owed what their sockets were not tried with: no backlog, and
    // so not bounded.
    for _ in 0..4 {
        say(&mut outbox, 4_000);
        sockets.flush(&mut outbox);
    }
    flush_all(&mut sockets, &mut outbox);
    assert_eq!(outbox.next_overflowed(), Some(conn(3)));
    assert_eq!(outbox.next_overflowed(), None);
}

#[test]
fn a_line_that_was_begun_is_written_to_its_end_before_the_farewell() {
    let one = "alice: one\n".len();
    for (taken, expected) in [
        (0, "farewell\n"),
        (one - 1, "alice: one\nfarewell\n"),
        (one, "alice: one\nfarewell\n"),
        (one + 1, "alice: one\nalice: two\nfarewell\n"),
        (2 * one, "alice: one\nalice: two\nfarewell\n"),
        (2 * one + 1, "alice: one\nalice: two\nalice: ten\nfarewell\n"),
    ] {
        for is_told_before_it_reads_on in [true, false] {
            let mut outbox = outbox(&backlogs(100, 10_000), 1);
            let mut sockets = Sockets::taking(conn(0), taken);
            say_to(&mut outbox, ROOM, None, "one");
            say_to(&mut outbox, ROOM, Some(conn(0)), "not for all");
            say_to(&mut outbox, ROOM, None, "two");
            say_to(&mut outbox, ROOM, None, "ten");
            sockets.flush(&mut outbox);
            say(&mut outbox, 100);
            sockets.flush(&mut outbox);
            assert_eq!(outbox.next_overflowed(), Some(conn(0)));
            if is_told_before_it_reads_on {
                close(&mut outbox, conn(0), b"farewell\n");
            }
            sockets.take(&mut outbox, conn(0), 1_000);
            sockets.flush(&mut outbox);
            if !is_told_before_it_reads_on {
                close(&mut outbox, conn(0), b"farewell\n");
                sockets.flush(&mut outbox);
            }
            assert_eq!(sockets.sent(conn(0)), expected, "after {taken} bytes");
            assert_eq!(sockets.finished, [conn(0)]);
        }
    }
}

#[test]
fn of_backlogs_that_are_too_much_together_the_largest_go_until_the_rest_is_not() {
    let mut outbox = Outbox::new(&backlogs(1 << 20, 10_000));
    let mut sockets = Sockets::default();
    for slot in 0..3 {
        let room = RoomId(Seq(slot.into()));
        outbox.opened(conn(slot));
        subscribe(&mut outbox, conn(slot), room);
        sockets.granted.insert(conn(slot), 0);
    }
    sockets.flush(&mut outbox);
    // What is owed is large pieces, and a small one beside the first.
    for (room, bytes) in [(0, 10_100), (1, 10_200), (2, 10_000)] {
        say_to(&mut outbox, RoomId(Seq(room)), None, &"x".repeat(bytes - AROUND));
    }
    write(&mut outbox, conn(0), &[b'x'; 500]);
    sockets.flush(&mut outbox);
    let given_up: Vec<_> = core::iter::from_fn(|| outbox.next_overflowed()).collect();
    assert_eq!(given_up, [conn(1), conn(0)]);
    assert_eq!(outbox.backlog_bytes(), 10_000, "as much as all may owe together");
    assert_eq!(outbox.counters().overflowed_together, 2);
}

#[test]
fn who_was_not_reached_yet_is_not_given_up_for_what_others_are_owed() {
    let limits = Limits { flush_writes_max: 1, ..backlogs(1 << 20, 5_000) };
    let mut outbox = outbox(&limits, 2);
    outbox.opened(conn(2));
    subscribe(&mut outbox, conn(2), TEA);
    let mut sockets = Sockets::taking(conn(2), 0);
    sockets.flush(&mut outbox);
    say_to(&mut outbox, TEA, None, &"x".repeat(6_000));
    say(&mut outbox, 9_000);
    // One write to the socket that is full, and one for those who wait: of two, one is not reached.
    assert!(sockets.flush(&mut outbox));
    assert_eq!(outbox.next_overflowed(), Some(conn(2)));
    assert_eq!(outbox.next_overflowed(), None);
    flush_all(&mut sockets, &mut outbox);
    assert_eq!([0, 1].map(|slot| sockets.sent(conn(slot)).len()), [9_000 + AROUND; 2]);
}
