//! Runs fixed seeds in tier 1 with all checks: every law holds, every mark is reached, and every planted bug is found.
//! It is one test, because a bug in the core is planted in the whole process.

use parlor_sim::bug::{BUGS, Bug};
use parlor_sim::mark::{Mark, Marks};
use parlor_sim::scenario::Scenario;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;

const SEEDS: u64 = 2_000;

/// Number of seeds within which each planted bug must be found.
const PLANTED_SEEDS: u64 = 1_000;

#[test]
fn every_law_holds_every_mark_is_reached_and_every_planted_bug_is_found() {
    let mut marks = Marks::new();
    for seed in 0..SEEDS {
        let scenario = Scenario::of_seed(seed);
        let mut outcome = tier1::run(&scenario, Trace::hash_only());
        if let Some(violation) = outcome.violation {
            panic!("seed {seed}: {violation}\n{:#?}", scenario.setup);
        }
        marks.append(&mut outcome.stats.marks);
    }
    let missed: Vec<_> = Mark::ALL.iter().filter(|mark| !marks.contains(mark)).collect();
    assert!(missed.is_empty(), "{SEEDS} seeds never reach {missed:?}");

    for (name, bug) in BUGS {
        let sim_bug = Bug::plant(Some(bug));
        let found = (0..PLANTED_SEEDS).any(|seed| {
            let scenario = Scenario::of_seed(seed);
            tier1::run_with(&scenario, Trace::hash_only(), sim_bug).violation.is_some()
        });
        Bug::plant(None);
        assert!(found, "{PLANTED_SEEDS} seeds do not find {name}");
    }
}
