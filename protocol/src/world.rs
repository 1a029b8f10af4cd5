//! The shared state: members, their names, and rooms.

mod bans;
mod check;
mod event;
mod kept;
mod nodes;
mod people;
mod redact;
mod refusal;
mod room;
mod rooms;
mod silence;
mod snapshot;
#[cfg(test)]
mod tests;

use crate::base::ban::ServerBan;
use crate::base::digest::Digest;
use crate::base::few::Few;
use crate::base::id::{MemberId, NodeId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::Flag;
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::log::entry::LogEntry;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
pub use event::{Event, EventKind, EventRoom, Outcome, Readers, Stamp};
pub use nodes::{Applied, Node};
pub use refusal::Refusal;
pub use room::{Room, Topic};
pub use snapshot::SnapshotError;

/// The shared state: the result of applying the entries of a log, in their order.
///
/// [`apply`](Self::apply) is the only method that changes it. It accepts every entry, and its result depends on nothing
/// else, so that every replay of a log makes the same world.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The time of the log.
    at_unix_ms: u64,
    /// The bans from the server, the latest last. Some may be over.
    bans: Vec<ServerBan>,
    /// The time at which the log began, in milliseconds since 1970-01-01T00:00:00Z.
    began_unix_ms: u64,
    limits: WorldLimits,
    /// The revision of the limits; 0 before the first.
    revision: u64,
    nodes: BTreeMap<NodeId, Node>,
    /// Ids grow, so insertions are at the end of the tree and leave its nodes half empty. Boxes keep the unused space
    /// small.
    members: BTreeMap<MemberId, Box<Member>>,
    /// Number of members with the mode `i`. It is derived from their modes, so it is not part of the digest; it is counted
    /// because every new IRC client is sent it.
    invisible: usize,
    /// Number of operators of the server. It is counted for the same reason.
    operators: usize,
    /// The members by their folded names.
    names: BTreeMap<Arc<str>, MemberId>,
    /// The position of the last entry applied.
    position: Seq,
    /// The rooms by their folded names.
    room_names: BTreeMap<Arc<str>, RoomId>,
    rooms: BTreeMap<RoomId, Box<Room>>,
    /// The rooms without members that are kept, by the time since which they are empty. They are derived from the rooms.
    kept: BTreeSet<(u64, RoomId)>,
    /// Number of secret rooms. It is counted because every new IRC client is sent the number of the others.
    secret_rooms: usize,
    /// The rooms by the host of the member that began them. They are derived from the rooms, and read when a room is to
    /// begin.
    rooms_begun: BTreeMap<Arc<str>, RoomsBegun>,
}

/// The rooms that members of one host have begun.
#[derive(Clone, Debug, Default)]
struct RoomsBegun {
    /// Number of all of them.
    count: usize,
    /// Those that are kept, as in [`World::kept`].
    kept: BTreeSet<(u64, RoomId)>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    person: Person,
    /// The node that proposed its entrance, with the connection that it is for.
    node: NodeId,
    /// In the order in which the member entered them.
    rooms: Few<RoomId>,
    modes: UserModes,
    entered_unix_ms: u64,
    /// `None` for a member that never needed any of it. Most never do, and it is as large as all other fields together.
    extras: Option<Box<Extras>>,
}

/// State that most members never need.
#[derive(Clone, Debug, Default)]
struct Extras {
    away: Option<Text>,
    correspondent: Option<Correspondent>,
    /// The rooms to which the member was invited, the latest last. Some may have ended.
    invitations: Vec<RoomId>,
    /// A cache of whether the masks of a room mute the member, with the version of the masks. Without it, every message
    /// would be compared with up to a hundred masks. It is derived from other state, so it is not part of the digest.
    muted: Vec<(RoomId, u32, bool)>,
}

/// The member to whom [`Command::Reply`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Correspondent {
    member: MemberId,
    /// Whether the correspondent sent the last direct message, rather than received it.
    wrote: bool,
}

