//! Rates and budgets: the generic cell rate algorithm (ITU-T I.371), in whole microseconds.
//!
//! Everything that a client makes the server or others do is charged in lines, or in parts of a line. A budget is one
//! number, the instant at which it is whole again, so that a budget without a debt need not be kept.

use crate::base::time::Instant;

/// The rate at which lines are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Lines per second in the long run, at most 1,000,000; 0 for no limit.
    pub lines: u32,
    /// Lines that are accepted at once after a silence; at least 1.
    pub burst: u32,
}

impl Rate {
    /// The rate without a limit.
    pub const UNLIMITED: Self = Self { lines: 0, burst: 1 };

    /// The number of bytes of an answer that cost as much as a line. Otherwise a client could make the server work by
    /// asking for long answers.
    pub const REPLY_BYTES_PER_LINE: usize = 512;

    /// The number of members, rooms or masks that are examined for the price of a line.
    pub const ROWS_PER_LINE: usize = 32;

    /// The number of bytes that others are sent for the price of a line. A line that makes them read more costs more.
    pub const TOLD_BYTES_PER_LINE: usize = 768;

    /// The number of bytes that are read and dropped for the price of a line: the rest of a line that is too long.
    pub const DROPPED_BYTES_PER_LINE: usize = 6_144;

    /// Returns the rate of a budget that is `factor` times as large. No limit remains no limit.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { lines: self.lines.saturating_mul(factor), burst: self.burst.saturating_mul(factor) }
    }

    /// Returns the microseconds in which the budget grows by one line; `None` without a limit.
    fn interval(self) -> Option<u64> {
        1_000_000_u64.checked_div(u64::from(self.lines.min(1_000_000)))
    }
}

/// The price of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// The price in parts of a line, of which a line has [`Rate::DROPPED_BYTES_PER_LINE`].
    parts: u64,
}

/// The parts of a line in which costs are counted. Each byte costs a whole number of them.
const PARTS_PER_LINE: u64 = Rate::DROPPED_BYTES_PER_LINE as u64;
const _: () = assert!(PARTS_PER_LINE.is_multiple_of(Rate::REPLY_BYTES_PER_LINE as u64));
const _: () = assert!(PARTS_PER_LINE.is_multiple_of(Rate::ROWS_PER_LINE as u64));
const _: () = assert!(PARTS_PER_LINE.is_multiple_of(Rate::TOLD_BYTES_PER_LINE as u64));

impl Cost {
    /// Nothing.
    pub const NONE: Self = Self { parts: 0 };

    /// Returns the price of `lines` lines.
    #[must_use]
    pub const fn lines(lines: usize) -> Self {
        Self { parts: (lines as u64).saturating_mul(PARTS_PER_LINE) }
    }

    /// Returns the price of `bytes` bytes of an answer.
    #[must_use]
    pub const fn reply(bytes: usize) -> Self {
        Self::units(bytes, Rate::REPLY_BYTES_PER_LINE)
    }

    /// Returns the price of `bytes` bytes that others are sent.
    #[must_use]
    pub const fn told(bytes: usize) -> Self {
        Self::units(bytes, Rate::TOLD_BYTES_PER_LINE)
    }

    /// Returns the price of examining `rows` members, rooms or masks.
    #[must_use]
    pub const fn rows(rows: usize) -> Self {
        Self::units(rows, Rate::ROWS_PER_LINE)
    }

    /// Returns the price of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { parts: self.parts.saturating_add(other.parts) }
    }

    /// Returns what is left of the price when `paid` is paid.
    #[must_use]
    pub const fn minus(self, paid: Self) -> Self {
        Self { parts: self.parts.saturating_sub(paid.parts) }
    }

    const fn units(count: usize, per_line: usize) -> Self {
        Self { parts: (count as u64).saturating_mul(PARTS_PER_LINE / per_line as u64) }
    }

    /// Returns the microseconds in which a budget grows by this much, rounded up.
    fn micros(self, interval: u64) -> u64 {
        interval.saturating_mul(self.parts).div_ceil(PARTS_PER_LINE)
    }
}

/// A budget of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The instant at which the budget is whole again (the theoretical arrival time of I.371).
    whole_at: Instant,
}

