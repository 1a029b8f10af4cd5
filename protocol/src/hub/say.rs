//! Writing events and replies to connections, in the dialect of each.
//!
//! `respond` functions write a part of the answer to the connection's own line; `push` functions write something that
//! does not belong to it. If the line is labelled, only the former goes into the labelled answer.

use super::{Hub, Slot};
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::rate::Cost;
use crate::base::time::Now;
use crate::dialect::action::Action;
use crate::dialect::reply::Reply;
use crate::dialect::state::{Answer, ClientAddresses, DialectState, View};
use crate::dialect::wire_class::WireClass;
use crate::hub::output::{Output, Sink};
use crate::planted;
use crate::session::{Link, Session};
use crate::views::HistoryPage;
use crate::world::Event;
use crate::world::Member;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::net::{IpAddr, SocketAddr};

/// The result of rendering, beside the bytes: see [`Answer`].
pub(super) struct Composed {
    next: Vec<Action>,
    rows: usize,
    is_bulk: bool,
}

/// The addresses of the members' clients, while one session is written to: the slots before and after its own.
#[derive(Debug)]
struct Peers<'a> {
    members: &'a BTreeMap<MemberId, ConnId>,
    before: &'a [Slot],
    own: (ConnId, SocketAddr),
    after: &'a [Slot],
}

impl ClientAddresses for Peers<'_> {
    fn of_member(&self, member: MemberId) -> Option<IpAddr> {
        let conn = *self.members.get(&member)?;
        let (own, peer) = self.own;
        if conn == own {
            return Some(peer.ip());
        }
        let index = conn.slot as usize;
        let slot = match index.checked_sub(self.before.len() + 1) {
            Some(index) => self.after.get(index),
            None => self.before.get(index),
        };
        slot?.connection.as_ref().map(|connection| connection.peer.ip())
    }
}

impl Hub {
    /// Returns the wire class of an open connection.
    pub(super) fn class(&mut self, conn: ConnId) -> Option<WireClass> {
        let session = self.session(conn).filter(|session| session.link() == Link::Open)?;
        Some(session.dialect().class())
    }

    /// Returns the connection if it is open: no output may name one that is closing or closed.
    pub(super) fn open(&mut self, conn: ConnId) -> Option<ConnId> {
        self.session(conn).filter(|session| session.link() == Link::Open).map(|_| conn)
    }

    /// Returns the connection of a member, if it is open.
    pub(super) fn conn_of(&mut self, member: MemberId) -> Option<ConnId> {
        self.members.get(&member).copied().and_then(|conn| self.open(conn))
    }

