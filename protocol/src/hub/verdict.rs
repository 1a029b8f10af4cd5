//! What follows from a committed entry: who is subscribed to what, and who hears it.

use super::Hub;
use crate::command::{Command, LogEntry, Manner};
use crate::event::{ConsoleEvent, Event, Reply, Stamp, What};
use crate::id::{ConnId, MemberId, RoomId};
use crate::name::RoomName;
use crate::output::{Output, Sink};
use crate::person::Person;
use crate::session::Link;
use crate::text::Text;
use crate::time::Now;
use crate::world::Effect;

impl Hub {
    /// Applies an entry and tells everyone concerned; then lets its author go on.
    pub(super) fn committed(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) {
        self.counters.entries += 1;
        let author = match &entry.command {
            Command::Configure(_) => None,
            Command::Enter { conn, .. } => Some(*conn),
            command => command.member().and_then(|member| self.members.get(&member)).copied(),
        };
        let mut effects = core::mem::take(&mut self.effects);
        self.world.apply(entry, &mut effects);
        if let Some(conn) = author {
            let asked = !matches!(entry.command, Command::Enter { .. } | Command::Leave { .. });
            if let Some(session) = self.session(conn).filter(|_| asked) {
                session.committed();
            }
            for effect in &effects {
                self.spread(now, conn, entry, effect, sink);
            }
            self.run(now, conn, sink);
            self.vacate_if_over(conn);
        }
        effects.clear();
        self.effects = effects;
    }

    /// Tells those concerned of one effect of the entry by `conn`'s member.
    fn spread(&mut self, now: Now, conn: ConnId, entry: &LogEntry, effect: &Effect, sink: &mut impl Sink) {
        let LogEntry { seq, at_unix_ms, .. } = *entry;
        let stamp = Stamp { log_unix_ms: self.world.began_unix_ms(), seq, at_unix_ms };
        match (effect, &entry.command) {
            (Effect::Entered { member }, command) => self.entered(conn, *member, command, sink),
            (Effect::Joined { member, room }, command) => {
                let is_first = matches!(command, Command::Enter { .. });
                self.joined(conn, stamp, *member, *room, is_first, sink);
            }
            (Effect::Left { member, person, rooms, reason }, Command::Leave { message, .. }) => {
                let what = What::Left { reason: *reason, message: message.as_ref() };
                self.left(conn, *member, rooms, &Event { stamp, by: person, what }, sink);
                if let Some(peer) = self.tenant(conn).map(|tenant| tenant.peer) {
                    let name = &person.name;
                    sink.output(Output::Console(ConsoleEvent::Left { name, peer, reason: *reason }));
                }
                self.close(now, conn, *reason, sink);
            }
            (Effect::Parted { member, room, name }, _) => {
                self.parted(conn, stamp, *member, *room, name, sink);
            }
            (Effect::Refused { member, refusal }, command) => {
                if matches!(command, Command::Enter { .. }) {
                    self.greet_outside(conn, *member, sink);
                }
                self.write(conn, &Reply::Refused(refusal), sink);
            }
            (Effect::Renamed { member, from }, _) => self.renamed(conn, stamp, *member, from, sink),
            (Effect::Said { member, room }, Command::Say { manner, text, .. }) => {
                self.counters.lines += 1;
                let except = if self.options.echo { None } else { self.open(conn) };
                let Some((by, room_name)) = self.in_room(*member, *room) else { return };
                let what = What::Said { room: room_name, manner: *manner, text };
                sink.output(Output::ToRoom { room: *room, except, event: &Event { stamp, by, what } });
            }
            (Effect::Told { member, to }, Command::Tell { text, .. }) => {
                self.told(stamp, *member, *to, Manner::Speech, text, sink);
            }
            (Effect::TopicSet { member, room }, Command::SetTopic { topic, .. }) => {
                let Some((by, room_name)) = self.in_room(*member, *room) else { return };
                let what = What::TopicSet { room: room_name, topic: topic.as_ref() };
                sink.output(Output::ToRoom { room: *room, except: None, event: &Event { stamp, by, what } });
            }
            (effect, command) => unreachable!("{command:?} does not make {effect:?}"),
        }
    }

    fn entered(&mut self, conn: ConnId, id: MemberId, command: &Command, sink: &mut impl Sink) {
        self.members.insert(id, conn);
        let Some(name) = self.world.member(id).map(|member| member.name().clone()) else { return };
        let Some(tenant) = self.tenant(conn) else { return };
        let peer = tenant.peer;
        let leaves_for = tenant.session.entered(id);
        sink.output(Output::Console(ConsoleEvent::Entered { name: &name, peer }));
        if let Some(reason) = leaves_for {
            sink.output(Output::Propose {
                conn,
                command: Command::Leave { member: id, reason, message: None },
            });
        } else if matches!(command, Command::Enter { room: None, .. }) {
            self.greet_outside(conn, id, sink);
        }
    }

