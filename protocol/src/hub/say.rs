//! How something gets to those who are to hear it: in the dialect of each.
//!
//! What *responds* to a connection belongs to the answer to its line; what is *pushed* does not, whatever it may be
//! answered at the moment.

use super::Hub;
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::time::Now;
use crate::dialect::action::Action;
use crate::dialect::event::{Event, WireClass};
use crate::dialect::reply::Reply;
use crate::dialect::state::{Answer, DialectState, View};
use crate::hub::output::{Output, Sink};
use crate::planted;
use crate::session::Link;
use crate::world::Member;
use alloc::vec::Vec;
use bytes::BytesMut;

/// A member or room that was looked at for an answer costs the asker as much as so many bytes of it.
const ROW_COST_BYTES: usize = 16;

/// What follows from what a dialect has written, beside the bytes.
pub(super) struct Composed {
    next: Vec<Action>,
    rows: usize,
    is_bulk: bool,
}

impl Hub {
    /// The form in which a connection reads, if it can still be written to.
    pub(super) fn class(&mut self, conn: ConnId) -> Option<WireClass> {
        let session = self.session(conn).filter(|session| session.link() == Link::Open)?;
        Some(session.dialect().class())
    }

    /// The connection, if it can still be written to: no output names one that is closing or closed.
    pub(super) fn open(&mut self, conn: ConnId) -> Option<ConnId> {
        self.session(conn).filter(|session| session.link() == Link::Open).map(|_| conn)
    }

    /// The open connection of a member.
    pub(super) fn conn_of(&mut self, member: MemberId) -> Option<ConnId> {
        self.members.get(&member).copied().and_then(|conn| self.open(conn))
    }

