//! Snapshots: the bytes of a world, from which a process goes on without replaying the log from its beginning.
//!
//! A snapshot has what the digest is over, in the bytes of the codec, and the digest itself. What is derived from it, such as the
//! owners of names, is made again.

use super::kept::FormerOperator;
use super::{Correspondent, Extras, Member, Node, Room, Topic, World};
use crate::base::ban::ServerBan;
use crate::base::id::{Life, MemberId, NodeId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Flag, Key, Mask, MaskEntry, MaskList, Modes, Status, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Person, Profile, UserModes};
use crate::base::text::Text;
use crate::codec::{self, DecodeError, Reader, Salt, Value, Writer, ascend};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The reason why bytes are not a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// The bytes cannot be read.
    Bytes(DecodeError),
    /// The world that they describe contradicts itself.
    Contradiction(&'static str),
    /// The world that they describe has another digest than they say.
    Digest {
        /// The digest that the snapshot says.
        says: u64,
        /// The digest of the world.
        is: u64,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(error) => error.fmt(f),
            Self::Contradiction(what) => write!(f, "the snapshot contradicts itself: {what}"),
            Self::Digest { says, is } => {
                write!(f, "the snapshot is damaged: its digest is {is:016x}, and not {says:016x}")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}

impl From<DecodeError> for SnapshotError {
    fn from(error: DecodeError) -> Self {
        Self::Bytes(error)
    }
}

impl World {
    /// Returns the bytes of the world. `salts` returns random bytes for each text in it, as in [`codec::encode`].
    #[must_use]
    pub fn snapshot(&self, salts: &mut dyn FnMut() -> Salt) -> Vec<u8> {
        codec::encode_value(&StoredWorld::of(self), salts)
    }

    /// Returns the world of a snapshot. It is the same as the one that was stored, whatever the version of the Unicode tables is.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a snapshot, or are damaged.
    pub fn restore(snapshot: &[u8]) -> Result<Self, SnapshotError> {
        let stored: StoredWorld = codec::decode_value(snapshot)?;
        let says = stored.digest;
        let world = stored.world()?;
        let is = world.digest();
        if is == says { Ok(world) } else { Err(SnapshotError::Digest { says, is }) }
    }

    /// Returns the world of a snapshot, whatever digest that says. Only tests and fuzzers need it, which change the bytes.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a snapshot.
    #[doc(hidden)]
    pub fn restore_unchecked(snapshot: &[u8]) -> Result<Self, SnapshotError> {
        codec::decode_value::<StoredWorld>(snapshot)?.world()
    }
}

/// The parts of a [`World`] that are stored.
struct StoredWorld {
    at_unix_ms: u64,
    bans: Vec<ServerBan>,
    began_unix_ms: u64,
    limits: WorldLimits,
    revision: u64,
    nodes: Vec<StoredNode>,
    members: Vec<StoredMember>,
    position: u64,
    rooms: Vec<StoredRoom>,
    digest: u64,
}

record! { StoredWorld {
    at_unix_ms: 1,
    bans: 2,
    began_unix_ms: 3,
    limits: 4,
    revision: 5,
    nodes: 6,
    members: 7,
    position: 8,
    rooms: 9,
    digest: 10,
} }

/// A [`Node`] with its id.
struct StoredNode {
    id: NodeId,
    life: Life,
    number: u64,
    at_unix_ms: u64,
    is_running: bool,
}

record! { StoredNode {
    id: 1,
    life: 2,
    number: 3,
    at_unix_ms: 4,
    is_running: 5,
} }

/// A [`Member`] with its id.
struct StoredMember {
    id: MemberId,
    name: Name,
    profile: Profile,
    node: NodeId,
    rooms: Vec<RoomId>,
    modes: UserModes,
    entered_unix_ms: u64,
    away: Option<Text>,
    correspondent: Option<StoredCorrespondent>,
    invitations: Vec<RoomId>,
}

record! { StoredMember {
    id: 1,
    name: 2,
    profile: 3,
    node: 4,
    rooms: 5,
    modes: 6,
    entered_unix_ms: 7,
    away: 8,
    correspondent: 9,
    invitations: 10,
} }

/// A [`Correspondent`].
struct StoredCorrespondent {
    member: MemberId,
    wrote: bool,
}

record! { StoredCorrespondent {
    member: 1,
    wrote: 2,
} }

/// A [`Room`] with its id.
struct StoredRoom {
    id: RoomId,
    name: RoomName,
    began_unix_ms: u64,
    begun_by: Option<String>,
    flags: Vec<Flag>,
    key: Option<Key>,
    limit: Option<u32>,
    masks: Vec<StoredMask>,
    topic: Option<Topic>,
    members: Vec<StoredRoomMember>,
    empty_since_unix_ms: Option<u64>,
    former_operators: Vec<FormerOperator>,
    remembered_unix_ms: u64,
}

record! { StoredRoom {
    id: 1,
    name: 2,
    began_unix_ms: 3,
    begun_by: 4,
    flags: 5,
    key: 6,
    limit: 7,
    masks: 8,
    topic: 9,
    members: 10,
    empty_since_unix_ms: 11 since 2,
    former_operators: 12 since 2,
    remembered_unix_ms: 13 since 2 or 0,
} }

record! { FormerOperator {
    name: 1,
    host: 2,
    left_unix_ms: 3,
    may_resume: 4,
} }

/// A [`MaskEntry`] with its list.
struct StoredMask {
    list: MaskList,
    mask: Mask,
    by: Name,
    at_unix_ms: u64,
}

record! { StoredMask {
    list: 1,
    mask: 2,
    by: 3,
    at_unix_ms: 4,
} }

record! { Topic {
    text: 1,
    by: 2,
    at_unix_ms: 3,
} }

/// A member of a room, with its statuses there.
struct StoredRoomMember {
    member: MemberId,
    statuses: Vec<Status>,
}

record! { StoredRoomMember {
    member: 1,
    statuses: 2,
} }

impl StoredWorld {
    fn of(world: &World) -> Self {
        Self {
            at_unix_ms: world.at_unix_ms,
            bans: world.bans.clone(),
            began_unix_ms: world.began_unix_ms,
            limits: world.limits,
            revision: world.revision,
            nodes: world.nodes.iter().map(|(&id, node)| StoredNode::of(id, node)).collect(),
            members: world.members.iter().map(|(&id, member)| StoredMember::of(id, member)).collect(),
            position: world.position.0,
            rooms: world.rooms.iter().map(|(&id, room)| StoredRoom::of(id, room)).collect(),
            digest: world.digest(),
        }
    }

    /// Returns the world, if it keeps what every world keeps.
    fn world(self) -> Result<World, SnapshotError> {
        let contradiction = |what| Err(SnapshotError::Contradiction(what));
        let mut world = World {
            at_unix_ms: self.at_unix_ms,
            began_unix_ms: self.began_unix_ms,
            limits: self.limits,
            revision: self.revision,
            position: Seq(self.position),
            ..World::default()
        };
        // As in `check_invariants`: a limit that was lowered binds only what comes later.
        if world.revision <= 1 && self.bans.len() > world.limits.server_bans_max as usize {
            return contradiction("there are more bans than there may be");
        }
        world.bans = self.bans;
        for node in self.nodes {
            let (id, node) = node.node();
            if world.nodes.insert(id, node).is_some() {
                return contradiction("a node is there twice");
            }
        }
        for stored in self.members {
            let (id, member) = stored.member();
            let is_known = world.nodes.contains_key(&member.node);
            if !is_known || id.0 > world.position || id.0.0 == 0 {
                return contradiction("a member entered before or after the log");
            }
            if world.names.insert(member.person.name.shared_key(), id).is_some() {
                return contradiction("two members have one name");
            }
            world.count_modes(UserModes::NONE, member.modes);
            if world.members.insert(id, Box::new(member)).is_some() {
                return contradiction("a member is there twice");
            }
        }
        for stored in self.rooms {
            let (id, room) = stored.room()?;
            if id.0 > world.position {
                return contradiction("a room began after the log");
            }
            if world.room_names.insert(room.name.shared_key(), id).is_some() {
                return contradiction("two rooms have one name");
            }
            world.secret_rooms += usize::from(room.modes.has(Flag::Secret));
            if let Some(host) = &room.begun_by {
                world.rooms_begun.entry(host.clone()).or_default().count += 1;
            }
            let kept_since = room.empty_since_unix_ms;
            if world.rooms.insert(id, Box::new(room)).is_some() {
                return contradiction("a room is there twice");
            }
            kept_since.into_iter().for_each(|since_unix_ms| world.count_kept(id, since_unix_ms));
        }
        world.check_rooms()?;
        Ok(world)
    }
}

impl World {
    /// Checks that members and rooms agree on who is where, and that the rooms are those that may be there.
    fn check_rooms(&self) -> Result<(), SnapshotError> {
        let contradiction = |what| Err(SnapshotError::Contradiction(what));
        let lobby = RoomName::lobby();
        if self.revision > 0 && self.room_named(&lobby).is_none() {
            return contradiction("there is no lobby");
        }
        for (id, member) in &self.members {
            let rooms: BTreeSet<RoomId> = member.rooms().iter().copied().collect();
            let is_there = |room| self.rooms.get(room).is_some_and(|room| room.members.contains_key(id));
            if rooms.len() != member.rooms().len() || !rooms.iter().all(is_there) {
                return contradiction("a member is in a room that does not have it");
            }
        }
        for (id, room) in &self.rooms {
            if room.is_kept() != (room.members.is_empty() && room.name != lobby) {
                return contradiction("a room is kept that has members, or is not and has none");
            }
            if room.is_kept()
                && !(room.modes.is_open() && room.former_operators.iter().all(|it| it.may_resume))
            {
                return contradiction("a room is kept that would have ended");
            }
            if self.revision <= 1 && room.former_operators.len() > self.limits.room_operators_max as usize {
                return contradiction("a room remembers more operators than it may");
            }
            let has_it = |member| self.members.get(member).is_some_and(|member| member.rooms().contains(id));
            if !room.members.keys().all(has_it) {
                return contradiction("a room has a member that is not in it");
            }
        }
        Ok(())
    }
}

impl StoredNode {
    fn of(id: NodeId, node: &Node) -> Self {
        let at_unix_ms = node.at_unix_ms();
        Self { id, life: node.life(), number: node.number(), at_unix_ms, is_running: node.is_running() }
    }

    const fn node(self) -> (NodeId, Node) {
        let Self { id, life, number, at_unix_ms, is_running } = self;
        (id, Node::stored(life, number, at_unix_ms, is_running))
    }
}

impl StoredMember {
    fn of(id: MemberId, member: &Member) -> Self {
        let extras = member.extras.as_deref();
        let correspondent = extras.and_then(|extras| extras.correspondent);
        Self {
            id,
            name: member.person.name.clone(),
            profile: member.person.profile.clone(),
            node: member.node,
            rooms: member.rooms().to_vec(),
            modes: member.modes,
            entered_unix_ms: member.entered_unix_ms,
            away: member.away().cloned(),
            correspondent: correspondent
                .map(|Correspondent { member, wrote }| StoredCorrespondent { member, wrote }),
            invitations: member.invitations().to_vec(),
        }
    }

    fn member(self) -> (MemberId, Member) {
        let person = Person { name: self.name, profile: self.profile };
        let mut member = Member::new(person, self.node, self.entered_unix_ms);
        member.modes = self.modes;
        self.rooms.into_iter().for_each(|room| member.rooms.push(room));
        if self.away.is_some() || self.correspondent.is_some() || !self.invitations.is_empty() {
            let correspondent = self
                .correspondent
                .map(|StoredCorrespondent { member, wrote }| Correspondent { member, wrote });
            let (away, invitations) = (self.away, self.invitations);
            member.extras = Some(Box::new(Extras { away, correspondent, invitations, muted: Vec::new() }));
        }
        (self.id, member)
    }
}

impl StoredRoom {
    fn of(id: RoomId, room: &Room) -> Self {
        let modes = &room.modes;
        let masks = MaskList::ALL.into_iter().flat_map(|list| {
            modes.list(list).iter().map(move |entry| {
                let MaskEntry { mask, by, at_unix_ms } = entry.clone();
                StoredMask { list, mask, by, at_unix_ms }
            })
        });
        let members = room.members.iter().map(|(&member, statuses)| StoredRoomMember {
            member,
            statuses: Status::ALL.into_iter().filter(|&status| statuses.has(status)).collect(),
        });
        Self {
            id,
            name: room.name.clone(),
            began_unix_ms: room.began_unix_ms(),
            begun_by: room.begun_by.as_deref().map(String::from),
            flags: Flag::ALL.into_iter().filter(|&flag| modes.has(flag)).collect(),
            key: modes.key().cloned(),
            limit: modes.limit(),
            masks: masks.collect(),
            topic: room.topic.clone(),
            members: members.collect(),
            empty_since_unix_ms: room.empty_since_unix_ms,
            former_operators: room.former_operators.clone(),
            remembered_unix_ms: room.remembered_unix_ms,
        }
    }

    fn room(self) -> Result<(RoomId, Room), SnapshotError> {
        let mut modes = Modes::default();
        for flag in self.flags {
            modes.set_flag(flag, true);
        }
        modes.set_key(self.key);
        modes.set_limit(self.limit);
        for StoredMask { list, mask, by, at_unix_ms } in self.masks {
            if !modes.add_mask(list, MaskEntry { mask, by, at_unix_ms }) {
                return Err(SnapshotError::Contradiction("a mask is in its list twice"));
            }
        }
        let mut members = BTreeMap::new();
        for StoredRoomMember { member, statuses: stored } in self.members {
            let mut statuses = Statuses::default();
            stored.into_iter().for_each(|status| statuses.set(status, true));
            if members.insert(member, statuses).is_some() {
                return Err(SnapshotError::Contradiction("a member is in a room twice"));
            }
        }
        let mut room = Room::new(self.name, self.began_unix_ms, self.begun_by.map(Into::into));
        (room.modes, room.topic, room.members) = (modes, self.topic, members);
        (room.empty_since_unix_ms, room.former_operators) = (self.empty_since_unix_ms, self.former_operators);
        room.remembered_unix_ms = self.remembered_unix_ms;
        Ok((self.id, room))
    }
}
