//! Law 18: all processes that share a log have one world and one order. Whatever a process has told anybody is in the log that
//! survives it, and nothing is said twice, whatever the log repeats.

use super::CheckResult;
use parlor_protocol::{LogEntry, Origin, Seq};
use std::collections::BTreeMap;

/// The messages that the clients of one process, or of all, have read.
#[derive(Debug, Default)]
pub struct Lives {
    /// The position at which each proposal was said.
    said: BTreeMap<Origin, Seq>,
}

impl Lives {
    /// Records that a client has read a message.
    pub(super) fn heard(&mut self, origin: Origin, seq: Seq) -> CheckResult {
        let said = *self.said.entry(origin).or_insert(seq);
        if said == seq {
            return Ok(());
        }
        Err(format!(
            "number {} of {} is said by entry {} and by {}",
            origin.number, origin.node, said.0, seq.0
        ))
    }

    /// Adds the messages that the clients of a process have read.
    pub fn add(&mut self, process: &Self) -> CheckResult {
        process.said.iter().try_for_each(|(&origin, &seq)| self.heard(origin, seq))
    }
}

/// Checks that the entries that a process has applied are the first ones of the log.
pub fn survives(applied: &[LogEntry], log: &[LogEntry]) -> CheckResult {
    let differs = applied.iter().zip(log).find(|(applied, kept)| applied != kept);
    if let Some((applied, kept)) = differs {
        return Err(format!("{applied:?} was applied, and the log has {kept:?} there"));
    }
    match applied.get(log.len()) {
        Some(lost) => Err(format!("{lost:?} was applied, and is not in the log")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::{Command, Life, NodeId};

    const fn origin(number: u64) -> Origin {
        Origin { node: NodeId(1), life: Life(7), number }
    }

    fn entry(seq: u64) -> LogEntry {
        LogEntry {
            seq: Seq(seq),
            at_unix_ms: 0,
            origin: origin(seq),
            command: Command::Started { after: None },
        }
    }

    #[test]
    fn a_proposal_that_is_said_by_two_entries_is_an_error() {
        let (mut one, mut other, mut all) = (Lives::default(), Lives::default(), Lives::default());
        assert!(one.heard(origin(1), Seq(5)).is_ok());
        assert!(one.heard(origin(1), Seq(5)).is_ok(), "two clients read it");
        assert!(one.heard(origin(1), Seq(6)).is_err());
        assert!(other.heard(origin(1), Seq(8)).is_ok());
        assert!(all.add(&one).is_ok());
        assert!(all.add(&other).is_err(), "another node has it elsewhere");
    }

    #[test]
    fn an_applied_entry_that_the_log_has_not_is_an_error() {
        let log = [entry(1), entry(2), entry(4)];
        assert!(survives(&log[..2], &log).is_ok(), "it has yet to read one");
        assert!(survives(&[entry(1), entry(2), entry(4), entry(5)], &log).is_err(), "the last is lost");
        assert!(survives(&[entry(1), entry(3)], &log).is_err(), "another is in its place");
    }
}
