//! `parlor-sim minimize SEED`: reduces a scenario that breaks a law, and writes it to a file that `run` replays.

use super::{Input, silence_panics};
use crate::exit_code;
use parlor_sim::bug::Bug;
use parlor_sim::minimize::minimize;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(input: &Input, bug: Option<&'static str>, out: Option<&PathBuf>) -> ExitCode {
    silence_panics();
    let scenario = input.scenario();
    let sim_bug = Bug::plant(bug.and_then(Bug::named));
    let Some(violation) = tier1::run_with(&scenario, Trace::hash_only(), sim_bug).violation else {
        println!("{input}: every law holds, there is nothing to minimize");
        return ExitCode::SUCCESS;
    };
    let (smallest, runs) = minimize(&scenario, violation.law, sim_bug);
    let violation =
        tier1::run_with(&smallest, Trace::hash_only(), sim_bug).violation.expect("the smallest fails, too");
    let planted = bug.map_or_else(String::new, |bug| format!(" --bug {bug}"));
    let replayed = out.map_or_else(|| "FILE".to_owned(), |path| path.display().to_string());
    let file = format!(
        "# {violation}\n# Of {input}, from {} steps to {}, in {runs} runs. Run it again:\n\
         # cargo run --release -p parlor-sim -- run {replayed}{planted}\n{smallest}",
        scenario.steps.len(),
        smallest.steps.len()
    );
    match out {
        None => print!("{file}"),
        Some(path) => {
            if let Err(error) = fs::write(path, file) {
                eprintln!("parlor-sim: {}: {error}", path.display());
                return ExitCode::from(2);
            }
            println!("{violation}\n{} steps are left of {}", smallest.steps.len(), scenario.steps.len());
            println!("cargo run --release -p parlor-sim -- run {replayed}{planted}");
        }
    }
    exit_code(violation.law)
}
