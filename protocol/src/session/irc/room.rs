//! Rooms: entering and leaving them, what they are about, and what they allow.

use super::{Client, Line, note, shown};
use crate::command::Command;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Query;
use crate::id::MemberId;
use crate::mode::{Flag, Key, Mask, MaskList, ModeChange, Status};
use crate::name::{Name, RoomName, folded};
use crate::person::UserModes;
use crate::session::{Work, ask};
use crate::text::Text;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

/// The room that a text with `#` before it names.
pub(super) fn room_name(text: &str) -> Option<RoomName> {
    RoomName::parse(text.strip_prefix('#')?).ok()
}

fn no_such_room(text: &str) -> Vec<Work> {
    note(numeric::ERR_NOSUCHCHANNEL, &[&shown(text)])
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
                    message: None,
                }));
            }
            None => work.extend(no_such_room(room)),
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
    Command::Move { member, from: Some(from), to: None, key: None, message }
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
            (None, ..) => no_such_room(room),
            (_, Err(_), _) => note(numeric::ERR_NOSUCHNICK, &[&shown(name)]),
            (.., Err(work)) => work,
            (Some(room), Ok(name), Ok(message)) => {
                alloc::vec![Work::Propose(Command::Kick { member, room, name, message })]
            }
        });
    }
    work
}

/// `MODE`: what a room allows, or what a member has set for itself.
pub(super) fn mode(_: &mut Client, line: &Line<'_>) -> Vec<Work> {
    let Some(member) = line.member else { return Vec::new() };
    let target = line.param(0).unwrap_or_default();
    let changes = line.message.params().get(1..).unwrap_or_default();
    if !target.starts_with('#') {
        return user_mode(target, changes);
    }
    let Some(room) = room_name(target) else { return no_such_room(target) };
    match changes.split_first() {
        None => ask(Query::ModeIs(room)),
        Some((letters, params)) => room_mode(member, &room, letters, params),
    }
}

fn user_mode(target: &str, changes: &[&str]) -> Vec<Work> {
    let Ok(target) = Name::parse_any(target) else {
        return note(numeric::ERR_NOSUCHNICK, &[&shown(target)]);
    };
    let (mut on, mut off) = (UserModes::NONE, UserModes::NONE);
    let mut sign = true;
    let mut unknown = false;
    for letter in changes.iter().flat_map(|letters| letters.chars()) {
        match (letter, UserModes::of_letter(letter)) {
            ('+', _) => sign = true,
            ('-', _) => sign = false,
            (_, None) => unknown = true,
            (_, Some(mode)) if sign => (on, off) = (on.with(mode), off.without(mode)),
            (_, Some(mode)) => (on, off) = (on.without(mode), off.with(mode)),
        }
    }
    ask(Query::UserModes { target, set: (!changes.is_empty()).then_some((on, off)), unknown })
}

fn room_mode(member: MemberId, room: &RoomName, letters: &str, params: &[&str]) -> Vec<Work> {
    let mut params = params.iter().copied();
    let mut changes = Vec::new();
    // What is answered beside the changes: lists, and what is wrong.
    let mut answers: Vec<Work> = Vec::new();
    let mut on = true;
    for letter in letters.chars() {
        let flag = Flag::ALL.into_iter().find(|flag| flag.letter() == letter);
        let list = MaskList::ALL.into_iter().find(|list| list.letter() == letter);
        let status = Status::ALL.into_iter().find(|status| status.letter() == letter);
        if let Some(flag) = flag {
            changes.push(ModeChange::Flag { flag, on });
            continue;
        }
        if let Some(list) = list {
            match params.next() {
                None => add(&mut answers, ask(Query::MaskList(room.clone(), list, 0))),
                Some(text) => match Mask::parse(text) {
                    Some(mask) => changes.push(ModeChange::Mask { list, mask, on }),
                    None => add(&mut answers, bad_parameter(room, letter, "Invalid mask")),
                },
            }
            continue;
        }
        if let Some(status) = status {
            match params.next().map(|name| (name, Name::parse_any(name))) {
                None => add(&mut answers, bad_parameter(room, letter, "You must say whom")),
                Some((_, Ok(name))) => changes.push(ModeChange::Status { name, status, on }),
                Some((text, Err(_))) => add(&mut answers, note(numeric::ERR_NOSUCHNICK, &[&shown(text)])),
            }
            continue;
        }
        match (letter, on) {
            ('+', _) => on = true,
            ('-', _) => on = false,
            ('k', true) => match params.next().map(Key::parse) {
                Some(Some(key)) => changes.push(ModeChange::Key(Some(key))),
                _ => add(&mut answers, bad_parameter(room, letter, "Invalid key")),
            },
            ('k', false) => {
                // It may be said which key is taken away, and need not.
                params.next();
                changes.push(ModeChange::Key(None));
            }
            ('l', true) => {
                match params.next().and_then(|limit| limit.parse().ok()).filter(|&limit| limit > 0) {
                    Some(limit) => changes.push(ModeChange::Limit(Some(limit))),
                    None => add(&mut answers, bad_parameter(room, letter, "Invalid limit")),
                }
            }
            ('l', false) => changes.push(ModeChange::Limit(None)),
            _ => {
                let letter = String::from(letter);
                add(&mut answers, note(numeric::ERR_UNKNOWNMODE, &[&shown(&letter)]));
            }
        }
    }
    if !changes.is_empty() {
        answers.insert(0, Work::Propose(Command::SetModes { member, room: room.clone(), changes }));
    }
    answers
}

/// Adds an answer to a line, unless it is there: what hundreds of letters are wrong about is said once.
fn add(answers: &mut Vec<Work>, more: Vec<Work>) {
    for work in more {
        if !answers.contains(&work) {
            answers.push(work);
        }
    }
}

fn bad_parameter(room: &RoomName, letter: char, words: &str) -> Vec<Work> {
    let (room, letter) = (alloc::format!("#{room}"), String::from(letter));
    note(numeric::ERR_INVALIDMODEPARAM, &[&room, &letter, "*", words])
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
