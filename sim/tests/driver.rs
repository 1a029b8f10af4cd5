//! Runs fixed seeds in tier 2, with the real driver on turmoil.

use parlor_sim::scenario::Scenario;
use parlor_sim::tier2;

const SEEDS: u64 = 3;

#[test]
fn the_driver_keeps_every_law_under_fixed_seeds() {
    for seed in 0..SEEDS {
        let scenario = Scenario::of_seed(seed);
        let outcome = tier2::run(&scenario);
        if let Some(violation) = outcome.violation {
            panic!("seed {seed}: {violation}\n{}", scenario.setup);
        }
        println!("{seed} {:?}", outcome.stats);
    }
}
