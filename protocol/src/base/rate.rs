//! The rate limiter: the generic cell rate algorithm (ITU-T I.371), in whole microseconds.

use crate::base::time::Instant;

/// The rate at which lines of a connection are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Lines per second in the long run, at most 1,000,000; 0 for no limit.
    pub lines: u32,
    /// Lines that are accepted at once after a silence; at least 1.
    pub burst: u32,
}

impl Rate {
    /// The number of bytes of an answer that cost one line more. Otherwise a client could make the server work by asking
    /// for long answers.
    pub const REPLY_BYTES_PER_LINE: usize = 512;

    /// Returns the microseconds in which the budget grows by one line; `None` without a limit.
    fn interval(self) -> Option<u64> {
        1_000_000_u64.checked_div(u64::from(self.lines.min(1_000_000)))
    }
}

/// A connection's budget of lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateLimiter {
    /// The instant at which the budget is full again (the theoretical arrival time of I.371).
    full_at: Instant,
}

impl RateLimiter {
    /// Takes one line from the budget.
    ///
    /// # Errors
    /// Returns the instant at which the next line is accepted if the budget is empty.
    pub fn spend(&mut self, rate: Rate, now: Instant) -> Result<(), Instant> {
        let Some(interval) = rate.interval() else { return Ok(()) };
        let tolerance = interval * u64::from(rate.burst.saturating_sub(1));
        let full_at = self.full_at.max(now).as_micros();
        let allowed_at = full_at.saturating_sub(tolerance);
        if allowed_at > now.as_micros() {
            return Err(Instant::from_micros(allowed_at));
        }
        self.full_at = Instant::from_micros(full_at.saturating_add(interval));
        Ok(())
    }

    /// Charges `lines` unconditionally; later lines wait until the debt is repaid.
    pub fn charge(&mut self, lines: usize, rate: Rate, now: Instant) {
        let Some(interval) = rate.interval() else { return };
        let full_at = self.full_at.max(now).as_micros();
        self.full_at = Instant::from_micros(full_at.saturating_add(interval.saturating_mul(lines as u64)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { lines: 50, burst: 200 };

    #[test]
    fn lines_are_accepted_at_the_rate_after_a_burst() {
        let mut limiter = RateLimiter::default();
        let now = Instant::from_micros(7);
        for _ in 0..200 {
            assert_eq!(limiter.spend(RATE, now), Ok(()));
        }
        let next = Instant::from_micros(7 + 20_000);
        assert_eq!(limiter.spend(RATE, now), Err(next));
        assert_eq!(limiter.spend(RATE, next), Ok(()));
        assert!(limiter.spend(RATE, next).is_err());
    }

    #[test]
    fn a_silence_restores_at_most_the_burst() {
        let mut limiter = RateLimiter::default();
        for _ in 0..200 {
            assert_eq!(limiter.spend(RATE, Instant::ZERO), Ok(()));
        }
        let later = Instant::ZERO.plus_ms(3_600_000);
        let passed = (0..1_000).take_while(|_| limiter.spend(RATE, later).is_ok()).count();
        assert_eq!(passed, 200);
    }

    #[test]
    fn a_charge_delays_later_lines() {
        let mut limiter = RateLimiter::default();
        limiter.charge(250, RATE, Instant::ZERO);
        // The 50 lines that were charged over the burst, and this one.
        assert_eq!(limiter.spend(RATE, Instant::ZERO), Err(Instant::from_micros(51 * 20_000)));
        limiter.charge(250, Rate { lines: 0, burst: 1 }, Instant::ZERO);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut limiter = RateLimiter::default();
        let off = Rate { lines: 0, burst: 1 };
        assert!((0..10_000).all(|_| limiter.spend(off, Instant::ZERO).is_ok()));
    }

    #[test]
    fn extreme_rates_do_not_overflow() {
        let fast = Rate { lines: u32::MAX, burst: u32::MAX };
        let mut limiter = RateLimiter::default();
        assert_eq!(limiter.spend(fast, Instant::from_micros(u64::MAX)), Ok(()));
        assert_eq!(limiter.spend(fast, Instant::from_micros(u64::MAX)), Ok(()));
    }
}
