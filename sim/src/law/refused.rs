//! Law 15: what is refused changes nothing.

use super::CheckResult;
use parlor_protocol::{Command, Effect, LogEntry, MemberId, World};

/// Every how many entries are looked at: a copy of the world is dear.
const EVERY: u64 = 4;

/// The world before an entry.
#[derive(Debug)]
pub(super) struct Before(World);

impl Before {
    /// For one entry of several.
    pub(super) fn of(world: &World, entry: &LogEntry) -> Option<Self> {
        entry.seq.0.is_multiple_of(EVERY).then(|| Self(world.clone()))
    }

    /// Whether the world is the same but for its position, if nothing came of the entry but refusals.
    pub(super) fn committed(mut self, entry: &LogEntry, effects: &[Effect], world: &World) -> CheckResult {
        let is_refused = !effects.is_empty() && effects.iter().all(|it| matches!(it, Effect::Refused { .. }));
        if !is_refused {
            return Ok(());
        }
        // Who is not there leaves nothing behind.
        let nobody = Command::Promote { member: MemberId(entry.seq) };
        self.0.apply(&LogEntry { command: nobody, ..entry.clone() }, &mut Vec::new());
        if self.0.digest() == world.digest() {
            return Ok(());
        }
        Err(format!("{:?} is refused, and the world is another", entry.command))
    }
}
