//! Who may not speak in a room, and what of its words is not heard there.
//!
//! Whoever is moderated, muted or banned in a room speaks there by no other way either: what it says when it leaves goes
//! without words, and its name and real name stay what they are. The act itself is everybody's.

use super::room::Room;
use super::{Member, Refusal, World};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, MaskList, Statuses};

/// Rooms of which a member remembers whether it is muted there.
const MUTED_MAX: usize = 32;

impl World {
    /// Remembers whether the masks of a room mute a member, for as long as nothing changes that.
    pub(super) fn find_out_muted(&mut self, id: MemberId, room_id: RoomId) {
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

    /// Whether what the member says is not heard in the room.
    pub(super) fn silenced_in(&mut self, id: MemberId, room_id: RoomId) -> bool {
        self.find_out_muted(id, room_id);
        let (Some(room), Some(member)) = (self.rooms.get(&room_id), self.members.get(&id)) else {
            return false;
        };
        is_silenced(room_id, room, id, member)
    }

    /// The first room that the member is in and where what it says is not heard. What is told to all of its rooms at once
    /// is told without words then.
    pub(super) fn silenced_somewhere(&mut self, id: MemberId) -> Option<RoomId> {
        self.first_room(id, |world, room| world.silenced_in(id, room))
    }

    /// That no room's masks are about the member: another name would take it from under them.
    ///
    /// # Errors
    /// The first room whose masks are.
    pub(super) fn may_change_name(&mut self, id: MemberId) -> Result<(), Refusal> {
        let is_held = |world: &mut Self, room_id| {
            world.find_out_muted(id, room_id);
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

    /// The first of a member's rooms of which something is true.
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

/// Whether what a member says is not heard in a room: it has no status there, and the room is moderated, or its masks
/// are about the member.
pub(super) fn is_silenced(room_id: RoomId, room: &Room, id: MemberId, member: &Member) -> bool {
    !has_status(room, id) && (room.modes.has(Flag::Moderated) || is_muted(room_id, room, member))
}

fn has_status(room: &Room, id: MemberId) -> bool {
    room.statuses(id).and_then(Statuses::highest).is_some()
}

/// Whether the masks of a room mute a member: as was found out before, if that is true still.
fn is_muted(id: RoomId, room: &Room, member: &Member) -> bool {
    let version = room.modes.masks_version();
    let known = member.muted().iter().find(|&&(room, at, _)| (room, at) == (id, version));
    known.map_or_else(|| room.modes.mutes(&member.person), |&(.., is_muted)| is_muted)
}
