//! The time for which a burst of the log holds up clients that do not wait for it.
//!
//! While ten thousand entries are committed at once, or one entry ends ten thousand members, a client in another room sends one
//! `PING` after the other. The same is done in commits of one entry each. Run with `cargo bench -p parlor-runtime --bench burst`.

#[path = "../tests/burst/stage.rs"]
mod stage;

use parlor_protocol::{CloseReason, Command, MemberId, Seq};
use stage::{Client, MEMBERS, Stage, all_end, lines};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Number of clients that read everything.
const READERS: usize = 20;

/// Number of times that each is done.
const RUNS: usize = 9;

/// The result of a run.
struct Run {
    /// The time from the commit until all clients have read everything.
    burst: Duration,
    /// The longest time from a `PING` to its answer.
    held_up: Duration,
}

/// Commits the commands, so many at once, and pings meanwhile. `last` are words of the last line that readers are sent.
#[expect(clippy::disallowed_methods, reason = "this is a measurement")]
fn run(commands: &[Command], size: usize, last: &str) -> Run {
    let stage = Stage::start();
    let readers: Vec<Client> = (0..READERS).map(|nth| stage.connect(&format!("r{nth}"), "#lobby")).collect();
    let mut pinger = stage.connect("pinger", "#other");
    let is_over = AtomicBool::new(false);
    let (burst, held_up) = thread::scope(|scope| {
        let pings = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            for nth in 0_u64.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let sent = Instant::now();
                pinger.send(&format!("PING p{nth}\r\n"));
                pinger.read_to(&format!("p{nth}"));
                longest = longest.max(sent.elapsed());
            }
            longest
        });
        thread::sleep(Duration::from_millis(20));
        let begun = Instant::now();
        stage.commit(commands, size);
        let reading = |mut reader: Client| scope.spawn(move || reader.read_to(last));
        let reading: Vec<_> = readers.into_iter().map(reading).collect();
        for reader in reading {
            reader.join().expect("a reader reads everything");
        }
        let burst = begun.elapsed();
        is_over.store(true, Ordering::Relaxed);
        (burst, pings.join().expect("every PING is answered"))
    });
    let closed: Vec<String> = stage.closed().into_iter().filter(|it| it.ends_with("slow_reader")).collect();
    assert_eq!(closed, [""; 0], "nobody is closed as a slow reader");
    stage.stop();
    Run { burst, held_up }
}

fn main() {
    let leaves = |nth: u64| Command::Leave {
        member: MemberId(Seq(nth + 2)),
        reason: CloseReason::EndOfInput,
        message: None,
    };
    let leaves: Vec<Command> = (1..=MEMBERS).map(leaves).collect();
    let lines = lines(MEMBERS);
    let (last_line, last_leave) = (format!(" :line {MEMBERS} "), format!(":{MEMBERS}!"));
    println!(
        "| {MEMBERS} entries or members, {READERS} readers, median of {RUNS} runs | all have read it, ms | longest PING, ms |"
    );
    println!("|---|--:|--:|");
    for (what, commands, size, last) in [
        ("lines, one commit", &lines, lines.len(), &last_line),
        ("lines, a commit each", &lines, 1, &last_line),
        ("members end, one entry", &all_end(), 1, &last_leave),
        ("members leave, an entry and a commit each", &leaves, 1, &last_leave),
    ] {
        let mut runs: Vec<Run> = (0..RUNS).map(|_| run(commands, size, last)).collect();
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        runs.sort_by_key(|run| run.burst);
        let burst = ms(runs[RUNS / 2].burst);
        runs.sort_by_key(|run| run.held_up);
        println!("| {what} | {burst:.0} | {:.1} |", ms(runs[RUNS / 2].held_up));
    }
}
