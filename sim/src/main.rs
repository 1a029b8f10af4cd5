//! `parlor-sim`: runs single seeds and sweeps, and minimizes a failing one.

mod cli;
mod command;

use clap::ArgMatches;
use command::{Input, bench, meta, minimize, planted, run, small_logs, sweep};
use parlor_sim::bug::BUGS;
use parlor_sim::law::Law;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = cli::parser().get_matches();
    match matches.subcommand() {
        Some(("bench", matches)) => bench::run(number(matches, "seconds")),
        Some(("meta", matches)) => meta::run(&input(matches), matches.get_one::<PathBuf>("with")),
        Some(("minimize", matches)) => {
            minimize::run(&input(matches), bug(matches), matches.get_one::<PathBuf>("out"))
        }
        Some(("planted", matches)) => planted::run(number(matches, "seeds")),
        Some(("run", matches)) => {
            let shows = run::Shows {
                trace: matches.get_flag("trace"),
                picture: matches.get_one::<PathBuf>("picture").cloned(),
            };
            match tier(matches) {
                Tier::Core => run::run(&input(matches), bug(matches), &shows),
                Tier::Driver => run::run_driver(&input(matches)),
            }
        }
        Some(("small-logs", matches)) => small_logs::run(bug(matches)),
        Some(("sweep", matches)) => {
            let until = match matches.get_one::<u64>("for") {
                Some(&seconds) => sweep::Until::Seconds(seconds),
                None => sweep::Until::Seeds(number(matches, "seeds")),
            };
            sweep::run(
                tier(matches),
                number(matches, "from"),
                until,
                matches.get_one::<usize>("threads").copied(),
            )
        }
        _ => unreachable!("the command line demands one of its commands"),
    }
}

fn input(matches: &ArgMatches) -> Input {
    matches.get_one::<Input>("seed").expect("it is required").clone()
}

fn bug(matches: &ArgMatches) -> Option<&'static str> {
    let name = matches.get_one::<String>("bug")?;
    BUGS.iter().find(|(it, _)| it == name).map(|&(name, _)| name)
}

/// The simulation that runs a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Core,
    Driver,
}

fn tier(matches: &ArgMatches) -> Tier {
    match matches.get_one::<String>("tier").map(String::as_str) {
        Some("2") => Tier::Driver,
        _ => Tier::Core,
    }
}

fn number(matches: &ArgMatches, name: &str) -> u64 {
    *matches.get_one(name).expect("it has a default")
}

/// Returns the exit code of a run that broke a law.
fn exit_code(law: Law) -> ExitCode {
    ExitCode::from(match law {
        Law::Panic => 10,
        Law::Liveness => 11,
        _ => 12,
    })
}
