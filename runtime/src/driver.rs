//! The loop that drives the core with real sockets: one task, tick by tick.
//!
//! A tick reads and handles what is ready now, and then flushes. No timer gathers messages: under light load a tick holds
//! one message, which is sent at once; under heavy load it holds many.

mod conns;
mod environment;
mod log;
mod ready;
mod stop;
mod verifier;

use crate::clock::Clock;
use crate::recording::{Recorder, RecordingError};
use crate::transport::Listener;
use bytes::Bytes;
use conns::{Conns, Read};
use environment::DriverEnvironment;
pub use log::Log;
use parlor_protocol::{
    ConnId, ConsoleEvent, Counters, Dialect, Hub, Identity, Input, Limits, LogEntry, Now, Options,
    OutboxCounters, RoomName, Server, Via, World,
};
use ready::ReadyList;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use stop::Stopping;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep};
pub use verifier::PasswordVerifier;

/// Connections that a listener accepts in one tick.
const ACCEPTS_MAX: usize = 256;

/// Results of password checks that are handled in one tick. Many arrive at once when the server's password was found right
/// and everyone behind it in the queue gave the same.
const PASSWORD_RESULTS_MAX: usize = 64;

/// Parts of histories that are handled in one tick.
const PAGES_MAX: usize = 64;

/// Ticks in a row before other tasks and Tokio's event loop run.
const TICKS_MAX: usize = 4;

/// A command for the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Report the counters to the [`Observer`].
    Count,
    /// Replace the server's identity.
    Identify(Arc<Identity>),
    /// Tell the counters to the [`Observer`], for whoever asked.
    Measure,
    /// Stop: tell every client, write the remaining output, close. A second one ends at once.
    Stop,
}

/// A receiver of the driver's reports.
pub trait Observer {
    /// Reports that one connection could not be accepted. The next ones can.
    fn accept_failed(&mut self, error: &io::Error);
    /// Reports that a listener cannot accept, because the machine or the process is out of a resource. It will try again.
    fn accepting_paused(&mut self, error: &io::Error);
    /// Reports that all listeners accept again after a pause.
    fn accepting_resumed(&mut self);
    /// Reports an event for the log: see [`ConsoleEvent`].
    fn console(&mut self, event: &ConsoleEvent<'_>);
    /// Reports the counters, as an answer to [`Control::Count`].
    fn counted(&mut self, counts: &Counts);
    /// Reports the input that the core is about to handle. The default does nothing and costs nothing.
    fn input(&mut self, _now: Now, _input: &Input<'_>) {}
    /// Receives the counters, as an answer to [`Control::Measure`].
    fn measured(&mut self, _counts: &Counts) {}
    /// Reports that the recording has ended, and the server goes on without it.
    fn recording_ended(&mut self, _error: &RecordingError) {}
    /// Reports that an operator asks to reload the configuration; the new identity comes back as [`Control::Identify`].
    fn rehash_wanted(&mut self);
    /// Reports that the server is stopping, and accepts no connections any more.
    fn stopping(&mut self);
}

/// The size of the server's state and its counters.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Current connections, including those that are closing.
    pub connections: usize,
    /// Current members.
    pub members: usize,
    /// Current rooms.
    pub rooms: usize,
    /// The counters of the hub.
    pub hub: Counters,
    /// The counters of the outbox.
    pub outbox: OutboxCounters,
    /// Bytes that wait for slow readers.
    pub backlog_bytes: usize,
}

/// The way a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every connection received its output and closed.
    Drained,
    /// This many connections were cut off at their deadline or at that of the stop.
    CutOff(usize),
    /// The log did not take everything in time. This many connections were cut off.
    LogUnfinished(usize),
    /// A second [`Control::Stop`] cut off this many connections.
    Forced(usize),
    /// Another process has started for this node, or the node was ended.
    LifeOver,
}

/// The role of a listener: its dialect, and the room of its plain clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerRole {
    /// The dialect that the listener accepts.
    pub dialect: Dialect,
    /// The way in which its connections tell who their clients are.
    pub via: Via,
    /// The room that plain clients enter; `None` if they start in no room.
    pub room: Option<RoomName>,
}

