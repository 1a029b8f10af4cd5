//! The signals that the server reacts to.

use crate::driver::Control;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};

/// The effect of SIGHUP, decided when the server starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hangup {
    /// None. The parent process, such as `nohup`, ignored the signal and expects it to stay ignored.
    Ignored,
    /// Reloads the configuration, as of daemons. `on_terminal` says whether the process has a controlling terminal although
    /// none of its streams is one: once that terminal is gone, the signal stops the server.
    Reload { on_terminal: bool },
    /// Stops the server: it runs on a terminal, which was closed.
    Stop,
}

impl Hangup {
    fn of_process() -> Self {
        if hangup_is_ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default()) {
            Self::Ignored
        } else if io::stdin().is_terminal() || io::stderr().is_terminal() {
            Self::Stop
        } else {
            Self::Reload { on_terminal: has_terminal() }
        }
    }

    /// Returns whether a signal that has just arrived stops the server.
    fn stops(self) -> bool {
        match self {
            Self::Ignored => false,
            Self::Reload { on_terminal } => on_terminal && !has_terminal(),
            Self::Stop => true,
        }
    }
}

/// Returns whether the process has a controlling terminal that still exists.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Returns whether SIGHUP is ignored, according to the text of Linux's `/proc/self/status`. Other systems have no such
/// file, so there the signal reloads the configuration even under `nohup`, which does no harm.
fn hangup_is_ignored(status: &str) -> bool {
    // The lowest bit of the mask is that of signal 1, SIGHUP.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Spawns the tasks that pass signals to the driver or notify `rehash`.
pub(crate) fn watch(controls: &mpsc::Sender<Control>, rehash: &Arc<Notify>) -> io::Result<()> {
    for (kind, control) in [
        (SignalKind::interrupt(), Control::Stop),
        (SignalKind::terminate(), Control::Stop),
        (SignalKind::user_defined1(), Control::Count),
    ] {
        let mut signals = signal(kind)?;
        let controls = controls.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // If the queue is full, another signal would add nothing to those that wait.
                controls.try_send(control.clone()).ok();
            }
        });
    }
    let hangup = Hangup::of_process();
    if hangup == Hangup::Ignored {
        return Ok(());
    }
    let mut hangups = signal(SignalKind::hangup())?;
    let (controls, rehash) = (controls.clone(), Arc::clone(rehash));
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if hangup.stops() {
                controls.try_send(Control::Stop).ok();
            } else {
                rehash.notify_one();
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hangup_is_found_in_the_mask() {
        let status =
            |mask: &str| format!("Name:\tparlor\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t1\n");
        assert!(hangup_is_ignored(&status("0000000000000001")));
        assert!(hangup_is_ignored(&status("0000000000001003")));
        assert!(!hangup_is_ignored(&status("0000000000001000")));
        assert!(!hangup_is_ignored(""));
    }
}
