//! Events: what entries made happen, independent of a dialect.

use super::Refusal;
use crate::base::ban::{BanTarget, ServerBan};
use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::mode::{ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, Profile, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, Message};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A result of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something happened. The event is shared by all who keep it.
    Happened(Arc<Event>),
    /// A connection did not become a member, because of a ban from the server.
    KeptOut {
        /// The ban.
        ban: Box<ServerBan>,
    },
    /// A room already had all the requested modes.
    ModesUnchanged {
        /// The room.
        room: RoomName,
        /// The requested changes.
        changes: Vec<ModeChange>,
    },
    /// A connection did not become a member.
    NotEntered {
        /// The reason.
        refusal: Refusal,
        /// The command.
        command: Box<Command>,
    },
    /// A command, or a part of it, was refused.
    Refused {
        /// The member who requested it.
        member: MemberId,
        /// The reason.
        refusal: Refusal,
        /// The command.
        command: Box<Command>,
    },
    /// A room ended that had no members and was kept. A room that is not kept ends when its last member leaves, of which there is an
    /// event.
    RoomEnded {
        /// The room.
        room: RoomId,
    },
}

/// Something that happened: what members are told, the views keep, and the console reports.
///
/// An event contains everything as it was then, so it can be told at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time, and the position in the log.
    pub stamp: Stamp,
    /// The member that caused the event or that it is about.
    pub member: MemberId,
    /// That member as others saw it before the event.
    pub by: Person,
    /// Whether that member is a bot.
    pub by_bot: bool,
    /// Those who may read of the event later.
    pub readers: Readers,
    /// The kind of event, with its data.
    pub kind: EventKind,
}

impl Event {
    /// Creates an event of a member that is no bot. Nobody reads of it later.
    pub(super) fn of(member: MemberId, by: Person, stamp: Stamp, kind: EventKind) -> Self {
        Self { stamp, member, by, by_bot: false, readers: Readers::Nobody, kind }
    }

    /// Creates an event that is not in the log, such as one that is only rendered.
    #[must_use]
    pub fn unlogged(by: Person, kind: EventKind) -> Self {
        Self::of(MemberId::default(), by, Stamp::default(), kind)
    }
}

impl Event {
    /// Returns the room whose members may read of the event later; `None` if nobody may.
    #[must_use]
    pub fn remembered_in(&self) -> Option<&EventRoom> {
        match &self.kind {
            EventKind::Said { room, .. } if self.readers != Readers::Nobody => Some(room),
            _ => None,
        }
    }
}

/// Those who may read later of an event of a room. It is decided when the event happens: a room that opens does not show its past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readers {
    /// The members of the room at the time of reading.
    Members,
    /// Nobody: it is not kept.
    #[default]
    Nobody,
    /// The members that were in the room when it happened, as long as they are members of the room.
    Witnesses,
}

/// The time of an event, and its position in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The time at which the log began, in milliseconds since 1970-01-01T00:00:00Z. It identifies the log.
    pub log_unix_ms: u64,
    /// The position in the log.
    pub seq: Seq,
    /// The time at which the entry was logged, in milliseconds since 1970-01-01T00:00:00Z. Events of a room that can be read again
    /// each have a later time than the one before, so it may be a little later than that of the entry.
    pub at_unix_ms: u64,
}

/// The room of an event, which may have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRoom {
    /// The room.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
}

impl From<RoomName> for EventRoom {
    /// Names a room that is not in the log.
    fn from(name: RoomName) -> Self {
        Self { id: RoomId::default(), name }
    }
}

