//! The server that is loaded.

use super::usage::{self, Usage};
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
    pid: Option<u32>,
    /// It ends with this.
    _own: Option<Own>,
}

/// A server of our own.
#[derive(Debug)]
struct Own {
    child: Child,
    /// The processors on which this process could run before it left one of them to the server.
    allowed: CpuSet,
}

impl Server {
    /// One that runs already.
    pub(super) fn running(address: &str, pid: Option<u32>) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("the address has no host"))?;
        Ok(Self { address, pid, _own: None })
    }

    /// One of our own, without a limit on the rate of lines; on another processor than this process, if there
    /// are two.
    pub(super) fn start(scheme: &str, arguments: &[String]) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let allowed = sched_getaffinity(None)?;
        let mut processors = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor));
        let pair = processors.next().zip(processors.next());
        if let Some((first, _)) = pair {
            // It inherits this.
            set_processor(first)?;
        }
        let child = Command::new(std::env::current_exe()?)
            .args([
                "serve",
                "--end-with-parent",
                "--rate-lines",
                "0",
                "--listen",
                &format!("{scheme}://{address}"),
            ])
            .args(arguments)
            // Thousands come and go; what goes wrong is told.
            .env("PARLOR_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut own = match child {
            Ok(child) => Own { child, allowed },
            Err(error) => {
                sched_setaffinity(None, &allowed)?;
                return Err(error);
            }
        };
        if let Some((_, second)) = pair {
            set_processor(second)?;
        }
        wait_until(|| {
            if let Some(status) = own.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at once: {status}")));
            }
            Ok(TcpStream::connect(address).is_ok())
        })?;
        Ok(Self { address, pid: Some(own.child.id()), _own: Some(own) })
    }

    /// What its process has used, if one is known.
    pub(super) fn usage(&self) -> io::Result<Option<Usage>> {
        self.pid.map(|pid| usage::of(&pid.to_string())).transpose()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let child = &mut self.child;
        let asked = kill_process(Pid::from_child(child), Signal::TERM).is_ok();
        let ended = asked && wait_until(|| Ok(child.try_wait()?.is_some())).is_ok();
        // Where that is not to be, it has ended.
        if !ended && child.kill().is_ok() {
            drop(child.wait());
        }
        // A process that may not do this stays where it is, and so does its next server.
        drop(sched_setaffinity(None, &self.allowed).map_err(io::Error::from));
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
    Err(io::Error::new(io::ErrorKind::TimedOut, "the server did not start in time"))
}
