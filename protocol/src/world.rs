//! The shared state: who is a member, in which rooms, under which name.

mod check;
mod people;
mod refusal;
mod room;
mod rooms;
mod silence;
#[cfg(test)]
mod tests;

use crate::base::digest::Digest;
use crate::base::few::Few;
use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Mask, MaskList, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, LogEntry};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
pub use people::FormerName;
pub use room::{HistoryLine, Room, Topic};

/// The state that the log's entries make.
///
/// [`apply`](Self::apply) is its only mutator and a total function: every sequence of entries makes a
/// world, the same one each time.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// When its log began: milliseconds since 1970-01-01T00:00:00Z.
    began_unix_ms: u64,
    /// Those who are gone, or have another name, the latest at the end.
    departed: VecDeque<FormerName>,
    limits: WorldLimits,
    /// Boxed, for a tree that grows at its end leaves its nodes half empty.
    members: BTreeMap<MemberId, Box<Member>>,
    /// The most members that there were at once.
    members_max: usize,
    /// Members who are invisible, and operators of the server: counted, for every newcomer is told.
    invisible: usize,
    operators: usize,
    /// The members by the folds of their names.
    names: BTreeMap<Arc<str>, MemberId>,
    position: Seq,
    /// The rooms by the folds of their names.
    room_names: BTreeMap<Arc<str>, RoomId>,
    rooms: BTreeMap<RoomId, Box<Room>>,
}

/// A member, as everybody may know it.
#[derive(Clone, Debug)]
pub struct Member {
    person: Person,
    /// In the order in which it entered them.
    rooms: Few<RoomId>,
    modes: UserModes,
    entered_unix_ms: u64,
    spoke_unix_ms: u64,
    /// `None` for a member that never had any of it: most never do, and it is as large as all the rest.
    extras: Option<Box<Extras>>,
}

/// What most members have nothing of.
#[derive(Clone, Debug, Default)]
struct Extras {
    away: Option<Text>,
    correspondent: Option<Correspondent>,
    /// Rooms to which it was invited, the latest at the end; some may have ended.
    invitations: Vec<RoomId>,
    /// Whether the masks of a room mute it, as they were at that version of them: a hundred masks are not compared
    /// with it for each line. It follows from the rest, and is no part of the digest.
    muted: Vec<(RoomId, u32, bool)>,
}

/// Whom a member's reply is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Correspondent {
    member: MemberId,
    /// Whether it wrote to the member; otherwise the member wrote to it.
    wrote: bool,
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

    /// The rooms to which it is invited, those that have ended among them.
    #[must_use]
    pub fn invitations(&self) -> &[RoomId] {
        self.extras.as_ref().map_or(&[], |extras| &extras.invitations)
    }

    /// What others are told who speak to it, where it is away.
    #[must_use]
    pub fn away(&self) -> Option<&Text> {
        self.extras.as_ref()?.away.as_ref()
    }

    /// What it has set for itself, or has shown that it is.
    #[must_use]
    pub const fn modes(&self) -> UserModes {
        self.modes
    }

    /// When it entered: milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn entered_unix_ms(&self) -> u64 {
        self.entered_unix_ms
    }

    /// When it last said something, or entered: milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn spoke_unix_ms(&self) -> u64 {
        self.spoke_unix_ms
    }
}

