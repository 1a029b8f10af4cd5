//! The rate limiter: a generic cell rate algorithm (ITU-T I.371) in whole microseconds.

use crate::base::time::Instant;

/// How fast a connection may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Lines a second in the long run, at most 1,000,000; 0 for no limit.
    pub lines: u32,
    /// Lines that may come at once after a silence; at least 1.
    pub burst: u32,
}

impl Rate {
    /// An answer costs one line more for each so many of its bytes, so that asking for long answers is no way
    /// to make the server work.
    pub const REPLY_BYTES_PER_LINE: usize = 512;

    /// Microseconds in which a line joins the budget.
    fn interval(self) -> Option<u64> {
        1_000_000_u64.checked_div(u64::from(self.lines.min(1_000_000)))
    }
}

/// One connection's budget of lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateLimiter {
    /// The theoretical arrival time: when the budget will be whole again.
    full_at: Instant,
}

impl RateLimiter {
    /// Spends one line.
    ///
    /// # Errors
    /// The budget is empty; the error is the instant at which the next line may be spent.
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
    fn a_burst_passes_and_then_the_long_run_rate() {
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
    fn a_silence_restores_the_burst_and_no_more() {
        let mut limiter = RateLimiter::default();
        for _ in 0..200 {
            assert_eq!(limiter.spend(RATE, Instant::ZERO), Ok(()));
        }
        let later = Instant::ZERO.plus_ms(3_600_000);
        let passed = (0..1_000).take_while(|_| limiter.spend(RATE, later).is_ok()).count();
        assert_eq!(passed, 200);
    }

    #[test]
    fn a_charge_is_paid_later() {
        let mut limiter = RateLimiter::default();
        limiter.charge(250, RATE, Instant::ZERO);
        // One line over what the burst allows, and the 50 that were charged over the burst before it.
        assert_eq!(limiter.spend(RATE, Instant::ZERO), Err(Instant::from_micros(51 * 20_000)));
        limiter.charge(250, Rate { lines: 0, burst: 1 }, Instant::ZERO);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut limiter = RateLimiter::default();
        let off = Rate { lines: 0, burst: 1 };
        assert!((0..10_000).all(|_| limiter.spend(off, Instant::ZERO).is_ok()));
    }

    #[test]
    fn extreme_rates_stay_in_range() {
        let fast = Rate { lines: u32::MAX, burst: u32::MAX };
        let mut limiter = RateLimiter::default();
        assert_eq!(limiter.spend(fast, Instant::from_micros(u64::MAX)), Ok(()));
        assert_eq!(limiter.spend(fast, Instant::from_micros(u64::MAX)), Ok(()));
    }
}
