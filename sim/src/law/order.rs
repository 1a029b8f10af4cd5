//! Law 2: all members read messages in the order of the log, so two members read common messages in the same order.

use super::CheckResult;
use parlor_protocol::{ConnId, Seq};

/// Compares the order in which each connection is sent messages with the order of the log.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The last message that the connection in each slot was sent.
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

    pub(super) fn heard(&mut self, conn: ConnId, seq: Seq) -> CheckResult {
        let last = std::mem::replace(&mut self.last[conn.slot as usize], seq);
        if last < seq { Ok(()) } else { Err(format!("entry {} is read after entry {}", seq.0, last.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_repeated_or_out_of_order_is_an_error() {
        let (conn, mut order) = (ConnId { slot: 0, generation: 0 }, Order::default());
        order.begin(conn);
        assert!(order.heard(conn, Seq(4)).is_ok());
        assert!(order.heard(conn, Seq(4)).is_err(), "twice");
        assert!(order.heard(conn, Seq(7)).is_ok());
        assert!(order.heard(conn, Seq(5)).is_err(), "late");
    }
}
