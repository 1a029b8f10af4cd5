//! Tier 2: runs the real driver of `parlor-runtime` on turmoil, over streams with faults.
//!
//! The scenarios are those of tier 1; clients are tasks on a few simulated hosts. The model gets every input that the
//! driver gives its hub, and every byte that a client reads is compared with the model's. Two things are different from
//! tier 1: turmoil loses the segments of a broken link, so links are only held; and its windows count segments instead
//! of bytes, so partial reads and writes are simulated by the streams.

mod chaos;
mod clients;
mod listener;
mod log;
mod verifier;
mod watch;

use crate::law::{Law, Violation};
use crate::scenario::Scenario;
use crate::tier1::Stats;
pub use chaos::ChaosCounts;
use chaos::{Chaos, Rates};
use clients::Clients;
use listener::{SimClock, SimListener};
use log::SimLog;
use parlor_protocol::{Dialect, RoomName, Via, World};
use parlor_runtime::driver::{Control, Driver, DriverLimits, Ended, ListenerRole, Parts};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use turmoil::net::TcpListener;
use verifier::SimVerifier;
use watch::{Observing, Watch};

const SERVER: &str = "server";
/// The dialects, in the order of their ports.
const DIALECTS: [Dialect; 3] = [Dialect::Plain, Dialect::Auto, Dialect::Irc];

/// The port of the first dialect.
const PORT: u16 = 3_000;

/// Returns the port of a dialect.
fn port(dialect: Dialect) -> u16 {
    let mut ports = DIALECTS.into_iter().zip(PORT..);
    ports.find(|(other, _)| *other == dialect).map_or(PORT, |(_, port)| port)
}

/// Number of hosts for the clients. It is small because a host takes time in each tick, but a client only when it acts.
const CLIENT_HOSTS: u16 = 3;

/// turmoil's tick.
const TICK: Duration = Duration::from_millis(2);

/// Simulated time within which a run must come to rest, and the server must stop.
const REST_MAX: Duration = Duration::from_secs(600);

/// Number of connections that may wait to be accepted: turmoil panics if there are more.
const TCP_CAPACITY: usize = 4_096;

/// The first tag of the last messages. Tags of the scenario are below.
const LAST_TAGS: u64 = 1_000_000;

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The first violation of a law, if there is one.
    pub violation: Option<Violation>,
    /// Statistics of the run.
    pub stats: Tier2Stats,
    /// A hash over everything that clients have read.
    pub hash: u64,
}

/// Statistics of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tier2Stats {
    /// Number of acts of clients by kind.
    pub acts: BTreeMap<&'static str, u64>,
    /// Number of faults of streams.
    pub chaos: ChaosCounts,
    /// Number of inputs of the hub.
    pub inputs: u64,
    /// Simulated time in microseconds.
    pub simulated_us: u64,
}

impl Tier2Stats {
    /// Returns the name and the number of faults of each kind.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, u64)> {
        let act = |word| self.acts.get(word).copied().unwrap_or_default();
        vec![
            ("clients hang", act("hang")),
            ("links break", act("reset")),
            ("links hold", act("hold")),
            ("streams not ready", self.chaos.pending),
            ("short reads", self.chaos.short_reads),
            ("short writes", self.chaos.short_writes),
        ]
    }
}

impl From<Tier2Stats> for Stats {
    fn from(stats: Tier2Stats) -> Self {
        let inputs = BTreeMap::from([("inputs", stats.inputs)]);
        Self { acts: stats.acts, inputs, simulated_us: stats.simulated_us, ..Self::default() }
    }
}

/// The state that the hosts of a run share.
#[derive(Clone)]
struct Shared {
    watch: Rc<RefCell<Watch>>,
    chaos: Rc<RefCell<Chaos>>,
    stats: Rc<RefCell<Tier2Stats>>,
    /// Number of client hosts that have done their steps.
    played: Rc<Cell<u16>>,
    /// Number of client hosts that have read everything.
    rested: Rc<Cell<u16>>,
    stop: Rc<Notify>,
    ended: Rc<RefCell<Option<Ended>>>,
}

