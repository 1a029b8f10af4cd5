//! Delivering messages to rooms and members.

use super::Author;
use crate::base::id::{ConnId, MemberId, RoomId, Seq};
use crate::base::mode::{Status, Statuses};
use crate::base::name::Name;
use crate::base::person::UserModes;
use crate::base::time::Now;
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::Sink;
use crate::log::command::{Command, Message, MessageKind};
use crate::planted;
use crate::world::{Event, EventKind, Refusal, Stamp};
use alloc::vec::Vec;

impl Hub {
    pub(super) fn said(
        &mut self,
        author: Author,
        event: &Event,
        room: RoomId,
        status: Option<Status>,
        sink: &mut impl Sink,
    ) {
        let conn = author.conn;
        self.counters.lines += 1;
        let echoes = self.echoes(conn);
        let Some(status) = status else {
            return self.tell_room(conn, room, echoes, event, sink);
        };
        let reads = |statuses: Statuses| statuses.highest().is_some_and(|it| planted::reaches(it, status));
        let members =
            self.world.room(room).into_iter().flat_map(|room| room.members_from(MemberId::default()));
        let readers = members.filter(|&(id, statuses)| id != event.member && reads(statuses));
        self.push_event_to(&readers.map(|(id, _)| id).collect::<Vec<_>>(), event, sink);
        if let Some(conn) = conn.filter(|_| echoes) {
            self.respond_event(conn, event, sink);
        }
    }

    /// Whether a connection is sent its own messages.
    fn echoes(&self, conn: Option<ConnId>) -> bool {
        conn.and_then(|conn| self.session_ref(conn))
            .is_some_and(|session| session.dialect().echoes(&self.options))
    }

    pub(super) fn told(
        &mut self,
        author: Author,
        event: &Event,
        (target, name): (MemberId, &Name),
        message: &Message,
        sink: &mut impl Sink,
    ) {
        let echoes = self.echoes(author.conn);
        let reply = Reply::Told { event, name, text: &message.text, echoes };
        self.answer_author(author, &reply, sink);
        if let Some(reader) = self.conn_of(target) {
            self.push_event(reader, event, sink);
        }
        if !matches!(message.kind, MessageKind::Notice | MessageKind::CtcpReply | MessageKind::Tags) {
            self.tell_away(author, target, sink);
        }
    }

    /// Tells the author that the target is away, if it is.
    pub(super) fn tell_away(&mut self, author: Author, target: MemberId, sink: &mut impl Sink) {
        let Some(target) = self.world.member(target) else { return };
        if let Some(away) = target.away() {
            let (name, away) = (target.name().clone(), away.clone());
            self.answer_author(author, &Reply::IsAway { name: &name, away: &away }, sink);
        }
    }

    pub(super) fn wallops(&mut self, event: &Event, sink: &mut impl Sink) {
        let wants = self.world.members().filter(|(_, member)| member.modes().has(UserModes::WALLOPS));
        self.push_event_to(&wants.map(|(id, _)| id).collect::<Vec<_>>(), event, sink);
    }

    /// Delivers a message that is not logged, as [`Action::Signal`](crate::dialect::action::Action::Signal) asks for.
    /// It reaches the same members as a logged one.
    pub(in crate::hub) fn signal(&mut self, now: Now, conn: ConnId, command: &Command, sink: &mut impl Sink) {
        let author = Author { conn: Some(conn), now };
        match self.signalled(now, command) {
            Ok(Some(event)) => self.happened(author, &event, sink),
            Ok(None) => {}
            Err(refusal) => self.refused(author, &refusal, command, sink),
        }
    }

    /// Returns the event of a message that is not logged; `None` if the command is no message.
    fn signalled(&mut self, now: Now, command: &Command) -> Result<Option<Event>, Refusal> {
        let (member, kind) = match command {
            Command::Say { member, room, status, message } => {
                let room = self.world.may_say(*member, room, message.kind)?;
                let room = room.and_then(|room| self.world.event_room(room));
                (
                    *member,
                    room.map(|room| EventKind::Said { room, status: *status, message: message.clone() }),
                )
            }
            Command::Tell { member, to, message } => {
                let target = self.world.member_named(to).ok_or_else(|| Refusal::NoSuchName(to.clone()))?;
                let to = self.world.member(target).map(|to| to.name().clone());
                (*member, to.map(|to| EventKind::Told { target, to, message: message.clone() }))
            }
            _ => return Ok(None),
        };
        let log_unix_ms = self.world.began_unix_ms();
        let stamp = Stamp { log_unix_ms, seq: Seq(0), at_unix_ms: now.unix_ms };
        let event = kind.and_then(|kind| self.world.event_of(member, kind));
        Ok(event.map(|event| Event { stamp, ..event }))
    }
}
