//! Removing messages (IRCv3, draft/message-redaction).
//!
//! The message is read from the history first, as far as the client may read it: a message that is not there, or that is not the
//! client's to see, is answered alike. Whether the client may remove it, the world decides.

use super::history::{Failure, UNREADABLE};
use crate::base::id::{MemberId, Seq};
use crate::dialect::irc::history::Redaction;
use crate::dialect::irc::query::{Asker, Query};
use crate::log::command::Command;
use crate::views::{HistoryPage, HistoryPoint, HistoryQuery, HistoryRange};
use crate::world::EventKind;

/// The client is not in the room.
const INVALID_TARGET: Failure = ("INVALID_TARGET", "You are not in that channel, or there is none");

/// There is no such message that the client may read.
const UNKNOWN: Failure = ("UNKNOWN_MSGID", "There is no message with that id");

/// Returns the question that reads the message.
///
/// # Errors
/// Returns the reason why there is none.
pub(in crate::dialect::irc) fn query(
    redaction: &Redaction,
    asker: &Asker<'_>,
) -> Result<HistoryQuery, Failure> {
    let room = redaction.room.as_ref().and_then(|name| asker.world.room_named(name)).ok_or(INVALID_TARGET)?;
    let is_in =
        |member: &MemberId| asker.world.room(room).is_some_and(|room| room.statuses(*member).is_some());
    let reader = asker.member.filter(is_in).ok_or(INVALID_TARGET)?;
    let Some(HistoryPoint::Seq(Seq(line))) = redaction.point.in_log(asker.world.began_unix_ms()) else {
        return Err(UNKNOWN);
    };
    let before = Seq(line.checked_sub(1).ok_or(UNKNOWN)?);
    let range = HistoryRange::After(HistoryPoint::Seq(before));
    Ok(HistoryQuery { reader, room, range, events_max: 1, bytes_max: 0, event_bytes: 0 })
}

/// Returns the command that removes the message, if it is on the page.
///
/// # Errors
/// Returns the reason why it is not removed.
pub(in crate::dialect::irc) fn command(
    redaction: &Redaction,
    page: &HistoryPage,
    asker: &Asker<'_>,
) -> Result<Command, Failure> {
    if page.is_failed {
        return Err(UNREADABLE);
    }
    let point = redaction.point.in_log(asker.world.began_unix_ms());
    let event = page.events.first().filter(|event| point == Some(HistoryPoint::Seq(event.stamp.seq)));
    let (event, member) = event.zip(asker.member).ok_or(UNKNOWN)?;
    let EventKind::Said { room, .. } = &event.kind else { return Err(UNKNOWN) };
    let (line, author, message) = (event.stamp.seq, event.member, redaction.message.clone());
    Ok(Command::Redact { member, room: room.id, line, author, message })
}

/// Returns the answer that the message is not removed.
pub(in crate::dialect::irc) fn failed(redaction: Redaction, failure: Failure) -> Query {
    let (code, words) = failure;
    let id = (failure != INVALID_TARGET).then_some(redaction.id);
    let about = core::iter::once(redaction.target).chain(id).collect();
    Query::FailAbout { command: "REDACT", code, about, words }
}
