//! The end of the node's life.

use super::Hub;
use super::propose::UnderWay;
use crate::base::id::ConnId;
use crate::base::time::Now;
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::log::entry::LogEntry;
use crate::planted;

/// The phase in the life of a node, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Connections are admitted.
    Serving,
    /// All connections are closed, and the life ends when they are gone and the log has answered.
    Stopping,
    /// The end of the life is proposed.
    Ending,
    /// The life is over. What is proposed in it has no effect.
    Over,
}

impl Hub {
    /// Proposes the end of the node's life, if the server stops and nothing is left to be done in this life.
    pub(super) fn end_life(&mut self, now: Now, sink: &mut impl Sink) {
        if self.phase == Phase::Stopping && self.connections() == 0 && self.proposals() == 0 {
            self.phase = Phase::Ending;
            let (node, life) = (self.options.node, self.options.life);
            self.propose(now, None, Command::Ended { node, life }, sink);
        }
    }

    /// Ends this hub if an entry has ended its life: what it proposes is not applied any more, so it must not answer anybody. Returns
    /// whether it has. All connections are closed then, before the members are told to have left: nobody must be told that of
    /// ten thousand others.
    pub(super) fn end_if_over(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) -> bool {
        let (node, life) = (self.options.node, self.options.life);
        let other = match entry.command {
            Command::Started { .. } if entry.origin.node == node && entry.origin.life != life => {
                Some(entry.origin.life)
            }
            Command::Ended { node: ended, life: ended_life } if (ended, ended_life) == (node, life) => None,
            _ => return false,
        };
        if planted::outlasts_life() {
            return false;
        }
        let was_ending = self.phase == Phase::Ending;
        self.phase = Phase::Over;
        self.under_way = UnderWay::default();
        for slot in 0..self.slots.len() {
            let Ok(slot) = u32::try_from(slot) else { continue };
            let conn = ConnId { slot, generation: self.slots[slot as usize].generation };
            let reason = if other.is_some() { CloseReason::Restarted } else { CloseReason::Shutdown };
            self.close_now(now, conn, reason, None, sink);
            if let Some(session) = self.session(conn).filter(|session| session.expects_entry()) {
                session.not_entered();
            }
            self.vacate_if_finished(conn);
        }
        if !was_ending {
            sink.output(Output::Console(ConsoleEvent::LifeOver { other }));
        }
        true
    }
}
