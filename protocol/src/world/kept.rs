//! Kept rooms: rooms without members that have not ended yet, and the operators that they remember.
//!
//! A room that loses its last member is kept for a while if nothing restricts who may enter it. For commands and questions of
//! members it does not exist, until somebody enters it. Operators of the server can look at it and change its modes if they know
//! its name, as with secret rooms: otherwise nobody could lift a ban of everybody in a room that nobody is in.

use super::{Outcome, Room, World};
use crate::base::digest::Digest;
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, Modes, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::Person;
use crate::planted;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::vec::Vec;

/// An operator of a room that has left the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormerOperator {
    /// The name that it had when it left.
    pub(super) name: Name,
    /// Its host at that time.
    pub(super) host: String,
    /// The time at which it left, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) left_unix_ms: u64,
    /// Whether the room has been empty since.
    pub(super) may_resume: bool,
}

impl FormerOperator {
    fn is(&self, person: &Person) -> bool {
        self.name == person.name && self.host == person.profile.host()
    }

    /// Returns whether it left less than `ms` milliseconds ago.
    const fn left_within(&self, ms: u64, now_unix_ms: u64) -> bool {
        now_unix_ms.saturating_sub(self.left_unix_ms) < ms
    }
}

impl Room {
    /// Returns whether the room has no members and is kept. The lobby never is: it may be empty, but it always exists.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.empty_since_unix_ms.is_some()
    }

    /// Returns the time since which the room is empty and kept, in milliseconds since 1970-01-01T00:00:00Z; `None` if it has
    /// members, and for the lobby.
    #[must_use]
    pub const fn empty_since_unix_ms(&self) -> Option<u64> {
        self.empty_since_unix_ms
    }

    fn remember_operator(&mut self, person: &Person, left_unix_ms: u64, operators_max: u32) {
        let (name, host) = (person.name.clone(), person.profile.host().into());
        self.former_operators.push(FormerOperator { name, host, left_unix_ms, may_resume: false });
        if self.former_operators.len() > operators_max as usize {
            self.former_operators.remove(0);
        }
    }

    /// Adds what only rooms have that were empty, or have lost an operator. A room without any of it has the digest that it had
    /// in builds that did not keep rooms.
    pub(super) fn digest_kept(&self, digest: &mut Digest) {
        if self.empty_since_unix_ms.is_none() && self.former_operators.is_empty() {
            return;
        }
        // No room has this id, so what follows is not taken for the next room.
        digest.number(u64::MAX);
        digest.number(u64::from(self.empty_since_unix_ms.is_some()));
        digest.number(self.empty_since_unix_ms.unwrap_or_default());
        digest.number(self.former_operators.len() as u64);
        for FormerOperator { name, host, left_unix_ms, may_resume } in &self.former_operators {
            digest.text(name.as_str());
            digest.text(host);
            digest.number(*left_unix_ms);
            digest.number(u64::from(*may_resume));
        }
    }
}

impl World {
    /// Returns the room that has been empty longest, with the time since which it is.
    #[must_use]
    pub fn emptied_first(&self) -> Option<(RoomId, u64)> {
        self.kept.first().map(|&(since_unix_ms, room)| (room, since_unix_ms))
    }

    /// Removes a member from a room, which ends or is kept if it was the last one. `remembered` is the member as others saw it, unless
    /// it was removed by somebody else: then it does not become an operator again when it returns.
    pub(super) fn remove_from_room(&mut self, member: MemberId, id: RoomId, remembered: Option<&Person>) {
        let (now, limits) = (self.at_unix_ms, self.limits);
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let Some(statuses) = room.members.remove(&member) else { return };
        let (is_empty, was_operator) = (room.members.is_empty(), statuses.has(Status::Operator));
        if !is_empty && !was_operator || room.name == RoomName::lobby() {
            return;
        }
        // Nobody who returns can ask for the name that the server has assigned.
        let remembered = remembered.filter(|person| was_operator && !person.name.is_assigned());
        if let Some(person) = remembered.filter(|_| limits.room_keep_ms > 0) {
            room.remember_operator(person, now, limits.room_operators_max);
        }
        if !is_empty {
            return;
        }
        if limits.room_keep_ms == 0 || !room.modes.is_open() {
            return self.end_room(id);
        }
        room.empty_since_unix_ms = Some(now);
        room.former_operators.retain(|it| it.left_within(limits.room_return_ms, now));
        room.former_operators.iter_mut().for_each(|it| it.may_resume = true);
        if !planted::keeps_masks() {
            room.modes = Modes::initial();
        }
        self.count_kept(id, now);
    }

    /// Counts a room among those that are kept.
    pub(super) fn count_kept(&mut self, id: RoomId, since_unix_ms: u64) {
        self.kept.insert((since_unix_ms, id));
        let begun_by = self.rooms.get(&id).and_then(|room| room.begun_by.as_ref());
        if let Some(begun) = begun_by.and_then(|host| self.rooms_begun.get_mut(host)) {
            begun.kept.insert((since_unix_ms, id));
        }
    }

