//! The end of a server: first of its connections, then of its log.

use super::{Driver, Ended, Log, Observer, PasswordVerifier};
use crate::clock::Clock;
use crate::transport::Listener;
use parlor_protocol::{Input, Now};
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A stop that has begun.
#[derive(Debug)]
pub(super) struct Stopping {
    phase: Phase,
    /// The end of the phase.
    timer: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Connections are written what is left, and close.
    Connections,
    /// No connection is left, and the log is waited for.
    Log,
    /// The log was waited for in vain.
    LogUnfinished,
}

impl Stopping {
    fn new(phase: Phase, ms: u64) -> Self {
        Self { phase, timer: Box::pin(sleep(Duration::from_millis(ms))) }
    }
}

impl<L: Listener, C: Clock, G: Log, O: Observer, V: PasswordVerifier> Driver<L, C, G, O, V> {
    /// Begins to stop.
    pub(super) fn stop(&mut self, now: Now) {
        self.environment.observer.stopping();
        self.listeners.clear();
        self.stop = Some(Stopping::new(Phase::Connections, self.limits.shutdown_ms));
        self.input(now, Input::Shutdown);
    }

    /// Returns whether everything is written after a stop, or its time is over.
    pub(super) fn is_stopped(&mut self, now: Now, cx: &mut Context<'_>) -> bool {
        if self.stop.is_none() {
            return false;
        }
        let hub = self.server.hub();
        if hub.is_over() && hub.connections() == 0 && self.environment.log.poll_close(cx).is_ready() {
            return true;
        }
        let Some(stop) = &mut self.stop else { return false };
        if stop.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        if stop.phase != Phase::Connections {
            stop.phase = Phase::LogUnfinished;
            return true;
        }
        *stop = Stopping::new(Phase::Log, self.limits.log_close_ms);
        // Their members leave in this life, so that the next one has nothing to mend.
        for conn in self.environment.conns.ids() {
            self.cut_off += 1;
            self.close(now, conn);
        }
        cx.waker().wake_by_ref();
        false
    }

    /// Returns how the server ended.
    pub(super) fn ended(&self) -> Ended {
        let is_unfinished = self.stop.as_ref().is_some_and(|stop| stop.phase == Phase::LogUnfinished);
        match self.cut_off {
            _ if self.is_life_over => Ended::LifeOver,
            count if is_unfinished => Ended::LogUnfinished(count),
            0 => Ended::Drained,
            count => Ended::CutOff(count),
        }
    }
}
