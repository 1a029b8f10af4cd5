//! One workload on one server, from the first connection to the last check.

use super::dialect::Dialect;
use super::server::Server;
use super::swarm::Swarm;
use super::tally::{Tally, nanoseconds};
use super::usage::{self, Usage};
use super::workload::{Pace, Shape, Workload};
use hdrhistogram::Histogram;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Before the figures count.
const WARM_UP: Duration = Duration::from_secs(1);

/// For everybody to enter.
const PATIENCE: Duration = Duration::from_secs(180);

/// When nothing at all was heard for so long, nothing more is to come.
const QUIET: Duration = Duration::from_secs(5);

/// What comes too much comes within this time.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// Before the second probe; before each later one twice as long as before the last, for there are servers that
/// need their time.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// What comes within this time is waited for without sleeping: a system's sleep is not finer.
const SPIN: Duration = Duration::from_millis(1);

/// A generator that wants its processor for more than this share of the time is the limit, where it is not known
/// how busy the server is.
const BUSY: f64 = 0.95;

/// The measurements of a run.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) workload: Workload,
    pub(super) dialect: Dialect,
    /// From the first line that counts to the last, or of the whole storm.
    pub(super) wall: Duration,
    /// Lines that were said in that time.
    pub(super) messages: u64,
    /// Lines that were heard in that time, once for each who heard them; in a storm, entrances.
    pub(super) deliveries: u64,
    pub(super) delivery: Histogram<u64>,
    pub(super) message: Histogram<u64>,
    /// The generator did not keep to its schedule, or the server waited for it: the cost counts, the rate and the
    /// latency are its own as well.
    pub(super) generator_limited: bool,
    pub(super) server: Option<ServerCost>,
    /// Of those that never read, how many the server has closed.
    pub(super) slow_closed: u32,
    pub(super) failures: Vec<String>,
}

/// What the server's process used.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerCost {
    /// In the time that was measured.
    pub(super) cpu: Duration,
    /// At its end.
    pub(super) resident_bytes: u64,
    /// What it grew by for each connection.
    pub(super) resident_bytes_per_member: u64,
}

/// Tells how far a run has come: what it does, and of how much how much is done.
pub(super) type Progress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// A stretch of time that is measured.
#[derive(Debug)]
struct Window {
    began: Duration,
    messages: u64,
    deliveries: u64,
    own: Usage,
    server: Option<Usage>,
}

/// Runs a workload for so long.
///
/// # Errors
/// The server cannot be reached, or does not do what any line server does in a long time.
pub(super) fn run(
    workload: &Workload,
    dialect: Dialect,
    server: &Server,
    seconds: Duration,
    progress: Progress<'_>,
) -> io::Result<Report> {
    let mut run = Run { swarm: Swarm::new(workload, dialect, server.address)?, server, progress };
    let before = server.usage()?;
    match workload.shape {
        Shape::Storm => run.storm(workload, dialect, before),
        Shape::Idle => run.idle(workload, dialect, before, seconds),
        Shape::Talk => run.talk(workload, dialect, before, seconds),
    }
}