    /// Prepares a room that exists for a member that enters it. Returns whether the member becomes its operator: because it was one
    /// before the room was empty, or because the room is empty and nobody else is expected back.
    pub(super) fn reenter(&mut self, id: RoomId, person: &Person) -> bool {
        let (now, return_ms) = (self.at_unix_ms, planted::room_return_ms(self.limits.room_return_ms));
        let Some(room) = self.rooms.get_mut(&id) else { return false };
        // This is so for nearly every room.
        if room.empty_since_unix_ms.is_none() && room.former_operators.is_empty() {
            return false;
        }
        room.former_operators.retain(|it| it.left_within(return_ms, now));
        let own = room.former_operators.iter().position(|it| it.is(person));
        let resumes = own.is_some_and(|index| room.former_operators.remove(index).may_resume);
        let is_free = room.former_operators.is_empty();
        let Some(since_unix_ms) = room.empty_since_unix_ms.take() else { return resumes };
        let begun_by = room.begun_by.clone();
        self.kept.remove(&(since_unix_ms, id));
        if let Some(begun) = begun_by.and_then(|host| self.rooms_begun.get_mut(&host)) {
            begun.kept.remove(&(since_unix_ms, id));
        }
        resumes || is_free
    }

    /// Ends a room that is empty since that time. If it is not, because somebody has entered it in the meantime, nothing changes.
    pub(super) fn end_empty_room(
        &mut self,
        id: RoomId,
        empty_since_unix_ms: u64,
        outcomes: &mut Vec<Outcome>,
    ) {
        let since = self.rooms.get(&id).and_then(|room| room.empty_since_unix_ms);
        if planted::is_still_empty(since == Some(empty_since_unix_ms)) {
            self.end_kept_room(id, outcomes);
        }
    }

    /// Ends kept rooms until a room may begin whose first member has this host: first its own, then any. Those that have been empty
    /// longest end first.
    pub(super) fn make_room(&mut self, host: &str, outcomes: &mut Vec<Outcome>) {
        let begun_max = planted::rooms_per_host(self.limits.rooms_per_host_max) as usize;
        while let Some(begun) = self.rooms_begun.get(host).filter(|it| it.count >= begun_max)
            && let Some(&(_, id)) = begun.kept.first()
        {
            self.end_kept_room(id, outcomes);
        }
        while self.rooms.len() >= self.limits.rooms_max as usize
            && let Some(&(_, id)) = self.kept.first()
        {
            self.end_kept_room(id, outcomes);
        }
    }

    pub(super) fn end_kept_room(&mut self, id: RoomId, outcomes: &mut Vec<Outcome>) {
        self.end_room(id);
        outcomes.push(Outcome::RoomEnded { room: id });
    }

    /// Removes a room.
    fn end_room(&mut self, id: RoomId) {
        let Some(room) = self.rooms.remove(&id) else { return };
        self.room_names.remove(room.name.key());
        self.secret_rooms -= usize::from(room.modes.has(Flag::Secret));
        let kept = room.empty_since_unix_ms.map(|since_unix_ms| (since_unix_ms, id));
        if let Some(it) = kept {
            self.kept.remove(&it);
        }
        if let Some(host) = room.begun_by
            && let Entry::Occupied(mut begun) = self.rooms_begun.entry(host)
        {
            begun.get_mut().count -= 1;
            if let Some(it) = kept {
                begun.get_mut().kept.remove(&it);
            }
            if begun.get().count == 0 {
                begun.remove();
            }
        }
    }

    /// Asserts the invariants of kept rooms.
    pub(super) fn check_kept(&self) {
        let lobby = RoomName::lobby();
        let mut kept = 0;
        for (&id, room) in &self.rooms {
            let is_empty = room.members.is_empty() && room.name != lobby;
            assert_eq!(room.is_kept(), is_empty, "{} is kept if it has no members", room.name);
            assert!(
                self.revision > 1 || room.former_operators.len() <= self.limits.room_operators_max as usize,
                "{} remembers no more operators than it may",
                room.name
            );
            let Some(since_unix_ms) = room.empty_since_unix_ms else { continue };
            kept += 1;
            assert!(room.modes.is_open(), "{} is kept and open", room.name);
            let resumes = room.former_operators.iter().all(|it| it.may_resume);
            assert!(resumes, "{} is empty, so its operators may return", room.name);
            assert!(self.kept.contains(&(since_unix_ms, id)), "{} is among the kept rooms", room.name);
            let begun = room.begun_by.as_ref().and_then(|host| self.rooms_begun.get(host));
            assert!(
                begun.is_none_or(|it| it.kept.contains(&(since_unix_ms, id))),
                "{} is among the kept rooms of its host",
                room.name
            );
        }
        assert_eq!(self.kept.len(), kept, "the kept rooms are known");
        let of_hosts: usize = self.rooms_begun.values().map(|it| it.kept.len()).sum();
        assert!(of_hosts <= kept, "the kept rooms of hosts are kept");
    }
}
