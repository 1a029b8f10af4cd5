//! Connections through a proxy or a gateway, as the documents describe them, and a second parser of what these send first.

use super::Model;
use super::address::LINE;
use super::conn::{Link, Stage, Wait};
use crate::sometimes;
use parlor_protocol::{CloseReason, ConnId, Instant, PasswordOf, Text, Via};
use std::net::{IpAddr, SocketAddr};

/// The beginning of a block of version 2.
const BLOCK: [u8; 12] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];

/// The meaning of the first bytes of a proxy.
enum Says {
    Incomplete,
    Nonsense,
    /// The client, if it says whose connection it is; and the number of bytes.
    Whose(Option<SocketAddr>, usize),
}

fn examine(via: Via, bytes: &[u8]) -> Says {
    let whole = match (via, bytes.first()) {
        (Via::Gateway, _) => webirc(bytes).map(|said| match said {
            Some((_, client, count)) => Says::Whose(Some(client), count),
            None => Says::Incomplete,
        }),
        (_, Some(b'P')) => line(bytes),
        _ => block(bytes),
    };
    whole.unwrap_or(Says::Nonsense)
}

/// Returns the password and the client that a gateway names, and the number of bytes of its line: `Some(None)` if the line is
/// not complete, and `None` if it is not valid.
fn webirc(bytes: &[u8]) -> Option<Option<(&[u8], SocketAddr, usize)>> {
    let shown = bytes.len().min(6);
    if !bytes[..shown].eq_ignore_ascii_case(&b"webirc"[..shown]) {
        return None;
    }
    let Some(end) = bytes.iter().take(2_048).position(|&byte| byte == b'\n') else {
        return (bytes.len() < 2_048).then_some(None);
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let rest = line.get(6..).filter(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))?;
    // The words before a parameter that begins with a colon, and then that parameter.
    let mut params: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        let next = rest[at..].iter().position(|byte| !byte.is_ascii_whitespace());
        let Some(next) = next.map(|spaces| at + spaces) else { break };
        if rest[next] == b':' {
            params.push(&rest[next + 1..]);
            break;
        }
        at = rest[next..].iter().position(|&byte| byte == b' ').map_or(rest.len(), |length| next + length);
        params.push(&rest[next..at]);
    }
    let [password, _, _, ip, options @ ..] = &params[..] else { return None };
    let ip: IpAddr = std::str::from_utf8(ip).ok()?.parse().ok()?;
    let options = options.first().map(|it| String::from_utf8_lossy(it).into_owned()).unwrap_or_default();
    let port = options.split(' ').find_map(|it| it.strip_prefix("remote-port=")?.parse().ok());
    Some(Some((password, SocketAddr::new(ip, port.unwrap_or(0)), end + 1)))
}

/// Returns the number of bytes that a proxy or gateway says before its client's, once they are complete.
pub(crate) fn length(via: Via, bytes: &[u8]) -> Option<usize> {
    match examine(via, bytes) {
        Says::Incomplete | Says::Nonsense => None,
        Says::Whose(_, count) => Some(count),
    }
}

fn line(bytes: &[u8]) -> Option<Says> {
    let starts_well = b"PROXY ".iter().zip(bytes).all(|(one, other)| one == other);
    let Some(end) = bytes.iter().take(107).position(|&byte| byte == b'\n') else {
        return (starts_well && bytes.len() < 107).then_some(Says::Incomplete);
    };
    let text = bytes[..end].strip_suffix(b"\r")?.strip_prefix(b"PROXY ")?;
    let words: Vec<&[u8]> = text.split(|&byte| byte == b' ').collect();
    if words[0] == b"UNKNOWN" {
        return Some(Says::Whose(None, end + 1));
    }
    let words: Vec<&str> = words.into_iter().map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    let [family, client, server, port, other_port] = words[..] else { return None };
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| number.to_string() == text);
    let (client, server): (IpAddr, IpAddr) = (client.parse().ok()?, server.parse().ok()?);
    let is_of_family = |ip: IpAddr| family == if ip.is_ipv4() { "TCP4" } else { "TCP6" };
    let (port, _) = (number(port)?, number(other_port)?);
    (is_of_family(client) && is_of_family(server))
        .then(|| Says::Whose(Some(SocketAddr::new(client, port)), end + 1))
}

