//! Bytes to lines: telnet's commands, the corrections of a person who types, and the first bytes of a connection.

pub(crate) mod framer;
pub mod sniff;
pub(crate) mod telnet;
pub(crate) mod typed;
