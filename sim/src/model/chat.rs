//! Members and rooms: the members of each room, its modes, and the checks of commands.

use super::ask::Ask;
use super::history::Heard;
use super::kept::Gone;
use super::lives::Lived;
use super::mask;
use parlor_protocol::plain::{Mistake, Note};
use parlor_protocol::{
    Command, ConnId, Event, EventRoom, Flag, Key, LogEntry, Mask, MaskList, MemberId, MessageKind,
    ModeChange, Name, NodeId, Person, Refusal, RoomId, RoomName, Seq, ServerBan, Status, Text, Topic,
    UserModes, WorldLimits,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The members of the server, and its rooms.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) people: BTreeMap<MemberId, Member>,
    /// The rooms, in the order in which they were created.
    pub(super) rooms: Vec<Room>,
    /// Former names of members that left or were renamed, each with the time in Unix milliseconds. The latest is last.
    pub(super) departed: Vec<(Person, u64)>,
    /// The bans from the server, the latest last.
    pub(super) bans: Vec<ServerBan>,
    /// The revision of the limits; 0 before the first.
    pub(super) revision: u64,
    pub(super) limits: WorldLimits,
    /// The position of the last entry.
    pub(super) position: Seq,
    /// The time of the log.
    pub(super) at_unix_ms: u64,
    pub(super) lives: BTreeMap<NodeId, Lived>,
    pub(super) began_unix_ms: u64,
    /// Whether a store keeps the histories, so that none of them is too long.
    pub(super) keeps_everything: bool,
    /// The maximum number of members so far.
    pub(super) members_max: usize,
    /// The events of the entry that is being applied.
    pub(super) happened: RefCell<Vec<Event>>,
}

#[derive(Debug)]
pub(super) struct Member {
    /// Its connection; [`ELSEWHERE`](super::lives::ELSEWHERE) if it has none here.
    pub(super) conn: ConnId,
    /// The node that its connection is of.
    pub(super) node: NodeId,
    pub(super) person: Person,
    /// The rooms of the member, in the order in which it entered them. A plain member is in one room at most.
    pub(super) rooms: Vec<RoomName>,
    /// The invitations to rooms. A room is given by the position of the entry that created it, and the latest
    /// invitation is last.
    pub(super) invitations: Vec<u64>,
    /// The recipient of `/reply`, and whether that member has sent this one a message. If not, the recipient is the
    /// member that this one wrote to.
    pub(super) answers: Option<(MemberId, bool)>,
    pub(super) away: Option<Text>,
    pub(super) modes: UserModes,
    pub(super) entered_unix_ms: u64,
    pub(super) spoke_unix_ms: u64,
}

#[derive(Debug)]
pub(super) struct Room {
    /// The position of the entry that created the room. A room that is created again has another one.
    pub(super) began: u64,
    pub(super) began_unix_ms: u64,
    /// The host of the member that began it, at that time.
    pub(super) begun_by: Option<String>,
    /// The time since which it has no members and is kept.
    pub(super) empty_since: Option<u64>,
    /// The operators that have left it lately, the latest last.
    pub(super) gone: Vec<Gone>,
    pub(super) name: RoomName,
    pub(super) topic: Option<Topic>,
    pub(super) history: Vec<Heard>,
    /// The time of the last message that was kept.
    pub(super) last_kept_unix_ms: Option<u64>,
    /// The members of the room, in the order in which they entered the server.
    pub(super) members: Vec<RoomMember>,
    pub(super) flags: BTreeSet<Flag>,
    pub(super) key: Option<Key>,
    pub(super) limit: Option<u32>,
    /// The entries of all lists in the order in which they were added: the list, the mask, the name of the member that
    /// added it, and the time in Unix milliseconds.
    pub(super) masks: Vec<(MaskList, Mask, Name, u64)>,
}

/// A member of a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoomMember {
    pub(super) member: MemberId,
    pub(super) conn: ConnId,
    pub(super) operates: bool,
    pub(super) has_voice: bool,
}

impl RoomMember {
    /// Returns the prefix of its name: that of every status it has, or only of the highest.
    pub(super) const fn prefix(&self, all: bool) -> &'static str {
        match (self.operates, self.has_voice) {
            (true, true) if all => "@+",
            (true, _) => "@",
            (_, true) => "+",
            _ => "",
        }
    }

    /// Whether it reads messages to the holders of this status.
    pub(super) const fn reaches(&self, status: Status) -> bool {
        match status {
            Status::Operator => self.operates,
            Status::Voice => self.operates || self.has_voice,
        }
    }
}

