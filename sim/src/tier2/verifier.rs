//! A password verifier without threads, whose checks take simulated time.

use parlor_protocol::{ConnId, PasswordOf, PasswordResult};
use parlor_runtime::driver::PasswordVerifier;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Time of a check: about that of a real one.
const CHECK: Duration = Duration::from_millis(50);

/// The right password, of the server, of gateways, and of every operator.
pub(super) const RIGHT: &[u8] = b"right";

/// A verifier that checks one password after the other.
#[derive(Debug, Default)]
pub(super) struct SimVerifier {
    waiting: VecDeque<(ConnId, PasswordResult)>,
    running: Option<Pin<Box<Sleep>>>,
}

impl PasswordVerifier for SimVerifier {
    fn check(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, password: &[u8]) {
        self.waiting.push_back((conn, (password == RIGHT).into()));
    }

    fn cancel(&mut self, conn: ConnId) {
        self.waiting.retain(|(of, _)| *of != conn);
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        if self.waiting.is_empty() {
            return Poll::Pending;
        }
        ready!(self.running.get_or_insert_with(|| Box::pin(sleep(CHECK))).as_mut().poll(cx));
        self.running = None;
        self.waiting.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
