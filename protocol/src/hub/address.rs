//! The addresses that connections come from: how many connections each has, and its budget.
//!
//! A budget belongs to an address and outlives its connections: otherwise whoever is out of budget would connect again.
//! An IPv4 address is one address. Of IPv6, one host commonly has a whole /64, and one customer a /48; a /64 counts as an
//! address, and a /48 as one that is [`SITE_FACTOR`] times as large.

use crate::base::id::ConnId;
use crate::base::network::{Network, TrustedNetwork};
use crate::base::rate::{Budget, Cost, Rate};
use crate::base::time::Instant;
use crate::planted;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU64;

/// The size of a /48 in /64s: of its budget, and of its number of connections.
const SITE_FACTOR: u32 = 16;

/// The time for which the readers of an ordinary address may hold up a burst of the log, in milliseconds per second and at once.
const WAITS: Rate = Rate { lines: 25, burst: 1_000 };

/// An entry of the table. It is valid for as long as the address has a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AddressId(u32);

/// The addresses that have connections, or a debt.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    entries: Vec<Entry>,
    /// Indices of unused entries.
    vacant: Vec<u32>,
    by_network: BTreeMap<Network, u32>,
    /// Entries without connections whose budget is not whole yet, or that are closed, by the instant until which they are.
    indebted: BTreeSet<(Instant, u32)>,
    /// The number of places in queues that were given out.
    tickets: u64,
}

#[derive(Debug)]
struct Entry {
    network: Network,
    /// The entry of the /48 around it.
    site: Option<u32>,
    /// The size of the entry in ordinary addresses; 0 for no limit.
    factor: u32,
    /// Connections with a slot, and entries that are within it.
    users: u32,
    /// Admitted connections.
    admitted: u32,
    budget: Budget,
    /// The budget of the time for which its readers hold up a burst of the log.
    waits: Budget,
    /// The time until which no connection of the address is admitted.
    closed_until: Instant,
    /// The connections that wait until the budget is ready, in the order in which they began to wait.
    waiting: BTreeMap<Ticket, ConnId>,
}

/// A place in the queue of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(NonZeroU64);

impl Entry {
    /// Returns the time until which the entry is kept without connections.
    fn kept_until(&self) -> Instant {
        self.budget.whole_at().max(self.waits.whole_at()).max(self.closed_until)
    }
}

impl Addresses {
    /// Returns the address of a new connection. At most `indebted_max` addresses are kept only for their debts; over it,
    /// new ones share an address until some are repaid, so that no debt is forgotten.
    pub(super) fn connect(
        &mut self,
        ip: IpAddr,
        trusted: &[TrustedNetwork],
        indebted_max: usize,
        now: Instant,
    ) -> AddressId {
        self.forget_repaid(now);
        let trusted = trusted_around(ip, trusted);
        let factor = trusted.map_or(1, |it| it.factor);
        let host = Network::host(ip);
        let index = match self.by_network.get(&host) {
            Some(&index) => index,
            None if self.indebted.len() >= indebted_max => self.entry(Network::ANY, None, 1),
            None => {
                // A part of a site that is trusted more or less than the rest stands by itself.
                let is_whole = |site: &Network| trusted.is_none_or(|it| it.network.contains_all(site));
                let site = Network::site(ip).filter(is_whole);
                let site = site.map(|site| self.entry(site, None, factor.saturating_mul(SITE_FACTOR)));
                self.entry(host, site, factor)
            }
        };
        self.hold(index);
        AddressId(index)
    }

    /// Records that a connection has given its slot back.
    pub(super) fn disconnect(&mut self, AddressId(index): AddressId) {
        self.release(index);
    }

    /// Whether the address, or one around it, has as many connections as it may have.
    pub(super) fn is_full(&self, AddressId(index): AddressId, connections_max: u32) -> bool {
        self.with_site(index).any(|entry| {
            entry.factor != 0
                && entry.network != Network::ANY
                && entry.admitted >= connections_max.saturating_mul(entry.factor)
        })
    }

    /// Counts an admitted connection.
    pub(super) fn admit(&mut self, id: AddressId) {
        self.each(id, |entry| entry.admitted += 1);
    }

    /// Ends the count of an admitted connection.
    pub(super) fn dismiss(&mut self, id: AddressId) {
        self.each(id, |entry| entry.admitted -= 1);
    }

