//! Law 13: what its readers would see begin with one `/` is a command, and nobody hears it said. It is read of the
//! bytes that came, and of what is in the log as said, and of nothing in between.

use super::CheckResult;
use super::written::{Line, command, numbers, seen};
use crate::conns::Conns;
use parlor_protocol::{Command, ConnId, LogEntry, MemberId, MessageKind};
use std::collections::BTreeMap;

/// Knows what each connection wrote as a command.
#[derive(Debug, Default)]
pub(super) struct Commands {
    conns: BTreeMap<MemberId, ConnId>,
    writers: Conns<Writer>,
}

#[derive(Debug, Default)]
struct Writer {
    /// The tags in its lines, and whether each was only ever in a command.
    tags: BTreeMap<u64, bool>,
    is_unreadable: bool,
}

impl Commands {
    pub(super) fn written(&mut self, line: &Line) {
        let writer = self.writers.get_or_default(line.conn);
        writer.is_unreadable |= line.is_unreadable;
        let is_command = command(&line.seen).is_some();
        for tag in numbers(&line.seen) {
            *writer.tags.entry(tag).or_insert(true) &= is_command;
        }
    }

    pub(super) fn committed(&mut self, entry: &LogEntry) -> CheckResult {
        match &entry.command {
            Command::Enter { conn, .. } => {
                self.conns.insert(MemberId(entry.seq), *conn);
                Ok(())
            }
            Command::Say { member, message, .. } if message.kind != MessageKind::Action => {
                self.said(*member, message.text.as_str())
            }
            _ => Ok(()),
        }
    }

    fn said(&self, member: MemberId, text: &str) -> CheckResult {
        let writer = self.conns.get(&member).and_then(|conn| self.writers.get(*conn));
        let Some(writer) = writer.filter(|it| !it.is_unreadable) else { return Ok(()) };
        match numbers(&seen(text)).find(|tag| writer.tags.get(tag) == Some(&true)) {
            Some(tag) => Err(format!("{text:?} is said, and #{tag} was only written in a command")),
            None => Ok(()),
        }
    }
}
