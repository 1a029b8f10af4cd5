//! The law of a hostile address, by itself: other laws find the bugs here earlier, because the model predicts everything.

use parlor_protocol::planted::Bug as CoreBug;
use parlor_sim::bug::Bug;
use parlor_sim::law::{Checks, Law};
use parlor_sim::scenario::Scenario;
use parlor_sim::source::Source;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;

/// Returns the first of `seeds` scenarios in which the law finds the bug, and the observation.
fn found(bug: Option<CoreBug>, seeds: u64) -> Option<(u64, String)> {
    Bug::plant(bug.map(Bug::Core));
    let found = (0..seeds).find_map(|seed| {
        let scenario = Scenario::hostile(&mut Source::seed(seed));
        let violation = tier1::run_checked(&scenario, Trace::off(), None, Checks::Hostile).violation?;
        assert_eq!(violation.law, Law::Hostile, "{violation}");
        Some((seed, violation.to_string()))
    });
    Bug::plant(None);
    found
}

// One test, because a bug is planted in the whole process.
#[test]
fn the_law_of_a_hostile_address_finds_bugs_by_itself() {
    assert_eq!(found(None, 500), None);
    let (_, detail) = found(Some(CoreBug::BudgetOfConnection), 200).expect("it is found");
    assert!(detail.contains("slow reader"), "{detail}");
    let (_, detail) = found(Some(CoreBug::TurnEndless), 500).expect("it is found");
    assert!(detail.contains("commands"), "{detail}");
}
