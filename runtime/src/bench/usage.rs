//! What Linux tells of a process.

use rustix::param::{clock_ticks_per_second, page_size};
use std::io;
use std::time::Duration;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// On all processors, in the kernel and outside of it.
    pub(super) cpu: Duration,
    /// The same, and the time for which its threads could have run and something else did.
    pub(super) wanted: Duration,
    pub(super) resident_bytes: u64,
}

/// What this process has used.
pub(super) fn own() -> io::Result<Usage> {
    of("self")
}

/// What a process has used (`proc_pid_stat(5)`; the scheduler's statistics are described in Linux'
/// `Documentation/scheduler/sched-stats.rst`).
pub(super) fn of(process: &str) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (cpu, resident_bytes) = parse_stat(&stat, clock_ticks_per_second(), page_size())
        .ok_or_else(|| io::Error::other(format!("/proc/{process}/stat is not as it should be")))?;
    let mut waited = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread can end meanwhile; and a kernel can be built without these statistics.
        let schedule = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        waited += parse_wait(&schedule).unwrap_or_default();
    }
    Ok(Usage { cpu, wanted: cpu + waited, resident_bytes })
}

fn parse_stat(stat: &str, ticks_per_second: u64, page_bytes: usize) -> Option<(Duration, u64)> {
    // The name of the program is the second field, and may have spaces and parentheses in it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(|field| field.parse::<u64>().unwrap_or(0));
    let ticks = fields.next()? + fields.next()?;
    let resident_pages = fields.nth(8)?;
    let cpu = Duration::from_nanos(ticks * (1_000_000_000 / ticks_per_second));
    Some((cpu, resident_pages * page_bytes as u64))
}

/// The second of a thread's numbers: how long it waited for a processor, in nanoseconds.
fn parse_wait(schedule: &str) -> Option<Duration> {
    schedule.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_by_its_fields() {
        let stat =
            "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 300 123456 42 18446744073709551615";
        assert_eq!(parse_stat(stat, 100, 4_096), Some((Duration::from_secs(3), 42 * 4_096)));
        assert_eq!(parse_stat("", 100, 4_096), None);
        assert_eq!(parse_wait("1500 2500 7\n"), Some(Duration::from_nanos(2_500)));
        assert_eq!(parse_wait(""), None);
    }

    #[test]
    fn this_process_is_read() {
        let usage = own().unwrap();
        assert!(usage.resident_bytes > 0 && usage.wanted >= usage.cpu);
    }
}
