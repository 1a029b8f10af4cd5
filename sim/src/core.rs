//! The core, driven: a hub, its log in memory, and a clock that the test moves.

use bytes::Bytes;
use parlor_protocol::{
    ConnId, Hub, Input, Instant, Limits, LogEntry, MemoryLog, Now, Options, RoomName, Sink,
};
use std::net::SocketAddr;

/// A hub and everything that it needs, but for a sink.
#[derive(Debug)]
pub struct Core {
    /// The hub.
    pub hub: Hub,
    /// Every entry of the log so far.
    pub entries: Vec<LogEntry>,
    /// The time of the next input.
    pub now: Now,
    log: MemoryLog,
}

impl Core {
    /// A hub that has applied its configuration.
    pub fn new(limits: Limits, options: Options, sink: &mut impl Sink) -> Self {
        let mut log = MemoryLog::new();
        let hub = Hub::new(limits, options);
        let now = Now { mono: Instant::ZERO, unix_ms: 1_795_530_433_000 };
        log.append(now, hub.configuration());
        let mut core = Self { hub, entries: Vec::new(), now, log };
        core.settle(sink);
        core
    }

    /// One input and all that it commits.
    pub fn input(&mut self, input: Input<'_>, sink: &mut impl Sink) {
        self.log.handle(&mut self.hub, self.now, input, sink);
        self.settle(sink);
    }

    /// A connection from `peer` enters `room`; `None` when the server takes no more.
    pub fn accept(
        &mut self,
        peer: SocketAddr,
        room: Option<&RoomName>,
        sink: &mut impl Sink,
    ) -> Option<ConnId> {
        let conn = self.hub.vacant()?;
        self.input(Input::Accepted { conn, peer, room }, sink);
        Some(conn)
    }

    /// Bytes come from a connection.
    pub fn receive(&mut self, conn: ConnId, bytes: &[u8], sink: &mut impl Sink) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) }, sink);
    }

    /// Time passes, and the hub's timers are due as they are due.
    pub fn pass_ms(&mut self, ms: u64, sink: &mut impl Sink) {
        let end = self.now.mono.plus_ms(ms);
        let start = self.now;
        while let Some(deadline) = self.hub.deadline().filter(|deadline| deadline.at <= end) {
            self.now.mono = deadline.at.max(self.now.mono);
            self.input(Input::Timeout, sink);
        }
        self.now = Now { mono: end, unix_ms: start.unix_ms + ms };
    }

    fn settle(&mut self, sink: &mut impl Sink) {
        loop {
            self.entries.extend_from_slice(self.log.uncommitted());
            if !self.log.commit(&mut self.hub, self.now, sink) {
                return;
            }
        }
    }
}
