//! How something gets to those who are to hear it: in the dialect of each.

use super::Hub;
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::time::Now;
use crate::dialect::event::{Event, Reply};
use crate::dialect::irc::query::{Answers, Asker, Query};
use crate::dialect::irc::reply as irc_reply;
use crate::hub::output::{Output, Sink, WireClass};
use crate::planted;
use crate::session::{Link, Tongue};
use bytes::BytesMut;

impl Hub {
    /// The form in which a connection reads, if it can still be written to.
    pub(super) fn class(&mut self, conn: ConnId) -> Option<WireClass> {
        let raw = self.options.raw;
        let session = self.session(conn).filter(|session| session.link() == Link::Open)?;
        Some(match session.tongue() {
            Tongue::Irc(client) => WireClass::Irc(client.capabilities.and(irc_reply::WIRE)),
            Tongue::Plain(speaker) => WireClass::Plain { language: speaker.language, raw },
        })
    }

    /// The connection, if it can still be written to: no output names one that is closing or gone.
    pub(super) fn open(&mut self, conn: ConnId) -> Option<ConnId> {
        self.session(conn).filter(|session| session.link() == Link::Open).map(|_| conn)
    }

    /// Whether the connection speaks IRC, and can still be written to.
    pub(super) fn open_irc(&mut self, conn: ConnId) -> bool {
        matches!(self.class(conn), Some(WireClass::Irc(_)))
    }

    /// The open connection of a member.
    pub(super) fn conn_of(&mut self, member: MemberId) -> Option<ConnId> {
        self.members.get(&member).copied().and_then(|conn| self.open(conn))
    }

    /// A connection hears an event, whatever it may be answered at the moment.
    pub(super) fn deliver(&mut self, conn: ConnId, event: &Event<'_>, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        event.render(class, &mut bytes);
        if planted::is_in_answer() {
            self.write(conn, &bytes, sink);
        } else {
            sink.output(Output::Write { conn, bytes: &bytes });
        }
        self.scratch = bytes;
    }

    /// Some members hear an event: it is rendered once for those beside each other that read in one form.
    pub(super) fn deliver_to(&mut self, hearers: &[MemberId], event: &Event<'_>, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        let mut rendered = None;
        for &hearer in hearers {
            let Some(conn) = self.conn_of(hearer) else { continue };
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

    /// A connection hears an event of its own doing.
    pub(super) fn echo(&mut self, conn: ConnId, event: &Event<'_>, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let mut bytes = self.take_scratch();
        event.render(class, &mut bytes);
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
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
            self.echo(conn, event, sink);
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

    /// Writes a reply of the plain dialect.
    pub(super) fn reply(&mut self, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        self.render(conn, reply, &mut bytes);
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// The same, to a connection that speaks the plain dialect, and to no other.
    pub(super) fn reply_plain(&mut self, conn: ConnId, reply: &Reply<'_>, sink: &mut impl Sink) {
        if matches!(self.class(conn), Some(WireClass::Plain { .. })) {
            self.reply(conn, reply, sink);
        }
    }

    /// Writes what answers a query of IRC at once, whoever asked it.
    pub(super) fn note(&mut self, now: Now, conn: ConnId, query: Query, sink: &mut impl Sink) {
        let mut bytes = self.take_scratch();
        if let Some(asker) = self.asker(now, conn) {
            query.answer(&asker, &mut Answers::new(&mut bytes, &asker));
        }
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
    }

    /// Appends a reply in the dialect of a connection, whatever state that is in.
    pub(super) fn render(&mut self, conn: ConnId, reply: &Reply<'_>, to: &mut BytesMut) {
        let reply_bytes_max = self.limits.reply_bytes_max;
        let Some(connection) = self.connection(conn) else { return };
        match connection.session.tongue() {
            Tongue::Irc(_) => irc_reply::farewell(reply, to),
            Tongue::Plain(speaker) => reply.render(speaker.language, reply_bytes_max, to),
        }
    }

    /// Who asks, for an answer of IRC.
    pub(super) fn asker(&self, now: Now, conn: ConnId) -> Option<Asker<'_>> {
        let slot = self.slots.get(conn.slot as usize)?;
        let connection = slot.connection.as_ref().filter(|_| slot.generation == conn.generation)?;
        let Tongue::Irc(client) = connection.session.tongue() else { return None };
        Some(Asker {
            member: connection.session.member(),
            client,
            world: &self.world,
            options: &self.options,
            limits: &self.limits,
            hub: self,
            now,
        })
    }

    /// The buffer for what is written at once; put it back when it is used up.
    pub(super) fn take_scratch(&mut self) -> BytesMut {
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        bytes
    }
}
