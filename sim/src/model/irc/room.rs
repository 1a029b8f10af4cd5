//! What the lines about rooms ask for.

use super::read::{Said, bad_room, folded, no_such_name, no_such_room, own_modes, room_name, shown};
use super::{Query, numeric, query};
use crate::model::conn::Todo;
use crate::model::mask;
use parlor_protocol::{
    Command, Flag, Key, MaskList, MemberId, ModeChange, Name, RoomName, Status, UserModes,
};
use std::collections::VecDeque;

pub(super) fn read(name: &str, said: &Said<'_>) -> Vec<Todo> {
    match name {
        "INVITE" => invite(said),
        "JOIN" => join(said),
        "KICK" => kick(said),
        "MODE" => mode(said),
        "NAMES" => names(said),
        "PART" => part(said),
        _ => topic(said),
    }
}

fn join(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    if said.param(0) == "0" {
        return query(Query::LeaveAll);
    }
    match said.items(said.param(0)) {
        Ok(rooms) if rooms.is_empty() => return said.needs_more(),
        Ok(_) => {}
        Err(answer) => return answer,
    }
    let rooms: Vec<&str> = said.param(0).split(',').collect();
    let keys: Vec<&str> = said.param(1).split(',').collect();
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
        None => bad_room(room),
    };
    rooms.iter().copied().enumerate().filter(is_first).flat_map(one).collect()
}

fn part(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    said.for_each(said.param(0), |room| match (room_name(room), said.told(1, &format!("PART {room}"))) {
        (None, _) => no_such_room(room),
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
    })
}

fn topic(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    match room_name(said.param(0)) {
        None => no_such_room(said.param(0)),
        Some(room) if said.line.params.len() == 1 => query(Query::Topic(room)),
        Some(room) => match said.told(1, &format!("TOPIC {}", said.param(0))) {
            Ok(topic) => vec![Todo::Propose(Command::SetTopic { member, room, topic })],
            Err(answer) => answer,
        },
    }
}

fn names(said: &Said<'_>) -> Vec<Todo> {
    let list = said.param(0);
    match said.items(list) {
        Ok(rooms) => query(Query::Names {
            rooms: rooms.into_iter().map(str::to_owned).collect(),
            from: (0, MemberId::default()),
        }),
        Err(answer) => answer,
    }
}

fn invite(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    let (name, room) = match said.line.params[..] {
        [] => return query(Query::Invitations),
        [_] => return said.needs_more(),
        [name, room, ..] => (name, room),
    };
    match (Name::parse_any(name), room_name(room)) {
        (Err(_), _) => no_such_name(name),
        (_, None) => no_such_room(room),
        (Ok(name), Some(room)) => vec![Todo::Propose(Command::Invite { member, name, room })],
    }
}

