//! Effects on a member as a whole, which all its rooms may be told of.

use super::Author;
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::name::Name;
use crate::base::person::{Person, UserModes};
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::base::time::{DeadlineReason, Now};
use crate::dialect::event::{Event, EventKind};
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::planted;
use crate::session::Link;
use crate::world::{Member, Refusal};

impl Hub {
    pub(super) fn away_set(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        was_away: bool,
        silenced: bool,
        sink: &mut impl Sink,
    ) {
        let away = self.public_away(member, silenced);
        if away.is_some() || was_away {
            self.tell_of_member(author, member, EventKind::AwaySet { away: away.as_ref() }, sink);
        }
        // The member itself reads its away text even if it is silenced: those who write to it alone read it, too.
        let words = self.world.member(member).and_then(Member::away).cloned();
        self.answer_author(author, &Reply::AwayIs { away: words.as_ref(), was_away }, sink);
    }

    /// Returns the away text that a member's rooms are told. For a silenced member it is a fixed text.
    pub(super) fn public_away(&self, member: MemberId, silenced: bool) -> Option<Text> {
        let away = self.world.member(member).and_then(Member::away)?;
        Some(if silenced { Text::clean(AWAY.as_bytes(), false) } else { away.clone() })
    }

    pub(super) fn entered(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        command: &Command,
        sink: &mut impl Sink,
    ) {
        let now = author.now;
        let Some((by, _)) = self.event_author(id) else { return };
        let Some(conn) = author.conn else { return self.tell_watchers(now, &by, true, sink) };
        self.members.insert(id, conn);
        let Some(connection) = self.connection(conn) else { return };
        let leaves_for = connection.session.entered(id);
        self.tell_watchers(now, &by, true, sink);
        if let Some(reason) = leaves_for {
            self.propose(now, Some(conn), Command::Leave { member: id, reason, message: None }, sink);
            return;
        }
        let Some(session) = self.session(conn) else { return };
        session.dialect_mut().identified(&by);
        if session.dialect().is_pinged() {
            self.set_timer(conn, DeadlineReason::Idle, now.mono.plus_ms(self.limits.ping_ms));
        }
        self.respond(now, conn, &Reply::Entered, sink);
        if matches!(command, Command::Enter { room: None, .. }) {
            self.respond(now, conn, &Reply::Outside, sink);
        }
    }

    pub(super) fn not_entered(&mut self, author: Author<'_>, refusal: &Refusal, sink: &mut impl Sink) {
        let Author { conn: Some(conn), now, .. } = author else { return };
        let Some(session) = self.session(conn) else { return };
        session.not_entered();
        if session.link() == Link::Open {
            self.restart_registration(now, conn);
            self.refused(author, refusal, sink);
        }
    }

    /// Tells a member, and those who share a room with it, that it is shown with another host.
    pub(super) fn host_set(
        &mut self,
        author: Author<'_>,
        target: MemberId,
        from: &Person,
        sink: &mut impl Sink,
    ) {
        let Some((person, by_bot)) = self.event_author(target) else { return };
        let kind = EventKind::HostSet { user: person.profile.user(), host: person.profile.host() };
        let event = Event { stamp: author.stamp, by: from, by_bot, kind };
        self.charge_for_rooms(author, target);
        let conn = self.conn_of(target);
        let rooms = self.world.member(target).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except: conn, event: &event });
        self.tell_close_watchers(target, &event, sink);
        let Some(conn) = conn else { return };
        if author.conn == Some(conn) {
            self.respond(author.now, conn, &Reply::HostSet(&event), sink);
        } else {
            self.push_reply(author.now, conn, &Reply::HostSet(&event), sink);
        }
        self.identified(conn, &person);
    }

    /// Tells the dialect of a connection how others see its member.
    pub(super) fn identified(&mut self, conn: ConnId, person: &Person) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().identified(person);
        }
    }

    pub(super) fn left(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        (person, rooms, reason, silenced): (&Person, &[RoomId], CloseReason, bool),
        command: &Command,
        sink: &mut impl Sink,
    ) {
        let Author { now, stamp, .. } = author;
        let conn = self.members.remove(&id);
        let message = match command {
            Command::Leave { message, .. } => message.clone().filter(|_| !silenced),
            Command::Kill { member, message, .. } => {
                // A member that killed itself is not in the world any more.
                let killer = self.world.member(*member).map_or(person, Member::person).name.clone();
                Some(killed_by(&killer, message.as_ref()))
            }
            _ => None,
        };
        let begins_again = conn.is_some_and(|conn| self.detach(now, conn, rooms, reason, sink));
        let kind = EventKind::Left { reason, message: message.as_ref() };
        let event = Event { stamp, by: person, by_bot: false, kind };
        sink.output(Output::ToPeers { rooms, except: None, event: &event });
        self.tell_watchers(now, person, false, sink);
        let Some(conn) = conn else { return };
        if begins_again {
            self.expect_registration(now, conn);
        } else {
            self.close(now, conn, reason, message.as_ref(), sink);
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

    pub(super) fn user_modes_set(
        &mut self,
        author: Author<'_>,
        on: UserModes,
        off: UserModes,
        sink: &mut impl Sink,
    ) {
        if matches!(author.entry.command, Command::Promote { .. }) {
            self.answer_author(author, &Reply::NowOperator, sink);
        }
        self.answer_author(author, &Reply::UserModesChanged { on, off }, sink);
    }

    pub(super) fn renamed(&mut self, author: Author<'_>, id: MemberId, from: &Person, sink: &mut impl Sink) {
        self.charge_for_rooms(author, id);
        let except = self.open_author(author);
        let Some(member) = self.world.member(id) else { return };
        let (person, by_bot) = (member.person().clone(), member.modes().has(UserModes::BOT));
        let kind = EventKind::Renamed { to: &person.name };
        let event = Event { stamp: author.stamp, by: from, by_bot, kind };
        sink.output(Output::ToPeers { rooms: member.rooms(), except, event: &event });
        self.answer_author(author, &Reply::Renamed { event: &event, name: &person.name }, sink);
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
    pub(super) fn tell_of_member(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        kind: EventKind<'_>,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let event = Event { stamp: author.stamp, by: &by, by_bot, kind };
        self.charge_for_rooms(author, member);
        let except = self.open_author(author);
        let rooms = self.world.member(member).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except, event: &event });
        self.tell_close_watchers(member, &event, sink);
        if let Some(conn) = author.conn.filter(|_| !matches!(kind, EventKind::AwaySet { .. })) {
            self.respond_event(conn, &event, sink);
        }
    }

    /// Charges the author one line for each room of a member but the first, as if it had sent a message to each.
    pub(super) fn charge_for_rooms(&mut self, author: Author<'_>, member: MemberId) {
        let Some(conn) = author.conn else { return };
        let rooms = self.world.member(member).map_or(0, |member| member.rooms().len());
        self.charge(author.now, conn, Cost::lines(rooms.saturating_sub(1)));
    }
}

/// The away text of a silenced member. It must not be empty: in away-notify (IRCv3) no text means that the member is
/// back.
const AWAY: &str = "Away";

/// Returns the reason that others read when an operator kills a member.
fn killed_by(name: &Name, message: Option<&Text>) -> Text {
    let words = message
        .map_or_else(|| alloc::format!("by {name}"), |it| alloc::format!("by {name}: {}", it.as_str()));
    Text::clean(words.as_bytes(), false)
}
