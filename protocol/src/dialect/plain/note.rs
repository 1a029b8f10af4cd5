//! Notes: the server's messages to one plain client, independent of a language.

use crate::base::ban::{BanTarget, BanTargetError, ServerBan};
use crate::base::language::Language;
use crate::base::mode::{Mask, ModeChange};
use crate::base::name::{Name, NameError, RoomName};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::state::LogState;
use crate::views::HistoryPage;
use crate::world::{Refusal, Topic};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::num::NonZeroUsize;

/// A message of the server to one plain client.
#[derive(Clone, Debug)]
pub enum Note<'a> {
    /// The member is now marked as away, or as back.
    AwayIs {
        /// The away text; `None` if the member is back.
        away: Option<&'a Text>,
        /// Whether it was away before.
        was_away: bool,
    },
    /// The bans of a room.
    Bans {
        /// The room.
        room: &'a RoomName,
        /// Number of all bans, listed or not.
        total: usize,
        /// The first bans of the list.
        masks: Vec<&'a Mask>,
    },
    /// The connection closes.
    Farewell {
        /// The reason.
        reason: CloseReason,
        /// The message of the operator who killed or banned the member, if there is one.
        message: Option<&'a Text>,
    },
    /// The member has entered the server.
    Greeting {
        /// Its name.
        name: &'a Name,
        /// The room that it has entered, and the number of members there, this one included.
        room: Option<(&'a RoomName, usize)>,
    },
    /// A help text.
    Help(HelpOn),
    /// A part of the history of a room.
    History {
        /// The messages.
        page: &'a HistoryPage,
        /// The number of lines that were asked for; `None` for as many as fit.
        lines: Option<NonZeroUsize>,
        /// Whether earlier lines than the latest were asked for.
        is_earlier: bool,
    },
    /// The member has entered another room.
    InRoom {
        /// The room.
        room: &'a RoomName,
        /// Number of members in the room, this one included.
        members: usize,
        /// The topic of the room.
        topic: Option<&'a Topic>,
    },
    /// The server is there.
    IsThere,
    /// The member has invited another one.
    Invited {
        /// The invited member.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
    },
    /// The member was invited to a room.
    InvitedTo {
        /// The inviting member.
        by: &'a Name,
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
    /// The member was removed from its room.
    KickedOut {
        /// The operator who removed it.
        by: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// The reason, if one was given.
        message: Option<&'a Text>,
    },
    /// The client reads this language now.
    LanguageIs,
    /// The line was longer than the limit, and was cut.
    LineCut {
        /// Number of bytes that were dropped.
        dropped: usize,
        /// The limit of a line in bytes.
        line_bytes_max: usize,
    },
    /// The line is not a valid command.
    Mistaken(&'a Mistake),
    /// The line is not UTF-8.
    NotUtf8 {
        /// Whether the line is UTF-16 and was converted. If not, some of its text is lost.
        converted: bool,
    },
    /// The modes of a room.
    ModesAre {
        /// The room.
        room: &'a RoomName,
        /// The modes that are set, each as the change that sets it.
        changes: Vec<ModeChange>,
    },
    /// The member has changed its name.
    NowNamed(&'a Name),
    /// The member is now an operator of the server.
    NowOperator,
    /// The command was refused.
    Refused(&'a Refusal),
    /// The list of rooms.
    Rooms {
        /// Number of all rooms, listed or not.
        total: usize,
        /// The first rooms of the list, with the number of their members.
        rooms: Vec<(&'a RoomName, usize)>,
    },
    /// The bans from the server.
    ServerBans {
        /// Number of all bans, listed or not.
        total: usize,
        /// The first bans of the list.
        bans: Vec<&'a ServerBan>,
    },
    /// The member has lifted a ban from the server.
    ServerBanLifted(&'a BanTarget),
    /// The member has set a ban from the server.
    ServerBanSet {
        /// The ban.
        ban: &'a ServerBan,
        /// The number of connections that were closed because of it.
        closed: usize,
    },
    /// The log stands still, and the member's lines, or its entrance, wait; or it is running again.
    LogState(LogState),
    /// The line may be the start of an IRC registration, and was not sent to the room.
    NotSaid,
    /// The member sends more than is read at once, and what is left waits.
    SlowedDown,
    /// The member has sent a private message.
    TellsTo {
        /// The name of the member that it was sent to.
        name: &'a Name,
        /// The text.
        text: &'a Text,
    },
    /// The topic of a room.
    TopicIs {
        /// The room.
        room: &'a RoomName,
        /// The topic, if there is one.
        topic: Option<&'a Topic>,
    },
    /// A room already has the modes that the member asked for.
    Unchanged {
        /// The room.
        room: &'a RoomName,
        /// The requested change.
        change: &'a ModeChange,
    },
    /// The members of a room.
    Who {
        /// The room.
        room: &'a RoomName,
        /// Number of all members of the room, listed or not.
        total: usize,
        /// The names of the first members of the list in the order in which they entered, each with the prefix of its
        /// status.
        names: Vec<(&'static str, &'a Name)>,
    },
}

impl Note<'_> {
    /// Appends the note in this language: whole lines, or nothing. Lists are cut at `reply_bytes_max`.
    pub fn render(&self, language: Language, reply_bytes_max: usize, to: &mut BytesMut) {
        super::render_note(self, language, reply_bytes_max, to);
    }
}

/// The subject of a help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpOn {
    /// The command with this name.
    Command(&'static str),
    /// The commands for everyone.
    Everyday,
    /// The commands for room operators.
    Moderation,
}

/// A reason for which a line is not a valid command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The argument cannot be banned from the server.
    BadBan(BanTargetError),
    /// The argument is not a valid key.
    BadKey,
    /// The argument is not a number of members from 1.
    BadLimit,
    /// The argument is not a valid mask.
    BadMask,
    /// The argument is a mask of a network that cloaks do not show.
    BadNetwork,
    /// The argument is neither a time nor the number of a line.
    BadMoment,
    /// The argument is not a valid name.
    BadName(NameError),
    /// The argument is not a number of lines from 1.
    BadNumber,
    /// The argument is not a valid room name.
    BadRoom(NameError),
    /// The ban would apply to the member itself.
    BansOneself,
    /// The history cannot be read now.
    HistoryUnreadable,
    /// Too many arguments for this command, named without its `/`.
    ExtraWords(&'static str),
    /// The member is already in the lobby.
    InLobby,
    /// The name is reserved.
    NameReserved(Name),
    /// The name is reserved for a service, and there are no services: the message reaches nobody.
    NoServices(Name),
    /// There is no command with this name, which is given as its author sees it.
    NoSuchCommand(String),
    /// There is no mode with this name.
    NoSuchMode(String),
    /// There is no room with this name.
    NoSuchRoom(RoomName),
    /// The member is in no room.
    NotInRoom,
    /// A member has said nothing in the room that can be removed; with `None`, the one who asks.
    NothingToRemove(Option<Name>),
    /// The operator's password was not checked, because there are too many attempts.
    PasswordNotChecked,
    /// The argument is not the code of a language.
    UnknownLanguage,
    /// Too few arguments for this command, named without its `/`.
    Usage(&'static str),
    /// The operator's name or password is wrong.
    WrongPassword,
}
