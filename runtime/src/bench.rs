//! `parlor bench`: loads a chat server with clients, and measures what that costs it.
//!
//! Every run checks what was heard: each line once by everyone in its room but its speaker, in the order in
//! which its speaker said it, and in the same order by the members that are sampled. Figures of a run that
//! fails a check do not count.

mod dialect;
mod plot;
mod report;
mod run;
mod server;
mod swarm;
mod tally;
mod usage;
mod workload;

use crate::{file_limit, help};
use clap::{Arg, ArgAction, ArgMatches, Command};
use dialect::Dialect;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parlor_protocol::Language;
use run::Report;
use server::Server;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use workload::{Pace, WORKLOADS, Workload};

/// A run that failed a gate, or could not be.
const FAILED: u8 = 1;
/// The command line makes no sense.
const BAD_USAGE: u8 = 2;

const AFTER_HELP: &str = "\
Without --connect, each workload runs on a server of its own, which has no limit on the rate of lines and, where there \
are two processors, uses another one than the load generator.

Latency is counted from when a line is due. With --rate (open loop), lines are due at fixed times, so that lines that a \
stalling server delays count as well; with --window (closed loop), a line is due when it is sent.

A run passes if everybody in a room but the speaker received each line exactly once, in the order of its speaker, and \
the members that are sampled received the lines in the same order. \"generator-limited\" means that the server waited \
for the load generator: the cost is valid, but the rate and the latency are partly the generator's own.

Exit status: 0 every run passed, 1 a run failed or could not be carried out, 2 wrong command line.";

/// The heading over what changes a workload.
pub(crate) const WORKLOAD_HEADING: &str = "Changes to the workload";

