//! The terminal itself: every key as it is pressed, and back again.

use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, ErrorKind, Read, Write};
use tokio::sync::mpsc;

/// Bytes that one read of the terminal takes: all that Linux gives at once.
const KEYS_BYTES: usize = 4 << 10;
/// Reads of the terminal that wait to be looked at.
const KEYS_MAX: usize = 4;

/// The terminal marks what is pasted ("bracketed paste" of xterm and nearly all others).
const MARK_PASTES: &str = "\x1b[?2004h";
const MARK_NO_PASTES: &str = "\x1b[?2004l";

/// A terminal that gives every key as it is pressed; it is as before when this is dropped.
#[derive(Debug)]
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    pub(super) fn begin() -> io::Result<Self> {
        let terminal = Self { before: tcgetattr(io::stdin())? };
        terminal.enter()?;
        Ok(terminal)
    }

    pub(super) fn enter(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.input_modes -= InputModes::BRKINT | InputModes::ICRNL | InputModes::INPCK;
        raw.input_modes -= InputModes::ISTRIP | InputModes::IXON;
        raw.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead is kept.
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        show(MARK_PASTES)
    }

    pub(super) fn leave(&self) -> io::Result<()> {
        // Where the output is gone, the modes of the terminal still count.
        show(MARK_NO_PASTES).ok();
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &self.before)?)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        self.leave().ok();
    }
}

/// The terminal's columns and rows; zero where they are not known.
pub(super) fn size() -> (usize, usize) {
    tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// One write for all of it, so that nobody sees it half done.
pub(super) fn show(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// The keys, read by a thread that may stand in its read for ever: a terminal that is shared with other programs
/// is not to be made non-blocking.
pub(super) fn read_keys() -> mpsc::Receiver<Vec<u8>> {
    let (pressed, keys) = mpsc::channel(KEYS_MAX);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = [0; KEYS_BYTES];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if pressed.blocking_send(buffer[..count].to_vec()).is_err() {
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
