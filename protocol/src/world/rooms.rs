//! Commands about rooms: entering and leaving, messages, topics and modes.

use super::people::public_away;
use super::silence::is_silenced;
use super::{Event, EventKind, EventRoom, Member, Outcome, Readers, Refusal, Room, Topic, World};
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, Key, MaskEntry, ModeChange, Status, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::person::UserModes;
use crate::base::text::Text;
use crate::log::command::{Message, MessageKind};
use crate::log::entry::LogEntry;
use crate::planted;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl World {
    pub(super) fn move_between(
        &mut self,
        id: MemberId,
        (from, to): (Option<&RoomName>, Option<&RoomName>),
        key: (Option<&Key>, bool),
        message: Option<&Text>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let from = from.map(|name| self.room_of(id, name)).transpose()?;
        let Some(member) = self.members.get(&id) else { return Ok(()) };
        let to = match to {
            Some(name) => Some((name, self.may_enter(id, member, from, name, key)?)),
            None => None,
        };
        if let Some(room) = from {
            let message = message.filter(|_| !self.silenced_in(id, room)).cloned();
            if let Some(member) = self.members.get_mut(&id) {
                member.rooms.retain(|&other| other != room);
            }
            let Some(left) = self.event_room(room) else { return Ok(()) };
            let person = self.members.get(&id).map(|member| member.person.clone());
            self.remove_from_room(id, room, person.as_ref());
            self.happened(id, EventKind::Parted { room: left, message }, outcomes);
        }
        if let Some((name, there)) = to {
            self.join(id, name, there, false, outcomes);
        }
        Ok(())
    }

    /// Lets a member enter a room, which it [may enter](Self::may_enter): the one that is there, or else one that begins now.
    pub(super) fn join(
        &mut self,
        id: MemberId,
        name: &RoomName,
        there: Option<RoomId>,
        is_first: bool,
        outcomes: &mut Vec<Outcome>,
    ) {
        let stamp = self.stamp();
        let Some(person) = self.members.get(&id).map(|member| member.person.clone()) else { return };
        let (room_id, runs) = match there {
            Some(room_id) => (room_id, self.reenter(room_id, &person)),
            // The member that creates a room is its operator.
            None => {
                self.make_room(person.profile.host(), outcomes);
                (self.begin_room(name, Some(person.profile.host().into())), true)
            }
        };
        let mut statuses = Statuses::default();
        statuses.set(Status::Operator, runs);
        let (Some(member), Some(room)) = (self.members.get_mut(&id), self.rooms.get_mut(&room_id)) else {
            return;
        };
        member.take_invitation(room_id);
        member.rooms.push(room_id);
        room.members.insert(id, statuses);
        let away = member.away().cloned();
        let away = away.map(|text| public_away(text, is_silenced(room_id, room, Some(statuses), member)));
        let has_others = room.members.len() > 1;
        let room = EventRoom { id: room_id, name: room.name.clone() };
        let event = member.event(id, stamp, EventKind::Joined { room: room.clone(), away, is_first });
        outcomes.push(Outcome::Happened(Arc::new(event)));
        if runs && has_others {
            let (name, status) = (person.name, Status::Operator);
            let changes = Vec::from([ModeChange::Status { name, status, on: true }]);
            self.happened(id, EventKind::ModesSet { room, changes }, outcomes);
        }
    }

    /// Checks that a member may enter the room `name`, if it leaves the room `from` at the same time. Returns the room; `None` if
    /// there is none, and it would begin.
    pub(super) fn may_enter(
        &self,
        id: MemberId,
        member: &Member,
        from: Option<RoomId>,
        name: &RoomName,
        (key, checks_key): (Option<&Key>, bool),
    ) -> Result<Option<RoomId>, Refusal> {
        let there = self.room_named(name).and_then(|id| Some((id, self.rooms.get(&id)?)));
        if let Some((_, room)) = there.filter(|(room, _)| member.rooms.contains(room)) {
            return Err(Refusal::AlreadyIn(room.name.clone()));
        }
        if checks_key && key.is_some() && there.is_none_or(|(_, room)| room.modes.key().is_none()) {
            // With the name as the member wrote it: the spelling of an existing room would reveal that a secret room
            // exists.
            return Err(Refusal::NoKey(name.clone()));
        }
        if there.is_none() {
            self.may_begin_room(id, member, from)?;
        }
        if member.rooms.len() - usize::from(from.is_some()) >= self.limits.rooms_per_member_max as usize {
            return Err(Refusal::TooManyRooms);
        }
        let Some((room_id, room)) = there else { return Ok(None) };
        if room.modes.bans(&member.person) {
            return Err(Refusal::Banned(room.name.clone()));
        }
        if member.invitations().contains(&room_id) {
            return Ok(Some(room_id));
        }
        if room.modes.key().is_some_and(|needed| key != Some(needed)) {
            return Err(Refusal::BadKey(room.name.clone()));
        }
        if room.modes.has(Flag::InviteOnly) && !room.modes.invites(&member.person) {
            return Err(Refusal::InviteOnly(room.name.clone()));
        }
        if room.modes.limit().is_some_and(|limit| room.members.len() >= limit as usize) {
            return Err(Refusal::RoomFull(room.name.clone()));
        }
        Ok(Some(room_id))
    }

    /// Checks that one more room may begin with a member, if it leaves the room `from` at the same time.
    fn may_begin_room(&self, id: MemberId, member: &Member, from: Option<RoomId>) -> Result<(), Refusal> {
        // Kept rooms end when another one begins, and the room that the member leaves empty is one of them.
        let emptied = from.filter(|&room| self.is_emptied_without(room, id));
        if self.rooms_shown() - usize::from(emptied.is_some()) >= self.limits.rooms_max as usize {
            return Err(Refusal::RoomsFull);
        }
        let host = member.person.profile.host();
        let is_own = emptied.and_then(|room| self.rooms.get(&room)?.begun_by.as_deref()) == Some(host);
        let begun = self.rooms_begun.get(host).map_or(0, |it| it.count - it.kept.len() - usize::from(is_own));
        if begun >= planted::rooms_per_host(self.limits.rooms_per_host_max) as usize {
            return Err(Refusal::TooManyRoomsBegun(self.limits.rooms_per_host_max));
        }
        Ok(())
    }

    pub(super) fn kick(
        &mut self,
        id: MemberId,
        room_name: &RoomName,
        name: &Name,
        message: Option<&Text>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let room_id = self.known_room(id, room_name)?;
        self.check_room_operator(id, room_id)?;
        let target = self.member_named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        let Some(member) = self.members.get_mut(&target) else { return Ok(()) };
        let Some(room) = self.rooms.get(&room_id) else { return Ok(()) };
        if !room.members.contains_key(&target) {
            let name = member.person.name.clone();
            return Err(Refusal::NotThere { name, room: room.name.clone() });
        }
        member.rooms.retain(|&other| other != room_id);
        let name = member.person.name.clone();
        let room = EventRoom { id: room_id, name: room.name.clone() };
        self.remove_from_room(target, room_id, None);
        self.happened(id, EventKind::Kicked { target, name, room, message: message.cloned() }, outcomes);
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        id: MemberId,
        name: &RoomName,
        status: Option<Status>,
        message: &Message,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let (stamp, is_remembering) = (self.stamp(), self.limits.history_keep_ms > 0);
        if let Some((room_id, room, member)) = self.speaker(id, name, message.kind)? {
            let is_remembered = is_remembering && status.is_none() && message.kind.is_for_people();
            let (readers, stamp) =
                if is_remembered { (room.readers(), room.remember(stamp)) } else { (Readers::Nobody, stamp) };
            let room = EventRoom { id: room_id, name: room.name.clone() };
            let kind = EventKind::Said { room, status, message: message.clone() };
            let event = Event { readers, ..member.event(id, stamp, kind) };
            outcomes.push(Outcome::Happened(Arc::new(event)));
        }
        Ok(())
    }

    /// Checks that a member may send a message of this kind to a room. Returns the room; `None` if there is no such member.
    ///
    /// # Errors
    /// Returns the reason if it may not.
    pub(crate) fn may_say(
        &mut self,
        id: MemberId,
        name: &RoomName,
        kind: MessageKind,
    ) -> Result<Option<RoomId>, Refusal> {
        Ok(self.speaker(id, name, kind)?.map(|(room, ..)| room))
    }

    /// Returns a room, and the member, which may send a message of this kind to it. This runs for each line, and looks up each of
    /// the two once. `None` if there is no such member.
    fn speaker(
        &mut self,
        id: MemberId,
        name: &RoomName,
        kind: MessageKind,
    ) -> Result<Option<(RoomId, &mut Room, &Member)>, Refusal> {
        let Some(member) = self.members.get_mut(&id) else { return Ok(None) };
        let there = self.room_names.get(name.key()).and_then(|id| Some((*id, self.rooms.get_mut(id)?)));
        let Some((room_id, room)) = there else { return Err(Refusal::NoSuchRoom(name.clone())) };
        let statuses = room.statuses(id);
        let is_hidden = room.modes.has(Flag::Secret) && !member.modes.has(UserModes::OPERATOR);
        if statuses.is_none() && (is_hidden || room.is_kept()) {
            return Err(Refusal::NoSuchRoom(name.clone()));
        }
        if statuses.is_none() && room.modes.has(Flag::NoOutside) {
            return Err(Refusal::NotIn(room.name.clone()));
        }
        if is_silenced(room_id, room, statuses, member) {
            return Err(Refusal::Silenced(room.name.clone()));
        }
        if matches!(kind, MessageKind::Ctcp | MessageKind::CtcpReply) && room.modes.has(Flag::NoCtcp) {
            return Err(Refusal::NoCtcp(room.name.clone()));
        }
        Ok(Some((room_id, room, member)))
    }

    pub(super) fn set_topic(
        &mut self,
        id: MemberId,
        room_name: &RoomName,
        topic: Option<&Text>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let room_id = self.room_of(id, room_name)?;
        let by_operator = self.check_room_operator(id, room_id);
        if self.rooms.get(&room_id).is_some_and(|room| room.modes.has(Flag::TopicLocked)) {
            by_operator?;
        } else if by_operator.is_err() {
            // Otherwise a silenced member could speak by setting the topic.
            self.may_say(id, room_name, MessageKind::Text)?;
        }
        let bytes_max = self.limits.topic_bytes_max;
        if topic.is_some_and(|topic| topic.as_str().len() > bytes_max as usize) {
            return Err(Refusal::TopicTooLong(bytes_max));
        }
        if let (Some(room), Some(member)) = (self.rooms.get_mut(&room_id), self.members.get(&id)) {
            let (by, at_unix_ms) = (member.person.name.clone(), self.at_unix_ms);
            room.topic = topic.map(|text| Topic { text: text.clone(), by, at_unix_ms });
        }
        if let Some(room) = self.event_room(room_id) {
            self.happened(id, EventKind::TopicSet { room, topic: topic.cloned() }, outcomes);
        }
        Ok(())
    }

    /// Changes the modes of a room. Each change is accepted or refused by itself.
    pub(super) fn set_modes(
        &mut self,
        entry: &LogEntry,
        id: MemberId,
        room_name: &RoomName,
        changes: &[ModeChange],
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let room_id = self.known_room(id, room_name)?;
        self.check_room_operator(id, room_id)?;
        let mut made = Vec::new();
        let mut is_refused = false;
        for change in changes {
            match self.set_mode(id, room_id, change) {
                Ok(Some(change)) => made.push(change),
                Ok(None) => {}
                Err(refusal) => {
                    is_refused = true;
                    let command = Box::new(entry.command.clone());
                    outcomes.push(Outcome::Refused { member: id, refusal, command });
                }
            }
        }
        let Some(room) = self.event_room(room_id) else { return Ok(()) };
        if !made.is_empty() {
            self.happened(id, EventKind::ModesSet { room, changes: made }, outcomes);
            // An operator of the server may change the modes of a kept room.
            if self.rooms.get(&room_id).is_some_and(|room| room.is_kept() && !room.modes.is_open()) {
                self.end_kept_room(room_id, outcomes);
            }
        } else if !is_refused {
            outcomes.push(Outcome::ModesUnchanged { room: room.name, changes: changes.to_vec() });
        }
        Ok(())
    }

    /// Makes one change. Returns it as members read it; `None` if it makes no difference.
    fn set_mode(
        &mut self,
        id: MemberId,
        room_id: RoomId,
        change: &ModeChange,
    ) -> Result<Option<ModeChange>, Refusal> {
        let masks_max = self.limits.masks_max;
        let by = self.members.get(&id).map(|member| member.person.name.clone());
        let target = match change {
            ModeChange::Status { name, .. } => {
                Some(self.member_named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?)
            }
            _ => None,
        };
        let spelled = target.and_then(|id| self.members.get(&id)).map(|member| member.person.name.clone());
        let Some(room) = self.rooms.get_mut(&room_id) else { return Ok(None) };
        let (has_changed, made) = match change {
            ModeChange::Flag { flag, on } => {
                let has_changed = room.modes.set_flag(*flag, *on);
                if has_changed && *flag == Flag::Secret {
                    self.secret_rooms = if *on { self.secret_rooms + 1 } else { self.secret_rooms - 1 };
                }
                (has_changed, change.clone())
            }
            ModeChange::Key(key) => (room.modes.set_key(key.clone()), change.clone()),
            ModeChange::Limit(limit) => (room.modes.set_limit(*limit), change.clone()),
            ModeChange::Mask { list, mask, on: false } => match room.modes.remove_mask(*list, mask) {
                // The mask as it was set, not as it was given: clients compare it with their lists.
                Some(mask) => (true, ModeChange::Mask { list: *list, mask, on: false }),
                None => (false, change.clone()),
            },
            ModeChange::Mask { list, mask, on: true } => {
                if room.modes.masks() >= masks_max as usize && !room.modes.has_mask(*list, mask) {
                    let (room, mask) = (room.name.clone(), mask.clone());
                    return Err(Refusal::ListFull { room, list: *list, mask });
                }
                let Some(by) = by else { return Ok(None) };
                let entry = MaskEntry { mask: mask.clone(), by, at_unix_ms: self.at_unix_ms };
                (room.modes.add_mask(*list, entry), change.clone())
            }
            ModeChange::Status { name, status, on } => {
                let name = spelled.unwrap_or_else(|| name.clone());
                let Some(statuses) = target.and_then(|id| room.members.get_mut(&id)) else {
                    return Err(Refusal::NotThere { name, room: room.name.clone() });
                };
                let before = statuses.has(*status);
                statuses.set(*status, *on);
                (before != *on, ModeChange::Status { name, status: *status, on: *on })
            }
        };
        Ok(has_changed.then_some(made))
    }

    /// Returns the room with a name, if the member is in it.
    pub(super) fn room_of(&self, member: MemberId, name: &RoomName) -> Result<RoomId, Refusal> {
        let id = self.known_room(member, name)?;
        let is_there = self.rooms.get(&id).is_some_and(|room| room.members.contains_key(&member));
        if is_there { Ok(id) } else { Err(Refusal::NotIn(name.clone())) }
    }

    /// Returns the room with a name, if the member may know that it exists: it has members and is not secret, or the member is in
    /// it or is an operator of the server.
    fn known_room(&self, member: MemberId, name: &RoomName) -> Result<RoomId, Refusal> {
        let knows = |id: &RoomId| {
            self.rooms.get(id).is_some_and(|room| room.is_visible_to(Some(member)))
                || self.check_server_operator(member).is_ok()
        };
        self.room_named(name).filter(knows).ok_or_else(|| Refusal::NoSuchRoom(name.clone()))
    }

    /// Checks that a member is an operator of the room or of the server.
    pub(super) fn check_room_operator(&self, id: MemberId, room: RoomId) -> Result<(), Refusal> {
        let Some(room) = self.rooms.get(&room) else { return Ok(()) };
        let is_server_operator = |member: &Member| member.modes.has(UserModes::OPERATOR);
        if self.member(id).is_some_and(is_server_operator) {
            return Ok(());
        }
        match room.members.get(&id) {
            None => Err(Refusal::NotIn(room.name.clone())),
            Some(statuses) if statuses.has(Status::Operator) => Ok(()),
            Some(_) => Err(Refusal::NotRoomOperator(room.name.clone())),
        }
    }

    /// Begins a room with the entry that is being applied.
    pub(super) fn begin_room(&mut self, name: &RoomName, by: Option<Arc<str>>) -> RoomId {
        let id = RoomId(self.position);
        if let Some(host) = &by {
            self.rooms_begun.entry(Arc::clone(host)).or_default().count += 1;
        }
        self.rooms.insert(id, Box::new(Room::new(name.clone(), self.at_unix_ms, by)));
        self.room_names.insert(name.shared_key(), id);
        id
    }

    /// Returns whether the room ends or is kept when the member leaves it, because no other is in it. The lobby always stays.
    fn is_emptied_without(&self, id: RoomId, member: MemberId) -> bool {
        self.rooms.get(&id).is_some_and(|room| {
            room.members.len() == 1 && room.members.contains_key(&member) && room.name != RoomName::lobby()
        })
    }
}
