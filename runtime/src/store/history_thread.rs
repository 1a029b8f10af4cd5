//! The thread that reads parts of histories.

use super::file::SideConnection;
use super::log::Shared;
use super::{StoreError, messages};
use parlor_protocol::{ConnId, HistoryPage, HistoryQuery, HistoryScope};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use tracing::error;

/// A question of a connection about a history.
#[derive(Debug)]
pub(super) struct HistoryQuestion {
    pub(super) conn: ConnId,
    pub(super) query: HistoryQuery,
    pub(super) scope: HistoryScope,
}

/// The thread, as the writer sees it.
#[derive(Debug)]
pub(super) struct HistoryThread {
    /// There is at most one question of each connection.
    questions: Sender<HistoryQuestion>,
    thread: JoinHandle<()>,
}

impl HistoryThread {
    /// Starts the thread, which gives its answers to the driver.
    pub(super) fn start(reader: SideConnection, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let (questions, receiver) = channel();
        let thread = thread::Builder::new().name("parlor-history".to_owned());
        let run = move || answer(&reader, &receiver, &shared);
        Ok(Self { questions, thread: thread.spawn(run).map_err(StoreError::Thread)? })
    }

    /// Has a question answered.
    pub(super) fn ask(&self, question: HistoryQuestion) {
        // If the thread has ended, which is a bug, the connection waits for ever; others do not.
        self.questions.send(question).ok();
    }

    /// Waits until the thread has ended, with the question that it answers and those that wait.
    pub(super) fn join(self) {
        drop(self.questions);
        self.thread.join().ok();
    }
}

fn answer(reader: &SideConnection, questions: &Receiver<HistoryQuestion>, shared: &Shared) {
    for HistoryQuestion { conn, query, scope } in questions {
        let page = messages::page(reader.get(), &query, &scope).unwrap_or_else(|error| {
            error!(event = "history_unreadable", "a history cannot be read: {}", reader.error(error));
            HistoryPage { is_failed: true, ..HistoryPage::default() }
        });
        shared.read(conn, page);
    }
}
