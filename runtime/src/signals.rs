//! Signals, and what each of them asks of the server.

use crate::driver::Control;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};

/// What SIGHUP asks of this server; settled when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hangup {
    /// Nothing: whatever started the server, such as `nohup`, had the signal ignored, and expects it to stay ignored.
    Ignored,
    /// To reload the configuration, as daemons do. `on_terminal` says whether the process has a controlling terminal,
    /// although none of its streams is one: once that terminal is gone, the signal asks to stop.
    Reload { on_terminal: bool },
    /// To stop: the server runs on a terminal, which was closed.
    Stop,
}

impl Hangup {
    fn of_this_process() -> Self {
        if hangup_is_ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default()) {
            Self::Ignored
        } else if io::stdin().is_terminal() || io::stderr().is_terminal() {
            Self::Stop
        } else {
            Self::Reload { on_terminal: has_terminal() }
        }
    }

    /// Whether a signal that has just come asks to stop.
    fn asks_to_stop(self) -> bool {
        match self {
            Self::Ignored => false,
            Self::Reload { on_terminal } => on_terminal && !has_terminal(),
            Self::Stop => true,
        }
    }
}

/// Whether the process has a controlling terminal that is still there.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether the text of Linux's `/proc/self/status` says that SIGHUP is ignored. Other systems have no such file, so the
/// signal counts as not ignored there; under `nohup`, where no stream is a terminal, it reloads the configuration, which
/// does no harm.
fn hangup_is_ignored(status: &str) -> bool {
    // The first of the mask's bits is for signal 1, which SIGHUP is.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Starts to watch for signals: passes what they ask for to the driver, or notifies `rehash`.
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
                // Where so many wait already, one more says nothing new.
                controls.try_send(control.clone()).ok();
            }
        });
    }
    let hangup = Hangup::of_this_process();
    if hangup == Hangup::Ignored {
        return Ok(());
    }
    let mut hangups = signal(SignalKind::hangup())?;
    let (controls, rehash) = (controls.clone(), Arc::clone(rehash));
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if hangup.asks_to_stop() {
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
    fn an_ignored_hangup_is_seen_in_the_mask() {
        let status =
            |mask: &str| format!("Name:\tparlor\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t1\n");
        assert!(hangup_is_ignored(&status("0000000000000001")));
        assert!(hangup_is_ignored(&status("0000000000001003")));
        assert!(!hangup_is_ignored(&status("0000000000001000")));
        assert!(!hangup_is_ignored(""));
    }
}
