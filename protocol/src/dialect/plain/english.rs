//! The English texts of the plain dialect.

use super::commands::meant;
use super::help::{HelpTexts, help};
use super::moderation::{flag_word, last_of_each, mode_word, muted_mask, shown_mask as shown};
use super::note::{Mistake, Note};
use super::{EarlierHistory, Notes, not_utf8, put_line, put_text};
use crate::base::ban::{BanTargetError, ServerBan};
use crate::base::calendar::Utc;
use crate::base::language::Language;
use crate::base::mode::{Key, MaskList, ModeChange, Status};
use crate::base::name::{Name, NameError, RoomName};
use crate::log::close_reason::CloseReason;
use crate::log::command::{Message, MessageKind};
use crate::log::state::{LogRefusal, LogState};
use crate::views::HistoryPage;
use crate::world::{Event, EventKind};
use crate::world::{Refusal, Topic};
use alloc::format;
use alloc::string::String;
use bytes::BytesMut;
use core::fmt::{self, Display};
use core::num::NonZeroUsize;

const UNREADABLE: &str = "the history cannot be read now; try again later";

pub(super) const HELP: HelpTexts = HelpTexts {
    everyday: "what you type goes to everyone else in your room; a line that starts with / is a command:",
    slashes: ("//TEXT", "send /TEXT as a message, not as a command"),
    moderation: "commands for room operators (creating a room makes you its operator):",
    more: "/help COMMAND explains a command; /help moderation lists the commands for room operators",
    also: "other names: ",
};

pub(super) fn event(event: &Event, to: &mut BytesMut) {
    let name = &event.by.name;
    match &event.kind {
        // For programs, or for IRC clients only.
        EventKind::AwaySet { .. }
        | EventKind::BanLifted { .. }
        | EventKind::BanSet { .. }
        | EventKind::Entered { .. }
        | EventKind::HostSet { .. }
        | EventKind::Invited { .. }
        | EventKind::RealNameSet { .. }
        | EventKind::UserModesSet { .. }
        | EventKind::Wallops { .. }
        | EventKind::Said {
            message: Message { kind: MessageKind::Ctcp | MessageKind::CtcpReply | MessageKind::Tags, .. },
            ..
        }
        | EventKind::Told {
            message: Message { kind: MessageKind::Ctcp | MessageKind::CtcpReply | MessageKind::Tags, .. },
            ..
        } => {}
        EventKind::Joined { .. } => put_line(to, format_args!("{name} joined")),
        EventKind::Left { reason: CloseReason::Quit, message: Some(words), .. }
        | EventKind::Parted { message: Some(words), .. } => {
            put_text(to, &[name.as_str(), " left: "], words);
        }
        EventKind::Left { .. } | EventKind::Parted { .. } => put_line(to, format_args!("{name} left")),
        EventKind::Kicked { name: out, message: None, .. } => {
            put_line(to, format_args!("* {name} kicked {out}"));
        }
        EventKind::Kicked { name: out, message: Some(message), .. } => {
            put_text(to, &["* ", name.as_str(), " kicked ", out.as_str(), ": "], message);
        }
        EventKind::ModesSet { changes, .. } => put_line(to, format_args!("* {name} {}", Changes(changes))),
        EventKind::Redacted { message: None, .. } => put_line(to, format_args!("* {name} removed a line")),
        EventKind::Redacted { message: Some(message), .. } => {
            put_text(to, &["* ", name.as_str(), " removed a line: "], message);
        }
        EventKind::Renamed { to: new } => put_line(to, format_args!("* {name} is now {new}")),
        EventKind::Said { message: Message { kind: MessageKind::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " "], text);
        }
        EventKind::Said { message: Message { text, .. }, .. } => put_text(to, &[name.as_str(), ": "], text),
        EventKind::Told { message: Message { kind: MessageKind::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " (private) "], text);
        }
        EventKind::Told { message: Message { text, .. }, .. } => {
            put_text(to, &[name.as_str(), " (private): "], text);
        }
        EventKind::TopicSet { topic: Some(topic), .. } => {
            put_text(to, &["* ", name.as_str(), " set the topic: "], topic);
        }
        EventKind::TopicSet { topic: None, .. } => put_line(to, format_args!("* {name} cleared the topic")),
    }
}

