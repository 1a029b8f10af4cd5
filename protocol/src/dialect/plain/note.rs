//! What one reader of the plain dialect is told, before a language gives it words.

use crate::base::language::Language;
use crate::base::mode::{Mask, ModeChange};
use crate::base::name::{Name, NameError, RoomName};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::world::{HistoryLine, Refusal, Topic};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;

/// Something that one reader of the plain dialect is told.
#[derive(Clone, Debug)]
pub enum Note<'a> {
    /// The member is away from here on, or back.
    AwayIs {
        /// Its words, where it is away.
        away: Option<&'a Text>,
        /// Whether it was away before.
        was_away: bool,
    },
    /// The masks that keep people out of a room.
    Bans {
        /// The room.
        room: &'a RoomName,
        /// Number of all masks, listed or not.
        total: usize,
        /// The first of them.
        masks: Vec<&'a Mask>,
    },
    /// The connection closes.
    Farewell {
        /// The reason.
        reason: CloseReason,
        /// The words of who ended it.
        message: Option<&'a Text>,
    },
    /// The first note to a newcomer.
    Greeting {
        /// Its name.
        name: &'a Name,
        /// The room it is in and how many are there, itself included.
        room: Option<(&'a RoomName, usize)>,
    },
    /// The commands.
    Help(HelpOn),
    /// What was said in a room of late.
    History {
        /// The room.
        room: &'a RoomName,
        /// The lines.
        heard: Vec<&'a HistoryLine>,
    },
    /// The member is in another room now.
    InRoom {
        /// The room.
        room: &'a RoomName,
        /// How many are there, itself included.
        members: usize,
        /// What the room is about.
        topic: Option<&'a Topic>,
    },
    /// The server is there.
    IsThere,
    /// The member has invited somebody.
    Invited {
        /// The one who is invited.
        name: &'a Name,
        /// The room.
        room: &'a RoomName,
    },
    /// Somebody asks the member into a room.
    InvitedTo {
        /// The one who invites.
        by: &'a Name,
        /// The room.
        room: &'a RoomName,
    },
    /// Whoever the member writes to is away.
    IsAway {
        /// The member who is away.
        name: &'a Name,
        /// Its words.
        away: &'a Text,
    },
    /// The member was sent out of the room that it was in.
    KickedOut {
        /// By whom.
        by: &'a Name,
        /// The room.
        room: &'a RoomName,
        /// The reason that was given, if one was.
        message: Option<&'a Text>,
    },
    /// The reader's texts are in this language now.
    LanguageIs,
    /// The line was over the limit.
    LineCut {
        /// How many bytes of it were dropped.
        dropped: usize,
        /// How many bytes a line may have.
        line_bytes_max: usize,
    },
    /// The line was no request.
    Mistaken(&'a Mistake),
    /// What the member writes is not UTF-8.
    NotUtf8 {
        /// Whether it is UTF-16, which was converted; what was not is lost.
        converted: bool,
    },
    /// What a room allows, as the changes that lead to it.
    ModesAre {
        /// The room.
        room: &'a RoomName,
        /// The changes.
        changes: Vec<ModeChange>,
    },
    /// The member has another name.
    NowNamed(&'a Name),
    /// The member is an operator of the server.
    NowOperator,
    /// The world did not do it.
    Refused(&'a Refusal),
    /// The rooms.
    Rooms {
        /// Number of all rooms, listed or not.
        total: usize,
        /// The first of them, and how many are in each.
        rooms: Vec<(&'a RoomName, usize)>,
    },
    /// The line may have been the beginning of a registration of IRC, and was not said.
    NotSaid,
    /// What the member has told somebody in private.
    TellsTo {
        /// The one who was spoken to.
        name: &'a Name,
        /// The text.
        text: &'a Text,
    },
    /// What the room is about.
    TopicIs {
        /// The room.
        room: &'a RoomName,
        /// Its topic.
        topic: Option<&'a Topic>,
    },
    /// A room's modes are as the member wants them already.
    Unchanged {
        /// The room.
        room: &'a RoomName,
        /// The change that was asked for.
        change: &'a ModeChange,
    },
    /// Who is in a room.
    Who {
        /// The room.
        room: &'a RoomName,
        /// Number of all members of the room, listed or not.
        total: usize,
        /// The names of the first of them, in the order of their entrance, each behind the prefix of its status.
        names: Vec<(&'static str, &'a Name)>,
    },
}

impl Note<'_> {
    /// Appends what a reader of that language sees of it: whole lines, or nothing. Of a list, as much as
    /// `reply_bytes_max` has room for.
    pub fn render(&self, language: Language, reply_bytes_max: usize, to: &mut BytesMut) {
        super::render_note(self, language, reply_bytes_max, to);
    }
}

/// The subject of a help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpOn {
    /// The command of that name.
    Command(&'static str),
    /// The commands that everybody uses.
    Everyday,
    /// The commands for those who run a room.
    Moderation,
}

/// Why a line was no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The argument is no key that a room can have.
    BadKey,
    /// The argument is no number of people: 1, 2, 3 and so on.
    BadLimit,
    /// The argument is no mask.
    BadMask,
    /// The argument is no name that a member can have.
    BadName(NameError),
    /// The argument is no number of lines: 1, 2, 3 and so on.
    BadNumber,
    /// The argument is no room's name.
    BadRoom(NameError),
    /// This command, named without its `/`, takes fewer words.
    ExtraWords(&'static str),
    /// The member is in the lobby, and there is nowhere to go back to.
    InLobby,
    /// The name is nobody's to take.
    NameReserved(Name),
    /// Nobody has the name, and nobody can: nothing that is said to it is heard.
    NoServices(Name),
    /// There is no such command. What was typed, as its writer sees it.
    NoSuchCommand(String),
    /// A room has no such mode.
    NoSuchMode(String),
    /// Nobody is in a room of that name.
    NoSuchRoom(RoomName),
    /// The member is in no room.
    NotInRoom,
    /// The argument names no language that there is.
    UnknownLanguage,
    /// This command, named without its `/`, needs more words.
    Usage(&'static str),
    /// That is not the password of an operator of that name.
    WrongPassword,
}
