//! The address of a server, and connecting to it.

use parlor_protocol::{NameError, RoomName};
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

/// The default port: that of the ancestor of Parlor.
const PORT: u16 = 3_000;

/// The silence after which the kernel probes whether the server's host is alive.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The address of a server, with the room named in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// A host name or an IP address, without brackets.
    host: String,
    port: u16,
    room: Option<RoomName>,
}

/// The error of a connection attempt.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The host name cannot be resolved.
    Lookup(io::Error),
    /// No address accepted the connection. This is the most informative of their errors.
    Connect(io::Error),
}

impl Address {
    /// Connects to the first of the host's addresses that accepts within `timeout`.
    pub(super) fn connect(&self, timeout: Duration) -> Result<TcpStream, ConnectError> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(ConnectError::Lookup)?;
        let mut errors = Vec::new();
        for address in addresses {
            match connect(address, timeout) {
                Ok(stream) => return Ok(stream),
                Err(error) => errors.push(error),
            }
        }
        // `localhost` often has two addresses, of which a machine without IPv6 cannot reach one: its error says less
        // than the other's.
        let rank = |error: &io::Error| match error.kind() {
            ErrorKind::ConnectionRefused => 0,
            ErrorKind::TimedOut => 1,
            _ => 2,
        };
        let nowhere = || io::Error::new(ErrorKind::NotFound, "the name has no address");
        Err(match errors.into_iter().min_by_key(rank) {
            Some(error) => ConnectError::Connect(error),
            None => ConnectError::Lookup(nowhere()),
        })
    }

    /// Returns the room named behind the port, as in `auto://HOST:PORT/ROOM`.
    pub(super) const fn room(&self) -> Option<&RoomName> {
        self.room.as_ref()
    }

    /// Returns whether this is the local machine.
    pub(super) fn is_local(&self) -> bool {
        let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified();
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(is_loopback)
    }

    /// Returns the command that starts a server at this address on this machine.
    pub(super) fn serve_command(&self) -> String {
        match (self.host.as_str(), self.port) {
            ("127.0.0.1" | "localhost", PORT) => "parlor".to_owned(),
            _ => format!("parlor serve --listen auto://{self}"),
        }
    }
}

fn connect(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    // Send a line when it is typed, and notice a dead host. Errors are ignored: without these options the client still
    // works, and if the connection has broken already, the first read reports it.
    stream.set_nodelay(true).ok();
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 6);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keepalive).ok();
    // Keep-alive does not notice a host that dies while sent data is unacknowledged; this does.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(KEEPALIVE)).ok();
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

/// The error of a text that is not the address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AddressError {
    /// The text does not have the form of an address.
    Form,
    /// The listener at this address accepts only IRC.
    Irc,
    /// The path is not a valid name of a room.
    Room(NameError),
    /// TLS is not supported.
    Tls,
    /// The scheme is not supported.
    Scheme(String),
}

impl FromStr for Address {
    type Err = AddressError;

    /// Parses the addresses that `parlor serve --listen` takes, and forms that leave out the scheme or the port.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = match text.split_once("://") {
            None => text,
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "auto" | "plain" => rest,
                "irc" => return Err(AddressError::Irc),
                "ircs" | "tls" => return Err(AddressError::Tls),
                _ => return Err(AddressError::Scheme(scheme.to_owned())),
            },
        };
        let (authority, room) = text.split_once('/').unwrap_or((text, ""));
        let (host, port) = host_and_port(authority).ok_or(AddressError::Form)?;
        let room = match room {
            // `-` means no room, as in `--listen`.
            "" | "-" => None,
            room => Some(RoomName::parse(room).map_err(AddressError::Room)?),
        };
        Ok(Self { host, port, room })
    }
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            let host = ipv6(host)?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match ipv6(authority) {
            Some(host) => (host, None),
            None => {
                let (host, port) =
                    authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
                let is_odd = |character: char| character.is_whitespace() || "@[]?#%".contains(character);
                if host.is_empty() || host.contains(is_odd) {
                    return None;
                }
                (host.to_owned(), port)
            }
        },
    };
    let port = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
        Some(_) => return None,
        None => PORT,
    };
    (port != 0).then_some((host, port))
}

