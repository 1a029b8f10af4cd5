//! What there is to hear and to answer, before any dialect gives it a form.

use crate::base::id::Seq;
use crate::base::language::Language;
use crate::base::mode::{Mask, ModeChange, Status};
use crate::base::name::{Name, NameError, RoomName};
use crate::base::person::Person;
use crate::base::text::Text;
use crate::dialect::{irc, plain};
use crate::hub::output::WireClass;
use crate::log::command::{CloseReason, Message};
use crate::world::{HistoryLine, Refusal, Topic};
use alloc::string::String;
use alloc::vec::Vec;
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
        match class {
            WireClass::Irc(capabilities) => irc::event::render_event(self, capabilities, to),
            WireClass::Plain { language, raw } => plain::render_event(self, language, raw, to),
        }
    }

    /// The class without what does not matter to this event: readers of two classes that are one here see the
    /// same bytes.
    #[must_use]
    pub fn class(&self, class: WireClass) -> WireClass {
        match class {
            WireClass::Irc(capabilities) => {
                WireClass::Irc(capabilities.and(irc::event::relevant_capabilities(self)))
            }
            WireClass::Plain { .. } => class,
        }
    }
}

/// An answer to one connection.
#[derive(Clone, Debug)]
pub enum Reply<'a> {
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

impl Reply<'_> {
    /// Appends what a reader of that language sees of it: whole lines, or nothing. Of a list, as much as
    /// `reply_bytes_max` has room for.
    pub fn render(&self, language: Language, reply_bytes_max: usize, to: &mut BytesMut) {
        plain::render_reply(self, language, reply_bytes_max, to);
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