/// The kind of an event. "The member" is [`Event::member`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The member marked itself as away, or as back. Members of its rooms may read of it.
    AwaySet {
        /// The away text as its rooms read it; `None` if the member is back. For a member that may not speak in one of its
        /// rooms, it is a fixed text.
        away: Option<Text>,
        /// The away text itself, which the member and those who write to it read.
        full_text: Option<Text>,
        /// Whether the member was away before.
        was_away: bool,
    },
    /// The member, an operator of the server, lifted a ban from the server.
    BanLifted {
        /// The connections that were banned.
        target: BanTarget,
    },
    /// The member, an operator of the server, set a ban from the server.
    BanSet {
        /// The ban.
        ban: Box<ServerBan>,
    },
    /// A connection became the member. Events of the rooms that it enters follow.
    Entered {
        /// Whether it enters no room in the same entry.
        is_outside: bool,
    },
    /// The member is shown with another host. Members of its rooms may read of it.
    HostSet {
        /// The operator of the server who changed it.
        operator: MemberId,
        /// The profile with the new host.
        profile: Profile,
    },
    /// The member invited another one to the room.
    Invited {
        /// The invited member.
        target: MemberId,
        /// Its name.
        name: Name,
        /// The room.
        room: EventRoom,
    },
    /// The member entered the room. Its members read of it.
    Joined {
        /// The room.
        room: EventRoom,
        /// The away text of the member as the room reads it; `None` if it is not away.
        away: Option<Text>,
        /// Whether it entered the server in the same entry.
        is_first: bool,
    },
    /// The member removed another one from the room. It and the remaining members read of it.
    Kicked {
        /// The removed member.
        target: MemberId,
        /// Its name.
        name: Name,
        /// The room.
        room: EventRoom,
        /// The reason, if one was given.
        message: Option<Text>,
    },
    /// The member left the server. Each member of any of its rooms reads of it once.
    Left {
        /// The rooms that it was in.
        rooms: Vec<RoomId>,
        /// The reason.
        reason: CloseReason,
        /// The member's parting message, or the message of the operator who killed it. It is left out if the member may not
        /// speak in one of its rooms.
        message: Option<Text>,
        /// The operator of the server who killed it.
        operator: Option<MemberId>,
    },
    /// The member changed the modes of the room. All its members read of it.
    ModesSet {
        /// The room.
        room: EventRoom,
        /// The changes that were made.
        changes: Vec<ModeChange>,
    },
    /// The member left the room, and is still on the server. The remaining members read of it.
    Parted {
        /// The room.
        room: EventRoom,
        /// The parting message. It is left out if the member may not speak in the room.
        message: Option<Text>,
    },
    /// The member changed its real name. Members of its rooms may read of it.
    RealNameSet {
        /// The new real name.
        real_name: Text,
    },
    /// The member removed a line from the room. All its members may read of it, and the line leaves all histories.
    Redacted {
        /// The room.
        room: EventRoom,
        /// The position of the line in the log.
        line: Seq,
        /// The member who said it.
        author: MemberId,
        /// The reason, if one was given. It is left out if the member may not speak in the room.
        message: Option<Text>,
    },
    /// The member changed its name. It, and each member of any of its rooms, reads of it once.
    Renamed {
        /// The new name.
        to: Name,
    },
    /// The member sent a message to the room. The other members read it.
    Said {
        /// The room.
        room: EventRoom,
        /// The lowest status with which members read it; `None` for everyone.
        status: Option<Status>,
        /// The message.
        message: Message,
    },
    /// The member sent a message to one other member.
    Told {
        /// The other member.
        target: MemberId,
        /// Its name.
        to: Name,
        /// The message.
        message: Message,
    },
    /// The member set the topic of the room, or cleared it. All its members read of it.
    TopicSet {
        /// The room.
        room: EventRoom,
        /// The new topic; `None` if it was cleared.
        topic: Option<Text>,
    },
    /// The user modes of the member were set; they may be the same as before.
    UserModesSet {
        /// The modes that were turned on.
        on: UserModes,
        /// The modes that were turned off.
        off: UserModes,
        /// Whether it became an operator of the server, because it knows a password.
        is_promotion: bool,
    },
    /// The member, an operator of the server, sent a message to all members with the user mode `w`.
    Wallops {
        /// The text.
        text: Text,
    },
}
