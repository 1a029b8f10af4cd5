//! Questions of the plain dialect, which are answered from the world and do not change it.

use super::instruction::{HistoryAsked, Instruction};
use super::note::{HelpOn, Mistake, Note};
use crate::base::ban::NewBan;
use crate::base::id::{MemberId, RoomId};
use crate::base::language::Language;
use crate::base::mode::{MaskList, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::person::UserModes;
use crate::dialect::state::View;
use crate::log::command::Command;
use crate::views::{HistoryPage, HistoryQuery, HistoryRange};
use crate::world::{Event, EventKind, Member, Refusal, Room};
use alloc::sync::Arc;
use core::num::NonZeroUsize;

/// Upper bound for the bytes of a line of history beside its text and the name of its author: the start of the note, the time, the
/// words between.
const AROUND_LINE_BYTES: usize = 64;

/// Upper bound for the bytes around the lines: the note on those that are left out.
const AROUND_HISTORY_BYTES: usize = 96;

/// Maximum number of the last lines of a room among which a line is looked for that is to be removed.
const LAST_LINES_MAX: usize = 100;

/// Maximum number of bytes of their texts.
const LAST_LINES_BYTES_MAX: usize = 64 << 10;

/// A question of the plain dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PlainQuestion {
    Bans,
    /// An instruction that has to wait for the actions before it. It becomes an action of its own when they are done.
    Deferred(Instruction),
    Help(HelpOn),
    History(HistoryAsked),
    Language(Language),
    /// The page of history that was asked for, once it has been read.
    HistoryPage(HistoryAsked),
    /// The number of bytes of the line that were dropped.
    LineCut(usize),
    Mistaken(Mistake),
    Modes,
    /// The line was not UTF-8.
    NotUtf8 {
        /// Whether it was UTF-16 and was converted.
        converted: bool,
    },
    /// Remove the last line of a member; with `None`, the member's own.
    Remove(Option<Name>),
    /// Remove it from the page of history that was read.
    RemoveOnPage(Option<Name>),
    Rooms,
    ServerBan(NewBan),
    ServerBans,
    Topic,
    /// The room to list; `None` for the member's own.
    Who(Option<RoomName>),
}

impl PlainQuestion {
    /// Whether the answer may be long: see [`Answer::is_bulk`](crate::Answer::is_bulk).
    pub(super) const fn is_bulk(&self) -> bool {
        matches!(
            self,
            Self::Bans | Self::Help(_) | Self::HistoryPage(_) | Self::Rooms | Self::ServerBans | Self::Who(_)
        )
    }

    /// Returns the answer for a member that is in the room `here`. A [`Self::Deferred`] has none.
    pub(super) fn note<'a>(
        &'a self,
        here: Option<&'a RoomName>,
        view: &View<'a>,
    ) -> Result<Option<Note<'a>>, Mistake> {
        let &View { member, world, limits, .. } = view;
        // For a member outside of it, a secret room does not exist.
        let existing = |name: Option<&RoomName>| {
            let name = name.ok_or(Mistake::NotInRoom)?;
            let room = world.room_named(name).and_then(|id| Some((id, world.room(id)?)));
            let room: Option<(RoomId, &'a Room)> = room.filter(|(_, room)| room.is_visible_to(member));
            room.ok_or_else(|| Mistake::NoSuchRoom(name.clone()))
        };
        // An item of a list has at least one character and a separator: more items cannot fit.
        let items_max = limits.reply_bytes_max / 3;
        Ok(Some(match self {
            Self::Bans => {
                let (_, room) = existing(here)?;
                let bans = room.modes().list(MaskList::Bans);
                let masks = bans.iter().take(items_max).map(|entry| &entry.mask).collect();
                Note::Bans { room: room.name(), total: bans.len(), masks }
            }
            // The state of the dialect has made an action of it, unless the ban would apply to the member.
            Self::ServerBan(_) => return Err(Mistake::BansOneself),
            Self::ServerBans => server_bans(view, items_max),
            // The state of the dialect has them read, or answered.
            Self::Deferred(_)
            | Self::History(_)
            | Self::HistoryPage(_)
            | Self::Remove(_)
            | Self::RemoveOnPage(_) => return Ok(None),
            Self::Help(on) => Note::Help(*on),
            Self::Language(_) => Note::LanguageIs,
            Self::LineCut(dropped) => {
                Note::LineCut { dropped: *dropped, line_bytes_max: limits.line_bytes_max }
            }
            Self::Mistaken(mistake) => Note::Mistaken(mistake),
            Self::Modes => {
                let (_, room) = existing(here)?;
                Note::ModesAre { room: room.name(), changes: room.modes().changes() }
            }
            Self::NotUtf8 { converted } => Note::NotUtf8 { converted: *converted },
            Self::Rooms => {
                let visible = || world.rooms().filter(|(_, room)| room.is_visible_to(member));
                let rooms = visible().map(|(_, room)| (room.name(), room.members().len()));
                Note::Rooms { total: visible().count(), rooms: rooms.take(items_max).collect() }
            }
            Self::Topic => {
                let (_, room) = existing(here)?;
                Note::TopicIs { room: room.name(), topic: room.topic() }
            }
            Self::Who(asked) => {
                let (_, room) = existing(asked.as_ref().or(here))?;
                // An invisible member is listed only for members of the room.
                let is_in_room = member.is_some_and(|id| room.statuses(id).is_some());
                let members = || {
                    let members = room.members_from(MemberId::default());
                    let members = members.filter_map(|(id, it)| Some((it, world.member(id)?)));
                    members.filter(move |(_, it)| is_in_room || !it.modes().has(UserModes::INVISIBLE))
                };
                let listed = |(statuses, it): (Statuses, &'a Member)| (statuses.prefixes(false), it.name());
                let names = members().take(items_max).map(listed).collect();
                Note::Who { room: room.name(), total: members().count(), names }
            }
        }))
    }
}

