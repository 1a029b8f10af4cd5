//! The addresses from which the right password came lately.

use super::network::HostNetwork;
use parlor_protocol::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses that are remembered. Over it, the one that has not given the right password for the longest is forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// Milliseconds for which an address is remembered: a day.
const REMEMBERED_MS: u64 = 86_400_000;

/// The addresses from which the right password came lately. Their checks go first.
#[derive(Debug, Default)]
pub(super) struct RecentHosts {
    since: BTreeMap<HostNetwork, Instant>,
    by_age: BTreeSet<(Instant, HostNetwork)>,
}

impl RecentHosts {
    /// Records that the right password came from this address.
    pub(super) fn record(&mut self, now: Instant, host: HostNetwork) {
        if let Some(before) = self.since.insert(host, now) {
            self.by_age.remove(&(before, host));
        }
        self.by_age.insert((now, host));
        while let Some(&(since, oldest)) = self.by_age.first()
            && (self.by_age.len() > ADDRESSES_MAX || since.plus_ms(REMEMBERED_MS) <= now)
        {
            self.by_age.pop_first();
            self.since.remove(&oldest);
        }
    }

    /// Returns whether the right password came from this address lately.
    pub(super) fn has(&self, now: Instant, host: HostNetwork) -> bool {
        self.since.get(&host).is_some_and(|since| since.plus_ms(REMEMBERED_MS) > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn host(number: usize) -> HostNetwork {
        IpAddr::from(Ipv4Addr::from_bits(number.try_into().unwrap())).into()
    }

    #[test]
    fn an_address_is_remembered_for_a_day() {
        let mut recent = RecentHosts::default();
        recent.record(Instant::ZERO, host(1));
        let in_a_day = Instant::ZERO.plus_ms(REMEMBERED_MS);
        assert!(recent.has(Instant::from_micros(in_a_day.as_micros() - 1), host(1)));
        assert!(!recent.has(in_a_day, host(1)));
        assert!(!recent.has(Instant::ZERO, host(2)));
        recent.record(in_a_day, host(2));
        assert_eq!(recent.since.len(), 1, "an old one takes no memory");
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut recent = RecentHosts::default();
        (0..=ADDRESSES_MAX).for_each(|nth| recent.record(Instant::from_micros(nth as u64), host(nth)));
        let now = Instant::from_micros(10_000);
        recent.record(now, host(1));
        recent.record(now, host(ADDRESSES_MAX + 1));
        let has = |number| recent.has(now, host(number));
        assert_eq!((has(0), has(1), has(2), has(3)), (false, true, false, true));
        assert_eq!((recent.since.len(), recent.by_age.len()), (ADDRESSES_MAX, ADDRESSES_MAX));
    }
}
