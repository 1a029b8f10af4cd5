//! Budgets of addresses, as the documents describe them: a second bookkeeping, beside that of the core.

use super::Model;
use super::conn::{Conn, Link, Stage};
use super::todo::Todo;
use crate::sometimes;
use parlor_protocol::{ConnId, Instant, Rate, TrustedNetwork};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Parts of a line in which prices are counted.
pub(super) const LINE: u64 = 6_144;

/// The price of the bytes of an answer: 512 of them cost a line.
pub(super) const fn answered(bytes: usize) -> u64 {
    bytes as u64 * (LINE / 512)
}

/// The price of a text that others are sent, with 64 bytes for each piece of it: 768 of them cost a line, and a line is
/// the least.
pub(super) fn told(bytes: usize) -> u64 {
    let pieces = bytes.div_ceil(162).max(1);
    ((bytes + 64 * pieces) as u64 * (LINE / 768)).max(LINE)
}

/// The time at which a budget is whole again that is charged `price` now.
pub(super) fn charged(whole_at: u64, price: u64, rate: Rate, now: Instant) -> u64 {
    if rate.lines == 0 {
        return whole_at;
    }
    let interval = 1_000_000 / u64::from(rate.lines);
    whole_at.max(now.as_micros()) + (price * interval).div_ceil(LINE)
}

/// The time from which a budget allows a line.
pub(super) fn ready_at(whole_at: u64, rate: Rate) -> u64 {
    if rate.lines == 0 {
        return 0;
    }
    whole_at.saturating_sub(u64::from(rate.burst - 1) * (1_000_000 / u64::from(rate.lines)))
}

/// A network: its first address, and the bits that its addresses share; and whether it counts for the /48 around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(u128, u32, bool);

/// The address that newcomers share while too many debts are kept.
const SHARED: Address = Address(0, 0, false);

/// The bits that the addresses of a trusted network share.
fn bits_of(trusted: &TrustedNetwork) -> u32 {
    let text = trusted.network.to_string();
    text.rsplit('/').next().and_then(|bits| bits.parse().ok()).unwrap_or(0)
}

impl Address {
    fn of(ip: IpAddr, bits: u32) -> Self {
        let ip = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self(u128::from(ip) & (u128::MAX << (128 - bits)), bits, false)
    }

    fn host(ip: IpAddr, trusted: Option<&TrustedNetwork>) -> Self {
        let Self(first, bits, _) = Self::of(ip, if ip.to_canonical().is_ipv4() { 128 } else { 64 });
        // A trusted part of a site stands by itself.
        let is_part = trusted.is_some_and(|it| bits_of(it) > 48);
        Self(first, bits, bits == 64 && !is_part)
    }

    /// The /48 around a /64.
    fn site(self) -> Option<Self> {
        self.2.then_some(Self(self.0 >> 80 << 80, 48, false))
    }
}

/// The budgets and queues of all addresses.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    whole_at: BTreeMap<Address, u64>,
    factors: BTreeMap<Address, u32>,
    /// The times until which no connection of an address is admitted.
    closed_until: BTreeMap<Address, u64>,
    /// Those who wait for an address, in the order in which they began to.
    queues: BTreeMap<Address, Vec<ConnId>>,
}

impl Model {
    /// Returns the address that a new connection belongs to.
    pub(super) fn address_of(&mut self, ip: IpAddr) -> Address {
        let now = self.now.mono.as_micros();
        let around = self.options.trusted.iter().filter(|it| it.network.contains(ip));
        let trusted = around.max_by_key(|it| bits_of(it));
        let host = Address::host(ip, trusted);
        let is_later =
            |times: &BTreeMap<Address, u64>, of: &Address| times.get(of).is_some_and(|&at| at > now);
        let Addresses { whole_at, closed_until, .. } = &self.addresses;
        let owes = |address: &Address| is_later(whole_at, address) || is_later(closed_until, address);
        let has_conns = |address: Address| self.conns.values().any(|conn| conn.address == address);
        let is_kept = |address: Address| has_conns(address) || owes(&address);
        let site_is_used = |site: Address| {
            let hosts = self.addresses.whole_at.keys().filter(|it| it.site() == Some(site));
            hosts.copied().any(is_kept)
        };
        let only_owing = self
            .addresses
            .whole_at
            .keys()
            .filter(|&it| owes(it) && !has_conns(*it) && !site_is_used(*it))
            .count();
        let address = if is_kept(host) || only_owing < self.limits.budgets_max { host } else { SHARED };
        sometimes!(self.marks, BudgetShared, address == SHARED);
        let factor = match address {
            SHARED => 1,
            _ => trusted.map_or(1, |it| it.factor),
        };
        self.addresses.factors.insert(address, factor);
        self.addresses.whole_at.entry(address).or_insert(0);
        if let Some(site) = address.site() {
            self.addresses.factors.insert(site, factor * 16);
            self.addresses.whole_at.entry(site).or_insert(0);
        }
        address
    }

    /// An operator has killed a member: its address has to wait before it may return.
    pub(super) fn close_address_of(&mut self, id: ConnId) {
        let until = self.now.mono.plus_ms(self.limits.kill_wait_ms).as_micros();
        let Some(address) = self.conns.get(id).map(|conn| conn.address) else { return };
        if address != SHARED && self.addresses.factors[&address] != 0 {
            let closed_until = self.addresses.closed_until.entry(address).or_insert(0);
            *closed_until = until.max(*closed_until);
        }
    }

    /// Whether an address has to wait because one of its members was killed.
    pub(super) fn is_closed(&self, address: Address) -> bool {
        self.addresses.closed_until.get(&address).is_some_and(|&until| until > self.now.mono.as_micros())
    }