impl Budget {
    /// Returns the first instant at which a line may be taken from the budget; it may have passed.
    #[must_use]
    pub fn ready_at(self, rate: Rate) -> Instant {
        let Some(interval) = rate.interval() else { return Instant::ZERO };
        let tolerance = interval * u64::from(rate.burst.saturating_sub(1));
        Instant::from_micros(self.whole_at.as_micros().saturating_sub(tolerance))
    }

    /// Charges `cost`, whether or not the budget allows it; what follows waits until the debt is repaid.
    pub fn charge(&mut self, cost: Cost, rate: Rate, now: Instant) {
        let Some(interval) = rate.interval() else { return };
        let whole_at = self.whole_at.max(now).as_micros();
        self.whole_at = Instant::from_micros(whole_at.saturating_add(cost.micros(interval)));
    }

    /// Returns the instant at which the budget is whole again; it may have passed.
    #[must_use]
    pub const fn whole_at(self) -> Instant {
        self.whole_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { lines: 50, burst: 200 };

    /// Takes a line from the budget, if it is ready.
    fn take(budget: &mut Budget, rate: Rate, now: Instant) -> bool {
        let is_ready = budget.ready_at(rate) <= now;
        if is_ready {
            budget.charge(Cost::lines(1), rate, now);
        }
        is_ready
    }

    #[test]
    fn lines_are_accepted_at_the_rate_after_a_burst() {
        let mut budget = Budget::default();
        let now = Instant::from_micros(7);
        for _ in 0..200 {
            assert!(take(&mut budget, RATE, now));
        }
        let next = Instant::from_micros(7 + 20_000);
        assert_eq!(budget.ready_at(RATE), next);
        assert!(!take(&mut budget, RATE, now));
        assert!(take(&mut budget, RATE, next));
        assert!(!take(&mut budget, RATE, next));
    }

    #[test]
    fn a_silence_restores_at_most_the_burst() {
        let mut budget = Budget::default();
        for _ in 0..200 {
            assert!(take(&mut budget, RATE, Instant::ZERO));
        }
        let later = Instant::ZERO.plus_ms(3_600_000);
        let passed = (0..1_000).take_while(|_| take(&mut budget, RATE, later)).count();
        assert_eq!(passed, 200);
    }

    #[test]
    fn a_charge_delays_later_lines() {
        let mut budget = Budget::default();
        budget.charge(Cost::lines(250), RATE, Instant::ZERO);
        // The 50 lines that were charged over the burst, and this one.
        assert_eq!(budget.ready_at(RATE), Instant::from_micros(51 * 20_000));
        assert_eq!(budget.whole_at(), Instant::from_micros(250 * 20_000));
    }

    #[test]
    fn parts_of_a_line_add_up_to_a_line() {
        let whole_after = |costs: &[Cost]| {
            let mut budget = Budget::default();
            costs.iter().for_each(|&cost| budget.charge(cost, RATE, Instant::ZERO));
            budget.whole_at().as_micros()
        };
        assert_eq!(whole_after(&[Cost::reply(512)]), 20_000);
        assert_eq!(whole_after(&[Cost::reply(128); 4]), 20_000);
        assert_eq!(whole_after(&[Cost::told(768 * 3 / 2)]), 30_000);
        assert_eq!(whole_after(&[Cost::lines(3).minus(Cost::reply(512)).plus(Cost::told(384))]), 50_000);
        // Nothing is free, however little it is.
        assert_eq!(whole_after(&[Cost::told(1)]), 27);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut budget = Budget::default();
        let off = Rate::UNLIMITED;
        assert!((0..10_000).all(|_| take(&mut budget, off, Instant::ZERO)));
        assert_eq!(off.times(4).lines, 0);
    }

    #[test]
    fn extreme_rates_do_not_overflow() {
        let fast = Rate { lines: u32::MAX, burst: u32::MAX }.times(16);
        let mut budget = Budget::default();
        let end = Instant::from_micros(u64::MAX);
        budget.charge(Cost::told(usize::MAX), fast, end);
        budget.charge(Cost::lines(usize::MAX), fast, end);
        assert_eq!(budget.whole_at(), end);
        assert!(budget.ready_at(fast) <= end);
    }
}
