//! The clocks of the real world. No other file reads them.

use parlor_protocol::{Instant, Now};
use std::time::SystemTime;

/// A source of the time of the core's inputs.
pub trait Clock {
    /// Returns the current time. Monotonic time counts from the start of the clock.
    fn now(&self) -> Now;
}

/// This machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: tokio::time::Instant,
}

impl SystemClock {
    /// Starts a clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn start() -> Self {
        Self { started: tokio::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: Instant::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)),
            unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
