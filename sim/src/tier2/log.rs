//! A log that commits late, several entries at once, or one twice, and stands still for a while.

use crate::scenario::{STALLS, Setup};
use crate::source::Source;
use crate::store::Store;
use parlor_protocol::{
    ConnId, HistoryChange, HistoryPage, HistoryQuery, HistoryScope, LogEntry, LogRefusal, LogState, Proposal,
    Seq,
};
use parlor_runtime::driver::Log;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Maximum time for which the log stands still. turmoil takes as much time for each tick, whether something happens or not.
const STALL_US_MAX: u64 = 1_000_000;

/// Maximum time in which a part of a history is read, in microseconds.
const READ_US_MAX: u64 = 20_000;

/// Probability, in a thousand, that a proposal becomes two entries.
const REPEATED_PER_MILLE: u64 = 30;

/// A log in simulated time.
#[derive(Debug)]
pub(super) struct SimLog {
    source: Source<'static>,
    commit_us_max: u64,
    position: Seq,
    /// Proposals that are not committed yet, with the times at which they will be.
    proposed: VecDeque<(Instant, Proposal)>,
    /// The times at which the log stops to commit, the server notices it, and the log goes on.
    stalls: VecDeque<[Instant; 3]>,
    refuses: bool,
    loses: bool,
    state: LogState,
    timer: Option<Pin<Box<Sleep>>>,
    /// The histories, if the log keeps them.
    store: Option<Store>,
    /// The connections that wait for a part of a history, with the times at which it is read.
    readers: VecDeque<(Instant, ConnId)>,
    read_timer: Option<Pin<Box<Sleep>>>,
}

/// Returns the simulated time.
#[expect(clippy::disallowed_methods, reason = "turmoil simulates Tokio's clock")]
fn now() -> Instant {
    Instant::now()
}

impl SimLog {
    pub(super) fn new(setup: &Setup) -> Self {
        let (now, stall_us) = (now(), setup.stall_us.min(STALL_US_MAX));
        let length = Duration::from_micros(stall_us);
        let stall = |nth: u64| {
            let begins = now + Duration::from_micros(setup.stall_at_us * nth + stall_us * (nth - 1));
            let noticed = begins + if setup.stall_refuses { Duration::ZERO } else { length / 8 };
            [begins, noticed, begins + length]
        };
        let stalls = (1..=STALLS).take_while(|_| setup.stall_us > 0).map(stall).collect();
        Self {
            source: Source::seed(setup.chaos_seed ^ 0x004C_4F47),
            commit_us_max: setup.commit_us_max,
            position: Seq(0),
            proposed: VecDeque::new(),
            stalls,
            refuses: setup.stall_refuses,
            loses: setup.stall_loses,
            state: LogState::Running,
            timer: None,
            store: setup.options.remembers_outside.then(Store::default),
            readers: VecDeque::new(),
            read_timer: None,
        }
    }

    /// Whether the log stands still, noticed or not.
    fn stands(&self) -> bool {
        self.stalls.front().is_some_and(|[begins, ..]| *begins <= now())
    }
}

impl Log for SimLog {
    fn propose(&mut self, proposal: &Proposal) {
        let due = now() + Duration::from_micros(self.source.below(self.commit_us_max + 1));
        let due = self.proposed.back().map_or(due, |&(last, _)| due.max(last));
        self.proposed.push_back((due, proposal.clone()));
        if self.source.chance(REPEATED_PER_MILLE) {
            self.proposed.push_back((due, proposal.clone()));
        }
    }

    fn history_changed(&mut self, change: HistoryChange<'_>) {
        self.store.as_mut().expect("there is a store").change(change);
    }

    fn fetch(&mut self, conn: ConnId, query: &HistoryQuery, scope: &HistoryScope) -> bool {
        let Some(store) = &mut self.store else { return false };
        store.ask(conn, *query, scope.clone());
        let due = now() + Duration::from_micros(self.source.below(READ_US_MAX));
        let due = self.readers.back().map_or(due, |&(last, _)| due.max(last));
        self.readers.push_back((due, conn));
        true
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, HistoryPage)> {
        let Some(&(due, conn)) = self.readers.front() else { return Poll::Pending };
        if due > now() {
            let timer = self.read_timer.insert(Box::pin(sleep_until(due)));
            if timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        self.readers.pop_front();
        let page = self.store.as_mut().map(|store| store.read(conn)).unwrap_or_default();
        Poll::Ready((conn, page))
    }

    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        entries.clear();
        if self.stands() {
            return false;
        }
        let now = now();
        while let Some((_, proposal)) = self.proposed.pop_front_if(|(due, _)| *due <= now) {
            self.position.0 += 1 + self.source.below(2);
            entries.push(proposal.committed_at(self.position));
        }
        !entries.is_empty()
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<LogState> {
        let now = now();
        if let Some(&[_, noticed, ends]) = self.stalls.front() {
            if ends <= now {
                self.stalls.pop_front();
                if self.loses {
                    self.proposed.clear();
                }
                self.proposed.iter_mut().for_each(|(due, _)| *due = now);
                self.state = LogState::Running;
                return Poll::Ready(self.state);
            }
            if noticed <= now && self.state == LogState::Running {
                self.state =
                    if self.refuses { LogState::Refusing(LogRefusal::Full) } else { LogState::Stalled };
                return Poll::Ready(self.state);
            }
        }
        let changes = self.stalls.front().into_iter().flatten().copied().filter(|at| *at > now);
        let due = self.proposed.front().map(|&(due, _)| due).filter(|_| !self.stands());
        let Some(next) = changes.chain(due).min() else { return Poll::Pending };
        let timer = self.timer.insert(Box::pin(sleep_until(next)));
        if timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
