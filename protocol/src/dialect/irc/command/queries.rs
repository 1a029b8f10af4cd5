//! Commands that ask about the server, its members and its rooms.

use super::{Line, ask};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::Glob;
use crate::base::name::Name;
use crate::dialect::action::Action;
use crate::dialect::irc::answer::people;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::{printable_word, room_name};
use crate::dialect::irc::query::{ListFilter, Query, Who};
use alloc::string::String;
use alloc::vec::Vec;

/// `HELP`: shows the commands, or the help on one of them.
pub(super) fn help(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    ask(Query::Help(line.param(0).filter(|subject| !subject.is_empty()).map(printable_word)))
}

/// `REHASH`: reloads the configuration. For operators of the server.
pub(super) fn rehash(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    alloc::vec![Action::Rehash]
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
                    // An invalid name is a pattern that matches no room.
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
        "L" | "l" => ask(Query::WithoutParams(people::monitor_list)),
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
    let search = Who { mask: mask.into(), operators: flags.contains('o'), fields };
    ask(Query::Who { search, from: MemberId::default() })
}
