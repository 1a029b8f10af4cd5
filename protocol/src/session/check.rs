//! The invariants of a session, which hold between two inputs.

use super::{Link, Session, State, Wait};
use crate::base::limits::Limits;
use crate::dialect::action::ACTIONS_PER_LINE_MAX;

impl Session {
    /// Asserts every invariant.
    pub(crate) fn check_invariants(&self, limits: &Limits) {
        assert!(self.pending <= limits.pending_commands_max, "pending commands are within their limit");
        assert!(
            self.waits != Some(Wait::Log) || self.pending > 0,
            "a session that waits for the log has a pending command"
        );
        assert!(
            self.link != Link::Open || self.state != State::Outside,
            "an open connection has a member, or will"
        );
        let is_active = matches!(self.state, State::Active { .. });
        assert!(self.link == Link::Open || !is_active, "only an open connection is active");
        let (actions, framed) =
            self.workspace.as_deref().map_or((0, 0), |it| (it.actions.len(), it.framer.held_bytes()));
        assert!(actions <= ACTIONS_PER_LINE_MAX, "queued actions are within their limit");
        let held = framed + self.sniffer.as_ref().map_or(0, |it| it.held_bytes());
        let idle = actions == 0 && held == 0;
        assert!(self.reads_on() || self.switches() || idle, "input that will never be read is not kept");
        if self.link == Link::Open {
            assert_eq!(
                self.reads_paused,
                self.wants_pause(),
                "reading is paused while lines wait, and only then"
            );
        }
    }
}
