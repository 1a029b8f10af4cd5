//! The terminal as the client uses it: raw mode with marked pastes, its size, its keys, and writing to it.

use crate::raw_terminal::{RawTerminal, TypedAhead};
use rustix::termios::{InputModes, tcgetwinsize};
use std::io::{self, ErrorKind, Read, Write};
use tokio::sync::mpsc;

/// Bytes of one read of the terminal: Linux never returns more.
const KEYS_BYTES: usize = 4 << 10;
/// Reads of the terminal that wait to be handled.
const KEYS_MAX: usize = 4;

/// Makes the terminal mark pastes (xterm's "bracketed paste", which nearly all terminals have).
const MARK_PASTES: &str = "\x1b[?2004h";
const MARK_NO_PASTES: &str = "\x1b[?2004l";

/// The user's terminal in raw mode with marked pastes. Dropping this restores it.
#[derive(Debug)]
pub(super) struct Tty {
    raw: RawTerminal,
}

impl Tty {
    pub(super) fn enter() -> io::Result<Self> {
        let input_modes = InputModes::BRKINT
            | InputModes::ICRNL
            | InputModes::INPCK
            | InputModes::ISTRIP
            | InputModes::IXON;
        let tty = Self { raw: RawTerminal::enter(input_modes, TypedAhead::Keep)? };
        write(MARK_PASTES)?;
        Ok(tty)
    }

    /// Makes the terminal raw again after [`suspend`](Self::suspend).
    pub(super) fn resume(&self) -> io::Result<()> {
        self.raw.resume()?;
        write(MARK_PASTES)
    }

    /// Restores the terminal for the time that the program is suspended.
    pub(super) fn suspend(&self) -> io::Result<()> {
        write_end();
        self.raw.suspend()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        write_end();
    }
}

/// Turns off the marks of pastes. If the output is closed, the terminal's modes are restored none the less.
fn write_end() {
    write(MARK_NO_PASTES).ok();
}

/// Returns the terminal's columns and rows; zeros if they are unknown.
pub(super) fn size() -> (usize, usize) {
    tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// Writes a text to the terminal in one write, so that it never shows a half-drawn line.
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Spawns a thread that reads the keys, and returns them read by read.
///
/// The thread may block in its read for ever. Non-blocking reads are no alternative: the mode would hold for the other
/// programs on this terminal too.
pub(super) fn read_keys() -> mpsc::Receiver<Vec<u8>> {
    let (sender, keys) = mpsc::channel(KEYS_MAX);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = [0; KEYS_BYTES];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    });
    keys
}
