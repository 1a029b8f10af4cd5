//! Deliberate bugs, which prove that the simulator finds them.
//!
//! The core calls a function here wherever a bug can be planted. With the feature `planted`, the function returns the wrong
//! value if the bug is chosen. The server is built without the feature: then each function returns the right value.

#![cfg_attr(not(feature = "planted"), allow(unreachable_pub, reason = "only the simulator chooses one"))]

use crate::base::mode::Status;
use core::net::IpAddr;
#[cfg(feature = "planted")]
use core::sync::atomic::{AtomicU8, Ordering};

/// A bug that can be planted in the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// Everybody is told the addresses of others.
    AddressShown = 1,
    /// A direct reply overtakes a command.
    AnswerOvertakes,
    /// Clients without `away-notify` are sent `AWAY` messages, too.
    AwayUnasked,
    /// Bans from the server do not end.
    BanForEver,
    /// A room that is kept loses its bans and exceptions.
    BansForgotten,
    /// An entry of another node or life lifts the barrier of a connection.
    BarrierLifted,
    /// Messages of bots do not have the tag `bot`.
    BotUntagged,
    /// The connections of an address do not share its budget: each has only its own.
    BudgetOfConnection,
    /// However much is rendered, the server goes on without letting sockets be asked whether they are writable.
    BurstInOneTurn,
    /// Neighbouring addresses have one cloak.
    CloakShared,
    /// An address without connections owes nothing.
    DebtForgotten,
    /// A connection is let in although its address has spent too much.
    DoorOpen,
    /// A client with `echo-message` is not sent its own messages, and a client without it is.
    EchoInverted,
    /// A member of another node takes a connection of this one.
    EntranceAdopted,
    /// A gateway is believed whatever its password is.
    GatewayTrusted,
    /// One of the members that a former life has left behind stays.
    GhostStays,
    /// A member that enters a room in the middle of a tick is sent the earlier messages of the tick.
    HearsBefore,
    /// A member that leaves and returns within a tick is sent the messages in between.
    HearsMissed,
    /// All histories together may have more bytes than their limit.
    HistoriesUnbounded,
    /// Each piece of a long message has the message's id.
    IdOnPieces,
    /// Two messages have one id.
    IdShared,
    /// The lists of a room's members show invisible members to clients outside the room.
    InvisibleListed,
    /// Clients without `extended-join` are sent the extended form, too.
    JoinExtended,
    /// The address of a killed member may connect again at once.
    KilledReturns,
    /// Messages from others are included in the answer to a labelled line.
    LabelTakesOthers,
    /// A language that is chosen in the middle of a tick applies to the whole tick.
    LanguageOfTick,
    /// Proposals of lives that are over, or have not begun, are applied.
    LifeIgnored,
    /// A process whose life is over goes on.
    LifeOutlasted,
    /// A member that leaves in the middle of a tick is not sent the earlier messages of the tick.
    LosesOnLeaving,
    /// A read marker goes back.
    MarkerBack,
    /// The name of a member that has left is not freed.
    NameStaysTaken,
    /// A proposal is applied that has overtaken earlier ones of its life.
    NumberIgnored,
    /// Of the proposals that are made again, all but the first are lost.
    OvertakenLost,
    /// A piece of a long message is longer than a message may be.
    PieceTooLong,
    /// A connection counts for the address of the proxy that it comes through.
    ProxyCharged,
    /// Of the connections that wait for their address, the one that came last is served first.
    QueueReversed,
    /// A line that was removed is still in the history.
    RedactedStays,
    /// Everybody may remove the lines of others.
    RedactsOthers,
    /// A proposal that the log refuses is told as done.
    RefusalDone,
    /// Renames are not reported to the console.
    RenameUnreported,
    /// Watchers of a name are not notified when its owner is renamed.
    RenameUnwatched,
    /// A message that the log repeats is said twice.
    RepeatSaid,
    /// The member of a plain connection that becomes IRC does not leave.
    RestartStays,
    /// A member of two rooms is sent their messages in the wrong order.
    RoomsSwapped,
    /// A room ends that was empty, although somebody has entered it in the meantime.
    RoomEndsLate,
    /// One host may begin as many rooms as there may be.
    RoomsUnshared,
    /// The list of rooms shows secret rooms to everybody.
    SecretListed,
    /// An operator of a room that was empty is one again however late it returns.
    StatusForEver,
    /// A message to the operators of a room is sent to members with voice, too.
    StatusIgnored,
    /// Clients without `server-time` are sent the tag `time`, too.
    TimeUnasked,
    /// Two messages in a room have one time.
    TimeRepeats,
    /// The time of the log is set back by less than a minute.
    TimeRunsBack,
    /// A connection does all that it can before others have their turns.
    TurnEndless,
}

