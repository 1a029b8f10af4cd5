//! Delivering messages to rooms and members.

use super::Author;
use crate::base::id::{ConnId, MemberId, RoomId, Seq};
use crate::base::mode::{Status, Statuses};
use crate::base::person::UserModes;
use crate::base::text::Text;
use crate::base::time::Now;
use crate::dialect::event::{Event, EventKind, Stamp};
use crate::dialect::reply::Reply;
use crate::hub::Hub;
use crate::hub::output::Sink;
use crate::log::command::{Command, Message, MessageKind};
use crate::log::entry::{LogEntry, Origin};
use crate::planted;
use crate::world::Refusal;
use alloc::vec::Vec;

impl Hub {
    pub(super) fn said(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        room: RoomId,
        status: Option<Status>,
        message: &Message,
        sink: &mut impl Sink,
    ) {
        let Author { conn, stamp, .. } = author;
        self.counters.lines += 1;
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { return };
        let event = Event { stamp, by: &by, by_bot, kind: EventKind::Said { room: &name, status, message } };
        let echoes = self.echoes(conn);
        let Some(status) = status else {
            return self.tell_room(conn, room, echoes, &event, sink);
        };
        let reads = |statuses: Statuses| statuses.highest().is_some_and(|it| planted::reaches(it, status));
        let members =
            self.world.room(room).into_iter().flat_map(|room| room.members_from(MemberId::default()));
        let readers = members.filter(|&(id, statuses)| id != member && reads(statuses)).map(|(id, _)| id);
        self.push_event_to(&readers.collect::<Vec<_>>(), &event, sink);
        if let Some(conn) = conn.filter(|_| echoes) {
            self.respond_event(conn, &event, sink);
        }
    }

    /// Whether a connection is sent its own messages.
    fn echoes(&self, conn: Option<ConnId>) -> bool {
        conn.and_then(|conn| self.session_ref(conn))
            .is_some_and(|session| session.dialect().echoes(&self.options))
    }

    pub(super) fn told(
        &mut self,
        author: Author<'_>,
        from: MemberId,
        to: MemberId,
        message: &Message,
        sink: &mut impl Sink,
    ) {
        let Author { conn, stamp, .. } = author;
        let Some((by, by_bot)) = self.event_author(from) else { return };
        let Some(name) = self.world.member(to).map(|to| to.name().clone()) else { return };
        let event = Event { stamp, by: &by, by_bot, kind: EventKind::Told { to: &name, message } };
        let echoes = self.echoes(conn);
        let reply = Reply::Told { event: &event, name: &name, text: &message.text, echoes };
        self.answer_author(author, &reply, sink);
        if let Some(reader) = self.conn_of(to) {
            self.push_event(reader, &event, sink);
        }
        if !matches!(message.kind, MessageKind::Notice | MessageKind::CtcpReply | MessageKind::Tags) {
            self.tell_away(author, to, sink);
        }
    }

    /// Tells the author that the target is away, if it is.
    pub(super) fn tell_away(&mut self, author: Author<'_>, target: MemberId, sink: &mut impl Sink) {
        let Some(target) = self.world.member(target) else { return };
        if let Some(away) = target.away() {
            let (name, away) = (target.name().clone(), away.clone());
            self.answer_author(author, &Reply::IsAway { name: &name, away: &away }, sink);
        }
    }

    pub(super) fn wallops(
        &mut self,
        author: Author<'_>,
        member: MemberId,
        text: &Text,
        sink: &mut impl Sink,
    ) {
        let Some((by, by_bot)) = self.event_author(member) else { return };
        let event = Event { stamp: author.stamp, by: &by, by_bot, kind: EventKind::Wallops { text } };
        let wants = self.world.members().filter(|(_, member)| member.modes().has(UserModes::WALLOPS));
        self.push_event_to(&wants.map(|(id, _)| id).collect::<Vec<_>>(), &event, sink);
    }

    /// Delivers a message that is not logged, as [`Action::Signal`](crate::dialect::action::Action::Signal) asks for.
    /// It reaches the same members as a logged one.
    pub(in crate::hub) fn signal(&mut self, now: Now, conn: ConnId, command: &Command, sink: &mut impl Sink) {
        let log_unix_ms = self.world.began_unix_ms();
        let stamp = Stamp { log_unix_ms, seq: Seq(0), at_unix_ms: now.unix_ms };
        let (seq, at_unix_ms, origin) = (Seq(0), now.unix_ms, Origin::default());
        let entry = LogEntry { seq, at_unix_ms, origin, command: command.clone() };
        let author = Author { conn: Some(conn), entry: &entry, stamp, now };
        let delivered = match command {
            Command::Say { member, room, status, message } => {
                self.world.cache_muted_in(*member, room);
                let room = self.world.may_say(*member, room, message.kind);
                room.map(|room| self.said(author, *member, room, *status, message, sink))
            }
            Command::Tell { member, to, message } => match self.world.member_named(to) {
                Some(to) => {
                    self.told(author, *member, to, message, sink);
                    Ok(())
                }
                None => Err(Refusal::NoSuchName(to.clone())),
            },
            _ => Ok(()),
        };
        if let Err(refusal) = delivered {
            self.refused(author, &refusal, sink);
        }
    }
}
