//! Law 13: a line that its readers would see begin with one `/` is a command, and is not sent to a room. The check
//! compares the received bytes with the messages in the log, and nothing in between.

use super::CheckResult;
use super::written::{Line, command, seen, tags_in};
use crate::conns::Conns;
use parlor_protocol::{Command, ConnId, LogEntry, MemberId, MessageKind};
use std::collections::BTreeMap;

/// Records the tags (numbers such as `#17`) that each connection wrote in commands.
#[derive(Debug, Default)]
pub(super) struct Commands {
    conns: BTreeMap<MemberId, ConnId>,
    writers: Conns<Writer>,
}

#[derive(Debug, Default)]
struct Writer {
    /// The tags in its lines, and whether each occurred only in commands.
    tags: BTreeMap<u64, bool>,
    is_unreadable: bool,
}

impl Commands {
    pub(super) fn written(&mut self, line: &Line) {
        let writer = self.writers.get_or_default(line.conn);
        writer.is_unreadable |= line.is_unreadable;
        let is_command = command(&line.seen).is_some();
        for tag in tags_in(&line.seen) {
            *writer.tags.entry(tag).or_insert(true) &= is_command;
        }
    }

    pub(super) fn committed(&mut self, entry: &LogEntry, conn: Option<ConnId>) -> CheckResult {
        match &entry.command {
            Command::Enter { .. } => {
                conn.and_then(|conn| self.conns.insert(MemberId(entry.seq), conn));
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
        match tags_in(&seen(text)).find(|tag| writer.tags.get(tag) == Some(&true)) {
            Some(tag) => Err(format!("{text:?} is sent, but #{tag} occurred only in a command")),
            None => Ok(()),
        }
    }
}
