//! Queries about the server, members and rooms.

use super::{Line, answer_numeric, ask};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::Glob;
use crate::base::name::Name;
use crate::dialect::action::Action;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::{printable_word, room_name};
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::{ListFilter, Query, Who};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(super) fn help(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    ask(Query::Help(line.param(0).filter(|subject| !subject.is_empty()).map(printable_word)))
}

pub(super) fn ison(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let names = line.message.params().iter().flat_map(|names| names.split(' '));
    ask(Query::Ison(names.filter(|name| !name.is_empty()).map(String::from).collect()))
}

/// `REHASH`: reloads the configuration. For operators of the server.
pub(super) fn rehash(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    alloc::vec![Action::Rehash]
}

pub(super) fn restart(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    ask(Query::Restart)
}

pub(super) fn stats(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let letter = line.param(0).and_then(|letters| letters.chars().next());
    // Any other character, such as `:`, could be misread in the answer.
    ask(Query::Stats(letter.filter(char::is_ascii_alphanumeric)))
}

pub(super) fn userhost(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    ask(Query::Userhost(line.message.params().iter().map(ToString::to_string).collect()))
}

/// `LIST`: lists rooms that satisfy conditions (ISUPPORT's `ELIST`).
pub(super) fn list(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    const MINUTE_MS: u64 = 60_000;
    let mut filter = ListFilter::default();
    let conditions = match line.targets(line.param(0).unwrap_or_default()) {
        Ok(conditions) => conditions,
        Err(actions) => return actions,
    };
    for condition in conditions {
        let minutes = |text: &str| text.parse().ok().map(|minutes: u64| minutes.saturating_mul(MINUTE_MS));
        let (kind, number) = condition.split_at(condition.find(['<', '>']).map_or(0, |at| at + 1));
        match kind {
            ">" => filter.users.0 = number.parse().ok(),
            "<" => filter.users.1 = number.parse().ok(),
            "C>" | "c>" => filter.created_ms_ago.0 = minutes(number),
            "C<" | "c<" => filter.created_ms_ago.1 = minutes(number),
            "T>" | "t>" => filter.topic_ms_ago.0 = minutes(number),
            "T<" | "t<" => filter.topic_ms_ago.1 = minutes(number),
            _ => match condition.strip_prefix('!') {
                Some(mask) => filter.not_masks.push(Glob::new(mask)),
                None if condition.contains(['*', '?']) => filter.masks.push(Glob::new(condition)),
                None => match room_name(condition) {
                    Some(room) => filter.rooms.push(room),
                    // An invalid name: as a pattern, it matches no room.
                    None => filter.masks.push(Glob::new(condition)),
                },
            },
        }
    }
    ask(Query::List { filter, from: RoomId::default() })
}

/// `MONITOR`: watches names (IRCv3, monitor).
pub(super) fn monitor(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let names = || line.param(1).unwrap_or_default().split(',').filter_map(|name| Name::parse_any(name).ok());
    match line.param(0).unwrap_or_default() {
        "+" => alloc::vec![Action::Watch(names().collect())],
        "-" => alloc::vec![Action::Unwatch(Some(names().collect()))],
        "C" | "c" => alloc::vec![Action::Unwatch(None)],
        "L" | "l" => ask(Query::MonitorList),
        "S" | "s" => ask(Query::MonitorAll),
        _ => line.needs_more(),
    }
}

/// `WHO`: lists members, with the fields of WHOX.
pub(super) fn who(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let mask = line.param(0).filter(|mask| !mask.is_empty()).unwrap_or("*");
    let options = line.param(1).unwrap_or_default();
    let (flags, fields) =
        options.split_once('%').map_or((options, None), |(flags, fields)| (flags, Some(fields)));
    let fields = fields.map(|fields| match fields.split_once(',') {
        Some((fields, token)) => (String::from(fields), Some(printable_word(token))),
        None => (String::from(fields), None),
    });
    let asked = Who { mask: mask.into(), operators: flags.contains('o'), fields };
    ask(Query::Who { asked, from: MemberId::default() })
}

/// `WHOIS`: shows details about a member. A server may precede the name.
pub(super) fn whois(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    match line.param(1).or(line.param(0)).filter(|name| !name.is_empty()) {
        Some(name) => ask(Query::Whois { asked: name.into() }),
        None => answer_numeric(numeric::ERR_NONICKNAMEGIVEN, &[]),
    }
}

/// `WHOWAS`: shows the members who had a name before.
pub(super) fn whowas(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(name) = line.param(0).filter(|name| !name.is_empty()) else {
        return answer_numeric(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    // Zero and invalid numbers mean all of them.
    let count = line.param(1).and_then(|count| count.parse().ok()).filter(|&count: &usize| count > 0);
    ask(Query::Whowas { asked: name.into(), count: count.unwrap_or(usize::MAX) })
}
