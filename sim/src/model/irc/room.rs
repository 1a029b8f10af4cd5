//! Parses the commands about rooms.

use super::request::{Request, answered, changing, room_name};
use crate::model::fold::folded;
use crate::model::mask;
use crate::model::todo::{Change, Todo};
use parlor_protocol::{
    Command, Flag, Key, MaskList, MemberId, ModeChange, Name, RoomName, Status, UserModes,
};
use std::collections::{BTreeSet, VecDeque};

pub(super) fn join(request: &Request<'_>) -> Vec<Todo> {
    let member = request.member();
    if request.param(0) == "0" {
        return changing(Change::LeaveAll);
    }
    if request.items(request.param(0)).is_none_or(|rooms| rooms.is_empty()) {
        return answered();
    }
    let rooms: Vec<&str> = request.param(0).split(',').collect();
    let keys: Vec<&str> = request.param(1).split(',').collect();
    let is_first = |&(nth, room): &(usize, &str)| {
        !room.is_empty() && !rooms[..nth].iter().any(|other| folded(other) == folded(room))
    };
    let one = |(nth, room): (usize, &str)| match room_name(room) {
        Some(to) => {
            let key = keys.get(nth).and_then(|key| Key::parse(key));
            vec![Todo::Propose(Command::Move {
                member,
                from: None,
                to: Some(to),
                key,
                checks_key: false,
                message: None,
            })]
        }
        None => answered(),
    };
    rooms.iter().copied().enumerate().filter(is_first).flat_map(one).collect()
}

pub(super) fn part(request: &Request<'_>) -> Vec<Todo> {
    let member = request.member();
    request.for_each(request.param(0), |room| {
        match (room_name(room), request.relayed_text(1, &format!("PART {room}"))) {
            (None, _) => answered(),
            (_, Err(answer)) => answer,
            (Some(from), Ok(message)) => {
                vec![Todo::Propose(Command::Move {
                    member,
                    from: Some(from),
                    to: None,
                    key: None,
                    checks_key: false,
                    message,
                })]
            }
        }
    })
}

pub(super) fn topic(request: &Request<'_>) -> Vec<Todo> {
    let member = request.member();
    match room_name(request.param(0)) {
        None => answered(),
        Some(_) if request.line.params.len() == 1 => answered(),
        Some(room) => match request.relayed_text(1, &format!("TOPIC {}", request.param(0))) {
            Ok(topic) => vec![Todo::Propose(Command::SetTopic { member, room, topic })],
            Err(answer) => answer,
        },
    }
}

pub(super) fn invite(request: &Request<'_>) -> Vec<Todo> {
    let member = request.member();
    match (Name::parse_any(request.param(0)), room_name(request.param(1))) {
        (Ok(name), Some(room)) => vec![Todo::Propose(Command::Invite { member, name, room })],
        _ => answered(),
    }
}

