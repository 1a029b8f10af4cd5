//! Events of a room: entering, leaving and invitations.

use super::Author;
use crate::base::id::{MemberId, RoomId};
use crate::base::name::Name;
use crate::base::text::Text;
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::{Output, Sink};
use crate::world::{Event, EventKind, EventRoom};

impl Hub {
    pub(super) fn invited(
        &mut self,
        author: Author,
        event: &Event,
        (target, name): (MemberId, &Name),
        EventRoom { id, name: room }: &EventRoom,
        sink: &mut impl Sink,
    ) {
        // Members of the room read it only with the capability invite-notify (IRCv3).
        let except = self.open_author(author);
        sink.output(Output::ToRoom { room: *id, except, event });
        if let Some(conn) = self.conn_of(target) {
            self.push_reply(author.now, conn, &Reply::InvitedTo { event, room }, sink);
        }
        self.answer_author(author, &Reply::Invited { name, room }, sink);
        self.tell_away(author, target, sink);
    }

    /// Tells a room about a member that entered, and the member about the room. The member subscribes after the event,
    /// so that it reads its own entrance only in the reply.
    pub(super) fn joined(
        &mut self,
        author: Author,
        event: &Event,
        (EventRoom { id, name: room }, away, is_first): (&EventRoom, Option<&Text>, bool),
        sink: &mut impl Sink,
    ) {
        sink.output(Output::ToRoom { room: *id, except: None, event });
        if away.is_some() {
            let kind = EventKind::AwaySet { away: away.cloned(), full_text: None, was_away: true };
            let event = Event { kind, ..event.clone() };
            sink.output(Output::ToRoom { room: *id, except: None, event: &event });
        }
        let Some(conn) = author.conn else { return };
        self.moved(conn, Some(room));
        let Some(class) = self.class(conn) else { return };
        sink.output(Output::Subscribe { conn, room: *id, class });
        let Some(entered) = self.world.room(*id) else { return };
        let (members, topic) = (entered.members().len(), entered.topic().cloned());
        let reply = Reply::Joined { event, room, members, topic: topic.as_ref(), is_first };
        self.respond(author.now, conn, &reply, sink);
    }

    pub(super) fn kicked(
        &mut self,
        author: Author,
        event: &Event,
        target: MemberId,
        (EventRoom { id, name: room }, message): (&EventRoom, Option<&Text>),
        sink: &mut impl Sink,
    ) {
        // Even if its connection is closed and its `Leave` is pending: a session must not name a room that it is not
        // in.
        if let Some(conn) = self.members.get(&target).copied() {
            self.moved(conn, None);
        }
        let conn = self.conn_of(target);
        let is_itself = conn.is_some() && conn == author.conn;
        // The target reads a reply of its own, and is unsubscribed before the room is told.
        if let Some(conn) = conn {
            sink.output(Output::Unsubscribe { conn, room: *id });
            let reply = Reply::KickedOut { event, room, message };
            if is_itself {
                self.respond(author.now, conn, &reply, sink);
            } else {
                self.push_reply(author.now, conn, &reply, sink);
            }
        }
        self.tell_room(author.conn, *id, !is_itself, event, sink);
    }

    pub(super) fn parted(&mut self, author: Author, event: &Event, room: RoomId, sink: &mut impl Sink) {
        if let Some(conn) = author.conn {
            self.moved(conn, None);
        }
        if let Some(conn) = self.open_author(author) {
            sink.output(Output::Unsubscribe { conn, room });
        }
        sink.output(Output::ToRoom { room, except: None, event });
        self.answer_author(author, &Reply::Parted(event), sink);
    }
}