pub(super) fn note(note: &Note<'_>, to: &mut Notes<'_>) {
    match note {
        Note::AwayIs { away: Some(away), .. } => put_text(to.to, &["* you are marked as away: "], away),
        Note::AwayIs { away: None, was_away: true } => to.note(format_args!("you are no longer away")),
        Note::AwayIs { away: None, was_away: false } => {
            to.note(format_args!("you are not marked as away; /away TEXT marks you"));
        }
        Note::Farewell { reason, message } => to.farewell(*reason, *message, Language::En, ": "),
        Note::Greeting { name, room: Some((room, members)) } => {
            let place = Place { room, members: *members };
            to.note(format_args!("your name is {name} and you are {place}; /help lists the commands"));
        }
        Note::Greeting { name, room: None } => {
            to.note(format_args!(
                "your name is {name} and you are in no room; /join ROOM enters one, /help lists the commands"
            ));
        }
        Note::Help(on) => help(*on, &HELP, Language::En, to),
        Note::Invited { name, room } => to.note(format_args!("you invited {name} to {room}")),
        Note::IsThere => to.note(format_args!("the server is here")),
        Note::IsAway { name, away } => put_text(to.to, &["* ", name.as_str(), " is away: "], away),
        Note::LanguageIs => to.note(format_args!("switched to English")),
        Note::LineCut { dropped, line_bytes_max } => to.note(format_args!(
            "your line was {} too long and was cut; the limit is {line_bytes_max} bytes",
            Count(*dropped, "byte")
        )),
        Note::Mistaken(mistake) => mistaken(mistake, to),
        Note::NotSaid => to.note(format_args!(
            "your line looks like a login and was not sent; commands begin with /, for example /nick NAME or /help"
        )),
        Note::NotUtf8 { converted } => not_utf8(*converted, to),
        Note::NowOperator => to.note(format_args!("you are now a server operator")),
        Note::NowNamed(name) => to.note(format_args!("you are now {name}")),
        Note::Refused(refusal) => refused(refusal, to),
        Note::ServerBans { total: 0, .. } => to.note(format_args!("nobody is banned from the server")),
        Note::ServerBans { total, bans } => {
            let listed = to.list_in_lines(bans.iter().map(|ban| server_ban(ban)));
            more(total - listed, to);
        }
        Note::ServerBanLifted(target) => to.note(format_args!("{target} is no longer banned from the server")),
        Note::ServerBanSet { ban, closed } => {
            let (target, end, closed) = (&ban.target, until(ban), Count(*closed, "connection"));
            to.note(format_args!(
                "{target} is banned from the server{end}; {closed} closed; /serverunban {target} lifts the ban"
            ));
        }
        Note::LogState(state) => to.note(format_args!("{}", log_state(*state))),
        Note::SlowedDown => to.note(format_args!(
            "you are sending more than this server reads at once; the rest waits, and nothing is lost"
        )),
        Note::TellsTo { name, text } => put_text(to.to, &["* to ", name.as_str(), " (private): "], text),
        Note::Bans { .. }
            | Note::History { .. }
            | Note::InRoom { .. }
            | Note::InvitedTo { .. }
            | Note::KickedOut { .. }
            | Note::ModesAre { .. }
            | Note::Rooms { .. }
            | Note::TopicIs { .. }
            | Note::Unchanged { .. }
            | Note::Who { .. } => about_room(note, to),
    }
}

/// Returns a line of the list of bans from the server.
fn server_ban(ban: &ServerBan) -> String {
    let ServerBan { target, reason, by, .. } = ban;
    let reason =
        reason.as_ref().map_or(String::new(), |it| format!(": {}", it.plain_parts().collect::<String>()));
    format!("{target} is banned from the server by {by}{}{reason}", until(ban))
}

fn until(ban: &ServerBan) -> String {
    ban.ends_unix_ms.map_or(String::new(), |end| format!(" until {}", Utc::from_unix_ms(end)))
}