/// What an entry did, in the order in which it did it. Names that the entry took out of the world are in
/// the effect; everything else is in the world as it is now, and in the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A member is away, or there again; those in its rooms may hear of it.
    AwaySet {
        /// The member.
        member: MemberId,
        /// It was away before.
        was_away: bool,
        /// The others do not read with which words, for there is a room where it may not speak.
        silenced: bool,
    },
    /// Somebody is a member now; its rooms follow.
    Entered {
        /// The member.
        member: MemberId,
    },
    /// A member is shown at another host; those in its rooms may hear of it.
    HostSet {
        /// The member who did it.
        member: MemberId,
        /// The member whose host was set.
        target: MemberId,
        /// Who it was to others.
        from: Person,
    },
    /// A member was asked into a room.
    Invited {
        /// The member who did it.
        member: MemberId,
        /// The one who was invited.
        target: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A member is in a room; those who were there before hear of it.
    Joined {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// It is away, and those there do not read with which words, for it may not speak.
        silenced: bool,
    },
    /// A member was sent out of a room; those who stay hear of it, too.
    Kicked {
        /// The member who did it.
        member: MemberId,
        /// The one who was kicked out.
        target: MemberId,
        /// The room it was sent out of.
        room: RoomId,
        /// The name of that room, which may have ended.
        name: RoomName,
    },
    /// A member is gone from the server; each of those in its rooms hears of it once.
    Left {
        /// The member that left.
        member: MemberId,
        /// Who it was to others.
        person: Person,
        /// The rooms it was in.
        rooms: Vec<RoomId>,
        /// The reason for its leave.
        reason: CloseReason,
        /// Its last words are not heard, for there is a room where it may not speak.
        silenced: bool,
    },
    /// A member left a room and is still on the server; those who stay hear of it.
    Parted {
        /// The member.
        member: MemberId,
        /// The room it left.
        room: RoomId,
        /// The name of that room, which may have ended.
        name: RoomName,
        /// Its last words are not heard there, for it may not speak.
        silenced: bool,
    },
    /// A room has the modes that somebody wanted already.
    ModesUnchanged {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A room has other modes; all in it hear of it.
    ModesSet {
        /// The member who did it.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// The changes that were made.
        changes: Vec<ModeChange>,
    },
    /// Nobody is a member who was none, for a reason.
    NotEntered {
        /// The reason for the refusal.
        refusal: Refusal,
    },
    /// A member calls itself something else; those in its rooms may hear of it.
    RealNameSet {
        /// The member.
        member: MemberId,
    },
    /// Nothing changed, for a reason.
    Refused {
        /// The member whose command it was.
        member: MemberId,
        /// The reason for the refusal.
        refusal: Refusal,
    },
    /// A member has another name; it and each of those in its rooms hear of it once.
    Renamed {
        /// The member.
        member: MemberId,
        /// Who it was to others, with the name it had.
        from: Person,
    },
    /// A member spoke; the others in the room hear it.
    Said {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A member spoke to another.
    Told {
        /// The author.
        member: MemberId,
        /// The member that hears it.
        to: MemberId,
    },
    /// A room's topic was set or cleared; all in the room hear of it.
    TopicSet {
        /// The member who did it.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A member's own modes are others, or as they were.
    UserModesSet {
        /// The member.
        member: MemberId,
        /// Those that are on now and were not.
        on: UserModes,
        /// Those that are off now and were not.
        off: UserModes,
    },
    /// An operator of the server spoke to all who want to hear such.
    Wallops {
        /// The member.
        member: MemberId,
    },
}

/// Why the world did not do what a command asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The member is in that room already.
    AlreadyIn(RoomName),
    /// The other one is in that room already.
    AlreadyThere {
        /// The other one.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// The room has a key, and the member does not know it.
    BadKey(RoomName),
    /// A ban of the room is about the member.
    Banned(RoomName),
    /// Whoever spoke to the member alone is gone.
    CorrespondentLeft,
    /// Only who is invited may enter the room.
    InviteOnly(RoomName),
    /// The room has as many masks as it may have.
    ListFull {
        /// The room.
        room: RoomName,
        /// The list.
        list: MaskList,
        /// The mask that has no place.
        mask: Mask,
    },
    /// The masks of that room are about the member, which keeps its name as long as it is there.
    NameHeld(RoomName),
    /// Somebody else has that name.
    NameTaken(Name),
    /// That is the name it has.
    NameUnchanged,
    /// The room allows no CTCP.
    NoCtcp(RoomName),
    /// A key was given, and the room has none, or is not there.
    NoKey(RoomName),
    /// Nobody has that name.
    NoSuchName(Name),
    /// There is no such room.
    NoSuchRoom(RoomName),
    /// Nobody has spoken to the member alone, nor the member to anybody.
    NobodyToAnswer,
    /// The member is not in that room.
    NotIn(RoomName),
    /// The member does not run the room.
    NotRoomOperator(RoomName),
    /// The member is no operator of the server.
    NotServerOperator,
    /// The other one is not in that room.
    NotThere {
        /// The other one.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// There are as many members in the room as there may be.
    RoomFull(RoomName),
    /// There are as many rooms as there may be.
    RoomsFull,
    /// The member may not speak in the room.
    Silenced(RoomName),
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
        if let Command::Enter { ref request, ref profile, ref room, .. } = entry.command {
            self.enter(entry, request, profile, room.as_ref(), effects);
            return;
        }
        let Some(member) = entry.command.member().filter(|member| self.members.contains_key(member)) else {
            return;
        };
        if let Err(refusal) = self.act(entry, member, effects) {
            effects.push(Effect::Refused { member, refusal });
        }
    }

    /// Does what a member's command asks for.
    fn act(&mut self, entry: &LogEntry, member: MemberId, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        match &entry.command {
            Command::Configure(_) | Command::Enter { .. } => {}
            Command::Invite { name, room, .. } => self.invite(member, name, room, effects)?,
            Command::Kick { room, name, .. } => self.kick(member, room, name, effects)?,
            Command::Kill { name, .. } => self.kill(entry, member, name, effects)?,
            Command::Leave { reason, .. } => self.leave(entry, member, *reason, effects),
            Command::Move { from, to, key, checks_key, .. } => {
                let key = (key.as_ref(), *checks_key);
                self.move_between(entry, member, from.as_ref(), to.as_ref(), key, effects)?;
            }
            Command::Promote { .. } => {
                self.set_user_modes(member, UserModes::OPERATOR, UserModes::NONE, effects);
            }
            Command::Rename { name, .. } => self.rename(entry, member, name, effects)?,
            Command::Reply { message, .. } => {
                let to = self.correspondent(member)?;
                self.tell(entry, member, to, message, effects);
            }
            Command::Say { room, status, message, .. } => {
                let room = self.say(entry, member, room, *status, message)?;
                effects.push(Effect::Said { member, room });
            }
            Command::SetAway { away, .. } => self.set_away(member, away.as_ref(), effects),
            Command::SetHost { name, host, .. } => self.set_host(member, name, host, effects)?,
            Command::SetModes { room, changes, .. } => {
                self.set_modes(entry, member, room, changes, effects)?;
            }
            Command::SetRealName { real_name, .. } => self.set_real_name(member, real_name, effects)?,
            Command::SetTopic { room, topic, .. } => {
                let room = self.set_topic(entry, member, room, topic.as_ref())?;
                effects.push(Effect::TopicSet { member, room });
            }
            Command::SetUserModes { on, off, .. } => {
                self.set_user_modes(member, on.without(UserModes::OPERATOR), *off, effects);
            }
            Command::Tell { to, message, .. } => {
                let to = self.member_named(to).ok_or_else(|| Refusal::NoSuchName(to.clone()))?;
                self.tell(entry, member, to, message, effects);
            }
            Command::Wallops { .. } => {
                self.server_operator(member)?;
                effects.push(Effect::Wallops { member });
            }
        }
        Ok(())
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
            member.digest(&mut digest);
        }
        digest.number(self.members_max as u64);
        digest.number(self.departed.len() as u64);
        for FormerName { person, at_unix_ms } in &self.departed {
            person.digest(&mut digest);
            digest.number(*at_unix_ms);
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
        self.members.get(&id).map(|member| &**member)
    }

    /// Returns the member that has this name.
    #[must_use]
    pub fn member_named(&self, name: &Name) -> Option<MemberId> {
        self.names.get(name.key()).copied()
    }

    /// When its log began: milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// Those who are gone, or have another name, the oldest first.
    pub fn departed(&self) -> impl DoubleEndedIterator<Item = &FormerName> {
        self.departed.iter()
    }

    /// The limits in force.
    #[must_use]
    pub const fn limits(&self) -> &WorldLimits {
        &self.limits
    }

    /// The most members that there were at once.
    #[must_use]
    pub const fn members_max(&self) -> usize {
        self.members_max
    }

    /// How many members are invisible.
    #[must_use]
    pub const fn invisible(&self) -> usize {
        self.invisible
    }

    /// How many members are operators of the server.
    #[must_use]
    pub const fn operators(&self) -> usize {
        self.operators
    }

    /// Every member from that one on, in the order of entrance.
    pub fn members_from(&self, id: MemberId) -> impl Iterator<Item = (MemberId, &Member)> {
        self.members.range(id..).map(|(&id, member)| (id, &**member))
    }

    /// Every room from that one on, in the order in which they began.
    pub fn rooms_from(&self, id: RoomId) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms.range(id..).map(|(&id, room)| (id, &**room))
    }

    /// Whether two members are in a room together.
    #[must_use]
    pub fn are_together(&self, one: MemberId, other: MemberId) -> bool {
        let (Some(one), Some(other)) = (self.members.get(&one), self.members.get(&other)) else {
            return false;
        };
        one.rooms.iter().any(|room| other.rooms.contains(room))
    }

    /// Every member, in the order of entrance.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (MemberId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, &**member))
    }

    /// The position of the last entry applied; 0 for none.
    #[must_use]
    pub const fn position(&self) -> Seq {
        self.position
    }

    /// The room of that id.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(&id).map(|room| &**room)
    }

    /// The room of that name.
    #[must_use]
    pub fn room_named(&self, name: &RoomName) -> Option<RoomId> {
        self.room_names.get(name.key()).copied()
    }

    /// Every room, in the order in which they began.
    pub fn rooms(&self) -> impl ExactSizeIterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(&id, room)| (id, &**room))
    }

    fn configure(&mut self, entry: &LogEntry, limits: WorldLimits) {
        self.limits = limits;
        let lobby = RoomName::lobby();
        if !self.room_names.contains_key(lobby.key()) {
            self.began_unix_ms = entry.at_unix_ms;
            self.begin_room(RoomId(entry.seq), &lobby, entry.at_unix_ms);
        }
        for room in self.rooms.values_mut() {
            room.trim_history(&limits);
        }
        self.trim_departed();
    }
}