    /// Pushes an event to a connection.
    pub(super) fn push_event(&mut self, conn: ConnId, event: &Event<'_>, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        event.render(class, &mut bytes);
        self.push(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// Pushes an event to some members: it is rendered once for those beside each other that read in one form.
    pub(super) fn push_event_to(&mut self, readers: &[MemberId], event: &Event<'_>, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        let mut rendered = None;
        for &reader in readers {
            let Some(conn) = self.conn_of(reader) else { continue };
            let Some(class) = self.class(conn) else { continue };
            if rendered != Some(class) {
                bytes.clear();
                event.render(class, &mut bytes);
                rendered = Some(class);
            }
            sink.output(Output::Write { conn, bytes: &bytes });
        }
        self.scratch = bytes;
    }

    /// Responds to a connection with an event of its own doing.
    pub(super) fn respond_event(&mut self, conn: ConnId, event: &Event<'_>, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        event.render(class, &mut bytes);
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// Responds to a connection with a reply.
    pub(super) fn respond(&mut self, now: Now, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        let composed =
            self.compose(now, conn, &mut bytes, |dialect, view, answer| dialect.reply(reply, view, answer));
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
        if let Some(composed) = composed {
            self.do_next(now, conn, composed.next);
        }
    }

    /// Pushes a reply to a connection.
    pub(super) fn push_reply(&mut self, now: Now, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        if self.open(conn).is_none() {
            return;
        }
        let mut bytes = self.take_scratch();
        let composed =
            self.compose(now, conn, &mut bytes, |dialect, view, answer| dialect.reply(reply, view, answer));
        self.push(conn, &bytes, sink);
        self.scratch = bytes;
        if let Some(composed) = composed {
            self.do_next(now, conn, composed.next);
        }
    }

    /// Answers what a line asks for with a reply, for which its writer pays.
    pub(super) fn answer_reply(&mut self, now: Now, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        self.answer(now, conn, sink, |dialect, view, answer| dialect.reply(reply, view, answer));
    }

    /// Writes what a line asks for, for which its writer pays. After an answer that may be long, the session waits for
    /// [`Input::Drained`](crate::Input::Drained), so that its own backlog is bounded by one of them.
    pub(super) fn answer(
        &mut self,
        now: Now,
        conn: ConnId,
        sink: &mut impl Sink,
        write: impl FnOnce(&mut dyn DialectState, &View<'_>, &mut Answer<'_>),
    ) {
        let mut bytes = self.take_scratch();
        let class = self.class(conn);
        let Some(composed) = self.compose(now, conn, &mut bytes, write) else { return };
        if self.class(conn) != class {
            self.change_class(conn, sink);
        }
        self.write(conn, &bytes, sink);
        let cost = bytes.len().max(composed.rows * ROW_COST_BYTES);
        self.scratch = bytes;
        let rate = self.limits.rate;
        let Some(session) = self.session(conn) else { return };
        // What is found in a long list costs the whole list.
        session.charge(cost, rate, now.mono);
        if composed.is_bulk {
            session.wait_for_reader();
            sink.output(Output::ReportDrained { conn });
        }
        self.do_next(now, conn, composed.next);
    }

    /// Has the dialect of a connection write to `bytes`, whatever state the connection is in.
    pub(super) fn compose(
        &mut self,
        now: Now,
        conn: ConnId,
        bytes: &mut BytesMut,
        write: impl FnOnce(&mut dyn DialectState, &View<'_>, &mut Answer<'_>),
    ) -> Option<Composed> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        let connection = slot.connection.as_mut().filter(|_| slot.generation == conn.generation)?;
        let session = &mut connection.session;
        let view = View {
            member: session.member(),
            world: &self.world,
            options: &self.options,
            limits: &self.limits,
            now,
            unregistered: self.timers.registering(),
            watched: self.watches.of(conn),
        };
        let mut answer = Answer::new(bytes);
        write(session.dialect_mut(), &view, &mut answer);
        let Answer { next, rows, is_bulk, .. } = answer;
        Some(Composed { next, rows, is_bulk })
    }

    /// Queues what follows from an answer before the next line of its connection. To say a thing to twenty rooms costs as
    /// much as to say it twenty times.
    fn do_next(&mut self, now: Now, conn: ConnId, next: Vec<Action>) {
        if next.is_empty() {
            return;
        }
        let heard = next.iter().filter(|action| action.is_heard()).count();
        let rate = self.limits.rate;
        if let Some(session) = self.session(conn) {
            session.charge_lines(heard.saturating_sub(1), rate, now.mono);
            session.queue_first(next);
        }
    }

    /// From here on the connection reads in another form, also what its rooms hear.
    fn change_class(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let member = self.session(conn).and_then(|session| session.member());
        let member = member.and_then(|member| self.world.member(member));
        for &room in member.map_or(&[][..], Member::rooms) {
            sink.output(Output::Subscribe { conn, room, class });
        }
    }

    /// Everyone in a room hears an event of a connection's doing, that connection itself included or not.
    pub(super) fn tell_room(
        &mut self,
        conn: ConnId,
        room: RoomId,
        itself: bool,
        event: &Event<'_>,
        sink: &mut impl Sink,
    ) {
        let member = self.session(conn).and_then(|session| session.member());
        let there = self.world.room(room);
        let is_there = member.is_some_and(|id| there.is_some_and(|room| room.statuses(id).is_some()));
        // An answer to a line with a label is not what the others read.
        let apart = !is_there || self.connection(conn).is_some_and(|connection| connection.label.is_some());
        let except = if itself && !apart { None } else { self.open(conn) };
        sink.output(Output::ToRoom { room, except, event });
        if itself && apart {
            self.respond_event(conn, event, sink);
        }
    }

    /// Writes bytes to a connection that can still be written to, as an answer to what it said.
    pub(super) fn write(&mut self, conn: ConnId, bytes: &[u8], sink: &mut impl Sink) {
        if self.open(conn).is_none() || bytes.is_empty() {
            return;
        }
        if let Some(label) = self.connection(conn).and_then(|connection| connection.label.as_mut()) {
            label.add(bytes);
        } else {
            sink.output(Output::Write { conn, bytes });
        }
    }

    /// Writes bytes to a connection that are no answer to what it said.
    fn push(&mut self, conn: ConnId, bytes: &[u8], sink: &mut impl Sink) {
        if bytes.is_empty() {
            return;
        }
        if planted::is_in_answer() {
            self.write(conn, bytes, sink);
        } else {
            sink.output(Output::Write { conn, bytes });
        }
    }

    /// The buffer for what is written at once; put it back when it is used up.
    pub(super) fn take_scratch(&mut self) -> BytesMut {
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        bytes
    }
}
