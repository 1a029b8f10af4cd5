//! Times as IRC messages have them, independent of the core.

/// Parses a time of the form `YYYY-MM-DDThh:mm:ss.sssZ` (server-time). Returns the milliseconds since
/// 1970-01-01T00:00:00Z.
pub(crate) fn unix_ms(time: &str) -> Option<u64> {
    let is_formed = time.len() == 24
        && time.bytes().zip(*b"0000-00-00T00:00:00.000Z").all(|(is, like)| match like {
            b'0' => is.is_ascii_digit(),
            like => is == like,
        });
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    let (hours, minutes, seconds, ms) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    let is_there = (1..=*months.get(before)?).contains(&day) && hours < 24 && minutes < 60 && seconds < 60;
    if !is_formed || !is_there || year < 1970 {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let days = years + months[..before].iter().sum::<u64>() + day - 1;
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000 + ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_iso_8601_with_milliseconds() {
        for (time, ms) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2026-11-24T12:00:00.007Z", Some(1_795_521_600_007)),
            ("2024-02-29T23:59:59.999Z", Some(1_709_251_199_999)),
            ("2023-02-29T23:59:59.999Z", None),
            ("2026-11-24T12:00:00Z", None),
            ("2026-11-24 12:00:00.000Z", None),
            ("2026-11-24T24:00:00.000Z", None),
            ("2026-13-24T12:00:00.000Z", None),
        ] {
            assert_eq!(unix_ms(time), ms, "{time}");
        }
    }
}