/// The limits of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverLimits {
    /// Milliseconds until a listener that could not accept tries again.
    pub accept_retry_ms: u64,
    /// Milliseconds after the last connection was cut off until a log that stands still is given up.
    pub log_close_ms: u64,
    /// Milliseconds after [`Control::Stop`] until the remaining connections are cut off.
    pub shutdown_ms: u64,
}

/// The parts of a program that a driver works with.
#[derive(Debug)]
pub struct Parts<C, G, O, V> {
    /// The clock.
    pub clock: C,
    /// The log.
    pub log: G,
    /// The receiver of reports.
    pub observer: O,
    /// The recorder of everything that goes into the core, if it is recorded.
    pub recorder: Option<Recorder>,
    /// The verifier of passwords.
    pub verifier: V,
    /// The state that results from the log so far. Entries that follow are committed to the server.
    pub world: World,
}

/// A server: the core, the streams of its connections, and its listeners.
#[derive(Debug)]
pub struct Driver<L: Listener, C, G, O, V> {
    server: Server,
    environment: DriverEnvironment<L::Stream, G, O, V>,
    /// The entries that the log has committed; kept to reuse the allocation.
    entries: Vec<LogEntry>,
    listeners: Vec<(L, ListenerRole)>,
    clock: C,
    limits: DriverLimits,
    ready: Arc<ReadyList>,
    /// Slots taken from the ready list that no tick has served yet.
    turn: Vec<u32>,
    buffer: Box<[u8]>,
    tick_bytes_max: usize,
    timer: Pin<Box<Sleep>>,
    /// The core's deadline that the timer is set to; `None` if it must be set before it is polled.
    timer_at: Option<parlor_protocol::Instant>,
    accept_retry: Option<Pin<Box<Sleep>>>,
    /// Whether the observer was told that accepting paused, and not yet that it resumed.
    accept_paused: bool,
    /// Whether a connection may wait to be accepted, because no slot was vacant.
    accept_waits: bool,
    stop: Option<Stopping>,
    /// Whether the driver stops because the life of its node is over.
    is_life_over: bool,
    /// Connections that the core has cut off since the stop, because their clients did not close them in time.
    cut_off: usize,
}

impl<L: Listener, C: Clock, G: Log, O: Observer, V: PasswordVerifier> Driver<L, C, G, O, V> {
    /// Creates a server for these listeners.
    ///
    /// Must be called within a Tokio runtime with time enabled.
    pub fn new(
        limits: Limits,
        mut options: Options,
        driver_limits: DriverLimits,
        listeners: Vec<(L, ListenerRole)>,
        parts: Parts<C, G, O, V>,
    ) -> Self {
        let Parts { clock, log, observer, mut recorder, verifier, world } = parts;
        let now = clock.now();
        if let Some(recorder) = &mut recorder {
            recorder.begin(&limits, &mut options, &world, now);
        }
        let ready = Arc::new(ReadyList::default());
        let mut environment = DriverEnvironment {
            aborted: Vec::new(),
            conns: Conns::new(Arc::clone(&ready)),
            verifier,
            log,
            observer,
            recorder,
        };
        Self {
            server: Server::resume(limits, options, world, now, &mut environment),
            environment,
            entries: Vec::new(),
            listeners,
            clock,
            limits: driver_limits,
            ready,
            turn: Vec::new(),
            buffer: vec![0; limits.read_bytes_max].into(),
            tick_bytes_max: limits.tick_bytes_max,
            timer: Box::pin(sleep(Duration::ZERO)),
            timer_at: None,
            accept_retry: None,
            accept_paused: false,
            accept_waits: false,
            stop: None,
            is_life_over: false,
            cut_off: 0,
        }
    }

    /// Runs the server until it is stopped.
    pub async fn run(mut self, mut control: mpsc::Receiver<Control>) -> Ended {
        // Tokio's budget would end a flush after 128 writes. The outbox bounds its flushes itself.
        tokio::task::unconstrained(poll_fn(|cx| self.poll(&mut control, cx))).await
    }