/// Writes a note about a room.
fn about_room(note: &Note<'_>, to: &mut Notes<'_>) {
    match note {
        Note::Bans { room, total: 0, .. } => to.note(format_args!("nobody is banned from {room}")),
        Note::Bans { room, total, masks } => {
            let masks = masks.iter().map(|mask| shown(mask));
            let listed = to.list(format!("banned from {room}: "), ", ", masks);
            more(total - listed, to);
        }
        Note::History { page, lines, is_earlier } => history(page, *lines, *is_earlier, to),
        Note::InvitedTo { by, room } => {
            to.note(format_args!("{by} invites you to {room}; /join {room} enters it"));
        }
        Note::InRoom { room, members, topic: about } => {
            to.note(format_args!("you have entered {room}; {}", Others(members.saturating_sub(1))));
            if about.is_some() {
                topic(room, *about, to);
            }
        }
        Note::KickedOut { by, room, message: None } => {
            to.note(format_args!(
                "{by} kicked you from {room}, so you are in no room; /join ROOM enters one"
            ));
        }
        Note::KickedOut { by, room, message: Some(message) } => {
            let before = ["* ", by.as_str(), " kicked you from ", &format!("{room}"), ": "];
            put_text(to.to, &before, message);
        }
        Note::ModesAre { room, changes } if changes.is_empty() => {
            to.note(format_args!("no modes are set in {room}; /help mode explains them"));
        }
        Note::ModesAre { room, changes } => {
            let modes = changes.iter().map(mode_word);
            to.list(format!("modes of {room}: "), ", ", modes);
        }
        Note::Rooms { total, rooms } => {
            let items = rooms.iter().map(|(room, members)| format!("{room} ({members})"));
            let shown = to.list(format!("{}: ", Count(*total, "room")), ", ", items);
            more(total - shown, to);
        }
        Note::TopicIs { room, topic: about } => topic(room, *about, to),
        Note::Unchanged { room, change } => unchanged(room, change, to),
        Note::Who { room, total: 0, .. } => to.note(format_args!("nobody is in {room}")),
        Note::Who { room, total, names } => {
            let shown = to.list(
                format!("{} in {room}: ", People(*total)),
                ", ",
                names.iter().map(|(prefix, name)| format!("{prefix}{name}")),
            );
            more(total - shown, to);
        }
        _ => {}
    }
}

fn mistaken(mistake: &Mistake, to: &mut Notes<'_>) {
    match mistake {
        Mistake::BadBan(BanTargetError::Duration) => {
            to.note(format_args!("the time must be from 1s to 36600d"));
        }
        Mistake::BadBan(BanTargetError::Everybody) => to.note(format_args!("that would ban everybody")),
        Mistake::BadBan(BanTargetError::Mask(_)) => to.note(format_args!(
            "that is neither an address, a network, a name nor a mask that can match anybody; /help serverban explains bans"
        )),
        Mistake::BansOneself => to.note(format_args!("that would ban you, too; nothing was done")),
        Mistake::BadKey => to.note(format_args!(
            "a key has at most {} bytes, contains no comma, and does not begin with a colon",
            Key::BYTES_MAX
        )),
        Mistake::BadLimit => to.note(format_args!("a limit is a number of people, or off")),
        Mistake::BadMask => {
            to.note(format_args!("that is neither a name nor a mask that can match anybody; /help ban explains masks"));
        }
        Mistake::BadNetwork => to.note(format_args!(
            "a mask takes an address, or its network of 24 or 16 bits (IPv6: 64 or 48), as in 192.0.2.0/24 or 192.0.*"
        )),
        Mistake::BadName(error) => not_a_name(error, "name", Name::CHARS_MAX, Name::BYTES_MAX, to),
        Mistake::BadNumber => {
            to.note(format_args!("LINES must be a number from 1; usage: {}", usage("history")));
        }
        Mistake::BadMoment => to.note(format_args!(
            "a time (UTC) is as in 14:30, 2026-11-24 or 2026-11-24T14:30:59, or a number as /history shows it"
        )),
        Mistake::BadRoom(error) => {
            not_a_name(error, "room name", RoomName::CHARS_MAX, RoomName::BYTES_MAX, to);
        }
        Mistake::ExtraWords(command) => to.note(format_args!("too many words; usage: {}", usage(command))),
        Mistake::InLobby => to.note(format_args!("you are already in the lobby; /quit leaves the chat")),
        Mistake::NameReserved(name) => to.note(format_args!("the name {name} is reserved")),
        Mistake::NoServices(name) => to.note(format_args!(
            "there is no one called {name}, and this server has no such service; your message reached nobody"
        )),
        Mistake::NoSuchCommand(word) => match meant(word) {
            None => to.note(format_args!(
                "unknown command /{word}; /help lists the commands; to send it as a message, start the line with //"
            )),
            Some(meant) => to.note(format_args!(
                "unknown command /{word}; did you mean /{meant}? To send it as a message, start the line with //"
            )),
        },
        Mistake::NoSuchMode(word) => {
            to.note(format_args!("there is no mode {word}; /help mode lists the modes"));
        }
        Mistake::NoSuchRoom(room) => to.note(format_args!("there is no room {room}; /rooms lists the rooms")),
        Mistake::NotInRoom => to.note(format_args!("you are in no room; /join ROOM enters one")),
        Mistake::HistoryUnreadable => to.note(format_args!("{UNREADABLE}")),
        Mistake::NothingToRemove(None) => to.note(format_args!("you have said nothing here that can be removed")),
        Mistake::NothingToRemove(Some(name)) => {
            to.note(format_args!("{name} has said nothing here that can be removed"));
        }
        Mistake::PasswordNotChecked => {
            to.note(format_args!("too many password attempts; yours was not checked, try again later"));
        }
        Mistake::UnknownLanguage => to.note(format_args!("choose zh or en: /lang zh|en")),
        Mistake::WrongPassword => to.note(format_args!("wrong name or password")),
        Mistake::Usage(command) => to.note(format_args!("usage: {}", usage(command))),
    }
}

