//! Law 17: whatever one address does, nobody that reads at 1 Mbit/s is closed as a slow reader, and while a line that has arrived
//! waits to be read, no other connection does more than its turns of a tick. Both are counted, in bytes and in commands; nothing
//! depends on a clock.

use super::CheckResult;
use crate::mark::Marks;
use crate::sometimes;
use parlor_protocol::{Command, ConnId, Limits, LogEntry, MemberId};
use std::collections::BTreeMap;

/// Maximum number of turns of one connection in a tick: one by its timer, if it ends before it is full, and one by its socket.
const TURNS_PER_TICK: u64 = 2;

/// Counts what members do while the lines of readers wait.
#[derive(Debug)]
pub(super) struct Hostile {
    turn_lines_max: u64,
    /// Maximum number of commands of one turn: a line that exceeds the turn may be for several rooms.
    turn_commands_max: u64,
    members: BTreeMap<ConnId, MemberId>,
    /// The number of commands of each member.
    commands: BTreeMap<MemberId, u64>,
    ticks: u64,
    /// The readers whose lines wait, with the tick in which each arrived, and the counts at that time.
    waiting: BTreeMap<MemberId, (u64, BTreeMap<MemberId, u64>)>,
    pub(super) marks: Marks,
}

impl Hostile {
    pub(super) fn new(limits: &Limits) -> Self {
        let turn_lines_max = u64::from(limits.turn_lines_max);
        Self {
            turn_lines_max,
            turn_commands_max: turn_lines_max + limits.targets_max as u64,
            members: BTreeMap::new(),
            commands: BTreeMap::new(),
            ticks: 0,
            waiting: BTreeMap::new(),
            marks: Marks::new(),
        }
    }

    pub(super) fn committed(&mut self, entry: &LogEntry, conn: Option<ConnId>) {
        if let (Command::Enter { .. }, Some(conn)) = (&entry.command, conn) {
            self.members.insert(conn, MemberId(entry.seq));
        }
    }

    /// Records that a line of a reader has arrived, which is a message to a room.
    pub(super) fn arrived(&mut self, conn: ConnId) {
        if let Some(&member) = self.members.get(&conn) {
            self.waiting.entry(member).or_insert_with(|| (self.ticks, self.commands.clone()));
        }
    }

    /// Records the end of a tick.
    pub(super) const fn ticked(&mut self) {
        self.ticks += 1;
    }

    pub(super) fn proposed(&mut self, command: &Command) -> CheckResult {
        let Some(member) = command.member() else { return Ok(()) };
        *self.commands.entry(member).or_default() += 1;
        let Some((tick, before)) =
            matches!(command, Command::Say { .. }).then(|| self.waiting.remove(&member)).flatten()
        else {
            return Ok(());
        };
        let since = self
            .commands
            .iter()
            .filter(|(other, _)| **other != member)
            .map(|(other, count)| (*other, count - before.get(other).copied().unwrap_or_default()));
        let Some((other, most)) = since.max_by_key(|(_, count)| *count) else { return Ok(()) };
        sometimes!(self.marks, SaidInFlood, most >= self.turn_lines_max);
        let ticks = self.ticks - tick + 1;
        let commands_max = ticks * TURNS_PER_TICK * self.turn_commands_max;
        if most <= commands_max {
            return Ok(());
        }
        Err(format!(
            "a line of {member} waits for {most} commands of {other} in {ticks} ticks, more than {commands_max}"
        ))
    }
}