/// The command line of `parlor bench`; of its help, the workloads are in that language already.
#[must_use]
pub fn command(language: Language) -> Command {
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("COUNT")
            .value_parser(clap::value_parser!(u32))
            .help(help)
            .help_heading(WORKLOAD_HEADING)
    };
    let about = |workload: &Workload| match language {
        Language::En => workload.about,
        Language::Zh => help::workload(workload.name).unwrap_or(workload.about),
    };
    let names =
        WORKLOADS.map(|workload| clap::builder::PossibleValue::new(workload.name).help(about(&workload)));
    Command::new("bench")
        .about("Put load on a chat server and measure what it costs")
        .after_help(AFTER_HELP)
        .arg(
            Arg::new("workload")
                .value_name("WORKLOAD")
                .num_args(1..)
                .required(true)
                .value_parser(clap::builder::PossibleValuesParser::new(names))
                .help("Workloads to run"),
        )
        .arg(Arg::new("connect").long("connect").value_name("HOST:PORT").help("Measure a running server"))
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_name("PID")
                .requires("connect")
                .value_parser(clap::value_parser!(u32))
                .help("Process of that server, for its CPU time and memory"),
        )
        .arg(
            Arg::new("dialect")
                .long("dialect")
                .value_name("DIALECT")
                .default_value("plain")
                .value_parser(["plain", "irc", "raw"])
                .help("Protocol of the server; raw: it relays lines and has no rooms"),
        )
        .arg(
            Arg::new("serve")
                .long("serve")
                .value_name("OPTION")
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .conflicts_with("connect")
                .help("Option for the server that is started, such as --serve=--log-level=warn"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("SECONDS")
                .default_value("5")
                .value_parser(clap::value_parser!(u32).range(1..))
                .help("Seconds to measure, after one second of warm-up"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object per run"))
        .arg(
            Arg::new("plot")
                .long("plot")
                .value_name("FILE.svg")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Plot the latencies by quantile"),
        )
        .arg(number("clients", "Members that read, all rooms together"))
        .arg(number("rooms", "Rooms"))
        .arg(number("speakers", "Members that speak"))
        .arg(number("slow", "Members that never read, on top of the others"))
        .arg(number("line-bytes", "Bytes of a line's text"))
        .arg(
            number("classes", "IRC: combinations of capabilities that the clients ask for")
                .value_parser(clap::value_parser!(u32).range(1..=64)),
        )
        .arg(number("window", "Closed loop: lines in flight").conflicts_with("rate"))
        .arg(number("rate", "Open loop: lines a second"))
}

/// Measures what the command line asks for.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let names = matches.get_many::<String>("workload").into_iter().flatten();
    let workloads: Vec<Workload> = names.filter_map(|name| Workload::named(name)).collect();
    let workloads = workloads.into_iter().map(|workload| changed(workload, matches));
    let workloads: Result<Vec<Workload>, String> = workloads.collect();
    let (workloads, dialect) = match (workloads, matches.get_one::<String>("dialect")) {
        (Ok(workloads), Some(dialect)) => (workloads, Dialect::named(dialect).unwrap_or(Dialect::Plain)),
        (Err(error), _) => return fail(&error, BAD_USAGE),
        (Ok(_), None) => unreachable!("the dialect has a default"),
    };
    if dialect == Dialect::Raw && !matches.contains_id("connect") {
        return fail(
            "--dialect raw needs --connect: the server that is started speaks plain or irc",
            BAD_USAGE,
        );
    }
    if dialect != Dialect::Irc && matches.contains_id("classes") {
        return fail("--classes needs --dialect irc", BAD_USAGE);
    }
    // What it cannot open is told when it cannot.
    let _files_max = file_limit::raise();
    let mut reports = Vec::new();
    let mut passed = true;
    for workload in &workloads {
        match measure(workload, dialect, matches) {
            Ok(report) => {
                for failure in &report.failures {
                    complain(&format!("{}: {failure}", workload.name));
                }
                if matches.get_flag("json")
                    && let Err(error) = writeln!(io::stdout(), "{}", report.to_json())
                {
                    return fail(&format!("cannot write the results: {error}"), FAILED);
                }
                passed &= report.passed();
                reports.push(report);
            }
            Err(error) => {
                complain(&format!("{}: {error}", workload.name));
                passed = false;
            }
        }
    }
    if let Err(error) = tell(&reports, matches) {
        return fail(&format!("cannot write the results: {error}"), FAILED);
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// The workload with what the command line changes.
fn changed(workload: Workload, matches: &ArgMatches) -> Result<Workload, String> {
    let given = |name| matches.get_one::<u32>(name).copied();
    let pace = given("window").map(Pace::Window).or(given("rate").map(Pace::Rate));
    let clients = given("clients").unwrap_or(workload.clients);
    let workload = Workload {
        clients,
        rooms: given("rooms").unwrap_or(workload.rooms),
        // Of fewer clients, fewer speak.
        speakers: given("speakers").unwrap_or(workload.speakers.min(clients)),
        slow: given("slow").unwrap_or(workload.slow),
        line_bytes: given("line-bytes").unwrap_or(workload.line_bytes),
        classes: given("classes").unwrap_or(workload.classes),
        pace: pace.unwrap_or(workload.pace),
        ..workload
    };
    workload.check().map(|()| workload)
}

fn measure(workload: &Workload, dialect: Dialect, matches: &ArgMatches) -> io::Result<Report> {
    let seconds = matches.get_one::<u32>("seconds").copied().unwrap_or_default();
    let server = match matches.get_one::<String>("connect") {
        Some(address) => Server::running(address, matches.get_one("pid").copied())?,
        None => {
            let options: Vec<String> = matches.get_many("serve").into_iter().flatten().cloned().collect();
            Server::start(dialect.name(), &options)?
        }
    };
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{prefix:10} {bar:40} {msg}").expect("the template is sound");
    bar.set_style(style);
    bar.set_prefix(workload.name);
    let hidden = bar.is_hidden();
    let mut doing = "";
    let mut progress = |what: &'static str, done: u64, of: u64| {
        if hidden {
            return;
        }
        if what != doing {
            doing = what;
            bar.set_message(what);
        }
        bar.set_length(of);
        bar.set_position(done);
    };
    let report = run::run(workload, dialect, &server, Duration::from_secs(seconds.into()), &mut progress);
    bar.finish_and_clear();
    report
}

fn tell(reports: &[Report], matches: &ArgMatches) -> io::Result<()> {
    if !matches.get_flag("json") && !reports.is_empty() {
        let mut output = io::stdout().lock();
        let rows: Vec<_> = reports.iter().map(Report::to_row).collect();
        output.write_all(report::table(&rows).as_bytes())?;
        for report in reports.iter().filter(|report| report.workload.slow > 0) {
            let (closed, slow) = (report.slow_closed, report.workload.slow);
            writeln!(output, "{}: {closed} of {slow} that never read were closed", report.workload.name)?;
        }
    }
    match matches.get_one::<PathBuf>("plot") {
        Some(file) => draw(reports, file),
        None => Ok(()),
    }
}

fn draw(reports: &[Report], file: &Path) -> io::Result<()> {
    let picture =
        plot::latencies(reports).ok_or_else(|| io::Error::other("no workload that has latencies"))?;
    std::fs::write(file, picture)
}

fn fail(error: &str, code: u8) -> ExitCode {
    complain(error);
    ExitCode::from(code)
}

fn complain(text: &str) {
    // Where nobody can be told, nobody is.
    drop(writeln!(io::stderr(), "parlor: {text}"));
}
