//! Cloaks, as docs/IRC.md describes them. They are independent of the core's, except for the hash.

use parlor_protocol::Host;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the cloak of an address, as a host.
pub(super) fn of(ip: IpAddr) -> Host {
    Host::parse(&text(ip)).expect("a cloak is a host")
}

fn text(ip: IpAddr) -> String {
    let steps = if ip.to_canonical().is_ipv4() { [32, 24, 16] } else { [128, 64, 48] };
    steps.map(|bits| label(ip, bits) + ".").concat() + "cloak"
}

/// Returns the pattern of cloaks for the host of a mask that is an address or a network: `None` if it is neither, and
/// `Some(None)` if it is a network, or a pattern of addresses, that no part of a cloak stands for.
pub(super) fn pattern(host: &str) -> Option<Option<String>> {
    let (first, bits) = match host.find('/') {
        Some(slash) => (&host[..slash], Some(&host[slash + 1..])),
        None => (host, None),
    };
    // In IRC, the first colon of `::1` is taken as the mark of the last parameter.
    let ip = [first.to_owned(), format!(":{first}")].iter().find_map(|it| it.parse::<IpAddr>().ok());
    if let Some(ip) = ip {
        let is_v4 = ip.to_canonical().is_ipv4();
        let cloak = text(ip);
        let near = &cloak[cloak.find('.')?..];
        let far = &near[1 + near[1..].find('.')?..];
        return Some(match (bits, is_v4) {
            (None | Some("32"), true) | (None | Some("128"), false) => Some(cloak),
            (Some("24"), true) | (Some("64"), false) => Some(format!("*{near}")),
            (Some("16"), true) | (Some("48"), false) => Some(format!("*{far}")),
            _ => None,
        });
    }
    let starred = |stars: &str, zeros: &str, bits: u8| {
        let ip: Ipv4Addr = format!("{}{zeros}", host.strip_suffix(stars)?).parse().ok()?;
        pattern(&format!("{ip}/{bits}"))
    };
    let starred = [(".*.*", ".0.0", 16), (".*", ".0", 24), (".*", ".0.0", 16)]
        .into_iter()
        .find_map(|(stars, zeros, bits)| starred(stars, zeros, bits));
    if starred.is_some() {
        return starred;
    }
    let is_of = |chars: &str| first.chars().all(|it| chars.contains(it));
    let is_v4 = is_of("0123456789.*?") && first.contains('.') && first.chars().any(|it| it.is_ascii_digit());
    let is_v6 = is_of("0123456789abcdefABCDEF.:*?") && first.contains(':');
    (is_v4 || is_v6).then_some(None)
}

/// Returns the label of the network of the first `bits` bits of an address.
fn label(ip: IpAddr, bits: u32) -> String {
    let (ip, bits): (Ipv6Addr, u32) = match ip.to_canonical() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped(), bits + 96),
        IpAddr::V6(ip) => (ip, bits),
    };
    let others = if bits == 128 { 0 } else { u128::MAX >> bits };
    let mut network = [0; 17];
    network[..16].copy_from_slice(&(u128::from(ip) & !others).to_be_bytes());
    network[16] = u8::try_from(bits).expect("an address has 128 bits");
    let bits: String = crate::cloak::hash(&network).iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |five: &[u8]| {
        let five =
            u8::from_str_radix(str::from_utf8(five).expect("it is ASCII"), 2).expect("it is five bits");
        char::from(if five < 26 { b'a' + five } else { b'2' + five - 26 })
    };
    bits.as_bytes().chunks(5).map(digit).collect()
}
