//! What one connection is told, before its dialect gives it a form.

use super::action::Notice;
use super::event::Event;
use crate::base::mode::ModeChange;
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::world::{Refusal, Topic};

/// Something that one connection is told, mostly because of what it did.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// The member is away from here on, or back.
    AwayIs {
        /// Its words, where it is away.
        away: Option<&'a Text>,
        /// Whether it was away before.
        was_away: bool,
    },
    /// The connection has become a member.
    Entered,
    /// The connection closes.
    Farewell {
        /// The reason.
        reason: CloseReason,
        /// The words of the operator who ended it.
        message: Option<&'a Text>,
    },
    /// The member is shown at another host.
    HostSet(&'a Event<'a>),
    /// The member has invited another one.
    Invited {
        /// The one who is invited.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
    },
    /// The member is invited into a room.
    InvitedTo {
        /// The invitation.
        event: &'a Event<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// The member that this one writes to is away.
    IsAway {
        /// The member who is away.
        name: &'a Name,
        /// Its words.
        away: &'a Text,
    },
    /// The member has entered a room.
    Joined {
        /// The entrance, as the others are told of it.
        event: &'a Event<'a>,
        /// The room.
        room: &'a RoomName,
        /// Number of members in the room, this one included.
        members: usize,
        /// The topic of the room.
        topic: Option<&'a Topic>,
        /// Whether it entered the room as it became a member.
        is_first: bool,
    },
    /// The member was sent out of a room.
    KickedOut {
        /// The kick, as the others are told of it.
        event: &'a Event<'a>,
        /// The room.
        room: &'a RoomName,
        /// The reason that was given, if one was.
        message: Option<&'a Text>,
    },
    /// Something that a session has its dialect say.
    Notice(Notice),
    /// The member is an operator of the server.
    NowOperator,
    /// The member is in no room, though it has just become one.
    Outside,
    /// The member has left a room.
    Parted(&'a Event<'a>),
    /// The client has been silent: it is to show that it is there.
    Ping,
    /// The command was not carried out.
    Refused {
        /// The reason.
        refusal: &'a Refusal,
        /// The command, if it was one.
        command: Option<&'a Command>,
    },
    /// The configuration is being read again.
    Rehashing,
    /// The member has another name.
    Renamed {
        /// The change, as the others are told of it.
        event: &'a Event<'a>,
        /// The new name.
        name: &'a Name,
    },
    /// The member has said something to another one alone.
    Told {
        /// The message, as the other member reads it.
        event: &'a Event<'a>,
        /// The other member's name.
        name: &'a Name,
        /// The text.
        text: &'a Text,
        /// Whether the member is sent what it says.
        echoes: bool,
    },
    /// A room's modes are as the member wants them already.
    Unchanged {
        /// The room.
        room: &'a RoomName,
        /// The change that was asked for.
        change: &'a ModeChange,
    },
    /// The member's own modes were changed.
    UserModesAre {
        /// Those that are on from here on.
        on: UserModes,
        /// Those that are off from here on.
        off: UserModes,
    },
    /// A member has come that has a watched name.
    WatchedCame(&'a Person),
    /// The member that had a watched name has gone.
    WatchedLeft(&'a Name),
    /// The connection watches more names.
    Watching {
        /// Those that it watches from here on.
        names: &'a [Name],
        /// Those for which it has no place.
        left_over: &'a [Name],
    },
}
