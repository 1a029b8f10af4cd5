//! The loop that drives the core with real sockets: one task, tick by tick.
//!
//! A tick is what is ready now, run through the hub, then flushed. No timer gathers messages: under light
//! load a tick holds one and leaves at once, under heavy load it holds many.

mod conns;
mod judge;
mod outside;
mod ready;

use crate::clock::Clock;
use crate::transport::Listener;
use bytes::Bytes;
use conns::{Conns, Read};
pub use judge::Judge;
use outside::Outside;
use parlor_protocol::{
    ConnId, ConsoleEvent, Counters, Dialect, Identity, Input, Limits, LogEntry, MemoryLog, Now, Options,
    OutboxCounters, RoomName, Server,
};
use ready::ReadyList;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

/// Connections that are accepted in one tick, for each listener.
const ACCEPTS_MAX: usize = 256;

/// Ticks in a row before other tasks and the sockets' events get their turn.
const TICKS_MAX: usize = 4;

/// What the driver is told from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Tell the counters to the [`Observer`].
    Count,
    /// From here on, the server says this of itself.
    Identify(Arc<Identity>),
    /// Stop: say so to everyone, write what is owed, close. A second one ends at once.
    Stop,
}

/// What the driver tells whoever runs the server.
pub trait Observer {
    /// A listener cannot accept: the machine or the process is out of something. It tries again.
    fn accepting_paused(&mut self, error: &io::Error);
    /// Connections are accepted again after a pause.
    fn accepting_resumed(&mut self);
    /// Somebody came, went, or was refused.
    fn console(&mut self, event: &ConsoleEvent<'_>);
    /// The counters, as was asked for.
    fn counted(&mut self, counts: &Counts);
    /// The hub is about to be given this input: for whoever records a run, to replay it. The default does
    /// nothing, and costs nothing.
    fn input(&mut self, _now: Now, _input: &Input<'_>) {}
    /// An operator wants the configuration to be read again; what it says comes as [`Control::Identify`].
    fn rehash_wanted(&mut self);
    /// Nobody is let in any more, and everybody is told.
    fn stopping(&mut self);
}

/// What the server holds and has done.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Connections at the moment, the closing ones included.
    pub connections: usize,
    /// Members at the moment.
    pub members: usize,
    /// Rooms at the moment.
    pub rooms: usize,
    /// What the hub has done.
    pub hub: Counters,
    /// What the outbox has done.
    pub outbox: OutboxCounters,
    /// Bytes that slow readers are owed.
    pub backlog_bytes: usize,
}

/// The end of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every connection took what it was owed and closed.
    Drained,
    /// So many connections were cut off at the deadline.
    CutOff(usize),
    /// A second [`Control::Stop`] came, and cut off so many connections.
    Forced(usize),
}

/// What is spoken at a listener, and where it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The dialect.
    pub dialect: Dialect,
    /// The room that those enter who speak the plain dialect; `None` for none until they join one.
    pub room: Option<RoomName>,
}

/// Limits of the driver that are no limits of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverLimits {
    /// Milliseconds before a listener that could not accept tries again.
    pub accept_retry_ms: u64,
    /// Milliseconds that all connections together have to end after [`Control::Stop`].
    pub shutdown_ms: u64,
}

/// A server: the core, the streams of its connections, and the listeners that they come from.
#[derive(Debug)]
pub struct Driver<L: Listener, C, O, J> {
    server: Server,
    outside: Outside<L::Stream, O, J>,
    /// What the log has answered with; kept for its allocation.
    entries: Vec<LogEntry>,
    listeners: Vec<(L, Entrance)>,
    clock: C,
    limits: DriverLimits,
    ready: Arc<ReadyList>,
    /// Connections of the list that this tick has not come to.
    turn: Vec<u32>,
    buffer: Box<[u8]>,
    tick_bytes_max: usize,
    timer: Pin<Box<Sleep>>,
    /// The server's deadline that the timer is set to.
    timer_at: Option<parlor_protocol::Instant>,
    accept_retry: Option<Pin<Box<Sleep>>>,
    /// The observer was told that a listener cannot accept, and not yet that all can again.
    accept_paused: bool,
    /// Somebody may wait to be accepted, and had no place.
    accept_waits: bool,
    shutdown: Option<Pin<Box<Sleep>>>,
}

