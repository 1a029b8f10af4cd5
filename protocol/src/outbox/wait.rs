//! Waiting for readers that had taken everything and were sent much at once.

use super::{Outbox, Phase};
use crate::base::id::ConnId;

impl Outbox {
    /// Returns whether a reader that had taken everything has yet to take what it was sent in this turn.
    pub(crate) const fn is_awaited(&self) -> bool {
        self.awaited_count > 0
    }

    /// Stops waiting for readers. If it was `in_vain`, those that have not taken everything are never waited for again, so that
    /// each can hold up the others once.
    pub(crate) fn stop_waiting(&mut self, in_vain: bool) {
        for slot in self.awaited.drain(..) {
            let state = &mut self.conns[slot as usize];
            state.is_tardy |= core::mem::take(&mut state.is_awaited) && in_vain;
        }
        self.awaited_count = 0;
        self.last_awaited = None;
    }

    /// Returns the connections that are waited for.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = ConnId> {
        let awaited = self.awaited.iter().map(|&slot| (slot, &self.conns[slot as usize]));
        awaited
            .filter(|(_, state)| state.is_awaited)
            .map(|(slot, state)| ConnId { slot, generation: state.generation })
    }

    /// Waits no longer for a connection, which may not hold up others now.
    pub(crate) fn excuse(&mut self, conn: ConnId) {
        self.wait_is_over(conn.slot);
        self.last_awaited = None;
    }

    /// Returns the connection that has ended the wait for all, if one has since the last call.
    pub(crate) const fn take_last_awaited(&mut self) -> Option<ConnId> {
        self.last_awaited.take()
    }

    /// Waits for a connection whose socket has become full and had taken everything before.
    pub(super) fn wait_for(&mut self, slot: u32) {
        let state = &mut self.conns[slot as usize];
        if !state.is_tardy && state.phase == Phase::Open {
            state.is_awaited = true;
            self.awaited.push(slot);
            self.awaited_count += 1;
        }
    }

    /// Waits no longer for a connection, because it has taken everything or never will.
    pub(super) fn wait_is_over(&mut self, slot: u32) {
        let state = &mut self.conns[slot as usize];
        if core::mem::take(&mut state.is_awaited) {
            self.awaited_count -= 1;
            if self.awaited_count == 0 {
                self.last_awaited = Some(ConnId { slot, generation: state.generation });
            }
        }
    }
}
