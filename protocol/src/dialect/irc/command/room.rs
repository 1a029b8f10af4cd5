//! Commands of rooms: entering, leaving, topics, lists of members, invitations and kicks.

use super::{Line, answer_numeric, ask, sentence};
use crate::base::id::MemberId;
use crate::base::mode::Key;
use crate::base::name::{Name, NameError, RoomName, folded};
use crate::dialect::action::Action;
use crate::dialect::irc::answer::rooms;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::{leave_room, printable_word, room_name};
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

pub(super) fn no_such_room(text: &str) -> Vec<Action> {
    answer_numeric(numeric::ERR_NOSUCHCHANNEL, &[&printable_word(text)])
}

/// Returns the answer to an invalid name of a room.
fn bad_room(text: &str) -> Vec<Action> {
    let words = match RoomName::parse(text) {
        _ if !text.starts_with('#') => "Channel names begin with #".into(),
        Err(NameError::TooLong) => {
            alloc::format!("The name has more than {} characters", RoomName::CHARS_MAX)
        }
        Err(error) => sentence(&error),
        Ok(_) => "Bad Channel Mask".into(),
    };
    answer_numeric(numeric::ERR_BADCHANMASK, &[&printable_word(text), &words])
}

/// `JOIN`: enters rooms, with their keys. `JOIN 0` leaves all rooms.
pub(super) fn join(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let list = line.param(0).unwrap_or_default();
    if list == "0" {
        return ask(Query::LeaveAll);
    }
    match line.items(list) {
        Ok(rooms) if rooms.is_empty() => return line.needs_more(),
        Ok(_) => {}
        Err(actions) => return actions,
    }
    // Keys are assigned by position.
    let keys = line.param(1).unwrap_or_default().split(',').map(Key::parse).chain(iter::repeat(None));
    let mut named = BTreeSet::new();
    let mut actions = Vec::new();
    for (room, key) in list.split(',').zip(keys) {
        if room.is_empty() || !named.insert(folded(room)) {
            continue;
        }
        match room_name(room) {
            Some(to) => {
                actions.push(Action::Propose(Command::Move {
                    member,
                    from: None,
                    to: Some(to),
                    key,
                    checks_key: false,
                    message: None,
                }));
            }
            None => actions.extend(bad_room(room)),
        }
    }
    actions
}

/// `PART`: leaves rooms, with a parting message.
pub(super) fn part(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    each(line, line.param(0).unwrap_or_default(), |room| {
        match (room_name(room), line.outgoing_text(client, 1, ("PART", &[room]))) {
            (None, _) => no_such_room(room),
            (_, Err(actions)) => actions,
            (Some(from), Ok(message)) => alloc::vec![Action::Propose(leave_room(member, from, message))],
        }
    })
}

/// `TOPIC`: shows or sets the topic of a room.
pub(super) fn topic(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let name = line.param(0).unwrap_or_default();
    let Some(room) = room_name(name) else { return no_such_room(name) };
    if line.param(1).is_none() {
        return ask(Query::TopicIs(room));
    }
    match line.outgoing_text(client, 1, ("TOPIC", &[name])) {
        Ok(topic) => alloc::vec![Action::Propose(Command::SetTopic { member, room, topic })],
        Err(actions) => actions,
    }
}

/// `NAMES`: lists the members of rooms.
pub(super) fn names(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let list = line.param(0).unwrap_or_default();
    let rooms: Vec<String> = match line.targets(list) {
        Ok(rooms) => rooms.into_iter().map(String::from).collect(),
        Err(actions) => return actions,
    };
    ask(Query::Names { rooms, index: 0, from: MemberId::default() })
}

/// `INVITE`: invites a member to a room; without parameters, lists the client's invitations.
pub(super) fn invite(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let (name, room) = match (line.param(0), line.param(1)) {
        (None, _) => return ask(Query::WithoutParams(rooms::invitations)),
        (Some(_), None) => return line.needs_more(),
        (Some(name), Some(room)) => (name, room),
    };
    match (Name::parse_any(name), room_name(room)) {
        (Err(_), _) => answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(name)]),
        (_, None) => no_such_room(room),
        (Ok(name), Some(room)) => alloc::vec![Action::Propose(Command::Invite { member, name, room })],
    }
}

/// `KICK`: removes members from a room. With as many rooms as names, each member is removed from the room at the same
/// position.
pub(super) fn kick(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let items = |index| line.items(line.param(index).unwrap_or_default());
    let (rooms, names) = match (items(0), items(1)) {
        (Ok(rooms), Ok(names)) => (rooms, names),
        (Err(actions), _) | (_, Err(actions)) => return actions,
    };
    if names.is_empty() || rooms.len() != 1 && rooms.len() != names.len() {
        return line.needs_more();
    }
    let mut named = BTreeSet::new();
    let mut actions = Vec::new();
    for (name, room) in names.into_iter().zip(rooms.into_iter().cycle()) {
        if !named.insert((folded(room), folded(name))) {
            continue;
        }
        let message = line.outgoing_text(client, 2, ("KICK", &[room, name]));
        actions.extend(match (room_name(room), Name::parse_any(name), message) {
            (None, ..) => bad_room(room),
            (_, Err(_), _) => answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(name)]),
            (.., Err(actions)) => actions,
            (Some(room), Ok(name), Ok(message)) => {
                alloc::vec![Action::Propose(Command::Kick { member, room, name, message })]
            }
        });
    }
    actions
}

/// Returns the actions for all targets of a list, which must not be empty.
pub(super) fn each<'a>(
    line: &Line<'a>,
    list: &'a str,
    mut act: impl FnMut(&'a str) -> Vec<Action>,
) -> Vec<Action> {
    match line.targets(list) {
        Ok(targets) if targets.is_empty() => line.needs_more(),
        Ok(targets) => targets.into_iter().flat_map(&mut act).collect(),
        Err(actions) => actions,
    }
}