    /// The others hear of the newcomer, and the newcomer where it is.
    fn joined(
        &mut self,
        conn: ConnId,
        stamp: Stamp,
        id: MemberId,
        room: RoomId,
        first: bool,
        sink: &mut impl Sink,
    ) {
        let Some(there) = self.world.room(room) else { return };
        let (room_name, members, topic) =
            (there.name().clone(), there.members().len(), there.topic().cloned());
        let Some(by) = self.world.member(id).map(|member| member.person().clone()) else { return };
        let event = Event { stamp, by: &by, what: What::Joined { room: &room_name } };
        sink.output(Output::ToRoom { room, except: None, event: &event });
        let Some(session) = self.session(conn) else { return };
        session.set_room(Some(room_name.clone()));
        if session.link() != Link::Open {
            return;
        }
        let language = session.language();
        sink.output(Output::Subscribe { conn, room, class: self.class(language) });
        if first {
            self.greet(conn, &Reply::Greeting { name: &by.name, room: Some((&room_name, members)) }, sink);
        } else {
            let reply = Reply::InRoom { room: &room_name, members, topic: topic.as_ref() };
            self.write(conn, &reply, sink);
        }
    }

    /// Greets a newcomer that is in no room.
    fn greet_outside(&mut self, conn: ConnId, id: MemberId, sink: &mut impl Sink) {
        let Some(name) = self.world.member(id).map(|member| member.name().clone()) else { return };
        self.greet(conn, &Reply::Greeting { name: &name, room: None }, sink);
    }

    fn greet(&mut self, conn: ConnId, greeting: &Reply<'_>, sink: &mut impl Sink) {
        if self.options.greeting && !self.options.raw {
            self.write(conn, greeting, sink);
        }
    }

    fn parted(
        &mut self,
        conn: ConnId,
        stamp: Stamp,
        id: MemberId,
        room: RoomId,
        name: &RoomName,
        sink: &mut impl Sink,
    ) {
        if let Some(session) = self.session(conn) {
            session.set_room(None);
            if session.link() == Link::Open {
                sink.output(Output::Unsubscribe { conn, room });
            }
        }
        let Some(member) = self.world.member(id) else { return };
        let what = What::Parted { room: name, message: None };
        let event = Event { stamp, by: member.person(), what };
        sink.output(Output::ToRoom { room, except: None, event: &event });
    }

    fn left(
        &mut self,
        conn: ConnId,
        id: MemberId,
        rooms: &[RoomId],
        event: &Event<'_>,
        sink: &mut impl Sink,
    ) {
        self.members.remove(&id);
        if let Some(session) = self.session(conn) {
            session.left();
            if session.link() == Link::Open {
                for &room in rooms {
                    sink.output(Output::Unsubscribe { conn, room });
                }
            }
        }
        sink.output(Output::ToPeers { rooms, except: None, event });
    }

    fn renamed(&mut self, conn: ConnId, stamp: Stamp, id: MemberId, from: &Person, sink: &mut impl Sink) {
        let except = self.open(conn);
        let Some(member) = self.world.member(id) else { return };
        let name = member.name().clone();
        let event = Event { stamp, by: from, what: What::Renamed { to: &name } };
        sink.output(Output::ToPeers { rooms: member.rooms(), except, event: &event });
        self.write(conn, &Reply::NowNamed(&name), sink);
    }

    fn told(
        &mut self,
        stamp: Stamp,
        from: MemberId,
        to: MemberId,
        manner: Manner,
        text: &Text,
        sink: &mut impl Sink,
    ) {
        let Some(conn) = self.members.get(&to).copied().and_then(|conn| self.open(conn)) else { return };
        let Some(language) = self.session(conn).map(|session| session.language()) else { return };
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        if let (Some(from), Some(to)) = (self.world.member(from), self.world.member(to)) {
            let what = What::Told { to: to.name(), manner, text };
            Event { stamp, by: from.person(), what }.render(self.class(language), &mut bytes);
            sink.output(Output::Write { conn, bytes: &bytes });
        }
        self.scratch = bytes;
    }

    /// Who a member is to others, and the name of a room.
    fn in_room(&self, member: MemberId, room: RoomId) -> Option<(&Person, &RoomName)> {
        Some((self.world.member(member)?.person(), self.world.room(room)?.name()))
    }

    /// The connection, if it can still be written to: no output names one that is closing or gone.
    fn open(&mut self, conn: ConnId) -> Option<ConnId> {
        self.session(conn).filter(|session| session.link() == Link::Open).map(|_| conn)
    }
}