    /// Whether an address has as many connections as it may have.
    pub(super) fn is_full(&self, address: Address) -> bool {
        let admitted = |of: Address| {
            let of = |it: Address| it == of || it.site() == Some(of);
            self.conns.values().filter(|conn| conn.has_address && of(conn.address)).count() as u64
        };
        let is_full = |it: Address| {
            let most = u64::from(self.limits.connections_per_ip_max) * u64::from(self.addresses.factors[&it]);
            self.addresses.factors[&it] != 0 && admitted(it) >= most
        };
        address != SHARED && (is_full(address) || address.site().is_some_and(is_full))
    }

    /// The turn of a connection begins, unless it has begun.
    pub(super) fn begin_turn(&mut self, id: ConnId) {
        if self.work.is_none_or(|(worker, _)| worker != id) {
            self.work = Some((id, 0));
        }
    }

    /// Whether a connection has done as much as it may before others have had their turns. Then it waits for its next one.
    pub(super) fn ends_turn(&mut self, id: ConnId) -> bool {
        let most = u64::from(self.limits.turn_lines_max) * LINE;
        let next = Instant::from_micros(self.now.mono.as_micros() + 1);
        let has_done_enough = self.work.is_some_and(|(_, work)| work > most);
        let ends_label = |conn: &Conn| matches!(conn.waiting.front(), Some(Todo::Label(None)));
        let conn = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open && !ends_label(conn));
        let conn = conn.filter(|_| has_done_enough);
        conn.map(|conn| conn.turn_timer = Some(next)).is_some()
    }

    /// The rate of a connection's own budget.
    pub(super) fn own_rate(&self, address: Address) -> Rate {
        match self.addresses.factors[&address] {
            0 => Rate { lines: 0, burst: 1 },
            _ => self.limits.rate,
        }
    }

    fn rate_of(&self, address: Address) -> Rate {
        let factor = self.addresses.factors[&address] * self.limits.address_factor;
        Rate { lines: self.limits.rate.lines * factor, burst: self.limits.rate.burst * factor }
    }

    /// Charges a connection and its address.
    pub(super) fn charge(&mut self, id: ConnId, price: u64) {
        if let Some((_, work)) = self.work.as_mut().filter(|(worker, _)| *worker == id) {
            *work += price;
        }
        let now = self.now.mono;
        let Some(address) = self.conns.get(id).map(|conn| conn.address) else { return };
        let rate = self.own_rate(address);
        if let Some(conn) = self.conns.get_mut(id) {
            conn.whole_at = charged(conn.whole_at, price, rate, now);
        }
        self.charge_address(address, price);
    }

    pub(super) fn charge_address(&mut self, address: Address, price: u64) {
        for address in [Some(address), address.site()].into_iter().flatten() {
            let rate = self.rate_of(address);
            let whole_at = self.addresses.whole_at.entry(address).or_insert(0);
            *whole_at = charged(*whole_at, price, rate, self.now.mono);
        }
    }

    pub(super) fn address_ready_at(&self, address: Address) -> Instant {
        let of = |it: Address| ready_at(self.addresses.whole_at[&it], self.rate_of(it));
        Instant::from_micros(of(address).max(address.site().map_or(0, of)))
    }

    /// Whether a line from this address may be read: of one whose turn it is, or if nobody waits for it.
    pub(super) fn address_is_ready(&self, address: Address, has_turn: bool) -> bool {
        let is_queued = self.addresses.queues.get(&address).is_some_and(|queue| !queue.is_empty());
        (has_turn || !is_queued) && self.address_ready_at(address) <= self.now.mono
    }

    /// A connection stands at the end of its address's queue, if it does not stand in it.
    pub(super) fn wait_for_address(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let address = conn.address;
        let queue = self.addresses.queues.entry(address).or_default();
        if !queue.contains(&id) {
            sometimes!(self.marks, AddressBusy, queue.len() > 1);
            queue.push(id);
            conn.budget_timer = None;
            self.time_first(address);
        }
    }

    /// A connection waits for its address no longer.
    pub(super) fn leave_queue(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let address = conn.address;
        let Some(queue) = self.addresses.queues.get_mut(&address) else { return };
        if queue.contains(&id) {
            queue.retain(|it| *it != id);
            conn.budget_timer = None;
            self.time_first(address);
        }
    }

    /// The first that waits for an address has a timer.
    fn time_first(&mut self, address: Address) {
        let at = self.address_ready_at(address).max(self.now.mono);
        let first = self.addresses.queues.get(&address).and_then(|queue| queue.first()).copied();
        if let Some(conn) = first.and_then(|first| self.conns.get_mut(first)) {
            conn.budget_timer.get_or_insert(at);
        }
    }

    /// The timer of a budget goes off: a connection's own, or its address's if it stands in the queue.
    pub(super) fn budget_is_due(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.budget_timer = None;
        let (address, is_at_door) = (conn.address, conn.stage == Stage::Door);
        if !self.addresses.queues.get(&address).is_some_and(|queue| queue.contains(&id)) {
            return self.advance(now, id);
        }
        if !self.address_is_ready(address, true) {
            return self.time_first(address);
        }
        if let Some(queue) = self.addresses.queues.get_mut(&address) {
            queue.retain(|it| *it != id);
        }
        if is_at_door {
            sometimes!(self.marks, WaitedAtDoor, true);
            self.begin(id);
        }
        self.turn = Some(id).filter(|_| self.conns.get(id).is_some_and(|conn| conn.link == Link::Open));
        self.advance(now, id);
        self.turn = None;
        self.time_first(address);
    }
}
