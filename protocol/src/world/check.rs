//! The invariants of the world, which hold after every entry.

use super::World;
use crate::base::mode::Flag;
use crate::base::person::UserModes;

impl World {
    /// Asserts every invariant of the shared state. Tests, simulators and fuzzers call it after each step.
    ///
    /// The cost is linear in the number of members and rooms.
    ///
    /// # Panics
    /// Panics if an invariant does not hold, which is a bug in the core.
    pub fn check_invariants(&self) {
        assert_eq!(
            self.names.len(),
            self.members.len(),
            "each member has one name, and each name one member"
        );
        for (&id, member) in &self.members {
            let name = &member.person.name;
            assert_eq!(self.names.get(name.key()), Some(&id), "{name} is the name of its member");
            assert!(id.0 <= self.position, "{id} is not later than the last entry");
            for &(room, version, is_muted) in member.muted() {
                if let Some(room) = self.rooms.get(&room).filter(|it| it.modes.masks_version() == version) {
                    assert_eq!(is_muted, room.modes.mutes(&member.person), "{id} is muted in {}", room.name);
                }
            }
            for (index, room) in member.rooms.iter().enumerate() {
                assert!(!member.rooms[..index].contains(room), "{id} is in {room} once");
                let room = self.rooms.get(room).expect("the rooms of a member exist");
                assert!(room.members.contains_key(&id), "{} lists its member {id}", room.name);
            }
        }
        let count = |mode| self.members.values().filter(|member| member.modes.has(mode)).count();
        assert_eq!(self.invisible, count(UserModes::INVISIBLE), "invisible members are counted");
        assert_eq!(self.operators, count(UserModes::OPERATOR), "operators are counted");
        // A limit that was lowered binds only what comes later. The first configuration commonly has the revision 1.
        let is_within = self.revision > 1 || self.bans.len() <= self.limits.server_bans_max as usize;
        assert!(is_within, "bans are within their limit");
        let secret = self.rooms.values().filter(|room| room.modes.has(Flag::Secret)).count();
        assert_eq!(self.secret_rooms, secret, "secret rooms are counted");
        let begun_by = |host| self.rooms.values().filter(|room| room.begun_by.as_ref() == Some(host)).count();
        for (host, begun) in &self.rooms_begun {
            assert_eq!(begun.count, begun_by(host), "the rooms of {host} are counted");
        }
        let begun = self.rooms.values().filter(|room| room.begun_by.is_some()).count();
        assert_eq!(
            self.rooms_begun.values().map(|it| it.count).sum::<usize>(),
            begun,
            "each room counts for a host"
        );
        assert_eq!(self.room_names.len(), self.rooms.len(), "each room has one name, and each name one room");
        for (&id, room) in &self.rooms {
            assert_eq!(
                self.room_names.get(room.name.key()),
                Some(&id),
                "{} is the name of its room",
                room.name
            );
            assert!(id.0 <= self.position, "{id} is not later than the last entry");
            for member in room.members.keys() {
                let member = self.members.get(member).expect("the members of a room exist");
                assert!(member.rooms.contains(&id), "{} lists its room {}", member.person.name, room.name);
            }
        }
        self.check_kept();
    }
}
