//! `parlor-sim sweep`: runs many seeds on all cores, up to the first that fails.

use super::run::Seconds;
use super::{of_seed, silence_panics};
use crate::{Tier, exit_code};
use indicatif::{ProgressBar, ProgressStyle};
use parlor_sim::law::Violation;
use parlor_sim::mark::Mark;
use parlor_sim::tier1::{self, Stats};
use parlor_sim::tier2;
use parlor_sim::trace::Trace;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The end of a sweep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Seconds(u64),
    Seeds(u64),
}

/// The totals of all threads.
#[derive(Debug, Default)]
struct Total {
    stats: Stats,
    seeds: u64,
    steps: u64,
    faults: BTreeMap<&'static str, u64>,
    /// Number of scenarios by their number of clients.
    clients: BTreeMap<u16, u64>,
    /// The lowest failing seed that was found.
    failed: Option<(u64, Violation)>,
}

pub(crate) fn run(tier: Tier, from: u64, until: Until, threads: Option<usize>) -> ExitCode {
    silence_panics();
    let threads = threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into)).max(1);
    let total = Mutex::new(Total::default());
    let (next, stop) = (AtomicU64::new(from), AtomicBool::new(false));
    let bar = progress_bar(until);
    #[expect(
        clippy::disallowed_methods,
        reason = "a sweep may be bounded by wall time, and says how long it took"
    )]
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let over = match until {
                        Until::Seconds(seconds) => began.elapsed() >= Duration::from_secs(seconds),
                        Until::Seeds(seeds) => seed - from >= seeds,
                    };
                    if over {
                        break;
                    }
                    if one(tier, seed, &total) {
                        stop.store(true, Ordering::Relaxed);
                    }
                    match until {
                        Until::Seconds(_) => bar.set_position(began.elapsed().as_secs()),
                        Until::Seeds(_) => bar.inc(1),
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let total = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    total.tell(tier, threads, began.elapsed());
    total.conclude(tier)
}

/// Runs one seed; returns whether it failed.
fn one(tier: Tier, seed: u64, total: &Mutex<Total>) -> bool {
    let scenario = of_seed(seed);
    let (stats, faults, violation) = match tier {
        Tier::Core => {
            let outcome = tier1::run(&scenario, Trace::hash_only());
            let faults = outcome.stats.faults.by_name().collect();
            (outcome.stats, faults, outcome.violation)
        }
        Tier::Driver => {
            let outcome = tier2::run(&scenario);
            let faults = outcome.stats.faults();
            (outcome.stats.into(), faults, outcome.violation)
        }
    };
    let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    total.seeds += 1;
    total.steps += scenario.steps.len() as u64;
    *total.clients.entry(scenario.setup.clients).or_default() += 1;
    total.stats.add(stats);
    for (name, count) in faults {
        *total.faults.entry(name).or_default() += count;
    }
    let Some(violation) = violation else { return false };
    if total.failed.as_ref().is_none_or(|(other, _)| seed < *other) {
        total.failed = Some((seed, violation));
    }
    true
}

fn progress_bar(until: Until) -> ProgressBar {
    let (length, unit) = match until {
        Until::Seconds(seconds) => (seconds, "s"),
        Until::Seeds(seeds) => (seeds, "seeds"),
    };
    let style = format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left");
    let bar = ProgressBar::new(length);
    bar.set_style(ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

impl Total {
    fn tell(&self, tier: Tier, threads: usize, wall: Duration) {
        let inputs: u64 = self.stats.inputs.values().sum();
        let wall = wall.as_secs_f64();
        let simulated = Seconds(self.stats.simulated_us).get();
        let rate =
            |count: u64| Seconds(count * 1_000_000).get() / wall / Seconds(threads as u64 * 1_000_000).get();
        println!("{} seeds, {} steps in {wall:.1} s on {threads} threads", self.seeds, self.steps);
        println!(
            "{simulated:.0} s simulated: {:.0} times real time on each thread; {:.0} inputs a second on each",
            simulated / wall / Seconds(threads as u64 * 1_000_000).get(),
            rate(inputs)
        );
        table("steps that did something", self.stats.acts.iter().map(|(&word, &count)| (word, count)));
        table("faults", self.faults.iter().map(|(&name, &count)| (name, count)));
        let inputs = self.stats.inputs.iter().map(|(&word, &count)| (word, count));
        table("inputs of the hub", inputs.chain([("(whole lines in them)", self.stats.lines)]));
        println!("clients:");
        for (range, (least, most)) in
            [("up to 12", (0, 12)), ("13 to 18", (13, 18)), ("19 to 24", (19, 24)), ("more", (25, u16::MAX))]
        {
            let scenarios: u64 = self.clients.range(least..=most).map(|(_, count)| count).sum();
            println!("  {range:<28}{scenarios:>14} scenarios");
        }
        if tier == Tier::Driver {
            return;
        }
        let reached = self.stats.marks.len();
        println!("marks: {reached} of {} reached", Mark::ALL.len());
        for mark in Mark::ALL.iter().filter(|mark| !self.stats.marks.contains(mark)) {
            println!("  never: {}", mark.about());
        }
    }

    fn conclude(&self, tier: Tier) -> ExitCode {
        if let Some((seed, violation)) = &self.failed {
            let tier = if tier == Tier::Core { "" } else { " --tier 2" };
            println!("\nseed {seed}: {violation}\n\ncargo run --release -p parlor-sim -- run {seed}{tier}");
            return exit_code(violation.law);
        }
        let unused = self.faults.values().filter(|count| **count == 0).count();
        let missed = tier == Tier::Core && self.stats.marks.len() < Mark::ALL.len();
        if unused > 0 || missed {
            println!("\nevery law holds, but not everything was tried");
            return ExitCode::from(12);
        }
        println!("every law holds");
        ExitCode::SUCCESS
    }
}

fn table<'t>(title: &str, rows: impl Iterator<Item = (&'t str, u64)>) {
    println!("{title}:");
    for (name, count) in rows {
        println!("  {name:<28}{count:>14}");
    }
}
