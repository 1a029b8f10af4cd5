//! The bounds of the driver's loop, with listeners, streams and a clock that record what it does.

mod ends;
mod log;
mod stage;
mod waking;

use parlor_protocol::{Limits, Rate};
use stage::{Done, Stage};

/// Bytes of each line that a client sends, with its line end.
const LINE: usize = 64;

fn limits() -> Limits {
    Limits { rate: Rate { lines: 0, burst: 1 }, turn_lines_max: u32::MAX, ..Limits::default() }
}

/// Returns the number of bytes that were read between two writes, at most.
fn read_between_writes(done: &[Done]) -> usize {
    let parts = done.split(|it| matches!(it, Done::Wrote));
    let read =
        |part: &[Done]| part.iter().map(|it| if let Done::Read(bytes) = it { *bytes } else { 0 }).sum();
    parts.map(read).max().unwrap_or_default()
}

#[test]
fn a_tick_reads_only_so_much_before_it_writes() {
    let limits = Limits { read_bytes_max: 1_024, tick_bytes_max: 4_096, ..limits() };
    let mut stage = Stage::new(limits);
    let clients: Vec<_> = (0..64).map(|_| stage.connect()).collect();
    stage.poll_until_idle();
    stage.take_done();
    for client in &clients {
        client.send(&format!("{}\n", "x".repeat(LINE - 1)).repeat(1_024 / LINE));
    }
    stage.poll_until_idle();
    let done = stage.take_done();
    let read: usize = done.iter().map(|it| if let Done::Read(bytes) = it { *bytes } else { 0 }).sum();
    assert_eq!(read, 64 * 1_024, "everything is read in the end");
    assert!(read_between_writes(&done) <= 4_096, "{} bytes between two writes", read_between_writes(&done));
}

#[test]
fn a_tick_accepts_only_so_many_before_it_reads() {
    let mut stage = Stage::new(limits());
    let client = stage.connect();
    stage.poll_until_idle();
    for _ in 0..2_000 {
        stage.connect();
    }
    client.send("hello\n");
    stage.take_done();
    stage.poll_until_idle();
    let done = stage.take_done();
    let first = done.iter().position(|it| matches!(it, Done::Read(_))).expect("the line is read");
    let accepted = done[..first].iter().filter(|it| matches!(it, Done::Accepted)).count();
    assert!(accepted <= 256, "{accepted} connections are accepted before the line is read");
    assert_eq!(
        done.iter().filter(|it| matches!(it, Done::Accepted)).count(),
        2_000,
        "all are accepted in the end"
    );
}

#[test]
fn the_event_loop_runs_after_a_few_ticks() {
    let mut stage = Stage::new(limits());
    let client = stage.connect();
    stage.poll_until_idle();
    stage.take_done();
    // Each read has one line, so each tick leaves something to read.
    for _ in 0..100 {
        client.send("hello\n");
    }
    for _ in 0..10 {
        stage.poll();
        let done = stage.take_done();
        let read = done.iter().filter(|it| matches!(it, Done::Read(_))).count();
        assert!((1..=4).contains(&read), "{read} ticks without the event loop");
    }
}

#[test]
fn time_never_runs_back() {
    let mut stage = Stage::new(limits());
    let client = stage.connect();
    for _ in 0..20 {
        client.send("hello\n");
        stage.poll();
        stage.pass(7);
    }
    let times = stage.times();
    assert!(times.len() > 20 && times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&(19 * 7)), "the core is told the time of the clock");
}
