//! Where a server listens: `auto://HOST:PORT[/ROOM]`, or `plain://` or `irc://` for one dialect alone.

use crate::driver::Entrance;
use parlor_protocol::{Dialect, Language, NameError, RoomName};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// An address to listen on, what is spoken there, and the room that those enter who speak the plain dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenUrl {
    /// A name or an address; an IPv6 address stands in brackets.
    host: String,
    port: u16,
    /// What is spoken there, and where it leads to.
    pub entrance: Entrance,
}

impl ListenUrl {
    /// Every address that the host stands for: `localhost` may be two.
    ///
    /// # Errors
    /// The host is unknown.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses: Vec<SocketAddr> = self.authority().to_socket_addrs()?.collect();
        addresses.sort_unstable();
        addresses.dedup();
        Ok(addresses)
    }

    /// The same place one port further, to suggest it.
    #[must_use]
    pub fn next_port(&self) -> Self {
        Self { port: self.port.checked_add(1).unwrap_or(3_000), ..self.clone() }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Default for ListenUrl {
    /// Where the room's ancestor listened.
    fn default() -> Self {
        let entrance = Entrance { dialect: Dialect::Auto, room: Some(RoomName::lobby()) };
        Self { host: "127.0.0.1".to_owned(), port: 3_000, entrance }
    }
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", scheme(self.entrance.dialect), self.authority())?;
        match &self.entrance.room {
            Some(room) if *room == RoomName::lobby() => Ok(()),
            Some(room) => write!(f, "/{room}"),
            None => f.write_str("/-"),
        }
    }
}

/// The word for a dialect, as in URLs.
pub(crate) const fn scheme(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Auto => "auto",
        Dialect::Irc => "irc",
        Dialect::Plain => "plain",
    }
}

/// The text is no place to listen.
#[derive(Debug, PartialEq, Eq)]
pub enum ListenUrlError {
    /// `irc` has no room to lead to: its clients say which they enter.
    IrcRoom,
    /// It has no `://`, or one after something else than `auto`, `irc` or `plain`.
    Scheme,
    /// There is no port, or it is none from 0 to 65535.
    Port,
    /// What follows the port is no room's name.
    Room(NameError),
}

impl fmt::Display for ListenUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IrcRoom => f.write_str("clients of irc:// say themselves which rooms they enter"),
            Self::Scheme => f.write_str(
                "write it so: auto://HOST:PORT or auto://HOST:PORT/ROOM; plain:// and irc:// fix the dialect",
            ),
            Self::Port => f.write_str(
                "a host and a port from 0 to 65535 are missing; write it so: auto://HOST:PORT or \
                 auto://HOST:PORT/ROOM",
            ),
            Self::Room(error) => write!(f, "what follows the port is no room's name: {error}"),
        }
    }
}

impl std::error::Error for ListenUrlError {}

impl FromStr for ListenUrl {
    type Err = ListenUrlError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let dialects = [Dialect::Auto, Dialect::Irc, Dialect::Plain];
        let (name, rest) = url.split_once("://").ok_or(ListenUrlError::Scheme)?;
        let dialect = dialects.into_iter().find(|&dialect| scheme(dialect) == name);
        let dialect = dialect.ok_or(ListenUrlError::Scheme)?;
        let (authority, room) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.rsplit_once(':').ok_or(ListenUrlError::Port)?;
        let is_bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
        if host.is_empty() || is_bare_v6 {
            return Err(ListenUrlError::Port);
        }
        let port = port.parse().map_err(|_| ListenUrlError::Port)?;
        let room = match room {
            room if dialect == Dialect::Irc && !room.is_empty() => return Err(ListenUrlError::IrcRoom),
            "" => Some(RoomName::lobby()),
            "-" => None,
            room => Some(RoomName::parse(room).map_err(ListenUrlError::Room)?),
        };
        Ok(Self { host: host.to_owned(), port, entrance: Entrance { dialect, room } })
    }
}

/// Why a place cannot be listened on, and what to do about it.
#[must_use]
pub fn explain(
    url: &ListenUrl,
    address: Option<SocketAddr>,
    error: &io::Error,
    language: Language,
) -> String {
    let place = address.map_or_else(|| url.authority(), |address| address.to_string());
    let other = url.next_port();
    match (language, error.kind()) {
        (Language::En, io::ErrorKind::AddrInUse) => format!(
            "cannot listen on {place}: the port is in use; stop the other server, or choose another port with --listen {other}"
        ),
        (Language::Zh, io::ErrorKind::AddrInUse) => {
            format!("无法监听{place}:端口已被占用;请停止另一个服务器,或用 --listen {other} 换一个端口")
        }
        (Language::En, io::ErrorKind::AddrNotAvailable) => {
            format!(
                "cannot listen on {place}: that is no address of this machine; --listen auto://127.0.0.1:3000 always is"
            )
        }
        (Language::Zh, io::ErrorKind::AddrNotAvailable) => {
            format!("无法监听{place}:这不是本机的地址;可用 --listen auto://127.0.0.1:3000")
        }
        (Language::En, io::ErrorKind::PermissionDenied) => {
            format!(
                "cannot listen on {place}: a port below 1024 needs a privilege; choose a higher one with --listen"
            )
        }
        (Language::Zh, io::ErrorKind::PermissionDenied) => {
            format!("无法监听{place}:1024 以下的端口需要特权;请用 --listen 选更大的端口")
        }
        (Language::En, _) => format!("cannot listen on {place}: {error}"),
        (Language::Zh, _) => format!("无法监听{place}:{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_into_which_room() {
        for (url, authority, room) in [
            ("plain://127.0.0.1:3000", "127.0.0.1:3000", Some("lobby")),
            ("plain://127.0.0.1:3000/", "127.0.0.1:3000", Some("lobby")),
            ("plain://[::1]:0/茶", "[::1]:0", Some("茶")),
            ("plain://localhost:3000/-", "localhost:3000", None),
            ("auto://localhost:3000", "localhost:3000", Some("lobby")),
            ("auto://localhost:3000/-", "localhost:3000", None),
            ("irc://localhost:6667", "localhost:6667", Some("lobby")),
        ] {
            let parsed: ListenUrl = url.parse().unwrap();
            assert_eq!(parsed.authority(), authority);
            assert_eq!(parsed.entrance.room.as_ref().map(RoomName::as_str), room);
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_url_says_how_to_write_one() {
        for url in ["", "127.0.0.1:3000", "http://127.0.0.1:80", "plain://", "plain://::1:80", "plain://:80"]
        {
            let error = url.parse::<ListenUrl>().unwrap_err();
            assert!(error.to_string().contains("auto://HOST:PORT"), "{url}: {error}");
        }
        assert_eq!("irc://h:6667/tea".parse::<ListenUrl>(), Err(ListenUrlError::IrcRoom));
        assert_eq!("plain://h:65536".parse::<ListenUrl>(), Err(ListenUrlError::Port));
        assert!(matches!("plain://h:1/a b".parse::<ListenUrl>(), Err(ListenUrlError::Room(_))));
    }
}
