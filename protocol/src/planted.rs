//! Bugs on purpose, to prove that the simulator finds them.
//!
//! Each place of the core where one of them can be is one function here: what is right, and, where the feature
//! `planted` is on and the bug was chosen, what is wrong. The server is built without the feature, and then
//! the functions are nothing but what is right.

#![cfg_attr(not(feature = "planted"), allow(unreachable_pub, reason = "only the simulator chooses one"))]

use crate::base::mode::Status;
#[cfg(feature = "planted")]
use core::sync::atomic::{AtomicU8, Ordering};

/// A bug that can be planted in the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// A direct reply overtakes a command.
    AnswerOvertakes = 1,
    /// Clients hear that somebody is away, whether they asked for that or not.
    AwayUnasked,
    /// No message of a bot tells that it is one.
    BotUntagged,
    /// Who asks for its own messages does not hear them, and who does not ask hears them.
    EchoInverted,
    /// A member that enters in the middle of a tick hears what was said before.
    HearsBefore,
    /// A member that leaves and returns within a tick hears what it missed.
    HearsMissed,
    /// Each piece of a long message has the message's id.
    IdOnPieces,
    /// Two messages have one id.
    IdShared,
    /// Each client reads the form of a join that has to be asked for.
    JoinExtended,
    /// What is said to a connection meanwhile is taken for the answer to its line with a label.
    LabelTakesOthers,
    /// A language changed in the middle of a tick is that of the whole tick.
    LanguageOfTick,
    /// A member that leaves in the middle of a tick loses what the tick said to it.
    LosesOnLeaving,
    /// The name of a member that has left stays taken.
    NameStaysTaken,
    /// A piece of a long message is longer than a message may be.
    PieceTooLong,
    /// The console is not told of renames.
    RenameUnreported,
    /// Those who watch a name do not hear that its owner takes another.
    RenameUnwatched,
    /// Who was taken for plain, and begins again as IRC, forgets to leave.
    RestartStays,
    /// Two rooms' lines are swapped for a member of both.
    RoomsSwapped,
    /// What is said to those who run a room reaches those with a voice, too.
    StatusIgnored,
    /// Messages tell when they were sent, whether their reader asked for that or not.
    TimeUnasked,
}

#[cfg(feature = "planted")]
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Plants a bug in every core of this process, or none.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    CHOSEN.store(bug.map_or(0, |bug| bug as u8), Ordering::Relaxed);
}

#[cfg(feature = "planted")]
fn is(bug: Bug) -> bool {
    CHOSEN.load(Ordering::Relaxed) == bug as u8
}

#[cfg(not(feature = "planted"))]
const fn is(_: Bug) -> bool {
    false
}

/// Whether a question waits for the verdicts on so many commands before it.
pub(crate) fn answer_waits(pending: u32) -> bool {
    if is(Bug::AnswerOvertakes) { pending > 1 } else { pending > 0 }
}

/// From which output on a subscription hears its room, when it begins at this one. `earlier` gives from and until which
/// outputs the last subscription to that room lasted that ended within the tick.
pub(crate) fn heard_from(begins: u32, earlier: impl FnOnce() -> Option<(u32, u32)>) -> u32 {
    match earlier() {
        _ if is(Bug::HearsBefore) => 0,
        Some((_, until)) if is(Bug::HearsMissed) => until,
        Some((from, _)) if is(Bug::LanguageOfTick) => from,
        _ => begins,
    }
}

/// Up to which output a subscription hears its room, when it began and ended at these.
pub(crate) fn heard_until(from: u32, ends: u32) -> u32 {
    if is(Bug::LosesOnLeaving) { from } else { ends }
}

/// Whether the output of one room comes before that of another, of which each has its place in the tick and
/// its place among the rooms.
pub(crate) fn comes_before(one: (u32, usize), other: (u32, usize)) -> bool {
    if is(Bug::RoomsSwapped) { one.1 > other.1 } else { one.0 < other.0 }
}

/// Whether a connection hears what it says, where it has asked for that or not.
pub(crate) fn hears_itself(asked: bool) -> bool {
    asked != is(Bug::EchoInverted)
}

/// Whether what a connection hears of others is a part of its answer to a line with a label.
pub(crate) fn is_in_answer() -> bool {
    is(Bug::LabelTakesOthers)
}

/// Whether a name is free when its owner has left.
pub(crate) fn frees_name() -> bool {
    !is(Bug::NameStaysTaken)
}

/// Whether those who watch names hear of a rename.
pub(crate) fn tells_watchers() -> bool {
    !is(Bug::RenameUnwatched)
}

/// Whether the console is told of renames.
pub(crate) fn reports_renames() -> bool {
    !is(Bug::RenameUnreported)
}

/// Whether who begins again as IRC leaves before.
pub(crate) fn leaves_before() -> bool {
    !is(Bug::RestartStays)
}

/// Whether who has this status at the highest hears what is said to those with that one.
pub(crate) fn reaches(highest: Status, status: Status) -> bool {
    highest >= status || is(Bug::StatusIgnored)
}

/// Whether a client hears that somebody is away, where it has asked for that or not.
pub(crate) fn hears_away(asked: bool) -> bool {
    asked || is(Bug::AwayUnasked)
}

/// Whether a message tells that a bot sent it.
pub(crate) fn tells_bot(by_bot: bool) -> bool {
    by_bot && !is(Bug::BotUntagged)
}

/// Whether a later piece of a message has the tags of the first one.
pub(crate) fn repeats_tags() -> bool {
    is(Bug::IdOnPieces)
}

/// What tells a message from the others of the same log.
pub(crate) fn id_of(seq: u64) -> u64 {
    if is(Bug::IdShared) { seq / 4 } else { seq }
}

/// Whether a client reads joins with account and real name, where it has asked for that or not.
pub(crate) fn joins_are_extended(asked: bool) -> bool {
    asked || is(Bug::JoinExtended)
}

/// Bytes of a piece of a message, of which it may have so many.
pub(crate) fn piece_bytes(bytes_max: usize) -> usize {
    if is(Bug::PieceTooLong) { bytes_max + 1 } else { bytes_max }
}

/// Whether a client reads when messages were sent, where it has asked for that or not.
pub(crate) fn tells_time(asked: bool) -> bool {
    asked || is(Bug::TimeUnasked)
}