impl<L: Listener, C: Clock, O: Observer, J: Judge> Driver<L, C, O, J> {
    /// A server for these listeners, each with what is spoken there and where it leads to.
    ///
    /// Call it within a Tokio runtime with time enabled.
    pub fn new(
        limits: Limits,
        options: Options,
        driver_limits: DriverLimits,
        listeners: Vec<(L, Entrance)>,
        clock: C,
        observer: O,
        judge: J,
    ) -> Self {
        let ready = Arc::new(ReadyList::default());
        let mut outside = Outside {
            aborted: Vec::new(),
            conns: Conns::new(Arc::clone(&ready)),
            judge,
            log: MemoryLog::new(),
            observer,
        };
        Self {
            server: Server::new(limits, options, clock.now(), &mut outside),
            outside,
            entries: Vec::new(),
            listeners,
            clock,
            limits: driver_limits,
            ready,
            turn: Vec::new(),
            buffer: vec![0; limits.read_bytes_max].into(),
            tick_bytes_max: limits.tick_bytes_max,
            timer: Box::pin(sleep_until(far_future())),
            timer_at: None,
            accept_retry: None,
            accept_paused: false,
            accept_waits: false,
            shutdown: None,
        }
    }

    /// Serves until it is told to stop.
    pub async fn run(mut self, mut control: mpsc::Receiver<Control>) -> Ended {
        // Tokio would end the task's turn after 128 writes; the outbox bounds its own slices.
        tokio::task::unconstrained(poll_fn(|cx| self.poll(&mut control, cx))).await
    }