impl Room {
    pub(super) fn new(name: RoomName, entry: &LogEntry, begun_by: Option<String>) -> Self {
        Self {
            begun_by,
            empty_since: None,
            gone: Vec::new(),
            began: entry.seq.0,
            began_unix_ms: entry.at_unix_ms,
            name,
            topic: None,
            history: Vec::new(),
            last_kept_unix_ms: None,
            members: Vec::new(),
            flags: BTreeSet::from([Flag::NoOutside]),
            key: None,
            limit: None,
            masks: Vec::new(),
        }
    }

    pub(super) fn member(&self, member: MemberId) -> Option<&RoomMember> {
        self.members.iter().find(|it| it.member == member)
    }

    /// Whether the room may be shown to this member. `None` stands for a client that is not a member yet.
    pub(super) fn is_visible_to(&self, member: Option<MemberId>) -> bool {
        !self.is_kept() && !self.flags.contains(&Flag::Secret)
            || member.is_some_and(|member| self.member(member).is_some())
    }

    pub(super) fn listed(&self, list: MaskList) -> impl Iterator<Item = &(MaskList, Mask, Name, u64)> {
        self.masks.iter().filter(move |entry| entry.0 == list)
    }

    fn bans(&self, person: &Person) -> bool {
        let about =
            |list| self.listed(list).any(|(_, mask, ..)| !mask.mutes() && mask::is_about(mask, person));
        about(MaskList::Bans) && !about(MaskList::BanExceptions)
    }
}

impl Chat {
    pub(super) fn configure(&mut self, revision: u64, limits: WorldLimits, entry: &LogEntry) {
        if revision <= self.revision {
            return;
        }
        (self.revision, self.limits) = (revision, limits);
        if self.room(&RoomName::lobby()).is_none() {
            self.began_unix_ms = entry.at_unix_ms;
            self.rooms.push(Room::new(RoomName::lobby(), entry, None));
        }
    }

