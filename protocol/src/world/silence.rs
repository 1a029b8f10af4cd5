//! Silenced members: those that may not speak in a room, because it is moderated, or because a mask mutes or bans them.
//!
//! A silenced member can still leave the room or mark itself as away, but texts of its choice do not reach the room in
//! that way: parting messages and away texts are left out, and changes of name and real name are refused.

use super::room::Room;
use super::{Member, Refusal, World};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, MaskList, Statuses};
use crate::log::command::Command;

/// Maximum number of rooms for which a member caches whether it is muted.
const MUTED_MAX: usize = 32;

impl Member {
    /// Returns whether the masks of a room mute the member, and caches the result: it is valid until the masks, or the member's
    /// name or host, change.
    fn is_muted_in(&mut self, id: RoomId, room: &Room) -> bool {
        if room.modes.list(MaskList::Bans).is_empty() {
            return false;
        }
        let version = room.modes.masks_version();
        if let Some(&(.., is_muted)) = self.muted().iter().find(|&&(room, at, _)| (room, at) == (id, version))
        {
            return is_muted;
        }
        let is_muted = room.modes.mutes(&self.person);
        let muted = &mut self.extras_mut().muted;
        muted.retain(|&(room, ..)| room != id);
        if muted.len() >= MUTED_MAX {
            muted.remove(0);
        }
        muted.push((id, version, is_muted));
        is_muted
    }
}

impl World {
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
        let (Some(room), Some(member)) = (self.rooms.get(&room_id), self.members.get_mut(&id)) else {
            return false;
        };
        is_silenced(room_id, room, room.statuses(id), member)
    }

    /// Returns the first room of a member in which it is silenced. An event that goes to all of its rooms is then sent
    /// without a text.
    pub(super) fn silenced_somewhere(&mut self, id: MemberId) -> Option<RoomId> {
        self.first_room(id, is_silenced)
    }

    /// Checks that a member may change its name: if a mask mutes it in one of its rooms, a new name could evade the mask.
    ///
    /// # Errors
    /// Returns the first such room.
    pub(super) fn check_name_change(&mut self, id: MemberId) -> Result<(), Refusal> {
        let is_held = |room_id, room: &Room, statuses, member: &mut Member| {
            !has_status(statuses) && member.is_muted_in(room_id, room)
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
        is_true: impl Fn(RoomId, &Room, Option<Statuses>, &mut Member) -> bool,
    ) -> Option<RoomId> {
        let member = self.members.get_mut(&id)?;
        let mut index = 0;
        while let Some(&room_id) = member.rooms.get(index) {
            if self.rooms.get(&room_id).is_some_and(|room| is_true(room_id, room, room.statuses(id), member))
            {
                return Some(room_id);
            }
            index += 1;
        }
        None
    }
}

/// Returns whether a member is silenced in a room: it has no status there, and the room is moderated, or a mask mutes or
/// bans it.
pub(super) fn is_silenced(id: RoomId, room: &Room, statuses: Option<Statuses>, member: &mut Member) -> bool {
    !has_status(statuses) && (room.modes.has(Flag::Moderated) || member.is_muted_in(id, room))
}

fn has_status(statuses: Option<Statuses>) -> bool {
    statuses.and_then(Statuses::highest).is_some()
}