/// Runs a scenario.
#[must_use]
pub fn run(scenario: &Scenario) -> Outcome {
    let setup = &scenario.setup;
    let rates = Rates {
        short_read: setup.short_read_per_mille,
        short_write: setup.short_write_per_mille,
        pending: setup.short_read_per_mille / 4,
    };
    let source = crate::source::Source::seed(setup.chaos_seed);
    let shared = Shared {
        watch: Rc::new(RefCell::new(Watch::new(setup.limits, setup.options.clone()))),
        chaos: Rc::new(RefCell::new(Chaos { source, rates, counts: ChaosCounts::default() })),
        stats: Rc::default(),
        played: Rc::default(),
        rested: Rc::default(),
        stop: Rc::default(),
        ended: Rc::default(),
    };
    let mut sim = turmoil::Builder::new()
        .epoch(SystemTime::UNIX_EPOCH)
        .simulation_duration(Duration::from_secs(24 * 3_600))
        .tick_duration(TICK)
        .min_message_latency(Duration::ZERO)
        .max_message_latency(Duration::from_micros(setup.delay_us_max.max(1)))
        .tcp_capacity(TCP_CAPACITY)
        .rng_seed(setup.chaos_seed)
        .build();
    let (serving, clone) = (shared.clone(), scenario.clone());
    sim.host(SERVER, move || serve(serving.clone(), clone.clone()));
    for nth in 0..CLIENT_HOSTS {
        let (shared, scenario) = (shared.clone(), scenario.clone());
        sim.client(host(nth), async move {
            play(&shared, &scenario, nth).await;
            Ok(())
        });
    }
    let ran = sim.run();
    let mut watch = shared.watch.borrow_mut();
    if let Err(error) = ran {
        watch.record(Law::Liveness, None, error.to_string());
    }
    let expected = match watch.model.cut_off {
        0 => Ended::Drained,
        count => Ended::CutOff(count),
    };
    let ended = *shared.ended.borrow();
    if ended != Some(expected) {
        watch.record(Law::Ends, None, format!("the driver ended with {ended:?}, not {expected:?}"));
    }
    let mut stats = shared.stats.borrow().clone();
    stats.chaos = shared.chaos.borrow().counts;
    stats.inputs = watch.inputs;
    stats.simulated_us = u64::try_from(sim.elapsed().as_micros()).unwrap_or(u64::MAX);
    Outcome { violation: watch.violation.clone(), stats, hash: watch.hash }
}

fn host(nth: u16) -> String {
    format!("clients-{nth}")
}

/// Runs the driver on the server's host until the clients have read everything.
async fn serve(shared: Shared, scenario: Scenario) -> Result<(), Box<dyn std::error::Error>> {
    let mut listeners = Vec::new();
    for dialect in DIALECTS {
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), port(dialect))).await?;
        let listener = SimListener::new(listener, Rc::clone(&shared.chaos));
        let room = (dialect != Dialect::Irc).then(RoomName::lobby);
        listeners.push((listener, ListenerRole { dialect, via: Via::Direct, room }));
    }
    let (controls, control) = mpsc::channel(1);
    let stop = Rc::clone(&shared.stop);
    tokio::task::spawn_local(async move {
        stop.notified().await;
        controls.send(Control::Stop).await.ok();
        // Keeps the channel open until the simulation is over.
        std::future::pending::<()>().await;
    });
    let driver = Driver::new(
        scenario.setup.limits,
        scenario.setup.options.clone(),
        DriverLimits { accept_retry_ms: 1_000, log_close_ms: 60_000, shutdown_ms: 60_000 },
        listeners,
        Parts {
            clock: SimClock,
            log: SimLog::new(&scenario.setup),
            observer: Observing(Rc::clone(&shared.watch)),
            recorder: None,
            verifier: SimVerifier::default(),
            world: World::new(),
        },
    );
    let ended = driver.run(control).await;
    *shared.ended.borrow_mut() = Some(ended);
    Ok(())
}

/// Runs the clients of one host.
async fn play(shared: &Shared, scenario: &Scenario, nth: u16) {
    let clients = scenario.setup.clients;
    let mut clients = Clients::new(host(nth), clients, Rc::clone(&shared.watch), Rc::clone(&shared.stats));
    clients.play(scenario, nth, CLIENT_HOSTS).await;
    // The last messages are sent when all hosts have done their steps.
    shared.played.set(shared.played.get() + 1);
    let all_played = || shared.played.get() == CLIENT_HOSTS;
    wait_for(shared, "do their steps", all_played).await;
    clients.heal(LAST_TAGS * u64::from(nth + 1));
    // Time for the last messages to be sent; then waits until everything is read.
    sleep(Duration::from_secs(1)).await;
    let hears_all = || clients.left() == 0;
    wait_for(shared, "hear everything", hears_all).await;
    shared.rested.set(shared.rested.get() + 1);
    let all_rested = || shared.rested.get() == CLIENT_HOSTS;
    wait_for(shared, "come to rest", all_rested).await;
    shared.stop.notify_one();
    clients.end().await;
    let over = || shared.ended.borrow().is_some();
    wait_for(shared, "end", over).await;
}

/// Waits in simulated time until a condition holds. It is a violation if that takes too long.
async fn wait_for(shared: &Shared, what: &str, holds: impl Fn() -> bool) {
    let step = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    while !holds() && shared.watch.borrow().violation.is_none() {
        if waited > REST_MAX {
            let detail = format!("clients do not {what} within {} s", REST_MAX.as_secs());
            shared.watch.borrow_mut().record(Law::Liveness, None, detail);
            return;
        }
        sleep(step).await;
        waited += step;
    }
}
