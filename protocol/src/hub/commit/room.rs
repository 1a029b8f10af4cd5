//! What happens in a room.

use super::Author;
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::ModeChange;
use crate::base::name::RoomName;
use crate::base::text::Text;
use crate::dialect::event::{Event, What};
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::{Output, Sink};

impl Hub {
    pub(super) fn invited(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        target: MemberId,
        room: RoomId,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.by(member) else { return };
        let Some(name) = self.world.member(target).map(|target| target.name().clone()) else { return };
        let Some(room_name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let invited = |to_target| What::Invited { name: &name, room: &room_name, to_target };
        let event = Event { stamp: author.stamp, by: &by, by_bot, what: invited(false) };
        // Those in the room read it only where they asked for such.
        let except = self.open(author.conn);
        sink.output(Output::ToRoom { room, except, event: &event });
        if let Some(conn) = self.conn_of(target) {
            let event = Event { what: invited(true), ..event };
            self.push_reply(author.now, conn, &Reply::InvitedTo { event: &event, room: &room_name }, sink);
        }
        self.respond(author.now, author.conn, &Reply::Invited { name: &name, room: &room_name }, sink);
        self.tell_away(author, target, sink);
    }

    /// The others hear of the newcomer, and the newcomer where it is.
    pub(super) fn joined(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        room: RoomId,
        (first, silenced): (bool, bool),
        sink: &mut impl Sink,
    ) {
        let Author { conn, stamp, .. } = author;
        let Some((by, by_bot)) = self.by(id) else { return };
        let Some(there) = self.world.room(room) else { return };
        let (name, members, topic) = (there.name().clone(), there.members().len(), there.topic().cloned());
        let away = self.away_as_told(id, silenced);
        let event = Event { stamp, by: &by, by_bot, what: What::Joined { room: &name } };
        sink.output(Output::ToRoom { room, except: None, event: &event });
        if away.is_some() {
            let what = What::AwaySet { away: away.as_ref() };
            sink.output(Output::ToRoom { room, except: None, event: &Event { what, ..event } });
        }
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
        let Some((by, by_bot)) = self.by(member) else { return };
        let Some(name) = self.world.member(target).map(|target| target.name().clone()) else { return };
        let event = Event {
            stamp: author.stamp,
            by: &by,
            by_bot,
            what: What::Kicked { name: &name, room: room_name, message },
        };
        // Also where its connection is closed, and its leave is under way.
        if let Some(conn) = self.members.get(&target).copied() {
            self.moved(conn, None);
        }
        let conn = self.conn_of(target);
        let is_itself = conn == Some(author.conn);
        // The target reads it in its own way, and nothing that the room says behind it.
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
        let Some((by, by_bot)) = self.by(member) else { return };
        let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let what = What::ModesSet { room: &name, changes };
        let event = Event { stamp: author.stamp, by: &by, by_bot, what };
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
            self.respond(author.now, author.conn, &Reply::Unchanged { room: &room, change }, sink);
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
        let Some((by, by_bot)) = self.by(id) else { return };
        let event = Event { stamp, by: &by, by_bot, what: What::Parted { room: name, message } };
        self.moved(conn, None);
        if let Some(conn) = self.open(conn) {
            sink.output(Output::Unsubscribe { conn, room });
        }
        sink.output(Output::ToRoom { room, except: None, event: &event });
        self.respond(author.now, conn, &Reply::Parted(&event), sink);
    }

    pub(super) fn topic_set(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        room: RoomId,
        topic: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.by(member) else { return };
        let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let what = What::TopicSet { room: &name, topic };
        let event = Event { stamp: author.stamp, by: &by, by_bot, what };
        self.tell_room(author.conn, room, true, &event, sink);
    }
}
