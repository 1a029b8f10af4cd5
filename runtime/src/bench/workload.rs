//! The workloads, by name.

use crate::locale::Localized;

/// A load on a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) about: Localized,
    pub(super) shape: Shape,
    /// Members that read, in all rooms together.
    pub(super) clients: u32,
    /// Rooms, over which the members are spread evenly.
    pub(super) rooms: u32,
    /// Rooms that each member is in. It speaks in the first of them.
    pub(super) rooms_each: u32,
    /// Members that speak, in turn.
    pub(super) speakers: u32,
    /// Members that never read, on top of the others.
    pub(super) slow: u32,
    pub(super) pace: Pace,
    /// Bytes of a line's text, without the dialect's framing and the line end.
    pub(super) line_bytes: u32,
    /// Combinations of capabilities that IRC clients request, in turn; 1 for no capabilities.
    pub(super) classes: u32,
}

/// The kind of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Members are silent.
    Idle,
    /// All clients connect and enter one room at once, where each entrance is announced to the others.
    Storm,
    /// Members speak.
    Talk,
}

/// The pace at which lines are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Open loop: lines a second, by a fixed schedule.
    Rate(u32),
    /// Closed loop: lines that may be in flight, that is, not yet received by all members.
    Window(u32),
}

const TALK: Workload = Workload {
    name: "talk200",
    about: Localized {
        en: "one room of 200, all speak, 200 lines in flight",
        zh: "一个 200 人的房间，人人发言，200 行在途",
    },
    shape: Shape::Talk,
    clients: 200,
    rooms: 1,
    rooms_each: 1,
    speakers: 200,
    slow: 0,
    pace: Pace::Window(200),
    line_bytes: 64,
    classes: 1,
};

/// All workloads.
pub(super) const WORKLOADS: [Workload; 10] = [
    TALK,
    Workload {
        name: "talk1000",
        about: Localized {
            en: "one room of 1,000, all speak, 1,000 lines in flight",
            zh: "一个 1,000 人的房间，人人发言，1,000 行在途",
        },
        clients: 1_000,
        speakers: 1_000,
        pace: Pace::Window(1_000),
        ..TALK
    },
    Workload {
        name: "talk10k",
        about: Localized {
            en: "one room of 10,000, 1,000 of them speak, 1,000 lines in flight",
            zh: "一个 10,000 人的房间，其中 1,000 人发言，1,000 行在途",
        },
        clients: 10_000,
        speakers: 1_000,
        pace: Pace::Window(1_000),
        ..TALK
    },
    Workload {
        name: "one1000",
        about: Localized {
            en: "one room of 1,000, one speaks, 50 lines a second",
            zh: "一个 1,000 人的房间，一人发言，每秒 50 行",
        },
        clients: 1_000,
        speakers: 1,
        pace: Pace::Rate(50),
        ..TALK
    },
    Workload {
        name: "rooms100",
        about: Localized {
            en: "100 rooms of 10, all speak, 2,000 lines in flight",
            zh: "100 个 10 人的房间，人人发言，2,000 行在途",
        },
        clients: 1_000,
        rooms: 100,
        speakers: 1_000,
        pace: Pace::Window(2_000),
        ..TALK
    },
    Workload {
        name: "many",
        about: Localized {
            en: "2,000 members, each in 10 of 20 rooms, all speak, 2,000 lines in flight; needs --dialect irc",
            zh: "2,000 名成员，每人在 20 个房间中的 10 个，人人发言，2,000 行在途；需要 --dialect irc",
        },
        clients: 2_000,
        rooms: 20,
        rooms_each: 10,
        speakers: 2_000,
        pace: Pace::Window(2_000),
        ..TALK
    },
    Workload {
        name: "latency50",
        about: Localized {
            en: "one room of 50, all speak, 500 lines a second",
            zh: "一个 50 人的房间，人人发言，每秒 500 行",
        },
        clients: 50,
        speakers: 50,
        pace: Pace::Rate(500),
        ..TALK
    },
    Workload {
        name: "idle10k",
        about: Localized {
            en: "10,000 members in 1,000 rooms, silent",
            zh: "1,000 个房间共 10,000 名成员，无人发言",
        },
        shape: Shape::Idle,
        clients: 10_000,
        rooms: 1_000,
        speakers: 0,
        ..TALK
    },
    Workload {
        name: "storm3k",
        about: Localized {
            en: "3,000 clients connect and enter one room at once",
            zh: "3,000 个客户端同时连接并进入同一个房间",
        },
        shape: Shape::Storm,
        clients: 3_000,
        speakers: 0,
        ..TALK
    },
    Workload {
        name: "slow",
        about: Localized {
            en: "talk200 with 100 speakers, and 4 more members that never read; the next takes the place of one that is closed",
            zh: "talk200，其中 100 人发言，另有 4 名从不读取的成员，被断开的由新成员接替",
        },
        speakers: 100,
        slow: 4,
        ..TALK
    },
];