#[cfg(feature = "planted")]
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Plants one bug, or none, in all hubs of this process.
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

/// Returns the address that the cloak of a client is made of.
pub(crate) fn cloaked(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if is(Bug::CloakShared) => (ip.to_bits() & !3).to_be_bytes().into(),
        ip => ip,
    }
}

/// Returns the time at which bans from the server are looked up.
pub(crate) fn time_of_bans(now_unix_ms: u64) -> u64 {
    if is(Bug::BanForEver) { 0 } else { now_unix_ms }
}

/// Returns the number of milliseconds for which the address of a killed member may not connect.
pub(crate) fn kill_wait_ms(ms: u64) -> u64 {
    if is(Bug::KilledReturns) { 0 } else { ms }
}

/// Returns whether a client is told the address of a member. `may_know` is whether it may know it.
pub(crate) fn is_told_address(may_know: bool) -> bool {
    may_know || is(Bug::AddressShown)
}

/// Returns whether the debt of an address is kept when its connections are gone.
pub(crate) fn keeps_debts() -> bool {
    !is(Bug::DebtForgotten)
}

/// Returns whether what a connection does is charged to its address, too.
pub(crate) fn charges_address() -> bool {
    !is(Bug::BudgetOfConnection)
}

/// Returns the maximum number of rooms that one host has begun.
pub(crate) fn rooms_per_host(rooms_max: u32) -> u32 {
    if is(Bug::RoomsUnshared) { u32::MAX } else { rooms_max }
}

/// Returns whether a room that is kept keeps its masks.
pub(crate) fn keeps_masks() -> bool {
    !is(Bug::BansForgotten)
}

/// Returns whether a room ends. `is_empty` is whether it has been empty long enough.
pub(crate) fn is_still_empty(is_empty: bool) -> bool {
    is_empty || is(Bug::RoomEndsLate)
}

/// Returns the number of milliseconds within which an operator of a room has to return.
pub(crate) fn room_return_ms(ms: u64) -> u64 {
    if is(Bug::StatusForEver) { u64::MAX } else { ms }
}

/// Returns the time of an event that can be read again: that of its entry, but later than `before`, that of the event before it.
pub(crate) fn remembered_at(of_entry: u64, before: u64) -> u64 {
    if time_repeats() { of_entry.max(before) } else { of_entry.max(before.saturating_add(1)) }
}

/// Returns whether two events of a history may have one time.
pub(crate) fn time_repeats() -> bool {
    is(Bug::TimeRepeats)
}

/// Returns the maximum number of bytes of all histories together.
pub(crate) fn histories_bytes(bytes_max: usize) -> usize {
    if is(Bug::HistoriesUnbounded) { usize::MAX } else { bytes_max }
}

/// Returns whether a new connection has to wait. `is_ready` is whether the budget of its address allows it now.
pub(crate) fn waits_at_door(is_ready: bool) -> bool {
    !is_ready && !is(Bug::DoorOpen)
}

/// Returns whether a connection through a proxy counts for the address of its client.
pub(crate) fn counts_for_client() -> bool {
    !is(Bug::ProxyCharged)
}

