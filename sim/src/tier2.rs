//! Tier 2: the real driver of `parlor-runtime` on turmoil, its streams full of chaos.
//!
//! The same scenarios as in tier 1, done by clients that are tasks on a few simulated hosts. The model is told
//! every input that the driver gives its hub, and every byte that a client reads is compared with it. turmoil
//! loses what a broken link carried, so links are only held; it counts segments, not bytes, so windows are
//! what the chaos streams make of them.

mod chaos;
mod clients;
mod judge;
mod listener;
mod watch;

use crate::law::{Law, Violation};
use crate::scenario::Scenario;
use crate::tier1::Stats;
pub use chaos::ChaosCounts;
use chaos::{Chaos, Rates};
use clients::Clients;
use judge::SimJudge;
use listener::{SimClock, SimListener};
use parlor_protocol::{Dialect, RoomName};
use parlor_runtime::driver::{Control, Driver, DriverLimits, Ended, ListenerRole};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use turmoil::net::TcpListener;
use watch::{Observing, Watch};

const SERVER: &str = "server";
/// The dialects, in the order of their ports.
const DIALECTS: [Dialect; 3] = [Dialect::Plain, Dialect::Auto, Dialect::Irc];

/// The port of the first of them.
const PORT: u16 = 3_000;

/// Where a dialect is spoken.
fn port(dialect: Dialect) -> u16 {
    let mut ports = DIALECTS.into_iter().zip(PORT..);
    ports.find(|(other, _)| *other == dialect).map_or(PORT, |(_, port)| port)
}

/// Hosts that the clients are on: a host costs time each tick, a client only when it does something.
const CLIENT_HOSTS: u16 = 3;

/// turmoil's tick.
const TICK: Duration = Duration::from_millis(2);

/// Simulated time in which all must come to rest, and the whole must end.
const REST_MAX: Duration = Duration::from_secs(600);

/// turmoil panics over so many connections that wait to be accepted.
const TCP_CAPACITY: usize = 4_096;

/// Tags of last lines; those of the scenario are below.
const LAST_TAGS: u64 = 1_000_000;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The law that did not hold, if one did not.
    pub violation: Option<Violation>,
    /// Counts of everything that was done.
    pub stats: Tier2Stats,
    /// A hash over everything that clients read.
    pub hash: u64,
}

/// What a run was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tier2Stats {
    /// Acts that were done, by their word.
    pub acts: BTreeMap<&'static str, u64>,
    /// Counts of the streams' faults.
    pub chaos: ChaosCounts,
    /// Inputs of the hub.
    pub inputs: u64,
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
}

impl Tier2Stats {
    /// Each kind of fault with how often it was.
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

/// What the hosts of a run share.
#[derive(Clone)]
struct Shared {
    watch: Rc<RefCell<Watch>>,
    chaos: Rc<RefCell<Chaos>>,
    stats: Rc<RefCell<Tier2Stats>>,
    /// Client hosts that have done their steps, and those that have heard everything.
    played: Rc<Cell<u16>>,
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
        watch.note(Law::Liveness, None, error.to_string());
    }
    match *shared.ended.borrow() {
        Some(Ended::Drained) => {}
        ended => watch.note(Law::Ends, None, format!("the driver ended so: {ended:?}")),
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

/// The server's host: the driver, until the clients have heard everything.
async fn serve(shared: Shared, scenario: Scenario) -> Result<(), Box<dyn std::error::Error>> {
    let mut listeners = Vec::new();
    for dialect in DIALECTS {
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), port(dialect))).await?;
        let listener = SimListener::new(listener, Rc::clone(&shared.chaos));
        let room = (dialect != Dialect::Irc).then(RoomName::lobby);
        listeners.push((listener, ListenerRole { dialect, room }));
    }
    let (controls, control) = mpsc::channel(1);
    let stop = Rc::clone(&shared.stop);
    tokio::task::spawn_local(async move {
        stop.notified().await;
        controls.send(Control::Stop).await.ok();
        // Where the channel closed, the driver would take that for nothing to come.
        std::future::pending::<()>().await;
    });
    let driver = Driver::new(
        scenario.setup.limits,
        scenario.setup.options,
        DriverLimits { accept_retry_ms: 1_000, shutdown_ms: 60_000 },
        listeners,
        SimClock,
        Observing(Rc::clone(&shared.watch)),
        SimJudge::default(),
    );
    let ended = driver.run(control).await;
    *shared.ended.borrow_mut() = Some(ended);
    Ok(())
}

/// One client host.
async fn play(shared: &Shared, scenario: &Scenario, nth: u16) {
    let clients = scenario.setup.clients;
    let mut clients = Clients::new(host(nth), clients, Rc::clone(&shared.watch), Rc::clone(&shared.stats));
    clients.play(scenario, nth, CLIENT_HOSTS).await;
    // All have done their steps before anybody says the last line.
    shared.played.set(shared.played.get() + 1);
    let all_played = || shared.played.get() == CLIENT_HOSTS;
    wait_for(shared, "do their steps", all_played).await;
    clients.heal(LAST_TAGS * u64::from(nth + 1));
    // Long enough for the last lines to be on their way; then until nothing is due.
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

/// Waits in simulated time; what takes too long is a violation.
async fn wait_for(shared: &Shared, what: &str, holds: impl Fn() -> bool) {
    let step = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    while !holds() && shared.watch.borrow().violation.is_none() {
        if waited > REST_MAX {
            let detail = format!("clients do not {what} within {} s", REST_MAX.as_secs());
            shared.watch.borrow_mut().note(Law::Liveness, None, detail);
            return;
        }
        sleep(step).await;
        waited += step;
    }
}
