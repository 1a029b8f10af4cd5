//! The header that a proxy sends before the bytes of its client: the PROXY protocol, versions 1 and 2.
//!
//! The specification is `HAProxy`'s `doc/proxy-protocol.txt`. Section 2.1 describes version 1, a line of text; section 2.2
//! describes version 2, a binary block. A header is read whole before anything of it is believed (section 2: the receiver
//! must not start processing the connection before it has a complete and valid header). Extensions of version 2 (TLVs,
//! section 2.2) are skipped.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

/// Maximum number of bytes of a header. A longer one is not valid.
///
/// Version 1 needs 107 (section 2.1). Version 2 may announce up to 65,551; what proxies send is far smaller, and both
/// versions are meant to fit into one segment.
pub const HEADER_BYTES_MAX: usize = 2_048;

/// Maximum number of bytes of a line of version 1, with its CRLF (section 2.1).
const LINE_BYTES_MAX: usize = 107;

/// The beginning of version 1, with the space after it.
const LINE_PREFIX: &[u8] = b"PROXY ";

/// The beginning of version 2 (section 2.2).
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Number of bytes of version 2 before the addresses: the signature, version and command, family, and length.
const FIXED_BYTES: usize = SIGNATURE.len() + 4;

/// The result of reading the first bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The bytes do not begin with a valid header. More bytes cannot change that.
    Invalid,
    /// The header is not complete.
    More,
    /// The header is complete.
    Read {
        /// The address of the client; `None` if the proxy connects on its own behalf, as for a health check, or does not
        /// say who its client is. Then the address of the connection itself counts.
        client: Option<SocketAddr>,
        /// Number of bytes of the header. The client's own bytes follow.
        bytes: usize,
    },
}

impl Header {
    /// Reads a header at the beginning of `bytes`.
    ///
    /// The result depends on the bytes of the header alone: if a prefix of `bytes` is complete or invalid, then `bytes` is
    /// the same.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let begins = |expected: &[u8]| expected.iter().zip(bytes).all(|(one, other)| one == other);
        if begins(LINE_PREFIX) {
            line(bytes)
        } else if begins(SIGNATURE) {
            block(bytes)
        } else {
            Self::Invalid
        }
    }
}

/// Reads a header of version 1 (section 2.1).
fn line(bytes: &[u8]) -> Header {
    let head = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', head) else {
        return if head.len() == LINE_BYTES_MAX { Header::Invalid } else { Header::More };
    };
    let text = head[..end].strip_suffix(b"\r").and_then(|line| line.strip_prefix(LINE_PREFIX));
    match text.and_then(client_of_line) {
        Some(client) => Header::Read { client, bytes: end + 1 },
        None => Header::Invalid,
    }
}

/// Returns the client that a line of version 1 names after its first word.
fn client_of_line(text: &[u8]) -> Option<Option<SocketAddr>> {
    // What follows `UNKNOWN` is ignored, whatever it is.
    if text == b"UNKNOWN" || text.starts_with(b"UNKNOWN ") {
        return Some(None);
    }
    let mut words = core::str::from_utf8(text).ok()?.split(' ');
    let parse = match words.next()? {
        "TCP4" => address::<Ipv4Addr>,
        "TCP6" => address::<Ipv6Addr>,
        _ => return None,
    };
    let (client, _server) = (parse(words.next()?)?, parse(words.next()?)?);
    let (port, _server_port) = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then_some(Some(SocketAddr::new(client, port)))
}

fn address<Ip: FromStr + Into<IpAddr>>(text: &str) -> Option<IpAddr> {
    text.parse::<Ip>().ok().map(Into::into)
}

