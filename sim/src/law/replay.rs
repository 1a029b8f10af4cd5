//! Law 6: a replay of the log, as it is read from the bytes of its entries, has the same digest, and a replay of the inputs sends the same bytes. The replay writes
//! each output at once, so it also shows that flushes and partial writes make no difference.

use super::CheckResult;
use crate::naive::{NaiveSink, Stream};
use crate::rolling::Rolling;
use bytes::Bytes;
use parlor_protocol::{
    ConnId, Dialect, HistoryPage, Hub, Identity, Input, Limits, LogEntry, LogState, Now, Options,
    PasswordResult, Proposal, RoomName, Via, World, codec,
};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

/// The inputs and entries of a run, and hashes of the bytes that it sent.
#[derive(Debug)]
pub struct Replay {
    limits: Limits,
    options: Options,
    inputs: Vec<(Now, Recorded)>,
    /// Number of entries that the log had when the server began.
    resumed: usize,
    entries: Vec<LogEntry>,
    /// The hash of the bytes that each connection was sent, in the order in which the connections were accepted.
    sent: Vec<(ConnId, Rolling)>,
    /// The index in `sent` of the connection in each slot.
    slots: Vec<usize>,
    /// Connections that were lost before they were sent everything.
    lost: BTreeSet<ConnId>,
    given_up: BTreeSet<ConnId>,
}

/// The bytes that a connection is sent in the replay, as many of them as it was sent in the run.
#[derive(Debug)]
struct Beginning {
    left: u64,
    hash: Rolling,
}

/// An owned copy of an input.
#[derive(Clone, Debug)]
enum Recorded {
    Accepted(ConnId, (Dialect, Via), SocketAddr, Option<RoomName>),
    Closed(ConnId),
    Committed(LogEntry),
    Drained(ConnId),
    Identified(Arc<Identity>),
    LogState(LogState),
    Overflowed(ConnId),
    ReadClosed(ConnId),
    Received(ConnId, Bytes),
    Shutdown,
    Tell,
    Timeout,
    Fetched(ConnId, HistoryPage),
    PasswordChecked(ConnId, PasswordResult),
}

impl Replay {
    pub(super) fn resume(limits: Limits, options: Options, log: &[LogEntry]) -> Self {
        Self {
            limits,
            options,
            inputs: Vec::new(),
            resumed: log.len(),
            entries: log.to_vec(),
            sent: Vec::new(),
            slots: Vec::new(),
            lost: BTreeSet::new(),
            given_up: BTreeSet::new(),
        }
    }

    pub(super) fn input(&mut self, now: Now, input: &Input<'_>) {
        let recorded = match input {
            Input::Accepted { conn, dialect, peer, via, room } => {
                let slot = conn.slot as usize;
                if self.slots.len() <= slot {
                    self.slots.resize(slot + 1, 0);
                }
                self.slots[slot] = self.sent.len();
                self.sent.push((*conn, Rolling::default()));
                Recorded::Accepted(*conn, (*dialect, *via), *peer, room.cloned())
            }
            Input::Closed { conn } => Recorded::Closed(*conn),
            Input::Committed { entry } => {
                self.entries.push((*entry).clone());
                Recorded::Committed((*entry).clone())
            }
            Input::Drained { conn } => Recorded::Drained(*conn),
            Input::Overflowed { conn } => {
                self.given_up.insert(*conn);
                Recorded::Overflowed(*conn)
            }
            Input::Fetched { conn, page } => Recorded::Fetched(*conn, (*page).clone()),
            Input::LogState(state) => Recorded::LogState(*state),
            Input::Identified { identity } => Recorded::Identified(Arc::clone(identity)),
            Input::ReadClosed { conn } => Recorded::ReadClosed(*conn),
            Input::Received { conn, bytes } => Recorded::Received(*conn, bytes.clone()),
            Input::Shutdown => Recorded::Shutdown,
            Input::Tell => Recorded::Tell,
            Input::Timeout => Recorded::Timeout,
            Input::PasswordChecked { conn, result } => Recorded::PasswordChecked(*conn, *result),
        };
        self.inputs.push((now, recorded));
    }

    pub(super) fn sent(&mut self, conn: ConnId, bytes: &[u8]) {
        if let Some((_, sent)) = self.slots.get(conn.slot as usize).and_then(|&at| self.sent.get_mut(at)) {
            sent.add(bytes);
        }
    }

    /// Records that the connection was lost before it was sent everything.
    pub(super) fn lost(&mut self, conn: ConnId) {
        self.lost.insert(conn);
    }

    /// Returns all entries of the log.
    #[must_use]
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Returns a hash of all bytes that connections were sent.
    #[must_use]
    pub fn sent_hash(&self) -> u64 {
        let mut all = Rolling::default();
        self.sent.iter().for_each(|(_, sent)| all.add(&sent.finish().to_le_bytes()));
        all.finish()
    }

