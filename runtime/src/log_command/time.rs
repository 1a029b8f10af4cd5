//! Times on the command line.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use parlor_protocol::parse_duration;

/// Reads a time: `2026-11-24T14:27:13Z` or with another offset, `2026-11-24T14:27` or `2026-11-24` in UTC, or `90m` for the time 90 minutes ago.
/// Returns milliseconds since 1970-01-01T00:00:00Z; `None` if it is none of these, or before then.
pub(super) fn unix_ms(text: &str) -> Option<u64> {
    let now = Timestamp::now().as_millisecond();
    let ms = if let Ok(Some(ago)) = parse_duration(text) {
        now.checked_sub(i64::try_from(ago).ok()?)?
    } else if let Ok(time) = text.parse::<Timestamp>() {
        time.as_millisecond()
    } else {
        TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?.as_millisecond()
    };
    u64::try_from(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(unix_ms("1970-01-02T00:00Z"), Some(86_400_000));
        assert_eq!(unix_ms("1970-01-02T02:00:01+02:00"), Some(86_401_000));
        assert_eq!(unix_ms("1970-01-02T00:00:00.005"), Some(86_400_005));
        assert_eq!(unix_ms("1970-01-02"), Some(86_400_000));
        let (hour, day) = (unix_ms("1h").unwrap(), unix_ms("1d").unwrap());
        assert!((82_800_000..82_900_000).contains(&(hour - day)), "{hour} {day}");
        for text in ["", "yesterday", "1969-12-31", "14:27", "1970-13-01"] {
            assert_eq!(unix_ms(text), None, "{text}");
        }
    }
}
