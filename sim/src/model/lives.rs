//! The lives of nodes: which entries of the log count, and what time it is in the log.

use super::Model;
use super::chat::Chat;
use parlor_protocol::{Command, Life, LogEntry, NodeId};

/// The latest life of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lived {
    life: Life,
    /// The number of its last entry that counts.
    count: u64,
    /// The time of that entry on the clock of the node.
    at_unix_ms: u64,
    is_over: bool,
}

impl Chat {
    /// Returns whether an entry counts, and records it if it does.
    pub(super) fn counts(&mut self, entry: &LogEntry) -> bool {
        if entry.seq <= self.position {
            return false;
        }
        self.position = entry.seq;
        let origin = entry.origin;
        let latest = self.lives.get(&origin.node).copied();
        let begins = match entry.command {
            Command::Started { after } => origin.number == 1 && after == latest.map(|it| it.life),
            _ => false,
        };
        let goes_on =
            latest.is_some_and(|it| !it.is_over && it.life == origin.life && it.count + 1 == origin.number);
        if !begins && !goes_on {
            return false;
        }
        // Another node may be late, and a clock may be slow by seconds. But if a node has changed its mind about the time by more
        // than a minute, it knows better now.
        let was = latest.map_or(0, |it| it.at_unix_ms);
        let is_corrected = |than: u64| entry.at_unix_ms + 60_000 < than;
        if entry.at_unix_ms > self.at_unix_ms || is_corrected(was) && is_corrected(self.at_unix_ms) {
            self.at_unix_ms = entry.at_unix_ms;
        }
        let (life, count, at_unix_ms) = (origin.life, origin.number, entry.at_unix_ms);
        self.lives.insert(origin.node, Lived { life, count, at_unix_ms, is_over: false });
        true
    }

    /// Returns the latest life of a node, and the number of its last entry that counts.
    pub(super) fn life_of(&self, node: NodeId) -> Option<(Life, u64)> {
        self.lives.get(&node).map(|it| (it.life, it.count))
    }

    /// Ends a life, if it is the latest one of its node.
    pub(super) fn end_life(&mut self, node: NodeId, life: Life) {
        if let Some(latest) = self.lives.get_mut(&node).filter(|it| it.life == life) {
            latest.is_over = true;
        }
    }
}

impl Model {
    /// Proposes what begins the life of the node.
    pub(super) fn begin_life(&mut self) {
        let after = self.chat.life_of(self.options.node).map(|(life, _)| life);
        self.propose_for(None, Command::Started { after });
        let limits = self.limits.world;
        if self.chat.revision == 0 || limits != self.chat.limits {
            let revision = self.options.revision.unwrap_or(self.chat.revision + 1);
            if revision > self.chat.revision {
                self.propose_for(None, Command::Configure { revision, limits });
            }
        }
    }

    /// Proposes the end of the life when the server has stopped.
    pub(super) fn end_life(&mut self) {
        if self.stopping && !self.ends_life && self.conns.keys().next().is_none() && self.under_way.is_empty()
        {
            self.ends_life = true;
            let (node, life) = (self.options.node, self.options.life);
            self.propose_for(None, Command::Ended { node, life });
        }
    }
}
