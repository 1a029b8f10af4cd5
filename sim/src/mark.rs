//! States that a sweep must reach: a simulator that never reaches a state proves nothing about it.

use std::collections::BTreeSet;

macro_rules! marks {
    ($($mark:ident: $about:literal,)*) => {
        /// A state that a sweep must reach.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mark {
            $(#[doc = $about] $mark,)*
        }

        impl Mark {
            /// All marks.
            pub const ALL: &'static [Self] = &[$(Self::$mark,)*];

            /// Returns a description of the state.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$mark => $about,)*
                }
            }
        }
    };
}

marks! {
    AcceptWaits: "a connection waits to be accepted because no slot is free",
    AddressBusy: "several connections wait for the budget of their address",
    AddressTold: "an operator reads the address of another member",
    Answered: "a member replies to the last one that sent it a private message",
    AnsweredHttp: "an HTTP request is answered with the ways to join",
    AnsweredMidTick: "a member gets a reply in the middle of its room's tick",
    BacklogCut: "a slow reader is closed",
    BanEnded: "a ban from the server ends by itself",
    BanLifted: "an operator lifts a ban from the server",
    BanOfOneself: "an operator would ban itself from the server",
    BannedAtDoor: "a connection is refused because its address is banned",
    BansFull: "an operator sets a ban when the server has as many as it may have",
    BotHeard: "a client reads that another member is a bot",
    BudgetShared: "newcomers share a budget because too many debts are kept",
    ClosedNotKept: "a room that restricts who may enter ends with its last member",
    CharacterMended: "a telnet client takes a byte of a character for a key",
    BothSpeak: "members of two nodes speak in one group of entries",
    ClassMidTick: "a member changes its capabilities in the middle of its room's tick",
    ClosedHalfWritten: "a connection breaks in the middle of a write",
    ConvertedUtf16: "a member writes UTF-16",
    ClockSetBack: "the time of the log is set back, because the clock of a node was wrong",
    Corrected: "a member erases a part of what it has typed",
    Crowd: "two hundred members are on a server with fifty rooms",
    CrowdLeaves: "one entry ends a hundred members",
    CutOffWhileClosing: "a connection that is closing sends so much that it is cut off",
    DetectedIrc: "a first line is an IRC registration",
    DropsRefused: "a connection is refused without a message",
    EntersGone: "a member enters whose connection is closed",
    EntersMidTick: "a member enters a room in the middle of its tick",
    EntranceWaits: "a client waits to enter, because the log stands still",
    FellSilent: "a silent connection is taken for plain",
    FlushInSlices: "a flush stops with writes left to do",
    FullTick: "a tick renders as much as its limit allows",
    GroupCommit: "the log commits several entries at once",
    GuessedAfterSilence: "a client falls silent in the middle of an opening, and its protocol is guessed",
    HeldInLine: "reading pauses in the middle of a line that is too long",
    HeldLink: "bytes wait for a link that is held",
    HistoryContinues: "there is more of a history than fits on the page",
    HistoryHalved: "the longest history is halved, because all of them together are too long",
    HistoryHidden: "a member enters a room of whose history it may not read everything",
    HostSet: "an operator sets the host of a member",
    Identified: "the server's configuration is read again",
    InputPaused: "reading from a connection pauses",
    InvitationUsed: "a member enters a room to which it was invited",
    KeptOut: "a connection does not become a member because a ban matches its name",
    KickedMidTick: "a member is kicked in the middle of its room's tick",
    Killed: "an operator kills a member",
    KeptClosed: "an operator of the server restricts who may enter a kept room, which ends",
    KeptEntered: "a member enters a room that was kept without members, and reads its topic",
    KeptOverStart: "a room is kept whose last member a former life left behind",
    KilledLately: "the address of a killed member connects again too early",
    LabelInPages: "a part of a labelled answer is written before the rest is ready",
    LanguageMidTick: "a member changes its language in the middle of its room's tick",
    LeavesMidTick: "a member leaves a room in the middle of its tick",
    LifeOutlived: "a process proposes something after its life is over",
    LineAtLimit: "a line has exactly as many bytes as its limit",
    LineCut: "a line has more bytes than its limit",
    LogFull: "a line waits because there are as many proposals as there may be",
    LostWhileStill: "a log that nodes share loses proposals while it stands still",
    MarkerStays: "a client moves a read marker back, and is told that it stays",
    MarkersFull: "a client sets a read marker when it has as many as it may have",
    Muted: "a member is not allowed to speak in a room",
    NameBanned: "a member asks for a name that is banned from the server",
    NameFreed: "a member that a former life left behind leaves when its node has started again",
    NameHeld: "a member that a mask of its room matches asks for another name",
    NameRefused: "a member asks for a name that is taken",
    NameReserved: "a member asks for a reserved name",
    NameTakenAtEntrance: "a client registers with a name that is taken",
    NotSaid: "a first line may be a login, and is not sent to the room",
    PasswordNotChecked: "a password is not checked, because there are too many attempts",
    PasswordRight: "a client gives the right password",
    PasswordWrong: "a client gives a wrong password",
    PastGone: "a proposal is applied after the process that made it is gone",
    PieceWithTags: "a client with message tags reads a later piece of a long message",
    PingAnswered: "a client answers a ping",
    PingTimedOut: "a client does not answer a ping",
    ProposedAgain: "a proposal that came too early is made again, behind those that it overtook",
    GatewayVouched: "a gateway gives the right password and says whose connection it is",
    Proxied: "a proxy says whose connection it is",
    ProxiedForItself: "a proxy connects on its own behalf, or does not say for whom",
    ProxyInvalid: "a proxy sends something else than a header",
    ProxySilent: "a proxy does not say in time whose connection it is",
    ReaderBehind: "a sixteenth of its maximum backlog waits for a reader of 1 Mbit/s",
    RedactForbidden: "a member would remove a line of another, and is no operator of the room",
    RedactedByOperator: "an operator of a room removes a line of another member",
    RedactedOwn: "a member removes a line that it has said",
    RedactedUnknown: "a client would remove a message that is not there, or that it may not read",
    RegistrationTimedOut: "a client does not register in time",
    Renamed: "a member changes its name",
    RepeatDropped: "an entry that the log repeats is ignored",
    ReturnsMidTick: "a member leaves a room and returns within a tick",
    RoomEnded: "a room ends that nobody has entered for long enough",
    RoomEndedTooLate: "a room is to end that has ended already, or that somebody has entered",
    RoomMadeWay: "a room without members ends, because another one begins",
    RoomsBegun: "a member may not begin a room, because its host has begun too many",
    SaidInFlood: "a reader's line is said while a connection of a hostile address does a whole turn",
    SecondGeneration: "a slot is used a second time",
    ServerBanned: "a connection is closed by a new ban from the server",
    SeveralRooms: "a member is in several rooms",
    Signalled: "others read that a member is typing",
    SlowedDown: "a member is told that its lines wait, because there are so many",
    SpeaksTwice: "a member sends two messages in one tick",
    StatusPassedOn: "a member enters an empty room whose operator has not returned in time, and runs it",
    StatusReturned: "an operator returns to a room that was empty, and is its operator again",
    StopsWithoutReading: "a client that does not read is cut off at the end",
    StrangerAtPlain: "a member that was greeted as plain sends another protocol",
    StrangerKnown: "a client speaks a protocol that the server knows and does not serve",
    SwitchedToIrc: "a member that was taken for plain registers as IRC",
    TelnetAnswered: "a telnet command is answered",
    ToldEncoding: "a member writes text that is not UTF-8",
    ToldInSlices: "an entry is told in more than one slice",
    ToldOfLog: "a client is told that its lines wait, or wait no longer",
    TransmitsBinary: "a telnet client transmits binary",
    TurnEnded: "a connection waits for its turn, because it has done much",
    TwoRoomsInTick: "a member reads events of two rooms in one tick",
    WaitedAtDoor: "a connection is let in only when its address's budget allows it",
    WatchedClosely: "a watcher that shares no room with a member reads an event of it",
    WatchedRenamed: "a member with a watched name takes another",
    WordsWithheld: "the words of a silenced member that leaves or is away are withheld",
}

/// The marks that were reached.
pub type Marks = BTreeSet<Mark>;

/// Records that the mark is reached if the condition holds.
#[macro_export]
macro_rules! sometimes {
    ($marks:expr, $mark:ident, $condition:expr) => {
        if $condition {
            $marks.insert($crate::mark::Mark::$mark);
        }
    };
}
