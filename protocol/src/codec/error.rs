//! The reasons why bytes are not an entry.

use core::fmt;

/// The error for bytes that are not an entry that this build can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The position of the first byte that is wrong.
    pub at: usize,
    /// The reason.
    pub kind: DecodeErrorKind,
}

/// The reason why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// Something else was expected.
    Expected(&'static str),
    /// A value that its type does not have, such as a name of a thousand bytes.
    Invalid(&'static str),
    /// A field that every entry of its kind has is missing.
    Missing(&'static str),
    /// The entry was written for a later version of the log.
    Newer {
        /// The smallest version of the log with which the entry can be read.
        needs: u16,
        /// The version that this build knows.
        knows: u16,
    },
    /// The bytes end too early.
    Truncated,
    /// A text is not the one that the entry is about.
    WrongText,
    /// A number that no variant has, in an entry of a version that this build knows: the entry is damaged.
    UnknownVariant {
        /// The kind of value.
        of: &'static str,
        /// The number.
        number: u64,
        /// The smallest version of the log with which the entry can be read, as the entry says.
        needs: u16,
        /// The version that this build knows.
        knows: u16,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: ", self.at)?;
        match self.kind {
            DecodeErrorKind::Expected(expected) => write!(f, "{expected} was expected"),
            DecodeErrorKind::Invalid(what) => write!(f, "this is not {what}"),
            DecodeErrorKind::Missing(field) => write!(f, "the field {field} is missing"),
            DecodeErrorKind::Newer { needs, knows } => {
                write!(f, "the entry needs version {needs} of the log, and this build knows version {knows}")
            }
            DecodeErrorKind::Truncated => f.write_str("the entry is truncated"),
            DecodeErrorKind::WrongText => f.write_str("this is not the text that the entry was written with"),
            DecodeErrorKind::UnknownVariant { of, number, needs, knows } => write!(
                f,
                "no {of} has the number {number}; the entry needs version {needs} of the log, and this build knows \
                 version {knows}"
            ),
        }
    }
}

impl core::error::Error for DecodeError {}
