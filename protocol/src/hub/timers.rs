//! What is due at a time: a first line, a sign of life, the end of a farewell.

use super::{Hub, Timers};
use crate::base::id::ConnId;
use crate::base::time::{DeadlineReason, Instant, Now};
use crate::hub::output::{Output, Sink};
use crate::log::command::CloseReason;
use crate::session::Link;

impl Hub {
    pub(super) fn timeout(&mut self, now: Now, sink: &mut impl Sink) {
        let Some(&(at, why, conn)) = self.timers.first().filter(|(at, ..)| *at <= now.mono) else { return };
        self.timers.remove(&(at, why, conn));
        let Some(connection) = self.connection(conn) else { return };
        match why {
            DeadlineReason::Detect => {
                connection.timers.wait = None;
                if let Some(step) = connection.session.fell_silent() {
                    self.take_step(now, conn, step, sink);
                    self.run(now, conn, sink);
                }
            }
            DeadlineReason::Drain => {
                connection.timers.drain = None;
                sink.output(Output::Abort { conn });
            }
            DeadlineReason::Idle => {
                connection.timers.wait = None;
                self.look_for_life(now, conn, sink);
            }
            DeadlineReason::Rate => {
                connection.timers.rate = None;
                self.run(now, conn, sink);
            }
            DeadlineReason::Register => {
                connection.timers.wait = None;
                self.end(now, conn, CloseReason::RegistrationTimeout, None, sink);
            }
        }
    }

    /// Who has closed its writing side has a deadline for reading the long answer that keeps it here.
    pub(super) fn bound_draining(&mut self, now: Now, conn: ConnId) {
        let at = now.mono.plus_ms(self.limits.drain_ms);
        let Some(connection) = self.connection(conn) else { return };
        if connection.session.leaves_when_drained() && connection.timers.drain.is_none() {
            connection.timers.drain = Some(at);
            self.timers.insert((at, DeadlineReason::Drain, conn));
        }
    }

    /// Asks a silent client of IRC whether it is there, or closes one that did not answer.
    pub(super) fn look_for_life(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let (ping_ms, pong_ms) = (self.limits.ping_ms, self.limits.pong_ms);
        let Some(session) = self.session(conn).filter(|session| session.link() == Link::Open) else { return };
        if session.reads_paused {
            // It is we who do not hear it.
            session.is_heard(now.mono);
        }
        let due = session.heard_at.plus_ms(ping_ms);
        let Some(client) = session.client() else { return };
        if client.pinged {
            return self.end(now, conn, CloseReason::PingTimeout, None, sink);
        }
        if due > now.mono {
            return self.wait_until(conn, due, DeadlineReason::Idle);
        }
        client.pinged = true;
        self.wait_until(conn, now.mono.plus_ms(pong_ms), DeadlineReason::Idle);
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        bytes.extend_from_slice(b"PING :");
        bytes.extend_from_slice(self.options.identity.name.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        sink.output(Output::Write { conn, bytes: &bytes });
        self.scratch = bytes;
    }

    /// Sets the timer for what a connection has to do next.
    pub(super) fn wait_until(&mut self, conn: ConnId, at: Instant, why: DeadlineReason) {
        self.stop_waiting(conn);
        if let Some(connection) = self.connection(conn) {
            connection.timers.wait = Some((at, why));
            self.timers.insert((at, why, conn));
        }
    }

    pub(super) fn stop_waiting(&mut self, conn: ConnId) {
        let wait = self.connection(conn).and_then(|connection| connection.timers.wait.take());
        self.forget_timers(conn, Timers { wait, ..Timers::default() });
    }

    pub(super) fn forget_timers(&mut self, conn: ConnId, timers: Timers) {
        for (at, why) in timers.all() {
            self.timers.remove(&(at, why, conn));
        }
    }
}