/// Parses a port: decimal, without zeros in front.
fn port(text: &str) -> Option<u16> {
    let is_canonical = text.bytes().all(|it| it.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}

/// Reads a header of version 2 (section 2.2).
fn block(bytes: &[u8]) -> Header {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let (command, family) = (bytes.get(SIGNATURE.len()), bytes.get(SIGNATURE.len() + 1));
    if command.is_some_and(|it| !matches!(*it, LOCAL | PROXY)) {
        return Header::Invalid;
    }
    // The family of `LOCAL` is ignored.
    let is_local = command == Some(&LOCAL);
    if !is_local && family.is_some_and(|it| it >> 4 > 3 || it & 0xF > 2) {
        return Header::Invalid;
    }
    let Some(&[high, low]) = bytes.get(FIXED_BYTES - 2..FIXED_BYTES) else { return Header::More };
    let length = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    let needed = match family {
        _ if is_local => 0,
        Some(0x11 | 0x12) => 12,
        Some(0x21 | 0x22) => 36,
        Some(0x31 | 0x32) => 216,
        _ => 0,
    };
    if length > HEADER_BYTES_MAX || length < FIXED_BYTES + needed {
        return Header::Invalid;
    }
    let Some(block) = bytes.get(FIXED_BYTES..length) else { return Header::More };
    let client = match (is_local, family) {
        (false, Some(0x11)) => client_of_block(block, |ip: [u8; 4]| Ipv4Addr::from(ip).into()),
        (false, Some(0x21)) => client_of_block(block, |ip: [u8; 16]| Ipv6Addr::from(ip).into()),
        // The receiver falls back to the addresses of the connection for families that it does not support.
        _ => None,
    };
    Header::Read { client, bytes: length }
}

/// Returns the source of an address block of version 2: the addresses of the client and of the server, and then their ports.
fn client_of_block<const BYTES: usize>(
    block: &[u8],
    address: fn([u8; BYTES]) -> IpAddr,
) -> Option<SocketAddr> {
    let ip = *block.first_chunk::<BYTES>()?;
    let port = *block.get(2 * BYTES..)?.first_chunk::<2>()?;
    Some(SocketAddr::new(address(ip), u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn read(client: Option<&str>, bytes: usize) -> Header {
        Header::Read { client: client.map(|it| it.parse().unwrap()), bytes }
    }

    fn version_2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, block].concat()
    }

    const V4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB];

    fn v6() -> Vec<u8> {
        let (client, server): (Ipv6Addr, Ipv6Addr) =
            ("2001:db8::7".parse().unwrap(), "2001:db8::1".parse().unwrap());
        [&client.octets()[..], &server.octets(), &[0xDC, 0x04, 0x01, 0xBB]].concat()
    }

    #[test]
    fn a_line_names_its_client() {
        // The example of section 2.1, and the longest lines.
        for (line, client) in [
            ("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", Some("192.168.0.1:56324")),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", Some("255.255.255.255:65535")),
            ("PROXY TCP6 2001:DB8::7 ::1 0 443\r\n", Some("[2001:db8::7]:0")),
            (
                "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
            ),
            ("PROXY UNKNOWN\r\n", None),
            (
                "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                None,
            ),
        ] {
            let whole = [line.as_bytes(), b"NICK alice\r\n"].concat();
            assert_eq!(Header::read(&whole), read(client, line.len()), "{line}");
            for end in 0..line.len() {
                assert_eq!(Header::read(&line.as_bytes()[..end]), Header::More, "{:?}", &line[..end]);
            }
        }
    }

    #[test]
    fn a_line_that_is_not_exact_is_invalid() {
        for line in [
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n",
            "PROXY TCP4  192.168.0.1 192.168.0.11 56324 443\r\n",
            "PROXY TCP4 192.168.0.01 192.168.0.11 56324 443\r\n",
            "PROXY TCP4 192.168.0 192.168.0.11 56324 443\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 056324 443\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 +5632 443\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n",
            "PROXY TCP4 ::1 ::1 56324 443\r\n",
            "PROXY TCP6 192.168.0.1 192.168.0.11 56324 443\r\n",
            "PROXY TCP6 fe80::1%lo fe80::1 56324 443\r\n",
            "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY \r\n",
            "PROXY\r\n",
            "proxy TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "NICK alice\r\n",
            "\r\n\r\nhello",
        ] {
            assert_eq!(Header::read(line.as_bytes()), Header::Invalid, "{line:?}");
        }
        assert_eq!(Header::read(&[b"PROXY UNKNOWN ", &[b'f'; 92][..], b"\r\n"].concat()), Header::Invalid);
    }

    #[test]
    fn a_block_names_its_client() {
        let with_extensions = [V4, &[0x04, 0, 2, 1, 2]].concat();
        for (bytes, client) in [
            (version_2(0x21, 0x11, V4), Some("192.0.2.7:56324")),
            (version_2(0x21, 0x11, &with_extensions), Some("192.0.2.7:56324")),
            (version_2(0x21, 0x21, &v6()), Some("[2001:db8::7]:56324")),
            // Families that fall back to the addresses of the connection.
            (version_2(0x21, 0x00, &[]), None),
            (version_2(0x21, 0x12, V4), None),
            (version_2(0x21, 0x31, &[0; 216]), None),
            // A health check, with and without a block, which is ignored.
            (version_2(0x20, 0x00, &[]), None),
            (version_2(0x20, 0x11, V4), None),
            (version_2(0x20, 0xFF, &[1; 7]), None),
            (version_2(0x21, 0x00, &[0; HEADER_BYTES_MAX - FIXED_BYTES]), None),
        ] {
            let whole = [&bytes[..], b"hello"].concat();
            assert_eq!(Header::read(&whole), read(client, bytes.len()), "{bytes:?}");
            for end in 0..bytes.len() {
                assert_eq!(Header::read(&bytes[..end]), Header::More, "{:?}", &bytes[..end]);
            }
        }
    }

    #[test]
    fn a_block_with_unexpected_values_is_invalid() {
        for bytes in [
            version_2(0x11, 0x11, V4),
            version_2(0x22, 0x11, V4),
            version_2(0x31, 0x11, V4),
            version_2(0x21, 0x41, V4),
            version_2(0x21, 0x13, V4),
            version_2(0x21, 0x11, &V4[..11]),
            version_2(0x21, 0x21, &v6()[..35]),
            version_2(0x21, 0x31, &[0; 215]),
            version_2(0x21, 0x00, &[0; HEADER_BYTES_MAX - FIXED_BYTES + 1]),
            [b"\r\n\r\n\0\r\nQUIT\r", V4].concat(),
        ] {
            assert_eq!(Header::read(&bytes), Header::Invalid, "{bytes:?}");
        }
    }
}
