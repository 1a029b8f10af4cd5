//! The server that is loaded, and what the system says of its process.

use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a server of our own may take to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);

const POLL: Duration = Duration::from_millis(10);

/// A server, and its process where that is known.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) pid: Option<u32>,
    child: Option<Child>,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// On all processors, in the kernel and outside of it.
    pub(super) cpu: Duration,
    pub(super) resident_bytes: u64,
}

impl Server {
    /// One that runs already.
    pub(super) fn running(address: &str, pid: Option<u32>) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("the address has no host"))?;
        Ok(Self { address, pid, child: None })
    }

    /// One of our own, without a limit on the rate of lines; on another processor than this process, if there
    /// are two.
    pub(super) fn start(arguments: &[String]) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let allowed = sched_getaffinity(None)?;
        let mut processors = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor));
        let pair = processors.next().zip(processors.next());
        if let Some((first, _)) = pair {
            // It inherits this.
            set_processor(first)?;
        }
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--rate-lines", "0", "--listen", &format!("plain://{address}")])
            .args(arguments)
            // Thousands come and go; what goes wrong is told.
            .env("PARLOR_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some((_, second)) = pair {
            set_processor(second)?;
        }
        wait_until(|| {
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at once: {status}")));
            }
            Ok(TcpStream::connect(address).is_ok())
        })?;
        Ok(Self { address, pid: Some(child.id()), child: Some(child) })
    }

    /// What its process has used, if one is known.
    pub(super) fn usage(&self) -> io::Result<Option<Usage>> {
        self.pid.map(|pid| usage(&pid.to_string())).transpose()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        let asked = kill_process(Pid::from_child(child), Signal::TERM).is_ok();
        let ended = asked && wait_until(|| Ok(child.try_wait()?.is_some())).is_ok();
        // Where that is not to be, it has ended.
        if !ended && child.kill().is_ok() {
            drop(child.wait());
        }
    }
}

fn set_processor(processor: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    Ok(sched_setaffinity(None, &set)?)
}

fn wait_until(mut is_done: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let polls = PATIENCE.as_millis() / POLL.as_millis();
    for _ in 0..polls {
        if is_done()? {
            return Ok(());
        }
        std::thread::park_timeout(POLL);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the server does not come to it"))
}

/// What this process has used.
pub(super) fn own_usage() -> io::Result<Usage> {
    usage("self")
}

/// Reads what Linux tells of a process (`proc_pid_stat(5)`).
fn usage(process: &str) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    parse_stat(&stat, clock_ticks_per_second(), rustix::param::page_size())
        .ok_or_else(|| io::Error::other(format!("/proc/{process}/stat is not as it should be")))
}

fn parse_stat(stat: &str, ticks_per_second: u64, page_bytes: usize) -> Option<Usage> {
    // The name of the program is the second field, and may have spaces and parentheses in it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(|field| field.parse::<u64>().unwrap_or(0));
    let ticks = fields.next()? + fields.next()?;
    let resident_pages = fields.nth(8)?;
    Some(Usage {
        cpu: Duration::from_nanos(ticks * (1_000_000_000 / ticks_per_second)),
        resident_bytes: resident_pages * page_bytes as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_by_its_fields() {
        let stat =
            "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 300 123456 42 18446744073709551615";
        let usage = parse_stat(stat, 100, 4_096).unwrap();
        assert_eq!(usage.cpu, Duration::from_secs(3));
        assert_eq!(usage.resident_bytes, 42 * 4_096);
        assert!(parse_stat("", 100, 4_096).is_none());
    }
}
