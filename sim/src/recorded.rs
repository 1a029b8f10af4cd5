//! Scenarios of recorded servers: what the clients did, as steps.
//!
//! A recording repeats a server exactly, and so it cannot be made smaller: a call without the one before it is no call that a server is
//! given. A scenario can. So only what the clients have done is taken from a recording, with its times: who connected, what was sent, and
//! who closed. What the simulator decides by itself is left out:
//!
//! - clients have addresses of the simulator, and plain clients are named after these ports;
//! - every client reads what it is sent at once;
//! - the world is new, and the log answers at once;
//! - the server's texts about itself are the default ones;
//! - a blanked password is the right one if it was found right, and wrong otherwise.
//!
//! So a bug that needs one of these is not found again, and the laws say so at once.

use crate::cloak;
use crate::scenario::{Act, Hosts, Scenario, Setup, Step};
use parlor_protocol::{ConnId, Dialect, Identity, Options, PasswordResult, Via, irc};
use parlor_runtime::recording::{Header, ReadError, Record, Recording};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::net::IpAddr;
use std::sync::Arc;

/// The greatest number of connections of a recording that becomes a scenario: each has a port of its own.
pub const CONNECTIONS_MAX: u16 = 50_000;

/// The right password in the simulator.
const RIGHT: &[u8] = b"right";

/// The reason why a recording does not become a scenario.
#[derive(Debug)]
pub enum RecordedError {
    /// It has more than [`CONNECTIONS_MAX`] connections.
    Connections,
    /// It cannot be read.
    Read(ReadError),
}

impl From<ReadError> for RecordedError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// Returns the scenario of a recording.
///
/// # Errors
/// The recording cannot be read, or has too many connections.
pub fn scenario<R: Read + Seek>(recording: &mut Recording<R>) -> Result<Scenario, RecordedError> {
    recording.survey(|_| ())?;
    let mut taken = Taken::default();
    while let Some(block) = recording.next_block()? {
        let Ok(records) = Recording::<R>::records(&block) else { break };
        for record in records {
            match record {
                Record::Received(conn, bytes) => {
                    let bytes = recording.received(conn, bytes);
                    taken.act(conn, Act::Send { bytes, segment: 0 });
                }
                record => taken.take(&record)?,
            }
        }
    }
    let setup = taken.setup(&recording.header);
    Ok(Scenario { setup, steps: taken.steps })
}

/// The steps that were taken from a recording so far.
#[derive(Debug, Default)]
struct Taken {
    steps: Vec<Step>,
    /// Microseconds since the last step.
    after_us: u64,
    /// Clients by connection, and whether they have closed their side.
    clients: BTreeMap<ConnId, (u16, bool)>,
    connections: u16,
    hosts: BTreeSet<IpAddr>,
}

impl Taken {
    fn take(&mut self, record: &Record<'_>) -> Result<(), RecordedError> {
        match record {
            Record::Accepted { conn, dialect, peer, via, room } => {
                if self.connections == CONNECTIONS_MAX {
                    return Err(RecordedError::Connections);
                }
                self.hosts.insert(peer.ip().to_canonical());
                self.clients.insert(*conn, (self.connections, false));
                self.connections += 1;
                let act = match (via, dialect) {
                    (Via::Gateway, _) => Act::ConnectByGateway,
                    (Via::Proxy, dialect) => Act::ConnectProxied { dialect: *dialect, room: room.clone() },
                    (Via::Direct, Dialect::Irc) => Act::ConnectIrc,
                    (Via::Direct, Dialect::Plain) => Act::Connect(room.clone()),
                    (Via::Direct, Dialect::Auto | Dialect::Custom(_)) => Act::ConnectAuto,
                };
                self.act(*conn, act);
            }
            Record::Closed(conn) => {
                if self.clients.get(conn).is_some_and(|(_, has_ended)| !has_ended) {
                    self.act(*conn, Act::Reset);
                }
                self.clients.remove(conn);
            }
            Record::ReadClosed(conn) => {
                if let Some((_, has_ended)) = self.clients.get_mut(conn) {
                    *has_ended = true;
                }
                self.act(*conn, Act::EndInput);
            }
            Record::PasswordChecked(conn, PasswordResult::Right) => self.make_right(*conn),
            Record::Time { mono_us, .. } => self.after_us = self.after_us.saturating_add(*mono_us),
            _ => {}
        }
        Ok(())
    }

