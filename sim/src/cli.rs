//! The command line.

use crate::command::{self, Input};
use clap::{Arg, ArgAction, Command, value_parser};
use parlor_sim::bug::BUGS;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
SEED is a number, or a file: the output of `minimize`, a recording of `parlor serve --record`, or bytes from a fuzzer.

Exit status: 0 every law holds, 2 wrong command line, 10 something panicked, 11 something is stuck, 12 another law is \
broken.";

/// Returns the parser of the command line.
pub(crate) fn parser() -> Command {
    Command::new("parlor-sim")
        .about("Run the core of Parlor in a simulated world, and check every law at every step")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([bench(), meta(), minimize(), planted(), run(), small_logs(), sweep()])
}

fn bench() -> Command {
    let seconds = count("seconds", "3", "Wall time of each measurement");
    Command::new("bench").about("Measure the speed of the core and of the simulator").arg(seconds)
}

fn meta() -> Command {
    Command::new("meta")
        .about("Run a seed in two processes, whose traces must be the same")
        .arg(seed())
        .arg(path("with", "The program of the second process"))
}

fn minimize() -> Command {
    Command::new("minimize")
        .about("Reduce a failing scenario, and write it")
        .arg(seed())
        .arg(bug())
        .arg(path("out", "The output file [default: standard output]"))
}

fn planted() -> Command {
    let seeds = count("seeds", "1000", "Maximum number of seeds for each bug");
    Command::new("planted").about("Plant each bug, and find it").arg(seeds)
}

fn run() -> Command {
    let trace = Arg::new("trace").long("trace").action(ArgAction::SetTrue);
    let trace = trace.help("Print every event: time, hash, kind, party and details");
    Command::new("run")
        .about("Run one seed")
        .arg(seed())
        .arg(tier())
        .arg(bug())
        .arg(trace)
        .arg(path("picture", "Draw the run as an HTML page"))
}

fn small_logs() -> Command {
    Command::new("small-logs").about("Visit every state of the small worlds of the log").arg(bug())
}

fn sweep() -> Command {
    let time = Arg::new("for").long("for").value_name("TIME").conflicts_with("seeds");
    let threads = Arg::new("threads").long("threads").value_name("N").value_parser(value_parser!(usize));
    Command::new("sweep")
        .about("Run many seeds on all cores, up to the first that fails")
        .arg(tier())
        .arg(count("from", "0", "The first seed"))
        .arg(count("seeds", "1000", "Number of seeds"))
        .arg(time.value_parser(command::seconds).help("Run seeds for this time, such as 90s, 10m or 2h"))
        .arg(threads.help("Threads [default: one for each core]"))
}

fn bug() -> Arg {
    let names: Vec<&str> = BUGS.iter().map(|&(name, _)| name).collect();
    Arg::new("bug").long("bug").value_name("NAME").value_parser(names).help("Plant this bug")
}

fn count(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    let argument = Arg::new(name).long(name).value_name("N").default_value(default);
    argument.value_parser(value_parser!(u64)).help(help)
}

fn path(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

fn seed() -> Arg {
    Arg::new("seed").value_name("SEED").required(true).value_parser(Input::parse)
}

fn tier() -> Arg {
    Arg::new("tier")
        .long("tier")
        .value_name("1|2")
        .value_parser(["1", "2"])
        .default_value("1")
        .help("1: the core over simulated links; 2: the driver on turmoil")
}
