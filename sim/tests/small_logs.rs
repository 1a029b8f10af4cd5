//! An exhaustive test of small worlds of the log: two nodes, one of which has two lives. `parlor-sim small-logs` visits larger ones.

use parlor_protocol::planted::Bug as CoreBug;
use parlor_sim::bug::Bug;
use parlor_sim::small_logs::Clients::{Nobody, Speaker, Two};
use parlor_sim::small_logs::{Bounds, World, enumerate};

/// The worlds that are visited in seconds.
const QUICK: &[World] = &[
    ([Two, Speaker, Speaker], Bounds::NONE),
    ([Two, Nobody, Speaker], Bounds::DELAY),
    ([Two, Nobody, Speaker], Bounds::REPEAT),
    ([Nobody, Nobody, Two], Bounds::STALL),
];

/// Returns the first observation of a bug.
fn found(bug: CoreBug) -> Option<String> {
    Bug::plant(Some(Bug::Core(bug)));
    let found = QUICK.iter().find_map(|&world| enumerate(world).err());
    Bug::plant(None);
    found.map(|violation| violation.to_string())
}

// One test, because a bug is planted in the whole process.
#[test]
fn every_state_of_a_small_log_keeps_every_law_and_bugs_are_found() {
    for &world in QUICK {
        match enumerate(world) {
            Ok(report) => println!("{world:?}: {report:?}"),
            Err(violation) => panic!("{world:?}:\n{violation}"),
        }
    }
    for (bug, observation) in [
        (CoreBug::NumberIgnored, "is applied after the number"),
        (CoreBug::LifeIgnored, "but the life of its node is"),
        (CoreBug::RepeatSaid, "is applied after the number"),
        (CoreBug::OvertakenLost, "are never answered"),
        (CoreBug::LifeOutlasted, "is over: false"),
        (CoreBug::EntranceAdopted, "is a member of this node"),
        (CoreBug::GhostStays, "each member of this node has a connection"),
    ] {
        let found = found(bug).unwrap_or_else(|| panic!("{bug:?} is not found"));
        assert!(found.contains(observation), "{bug:?}: {found}");
    }
}
