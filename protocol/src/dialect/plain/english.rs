//! The texts in English.

use super::{Notes, put_line, put_text, usage};
use crate::command::{CloseReason, Manner, Speech};
use crate::event::{Event, Mistake, Reply, What};
use crate::mode::Shown;
use crate::name::{Name, NameError, RoomName};
use crate::text::Text;
use crate::world::{Refusal, Topic};
use alloc::format;
use bytes::BytesMut;
use core::fmt::{self, Display};

const HELP: &str = "\
what you type is said to everyone else in your room; a line that starts with / is a command:
/help             this list
/nick NAME        take another name
/join ROOM [KEY]  go to a room; the first to enter begins it
/part             go back to the lobby
/who [ROOM]       who is in the room
/rooms            which rooms there are
/topic [TEXT]     read or set what the room is about; /topic - clears it
/me TEXT          say what you do
/msg NAME TEXT    say something to one person alone
/history [LINES]  what was said in the room of late
/lang zh|en       read Chinese or English
/quit             leave
//TEXT            say a line that starts with /";

pub(super) fn event(event: &Event<'_>, to: &mut BytesMut) {
    let name = &event.by.name;
    match event.what {
        // What is for programs, or a matter of IRC alone.
        What::AwaySet { .. }
        | What::HostSet { .. }
        | What::Invited { .. }
        | What::RealNameSet { .. }
        | What::Wallops { .. }
        | What::Said {
            speech: Speech { manner: Manner::Ctcp | Manner::CtcpReply | Manner::Tags, .. }, ..
        }
        | What::Told {
            speech: Speech { manner: Manner::Ctcp | Manner::CtcpReply | Manner::Tags, .. }, ..
        } => {}
        What::Joined { .. } => put_line(to, format_args!("{name} joined")),
        What::Left { .. } | What::Parted { .. } => put_line(to, format_args!("{name} left")),
        What::Kicked { name: out, message: None, .. } => {
            put_line(to, format_args!("* {name} sent {out} out of the room"));
        }
        What::Kicked { name: out, message: Some(message), .. } => {
            put_text(to, &["* ", name.as_str(), " sent ", out.as_str(), " out of the room: "], message);
        }
        What::ModesSet { changes, .. } => put_line(to, format_args!("* {name} set {}", Shown(changes))),
        What::Renamed { to: new } => put_line(to, format_args!("* {name} is now {new}")),
        What::Said { speech: Speech { manner: Manner::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " "], text);
        }
        What::Said { speech: Speech { text, .. }, .. } => put_text(to, &[name.as_str(), ": "], text),
        What::Told { speech: Speech { manner: Manner::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " (to you alone) "], text);
        }
        What::Told { speech: Speech { text, .. }, .. } => {
            put_text(to, &[name.as_str(), " (to you alone): "], text);
        }
        What::TopicSet { topic: Some(topic), .. } => {
            put_text(to, &["* ", name.as_str(), " set the topic: "], topic);
        }
        What::TopicSet { topic: None, .. } => put_line(to, format_args!("* {name} cleared the topic")),
    }
}

