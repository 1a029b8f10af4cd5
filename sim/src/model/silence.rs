//! Who is not heard in which room, and what does not get around that.

use super::chat::{Chat, Room};
use super::mask;
use parlor_protocol::{Flag, MaskList, MemberId, Person, Refusal, RoomName, Text};

impl Room {
    /// Whether a ban or a mute is about that person, and no exception.
    fn is_against(&self, person: &Person) -> bool {
        let about = |list| self.listed(list).any(|(_, mask, ..)| mask::is_about(mask, person));
        about(MaskList::Bans) && !about(MaskList::BanExceptions)
    }

    fn raises(&self, id: MemberId) -> bool {
        self.of(id).is_some_and(|here| here.operates || here.has_voice)
    }
}

impl Chat {
    /// Whether nobody in the room hears what that member says.
    pub(super) fn silences(&self, room: &Room, id: MemberId) -> bool {
        let is_quiet = room.flags.contains(&Flag::Moderated) || room.is_against(&self.people[&id].person);
        is_quiet && !room.raises(id)
    }

    /// The first of a member's rooms that does not let it speak.
    pub(super) fn quiet_room(&self, id: MemberId) -> Option<&RoomName> {
        let mut rooms = self.people[&id].rooms.iter();
        rooms.find(|room| self.room(room).is_some_and(|room| self.silences(room, id)))
    }

    /// Last words, as those read them who are left behind.
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

    /// Whether a member may call itself something else.
    pub(super) fn judge_name(&self, id: MemberId) -> Result<(), Refusal> {
        let person = &self.people[&id];
        for name in &person.rooms {
            let Some(room) = self.room(name) else { continue };
            if room.is_against(&person.person) && !room.raises(id) {
                return Err(Refusal::NameHeld(room.name.clone()));
            }
        }
        Ok(())
    }
}
