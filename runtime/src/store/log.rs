//! The log on a store, as the driver sees it.

use super::StoreError;
use super::file::Contents;
use super::history_thread::HistoryQuestion;
use super::messages::Change;
use super::unwritten::Unwritten;
use super::writer::{self, Job, Start};
use crate::driver::Log;
use parlor_protocol::{
    ConnId, HistoryChange, HistoryPage, HistoryQuery, HistoryScope, LogEntry, LogRefusal, LogState, Proposal,
    Seq,
};
use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A log on a [store](super::open). Its threads write the batches of proposals, and stop when it is dropped.
#[derive(Debug)]
pub struct StoreLog {
    batch: Vec<Proposal>,
    /// Changes of histories since the writer was told of some, and the position up to which it was.
    changes: Vec<Change>,
    applied: Seq,
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    /// The state that the driver was told.
    told: LogState,
    is_closing: bool,
}

/// The messages of the writer to the driver.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// Committed entries. They answer proposals, so there are no more of them.
    commits: VecDeque<Vec<LogEntry>>,
    /// A refusal that the driver has not seen. It must see each: what was proposed meanwhile is dropped, and proposed again.
    refusal: Option<LogRefusal>,
    is_refusing: bool,
    is_closed: bool,
    /// Parts of histories that were read. There is at most one for each connection.
    pages: VecDeque<(ConnId, HistoryPage)>,
    /// Changes of histories that the writer has not seen, and the position up to which the driver knows the log.
    changes: Vec<Change>,
    applied: Seq,
    waker: Option<Waker>,
}

impl Told {
    /// Returns the state that the driver has to be told of, if it knows this one.
    fn next(&self, former: LogState) -> LogState {
        match self.refusal {
            // What is committed comes first: otherwise the core would propose it again.
            _ if !self.commits.is_empty() => former,
            Some(refusal) => LogState::Refusing(refusal),
            None if self.is_refusing => former,
            None => LogState::Running,
        }
    }

    /// Wakes this task at the next change.
    fn wake(&mut self, cx: &mut Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }
}

impl Shared {
    /// Tells the driver of committed entries, and that the log is running.
    pub(super) fn committed(&self, entries: Vec<LogEntry>) {
        self.tell(|told| {
            told.is_refusing = false;
            told.commits.push_back(entries);
        });
    }

    /// Tells the driver that the log takes no proposals.
    pub(super) fn refused(&self, refusal: LogRefusal) {
        self.tell(|told| {
            told.is_refusing = true;
            told.refusal = Some(refusal);
        });
    }

    /// Gives the driver a part of a history.
    pub(super) fn read(&self, conn: ConnId, page: HistoryPage) {
        self.tell(|told| told.pages.push_back((conn, page)));
    }

    /// Takes the changes of histories that the driver has told of.
    pub(super) fn take_changes(&self, unwritten: &mut Unwritten) {
        self.with(|told| unwritten.add(&mut told.changes, told.applied));
    }

    /// Tells the driver that everything is written.
    pub(super) fn closed(&self) {
        self.tell(|told| told.is_closed = true);
    }

    fn with<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        // No thread panics while it holds the lock: it only moves values.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        let waker = self.with(|told| {
            change(told);
            told.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl StoreLog {
    /// Starts the threads.
    pub(super) fn start(start: Start, contents: Contents) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let (jobs, receiver) = channel();
        writer::start(start, contents, (jobs.clone(), receiver), Arc::clone(&shared))?;
        let told = LogState::default();
        Ok(Self {
            batch: Vec::new(),
            changes: Vec::new(),
            applied: Seq(0),
            jobs,
            shared,
            told,
            is_closing: false,
        })
    }
}

impl Log for StoreLog {
    fn propose(&mut self, proposal: &Proposal) {
        self.batch.push(proposal.clone());
    }

    fn submit(&mut self) {
        if !self.batch.is_empty() {
            // If the writer has ended, it has said so as a state.
            self.jobs.send(Job::Append(mem::take(&mut self.batch))).ok();
        }
    }

    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        let state = self.told;
        let (commit, waker) = self.shared.with(|told| {
            let commit = told.commits.pop_front();
            // What was held back until now is to be polled for.
            let waker = if told.next(state) == state { None } else { told.waker.take() };
            (commit, waker)
        });
        if let Some(waker) = waker {
            waker.wake();
        }
        *entries = commit.unwrap_or_default();
        !entries.is_empty()
    }

    fn history_changed(&mut self, change: HistoryChange<'_>) {
        self.changes.push(change.into());
    }

    fn applied(&mut self, position: Seq) {
        let Self { changes, shared, .. } = self;
        if mem::replace(&mut self.applied, position) == position {
            return;
        }
        shared.with(|told| {
            told.changes.append(changes);
            told.applied = position;
        });
    }

    fn fetch(&mut self, conn: ConnId, query: &HistoryQuery, scope: &HistoryScope) -> bool {
        // The writer writes what the page has to have before it is read.
        self.applied(scope.upto);
        let question = HistoryQuestion { conn, query: *query, scope: scope.clone() };
        self.jobs.send(Job::Read(question)).ok();
        true
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, HistoryPage)> {
        self.shared.with(|told| {
            told.wake(cx);
            told.pages.pop_front().map_or(Poll::Pending, Poll::Ready)
        })
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<LogState> {
        let former = self.told;
        let state = self.shared.with(|told| {
            told.wake(cx);
            let state = told.next(former);
            if told.commits.is_empty() {
                told.refusal = None;
            }
            state
        });
        self.told = state;
        if state == former { Poll::Pending } else { Poll::Ready(state) }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !mem::replace(&mut self.is_closing, true) {
            self.submit();
            self.jobs.send(Job::Close).ok();
        }
        self.shared.with(|told| {
            told.wake(cx);
            if told.is_closed { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

impl Drop for StoreLog {
    fn drop(&mut self) {
        self.jobs.send(Job::Close).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_refusal_that_is_over_is_told_all_the_same() {
        let (jobs, _receiver) = channel();
        let shared = Arc::new(Shared::default());
        let mut log = StoreLog {
            batch: Vec::new(),
            changes: Vec::new(),
            applied: Seq(0),
            jobs,
            shared: Arc::clone(&shared),
            told: LogState::default(),
            is_closing: false,
        };
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        let mut cx = Context::from_waker(&waker);
        let refusing = LogState::Refusing(LogRefusal::Full);
        shared.refused(LogRefusal::Full);
        shared.committed(Vec::new());
        assert_eq!(log.poll_state(&mut cx), Poll::Pending, "what is committed comes first");
        flag.0.store(false, Ordering::Relaxed);
        log.take(&mut Vec::new());
        assert!(flag.0.load(Ordering::Relaxed), "the driver is woken for what was held back");
        // Otherwise the core would wait for ever for what was dropped meanwhile.
        assert_eq!(log.poll_state(&mut cx), Poll::Ready(refusing));
        assert_eq!(log.poll_state(&mut cx), Poll::Ready(LogState::Running));
        assert_eq!(log.poll_state(&mut cx), Poll::Pending);
    }
}
