//! The other half of law 1: the hub receives the bytes of each client in the order in which it sent them, and no
//! others.

use super::CheckResult;
use crate::conns::Conns;
use parlor_protocol::ConnId;
use std::collections::{BTreeMap, VecDeque};

/// Compares the bytes that the hub receives with those that clients send.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The bytes of each client that the hub has not received yet.
    on_way: BTreeMap<usize, VecDeque<u8>>,
    links: Conns<usize>,
}

impl Received {
    pub(super) fn client_sent(&mut self, link: usize, bytes: &[u8]) {
        self.on_way.entry(link).or_default().extend(bytes);
    }

    pub(super) fn accepted(&mut self, link: usize, conn: ConnId) {
        self.links.insert(conn, link);
    }

    pub(super) fn received(&mut self, conn: ConnId, bytes: &[u8]) -> CheckResult {
        let sent = self.links.get(conn).and_then(|link| self.on_way.get_mut(link));
        let sent = sent.ok_or("bytes are received of a connection that sent none")?;
        let same = bytes.len() <= sent.len() && sent.drain(..bytes.len()).eq(bytes.iter().copied());
        if same {
            return Ok(());
        }
        Err(format!("{:?} is received, which its client did not send next", String::from_utf8_lossy(bytes)))
    }
}
