//! The interface of password verifiers.

use parlor_protocol::{ConnId, PasswordOf, PasswordResult};
use std::net::IpAddr;
use std::task::{Context, Poll};

/// A verifier of passwords. The driver starts a check, goes on, and takes the results as they arrive. A check that takes
/// long must not run on the driver's task.
pub trait PasswordVerifier {
    /// Starts to check a password that came from this address. A connection has at most one check at a time. Each check has a result, unless it is cancelled.
    fn check(&mut self, conn: ConnId, address: IpAddr, of: &PasswordOf, password: &[u8]);

    /// Cancels the check of a connection that has closed, if it has one. Its result may still arrive, and is ignored.
    fn cancel(&mut self, conn: ConnId);

    /// Polls for the next result. Wakes the task when the next result of the checks started so far is there.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)>;
}
