//! The speed of the core in wall time.
//!
//! Run with `cargo bench -p parlor-protocol --bench time`.

mod workload;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use workload::{CHUNK_BYTES, Kind, LINE_BYTES, Masks, PARSED_LINES, Readers, Server, TRICKLE_BYTES, framed};

fn main() {
    divan::main();
}

/// Splitting received bytes into lines.
mod frame {
    use super::{Bencher, BytesCount, CHUNK_BYTES, LINE_BYTES, TRICKLE_BYTES, framed, workload};

    #[divan::bench(args = [LINE_BYTES, 1_024])]
    fn a_chunk(bencher: Bencher<'_, '_>, line_bytes: usize) {
        chunks(bencher, line_bytes, 0);
    }

    #[divan::bench]
    fn a_chunk_that_cuts_a_line(bencher: Bencher<'_, '_>) {
        chunks(bencher, LINE_BYTES, LINE_BYTES / 2);
    }

    #[divan::bench(args = [1_024, TRICKLE_BYTES])]
    fn byte_by_byte(bencher: Bencher<'_, '_>, line_bytes: usize) {
        let (mut framer, stream) = framed(TRICKLE_BYTES, line_bytes, 0);
        bencher
            .counter(BytesCount::new(TRICKLE_BYTES))
            .bench_local(|| workload::trickle(&mut framer, &stream));
    }

    fn chunks(bencher: Bencher<'_, '_>, line_bytes: usize, skipped: usize) {
        let (mut framer, chunk) = framed(CHUNK_BYTES, line_bytes, skipped);
        bencher
            .counter(BytesCount::new(CHUNK_BYTES))
            .bench_local(|| workload::frame(&mut framer, chunk.clone()));
    }
}

/// The parsing of lines into proposals.
#[divan::bench(args = [Kind::Said, Kind::Chinese, Kind::Command, Kind::Formatted, Kind::Long])]
fn parse(bencher: Bencher<'_, '_>, kind: Kind) {
    let (_, lines) = Server::sent(kind);
    bencher
        .counter(BytesCount::new(lines.len()))
        .counter(ItemsCount::new(PARSED_LINES))
        .with_inputs(|| Server::of(1))
        .bench_local_refs(|server| server.parse(lines.clone()));
}

/// The comparison of a person with masks, as when a connection is admitted.
#[divan::bench(args = [1_000])]
fn masks(bencher: Bencher<'_, '_>, count: u16) {
    let masks = Masks::of_networks(count);
    bencher.counter(ItemsCount::new(count)).bench_local(|| masks.matching());
}

/// A message to a room, and a member that enters and leaves. The outputs are counted and not executed.
mod hub {
    use super::{Bencher, Server};

    #[divan::bench(args = [50, 1_000])]
    fn a_line_is_said(bencher: Bencher<'_, '_>, members: u16) {
        let mut server = Server::of(members);
        bencher.bench_local(|| server.say());
    }

    #[divan::bench(args = [50, 1_000])]
    fn one_comes_and_goes(bencher: Bencher<'_, '_>, members: u16) {
        let mut server = Server::of(members);
        bencher.bench_local(|| server.come_and_go());
    }
}

/// Rendering and writing, with sockets that accept everything.
mod outbox {
    use super::{Bencher, ItemsCount, Readers};

    #[divan::bench(args = [1_000, 10_000])]
    fn one_speaks(bencher: Bencher<'_, '_>, readers: u32) {
        let mut room = Readers::of(1, readers);
        bencher.counter(ItemsCount::new(readers - 1)).bench_local(|| room.one_speaks());
    }

    #[divan::bench(args = [200])]
    fn all_speak(bencher: Bencher<'_, '_>, readers: u32) {
        let mut room = Readers::of(1, readers);
        bencher.counter(ItemsCount::new(readers * (readers - 1))).bench_local(|| room.all_speak());
    }

    /// A tick with one message to one of many rooms, and a note to a connection in another room.
    #[divan::bench(args = [100, 10_000])]
    fn most_are_idle(bencher: Bencher<'_, '_>, connections: u32) {
        let mut readers = Readers::of(connections / 10, 10);
        bencher.bench_local(|| readers.most_are_idle());
    }
}
