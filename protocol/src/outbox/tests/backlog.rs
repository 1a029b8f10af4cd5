//! Backlogs: bytes that sockets do not accept at once.

use super::*;

/// Returns limits on the backlog of one connection, and on all backlogs together.
fn backlogs(one: usize, all: usize) -> Limits {
    Limits { backlog_bytes_max: one, outbox_bytes_max: all, ..Limits::default() }
}

fn flush_all(sockets: &mut Sockets, outbox: &mut Outbox) {
    assert!((0..1_000).any(|_| !sockets.flush(outbox)), "the flushes never end");
}

/// Lets connection 0 accept `step` bytes at a time until its queue is empty.
fn read_on(sockets: &mut Sockets, outbox: &mut Outbox, step: usize) {
    for _ in 0..1_000 {
        if outbox.counters().blocked == 0 {
            return;
        }
        sockets.take(outbox, conn(0), step);
        assert!(!sockets.flush(outbox));
    }
    panic!("the backlog never ends");
}

#[test]
fn the_bytes_do_not_depend_on_how_many_a_socket_accepts_at_a_time() {
    // Connection 0 reads every other line: a few small ranges of the chunk, many that are large together, or a few large
    // ones.
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
fn a_backlog_of_many_ticks_keeps_its_order() {
    for step in [100_000, 3_000, 700] {
        let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 2);
        let mut sockets = Sockets::taking(conn(0), 0);
        sockets.flush(&mut outbox);
        let mut expected = String::new();
        for nth in 0..8 {
            // Small ranges are copied, and large ones are shared.
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
fn small_queued_ranges_are_written_together() {
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
fn a_small_queued_range_keeps_no_large_chunk_in_memory() {
    let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 2);
    let mut sockets = Sockets::taking(conn(0), 0);
    say_to(&mut outbox, ROOM, Some(conn(0)), &"x".repeat(50_000));
    say(&mut outbox, 10);
    sockets.flush(&mut outbox);
    assert_eq!(outbox.backlog_bytes(), 10 + AROUND);
    assert_eq!(outbox.held_bytes(), 10 + AROUND);
}

#[test]
fn the_small_rest_of_a_large_chunk_does_not_keep_the_chunk_in_memory() {
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
fn a_small_chunk_in_a_backlog_keeps_no_large_buffer_in_memory() {
    let mut outbox = outbox(&backlogs(1 << 20, 1 << 21), 1);
    say(&mut outbox, 500_000);
    outbox.flush(&mut Sockets::default());
    let buffer = outbox.spare[0].bytes.capacity();
    assert!(buffer >= 500_000);
    say(&mut outbox, 2_000);
    outbox.flush(&mut Sockets::taking(conn(0), 0));
    assert_eq!(outbox.backlog_bytes(), 2_000 + AROUND);
    assert_eq!(outbox.spare[0].bytes.capacity(), buffer, "the large buffer is reused");
}

#[test]
fn a_connection_with_a_backlog_has_not_drained_and_is_not_finished() {
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
fn a_backlog_overflows_only_above_its_limit() {
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
fn a_slow_reader_overflows_when_the_flush_reaches_it() {
    let limits = Limits { flush_writes_max: 1, ..backlogs(10_000, 1 << 20) };
    let mut outbox = outbox(&limits, 4);
    let mut sockets = Sockets::taking(conn(3), 0);
    // Each flush reaches one connection. The queues of the others are not backlogs, so their limit does not apply.
    for _ in 0..4 {
        say(&mut outbox, 4_000);
        sockets.flush(&mut outbox);
    }
    flush_all(&mut sockets, &mut outbox);
    assert_eq!(outbox.next_overflowed(), Some(conn(3)));
    assert_eq!(outbox.next_overflowed(), None);
}

#[test]
fn an_unfinished_line_is_written_completely_before_the_farewell() {
    let one = "alice: one\n".len();
    for (taken, expected) in [
        (0, "farewell\n"),
        (one - 1, "alice: one\nfarewell\n"),
        (one, "alice: one\nfarewell\n"),
        (one + 1, "alice: one\nalice: two\nfarewell\n"),
        (2 * one, "alice: one\nalice: two\nfarewell\n"),
        (2 * one + 1, "alice: one\nalice: two\nalice: ten\nfarewell\n"),
    ] {
        for closes_before_it_reads_on in [true, false] {
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
            if closes_before_it_reads_on {
                close(&mut outbox, conn(0), b"farewell\n");
            }
            sockets.take(&mut outbox, conn(0), 1_000);
            sockets.flush(&mut outbox);
            if !closes_before_it_reads_on {
                close(&mut outbox, conn(0), b"farewell\n");
                sockets.flush(&mut outbox);
            }
            assert_eq!(sockets.sent(conn(0)), expected, "after {taken} bytes");
            assert_eq!(sockets.finished, [conn(0)]);
        }
    }
}

#[test]
fn the_largest_backlogs_overflow_until_the_rest_is_within_the_common_limit() {
    let mut outbox = Outbox::new(&backlogs(1 << 20, 10_000));
    let mut sockets = Sockets::default();
    for slot in 0..3 {
        let room = RoomId(Seq(slot.into()));
        outbox.opened(conn(slot));
        subscribe(&mut outbox, conn(slot), room);
        sockets.granted.insert(conn(slot), 0);
    }
    sockets.flush(&mut outbox);
    // Each backlog is a large range. The first also has a small one.
    for (room, bytes) in [(0, 10_100), (1, 10_200), (2, 10_000)] {
        say_to(&mut outbox, RoomId(Seq(room)), None, &"x".repeat(bytes - AROUND));
    }
    write(&mut outbox, conn(0), &[b'x'; 500]);
    sockets.flush(&mut outbox);
    let overflowed: Vec<_> = core::iter::from_fn(|| outbox.next_overflowed()).collect();
    assert_eq!(overflowed, [conn(1), conn(0)]);
    assert_eq!(outbox.backlog_bytes(), 10_000, "the common limit is reached exactly");
    assert_eq!(outbox.counters().overflowed_together, 2);
}

#[test]
fn a_connection_that_the_flush_has_not_reached_does_not_overflow_for_others() {
    let limits = Limits { flush_writes_max: 1, ..backlogs(1 << 20, 5_000) };
    let mut outbox = outbox(&limits, 2);
    outbox.opened(conn(2));
    subscribe(&mut outbox, conn(2), TEA);
    let mut sockets = Sockets::taking(conn(2), 0);
    sockets.flush(&mut outbox);
    say_to(&mut outbox, TEA, None, &"x".repeat(6_000));
    say(&mut outbox, 9_000);
    // One write goes to the full socket, and one to a waiting connection. The other waiting connection is not reached.
    assert!(sockets.flush(&mut outbox));
    assert_eq!(outbox.next_overflowed(), Some(conn(2)));
    assert_eq!(outbox.next_overflowed(), None);
    flush_all(&mut sockets, &mut outbox);
    assert_eq!([0, 1].map(|slot| sockets.sent(conn(slot)).len()), [9_000 + AROUND; 2]);
}
