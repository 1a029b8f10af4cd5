//! The dialects: the forms in which people and programs speak to the server.
//!
//! A dialect is one folder beside this file and one row of [`Dialect`]: a [`DialectSpec`], and a type that implements
//! [`DialectState`]. Nothing above this layer knows one by its name, but for the session, which finds out what a
//! connection speaks.

pub(crate) mod action;
pub(crate) mod event;
mod http;
pub mod irc;
pub mod plain;
pub(crate) mod reply;
pub(crate) mod state;
pub(crate) mod stranger;

use crate::base::language::Language;
use crate::base::limits::Limits;
use crate::base::options::Options;
use alloc::boxed::Box;
use bytes::BytesMut;
use core::fmt;
use event::{Event, WireClass};
use state::DialectState;

/// What is spoken at a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// IRC or the plain dialect: the first line tells, or a silence of `detect_ms`, which is plain.
    #[default]
    Auto,
    /// A dialect of the embedding program's.
    Custom(&'static DialectSpec),
    /// IRC.
    Irc,
    /// The plain dialect.
    Plain,
}

impl Dialect {
    /// Returns the name by which listeners and logs call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Custom(_) | Self::Irc | Self::Plain => self.spec().name,
        }
    }

    /// Returns the dialect itself; what every connection of [`Dialect::Auto`] is taken for before anything is known of it
    /// is plain.
    pub(crate) const fn spec(self) -> &'static DialectSpec {
        match self {
            Self::Auto | Self::Plain => &plain::SPEC,
            Self::Custom(spec) => spec,
            Self::Irc => &irc::SPEC,
        }
    }
}

/// A dialect: what is known of it without a connection.
pub struct DialectSpec {
    /// Its name in logs.
    pub name: &'static str,
    /// Whether people type its lines: telnet's commands and a typist's corrections are then no part of them.
    pub is_typed: bool,
    /// Returns the bytes that a line may have, its end not counted.
    pub line_bytes_max: fn(&Limits) -> usize,
    /// Returns the state of a new connection.
    pub begin: fn(&Options) -> Box<dyn DialectState>,
    /// Appends what a reader of that form sees of an event: whole lines, or nothing.
    pub render: fn(&Event<'_>, u32, &mut BytesMut),
    /// Returns the form without the choices that do not change what is seen of an event.
    pub relevant: fn(&Event<'_>, u32) -> u32,
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
