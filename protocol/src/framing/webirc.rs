//! The line with which an IRC gateway says for whom it connects (IRCv3, `WEBIRC`): `WEBIRC password gateway host address
//! [:options]`.
//!
//! It is the first line of the connection. Of its parameters, only the password and the address are used: a host is what the
//! gateway believes, and nobody is shown one here. Of the options, `remote-port` is the client's port; the others are ignored.

use super::proxy::HEADER_BYTES_MAX;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// The command, in capitals.
const COMMAND: &[u8] = b"WEBIRC";

/// The option with the client's port.
const REMOTE_PORT: &[u8] = b"remote-port=";

/// The result of reading the first bytes of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Webirc<'a> {
    /// The bytes do not begin with a valid line. More bytes cannot change that.
    Invalid,
    /// The line is not complete.
    More,
    /// The line is complete.
    Read {
        /// The password of the gateway, which is not checked yet.
        password: &'a [u8],
        /// The address of the client. The port is 0 if the gateway does not tell it.
        client: SocketAddr,
        /// Number of bytes of the line with its end. The client's own bytes follow.
        bytes: usize,
    },
}

impl core::fmt::Debug for Webirc<'_> {
    /// Omits the password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Invalid => f.write_str("Invalid"),
            Self::More => f.write_str("More"),
            Self::Read { client, bytes, .. } => {
                f.debug_struct("Read").field("client", client).field("bytes", bytes).finish_non_exhaustive()
            }
        }
    }
}

impl<'a> Webirc<'a> {
    /// Reads the line at the beginning of `bytes`. With its end, it has at most [`HEADER_BYTES_MAX`] bytes.
    ///
    /// The result depends on the bytes of the line alone: if a prefix of `bytes` is complete or invalid, then `bytes` is the
    /// same.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        let head = &bytes[..bytes.len().min(HEADER_BYTES_MAX)];
        let begins = COMMAND.iter().zip(head).all(|(one, other)| other.eq_ignore_ascii_case(one));
        let Some(end) = memchr::memchr(b'\n', head).filter(|_| begins) else {
            return if begins && head.len() < HEADER_BYTES_MAX { Self::More } else { Self::Invalid };
        };
        let line = head[..end].strip_suffix(b"\r").unwrap_or(&head[..end]);
        match parameters(line) {
            Some((password, client)) => Self::Read { password, client, bytes: end + 1 },
            None => Self::Invalid,
        }
    }
}

/// Returns the password and the client of a line.
fn parameters(line: &[u8]) -> Option<(&[u8], SocketAddr)> {
    let mut rest = line.get(COMMAND.len()..)?;
    let (password, _gateway, _host) = (parameter(&mut rest)?, parameter(&mut rest)?, parameter(&mut rest)?);
    let ip: IpAddr = parse(parameter(&mut rest)?)?;
    let options = parameter(&mut rest).unwrap_or_default().split(|byte| *byte == b' ');
    let mut ports = options.filter_map(|option| parse(option.strip_prefix(REMOTE_PORT)?));
    Some((password, SocketAddr::new(ip, ports.next().unwrap_or(0))))
}

/// Takes the next parameter of a message (RFC 1459, section 2.3.1): a word after spaces, or all that follows a colon.
fn parameter<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let behind = rest.trim_ascii_start();
    // Without a space before it, it would be a part of the word before.
    if behind.len() == rest.len() || behind.is_empty() {
        return None;
    }
    if let Some(last) = behind.strip_prefix(b":") {
        *rest = b"";
        return Some(last);
    }
    let (word, after) = behind.split_at(memchr::memchr(b' ', behind).unwrap_or(behind.len()));
    *rest = after;
    Some(word)
}

