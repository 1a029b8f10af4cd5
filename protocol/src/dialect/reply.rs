//! Replies: messages of the server to one connection, independent of a dialect.

use super::action::Notice;
use crate::base::ban::{BanTarget, ServerBan};
use crate::base::mode::ModeChange;
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::world::Event;
use crate::world::{Refusal, Topic};

/// A message of the server to one connection, in most cases the answer to one of its lines. "The member" is that of the
/// connection.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// The member is now marked as away, or as back.
    AwayIs {
        /// The away text; `None` if the member is back.
        away: Option<&'a Text>,
        /// Whether it was away before.
        was_away: bool,
    },
    /// The member has lifted a ban from the server.
    BanLifted {
        /// The connections that were banned.
        target: &'a BanTarget,
    },
    /// The member has set a ban from the server.
    BanSet {
        /// The ban.
        ban: &'a ServerBan,
        /// The number of connections that were closed because of it.
        closed: usize,
    },
    /// The connection has become a member.
    Entered,
    /// The connection closes.
    Farewell {
        /// The reason.
        reason: CloseReason,
        /// The message of the operator who killed or banned the member, if there is one.
        message: Option<&'a Text>,
    },
    /// The member is shown with another host.
    HostSet {
        /// The event that the others read.
        event: &'a Event,
        /// The new host.
        host: &'a str,
    },
    /// The member has invited another one.
    Invited {
        /// The invited member.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
    },
    /// The member was invited to a room.
    InvitedTo {
        /// The invitation.
        event: &'a Event,
        /// The room.
        room: &'a RoomName,
    },
    /// The member has written to a member that is away.
    IsAway {
        /// The name of the member that is away.
        name: &'a Name,
        /// Its away text.
        away: &'a Text,
    },
    /// The member has entered a room.
    Joined {
        /// The event that the others read.
        event: &'a Event,
        /// The room.
        room: &'a RoomName,
        /// Number of members in the room, this one included.
        members: usize,
        /// The topic of the room.
        topic: Option<&'a Topic>,
        /// Whether it entered the room in the same entry as the server.
        is_first: bool,
    },
    /// The member was removed from a room.
    KickedOut {
        /// The event that the others read.
        event: &'a Event,
        /// The room.
        room: &'a RoomName,
        /// The reason, if one was given.
        message: Option<&'a Text>,
    },
    /// A notice of the session.
    Notice(Notice),
    /// The member is now an operator of the server.
    NowOperator,
    /// The member has entered the server, and is in no room.
    Outside,
    /// The member has left a room.
    Parted(&'a Event),
    /// The client has been silent, and is asked to answer.
    Ping,
    /// The request was refused.
    Refused {
        /// The reason.
        refusal: &'a Refusal,
        /// The refused command; `None` if the request was not a command.
        command: Option<&'a Command>,
    },
    /// The configuration is being read again.
    Rehashing,
    /// The member has changed its name.
    Renamed {
        /// The event that the others read.
        event: &'a Event,
        /// The new name.
        name: &'a Name,
    },
    /// The member has sent a message to another one.
    Told {
        /// The event that the other member reads.
        event: &'a Event,
        /// The other member's name.
        name: &'a Name,
        /// The text.
        text: &'a Text,
        /// Whether the connection is sent its own messages.
        echoes: bool,
    },
    /// A room already has the modes that the member asked for.
    Unchanged {
        /// The room.
        room: &'a RoomName,
        /// The requested change.
        change: &'a ModeChange,
    },
    /// The member's own modes have changed.
    UserModesChanged {
        /// The modes that were turned on.
        on: UserModes,
        /// The modes that were turned off.
        off: UserModes,
    },
    /// A member with a watched name has entered the server, or has taken the name.
    WatchedCame(&'a Person),
    /// The member with a watched name has left the server, or has given up the name.
    WatchedLeft(&'a Name),
    /// The connection has asked to watch names.
    Watching {
        /// The names that it watches now.
        names: &'a [Name],
        /// The names beyond the limit, which it does not watch.
        over_limit: &'a [Name],
    },
}
