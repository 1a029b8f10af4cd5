//! The stays of members in a room: who was there when something was said that only those may read.

use crate::base::id::{MemberId, Seq};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The stays in one room. A member that is in the room and not in the table has been there since before the first event that only
/// witnesses may read, so a room whose events everybody may read needs no table.
#[derive(Clone, Debug, Default)]
pub(super) struct Stays {
    of: BTreeMap<MemberId, Vec<Stay>>,
}

/// The time from which and until which a member was in the room, as positions in the log.
#[derive(Clone, Copy, Debug)]
struct Stay {
    from: Seq,
    /// `None` if it still is.
    until: Option<Seq>,
}

impl Stays {
    /// Records that a member has entered the room, which has events that only witnesses may read.
    pub(super) fn began(&mut self, member: MemberId, at: Seq) {
        self.of.entry(member).or_default().push(Stay { from: at, until: None });
    }

    /// Records that a member has left the room and is still on the server. Only those of its stays are kept in which something
    /// happened between two positions that only witnesses may read.
    pub(super) fn ended(&mut self, member: MemberId, at: Seq, has_event: impl Fn(Seq, Seq) -> bool) {
        let stays = self.of.entry(member).or_default();
        match stays.last_mut().filter(|stay| stay.until.is_none()) {
            Some(stay) => stay.until = Some(at),
            None => stays.push(Stay { from: Seq(0), until: Some(at) }),
        }
        stays.retain(|stay| stay.until.is_none_or(|until| has_event(stay.from, until)));
        if stays.is_empty() {
            self.of.remove(&member);
        }
    }

    /// Forgets a member that has left the server.
    pub(super) fn forget(&mut self, member: MemberId) {
        self.of.remove(&member);
    }

    /// Forgets everything, because there is no event any more that only witnesses may read.
    pub(super) fn clear(&mut self) {
        self.of.clear();
    }

    /// Returns whether a member that is in the room now was there at a position.
    pub(super) fn was_there(&self, member: MemberId, at: Seq) -> bool {
        let Some(stays) = self.of.get(&member) else { return true };
        stays.iter().any(|stay| stay.from < at && stay.until.is_none_or(|until| at < until))
    }

    /// Returns the number of stays that are kept of a member.
    #[cfg(test)]
    pub(super) fn len(&self, member: MemberId) -> usize {
        self.of.get(&member).map_or(0, Vec::len)
    }
}
