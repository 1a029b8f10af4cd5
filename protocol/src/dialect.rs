//! The dialects: the protocols that clients speak.
//!
//! A dialect is a folder beside this file and a variant of [`Dialect`]: it consists of a [`DialectSpec`] and a type
//! that implements [`DialectState`]. No layer above refers to a particular dialect, except the session, which detects
//! the dialect of a connection.

pub(crate) mod action;
mod http;
pub mod irc;
pub mod plain;
pub(crate) mod reply;
pub(crate) mod state;
pub(crate) mod stranger;
pub(crate) mod wire_class;

use crate::base::language::Language;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::world::Event;
use alloc::boxed::Box;
use bytes::BytesMut;
use core::fmt;
use state::DialectState;
use wire_class::WireClass;

/// The dialect of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// IRC or the plain dialect, as the first line shows. A client that is silent for `detect_ms` is taken for plain.
    #[default]
    Auto,
    /// A dialect of the embedding program.
    Custom(&'static DialectSpec),
    /// IRC.
    Irc,
    /// The plain dialect.
    Plain,
}

impl Dialect {
    /// Returns the name of the dialect in settings and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Custom(_) | Self::Irc | Self::Plain => self.spec().name,
        }
    }

    /// Returns the specification of the dialect. A connection of [`Dialect::Auto`] has the plain dialect until another
    /// is detected.
    pub(crate) const fn spec(self) -> &'static DialectSpec {
        match self {
            Self::Auto | Self::Plain => &plain::SPEC,
            Self::Custom(spec) => spec,
            Self::Irc => &irc::SPEC,
        }
    }
}

/// The specification of a dialect: everything about it that does not depend on a connection.
pub struct DialectSpec {
    /// The name of the dialect in logs.
    pub name: &'static str,
    /// Whether people type its lines. If so, telnet commands are removed and corrections (backspaces) are applied.
    pub is_typed: bool,
    /// Returns the limit of a line in bytes, without the line end.
    pub line_bytes_max: fn(&Limits) -> usize,
    /// Creates the state of a new connection.
    pub begin: fn(&Options) -> Box<dyn DialectState>,
    /// Appends an event as readers with these [`choices`](WireClass::choices) see it: whole lines, or nothing.
    pub render: fn(&Event, u32, &mut BytesMut),
    /// Returns the choices without those that make no difference to the bytes of this event.
    pub relevant: fn(&Event, u32) -> u32,
}

impl fmt::Debug for DialectSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for DialectSpec {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for DialectSpec {}

impl Default for WireClass {
    /// The plain dialect, in the default language.
    fn default() -> Self {
        plain::wire_class(Language::default(), false)
    }
}