fn usage(command: &str) -> String {
    super::usage(command, Language::En)
}

fn not_a_name(error: &NameError, what: &str, chars_max: usize, bytes_max: usize, to: &mut Notes<'_>) {
    match error {
        NameError::Character(' ') => to.note(format_args!("a {what} cannot contain a space")),
        NameError::Character(character) => to.note(format_args!("a {what} cannot contain {character:?}")),
        NameError::Empty => to.note(format_args!("a {what} cannot be empty")),
        NameError::Reserved => {
            to.note(format_args!("a name cannot be all digits; only the server assigns such names"));
        }
        NameError::TooLong => {
            to.note(format_args!("a {what} has at most {chars_max} characters and {bytes_max} bytes"));
        }
    }
}

fn refused(refusal: &Refusal, to: &mut Notes<'_>) {
    match refusal {
        Refusal::AlreadyIn(room) => to.note(format_args!("you are already in {room}")),
        Refusal::AlreadyThere { name, room } => to.note(format_args!("{name} is already in {room}")),
        Refusal::BadKey(room) => to.note(format_args!("{room} requires a key: /join {room} KEY")),
        Refusal::Banned(room) => to.note(format_args!("you are banned from {room}")),
        Refusal::BansFull(bans_max) => {
            to.note(format_args!("the server has {bans_max} bans already; /serverunban lifts one"));
        }
        Refusal::NameBanned => to.note(format_args!("that name is banned from this server")),
        Refusal::NoSuchBan(target) => {
            to.note(format_args!("{target} is not banned from the server; /serverban lists the bans"));
        }
        Refusal::CorrespondentLeft => to.note(format_args!("the person you would reply to has left")),
        Refusal::InviteOnly(room) => {
            to.note(format_args!("{room} is invite-only; an operator of {room} must invite you"));
        }
        Refusal::ListFull { room, .. } => to.note(format_args!("the ban list of {room} is full")),
        Refusal::NameTaken(name) => to.note(format_args!("the name {name} is taken")),
        Refusal::NameUnchanged => to.note(format_args!("that is already your name")),
        Refusal::NoCtcp(room) => to.note(format_args!("CTCP is not allowed in {room}")),
        Refusal::NoKey(room) => {
            to.note(format_args!("{room} has no key, and a room name is one word; /join {room} enters it"));
        }
        Refusal::NoSuchName(name) => to.note(format_args!("there is no one called {name}")),
        Refusal::NoSuchRoom(room) => to.note(format_args!("there is no room {room}; /rooms lists the rooms")),
        Refusal::NobodyToAnswer => {
            to.note(format_args!("nobody has sent you a private message; /msg NAME TEXT sends one"));
        }
        Refusal::NotIn(room) => to.note(format_args!("you are not in {room}")),
        Refusal::NotRoomOperator(room) => to.note(format_args!("only an operator of {room} can do that")),
        Refusal::NotServerOperator => to.note(format_args!("only a server operator can do that")),
        Refusal::NotThere { name, room } => to.note(format_args!("{name} is not in {room}")),
        Refusal::RoomFull(room) => to.note(format_args!("{room} is full")),
        Refusal::RoomsFull => {
            to.note(format_args!("no more rooms can be created; /rooms lists those that exist"));
        }
        Refusal::NameHeld(room) => {
            to.note(format_args!("you cannot change your name while you are not allowed to speak in {room}"));
        }
        Refusal::Silenced(room) => to.note(format_args!("you are not allowed to speak in {room}")),
        Refusal::TopicTooLong(bytes) => to.note(format_args!("a topic has at most {bytes} bytes")),
        Refusal::TooManyRooms => to.note(format_args!("you have joined too many rooms")),
        Refusal::TooManyRoomsBegun(max) => to.note(format_args!(
            "{max} rooms have been created from your address, and there may be no more; /rooms lists those that exist"
        )),
    }
}

