//! The timers of all connections.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::time::{DeadlineReason, Instant, Now};
use crate::dialect::reply::Reply;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::session::{Link, Session};
use alloc::collections::BTreeSet;

/// Milliseconds that a connection may wait for the result of a password check before it counts as not registered in
/// time. Only a verifier that has stopped answering takes so long.
const PASSWORD_WAIT_MS_MAX: u64 = 600_000;

/// The timers of all connections, ordered by the time at which they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, DeadlineReason, ConnId)>,
    /// Number of connections that have yet to register, or whose proxy has yet to name their client.
    registering: usize,
}

impl Timers {
    /// Returns the timer that is due first.
    pub(super) fn first(&self) -> Option<(Instant, DeadlineReason, ConnId)> {
        self.due.first().copied()
    }

    /// Returns the number of connections that have yet to register, or whose proxy has yet to name their client.
    pub(super) const fn registering(&self) -> usize {
        self.registering
    }

    pub(super) fn len(&self) -> usize {
        self.due.len()
    }

    pub(super) fn contains(&self, at: Instant, why: DeadlineReason, conn: ConnId) -> bool {
        self.due.contains(&(at, why, conn))
    }

    fn insert(&mut self, at: Instant, why: DeadlineReason, conn: ConnId) {
        self.due.insert((at, why, conn));
        self.registering += usize::from(why == DeadlineReason::Register);
    }

    fn remove(&mut self, at: Instant, why: DeadlineReason, conn: ConnId) {
        let was_there = self.due.remove(&(at, why, conn));
        debug_assert!(was_there, "{conn} has a timer for {why:?}");
        self.registering -= usize::from(why == DeadlineReason::Register);
    }
}

/// The timers of one connection. Of `Detect`, `Register` and `Idle`, at most one is set.
#[derive(Debug)]
pub(super) struct ConnTimers {
    /// The time of each timer, indexed by its reason; [`Instant::NEVER`] if it is not set.
    due: [Instant; DeadlineReason::OF_CONNECTION.len()],
    /// The deadline for the registration. It stays the same if the name is taken and the connection registers again:
    /// otherwise a client could stay unregistered forever. While a password is checked, it is the time that is left,
    /// as an instant after [`Instant::ZERO`].
    registers_until: Instant,
}

impl Default for ConnTimers {
    fn default() -> Self {
        Self { due: [Instant::NEVER; DeadlineReason::OF_CONNECTION.len()], registers_until: Instant::NEVER }
    }
}

impl ConnTimers {
    pub(super) fn is_set(&self, why: DeadlineReason) -> bool {
        self.due[why as usize] != Instant::NEVER
    }

    /// Returns the timers that are set.
    pub(super) fn all(&self) -> impl Iterator<Item = (Instant, DeadlineReason)> + '_ {
        let set = DeadlineReason::OF_CONNECTION.into_iter().filter(|&why| self.is_set(why));
        set.map(|why| (self.due[why as usize], why))
    }
}

impl Hub {
    /// Handles the timer that is due first. Later ones wait for the next [`Input::Timeout`](crate::Input::Timeout), so
    /// that the driver can flush in between.
    pub(super) fn timeout(&mut self, now: Now, sink: &mut impl Sink) {
        match self.deadline().filter(|it| it.at <= now.mono).map(|it| it.why) {
            Some(DeadlineReason::Log) => return self.tell_first_wait(now, sink),
            Some(DeadlineReason::Room) => return self.room_is_due(now, sink),
            _ => {}
        }
        let Some((_, why, conn)) = self.timers.first().filter(|(at, ..)| *at <= now.mono) else { return };
        self.clear_timer(conn, why);
        match why {
            DeadlineReason::Detect => {
                if let Some(request) = self.session(conn).and_then(Session::detection_timed_out) {
                    self.carry_out(now, conn, request, sink);
                    self.run(now, conn, sink);
                }
            }
            DeadlineReason::Close => sink.output(Output::Abort { conn }),
            DeadlineReason::Idle => self.check_idle(now, conn, sink),
            DeadlineReason::Rate => self.budget_ready(now, conn, sink),
            DeadlineReason::Turn => {
                self.resume_entrance(now, conn, sink);
                self.run(now, conn, sink);
            }
            // It is the reason of no timer of a connection.
            DeadlineReason::Log | DeadlineReason::Readers | DeadlineReason::Room => {}
            DeadlineReason::Register if self.session(conn).is_some_and(|it| it.awaits_header()) => {
                self.give_up_proxy(now, conn, CloseReason::ProxyTimeout, sink);
            }
            DeadlineReason::Register => {
                self.close_now(now, conn, CloseReason::RegistrationTimeout, None, sink);
            }
        }
    }

    /// Sets the close timer of a connection that has closed its writing side and still reads a long answer. It leaves
    /// only when the answer is read, and without a deadline it could stay forever.
    pub(super) fn bound_last_answer(&mut self, now: Now, conn: ConnId) {
        let at = now.mono.plus_ms(self.limits.close_timeout_ms);
        let Some(connection) = self.connection(conn) else { return };
        if connection.session.leaves_when_drained() && !connection.timers.is_set(DeadlineReason::Close) {
            self.set_timer(conn, DeadlineReason::Close, at);
        }
    }

