//! Law 15: a refused command changes nothing.

use super::CheckResult;
use parlor_protocol::{Command, LogEntry, MemberId, Outcome, World};

/// One entry in this many is checked, because a copy of the world is expensive.
const CHECK_INTERVAL: u64 = 4;

/// The world before an entry.
#[derive(Debug)]
pub(super) struct Before(World);

impl Before {
    /// Copies the world, if the entry is one of those that are checked.
    pub(super) fn of(world: &World, entry: &LogEntry) -> Option<Self> {
        entry.seq.0.is_multiple_of(CHECK_INTERVAL).then(|| Self(world.clone()))
    }

    /// Checks that the world differs only in its position, if all outcomes of the entry are refusals.
    pub(super) fn committed(mut self, entry: &LogEntry, outcomes: &[Outcome], world: &World) -> CheckResult {
        let is_refused =
            !outcomes.is_empty() && outcomes.iter().all(|it| matches!(it, Outcome::Refused { .. }));
        if !is_refused {
            return Ok(());
        }
        // A command of a member that does not exist only advances the position.
        let nobody = Command::Promote { member: MemberId(entry.seq) };
        self.0.apply(&LogEntry { command: nobody, ..entry.clone() }, &mut Vec::new());
        if self.0.digest() == world.digest() {
            return Ok(());
        }
        Err(format!("{:?} is refused, but changes the world", entry.command))
    }
}
