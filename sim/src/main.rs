//! `parlor-sim`: runs single seeds and sweeps, and minimizes a failing one.

mod command;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use command::{Input, bench, meta, minimize, planted, run, sweep};
use parlor_sim::bug::BUGS;
use parlor_sim::law::Law;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
SEED is a number, or a file with a scenario: what `minimize` writes, or bytes that a fuzzer found.

Exit status: 0 every law holds, 2 wrong command line, 10 something panicked, 11 something is stuck, 12 another law is \
broken.";

fn main() -> ExitCode {
    let matches = cli().get_matches();
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

fn cli() -> Command {
    let seed = || Arg::new("seed").value_name("SEED").required(true).value_parser(Input::parse);
    let names: Vec<&str> = BUGS.iter().map(|&(name, _)| name).collect();
    let bug = || {
        let names = names.clone();
        Arg::new("bug").long("bug").value_name("NAME").value_parser(names).help("Plant this bug")
    };
    let count = |name: &'static str, default: &'static str, help: &'static str| {
        let argument = Arg::new(name).long(name).value_name("N").default_value(default);
        argument.value_parser(value_parser!(u64)).help(help)
    };
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
    };
    let tier = || {
        Arg::new("tier")
            .long("tier")
            .value_name("1|2")
            .value_parser(["1", "2"])
            .default_value("1")
            .help("1: the core over simulated links; 2: the driver on turmoil")
    };
    Command::new("parlor-sim")
        .about("The core of Parlor in a simulated world, with every law checked at every step")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("bench").about("How fast the core and the simulator are").arg(count(
            "seconds",
            "3",
            "Wall time of each measurement",
        )))
        .subcommand(
            Command::new("meta")
                .about("One seed, two processes: the traces must be the same")
                .arg(seed())
                .arg(path("with", "The second process runs this build of the program")),
        )
        .subcommand(
            Command::new("minimize")
                .about("Make a failing scenario small, and write it")
                .arg(seed())
                .arg(bug())
                .arg(path("out", "Where to write it [default: standard output]")),
        )
        .subcommand(Command::new("planted").about("Plant each bug, and find it").arg(count(
            "seeds",
            "1000",
            "Give a bug up after so many seeds",
        )))
        .subcommand(
            Command::new("run")
                .about("Run one seed")
                .arg(seed())
                .arg(tier())
                .arg(bug())
                .arg(
                    Arg::new("trace")
                        .long("trace")
                        .action(ArgAction::SetTrue)
                        .help("Print every event: time, hash, what, of whom, and what there is to say of it"),
                )
                .arg(path("picture", "Draw the run as a page of HTML")),
        )
        .subcommand(
            Command::new("sweep")
                .about("Run many seeds on all cores, up to the first that fails")
                .arg(tier())
                .arg(count("from", "0", "The first seed"))
                .arg(count("seeds", "1000", "So many seeds"))
                .arg(
                    Arg::new("for")
                        .long("for")
                        .value_name("TIME")
                        .conflicts_with("seeds")
                        .value_parser(command::seconds)
                        .help("As many seeds as this time has room for: 90s, 10m, 2h"),
                )
                .arg(
                    Arg::new("threads")
                        .long("threads")
                        .value_name("N")
                        .value_parser(value_parser!(usize))
                        .help("Threads [default: one for each core]"),
                ),
        )
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
