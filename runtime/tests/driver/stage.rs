//! A driver whose listener, streams, clock and observer record what it does.

use crate::log::TestLog;
use parlor_protocol::{
    ConnId, ConsoleEvent, Dialect, Input, Instant, Limits, Now, Options, PasswordOf, PasswordResult,
    RoomName, Via, World,
};
use parlor_runtime::clock::Clock;
use parlor_runtime::driver::{
    Control, Counts, Driver, DriverLimits, Ended, ListenerRole, Observer, Parts, PasswordVerifier,
};
use parlor_runtime::transport::Listener;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

/// Bytes that a stream whose room is limited takes in one write: less than many a slice, so that the rest follows.
const SLOW_WRITE_BYTES_MAX: usize = 7;

/// Something that the driver has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Accepted,
    /// It has read this number of bytes from a stream; 0 is the end.
    Read(usize),
    /// It has written to a stream.
    Wrote,
}

/// Polls after which a driver is taken to run in circles.
pub(crate) const POLLS_MAX: usize = 20_000;

type Record = Rc<RefCell<Vec<Done>>>;

/// The client's end of a stream.
#[derive(Clone)]
pub(crate) struct Client(Rc<RefCell<Ends>>);

/// The state that the two ends of a stream share.
#[derive(Default)]
struct Ends {
    /// Each is read by itself.
    segments: VecDeque<Vec<u8>>,
    /// Whether the client sends nothing after the segments.
    is_ended: bool,
    /// Whether reading or writing fails.
    breaks: (bool, bool),
    received: Vec<u8>,
    /// The bytes for which there is room; `None` if there is always room.
    room: Option<usize>,
    /// Whether the server has closed its side.
    is_shut: bool,
    /// Whether the server has dropped the stream.
    is_dropped: bool,
    waker: Option<Waker>,
}

impl Client {
    pub(crate) fn send(&self, text: &str) {
        self.change(|ends| ends.segments.push_back(text.as_bytes().to_vec()));
    }

    /// Closes the client's side.
    pub(crate) fn end(&self) {
        self.change(|ends| ends.is_ended = true);
    }

    /// Lets the server's next read fail.
    pub(crate) fn break_reads(&self) {
        self.change(|ends| ends.breaks.0 = true);
    }

    /// Lets the server's next write fail.
    pub(crate) fn break_writes(&self) {
        self.0.borrow_mut().breaks.1 = true;
    }

    /// Makes room for this number of bytes, and for no more.
    pub(crate) fn make_room(&self, bytes: usize) {
        self.change(|ends| ends.room = Some(bytes));
    }

    /// Returns what was received since the last call.
    pub(crate) fn take_received(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.borrow_mut().received)).expect("the output is UTF-8")
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.0.borrow().is_shut
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.0.borrow().is_dropped
    }

    fn change(&self, change: impl FnOnce(&mut Ends)) {
        let mut ends = self.0.borrow_mut();
        change(&mut ends);
        if let Some(waker) = ends.waker.take() {
            waker.wake();
        }
    }
}