pub(super) fn kick(request: &Request<'_>) -> Vec<Todo> {
    let member = request.member();
    if request.items(request.param(0)).and(request.items(request.param(1))).is_none() {
        return answered();
    }
    let rooms: Vec<&str> = request.param(0).split(',').filter(|it| !it.is_empty()).collect();
    let names: Vec<&str> = request.param(1).split(',').filter(|it| !it.is_empty()).collect();
    if names.is_empty() || rooms.len() != 1 && rooms.len() != names.len() {
        return answered();
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (nth, name) in names.into_iter().enumerate() {
        let room = if rooms.len() == 1 { rooms[0] } else { rooms[nth] };
        if !pairs.iter().any(|pair| (folded(pair.0), folded(pair.1)) == (folded(room), folded(name))) {
            pairs.push((room, name));
        }
    }
    let one = |(room, name): (&str, &str)| {
        let message = request.relayed_text(2, &format!("KICK {room} {name}"));
        match (room_name(room), Name::parse_any(name), message) {
            (Some(room), Ok(name), Ok(message)) => {
                vec![Todo::Propose(Command::Kick { member, room, name, message })]
            }
            _ => answered(),
        }
    };
    pairs.into_iter().flat_map(one).collect()
}

pub(super) fn mode(request: &Request<'_>) -> Vec<Todo> {
    let target = request.param(0);
    let changes = &request.line.params[1..];
    if !target.starts_with('#') {
        let Ok(target) = Name::parse_any(target) else { return answered() };
        let (on, off) = own_modes(changes);
        return changing(Change::UserModes { target, on, off });
    }
    match room_name(target).filter(|_| !changes.is_empty()) {
        Some(room) => change_modes(request.member(), &room, changes),
        None => answered(),
    }
}

/// Returns the user modes that a line turns on, and those that it turns off.
fn own_modes(changes: &[&str]) -> (UserModes, UserModes) {
    let (mut on, mut off, mut is_plus) = (UserModes::NONE, UserModes::NONE, true);
    for letter in changes.iter().flat_map(|letters| letters.chars()) {
        let mode = match letter {
            '+' | '-' => {
                is_plus = letter == '+';
                continue;
            }
            'B' => UserModes::BOT,
            'i' => UserModes::INVISIBLE,
            'o' => UserModes::OPERATOR,
            'w' => UserModes::WALLOPS,
            _ => continue,
        };
        (on, off) =
            if is_plus { (on.with(mode), off.without(mode)) } else { (on.without(mode), off.with(mode)) };
    }
    (on, off)
}

/// Returns the steps of a `MODE` line for a room. Its words are strings of letters, each followed by the parameters of
/// its letters.
fn change_modes(member: MemberId, room: &RoomName, words: &[&str]) -> Vec<Todo> {
    let mut words: VecDeque<&str> = words.iter().copied().collect();
    let (mut changes, mut flaws, mut on) = (Vec::new(), BTreeSet::new(), true);
    let (mut is_first, mut latest) = (true, '*');
    while let Some(word) = words.pop_front() {
        let results = if is_first || word.starts_with('+') || word.starts_with('-') {
            let letters = word.chars().filter_map(|letter| match letter {
                '+' | '-' => {
                    on = letter == '+';
                    None
                }
                _ => {
                    latest = letter;
                    Some(change_mode(letter, on, &mut words))
                }
            });
            letters.collect()
        } else {
            vec![Err((latest, word, "comes behind none that takes one"))]
        };
        is_first = false;
        for result in results {
            match result {
                Ok(change) => changes.push(change),
                // The same error of several letters is reported once.
                Err(flaw) => {
                    flaws.insert(flaw);
                }
            }
        }
    }
    let mut todos = Vec::new();
    if !changes.is_empty() {
        todos.push(Todo::Propose(Command::SetModes { member, room: room.clone(), changes }));
    }
    todos.extend(flaws.iter().flat_map(|_| answered()));
    todos
}

/// A change that is not valid: the letter, its parameter, and the error.
type Flaw<'a> = (char, &'a str, &'static str);

/// Returns the change that one letter makes.
fn change_mode<'a>(letter: char, on: bool, words: &mut VecDeque<&'a str>) -> Result<ModeChange, Flaw<'a>> {
    let flag = |flag| Ok(ModeChange::Flag { flag, on });
    let mut parameter = || words.pop_front().ok_or((letter, "", "takes one"));
    match letter {
        'C' => flag(Flag::NoCtcp),
        'i' => flag(Flag::InviteOnly),
        'm' => flag(Flag::Moderated),
        'n' => flag(Flag::NoOutside),
        's' => flag(Flag::Secret),
        't' => flag(Flag::TopicLocked),
        'I' | 'b' | 'e' => {
            let list = match letter {
                'I' => MaskList::InviteExceptions,
                'b' => MaskList::Bans,
                _ => MaskList::BanExceptions,
            };
            let text = parameter()?;
            let mask = mask::read(list, text).map_err(|_| (letter, text, "is no mask"))?;
            Ok(ModeChange::Mask { list, mask, on })
        }
        'o' | 'v' => {
            let status = if letter == 'o' { Status::Operator } else { Status::Voice };
            let text = parameter()?;
            // The error is the same for both statuses.
            let name = Name::parse_any(text).map_err(|_| ('o', text, "is no name"))?;
            Ok(ModeChange::Status { name, status, on })
        }
        'k' if on => {
            let text = parameter()?;
            let key = Key::parse(text).ok_or((letter, text, "is no key"))?;
            Ok(ModeChange::Key(Some(key)))
        }
        'k' => {
            words.pop_front();
            Ok(ModeChange::Key(None))
        }
        'l' if on => {
            let text = parameter()?;
            let limit = text.parse().ok().filter(|limit| *limit > 0);
            let limit = limit.ok_or((letter, text, "is no limit"))?;
            Ok(ModeChange::Limit(Some(limit)))
        }
        'l' => Ok(ModeChange::Limit(None)),
        _ => Err((letter, "", "is no mode")),
    }
}
