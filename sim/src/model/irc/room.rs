//! What the lines about rooms ask for.

use super::read::{Said, folded, no_such_name, no_such_room, own_modes, room_name, shown};
use super::{Query, numeric, query};
use crate::model::conn::Todo;
use parlor_protocol::mode::{Flag, Key, Mask, MaskList, ModeChange, Status};
use parlor_protocol::{Command, MemberId, Name, RoomName, UserModes};

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
            vec![Todo::Propose(Command::Move { member, from: None, to: Some(to), key, message: None })]
        }
        None => no_such_room(room),
    };
    rooms.iter().copied().enumerate().filter(is_first).flat_map(one).collect()
}

fn part(said: &Said<'_>) -> Vec<Todo> {
    let member = said.member();
    said.for_each(said.param(0), |room| match (room_name(room), said.told(1, &format!("PART {room}"))) {
        (None, _) => no_such_room(room),
        (_, Err(answer)) => answer,
        (Some(from), Ok(message)) => {
            vec![Todo::Propose(Command::Move { member, from: Some(from), to: None, key: None, message })]
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
            (None, ..) => no_such_room(room),
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
    match changes.split_first() {
        None => query(Query::Modes(room)),
        Some((letters, params)) => change_modes(said.member(), &room, letters, params),
    }
}

fn change_modes(member: MemberId, room: &RoomName, letters: &str, params: &[&str]) -> Vec<Todo> {
    let mut params = params.iter().copied();
    let (mut changes, mut answers, mut on) = (Vec::new(), Vec::new(), true);
    for letter in letters.chars() {
        let wrong = |words: &str| numeric("696", format!("#{room} {letter} * :{words}"));
        let flag = |flag| Ok(ModeChange::Flag { flag, on });
        let change = match letter {
            '+' | '-' => {
                on = letter == '+';
                continue;
            }
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
                match params.next() {
                    None => Err(query(Query::Masks(room.clone(), list, 0))),
                    Some(text) => match Mask::parse(text) {
                        Some(mask) => Ok(ModeChange::Mask { list, mask, on }),
                        None => Err(wrong("Invalid mask")),
                    },
                }
            }
            'o' | 'v' => {
                let status = if letter == 'o' { Status::Operator } else { Status::Voice };
                match params.next() {
                    None => Err(wrong("You must say whom")),
                    Some(text) => match Name::parse_any(text) {
                        Ok(name) => Ok(ModeChange::Status { name, status, on }),
                        Err(_) => Err(no_such_name(text)),
                    },
                }
            }
            'k' if on => params
                .next()
                .and_then(Key::parse)
                .map(|key| ModeChange::Key(Some(key)))
                .ok_or_else(|| wrong("Invalid key")),
            'k' => {
                params.next();
                Ok(ModeChange::Key(None))
            }
            'l' if on => {
                let limit = params.next().and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
                limit.map(|limit| ModeChange::Limit(Some(limit))).ok_or_else(|| wrong("Invalid limit"))
            }
            'l' => Ok(ModeChange::Limit(None)),
            _ => Err(numeric("472", format!("{} :is unknown mode char to me", shown(&String::from(letter))))),
        };
        match change {
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
    if !changes.is_empty() {
        answers.insert(0, Todo::Propose(Command::SetModes { member, room: room.clone(), changes }));
    }
    answers
}
