//! Counting passwords that were not right, so that who guesses fills no log: the first of an address is a record of its
//! own, and what follows within a period is one record with a count.

use super::Console;
use super::limit::RecordKind;
use crate::locale::text;
use crate::password::network::HostNetwork;
use parlor_protocol::{Language, Name};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;
use tracing::warn;

/// The period.
const PERIOD: Duration = Duration::from_secs(60);

/// Addresses that are counted one by one in a period. Those beyond it are counted together.
const HOSTS_MAX: usize = 1_024;

/// The passwords of a period that were not right.
#[derive(Debug, Default)]
pub(super) struct PasswordCounts {
    /// By address; `None` stands for the addresses beyond the limit.
    hosts: BTreeMap<Option<HostNetwork>, Count>,
}

/// The passwords of one address that have no record of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    wrong: u64,
    not_checked: u64,
}

impl PasswordCounts {
    /// Counts a password, which was wrong or not checked. Returns whether it is to have a record of its own.
    fn add(&mut self, peer: SocketAddr, was_checked: bool) -> bool {
        let host = Some(HostNetwork::from(peer.ip()));
        let is_known = self.hosts.contains_key(&host);
        if !is_known && self.hosts.len() < HOSTS_MAX {
            self.hosts.insert(host, Count::default());
            return true;
        }
        let count = self.hosts.entry(host.filter(|_| is_known)).or_default();
        match was_checked {
            true => count.wrong += 1,
            false => count.not_checked += 1,
        }
        false
    }

    /// Ends the period: returns what was counted. An address that went on is only counted in the next period, too.
    fn take(&mut self) -> Vec<(Option<HostNetwork>, Count)> {
        self.hosts.retain(|_, count| *count != Count::default());
        self.hosts.iter_mut().map(|(host, count)| (*host, std::mem::take(count))).collect()
    }
}

impl Console {
    /// Logs the passwords of each period until the server ends.
    pub(crate) async fn log_password_counts(self) {
        loop {
            tokio::time::sleep(PERIOD).await;
            self.log_passwords_of_period();
        }
    }

    /// Logs the passwords that were counted, a record for each address.
    pub(super) fn log_passwords_of_period(&self) {
        let counted = self.passwords.lock().unwrap_or_else(PoisonError::into_inner).take();
        for (host, Count { wrong, not_checked }) in counted {
            let host = host
                .map_or_else(|| text!(self.language, "other addresses", "其他地址"), |host| host.to_string());
            let text = text!(
                self.language,
                "more passwords from {host}: {wrong} wrong, {not_checked} not checked",
                "来自 {host} 的其他密码：{wrong} 次错误，{not_checked} 次未验证"
            );
            warn!(event = "passwords_wrong", host, wrong, not_checked, "{text}");
        }
    }

    /// Logs a wrong password of a member or of a newcomer, or counts it.
    pub(super) fn log_wrong_password(&self, by_gateway: bool, name: Option<&Name>, peer: SocketAddr) {
        if !self.counts_as_first(peer, true) || !self.admits(RecordKind::PasswordWrong) {
            return;
        }
        match name {
            Some(name) => {
                let text =
                    text!(self.language, "{name} gave a wrong operator password", "{name} 的管理员密码错误");
                warn!(event = "password_wrong", %name, %peer, "{text}");
            }
            None => {
                let text = if by_gateway {
                    text!(self.language, "wrong password of a gateway", "网关密码错误")
                } else {
                    text!(self.language, "missing or wrong server password", "服务器密码缺失或错误")
                };
                warn!(event = "password_wrong", %peer, "{text}");
            }
        }
    }

    /// Logs a password that was not checked, or counts it.
    pub(super) fn log_unchecked_password(&self, name: Option<&Name>, peer: SocketAddr) {
        if self.counts_as_first(peer, false) && self.admits(RecordKind::PasswordNotChecked) {
            let text =
                text!(self.language, "password not checked: too many attempts", "密码未验证：尝试次数过多");
            let name = name.map(tracing::field::display);
            warn!(event = "password_not_checked", name, %peer, "{text}");
        }
    }

    fn counts_as_first(&self, peer: SocketAddr, was_checked: bool) -> bool {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).add(peer, was_checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn peer(host: usize, port: u16) -> SocketAddr {
        (Ipv4Addr::from_bits(host.try_into().unwrap()), port).into()
    }

    #[test]
    fn the_first_of_an_address_is_a_record_and_the_rest_is_a_count() {
        let mut counts = PasswordCounts::default();
        assert!(counts.add(peer(1, 5_000), true));
        assert!(!counts.add(peer(1, 5_001), true), "another port is the same address");
        assert!(!counts.add(peer(1, 5_000), false));
        assert!(counts.add(peer(2, 5_000), false));
        let host = |number| Some(HostNetwork::from(peer(number, 0).ip()));
        assert_eq!(counts.take(), [(host(1), Count { wrong: 1, not_checked: 1 })]);
        assert!(!counts.add(peer(1, 5_000), true), "it went on");
        assert!(counts.add(peer(2, 5_000), true), "it did not");
        assert_eq!(counts.take(), [(host(1), Count { wrong: 1, not_checked: 0 })]);
        assert_eq!(counts.take(), []);
        assert!(counts.hosts.is_empty());
    }

    #[test]
    fn many_addresses_are_counted_together() {
        let mut counts = PasswordCounts::default();
        let records = (0..HOSTS_MAX + 10).filter(|&host| counts.add(peer(host, 5_000), true)).count();
        assert_eq!(records, HOSTS_MAX);
        assert_eq!(counts.take(), [(None, Count { wrong: 10, not_checked: 0 })]);
    }
}
