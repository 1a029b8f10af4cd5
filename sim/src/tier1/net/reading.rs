//! The reading of clients: at any pace, or steadily, as many bytes in a millisecond as their link carries.

use super::{Event, Net, Sent};
use parlor_protocol::ConnId;

impl Net {
    /// Lets the client read from its window. Returns whether it has read everything, including the end of the stream.
    pub(in crate::tier1) fn consumed(&mut self, link: usize) -> bool {
        if self.links[link].is_steady {
            return self.consumed_steadily(link);
        }
        let all = self.chaos.chance(700);
        let state = &mut self.links[link];
        state.consume_scheduled = false;
        if state.hung {
            return false;
        }
        state.used = if all { 0 } else { state.used / 2 };
        let (left, unblocks) = (state.used > 0, state.blocked && !state.gone);
        state.unblocked |= unblocks;
        if left {
            self.schedule_consume(link);
        }
        if unblocks {
            self.make_ready(link);
        }
        let state = &self.links[link];
        state.used == 0 && (state.finished || state.gone)
    }

    /// As [`consumed`](Self::consumed), of a client that reads at a steady pace.
    fn consumed_steadily(&mut self, link: usize) -> bool {
        self.read_steadily(link);
        let window_bytes = self.setup.window_bytes;
        let state = &mut self.links[link];
        state.consume_scheduled = false;
        let unblocks = state.blocked && !state.gone && state.used < window_bytes;
        state.unblocked |= unblocks;
        let (left, ends) = (state.used > 0, state.finished || state.gone);
        if unblocks {
            self.make_ready(link);
        }
        if left && ends {
            self.schedule_consume(link);
        }
        !left && ends
    }

    /// Lets a client that reads at a steady pace read until now.
    pub(super) fn read_steadily(&mut self, link: usize) {
        let rate = self.setup.reader_bytes_per_ms;
        let state = &mut self.links[link];
        if !state.is_steady || state.hung {
            return;
        }
        let bytes = (self.now_us - state.read_until_us) * rate / 1_000;
        state.used = state.used.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
        // Parts of a byte are read later.
        state.read_until_us += bytes * 1_000 / rate;
        if state.used == 0 {
            state.read_until_us = self.now_us;
        }
    }

    /// Whether the client reads at a steady pace.
    pub(in crate::tier1) fn is_reader(&self, link: usize) -> bool {
        self.links[link].is_steady
    }

    /// Whether a connection is that of a reader that no hostile address may have closed.
    pub(in crate::tier1) fn spares(&self, conn: ConnId) -> bool {
        let link = self.of(conn).map(|link| &self.links[link]);
        self.setup.spares_readers() && link.is_some_and(|link| link.is_steady && !link.hung)
    }

    /// Returns the connection of a steady reader whose message to a room has arrived.
    pub(in crate::tier1) fn speaker(&self, link: usize, sent: &Sent) -> Option<ConnId> {
        let state = &self.links[link];
        let says = matches!(sent, Sent::Segment(bytes) if bytes.ends_with(b" said\n") || bytes.ends_with(b" said\r\n"));
        state.conn.filter(|_| state.is_steady && says && self.setup.commit_us_max == 0)
    }

    /// Schedules a read of the client, after the delay of the link.
    pub(in crate::tier1) fn schedule_consume(&mut self, link: usize) {
        let state = &mut self.links[link];
        if !state.hung && !std::mem::replace(&mut state.consume_scheduled, true) {
            let at = self.now_us + self.consumes_after_us(link);
            let at = at.max(self.links[link].held_until_us);
            self.schedule(at, Event::Consume(link));
        }
    }

    /// Returns the microseconds after which a client reads: one that reads at a steady pace, when it has read half of its window, or
    /// everything if nothing follows.
    fn consumes_after_us(&mut self, link: usize) -> u64 {
        let state = &self.links[link];
        if !state.is_steady {
            return self.chaos.below(self.setup.delay_us_max + 1);
        }
        let kept = if state.finished || state.gone { 0 } else { self.setup.window_bytes / 2 };
        let bytes = state.used.saturating_sub(kept) as u64;
        1 + bytes * 1_000 / self.setup.reader_bytes_per_ms
    }
}
