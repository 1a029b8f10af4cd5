//! The readers of messages to rooms and to single members.

use super::Model;
use super::chat::Member;
use super::tell::event;
use crate::sometimes;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    Command, ConnId, EventKind, LogEntry, MemberId, Message, MessageKind, Origin, Readers, Refusal, Reply,
    RoomName, Seq, Status,
};

impl Model {
    /// Delivers a message to a room. A signal, which has the position 0, is not recorded.
    pub(super) fn said(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        status: Option<Status>,
        message: &Message,
    ) {
        let (by, by_bot) = self.by(member);
        let kind = EventKind::Said { room: self.chat.event_room(room), status, message: message.clone() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        if entry.seq > Seq(0) {
            self.chat.person(member).spoke_unix_ms = event.stamp.at_unix_ms;
            if event.readers != Readers::Nobody {
                let is_halved = self.chat.remember(&event, room, &self.limits);
                sometimes!(self.marks, HistoryHalved, is_halved);
            }
        }
        let itself = self.hears_itself(id);
        let Some(status) = status else { return self.tell_room(room, id, itself, &event) };
        let there = self.chat.room(room).into_iter().flat_map(|room| room.members.iter());
        let hearers: Vec<ConnId> =
            there.filter(|it| it.member != member && it.reaches(status)).map(|it| it.conn).collect();
        self.tell_each(&hearers, &event);
        if itself {
            self.tell_itself(id, &event);
        }
    }

    /// Delivers a signal: a message without a place in the log. It has the same readers as a message with one.
    pub(super) fn signal(&mut self, id: ConnId, command: &Command) {
        let (seq, at_unix_ms, origin) = (Seq(0), self.now.unix_ms, Origin::default());
        let entry = LogEntry { seq, at_unix_ms, origin, command: command.clone() };
        let refused = match command {
            Command::Say { member, room, status, message } => {
                match self.chat.check_speech(*member, room, message.kind) {
                    Ok(room) => {
                        sometimes!(self.marks, Signalled, true);
                        self.said(id, &entry, *member, &room, *status, message);
                        None
                    }
                    Err(refusal) => Some(refusal),
                }
            }
            Command::Tell { member, to, message } => match self.chat.named(to) {
                Some(target) => {
                    self.tell_one(id, &entry, *member, target, message);
                    None
                }
                None => Some(Refusal::NoSuchName(to.clone())),
            },
            _ => None,
        };
        if let Some(refusal) = refused {
            self.refuse(id, &entry, &refusal);
        }
    }

    /// Whether a connection is sent its own messages.
    fn hears_itself(&self, id: ConnId) -> bool {
        let Some(conn) = self.conns.get(id) else { return false };
        conn.irc.as_ref().map_or(self.options.echo, |it| it.capabilities.has(Capabilities::ECHO_MESSAGE))
    }

    /// Delivers a message to one member, and sets the recipients of `/reply` for both: the last member that sent a
    /// message, or else the one that was written to. A signal is not recorded.
    pub(super) fn tell_one(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        target: MemberId,
        message: &Message,
    ) {
        if entry.seq > Seq(0) {
            self.chat.person(member).spoke_unix_ms = entry.at_unix_ms;
        }
        if entry.seq > Seq(0) && message.kind.is_for_people() {
            self.chat.person(target).answers = Some((member, true));
            let answers = &mut self.chat.person(member).answers;
            if !matches!(answers, Some((_, true))) {
                *answers = Some((target, false));
            }
        }
        let (by, by_bot) = self.by(member);
        let Member { conn, person, .. } = &self.chat.people[&target];
        let (hearer, to) = (*conn, person.name.clone());
        let kind = EventKind::Told { target, to: to.clone(), message: message.clone() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        let speaks_irc = self.conns.get(id).is_some_and(|conn| conn.irc.is_some());
        if speaks_irc && self.hears_itself(id) {
            self.tell_itself(id, &event);
        }
        self.reply_plain(id, &Note::TellsTo { name: &to, text: &message.text });
        self.tell(hearer, &event);
        if !matches!(message.kind, MessageKind::Notice | MessageKind::CtcpReply | MessageKind::Tags) {
            self.tell_away(id, target);
        }
    }

    /// Tells the author of a message that its recipient is away.
    pub(super) fn tell_away(&mut self, id: ConnId, target: MemberId) {
        let Member { person, away, .. } = &self.chat.people[&target];
        if let Some(away) = away {
            let (name, away) = (person.name.clone(), away.clone());
            self.reply_plain(id, &Note::IsAway { name: &name, away: &away });
            self.respond(id, &Reply::IsAway { name: &name, away: &away });
        }
    }
}
