//! Running one workload on one server, from the first connection to the last check.

use super::clients::Clients;
use super::dialect::Dialect;
use super::server::Server;
use super::tally::{Tally, nanoseconds};
use super::usage::{self, Usage};
use super::workload::{Pace, Shape, Workload};
use hdrhistogram::Histogram;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// The time before the measurement begins.
const WARM_UP: Duration = Duration::from_secs(1);

/// The time for all clients to connect and enter.
const ENTER_TIMEOUT: Duration = Duration::from_secs(180);

/// The silence after which nothing more is expected.
const QUIET: Duration = Duration::from_secs(5);

/// The time after the last delivery for surplus ones to arrive.
const SURPLUS_WAIT: Duration = Duration::from_millis(200);

/// The time before the second probe. It doubles before each later one, for the sake of slow servers.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// The wait below which the generator polls without sleeping: sleeps are not more precise.
const SPIN: Duration = Duration::from_millis(1);

/// The share of time above which the generator counts as the bottleneck, if the server's own share is unknown.
const BUSY: f64 = 0.95;

/// The least share of the measured time in which members that never read have to be in their rooms, if a workload has them.
const SLOW_SHARE_MIN: f64 = 0.9;

/// The measurements of a run.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) workload: Workload,
    pub(super) dialect: Dialect,
    /// The measured time; of a storm, all of it.
    pub(super) wall: Duration,
    /// Lines sent in that time.
    pub(super) messages: u64,
    /// Deliveries in that time: a line counts once for each recipient. In a storm, announcements of entrances.
    pub(super) deliveries: u64,
    pub(super) delivery: Histogram<u64>,
    pub(super) message: Histogram<u64>,
    /// Whether the generator was late or the server waited for it. Then the cost is valid, but the rate and the latency
    /// are partly the generator's own.
    pub(super) generator_limited: bool,
    pub(super) server: Option<ServerCost>,
    /// Members that never read and that the server closed in that time.
    pub(super) slow_closed: u32,
    /// The share of that time in which members that never read were in their rooms.
    pub(super) slow_share: f64,
    pub(super) failures: Vec<String>,
}

/// The resources that the server's process used.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerCost {
    /// CPU time in the measured time.
    pub(super) cpu: Duration,
    /// Resident memory at its end.
    pub(super) resident_bytes: u64,
    /// Growth of the resident memory per connection.
    pub(super) resident_bytes_per_member: u64,
}

/// A callback for the progress of a run: the current phase, the amount done, and the whole amount.
pub(super) type Progress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// The counters at the beginning of the measured time.
#[derive(Debug)]
struct Baseline {
    at: Duration,
    messages: u64,
    deliveries: u64,
    slow_closed: u32,
    own: Usage,
    server: Option<Usage>,
}

/// Runs a workload and measures it for `seconds`.
///
/// # Errors
/// The server cannot be reached, or clients cannot enter in time.
pub(super) fn run(
    workload: &Workload,
    dialect: Dialect,
    server: &Server,
    seconds: Duration,
    progress: Progress<'_>,
) -> io::Result<Report> {
    let clients = Clients::new(workload, dialect, server.address)?;
    let mut run = Run { clients, server, progress, slow_time: Duration::ZERO };
    let before = server.usage()?;
    match workload.shape {
        Shape::Storm => run.storm(workload, dialect, before),
        Shape::Idle => run.idle(workload, dialect, before, seconds),
        Shape::Talk => run.talk(workload, dialect, before, seconds),
    }
}

struct Run<'a> {
    clients: Clients,
    server: &'a Server,
    progress: Progress<'a>,
    /// Measured time in which members that never read were in their rooms.
    slow_time: Duration,
}

