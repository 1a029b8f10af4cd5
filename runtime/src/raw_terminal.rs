//! The terminal in raw mode.

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::io;

/// Standard input's terminal, which passes on every key as it is pressed, Ctrl-C included, and echoes none. Dropping this
/// restores the modes that the terminal had before.
#[derive(Debug)]
pub(crate) struct RawTerminal {
    before: Termios,
    raw: Termios,
}

/// The treatment of keys typed before the terminal was made raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypedAhead {
    /// They are discarded.
    Discard,
    /// They are read like later ones.
    Keep,
}

impl RawTerminal {
    /// Makes the terminal raw, and turns off `input_modes` as well.
    pub(crate) fn enter(input_modes: InputModes, typed_ahead: TypedAhead) -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.input_modes -= input_modes;
        raw.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        let terminal = Self { before, raw };
        let action = match typed_ahead {
            TypedAhead::Discard => OptionalActions::Flush,
            TypedAhead::Keep => OptionalActions::Drain,
        };
        tcsetattr(io::stdin(), action, &terminal.raw)?;
        Ok(terminal)
    }

    /// Makes the terminal raw again after [`suspend`](Self::suspend).
    pub(crate) fn resume(&self) -> io::Result<()> {
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &self.raw)?)
    }

    /// Restores the modes that the terminal had before.
    pub(crate) fn suspend(&self) -> io::Result<()> {
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &self.before)?)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        self.suspend().ok();
    }
}
