//! Instruction counts of the core under valgrind, which are the same in every run, even on a busy machine.
//!
//! Run with `cargo bench -p parlor-protocol --bench instructions`. It needs `gungraun-runner` and valgrind.

#![expect(clippy::disallowed_methods, unused_qualifications, reason = "what the macros write")]

mod workload;

use bytes::Bytes;
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use parlor_protocol::Framer;
use std::hint::black_box;
use workload::{CHUNK_BYTES, Kind, LINE_BYTES, Masks, Readers, Server, TRICKLE_BYTES, framed};

/// Sets the maximum count: the measured one, and an eighth more for other compilers and libraries.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

/// Makes the C library copy with vector instructions: callgrind would count `rep movsb` once for each byte.
fn without_string_moves() -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.env("GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=1073741824");
    config
}

fn chunk(line_bytes: usize, skipped: usize) -> (Framer, Bytes) {
    framed(CHUNK_BYTES, line_bytes, skipped)
}

fn stream(line_bytes: usize) -> (Framer, Bytes) {
    framed(TRICKLE_BYTES, line_bytes, 0)
}

#[library_benchmark(setup = chunk)]
#[bench::lines_of_64(args = (LINE_BYTES, 0), config = at_most(41_000))]
#[bench::lines_of_64_cut_by_the_chunk(args = (LINE_BYTES, LINE_BYTES / 2), config = at_most(41_000))]
#[bench::lines_of_1024(args = (1_024, 0), config = at_most(8_100))]
fn a_chunk((mut framer, chunk): (Framer, Bytes)) -> (usize, Framer) {
    (workload::frame(&mut framer, black_box(chunk)), framer)
}

#[library_benchmark(setup = stream)]
#[bench::lines_of_1024(args = (1_024), config = at_most(17_100_000))]
#[bench::a_line_of_65536(args = (TRICKLE_BYTES), config = at_most(17_000_000))]
fn byte_by_byte((mut framer, stream): (Framer, Bytes)) -> (usize, Framer, Bytes) {
    (workload::trickle(&mut framer, black_box(&stream)), framer, stream)
}

/// Boxed, so that no benchmark counts how a server is moved into it and out of it.
fn room(members: u16) -> Box<Server> {
    Box::new(Server::of(members))
}

fn sent(kind: Kind) -> (Box<Server>, Bytes) {
    let (server, lines) = Server::sent(kind);
    (Box::new(server), lines)
}

#[library_benchmark(setup = sent)]
#[bench::said(args = (Kind::Said), config = at_most(198_000))]
#[bench::chinese(args = (Kind::Chinese), config = at_most(269_000))]
#[bench::command(args = (Kind::Command), config = at_most(497_000))]
#[bench::formatted(args = (Kind::Formatted), config = at_most(446_000))]
#[bench::long(args = (Kind::Long), config = at_most(1_200_000))]
fn a_hundred_lines((mut server, lines): (Box<Server>, Bytes)) -> (u64, Box<Server>) {
    (server.parse(black_box(lines)), server)
}

#[library_benchmark(setup = Masks::of_networks)]
#[bench::of_1000_networks(args = (1_000), config = at_most(177_000))]
fn masks(masks: Masks) -> (usize, Masks) {
    (masks.matching(), masks)
}

#[library_benchmark(setup = room)]
#[bench::room_of_50(args = (50), config = at_most(5_050))]
#[bench::room_of_1000(args = (1_000), config = at_most(5_200))]
fn a_line_is_said(mut server: Box<Server>) -> (u64, Box<Server>) {
    (server.say(), server)
}

#[library_benchmark(setup = room)]
#[bench::room_of_50(args = (50), config = at_most(21_000))]
#[bench::room_of_1000(args = (1_000), config = at_most(23_500))]
fn one_comes_and_goes(mut server: Box<Server>) -> (u64, Box<Server>) {
    (server.come_and_go(), server)
}

#[library_benchmark(setup = Readers::of)]
#[bench::room_of_1000(args = (1, 1_000), config = at_most(282_000))]
#[bench::room_of_10000(args = (1, 10_000), config = at_most(11_200_000))]
fn one_speaks(mut readers: Readers) -> (usize, Readers) {
    (readers.one_speaks(), readers)
}

#[library_benchmark(setup = Readers::of)]
#[bench::room_of_200(args = (1, 200), config = at_most(780_000))]
fn all_speak(mut readers: Readers) -> (usize, Readers) {
    (readers.all_speak(), readers)
}

#[library_benchmark(setup = Readers::of)]
#[bench::of_100(args = (10, 10), config = at_most(7_200))]
#[bench::of_10000(args = (1_000, 10), config = at_most(7_700))]
fn most_are_idle(mut readers: Readers) -> (usize, Readers) {
    (readers.most_are_idle(), readers)
}

library_benchmark_group!(name = frame, benchmarks = [a_chunk, byte_by_byte]);
library_benchmark_group!(name = parse, benchmarks = [a_hundred_lines]);
library_benchmark_group!(name = compare, benchmarks = [masks]);
library_benchmark_group!(name = hub, benchmarks = [a_line_is_said, one_comes_and_goes]);
library_benchmark_group!(name = outbox, benchmarks = [one_speaks, all_speak, most_are_idle]);

main!(config = without_string_moves(), library_benchmark_groups = [frame, parse, compare, hub, outbox]);
