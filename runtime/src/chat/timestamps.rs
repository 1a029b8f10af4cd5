//! The local time before received lines (`--times`).

use crate::clock::{Clock, SystemClock};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A source of local times.
#[derive(Debug)]
pub(super) struct Timestamps {
    clock: SystemClock,
    zone: TimeZone,
}

impl Timestamps {
    /// Creates a source in the time zone of `TZ` or the system; UTC if neither is known.
    pub(super) fn new() -> Self {
        Self { clock: SystemClock::start(), zone: TimeZone::system() }
    }

    /// Returns the prefix of a line received now: `15:04 `.
    pub(super) fn now(&self) -> String {
        shown(self.clock.now().unix_ms, &self.zone)
    }
}

fn shown(unix_ms: u64, zone: &TimeZone) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or_default().to_zoned_datetime(zone.clone());
    format!("{:02}:{:02} ", time.hour(), time.minute())
}

/// Inserts the time before each line of a stream of bytes, in chunks of any size.
#[derive(Debug)]
pub(super) struct TimestampedBytes {
    times: Timestamps,
    is_in_line: bool,
}

impl TimestampedBytes {
    pub(super) fn new(times: Timestamps) -> Self {
        Self { times, is_in_line: false }
    }

    /// Returns the bytes with the times inserted.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut timed = Vec::with_capacity(bytes.len());
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.is_in_line {
                timed.extend_from_slice(self.times.now().as_bytes());
            }
            timed.extend_from_slice(piece);
            self.is_in_line = !piece.ends_with(b"\n");
        }
        timed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::Offset;

    #[test]
    fn the_time_is_that_of_the_zone() {
        let at = 1_764_425_045_000;
        for (zone, time) in [
            (TimeZone::UTC, "14:04 "),
            (TimeZone::fixed(Offset::constant(8)), "22:04 "),
            (TimeZone::fixed(Offset::constant(-11)), "03:04 "),
            (TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(), "15:04 "),
        ] {
            assert_eq!(shown(at, &zone), time, "{zone:?}");
        }
        let summer = at - 150 * 86_400_000;
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(shown(summer, &zone), "16:04 ", "the offset of that day");
    }

    #[test]
    fn every_line_has_one_time_whatever_the_chunks() {
        let text = b"one\ntwo\n\nthree";
        for size in 1..text.len() {
            let mut timed = TimestampedBytes::new(Timestamps::new());
            let timed: Vec<u8> = text.chunks(size).flat_map(|chunk| timed.pass(chunk)).collect();
            let timed = String::from_utf8(timed).unwrap();
            let lines: Vec<&str> = timed.split('\n').collect();
            assert_eq!(lines.len(), 4, "{timed:?}");
            for (line, expected) in lines.iter().zip(["one", "two", "", "three"]) {
                assert_eq!(line.get(6..), Some(expected), "{timed:?}");
                assert!(line[..5].split(':').all(|part| part.parse::<u8>().is_ok()), "{timed:?}");
            }
        }
    }
}
