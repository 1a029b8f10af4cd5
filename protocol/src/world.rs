//! The shared state: who is a member, in which rooms, under which name.

mod check;
mod room;
#[cfg(test)]
mod tests;

use crate::command::{CloseReason, Command, LogEntry, Manner, Wish};
use crate::digest::Digest;
use crate::id::{MemberId, RoomId, Seq};
use crate::limits::WorldLimits;
use crate::name::{Name, RoomName};
use crate::person::{Person, Profile};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
pub use room::{Heard, Room, Topic};

/// Members of one port that have the first numbers behind it.
const PORT_NUMBERS: u64 = 16;

/// The state that the log's entries make.
///
/// [`apply`](Self::apply) is its only mutator and a total function: every sequence of entries makes a
/// world, the same one each time.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// When its log began: milliseconds since 1970-01-01T00:00:00Z.
    began_unix_ms: u64,
    limits: WorldLimits,
    members: BTreeMap<MemberId, Member>,
    names: BTreeMap<Name, MemberId>,
    position: Seq,
    room_names: BTreeMap<RoomName, RoomId>,
    rooms: BTreeMap<RoomId, Room>,
}

/// A member, as everybody may know it.
#[derive(Clone, Debug)]
pub struct Member {
    person: Person,
    /// In the order in which it entered them.
    rooms: Vec<RoomId>,
}

impl Member {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.person.name
    }

    /// Who it is to others.
    #[must_use]
    pub const fn person(&self) -> &Person {
        &self.person
    }

    /// The rooms it is in, in the order in which it entered them.
    #[must_use]
    pub fn rooms(&self) -> &[RoomId] {
        &self.rooms
    }
}

/// What an entry did, in the order in which it did it. Names that the entry took out of the world are in
/// the effect; everything else is in the world as it is now, and in the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Somebody is a member now; its rooms follow.
    Entered {
        /// Who.
        member: MemberId,
    },
    /// A member is in a room; those who were there before hear of it.
    Joined {
        /// Who.
        member: MemberId,
        /// Where.
        room: RoomId,
    },
    /// A member is gone from the server; each of those in its rooms hears of it once.
    Left {
        /// Who it was.
        member: MemberId,
        /// Who it was to others.
        person: Person,
        /// The rooms it was in.
        rooms: Vec<RoomId>,
        /// Why it left.
        reason: CloseReason,
    },
    /// A member left a room and is still on the server; those who stay hear of it.
    Parted {
        /// Who.
        member: MemberId,
        /// Where it was.
        room: RoomId,
        /// The name of that room, which may have ended.
        name: RoomName,
    },
    /// Nobody is a member who was none, for a reason.
    NotEntered {
        /// Why not.
        refusal: Refusal,
    },
    /// Nothing changed, for a reason.
    Refused {
        /// Who asked.
        member: MemberId,
        /// Why not.
        refusal: Refusal,
    },
    /// A member has another name; it and each of those in its rooms hear of it once.
    Renamed {
        /// Who.
        member: MemberId,
        /// Who it was to others, with the name it had.
        from: Person,
    },
    /// A member spoke; the others in the room hear it.
    Said {
        /// Who.
        member: MemberId,
        /// Where.
        room: RoomId,
    },
    /// A member spoke to another.
    Told {
        /// Who spoke.
        member: MemberId,
        /// Who hears it.
        to: MemberId,
    },
    /// A room's topic was set or cleared; all in the room hear of it.
    TopicSet {
        /// By whom.
        member: MemberId,
        /// Where.
        room: RoomId,
    },
}

/// Why the world did not do what a command asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The member is in that room already.
    AlreadyIn(RoomName),
    /// Somebody else has that name.
    NameTaken(Name),
    /// That is the name it has.
    NameUnchanged,
    /// Nobody has that name.
    NoSuchName(Name),
    /// The member is not in that room.
    NotIn(RoomName),
    /// There are as many rooms as there may be.
    RoomsFull,
    /// A topic has at most this many bytes.
    TopicTooLong(usize),
    /// The member is in as many rooms as one may be in.
    TooManyRooms,
}

