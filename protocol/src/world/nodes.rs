//! The nodes that propose to the log: which entries are applied, and what time it is.
//!
//! A log may repeat an entry, put a later proposal of a node before an earlier one, or still contain proposals of a process
//! that is over. The rule of the next number makes every reader of the log ignore the same entries.

use super::{Outcome, World};
use crate::base::digest::Digest;
use crate::base::id::{Life, MemberId, NodeId};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::log::entry::{LogEntry, Origin};
use crate::planted;
use alloc::vec::Vec;

/// A step back of a node's clock that is not taken for a correction, in milliseconds.
const STEP_BACK_MS: u64 = 60_000;

/// The decision on an entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Not applied: its position is not after that of the previous entry.
    Before,
    /// Applied. The command may have been refused.
    Done,
    /// Not applied: it is of a life that is over, or has not begun.
    OtherLife,
    /// Not applied: it has overtaken an earlier proposal of its life, after which it has to be proposed again.
    Overtaken,
    /// Not applied: it has been applied before.
    Repeated,
}

/// A node, as the log knows it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    life: Life,
    number: u64,
    at_unix_ms: u64,
    is_running: bool,
}

impl Node {
    /// Returns the latest life of the node.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.life
    }

    /// Returns the number of the last entry of that life that was applied.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns whether that life is not over, as far as the log knows.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.is_running
    }

    /// Returns the time of that entry on the clock of the node, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) const fn at_unix_ms(&self) -> u64 {
        self.at_unix_ms
    }

    pub(super) const fn stored(life: Life, number: u64, at_unix_ms: u64, is_running: bool) -> Self {
        Self { life, number, at_unix_ms, is_running }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.number(self.life.0);
        digest.number(self.number);
        digest.number(self.at_unix_ms);
        digest.number(self.is_running.into());
    }
}

impl World {
    /// Returns a node that has ever started.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Decides whether an entry is applied. If so, its node and the time of the log are updated.
    pub(super) fn admit(&mut self, entry: &LogEntry) -> Applied {
        let Origin { node: id, life, number } = entry.origin;
        let at_unix_ms = entry.at_unix_ms;
        let former_at_unix_ms = match self.nodes.get_mut(&id) {
            // The usual case, without a second look-up.
            Some(node) if node.life == life => {
                if number <= node.number {
                    let is_said = planted::says_repeats() && matches!(entry.command, Command::Say { .. });
                    return if is_said { Applied::Done } else { Applied::Repeated };
                }
                if !node.is_running {
                    return Applied::OtherLife;
                }
                if planted::is_held_back(number - 1 != node.number) {
                    return Applied::Overtaken;
                }
                node.number = number;
                core::mem::replace(&mut node.at_unix_ms, at_unix_ms)
            }
            // Only after the life that the process knew: a repeated entry of an earlier life must not end the present one.
            node => match entry.command {
                Command::Started { after } if number == 1 && after == node.as_ref().map(|it| it.life) => {
                    let former = node.map_or(0, |node| node.at_unix_ms);
                    self.nodes.insert(id, Node { life, number, at_unix_ms, is_running: true });
                    former
                }
                _ if planted::applies_any_life() => at_unix_ms,
                _ => return Applied::OtherLife,
            },
        };
        self.advance(at_unix_ms, former_at_unix_ms);
        Applied::Done
    }

    /// Sets the time of the log to that of an entry. A time that is earlier is held, because entries of several nodes arrive
    /// late and clocks are adjusted by seconds; but if the clock of the node that proposed it was set back by more than a
    /// minute, it was wrong before, and the new time is right.
    fn advance(&mut self, at_unix_ms: u64, former_at_unix_ms: u64) {
        let is_earlier = |than: u64| at_unix_ms.saturating_add(planted::step_back_ms(STEP_BACK_MS)) < than;
        if at_unix_ms > self.at_unix_ms || is_earlier(self.at_unix_ms) && is_earlier(former_at_unix_ms) {
            self.at_unix_ms = at_unix_ms;
        }
    }

    /// Ends a life of a node, if it is the latest one.
    pub(super) fn end_life(&mut self, id: NodeId, life: Life, outcomes: &mut Vec<Outcome>) {
        if let Some(node) = self.nodes.get_mut(&id).filter(|node| node.life == life) {
            node.is_running = false;
            self.end_members(id, CloseReason::Shutdown, outcomes);
        }
    }

    /// Ends the members that a former life of a node has left behind.
    pub(super) fn end_members(&mut self, node: NodeId, reason: CloseReason, outcomes: &mut Vec<Outcome>) {
        let members = self.members.iter().filter(|(_, member)| member.node == node);
        let members: Vec<MemberId> = members.map(|(&id, _)| id).collect();
        for member in members.into_iter().skip(planted::ghosts()) {
            self.leave(member, reason, None, None, outcomes);
        }
    }
}
