//! The bytes of an event in a store of histories.
//!
//! They have what the event's entry does not have: the author as others saw it. The text is only in the entry, so that it has to be
//! forgotten in one place.

use crate::base::id::{MemberId, RoomId};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, Profile};
use crate::codec::{self, DecodeError, DecodeErrorKind, Reader, Value, Writer, ascend};
use crate::log::command::Command;
use crate::world::{Event, EventKind, EventRoom, Readers, Stamp};
use alloc::string::String;
use alloc::vec::Vec;

/// The place of an event in the histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlace {
    /// The room.
    pub room: RoomId,
    /// The time, and the position in the log.
    pub stamp: Stamp,
    /// Those who may read the event.
    pub readers: Readers,
}

/// The data of an event that its place and its entry do not have.
struct StoredEvent {
    member: MemberId,
    name: Name,
    user: String,
    host: String,
    is_bot: bool,
    room: RoomName,
}

record! { StoredEvent {
    member: 1,
    name: 2,
    user: 3,
    host: 4,
    is_bot: 5,
    room: 6,
} }

impl Event {
    /// Returns the bytes for a store of histories; `None` if the event cannot be read again. The real name of its author is left out.
    #[must_use]
    pub fn to_stored(&self) -> Option<Vec<u8>> {
        let Self { member, by: Person { name, profile }, by_bot, .. } = self;
        let stored = StoredEvent {
            member: *member,
            name: name.clone(),
            user: profile.user().into(),
            host: profile.host().into(),
            is_bot: *by_bot,
            room: self.remembered_in()?.name.clone(),
        };
        // There are no texts that could be forgotten.
        Some(codec::encode_value(&stored, &mut || [0; codec::SALT_BYTES]))
    }

    /// Returns an event from the bytes of a store, and the command of its entry.
    ///
    /// # Errors
    /// The bytes are damaged, or belong to another entry.
    pub fn from_stored(bytes: &[u8], place: EventPlace, command: &Command) -> Result<Self, DecodeError> {
        let StoredEvent { member, name, user, host, is_bot, room } = codec::decode_value(bytes)?;
        let invalid = |what| DecodeError { at: 0, kind: DecodeErrorKind::Invalid(what) };
        let profile = Profile::stored(&user, &host, "").ok_or_else(|| invalid("a profile"))?;
        let Command::Say { member: author, status, message, .. } = command else {
            return Err(invalid("an entry of a message"));
        };
        if *author != member {
            return Err(invalid("an author"));
        }
        let EventPlace { room: id, stamp, readers } = place;
        let kind =
            EventKind::Said { room: EventRoom { id, name: room }, status: *status, message: message.clone() };
        Ok(Self { stamp, member, by: Person { name, profile }, by_bot: is_bot, readers, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cloak::Cloaks;
    use crate::base::id::Seq;
    use crate::base::text::Text;
    use crate::log::command::{Message, MessageKind};

    #[test]
    fn an_event_comes_back_from_its_bytes_and_the_command_of_its_entry() {
        let (id, room) = (RoomId(Seq(5)), RoomName::parse("茶").unwrap());
        let member = MemberId(Seq(7));
        let host = Cloaks::default().host([192, 0, 2, 7].into());
        let by = Person {
            name: Name::parse("Zoë").unwrap(),
            profile: Profile::new("zo", &host, &Text::default()),
        };
        let message = Message::new(MessageKind::Action, Text::clean(b"waves", false));
        let stamp = Stamp { log_unix_ms: 1, seq: Seq(9), at_unix_ms: 3 };
        let kind = EventKind::Said {
            room: EventRoom { id, name: room.clone() },
            status: None,
            message: message.clone(),
        };
        let event = Event { stamp, member, by, by_bot: true, readers: Readers::Witnesses, kind };
        let bytes = event.to_stored().unwrap();
        let place = EventPlace { room: id, stamp, readers: Readers::Witnesses };
        let say =
            |member| Command::Say { member, room: room.clone(), status: None, message: message.clone() };
        assert_eq!(Event::from_stored(&bytes, place, &say(member)), Ok(event.clone()));
        assert!(!bytes.windows(5).any(|it| it == b"waves"), "the text is not in it");
        assert!(Event::from_stored(&bytes, place, &say(MemberId(Seq(8)))).is_err());
        assert!(Event::from_stored(&bytes, place, &Command::Promote { member }).is_err());
        assert_eq!(Event { readers: Readers::Nobody, ..event }.to_stored(), None);
    }
}
