//! Law 12: a line of another protocol is not sent to a room, and has no other effect.

use super::CheckResult;
use crate::conns::Conns;
use crate::scenario::opening::{LONG, NOISE, OPENINGS};
use parlor_protocol::{Command, ConnId, LogEntry, MemberId};
use std::collections::BTreeMap;

/// Maximum number of first bytes that are examined.
const FIRST_BYTES_MAX: usize = 8_192;

/// Number of bytes of a request line that no person would write.
const LONG_BYTES: usize = 4_200;

/// Records the first bytes of each connection.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    first: Conns<First>,
    members: BTreeMap<MemberId, ConnId>,
}

#[derive(Debug, Default)]
struct First {
    bytes: Vec<u8>,
    /// Whether it begins with what a proxy says, which is looked at by others.
    is_proxied: bool,
    is_stranger: bool,
}

impl Strangers {
    pub(super) fn accepted(&mut self, conn: ConnId, is_proxied: bool) {
        self.first.get_or_default(conn).is_proxied = is_proxied;
    }

    /// Records bytes that the hub receives.
    pub(super) fn received(&mut self, conn: ConnId, bytes: &[u8]) {
        let first = self.first.get_or_default(conn);
        if first.is_proxied || first.is_stranger || first.bytes.len() > FIRST_BYTES_MAX {
            return;
        }
        first.bytes.extend_from_slice(bytes);
        first.is_stranger = begins_as_stranger(&first.bytes);
    }

    pub(super) fn committed(&mut self, entry: &LogEntry, conn: Option<ConnId>) -> CheckResult {
        if let Command::Enter { .. } = entry.command {
            conn.and_then(|conn| self.members.insert(MemberId(entry.seq), conn));
            return Ok(());
        }
        let member = entry.command.member();
        let conn = member.and_then(|member| self.members.get(&member));
        let is_stranger = conn.and_then(|conn| self.first.get(*conn)).is_some_and(|first| first.is_stranger);
        match &entry.command {
            Command::Leave { .. } => Ok(()),
            command if is_stranger => Err(format!("a client of another protocol does {command:?}")),
            _ => Ok(()),
        }
    }
}

/// Whether the bytes are the opening of another protocol, after any noise.
fn begins_as_stranger(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        let opens = OPENINGS.iter().any(|opening| rest.starts_with(opening));
        let is_long = rest.starts_with(LONG)
            && rest.iter().take_while(|byte| !b"\r\n".contains(byte)).count() > LONG_BYTES;
        if opens || is_long {
            return true;
        }
        match NOISE.iter().find_map(|noise| rest.strip_prefix(*noise)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
}
