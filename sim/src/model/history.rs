//! Histories, written down in the plainest way: who was there is kept with each line, and a page is made by looking at all of them.

use super::Model;
use super::address::{LINE, answered};
use super::ask::HistoryAsk;
use super::chat::{Chat, Room};
use super::conn::{Link, Stage};
use super::todo::Todo;
use crate::sometimes;
use parlor_protocol::plain::{Mistake, Note};
use parlor_protocol::{
    Command, ConnId, Event, EventKind, HistoryPage, HistoryPoint, HistoryQuery, HistoryRange, Limits,
    MemberId, Name, Now, Question, Readers, RoomId, RoomName, Seq, Text,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Number of bytes that the examination of one line costs, whether it is part of the answer or not.
const ROW_COST_BYTES: usize = 16;

/// A message that is kept.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) event: Arc<Event>,
    /// The members of the room at that time.
    witnesses: BTreeSet<MemberId>,
}

/// A part of a history that is being read for a connection.
#[derive(Debug)]
pub(super) struct Fetching {
    query: HistoryQuery,
    /// The position of the last entry when it was asked for.
    upto: Seq,
    /// The time from which messages could be read again then.
    from_unix_ms: u64,
    then: Then,
}

/// The answer for which a part of a history is read.
#[derive(Debug)]
pub(super) enum Then {
    /// The answer of the core's dialect to an IRC client.
    Irc(Question),
    Plain(HistoryAsk),
    /// The last line of a member with this name is removed; with `None`, one's own.
    Remove(Option<Name>),
}

impl Model {
    /// Has a part of the history of the room read in which a plain member is.
    pub(super) fn read_history(&mut self, id: ConnId, reader: MemberId, ask: HistoryAsk) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some(room) = conn.room.as_ref().and_then(|here| self.chat.room(here)) else { return };
        let query = HistoryQuery {
            reader,
            room: RoomId(Seq(room.began)),
            range: match ask.before {
                None => HistoryRange::Latest(None),
                Some(before) => HistoryRange::Before(before.point(self.now)),
            },
            events_max: ask.lines.unwrap_or(usize::MAX),
            // The time, the words between, and what stands before the page.
            bytes_max: self.limits.reply_bytes_max - 96,
            event_bytes: 64,
        };
        conn.waiting.push_front(Todo::Fetch(query.into(), Then::Plain(ask)));
    }

    /// Has the last lines read of the room in which a plain member is, to remove one of them.
    pub(super) fn read_last_lines(&mut self, id: ConnId, reader: MemberId, of: Option<Name>) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some(room) = conn.room.as_ref().and_then(|here| self.chat.room(here)) else { return };
        let (room, range) = (RoomId(Seq(room.began)), HistoryRange::Latest(None));
        let query = HistoryQuery { reader, room, range, events_max: 100, bytes_max: 65_536, event_bytes: 0 };
        conn.waiting.push_front(Todo::Fetch(query.into(), Then::Remove(of)));
    }

    /// Removes the last line on a page of a member; with `None`, of the one who asks.
    fn remove_last(&mut self, id: ConnId, of: Option<Name>, page: &HistoryPage) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Stage::Member(member) = conn.stage else { return };
        let is_meant = |it: &&Arc<Event>| of.as_ref().map_or(it.member == member, |name| it.by.name == *name);
        let mut bytes = bytes::BytesMut::new();
        if let Some(event) = page.events.iter().rev().find(is_meant) {
            conn.waiting.push_front(Todo::Propose(redaction(member, event, None)));
        } else {
            let mistake = Mistake::NothingToRemove(of);
            Note::Mistaken(&mistake).render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        }
        self.send(id, &bytes);
        self.charge(id, answered(bytes.len().max(page.rows * ROW_COST_BYTES)));
    }

    /// Removes the line on a page that an IRC client wants to remove, if it is there.
    fn remove_read(&mut self, id: ConnId, page: &HistoryPage) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some((line, message)) = conn.irc.as_mut().and_then(|client| client.redacts.take()) else {
            return;
        };
        let event = page.events.iter().find(|event| event.stamp.seq == line);
        sometimes!(self.marks, RedactedUnknown, event.is_none());
        if let (Some(event), Stage::Member(member)) = (event, conn.stage) {
            let todo = Todo::Propose(redaction(member, event, message));
            let price = todo.price().saturating_sub(LINE);
            conn.waiting.push_front(todo);
            self.charge(id, price);
        }
    }

    /// Has a part of a history read.
    pub(super) fn fetch(&mut self, id: ConnId, query: HistoryQuery, then: Then) {
        let (upto, from_unix_ms) = (self.world.position(), self.chat.history_from());
        if let Some(conn) = self.conns.get_mut(id) {
            conn.fetching = Some(Fetching { query, upto, from_unix_ms, then });
        }
    }

    /// Writes the answer for which a part of a history was read.
    pub(super) fn history_read(&mut self, id: ConnId, page: &HistoryPage) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some(Fetching { query, upto, from_unix_ms, then }) = conn.fetching.take() else { return };
        if conn.link != Link::Open || !matches!(conn.stage, Stage::Member(_)) {
            return;
        }
        let own = self.chat.page(&query, (from_unix_ms, upto));
        if own != *page {
            self.fault =
                self.fault.take().or_else(|| Some(format!("{id} asked {query:?} up to {upto:?}: {own:?}")));
        }
        sometimes!(self.marks, HistoryContinues, !own.is_last);
        let ask = match then {
            Then::Irc(question) => {
                self.answer_from_history(id, question, &own);
                return self.remove_read(id, &own);
            }
            Then::Remove(of) => return self.remove_last(id, of, &own),
            Then::Plain(ask) => ask,
        };
        conn.draining = true;
        let mut bytes = bytes::BytesMut::new();
        let (lines, is_earlier) = (ask.lines.and_then(std::num::NonZeroUsize::new), ask.before.is_some());
        let note = Note::History { page: &own, lines, is_earlier };
        note.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        self.send(id, &bytes);
        if let Some(conn) = self.conns.get_mut(id) {
            conn.owes += answered(bytes.len().max(own.rows * ROW_COST_BYTES));
        }
    }
}

