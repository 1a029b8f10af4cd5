//! States that a sweep must have been in: a simulator that never meets them proves nothing about them.

use std::collections::BTreeSet;

macro_rules! marks {
    ($($mark:ident: $about:literal,)*) => {
        /// A state that is worth having been in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mark {
            $(#[doc = $about] $mark,)*
        }

        impl Mark {
            /// Every mark.
            pub const ALL: &'static [Self] = &[$(Self::$mark,)*];

            /// Returns the state in words.
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
    AcceptWaits: "somebody waits to be accepted, for there is no place",
    Answered: "somebody answers whoever wrote last in private",
    AnsweredHttp: "somebody speaks HTTP, and is told the ways in",
    AnsweredMidTick: "somebody is answered in the middle of its room's tick",
    BacklogCut: "a slow reader is closed",
    BeganAfresh: "somebody who was taken for plain begins again as IRC",
    BotHeard: "a client reads that somebody is a bot",
    CharacterMended: "a client of telnet takes a byte of a character for a key",
    ClassMidTick: "somebody asks for other capabilities in the middle of its room's tick",
    ClosedHalfWritten: "a connection breaks in the middle of a write",
    ConvertedUtf16: "somebody writes UTF-16",
    Corrected: "somebody erases what it has typed",
    DetectedIrc: "a first line is a registration of IRC",
    DropsRefused: "a connection is refused without a word",
    EntersGone: "somebody enters whose connection is gone",
    EntersMidTick: "somebody enters a room in the middle of its tick",
    FellSilent: "somebody says nothing, and is taken for plain",
    FlushInSlices: "a flush is not done with its writes",
    FullTick: "a tick renders as much as it may",
    GroupCommit: "the log answers with several entries at once",
    GuessedAfterSilence: "somebody falls silent in the middle of an opening, and is taken for what that opens",
    HeldLink: "something waits for a link that carries nothing",
    HostSet: "an operator has somebody shown at another host",
    Identified: "the server's configuration is read again",
    InputPaused: "reading from a connection pauses",
    InvitationUsed: "somebody enters a room to which it was invited",
    KickedMidTick: "somebody is sent out of a room in the middle of its tick",
    Killed: "an operator ends somebody's connection",
    LabelInPages: "the answer to a line with a label is on its way before it is whole",
    LanguageMidTick: "somebody changes language in the middle of its room's tick",
    LeavesMidTick: "somebody leaves a room in the middle of its tick",
    LineAtLimit: "a line has just as many bytes as it may",
    LineCut: "a line has more bytes than it may",
    Muted: "somebody may not speak in a room",
    NameHeld: "somebody whom the masks of a room are about wants another name",
    NameRefused: "somebody wants a name that is taken",
    NameReserved: "somebody wants a name that is nobody's",
    NameTakenAtEntrance: "somebody wants to enter with a name that is taken",
    NotSaid: "a first line may be a log-in, and is not said",
    PasswordRight: "somebody knows the password",
    PasswordWrong: "somebody does not know the password",
    PieceWithTags: "a client that reads tags reads a later piece of what is said",
    PingAnswered: "somebody who was asked whether it is there gives a sign of life",
    PingTimedOut: "somebody who was asked whether it is there gives none",
    RegistrationTimedOut: "somebody does not say who it is",
    Renamed: "somebody has another name",
    ReturnsMidTick: "somebody leaves a room and returns within a tick",
    SecondGeneration: "a slot has another tenant",
    SeveralRooms: "somebody is in several rooms",
    Signalled: "somebody is typing, and others hear that",
    SpeaksTwice: "somebody speaks twice in a tick",
    StopsWithoutReading: "somebody who does not read is cut off at the end",
    StrangerAtPlain: "somebody speaks what is not spoken there, where it was greeted as plain",
    StrangerKnown: "somebody speaks what is spoken elsewhere",
    TelnetAnswered: "a client of telnet is answered",
    ToldEncoding: "somebody writes what is not UTF-8",
    TransmitsBinary: "a client of telnet sends bytes as they are",
    TwoRoomsInTick: "somebody hears two rooms in one tick",
    WatchedClosely: "somebody who shares no room hears what another says of itself",
    WatchedRenamed: "somebody whose name is watched takes another",
    WordsWithheld: "somebody who may not speak in a room leaves or is away, and its words are not heard",
}

/// Marks that were reached.
pub type Marks = BTreeSet<Mark>;

/// Reaches the mark if the condition holds.
#[macro_export]
macro_rules! sometimes {
    ($marks:expr, $mark:ident, $condition:expr) => {
        if $condition {
            $marks.insert($crate::mark::Mark::$mark);
        }
    };
}