pub(super) fn reply(reply: &Reply<'_>, to: &mut Notes<'_>) {
    match reply {
        Reply::Farewell { reason, message } => farewell(*reason, *message, to),
        Reply::Greeting { name, room: Some((room, members)) } => {
            let place = Place { room, members: *members };
            to.note(format_args!("you are {name}, {place}; /help lists the commands"));
        }
        Reply::Greeting { name, room: None } => {
            to.note(format_args!(
                "you are {name}, in no room; /join ROOM enters one, /help lists the commands"
            ));
        }
        Reply::Help => to.notes(HELP),
        Reply::History { heard, .. } if heard.is_empty() => {
            to.note(format_args!("nothing was said here yet"));
        }
        Reply::History { room, heard } => {
            let (left_out, heard) = to.latest(heard);
            if left_out > 0 {
                to.note(format_args!("left out: {}", Count(left_out, "earlier line")));
            }
            heard.iter().for_each(|heard| to.heard(room, heard, event));
        }
        Reply::InvitedTo { by, room } => to.note(format_args!("{by} asks you into {room}: /join {room}")),
        Reply::InRoom { room, members, topic: about } => {
            to.note(format_args!("you are now {}", Place { room, members: *members }));
            if about.is_some() {
                topic(room, *about, to);
            }
        }
        Reply::KickedOut { by, room, message: None } => {
            to.note(format_args!("{by} sent you out of {room}; /join ROOM enters a room"));
        }
        Reply::KickedOut { by, room, message: Some(message) } => {
            let before = ["* ", by.as_str(), " sent you out of ", room.as_str(), ": "];
            put_text(to.to, &before, message);
        }
        Reply::LanguageIs => to.note(format_args!("you read English now")),
        Reply::LineCut { dropped, line_bytes_max } => to.note(format_args!(
            "your line was too long and lost its last {}; a line has at most {line_bytes_max}",
            Count(*dropped, "byte")
        )),
        Reply::Mistaken(mistake) => mistaken(mistake, to),
        Reply::NowNamed(name) => to.note(format_args!("you are now {name}")),
        Reply::Refused(refusal) => refused(refusal, to),
        Reply::Rooms { total, rooms } => {
            let items = rooms.iter().map(|(room, members)| format!("{room} ({members})"));
            let shown = to.list(format!("{}: ", Count(*total, "room")), ", ", items);
            more(total - shown, to);
        }
        Reply::TopicIs { room, topic: about } => topic(room, *about, to),
        Reply::Who { room, total: 0, .. } => to.note(format_args!("nobody is in {room}")),
        Reply::Who { room, total, names } => {
            let shown = to.list(format!("{total} in {room}: "), ", ", names.iter());
            more(total - shown, to);
        }
    }
}

fn farewell(reason: CloseReason, message: Option<&Text>, to: &mut Notes<'_>) {
    match reason {
        CloseReason::AddressFull => {
            to.note(format_args!(
                "closed: your address has as many connections as it may have; try again later"
            ));
        }
        CloseReason::EndOfInput | CloseReason::OtherDialect | CloseReason::Reset => {}
        CloseReason::Killed => match message {
            Some(message) => put_text(to.to, &["* closed: an operator ended your connection: "], message),
            None => to.note(format_args!("closed: an operator ended your connection")),
        },
        CloseReason::Password => {
            to.note(format_args!("closed: this server wants a password, and only IRC clients can give one"));
        }
        CloseReason::PingTimeout | CloseReason::RegistrationTimeout => {
            to.note(format_args!("closed: you did not answer"));
        }
        CloseReason::Quit => to.note(format_args!("goodbye")),
        CloseReason::ServerFull => to.note(format_args!("closed: the server is full; try again later")),
        CloseReason::Shutdown => to.note(format_args!("closed: the server is shutting down")),
        CloseReason::SlowReader => {
            to.note(format_args!(
                "closed: you read more slowly than the others write, and missed some of what they wrote"
            ));
        }
    }
}

fn mistaken(mistake: &Mistake, to: &mut Notes<'_>) {
    match mistake {
        Mistake::BadName(error) => not_a_name(error, "name", Name::CHARS_MAX, Name::BYTES_MAX, to),
        Mistake::BadNumber => to.note(format_args!("that is no number of lines: {}", usage(HELP, "history"))),
        Mistake::BadRoom(error) => {
            not_a_name(error, "room name", RoomName::CHARS_MAX, RoomName::BYTES_MAX, to);
        }
        Mistake::InLobby => to.note(format_args!("you are in the lobby; /quit leaves the chat")),
        Mistake::NoSuchCommand(word) => to.note(format_args!(
            "there is no command /{word}; /help lists them, and // says a line that starts with /"
        )),
        Mistake::NoSuchRoom(room) => to.note(format_args!("there is no room {room}; /rooms lists them")),
        Mistake::NotInRoom => to.note(format_args!("you are in no room; /join ROOM enters one")),
        Mistake::UnknownLanguage => to.note(format_args!("there are zh and en: /lang zh|en")),
        Mistake::Usage(command) => to.note(format_args!("it is written so: {}", usage(HELP, command))),
    }
}

