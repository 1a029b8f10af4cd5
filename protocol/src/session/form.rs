//! The form in which a session reads its input.

use super::{Link, Session};

/// The form in which the bytes of a connection are read. A recording needs it to find the passwords among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputForm {
    /// Nothing more is read, or there is no such connection.
    Ended,
    /// Lines of bytes, as programs write them.
    Lines,
    /// Lines that a person may have typed, with corrections and telnet commands.
    Typed,
    /// Not clear yet: the protocol of the connection is being detected, or its client is not known.
    Unclear,
}

impl Session {
    /// Returns the form in which the next bytes are read. Once it is clear, it stays the same until the connection closes.
    pub(crate) fn input_form(&self) -> InputForm {
        let is_detecting = self.sniffer.is_some() || self.sniffed.is_some();
        let is_typed =
            self.workspace.as_deref().map_or(self.framing.is_for_people(), |it| it.framer.is_for_people());
        match self.link {
            Link::Closed | Link::Closing => InputForm::Ended,
            Link::Open if is_detecting => InputForm::Unclear,
            Link::Open if is_typed => InputForm::Typed,
            Link::Open => InputForm::Lines,
        }
    }
}
