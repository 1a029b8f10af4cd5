//! Events: the messages and changes that members read, independent of a dialect.

use super::DialectSpec;
use crate::base::id::Seq;
use crate::base::mode::{ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::Person;
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::Message;
use bytes::BytesMut;

/// An event that any number of members may read.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The time, and the position in the log.
    pub stamp: Stamp,
    /// The member that caused the event or that it is about, as it was before the event.
    pub by: &'a Person,
    /// Whether that member is a bot.
    pub by_bot: bool,
    /// The kind of event, with its data.
    pub kind: EventKind<'a>,
}

/// The time of an event, and its position in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The time at which the log began, in milliseconds since 1970-01-01T00:00:00Z. It identifies the log.
    pub log_unix_ms: u64,
    /// The position in the log.
    pub seq: Seq,
    /// The time at which the entry was logged, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

/// The kind of an event. "The member" is [`Event::by`].
#[derive(Clone, Copy, Debug)]
pub enum EventKind<'a> {
    /// The member marked itself as away, or as back.
    AwaySet {
        /// The away text; `None` if the member is back.
        away: Option<&'a Text>,
    },
    /// The member is shown with another host.
    HostSet {
        /// The user name.
        user: &'a str,
        /// The new host.
        host: &'a str,
    },
    /// The member invited another one to the room.
    Invited {
        /// The invited member.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// Whether the reader is the invited member, and not a member of the room.
        to_target: bool,
    },
    /// The member entered the room.
    Joined {
        /// The room.
        room: &'a RoomName,
    },
    /// The member removed another one from the room.
    Kicked {
        /// The removed member.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// The reason, if one was given.
        message: Option<&'a Text>,
    },
    /// The member left the server.
    Left {
        /// The reason.
        reason: CloseReason,
        /// The member's parting message, or the message of the operator who killed it.
        message: Option<&'a Text>,
    },
    /// The member changed the modes of the room.
    ModesSet {
        /// The room.
        room: &'a RoomName,
        /// The changes that were made.
        changes: &'a [ModeChange],
    },
    /// The member left the room, and is still on the server.
    Parted {
        /// The room.
        room: &'a RoomName,
        /// The parting message.
        message: Option<&'a Text>,
    },
    /// The member changed its real name.
    RealNameSet {
        /// The new real name.
        real_name: &'a Text,
    },
    /// The member changed its name.
    Renamed {
        /// The new name.
        to: &'a Name,
    },
    /// The member sent a message to the room.
    Said {
        /// The room.
        room: &'a RoomName,
        /// The lowest status with which members read it; `None` for everyone.
        status: Option<Status>,
        /// The message.
        message: &'a Message,
    },
    /// The member sent a message to one other member.
    Told {
        /// The name of the other member.
        to: &'a Name,
        /// The message.
        message: &'a Message,
    },
    /// The member set the topic of the room, or cleared it.
    TopicSet {
        /// The room.
        room: &'a RoomName,
        /// The new topic; `None` if it was cleared.
        topic: Option<&'a Text>,
    },
    /// The member, an operator of the server, sent a message to all members with the mode `w`.
    Wallops {
        /// The text.
        text: &'a Text,
    },
}

impl Event<'_> {
    /// Appends the event as a reader of this class sees it: whole lines, or nothing.
    pub fn render(&self, class: WireClass, to: &mut BytesMut) {
        (class.dialect.render)(self, class.choices, to);
    }

    /// Returns the class without the choices that make no difference to this event. Readers of classes for which this
    /// returns the same class see the same bytes, so the event is rendered once for all of them.
    #[must_use]
    pub fn class(&self, class: WireClass) -> WireClass {
        WireClass { choices: (class.dialect.relevant)(self, class.choices), ..class }
    }
}

/// A class of readers for whom events have the same bytes: a dialect, and choices within it. An event is rendered once
/// for each class of a room's members, and not for each member.
#[derive(Clone, Copy, Debug)]
pub struct WireClass {
    /// The dialect.
    pub dialect: &'static DialectSpec,
    /// The choices within the dialect, such as the language or the capabilities, encoded by the dialect.
    pub choices: u32,
}

impl PartialEq for WireClass {
    fn eq(&self, other: &Self) -> bool {
        self.choices == other.choices && core::ptr::eq(self.dialect, other.dialect)
    }
}

impl Eq for WireClass {}
