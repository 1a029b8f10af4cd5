//! A driver whose listener, streams, clock and observer record what it does.

use parlor_protocol::{
    ConnId, ConsoleEvent, Dialect, Input, Instant, Limits, Now, Options, PasswordOf, PasswordResult,
    RoomName, Via,
};
use parlor_runtime::clock::Clock;
use parlor_runtime::driver::{
    Control, Counts, Driver, DriverLimits, Ended, ListenerRole, Observer, PasswordVerifier,
};
use parlor_runtime::transport::Listener;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

/// Something that the driver has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Accepted,
    /// It has read this number of bytes from a stream.
    Read(usize),
    /// It has written to a stream.
    Wrote,
}

type Record = Rc<RefCell<Vec<Done>>>;

/// The client's end of a stream.
#[derive(Clone)]
pub(crate) struct Client(Rc<RefCell<Sent>>);

#[derive(Default)]
struct Sent {
    /// Each is read by itself.
    segments: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
}

impl Client {
    pub(crate) fn send(&self, text: &str) {
        let mut sent = self.0.borrow_mut();
        sent.segments.push_back(text.as_bytes().to_vec());
        if let Some(waker) = sent.waker.take() {
            waker.wake();
        }
    }
}

/// The server's end of a stream.
pub(crate) struct Stream {
    sent: Rc<RefCell<Sent>>,
    record: Record,
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut sent = self.sent.borrow_mut();
        let Some(mut segment) = sent.segments.pop_front() else {
            sent.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let rest = segment.split_off(segment.len().min(to.remaining()));
        if !rest.is_empty() {
            sent.segments.push_front(rest);
        }
        to.put_slice(&segment);
        self.record.borrow_mut().push(Done::Read(segment.len()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.record.borrow_mut().push(Done::Wrote);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A listener whose connections the test makes.
struct Connections {
    waiting: Rc<RefCell<VecDeque<Stream>>>,
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

/// Records the times of the core's inputs.
#[derive(Clone)]
struct Times(Rc<RefCell<Vec<u64>>>);

impl Observer for Times {
    fn accept_failed(&mut self, _: &io::Error) {}

    fn accepting_paused(&mut self, _: &io::Error) {}

    fn accepting_resumed(&mut self) {}

    fn console(&mut self, _: &ConsoleEvent<'_>) {}

    fn counted(&mut self, _: &Counts) {}

    fn input(&mut self, now: Now, _: &Input<'_>) {
        self.0.borrow_mut().push(now.mono.as_micros());
    }

    fn rehash_wanted(&mut self) {}

    fn stopping(&mut self) {}
}

/// A verifier that is never asked.
struct NoPasswords;

impl PasswordVerifier for NoPasswords {
    fn check(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn cancel(&mut self, _: ConnId) {}

    fn poll_result(&mut self, _: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        Poll::Pending
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
    waiting: Rc<RefCell<VecDeque<Stream>>>,
    listener_waker: Rc<RefCell<Option<Waker>>>,
    clock: TestClock,
    times: Times,
    /// Kept so that the channel stays open.
    _controls: mpsc::Sender<Control>,
}

impl Stage {
    pub(crate) fn new(limits: Limits) -> Self {
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
        let (clock, times) = (TestClock(Rc::default()), Times(Rc::default()));
        let role = ListenerRole { dialect: Dialect::Plain, via: Via::Direct, room: Some(RoomName::lobby()) };
        let (controls, control) = mpsc::channel(1);
        let driver = {
            let _entered = runtime.enter();
            let limits_of_driver = DriverLimits { accept_retry_ms: 1_000, shutdown_ms: 1_000 };
            let listeners = vec![(listener, role)];
            Driver::new(
                limits,
                Options::default(),
                limits_of_driver,
                listeners,
                clock.clone(),
                times.clone(),
                NoPasswords,
            )
        };
        let driver = Box::pin(driver.run(control));
        let woken = Arc::default();
        Self { runtime, driver, woken, record, waiting, listener_waker, clock, times, _controls: controls }
    }

    /// Connects a client.
    pub(crate) fn connect(&self) -> Client {
        let sent = Rc::default();
        self.waiting
            .borrow_mut()
            .push_back(Stream { sent: Rc::clone(&sent), record: Rc::clone(&self.record) });
        if let Some(waker) = self.listener_waker.borrow_mut().take() {
            waker.wake();
        }
        Client(sent)
    }

    /// Lets this number of microseconds pass.
    pub(crate) fn pass(&self, us: u64) {
        self.clock.0.set(self.clock.0.get() + us);
    }

    /// Polls the driver once.
    pub(crate) fn poll(&mut self) {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let _entered = self.runtime.enter();
        let polled = self.driver.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending(), "the driver goes on");
    }

    /// Polls the driver until it waits for something.
    pub(crate) fn poll_until_idle(&mut self) {
        self.poll();
        while self.woken.0.load(Ordering::Relaxed) {
            self.poll();
        }
    }

    /// Returns what the driver has done since the last call.
    pub(crate) fn take_done(&self) -> Vec<Done> {
        self.record.take()
    }

    /// Returns the time of each input of the core, in microseconds.
    pub(crate) fn times(&self) -> Vec<u64> {
        self.times.0.borrow().clone()
    }
}
