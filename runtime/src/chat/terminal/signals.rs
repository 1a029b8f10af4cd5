//! The signals that mean something to a program on a terminal.

use rustix::process::Signal as Number;
use std::io;
use std::task::{Context, Poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the client reacts to.
pub(super) enum Signalled {
    /// The program is to end.
    End,
    /// The terminal has another size.
    Resized,
    /// The program goes on after it was suspended.
    Resumed,
}

/// The signals that are watched for.
pub(super) struct Signals {
    resumed: Signal,
    resized: Signal,
    end: [Signal; 3],
}

impl Signals {
    pub(super) fn watch() -> io::Result<Self> {
        // SIGCONT has no name in `SignalKind`.
        let resumed = signal(SignalKind::from_raw(Number::CONT.as_raw()))?;
        let resized = signal(SignalKind::window_change())?;
        let end = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { resumed, resized, end })
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Signalled> {
        if self.end.iter_mut().any(|end| end.poll_recv(context).is_ready()) {
            return Poll::Ready(Signalled::End);
        }
        if self.resumed.poll_recv(context).is_ready() {
            return Poll::Ready(Signalled::Resumed);
        }
        self.resized.poll_recv(context).map(|_| Signalled::Resized)
    }
}