fn not_a_name(error: &NameError, what: &str, chars_max: usize, bytes_max: usize, to: &mut Notes<'_>) {
    match error {
        NameError::Character(' ') => to.note(format_args!("a {what} cannot have a space in it")),
        NameError::Character(character) => to.note(format_args!("a {what} cannot have {character:?} in it")),
        NameError::Empty => to.note(format_args!("a {what} has at least one character")),
        NameError::Reserved => to.note(format_args!("names of digits alone are the server's to give")),
        NameError::TooLong => {
            to.note(format_args!("a {what} has at most {chars_max} characters and {bytes_max} bytes"));
        }
    }
}

fn refused(refusal: &Refusal, to: &mut Notes<'_>) {
    match refusal {
        Refusal::AlreadyIn(room) => to.note(format_args!("you are in {room} already")),
        Refusal::AlreadyThere { name, room } => to.note(format_args!("{name} is in {room} already")),
        Refusal::BadKey(room) => to.note(format_args!("{room} has a key: /join {room} KEY")),
        Refusal::Banned(room) => to.note(format_args!("you may not enter {room}: you are banned there")),
        Refusal::InviteOnly(room) => to.note(format_args!("only who is invited may enter {room}")),
        Refusal::ListFull { room, .. } => to.note(format_args!("{room} has as many bans as it may have")),
        Refusal::NameTaken(name) => to.note(format_args!("somebody else is {name}")),
        Refusal::NameUnchanged => to.note(format_args!("that is your name already")),
        Refusal::NoCtcp(room) => to.note(format_args!("{room} allows no CTCP")),
        Refusal::NoSuchName(name) => to.note(format_args!("nobody here is {name}")),
        Refusal::NoSuchRoom(room) => to.note(format_args!("there is no room {room}; /rooms lists them")),
        Refusal::NotIn(room) => to.note(format_args!("you are not in {room}")),
        Refusal::NotRoomOperator(room) => to.note(format_args!("only who runs {room} can do that")),
        Refusal::NotServerOperator => to.note(format_args!("only an operator of the server can do that")),
        Refusal::NotThere { name, room } => to.note(format_args!("{name} is not in {room}")),
        Refusal::RoomFull(room) => to.note(format_args!("{room} is full")),
        Refusal::RoomsFull => {
            to.note(format_args!("there are as many rooms as there may be; /rooms lists them"));
        }
        Refusal::Silenced(room) => to.note(format_args!("you may not speak in {room}")),
        Refusal::TopicTooLong(bytes) => to.note(format_args!("a topic has at most {bytes} bytes")),
        Refusal::TooManyRooms => to.note(format_args!("you are in as many rooms as one may be in")),
    }
}

fn topic(room: &RoomName, topic: Option<&Topic>, to: &mut Notes<'_>) {
    match topic {
        Some(topic) => {
            let before = ["* the topic of ", room.as_str(), ", set by ", topic.by.as_str(), ": "];
            put_text(to.to, &before, &topic.text);
        }
        None => to.note(format_args!("{room} has no topic")),
    }
}

fn more(rest: usize, to: &mut Notes<'_>) {
    if rest > 0 {
        to.note(format_args!("and {rest} more"));
    }
}

/// So many things: `1 room`, `2 rooms`.
struct Count(usize, &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, thing) = self;
        write!(f, "{count} {thing}{}", if *count == 1 { "" } else { "s" })
    }
}

/// Where a member is, and in whose company.
struct Place<'a> {
    room: &'a RoomName,
    /// How many are there, itself included.
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
