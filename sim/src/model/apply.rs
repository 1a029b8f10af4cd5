//! Applies log entries: checks the command of each entry, and carries it out or refuses it.

use super::Model;
use super::tell::event;
use crate::sometimes;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    CloseReason, Command, ConnId, EventKind, Key, LogEntry, MemberId, Message, Name, Refusal, Reply,
    RoomName, Status, Text, Topic, UserModes,
};

impl Model {
    /// Applies an entry of the log. `conn` is the connection of its author.
    pub(super) fn apply(&mut self, conn: ConnId, entry: &LogEntry) {
        if let Err(refusal) = self.carry_out(conn, entry) {
            self.refuse(conn, entry, &refusal);
        }
    }

    fn carry_out(&mut self, conn: ConnId, entry: &LogEntry) -> Result<(), Refusal> {
        match &entry.command {
            Command::Configure { .. }
            | Command::Ended { .. }
            | Command::EndRoom { .. }
            | Command::Started { .. } => Ok(()),
            Command::Enter { request, profile, room, .. } => {
                self.enter(conn, entry, request, profile, room.as_ref())
            }
            Command::Invite { member, name, room } => self.invite(conn, entry, *member, name, room),
            Command::Kick { member, room, name, message } => {
                let (room, target) = self.chat.check_kick(*member, room, name)?;
                self.kicked(conn, entry, *member, target, &room, message.as_ref());
                Ok(())
            }
            Command::Kill { member, name, message } => self.kill(entry, *member, name, message.as_ref()),
            Command::Leave { member, reason, message } => {
                let words = self.parting_words(*member, None, message.as_ref());
                self.left(conn, entry, *member, *reason, (words, None));
                Ok(())
            }
            Command::LiftBan { member, target } => self.lift_ban(conn, entry, *member, target),
            Command::Move { member, from, to, key, checks_key, message } => {
                let (rooms, key) = ((from.as_ref(), to.as_ref()), (key.as_ref(), *checks_key));
                self.change_room(conn, entry, *member, rooms, key, message.as_ref())
            }
            Command::Promote { member } => {
                self.set_user_modes(conn, entry, *member, (UserModes::OPERATOR, UserModes::NONE), true);
                Ok(())
            }
            Command::Redact { member, .. } => self.redact(conn, entry, *member),
            Command::Rename { member, name } => self.rename(conn, entry, *member, name),
            Command::Reply { member, message } => self.reply_to_last(conn, entry, *member, message),
            Command::Say { member, room, status, message } => {
                self.say(conn, entry, *member, (room, *status), message)
            }
            Command::SetAway { member, away } => {
                self.set_away(conn, entry, *member, away.as_ref());
                Ok(())
            }
            Command::SetBan { member, ban } => self.set_ban(conn, entry, *member, ban),
            Command::SetHost { member, name, host } => {
                let target = self.target_of_operator(*member, name)?;
                self.set_host(conn, entry, (*member, target), host);
                Ok(())
            }
            Command::SetModes { member, room, changes } => {
                let known = self.chat.known(*member, room)?;
                self.chat.check_rule(*member, known)?;
                let room = known.name.clone();
                self.set_modes(conn, entry, *member, &room, changes);
                Ok(())
            }
            Command::SetRealName { member, real_name } => self.set_real_name(conn, entry, *member, real_name),
            Command::SetTopic { member, room, topic } => {
                self.set_topic(conn, entry, *member, room, topic.as_ref())
            }
            Command::SetUserModes { member, on, off } => {
                // `MODE +o` on oneself has no effect.
                self.set_user_modes(conn, entry, *member, (on.without(UserModes::OPERATOR), *off), false);
                Ok(())
            }
            Command::Tell { member, to, message } => {
                let target = self.chat.named(to).ok_or_else(|| Refusal::NoSuchName(to.clone()))?;
                self.tell_one(conn, entry, *member, target, message);
                Ok(())
            }
            Command::Wallops { member, text } => self.wallops(entry, *member, text),
        }
    }

    pub(super) fn refuse(&mut self, id: ConnId, entry: &LogEntry, refusal: &Refusal) {
        sometimes!(self.marks, RoomsBegun, matches!(refusal, Refusal::TooManyRoomsBegun(_)));
        self.reply_plain(id, &Note::Refused(refusal));
        self.respond(id, &Reply::Refused { refusal, command: Some(&entry.command) });
    }

    fn invite(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        name: &Name,
        room: &RoomName,
    ) -> Result<(), Refusal> {
        let (room, target) = self.chat.check_invitation(member, room, name)?;
        // An invitation by a member that is not an operator of the room is only a hint: it does not let the target in.
        if self.chat.room(&room).is_some_and(|it| self.chat.check_rule(member, it).is_ok()) {
            self.chat.invite(target, &room);
        }
        self.invited(conn, entry, member, target, &room);
        Ok(())
    }

