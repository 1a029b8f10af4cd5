//! The first bytes of proxies and gateways: headers of the PROXY protocol, `WEBIRC`, and others that are neither.

use crate::source::Source;
use std::net::{IpAddr, SocketAddr};

/// Appends what a proxy says for a client: in most cases a header that names it.
pub(super) fn header(source: &mut Source<'_>, client: SocketAddr, to: &mut Vec<u8>) {
    // Some proxies write every address as one of IPv6.
    let client = if source.chance(100) { as_ipv6(client) } else { client };
    match source.weighted(&[40, 40, 3, 3, 3, 3, 3, 2, 2]) {
        0 => line(client, to),
        1 => {
            let extensions: &[u8] = source.pick(&[&b""[..], b"", b"\x04\0\x03abc", &[0; 500]]);
            block(0x21, client, extensions, to);
        }
        // On its own behalf, as for a health check.
        2 => block(0x20, client, b"", to),
        3 => to.extend(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
        4 => to.extend(source.pick(&[&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN 1 2 3\r\n"])),
        // Cut off, or longer than it may be.
        5 => {
            let mut whole = Vec::new();
            line(client, &mut whole);
            to.extend(&whole[..source.index(whole.len())]);
        }
        6 => {
            let mut whole = Vec::new();
            block(0x21, client, b"", &mut whole);
            to.extend(&whole[..source.index(whole.len())]);
        }
        7 => block(0x21, client, &[0; 2_100], to),
        _ => to.extend(source.pick(&[
            &b"NICK alice\r\nUSER a 0 * :a\r\n"[..],
            b"hello\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c",
        ])),
    }
}

/// Appends what a gateway says for a client: in most cases a line that names it, with the right password.
pub(super) fn webirc(source: &mut Source<'_>, client: SocketAddr, to: &mut Vec<u8>) {
    let password = source.pick(&["right", "right", "right", "right", "wrong", "right "]);
    let (ip, port) = (client.ip(), client.port());
    match source.weighted(&[60, 20, 5, 5, 5, 5]) {
        0 => to.extend(format!("WEBIRC {password} gateway host {ip}\r\n").bytes()),
        1 => to.extend(format!("webirc {password} g {ip} {ip} :secure remote-port={port}\n").bytes()),
        2 => to.extend(format!("WEBIRC {password} gateway host.example :{ip}\r\n").bytes()),
        3 => {
            let whole = format!("WEBIRC {password} gateway host {ip}\r\n");
            to.extend(&whole.as_bytes()[..source.index(whole.len())]);
        }
        4 => {
            to.extend(format!("WEBIRC {password} gateway host {ip} :").bytes());
            to.extend([b'x'; 2_100]);
        }
        _ => to.extend(source.pick(&[
            &b"NICK alice\r\nUSER a 0 * :a\r\n"[..],
            b"CAP LS 302\r\n",
            b"WEBIRC right gateway host\r\n",
            b"WEBIRC right gateway host 192.0.2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        ])),
    }
}

/// Returns the address as one of IPv6: that to which an address of IPv4 is mapped.
fn as_ipv6(client: SocketAddr) -> SocketAddr {
    match client.ip() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped(), client.port()).into(),
        IpAddr::V6(_) => client,
    }
}

fn line(client: SocketAddr, to: &mut Vec<u8>) {
    let (family, server) = if client.is_ipv4() { ("TCP4", "192.0.2.200") } else { ("TCP6", "2001:db8::200") };
    to.extend(format!("PROXY {family} {} {server} {} 6667\r\n", client.ip(), client.port()).bytes());
}

fn block(command: u8, client: SocketAddr, extensions: &[u8], to: &mut Vec<u8>) {
    let mut addresses = Vec::new();
    let family = match client {
        SocketAddr::V4(client) => {
            addresses.extend(client.ip().octets());
            addresses.extend([192, 0, 2, 200]);
            0x11
        }
        SocketAddr::V6(client) => {
            addresses.extend(client.ip().octets());
            addresses.extend([0; 16]);
            0x21
        }
    };
    addresses.extend(client.port().to_be_bytes());
    addresses.extend([26, 11]);
    addresses.extend(extensions);
    to.extend(b"\r\n\r\n\0\r\nQUIT\n");
    to.extend([command, family]);
    to.extend(u16::try_from(addresses.len()).unwrap_or(u16::MAX).to_be_bytes());
    to.extend(addresses);
}
