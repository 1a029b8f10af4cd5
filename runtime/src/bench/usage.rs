//! The resources that a process has used, read from Linux's `/proc`.

use rustix::param::{clock_ticks_per_second, page_size};
use std::io;
use std::time::Duration;

/// The resources that a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time on all processors, in user and kernel mode.
    pub(super) cpu: Duration,
    /// CPU time plus the time that its threads waited for a processor.
    pub(super) wanted: Duration,
    pub(super) resident_bytes: u64,
}

/// Returns the usage of this process.
pub(super) fn of_this_process() -> io::Result<Usage> {
    of_process("self")
}

/// Returns the usage of a process: see `proc_pid_stat(5)` and, for the scheduler's statistics, the kernel's
/// `Documentation/scheduler/sched-stats.rst`.
pub(super) fn of_process(process: &str) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (cpu, resident_bytes) = parse_stat(&stat, clock_ticks_per_second(), page_size())
        .ok_or_else(|| io::Error::other(format!("/proc/{process}/stat has an unknown format")))?;
    let mut waited = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // The thread may have ended, or the kernel may be built without these statistics.
        let schedule = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        waited += parse_wait(&schedule).unwrap_or_default();
    }
    Ok(Usage { cpu, wanted: cpu + waited, resident_bytes })
}

fn parse_stat(stat: &str, ticks_per_second: u64, page_bytes: usize) -> Option<(Duration, u64)> {
    // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(|field| field.parse::<u64>().unwrap_or(0));
    let ticks = fields.next()? + fields.next()?;
    let resident_pages = fields.nth(8)?;
    let cpu = Duration::from_nanos(ticks * (1_000_000_000 / ticks_per_second));
    Some((cpu, resident_pages * page_bytes as u64))
}

/// Parses the second number of a thread's `schedstat`: the nanoseconds for which it waited for a processor.
fn parse_wait(schedule: &str) -> Option<Duration> {
    schedule.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_parsed_by_its_fields() {
        let stat =
            "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 300 123456 42 18446744073709551615";
        assert_eq!(parse_stat(stat, 100, 4_096), Some((Duration::from_secs(3), 42 * 4_096)));
        assert_eq!(parse_stat("", 100, 4_096), None);
        assert_eq!(parse_wait("1500 2500 7\n"), Some(Duration::from_nanos(2_500)));
        assert_eq!(parse_wait(""), None);
    }

    #[test]
    fn the_usage_of_this_process_is_read() {
        let usage = of_this_process().unwrap();
        assert!(usage.resident_bytes > 0 && usage.wanted >= usage.cpu);
    }
}
