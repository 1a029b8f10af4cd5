//! Networks: the addresses that begin with the same bits.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

/// A network in CIDR notation (RFC 4632, RFC 4291 section 2.3).
///
/// IPv4 addresses are kept as the IPv6 addresses that they are mapped to (RFC 4291, section 2.5.5.2), so that an IPv4
/// client of an IPv6 listener is the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The first address, as 128 bits.
    first: u128,
    /// The number of bits that all addresses share.
    bits: u8,
}

/// A network that may do more than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedNetwork {
    /// The network.
    pub network: Network,
    /// The factor by which the budget and the number of connections of each of its addresses are larger than those of
    /// other addresses; 0 for no limit.
    pub factor: u32,
}

impl TrustedNetwork {
    /// The largest factor.
    pub const FACTOR_MAX: u32 = 1_000_000;
}

/// The bits before an IPv4 address in the IPv6 address that it is mapped to.
const MAPPED_BITS: u8 = 96;

impl Network {
    /// All addresses.
    pub(crate) const ANY: Self = Self { first: 0, bits: 0 };

    /// Returns the network of the first `bits` bits of an address.
    #[must_use]
    pub fn new(ip: IpAddr, bits: u8) -> Option<Self> {
        let (offset, most) = match ip.to_canonical() {
            IpAddr::V4(_) => (MAPPED_BITS, 32),
            IpAddr::V6(_) => (0, 128),
        };
        (bits <= most).then(|| Self { first: mapped(ip) & mask(offset + bits), bits: offset + bits })
    }

    /// Returns the network that commonly belongs to one host: an IPv4 address, or an IPv6 /64.
    pub(crate) fn host(ip: IpAddr) -> Self {
        let bits = if ip.to_canonical().is_ipv4() { 128 } else { 64 };
        Self { first: mapped(ip) & mask(bits), bits }
    }

    /// Returns the network that commonly belongs to one customer of a provider: an IPv6 /48.
    pub(crate) fn site(ip: IpAddr) -> Option<Self> {
        ip.to_canonical().is_ipv6().then(|| Self { first: mapped(ip) & mask(48), bits: 48 })
    }

    /// Returns the network as bytes, which no other network has.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 17] {
        let mut bytes = [self.bits; 17];
        bytes[..16].copy_from_slice(&self.first.to_be_bytes());
        bytes
    }

    /// Returns the network that has these bytes.
    pub(crate) fn from_bytes(bytes: &[u8; 17]) -> Option<Self> {
        let (first, bits) = bytes.split_first_chunk()?;
        let network = Self { first: u128::from_be_bytes(*first), bits: *bits.first()? };
        (network.bits <= 128 && network.first & mask(network.bits) == network.first).then_some(network)
    }

    /// Returns whether the address is in the network. A network of IPv6 contains no address of IPv4, although `::/64`
    /// contains those that they are mapped to; only `::/0` contains both.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let is_v4 = self.bits >= MAPPED_BITS && self.first >> 32 == 0xFFFF;
        (self.bits == 0 || is_v4 == ip.to_canonical().is_ipv4()) && mapped(ip) & mask(self.bits) == self.first
    }

    /// Returns whether all addresses of `other` are in the network.
    pub(crate) fn contains_all(&self, other: &Self) -> bool {
        other.bits >= self.bits && other.first & mask(self.bits) == self.first
    }

    /// Returns whether the network has all addresses of IPv4 or of IPv6.
    pub(crate) const fn is_whole_family(&self) -> bool {
        self.bits == 0 || self.bits == MAPPED_BITS && self.first == 0xFFFF << 32
    }

    /// Returns the only address of the network, if it is one of IPv4.
    pub(crate) fn as_v4_address(&self) -> Option<Ipv4Addr> {
        Ipv6Addr::from_bits(self.first).to_ipv4_mapped().filter(|_| self.bits == 128)
    }

    /// Returns the number of bits that all addresses share, counted in an IPv6 address.
    pub(crate) const fn prefix_bits(&self) -> u8 {
        self.bits
    }
}

/// Returns the address of a peer as it is kept and shown: as IPv4, if it is mapped to IPv6. Proxies name clients in both forms.
pub(crate) fn canonical(peer: SocketAddr) -> SocketAddr {
    match peer.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, peer.port()),
        // With its zone.
        IpAddr::V6(_) => peer,
    }
}

fn mapped(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(u32::from(128 - bits)).unwrap_or(0)
}

/// The error for text that is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a network, such as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.0/24=4")
    }
}

impl core::error::Error for NetworkError {}

impl FromStr for Network {
    type Err = NetworkError;