/// Writes the note for a change of modes that changes nothing.
fn unchanged(room: &RoomName, change: &ModeChange, to: &mut Notes<'_>) {
    match change {
        ModeChange::Flag { flag, on } => {
            let state = if *on { "on" } else { "off" };
            to.note(format_args!("{} mode is already {state} in {room}", flag_word(*flag)));
        }
        ModeChange::Key(None) => to.note(format_args!("{room} has no key")),
        ModeChange::Key(Some(_)) => to.note(format_args!("that is already the key of {room}")),
        ModeChange::Limit(None) => to.note(format_args!("{room} has no limit")),
        ModeChange::Limit(Some(limit)) => to.note(format_args!("the limit of {room} is already {limit}")),
        ModeChange::Mask { mask, on: true, .. } if mask.mutes() => {
            to.note(format_args!("{} is already silenced in {room}", muted_mask(mask)));
        }
        ModeChange::Mask { mask, on: false, .. } if mask.mutes() => {
            to.note(format_args!("{} is not silenced in {room}; /ban lists who is", muted_mask(mask)));
        }
        ModeChange::Mask { mask, on: true, .. } => {
            to.note(format_args!("{} is already banned from {room}", shown(mask)));
        }
        ModeChange::Mask { mask, on: false, .. } => {
            to.note(format_args!("{} is not banned from {room}; /ban lists who is", shown(mask)));
        }
        ModeChange::Status { name, status, on } => match (status, on) {
            (Status::Operator, true) => to.note(format_args!("{name} is already an operator of {room}")),
            (Status::Operator, false) => to.note(format_args!("{name} is not an operator of {room}")),
            (Status::Voice, true) => to.note(format_args!("{name} already has voice in {room}")),
            (Status::Voice, false) => to.note(format_args!("{name} does not have voice in {room}")),
        },
    }
}

/// Displays changes of a room's modes as they follow the name of their author: `made bob an operator, removed the key`.
struct Changes<'a>(&'a [ModeChange]);

