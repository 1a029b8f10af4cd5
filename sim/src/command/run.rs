//! `parlor-sim run SEED`: runs one scenario, and shows the result.

use super::{Input, silence_panics};
use crate::exit_code;
use parlor_sim::bug::Bug;
use parlor_sim::law::Violation;
use parlor_sim::picture;
use parlor_sim::trace::Trace;
use parlor_sim::{tier1, tier2};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// The parts of a run to show.
pub(crate) struct Shows {
    pub(crate) trace: bool,
    pub(crate) picture: Option<PathBuf>,
}

pub(crate) fn run(input: &Input, bug: Option<&'static str>, shows: &Shows) -> ExitCode {
    silence_panics();
    let scenario = input.scenario();
    print!("{}", scenario.setup);
    let sim_bug = Bug::plant(bug.and_then(Bug::named));
    let keeps = shows.trace || shows.picture.is_some();
    let trace = if keeps { Trace::with_events() } else { Trace::hash_only() };
    let outcome = tier1::run_with(&scenario, trace, sim_bug);
    if shows.trace {
        outcome.trace.events().iter().for_each(|event| println!("{event}"));
    }
    if let Some(path) = &shows.picture {
        let title = match bug {
            Some(bug) => format!("parlor-sim, {input}, with the planted bug {bug}"),
            None => format!("parlor-sim, {input}"),
        };
        let html = picture::html(&title, outcome.trace.events(), outcome.violation.as_ref());
        if let Err(error) = fs::write(path, html) {
            eprintln!("parlor-sim: {}: {error}", path.display());
            return ExitCode::from(2);
        }
    }
    let inputs: u64 = outcome.stats.inputs.values().sum();
    println!(
        "{} steps, {inputs} inputs, {} lines, {:.3} s of simulated time, hash {:016x}",
        scenario.steps.len(),
        outcome.stats.lines,
        Seconds(outcome.stats.simulated_us).get(),
        outcome.trace.hash()
    );
    report(outcome.violation.as_ref())
}

/// Runs the scenario in tier 2: the driver on turmoil.
pub(crate) fn run_driver(input: &Input) -> ExitCode {
    silence_panics();
    let scenario = input.scenario();
    print!("{}", scenario.setup);
    let outcome = tier2::run(&scenario);
    println!(
        "{} steps, {} inputs, {:.3} s of simulated time, hash {:016x}",
        scenario.steps.len(),
        outcome.stats.inputs,
        Seconds(outcome.stats.simulated_us).get(),
        outcome.hash
    );
    report(outcome.violation.as_ref())
}

fn report(violation: Option<&Violation>) -> ExitCode {
    match violation {
        Some(violation) => {
            println!("{violation}");
            exit_code(violation.law)
        }
        None => {
            println!("every law holds");
            ExitCode::SUCCESS
        }
    }
}

/// Microseconds to show as seconds.
pub(crate) struct Seconds(pub(crate) u64);

impl Seconds {
    #[expect(clippy::cast_precision_loss, reason = "it is shown, with three digits")]
    pub(crate) const fn get(&self) -> f64 {
        self.0 as f64 / 1e6
    }
}