/// Returns whether a gateway is believed. `is_right` is whether its password is right.
pub(crate) fn is_vouched(is_right: bool) -> bool {
    is_right || is(Bug::GatewayTrusted)
}

/// Returns whether the connection that began to wait last is served first.
pub(crate) fn serves_last() -> bool {
    is(Bug::QueueReversed)
}

/// Returns whether a connection's turn ends. `is_over` is whether it has done enough.
pub(crate) fn ends_turn(is_over: bool) -> bool {
    is_over && !is(Bug::TurnEndless)
}

/// Returns whether the turn of the server ends when as much is rendered as may be.
pub(crate) fn turn_may_end() -> bool {
    !is(Bug::BurstInOneTurn)
}

/// Returns whether a query waits for `pending` uncommitted commands before it.
pub(crate) fn answer_waits(pending: u32) -> bool {
    if is(Bug::AnswerOvertakes) { pending > 1 } else { pending > 0 }
}

/// Returns the ordinal of the first output of a subscription that begins at `begins`. `earlier` returns the range of the
/// member's previous subscription to the room, if it ended in this tick.
pub(crate) fn heard_from(begins: u32, earlier: impl FnOnce() -> Option<(u32, u32)>) -> u32 {
    match earlier() {
        _ if is(Bug::HearsBefore) => 0,
        Some((_, until)) if is(Bug::HearsMissed) => until,
        Some((from, _)) if is(Bug::LanguageOfTick) => from,
        _ => begins,
    }
}

/// Returns the end of the range of a subscription that began at `from` and ended at `ends`.
pub(crate) fn heard_until(from: u32, ends: u32) -> u32 {
    if is(Bug::LosesOnLeaving) { from } else { ends }
}

/// Returns whether one room's output precedes another's. Each is given by its ordinal in the tick and the index of its
/// room.
pub(crate) fn comes_before(one: (u32, usize), other: (u32, usize)) -> bool {
    if is(Bug::RoomsSwapped) { one.1 > other.1 } else { one.0 < other.0 }
}

/// Returns whether a connection is sent its own messages. `asked` is whether it has requested that.
pub(crate) fn hears_itself(asked: bool) -> bool {
    asked != is(Bug::EchoInverted)
}

/// Returns whether messages from others are included in the answer to a labelled line.
pub(crate) fn is_in_answer() -> bool {
    is(Bug::LabelTakesOthers)
}

/// Returns whether a member may remove a line without being an operator. `is_own` is whether it has said it.
pub(crate) fn may_redact(is_own: bool) -> bool {
    is_own || is(Bug::RedactsOthers)
}

/// Returns whether a line that was removed leaves the history.
pub(crate) fn forgets_redacted() -> bool {
    !is(Bug::RedactedStays)
}

/// Returns a read marker that stood at `kept` when it is to be moved to `to`.
pub(crate) fn marker(kept: u64, to: u64) -> u64 {
    if is(Bug::MarkerBack) { to } else { kept.max(to) }
}

/// Returns whether a name is freed when its owner leaves.
pub(crate) fn frees_name() -> bool {
    !is(Bug::NameStaysTaken)
}

/// Returns whether watchers of names are notified of a rename.
pub(crate) fn tells_watchers() -> bool {
    !is(Bug::RenameUnwatched)
}

/// Returns whether renames are reported to the console.
pub(crate) fn reports_renames() -> bool {
    !is(Bug::RenameUnreported)
}

/// Returns whether the member of a plain connection leaves when the connection becomes IRC.
pub(crate) fn leaves_before() -> bool {
    !is(Bug::RestartStays)
}

/// Returns whether a member with this highest status is sent a message to holders of `status`.
pub(crate) fn reaches(highest: Status, status: Status) -> bool {
    highest >= status || is(Bug::StatusIgnored)
}

