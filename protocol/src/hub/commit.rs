//! What follows from a committed entry: who is subscribed to what, and who hears it.

use super::Hub;
use crate::base::id::{ConnId, MemberId, RoomId};
use crate::base::mode::ModeChange;
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::base::time::DeadlineReason;
use crate::base::time::Now;
use crate::dialect::event::{Event, Stamp, What};
use crate::dialect::reply::Reply;
use crate::hub::output::{Output, Sink};
use crate::log::command::{CloseReason, Command, LogEntry};
use crate::planted;
use crate::session::Link;
use crate::world::{Effect, Member, Refusal};

/// An entry that is applied, and who asked for it.
#[derive(Clone, Copy)]
pub(super) struct Author<'e> {
    pub(super) conn: ConnId,
    pub(super) entry: &'e LogEntry,
    pub(super) stamp: Stamp,
    pub(super) now: Now,
}

impl Hub {
    /// Applies an entry and tells everyone concerned; then lets its author go on.
    pub(super) fn committed(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) {
        self.counters.entries += 1;
        let conn = match &entry.command {
            Command::Configure(_) => None,
            Command::Enter { conn, .. } => Some(*conn),
            command => command.member().and_then(|member| self.members.get(&member)).copied(),
        };
        let mut effects = core::mem::take(&mut self.effects);
        self.world.apply(entry, &mut effects);
        if let Some(conn) = conn {
            let asked = !matches!(entry.command, Command::Enter { .. } | Command::Leave { .. });
            if let Some(session) = self.session(conn).filter(|_| asked) {
                session.committed();
            }
            let LogEntry { seq, at_unix_ms, .. } = *entry;
            let stamp = Stamp { log_unix_ms: self.world.began_unix_ms(), seq, at_unix_ms };
            for effect in &effects {
                let author = Author { conn, entry, stamp, now };
                self.report(author, effect, sink);
                self.spread(author, effect, sink);
            }
            self.run(now, conn, sink);
            self.vacate_if_over(conn);
        }
        effects.clear();
        self.effects = effects;
    }

    /// Tells those concerned of one effect of an entry.
    fn spread(&mut self, author: Author<'_>, effect: &Effect, sink: &mut impl Sink) {
        let Author { conn, now, .. } = author;
        match (effect, &author.entry.command) {
            (Effect::AwaySet { member, was_away, silenced }, _) => {
                self.away_set(author, *member, *was_away, *silenced, sink);
            }
            (Effect::Entered { member }, command) => self.entered(author, *member, command, sink),
            (Effect::HostSet { target, from, .. }, _) => self.host_set(author, *target, from, sink),
            (Effect::Invited { member, target, room }, _) => {
                self.invited(author, *member, *target, *room, sink);
            }
            (Effect::Joined { member, room, silenced }, command) => {
                let is_first = matches!(command, Command::Enter { .. });
                self.joined(author, *member, *room, (is_first, *silenced), sink);
            }
            (Effect::Kicked { member, target, room, name }, Command::Kick { message, .. }) => {
                self.kicked(author, *member, *target, (*room, name), message.as_ref(), sink);
            }
            (Effect::Left { member, person, rooms, reason, silenced }, command) => {
                self.left(author, *member, (person, rooms, *reason, *silenced), command, sink);
            }
            (Effect::ModesUnchanged { room, .. }, Command::SetModes { changes, .. }) => {
                self.modes_unchanged(author, *room, changes, sink);
            }
            (Effect::ModesSet { member, room, changes }, _) => {
                self.modes_set(author, *member, *room, changes, sink);
            }
            (Effect::NotEntered { refusal }, _) => self.not_entered(author, refusal, sink),
            (Effect::Parted { member, room, name, silenced }, Command::Move { message, .. }) => {
                let message = message.as_ref().filter(|_| !silenced);
                self.parted(author, *member, (*room, name), message, sink);
            }
            (Effect::RealNameSet { member }, Command::SetRealName { real_name, .. }) => {
                self.tell_of_member(author, *member, What::RealNameSet { real_name }, sink);
            }
            (Effect::Refused { refusal, .. }, command) => {
                if matches!(command, Command::Enter { .. }) {
                    self.respond(now, conn, &Reply::Outside, sink);
                }
                self.refused(author, refusal, sink);
            }
            (Effect::Renamed { member, from }, _) => self.renamed(author, *member, from, sink),
            (Effect::Said { member, room }, Command::Say { status, message, .. }) => {
                self.said(author, *member, *room, *status, message, sink);
            }
            (Effect::Told { member, to }, Command::Tell { message, .. } | Command::Reply { message, .. }) => {
                self.told(author, *member, *to, message, sink);
            }
            (Effect::TopicSet { member, room }, Command::SetTopic { topic, .. }) => {
                let Some((by, by_bot)) = self.by(*member) else { return };
                let Some(name) = self.world.room(*room).map(|room| room.name().clone()) else { return };
                let what = What::TopicSet { room: &name, topic: topic.as_ref() };
                self.tell_room(
                    conn,
                    *room,
                    true,
                    &Event { stamp: author.stamp, by: &by, by_bot, what },
                    sink,
                );
            }
            (Effect::UserModesSet { on, off, .. }, command) => {
                if matches!(command, Command::Promote { .. }) {
                    self.respond(now, conn, &Reply::NowOperator, sink);
                }
                self.respond(now, conn, &Reply::UserModesAre { on: *on, off: *off }, sink);
            }
            (Effect::Wallops { member }, Command::Wallops { text, .. }) => {
                self.wallops(author, *member, text, sink);
            }
            (effect, command) => unreachable!("{command:?} does not make {effect:?}"),
        }
    }