fn parse<T: FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn read<'a>(password: &'a str, client: &str, bytes: usize) -> Webirc<'a> {
        Webirc::Read { password: password.as_bytes(), client: client.parse().unwrap(), bytes }
    }

    #[test]
    fn a_line_names_its_client() {
        for (line, password, client) in [
            // The examples of the specification.
            ("WEBIRC hunter2 ExampleGateway 3.isp.com 198.51.100.3\r\n", "hunter2", "198.51.100.3:0"),
            ("WEBIRC hunter2 ExampleGateway 198.51.100.3 198.51.100.3\r\n", "hunter2", "198.51.100.3:0"),
            (
                "WEBIRC hunter2 ExampleGateway 198.51.100.3 198.51.100.3 secure\r\n",
                "hunter2",
                "198.51.100.3:0",
            ),
            (
                "WEBIRC hunter2 ExampleGateway 198.51.100.3 198.51.100.3 :secure=examplevalue local-port=6697 \
                 remote-port=21726\r\n",
                "hunter2",
                "198.51.100.3:21726",
            ),
            // An address that begins with a colon has a zero before it, or is the last parameter.
            ("WEBIRC pw gw localhost 0::1\r\n", "pw", "[::1]:0"),
            ("WEBIRC pw gw localhost :::1\r\n", "pw", "[::1]:0"),
            ("WEBIRC pw gw h 2001:db8::7 remote-port=1\r\n", "pw", "[2001:db8::7]:1"),
            // Any case, more spaces, a line end as of a person.
            ("webIRC  pw   gw h  192.0.2.7\n", "pw", "192.0.2.7:0"),
            ("WEBIRC pw gw h 192.0.2.7 \r\n", "pw", "192.0.2.7:0"),
            // Options without the value that they should have, and others that only look like one that is known.
            ("WEBIRC pw gw h 192.0.2.7 :remote-port\r\n", "pw", "192.0.2.7:0"),
            ("WEBIRC pw gw h 192.0.2.7 :remote-port=65536\r\n", "pw", "192.0.2.7:0"),
            ("WEBIRC pw gw h 192.0.2.7 :my-remote-port=x certfp-sha-256=00\r\n", "pw", "192.0.2.7:0"),
        ] {
            let whole = [line, "NICK remote-port=9\r\n"].concat();
            assert_eq!(Webirc::read(whole.as_bytes()), read(password, client, line.len()), "{line:?}");
            for end in 0..line.len() {
                assert_eq!(Webirc::read(&line.as_bytes()[..end]), Webirc::More, "{:?}", &line[..end]);
            }
        }
    }

    #[test]
    fn anything_else_is_invalid() {
        for bytes in [
            &b"NICK alice\r\n"[..],
            b"\r\n",
            b"WEBIRX",
            b"WEBIRC\r\n",
            b"WEBIRCpw gw h 192.0.2.7\r\n",
            b"WEBIRC pw gw h\r\n",
            b"WEBIRC pw gw 192.0.2.7\r\n",
            b"WEBIRC pw gw h 192.0.2\r\n",
            b"WEBIRC pw gw h host.example\r\n",
            b"WEBIRC pw gw h 192.0.2.7:80\r\n",
            b"WEBIRC pw gw h [::1]\r\n",
            b"WEBIRC pw :gw h 192.0.2.7\r\n",
            b"WEBIRC pw gw h \xFF\r\n",
            b"@a=b WEBIRC pw gw h 192.0.2.7\r\n",
        ] {
            assert_eq!(Webirc::read(bytes), Webirc::Invalid, "{:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_line_has_a_limit() {
        let mut line = b"WEBIRC pw gw h 192.0.2.7 :".to_vec();
        line.resize(HEADER_BYTES_MAX - 1, b'x');
        assert_eq!(Webirc::read(&line), Webirc::More);
        let longest = [&line[..], b"\n"].concat();
        assert_eq!(Webirc::read(&longest), read("pw", "192.0.2.7:0", HEADER_BYTES_MAX));
        assert_eq!(Webirc::read(&[&line[..], b"x\n"].concat()), Webirc::Invalid);
    }

    #[test]
    fn the_password_is_not_shown() {
        let shown = format!("{:?}", Webirc::read(b"WEBIRC hunter2 gw h 192.0.2.7\r\n"));
        assert_eq!(shown, "Read { client: 192.0.2.7:0, bytes: 31, .. }");
    }
}
