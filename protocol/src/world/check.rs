//! What holds of every world, whatever entries made it.

use super::World;
use crate::base::name::RoomName;
use crate::base::person::UserModes;

impl World {
    /// Asserts every invariant of the shared state; for tests, simulators and fuzzers, after each step.
    ///
    /// It looks at every member, room and line of history once.
    ///
    /// # Panics
    /// One of them does not hold: a bug in the core.
    pub fn check_invariants(&self) {
        assert_eq!(
            self.names.len(),
            self.members.len(),
            "each member has one name, and each name one member"
        );
        for (&id, member) in &self.members {
            let name = &member.person.name;
            assert_eq!(self.names.get(name.key()), Some(&id), "{name} is the name of its member");
            assert!(id.0 <= self.position, "{id} entered before now");
            for &(room, version, is_muted) in member.muted() {
                if let Some(room) = self.rooms.get(&room).filter(|it| it.modes.masks_version() == version) {
                    assert_eq!(is_muted, room.modes.mutes(&member.person), "{id} is muted in {}", room.name);
                }
            }
            for (index, room) in member.rooms.iter().enumerate() {
                assert!(!member.rooms[..index].contains(room), "{id} is in {room} once");
                let room = self.rooms.get(room).expect("a member is in rooms that are");
                assert!(room.members.contains_key(&id), "{} knows its member {id}", room.name);
            }
        }
        let count = |mode| self.members.values().filter(|member| member.modes.has(mode)).count();
        assert_eq!(self.invisible, count(UserModes::INVISIBLE), "those who are invisible are counted");
        assert_eq!(self.operators, count(UserModes::OPERATOR), "operators are counted");
        assert!(self.departed.len() <= self.limits.departed_max, "those who departed are few");
        let lobby = RoomName::lobby();
        assert_eq!(self.room_names.len(), self.rooms.len(), "each room has one name, and each name one room");
        for (&id, room) in &self.rooms {
            assert_eq!(
                self.room_names.get(room.name.key()),
                Some(&id),
                "{} is the name of its room",
                room.name
            );
            assert!(id.0 <= self.position, "{id} began before now");
            let is_lobby = room.name == lobby;
            assert!(is_lobby || !room.members.is_empty(), "{} has ended with its last member", room.name);
            for member in room.members.keys() {
                let member = self.members.get(member).expect("those in a room are members");
                assert!(member.rooms.contains(&id), "{} knows its room {}", member.person.name, room.name);
            }
            room.check_history(self.position, &self.limits);
        }
    }
}