    fn kill(
        &mut self,
        entry: &LogEntry,
        member: MemberId,
        name: &Name,
        message: Option<&Text>,
    ) -> Result<(), Refusal> {
        let target = self.target_of_operator(member, name)?;
        let by = &self.chat.people[&member].person.name;
        let words = message.map_or(String::new(), |it| format!(": {}", it.as_str()));
        let words = Text::clean(format!("by {by}{words}").as_bytes(), false);
        let killed = self.chat.people[&target].conn;
        sometimes!(self.marks, Killed, true);
        self.close_address_of(killed);
        self.left(killed, entry, target, CloseReason::Killed, (Some(&words), Some(member)));
        Ok(())
    }

    /// Moves a member from a room to another. Either may be missing: the member then only enters or only leaves.
    fn change_room(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        (from, to): (Option<&RoomName>, Option<&RoomName>),
        key: (Option<&Key>, bool),
        message: Option<&Text>,
    ) -> Result<(), Refusal> {
        self.chat.check_move(member, from, to, key)?;
        if let Some(from) = from {
            let words = self.parting_words(member, Some(from), message);
            self.part(conn, entry, member, from, words);
        }
        if let Some(to) = to {
            self.join(conn, entry, member, to, false);
        }
        Ok(())
    }

    /// Returns a parting message as the others read it.
    pub(super) fn parting_words<'a>(
        &mut self,
        member: MemberId,
        room: Option<&RoomName>,
        message: Option<&'a Text>,
    ) -> Option<&'a Text> {
        let words = self.chat.last_words(member, room, message);
        sometimes!(self.marks, WordsWithheld, words.is_none() && message.is_some());
        words
    }

    /// Sends a private message to the member that `/reply` is for.
    fn reply_to_last(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        message: &Message,
    ) -> Result<(), Refusal> {
        let (target, _) = self.chat.people[&member].answers.ok_or(Refusal::NobodyToAnswer)?;
        if !self.chat.people.contains_key(&target) {
            return Err(Refusal::CorrespondentLeft);
        }
        sometimes!(self.marks, Answered, true);
        self.tell_one(conn, entry, member, target, message);
        Ok(())
    }

    fn say(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        (room, status): (&RoomName, Option<Status>),
        message: &Message,
    ) -> Result<(), Refusal> {
        let checked = self.chat.check_speech(member, room, message.kind);
        sometimes!(self.marks, Muted, matches!(checked, Err(Refusal::Silenced(_))));
        self.said(conn, entry, member, &checked?, status, message);
        Ok(())
    }

    fn set_real_name(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        real_name: &Text,
    ) -> Result<(), Refusal> {
        if let Some(room) = self.chat.quiet_room(member) {
            return Err(Refusal::Silenced(room.clone()));
        }
        let kind = EventKind::RealNameSet { real_name: real_name.clone() };
        let (by, by_bot) = self.by(member);
        let person = &mut self.chat.person(member).person;
        person.profile = person.profile.with_real_name(real_name);
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.tell_of(conn, &event);
        Ok(())
    }

    fn set_topic(
        &mut self,
        conn: ConnId,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        topic: Option<&Text>,
    ) -> Result<(), Refusal> {
        let room = self.chat.check_topic(member, room, topic)?;
        let (by, by_bot) = self.by(member);
        let set =
            topic.map(|text| Topic { text: text.clone(), by: by.name.clone(), at_unix_ms: entry.at_unix_ms });
        if let Some(room) = self.chat.room_mut(&room) {
            room.topic = set;
        }
        let kind = EventKind::TopicSet { room: self.chat.event_room(&room), topic: topic.cloned() };
        self.tell_room(&room, conn, true, &event(&self.chat, entry, (member, &by, by_bot), kind));
        Ok(())
    }

    fn wallops(&mut self, entry: &LogEntry, member: MemberId, text: &Text) -> Result<(), Refusal> {
        self.check_operator(member)?;
        let (by, by_bot) = self.by(member);
        let kind = EventKind::Wallops { text: text.clone() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        let wants = self.chat.people.values().filter(|it| it.modes.has(UserModes::WALLOPS));
        for conn in wants.map(|it| it.conn).collect::<Vec<_>>() {
            self.tell(conn, &event);
        }
        Ok(())
    }

    /// Checks that a member is a server operator, and returns the member that its command is about.
    fn target_of_operator(&self, member: MemberId, name: &Name) -> Result<MemberId, Refusal> {
        self.check_operator(member)?;
        self.chat.named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))
    }

    pub(super) fn check_operator(&self, member: MemberId) -> Result<(), Refusal> {
        match self.chat.people[&member].modes.has(UserModes::OPERATOR) {
            true => Ok(()),
            false => Err(Refusal::NotServerOperator),
        }
    }
}
