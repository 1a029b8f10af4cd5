//! Rooms: entering and leaving them, what they are about, and what they allow.

use super::{Client, Line, note, sentence, shown};
use crate::base::id::MemberId;
use crate::base::mode::Key;
use crate::base::name::{Name, NameError, RoomName, folded};
use crate::base::text::Text;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use crate::session::{Work, ask};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

/// The room that a text with `#` before it names.
pub(crate) fn room_name(text: &str) -> Option<RoomName> {
    text.starts_with('#').then(|| RoomName::parse(text).ok())?
}

pub(super) fn no_such_room(text: &str) -> Vec<Work> {
    note(numeric::ERR_NOSUCHCHANNEL, &[&shown(text)])
}

/// Why a text names no room that there could be.
fn bad_room(text: &str) -> Vec<Work> {
    let words = match RoomName::parse(text) {
        _ if !text.starts_with('#') => "Channel names begin with #".into(),
        Err(NameError::TooLong) => {
            alloc::format!("The name has more than {} characters", RoomName::CHARS_MAX)
        }
        Err(error) => sentence(&error),
        Ok(_) => "Bad Channel Mask".into(),
    };
    note(numeric::ERR_BADCHANMASK, &[&shown(text), &words])
}

/// `JOIN`: rooms, and their keys; `0` leaves all.
pub(super) fn join(_: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    let list = line.param(0).unwrap_or_default();
    if list == "0" {
        return ask(Query::LeaveAll);
    }
    match line.items(list) {
        Ok(rooms) if rooms.is_empty() => return line.needs_more(),
        Ok(_) => {}
        Err(work) => return work,
    }
    // Each has the key that stands in its place.
    let keys = line.param(1).unwrap_or_default().split(',').map(Key::parse).chain(iter::repeat(None));
    let mut named = BTreeSet::new();
    let mut work = Vec::new();
    for (room, key) in list.split(',').zip(keys) {
        if room.is_empty() || !named.insert(folded(room)) {
            continue;
        }
        match room_name(room) {
            Some(to) => {
                work.push(Work::Propose(Command::Move {
                    member,
                    from: None,
                    to: Some(to),
                    key,
                    checks_key: false,
                    message: None,
                }));
            }
            None => work.extend(bad_room(room)),
        }
    }
    work
}

/// `PART`: rooms, and last words.
pub(super) fn part(client: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    each(line, line.param(0).unwrap_or_default(), |room| {
        match (room_name(room), line.told(client, 1, ("PART", &[room]))) {
            (None, _) => no_such_room(room),
            (_, Err(work)) => work,
            (Some(from), Ok(message)) => alloc::vec![Work::Propose(part_of(member, from, message))],
        }
    })
}

/// The command by which a member leaves a room.
pub(crate) const fn part_of(member: MemberId, from: RoomName, message: Option<Text>) -> Command {
    Command::Move { member, from: Some(from), to: None, key: None, checks_key: false, message }
}

/// `TOPIC`: what a room is about, or is to be about.
pub(super) fn topic(client: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    let name = line.param(0).unwrap_or_default();
    let Some(room) = room_name(name) else { return no_such_room(name) };
    if line.param(1).is_none() {
        return ask(Query::TopicIs(room));
    }
    match line.told(client, 1, ("TOPIC", &[name])) {
        Ok(topic) => alloc::vec![Work::Propose(Command::SetTopic { member, room, topic })],
        Err(work) => work,
    }
}

/// `NAMES`: who is in rooms.
pub(super) fn names(_: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let list = line.param(0).unwrap_or_default();
    let rooms: Vec<String> = match line.targets(list) {
        Ok(rooms) => rooms.into_iter().map(String::from).collect(),
        Err(work) => return work,
    };
    ask(Query::Names { rooms, index: 0, from: MemberId::default() })
}

/// `INVITE`: somebody into a room; without parameters, to which rooms one is invited.
pub(super) fn invite(_: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    let (name, room) = match (line.param(0), line.param(1)) {
        (None, _) => return ask(Query::Invitations),
        (Some(_), None) => return line.needs_more(),
        (Some(name), Some(room)) => (name, room),
    };
    match (Name::parse_any(name), room_name(room)) {
        (Err(_), _) => note(numeric::ERR_NOSUCHNICK, &[&shown(name)]),
        (_, None) => no_such_room(room),
        (Ok(name), Some(room)) => alloc::vec![Work::Propose(Command::Invite { member, name, room })],
    }
}

/// `KICK`: members out of a room. Where there are as many rooms as names, each name out of its own.
pub(super) fn kick(client: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    let items = |index| line.items(line.param(index).unwrap_or_default());
    let (rooms, names) = match (items(0), items(1)) {
        (Ok(rooms), Ok(names)) => (rooms, names),
        (Err(work), _) | (_, Err(work)) => return work,
    };
    if names.is_empty() || rooms.len() != 1 && rooms.len() != names.len() {
        return line.needs_more();
    }
    let mut named = BTreeSet::new();
    let mut work = Vec::new();
    for (name, room) in names.into_iter().zip(rooms.into_iter().cycle()) {
        if !named.insert((folded(room), folded(name))) {
            continue;
        }
        let message = line.told(client, 2, ("KICK", &[room, name]));
        work.extend(match (room_name(room), Name::parse_any(name), message) {
            (None, ..) => bad_room(room),
            (_, Err(_), _) => note(numeric::ERR_NOSUCHNICK, &[&shown(name)]),
            (.., Err(work)) => work,
            (Some(room), Ok(name), Ok(message)) => {
                alloc::vec![Work::Propose(Command::Kick { member, room, name, message })]
            }
        });
    }
    work
}

/// The work for each target of a list, which has one at least.
pub(super) fn each<'a>(
    line: &Line<'a>,
    list: &'a str,
    mut act: impl FnMut(&'a str) -> Vec<Work>,
) -> Vec<Work> {
    match line.targets(list) {
        Ok(targets) if targets.is_empty() => line.needs_more(),
        Ok(targets) => targets.into_iter().flat_map(&mut act).collect(),
        Err(work) => work,
    }
}
