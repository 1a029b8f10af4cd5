//! `parlor-sim bench`: how fast the core is without checkers, and the simulator with all of them.

use parlor_sim::bench::{self, Report};
use std::process::ExitCode;

pub(crate) fn run(seconds: u64) -> ExitCode {
    for report in
        [bench::core_alone(seconds), bench::busy_with_checkers(seconds), bench::with_checkers(seconds)]
    {
        tell(&report);
    }
    ExitCode::SUCCESS
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