/// Returns the question about the history of the room in which the member is; `None` if it is in none.
pub(super) fn history_query(
    asked: HistoryAsked,
    here: Option<&RoomName>,
    view: &View<'_>,
) -> Option<HistoryQuery> {
    let &View { member, world, limits, now, .. } = view;
    let (reader, room) = (member?, world.room_named(here?)?);
    let before = asked.before.map(|before| HistoryRange::Before(before.point(now.unix_ms)));
    Some(HistoryQuery {
        reader,
        room,
        range: before.unwrap_or(HistoryRange::Latest(None)),
        events_max: asked.lines.map_or(usize::MAX, NonZeroUsize::get),
        bytes_max: limits.reply_bytes_max.saturating_sub(AROUND_HISTORY_BYTES),
        event_bytes: AROUND_LINE_BYTES,
    })
}

/// Returns the question about the last lines of the room in which the member is; `None` if it is in none.
pub(super) fn last_lines_query(here: Option<&RoomName>, view: &View<'_>) -> Option<HistoryQuery> {
    let (reader, room) = (view.member?, view.world.room_named(here?)?);
    let (range, bytes_max) = (HistoryRange::Latest(None), LAST_LINES_BYTES_MAX);
    Some(HistoryQuery { reader, room, range, events_max: LAST_LINES_MAX, bytes_max, event_bytes: 0 })
}

/// Returns the command that removes the last line on a page of a member; with `None`, of the one who asks.
///
/// # Errors
/// Returns an error if there is none.
pub(super) fn removal(member: MemberId, of: Option<Name>, page: &HistoryPage) -> Result<Command, Mistake> {
    if page.is_failed {
        return Err(Mistake::HistoryUnreadable);
    }
    let is_meant = |event: &&Arc<Event>| match &of {
        // The name with which the room has read the line, whoever has it now.
        Some(name) => event.by.name == *name,
        None => event.member == member,
    };
    let Some(event) = page.events.iter().rfind(is_meant) else { return Err(Mistake::NothingToRemove(of)) };
    let EventKind::Said { room, .. } = &event.kind else { return Err(Mistake::NothingToRemove(of)) };
    let (room, line, author) = (room.id, event.stamp.seq, event.member);
    Ok(Command::Redact { member, room, line, author, message: None })
}

/// Returns the list of bans from the server, which operators of the server may read.
fn server_bans<'a>(view: &View<'a>, items_max: usize) -> Note<'a> {
    let &View { member, world, now, .. } = view;
    let member = member.and_then(|id| world.member(id));
    if !member.is_some_and(|it| it.modes().has(UserModes::OPERATOR)) {
        return Note::Refused(&Refusal::NotServerOperator);
    }
    let bans = || world.bans(now.unix_ms);
    Note::ServerBans { total: bans().count(), bans: bans().take(items_max).collect() }
}