    /// Parses a network, or an address, which is a network of one address. Bits behind the prefix must be zero: otherwise
    /// it is not clear which of the two is wrong.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().map_err(|_| NetworkError)?;
        let all = if ip.is_ipv4() { 32 } else { 128 };
        let bits: u8 = match bits {
            None => all,
            Some(bits) if bits.bytes().all(|it| it.is_ascii_digit()) => {
                bits.parse().map_err(|_| NetworkError)?
            }
            Some(_) => return Err(NetworkError),
        };
        // `::ffff:192.0.2.0/120` is a network of IPv4.
        let network = match (ip, ip.to_canonical()) {
            (IpAddr::V6(_), canonical @ IpAddr::V4(_)) => {
                bits.checked_sub(MAPPED_BITS).and_then(|bits| Self::new(canonical, bits))
            }
            _ => Self::new(ip, bits),
        };
        network.filter(|network| network.first == mapped(ip)).ok_or(NetworkError)
    }
}

impl FromStr for TrustedNetwork {
    type Err = NetworkError;

    /// Parses `NETWORK=FACTOR`, or `NETWORK`, which has no limit.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (network, factor) = text.split_once('=').unwrap_or((text, "0"));
        let is_number = factor.bytes().all(|it| it.is_ascii_digit());
        let factor = factor.parse().ok().filter(|factor| is_number && *factor <= Self::FACTOR_MAX);
        Ok(Self { network: network.parse()?, factor: factor.ok_or(NetworkError)? })
    }
}

impl fmt::Display for TrustedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.network, self.factor)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = Ipv6Addr::from_bits(self.first);
        match ip.to_ipv4_mapped().filter(|_| self.bits >= MAPPED_BITS) {
            Some(ip) => write!(f, "{}/{}", ip, self.bits - MAPPED_BITS),
            None => write!(f, "{ip}/{}", self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_and_written() {
        for text in ["192.0.2.0/24", "127.0.0.1/32", "0.0.0.0/0", "2001:db8::/32", "::1/128", "::/0"] {
            assert_eq!(network(text).to_string(), text);
        }
        assert_eq!(network("192.0.2.7"), network("192.0.2.7/32"));
        assert_eq!(network("::ffff:192.0.2.0/120"), network("192.0.2.0/24"));
        for text in
            ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/8", "::/129", "::1/64", "1.2.3.4/+8", "1.2.3.4/", "a"]
        {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn a_network_is_read_from_its_bytes() {
        for text in ["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128", "::/0"] {
            assert_eq!(Network::from_bytes(&network(text).to_bytes()), Some(network(text)));
        }
        let mut bytes = network("2001:db8::/32").to_bytes();
        bytes[16] = 129;
        assert_eq!(Network::from_bytes(&bytes), None, "too many bits");
        bytes[16] = 28;
        assert_eq!(Network::from_bytes(&bytes), None, "bits behind the prefix");
    }

    #[test]
    fn trusted_networks_are_read_and_written() {
        let trusted = |text: &str| text.parse::<TrustedNetwork>();
        assert_eq!(trusted("192.0.2.0/24=4").unwrap().to_string(), "192.0.2.0/24=4");
        assert_eq!(trusted("::1").unwrap().to_string(), "::1/128=0");
        for text in ["192.0.2.0/24=", "192.0.2.0/24=x", "::1=1000001", "::1=-1", "=4"] {
            assert_eq!(trusted(text), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn a_network_contains_the_addresses_that_begin_with_its_bits() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(network("192.0.2.0/24").contains(ip("192.0.2.255")));
        assert!(network("192.0.2.0/24").contains(ip("::ffff:192.0.2.1")));
        assert!(!network("192.0.2.0/24").contains(ip("192.0.3.0")));
        assert!(network("2001:db8::/32").contains(ip("2001:db8:ffff::1")));
        assert!(!network("2001:db8::/32").contains(ip("2001:db9::1")));
        assert!(network("::/0").contains(ip("192.0.2.1")));
        for other in ["::/1", "::/64", "::/80"] {
            assert!(network(other).contains(ip("::1")), "{other}");
            assert!(!network(other).contains(ip("192.0.2.1")), "{other}");
            assert!(!network(other).contains(ip("::ffff:192.0.2.1")), "{other}");
        }
        assert!(!network("0.0.0.0/0").contains(ip("2001:db8::1")));
    }

    #[test]
    fn the_bits_of_a_mapped_address_are_counted_as_in_ipv4() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mapped = |bits| Network::new(ip("::ffff:192.0.2.7"), bits);
        for bits in 0..=33 {
            assert_eq!(mapped(bits), Network::new(ip("192.0.2.7"), bits), "{bits}");
        }
        assert_eq!(mapped(24), Some(network("192.0.2.0/24")));
        assert_eq!(mapped(33), None);
    }

    #[test]
    fn a_host_is_an_address_or_a_64() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(Network::host(ip("192.0.2.1")), network("192.0.2.1"));
        assert_eq!(Network::host(ip("::ffff:192.0.2.1")), network("192.0.2.1"));
        assert_eq!(Network::host(ip("2001:db8:1:2:3::4")), network("2001:db8:1:2::/64"));
        assert_eq!(Network::site(ip("2001:db8:1:2:3::4")), Some(network("2001:db8:1::/48")));
        assert_eq!(Network::site(ip("192.0.2.1")), None);
    }
}
