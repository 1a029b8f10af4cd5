//! Time as a value. The core has no clock, so that time can be logged, replayed and fuzzed.

use core::time::Duration;

/// A point in monotonic time: microseconds since the hub was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant at which the hub was created.
    pub const ZERO: Self = Self(0);

    /// An instant that is never reached.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the instant `micros` microseconds after the hub was created.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the hub was created.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Returns the instant `ms` milliseconds later, or [`NEVER`](Self::NEVER) if it is out of range.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000)))
    }

    /// Returns the instant that much later, or [`NEVER`](Self::NEVER) if it is out of range.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
    }

    /// Returns the time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// The readings of two clocks, which the driver passes with every input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time, for timers. It never decreases from one input to the next.
    pub mono: Instant,
    /// Wall time in milliseconds since 1970-01-01T00:00:00Z, for timestamps. It may jump.
    pub unix_ms: u64,
}

/// The time of the next [`Input::Timeout`](crate::Input::Timeout) that the hub needs, and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The instant. The timeout must not come before it, and may come later.
    pub at: Instant,
    /// The reason for the deadline.
    pub why: DeadlineReason,
}

/// The reason for a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineReason {
    /// A connection whose dialect is unknown has been silent for `detect_ms`.
    Detect,
    // Not in alphabetical order: the order decides which of two deadlines at the same instant is handled first, and
    // recorded seeds depend on it.
    /// A closing connection has had `close_timeout_ms` to read its last bytes and to close.
    Close,
    /// An IRC connection has been silent for `ping_ms`, or has not answered a `PING` for `pong_ms`.
    Idle,
    /// A connection that exceeded its rate may be read again.
    Rate,
    /// An IRC connection has had `registration_ms` to register, or a proxy `proxy_ms` to name its client.
    Register,
    /// A connection has done `turn_lines_max` lines of work, and the others have had their turns.
    Turn,
    /// A client waits for a log that stands still, and is told so.
    Log,
    /// Entries of the log have waited long enough for readers that were sent much at once.
    Readers,
    /// A room has been kept without members for `room_keep_ms`.
    Room,
}

impl DeadlineReason {
    /// The reasons of the timers that each connection has, in the order in which deadlines at the same instant are handled.
    pub(crate) const OF_CONNECTION: [Self; 6] =
        [Self::Detect, Self::Close, Self::Idle, Self::Rate, Self::Register, Self::Turn];
}