    fn poll(&mut self, control: &mut mpsc::Receiver<Control>, cx: &mut Context<'_>) -> Poll<Ended> {
        self.ready.set_driver(cx.waker());
        // Tokio's event loop has run, so sockets that were full may have room again.
        self.record(Recorder::end_turn);
        self.server.end_turn();
        for _ in 0..TICKS_MAX {
            let now = self.clock.now();
            while let Poll::Ready(Some(control)) = control.poll_recv(cx) {
                match control {
                    Control::Count => {
                        let counts = self.counts();
                        self.environment.observer.counted(&counts);
                    }
                    Control::Identify(identity) => self.input(now, Input::Identified { identity }),
                    Control::Measure => {
                        let counts = self.counts();
                        self.environment.observer.measured(&counts);
                    }
                    Control::Stop if self.stop.is_some() => {
                        self.record_call(|recorder, hub| recorder.end(now, hub));
                        return Poll::Ready(Ended::Forced(self.environment.conns.count() + self.cut_off));
                    }
                    Control::Stop => self.stop(now),
                }
            }
            self.take_log_state(now, cx);
            let accepted = self.accept(now, cx);
            self.time_out(now, cx);
            let more = self.tick(now);
            self.environment.log.submit();
            // Must run after everything that may start a check: the verifier registers no waker for checks that were
            // started after it was polled.
            let checked = self.take_password_results(now, cx);
            let read = self.take_pages(now, cx);
            self.environment.log.applied(self.server.hub().world().position());
            self.hand_over_records();
            if self.is_stopped(now, cx) {
                self.record_call(|recorder, hub| recorder.end(now, hub));
                return Poll::Ready(self.ended());
            }
            let let_in = self.accept_waits && self.server.vacant().is_some();
            if !(more
                || checked
                || read
                || accepted
                || let_in
                || self.server.can_apply()
                || !self.ready.is_empty()
                || self.set_timer(cx))
            {
                return Poll::Pending;
            }
            // So much was rendered that sockets may be full: they get room again only when Tokio's event loop has run.
            if self.server.turn_is_over() {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Runs one tick: reads and handles what is ready, then flushes. Returns whether work is left.
    fn tick(&mut self, now: Now) -> bool {
        let mut bytes_left = self.tick_bytes_max;
        let mut turn = std::mem::take(&mut self.turn);
        self.ready.take(&mut turn);
        let mut served = 0;
        for &slot in &turn {
            if bytes_left == 0 {
                break;
            }
            served += 1;
            bytes_left = bytes_left.saturating_sub(self.serve(now, slot));
            if self.server.turn_is_over() {
                break;
            }
        }
        turn.drain(..served);
        self.turn = turn;
        self.environment.log.submit();
        self.record(Recorder::flush);
        let more = self.server.flush(&mut self.environment);
        let followed = self.follow_up(now);
        more || followed || !self.turn.is_empty()
    }

    /// Serves one connection from the ready list; returns the number of bytes read from it.
    fn serve(&mut self, now: Now, slot: u32) -> usize {
        let Some(conn) = self.environment.conns.in_slot(slot) else { return 0 };
        let id = conn.id();
        if conn.begin_turn() {
            if let Some(recorder) = &mut self.environment.recorder {
                recorder.writable(id);
            }
            self.server.writable(id);
        }
        let mut count = 0;
        match conn.read(&mut self.buffer) {
            Read::Bytes(bytes) => {
                count = bytes;
                conn.list();
                let bytes = Bytes::copy_from_slice(&self.buffer[..bytes]);
                self.input(now, Input::Received { conn: id, bytes });
            }
            Read::Broken => self.close(now, id),
            Read::End => self.input(now, Input::ReadClosed { conn: id }),
            Read::Nothing => {}
        }
        if self.environment.conns.get(id).is_some_and(|conn| conn.finish().unwrap_or(true)) {
            self.close(now, id);
        }
        count
    }

    /// Handles the effects of a flush; returns whether there were any.
    fn follow_up(&mut self, now: Now) -> bool {
        let mut any = false;
        while let Some(conn) = self.environment.conns.next_broken() {
            self.close(now, conn);
            any = true;
        }
        loop {
            self.record_call(|recorder, hub| recorder.follow_up(now, hub));
            let followed = self.server.follow_up(now, &mut self.environment);
            self.record(Recorder::end_call);
            if !followed {
                break;
            }
            self.commit(now);
            any = true;
        }
        while let Some(conn) = self.environment.aborted.pop() {
            self.cut_off += usize::from(self.stop.is_some());
            self.close(now, conn);
            any = true;
        }
        any
    }

    /// Gives the core one input, and then the entries that the log commits because of it.
    fn input(&mut self, now: Now, input: Input<'_>) {
        self.record_call(|recorder, hub| recorder.input(now, &input, hub));
        self.server.input(now, input, &mut self.environment);
        self.record_call(Recorder::after_input);
        self.commit(now);
    }

    /// Records a call of the server, or what its environment answered, if the server is recorded.
    fn record(&mut self, record: impl FnOnce(&mut Recorder)) {
        if let Some(recorder) = &mut self.environment.recorder {
            record(recorder);
        }
    }

    /// Records a call of the server, which is about to be made, if the server is recorded.
    fn record_call(&mut self, record: impl FnOnce(&mut Recorder, &Hub)) {
        if let Some(recorder) = &mut self.environment.recorder {
            record(recorder, self.server.hub());
        }
    }

    /// Gives the core the state of the log, if it has changed, and the entries that were committed since the last turn.
    fn take_log_state(&mut self, now: Now, cx: &mut Context<'_>) {
        while let Poll::Ready(state) = self.environment.log.poll_state(cx) {
            self.input(now, Input::LogState(state));
        }
        self.record_call(|recorder, hub| recorder.apply_entries(now, hub));
        self.server.apply_entries(now, &mut self.environment);
        self.record(Recorder::end_call);
        self.commit(now);
        if self.server.hub().is_over() && self.stop.is_none() {
            self.is_life_over = true;
            self.stop(now);
        }
    }

    /// Hands over what was recorded in this tick. If the recording has failed, it ends.
    fn hand_over_records(&mut self) {
        let Some(recorder) = &mut self.environment.recorder else { return };
        recorder.hand_over();
        if let Some(error) = recorder.take_error() {
            self.environment.recorder = None;
            self.environment.observer.recording_ended(&error);
        }
    }

    /// Gives the core the entries that the log has committed. As long as the core keeps some for its next turn, the others stay in the
    /// log: a log that is read from its beginning must not be in memory as a whole.
    fn commit(&mut self, now: Now) {
        while !self.server.has_entries() && self.environment.log.take(&mut self.entries) {
            if let Some(recorder) = &mut self.environment.recorder {
                recorder.committed(now, &self.entries, self.server.hub());
            }
            self.server.committed(now, &mut self.entries, &mut self.environment);
            self.record(Recorder::end_call);
        }
    }

    /// Drops a connection's stream, and tells the core.
    fn close(&mut self, now: Now, conn: ConnId) {
        if self.environment.conns.remove(conn) {
            self.environment.verifier.cancel(conn);
            self.input(now, Input::Closed { conn });
        }
    }

    /// Accepts connections as long as slots are vacant; returns whether there were any.
    fn accept(&mut self, now: Now, cx: &mut Context<'_>) -> bool {
        if let Some(retry) = &mut self.accept_retry
            && retry.as_mut().poll(cx).is_pending()
        {
            return false;
        }
        self.accept_retry = None;
        let mut any = false;
        self.accept_waits = false;
        for index in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_MAX {
                let Some(conn) = self.server.vacant() else {
                    self.accept_waits = true;
                    return any;
                };
                let (listener, role) = &mut self.listeners[index];
                match listener.poll_accept(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok((stream, peer))) => {
                        let ListenerRole { dialect, via, room } = role.clone();
                        self.environment.conns.insert(conn, stream);
                        self.input(now, Input::Accepted { conn, dialect, peer, via, room: room.as_ref() });
                        any = true;
                    }
                    // The connection broke before it was accepted.
                    Poll::Ready(Err(error)) if is_of_one_connection(&error) => {
                        self.environment.observer.accept_failed(&error);
                        any = true;
                    }
                    Poll::Ready(Err(error)) => {
                        if !std::mem::replace(&mut self.accept_paused, true) {
                            self.environment.observer.accepting_paused(&error);
                        }
                        let retry = Duration::from_millis(self.limits.accept_retry_ms);
                        self.accept_retry.insert(Box::pin(sleep(retry))).as_mut().poll(cx).is_ready();
                        return any;
                    }
                }
            }
        }
        // Every listener was polled, and none failed.
        if std::mem::take(&mut self.accept_paused) {
            self.environment.observer.accepting_resumed();
        }
        any
    }

    /// Gives the core the results of password checks; returns whether work is left or results may be.
    fn take_password_results(&mut self, now: Now, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        for _ in 0..PASSWORD_RESULTS_MAX {
            if self.server.turn_is_over() {
                return true;
            }
            let Poll::Ready((conn, result)) = self.environment.verifier.poll_result(cx) else { return any };
            self.input(now, Input::PasswordChecked { conn, result });
            any = true;
        }
        any
    }

    /// Gives the core the parts of histories that were read; returns whether work is left or more may come.
    fn take_pages(&mut self, now: Now, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        for _ in 0..PAGES_MAX {
            if self.server.turn_is_over() {
                return true;
            }
            let Poll::Ready((conn, page)) = self.environment.log.poll_page(cx) else { return any };
            self.input(now, Input::Fetched { conn, page: &page });
            any = true;
        }
        any
    }

    fn time_out(&mut self, now: Now, cx: &mut Context<'_>) {
        // Without a timer that is due, the call does nothing, and is not recorded.
        while !self.server.turn_is_over()
            && self.server.deadline().is_some_and(|deadline| deadline.at <= now.mono)
        {
            self.record_call(|recorder, hub| recorder.time_out(now, hub));
            let ran = self.server.time_out(now, &mut self.environment);
            self.record(Recorder::end_call);
            self.commit(now);
            if !ran {
                break;
            }
        }
        self.set_timer(cx);
    }

    /// Sets the timer to the core's deadline; returns whether it has passed.
    fn set_timer(&mut self, cx: &mut Context<'_>) -> bool {
        // Without a deadline, the timer may still wake the driver once, for the last one.
        let Some(deadline) = self.server.deadline() else { return false };
        if self.timer_at != Some(deadline.at) {
            let now = self.clock.now().mono;
            if deadline.at <= now {
                // Tokio's timer would wait for the next millisecond.
                self.timer_at = None;
                return true;
            }
            self.timer_at = Some(deadline.at);
            #[expect(clippy::disallowed_methods, reason = "a timer of Tokio's is set on Tokio's clock")]
            self.timer.as_mut().reset(Instant::now() + deadline.at.since(now));
        }
        let due = self.timer.as_mut().poll(cx).is_ready();
        if due {
            self.timer_at = None;
        }
        due
    }

    fn counts(&self) -> Counts {
        let (hub, outbox) = (self.server.hub(), self.server.outbox());
        Counts {
            connections: hub.connections(),
            members: hub.world().members().len(),
            rooms: hub.world().rooms().len(),
            hub: *hub.counters(),
            outbox: *outbox.counters(),
            backlog_bytes: outbox.backlog_bytes(),
        }
    }
}

/// Returns whether an error of accepting concerns only one connection, so that the next one can be accepted at once:
/// accept(2) passes on errors that are pending on the new socket. Other errors last: no file descriptors, no memory.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, NotConnected, TimedOut,
    };
    matches!(
        error.kind(),
        BrokenPipe
            | ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
    )
}
