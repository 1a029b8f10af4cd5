//! Silenced members: those that may not speak in a room, because it is moderated, or because a mask mutes or bans them.
//!
//! A silenced member can still leave the room or mark itself as away, but texts of its choice do not reach the room in
//! that way: parting messages and away texts are left out, and changes of name and real name are refused.

use super::room::Room;
use super::{Member, Refusal, World};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, MaskList, Statuses};
use crate::base::name::RoomName;
use crate::log::command::Command;

/// Maximum number of rooms for which a member caches whether it is muted.
const MUTED_MAX: usize = 32;

impl World {
    /// Compares a member with the masks of a room, and caches whether they mute it. The result is valid until the masks,
    /// or the member's name or host, change.
    pub(super) fn cache_muted(&mut self, id: MemberId, room_id: RoomId) {
        let (Some(room), Some(member)) = (self.rooms.get(&room_id), self.members.get_mut(&id)) else {
            return;
        };
        let version = room.modes.masks_version();
        if room.modes.list(MaskList::Bans).is_empty()
            || member.muted().iter().any(|&(room, at, _)| (room, at) == (room_id, version))
        {
            return;
        }
        let is_muted = room.modes.mutes(&member.person);
        let muted = &mut member.extras_mut().muted;
        muted.retain(|&(room, ..)| room != room_id);
        if muted.len() >= MUTED_MAX {
            muted.remove(0);
        }
        muted.push((room_id, version, is_muted));
    }

    /// Caches whether a member is muted in a room with this name, so that its next message there is not compared with the
    /// masks again. The cache is no part of the shared state.
    pub(crate) fn cache_muted_in(&mut self, id: MemberId, name: &RoomName) {
        if let Some(room) = self.room_named(name) {
            self.cache_muted(id, room);
        }
    }

    /// Returns the number of masks that a command compares its member with each time: those of a room that it asks to
    /// enter, and those of its rooms if it changes its name.
    pub(crate) fn masks_compared(&self, command: &Command) -> usize {
        let masks = |id: &RoomId| self.rooms.get(id).map_or(0, |room| room.modes.masks());
        match command {
            Command::Move { to: Some(name), .. } => self.room_named(name).map_or(0, |id| masks(&id)),
            Command::Rename { member, .. } => {
                self.members.get(member).map_or(0, |member| member.rooms.iter().map(masks).sum())
            }
            _ => 0,
        }
    }

    /// Returns whether the member is silenced in the room.
    pub(super) fn silenced_in(&mut self, id: MemberId, room_id: RoomId) -> bool {
        self.cache_muted(id, room_id);
        let (Some(room), Some(member)) = (self.rooms.get(&room_id), self.members.get(&id)) else {
            return false;
        };
        is_silenced(room_id, room, id, member)
    }

    /// Returns the first room of a member in which it is silenced. An event that goes to all of its rooms is then sent
    /// without a text.
    pub(super) fn silenced_somewhere(&mut self, id: MemberId) -> Option<RoomId> {
        self.first_room(id, |world, room| world.silenced_in(id, room))
    }

    /// Checks that a member may change its name: if a mask mutes it in one of its rooms, a new name could evade the mask.
    ///
    /// # Errors
    /// Returns the first such room.
    pub(super) fn check_name_change(&mut self, id: MemberId) -> Result<(), Refusal> {
        let is_held = |world: &mut Self, room_id| {
            world.cache_muted(id, room_id);
            let (Some(room), Some(member)) = (world.rooms.get(&room_id), world.members.get(&id)) else {
                return false;
            };
            !has_status(room, id) && is_muted(room_id, room, member)
        };
        let room = self.first_room(id, is_held);
        match room.and_then(|room| self.rooms.get(&room)) {
            Some(room) => Err(Refusal::NameHeld(room.name.clone())),
            None => Ok(()),
        }
    }

    /// Returns the first room of a member for which `is_true` returns `true`.
    fn first_room(
        &mut self,
        id: MemberId,
        mut is_true: impl FnMut(&mut Self, RoomId) -> bool,
    ) -> Option<RoomId> {
        let room = |world: &Self, index| world.members.get(&id).and_then(|it| it.rooms.get(index)).copied();
        let mut index = 0;
        while let Some(room) = room(self, index) {
            if is_true(self, room) {
                return Some(room);
            }
            index += 1;
        }
        None
    }
}

/// Returns whether a member is silenced in a room: it has no status there, and the room is moderated, or a mask mutes or
/// bans it.
pub(super) fn is_silenced(room_id: RoomId, room: &Room, id: MemberId, member: &Member) -> bool {
    !has_status(room, id) && (room.modes.has(Flag::Moderated) || is_muted(room_id, room, member))
}

fn has_status(room: &Room, id: MemberId) -> bool {
    room.statuses(id).and_then(Statuses::highest).is_some()
}

/// Returns whether the masks of a room mute a member. Uses the cached result if it is still valid.
fn is_muted(id: RoomId, room: &Room, member: &Member) -> bool {
    let version = room.modes.masks_version();
    let known = member.muted().iter().find(|&&(room, at, _)| (room, at) == (id, version));
    known.map_or_else(|| room.modes.mutes(&member.person), |&(.., is_muted)| is_muted)
}
