//! The stays of members in a room: who was there when something was said that only those may read.

use crate::base::id::{MemberId, Seq};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Maximum number of former stays of one member in one room. A further one replaces the oldest: what the member has witnessed then, it
/// may not read again.
pub(super) const STAYS_MAX: usize = 100;

/// The stays in one room. A member that is in the room and not in the table has been there since before the first event that only
/// witnesses may read, so a room whose events everybody may read needs no table.
#[derive(Clone, Debug, Default)]
pub(super) struct Stays {
    of: BTreeMap<MemberId, Vec<Stay>>,
}

/// The time from which and until which a member was in the room, as positions in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    from: Seq,
    /// `None` if it still is.
    until: Option<Seq>,
}

impl Stay {
    /// Returns whether the member was there at a position.
    pub(super) fn contains(&self, at: Seq) -> bool {
        self.from < at && self.until.is_none_or(|until| at < until)
    }
}

impl Stays {
    /// Records that a member has entered the room, which has events that only witnesses may read.
    pub(super) fn began(&mut self, member: MemberId, at: Seq) {
        self.of.entry(member).or_default().push(Stay { from: at, until: None });
    }

    /// Records that a member has left the room and is still on the server. The stay is kept only if it was there at the last event
    /// that only witnesses may read. `begin` is the position before the first event that anybody here can have witnessed.
    pub(super) fn ended(&mut self, member: MemberId, at: Seq, last_event: Seq, begin: Seq) {
        let stays = self.of.entry(member).or_default();
        match stays.last_mut().filter(|stay| stay.until.is_none()) {
            Some(stay) => stay.until = Some(at),
            None => stays.push(Stay { from: begin, until: Some(at) }),
        }
        stays.pop_if(|stay| !stay.contains(last_event));
        if stays.len() > STAYS_MAX {
            stays.remove(0);
        }
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

    /// Returns the stays of a member that is in the room now.
    pub(super) fn of(&self, member: MemberId, begin: Seq) -> Box<[Stay]> {
        let always = || [Stay { from: begin, until: None }].into();
        self.of.get(&member).map_or_else(always, |stays| stays[..].into())
    }

    /// Returns the number of stays that are kept of a member.
    #[cfg(test)]
    pub(super) fn len(&self, member: MemberId) -> usize {
        self.of.get(&member).map_or(0, Vec::len)
    }
}