    fn poll(&mut self, control: &mut mpsc::Receiver<Control>, cx: &mut Context<'_>) -> Poll<Ended> {
        self.ready.set_driver(cx.waker());
        for _ in 0..TICKS_MAX {
            let now = self.clock.now();
            while let Poll::Ready(Some(control)) = control.poll_recv(cx) {
                match control {
                    Control::Count => self.count(),
                    Control::Identify(identity) => self.input(now, Input::Identified { identity }),
                    Control::Stop if self.shutdown.is_some() => {
                        return Poll::Ready(Ended::Forced(self.server.hub().connections()));
                    }
                    Control::Stop => self.stop(now),
                }
            }
            let accepted = self.accept(now, cx);
            self.time_out(now, cx);
            let more = self.tick(now);
            // Behind whatever asks: for a question that it has not looked at, the judge wakes nobody.
            let judged = self.take_verdicts(now, cx);
            if let Some(shutdown) = &mut self.shutdown
                && (self.server.hub().connections() == 0 || shutdown.as_mut().poll(cx).is_ready())
            {
                return Poll::Ready(self.ended());
            }
            let let_in = self.accept_waits && self.server.vacant().is_some();
            if !(more || judged || accepted || let_in || !self.ready.is_empty() || self.set_timer(cx)) {
                return Poll::Pending;
            }
            // Tokio is asked which sockets have room.
            if self.server.end_turn() {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One tick: what is ready is read and handled, then everything is flushed. Returns whether something
    /// is left to do at once.
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
        let more = self.server.flush(&mut self.outside);
        let followed = self.follow_up(now);
        more || followed || !self.turn.is_empty()
    }

    /// Serves one connection that has something to do; returns how many bytes it sent.
    fn serve(&mut self, now: Now, slot: u32) -> usize {
        let Some(conn) = self.outside.conns.in_slot(slot) else { return 0 };
        let id = conn.id();
        if conn.begin_turn() {
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
        if self.outside.conns.get(id).is_some_and(|conn| conn.finish().unwrap_or(true)) {
            self.close(now, id);
        }
        count
    }

    /// Does what a flush leads to; returns whether there was anything.
    fn follow_up(&mut self, now: Now) -> bool {
        let mut any = false;
        while let Some(conn) = self.outside.conns.next_broken() {
            self.close(now, conn);
            any = true;
        }
        while self.server.follow_up(now, &mut self.outside) {
            self.commit(now);
            any = true;
        }
        while let Some(conn) = self.outside.aborted.pop() {
            self.close(now, conn);
            any = true;
        }
        any
    }

    /// Gives the server one input and all that follows from it in the log.
    fn input(&mut self, now: Now, input: Input<'_>) {
        self.server.input(now, input, &mut self.outside);
        self.commit(now);
    }

    /// Gives the server what the log has answered with.
    fn commit(&mut self, now: Now) {
        while self.outside.log.take(&mut self.entries) {
            self.server.committed(now, &self.entries, &mut self.outside);
        }
    }

    /// A connection's stream is dropped, and the server hears of it.
    fn close(&mut self, now: Now, conn: ConnId) {
        if self.outside.conns.remove(conn) {
            self.outside.judge.forget(conn);
            self.input(now, Input::Closed { conn });
        }
    }

    /// Accepts what waits at the listeners, as far as there is room; returns whether there was anything.
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
                let (listener, entrance) = &mut self.listeners[index];
                match listener.poll_accept(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok((stream, peer))) => {
                        let Entrance { dialect, room } = entrance.clone();
                        self.outside.conns.insert(conn, stream);
                        self.input(now, Input::Accepted { conn, dialect, peer, room: room.as_ref() });
                        any = true;
                    }
                    // The connection was gone before it was accepted.
                    Poll::Ready(Err(error)) if is_about_one(&error) => any = true,
                    Poll::Ready(Err(error)) => {
                        if !std::mem::replace(&mut self.accept_paused, true) {
                            self.outside.observer.accepting_paused(&error);
                        }
                        let retry = Duration::from_millis(self.limits.accept_retry_ms);
                        self.accept_retry
                            .insert(Box::pin(tokio::time::sleep(retry)))
                            .as_mut()
                            .poll(cx)
                            .is_ready();
                        return any;
                    }
                }
            }
        }
        // Every listener was looked at, and none of them failed.
        if std::mem::take(&mut self.accept_paused) {
            self.outside.observer.accepting_resumed();
        }
        any
    }

    /// Gives the hub the verdicts on passwords that there are; returns whether something is to be done for them.
    fn take_verdicts(&mut self, now: Now, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        while !self.server.turn_is_over()
            && let Poll::Ready((conn, right)) = self.outside.judge.poll_verdict(cx)
        {
            self.input(now, Input::PasswordChecked { conn, right });
            any = true;
        }
        any || self.server.turn_is_over()
    }

    fn time_out(&mut self, now: Now, cx: &mut Context<'_>) {
        while !self.server.turn_is_over() && self.server.time_out(now, &mut self.outside) {
            self.commit(now);
        }
        self.set_timer(cx);
    }

    /// Sets the timer to the server's deadline; returns whether that has come.
    fn set_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let at = self.server.deadline().map(|deadline| deadline.at);
        if at != self.timer_at {
            self.timer_at = at;
            let wait = at.map(|at| at.since(self.clock.now().mono));
            #[expect(clippy::disallowed_methods, reason = "a timer of Tokio's is set on Tokio's clock")]
            let at = wait.map_or_else(far_future, |wait| Instant::now() + wait);
            self.timer.as_mut().reset(at);
        }
        let due = at.is_some() && self.timer.as_mut().poll(cx).is_ready();
        if due {
            self.timer_at = None;
        }
        due
    }

    fn stop(&mut self, now: Now) {
        self.outside.observer.stopping();
        self.listeners.clear();
        self.shutdown = Some(Box::pin(tokio::time::sleep(Duration::from_millis(self.limits.shutdown_ms))));
        self.input(now, Input::Shutdown);
    }

    fn ended(&self) -> Ended {
        match self.server.hub().connections() {
            0 => Ended::Drained,
            left => Ended::CutOff(left),
        }
    }

    fn count(&mut self) {
        let (hub, outbox) = (self.server.hub(), self.server.outbox());
        self.outside.observer.counted(&Counts {
            connections: hub.connections(),
            members: hub.world().members().len(),
            rooms: hub.world().rooms().len(),
            hub: *hub.counters(),
            outbox: *outbox.counters(),
            backlog_bytes: outbox.backlog_bytes(),
        });
    }
}

/// Whether the error is one connection's, and the next can be accepted at once. (accept(2): errors that are
/// pending on the new socket are passed on.) Every other one lasts: no file descriptors, no memory.
fn is_about_one(error: &io::Error) -> bool {
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

/// A time that does not come: Tokio's own far future is thirty years away, too.
fn far_future() -> Instant {
    const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    #[expect(clippy::disallowed_methods, reason = "a timer of Tokio's is set on Tokio's clock")]
    let now = Instant::now();
    now + A_YEAR
}
