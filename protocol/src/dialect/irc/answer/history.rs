//! Answers about what was said (IRCv3, draft/chathistory).

use crate::base::calendar::Utc;
use crate::base::id::RoomId;
use crate::base::name::RoomName;
use crate::dialect::action::{Action, Fetch, Question};
use crate::dialect::irc::capability::Capabilities;
use crate::dialect::irc::history::{HistoryRequest, Part, Point, Unwritten};
use crate::dialect::irc::query::{Answers, Asker, Query};
use crate::dialect::irc::tags::tag_line;
use crate::dialect::irc::wire_class;
use crate::views::{HistoryQuery, HistoryRange};
use crate::world::Member;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;

/// Maximum number of messages that a client may ask for at once (ISUPPORT's `CHATHISTORY`).
pub(in crate::dialect::irc) const EVENTS_MAX: usize = 100;

/// Maximum number of bytes of text in an answer. It is more than a hundred messages usually have, because clients take a short answer
/// for the end of the history.
const TEXT_BYTES_MAX: usize = 512 << 10;

/// Reference of the batch. A connection has at most one answer at a time.
const BATCH: &str = "history";

/// The code of a failure, and its words.
pub(in crate::dialect::irc) type Failure = (&'static str, &'static str);

/// A failure to read a history.
pub(in crate::dialect::irc) const UNREADABLE: Failure =
    ("MESSAGE_ERROR", "The history cannot be read now; try again later");

/// Returns the answer that the part cannot be sent.
pub(in crate::dialect::irc) fn failed(request: HistoryRequest, (code, words): Failure) -> Query {
    let about = Vec::from([request.subcommand, request.target]);
    Query::FailAbout { command: "CHATHISTORY", code, about, words }
}

/// Returns the question about a room.
///
/// # Errors
/// Returns the reason why there is none.
pub(in crate::dialect::irc) fn query(
    request: &HistoryRequest,
    asker: &Asker<'_>,
) -> Result<HistoryQuery, Failure> {
    let no_room = || ("INVALID_TARGET", "You are not in that channel, or there is none");
    let room = request.room.as_ref().and_then(|name| asker.world.room_named(name)).ok_or_else(no_room)?;
    let reader = asker
        .member
        .filter(|member| asker.world.room(room).is_some_and(|room| room.statuses(*member).is_some()));
    let reader = reader.ok_or_else(no_room)?;
    let unknown = || ("INVALID_PARAMS", "There is no message with that id");
    let point = |point: Point| point.in_log(asker.world.began_unix_ms()).ok_or_else(unknown);
    let range = match request.part {
        Part::After(one) => HistoryRange::After(point(one)?),
        Part::Around(one) => HistoryRange::Around(point(one)?),
        Part::Before(one) => HistoryRange::Before(point(one)?),
        Part::Between(one, other) => HistoryRange::Between(point(one)?, point(other)?),
        Part::Latest(Point::Open) => HistoryRange::Latest(None),
        Part::Latest(one) => HistoryRange::Latest(Some(point(one)?)),
    };
    let events_max = request.events_max.min(EVENTS_MAX);
    Ok(HistoryQuery { reader, room, range, events_max, bytes_max: TEXT_BYTES_MAX, event_bytes: 0 })
}

/// Returns the action that reads a part of a history, and then answers a query.
pub(in crate::dialect::irc) fn fetch(query: HistoryQuery, then: Query) -> Action {
    Action::Fetch(Fetch { query, question: Question::new(then) }.into())
}

/// Writes messages until the page is full. Returns what is left.
pub(super) fn messages(mut left: Unwritten, asker: &Asker<'_>, to: &mut Answers<'_>) -> Option<Query> {
    let has_batch = asker.capabilities.has(Capabilities::BATCH);
    if has_batch && !left.has_begun {
        let end = if left.is_last { "@draft/chathistory-end " } else { "" };
        to.tagged_message(end, format_args!("BATCH +{BATCH} chathistory {}", left.target));
    }
    left.has_begun = true;
    let mut rendered = BytesMut::new();
    while !to.is_full()
        && let Some(event) = left.events.pop_front()
    {
        // It may have been removed since the page was read.
        if asker.views.is_redacted(event.stamp.seq) {
            continue;
        }
        rendered.clear();
        wire_class(asker.capabilities).render(&event, &mut rendered);
        for line in rendered.split_inclusive(|&byte| byte == b'\n') {
            to.line(|to| match has_batch {
                true => tag_line(line, "batch", BATCH, to),
                false => to.extend_from_slice(line),
            });
        }
    }
    if !left.events.is_empty() {
        return Some(Query::HistoryPage(left));
    }
    if has_batch {
        to.message(format_args!("BATCH -{BATCH}"));
    }
    None
}

/// Returns the rooms of the asker.
pub(in crate::dialect::irc) fn rooms_of(asker: &Asker<'_>) -> Vec<RoomId> {
    asker.as_member().map_or(&[][..], Member::rooms).to_vec()
}

/// Returns the question about the latest message in a room; `None` if the asker is not in it.
pub(in crate::dialect::irc) fn latest_in(room: RoomId, asker: &Asker<'_>) -> Option<HistoryQuery> {
    let reader = asker.member?;
    asker.world.room(room)?.statuses(reader)?;
    let range = HistoryRange::Latest(None);
    Some(HistoryQuery { reader, room, range, events_max: 1, bytes_max: TEXT_BYTES_MAX, event_bytes: 0 })
}

/// Writes the rooms that were found, those first in which something was said earliest.
pub(in crate::dialect::irc) fn put_targets(
    asker: &Asker<'_>,
    mut found: Vec<(u64, RoomName)>,
    count_max: usize,
    to: &mut Answers<'_>,
) {
    const TYPE: &str = "draft/chathistory-targets";
    let has_batch = asker.capabilities.has(Capabilities::BATCH);
    found.sort_by_key(|&(at_unix_ms, _)| at_unix_ms);
    found.truncate(count_max.min(EVENTS_MAX));
    if has_batch {
        to.message(format_args!("BATCH +{BATCH} {TYPE}"));
    }
    let batch = if has_batch { alloc::format!("@batch={BATCH} ") } else { String::new() };
    for (at_unix_ms, room) in found {
        let time = Utc::from_unix_ms(at_unix_ms);
        to.tagged_message(&batch, format_args!("CHATHISTORY TARGETS {room:#} {time:.3}"));
    }
    if has_batch {
        to.message(format_args!("BATCH -{BATCH}"));
    }
}
