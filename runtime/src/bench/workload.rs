//! What is done to a server, by name.

use crate::locale::Localized;

/// A load, and what of it is changed by the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) about: Localized,
    pub(super) shape: Shape,
    /// Members that read, all rooms together.
    pub(super) clients: u32,
    /// They are spread over the rooms evenly.
    pub(super) rooms: u32,
    /// How many of the members speak, in turn.
    pub(super) speakers: u32,
    /// Members that never read, on top of the others.
    pub(super) slow: u32,
    pub(super) pace: Pace,
    /// The text of a line, without its end and what the dialect puts around it.
    pub(super) line_bytes: u32,
    /// Combinations of capabilities that the clients of IRC ask for, in turn; 1 for none.
    pub(super) classes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Everybody is there and nothing is said.
    Idle,
    /// All connect at once, and everyone hears every entrance.
    Storm,
    Talk,
}

/// When the next line is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Open loop: so many a second, by a fixed schedule.
    Rate(u32),
    /// Closed loop: when fewer than so many lines were not heard by everyone.
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
    speakers: 200,
    slow: 0,
    pace: Pace::Window(200),
    line_bytes: 64,
    classes: 1,
};

/// Every workload that there is.
pub(super) const WORKLOADS: [Workload; 9] = [
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
            en: "talk200 with 100 speakers, and 4 more members that never read",
            zh: "talk200，其中 100 人发言，另有 4 名从不读取的成员",
        },
        speakers: 100,
        slow: 4,
        ..TALK
    },
];

/// The number at the end of a line, by which the line is known; it has so many bytes.
pub(super) const MARK_BYTES: usize = 9;

impl Workload {
    pub(super) fn named(name: &str) -> Option<Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }

    /// The room of a client.
    pub(super) const fn room(&self, client: u32) -> u32 {
        client % self.rooms
    }

    /// Members of a room that read.
    pub(super) const fn readers(&self, room: u32) -> u32 {
        self.clients / self.rooms + if room < self.clients % self.rooms { 1 } else { 0 }
    }

    /// Everyone who connects.
    pub(super) const fn connections(&self) -> u32 {
        self.clients + self.slow
    }

    /// What is wrong with the numbers, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        let pace_is_sound = !matches!(self.pace, Pace::Rate(0) | Pace::Window(0));
        for (rule, holds) in [
            ("there must be a client", self.clients >= 1),
            ("there must be from one room to as many as clients", (1..=self.clients).contains(&self.rooms)),
            ("no more can speak than there are clients", self.speakers <= self.clients),
            ("somebody must speak", self.shape != Shape::Talk || self.speakers >= 1),
            ("a room of one hears nothing", self.shape != Shape::Talk || self.clients >= 2 * self.rooms),
            ("a window or rate of 0 says nothing", pace_is_sound),
            ("a storm is in one room", self.shape != Shape::Storm || self.rooms == 1),
            ("only where somebody speaks is anybody slow", self.shape == Shape::Talk || self.slow == 0),
            ("a line has at least 9 bytes and at most 4096", (9..=4_096).contains(&self.line_bytes)),
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
    fn the_named_workloads_are_sound() {
        for workload in WORKLOADS {
            assert_eq!(workload.check(), Ok(()));
            assert!(Workload::named(workload.name).is_some());
            let readers: u32 = (0..workload.rooms).map(|room| workload.readers(room)).sum();
            assert_eq!(readers, workload.clients, "{}", workload.name);
        }
        assert!(Workload::named("nothing").is_none());
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        assert!(Workload { rooms: 0, ..TALK }.check().is_err());
        assert!(Workload { speakers: 201, ..TALK }.check().is_err());
        assert!(Workload { rooms: 101, ..TALK }.check().is_err());
        assert!(Workload { pace: Pace::Window(0), ..TALK }.check().is_err());
        assert!(Workload { line_bytes: 8, ..TALK }.check().is_err());
    }
}
