//! The numerics for commands that the world refused.

use super::event::message_id;
use super::numeric::{self, Numeric};
use super::query::Query;
use crate::base::name::{Name, RoomName};
use crate::log::command::{Command, Message, MessageKind, NameRequest};
use crate::world::Refusal;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Returns the answer to a refused command; `None` if there is none. `log_unix_ms` is the time at which the log began.
pub(crate) fn numeric(refusal: &Refusal, command: Option<&Command>, log_unix_ms: u64) -> Option<Query> {
    if let Some(Command::Redact { line, .. }) = command {
        return of_redaction(refusal, &message_id(log_unix_ms, *line).to_string());
    }
    // Messages that programs send automatically are not answered (RFC 2812, section 3.3.2).
    let message = match command {
        Some(Command::Say { message, .. } | Command::Tell { message, .. }) => Some(message),
        _ => None,
    };
    if let Some(Message { kind: MessageKind::Notice | MessageKind::CtcpReply, .. }) = message {
        return None;
    }
    let of_room = |numeric: Numeric, room: &RoomName| answer_numeric(numeric, &[&channel(room)]);
    Some(match refusal {
        // Entering the same room again, or taking the same name, changes nothing.
        Refusal::AlreadyIn(_) | Refusal::NameUnchanged => return None,
        // A superfluous key is ignored, as by every IRC server.
        Refusal::NoKey(_) => return None,
        // Only the plain dialect has a command to reply without a name.
        Refusal::CorrespondentLeft | Refusal::NobodyToAnswer => return None,
        Refusal::AlreadyThere { name, room } => {
            answer_numeric(numeric::ERR_USERONCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::BadKey(room) => of_room(numeric::ERR_BADCHANNELKEY, room),
        Refusal::Banned(room) => of_room(numeric::ERR_BANNEDFROMCHAN, room),
        Refusal::BansFull(_) | Refusal::NameBanned | Refusal::NoSuchBan(_) => of_server_ban(refusal, command),
        Refusal::InviteOnly(room) => of_room(numeric::ERR_INVITEONLYCHAN, room),
        Refusal::ListFull { room, list, .. } => {
            answer_numeric(numeric::ERR_BANLISTFULL, &[&channel(room), &String::from(list.letter())])
        }
        Refusal::NameHeld(room) => {
            let name = requested_name(command).map_or("*", Name::as_str);
            answer_numeric(numeric::ERR_BANNICKCHANGE, &[name, &channel(room)])
        }
        Refusal::NameTaken(name) => {
            answer_numeric(numeric::ERR_NICKNAMEINUSE, &[requested_name(command).unwrap_or(name).as_str()])
        }
        Refusal::Silenced(room) if matches!(command, Some(Command::SetRealName { .. })) => Query::Fail(
            "FAIL",
            "SETNAME".into(),
            "CANNOT_CHANGE_REALNAME",
            "Cannot change realname while you are not allowed to speak in a channel",
        ),
        Refusal::NoCtcp(room) | Refusal::Silenced(room) => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NoSuchName(name) => answer_numeric(numeric::ERR_NOSUCHNICK, &[name.as_str()]),
        Refusal::NoSuchRoom(room) => of_room(numeric::ERR_NOSUCHCHANNEL, room),
        Refusal::NotIn(room) if message.is_some() => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NotIn(room) => of_room(numeric::ERR_NOTONCHANNEL, room),
        Refusal::NotRoomOperator(room) => of_room(numeric::ERR_CHANOPRIVSNEEDED, room),
        Refusal::NotServerOperator => answer_numeric(numeric::ERR_NOPRIVILEGES, &[]),
        Refusal::NotThere { name, room } => {
            answer_numeric(numeric::ERR_USERNOTINCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::RoomFull(room) => of_room(numeric::ERR_CHANNELISFULL, room),
        Refusal::RoomsFull => {
            let text = "No more channels can be created on this server";
            answer_numeric(numeric::ERR_UNAVAILRESOURCE, &[&entered_channel(command), text])
        }
        Refusal::TooManyRooms => answer_numeric(numeric::ERR_TOOMANYCHANNELS, &[&entered_channel(command)]),
        Refusal::TooManyRoomsBegun(max) => {
            let text =
                alloc::format!("{max} channels were created from your address, and there may be no more");
            answer_numeric(numeric::ERR_UNAVAILRESOURCE, &[&entered_channel(command), &text])
        }
        Refusal::TopicTooLong(_) => answer_numeric(numeric::ERR_INPUTTOOLONG, &[]),
    })
}

/// Returns the answer to a message that is not removed (IRCv3, draft/message-redaction).
fn of_redaction(refusal: &Refusal, id: &str) -> Option<Query> {
    let (code, about, words) = match refusal {
        Refusal::NotRoomOperator(room) => (
            "REDACT_FORBIDDEN",
            Vec::from([channel(room), id.into()]),
            "You may only remove your own messages",
        ),
        Refusal::NotIn(room) => ("INVALID_TARGET", Vec::from([channel(room)]), "You are not in that channel"),
        _ => return None,
    };
    Some(Query::FailAbout { command: "REDACT", code, about, words })
}

/// Returns the answer to a command that was refused because of bans from the server.
fn of_server_ban(refusal: &Refusal, command: Option<&Command>) -> Query {
    let fail = |command: &str, code, words| Query::Fail("FAIL", command.into(), code, words);
    match refusal {
        Refusal::BansFull(_) => fail("BAN", "LIST_FULL", "The list of bans is full; UNBAN lifts one"),
        Refusal::NameBanned => {
            let name = requested_name(command).map_or("*", Name::as_str);
            answer_numeric(numeric::ERR_ERRONEUSNICKNAME, &[name, "Erroneous nickname: the name is banned"])
        }
        _ => fail("UNBAN", "NOT_BANNED", "There is no such ban; BANS lists them"),
    }
}

/// Returns the name that a command requests.
const fn requested_name(command: Option<&Command>) -> Option<&Name> {
    match command {
        Some(Command::Enter { request: NameRequest::Name(name), .. } | Command::Rename { name, .. }) => {
            Some(name)
        }
        _ => None,
    }
}

/// Returns the channel that a command is to enter.
fn entered_channel(command: Option<&Command>) -> String {
    match command {
        Some(Command::Move { to: Some(room), .. }) => channel(room),
        _ => "*".to_string(),
    }
}

fn channel(room: &RoomName) -> String {
    alloc::format!("{room:#}")
}

fn answer_numeric(numeric: Numeric, params: &[&str]) -> Query {
    Query::Numeric(numeric, params.iter().map(ToString::to_string).collect::<Vec<_>>())
}
