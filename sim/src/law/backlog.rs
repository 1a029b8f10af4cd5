//! Law 7: no connection's backlog exceeds its limit, nor all of them together theirs; a slow or dead peer
//! changes nothing for the others but its own leave (which the first law sees).

use super::CheckResult;
use crate::model::Model;
use parlor_protocol::{ConnId, Limits, Outbox};

/// A farewell has at most so many bytes, and comes on top of what is left of a line.
const FAREWELL_BYTES: usize = 4_096;

/// A line of IRC has at most so many bytes, its tags among them.
const IRC_LINE_BYTES_MAX: usize = 8_191 + 512;

/// Compares what is owed with the limits.
#[derive(Debug)]
pub(super) struct Backlog {
    backlog_bytes_max: usize,
    outbox_bytes_max: usize,
    line_bytes_max: usize,
    /// Connections that were closed though they owed no more than one may.
    together: u64,
}

impl Backlog {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            backlog_bytes_max: limits.backlog_bytes_max,
            outbox_bytes_max: limits.outbox_bytes_max,
            line_bytes_max: limits.rendered_line_bytes_max().max(IRC_LINE_BYTES_MAX),
            together: 0,
        }
    }

    /// A connection is closed for what it is owed: that must be more than it may, or it is one of the `together`
    /// that were closed for what all are owed.
    pub(super) fn overflowed(&mut self, model: &mut Model, conn: ConnId, together: u64) -> CheckResult {
        let owed = model.due(conn).map_or(0, |due| due.left());
        // Since it was given up, it may have taken the rest of the line under way.
        self.together += u64::from(owed + self.line_bytes_max <= self.backlog_bytes_max);
        if self.together <= together {
            return Ok(());
        }
        Err(format!(
            "it is closed for {owed} bytes that it is owed, and it may be {}",
            self.backlog_bytes_max
        ))
    }

    pub(super) fn ticked(&self, outbox: &Outbox) -> CheckResult {
        if outbox.held_bytes() <= self.outbox_bytes_max {
            return Ok(());
        }
        let farewells = usize::try_from(outbox.counters().blocked).unwrap_or(usize::MAX) * FAREWELL_BYTES;
        let (bytes, bytes_max) = (outbox.backlog_bytes(), self.outbox_bytes_max + farewells);
        if bytes <= bytes_max {
            return Ok(());
        }
        Err(format!("{bytes} bytes are owed, and {bytes_max} may be"))
    }
}
