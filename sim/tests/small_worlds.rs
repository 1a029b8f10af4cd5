//! An exhaustive test of small scenarios: two clients, two rooms, every sequence of a few operations, and every way to
//! distribute them over ticks. Random scenarios could miss a case.

use parlor_protocol::RoomName;
use parlor_sim::scenario::{Act, Scenario, Setup, Step};
use parlor_sim::tier1;
use parlor_sim::trace::Trace;

/// Number of operations of a sequence.
const LENGTH: u32 = 4;

/// The lines that a client may send.
const LINES: [&str; 4] = ["#1 said\n", "/join tea\n", "/join lobby\n", "/nick alice\n"];

/// Number of acts of a client: the lines, and closing its side or connecting again.
const ACTS: u32 = 5;

/// Number of different operations: the acts of either client.
const OPERATIONS: u32 = 2 * ACTS;

/// Delay of a step that is in another tick than the one before.
const NEXT_TICK_US: u64 = 10_000;

/// Returns the steps of one operation. The last act closes the client's side and connects again; the half that does not
/// apply has no effect.
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
                // The bits of `cuts` tell between which operations a tick ends.
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