impl Member {
    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.person.name
    }

    /// Returns the person that others see.
    #[must_use]
    pub const fn person(&self) -> &Person {
        &self.person
    }

    /// Returns the node that proposed its entrance, with the connection that it is for.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Returns the rooms that the member is in, in the order in which it entered them.
    #[must_use]
    pub fn rooms(&self) -> &[RoomId] {
        &self.rooms
    }

    /// Returns the rooms to which the member is invited. Some may have ended.
    #[must_use]
    pub fn invitations(&self) -> &[RoomId] {
        self.extras.as_ref().map_or(&[], |extras| &extras.invitations)
    }

    /// Returns the text for members who send the member a direct message; `None` if it is not away.
    #[must_use]
    pub fn away(&self) -> Option<&Text> {
        self.extras.as_ref()?.away.as_ref()
    }

    /// Returns the user modes.
    #[must_use]
    pub const fn modes(&self) -> UserModes {
        self.modes
    }

    /// Returns the time at which the member entered the server, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn entered_unix_ms(&self) -> u64 {
        self.entered_unix_ms
    }

    /// Returns an event of the member, which everybody sees as it is now.
    fn event(&self, id: MemberId, stamp: Stamp, kind: EventKind) -> Event {
        Event { by_bot: self.modes.has(UserModes::BOT), ..Event::of(id, self.person.clone(), stamp, kind) }
    }
}

