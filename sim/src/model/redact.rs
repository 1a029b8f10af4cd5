//! Removing lines.

use super::Model;
use super::tell::event;
use crate::sometimes;
use parlor_protocol::{Command, ConnId, EventKind, LogEntry, MemberId, Refusal};

impl Model {
    /// Lets a member remove a line from a room: its own, or as an operator that of another.
    pub(super) fn redact(&mut self, conn: ConnId, entry: &LogEntry, member: MemberId) -> Result<(), Refusal> {
        let Command::Redact { room, line, author, message, .. } = &entry.command else { return Ok(()) };
        let (line, author) = (*line, *author);
        let Some(there) = self.chat.rooms.iter().find(|it| it.began == room.0.0) else { return Ok(()) };
        let name = there.name.clone();
        if there.member(member).is_none() {
            return Err(Refusal::NotIn(name));
        }
        if author != member {
            let checked = self.chat.check_rule(member, there);
            sometimes!(self.marks, RedactedByOperator, checked.is_ok());
            sometimes!(self.marks, RedactForbidden, checked.is_err());
            checked?;
        }
        sometimes!(self.marks, RedactedOwn, author == member);
        let message = self.parting_words(member, Some(&name), message.as_ref()).cloned();
        if let Some(room) = self.chat.room_mut(&name) {
            room.history.retain(|heard| heard.event.stamp.seq != line);
        }
        let (by, by_bot) = self.by(member);
        let kind = EventKind::Redacted { room: self.chat.event_room(&name), line, author, message };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.tell_room(&name, conn, true, &event);
        Ok(())
    }
}
