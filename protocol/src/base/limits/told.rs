//! The relation between the budget of an address and a slow reader.

use super::{Limits, PIECE_BYTES_MAX, PIECE_OVERHEAD_BYTES, PIECE_TEXT_BYTES_MIN};
use crate::base::rate::Rate;

/// Maximum number of bytes that a reader is sent for the price of a line, in the longest form: pieces of the least text.
const TOLD_BYTES_PER_LINE_MAX: u64 = (PIECE_BYTES_MAX * Rate::TOLD_BYTES_PER_LINE)
    .div_ceil(PIECE_TEXT_BYTES_MIN + PIECE_OVERHEAD_BYTES) as u64;

impl Limits {
    /// The rate of a slow reader that no address can make too slow: 1 Mbit/s.
    pub const SLOW_READER_BYTES_PER_SECOND: u64 = 125_000;

    /// Returns the maximum number of bytes per second that all connections of one ordinary address together make one reader
    /// read in the long run, in the longest form; `None` without a rate.
    #[must_use]
    pub const fn told_bytes_per_second_max(&self) -> Option<u64> {
        let lines = self.rate.times(self.address_factor).lines as u64;
        if lines == 0 { None } else { Some(lines.saturating_mul(TOLD_BYTES_PER_LINE_MAX)) }
    }

    /// Returns the maximum number of bytes that all connections of one ordinary address together make one reader read at once,
    /// beyond that rate.
    #[must_use]
    pub const fn told_burst_bytes_max(&self) -> u64 {
        (self.rate.times(self.address_factor).burst as u64).saturating_mul(TOLD_BYTES_PER_LINE_MAX)
    }

    /// Returns whether what one ordinary address can make others read fits into a reader of
    /// [`SLOW_READER_BYTES_PER_SECOND`](Self::SLOW_READER_BYTES_PER_SECOND) with its backlog. If not, one address can have
    /// slow readers closed.
    #[must_use]
    pub const fn spares_slow_readers(&self) -> bool {
        match self.told_bytes_per_second_max() {
            None => false,
            Some(rate) => {
                rate <= Self::SLOW_READER_BYTES_PER_SECOND
                    && self.told_burst_bytes_max() <= self.backlog_bytes_max as u64
            }
        }
    }
}
