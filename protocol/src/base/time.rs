//! Time as a value: the core has no clock, so that time can be logged, replayed and fuzzed.

use core::time::Duration;

/// A point on the hub's own monotonic time line: microseconds since the hub began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment at which the hub began.
    pub const ZERO: Self = Self(0);

    /// The end of time, which does not come.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `micros` microseconds after the hub began.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the hub began.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The instant `ms` milliseconds later; the end of time where that is out of range.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000)))
    }

    /// How long it is from `earlier` to `self`; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// What every input comes with: the two clocks that the driver has read for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time, for timers. It never runs backwards from one input to the next.
    pub mono: Instant,
    /// Wall time in milliseconds since 1970-01-01T00:00:00Z, for what people read. It may jump.
    pub unix_ms: u64,
}

/// When the hub wants an [`Input::Timeout`](crate::Input::Timeout), and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Not before this instant; late is allowed.
    pub at: Instant,
    /// The reason for the deadline.
    pub why: DeadlineReason,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineReason {
    /// A connection that may be of any dialect has been silent.
    Detect,
    // Out of alphabetical order: the order decides which of two deadlines of one instant is met first, and recorded
    // seeds depend on it.
    /// A closing connection has had `close_timeout_ms` to read its last bytes and to close.
    Close,
    /// An IRC connection has been silent, or has not answered.
    Idle,
    /// A connection that spoke too fast may speak again.
    Rate,
    /// An IRC connection has had `registration_ms` to say who it is.
    Register,
}

impl DeadlineReason {
    /// Every reason, in the order in which deadlines of one instant are met.
    pub const ALL: [Self; 5] = [Self::Detect, Self::Close, Self::Idle, Self::Rate, Self::Register];
}
