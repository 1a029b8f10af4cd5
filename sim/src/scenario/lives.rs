//! Scenarios of nodes that share a log: processes crash, stop, and are started twice; clocks are wrong; the log repeats proposals
//! and lets them overtake each other.

use super::generate::{Size, Writer};
use super::{Act, Scenario, Setup, Shared, Step};
use crate::source::Source;

/// Fewer clients and steps than other scenarios have, because each process is checked with all entries.
const SIZE: Size = Size { clients: (6, 14), steps: (150, 300) };

/// Maximum time without a process, in microseconds.
const DOWN_US_MAX: u64 = 200_000;

/// Milliseconds by which a clock is wrong: minutes and hours, as after a start without network time.
const WRONG_MS: [i64; 6] = [-7_200_000, -300_000, -59_000, 40_000, 600_000, 86_400_000];

impl Scenario {
    /// Generates a scenario of nodes that share a log.
    #[must_use]
    pub fn lives(source: &mut Source<'_>) -> Self {
        let mut setup = Setup::generate(source, SIZE);
        setup.shared = Shared {
            nodes: source.pick(&[1, 2, 2, 3]),
            deliver_us_max: source.pick(&[0, 50, 5_000, 100_000]),
            overtake_per_mille: source.pick(&[0, 50, 300]),
            repeat_per_mille: source.pick(&[0, 50, 300]),
            skew_ms_max: source.pick(&[0, 0, 3_000]),
        };
        let steps = source.between(SIZE.steps.0 as u64, SIZE.steps.1 as u64);
        let per_mille = source.pick(&[10, 30, 60]);
        let mut writer = Writer::new(&setup, source);
        let mut steps: Vec<Step> = (0..steps)
            .map(|_| match source.chance(per_mille) {
                true => writer.happening(&setup, source),
                false => writer.step(source),
            })
            .collect();
        // The first process of each node has time to start.
        if let Some(first) = steps.first_mut() {
            first.after_us += source.pick(&[0, 1_000_000]);
        }
        Self { setup, steps }
    }
}

impl Writer {
    /// Returns a step that happens to a node.
    fn happening(&mut self, setup: &Setup, source: &mut Source<'_>) -> Step {
        let client = u16::try_from(source.below(setup.clients.into())).expect("it is below a u16");
        let down_us = source.below(DOWN_US_MAX);
        let act = match source.weighted(&[4, 1, 2, 2]) {
            0 => Act::Crash { down_us },
            1 => Act::Restart { down_us },
            2 => Act::StartTwice,
            _ => Act::SetClock { ahead_ms: if source.chance(500) { 0 } else { source.pick(&WRONG_MS) } },
        };
        if !matches!(act, Act::SetClock { .. }) {
            let nodes = setup.shared.nodes;
            let of_node = self.connected.iter_mut().skip((client % nodes).into()).step_by(nodes.into());
            of_node.for_each(|connected| *connected = false);
        }
        Step { after_us: source.below(10_000), client, act }
    }
}
