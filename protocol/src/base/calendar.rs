//! Dates and times of day in the form of RFC 3339.

use core::fmt;

/// A moment in Coordinated Universal Time.
///
/// `{}` formats it as in RFC 3339, to the second; any precision (`{:.3}`) adds the milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
    ms: u64,
}

impl Utc {
    /// Converts milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        let seconds = unix_ms / 1_000;
        // Years are counted from 1 March: the leap day is the last one of the year, and every five months have
        // 153 days.
        let days = seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months = (5 * day_of_year + 2) / 153;
        let month = if months < 10 { months + 3 } else { months - 9 };
        Self {
            year: era * 400 + year_of_era + if month <= 2 { 1 } else { 0 },
            month,
            day: day_of_year - (153 * months + 2) / 5 + 1,
            second: seconds % 86_400,
            ms: unix_ms % 1_000,
        }
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, second, ms } = self;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if f.precision().is_some() {
            write!(f, ".{ms:03}")?;
        }
        f.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn moments_are_formatted_as_in_rfc_3339() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696_000, "2000-02-29T12:34:56Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00Z"),
            (1_795_530_433_000, "2026-11-24T14:27:13Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Utc::from_unix_ms(unix_ms).to_string(), text);
        }
    }

    #[test]
    fn a_precision_adds_milliseconds() {
        let moment = Utc::from_unix_ms(1_795_530_433_007);
        assert_eq!(alloc::format!("{moment:.3}"), "2026-11-24T14:27:13.007Z");
    }

    #[test]
    fn the_largest_moment_is_formatted() {
        assert!(Utc::from_unix_ms(u64::MAX).to_string().ends_with('Z'));
    }
}
