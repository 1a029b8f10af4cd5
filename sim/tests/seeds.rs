//! Fixed seeds of tier 1, with every checker on.

use parlor_sim::scenario::{Scenario, Size};
use parlor_sim::source::Source;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;

const SEEDS: u64 = 100;

#[test]
fn every_law_holds_under_fixed_seeds() {
    for seed in 0..SEEDS {
        let scenario = Scenario::generate(&mut Source::seed(seed), Size::SWEEP);
        let outcome = tier1::run(&scenario, Trace::hash_only());
        if let Some(violation) = outcome.violation {
            panic!("seed {seed}: {violation}\n{:#?}", scenario.setup);
        }
    }
}
