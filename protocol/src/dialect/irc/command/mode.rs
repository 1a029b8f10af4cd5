//! `MODE`: shows and changes the modes of rooms and members.

use super::room::no_such_room;
use super::{Line, answer_numeric, ask};
use crate::base::cloak::Cloaks;
use crate::base::id::MemberId;
use crate::base::mode::{Flag, Key, Mask, MaskList, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::UserModes;
use crate::dialect::action::Action;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::{printable_word, room_name};
use crate::dialect::irc::numeric::{self, Numeric};
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::{iter, slice};

/// `MODE`: shows or changes modes.
pub(super) fn mode(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let target = line.param(0).unwrap_or_default();
    let words = line.message.params().get(1..).unwrap_or_default();
    if !target.starts_with('#') {
        return user_mode(target, words);
    }
    let Some(room) = room_name(target) else { return no_such_room(target) };
    if words.is_empty() {
        return ask(Query::ModeIs(room));
    }
    RoomModes::new(room, words, &line.options.cloaks).read(member)
}

fn user_mode(target: &str, words: &[&str]) -> Vec<Action> {
    let Ok(target) = Name::parse_any(target) else {
        return answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(target)]);
    };
    let (mut on, mut off) = (UserModes::NONE, UserModes::NONE);
    let mut sign = true;
    let mut unknown = false;
    for letter in words.iter().flat_map(|letters| letters.chars()) {
        match (letter, UserModes::of_letter(letter)) {
            ('+', _) => sign = true,
            ('-', _) => sign = false,
            (_, None) => unknown = true,
            (_, Some(mode)) if sign => (on, off) = (on.with(mode), off.without(mode)),
            (_, Some(mode)) => (on, off) = (on.without(mode), off.with(mode)),
        }
    }
    ask(Query::UserModes { target, set: (!words.is_empty()).then_some((on, off)), unknown })
}

/// Parses changes of a room's modes: strings of letters, each followed by the parameters of its letters (RFC 2812,
/// section 3.2.3).
struct RoomModes<'a> {
    room: RoomName,
    /// The parameters that were not parsed yet.
    words: iter::Copied<slice::Iter<'a, &'a str>>,
    cloaks: &'a Cloaks,
    changes: Vec<ModeChange>,
    /// The answers besides the changes: requested lists, and errors.
    answers: Vec<Answer>,
}

/// An answer besides the changes.
#[derive(PartialEq, Eq)]
enum Answer {
    List(MaskList),
    Numeric(Numeric, Vec<String>),
}

impl<'a> RoomModes<'a> {
    fn new(room: RoomName, words: &'a [&'a str], cloaks: &'a Cloaks) -> Self {
        Self { room, words: words.iter().copied(), cloaks, changes: Vec::new(), answers: Vec::new() }
    }

    fn read(mut self, member: MemberId) -> Vec<Action> {
        let mut on = true;
        // The first string of letters may have no sign. A later word without one is a parameter that no mode takes.
        let mut last = None;
        while let Some(letters) = self.words.next() {
            if last.is_some() && !letters.starts_with(['+', '-']) {
                self.invalid(last.unwrap_or('*'), Some(letters), "No mode before this parameter takes one");
                continue;
            }
            last = last.or(Some('*'));
            for letter in letters.chars() {
                match letter {
                    '+' => on = true,
                    '-' => on = false,
                    _ => {
                        self.letter(letter, on);
                        last = Some(letter);
                    }
                }
            }
        }
        let Self { room, changes, answers, .. } = self;
        let mut actions = Vec::new();
        if !changes.is_empty() {
            actions.push(Action::Propose(Command::SetModes { member, room: room.clone(), changes }));
        }
        actions.extend(answers.into_iter().flat_map(|answer| match answer {
            Answer::List(list) => ask(Query::MaskList(room.clone(), list, 0)),
            Answer::Numeric(numeric, params) => ask(Query::Numeric(numeric, params)),
        }));
        actions
    }

    fn letter(&mut self, letter: char, on: bool) {
        let flag = Flag::ALL.into_iter().find(|flag| flag.letter() == letter);
        let list = MaskList::ALL.into_iter().find(|list| list.letter() == letter);
        let status = Status::ALL.into_iter().find(|status| status.letter() == letter);
        match (flag, list, status, letter) {
            (Some(flag), ..) => self.changes.push(ModeChange::Flag { flag, on }),
            (_, Some(list), ..) => self.mask(list, on),
            (_, _, Some(status), _) => self.status(status, on),
            (.., 'k') => self.key(on),
            (.., 'l') => self.limit(on),
            _ => self
                .answer(numeric_answer(numeric::ERR_UNKNOWNMODE, &[&printable_word(&String::from(letter))])),
        }
    }

    fn mask(&mut self, list: MaskList, on: bool) {
        let Some(text) = self.words.next() else {
            return self.answer(Answer::List(list));
        };
        match Mask::parse_for(list, text, self.cloaks) {
            Ok(mask) => self.changes.push(ModeChange::Mask { list, mask, on }),
            Err(error) => self.invalid(list.letter(), Some(text), &error.to_string()),
        }
    }

    fn status(&mut self, status: Status, on: bool) {
        match self.words.next().map(|name| (name, Name::parse_any(name))) {
            None => self.invalid(status.letter(), None, "A nickname is required"),
            Some((_, Ok(name))) => self.changes.push(ModeChange::Status { name, status, on }),
            Some((text, Err(_))) => {
                self.answer(numeric_answer(numeric::ERR_NOSUCHNICK, &[&printable_word(text)]));
            }
        }
    }

    fn key(&mut self, on: bool) {
        // The parameter of `-k` is optional and ignored.
        match (self.words.next().map(Key::parse), on) {
            (_, false) => self.changes.push(ModeChange::Key(None)),
            (Some(Some(key)), true) => self.changes.push(ModeChange::Key(Some(key))),
            // The answer does not repeat the key.
            (Some(None), true) => self.invalid('k', None, "Invalid key"),
            (None, true) => self.invalid('k', None, "A key is required"),
        }
    }

    fn limit(&mut self, on: bool) {
        if !on {
            return self.changes.push(ModeChange::Limit(None));
        }
        let text = self.words.next();
        match text.and_then(|limit| limit.parse().ok()).filter(|&limit| limit > 0) {
            Some(limit) => self.changes.push(ModeChange::Limit(Some(limit))),
            None if text.is_none() => self.invalid('l', None, "A limit is required"),
            None => self.invalid('l', text, "Invalid limit"),
        }
    }

    fn invalid(&mut self, letter: char, parameter: Option<&str>, words: &str) {
        let (room, letter) = (alloc::format!("{:#}", self.room), String::from(letter));
        let parameter = parameter.map_or("*".into(), printable_word);
        self.answer(numeric_answer(numeric::ERR_INVALIDMODEPARAM, &[&room, &letter, &parameter, words]));
    }

    /// Adds an answer, unless it is already there: an error that hundreds of letters repeat is answered once.
    fn answer(&mut self, answer: Answer) {
        if !self.answers.contains(&answer) {
            self.answers.push(answer);
        }
    }
}

fn numeric_answer(numeric: Numeric, params: &[&str]) -> Answer {
    Answer::Numeric(numeric, params.iter().map(ToString::to_string).collect())
}
