//! The signals that the client on a terminal reacts to.

use rustix::process::Signal as Number;
use std::io;
use std::task::{Context, Poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal, named for its meaning.
pub(super) enum SignalEvent {
    /// End the program.
    End,
    /// The size of the terminal has changed.
    Resized,
    /// The program continues after it was suspended.
    Resumed,
}

/// The streams of these signals.
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

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<SignalEvent> {
        if self.end.iter_mut().any(|end| end.poll_recv(context).is_ready()) {
            return Poll::Ready(SignalEvent::End);
        }
        if self.resumed.poll_recv(context).is_ready() {
            return Poll::Ready(SignalEvent::Resumed);
        }
        self.resized.poll_recv(context).map(|_| SignalEvent::Resized)
    }
}
