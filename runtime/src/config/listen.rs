//! Addresses to listen on: `auto://HOST:PORT[/ROOM][?proxy]`, or `plain://` or `irc://` for one dialect only,
//! or `irc://HOST:PORT?webirc`.

use crate::driver::ListenerRole;
use crate::locale::{Bilingual, both, text};
use parlor_protocol::{Dialect, Language, NameError, RoomName, Via};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// The end of an address whose connections come from proxies.
const PROXY: &str = "?proxy";

/// The end of an address whose connections come from IRC gateways.
const WEBIRC: &str = "?webirc";

/// An address to listen on, with its dialect and the room that plain clients enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenUrl {
    /// A host name or an IP address; an IPv6 address is in brackets.
    host: String,
    port: u16,
    /// The dialect and the room.
    pub role: ListenerRole,
}

impl ListenUrl {
    /// Resolves the host; `localhost` may have two addresses.
    ///
    /// # Errors
    /// The host cannot be resolved.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses: Vec<SocketAddr> = self.authority().to_socket_addrs()?.collect();
        addresses.sort_unstable();
        addresses.dedup();
        Ok(addresses)
    }

    /// Returns the same address with the next port, as a suggestion.
    #[must_use]
    pub fn next_port(&self) -> Self {
        Self { port: self.port.checked_add(1).unwrap_or(3_000), ..self.clone() }
    }

    /// Returns `HOST:PORT`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Default for ListenUrl {
    /// Returns the address that the ancestor of Parlor listened on.
    fn default() -> Self {
        let role = ListenerRole { dialect: Dialect::Auto, via: Via::Direct, room: Some(RoomName::lobby()) };
        Self { host: "127.0.0.1".to_owned(), port: 3_000, role }
    }
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.role.dialect.name(), self.authority())?;
        match &self.role.room {
            Some(room) if *room == RoomName::lobby() => {}
            Some(room) => write!(f, "/{room}")?,
            None => f.write_str("/-")?,
        }
        match self.role.via {
            Via::Direct => Ok(()),
            Via::Gateway => f.write_str(WEBIRC),
            Via::Proxy => f.write_str(PROXY),
        }
    }
}

/// The error of a text that is not an address to listen on.
#[derive(Debug, PartialEq, Eq)]
pub enum ListenUrlError {
    /// `irc://` takes no room: IRC clients choose the rooms they join.
    IrcRoom,
    /// The scheme is missing or is not `auto`, `irc` or `plain`.
    Scheme,
    /// The host or a port from 0 to 65535 is missing.
    Port,
    /// The path is not a valid name of a room.
    Room(NameError),
    /// A gateway speaks IRC only.
    Webirc,
}

impl ListenUrlError {
    /// Returns the message, which says how to write an address.
    #[must_use]
    pub fn text(&self) -> Bilingual {
        match self {
            Self::IrcRoom => both!(
                "irc:// takes no room: IRC clients choose the rooms they join",
                "irc:// 不能指定房间：IRC 客户端自行选择要加入的房间"
            ),
            Self::Scheme => both!(
                "must be auto://HOST:PORT or auto://HOST:PORT/ROOM; plain:// and irc:// accept one dialect only",
                "格式必须是 auto://HOST:PORT 或 auto://HOST:PORT/ROOM；plain:// 和 irc:// 只接受一种协议"
            ),
            Self::Port => both!(
                "needs a host and a port from 0 to 65535: auto://HOST:PORT or auto://HOST:PORT/ROOM",
                "缺少主机或 0 到 65535 的端口：auto://HOST:PORT 或 auto://HOST:PORT/ROOM"
            ),
            Self::Webirc => both!(
                "?webirc is for irc:// only: gateways speak IRC",
                "?webirc 只能用于 irc://：网关使用 IRC 协议"
            ),
            Self::Room(error) => {
                let zh = match error {
                    NameError::Character(character) => format!("房间名里不能有 {character:?}"),
                    NameError::Empty => "房间名不能为空".to_owned(),
                    NameError::Reserved => "这个房间名已保留".to_owned(),
                    NameError::TooLong => "房间名太长".to_owned(),
                };
                Bilingual::new(format!("invalid room name: {error}"), zh)
            }
        }
    }
}

impl fmt::Display for ListenUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().in_language(Language::En))
    }
}