    /// Pushes an event to a connection.
    pub(super) fn push_event(&mut self, conn: ConnId, event: &Event, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        class.render(event, &mut bytes);
        self.push(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// Pushes an event to several members. It is rendered again only if the wire class differs from that of the member
    /// before.
    pub(super) fn push_event_to(&mut self, readers: &[MemberId], event: &Event, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        let mut rendered = None;
        for &reader in readers {
            let Some(conn) = self.conn_of(reader) else { continue };
            let Some(class) = self.class(conn) else { continue };
            if rendered != Some(class) {
                bytes.clear();
                class.render(event, &mut bytes);
                rendered = Some(class);
            }
            sink.output(Output::Write { conn, bytes: &bytes });
        }
        self.scratch = bytes;
    }

    /// Responds to a connection with an event that its own line caused.
    pub(super) fn respond_event(&mut self, conn: ConnId, event: &Event, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        class.render(event, &mut bytes);
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// Responds to a connection with a reply, without charge.
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

    /// Answers a line with a reply, and charges the connection for it.
    pub(super) fn answer_reply(&mut self, now: Now, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        self.answer(now, conn, sink, |dialect, view, answer| dialect.reply(reply, view, answer));
    }

    /// Answers a line with what `write` renders, and charges the connection for it. After a long answer the session
    /// waits for [`Input::Drained`](crate::Input::Drained), so that it has at most one of them in its backlog.
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
        // A search that finds little still costs what it examined.
        let cost = Cost::reply(bytes.len()).max(Cost::rows(composed.rows));
        self.scratch = bytes;
        self.charge(now, conn, cost);
        let Some(session) = self.session(conn) else { return };
        if composed.is_bulk {
            session.wait_for_reader();
            sink.output(Output::ReportDrained { conn });
        }
        self.do_next(now, conn, composed.next);
    }

    /// Answers the question for which a part of a history was read.
    pub(super) fn fetched(&mut self, now: Now, conn: ConnId, page: &HistoryPage, sink: &mut impl Sink) {
        let Some(question) = self.session(conn).and_then(Session::history_read) else { return };
        self.turn.begin(conn);
        let page = self.views.without_redacted(page);
        self.answer(now, conn, sink, |dialect, view, answer| {
            answer.rows += page.rows;
            dialect.fetched(question, &page, view, answer);
        });
        self.run(now, conn, sink);
    }

    /// Renders to `bytes` with the dialect of a connection, whether it is open or not.
    pub(super) fn compose(
        &mut self,
        now: Now,
        conn: ConnId,
        bytes: &mut BytesMut,
        write: impl FnOnce(&mut dyn DialectState, &View<'_>, &mut Answer<'_>),
    ) -> Option<Composed> {
        let (before, rest) = self.slots.split_at_mut_checked(conn.slot as usize)?;
        let (slot, after) = rest.split_first_mut()?;
        let connection = slot.connection.as_mut().filter(|_| slot.generation == conn.generation)?;
        let session = &mut connection.session;
        let peers = Peers { members: &self.members, before, own: (conn, connection.peer), after };
        let view = View {
            member: session.member(),
            world: &self.world,
            views: &self.views,
            options: &self.options,
            limits: &self.limits,
            now,
            unregistered: self.timers.registering(),
            watched: self.watches.of(conn),
            addresses: &peers,
        };
        let mut answer = Answer::new(bytes);
        write(session.dialect_mut(), &view, &mut answer);
        let Answer { next, rows, is_bulk, .. } = answer;
        Some(Composed { next, rows, is_bulk })
    }

    /// Queues the actions that follow from an answer, before the connection's next line. What they cost is charged, but for
    /// the line that is paid for already.
    fn do_next(&mut self, now: Now, conn: ConnId, next: Vec<Action>) {
        if next.is_empty() {
            return;
        }
        let told = next.iter().map(Action::cost).fold(Cost::NONE, Cost::plus);
        self.charge(now, conn, told.minus(Cost::lines(1)));
        if let Some(session) = self.session(conn) {
            session.queue_first(next);
        }
    }

    /// Subscribes a connection to its rooms again, in its new wire class.
    fn change_class(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let member = self.session(conn).and_then(|session| session.member());
        let member = member.and_then(|member| self.world.member(member));
        for &room in member.map_or(&[][..], Member::rooms) {
            sink.output(Output::Subscribe { conn, room, class });
        }
    }

    /// Sends an event that a connection caused, `None` for one that is not here, to everyone in a room. `to_self` tells whether
    /// the connection receives it as well.
    pub(super) fn tell_room(
        &mut self,
        conn: Option<ConnId>,
        room: RoomId,
        to_self: bool,
        event: &Event,
        sink: &mut impl Sink,
    ) {
        let Some(conn) = conn else { return sink.output(Output::ToRoom { room, except: None, event }) };
        let member = self.session(conn).and_then(|session| session.member());
        let is_in_room =
            member.is_some_and(|id| self.world.room(room).is_some_and(|room| room.statuses(id).is_some()));
        // In a labelled answer the author reads other bytes than the rest of the room.
        let separately =
            !is_in_room || self.connection(conn).is_some_and(|connection| connection.label.is_some());
        let except = if to_self && !separately { None } else { self.open(conn) };
        sink.output(Output::ToRoom { room, except, event });
        if to_self && separately {
            self.respond_event(conn, event, sink);
        }
    }

    /// Writes bytes to an open connection, as a part of the answer to its line.
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

    /// Writes bytes to a connection that do not belong to the answer to its line.
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

    /// Takes the rendering buffer, emptied. The caller puts it back into `scratch`.
    pub(super) fn take_scratch(&mut self) -> BytesMut {
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        bytes
    }
}