    /// Checks everything at the end of a life. A crash loses all connections.
    pub(super) fn at_end(&self, world: &World, is_crash: bool) -> CheckResult {
        let digest = World::replay(&stored(&self.entries)?).digest();
        if digest != world.digest() {
            return Err(format!(
                "the log replays to {digest:016x}, and the world is {:016x}",
                world.digest()
            ));
        }
        self.check_snapshot(world)?;
        let world_before = World::replay(&self.entries[..self.resumed]);
        let mut hub = Hub::resume(self.limits, self.options.clone(), world_before);
        let mut sink = NaiveSink::<Beginning>::default();
        hub.start(Now::default(), &mut sink);
        // A lost connection was sent only the first part. (For one that overflowed, law 1 checks that.)
        for (conn, sent) in self.sent.iter().filter(|(conn, _)| is_crash || self.lost.contains(conn)) {
            sink.sent.insert(*conn, Beginning { left: sent.length(), hash: Rolling::default() });
        }
        for (now, input) in &self.inputs {
            hub.handle(*now, input.as_input(), &mut sink);
        }
        if hub.world().digest() != world.digest() {
            return Err("the inputs replay to another world".to_owned());
        }
        for (conn, sent) in &self.sent {
            let replayed = sink.sent.get(*conn).map_or(Rolling::default(), |replayed| replayed.hash);
            if !self.given_up.contains(conn) && replayed.finish() != sent.finish() {
                return Err(format!("{conn} is sent other bytes when the inputs are replayed"));
            }
        }
        Ok(())
    }
}

/// Encodes the entries and decodes them again, as a log does that stores them.
fn stored(entries: &[LogEntry]) -> Result<Vec<LogEntry>, String> {
    let mut drawn: u128 = 0;
    let mut salts = || {
        drawn += 1;
        drawn.to_be_bytes()
    };
    let read = |entry: &LogEntry| {
        let LogEntry { seq, at_unix_ms, origin, command } = entry.clone();
        let bytes = codec::encode(&Proposal { at_unix_ms, origin, command }, &mut salts);
        let decoded = codec::decode_and_check(&bytes).map_err(|error| format!("{entry:?}: {error}"))?;
        let again = decoded.proposal.committed_at(seq);
        // Names are equal if their folded forms are; another spelling gives another digest.
        if again == *entry { Ok(again) } else { Err(format!("{entry:?} is stored as {again:?}")) }
    };
    entries.iter().map(read).collect()
}

impl Replay {
    /// Checks that a world that was restored from a snapshot in the middle of the log ends as the others do.
    fn check_snapshot(&self, world: &World) -> CheckResult {
        let (before, after) = self.entries.split_at(self.entries.len() / 2);
        let bytes = World::replay(before).snapshot(&mut || [7; codec::SALT_BYTES]);
        let mut restored = World::restore(&bytes).map_err(|error| format!("cannot be restored: {error}"))?;
        restored.check_invariants();
        for entry in after {
            restored.apply(entry, &mut Vec::new());
        }
        match restored.digest() == world.digest() {
            true => Ok(()),
            false => Err("a world from a snapshot ends as another one".to_owned()),
        }
    }
}

impl Default for Beginning {
    fn default() -> Self {
        Self { left: u64::MAX, hash: Rolling::default() }
    }
}

impl Stream for Beginning {
    fn add(&mut self, bytes: &[u8]) {
        let taken = &bytes[..bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))];
        self.left -= taken.len() as u64;
        self.hash.add(taken);
    }
}

impl Recorded {
    fn as_input(&self) -> Input<'_> {
        match self {
            Self::Accepted(conn, (dialect, via), peer, room) => Input::Accepted {
                conn: *conn,
                dialect: *dialect,
                peer: *peer,
                via: *via,
                room: room.as_ref(),
            },
            Self::Closed(conn) => Input::Closed { conn: *conn },
            Self::Committed(entry) => Input::Committed { entry },
            Self::Drained(conn) => Input::Drained { conn: *conn },
            Self::Fetched(conn, page) => Input::Fetched { conn: *conn, page },
            Self::LogState(state) => Input::LogState(*state),
            Self::Identified(identity) => Input::Identified { identity: Arc::clone(identity) },
            Self::Overflowed(conn) => Input::Overflowed { conn: *conn },
            Self::ReadClosed(conn) => Input::ReadClosed { conn: *conn },
            Self::Received(conn, bytes) => Input::Received { conn: *conn, bytes: bytes.clone() },
            Self::Shutdown => Input::Shutdown,
            Self::Tell => Input::Tell,
            Self::Timeout => Input::Timeout,
            Self::PasswordChecked(conn, result) => Input::PasswordChecked { conn: *conn, result: *result },
        }
    }
}
