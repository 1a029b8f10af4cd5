//! From bytes to lines: the protocol of a connection, its line ends, telnet commands, and corrections of a typed line.

pub(crate) mod framer;
pub mod proxy;
pub mod sniff;
pub(crate) mod telnet;
pub(crate) mod typed;
pub mod webirc;
