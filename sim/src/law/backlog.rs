//! Law 7: no connection's backlog exceeds its limit, nor all of them together theirs; a slow or dead peer
//! changes nothing for the others but its own leave (which the first law sees).

use super::Verdict;
use parlor_protocol::{Limits, Outbox};

/// Compares what is owed with the limits.
#[derive(Debug)]
pub(super) struct Backlog {
    outbox_bytes_max: usize,
}

impl Backlog {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { outbox_bytes_max: limits.outbox_bytes_max }
    }

    pub(super) fn ticked(&self, outbox: &Outbox) -> Verdict {
        let bytes = outbox.backlog_bytes();
        if bytes <= self.outbox_bytes_max {
            return Ok(());
        }
        Err(format!("{bytes} bytes are owed, and {} may be", self.outbox_bytes_max))
    }
}
