//! What is answered to who may not do what it asked for.

use super::Query;
use parlor_protocol::{Command, MessageKind, NameRequest, Refusal};

pub(in crate::model) fn answer(refusal: &Refusal, command: &Command) -> Option<Query> {
    let message = match command {
        Command::Say { message, .. } | Command::Tell { message, .. } => Some(message),
        _ => None,
    };
    // Nothing answers a notice.
    if message.is_some_and(|message| matches!(message.kind, MessageKind::Notice | MessageKind::CtcpReply)) {
        return None;
    }
    if let (Refusal::Silenced(_), Command::SetRealName { .. }) = (refusal, command) {
        return Some(Query::Fail {
            kind: "FAIL",
            command: "SETNAME".to_owned(),
            code: "CANNOT_CHANGE_REALNAME",
            words: "Cannot change realname while you are not allowed to speak in a channel",
        });
    }
    let (code, rest) = match refusal {
        Refusal::AlreadyIn(_) | Refusal::NameUnchanged | Refusal::NoKey(_) => return None,
        Refusal::CorrespondentLeft | Refusal::NobodyToAnswer => return None,
        Refusal::AlreadyThere { name, room } => ("443", format!("{name} {room:#} :is already on channel")),
        Refusal::BadKey(room) => ("475", format!("{room:#} :Cannot join channel (+k)")),
        Refusal::Banned(room) => ("474", format!("{room:#} :Cannot join channel (+b)")),
        Refusal::InviteOnly(room) => ("473", format!("{room:#} :Cannot join channel (+i)")),
        Refusal::ListFull { room, list, .. } => {
            ("478", format!("{room:#} {} :Channel list is full", list.letter()))
        }
        Refusal::NameHeld(room) => match command {
            Command::Rename { name, .. } => {
                ("435", format!("{name} {room:#} :Cannot change nickname while banned on channel"))
            }
            _ => unreachable!("nobody's name is held but who wants another"),
        },
        Refusal::NameTaken(taken) => {
            let wished = match command {
                Command::Enter { request: NameRequest::Name(name), .. } | Command::Rename { name, .. } => {
                    name
                }
                _ => taken,
            };
            ("433", format!("{wished} :Nickname is already in use"))
        }
        Refusal::NoSuchName(name) => ("401", format!("{name} :No such nick/channel")),
        Refusal::NoSuchRoom(room) => ("403", format!("{room:#} :No such channel")),
        Refusal::NotIn(room) if message.is_none() => ("442", format!("{room:#} :You're not on that channel")),
        Refusal::NoCtcp(room) | Refusal::NotIn(room) | Refusal::Silenced(room) => {
            ("404", format!("{room:#} :Cannot send to channel"))
        }
        Refusal::NotRoomOperator(room) => ("482", format!("{room:#} :You're not channel operator")),
        Refusal::NotServerOperator => ("481", ":Permission Denied- You're not an IRC operator".to_owned()),
        Refusal::NotThere { name, room } => ("441", format!("{name} {room:#} :They aren't on that channel")),
        Refusal::RoomFull(room) => ("471", format!("{room:#} :Cannot join channel (+l)")),
        Refusal::RoomsFull | Refusal::TooManyRooms => match command {
            Command::Move { to: Some(room), .. } => {
                ("405", format!("{room:#} :You have joined too many channels"))
            }
            _ => ("405", "* :You have joined too many channels".to_owned()),
        },
        Refusal::TopicTooLong(_) => ("417", ":Input line was too long".to_owned()),
    };
    Some(Query::numeric(code, rest))
}
