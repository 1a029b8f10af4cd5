//! What IRC calls the reasons why the world did not do something.

use super::numeric::{self, Numeric};
use super::query::Query;
use crate::command::{Command, Manner, Speech, Wish};
use crate::name::RoomName;
use crate::world::Refusal;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The numeric that answers the command; `None` where nothing is said.
pub(crate) fn numeric(refusal: &Refusal, command: &Command) -> Option<Query> {
    // Nothing answers what programs may send of themselves (RFC 2812, section 3.3.2).
    let speech = match command {
        Command::Say { speech, .. } | Command::Tell { speech, .. } => Some(speech),
        _ => None,
    };
    if let Some(Speech { manner: Manner::Notice | Manner::CtcpReply, .. }) = speech {
        return None;
    }
    let of_room = |numeric: Numeric, room: &RoomName| note(numeric, &[&channel(room)]);
    Some(match refusal {
        // To enter where one is, or to take the name that one has, changes nothing.
        Refusal::AlreadyIn(_) | Refusal::NameUnchanged => return None,
        // A key too many is ignored here, as by every server of IRC.
        Refusal::NoKey(_) => return None,
        Refusal::AlreadyThere { name, room } => {
            note(numeric::ERR_USERONCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::BadKey(room) => of_room(numeric::ERR_BADCHANNELKEY, room),
        Refusal::Banned(room) => of_room(numeric::ERR_BANNEDFROMCHAN, room),
        Refusal::InviteOnly(room) => of_room(numeric::ERR_INVITEONLYCHAN, room),
        Refusal::ListFull { room, list, .. } => {
            note(numeric::ERR_BANLISTFULL, &[&channel(room), &String::from(list.letter())])
        }
        Refusal::NameTaken(name) => {
            let wished = match command {
                Command::Enter { wish: Wish::Name(name), .. } | Command::Rename { name, .. } => name,
                _ => name,
            };
            note(numeric::ERR_NICKNAMEINUSE, &[wished.as_str()])
        }
        Refusal::NoCtcp(room) | Refusal::Silenced(room) => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NoSuchName(name) => note(numeric::ERR_NOSUCHNICK, &[name.as_str()]),
        Refusal::NoSuchRoom(room) => of_room(numeric::ERR_NOSUCHCHANNEL, room),
        Refusal::NotIn(room) if speech.is_some() => of_room(numeric::ERR_CANNOTSENDTOCHAN, room),
        Refusal::NotIn(room) => of_room(numeric::ERR_NOTONCHANNEL, room),
        Refusal::NotRoomOperator(room) => of_room(numeric::ERR_CHANOPRIVSNEEDED, room),
        Refusal::NotServerOperator => note(numeric::ERR_NOPRIVILEGES, &[]),
        Refusal::NotThere { name, room } => {
            note(numeric::ERR_USERNOTINCHANNEL, &[name.as_str(), &channel(room)])
        }
        Refusal::RoomFull(room) => of_room(numeric::ERR_CHANNELISFULL, room),
        Refusal::RoomsFull | Refusal::TooManyRooms => {
            let room = match command {
                Command::Move { to: Some(room), .. } => channel(room),
                _ => "*".to_string(),
            };
            note(numeric::ERR_TOOMANYCHANNELS, &[&room])
        }
        Refusal::TopicTooLong(_) => note(numeric::ERR_INPUTTOOLONG, &[]),
    })
}

fn channel(room: &RoomName) -> String {
    alloc::format!("{room:#}")
}

fn note(numeric: Numeric, params: &[&str]) -> Query {
    Query::Note(numeric, params.iter().map(ToString::to_string).collect::<Vec<_>>())
}