    fn act(&mut self, conn: ConnId, act: Act) {
        let Some(&(client, _)) = self.clients.get(&conn) else { return };
        let after_us = std::mem::take(&mut self.after_us);
        self.steps.push(Step { after_us, client, act });
    }

    /// Makes the last password that a client has sent the right one.
    fn make_right(&mut self, conn: ConnId) {
        let Some(&(client, _)) = self.clients.get(&conn) else { return };
        let sent = self.steps.iter_mut().rev().filter(|step| step.client == client);
        for step in sent {
            if let Act::Send { bytes, .. } = &mut step.act
                && make_right(bytes)
            {
                return;
            }
        }
    }

    fn setup(&self, header: &Header) -> Setup {
        let calm = Setup::calm(self.connections.max(1), 0);
        let recorded = &header.options;
        let identity = Identity { has_password: recorded.identity.has_password, ..Identity::default() };
        let options = Options {
            cloaks: cloak::cloaks(),
            echo: recorded.echo,
            greeting: recorded.greeting,
            identity: Arc::new(identity),
            language: recorded.language,
            proxies: Arc::clone(&recorded.proxies),
            raw: recorded.raw,
            remembers_outside: recorded.remembers_outside,
            trusted: Arc::clone(&recorded.trusted),
            ..calm.options.clone()
        };
        let network = match self.hosts.first() {
            Some(host) if host.is_loopback() => Hosts::Loopback,
            Some(IpAddr::V6(_)) => Hosts::V6,
            _ => Hosts::V4,
        };
        // Several hosts are as many as there are clients, as most people have their own.
        let clients_per_host = if self.hosts.len() > 1 { 1 } else { calm.clients };
        Setup { limits: header.limits, options, network, clients_per_host, ..calm }
    }
}

/// Replaces the last blanked password in the lines of a client by the right one. Returns whether there is one.
fn make_right(sent: &mut Vec<u8>) -> bool {
    let mut end = sent.len();
    while end > 0 {
        let begin = sent[..end - 1].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if let Some((from, until)) = blanked(&sent[begin..end]) {
            sent.splice(begin + from..begin + until, RIGHT.iter().copied());
            return true;
        }
        end = begin;
    }
    false
}

/// Returns the range of a blanked password in a line.
fn blanked(line: &[u8]) -> Option<(usize, usize)> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let command = line.split(is_blank).find(|word| !word.is_empty() && !matches!(word[0], b'@' | b':'))?;
    let is_typed = command.eq_ignore_ascii_case(b"/oper");
    if !is_typed && irc::password_parameters(command).is_empty() {
        return None;
    }
    // The password is what follows as one run of blanks, which are `x`.
    let mut at = 0;
    for word in line.split(is_blank) {
        let from = at + usize::from(word.first() == Some(&b':'));
        let until = at + word.len();
        if from < until && line[from..until].iter().all(|&byte| byte == b'x') {
            return Some((from, until));
        }
        at = until + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_blanked_password_becomes_the_right_one() {
        for (sent, right) in [
            ("PASS xxxxx\r\nNICK a\r\n", Some("PASS right\r\nNICK a\r\n")),
            (
                "OPER bob :xxx\r\nOPER bob xxxx\r\nPING 1\r\n",
                Some("OPER bob :xxx\r\nOPER bob right\r\nPING 1\r\n"),
            ),
            (" /OPER bob xxxxxxx\n", Some(" /OPER bob right\n")),
            ("@a=b WEBIRC xx gw h 192.0.2.1\r\n", Some("@a=b WEBIRC right gw h 192.0.2.1\r\n")),
            ("PRIVMSG #a :xxx\r\n", None),
            ("", None),
        ] {
            let mut bytes = sent.as_bytes().to_vec();
            assert_eq!(make_right(&mut bytes), right.is_some(), "{sent}");
            assert_eq!(String::from_utf8(bytes).unwrap(), right.unwrap_or(sent), "{sent}");
        }
    }
}
