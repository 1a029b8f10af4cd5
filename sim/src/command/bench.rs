//! `parlor-sim bench`: measures the speed of the core without checkers, and of the simulator with all of them.

use parlor_sim::bench::{self, Report};
use std::process::ExitCode;

pub(crate) fn run(seconds: u64) -> ExitCode {
    println!("on {}", machine());
    for report in [
        bench::core_alone(seconds),
        bench::busy_with_checkers(seconds),
        bench::with_checkers(seconds),
        bench::driver(seconds),
    ] {
        tell(&report);
    }
    ExitCode::SUCCESS
}

/// Returns the name of the processor on Linux, and the architecture elsewhere.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, one of them used")
}

fn tell(report: &Report) {
    println!("{}", report.what);
    println!("  {:.0} inputs a second", report.inputs_per_second());
    println!("  {:.0} deliveries a second", report.deliveries_per_second());
    println!("  {:.0} times real time", report.times_real_time());
    for (name, count) in &report.mix {
        println!("  {name:<24}{count:>12}");
    }
}
