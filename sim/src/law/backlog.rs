//! Law 7: neither the backlog of a connection nor that of all connections together exceeds its limit. A slow or dead
//! peer has no effect on others except its own leave, which law 1 checks.

use super::CheckResult;
use crate::model::Model;
use parlor_protocol::{ConnId, Limits, Outbox};

/// Maximum number of bytes of a farewell, which comes in addition to the rest of a line.
const FAREWELL_BYTES: usize = 4_096;

/// Maximum number of bytes of an IRC line with its tags.
const IRC_LINE_BYTES_MAX: usize = 8_191 + 512;

/// Compares backlogs with their limits.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) backlog_bytes_max: usize,
    outbox_bytes_max: usize,
    line_bytes_max: usize,
    /// Number of connections that were closed although their own backlog was within its limit.
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

    /// Checks a connection that overflowed. Its backlog must be over its limit, or it must be one of the `together`
    /// connections that the outbox has given up because of the limit for all of them.
    pub(super) fn overflowed(&mut self, model: &mut Model, conn: ConnId, together: u64) -> CheckResult {
        let owed = model.due(conn).map_or(0, |due| due.left());
        // Since it was given up, its socket may have taken the rest of the current line.
        self.together += u64::from(owed + self.line_bytes_max <= self.backlog_bytes_max);
        if self.together <= together {
            return Ok(());
        }
        Err(format!(
            "it is closed for a backlog of {owed} bytes, which is within its limit of {}",
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
        Err(format!("the backlogs have {bytes} bytes, more than the limit of {bytes_max}"))
    }
}
