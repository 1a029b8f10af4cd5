//! A room: its members, modes and topic.

use super::event::{Readers, Stamp};
use super::kept::FormerOperator;
use crate::base::digest::Digest;
use crate::base::id::MemberId;
use crate::base::mode::{Flag, Modes, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::text::Text;
use crate::planted;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    began_unix_ms: u64,
    /// The time since which the room has no members and is kept. `None` for the lobby.
    pub(super) empty_since_unix_ms: Option<u64>,
    /// The operators that have left the room lately, the latest last.
    pub(super) former_operators: Vec<FormerOperator>,
    /// The host, at that time, of the member that began the room. `None` for the lobby.
    pub(super) begun_by: Option<Arc<str>>,
    pub(super) members: BTreeMap<MemberId, Statuses>,
    pub(super) modes: Modes,
    pub(super) name: RoomName,
    pub(super) topic: Option<Topic>,
    /// The time of the last event that members may read again, in milliseconds since 1970-01-01T00:00:00Z; 0 if there was none.
    pub(super) remembered_unix_ms: u64,
}

/// The topic of a room.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The text.
    pub text: Text,
    /// The name, at that time, of the member who set it.
    pub by: Name,
    /// The time at which it was set, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

impl Room {
    pub(super) fn new(name: RoomName, began_unix_ms: u64, begun_by: Option<Arc<str>>) -> Self {
        Self {
            began_unix_ms,
            empty_since_unix_ms: None,
            former_operators: Vec::new(),
            begun_by,
            members: BTreeMap::new(),
            modes: Modes::initial(),
            name,
            topic: None,
            remembered_unix_ms: 0,
        }
    }

    /// Returns the time at which the room was created, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// Returns the members, in the order in which they entered the server.
    pub fn members(&self) -> impl ExactSizeIterator<Item = MemberId> {
        self.members.keys().copied()
    }

    /// Returns the members from `id` on, with the statuses of each.
    pub fn members_from(&self, id: MemberId) -> impl Iterator<Item = (MemberId, Statuses)> {
        self.members.range(id..).map(|(&id, &statuses)| (id, statuses))
    }

    /// Returns the statuses of a member; `None` if it is not in the room.
    #[must_use]
    pub fn statuses(&self, id: MemberId) -> Option<Statuses> {
        self.members.get(&id).copied()
    }

    /// Returns the modes.
    #[must_use]
    pub const fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Returns whether a member may know that the room exists, and who is in it: the room has members, and if it is secret, this
    /// is one of them. `None` stands for a connection that is not a member.
    #[must_use]
    pub fn is_visible_to(&self, id: Option<MemberId>) -> bool {
        let is_shown = !self.modes.has(Flag::Secret) && !self.is_kept();
        is_shown || id.is_some_and(|id| self.members.contains_key(&id))
    }

    /// Returns who may read later of what happens in the room now, if anything can be read later.
    #[must_use]
    pub fn readers(&self) -> Readers {
        let is_closed = [Flag::InviteOnly, Flag::Secret].iter().any(|&flag| self.modes.has(flag));
        if is_closed || self.modes.key().is_some() { Readers::Witnesses } else { Readers::Members }
    }

    /// Returns the stamp of an event that members may read again, if its entry has the stamp `of_entry`. No two of them have the same
    /// time, and none has an earlier one than another before it: clients ask for what followed a time.
    pub(super) fn remember(&mut self, of_entry: Stamp) -> Stamp {
        let at_unix_ms = planted::remembered_at(of_entry.at_unix_ms, self.remembered_unix_ms);
        self.remembered_unix_ms = at_unix_ms;
        Stamp { at_unix_ms, ..of_entry }
    }

    /// Returns the time of the last event that members may read again, in milliseconds since 1970-01-01T00:00:00Z; 0 if there was
    /// none.
    #[must_use]
    pub const fn remembered_unix_ms(&self) -> u64 {
        self.remembered_unix_ms
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &RoomName {
        &self.name
    }

    /// Returns the topic, if there is one.
    #[must_use]
    pub const fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.text(self.name.as_str());
        digest.number(self.began_unix_ms);
        digest.text(self.begun_by.as_deref().unwrap_or_default());
        self.modes.digest(digest);
        digest.number(u64::from(self.topic.is_some()));
        if let Some(topic) = &self.topic {
            digest.text(topic.text.as_str());
            digest.text(topic.by.as_str());
            digest.number(topic.at_unix_ms);
        }
        digest.number(self.members.len() as u64);
        for (member, statuses) in &self.members {
            digest.number(member.0.0);
            digest.number(statuses.number());
        }
        self.digest_kept(digest);
        if self.remembered_unix_ms > 0 {
            // A room in which nothing was remembered has the digest that it had in builds that did not have this. No room has this
            // id, so what follows is not taken for the next room.
            digest.number(u64::MAX - 1);
            digest.number(self.remembered_unix_ms);
        }
    }
}
