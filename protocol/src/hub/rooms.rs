//! The end of rooms that are kept without members.
//!
//! Each node proposes it by the time of the log, which all of them share. If several do, the first entry ends the room, and the
//! others have no effect.

use super::Hub;
use super::life::Phase;
use crate::base::id::RoomId;
use crate::base::time::{Instant, Now};
use crate::hub::output::Sink;
use crate::log::command::Command;

/// Milliseconds after which the time of the log is read again while the node waits for the end of a room: the clock of a node may be
/// set, while its timers go on.
const LOOK_AGAIN_MS: u64 = 3_600_000;

/// The timer for the room that has been empty longest.
#[derive(Debug, Default)]
pub(super) struct RoomTimer {
    /// The room, the time since which it is empty, and for how long it is kept.
    room: Option<(RoomId, u64, u64)>,
    /// The time at which the timer is due; `None` if there is no such room, or its end is proposed.
    at: Option<Instant>,
}

impl RoomTimer {
    /// Returns the time at which the timer is due.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.at
    }
}

impl Hub {
    /// Sets the timer for another room, if another one has been empty longest by now. Must run after each input: a room may have ended,
    /// or somebody may have entered it.
    pub(super) fn time_rooms(&mut self, now: Now) {
        let first = self.world.emptied_first().filter(|_| self.phase == Phase::Serving);
        let room = first.map(|(room, since_unix_ms)| (room, since_unix_ms, self.world.limits().room_keep_ms));
        if room != self.room_timer.room {
            self.room_timer = RoomTimer { room, at: None };
            self.wait_for_room(now);
        }
    }

    /// Proposes the end of the room that the timer was set for, or sets the timer again if it is too early.
    pub(super) fn room_is_due(&mut self, now: Now, sink: &mut impl Sink) {
        if self.wait_for_room(now) {
            return;
        }
        self.room_timer.at = None;
        if let Some((room, empty_since_unix_ms, _)) = self.room_timer.room {
            self.propose(now, None, Command::EndRoom { room, empty_since_unix_ms }, sink);
        }
    }

    /// Sets the timer to the time at which its room ends. Returns whether that is still to come.
    fn wait_for_room(&mut self, now: Now) -> bool {
        let Some((_, since_unix_ms, keep_ms)) = self.room_timer.room else { return false };
        // The entry that ends the room will be as late as the clock of this node, or as the log if that is ahead of it.
        let log_unix_ms = now.unix_ms.max(self.world.at_unix_ms());
        let left_ms = since_unix_ms.saturating_add(keep_ms).saturating_sub(log_unix_ms);
        self.room_timer.at = Some(now.mono.plus_ms(left_ms.min(LOOK_AGAIN_MS)));
        left_ms > 0
    }
}
