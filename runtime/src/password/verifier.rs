//! The server's password verifier, which checks hashes on another thread, one at a time.

use super::Passwords;
use crate::driver::PasswordVerifier;
use parlor_protocol::ConnId;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::task::{JoinHandle, spawn_blocking};

/// The passwords in force, shared between the verifier and the reload that replaces them.
#[derive(Clone, Debug)]
pub struct LivePasswords(Arc<Mutex<Arc<Passwords>>>);

impl LivePasswords {
    /// Creates a handle to these passwords.
    #[must_use]
    pub fn new(passwords: Passwords) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(passwords))))
    }

    /// Replaces the passwords. A check that is running still uses the old ones.
    pub fn set(&self, passwords: Passwords) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(passwords);
    }

    fn get(&self) -> Arc<Passwords> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Verifies passwords one at a time on a thread for blocking work. A check takes tens of milliseconds and megabytes:
/// clients that send many passwords must not exhaust the server's memory or occupy all its processors.
#[derive(Debug)]
pub struct HashVerifier {
    passwords: LivePasswords,
    /// Checks that wait for their turn, at most one for each connection.
    waiting: VecDeque<Check>,
    waiting_max: usize,
    /// The check that is running, and its connection.
    running: Option<(ConnId, JoinHandle<bool>)>,
}

#[derive(Debug)]
struct Check {
    conn: ConnId,
    operator: Option<String>,
    password: Secret,
}

/// A password sent by a client. `Debug` does not show it.
struct Secret(Box<[u8]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl HashVerifier {
    /// Creates a verifier with a queue for one check of each of `connections_max` connections.
    #[must_use]
    pub const fn new(passwords: LivePasswords, connections_max: u32) -> Self {
        Self { passwords, waiting: VecDeque::new(), waiting_max: connections_max as usize, running: None }
    }
}

impl PasswordVerifier for HashVerifier {
    fn check(&mut self, conn: ConnId, operator: Option<&str>, password: &[u8]) {
        assert!(self.waiting.len() < self.waiting_max, "a connection has at most one check");
        let (operator, password) = (operator.map(str::to_owned), Secret(password.into()));
        self.waiting.push_back(Check { conn, operator, password });
    }

    fn cancel(&mut self, conn: ConnId) {
        self.waiting.retain(|check| check.conn != conn);
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, bool)> {
        if self.running.is_none() {
            let Some(Check { conn, operator, password }) = self.waiting.pop_front() else {
                return Poll::Pending;
            };
            let passwords = self.passwords.get();
            let check = spawn_blocking(move || passwords.verify(operator.as_deref(), &password.0));
            self.running = Some((conn, check));
        }
        let Some((conn, check)) = &mut self.running else { return Poll::Pending };
        // A check that panicked counts as a wrong password.
        let result = (*conn, ready!(Pin::new(check).poll(cx)).unwrap_or(false));
        self.running = None;
        Poll::Ready(result)
    }
}
