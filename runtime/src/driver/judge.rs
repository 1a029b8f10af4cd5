//! Who tells whether a password is right.

use parlor_protocol::ConnId;
use std::task::{Context, Poll};

/// Tells whether passwords are right. The driver asks, goes on, and takes the verdicts as they come: what takes
/// long is to be done somewhere else than on the driver's task.
pub trait Judge {
    /// Asks whether that is the password of an operator, or with `None` the server's. A connection does not ask
    /// again before it has its verdict.
    fn ask(&mut self, conn: ConnId, operator: Option<&str>, password: &[u8]);

    /// The connection is gone: no verdict does anything for it.
    fn forget(&mut self, conn: ConnId);

    /// The next verdict, and whose it is. Where there is none yet and some will be, the task is woken for it.
    fn poll_verdict(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, bool)>;
}
