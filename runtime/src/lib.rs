//! Parlor on real sockets: the driver that runs the core, the server around it, and the terminal client.

pub mod chat;
pub mod clock;
pub mod config;
pub mod console;
pub mod driver;
mod file_limit;
mod locale;
mod logging;
pub mod serve;
pub mod transport;