/// Parses an IPv6 address, which may name the interface it is reached by: `fe80::1%eth0`.
fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().ok()?;
    let Some(zone) = zone else { return Some(address.to_owned()) };
    // In a URL the `%` itself is escaped (RFC 6874).
    let zone = zone.strip_prefix("25").filter(|rest| !rest.is_empty()).unwrap_or(zone);
    let is_sound = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    (!zone.is_empty() && zone.chars().all(is_sound)).then(|| format!("{address}%{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_scheme_and_port() {
        for (text, whole) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("127.0.0.1", "127.0.0.1:3000"),
            ("chat.example", "chat.example:3000"),
            ("chat.example:4000", "chat.example:4000"),
            ("[::1]:4000", "[::1]:4000"),
            ("[::1]", "[::1]:3000"),
            ("::1", "[::1]:3000"),
            ("auto://chat.example", "chat.example:3000"),
            ("fe80::1%eth0", "[fe80::1%eth0]:3000"),
        ] {
            let address = text.parse::<Address>().unwrap();
            assert_eq!((address.to_string().as_str(), address.room()), (whole, None), "{text}");
        }
    }

    #[test]
    fn every_address_of_a_listener_is_an_address() {
        use crate::config::ListenUrl;
        for (text, whole, room) in [
            ("auto://127.0.0.1:3000", "127.0.0.1:3000", None),
            ("plain://chat.example:4000", "chat.example:4000", None),
            ("AUTO://chat.example:4000/", "chat.example:4000", None),
            ("auto://chat.example:4000/-", "chat.example:4000", None),
            ("auto://chat.example:4000/tea", "chat.example:4000", Some("tea")),
            ("plain://[::1]:4000/茶", "[::1]:4000", Some("茶")),
            ("auto://[fe80::1%3]:4000", "[fe80::1%3]:4000", None),
            ("auto://[fe80::1%25eth0]:4000/tea", "[fe80::1%eth0]:4000", Some("tea")),
            ("chat.example/tea", "chat.example:3000", Some("tea")),
            ("chat.example:4000/#tea", "chat.example:4000", Some("tea")),
            ("chat.example:4000/##c++", "chat.example:4000", Some("#c++")),
        ] {
            let address = text.parse::<Address>().unwrap();
            assert_eq!(address.to_string(), whole, "{text}");
            assert_eq!(address.room().map(RoomName::as_str), room, "{text}");
        }
        let default = ListenUrl::default().to_string();
        assert_eq!(default.parse::<Address>().unwrap().to_string(), "127.0.0.1:3000");
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for text in [
            "",
            ":3000",
            "a:",
            "a:0",
            "a:+1",
            "a:65536",
            "a:b",
            "a b",
            "a%b",
            "[::1]3000",
            "[::1",
            "[a]:1",
            "[fe80::1%]:1",
            "[fe80::1%a/b]:1",
            "auto://",
            "user@a:1",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Form), "{text}");
        }
        for (text, why) in [
            ("irc://a:6667", AddressError::Irc),
            ("tls://a:6697", AddressError::Tls),
            ("ircs://a:6697/tea", AddressError::Tls),
            ("http://a", AddressError::Scheme("http".into())),
            ("a:1/b c", AddressError::Room(NameError::Character(' '))),
        ] {
            assert_eq!(text.parse::<Address>(), Err(why), "{text}");
        }
    }

    #[test]
    fn the_local_machine_is_recognised_by_its_names() {
        for (text, here) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]:4000", true), ("192.0.2.1", false)]
        {
            assert_eq!(text.parse::<Address>().unwrap().is_local(), here, "{text}");
        }
    }
}
