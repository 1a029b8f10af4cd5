//! The environment of a server that is replayed: it answers as the recorded one did, and does nothing.

use crate::recording::Outputs;
use parlor_protocol::{
    Cloaks, ConnId, Environment, HistoryQuery, HistoryScope, Network, NetworkHash, PasswordOf, Proposal, Wire,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The environment of a server that is replayed.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    pub(super) outputs: Outputs,
    /// The writes of which a socket took only a part, in this call: the number of writes since the last such one, and the number of bytes.
    pub(super) short_writes: VecDeque<(u64, u64)>,
    /// Number of writes since the last one of which only a part was taken.
    writes: u64,
    /// The proposals that are not committed yet, in the order of their numbers.
    proposals: VecDeque<Proposal>,
    pub(super) hashes: Hashes,
    /// Whether the histories were kept outside of the server, so that the recording has what was read of them.
    pub(super) remembers: bool,
    /// Whether the server asked for something else than in the recording.
    pub(super) is_different: bool,
    /// The acts of the server, for whoever follows it step by step.
    pub(super) watched: Option<Vec<Done>>,
}

/// Something that a server did.
#[derive(Clone, Debug)]
pub enum Done {
    /// It closed a connection at once.
    Aborted(ConnId),
    /// It closed the writing side of a connection.
    Finished(ConnId),
    /// It paused or resumed reading from a connection.
    Paused(ConnId, bool),
    /// It proposed something to the log.
    Proposed(Box<Proposal>),
    /// It wrote to a connection.
    Wrote(ConnId, Vec<u8>),
}

/// The recorded hashes of networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashes(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    hashes: BTreeMap<[u8; 17], [u8; Cloaks::HASH_BYTES]>,
    is_missing: bool,
}

impl Hashes {
    pub(super) fn insert(&self, network: [u8; 17], hash: [u8; Cloaks::HASH_BYTES]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hashes.insert(network, hash);
    }

    /// Returns whether a hash was asked for that is not in the recording.
    pub(super) fn is_missing(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_missing
    }
}

impl NetworkHash for Hashes {
    fn hash(&self, network: &Network) -> [u8; Cloaks::HASH_BYTES] {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = known.hashes.get(&network.to_bytes()).copied();
        known.is_missing |= hash.is_none();
        hash.unwrap_or_default()
    }
}

impl Repeated {
    /// Returns the next proposal of the server, which is committed.
    pub(super) fn take_proposal(&mut self) -> Option<Proposal> {
        self.proposals.pop_front()
    }

    fn did(&mut self, done: Done) {
        if let Some(watched) = &mut self.watched {
            watched.push(done);
        }
    }
}

impl Wire for Repeated {
    fn finish(&mut self, conn: ConnId) {
        self.outputs.finished(conn);
        self.did(Done::Finished(conn));
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut written = offered;
        if self.short_writes.front().is_some_and(|(writes, _)| *writes == self.writes)
            && let Some((_, bytes)) = self.short_writes.pop_front()
        {
            written = usize::try_from(bytes).unwrap_or(usize::MAX);
            if written >= offered {
                self.is_different = true;
                written = offered;
            }
            self.writes = 0;
        } else {
            self.writes += 1;
        }
        self.outputs.wrote(conn, slices, written);
        if self.watched.is_some() {
            let bytes = slices.concat()[..written].to_vec();
            self.did(Done::Wrote(conn, bytes));
        }
        written
    }
}

impl Environment for Repeated {
    fn fetch(&mut self, _: ConnId, _: &HistoryQuery, _: &HistoryScope) -> bool {
        self.remembers
    }

    fn propose(&mut self, proposal: &Proposal) {
        self.outputs.proposed(proposal);
        self.did(Done::Proposed(Box::new(proposal.clone())));
        // A proposal that is made again is known, or was committed.
        let first = self.proposals.front().map_or(proposal.origin.number, |first| first.origin.number);
        let next = first + self.proposals.len() as u64;
        if proposal.origin.number == next {
            self.proposals.push_back(proposal.clone());
        }
    }

    fn abort(&mut self, conn: ConnId) {
        self.outputs.aborted(conn);
        self.did(Done::Aborted(conn));
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
        self.outputs.asked_for_password(conn);
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        self.outputs.paused(conn, paused);
        self.did(Done::Paused(conn, paused));
    }
}