    /// Who a member is to others, and whether it is a program.
    pub(super) fn by(&self, member: MemberId) -> Option<(Person, bool)> {
        self.world.member(member).map(|it| (it.person().clone(), it.modes().has(UserModes::BOT)))
    }

    fn away_set(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        was_away: bool,
        silenced: bool,
        sink: &mut impl Sink,
    ) {
        let away = self.away_as_told(member, silenced);
        if away.is_some() || was_away {
            self.tell_of_member(author, member, What::AwaySet { away: away.as_ref() }, sink);
        }
        // Itself reads its own words: whoever writes to it alone will.
        let words = self.world.member(member).and_then(Member::away).cloned();
        self.respond(author.now, author.conn, &Reply::AwayIs { away: words.as_ref(), was_away }, sink);
    }

    /// With which words a member is away for those in its rooms.
    fn away_as_told(&self, member: MemberId, silenced: bool) -> Option<Text> {
        let away = self.world.member(member).and_then(Member::away)?;
        Some(if silenced { Text::clean(AWAY.as_bytes(), false) } else { away.clone() })
    }

    /// Whoever shares a room with a member, or watches it closely, hears what it says of itself. Itself, too, but
    /// that it is away.
    fn tell_of_member(&mut self, author: Author<'_>, member: MemberId, what: What<'_>, sink: &mut impl Sink) {
        let Some((by, by_bot)) = self.by(member) else { return };
        let event = Event { stamp: author.stamp, by: &by, by_bot, what };
        self.charge_for_rooms(author, member);
        let except = self.open(author.conn);
        let rooms = self.world.member(member).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except, event: &event });
        self.tell_close_watchers(member, &event, sink);
        if !matches!(what, What::AwaySet { .. }) {
            self.respond_event(author.conn, &event, sink);
        }
    }

    fn entered(&mut self, author: Author<'_>, id: MemberId, command: &Command, sink: &mut impl Sink) {
        let Author { conn, now, .. } = author;
        self.members.insert(id, conn);
        let Some((by, _)) = self.by(id) else { return };
        let Some(connection) = self.connection(conn) else { return };
        let leaves_for = connection.session.entered(id);
        self.tell_watchers(now, &by, true, sink);
        if let Some(reason) = leaves_for {
            let command = Command::Leave { member: id, reason, message: None };
            sink.output(Output::Propose { conn, command });
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

    fn not_entered(&mut self, author: Author<'_>, refusal: &Refusal, sink: &mut impl Sink) {
        let Author { conn, now, .. } = author;
        let Some(session) = self.session(conn) else { return };
        session.not_entered();
        if session.link() == Link::Open {
            self.expect_registration(now, conn);
            self.refused(author, refusal, sink);
        }
    }

    pub(super) fn refused(&mut self, author: Author<'_>, refusal: &Refusal, sink: &mut impl Sink) {
        let command = Some(&author.entry.command);
        self.respond(author.now, author.conn, &Reply::Refused { refusal, command }, sink);
    }

    fn invited(
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
    fn joined(
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

    /// Tells the dialect of a connection in which room its member is.
    fn moved(&mut self, conn: ConnId, room: Option<&RoomName>) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().moved(room);
        }
    }

    fn kicked(
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

    fn left(
        &mut self,
        author: Author<'_>,
        id: MemberId,
        (person, rooms, reason, silenced): (&Person, &[RoomId], CloseReason, bool),
        command: &Command,
        sink: &mut impl Sink,
    ) {
        let Author { now, stamp, .. } = author;
        let Some(conn) = self.members.remove(&id) else { return };
        let message = match command {
            Command::Leave { message, .. } => message.clone().filter(|_| !silenced),
            Command::Kill { member, message, .. } => {
                // Who ends its own connection is no member any more.
                let killer = self.world.member(*member).map_or(person, Member::person).name.clone();
                Some(killed_by(&killer, message.as_ref()))
            }
            _ => None,
        };
        let mut begins_again = false;
        let slot = self.slots.get_mut(conn.slot as usize);
        if let Some(connection) = slot.and_then(|slot| slot.connection.as_mut()) {
            begins_again = connection.session.left(reason);
        }
        self.moved(conn, None);
        if self.open(conn).is_some() {
            for &room in rooms {
                sink.output(Output::Unsubscribe { conn, room });
            }
        }
        let what = What::Left { reason, message: message.as_ref() };
        let event = Event { stamp, by: person, by_bot: false, what };
        sink.output(Output::ToPeers { rooms, except: None, event: &event });
        self.tell_watchers(now, person, false, sink);
        if begins_again {
            self.expect_registration(now, conn);
        } else {
            self.close(now, conn, reason, message.as_ref(), sink);
        }
        // Who was ended by another one is not the one that goes on now.
        if conn != author.conn {
            self.vacate_if_over(conn);
        }
    }

    /// Somebody is shown at another host: who shares a room with it may hear of it, and so may itself.
    fn host_set(&mut self, author: Author<'_>, target: MemberId, from: &Person, sink: &mut impl Sink) {
        let Some((person, by_bot)) = self.by(target) else { return };
        let what = What::HostSet { user: person.profile.user(), host: person.profile.host() };
        let event = Event { stamp: author.stamp, by: from, by_bot, what };
        self.charge_for_rooms(author, target);
        let conn = self.conn_of(target);
        let rooms = self.world.member(target).map_or(&[][..], Member::rooms);
        sink.output(Output::ToPeers { rooms, except: conn, event: &event });
        self.tell_close_watchers(target, &event, sink);
        let Some(conn) = conn else { return };
        if conn == author.conn {
            self.respond(author.now, conn, &Reply::HostSet(&event), sink);
        } else {
            self.push_reply(author.now, conn, &Reply::HostSet(&event), sink);
        }
        self.identified(conn, &person);
    }

    /// Tells the dialect of a connection as whom others know its member.
    fn identified(&mut self, conn: ConnId, person: &Person) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().identified(person);
        }
    }

    fn modes_set(
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

    fn modes_unchanged(
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

    fn parted(
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

    /// What is told to several rooms costs its author as much as if it said it in each.
    fn charge_for_rooms(&mut self, author: Author<'_>, member: MemberId) {
        let rooms = self.world.member(member).map_or(0, |member| member.rooms().len());
        let rate = self.limits.rate;
        if let Some(session) = self.session(author.conn) {
            session.charge_lines(rooms.saturating_sub(1), rate, author.now.mono);
        }
    }

    fn renamed(&mut self, author: Author<'_>, id: MemberId, from: &Person, sink: &mut impl Sink) {
        let Author { conn, stamp, .. } = author;
        self.charge_for_rooms(author, id);
        let except = self.open(conn);
        let Some(member) = self.world.member(id) else { return };
        let (person, by_bot) = (member.person().clone(), member.modes().has(UserModes::BOT));
        let event = Event { stamp, by: from, by_bot, what: What::Renamed { to: &person.name } };
        sink.output(Output::ToPeers { rooms: member.rooms(), except, event: &event });
        self.respond(author.now, conn, &Reply::Renamed { event: &event, name: &person.name }, sink);
        self.identified(conn, &person);
        if from.name != person.name && planted::tells_watchers() {
            self.tell_watchers(author.now, from, false, sink);
            self.tell_watchers(author.now, &person, true, sink);
        }
    }
}

/// What stands for the words of who is away, and may not speak: without any, it would be there again (IRCv3,
/// away-notify).
const AWAY: &str = "Away";

/// What those read who knew somebody whom an operator ended.
fn killed_by(name: &Name, message: Option<&Text>) -> Text {
    let words = message
        .map_or_else(|| alloc::format!("by {name}"), |it| alloc::format!("by {name}: {}", it.as_str()));
    Text::clean(words.as_bytes(), false)
}