impl World {
    /// Creates the world before the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the world that results from the entries.
    #[must_use]
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a LogEntry>) -> Self {
        let mut world = Self::new();
        let mut outcomes = Vec::new();
        for entry in entries {
            world.apply(entry, &mut outcomes);
            outcomes.clear();
        }
        world
    }

    /// Applies the next entry, unless its position or its origin rules that out, and appends its outcomes to `outcomes`, in
    /// their order.
    ///
    /// A command of a member that has left is applied without an outcome: commands that were proposed before an operator killed
    /// the member may follow its `Kill` in the log.
    pub fn apply(&mut self, entry: &LogEntry, outcomes: &mut Vec<Outcome>) -> Applied {
        if entry.seq <= self.position {
            return Applied::Before;
        }
        self.position = entry.seq;
        let applied = self.admit(entry);
        if applied != Applied::Done {
            return applied;
        }
        match &entry.command {
            Command::Configure { revision, limits } => self.configure(*revision, *limits),
            Command::Ended { node, life } => self.end_life(*node, *life, outcomes),
            Command::EndRoom { room, empty_since_unix_ms } => {
                self.end_empty_room(*room, *empty_since_unix_ms, outcomes);
            }
            Command::Enter { request, profile, room } => {
                self.enter(entry, request, profile, room.as_ref(), outcomes);
            }
            Command::Started { .. } => {
                self.end_members(entry.origin.node, CloseReason::Restarted, outcomes);
            }
            command => {
                // `say` finds out by itself: it runs for each line, and looks its member up once.
                let is_there = |member: &MemberId| {
                    matches!(command, Command::Say { .. }) || self.members.contains_key(member)
                };
                if let Some(member) = command.member().filter(is_there)
                    && let Err(refusal) = self.act(entry, member, outcomes)
                {
                    let command = Box::new(command.clone());
                    outcomes.push(Outcome::Refused { member, refusal, command });
                }
            }
        }
        Applied::Done
    }

    /// Executes the command of a member.
    fn act(
        &mut self,
        entry: &LogEntry,
        member: MemberId,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        match &entry.command {
            // `apply` has handled these, which are not commands of a member.
            Command::Configure { .. }
            | Command::Ended { .. }
            | Command::EndRoom { .. }
            | Command::Enter { .. }
            | Command::Started { .. } => {}
            Command::Invite { name, room, .. } => self.invite(member, name, room, outcomes)?,
            Command::Kick { room, name, message, .. } => {
                self.kick(member, room, name, message.as_ref(), outcomes)?;
            }
            Command::Kill { name, message, .. } => self.kill(member, name, message.as_ref(), outcomes)?,
            Command::Leave { reason, message, .. } => {
                let message = message.clone().filter(|_| self.silenced_somewhere(member).is_none());
                self.leave(member, *reason, message, None, outcomes);
            }
            Command::LiftBan { target, .. } => self.lift_ban(member, target, outcomes)?,
            Command::Move { from, to, key, checks_key, message, .. } => {
                let (rooms, key) = ((from.as_ref(), to.as_ref()), (key.as_ref(), *checks_key));
                self.move_between(member, rooms, key, message.as_ref(), outcomes)?;
            }
            Command::Promote { .. } => {
                self.set_user_modes(member, UserModes::OPERATOR, UserModes::NONE, true, outcomes);
            }
            Command::Redact { room, line, author, message, .. } => {
                self.redact(member, *room, (*line, *author), message.as_ref(), outcomes)?;
            }
            Command::Rename { name, .. } => self.rename(member, name, outcomes)?,
            Command::Reply { message, .. } => {
                let to = self.correspondent(member)?;
                self.tell(member, to, message, outcomes);
            }
            Command::Say { room, status, message, .. } => {
                self.say(member, room, *status, message, outcomes)?;
            }
            Command::SetAway { away, .. } => self.set_away(member, away.as_ref(), outcomes),
            Command::SetBan { ban, .. } => self.set_ban(member, ban, outcomes)?,
            Command::SetHost { name, host, .. } => self.set_host(member, name, host, outcomes)?,
            Command::SetModes { room, changes, .. } => {
                self.set_modes(entry, member, room, changes, outcomes)?;
            }
            Command::SetRealName { real_name, .. } => self.set_real_name(member, real_name, outcomes)?,
            Command::SetTopic { room, topic, .. } => {
                self.set_topic(member, room, topic.as_ref(), outcomes)?;
            }
            Command::SetUserModes { on, off, .. } => {
                // Only `Promote`, which follows a password check, makes an operator.
                self.set_user_modes(member, on.without(UserModes::OPERATOR), *off, false, outcomes);
            }
            Command::Tell { to, message, .. } => {
                let to = self.member_named(to).ok_or_else(|| Refusal::NoSuchName(to.clone()))?;
                self.tell(member, to, message, outcomes);
            }
            Command::Wallops { text, .. } => {
                self.check_server_operator(member)?;
                self.happened(member, EventKind::Wallops { text: text.clone() }, outcomes);
            }
        }
        Ok(())
    }

    /// Appends an event of a member, which everybody sees as it is now.
    fn happened(&self, member: MemberId, kind: EventKind, outcomes: &mut Vec<Outcome>) {
        outcomes.extend(self.event_of(member, kind).map(|event| Outcome::Happened(Arc::new(event))));
    }

    /// Returns an event of a member, which everybody sees as it is now. Its stamp is that of the entry that was applied last.
    pub(crate) fn event_of(&self, member: MemberId, kind: EventKind) -> Option<Event> {
        Some(self.members.get(&member)?.event(member, self.stamp(), kind))
    }

    /// Returns a room as events name it.
    pub(crate) fn event_room(&self, id: RoomId) -> Option<EventRoom> {
        self.rooms.get(&id).map(|room| EventRoom { id, name: room.name.clone() })
    }

    /// Returns the stamp of the entry that was applied last.
    const fn stamp(&self) -> Stamp {
        Stamp { log_unix_ms: self.began_unix_ms, seq: self.position, at_unix_ms: self.at_unix_ms }
    }

    /// Returns a hash of the whole state. Two different worlds have the same one with a probability of 1 in 2⁶⁴.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut digest = Digest::new();
        digest.number(self.began_unix_ms);
        digest.number(self.at_unix_ms);
        digest.number(self.position.0);
        digest.number(self.revision);
        self.limits.digest(&mut digest);
        digest.number(self.nodes.len() as u64);
        for (id, node) in &self.nodes {
            digest.number(id.0.into());
            node.digest(&mut digest);
        }
        digest.number(self.members.len() as u64);
        for (id, member) in &self.members {
            digest.number(id.0.0);
            member.digest(&mut digest);
        }
        digest.number(self.bans.len() as u64);
        self.bans.iter().for_each(|ban| ban.digest(&mut digest));
        for (id, room) in &self.rooms {
            digest.number(id.0.0);
            room.digest(&mut digest);
        }
        digest.finish()
    }

    /// Returns the member with an id.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id).map(|member| &**member)
    }

    /// Returns the member with a name.
    #[must_use]
    pub fn member_named(&self, name: &Name) -> Option<MemberId> {
        self.names.get(name.key()).copied()
    }

    /// Returns the time of the log: that of the last applied entry, in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// It never runs back, except when the clock of a node was corrected by more than a minute.
    #[must_use]
    pub const fn at_unix_ms(&self) -> u64 {
        self.at_unix_ms
    }

    /// Returns the time at which the log began, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// Returns the revision of the limits in force; 0 if there are none yet.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the limits in force.
    #[must_use]
    pub const fn limits(&self) -> &WorldLimits {
        &self.limits
    }

    /// Returns the number of members with the user mode `i` (invisible).
    #[must_use]
    pub const fn invisible(&self) -> usize {
        self.invisible
    }

    /// Returns the number of members that are operators of the server.
    #[must_use]
    pub const fn operators(&self) -> usize {
        self.operators
    }

    /// Returns the number of rooms that a member may know to exist; `None` stands for a connection that is not a member.
    #[must_use]
    pub fn visible_rooms(&self, id: Option<MemberId>) -> usize {
        let own = id.and_then(|id| self.members.get(&id)).map_or(&[][..], |member| &member.rooms);
        let is_secret = |id: &&RoomId| self.rooms.get(id).is_some_and(|room| room.modes.has(Flag::Secret));
        self.rooms.len() - self.kept.len() - self.secret_rooms + own.iter().filter(is_secret).count()
    }

    /// Returns the members from `id` on, in the order in which they entered the server.
    pub fn members_from(&self, id: MemberId) -> impl Iterator<Item = (MemberId, &Member)> {
        self.members.range(id..).map(|(&id, member)| (id, &**member))
    }

    /// Returns the rooms from `id` on, in the order in which they were created.
    pub fn rooms_from(&self, id: RoomId) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms.range(id..).map(|(&id, room)| (id, &**room))
    }

    /// Returns whether two members have a room in common.
    #[must_use]
    pub fn are_together(&self, one: MemberId, other: MemberId) -> bool {
        let (Some(one), Some(other)) = (self.members.get(&one), self.members.get(&other)) else {
            return false;
        };
        one.rooms.iter().any(|room| other.rooms.contains(room))
    }

    /// Returns all members, in the order in which they entered the server.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (MemberId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, &**member))
    }

    /// Returns the position of the last entry applied; 0 if there was none.
    #[must_use]
    pub const fn position(&self) -> Seq {
        self.position
    }

    /// Returns the room with an id.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(&id).map(|room| &**room)
    }

    /// Returns the room with a name.
    #[must_use]
    pub fn room_named(&self, name: &RoomName) -> Option<RoomId> {
        self.room_names.get(name.key()).copied()
    }

    /// Returns the number of rooms, without those that are empty and kept.
    #[must_use]
    pub fn rooms_shown(&self) -> usize {
        self.rooms.len() - self.kept.len()
    }

    /// Returns all rooms, also those that are empty and kept, in the order in which they were created.
    pub fn rooms(&self) -> impl ExactSizeIterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(&id, room)| (id, &**room))
    }

    /// Puts limits in force, if those in force are of an earlier revision. The first limits of a log also create the lobby.
    fn configure(&mut self, revision: u64, limits: WorldLimits) {
        if revision <= self.revision {
            return;
        }
        (self.revision, self.limits) = (revision, limits);
        let lobby = RoomName::lobby();
        if !self.room_names.contains_key(lobby.key()) {
            self.began_unix_ms = self.at_unix_ms;
            self.begin_room(&lobby, None);
        }
    }
}
