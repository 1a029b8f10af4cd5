//! What there is to hear, before any dialect gives it a form.

use super::DialectSpec;
use crate::base::id::Seq;
use crate::base::mode::{ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::Person;
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::Message;
use bytes::BytesMut;

/// Something that many may hear.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// When, and at which place in the log.
    pub stamp: Stamp,
    /// Who did it, or whom it befell; as it was before.
    pub by: &'a Person,
    /// Whether that is a program.
    pub by_bot: bool,
    /// The event itself.
    pub what: What<'a>,
}

/// When something happened, and its place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the log began: milliseconds since 1970-01-01T00:00:00Z. It tells one log from another.
    pub log_unix_ms: u64,
    /// The position in the log.
    pub seq: Seq,
    /// When it was logged: milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

/// One happening, as those who hear of it are told.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// It is away, with these words, or there again.
    AwaySet {
        /// What others are told who speak to it.
        away: Option<&'a Text>,
    },
    /// It is shown at another host.
    HostSet {
        /// Its user name.
        user: &'a str,
        /// The host it is shown at.
        host: &'a str,
    },
    /// It asked somebody into the room.
    Invited {
        /// The one who is invited.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// Who reads it is the one who was asked.
        to_target: bool,
    },
    /// It entered the room.
    Joined {
        /// The room.
        room: &'a RoomName,
    },
    /// It sent somebody out of the room.
    Kicked {
        /// The one who was kicked out.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// The reason that was given, if one was.
        message: Option<&'a Text>,
    },
    /// It left the server.
    Left {
        /// The reason.
        reason: CloseReason,
        /// Its last words, or those of who ended it.
        message: Option<&'a Text>,
    },
    /// It changed the modes of the room.
    ModesSet {
        /// The room.
        room: &'a RoomName,
        /// The changes that were made.
        changes: &'a [ModeChange],
    },
    /// It left the room, and is still on the server.
    Parted {
        /// The room.
        room: &'a RoomName,
        /// Its last words there.
        message: Option<&'a Text>,
    },
    /// It calls itself something else.
    RealNameSet {
        /// The new real name.
        real_name: &'a Text,
    },
    /// It has another name.
    Renamed {
        /// The name it has now.
        to: &'a Name,
    },
    /// It spoke to the room.
    Said {
        /// The room.
        room: &'a RoomName,
        /// Only those with this status or a higher one hear it.
        status: Option<Status>,
        /// The message.
        message: &'a Message,
    },
    /// It spoke to one member alone.
    Told {
        /// That member's name.
        to: &'a Name,
        /// The message.
        message: &'a Message,
    },
    /// It gave the room another topic, or took it away.
    TopicSet {
        /// The room.
        room: &'a RoomName,
        /// The topic.
        topic: Option<&'a Text>,
    },
    /// It spoke, as an operator of the server, to all who want to hear such.
    Wallops {
        /// The text.
        text: &'a Text,
    },
}

impl Event<'_> {
    /// Appends what a reader of that class sees of it: whole lines, or nothing.
    pub fn render(&self, class: WireClass, to: &mut BytesMut) {
        (class.dialect.render)(self, class.form, to);
    }

    /// The class without what does not matter to this event: readers of two classes that are one here see the
    /// same bytes.
    #[must_use]
    pub fn class(&self, class: WireClass) -> WireClass {
        WireClass { form: (class.dialect.relevant)(self, class.form), ..class }
    }
}

/// The choices that change the bytes of what a room hears: a dialect and a form of it. An event is rendered once for each
/// class that a member of the room is of.
#[derive(Clone, Copy, Debug)]
pub struct WireClass {
    /// The dialect.
    pub dialect: &'static DialectSpec,
    /// The choices within the dialect, as the dialect numbers them.
    pub form: u32,
}

impl PartialEq for WireClass {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form && core::ptr::eq(self.dialect, other.dialect)
    }
}

impl Eq for WireClass {}