impl Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in last_of_each(self.0).enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match change {
                ModeChange::Flag { flag, on: true } => write!(f, "turned on {} mode", flag_word(*flag))?,
                ModeChange::Flag { flag, on: false } => write!(f, "turned off {} mode", flag_word(*flag))?,
                ModeChange::Key(None) => f.write_str("removed the key")?,
                ModeChange::Key(Some(key)) => write!(f, "set the key to {}", key.as_str())?,
                ModeChange::Limit(None) => f.write_str("removed the limit")?,
                ModeChange::Limit(Some(limit)) => write!(f, "set the limit to {limit}")?,
                ModeChange::Mask { list, mask, on } => {
                    let (mutes, mask) = (mask.mutes(), muted_mask(mask));
                    match (list, on) {
                        (MaskList::Bans, true) if mutes => write!(f, "silenced {mask}")?,
                        (MaskList::Bans, false) if mutes => write!(f, "unsilenced {mask}")?,
                        (MaskList::Bans, true) => write!(f, "banned {mask}")?,
                        (MaskList::Bans, false) => write!(f, "unbanned {mask}")?,
                        (MaskList::BanExceptions, true) => write!(f, "exempted {mask} from bans")?,
                        (MaskList::BanExceptions, false) => write!(f, "removed the ban exemption of {mask}")?,
                        (MaskList::InviteExceptions, true) => write!(f, "exempted {mask} from invite-only")?,
                        (MaskList::InviteExceptions, false) => {
                            write!(f, "removed the invite-only exemption of {mask}")?;
                        }
                    }
                }
                ModeChange::Status { name, status, on } => match (status, on) {
                    (Status::Operator, true) => write!(f, "made {name} an operator")?,
                    (Status::Operator, false) => write!(f, "removed operator status from {name}")?,
                    (Status::Voice, true) => write!(f, "gave {name} voice")?,
                    (Status::Voice, false) => write!(f, "removed voice from {name}")?,
                },
            }
        }
        Ok(())
    }
}

fn topic(room: &RoomName, topic: Option<&Topic>, to: &mut Notes<'_>) {
    match topic {
        Some(topic) => {
            let before = ["* the topic of ", &format!("{room}"), ", set by ", topic.by.as_str(), ": "];
            put_text(to.to, &before, &topic.text);
        }
        None => to.note(format_args!("{room} has no topic")),
    }
}

/// Writes the number of items that a list has left out.
fn more(rest: usize, to: &mut Notes<'_>) {
    if rest > 0 {
        to.note(format_args!("and {rest} more"));
    }
}

/// Writes a page of history. If there is more before it, the note says how to see it.
fn history(page: &HistoryPage, lines: Option<NonZeroUsize>, is_earlier: bool, to: &mut Notes<'_>) {
    match page.events.first() {
        _ if page.is_failed => to.note(format_args!("{UNREADABLE}")),
        None if is_earlier => to.note(format_args!("no earlier messages")),
        None => to.note(format_args!("no messages yet")),
        Some(first) if !page.is_last => {
            to.note(format_args!("earlier lines: {}", EarlierHistory { lines, first }));
        }
        Some(_) => {}
    }
    page.events.iter().for_each(|line| to.history_line(line, event));
}

/// Displays a number of things: `1 room`, `2 rooms`.
struct Count(usize, &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, thing) = self;
        write!(f, "{count} {thing}{}", if *count == 1 { "" } else { "s" })
    }
}

/// Displays the room of the reader and the number of others there: `alone in tea`, `in tea with 2 others`.
struct Place<'a> {
    room: &'a RoomName,
    /// Number of members, the reader included.
    members: usize,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, members } = self;
        match members.saturating_sub(1) {
            0 => write!(f, "alone in {room}"),
            others => write!(f, "in {room} with {}", Count(others, "other")),
        }
    }
}

/// Displays the number of other members of a room: `2 others are here`.
struct Others(usize);

impl Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("nobody else is here"),
            1 => f.write_str("1 other is here"),
            others => write!(f, "{others} others are here"),
        }
    }
}

/// Displays a number of people: `1 person`, `2 people`.
struct People(usize);

impl Display for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 person"),
            people => write!(f, "{people} people"),
        }
    }
}

/// Returns what a client is told about the log.
const fn log_state(state: LogState) -> &'static str {
    match state {
        LogState::Running => "the server is working again; what you have sent is on its way",
        LogState::Refusing(LogRefusal::Failed) => {
            "the server cannot write to its disk; what you send waits, and nothing is lost"
        }
        LogState::Refusing(LogRefusal::Full) => {
            "the server's disk is full; what you send waits, and nothing is lost"
        }
        LogState::Stalled => "the server cannot save messages now; what you send waits, and nothing is lost",
    }
}
