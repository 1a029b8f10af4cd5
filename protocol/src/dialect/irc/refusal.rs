//! What IRC calls the reasons why the world did not do something.

use super::numeric::{self, Numeric};
use super::query::Query;
use crate::base::name::{Name, RoomName};
use crate::log::command::{Command, Message, MessageKind, NameRequest};
use crate::world::Refusal;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The numeric that answers the command; `None` where nothing is said.
pub(crate) fn numeric(refusal: &Refusal, command: Option<&Command>) -> Option<Query> {
    // Nothing answers what programs may send of themselves (RFC 2812, section 3.3.2).
    let message = match command {
        Some(Command::Say { message, .. } | Command::Tell { message, .. }) => Some(message),
        _ => None,
    };
    if let Some(Message { kind: MessageKind::Notice | MessageKind::CtcpReply, .. }) = message {
        return None;
    }
    let of_room = |numeric: Numeric, room: &RoomName| note(numeric, &[&channel(room)]);
    Some(match refusal {
        // To enter where one is, or to take the name that one has, changes nothing.
        Refusal::AlreadyIn(_) | Refusal::NameUnchanged => return None,
        // A key too many is ignored here, as by every server of IRC.
        Refusal::NoKey(_) => return None,
        // Only the plain dialect has a reply that names nobody.
        Refusal::CorrespondentLeft | Refusal::NobodyToAnswer => return None,
        Refusal::AlreadyThere { name, room } => {
            note(numeric::ERR_USERONCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::BadKey(room) => of_room(numeric::ERR_BADCHANNELKEY, room),
        Refusal::Banned(room) => of_room(numeric::ERR_BANNEDFROMCHAN, room),
        Refusal::InviteOnly(room) => of_room(numeric::ERR_INVITEONLYCHAN, room),
        Refusal::ListFull { room, list, .. } => {
            note(numeric::ERR_BANLISTFULL, &[&channel(room), &String::from(list.letter())])
        }
        Refusal::NameHeld(room) => {
            let wished = wished(command).map_or("*", Name::as_str);
            note(numeric::ERR_BANNICKCHANGE, &[wished, &channel(room)])
        }
        Refusal::NameTaken(name) => {
            note(numeric::ERR_NICKNAMEINUSE, &[wished(command).unwrap_or(name).as_str()])
        }
        Refusal::Silenced(room) if matches!(command, Some(Command::SetRealName { .. })) => Query::Fail(
            "FAIL",
            "SETNAME".into(),
            "CANNOT_CHANGE_REALNAME",
            "Cannot change realname while you are not allowed to speak in a channel",
        ),
        Refusal::NoCtcp(room) | Refusal::Silenced(room) => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NoSuchName(name) => note(numeric::ERR_NOSUCHNICK, &[name.as_str()]),
        Refusal::NoSuchRoom(room) => of_room(numeric::ERR_NOSUCHCHANNEL, room),
        Refusal::NotIn(room) if message.is_some() => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NotIn(room) => of_room(numeric::ERR_NOTONCHANNEL, room),
        Refusal::NotRoomOperator(room) => of_room(numeric::ERR_CHANOPRIVSNEEDED, room),
        Refusal::NotServerOperator => note(numeric::ERR_NOPRIVILEGES, &[]),
        Refusal::NotThere { name, room } => {
            note(numeric::ERR_USERNOTINCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::RoomFull(room) => of_room(numeric::ERR_CHANNELISFULL, room),
        Refusal::RoomsFull | Refusal::TooManyRooms => {
            let room = match command {
                Some(Command::Move { to: Some(room), .. }) => channel(room),
                _ => "*".to_string(),
            };
            note(numeric::ERR_TOOMANYCHANNELS, &[&room])
        }
        Refusal::TopicTooLong(_) => note(numeric::ERR_INPUTTOOLONG, &[]),
    })
}

/// The name that a command is about.
const fn wished(command: Option<&Command>) -> Option<&Name> {
    match command {
        Some(Command::Enter { request: NameRequest::Name(name), .. } | Command::Rename { name, .. }) => {
            Some(name)
        }
        _ => None,
    }
}

fn channel(room: &RoomName) -> String {
    alloc::format!("{room:#}")
}

fn note(numeric: Numeric, params: &[&str]) -> Query {
    Query::Numeric(numeric, params.iter().map(ToString::to_string).collect::<Vec<_>>())
}
