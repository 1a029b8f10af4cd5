//! The local time before a line, for those who ask for it.

use crate::clock::{Clock, SystemClock};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Tells the time of this place.
#[derive(Debug)]
pub(super) struct Times {
    clock: SystemClock,
    zone: TimeZone,
}

impl Times {
    /// In the zone that `TZ` or the system names; UTC where neither is known.
    pub(super) fn new() -> Self {
        Self { clock: SystemClock::start(), zone: TimeZone::system() }
    }

    /// What stands before a line that comes now: `15:04 `.
    pub(super) fn now(&self) -> String {
        shown(self.clock.now().unix_ms, &self.zone)
    }
}

fn shown(unix_ms: u64, zone: &TimeZone) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or_default().to_zoned_datetime(zone.clone());
    format!("{:02}:{:02} ", time.hour(), time.minute())
}

/// Puts the time before each line of bytes that come in any chunks.
#[derive(Debug)]
pub(super) struct TimedBytes {
    times: Times,
    is_in_line: bool,
}

impl TimedBytes {
    pub(super) fn new(times: Times) -> Self {
        Self { times, is_in_line: false }
    }

    /// The bytes with the times.
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
    fn the_time_is_that_of_the_place() {
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
    fn every_line_has_one_time_in_any_chunks() {
        let text = b"one\ntwo\n\nthree";
        for size in 1..text.len() {
            let mut timed = TimedBytes::new(Times::new());
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
