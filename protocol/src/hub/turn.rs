//! Turns: each connection does a bounded amount of work, and then waits until the others have had their turns.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::rate::Cost;
use crate::base::time::{DeadlineReason, Instant, Now};
use crate::planted;
use crate::session::{Link, Session};

/// The connection whose turn it is, and what it has done in it.
#[derive(Debug, Default)]
pub(super) struct Turn {
    conn: Option<ConnId>,
    work: Cost,
}

impl Turn {
    /// Begins the turn of a connection, unless it has begun.
    pub(super) fn begin(&mut self, conn: ConnId) {
        if self.conn != Some(conn) {
            *self = Self { conn: Some(conn), work: Cost::NONE };
        }
    }

    /// Ends the turn. Each input begins another, but for entries of the log, and for parts of a history: what a connection
    /// has proposed or asked for in its turn belongs to it.
    pub(super) const fn end(&mut self) {
        self.conn = None;
    }

    /// Counts what a connection has done.
    pub(super) fn add(&mut self, conn: ConnId, cost: Cost) {
        if self.conn == Some(conn) {
            self.work = self.work.plus(cost);
        }
    }
}

impl Hub {
    /// Whether a connection waits for its next turn.
    pub(super) fn waits_for_turn(&self, conn: ConnId) -> bool {
        self.connection_ref(conn).is_some_and(|it| it.timers.is_set(DeadlineReason::Turn))
    }

    /// Ends the turn of an open connection if it has done enough in it. Returns whether it has.
    pub(super) fn ends_turn(&mut self, now: Now, conn: ConnId) -> bool {
        let is_over = self.turn.work > Cost::lines(self.limits.turn_lines_max as usize);
        // An answer to a labelled line is ended first: in two parts it would be a batch.
        let goes_on = |session: &mut Session| session.link() != Link::Open || session.ends_label_next();
        if !planted::ends_turn(is_over) || self.session(conn).is_none_or(goes_on) {
            return false;
        }
        // Later than now: what is due now comes first, and in the same tick sockets are read, and written to.
        let next = Instant::from_micros(now.mono.as_micros().saturating_add(1));
        self.set_timer(conn, DeadlineReason::Turn, next);
        true
    }
}