impl World {
    /// The world before the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The world that these entries make.
    #[must_use]
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a LogEntry>) -> Self {
        let mut world = Self::new();
        let mut effects = Vec::new();
        for entry in entries {
            world.apply(entry, &mut effects);
            effects.clear();
        }
        world
    }

    /// Applies the next entry and appends what it did to `effects`.
    ///
    /// An entry that was applied before, by its position, does nothing. So does one of a member that is
    /// gone: its connection's last commands may be behind its `Leave`.
    pub fn apply(&mut self, entry: &LogEntry, effects: &mut Vec<Effect>) {
        if entry.seq <= self.position {
            return;
        }
        self.position = entry.seq;
        if let Command::Configure(limits) = entry.command {
            self.configure(entry, limits);
            return;
        }
        if let Command::Enter { ref wish, ref profile, ref room, .. } = entry.command {
            self.enter(entry.seq, wish, profile, room.as_ref(), effects);
            return;
        }
        let Some(member) = entry.command.member().filter(|member| self.members.contains_key(member)) else {
            return;
        };
        let done = match &entry.command {
            Command::Configure(_) | Command::Enter { .. } => Ok(()),
            Command::Leave { reason, .. } => {
                self.leave(member, *reason, effects);
                Ok(())
            }
            Command::Move { from, to, .. } => {
                self.move_between(entry.seq, member, from.as_ref(), to.as_ref(), effects)
            }
            Command::Rename { name, .. } => self.rename(member, name, effects),
            Command::Say { room, manner, text, .. } => self
                .say(entry, member, room, *manner, text)
                .map(|room| effects.push(Effect::Said { member, room })),
            Command::SetTopic { room, topic, .. } => self
                .set_topic(entry, member, room, topic.as_ref())
                .map(|room| effects.push(Effect::TopicSet { member, room })),
            Command::Tell { to, .. } => match self.names.get(to) {
                Some(&to) => {
                    effects.push(Effect::Told { member, to });
                    Ok(())
                }
                None => Err(Refusal::NoSuchName(to.clone())),
            },
        };
        if let Err(refusal) = done {
            effects.push(Effect::Refused { member, refusal });
        }
    }

    /// A hash of the whole state: equal for equal worlds, and for different ones with a chance of one in
    /// 2⁶⁴.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut digest = Digest::new();
        digest.number(self.began_unix_ms);
        digest.number(self.position.0);
        self.limits.digest(&mut digest);
        digest.number(self.members.len() as u64);
        for (id, member) in &self.members {
            digest.number(id.0.0);
            member.person.digest(&mut digest);
            digest.number(member.rooms.len() as u64);
            for room in &member.rooms {
                digest.number(room.0.0);
            }
        }
        for (id, room) in &self.rooms {
            digest.number(id.0.0);
            room.digest(&mut digest);
        }
        digest.finish()
    }

    /// The member of that id.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// Who has this name.
    #[must_use]
    pub fn member_named(&self, name: &Name) -> Option<MemberId> {
        self.names.get(name).copied()
    }

    /// When its log began: milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// Every member, in the order of entrance.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (MemberId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, member))
    }

    /// The position of the last entry applied; 0 for none.
    #[must_use]
    pub const fn position(&self) -> Seq {
        self.position
    }

    /// The room of that id.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(&id)
    }

    /// The room of that name.
    #[must_use]
    pub fn room_named(&self, name: &RoomName) -> Option<RoomId> {
        self.room_names.get(name).copied()
    }

    /// Every room, in the order in which they began.
    pub fn rooms(&self) -> impl ExactSizeIterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(&id, room)| (id, room))
    }

    fn configure(&mut self, entry: &LogEntry, limits: WorldLimits) {
        self.limits = limits;
        let lobby = RoomName::lobby();
        if !self.room_names.contains_key(&lobby) {
            self.began_unix_ms = entry.at_unix_ms;
            self.begin_room(RoomId(entry.seq), &lobby);
        }
        for room in self.rooms.values_mut() {
            room.trim_history(&limits);
        }
    }

    fn enter(
        &mut self,
        seq: Seq,
        wish: &Wish,
        profile: &Profile,
        room: Option<&RoomName>,
        effects: &mut Vec<Effect>,
    ) {
        let member = MemberId(seq);
        let name = match wish {
            Wish::Name(name) => name.clone(),
            Wish::Port(port) => self.name_for_port(*port, seq),
        };
        if let Some((taken, _)) = self.names.get_key_value(&name) {
            effects.push(Effect::NotEntered { refusal: Refusal::NameTaken(taken.clone()) });
            return;
        }
        self.names.insert(name.clone(), member);
        let person = Person { name, profile: profile.clone() };
        self.members.insert(member, Member { person, rooms: Vec::new() });
        effects.push(Effect::Entered { member });
        if room.is_some()
            && let Err(refusal) = self.move_between(seq, member, None, room, effects)
        {
            effects.push(Effect::Refused { member, refusal });
        }
    }

    /// A name that nobody has. Whoever connects chooses the port, and may choose the same thousands of times:
    /// then the position in the log is a number that nobody else has.
    fn name_for_port(&self, port: u16, seq: Seq) -> Name {
        let mut names = (1..=PORT_NUMBERS).map(|nth| Name::for_port(port, nth));
        let free = names.find(|name| self.member_named(name).is_none());
        free.unwrap_or_else(|| Name::for_port(port, seq.0))
    }

    fn leave(&mut self, id: MemberId, reason: CloseReason, effects: &mut Vec<Effect>) {
        let Some(member) = self.members.remove(&id) else { return };
        self.names.remove(&member.person.name);
        for &room in &member.rooms {
            self.remove_from_room(id, room);
        }
        let Member { person, rooms } = member;
        effects.push(Effect::Left { member: id, person, rooms, reason });
    }

    fn move_between(
        &mut self,
        seq: Seq,
        id: MemberId,
        from: Option<&RoomName>,
        to: Option<&RoomName>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let from = from.map(|name| self.room_of(id, name)).transpose()?;
        let Some(member) = self.members.get(&id) else { return Ok(()) };
        if let Some(name) = to {
            let there = self.room_named(name);
            if let Some(room) = there.filter(|room| member.rooms.contains(room)) {
                let name = self.rooms.get(&room).map_or(name, |room| &room.name);
                return Err(Refusal::AlreadyIn(name.clone()));
            }
            let ends = from.is_some_and(|room| self.ends_without(room, id));
            if there.is_none() && self.rooms.len() - usize::from(ends) >= self.limits.rooms_max {
                return Err(Refusal::RoomsFull);
            }
            if member.rooms.len() - usize::from(from.is_some()) >= self.limits.rooms_per_member_max {
                return Err(Refusal::TooManyRooms);
            }
        }
        if let Some(room) = from {
            if let Some(member) = self.members.get_mut(&id) {
                member.rooms.retain(|&other| other != room);
            }
            let Some(name) = self.rooms.get(&room).map(|room| room.name.clone()) else { return Ok(()) };
            self.remove_from_room(id, room);
            effects.push(Effect::Parted { member: id, room, name });
        }
        if let Some(name) = to {
            let room = self.room_named(name).unwrap_or_else(|| self.begin_room(RoomId(seq), name));
            if let (Some(member), Some(there)) = (self.members.get_mut(&id), self.rooms.get_mut(&room)) {
                member.rooms.push(room);
                there.members.insert(id);
            }
            effects.push(Effect::Joined { member: id, room });
        }
        Ok(())
    }

    fn rename(&mut self, id: MemberId, name: &Name, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let Some(member) = self.members.get_mut(&id) else { return Ok(()) };
        match self.names.get_key_value(name) {
            Some((taken, &owner)) if owner != id => return Err(Refusal::NameTaken(taken.clone())),
            Some(_) if member.person.name.as_str() == name.as_str() => return Err(Refusal::NameUnchanged),
            _ => {}
        }
        let renamed = Person { name: name.clone(), ..member.person.clone() };
        let from = core::mem::replace(&mut member.person, renamed);
        self.names.remove(&from.name);
        self.names.insert(name.clone(), id);
        effects.push(Effect::Renamed { member: id, from });
        Ok(())
    }

    fn say(
        &mut self,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        manner: Manner,
        text: &Text,
    ) -> Result<RoomId, Refusal> {
        let id = self.room_of(member, room)?;
        if let (Some(room), Some(member)) = (self.rooms.get_mut(&id), self.members.get(&member)) {
            let (seq, at_unix_ms) = (entry.seq, entry.at_unix_ms);
            let heard = Heard { seq, at_unix_ms, by: member.person.clone(), manner, text: text.clone() };
            room.remember(heard, &self.limits);
        }
        Ok(id)
    }

    fn set_topic(
        &mut self,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        topic: Option<&Text>,
    ) -> Result<RoomId, Refusal> {
        let id = self.room_of(member, room)?;
        let bytes_max = self.limits.topic_bytes_max;
        if topic.is_some_and(|topic| topic.as_str().len() > bytes_max) {
            return Err(Refusal::TopicTooLong(bytes_max));
        }
        if let (Some(room), Some(member)) = (self.rooms.get_mut(&id), self.members.get(&member)) {
            let (by, at_unix_ms) = (member.person.name.clone(), entry.at_unix_ms);
            room.topic = topic.map(|text| Topic { text: text.clone(), by, at_unix_ms });
        }
        Ok(id)
    }

    /// The room of that name, if the member is in it.
    fn room_of(&self, member: MemberId, name: &RoomName) -> Result<RoomId, Refusal> {
        self.room_named(name)
            .filter(|id| self.rooms.get(id).is_some_and(|room| room.members.contains(&member)))
            .ok_or_else(|| Refusal::NotIn(name.clone()))
    }

    fn begin_room(&mut self, id: RoomId, name: &RoomName) -> RoomId {
        self.rooms.insert(id, Room::new(name.clone()));
        self.room_names.insert(name.clone(), id);
        id
    }

    /// Whether the room would end with this member's leave. `lobby` never does.
    fn ends_without(&self, id: RoomId, member: MemberId) -> bool {
        self.rooms.get(&id).is_some_and(|room| {
            room.members.len() == 1 && room.members.contains(&member) && room.name != RoomName::lobby()
        })
    }

    fn remove_from_room(&mut self, member: MemberId, id: RoomId) {
        if self.ends_without(id, member) {
            if let Some(room) = self.rooms.remove(&id) {
                self.room_names.remove(&room.name);
            }
        } else if let Some(room) = self.rooms.get_mut(&id) {
            room.members.remove(&member);
        }
    }
}
