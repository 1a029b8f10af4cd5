//! The judge of the server: checks hashes on another thread, one at a time.

use super::Passwords;
use crate::driver::Judge;
use parlor_protocol::ConnId;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::task::{JoinHandle, spawn_blocking};

/// The passwords in force, for whoever changes them while the server runs.
#[derive(Clone, Debug)]
pub struct InForce(Arc<Mutex<Arc<Passwords>>>);

impl InForce {
    /// These, for now.
    #[must_use]
    pub fn new(passwords: Passwords) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(passwords))))
    }

    /// From here on, these. A check that is under way is done with the old ones.
    pub fn set(&self, passwords: Passwords) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(passwords);
    }

    fn get(&self) -> Arc<Passwords> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Checks hashes, which takes tens of milliseconds and megabytes for each: one at a time, on a thread for work
/// that blocks, so that those who ask cannot make the server's memory or all its processors theirs.
#[derive(Debug)]
pub struct HashJudge {
    passwords: InForce,
    /// Questions that wait for their turn, at most one of each connection.
    waiting: VecDeque<Question>,
    waiting_max: usize,
    /// The check that is under way, and whose it is.
    running: Option<(ConnId, JoinHandle<bool>)>,
}

#[derive(Debug)]
struct Question {
    conn: ConnId,
    operator: Option<String>,
    password: Secret,
}

/// What somebody gave for a password. It is shown nowhere.
struct Secret(Box<[u8]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl HashJudge {
    /// A judge of these passwords. `connections_max` connections may ask, and so many questions may wait.
    #[must_use]
    pub const fn new(passwords: InForce, connections_max: u32) -> Self {
        Self { passwords, waiting: VecDeque::new(), waiting_max: connections_max as usize, running: None }
    }
}

impl Judge for HashJudge {
    fn ask(&mut self, conn: ConnId, operator: Option<&str>, password: &[u8]) {
        assert!(self.waiting.len() < self.waiting_max, "a connection asks one question at a time");
        let (operator, password) = (operator.map(str::to_owned), Secret(password.into()));
        self.waiting.push_back(Question { conn, operator, password });
    }

    fn forget(&mut self, conn: ConnId) {
        self.waiting.retain(|question| question.conn != conn);
    }

    fn poll_verdict(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, bool)> {
        if self.running.is_none() {
            let Some(Question { conn, operator, password }) = self.waiting.pop_front() else {
                return Poll::Pending;
            };
            let passwords = self.passwords.get();
            let check = spawn_blocking(move || passwords.is_right(operator.as_deref(), &password.0));
            self.running = Some((conn, check));
        }
        let Some((conn, check)) = &mut self.running else { return Poll::Pending };
        // A check that panicked has found nothing right.
        let verdict = (*conn, ready!(Pin::new(check).poll(cx)).unwrap_or(false));
        self.running = None;
        Poll::Ready(verdict)
    }
}
