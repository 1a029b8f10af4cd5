//! Law 7: no connection's backlog exceeds its limit, nor all of them together theirs; a slow or dead peer
//! changes nothing for the others but its own leave (which the first law sees).

use super::Verdict;
use crate::model::Model;
use parlor_protocol::{ConnId, Limits, Outbox};

/// Compares what is owed with the limits.
#[derive(Debug)]
pub(super) struct Backlog {
    backlog_bytes_max: usize,
    outbox_bytes_max: usize,
}

impl Backlog {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { backlog_bytes_max: limits.backlog_bytes_max, outbox_bytes_max: limits.outbox_bytes_max }
    }

    /// A connection is closed for what it is owed: that must be more than it may, or all together.
    pub(super) fn overflowed(&self, model: &Model, conn: ConnId) -> Verdict {
        let mut all = 0;
        let mut own = 0;
        for (other, due) in model.all_due() {
            all += due.left();
            own += if other == conn { due.left() } else { 0 };
        }
        if own > self.backlog_bytes_max || all > self.outbox_bytes_max {
            return Ok(());
        }
        Err(format!("it is closed for {own} bytes that it is owed, and it may be {}", self.backlog_bytes_max))
    }

    pub(super) fn ticked(&self, outbox: &Outbox) -> Verdict {
        let bytes = outbox.backlog_bytes();
        if bytes <= self.outbox_bytes_max {
            return Ok(());
        }
        Err(format!("{bytes} bytes are owed, and {} may be", self.outbox_bytes_max))
    }
}
