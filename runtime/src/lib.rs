//! Parlor on real sockets: the driver that runs the core, the server around it, the terminal client and the load
//! generator.

pub mod bench;
pub mod chat;
mod cloak;
pub mod clock;
pub mod config;
pub mod console;
pub mod driver;
mod file_limit;
pub mod help;
pub mod locale;
mod logging;
pub mod password;
mod random;
mod raw_terminal;
pub mod recording;
mod rehash;
pub mod replay;
pub mod serve;
mod signals;
pub mod store;
pub mod transport;