fn block(bytes: &[u8]) -> Option<Says> {
    let shown = bytes.len().min(12);
    if bytes[..shown] != BLOCK[..shown] {
        return None;
    }
    let rest = &bytes[shown..];
    let is_local = match rest.first() {
        None => return Some(Says::Incomplete),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return None,
    };
    let Some(&family) = rest.get(1) else { return Some(Says::Incomplete) };
    let least = match family {
        _ if is_local => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        0x00..=0x02 | 0x10 | 0x20 | 0x30 => 0,
        _ => return None,
    };
    let [_, _, high, low, addresses @ ..] = rest else { return Some(Says::Incomplete) };
    let length = usize::from(*high) * 256 + usize::from(*low);
    if length < least || 16 + length > 2_048 {
        return None;
    }
    if addresses.len() < length {
        return Some(Says::Incomplete);
    }
    let port = |at: usize| u16::from(addresses[at]) * 256 + u16::from(addresses[at + 1]);
    let client = match family {
        0x11 if !is_local => {
            let ip: [u8; 4] = addresses[..4].try_into().ok()?;
            Some(SocketAddr::new(ip.into(), port(8)))
        }
        0x21 if !is_local => {
            let ip: [u8; 16] = addresses[..16].try_into().ok()?;
            Some(SocketAddr::new(ip.into(), port(32)))
        }
        _ => None,
    };
    Some(Says::Whose(client, 16 + length))
}

impl Model {
    pub(super) fn is_proxy(&self, ip: IpAddr) -> bool {
        self.options.proxies.iter().any(|network| network.contains(ip))
    }

    /// A connection waits for what its proxy says.
    pub(super) fn expect_header(&mut self, id: ConnId) {
        let until: Instant = self.now.mono.plus_ms(self.limits.proxy_ms);
        if let Some(conn) = self.conns.get_mut(id) {
            (conn.stage, conn.registers_until) = (Stage::Header, Some(until));
            conn.wait = Some((until, Wait::Registration));
        }
    }

    /// Reads what a proxy says first. Returns whether there is anything to do behind it.
    pub(super) fn read_header(&mut self, id: ConnId) -> bool {
        let Some(conn) = self.conns.get_mut(id) else { return false };
        if conn.checking {
            return false;
        }
        let (ended, proxy, via) = (conn.input_ended, conn.peer, conn.via);
        let now = self.now.mono;
        let Some(opening) = conn.opening.as_mut() else { return false };
        if via == Via::Gateway
            && !conn.is_vouched
            && let Some(Some((password, ..))) = webirc(&opening.bytes)
        {
            self.questions.push_back((id, PasswordOf::Gateway, password.to_vec()));
            opening.looked = opening.bytes.len();
            conn.checking = true;
            conn.stop_registration_clock(now);
            return true;
        }
        match examine(via, &opening.bytes) {
            Says::Incomplete if ended => self.end(id, CloseReason::EndOfInput),
            Says::Incomplete => {
                opening.looked = opening.bytes.len();
                return false;
            }
            Says::Nonsense => {
                sometimes!(self.marks, ProxyInvalid, true);
                self.end(id, CloseReason::ProxyHeader);
            }
            Says::Whose(client, count) => {
                opening.bytes.drain(..count);
                opening.looked = 0;
                (conn.wait, conn.registers_until) = (None, None);
                sometimes!(self.marks, GatewayVouched, via == Via::Gateway);
                sometimes!(self.marks, Proxied, client.is_some());
                sometimes!(self.marks, ProxiedForItself, client.is_none());
                let peer = client.unwrap_or(proxy);
                let address = self.address_of(peer.ip());
                if let Some(conn) = self.conns.get_mut(id) {
                    (conn.peer, conn.address) = (peer, address);
                }
                self.admit(id);
            }
        }
        true
    }

    /// Admits or refuses a connection whose client is known.
    pub(super) fn admit(&mut self, id: ConnId) {
        let Some(address) = self.conns.get(id).map(|conn| conn.address) else { return };
        let is_full = self.is_full(address);
        let is_ready = self.address_is_ready(address, false);
        self.charge_address(address, 4 * LINE);
        if let Some((reason, words)) = self.refusal_of_client(id, is_full) {
            sometimes!(self.marks, BannedAtDoor, reason == CloseReason::Banned);
            sometimes!(self.marks, KilledLately, reason == CloseReason::KilledLately);
            return self.turn_away_with(id, reason, words.as_ref());
        }
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.has_address = true;
        conn.stage = Stage::Door;
        if is_ready {
            self.begin(id);
        } else {
            self.wait_for_address(id);
        }
    }

    /// Refuses a connection. It is told the reason, unless too many others are being told.
    pub(super) fn turn_away(&mut self, id: ConnId, reason: CloseReason) {
        self.turn_away_with(id, reason, None);
    }

    fn turn_away_with(&mut self, id: ConnId, reason: CloseReason, words: Option<&Text>) {
        let refusals = self.conns.values().filter(|conn| conn.refused).count();
        let is_told = refusals < self.limits.refusals_max as usize;
        sometimes!(self.marks, DropsRefused, !is_told);
        let Some(conn) = self.conns.get_mut(id) else { return };
        (conn.admitted, conn.refused, conn.stage) = (false, is_told, Stage::Outside);
        if is_told {
            self.say_farewell(id, reason, words);
        } else {
            conn.forget_input();
            (conn.link, conn.wait) = (Link::Closing, None);
        }
    }
}
