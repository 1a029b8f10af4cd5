//! Cloaks: the hosts that stand for addresses. Everybody may see a cloak, and nobody can tell the address from it.
//!
//! A cloak has a label for each of three networks around an address, the smallest first: `HOST.NEAR.FAR.cloak`. So a mask
//! can select everybody of a network: `*.NEAR.FAR.cloak`, or `*.FAR.cloak`.

use crate::base::digest::Digest;
use crate::base::network::Network;
use crate::base::person::Host;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;

/// A keyed hash of networks. The core has no key and no random numbers, so the embedding program provides one.
///
/// The hash must be the same for as long as the server runs, and from one label nobody without the key may learn another
/// or the network: HMAC-SHA-256 under a secret key, for example.
pub trait NetworkHash: fmt::Debug + Send + Sync {
    /// Returns the hash of a network.
    fn hash(&self, network: &Network) -> [u8; Cloaks::HASH_BYTES];
}

/// Computes the cloaks of addresses. Cloning it is cheap.
///
/// The default has no key: whoever tries all addresses finds the one behind a cloak. It is for tests.
#[derive(Clone, Debug, Default)]
pub struct Cloaks(Option<Arc<dyn NetworkHash>>);

impl Cloaks {
    /// Number of bytes of a network's hash: a label has eight characters.
    pub const HASH_BYTES: usize = 5;

    /// Maximum number of bytes of a cloak: three labels with their dots, and the end.
    const BYTES_MAX: usize = 32;
    /// The end of every cloak. It is no top-level domain, so no host name ends in it.
    const END: &str = "cloak";
    /// The number of bits of the networks of a cloak, the smallest network first.
    const V4_BITS: [u8; 3] = [32, 24, 16];
    const V6_BITS: [u8; 3] = [128, 64, 48];

    /// Creates cloaks of this hash.
    #[must_use]
    pub fn new(hash: Arc<dyn NetworkHash>) -> Self {
        Self(Some(hash))
    }

    /// Returns the cloak of an address.
    #[must_use]
    pub fn host(&self, ip: IpAddr) -> Host {
        Host::of_cloak(&self.labels(ip, &bits_of_steps(ip)))
    }

    /// Returns the pattern that matches the cloaks of exactly the addresses of a network: the cloak of an address, and
    /// `*.NEAR.FAR.cloak` or `*.FAR.cloak` for a network of an address. Returns `None` for any other network.
    #[must_use]
    pub fn pattern(&self, ip: IpAddr, bits: u8) -> Option<String> {
        let steps = bits_of_steps(ip);
        let step = steps.iter().position(|&it| it == bits)?;
        let any = if step == 0 { "" } else { "*." };
        Some(alloc::format!("{any}{}", self.labels(ip, &steps[step..])))
    }

    /// Returns the labels of networks of an address, and the end of a cloak.
    fn labels(&self, ip: IpAddr, steps: &[u8]) -> String {
        let mut text = String::with_capacity(Self::BYTES_MAX);
        for network in steps.iter().filter_map(|&bits| Network::new(ip, bits)) {
            put_label(&self.hash(&network), &mut text);
            text.push('.');
        }
        text + Self::END
    }

    /// Returns the hash of a network; without a key, if there is none.
    fn hash(&self, network: &Network) -> [u8; Self::HASH_BYTES] {
        if let Some(hash) = &self.0 {
            return hash.hash(network);
        }
        let mut digest = Digest::new();
        digest.bytes(&network.to_bytes());
        // The hash differs in its upper bytes only where the input differs early: a multiplication spreads it.
        let bytes = digest.finish().wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        core::array::from_fn(|index| bytes[index])
    }
}

impl NetworkHash for Cloaks {
    /// Returns the hash of a network under the key of these cloaks, so that another hash may be built around it.
    fn hash(&self, network: &Network) -> [u8; Self::HASH_BYTES] {
        Self::hash(self, network)
    }
}

impl PartialEq for Cloaks {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Cloaks {}

fn bits_of_steps(ip: IpAddr) -> [u8; 3] {
    if ip.to_canonical().is_ipv4() { Cloaks::V4_BITS } else { Cloaks::V6_BITS }
}

/// Appends a hash in base 32 (RFC 4648, section 6), in lower case: hosts are compared regardless of case.
fn put_label(hash: &[u8; Cloaks::HASH_BYTES], to: &mut String) {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let number = hash.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    for shift in (0..Cloaks::HASH_BYTES * 8 / 5).rev() {
        let digit = number >> (shift * 5) & 31;
        to.push(char::from(DIGITS[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloak(ip: &str) -> String {
        Cloaks::default().host(ip.parse().unwrap()).as_str().into()
    }

    fn pattern(ip: &str, bits: u8) -> Option<String> {
        Cloaks::default().pattern(ip.parse().unwrap(), bits)
    }

    /// Returns how many labels two cloaks share.
    fn shared(one: &str, other: &str) -> usize {
        let (one, other) = (cloak(one), cloak(other));
        one.split('.').rev().zip(other.split('.').rev()).take_while(|(one, other)| one == other).count() - 1
    }

    #[test]
    fn addresses_of_a_network_share_its_label() {
        for (one, other, labels) in [
            ("192.0.2.1", "192.0.2.1", 3),
            ("192.0.2.1", "::ffff:192.0.2.1", 3),
            ("192.0.2.1", "192.0.2.2", 2),
            ("192.0.2.1", "192.0.3.1", 1),
            ("192.0.2.1", "192.1.2.1", 0),
            ("2001:db8:1:2::3", "2001:db8:1:2:3::3", 2),
            ("2001:db8:1:2::3", "2001:db8:1:3::3", 1),
            ("2001:db8:1:2::3", "2001:db8:2:2::3", 0),
            ("0.0.0.0", "::", 0),
        ] {
            assert_eq!(shared(one, other), labels, "{one} {other}");
        }
    }

    #[test]
    fn a_pattern_has_the_labels_of_the_network() {
        for (ip, [host, near, far]) in [("192.0.2.1", [32, 24, 16]), ("2001:db8::1", [128, 64, 48])] {
            let cloak = cloak(ip);
            let [_, second, third, end] = *cloak.split('.').collect::<alloc::vec::Vec<_>>() else { panic!() };
            assert_eq!(end, "cloak");
            assert_eq!(pattern(ip, host).as_ref(), Some(&cloak));
            assert_eq!(pattern(ip, near), Some(alloc::format!("*.{second}.{third}.cloak")));
            assert_eq!(pattern(ip, far), Some(alloc::format!("*.{third}.cloak")));
        }
        for (ip, bits) in [("192.0.2.1", 25), ("192.0.2.1", 0), ("192.0.2.1", 64), ("2001:db8::1", 32)] {
            assert_eq!(pattern(ip, bits), None, "{ip} {bits}");
        }
    }

    #[test]
    fn a_label_is_the_hash_in_base_32() {
        let mut label = String::new();
        put_label(b"fooba", &mut label);
        assert_eq!(label, "mzxw6ytb", "a test vector of RFC 4648");
    }
}