/// Returns whether a client is sent `AWAY` messages. `asked` is whether it has `away-notify`.
pub(crate) fn hears_away(asked: bool) -> bool {
    asked || is(Bug::AwayUnasked)
}

/// Returns whether a message has the tag `bot`.
pub(crate) fn tells_bot(by_bot: bool) -> bool {
    by_bot && !is(Bug::BotUntagged)
}

/// Returns whether the later pieces of a message have the tags of the first one.
pub(crate) fn repeats_tags() -> bool {
    is(Bug::IdOnPieces)
}

/// Returns the number that identifies a message in the log.
pub(crate) fn id_of(seq: u64) -> u64 {
    if is(Bug::IdShared) { seq / 4 } else { seq }
}

/// Returns whether a client is sent joins with account and real name. `asked` is whether it has `extended-join`.
pub(crate) fn joins_are_extended(asked: bool) -> bool {
    asked || is(Bug::JoinExtended)
}

/// Returns the maximum number of bytes of a piece of a message.
pub(crate) fn piece_bytes(bytes_max: usize) -> usize {
    if is(Bug::PieceTooLong) { bytes_max + 1 } else { bytes_max }
}

/// Returns whether messages to a client have the tag `time`. `asked` is whether it has `server-time`.
pub(crate) fn tells_time(asked: bool) -> bool {
    asked || is(Bug::TimeUnasked)
}

/// Returns whether a list of a room's members shows a member. `is_visible` is whether it is visible to the asker.
pub(crate) fn is_shown(is_visible: bool) -> bool {
    is_visible || is(Bug::InvisibleListed)
}

/// Returns whether the list of rooms shows a room. `is_visible` is whether the asker may know of it.
pub(crate) fn is_listed(is_visible: bool) -> bool {
    is_visible || is(Bug::SecretListed)
}

/// Returns the connection of an entry of another node or life. `by_number` returns that of the entry of this life with its number.
pub(crate) fn author_elsewhere<T>(by_number: impl FnOnce() -> Option<T>) -> Option<T> {
    if is(Bug::EntranceAdopted) { by_number() } else { None }
}

/// Returns the connection that an entry of another node or life answers. `first` returns that of the first proposal under way.
pub(crate) fn answered_elsewhere<T>(first: impl FnOnce() -> Option<T>) -> Option<T> {
    if is(Bug::BarrierLifted) { first() } else { None }
}

/// Returns the connection that is told that its line is done, when the log refuses proposals. `first` returns that of the first
/// proposal under way.
pub(crate) fn told_as_done<T>(first: impl FnOnce() -> Option<T>) -> Option<T> {
    if is(Bug::RefusalDone) { first() } else { None }
}

/// Returns the number of members that stay when a life has left them behind.
pub(crate) fn ghosts() -> usize {
    usize::from(is(Bug::GhostStays))
}

/// Returns whether a proposal is not applied because of its number. `is_early` is whether it has overtaken another one.
pub(crate) fn is_held_back(is_early: bool) -> bool {
    is_early && !is(Bug::NumberIgnored)
}

/// Returns whether a proposal of any life is applied.
pub(crate) fn applies_any_life() -> bool {
    is(Bug::LifeIgnored)
}

/// Returns whether a process goes on when its life is over.
pub(crate) fn outlasts_life() -> bool {
    is(Bug::LifeOutlasted)
}

/// Returns the maximum number of proposals that are made again.
pub(crate) fn proposed_again_max() -> usize {
    if is(Bug::OvertakenLost) { 1 } else { usize::MAX }
}

/// Returns whether a message is said although the log has repeated it.
pub(crate) fn says_repeats() -> bool {
    is(Bug::RepeatSaid)
}

/// Returns the number of milliseconds by which a clock may be wrong before the time of the log is set back.
pub(crate) fn step_back_ms(ms: u64) -> u64 {
    if is(Bug::TimeRunsBack) { 0 } else { ms }
}