    /// Sends a ping to a silent client, or closes the connection of one that did not answer a ping.
    fn check_idle(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let (ping_ms, pong_ms) = (self.limits.ping_ms, self.limits.pong_ms);
        let Some(session) = self.session(conn).filter(|session| session.link() == Link::Open) else { return };
        if session.reads_paused && !session.waits_for_reader() {
            // Reading is paused, and not by the client: what it may have sent is not read yet.
            session.record_activity(now.mono);
        }
        let due = session.heard_at.plus_ms(ping_ms);
        if session.is_pinged {
            return self.close_now(now, conn, CloseReason::PingTimeout, None, sink);
        }
        if due > now.mono {
            return self.set_timer(conn, DeadlineReason::Idle, due);
        }
        session.is_pinged = true;
        self.set_timer(conn, DeadlineReason::Idle, now.mono.plus_ms(pong_ms));
        self.push_reply(now, conn, &Reply::Ping, sink);
    }

    /// Sets the deadline for what a proxy or a gateway says first.
    pub(super) fn expect_header(&mut self, now: Now, conn: ConnId) {
        let until = now.mono.plus_ms(self.limits.proxy_ms);
        let Some(connection) = self.connection(conn) else { return };
        connection.timers.registers_until = until;
        self.set_timer(conn, DeadlineReason::Register, until);
    }

    /// Clears the deadline for what a proxy or a gateway says first. The time for the registration begins later.
    pub(super) fn header_was_read(&mut self, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        connection.timers.registers_until = Instant::NEVER;
        self.clear_timer(conn, DeadlineReason::Register);
    }

    /// Sets the deadline for the registration, unless it was set before.
    pub(super) fn expect_registration(&mut self, now: Now, conn: ConnId) {
        let latest = now.mono.plus_ms(self.limits.registration_ms);
        let Some(connection) = self.connection(conn) else { return };
        let until = &mut connection.timers.registers_until;
        *until = (*until).min(latest);
        let until = *until;
        self.clear_timer(conn, DeadlineReason::Detect);
        self.set_timer(conn, DeadlineReason::Register, until);
    }

    /// Stops the time for the registration while the log has not answered the `Enter`: it may take minutes to do so.
    pub(super) fn stop_registration(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        let until = &mut connection.timers.registers_until;
        if *until != Instant::NEVER {
            *until = Instant::ZERO.plus(until.since(now.mono));
        }
    }

    /// Lets the time for the registration go on after the log has answered that the name is taken.
    pub(super) fn restart_registration(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        let until = &mut connection.timers.registers_until;
        if *until != Instant::NEVER {
            *until = now.mono.plus(until.since(Instant::ZERO));
        }
        self.expect_registration(now, conn);
    }

    /// Stops the time for the registration while a password is checked: the client waits for the server then, and many
    /// who return at once wait for each other. The wait itself is bounded by [`PASSWORD_WAIT_MS_MAX`].
    pub(super) fn pause_registration(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        if connection.session.is_unregistered() {
            let until = &mut connection.timers.registers_until;
            let left = until.since(now.mono);
            *until = Instant::ZERO.plus(left);
            self.set_timer(conn, DeadlineReason::Register, now.mono.plus(left).plus_ms(PASSWORD_WAIT_MS_MAX));
        }
    }

    /// Lets the time for the registration go on after a password was checked.
    pub(super) fn resume_registration(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        if connection.session.is_unregistered() {
            let until = &mut connection.timers.registers_until;
            *until = now.mono.plus(until.since(Instant::ZERO));
            let until = *until;
            self.set_timer(conn, DeadlineReason::Register, until);
        }
    }

    /// Sets a timer of a connection, and replaces an earlier one with the same reason.
    pub(super) fn set_timer(&mut self, conn: ConnId, why: DeadlineReason, at: Instant) {
        let Some((timers, due)) = self.timers_of(conn) else { return };
        let before = core::mem::replace(&mut due[why as usize], at);
        if before != Instant::NEVER {
            timers.remove(before, why, conn);
        }
        if at != Instant::NEVER {
            timers.insert(at, why, conn);
        }
    }

    pub(super) fn clear_timer(&mut self, conn: ConnId, why: DeadlineReason) {
        self.set_timer(conn, why, Instant::NEVER);
    }

    /// Clears the timers of a connection, which waits for nothing any more.
    pub(super) fn clear_timers(&mut self, now: Now, conn: ConnId) {
        self.leave_queue(now, conn);
        self.forget_log_wait(conn);
        let Some((timers, due)) = self.timers_of(conn) else { return };
        for (at, why) in
            due.iter_mut().zip(DeadlineReason::OF_CONNECTION).filter(|(at, _)| **at != Instant::NEVER)
        {
            timers.remove(core::mem::replace(at, Instant::NEVER), why, conn);
        }
    }

    /// Returns the timers of all connections, and the times of those of this connection.
    fn timers_of(
        &mut self,
        conn: ConnId,
    ) -> Option<(&mut Timers, &mut [Instant; DeadlineReason::OF_CONNECTION.len()])> {
        let slot =
            self.slots.get_mut(conn.slot as usize).filter(|slot| slot.generation == conn.generation)?;
        Some((&mut self.timers, &mut slot.connection.as_mut()?.timers.due))
    }
}
