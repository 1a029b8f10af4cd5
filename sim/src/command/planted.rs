//! `parlor-sim planted`: plants each bug, and shows how many seeds it takes to find it.

use super::{of_seed, silence_panics};
use parlor_sim::bug::{BUGS, Bug};
use parlor_sim::tier1;
use parlor_sim::trace::Trace;
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn run(seeds: u64) -> ExitCode {
    silence_panics();
    println!("| bug | seeds until it is found | ms | the law that it breaks |\n|---|--:|--:|---|");
    let mut missed = 0;
    for (name, bug) in BUGS {
        let sim_bug = Bug::plant(Some(bug));
        #[expect(clippy::disallowed_methods, reason = "it is told how long it took")]
        let began = Instant::now();
        let found = (0..seeds).find_map(|seed| {
            let outcome = tier1::run_with(&of_seed(seed), Trace::hash_only(), sim_bug);
            outcome.violation.map(|violation| (seed, violation.law))
        });
        let ms = began.elapsed().as_millis();
        match found {
            Some((seed, law)) => println!("| {name} | {} | {ms} | {law} |", seed + 1),
            None => {
                missed += 1;
                println!("| {name} | not in {seeds} | {ms} | |");
            }
        }
    }
    Bug::plant(None);
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::from(12) }
}
