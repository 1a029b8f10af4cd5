//! Waiting for a budget: a connection's own, or the one that it shares with the other connections of its address.
//!
//! A connection waits for its own budget with a timer. Those that wait for their address stand in one queue, and only the
//! first has a timer. When it goes off and the budget allows it, the connection is let in, or one line of it is read, and
//! then it stands at the end. So connections of one address are served in turn, however much one of them sends.

use super::Hub;
use super::address::AddressId;
use crate::base::id::ConnId;
use crate::base::rate::{Cost, Rate};
use crate::base::time::{DeadlineReason, Now};
use crate::dialect::action::Notice;
use crate::dialect::reply::Reply;
use crate::hub::output::Sink;
use crate::session::{Blocked, Funds};

impl Hub {
    /// Charges a connection and its address. Later lines wait until the debt is repaid.
    pub(super) fn charge(&mut self, now: Now, conn: ConnId, cost: Cost) {
        if cost == Cost::NONE {
            return;
        }
        let rate = self.limits.rate;
        let Some(connection) = super::connection_in(&mut self.slots, conn) else { return };
        let rate = self.addresses.rate(connection.address, rate);
        let address = connection.address;
        connection.session.charge(cost, &Funds { now: now.mono, rate, address_is_ready: false });
        let cost = connection.session.settle();
        self.charge_address(now, address, cost);
        self.turn.add(conn, cost);
    }

    /// Charges an address.
    pub(super) fn charge_address(&mut self, now: Now, address: AddressId, cost: Cost) {
        let rate = self.address_rate();
        self.addresses.charge(address, cost, rate, now.mono);
    }

    /// Returns the rate of an ordinary address.
    pub(super) const fn address_rate(&self) -> Rate {
        self.limits.rate.times(self.limits.address_factor)
    }

    /// Whether a connection of this address need not wait.
    pub(super) fn address_is_ready(&self, now: Now, address: AddressId) -> bool {
        self.addresses.is_ready(address, false, self.address_rate(), now.mono)
    }

    /// Makes a connection wait for what its session is blocked by.
    pub(super) fn wait(&mut self, now: Now, conn: ConnId, blocked: Option<Blocked>) {
        if blocked != Some(Blocked::Log) {
            self.wait_for_log_is_over(conn);
        }
        let Some(connection) = self.connection(conn) else { return };
        match blocked {
            None => self.leave_queue(now, conn),
            Some(Blocked::Log) => {
                self.leave_queue(now, conn);
                self.wait_for_log(now, conn);
            }
            Some(Blocked::Until(at)) => {
                self.leave_queue(now, conn);
                // A timer that is set goes off before the connection was charged more, and is then set again.
                if self.connection_ref(conn).is_some_and(|it| !it.timers.is_set(DeadlineReason::Rate)) {
                    self.set_timer(conn, DeadlineReason::Rate, at);
                }
            }
            Some(Blocked::Address) if connection.ticket.is_none() => {
                let address = connection.address;
                self.clear_timer(conn, DeadlineReason::Rate);
                let ticket = self.addresses.wait(address, conn);
                if let Some(connection) = self.connection(conn) {
                    connection.ticket = Some(ticket);
                }
                self.time_first(now, address);
            }
            Some(Blocked::Address) => {}
        }
    }

    /// Tells a member that its lines wait for a budget, if they wait long.
    pub(super) fn tell_slowed(&mut self, now: Now, conn: ConnId, blocked: Blocked, sink: &mut impl Sink) {
        let rate = self.address_rate();
        let Some(connection) = super::connection_in(&mut self.slots, conn) else { return };
        let until = match blocked {
            Blocked::Address => self.addresses.ready_at(connection.address, rate),
            Blocked::Log => return,
            Blocked::Until(at) => at,
        };
        if connection.session.is_slowed(until, now.mono) {
            self.push_reply(now, conn, &Reply::Notice(Notice::SlowedDown), sink);
        }
    }

    /// Takes a connection out of the queue of its address, if it is in it.
    pub(super) fn leave_queue(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connection(conn) else { return };
        let Some(ticket) = connection.ticket.take() else { return };
        let address = connection.address;
        self.clear_timer(conn, DeadlineReason::Rate);
        self.addresses.leave_queue(address, ticket);
        self.time_first(now, address);
    }

    /// Goes on with a connection whose budget may be ready, or with the first of those that wait for their address.
    pub(super) fn budget_ready(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let Some(ticket) = connection.ticket else {
            return self.run(now, conn, sink);
        };
        let (address, is_at_door) = (connection.address, connection.session.is_at_door());
        if !self.addresses.is_ready(address, true, self.address_rate(), now.mono) {
            // It was charged since the timer was set.
            return self.time_first(now, address);
        }
        self.addresses.leave_queue(address, ticket);
        if let Some(connection) = self.connection(conn) {
            connection.ticket = None;
        }
        if is_at_door {
            self.begin(now, conn, sink);
        }
        self.run_with(now, conn, true, sink);
        self.time_first(now, address);
    }

    /// Sets the timer of the first connection in the queue of an address.
    fn time_first(&mut self, now: Now, address: AddressId) {
        let Some(first) = self.addresses.first_waiting(address) else { return };
        let at = self.addresses.ready_at(address, self.address_rate()).max(now.mono);
        if self.connection_ref(first).is_some_and(|it| !it.timers.is_set(DeadlineReason::Rate)) {
            self.set_timer(first, DeadlineReason::Rate, at);
        }
    }
}
