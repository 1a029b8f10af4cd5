//! `parlor bench`: puts load on a chat server, and measures what that costs.
//!
//! Every run checks the deliveries: each line reaches every member of its room except its speaker exactly once, in the
//! speaker's order, and sampled members receive all lines in the same order. The figures of a run that fails a check do
//! not count.

mod clients;
mod dialect;
mod options;
mod plot;
mod report;
mod run;
mod server;
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

/// The exit code if a run failed a check or could not be carried out.
const FAILED: u8 = 1;
/// The exit code of a wrong command line.
const BAD_USAGE: u8 = 2;

/// Runs the workloads of the command line.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let names = matches.get_many::<String>("workload").into_iter().flatten();
    let workloads: Vec<Workload> = names.filter_map(|name| Workload::named(name)).collect();
    let workloads = workloads.into_iter().map(|workload| with_changes(workload, matches));
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
    if dialect != Dialect::Irc
        && let Some(workload) = workloads.iter().find(|workload| workload.rooms_each > 1)
    {
        let error = format!("{}: members of several rooms need --dialect irc", workload.name);
        return fail(&error, BAD_USAGE);
    }
    // If the limit is too low none the less, the connection that fails reports it.
    let _files_max = file_limit::raise();
    let mut reports = Vec::new();
    let mut passed = true;
    for workload in &workloads {
        match measure(workload, dialect, matches) {
            Ok(report) => {
                for failure in &report.failures {
                    print_error(&format!("{}: {failure}", workload.name));
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
                print_error(&format!("{}: {error}", workload.name));
                passed = false;
            }
        }
    }
    if let Err(error) = print_reports(&reports, matches) {
        return fail(&format!("cannot write the results: {error}"), FAILED);
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// Returns the workload with the changes of the command line.
fn with_changes(workload: Workload, matches: &ArgMatches) -> Result<Workload, String> {
    let given = |name| matches.get_one::<u32>(name).copied();
    let pace = given("window").map(Pace::Window).or(given("rate").map(Pace::Rate));
    let clients = given("clients").unwrap_or(workload.clients);
    let workload = Workload {
        clients,
        rooms: given("rooms").unwrap_or(workload.rooms),
        rooms_each: given("rooms-each").unwrap_or(workload.rooms_each),
        // With fewer clients than the workload has, at most all of them speak.
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
    let style = ProgressStyle::with_template("{prefix:10} {bar:40} {msg}").expect("the template is valid");
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

fn print_reports(reports: &[Report], matches: &ArgMatches) -> io::Result<()> {
    if !matches.get_flag("json") && !reports.is_empty() {
        let mut output = io::stdout().lock();
        let rows: Vec<_> = reports.iter().map(Report::to_row).collect();
        output.write_all(report::table(&rows).as_bytes())?;
        for report in reports.iter().filter(|report| report.workload.slow > 0) {
            let (closed, percent) = (report.slow_closed, report.slow_share * 100.0);
            let name = report.workload.name;
            writeln!(
                output,
                "{name}: members that never read were in the room for {percent:.0} % of the time; the server closed {closed}"
            )?;
        }
    }
    match matches.get_one::<PathBuf>("plot") {
        Some(file) => write_plot(reports, file),
        None => Ok(()),
    }
}

fn write_plot(reports: &[Report], file: &Path) -> io::Result<()> {
    let picture =
        plot::latencies(reports).ok_or_else(|| io::Error::other("no workload has latencies to plot"))?;
    std::fs::write(file, picture)
}

fn fail(error: &str, code: u8) -> ExitCode {
    print_error(error);
    ExitCode::from(code)
}

fn print_error(text: &str) {
    // If standard error is closed, the exit code still reports the failure.
    drop(writeln!(io::stderr(), "parlor: {text}"));
}