/// Returns the command by which a member removes a line.
fn redaction(member: MemberId, event: &Event, message: Option<Text>) -> Command {
    let EventKind::Said { room, .. } = &event.kind else { unreachable!("a history has only what was said") };
    Command::Redact { member, room: room.id, line: event.stamp.seq, author: event.member, message }
}

impl Heard {
    fn may_be_read_by(&self, member: MemberId) -> bool {
        self.event.readers == Readers::Members || self.witnesses.contains(&member)
    }

    /// Whether the message is before a point.
    fn is_before(&self, point: HistoryPoint) -> bool {
        match point {
            HistoryPoint::Seq(seq) => self.event.stamp.seq < seq,
            HistoryPoint::Time(unix_ms) => self.event.stamp.at_unix_ms < unix_ms,
        }
    }

    /// Whether the message is after a point.
    fn is_after(&self, point: HistoryPoint) -> bool {
        match point {
            HistoryPoint::Seq(seq) => self.event.stamp.seq > seq,
            HistoryPoint::Time(unix_ms) => self.event.stamp.at_unix_ms > unix_ms,
        }
    }

    fn bytes(&self) -> usize {
        let EventKind::Said { message, .. } = &self.event.kind else { return 0 };
        self.event.by.name.as_str().len() + message.text.as_str().len()
    }
}

impl Room {
    /// Returns who may read later of what is said now: everybody, unless the room is closed.
    pub(super) fn readers(&self) -> Readers {
        use parlor_protocol::Flag::{InviteOnly, Secret};
        let is_closed =
            self.flags.contains(&InviteOnly) || self.flags.contains(&Secret) || self.key.is_some();
        if is_closed { Readers::Witnesses } else { Readers::Members }
    }

    /// Whether something is kept that a member may not read.
    pub(super) fn hides_history_from(&self, member: MemberId) -> bool {
        self.history.iter().any(|heard| !heard.may_be_read_by(member))
    }

    fn history_bytes(&self) -> usize {
        self.history.iter().map(Heard::bytes).sum()
    }
}

