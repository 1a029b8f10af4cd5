//! The interface of password verifiers.

use parlor_protocol::ConnId;
use std::task::{Context, Poll};

/// A verifier of passwords. The driver starts a check, goes on, and takes the results as they arrive. A check that takes
/// long must not run on the driver's task.
pub trait PasswordVerifier {
    /// Starts to check a password of an operator, or of the server if `operator` is `None`. A connection has at most one
    /// check at a time.
    fn check(&mut self, conn: ConnId, operator: Option<&str>, password: &[u8]);

    /// Cancels the check of a connection that has closed, if it has one. Its result may still arrive, and is ignored.
    fn cancel(&mut self, conn: ConnId);

    /// Polls for the next result: a connection, and whether its password is right. Wakes the task when the next result of
    /// the checks started so far is there.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, bool)>;
}
