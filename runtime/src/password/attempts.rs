//! Limits on wrong passwords, by address.

use super::network::HostNetwork;
use parlor_protocol::Instant;
use std::collections::BTreeMap;

/// Wrong passwords that an address may give.
const BY_ADDRESS: Allowance = Allowance { burst: 20, interval_ms: 3_000 };

/// Wrong passwords that an address may give for one operator.
const BY_NAME: Allowance = Allowance { burst: 5, interval_ms: 12_000 };

/// Debts that are remembered. A thread that checks passwords makes fewer than a hundred a second, each of which is gone
/// after a minute, so that only many threads fill the table.
const DEBTS_MAX: usize = 65_536;

/// So many at once after a silence, and then one in each interval.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    burst: u64,
    interval_ms: u64,
}

/// The holder of a debt: an address, or an address and the operator whose password it tried. Never an operator alone: those
/// who guess would lock the operator out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Debtor {
    Address(HostNetwork),
    Name(HostNetwork, NameTag),
    /// Everyone who came when the table was full: no debt is forgotten for a new one.
    Newcomer,
}

/// A number that stands for the name of an operator.
pub(super) type NameTag = u64;

/// The wrong passwords of all addresses.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The instant at which each debt will have been paid off.
    paid_off_at: BTreeMap<Debtor, Instant>,
    /// Whether attempts are limited at all.
    is_limited: bool,
}

impl Attempts {
    pub(super) const fn new(is_limited: bool) -> Self {
        Self { paid_off_at: BTreeMap::new(), is_limited }
    }

    /// Returns whether the address may try the password of an operator, or another one if there is no name.
    pub(super) fn may_try(&self, now: Instant, from: HostNetwork, name: Option<NameTag>) -> bool {
        debtors(from, name).all(|(debtor, allowance)| {
            let debtor = self.holder(debtor);
            let latest = now.plus_ms((allowance.burst - 1) * allowance.interval_ms);
            self.paid_off_at.get(&debtor).is_none_or(|at| *at <= latest)
        })
    }

    /// Charges a wrong password.
    pub(super) fn charge(&mut self, now: Instant, from: HostNetwork, name: Option<NameTag>) {
        if !self.is_limited {
            return;
        }
        if self.is_full() {
            self.paid_off_at.retain(|_, at| *at > now);
        }
        for (debtor, allowance) in debtors(from, name) {
            let at = self.paid_off_at.entry(self.holder(debtor)).or_insert(now);
            *at = (*at).max(now).plus_ms(allowance.interval_ms);
        }
    }

    /// Returns whether there is room for no other debt than that of the newcomers.
    fn is_full(&self) -> bool {
        self.paid_off_at.len() + 2 > DEBTS_MAX
    }

    /// Returns the debtor, or the one that newcomers share if the table is full.
    fn holder(&self, debtor: Debtor) -> Debtor {
        if self.is_full() && !self.paid_off_at.contains_key(&debtor) { Debtor::Newcomer } else { debtor }
    }
}

fn debtors(from: HostNetwork, name: Option<NameTag>) -> impl Iterator<Item = (Debtor, Allowance)> {
    let by_name = name.map(|name| (Debtor::Name(from, name), BY_NAME));
    std::iter::once((Debtor::Address(from), BY_ADDRESS)).chain(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn host(number: u32) -> HostNetwork {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    /// Charges wrong passwords for as long as they are allowed, and returns their number.
    fn guess(attempts: &mut Attempts, now: Instant, from: HostNetwork, name: impl Fn(u64) -> NameTag) -> u64 {
        let tries = (0..1_000).take_while(|&nth| {
            let may_try = attempts.may_try(now, from, Some(name(nth)));
            attempts.charge(now, from, Some(name(nth)));
            may_try
        });
        tries.count() as u64
    }

    #[test]
    fn an_address_may_try_one_name_five_times_and_all_names_twenty_times() {
        let now = Instant::from_micros(7);
        assert_eq!(guess(&mut Attempts::new(true), now, host(1), |_| 1), 5);
        assert_eq!(guess(&mut Attempts::new(true), now, host(1), |nth| nth), 20);
        assert_eq!(guess(&mut Attempts::new(false), now, host(1), |_| 1), 1_000);
    }

    #[test]
    fn who_guesses_locks_no_other_address_out() {
        let (mut attempts, now) = (Attempts::new(true), Instant::from_micros(7));
        guess(&mut attempts, now, host(1), |_| 1);
        assert!(!attempts.may_try(now, host(1), Some(1)));
        assert!(attempts.may_try(now, host(1), Some(2)), "nor another operator at the same address");
        assert!(attempts.may_try(now, host(2), Some(1)));
    }

    #[test]
    fn a_debt_is_paid_off_with_time_and_not_before() {
        let mut attempts = Attempts::new(true);
        let now = Instant::ZERO;
        (0..5).for_each(|_| attempts.charge(now, host(1), Some(1)));
        assert!(!attempts.may_try(now.plus_ms(BY_NAME.interval_ms - 1), host(1), Some(1)));
        assert!(attempts.may_try(now.plus_ms(BY_NAME.interval_ms), host(1), Some(1)));
        let later = now.plus_ms(3_600_000);
        assert_eq!(guess(&mut attempts, later, host(1), |_| 1), 5, "a silence saves up no more than a burst");
    }

    #[test]
    fn a_full_table_forgets_no_debt() {
        let mut attempts = Attempts::new(true);
        let now = Instant::ZERO;
        (0..20).for_each(|_| attempts.charge(now, host(0), None));
        let mut number = 1;
        while attempts.paid_off_at.len() + 2 <= DEBTS_MAX {
            attempts.charge(now, host(number), None);
            number += 1;
        }
        for newcomer in 0..20 {
            assert!(attempts.may_try(now, host(number + 21), None));
            attempts.charge(now, host(number + newcomer), None);
        }
        assert!(!attempts.may_try(now, host(0), None), "a debt is not forgotten");
        assert!(!attempts.may_try(now, host(number + 21), None), "newcomers share one allowance");
        assert_eq!(attempts.paid_off_at.len(), DEBTS_MAX);
        // What is paid off makes room.
        let later = now.plus_ms(20 * BY_ADDRESS.interval_ms);
        attempts.charge(later, host(number), None);
        assert_eq!(attempts.paid_off_at.len(), 1);
    }
}