/// Bytes of the number at the end of a line, which identifies the line.
pub(super) const NUMBER_BYTES: usize = 9;

impl Workload {
    pub(super) fn named(name: &str) -> Option<Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }

    /// Returns the room in which a client speaks.
    pub(super) const fn room(&self, client: u32) -> u32 {
        client % self.rooms
    }

    /// Returns all rooms of a client, the one in which it speaks first. The others are drawn, so that hardly any two clients
    /// have the same rooms.
    pub(super) fn rooms_of(&self, client: u32) -> Vec<u32> {
        let mut rooms = vec![self.room(client)];
        let mut state = u64::from(client);
        while rooms.len() < self.rooms_each as usize {
            // A step of a linear congruential generator, of which the upper bits are used.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let room = u32::try_from((state >> 33) % u64::from(self.rooms)).expect("there are fewer rooms");
            if !rooms.contains(&room) {
                rooms.push(room);
            }
        }
        rooms
    }

    /// Returns the number of members of each room that read.
    pub(super) fn readers(&self) -> Vec<u32> {
        let mut readers = vec![0; self.rooms as usize];
        for client in 0..self.clients {
            for room in self.rooms_of(client) {
                readers[room as usize] += 1;
            }
        }
        readers
    }

    /// Returns the number of connections.
    pub(super) const fn connections(&self) -> u32 {
        self.clients + self.slow
    }

    /// Checks that the numbers make sense together; the error says which do not.
    pub(super) fn check(&self) -> Result<(), String> {
        let pace_is_valid = !matches!(self.pace, Pace::Rate(0) | Pace::Window(0));
        for (rule, holds) in [
            ("clients must be at least 1", self.clients >= 1),
            ("rooms must be from 1 to the number of clients", (1..=self.clients).contains(&self.rooms)),
            ("speakers must be at most the number of clients", self.speakers <= self.clients),
            ("speakers must be at least 1", self.shape != Shape::Talk || self.speakers >= 1),
            (
                "each room needs at least 2 clients",
                self.shape != Shape::Talk || self.clients >= 2 * self.rooms,
            ),
            ("the window or rate must be at least 1", pace_is_valid),
            ("a storm is in one room", self.shape != Shape::Storm || self.rooms == 1),
            ("rooms-each must be from 1 to the number of rooms", (1..=self.rooms).contains(&self.rooms_each)),
            ("with rooms-each, at most 64 rooms are supported", self.rooms_each == 1 || self.rooms <= 64),
            (
                "slow members need a workload in which members speak",
                self.shape == Shape::Talk || self.slow == 0,
            ),
            ("line-bytes must be from 9 to 4096", (9..=4_096).contains(&self.line_bytes)),
        ] {
            if !holds {
                return Err(format!("{}: {rule}", self.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_are_valid() {
        for workload in WORKLOADS {
            assert_eq!(workload.check(), Ok(()));
            assert!(Workload::named(workload.name).is_some());
            let readers: u32 = workload.readers().into_iter().sum();
            assert_eq!(readers, workload.clients * workload.rooms_each, "{}", workload.name);
        }
        assert!(Workload::named("nothing").is_none());
    }

    #[test]
    fn numbers_without_meaning_are_refused() {
        assert!(Workload { rooms: 0, ..TALK }.check().is_err());
        assert!(Workload { speakers: 201, ..TALK }.check().is_err());
        assert!(Workload { rooms: 101, ..TALK }.check().is_err());
        assert!(Workload { pace: Pace::Window(0), ..TALK }.check().is_err());
        assert!(Workload { line_bytes: 8, ..TALK }.check().is_err());
        assert!(Workload { rooms_each: 2, ..TALK }.check().is_err());
        assert!(Workload { rooms_each: 0, ..TALK }.check().is_err());
        assert!(Workload { rooms: 65, rooms_each: 2, ..TALK }.check().is_err());
    }

    #[test]
    fn members_of_many_rooms_have_different_ones() {
        let many = Workload::named("many").expect("there is one");
        let mut sets = std::collections::BTreeSet::new();
        for client in 0..many.clients {
            let mut rooms = many.rooms_of(client);
            assert_eq!((rooms.len(), rooms[0]), (10, many.room(client)));
            rooms.sort_unstable();
            rooms.dedup();
            assert_eq!(rooms.len(), 10);
            sets.insert(rooms);
        }
        assert!(sets.len() > 1_900, "{} different sets", sets.len());
        let readers = many.readers();
        assert!(readers.iter().all(|readers| (900..1_100).contains(readers)), "{readers:?}");
    }
}