struct Run<'a> {
    swarm: Swarm,
    server: &'a Server,
    progress: Progress<'a>,
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
        self.be_present(workload)?;
        let mut late = histogram();
        let mut next = self.swarm.now();
        self.speak(workload, next + WARM_UP, false, &mut next, &mut late)?;
        late.reset();
        let window = self.window()?;
        let until = window.began + seconds;
        self.speak(workload, until, true, &mut next, &mut late)?;
        let wall = self.swarm.now() - window.began;
        let (own, server) = (usage::own()?, self.server.usage()?);
        let (messages, deliveries) = (self.swarm.tally.messages(), self.swarm.tally.deliveries);
        self.hear_out()?;
        let generator_limited = match workload.pace {
            // A schedule that is not kept to is none.
            Pace::Rate(_) => late.value_at_quantile(0.99) > 1_000_000,
            // Whichever wanted its processor for more of the time is what the other waited for.
            Pace::Window(_) => {
                let wanted = |after: Usage, before: Usage| (after.wanted - before.wanted).as_secs_f64();
                let servers = server.zip(window.server).map(|(after, before)| wanted(after, before));
                wanted(own, window.own) > servers.unwrap_or(BUSY * wall.as_secs_f64())
            }
        };
        let mut report = self.report(workload, dialect, wall);
        report.messages = messages - window.messages;
        report.deliveries = deliveries - window.deliveries;
        report.generator_limited = generator_limited;
        report.server = cost(workload, before, window.server, server);
        report.slow_closed = self.slow_closed()?;
        if report.deliveries == 0 {
            report.failures.push("no line was heard in the time that was measured".to_owned());
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
        self.be_present(workload)?;
        // What was still to be heard of the last probes is heard.
        self.listen(WARM_UP)?;
        let window = self.window()?;
        while self.swarm.now() < window.began + seconds {
            self.swarm.turn(SPIN * 100)?;
            self.tell("idle", window.began, seconds);
        }
        let wall = self.swarm.now() - window.began;
        let server = self.server.usage()?;
        let mut report = self.report(workload, dialect, wall);
        report.server = cost(workload, before, window.server, server);
        Ok(report)
    }

    /// All connect at once. Who comes is announced to whoever is there: half of all pairs, in the end.
    fn storm(&mut self, workload: &Workload, dialect: Dialect, before: Option<Usage>) -> io::Result<Report> {
        let began = self.swarm.now();
        for _ in 0..workload.connections() {
            self.swarm.connect()?;
        }
        let clients = u64::from(workload.clients);
        let expected = clients * (clients - 1) / 2;
        let (mut progress, mut last) = ((0, 0), began);
        while self.swarm.entrances < expected || self.swarm.entered < workload.connections() {
            self.swarm.turn(SPIN * 100)?;
            (self.progress)("entrances are heard", self.swarm.entrances, expected);
            let now = self.swarm.now();
            if (self.swarm.entered, self.swarm.entrances) > progress {
                (progress, last) = ((self.swarm.entered, self.swarm.entrances), now);
            }
            // A connection that found the server's queue full is tried again after many seconds.
            let patience = if self.swarm.entered < workload.connections() { PATIENCE } else { QUIET };
            if now > last + patience || self.swarm.ended > 0 {
                break;
            }
        }
        let wall = self.swarm.now() - began;
        let server = self.server.usage()?;
        self.listen(AFTERWARDS)?;
        self.swarm.check_entrances();
        let mut report = self.report(workload, dialect, wall);
        report.deliveries = self.swarm.entrances;
        report.server = cost(workload, before, before, server);
        Ok(report)
    }

    fn enter_one_by_one(&mut self, workload: &Workload, dialect: Dialect) -> io::Result<()> {
        let began = self.swarm.now();
        while self.swarm.entered < workload.connections() {
            let entering = self.swarm.connections() - self.swarm.entered;
            let waiting = workload.connections() - self.swarm.connections();
            for _ in 0..dialect.entering_max().saturating_sub(entering).min(waiting) {
                self.swarm.connect()?;
            }
            self.swarm.turn(SPIN * 100)?;
            (self.progress)("connect", self.swarm.entered.into(), workload.connections().into());
            self.be_patient(began, "not everybody can enter")?;
        }
        Ok(())
    }

    /// Until everybody has heard somebody else of its room.
    fn be_present(&mut self, workload: &Workload) -> io::Result<()> {
        let began = self.swarm.now();
        let (mut next, mut interval) = (began, PROBE_INTERVAL);
        // Nobody else is in a room of one.
        let alone = (0..workload.rooms).filter(|&room| workload.readers(room) < 2).count();
        while self.swarm.present as usize + alone < workload.clients as usize {
            if self.swarm.now() >= next {
                self.swarm.probe()?;
                next = self.swarm.now() + interval;
                interval *= 2;
            }
            self.swarm.turn(SPIN * 10)?;
            (self.progress)("hear each other", self.swarm.present.into(), workload.clients.into());
            self.be_patient(began, "not everybody hears their room")?;
        }
        Ok(())
    }

    fn be_patient(&mut self, began: Duration, what: &str) -> io::Result<()> {
        if self.swarm.ended > 0 {
            let why = self.swarm.tally.failures.first().cloned().unwrap_or_default();
            return Err(io::Error::other(format!("{what}: {why}")));
        }
        if self.swarm.now() > began + PATIENCE {
            return Err(io::Error::new(ErrorKind::TimedOut, format!("{what} within {PATIENCE:?}")));
        }
        Ok(())
    }

    /// Hears what comes for so long.
    fn listen(&mut self, time: Duration) -> io::Result<()> {
        let until = self.swarm.now() + time;
        while self.swarm.now() < until {
            self.swarm.turn(SPIN * 10)?;
        }
        Ok(())
    }

    /// How many of those that never read the server has closed. What it still holds for them comes only now, when
    /// they do read.
    fn slow_closed(&mut self) -> io::Result<u32> {
        let mut last = self.swarm.now();
        loop {
            let (closed, has_read) = self.swarm.read_slow();
            let now = self.swarm.now();
            if has_read {
                last = now;
            }
            if closed == self.swarm.slow() || now > last + QUIET {
                return Ok(closed);
            }
            self.swarm.turn(SPIN * 10)?;
        }
    }

    /// Says lines by the workload's pace; `next` is when the next one is to be said, where that is by a schedule.
    fn speak(
        &mut self,
        workload: &Workload,
        until: Duration,
        is_measured: bool,
        next: &mut Duration,
        late: &mut Histogram<u64>,
    ) -> io::Result<()> {
        let began = self.swarm.now();
        loop {
            match workload.pace {
                Pace::Window(_) if self.swarm.now() >= until => return Ok(()),
                Pace::Window(window) => {
                    while self.swarm.tally.in_flight() < window.into() {
                        self.swarm.say(self.swarm.now(), is_measured)?;
                    }
                    self.swarm.turn(SPIN * 100)?;
                }
                Pace::Rate(rate) => {
                    while *next <= self.swarm.now().min(until) {
                        late.saturating_record(nanoseconds(self.swarm.now() - *next));
                        self.swarm.say(*next, is_measured)?;
                        *next += Duration::from_secs(1) / rate;
                    }
                    if self.swarm.now() >= until {
                        return Ok(());
                    }
                    let wait = (*next).min(until).saturating_sub(self.swarm.now());
                    self.swarm.turn(if wait < SPIN { Duration::ZERO } else { wait - SPIN })?;
                }
            }
            if is_measured {
                self.tell("measure", began, until - began);
            }
            if self.swarm.ended > 0 {
                // It cannot go on, and the gates have seen why.
                return Ok(());
            }
        }
    }

    /// What was said is heard at last.
    fn hear_out(&mut self) -> io::Result<()> {
        let (mut heard, mut last) = (self.swarm.tally.deliveries, self.swarm.now());
        while self.swarm.tally.in_flight() > 0 && self.swarm.tally.failures.is_empty() {
            self.swarm.turn(SPIN * 100)?;
            let now = self.swarm.now();
            if self.swarm.tally.deliveries > heard {
                (heard, last) = (self.swarm.tally.deliveries, now);
            } else if now > last + QUIET {
                break;
            }
        }
        self.listen(AFTERWARDS)
    }

    fn window(&self) -> io::Result<Window> {
        Ok(Window {
            own: usage::own()?,
            server: self.server.usage()?,
            messages: self.swarm.tally.messages(),
            deliveries: self.swarm.tally.deliveries,
            began: self.swarm.now(),
        })
    }

    fn tell(&mut self, what: &'static str, began: Duration, of: Duration) {
        let milliseconds = |time: Duration| nanoseconds(time) / 1_000_000;
        (self.progress)(what, milliseconds(self.swarm.now() - began), milliseconds(of));
    }

    fn report(&mut self, workload: &Workload, dialect: Dialect, wall: Duration) -> Report {
        let mut tally = std::mem::replace(&mut self.swarm.tally, Tally::new(workload));
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
            failures: tally.failures,
        }
    }
}

/// What the server used from `began` to `ended`; `before` is what it had used before anybody connected.
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
    Histogram::new(3).expect("three digits are few enough")
}