    /// Returns the answer to a plain member's request. `here` is the room of the asker.
    pub(super) fn reply<'a>(
        &'a self,
        ask: &'a Ask,
        asker: MemberId,
        here: Option<&'a RoomName>,
        (line_bytes_max, unix_ms): (usize, u64),
    ) -> Result<Note<'a>, Mistake> {
        let shown = || self.rooms.iter().filter(|room| room.is_visible_to(Some(asker)));
        let existing = |name: Option<&RoomName>| {
            let name = name.ok_or(Mistake::NotInRoom)?;
            shown().find(|room| room.name == *name).ok_or_else(|| Mistake::NoSuchRoom(name.clone()))
        };
        Ok(match ask {
            Ask::Bans => {
                let room = existing(here)?;
                let masks: Vec<_> = room.listed(MaskList::Bans).map(|(_, mask, ..)| mask).collect();
                Note::Bans { room: &room.name, total: masks.len(), masks }
            }
            Ask::Modes => {
                let room = existing(here)?;
                let flags = Flag::ALL.into_iter().filter(|flag| room.flags.contains(flag));
                let mut changes: Vec<_> = flags.map(|flag| ModeChange::Flag { flag, on: true }).collect();
                changes.extend(room.key.clone().map(|key| ModeChange::Key(Some(key))));
                changes.extend(room.limit.map(|limit| ModeChange::Limit(Some(limit))));
                Note::ModesAre { room: &room.name, changes }
            }
            Ask::Help(on) => Note::Help(*on),
            Ask::Language(_) => Note::LanguageIs,
            Ask::NotSaid => Note::NotSaid,
            Ask::LineCut(dropped) => Note::LineCut { dropped: *dropped, line_bytes_max },
            Ask::NotUtf8 { converted } => Note::NotUtf8 { converted: *converted },
            Ask::Mistaken(mistake) => Note::Mistaken(mistake),
            Ask::Rooms => {
                let rooms = shown().map(|room| (&room.name, room.members.len()));
                Note::Rooms { total: shown().count(), rooms: rooms.collect() }
            }
            Ask::ServerBans if !self.people[&asker].modes.has(UserModes::OPERATOR) => {
                Note::Refused(&Refusal::NotServerOperator)
            }
            Ask::ServerBans => {
                let bans: Vec<_> = self.bans_at(unix_ms).collect();
                Note::ServerBans { total: bans.len(), bans }
            }
            Ask::TopicShow => {
                let room = existing(here)?;
                Note::TopicIs { room: &room.name, topic: room.topic.as_ref() }
            }
            Ask::Who(asked) => {
                let room = existing(asked.as_ref().or(here))?;
                let is_in = room.member(asker).is_some();
                let people = room.members.iter().map(|here| (here.prefix(false), &self.people[&here.member]));
                let seen = people.filter(|(_, it)| is_in || !it.modes.has(UserModes::INVISIBLE));
                let names: Vec<_> = seen.map(|(prefix, it)| (prefix, &it.person.name)).collect();
                Note::Who { room: &room.name, total: names.len(), names }
            }
            ask => unreachable!("{ask:?} is a command"),
        })
    }

    /// The number of masks that somebody who wants to enter a room is compared with, or to change a name in its rooms.
    pub(super) fn masks_compared(&self, command: &Command) -> usize {
        let masks = |name: &RoomName| self.room(name).map_or(0, |room| room.masks.len());
        match command {
            Command::Move { to: Some(name), .. } => masks(name),
            Command::Rename { member, .. } => {
                self.people.get(member).map_or(0, |person| person.rooms.iter().map(masks).sum())
            }
            _ => 0,
        }
    }

    /// Returns a room as events name it.
    pub(super) fn event_room(&self, name: &RoomName) -> EventRoom {
        let room = self.room(name).expect("events are about rooms that exist");
        EventRoom { id: RoomId(Seq(room.began)), name: room.name.clone() }
    }

    pub(super) fn room(&self, name: &RoomName) -> Option<&Room> {
        self.rooms.iter().find(|room| room.name == *name)
    }

    pub(super) fn room_mut(&mut self, name: &RoomName) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.name == *name)
    }

    pub(super) fn person(&mut self, member: MemberId) -> &mut Member {
        self.people.get_mut(&member).expect("it is a member")
    }

    pub(super) fn named(&self, name: &Name) -> Option<MemberId> {
        self.people.iter().find(|(_, it)| it.person.name == *name).map(|(&member, _)| member)
    }

    pub(super) fn are_together(&self, one: MemberId, other: MemberId) -> bool {
        self.rooms.iter().any(|room| room.member(one).is_some() && room.member(other).is_some())
    }

    /// Returns the name of a member that has not chosen one: its port with the first of 16 numbers whose name is free,
    /// or otherwise with the position of its `Enter` in the log.
    pub(super) fn given_name(&self, port: u16, member: MemberId) -> Name {
        let numbers = (1..=16).chain([member.0.0]);
        let mut names = numbers.map(|nth| Name::for_port(port, nth));
        names.find(|name| self.named(name).is_none()).expect("nobody else has this position")
    }

    /// Returns the room of that name, if the member may know of it.
    pub(super) fn known(&self, member: MemberId, name: &RoomName) -> Result<&Room, Refusal> {
        let operates = self.people[&member].modes.has(UserModes::OPERATOR);
        let room = self.room(name).filter(|room| operates || room.is_visible_to(Some(member)));
        room.ok_or_else(|| Refusal::NoSuchRoom(name.clone()))
    }

    /// Returns the room of that name, if the member is in it.
    pub(super) fn room_of(&self, member: MemberId, name: &RoomName) -> Result<&Room, Refusal> {
        let room = self.known(member, name)?;
        room.member(member).map(|_| room).ok_or_else(|| Refusal::NotIn(name.clone()))
    }

    /// Checks whether the member may move from `from` to `to`. `key` is the key, and whether it is an error to give
    /// one for a room that has none.
    pub(super) fn check_move(
        &self,
        id: MemberId,
        from: Option<&RoomName>,
        to: Option<&RoomName>,
        key: (Option<&Key>, bool),
    ) -> Result<(), Refusal> {
        let left = from.map(|from| self.room_of(id, from)).transpose()?;
        let Some(to) = to else { return Ok(()) };
        let person = &self.people[&id];
        let there = self.room(to);
        if let Some(there) = there.filter(|room| room.member(id).is_some()) {
            return Err(Refusal::AlreadyIn(there.name.clone()));
        }
        // A plain user may type a name of two words. The second word is then not silently taken for a key.
        let (key, checks_key) = key;
        if checks_key && key.is_some() && there.is_none_or(|room| room.key.is_none()) {
            return Err(Refusal::NoKey(to.clone()));
        }
        // Rooms that are empty, or are empty then, make way for another one.
        let ends = left.is_some_and(|room| room.name != RoomName::lobby() && room.members.len() == 1);
        let taken = self.rooms.iter().filter(|room| !room.is_kept()).count() - usize::from(ends);
        if there.is_none() && taken >= self.limits.rooms_max as usize {
            return Err(Refusal::RoomsFull);
        }
        let is_own = |room: &&Room| room.begun_by.as_deref() == Some(person.person.profile.host());
        let begun = self.rooms.iter().filter(|room| is_own(room) && !room.is_kept()).count();
        let ends_own = usize::from(ends && left.as_ref().is_some_and(is_own));
        let begun_max = self.limits.rooms_per_host_max;
        if there.is_none() && begun - ends_own >= begun_max as usize {
            return Err(Refusal::TooManyRoomsBegun(begun_max));
        }
        if person.rooms.len() - usize::from(left.is_some()) >= self.limits.rooms_per_member_max as usize {
            return Err(Refusal::TooManyRooms);
        }
        let Some(there) = there else { return Ok(()) };
        let name = || there.name.clone();
        let lets_in = |mask: &Mask| !mask.mutes() && mask::is_about(mask, &person.person);
        let is_excepted = || there.listed(MaskList::InviteExceptions).any(|(_, mask, ..)| lets_in(mask));
        if there.bans(&person.person) {
            Err(Refusal::Banned(name()))
        } else if person.invitations.contains(&there.began) {
            Ok(())
        } else if there.key.is_some() && there.key.as_ref() != key {
            Err(Refusal::BadKey(name()))
        } else if there.flags.contains(&Flag::InviteOnly) && !is_excepted() {
            Err(Refusal::InviteOnly(name()))
        } else if there.limit.is_some_and(|limit| there.members.len() >= limit as usize) {
            Err(Refusal::RoomFull(name()))
        } else {
            Ok(())
        }
    }

    pub(super) fn check_speech(
        &self,
        id: MemberId,
        name: &RoomName,
        kind: MessageKind,
    ) -> Result<RoomName, Refusal> {
        let room = self.known(id, name)?;
        if room.is_kept() {
            return Err(Refusal::NoSuchRoom(name.clone()));
        }
        let here = room.member(id);
        if here.is_none() && room.flags.contains(&Flag::NoOutside) {
            return Err(Refusal::NotIn(room.name.clone()));
        }
        if self.silences(room, id) {
            return Err(Refusal::Silenced(room.name.clone()));
        }
        let is_ctcp = matches!(kind, MessageKind::Ctcp | MessageKind::CtcpReply);
        if is_ctcp && room.flags.contains(&Flag::NoCtcp) {
            return Err(Refusal::NoCtcp(room.name.clone()));
        }
        Ok(room.name.clone())
    }

    /// Checks whether the member may change the modes of the room.
    pub(super) fn check_rule(&self, id: MemberId, room: &Room) -> Result<(), Refusal> {
        match room.member(id) {
            _ if self.people[&id].modes.has(UserModes::OPERATOR) => Ok(()),
            None => Err(Refusal::NotIn(room.name.clone())),
            Some(here) if here.operates => Ok(()),
            Some(_) => Err(Refusal::NotRoomOperator(room.name.clone())),
        }
    }

    pub(super) fn check_topic(
        &self,
        id: MemberId,
        room: &RoomName,
        topic: Option<&Text>,
    ) -> Result<RoomName, Refusal> {
        let room = self.room_of(id, room)?;
        let runs = self.check_rule(id, room);
        if room.flags.contains(&Flag::TopicLocked) {
            runs?;
        } else if runs.is_err() {
            self.check_speech(id, &room.name, MessageKind::Text)?;
        }
        let bytes_max = self.limits.topic_bytes_max;
        if topic.is_some_and(|topic| topic.as_str().len() > bytes_max as usize) {
            return Err(Refusal::TopicTooLong(bytes_max));
        }
        Ok(room.name.clone())
    }

    /// Checks whether the member may kick `name` from the room. Returns the room's name and the target.
    pub(super) fn check_kick(
        &self,
        id: MemberId,
        room: &RoomName,
        name: &Name,
    ) -> Result<(RoomName, MemberId), Refusal> {
        let room = self.known(id, room)?;
        self.check_rule(id, room)?;
        let target = self.named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        if room.member(target).is_none() {
            let name = self.people[&target].person.name.clone();
            return Err(Refusal::NotThere { name, room: room.name.clone() });
        }
        Ok((room.name.clone(), target))
    }

    /// Checks whether the member may invite `name` to the room. Returns the room's name and the target.
    pub(super) fn check_invitation(
        &self,
        id: MemberId,
        room: &RoomName,
        name: &Name,
    ) -> Result<(RoomName, MemberId), Refusal> {
        let target = self.named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        let room = self.room_of(id, room)?;
        if room.member(target).is_some() {
            let name = self.people[&target].person.name.clone();
            return Err(Refusal::AlreadyThere { name, room: room.name.clone() });
        }
        if room.flags.contains(&Flag::InviteOnly) {
            self.check_rule(id, room)?;
        }
        Ok((room.name.clone(), target))
    }

    pub(super) fn invite(&mut self, target: MemberId, room: &RoomName) {
        let (began, most) = (self.room(room).map_or(0, |room| room.began), self.limits.invitations_max);
        let invitations = &mut self.person(target).invitations;
        invitations.retain(|other| *other != began);
        invitations.push(began);
        let over = invitations.len().saturating_sub(most as usize);
        invitations.drain(..over);
    }

    /// Makes one change of modes, and returns it as others read it. Returns `None` if it changes nothing.
    pub(super) fn change_mode(
        &mut self,
        entry: &LogEntry,
        by: &Name,
        room: &RoomName,
        change: &ModeChange,
    ) -> Result<Option<ModeChange>, Refusal> {
        let target = match change {
            ModeChange::Status { name, .. } => {
                Some(self.named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?)
            }
            _ => None,
        };
        let shown = target.map(|target| self.people[&target].person.name.clone());
        let masks_max = self.limits.masks_max as usize;
        let Some(room) = self.room_mut(room) else { return Ok(None) };
        let mut told = change.clone();
        let changed = match change {
            ModeChange::Flag { flag, on: true } => room.flags.insert(*flag),
            ModeChange::Flag { flag, on: false } => room.flags.remove(flag),
            ModeChange::Key(key) => std::mem::replace(&mut room.key, key.clone()) != *key,
            ModeChange::Limit(limit) => std::mem::replace(&mut room.limit, *limit) != *limit,
            ModeChange::Mask { list, mask, on } => {
                let is_it =
                    |entry: &(MaskList, Mask, Name, u64)| entry.0 == *list && mask::are_one(&entry.1, mask);
                match (on, room.masks.iter().position(is_it)) {
                    (false, Some(place)) => {
                        // Others read the mask in the spelling in which it was added.
                        let (_, mask, ..) = room.masks.remove(place);
                        told = ModeChange::Mask { list: *list, mask, on: false };
                        true
                    }
                    (true, None) if room.masks.len() >= masks_max => {
                        let (room, mask) = (room.name.clone(), mask.clone());
                        return Err(Refusal::ListFull { room, list: *list, mask });
                    }
                    (true, None) => {
                        room.masks.push((*list, mask.clone(), by.clone(), entry.at_unix_ms));
                        true
                    }
                    _ => false,
                }
            }
            ModeChange::Status { status, on, .. } => {
                let name = shown.expect("a status is somebody's");
                let place = room.members.iter().position(|here| Some(here.member) == target);
                let Some(here) = place.map(|place| &mut room.members[place]) else {
                    return Err(Refusal::NotThere { name, room: room.name.clone() });
                };
                let has = match status {
                    Status::Operator => &mut here.operates,
                    Status::Voice => &mut here.has_voice,
                };
                told = ModeChange::Status { name, status: *status, on: *on };
                std::mem::replace(has, *on) != *on
            }
        };
        Ok(changed.then_some(told))
    }

    pub(super) fn depart(&mut self, entry: &LogEntry, person: Person, departed_max: usize) {
        self.departed.push((person, entry.at_unix_ms));
        let over = self.departed.len().saturating_sub(departed_max);
        self.departed.drain(..over);
    }
}
