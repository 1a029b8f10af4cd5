//! The server under load.

use super::usage::{self, Usage};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The time for a started server to listen, and to stop.
const TIMEOUT: Duration = Duration::from_secs(20);

const POLL: Duration = Duration::from_millis(10);

/// A server, with its process if known.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pid: Option<u32>,
    /// The process of a server that was started here. Dropping it stops the server.
    _child: Option<StartedServer>,
}

/// A server that was started here.
#[derive(Debug)]
struct StartedServer {
    child: Child,
    /// The processors that this process could use before it left one of them to the server.
    allowed: CpuSet,
}

impl Server {
    /// Returns a server that is already running.
    pub(super) fn running(address: &str, pid: Option<u32>) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
        Ok(Self { address, pid, _child: None })
    }

    /// Starts a server without a limit on the rate of lines and on connections from this machine; if there are two processors, on another one than this process.
    pub(super) fn start(scheme: &str, arguments: &[String]) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let allowed = sched_getaffinity(None)?;
        let mut processors = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor));
        let pair = processors.next().zip(processors.next());
        if let Some((first, _)) = pair {
            // The child inherits this.
            set_processor(first)?;
        }
        let child = Command::new(std::env::current_exe()?)
            .args([
                "serve",
                "--end-with-parent",
                "--rate-lines",
                "0",
                "--trusted",
                "127.0.0.0/8",
                "--listen",
                &format!("{scheme}://{address}"),
            ])
            .args(arguments)
            // Without the records of thousands of members that join and leave.
            .env("PARLOR_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut started = match child {
            Ok(child) => StartedServer { child, allowed },
            Err(error) => {
                sched_setaffinity(None, &allowed)?;
                return Err(error);
            }
        };
        if let Some((_, second)) = pair {
            set_processor(second)?;
        }
        wait_until(|| {
            if let Some(status) = started.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at once: {status}")));
            }
            Ok(TcpStream::connect(address).is_ok_and(|stream| ends(stream).is_ok()))
        })?;
        Ok(Self { address, pid: Some(started.child.id()), _child: Some(started) })
    }

    /// Returns the usage of the server's process, if known.
    pub(super) fn usage(&self) -> io::Result<Option<Usage>> {
        self.pid.map(|pid| usage::of_process(&pid.to_string())).transpose()
    }
}

impl Drop for StartedServer {
    fn drop(&mut self) {
        let child = &mut self.child;
        let asked = kill_process(Pid::from_child(child), Signal::TERM).is_ok();
        let ended = asked && wait_until(|| Ok(child.try_wait()?.is_some())).is_ok();
        // `kill` fails only if the process has ended.
        if !ended && child.kill().is_ok() {
            drop(child.wait());
        }
        // If this fails, this process and the next server share the remaining processors.
        drop(sched_setaffinity(None, &self.allowed).map_err(io::Error::from));
    }
}

fn set_processor(processor: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    Ok(sched_setaffinity(None, &set)?)
}

/// Ends a connection, and waits until the server has ended it, too: so that it does not count as one when the clients connect.
fn ends(mut stream: TcpStream) -> io::Result<u64> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink())
}

fn wait_until(mut is_done: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let polls = TIMEOUT.as_millis() / POLL.as_millis();
    for _ in 0..polls {
        if is_done()? {
            return Ok(());
        }
        std::thread::park_timeout(POLL);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the server did not start in time"))
}
