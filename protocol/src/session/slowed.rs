//! Telling a client that its lines wait for a budget.

use super::{Session, State};
use crate::base::time::Instant;

/// Seconds that the lines of a client wait for a budget before the client is told.
const TOLD_AFTER_S: u32 = 2;

/// Seconds after which a client may be told again.
const TOLD_AGAIN_S: u32 = 60;

/// The lines of a client that had to wait for a budget, one after the other. Times are in seconds, which is exact enough,
/// and takes little memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slowed {
    /// The second after the one in which the first of them began to wait; 0 if the last line did not have to wait.
    since_s: u32,
    /// The second from which the client may be told again.
    told_until_s: u32,
    /// Whether a line waits now.
    waits: bool,
}

impl Slowed {
    /// Records that a line is read. If it did not wait, a wait before it is over.
    pub(super) const fn line_was_read(&mut self) {
        if !core::mem::replace(&mut self.waits, false) {
            self.since_s = 0;
        }
    }
}

impl Session {
    /// Records that the next line waits until `until`. Returns whether the member has to be told: its lines have waited or
    /// have to wait for more than two seconds in a row, and it was not told in the last minute.
    pub(crate) fn is_slowed(&mut self, until: Instant, now: Instant) -> bool {
        if self.is_at_door() {
            return false;
        }
        let second = |at: Instant| u32::try_from(at.as_micros() / 1_000_000).unwrap_or(u32::MAX - 1);
        let slowed = &mut self.slowed;
        if slowed.since_s == 0 {
            slowed.since_s = second(now) + 1;
        }
        slowed.waits = true;
        let has_waited_s = (second(until.max(now)) + 1).saturating_sub(slowed.since_s);
        let is_told = has_waited_s > TOLD_AFTER_S
            && second(now) >= slowed.told_until_s
            && matches!(self.state, State::Active { .. });
        if is_told {
            slowed.told_until_s = second(now).saturating_add(TOLD_AGAIN_S);
        }
        is_told
    }
}