fn kick(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    if let Err(answer) = said.items(said.param(0)).and(said.items(said.param(1))) {
        return answer;
    }
    let rooms: Vec<&str> = said.param(0).split(',').filter(|it| !it.is_empty()).collect();
    let names: Vec<&str> = said.param(1).split(',').filter(|it| !it.is_empty()).collect();
    if names.is_empty() || rooms.len() != 1 && rooms.len() != names.len() {
        return said.needs_more();
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (nth, name) in names.into_iter().enumerate() {
        let room = if rooms.len() == 1 { rooms[0] } else { rooms[nth] };
        if !pairs.iter().any(|pair| (folded(pair.0), folded(pair.1)) == (folded(room), folded(name))) {
            pairs.push((room, name));
        }
    }
    let one = |(room, name): (&str, &str)| {
        let message = said.told(2, &format!("KICK {room} {name}"));
        match (room_name(room), Name::parse_any(name), message) {
            (None, ..) => bad_room(room),
            (_, Err(_), _) => no_such_name(name),
            (.., Err(answer)) => answer,
            (Some(room), Ok(name), Ok(message)) => {
                vec![Todo::Propose(Command::Kick { member, room, name, message })]
            }
        }
    };
    pairs.into_iter().flat_map(one).collect()
}

fn mode(said: &Said<'_>) -> Vec<Todo> {
    let target = said.param(0);
    let changes = &said.line.params[1..];
    if !target.starts_with('#') {
        let Ok(name) = Name::parse_any(target) else { return no_such_name(target) };
        let (on, off, unknown): (UserModes, UserModes, bool) =
            own_modes(changes.iter().flat_map(|letters| letters.chars()));
        let change = (!changes.is_empty()).then_some((on, off));
        return query(Query::UserModes { target: name, change, unknown });
    }
    let Some(room) = room_name(target) else { return no_such_room(target) };
    if changes.is_empty() { query(Query::Modes(room)) } else { change_modes(said.member(), &room, changes) }
}

/// Strings of letters, each followed by what its letters take.
fn change_modes(member: MemberId, room: &RoomName, words: &[&str]) -> Vec<Todo> {
    let mut words: VecDeque<&str> = words.iter().copied().collect();
    let (mut changes, mut answers, mut on) = (Vec::new(), Vec::new(), true);
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
                    Some(change_mode(room, letter, on, &mut words))
                }
            });
            letters.collect()
        } else {
            vec![Err(wrong(room, latest, word, "No mode before this parameter takes one"))]
        };
        is_first = false;
        for result in results {
            match result {
                Ok(change) => changes.push(change),
                // What many letters are wrong about is said once.
                Err(answer) => {
                    for todo in answer {
                        let is_said = |other: &Todo| format!("{other:?}") == format!("{todo:?}");
                        if !answers.iter().any(is_said) {
                            answers.push(todo);
                        }
                    }
                }
            }
        }
    }
    if !changes.is_empty() {
        answers.insert(0, Todo::Propose(Command::SetModes { member, room: room.clone(), changes }));
    }
    answers
}

fn wrong(room: &RoomName, letter: char, parameter: &str, words: &str) -> Vec<Todo> {
    numeric("696", format!("{room:#} {letter} {} :{words}", shown(parameter)))
}

/// What one letter changes, or what is answered to it.
fn change_mode(
    room: &RoomName,
    letter: char,
    on: bool,
    words: &mut VecDeque<&str>,
) -> Result<ModeChange, Vec<Todo>> {
    let flag = |flag| Ok(ModeChange::Flag { flag, on });
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
            let text = words.pop_front().ok_or_else(|| query(Query::Masks(room.clone(), list, 0)))?;
            let mask = mask::read(list, text).map_err(|why| wrong(room, letter, text, &why))?;
            Ok(ModeChange::Mask { list, mask, on })
        }
        'o' | 'v' => {
            let status = if letter == 'o' { Status::Operator } else { Status::Voice };
            let text = words.pop_front().ok_or_else(|| wrong(room, letter, "", "A nickname is required"))?;
            let name = Name::parse_any(text).map_err(|_| no_such_name(text))?;
            Ok(ModeChange::Status { name, status, on })
        }
        'k' if on => {
            let text = words.pop_front().ok_or_else(|| wrong(room, letter, "", "A key is required"))?;
            let key = Key::parse(text).ok_or_else(|| wrong(room, letter, "", "Invalid key"))?;
            Ok(ModeChange::Key(Some(key)))
        }
        'k' => {
            words.pop_front();
            Ok(ModeChange::Key(None))
        }
        'l' if on => {
            let text = words.pop_front().ok_or_else(|| wrong(room, letter, "", "A limit is required"))?;
            let limit = text.parse().ok().filter(|limit| *limit > 0);
            let limit = limit.ok_or_else(|| wrong(room, letter, text, "Invalid limit"))?;
            Ok(ModeChange::Limit(Some(limit)))
        }
        'l' => Ok(ModeChange::Limit(None)),
        _ => Err(numeric("472", format!("{} :is unknown mode char to me", shown(&String::from(letter))))),
    }
}