impl std::error::Error for ListenUrlError {}

impl FromStr for ListenUrl {
    type Err = ListenUrlError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let dialects = [Dialect::Auto, Dialect::Irc, Dialect::Plain];
        let (name, rest) = url.split_once("://").ok_or(ListenUrlError::Scheme)?;
        let dialect = dialects.into_iter().find(|&dialect| dialect.name() == name);
        let dialect = dialect.ok_or(ListenUrlError::Scheme)?;
        let ways = [(PROXY, Via::Proxy), (WEBIRC, Via::Gateway), ("", Via::Direct)];
        let way = ways.into_iter().find_map(|(end, via)| Some((rest.strip_suffix(end)?, via)));
        let (rest, via) = way.unwrap_or((rest, Via::Direct));
        if via == Via::Gateway && dialect != Dialect::Irc {
            return Err(ListenUrlError::Webirc);
        }
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
        Ok(Self { host: host.to_owned(), port, role: ListenerRole { dialect, via, room } })
    }
}

/// Returns the message for an address that cannot be listened on, with advice. `address` is `None` if the host could not be
/// resolved.
#[must_use]
pub fn listen_error(
    url: &ListenUrl,
    address: Option<SocketAddr>,
    error: &io::Error,
    language: Language,
) -> String {
    let place = address.map_or_else(|| url.authority(), |address| address.to_string());
    let other = url.next_port();
    match error.kind() {
        io::ErrorKind::AddrInUse => text!(
            language,
            "cannot listen on {place}: the port is in use; stop the other server, or choose another port with \
             --listen {other}",
            "无法监听 {place}：端口已被占用；请停止另一个服务器，或用 --listen {other} 换一个端口"
        ),
        io::ErrorKind::AddrNotAvailable => text!(
            language,
            "cannot listen on {place}: this machine does not have that address; --listen auto://127.0.0.1:3000 always \
             works",
            "无法监听 {place}：本机没有这个地址；可以用 --listen auto://127.0.0.1:3000"
        ),
        io::ErrorKind::PermissionDenied => text!(
            language,
            "cannot listen on {place}: ports below 1024 need special privileges; choose a higher one with --listen",
            "无法监听 {place}：1024 以下的端口需要特权；请用 --listen 选择更大的端口"
        ),
        _ if address.is_none() => text!(
            language,
            "cannot listen on {place}: the host name cannot be resolved ({error}); check its spelling, or use an \
             address, as in --listen auto://127.0.0.1:3000",
            "无法监听 {place}：无法解析主机名（{error}）；请检查拼写，或改用地址，例如 --listen auto://127.0.0.1:3000"
        ),
        _ => text!(language, "cannot listen on {place}: {error}", "无法监听 {place}：{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_address_and_a_room() {
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
            assert_eq!(parsed.role.room.as_ref().map(RoomName::as_str), room);
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn a_url_may_be_for_proxies_or_gateways() {
        for (url, via, room) in [
            ("auto://127.0.0.1:3000?proxy", Via::Proxy, Some("lobby")),
            ("plain://127.0.0.1:3000/tea?proxy", Via::Proxy, Some("tea")),
            ("plain://127.0.0.1:3000/-?proxy", Via::Proxy, None),
            ("irc://[::1]:6667?proxy", Via::Proxy, Some("lobby")),
            ("irc://[::1]:6667?webirc", Via::Gateway, Some("lobby")),
            ("irc://[::1]:6667", Via::Direct, Some("lobby")),
        ] {
            let parsed: ListenUrl = url.parse().unwrap();
            assert_eq!(parsed.role.via, via, "{url}");
            assert_eq!(parsed.role.room.as_ref().map(RoomName::as_str), room, "{url}");
            assert_eq!(parsed.to_string(), url);
        }
        for (url, error) in [
            ("auto://127.0.0.1:3000?proxies", ListenUrlError::Port),
            ("irc://127.0.0.1:6667?webirc?proxy", ListenUrlError::Port),
            ("auto://127.0.0.1:3000?webirc", ListenUrlError::Webirc),
            ("plain://127.0.0.1:3000/tea?webirc", ListenUrlError::Webirc),
        ] {
            assert_eq!(url.parse::<ListenUrl>(), Err(error), "{url}");
        }
    }

    #[test]
    fn an_invalid_url_says_how_to_write_one() {
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