impl Run<'_> {
    fn talk(
        &mut self,
        workload: &Workload,
        dialect: Dialect,
        before: Option<Usage>,
        seconds: Duration,
    ) -> io::Result<Report> {
        self.enter_one_by_one(workload, dialect)?;
        self.wait_for_presence(workload)?;
        let mut late = histogram();
        let mut next = self.clients.now();
        self.speak(workload, next + WARM_UP, false, &mut next, &mut late)?;
        late.reset();
        let baseline = self.baseline()?;
        let until = baseline.at + seconds;
        self.speak(workload, until, true, &mut next, &mut late)?;
        let wall = self.clients.now() - baseline.at;
        let (own, server) = (usage::of_this_process()?, self.server.usage()?);
        let (messages, deliveries) = (self.clients.tally.messages(), self.clients.tally.deliveries);
        let slow_closed = self.clients.slow_closed - baseline.slow_closed;
        self.wait_for_deliveries()?;
        let generator_limited = match workload.pace {
            // More than one line in a hundred was more than a millisecond late.
            Pace::Rate(_) => late.value_at_quantile(0.99) > 1_000_000,
            // The side that wanted its processor for more of the time is the bottleneck.
            Pace::Window(_) => {
                let wanted = |after: Usage, before: Usage| (after.wanted - before.wanted).as_secs_f64();
                let servers = server.zip(baseline.server).map(|(after, before)| wanted(after, before));
                wanted(own, baseline.own) > servers.unwrap_or(BUSY * wall.as_secs_f64())
            }
        };
        let mut report = self.report(workload, dialect, wall);
        report.messages = messages - baseline.messages;
        report.deliveries = deliveries - baseline.deliveries;
        report.generator_limited = generator_limited;
        report.server = cost(workload, before, baseline.server, server);
        report.slow_closed = slow_closed;
        report.slow_share = self.slow_time.as_secs_f64() / wall.as_secs_f64();
        if workload.slow > 0 && report.slow_share < SLOW_SHARE_MIN {
            let percent = report.slow_share * 100.0;
            report.failures.push(format!(
                "members that never read were in the room for only {percent:.0} % of the measured time"
            ));
        }
        if report.deliveries == 0 {
            report.failures.push("no line was delivered in the measured time".to_owned());
        }
        Ok(report)
    }

    fn idle(
        &mut self,
        workload: &Workload,
        dialect: Dialect,
        before: Option<Usage>,
        seconds: Duration,
    ) -> io::Result<Report> {
        self.enter_one_by_one(workload, dialect)?;
        self.wait_for_presence(workload)?;
        // The last probes are still being delivered.
        self.receive_for(WARM_UP)?;
        let baseline = self.baseline()?;
        while self.clients.now() < baseline.at + seconds {
            self.clients.poll(SPIN * 100)?;
            self.report_progress("idle", baseline.at, seconds);
        }
        let wall = self.clients.now() - baseline.at;
        let server = self.server.usage()?;
        let mut report = self.report(workload, dialect, wall);
        report.server = cost(workload, before, baseline.server, server);
        Ok(report)
    }

    /// Lets all clients connect at once. Each entrance is announced to the members that are present: in the end, once for
    /// every pair.
    fn storm(&mut self, workload: &Workload, dialect: Dialect, before: Option<Usage>) -> io::Result<Report> {
        let began = self.clients.now();
        for _ in 0..workload.connections() {
            self.clients.connect()?;
        }
        let clients = u64::from(workload.clients);
        let expected = clients * (clients - 1) / 2;
        let (mut progress, mut last) = ((0, 0), began);
        while self.clients.entrances < expected || self.clients.entered < workload.connections() {
            self.clients.poll(SPIN * 100)?;
            (self.progress)("entrances are announced", self.clients.entrances, expected);
            let now = self.clients.now();
            if (self.clients.entered, self.clients.entrances) > progress {
                (progress, last) = ((self.clients.entered, self.clients.entrances), now);
            }
            // The kernel retries a connection that found the server's queue full, but only after many seconds.
            let timeout = if self.clients.entered < workload.connections() { ENTER_TIMEOUT } else { QUIET };
            if now > last + timeout || self.clients.ended > 0 {
                break;
            }
        }
        let wall = self.clients.now() - began;
        let server = self.server.usage()?;
        self.receive_for(SURPLUS_WAIT)?;
        self.clients.check_entrances();
        let mut report = self.report(workload, dialect, wall);
        report.deliveries = self.clients.entrances;
        report.server = cost(workload, before, before, server);
        Ok(report)
    }

    fn enter_one_by_one(&mut self, workload: &Workload, dialect: Dialect) -> io::Result<()> {
        let began = self.clients.now();
        while self.clients.entered < workload.connections() {
            let entering = self.clients.connections() - self.clients.entered;
            // Members that never read come last: otherwise a full server might refuse one that reads.
            let have_entered = self.clients.entered >= workload.clients;
            let all = if have_entered { workload.connections() } else { workload.clients };
            let waiting = all.saturating_sub(self.clients.connections());
            for _ in 0..dialect.entering_max().saturating_sub(entering).min(waiting) {
                self.clients.connect()?;
            }
            self.clients.poll(SPIN * 100)?;
            (self.progress)("connect", self.clients.entered.into(), workload.connections().into());
            self.check_entering(began, "not all clients could enter")?;
        }
        Ok(())
    }

    /// Sends probes until every client has received one of its room.
    fn wait_for_presence(&mut self, workload: &Workload) -> io::Result<()> {
        let began = self.clients.now();
        let (mut next, mut interval) = (began, PROBE_INTERVAL);
        // A client that is alone in its room receives no probe.
        let alone = workload.readers().into_iter().filter(|&readers| readers < 2).count();
        while self.clients.present as usize + alone < workload.clients as usize {
            if self.clients.now() >= next {
                self.clients.probe()?;
                next = self.clients.now() + interval;
                interval *= 2;
            }
            self.clients.poll(SPIN * 10)?;
            (self.progress)("wait for probes", self.clients.present.into(), workload.clients.into());
            self.check_entering(began, "not all clients received a probe")?;
        }
        Ok(())
    }

    /// Returns an error if a client was closed or the time for entering is over.
    fn check_entering(&mut self, began: Duration, what: &str) -> io::Result<()> {
        if self.clients.ended > 0 {
            let why = self.clients.tally.failures.first().cloned().unwrap_or_default();
            return Err(io::Error::other(format!("{what}: {why}")));
        }
        if self.clients.now() > began + ENTER_TIMEOUT {
            return Err(io::Error::new(ErrorKind::TimedOut, format!("{what} within {ENTER_TIMEOUT:?}")));
        }
        Ok(())
    }

    /// Receives for a fixed time.
    fn receive_for(&mut self, time: Duration) -> io::Result<()> {
        let until = self.clients.now() + time;
        while self.clients.now() < until {
            self.clients.poll(SPIN * 10)?;
        }
        Ok(())
    }

    /// Sends lines at the workload's pace. In an open loop, `next` is the time at which the next line is due, and `late`
    /// records the delays.
    fn speak(
        &mut self,
        workload: &Workload,
        until: Duration,
        is_measured: bool,
        next: &mut Duration,
        late: &mut Histogram<u64>,
    ) -> io::Result<()> {
        let began = self.clients.now();
        let mut polled = began;
        loop {
            match workload.pace {
                Pace::Window(_) if self.clients.now() >= until => return Ok(()),
                Pace::Window(window) => {
                    while self.clients.tally.in_flight() < window.into() {
                        self.clients.say(self.clients.now(), is_measured)?;
                    }
                    self.clients.poll(SPIN * 100)?;
                }
                Pace::Rate(rate) => {
                    while *next <= self.clients.now().min(until) {
                        late.saturating_record(nanoseconds(self.clients.now() - *next));
                        self.clients.say(*next, is_measured)?;
                        *next += Duration::from_secs(1) / rate;
                    }
                    if self.clients.now() >= until {
                        return Ok(());
                    }
                    let wait = (*next).min(until).saturating_sub(self.clients.now());
                    self.clients.poll(if wait < SPIN { Duration::ZERO } else { wait - SPIN })?;
                }
            }
            if is_measured {
                self.report_progress("measure", began, until - began);
                let now = self.clients.now();
                if self.clients.has_slow() {
                    self.slow_time += now - polled;
                }
                polled = now;
            }
            if self.clients.ended > 0 {
                // A client was closed, which the checks have recorded.
                return Ok(());
            }
        }
    }

    /// Waits until the lines in flight are delivered, and then for surplus deliveries.
    fn wait_for_deliveries(&mut self) -> io::Result<()> {
        let (mut heard, mut last) = (self.clients.tally.deliveries, self.clients.now());
        while self.clients.tally.in_flight() > 0 && self.clients.tally.failures.is_empty() {
            self.clients.poll(SPIN * 100)?;
            let now = self.clients.now();
            if self.clients.tally.deliveries > heard {
                (heard, last) = (self.clients.tally.deliveries, now);
            } else if now > last + QUIET {
                break;
            }
        }
        self.receive_for(SURPLUS_WAIT)
    }

    fn baseline(&self) -> io::Result<Baseline> {
        Ok(Baseline {
            own: usage::of_this_process()?,
            server: self.server.usage()?,
            messages: self.clients.tally.messages(),
            deliveries: self.clients.tally.deliveries,
            slow_closed: self.clients.slow_closed,
            at: self.clients.now(),
        })
    }

    fn report_progress(&mut self, what: &'static str, began: Duration, of: Duration) {
        let milliseconds = |time: Duration| nanoseconds(time) / 1_000_000;
        (self.progress)(what, milliseconds(self.clients.now() - began), milliseconds(of));
    }

    fn report(&mut self, workload: &Workload, dialect: Dialect, wall: Duration) -> Report {
        let mut tally = std::mem::replace(&mut self.clients.tally, Tally::new(workload));
        tally.check();
        Report {
            workload: *workload,
            dialect,
            wall,
            messages: 0,
            deliveries: 0,
            delivery: tally.delivery,
            message: tally.message,
            generator_limited: false,
            server: None,
            slow_closed: 0,
            slow_share: 0.0,
            failures: tally.failures,
        }
    }
}

/// Returns the server's usage between `began` and `ended`. `before` is its usage before the first connection.
fn cost(
    workload: &Workload,
    before: Option<Usage>,
    began: Option<Usage>,
    ended: Option<Usage>,
) -> Option<ServerCost> {
    let (before, began, ended) = (before?, began?, ended?);
    Some(ServerCost {
        cpu: ended.cpu - began.cpu,
        resident_bytes: ended.resident_bytes,
        resident_bytes_per_member: ended.resident_bytes.saturating_sub(before.resident_bytes)
            / u64::from(workload.connections()),
    })
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are supported")
}
