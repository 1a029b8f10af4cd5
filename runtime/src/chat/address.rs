//! Where a server is, and the way to it.

use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

/// Where the room's ancestor listens, and a server that nobody told otherwise.
const PORT: u16 = 3_000;

/// Silence after which the system asks whether the server's host is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// A name or an IP address, without brackets.
    host: String,
    port: u16,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Failed {
    /// The host's addresses are not known.
    Lookup(io::Error),
    /// None of the addresses answered well; the most telling of their errors.
    Connect(io::Error),
}

impl Address {
    /// Connects to the first of the host's addresses that answers; each has that long.
    pub(super) fn connect(&self, timeout: Duration) -> Result<TcpStream, Failed> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(Failed::Lookup)?;
        let mut errors = Vec::new();
        for address in addresses {
            match connect(address, timeout) {
                Ok(stream) => return Ok(stream),
                Err(error) => errors.push(error),
            }
        }
        // `localhost` is often two addresses, and a machine without IPv6 cannot reach one of them.
        let rank = |error: &io::Error| match error.kind() {
            ErrorKind::ConnectionRefused => 0,
            ErrorKind::TimedOut => 1,
            _ => 2,
        };
        let nowhere = || io::Error::new(ErrorKind::NotFound, "the name has no address");
        Err(match errors.into_iter().min_by_key(rank) {
            Some(error) => Failed::Connect(error),
            None => Failed::Lookup(nowhere()),
        })
    }

    /// Whether this machine itself is meant.
    pub(super) fn is_here(&self) -> bool {
        let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified();
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(is_loopback)
    }

    /// The command that starts a server there, on this machine.
    pub(super) fn serve_command(&self) -> String {
        match (self.host.as_str(), self.port) {
            ("127.0.0.1" | "localhost", PORT) => "parlor".to_owned(),
            _ => format!("parlor serve --listen plain://{self}"),
        }
    }
}

fn connect(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    // A line is said when it is typed, and a host that vanished is noticed. Where neither can be asked for, the
    // conversation is no worse; where it is because the connection broke already, the first read says so.
    stream.set_nodelay(true).ok();
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 6);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive).ok();
    Ok(stream)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The text is no server's address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadAddress;

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write it so: HOST, HOST:PORT, [IPV6]:PORT or plain://HOST:PORT, the port from 1 to 65535; a room \
             is named with --room",
        )
    }
}

impl std::error::Error for BadAddress {}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix("plain://").unwrap_or(text);
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or(BadAddress)?;
                host.parse::<Ipv6Addr>().map_err(|_| BadAddress)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(BadAddress)?) })
            }
            None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| BadAddress)?
            }
            Some(_) => return Err(BadAddress),
            None => PORT,
        };
        let is_odd = |character: char| character.is_whitespace() || "/@[]?#".contains(character);
        if port == 0 || host.is_empty() || host.contains(is_odd) {
            return Err(BadAddress);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_what_everybody_knows() {
        for (text, whole) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("127.0.0.1", "127.0.0.1:3000"),
            ("chat.example", "chat.example:3000"),
            ("chat.example:4000", "chat.example:4000"),
            ("plain://chat.example:4000", "chat.example:4000"),
            ("[::1]:4000", "[::1]:4000"),
            ("[::1]", "[::1]:3000"),
            ("::1", "[::1]:3000"),
            ("plain://[::1]:4000", "[::1]:4000"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":3000",
            "a:",
            "a:0",
            "a:+1",
            "a:65536",
            "a:b",
            "a b",
            "[::1]3000",
            "[a]:1",
            "http://a",
            "a:1/b",
        ] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress), "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (text, here) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]:4000", true), ("192.0.2.1", false)]
        {
            assert_eq!(text.parse::<Address>().unwrap().is_here(), here, "{text}");
        }
    }
}
