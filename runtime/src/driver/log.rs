//! The interface of logs.

use parlor_protocol::{
    ConnId, HistoryChange, HistoryPage, HistoryQuery, HistoryScope, LogEntry, LogState, MemoryLog, Proposal,
    Seq,
};
use std::task::{Context, Poll};

/// A log, which puts the proposals of this node, and of others that share it, into one order.
///
/// As long as its state is [`LogState::Running`], each proposal becomes an entry: once, or several times, or after a later one. What it
/// has not committed when its state changes may be lost: the core proposes it again when the log is running again. A log that
/// waits for a disk or for other machines must not do so on the driver's task.
pub trait Log {
    /// Adds a proposal to the batch of this tick.
    fn propose(&mut self, proposal: &Proposal);

    /// Hands the batch over, if it is not empty. The driver calls this before it writes to sockets, so that both happen at the same
    /// time.
    fn submit(&mut self) {}

    /// Records a change of the history of a room, if the log keeps the histories
    /// ([`Options::remembers_outside`](parlor_protocol::Options::remembers_outside)).
    fn history_changed(&mut self, _change: HistoryChange<'_>) {}

    /// Records the position up to which the changes of histories are complete. The driver calls this once in a tick.
    fn applied(&mut self, _position: Seq) {}

    /// Begins to read a part of a history, and returns true, if the log keeps the histories. The page comes from [`poll_page`](Self::poll_page). A connection has
    /// at most one under way.
    fn fetch(&mut self, _conn: ConnId, _query: &HistoryQuery, _scope: &HistoryScope) -> bool {
        false
    }

    /// Polls for a page that was read, with the connection that it is for.
    fn poll_page(&mut self, _cx: &mut Context<'_>) -> Poll<(ConnId, HistoryPage)> {
        Poll::Pending
    }

    /// Replaces the contents of `entries` with committed entries, in their order, and returns whether there are any. Does not wait.
    /// The entries of a call follow those of the calls before.
    ///
    /// An entry is committed when it survives the end of the process, if the log is one that survives at all: what it tells may leave
    /// the process at once.
    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool;

    /// Polls for a new state. Wakes the task when the state changes, and when there are entries to [take](Self::take).
    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<LogState>;

    /// Closes the log, which then waits for what it has to write. Nothing is proposed any more.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl Log for MemoryLog {
    fn propose(&mut self, proposal: &Proposal) {
        self.append(proposal.clone());
    }

    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        Self::take(self, entries)
    }

    fn poll_state(&mut self, _: &mut Context<'_>) -> Poll<LogState> {
        Poll::Pending
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
