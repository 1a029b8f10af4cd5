//! A deadline that may be unset.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A deadline, if it is set.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Creates a deadline after this time.
    pub(super) fn after(time: Duration) -> Self {
        Self(Some(Box::pin(sleep(time))))
    }

    pub(super) fn set(&mut self, time: Duration) {
        *self = Self::after(time);
    }

    pub(super) fn unset(&mut self) {
        self.0 = None;
    }

    pub(super) const fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether the deadline has passed, and unsets it if so.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let is_over = self.0.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_ready());
        if is_over {
            self.0 = None;
        }
        is_over
    }
}
