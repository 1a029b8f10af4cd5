//! `parlor bench`: loads a chat server with clients, and measures what that costs it.
//!
//! Every run checks what was heard: each line once by everyone in its room but its speaker, in the order in
//! which its speaker said it, and in the same order by the members that are sampled. Figures of a run that
//! fails a check do not count.

mod dialect;
mod options;
mod plot;
mod report;
mod run;
mod server;
mod swarm;
mod tally;
mod usage;
mod workload;

use crate::file_limit;
use clap::ArgMatches;
use dialect::Dialect;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub use options::command;
use run::Report;
use server::Server;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use workload::{Pace, Workload};

/// A run that failed a gate, or could not be.
const FAILED: u8 = 1;
/// The command line makes no sense.
const BAD_USAGE: u8 = 2;

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
