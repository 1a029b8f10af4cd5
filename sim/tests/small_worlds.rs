//! Small worlds, all of them: two clients, two rooms, every sequence of a few operations, and every way in
//! which these fall into ticks. Where randomness could miss something, this cannot.

use parlor_protocol::RoomName;
use parlor_sim::scenario::{Act, Scenario, Setup, Step};
use parlor_sim::tier1;
use parlor_sim::trace::Trace;

/// Operations of one sequence.
const LENGTH: u32 = 4;

/// What one of the clients does.
const LINES: [&str; 4] = ["#1 said\n", "/join tea\n", "/join lobby\n", "/nick alice\n"];

/// Beside those: it closes its side, or comes back if it is gone.
const ACTS: u32 = 5;

/// Operations by either client.
const OPERATIONS: u32 = 2 * ACTS;

/// How much later a step is that falls into another tick.
const NEXT_TICK_US: u64 = 10_000;

/// The steps of one operation: a client that is gone comes back, and one that is there is not hurt by that.
fn operation(number: u32, tag: &mut u64) -> Vec<Step> {
    let client = u16::from(number >= ACTS);
    let step = |act| Step { after_us: 0, client, act };
    let Some(line) = LINES.get((number % ACTS) as usize) else {
        return vec![step(Act::EndInput), step(Act::Connect(Some(RoomName::lobby())))];
    };
    *tag += 1;
    let bytes = line.replace("#1", &format!("#{tag}")).into_bytes();
    vec![step(Act::Send { bytes, segment: 0 })]
}

#[test]
fn every_small_world_keeps_every_law() {
    let mut setup = Setup::calm(2, 1);
    (setup.tick_us, setup.delay_us_max) = (100, 0);
    let mut worlds = 0;
    for sequence in 0..OPERATIONS.pow(LENGTH) {
        for cuts in 0..1 << (LENGTH - 1) {
            let mut scenario = Scenario { setup: setup.clone(), steps: Vec::new() };
            for client in 0..2 {
                let act = Act::Connect(Some(RoomName::lobby()));
                scenario.steps.push(Step { after_us: 1, client, act });
            }
            let (mut left, mut tag) = (sequence, 0);
            for place in 0..LENGTH {
                let mut steps = operation(left % OPERATIONS, &mut tag);
                left /= OPERATIONS;
                // Between two operations a tick ends, or does not.
                if cuts << 1 & 1 << place != 0 {
                    steps[0].after_us = NEXT_TICK_US;
                }
                scenario.steps.append(&mut steps);
            }
            worlds += 1;
            if let Some(violation) = tier1::run(&scenario, Trace::hash_only()).violation {
                panic!("{violation}\n{scenario}");
            }
        }
    }
    assert_eq!(ACTS as usize, 1 + LINES.len());
    assert_eq!(worlds, OPERATIONS.pow(LENGTH) << (LENGTH - 1));
}