/// The server's end of a stream.
pub(crate) struct Stream {
    ends: Rc<RefCell<Ends>>,
    record: Record,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.ends.borrow_mut().is_dropped = true;
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.ends.borrow_mut();
        if ends.breaks.0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let Some(mut segment) = ends.segments.pop_front() else {
            if ends.is_ended {
                self.record.borrow_mut().push(Done::Read(0));
                return Poll::Ready(Ok(()));
            }
            ends.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let rest = segment.split_off(segment.len().min(to.remaining()));
        if !rest.is_empty() {
            ends.segments.push_front(rest);
        }
        to.put_slice(&segment);
        self.record.borrow_mut().push(Done::Read(segment.len()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.ends.borrow_mut();
        if ends.breaks.1 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let count = ends.room.map_or(bytes.len(), |room| room.min(bytes.len()).min(SLOW_WRITE_BYTES_MAX));
        if count == 0 && !bytes.is_empty() {
            ends.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        ends.room = ends.room.map(|room| room - count);
        ends.received.extend_from_slice(&bytes[..count]);
        self.record.borrow_mut().push(Done::Wrote);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ends.borrow_mut().is_shut = true;
        Poll::Ready(Ok(()))
    }
}

/// A listener whose connections the test makes.
struct Connections {
    waiting: Rc<RefCell<VecDeque<io::Result<Stream>>>>,
    accepted: u32,
    record: Record,
    waker: Rc<RefCell<Option<Waker>>>,
}

impl Listener for Connections {
    type Stream = Stream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        let Some(stream) = self.waiting.borrow_mut().pop_front() else {
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let stream = stream?;
        self.record.borrow_mut().push(Done::Accepted);
        self.accepted += 1;
        // Each connection has an address of its own.
        let [_, one, two, three] = self.accepted.to_be_bytes();
        Poll::Ready(Ok((stream, ([10, one, two, three], 5_000).into())))
    }
}

/// A clock that the test sets.
#[derive(Clone)]
struct TestClock(Rc<Cell<u64>>);

impl Clock for TestClock {
    fn now(&self) -> Now {
        Now { mono: Instant::from_micros(self.0.get()), unix_ms: 0 }
    }
}

/// A report of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    AcceptFailed,
    Counted { connections: usize, members: usize },
    PasswordWrong,
    Paused,
    RehashWanted,
    Resumed,
    Stopping,
}

/// Records the driver's reports, and the times of the core's inputs.
#[derive(Clone, Default)]
struct Reports {
    times: Rc<RefCell<Vec<u64>>>,
    reports: Rc<RefCell<Vec<Report>>>,
}

impl Reports {
    fn push(&self, report: Report) {
        self.reports.borrow_mut().push(report);
    }
}

impl Observer for Reports {
    fn accept_failed(&mut self, _: &io::Error) {
        self.push(Report::AcceptFailed);
    }

    fn accepting_paused(&mut self, _: &io::Error) {
        self.push(Report::Paused);
    }

    fn accepting_resumed(&mut self) {
        self.push(Report::Resumed);
    }

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        if let ConsoleEvent::PasswordWrong { .. } = event {
            self.push(Report::PasswordWrong);
        }
    }

    fn counted(&mut self, counts: &Counts) {
        self.push(Report::Counted { connections: counts.connections, members: counts.members });
    }

    fn input(&mut self, now: Now, _: &Input<'_>) {
        self.times.borrow_mut().push(now.mono.as_micros());
    }

    fn rehash_wanted(&mut self) {
        self.push(Report::RehashWanted);
    }

    fn stopping(&mut self) {
        self.push(Report::Stopping);
    }
}

/// A verifier whose results come from the test.
#[derive(Clone, Default)]
struct Verdicts(Rc<RefCell<Checks>>);

#[derive(Default)]
struct Checks {
    asked: VecDeque<ConnId>,
    results: VecDeque<(ConnId, PasswordResult)>,
    waker: Option<Waker>,
}

impl PasswordVerifier for Verdicts {
    fn check(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
        self.0.borrow_mut().asked.push_back(conn);
    }

    fn cancel(&mut self, conn: ConnId) {
        self.0.borrow_mut().asked.retain(|asked| *asked != conn);
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        let mut checks = self.0.borrow_mut();
        checks.waker = Some(cx.waker().clone());
        checks.results.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Whether the driver was woken since it was polled.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A driver, and everything around it.
pub(crate) struct Stage {
    runtime: tokio::runtime::Runtime,
    driver: Pin<Box<dyn Future<Output = Ended>>>,
    woken: Arc<Woken>,
    record: Record,
    waiting: Rc<RefCell<VecDeque<io::Result<Stream>>>>,
    listener_waker: Rc<RefCell<Option<Waker>>>,
    clock: TestClock,
    reports: Reports,
    verdicts: Verdicts,
    pub(crate) log: TestLog,
    controls: mpsc::Sender<Control>,
}

impl Stage {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::of(Dialect::Plain, limits)
    }

    /// Makes a stage whose clients speak this dialect.
    pub(crate) fn of(dialect: Dialect, limits: Limits) -> Self {
        Self::start(
            dialect,
            limits,
            DriverLimits { accept_retry_ms: 1_000_000, log_close_ms: 1_000_000, shutdown_ms: 1_000_000 },
        )
    }

    pub(crate) fn with(limits: Limits, limits_of_driver: DriverLimits) -> Self {
        Self::start(Dialect::Plain, limits, limits_of_driver)
    }

    fn start(dialect: Dialect, limits: Limits, limits_of_driver: DriverLimits) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
        let record = Record::default();
        let (waiting, listener_waker) = (Rc::default(), Rc::default());
        let listener = Connections {
            waiting: Rc::clone(&waiting),
            accepted: 0,
            record: Rc::clone(&record),
            waker: Rc::clone(&listener_waker),
        };
        let (clock, reports, verdicts) = (TestClock(Rc::default()), Reports::default(), Verdicts::default());
        let role = ListenerRole { dialect, via: Via::Direct, room: Some(RoomName::lobby()) };
        let (controls, control) = mpsc::channel(1);
        let log = TestLog::default();
        let driver = {
            let _entered = runtime.enter();
            let listeners = vec![(listener, role)];
            Driver::new(
                limits,
                Options::default(),
                limits_of_driver,
                listeners,
                Parts {
                    clock: clock.clone(),
                    log: log.clone(),
                    observer: reports.clone(),
                    recorder: None,
                    verifier: verdicts.clone(),
                    world: World::new(),
                },
            )
        };
        let driver = Box::pin(driver.run(control));
        let woken = Arc::default();
        Self {
            runtime,
            driver,
            woken,
            record,
            waiting,
            listener_waker,
            clock,
            reports,
            verdicts,
            log,
            controls,
        }
    }

