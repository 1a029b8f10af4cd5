//! Members that may not speak in a room because of its modes or masks, and the ways around that which are closed:
//! names, real names, parting and away messages.

use super::chat::{Chat, Room};
use super::mask;
use parlor_protocol::{Flag, MaskList, MemberId, Person, Refusal, RoomName, Text};

impl Room {
    /// Whether a ban or a mute matches that person, and no exception does.
    fn has_mask_against(&self, person: &Person) -> bool {
        let about = |list| self.listed(list).any(|(_, mask, ..)| mask::is_about(mask, person));
        about(MaskList::Bans) && !about(MaskList::BanExceptions)
    }

    fn has_status(&self, id: MemberId) -> bool {
        self.member(id).is_some_and(|it| it.operates || it.has_voice)
    }
}

impl Chat {
    /// Whether that member may not speak in the room.
    pub(super) fn silences(&self, room: &Room, id: MemberId) -> bool {
        let is_quiet =
            room.flags.contains(&Flag::Moderated) || room.has_mask_against(&self.people[&id].person);
        is_quiet && !room.has_status(id)
    }

    /// Returns the first of a member's rooms in which it may not speak.
    pub(super) fn quiet_room(&self, id: MemberId) -> Option<&RoomName> {
        let mut rooms = self.people[&id].rooms.iter();
        rooms.find(|room| self.room(room).is_some_and(|room| self.silences(room, id)))
    }

    /// Returns the parting message of a member as the others read it: without the text, if the member may not speak in
    /// the room that it leaves, or in any of its rooms.
    pub(super) fn last_words<'a>(
        &self,
        id: MemberId,
        room: Option<&RoomName>,
        words: Option<&'a Text>,
    ) -> Option<&'a Text> {
        let is_silent = match room {
            Some(room) => self.room(room).is_some_and(|room| self.silences(room, id)),
            None => self.quiet_room(id).is_some(),
        };
        words.filter(|_| !is_silent)
    }

    /// Checks whether a member may change its name. It may not while a ban or mute of one of its rooms matches it.
    pub(super) fn check_name(&self, id: MemberId) -> Result<(), Refusal> {
        let person = &self.people[&id];
        for name in &person.rooms {
            let Some(room) = self.room(name) else { continue };
            if room.has_mask_against(&person.person) && !room.has_status(id) {
                return Err(Refusal::NameHeld(room.name.clone()));
            }
        }
        Ok(())
    }
}