    /// Returns the rate of a connection's own budget: no limit if its address has none.
    pub(super) fn rate(&self, AddressId(index): AddressId, rate: Rate) -> Rate {
        if self.entries[index as usize].factor == 0 { Rate::UNLIMITED } else { rate }
    }

    /// Whether a line of one of the address's connections may be read now: its budget allows one, and either the connection
    /// has its turn or none waits. `rate` is the rate of an ordinary address.
    pub(super) fn is_ready(&self, id: AddressId, has_turn: bool, rate: Rate, now: Instant) -> bool {
        (has_turn || self.first_waiting(id).is_none()) && self.ready_at(id, rate) <= now
    }

    /// Returns the first instant at which the address's budget allows a line; it may have passed.
    pub(super) fn ready_at(&self, AddressId(index): AddressId, rate: Rate) -> Instant {
        let ready_at = |entry: &Entry| entry.budget.ready_at(rate.times(entry.factor));
        self.with_site(index).map(ready_at).max().unwrap_or(Instant::ZERO)
    }

    /// Charges the address.
    pub(super) fn charge(&mut self, id: AddressId, cost: Cost, rate: Rate, now: Instant) {
        if planted::charges_address() {
            self.each(id, |entry| entry.budget.charge(cost, rate.times(entry.factor), now));
        }
    }

    /// Whether a burst of the log may wait for readers of the address.
    pub(super) fn may_be_waited_for(&self, AddressId(index): AddressId, now: Instant) -> bool {
        self.with_site(index).all(|entry| entry.waits.ready_at(WAITS.times(entry.factor)) <= now)
    }

    /// Charges the address for milliseconds for which a burst of the log has waited for one of its readers.
    pub(super) fn charge_wait(&mut self, id: AddressId, ms: usize, now: Instant) {
        self.each(id, |entry| entry.waits.charge(Cost::lines(ms), WAITS.times(entry.factor), now));
    }

    /// Admits no connection of an address until then. An address without limits, such as that of a bridge, stays open.
    pub(super) fn close_until(&mut self, AddressId(index): AddressId, until: Instant) {
        let entry = &mut self.entries[index as usize];
        // Nobody is to blame for the address that newcomers share when there are too many debts.
        if entry.factor > 0 && entry.network != Network::ANY {
            entry.closed_until = entry.closed_until.max(until);
        }
    }

    /// Whether no connection of the address is admitted now.
    pub(super) fn is_closed(&self, AddressId(index): AddressId, now: Instant) -> bool {
        self.entries[index as usize].closed_until > now
    }

