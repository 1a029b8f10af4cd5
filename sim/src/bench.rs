//! Measures the speed of the core and of the simulator. No other module of this library reads wall time.

use crate::law::Checks;
use crate::scenario::{Act, Scenario, Setup, Step};
use crate::source::Source;
use crate::tier1;
use crate::tier2;
use crate::trace::Trace;
use parlor_protocol::{Rate, RoomName};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Clients in one room.
const CLIENTS: u16 = 50;

/// Simulated seconds of one scenario.
const SIMULATED_SECONDS: u64 = 60;

/// The result of a measurement.
#[derive(Clone, Debug)]
pub struct Report {
    /// A description of the measurement.
    pub what: &'static str,
    /// Number of inputs by kind.
    pub mix: BTreeMap<&'static str, u64>,
    /// Number of deliveries: an event of a room that was sent to a connection.
    pub deliveries: u64,
    /// Simulated microseconds.
    pub simulated_us: u64,
    /// Wall time.
    pub wall: Duration,
}

/// Measures the core over simulated links without checkers. Clients send messages without a pause, and some leave and
/// enter.
#[must_use]
pub fn core_alone(seconds: u64) -> Report {
    let what = "core, no checkers: 50 clients in one room speak without a pause, a few come and go";
    measure(what, seconds, &busy(), Checks::None)
}

/// Measures the simulator with all checkers. Each client sends one message a second.
#[must_use]
pub fn with_checkers(seconds: u64) -> Report {
    measure(
        "all checkers: 50 clients in one room, each speaks once a second",
        seconds,
        &leisurely(),
        Checks::All,
    )
}

/// Measures the simulator with all checkers, on the scenario of [`core_alone`].
#[must_use]
pub fn busy_with_checkers(seconds: u64) -> Report {
    measure("all checkers: the same as without", seconds, &busy(), Checks::All)
}

/// Measures the driver on turmoil. Clients are on three hosts, and each sends one message a second.
#[must_use]
pub fn driver(seconds: u64) -> Report {
    let what = "driver on turmoil, the model beside it: 50 clients on 3 hosts, each speaks once a second";
    let scenario = leisurely();
    measure_by(what, seconds, |report| {
        let outcome = tier2::run(&scenario);
        assert_eq!(outcome.violation, None, "what is measured is right");
        *report.mix.entry("inputs").or_default() += outcome.stats.inputs;
        report.simulated_us += outcome.stats.simulated_us;
    })
}

impl Report {
    /// Returns the rate of inputs.
    #[must_use]
    pub fn inputs_per_second(&self) -> f64 {
        self.per_second(self.mix.values().sum())
    }

    /// Returns the rate of deliveries.
    #[must_use]
    pub fn deliveries_per_second(&self) -> f64 {
        self.per_second(self.deliveries)
    }

    /// Returns the ratio of simulated time to wall time.
    #[must_use]
    pub fn times_real_time(&self) -> f64 {
        self.per_second(self.simulated_us) / 1e6
    }

    #[expect(clippy::cast_precision_loss, reason = "it is shown, with few digits")]
    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }
}

fn measure(what: &'static str, seconds: u64, scenario: &Scenario, checks: Checks) -> Report {
    let trace = if checks == Checks::All { Trace::hash_only() } else { Trace::off() };
    measure_by(what, seconds, |report| {
        let outcome = tier1::run_checked(scenario, trace.clone(), None, checks);
        assert_eq!(outcome.violation, None, "what is measured is right");
        let stats = outcome.stats;
        for (kind, count) in stats.inputs {
            // Received chunks count by their lines. Commits are a consequence of other inputs, and do not count.
            let name = if kind == "received" { "lines" } else { kind };
            let count = if kind == "received" { stats.lines } else { count };
            if kind != "committed" {
                *report.mix.entry(name).or_default() += count;
            }
        }
        report.deliveries += stats.deliveries;
        report.simulated_us += stats.simulated_us;
    })
}

#[expect(clippy::disallowed_methods, reason = "a measurement of wall time")]
fn measure_by(what: &'static str, seconds: u64, mut run: impl FnMut(&mut Report)) -> Report {
    let mut report =
        Report { what, mix: BTreeMap::new(), deliveries: 0, simulated_us: 0, wall: Duration::ZERO };
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        run(&mut report);
    }
    report.wall = began.elapsed();
    report
}

fn setup() -> Setup {
    let mut setup = Setup::calm(CLIENTS, 1);
    setup.limits.rate = Rate { lines: 0, burst: 1 };
    setup
}

/// Creates a scenario in which all clients enter, and then each sends one message a second.
fn leisurely() -> Scenario {
    let mut scenario = entered(setup());
    let mut source = Source::seed(1);
    for number in 0..SIMULATED_SECONDS * u64::from(CLIENTS) {
        let client = u16::try_from(source.below(CLIENTS.into())).unwrap_or_default();
        scenario.steps.push(say(1_000_000 / u64::from(CLIENTS), client, number..number + 1));
    }
    scenario
}

/// Creates a scenario in which all clients enter, and then all send messages at once, over and over.
fn busy() -> Scenario {
    let mut setup = setup();
    setup.tick_us = 100;
    setup.limits.backlog_bytes_max = 8 << 20;
    setup.window_bytes = 1 << 20;
    let mut scenario = entered(setup);
    let mut number = 0;
    for round in 0..400 {
        for client in 0..CLIENTS {
            scenario.steps.push(say(0, client, number..number + 8));
            number += 8;
        }
        scenario.steps.push(Step { after_us: 1_000, client: round % CLIENTS, act: Act::EndInput });
        let lobby = Act::Connect(Some(RoomName::lobby()));
        scenario.steps.push(Step { after_us: 1_000, client: round % CLIENTS, act: lobby });
    }
    scenario
}

fn entered(setup: Setup) -> Scenario {
    let connect = |client| Step { after_us: 10, client, act: Act::Connect(Some(RoomName::lobby())) };
    Scenario { steps: (0..setup.clients).map(connect).collect(), setup }
}

/// Creates a step that sends the messages with these numbers at once. Each has 64 bytes as it is delivered, and starts
/// with its number.
fn say(after_us: u64, client: u16, numbers: Range<u64>) -> Step {
    let lines: String = numbers.map(|number| format!("{:x<57}\n", format!("#{number} "))).collect();
    Step { after_us, client, act: Act::Send { bytes: lines.into_bytes(), segment: 0 } }
}
