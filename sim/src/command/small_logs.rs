//! `parlor-sim small-logs`: visits every state of the small worlds of the log.

use super::silence_panics;
use parlor_sim::bug::Bug;
use parlor_sim::small_logs::{Report, WHOLE, enumerate};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn run(bug: Option<&str>) -> ExitCode {
    silence_panics();
    Bug::plant(bug.and_then(Bug::named));
    println!(
        "| clients | delays, repeats, stalls | states | steps | at rest | logs | states of a process | depth | ms |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut sum = 0;
    for &world in WHOLE {
        #[expect(clippy::disallowed_methods, reason = "it is told how long it took")]
        let began = Instant::now();
        let Report { states, steps, at_rest, logs, process_states, depth } = match enumerate(world) {
            Ok(report) => report,
            Err(violation) => {
                println!("\n{violation}");
                return ExitCode::from(12);
            }
        };
        let ms = began.elapsed().as_millis();
        let ([first, other, second], bounds) = world;
        println!(
            "| {first:?}, {other:?}, {second:?} | {}, {}, {} | {states} | {steps} | {at_rest} | {logs} | {process_states} | {depth} | {ms} |",
            bounds.delays, bounds.repeats, bounds.stalls
        );
        sum += states;
    }
    println!("\n{sum} states; every law holds");
    ExitCode::SUCCESS
}
