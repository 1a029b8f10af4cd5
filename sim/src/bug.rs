//! Planted bugs, which show that the checks find bugs.
//!
//! Some are in the simulator's own parts around the core (the sink, the log and the network); the others can only be in
//! the core itself (`parlor_protocol::planted`).

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
    /// A slow reader is closed at half of its limit, as if its backlog were counted twice.
    BacklogTwice,
    /// The core is not told of a connection that breaks in the middle of a write, so its member does not leave. A `Leave` that
    /// only the log loses is proposed again.
    CloseLosesLeave,
    /// At the end of a client's input, the output that is still queued for it is dropped.
    EndDropsOwed,
    /// A kicked member reads the room for the rest of the tick.
    KickedHears,
    /// A leave is announced twice if it is the second of a tick.
    LeaveTwice,
    /// A process that starts is not given the last entry of the log, which others have read.
    LogForgets,
    /// A line that is exactly as long as its limit loses its last byte.
    LimitByOne,
    /// A leave is announced once for each room that the reader shared with the member.
    QuitPerRoom,
    /// A member that enters in the tick of a rename does not read the rename.
    RenameRacesEntrance,
    /// A member that sends two messages in a tick reads the second one.
    SenderHears,
    /// Bytes that a closed connection has sent are received from the next connection in its slot.
    SlotReused,
}

/// Every planted bug, with its name on the command line.
pub const BUGS: [(&str, Bug); 64] = [
    ("address-shown", Bug::Core(CoreBug::AddressShown)),
    ("answer-overtakes", Bug::Core(CoreBug::AnswerOvertakes)),
    ("away-unasked", Bug::Core(CoreBug::AwayUnasked)),
    ("backlog-twice", Bug::Sim(SimBug::BacklogTwice)),
    ("ban-for-ever", Bug::Core(CoreBug::BanForEver)),
    ("bans-forgotten", Bug::Core(CoreBug::BansForgotten)),
    ("barrier-lifted", Bug::Core(CoreBug::BarrierLifted)),
    ("bot-untagged", Bug::Core(CoreBug::BotUntagged)),
    ("budget-of-connection", Bug::Core(CoreBug::BudgetOfConnection)),
    ("burst-in-one-turn", Bug::Core(CoreBug::BurstInOneTurn)),
    ("cloak-shared", Bug::Core(CoreBug::CloakShared)),
    ("close-loses-leave", Bug::Sim(SimBug::CloseLosesLeave)),
    ("debt-forgotten", Bug::Core(CoreBug::DebtForgotten)),
    ("door-open", Bug::Core(CoreBug::DoorOpen)),
    ("echo-inverted", Bug::Core(CoreBug::EchoInverted)),
    ("end-drops-owed", Bug::Sim(SimBug::EndDropsOwed)),
    ("entrance-adopted", Bug::Core(CoreBug::EntranceAdopted)),
    ("gateway-trusted", Bug::Core(CoreBug::GatewayTrusted)),
    ("ghost-stays", Bug::Core(CoreBug::GhostStays)),
    ("hears-before", Bug::Core(CoreBug::HearsBefore)),
    ("hears-missed", Bug::Core(CoreBug::HearsMissed)),
    ("histories-unbounded", Bug::Core(CoreBug::HistoriesUnbounded)),
    ("id-on-pieces", Bug::Core(CoreBug::IdOnPieces)),
    ("id-shared", Bug::Core(CoreBug::IdShared)),
    ("invisible-listed", Bug::Core(CoreBug::InvisibleListed)),
    ("join-extended", Bug::Core(CoreBug::JoinExtended)),
    ("kicked-hears", Bug::Sim(SimBug::KickedHears)),
    ("killed-returns", Bug::Core(CoreBug::KilledReturns)),
    ("label-takes-others", Bug::Core(CoreBug::LabelTakesOthers)),
    ("language-of-tick", Bug::Core(CoreBug::LanguageOfTick)),
    ("leave-twice", Bug::Sim(SimBug::LeaveTwice)),
    ("life-ignored", Bug::Core(CoreBug::LifeIgnored)),
    ("life-outlasted", Bug::Core(CoreBug::LifeOutlasted)),
    ("limit-by-one", Bug::Sim(SimBug::LimitByOne)),
    ("log-forgets", Bug::Sim(SimBug::LogForgets)),
    ("loses-on-leaving", Bug::Core(CoreBug::LosesOnLeaving)),
    ("marker-back", Bug::Core(CoreBug::MarkerBack)),
    ("name-stays-taken", Bug::Core(CoreBug::NameStaysTaken)),
    ("number-ignored", Bug::Core(CoreBug::NumberIgnored)),
    ("overtaken-lost", Bug::Core(CoreBug::OvertakenLost)),
    ("piece-too-long", Bug::Core(CoreBug::PieceTooLong)),
    ("proxy-charged", Bug::Core(CoreBug::ProxyCharged)),
    ("queue-reversed", Bug::Core(CoreBug::QueueReversed)),
    ("quit-per-room", Bug::Sim(SimBug::QuitPerRoom)),
    ("redacted-stays", Bug::Core(CoreBug::RedactedStays)),
    ("redacts-others", Bug::Core(CoreBug::RedactsOthers)),
    ("refusal-done", Bug::Core(CoreBug::RefusalDone)),
    ("rename-races-entrance", Bug::Sim(SimBug::RenameRacesEntrance)),
    ("rename-unreported", Bug::Core(CoreBug::RenameUnreported)),
    ("rename-unwatched", Bug::Core(CoreBug::RenameUnwatched)),
    ("repeat-said", Bug::Core(CoreBug::RepeatSaid)),
    ("restart-stays", Bug::Core(CoreBug::RestartStays)),
    ("room-ends-late", Bug::Core(CoreBug::RoomEndsLate)),
    ("rooms-swapped", Bug::Core(CoreBug::RoomsSwapped)),
    ("rooms-unshared", Bug::Core(CoreBug::RoomsUnshared)),
    ("secret-listed", Bug::Core(CoreBug::SecretListed)),
    ("sender-hears", Bug::Sim(SimBug::SenderHears)),
    ("slot-reused", Bug::Sim(SimBug::SlotReused)),
    ("status-for-ever", Bug::Core(CoreBug::StatusForEver)),
    ("status-ignored", Bug::Core(CoreBug::StatusIgnored)),
    ("time-repeats", Bug::Core(CoreBug::TimeRepeats)),
    ("time-unasked", Bug::Core(CoreBug::TimeUnasked)),
    ("time-runs-back", Bug::Core(CoreBug::TimeRunsBack)),
    ("turn-endless", Bug::Core(CoreBug::TurnEndless)),
];

impl Bug {
    /// Returns the bug with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        BUGS.iter().find(|(it, _)| *it == name).map(|&(_, bug)| bug)
    }

    /// Plants a bug of the core in this process, in place of one that was planted before. Returns a bug of the
    /// simulator, which is passed to each run instead.
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
