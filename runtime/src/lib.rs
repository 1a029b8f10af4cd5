//! Parlor on real sockets: the driver that runs the core, the server around it, the terminal client and the load
//! generator.

pub mod admin;
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
pub mod log_command;
mod logging;
pub mod password;
mod progress;
mod random;
mod raw_terminal;
pub mod recording;
mod rehash;
pub mod replay;
mod room_text;
pub mod serve;
mod signals;
pub mod store;
pub mod transport;
