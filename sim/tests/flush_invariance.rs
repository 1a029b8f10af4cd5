//! Flush invariance, as property tests whose cases shrink.

use parlor_protocol::irc::{self, Capabilities};
use parlor_protocol::plain;
use parlor_protocol::{Language, Limits, WireClass};
use parlor_sim::flush::{CAPABILITIES, Op, ROOMS, SLOTS, run};
use proptest::prelude::*;

fn class() -> impl Strategy<Value = WireClass> {
    let language = prop_oneof![Just(Language::En), Just(Language::Zh)];
    let plain =
        (language, prop::bool::weighted(0.1)).prop_map(|(language, raw)| plain::wire_class(language, raw));
    let capabilities = prop::sample::subsequence(CAPABILITIES.to_vec(), 0..=CAPABILITIES.len());
    let irc = capabilities
        .prop_map(|chosen| irc::wire_class(chosen.into_iter().fold(Capabilities::NONE, Capabilities::with)));
    prop_oneof![plain, irc]
}

/// Mostly short lines, some over every threshold of the outbox.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..80_usize, 2 => 900..1_200_usize, 1 => 5_000..40_000_usize]
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || 0..SLOTS;
    let room = || 0..ROOMS;
    let except = || prop::option::of(slot());
    prop_oneof![
        1 => slot().prop_map(Op::Close),
        1 => slot().prop_map(Op::Closed),
        6 => Just(Op::Flush),
        4 => (slot(), length()).prop_map(|(slot, bytes)| Op::Grant(slot, bytes)),
        6 => slot().prop_map(Op::Open),
        1 => slot().prop_map(Op::ReportDrained),
        10 => (slot(), room(), class()).prop_map(|(slot, room, class)| Op::Subscribe(slot, room, class)),
        3 => (prop::sample::subsequence((0..ROOMS).collect::<Vec<_>>(), 0..=3), except())
            .prop_map(|(rooms, except)| Op::ToPeers(rooms, except)),
        16 => (room(), except(), length()).prop_map(|(room, except, length)| Op::ToRoom(room, except, length)),
        3 => (slot(), room()).prop_map(|(slot, room)| Op::Unsubscribe(slot, room)),
        5 => (slot(), length()).prop_map(|(slot, length)| Op::Write(slot, length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_placement_of_flushes_makes_no_difference(ops in prop::collection::vec(op(), 0..120), writes in 1..12_usize) {
        run(&Limits { flush_writes_max: writes, ..Limits::default() }, false, &ops);
    }

    #[test]
    fn partial_writes_make_no_difference(ops in prop::collection::vec(op(), 0..120), writes in 1..12_usize) {
        let limits = Limits { flush_writes_max: writes, backlog_bytes_max: 64 << 20, ..Limits::default() };
        run(&limits, true, &ops);
    }

    #[test]
    fn a_slow_reader_gets_a_prefix_and_the_reason(
        ops in prop::collection::vec(op(), 0..120),
        writes in 1..12_usize,
        backlog in 0..20_000_usize,
        outbox in 0..60_000_usize,
    ) {
        let limits = Limits {
            flush_writes_max: writes,
            backlog_bytes_max: backlog,
            outbox_bytes_max: outbox,
            ..Limits::default()
        };
        run(&limits, true, &ops);
    }
}
