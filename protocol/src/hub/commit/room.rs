//! Effects on a room: entering, leaving, invitations, modes and the topic.

use super::Author;
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::ModeChange;
use crate::base::name::RoomName;
use crate::base::text::Text;
use crate::dialect::event::{Event, EventKind};
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::{Output, Sink};
use crate::log::command::Command;

impl Hub {
    pub(super) fn invited(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        target: MemberId,
        room: RoomId,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let Some(name) = self.world.member(target).map(|target| target.name().clone()) else { return };
        let Some(room_name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let invited = |to_target| EventKind::Invited { name: &name, room: &room_name, to_target };
        let event = Event { stamp: author.stamp, by: &by, by_bot, kind: invited(false) };
        // Members of the room read it only with the capability invite-notify (IRCv3).
        let except = self.open_author(author);
        sink.output(Output::ToRoom { room, except, event: &event });
        if let Some(conn) = self.conn_of(target) {
            let event = Event { kind: invited(true), ..event };
            self.push_reply(author.now, conn, &Reply::InvitedTo { event: &event, room: &room_name }, sink);
        }
        self.answer_author(author, &Reply::Invited { name: &name, room: &room_name }, sink);
        self.tell_away(author, target, sink);
    }

    /// Tells a room about a member that entered, and the member about the room. The member subscribes after the event,
    /// so that it reads its own entrance only in the reply.
    pub(super) fn joined(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        room: RoomId,
        silenced: bool,
        sink: &mut impl Sink,
    ) {
        let Author { conn, stamp, entry, .. } = author;
        let first = matches!(entry.command, Command::Enter { .. });
        let Some((by, by_bot)) = self.event_author(id) else { return };
        let Some(entered) = self.world.room(room) else { return };
        let (name, members, topic) =
            (entered.name().clone(), entered.members().len(), entered.topic().cloned());
        let away = self.public_away(id, silenced);
        let event = Event { stamp, by: &by, by_bot, kind: EventKind::Joined { room: &name } };
        sink.output(Output::ToRoom { room, except: None, event: &event });
        if away.is_some() {
            let kind = EventKind::AwaySet { away: away.as_ref() };
            sink.output(Output::ToRoom { room, except: None, event: &Event { kind, ..event } });
        }
        let Some(conn) = conn else { return };
        self.moved(conn, Some(&name));
        let Some(class) = self.class(conn) else { return };
        sink.output(Output::Subscribe { conn, room, class });
        let reply =
            Reply::Joined { event: &event, room: &name, members, topic: topic.as_ref(), is_first: first };
        self.respond(author.now, conn, &reply, sink);
    }

    pub(super) fn kicked(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        target: MemberId,
        (room, room_name): (RoomId, &RoomName),
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let Some(name) = self.world.member(target).map(|target| target.name().clone()) else { return };
        let event = Event {
            stamp: author.stamp,
            by: &by,
            by_bot,
            kind: EventKind::Kicked { name: &name, room: room_name, message },
        };
        // Even if its connection is closed and its `Leave` is pending: a session must not name a room that it is not
        // in.
        if let Some(conn) = self.members.get(&target).copied() {
            self.moved(conn, None);
        }
        let conn = self.conn_of(target);
        let is_itself = conn.is_some() && conn == author.conn;
        // The target reads a reply of its own, and is unsubscribed before the room is told.
        if let Some(conn) = conn {
            sink.output(Output::Unsubscribe { conn, room });
            let reply = Reply::KickedOut { event: &event, room: room_name, message };
            if is_itself {
                self.respond(author.now, conn, &reply, sink);
            } else {
                self.push_reply(author.now, conn, &reply, sink);
            }
        }
        self.tell_room(author.conn, room, !is_itself, &event, sink);
    }

    pub(super) fn modes_set(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        room: RoomId,
        changes: &[ModeChange],
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let kind = EventKind::ModesSet { room: &name, changes };
        let event = Event { stamp: author.stamp, by: &by, by_bot, kind };
        self.tell_room(author.conn, room, true, &event, sink);
    }

    pub(super) fn modes_unchanged(
        &mut self,
        author: Author<'_>,
        room: RoomId,
        changes: &[ModeChange],
        sink: &mut impl Sink,
    ) {
        let Some(room) = self.world.room(room).map(|room| room.name().clone()) else { return };
        for change in changes {
            self.answer_author(author, &Reply::Unchanged { room: &room, change }, sink);
        }
    }

    pub(super) fn parted(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        (room, name): (RoomId, &RoomName),
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let Author { conn, stamp, .. } = author;
        let Some((by, by_bot)) = self.event_author(id) else { return };
        let event = Event { stamp, by: &by, by_bot, kind: EventKind::Parted { room: name, message } };
        if let Some(conn) = conn {
            self.moved(conn, None);
        }
        if let Some(conn) = self.open_author(author) {
            sink.output(Output::Unsubscribe { conn, room });
        }
        sink.output(Output::ToRoom { room, except: None, event: &event });
        self.answer_author(author, &Reply::Parted(&event), sink);
    }

    pub(super) fn topic_set(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        room: RoomId,
        topic: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let kind = EventKind::TopicSet { room: &name, topic };
        let event = Event { stamp: author.stamp, by: &by, by_bot, kind };
        self.tell_room(author.conn, room, true, &event, sink);
    }
}
