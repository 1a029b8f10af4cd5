//! Dates and times of day in the form of RFC 3339.

use core::fmt;

/// Milliseconds of a day.
pub(crate) const DAY_MS: u64 = 86_400_000;

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

/// Reads a date, or a date and a time, as in RFC 3339: `2026-11-24`, `2026-11-24T14:27`, `2026-11-24T14:27:13.123Z`. The time is in UTC,
/// with `Z` or without.
///
/// Returns milliseconds since 1970-01-01T00:00:00Z; `None` if it is no such date or time, or lies before then.
#[must_use]
pub(crate) fn parse_unix_ms(text: &str) -> Option<u64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || year < 1970 || !(1..=days).contains(&day) {
        return None;
    }
    // Years are counted from 1 March, as above.
    let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * months + 2) / 5 + day - 1 - 719_468;
    Some(days * DAY_MS + time.map_or(Some(0), parse_time_of_day)?)
}

/// Reads a time of day: `14:27`, `14:27:13`, `14:27:13.123`. Returns milliseconds since midnight.
#[must_use]
pub(crate) fn parse_time_of_day(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, ms) = match parts.next() {
        None => (0, 0),
        Some(second) => match second.split_once('.') {
            None => (digits(second, 2)?, 0),
            Some((second, ms)) => (digits(second, 2)?, digits(ms, 3)?),
        },
    };
    (hour < 24 && minute < 60 && second < 60).then_some(((hour * 60 + minute) * 60 + second) * 1_000 + ms)
}

/// Reads a number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u64> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
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
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn what_is_formatted_is_parsed_again() {
        // Each end of a month for 500 years, a millisecond before and after it too.
        for day in 0..182_625 {
            for ms in [day * DAY_MS, day * DAY_MS + 52_033_123, (day + 1) * DAY_MS - 1] {
                let text = format!("{:.3}", Utc::from_unix_ms(ms));
                assert_eq!(parse_unix_ms(&text), Some(ms), "{text}");
            }
        }
    }

    #[test]
    fn shorter_forms_of_a_time_are_parsed_and_others_are_not() {
        let day = 20_781 * DAY_MS;
        let parsed = [
            ("2026-11-24", 0),
            ("2026-11-24T00:00", 0),
            ("2026-11-24T14:27", 52_020_000),
            ("2026-11-24T14:27:13", 52_033_000),
            ("2026-11-24T14:27:13Z", 52_033_000),
        ];
        for (text, ms) in parsed {
            assert_eq!(parse_unix_ms(text), Some(day + ms), "{text}");
        }
        for text in [
            "",
            "Z",
            "2026",
            "2026-11",
            "2026-11-31",
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-11-00",
            "1969-12-31",
            "2026-11-24-1",
            "2026-11-24T",
            "2026-11-24T24:00",
            "2026-11-24T14:60",
            "2026-11-24T14:27:60",
            "2026-11-24T14:27:13.1",
            "2026-11-24T14:27:13.123+00:00",
            "+026-11-24",
            "２０２６-11-24",
        ] {
            assert_eq!(parse_unix_ms(text), None, "{text}");
        }
    }

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
