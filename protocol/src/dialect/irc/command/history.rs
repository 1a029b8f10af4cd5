//! Commands about what was said: `CHATHISTORY` (IRCv3, draft/chathistory), `MARKREAD` (draft/read-marker) and `REDACT`
//! (draft/message-redaction).

use super::{Line, ask};
use crate::base::calendar::parse_unix_ms;
use crate::base::id::Seq;
use crate::dialect::action::Action;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::history::{HistoryRequest, Part, Point, Redaction};
use crate::dialect::irc::marker::MarkerTarget;
use crate::dialect::irc::name::{printable_word, room_name};
use crate::dialect::irc::query::Query;
use alloc::string::String;
use alloc::vec::Vec;

/// `CHATHISTORY`: sends a part of the history of a room, or lists the rooms in which something was said.
pub(super) fn chathistory(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let subcommand = line.param(0).unwrap_or_default().to_ascii_uppercase();
    let points = match subcommand.as_str() {
        "AFTER" | "AROUND" | "BEFORE" | "LATEST" => 1,
        "BETWEEN" | "TARGETS" => 2,
        _ => {
            let about = Vec::from([printable_word(line.param(0).unwrap_or_default())]);
            return fail("INVALID_PARAMS", about, "That is no subcommand of CHATHISTORY");
        }
    };
    // `TARGETS` has no target of its own.
    let first = if subcommand == "TARGETS" { 1 } else { 2 };
    let words = (line.param(first), line.param(first + 1), line.param(first + points));
    let (Some(one), Some(other), Some(count)) = words else {
        return fail("NEED_MORE_PARAMS", Vec::from([subcommand]), "Parameters are missing");
    };
    let Some(events_max) = count.parse().ok().filter(|count| *count > 0) else {
        return fail(
            "INVALID_PARAMS",
            Vec::from([subcommand, printable_word(count)]),
            "The limit must be a number from 1",
        );
    };
    let (Some(one_point), Some(other_point)) =
        (point(one), if points == 2 { point(other) } else { Some(Point::Open) })
    else {
        let wrong = if point(one).is_none() { one } else { other };
        return fail(
            "INVALID_PARAMS",
            Vec::from([subcommand, printable_word(wrong)]),
            "A point is timestamp=2026-11-24T14:27:13.123Z or msgid=ID, as in the tags of a message",
        );
    };
    let is_open = |point: &Point| matches!(point, Point::Open);
    let part = match subcommand.as_str() {
        "LATEST" => Part::Latest(one_point),
        _ if is_open(&one_point) || points == 2 && is_open(&other_point) => {
            return fail("INVALID_PARAMS", Vec::from([subcommand, "*".into()]), "Only LATEST takes no point");
        }
        "AFTER" => Part::After(one_point),
        "AROUND" => Part::Around(one_point),
        "BEFORE" => Part::Before(one_point),
        "BETWEEN" => Part::Between(one_point, other_point),
        _ => return targets(&one_point, &other_point, events_max),
    };
    let target = line.param(1).unwrap_or_default();
    let request = HistoryRequest {
        subcommand,
        target: printable_word(target),
        room: room_name(target),
        part,
        events_max,
    };
    ask(Query::History(request))
}

/// Lists the rooms of the member in which the latest message is between two times.
fn targets(one: &Point, other: &Point, count_max: usize) -> Vec<Action> {
    let (Point::Time(one), Point::Time(other)) = (one, other) else {
        return fail("INVALID_PARAMS", Vec::from(["TARGETS".into()]), "TARGETS takes two timestamps");
    };
    let between = (*one.min(other), *one.max(other));
    ask(Query::HistoryTargets { between, count_max, left: None, found: Vec::new() })
}

/// `MARKREAD`: moves the read marker of a room or a member forward, or shows it.
pub(super) fn markread(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(text) = line.param(0).filter(|text| !text.is_empty()) else {
        return ask(Query::not_marked("NEED_MORE_PARAMS", None, "Parameters are missing"));
    };
    let shown = printable_word(text);
    let Some(target) = MarkerTarget::parse(text) else {
        return ask(Query::not_marked("INVALID_PARAMS", Some(shown), "There can be no such channel or nick"));
    };
    let time = |param: &str| {
        // The only form that the specification allows.
        let time = param.strip_prefix("timestamp=")?;
        let is_complete = time.len() == "2026-11-24T14:27:13.123Z".len() && time.ends_with('Z');
        parse_unix_ms(time).filter(|_| is_complete)
    };
    match line.param(1).map(|param| time(param).ok_or(param)) {
        Some(Err(param)) => ask(Query::not_marked(
            "INVALID_PARAMS",
            Some(printable_word(param)),
            "The time must be that of a message: timestamp=2026-11-24T14:27:13.123Z",
        )),
        unix_ms => ask(Query::MarkRead { shown, target, unix_ms: unix_ms.and_then(Result::ok) }),
    }
}

/// `REDACT`: removes a message.
pub(super) fn redact(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let (target, id) = (line.param(0).unwrap_or_default(), line.param(1).unwrap_or_default());
    let message = match line.outgoing_text(client, 2, ("REDACT", &[target, id])) {
        Ok(message) => message,
        Err(actions) => return actions,
    };
    ask(Query::Redact(Redaction {
        target: printable_word(target),
        room: room_name(target),
        id: printable_word(id),
        point: point_of_id(id),
        message,
    }))
}

/// Reads a point in a history.
fn point(text: &str) -> Option<Point> {
    if text == "*" {
        return Some(Point::Open);
    }
    match text.split_once('=')? {
        ("timestamp", time) => parse_unix_ms(time).map(Point::Time),
        ("msgid", id) => Some(point_of_id(id)),
        _ => None,
    }
}

/// Reads the id of a message. One of another server or of another log is no mistake; nothing is known of it.
fn point_of_id(id: &str) -> Point {
    let parsed = id.split_once('-').and_then(|(log, seq)| {
        let log_unix_ms = u64::from_str_radix(log, 16).ok()?;
        Some(Point::Id { log_unix_ms, seq: Seq(seq.parse().ok()?) })
    });
    parsed.unwrap_or(Point::Unknown)
}

fn fail(code: &'static str, about: Vec<String>, words: &'static str) -> Vec<Action> {
    ask(Query::FailAbout { command: "CHATHISTORY", code, about, words })
}
