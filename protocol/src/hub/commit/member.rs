//! Events of a member as a whole, which all its rooms may be told of.

use super::Author;
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::name::Name;
use crate::base::person::{Person, Profile};
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::base::time::{DeadlineReason, Now};
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::planted;
use crate::session::Link;
use crate::world::{Event, EventKind, Member, Refusal};

impl Hub {
    pub(super) fn away_set(
        &mut self,
        author: Author,
        event: &Event,
        (public, away, was_away): (Option<&Text>, Option<&Text>, bool),
        sink: &mut impl Sink,
    ) {
        if public.is_some() || was_away {
            self.tell_of_member(author, event, sink);
        }
        self.answer_author(author, &Reply::AwayIs { away, was_away }, sink);
    }

    pub(super) fn entered(&mut self, author: Author, event: &Event, is_outside: bool, sink: &mut impl Sink) {
        let Author { conn, now } = author;
        let (id, person) = (event.member, &event.by);
        let Some(conn) = conn else { return self.tell_watchers(now, person, true, sink) };
        self.members.insert(id, conn);
        let Some(connection) = self.connection(conn) else { return };
        let leaves_for = connection.session.entered(id);
        self.tell_watchers(now, person, true, sink);
        if let Some(reason) = leaves_for {
            self.propose(now, Some(conn), Command::Leave { member: id, reason, message: None }, sink);
            return;
        }
        self.identified(conn, person);
        let Some(session) = self.session(conn) else { return };
        if session.dialect().is_pinged() {
            self.set_timer(conn, DeadlineReason::Idle, now.mono.plus_ms(self.limits.ping_ms));
        }
        self.respond(now, conn, &Reply::Entered, sink);
        if is_outside {
            self.respond(now, conn, &Reply::Outside, sink);
        }
    }

    pub(super) fn not_entered(
        &mut self,
        author: Author,
        refusal: &Refusal,
        command: &Command,
        sink: &mut impl Sink,
    ) {
        let Author { conn: Some(conn), now } = author else { return };
        let Some(session) = self.session(conn) else { return };
        session.not_entered();
        if session.link() == Link::Open {
            self.restart_registration(now, conn);
            self.refused(author, refusal, command, sink);
        }
    }

    /// Tells a member, and those who share a room with it, that it is shown with another host.
    pub(super) fn host_set(
        &mut self,
        author: Author,
        event: &Event,
        profile: &Profile,
        sink: &mut impl Sink,
    ) {
        let target = event.member;
        self.charge_for_rooms(author, target);
        let conn = self.conn_of(target);
        let rooms = self.world.member(target).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except: conn, event });
        self.tell_close_watchers(event, sink);
        let Some(conn) = conn else { return };
        let reply = Reply::HostSet { event, host: profile.host() };
        if author.conn == Some(conn) {
            self.respond(author.now, conn, &reply, sink);
        } else {
            self.push_reply(author.now, conn, &reply, sink);
        }
        self.identified(conn, &Person { name: event.by.name.clone(), profile: profile.clone() });
    }

    pub(super) fn left(
        &mut self,
        author: Author,
        event: &Event,
        (rooms, reason, message): (&[RoomId], CloseReason, Option<&Text>),
        sink: &mut impl Sink,
    ) {
        let now = author.now;
        let conn = self.members.remove(&event.member);
        let begins_again = conn.is_some_and(|conn| self.detach(now, conn, rooms, reason, sink));
        sink.output(Output::ToPeers { rooms, except: None, event });
        self.tell_watchers(now, &event.by, false, sink);
        let Some(conn) = conn else { return };
        if begins_again {
            self.expect_registration(now, conn);
        } else {
            self.close(now, conn, reason, message, sink);
        }
        // `applied` does the same for the author; a killed member is not the author.
        if author.conn != Some(conn) {
            self.vacate_if_finished(conn);
        }
    }

    /// Takes a member that has left from its connection. Returns whether the connection registers again.
    fn detach(
        &mut self,
        now: Now,
        conn: ConnId,
        rooms: &[RoomId],
        reason: CloseReason,
        sink: &mut impl Sink,
    ) -> bool {
        let begins_again = self.session(conn).is_some_and(|session| session.left(reason));
        if reason == CloseReason::Killed {
            self.close_address(now, conn);
        }
        self.moved(conn, None);
        if self.open(conn).is_some() {
            for &room in rooms {
                sink.output(Output::Unsubscribe { conn, room });
            }
        }
        begins_again
    }

    /// Keeps the address of a killed member out for a while, or its client would be back at once.
    fn close_address(&mut self, now: Now, conn: ConnId) {
        let until = now.mono.plus_ms(planted::kill_wait_ms(self.limits.kill_wait_ms));
        if let Some(address) = self.connection(conn).map(|connection| connection.address) {
            self.addresses.close_until(address, until);
        }
    }

    pub(super) fn renamed(&mut self, author: Author, event: &Event, name: &Name, sink: &mut impl Sink) {
        let Event { member, by: from, .. } = event;
        self.charge_for_rooms(author, *member);
        let except = self.open_author(author);
        let rooms = self.world.member(*member).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except, event });
        self.answer_author(author, &Reply::Renamed { event, name }, sink);
        let person = Person { name: name.clone(), profile: from.profile.clone() };
        if let Some(conn) = author.conn {
            self.identified(conn, &person);
        }
        if from.name != person.name && planted::tells_watchers() {
            self.tell_watchers(author.now, from, false, sink);
            self.tell_watchers(author.now, &person, true, sink);
        }
    }

    /// Sends an event of a member to those who share a room with it or watch it closely, and to the member itself. To
    /// `AwaySet` the member gets a reply instead.
    pub(super) fn tell_of_member(&mut self, author: Author, event: &Event, sink: &mut impl Sink) {
        self.charge_for_rooms(author, event.member);
        let except = self.open_author(author);
        let rooms = self.world.member(event.member).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except, event });
        self.tell_close_watchers(event, sink);
        if let Some(conn) = author.conn.filter(|_| !matches!(event.kind, EventKind::AwaySet { .. })) {
            self.respond_event(conn, event, sink);
        }
    }

    /// Charges the author one line for each room of a member but the first, as if it had sent a message to each.
    fn charge_for_rooms(&mut self, author: Author, member: MemberId) {
        let Some(conn) = author.conn else { return };
        let rooms = self.world.member(member).map_or(0, |member| member.rooms().len());
        self.charge(author.now, conn, Cost::lines(rooms.saturating_sub(1)));
    }
}