    /// Puts a connection at the end of the queue of its address.
    pub(super) fn wait(&mut self, AddressId(index): AddressId, conn: ConnId) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(NonZeroU64::MIN.saturating_add(self.tickets));
        self.entries[index as usize].waiting.insert(ticket, conn);
        ticket
    }

    /// Takes a connection out of the queue of its address.
    pub(super) fn leave_queue(&mut self, AddressId(index): AddressId, ticket: Ticket) {
        self.entries[index as usize].waiting.remove(&ticket);
    }

    /// Returns the connection that is served next.
    pub(super) fn first_waiting(&self, AddressId(index): AddressId) -> Option<ConnId> {
        let waiting = &self.entries[index as usize].waiting;
        let next = if planted::serves_last() { waiting.last_key_value() } else { waiting.first_key_value() };
        next.map(|(_, &conn)| conn)
    }

    /// Asserts the invariants of the table, given the address of each connection, whether it is admitted, and its place in
    /// the queue.
    pub(super) fn check_invariants(
        &self,
        connections: impl Iterator<Item = (ConnId, AddressId, bool, Option<Ticket>)>,
    ) {
        let count = self.entries.len();
        let (mut users, mut admitted, mut waiting) = (alloc::vec![0; count], alloc::vec![0; count], 0);
        for (conn, AddressId(index), is_admitted, ticket) in connections {
            users[index as usize] += 1;
            for index in [Some(index), self.entries[index as usize].site].into_iter().flatten() {
                admitted[index as usize] += u32::from(is_admitted);
            }
            if let Some(ticket) = ticket {
                waiting += 1;
                assert_eq!(self.entries[index as usize].waiting.get(&ticket), Some(&conn), "{conn} waits");
            }
        }
        for &index in self.by_network.values() {
            if let Some(site) = self.entries[index as usize].site {
                users[site as usize] += 1;
            }
        }
        let mut queued = 0;
        for (network, &index) in &self.by_network {
            let entry = &self.entries[index as usize];
            assert_eq!(entry.network, *network, "an address is found under its own network");
            assert_eq!(entry.users, users[index as usize], "the users of {network:?} are counted");
            assert_eq!(
                entry.admitted, admitted[index as usize],
                "the connections of {network:?} are counted"
            );
            let is_indebted = self.indebted.contains(&(entry.kept_until(), index));
            assert_eq!(is_indebted, entry.users == 0, "{network:?} is kept for a reason");
            queued += entry.waiting.len();
        }
        assert_eq!(queued, waiting, "only waiting connections are queued");
        assert_eq!(self.by_network.len() + self.vacant.len(), count, "no entry is lost");
    }

    /// Returns the entry of a network, which is made if there is none.
    fn entry(&mut self, network: Network, site: Option<u32>, factor: u32) -> u32 {
        if let Some(&index) = self.by_network.get(&network) {
            return index;
        }
        let entry = Entry {
            network,
            site,
            factor,
            users: 0,
            admitted: 0,
            budget: Budget::default(),
            waits: Budget::default(),
            closed_until: Instant::ZERO,
            waiting: BTreeMap::new(),
        };
        if let Some(site) = site {
            self.hold(site);
        }
        let index = self.vacant.pop().unwrap_or_else(|| {
            // There are at most as many entries as slots and debts, with a site for each.
            u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
        });
        match self.entries.get_mut(index as usize) {
            Some(vacant) => *vacant = entry,
            None => self.entries.push(entry),
        }
        self.by_network.insert(network, index);
        index
    }

    /// Adds a user to an entry.
    fn hold(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        if entry.users == 0 {
            self.indebted.remove(&(entry.kept_until(), index));
        }
        entry.users += 1;
    }

    /// Removes a user from an entry. Without users, the entry is kept only for its debt.
    fn release(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        debug_assert!(entry.users > 0, "only a user is released");
        entry.users -= 1;
        if entry.users == 0 {
            self.indebted.insert((entry.kept_until(), index));
        }
    }

    /// Forgets the addresses without connections whose budgets are whole.
    fn forget_repaid(&mut self, now: Instant) {
        while let Some(&(whole_at, index)) = self.indebted.first()
            && (whole_at <= now || !planted::keeps_debts())
        {
            self.indebted.pop_first();
            let Entry { network, site, .. } = self.entries[index as usize];
            self.by_network.remove(&network);
            self.vacant.push(index);
            if let Some(site) = site {
                self.release(site);
            }
        }
    }

    /// Returns an entry and the one of its site.
    fn with_site(&self, index: u32) -> impl Iterator<Item = &Entry> {
        let entry = &self.entries[index as usize];
        core::iter::once(entry).chain(entry.site.map(|site| &self.entries[site as usize]))
    }

    fn each(&mut self, AddressId(index): AddressId, mut change: impl FnMut(&mut Entry)) {
        let entry = &mut self.entries[index as usize];
        change(entry);
        if let Some(site) = entry.site {
            change(&mut self.entries[site as usize]);
        }
    }
}

/// Returns the smallest trusted network around an address.
fn trusted_around(ip: IpAddr, trusted: &[TrustedNetwork]) -> Option<&TrustedNetwork> {
    trusted.iter().filter(|it| it.network.contains(ip)).max_by_key(|it| it.network.prefix_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_newcomers_share_is_neither_full_nor_closed() {
        let (mut addresses, now) = (Addresses::default(), Instant::ZERO);
        let connect =
            |addresses: &mut Addresses, last| addresses.connect(IpAddr::from([192, 0, 2, last]), &[], 1, now);
        let debtor = connect(&mut addresses, 1);
        addresses.charge(debtor, Cost::lines(100), Rate { lines: 1, burst: 1 }, now);
        addresses.disconnect(debtor);
        let shared = connect(&mut addresses, 2);
        assert_eq!(connect(&mut addresses, 3), shared, "there is one debt, and no room for more");
        addresses.admit(shared);
        assert!(!addresses.is_full(shared, 1));
        addresses.close_until(shared, now.plus_ms(1_000));
        assert!(!addresses.is_closed(shared, now), "not everybody pays for one who was killed");
    }
}