impl Chat {
    /// Adds a message to the history of its room. Returns whether the longest history was halved, because all together are too
    /// long.
    pub(super) fn remember(&mut self, event: &Event, room: &RoomName, limits: &Limits) -> bool {
        let Limits { history_lines_max, history_bytes_max, histories_bytes_max, .. } = *limits;
        let keeps_everything = self.keeps_everything;
        let Some(room) = self.room_mut(room) else { return false };
        room.last_kept_unix_ms = Some(event.stamp.at_unix_ms);
        let witnesses = room.members.iter().map(|it| it.member).collect();
        room.history.push(Heard { event: Arc::new(event.clone()), witnesses });
        if keeps_everything {
            return false;
        }
        while room.history.len() > history_lines_max || room.history_bytes() > history_bytes_max {
            room.history.remove(0);
        }
        let mut is_halved = false;
        while self.rooms.iter().map(Room::history_bytes).sum::<usize>() > histories_bytes_max {
            let longest = self.rooms.iter().map(Room::history_bytes).max().unwrap_or_default();
            let Some(room) = self.rooms.iter_mut().find(|room| room.history_bytes() == longest) else {
                break;
            };
            is_halved = true;
            while room.history_bytes() > longest / 2 {
                room.history.remove(0);
            }
        }
        is_halved
    }

    /// Returns the time from which messages can be read again now.
    fn history_from(&self) -> u64 {
        let keep_ms = self.limits.history_keep_ms;
        if keep_ms == 0 { u64::MAX } else { self.at_unix_ms.saturating_sub(keep_ms) }
    }

    /// Returns the page that answers a question, of what was said from a time and up to a position.
    fn page(&self, query: &HistoryQuery, (from_unix_ms, upto): (u64, Seq)) -> HistoryPage {
        let room = self.rooms.iter().find(|room| room.began == query.room.0.0);
        let known = || {
            let heard = room.into_iter().flat_map(|room| &room.history);
            heard
                .filter(|heard| heard.event.stamp.at_unix_ms >= from_unix_ms && heard.event.stamp.seq <= upto)
        };
        let mut page = HistoryPage { is_last: true, ..HistoryPage::default() };
        let mut bytes = 0;
        // Takes messages in this order until the page is full.
        let mut take = |page: &mut HistoryPage, heard: Vec<&Heard>, events_max: usize| {
            for heard in heard {
                page.rows += 1;
                if !heard.may_be_read_by(query.reader) {
                    continue;
                }
                let needed = query.event_bytes + heard.bytes();
                let fits = bytes + needed <= query.bytes_max || page.events.is_empty();
                if !fits || page.events.len() >= events_max {
                    page.is_last = false;
                    break;
                }
                bytes += needed;
                page.events.push(Arc::clone(&heard.event));
            }
        };
        let max = query.events_max;
        match query.range {
            HistoryRange::After(point) => {
                take(&mut page, known().filter(|it| it.is_after(point)).collect(), max);
            }
            HistoryRange::Before(point) => {
                take(&mut page, backwards(known().filter(|it| it.is_before(point)).collect()), max);
            }
            HistoryRange::Latest(point) => {
                let after = known().filter(|it| point.is_none_or(|point| it.is_after(point)));
                take(&mut page, backwards(after.collect()), max);
            }
            HistoryRange::Between(first, second) => {
                if known().any(|it| !it.is_before(second) && it.is_before(first)) {
                    let between = known().filter(|it| it.is_after(second) && it.is_before(first));
                    take(&mut page, backwards(between.collect()), max);
                } else {
                    let between = known().filter(|it| it.is_after(first) && it.is_before(second));
                    take(&mut page, between.collect(), max);
                }
            }
            HistoryRange::Around(point) => {
                let (before, behind): (Vec<_>, Vec<_>) = known().partition(|it| it.is_before(point));
                take(&mut page, backwards(before), max / 2);
                take(&mut page, behind, max);
            }
        }
        page.events.sort_by_key(|event| event.stamp.seq);
        page
    }
}

/// Returns the latest first.
fn backwards(mut heard: Vec<&Heard>) -> Vec<&Heard> {
    heard.reverse();
    heard
}

/// A point in a history, as a person writes it.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// The time of day, in milliseconds since midnight.
    Clock(u64),
    Exactly(HistoryPoint),
}

impl When {
    fn point(self, now: Now) -> HistoryPoint {
        const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
        match self {
            Self::Exactly(point) => point,
            Self::Clock(of_day) => {
                // The last time that it was so late.
                let last = (0..=now.unix_ms / DAY_MS).rev().map(|day| day * DAY_MS + of_day);
                HistoryPoint::Time(last.into_iter().find(|at| *at <= now.unix_ms).unwrap_or(of_day))
            }
        }
    }
}
