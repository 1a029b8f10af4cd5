//! Bugs that are planted, to see that the judge finds them.
//!
//! Most are in what stands around the core here, the sink, the log and the network; the others are in the core
//! (`parlor_protocol::planted`), for they have no other place.

use parlor_protocol::planted::{self, Bug as CoreBug};

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// In the core.
    Core(CoreBug),
    /// In the simulator's own parts.
    Sim(SimBug),
}

/// A bug in the simulator's sink, log or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimBug {
    /// Who owes half of what one may owe is closed: as if it were counted twice.
    BacklogTwice,
    /// A connection that breaks in the middle of a write never leaves.
    CloseLosesLeave,
    /// At the end of input, what was still owed is dropped.
    EndDropsOwed,
    /// Who is sent out of a room hears it for the rest of the tick.
    KickedHears,
    /// A leave is announced twice when two fall into one tick.
    LeaveTwice,
    /// A line with as many bytes as it may have loses the last.
    LimitByOne,
    /// A leave is announced once for each room that one was in with who left.
    QuitPerRoom,
    /// Who enters in the tick of a rename does not hear of it.
    RenameRacesEntrance,
    /// Who speaks twice in a tick hears the second line.
    SenderHears,
    /// What was on its way from a dead connection comes from the next one in its slot.
    SlotReused,
}

/// Every planted bug, by the name that the command line knows it by.
pub const BUGS: [(&str, Bug); 30] = [
    ("answer-overtakes", Bug::Core(CoreBug::AnswerOvertakes)),
    ("away-unasked", Bug::Core(CoreBug::AwayUnasked)),
    ("backlog-twice", Bug::Sim(SimBug::BacklogTwice)),
    ("bot-untagged", Bug::Core(CoreBug::BotUntagged)),
    ("close-loses-leave", Bug::Sim(SimBug::CloseLosesLeave)),
    ("echo-inverted", Bug::Core(CoreBug::EchoInverted)),
    ("end-drops-owed", Bug::Sim(SimBug::EndDropsOwed)),
    ("hears-before", Bug::Core(CoreBug::HearsBefore)),
    ("hears-missed", Bug::Core(CoreBug::HearsMissed)),
    ("id-on-pieces", Bug::Core(CoreBug::IdOnPieces)),
    ("id-shared", Bug::Core(CoreBug::IdShared)),
    ("join-extended", Bug::Core(CoreBug::JoinExtended)),
    ("kicked-hears", Bug::Sim(SimBug::KickedHears)),
    ("label-takes-others", Bug::Core(CoreBug::LabelTakesOthers)),
    ("language-of-tick", Bug::Core(CoreBug::LanguageOfTick)),
    ("leave-twice", Bug::Sim(SimBug::LeaveTwice)),
    ("limit-by-one", Bug::Sim(SimBug::LimitByOne)),
    ("loses-on-leaving", Bug::Core(CoreBug::LosesOnLeaving)),
    ("name-stays-taken", Bug::Core(CoreBug::NameStaysTaken)),
    ("piece-too-long", Bug::Core(CoreBug::PieceTooLong)),
    ("quit-per-room", Bug::Sim(SimBug::QuitPerRoom)),
    ("rename-races-entrance", Bug::Sim(SimBug::RenameRacesEntrance)),
    ("rename-unreported", Bug::Core(CoreBug::RenameUnreported)),
    ("rename-unwatched", Bug::Core(CoreBug::RenameUnwatched)),
    ("restart-stays", Bug::Core(CoreBug::RestartStays)),
    ("rooms-swapped", Bug::Core(CoreBug::RoomsSwapped)),
    ("sender-hears", Bug::Sim(SimBug::SenderHears)),
    ("slot-reused", Bug::Sim(SimBug::SlotReused)),
    ("status-ignored", Bug::Core(CoreBug::StatusIgnored)),
    ("time-unasked", Bug::Core(CoreBug::TimeUnasked)),
];

impl Bug {
    /// The bug of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        BUGS.iter().find(|(it, _)| *it == name).map(|&(_, bug)| bug)
    }

    /// Plants it in this process's cores, or takes out whichever was planted; those of the simulator are
    /// given to each run.
    pub fn plant(bug: Option<Self>) -> Option<SimBug> {
        match bug {
            Some(Self::Core(bug)) => {
                planted::plant(Some(bug));
                None
            }
            Some(Self::Sim(bug)) => {
                planted::plant(None);
                Some(bug)
            }
            None => {
                planted::plant(None);
                None
            }
        }
    }
}
