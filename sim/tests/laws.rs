//! The laws of the chat under scenarios that shrink: skip-sender, one close per connection, unique names, a
//! log that replays to the same world, and every other one that the simulator's judge checks.

use parlor_sim::scenario::{Scenario, Size};
use parlor_sim::source::Source;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_law_holds(choices in prop::collection::vec(any::<u8>(), 100..1_200)) {
        let scenario = Scenario::generate(&mut Source::Bytes(&choices), Size::SMALL);
        let outcome = tier1::run(&scenario, Trace::hash_only());
        if let Some(violation) = outcome.violation {
            prop_assert!(false, "{}\n{:#?}", violation, scenario);
        }
    }
}