    /// Connects a client.
    pub(crate) fn connect(&self) -> Client {
        let ends = Rc::default();
        self.push_waiting(Ok(Stream { ends: Rc::clone(&ends), record: Rc::clone(&self.record) }));
        Client(ends)
    }

    /// Lets the listener fail once.
    pub(crate) fn fail_accepting(&self, kind: io::ErrorKind) {
        self.push_waiting(Err(kind.into()));
    }

    fn push_waiting(&self, stream: io::Result<Stream>) {
        self.waiting.borrow_mut().push_back(stream);
        if let Some(waker) = self.listener_waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Sends the driver a command.
    pub(crate) fn control(&self, control: Control) {
        self.controls.try_send(control).expect("the driver takes its commands");
    }

    /// Gives the result of the oldest password check.
    pub(crate) fn decide(&self, result: PasswordResult) {
        let mut checks = self.verdicts.0.borrow_mut();
        let conn = checks.asked.pop_front().expect("the verifier is asked");
        checks.results.push_back((conn, result));
        if let Some(waker) = checks.waker.take() {
            waker.wake();
        }
    }

    /// Returns the number of password checks that the driver has asked for, and neither cancelled nor had decided.
    pub(crate) fn checks(&self) -> usize {
        self.verdicts.0.borrow().asked.len()
    }

    /// Returns the number of decided password checks whose results the driver has not taken.
    pub(crate) fn results(&self) -> usize {
        self.verdicts.0.borrow().results.len()
    }

    /// Lets this number of microseconds pass.
    pub(crate) fn pass(&self, us: u64) {
        self.clock.0.set(self.clock.0.get() + us);
    }

    /// Polls the driver once.
    pub(crate) fn poll(&mut self) {
        assert!(self.poll_once().is_pending(), "the driver goes on");
    }

    fn poll_once(&mut self) -> Poll<Ended> {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let _entered = self.runtime.enter();
        self.driver.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls the driver, and lets Tokio's timers run, until it ends.
    pub(crate) fn poll_until_ended(&mut self) -> Ended {
        for _ in 0..POLLS_MAX {
            if let Poll::Ready(ended) = self.poll_once() {
                return ended;
            }
            self.run_timers();
        }
        panic!("the driver does not end");
    }

    /// Lets Tokio's timers run that are due.
    pub(crate) fn run_timers(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }

    /// Returns whether the driver was woken since it was polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    /// Lets Tokio's timers run until one of them wakes the driver.
    pub(crate) fn wait_until_woken(&self) {
        let woken = async {
            while !self.is_woken() {
                tokio::task::yield_now().await;
            }
        };
        let woken = async { tokio::time::timeout(Duration::from_secs(5), woken).await };
        self.runtime.block_on(woken).expect("a timer wakes the driver");
    }

    /// Polls the driver until it waits for something.
    pub(crate) fn poll_until_idle(&mut self) {
        for _ in 0..POLLS_MAX {
            self.poll();
            if !self.is_woken() {
                return;
            }
        }
        panic!("the driver does not come to rest");
    }

    /// Returns what the driver has done since the last call.
    pub(crate) fn take_done(&self) -> Vec<Done> {
        self.record.take()
    }

    /// Returns the time of each input of the core, in microseconds.
    pub(crate) fn times(&self) -> Vec<u64> {
        self.reports.times.borrow().clone()
    }

    /// Returns the driver's reports since the last call.
    pub(crate) fn take_reports(&self) -> Vec<Report> {
        self.reports.reports.take()
    }
}
