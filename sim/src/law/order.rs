//! Law 2: two members' common messages stand in the same order for both: that of the log.

use super::{Verdict, tag};
use parlor_protocol::{Command, ConnId, LogEntry, Seq};
use std::collections::BTreeMap;

/// Compares the order in which each connection hears lines with their order in the log.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// `None` for a tag that was said twice: it tells nothing.
    seqs: BTreeMap<u64, Option<Seq>>,
    /// The last line that each slot heard.
    last: Vec<Seq>,
}

impl Order {
    pub(super) fn begin(&mut self, conn: ConnId) {
        let slot = conn.slot as usize;
        if self.last.len() <= slot {
            self.last.resize(slot + 1, Seq(0));
        }
        self.last[slot] = Seq(0);
    }

    pub(super) fn committed(&mut self, entry: &LogEntry) {
        if let Command::Say { text, .. } = &entry.command
            && let Some(tag) = tag::of(text)
        {
            self.seqs.entry(tag).and_modify(|seq| *seq = None).or_insert(Some(entry.seq));
        }
    }

    pub(super) fn heard(&mut self, conn: ConnId, tag: u64) -> Verdict {
        let seq = match self.seqs.get(&tag) {
            Some(Some(seq)) => *seq,
            Some(None) => return Ok(()),
            None => return Err(format!("line #{tag} is heard, and not in the log")),
        };
        let last = std::mem::replace(&mut self.last[conn.slot as usize], seq);
        if last < seq { Ok(()) } else { Err(format!("entry {} is heard behind entry {}", seq.0, last.0)) }
    }
}
