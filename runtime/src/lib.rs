//! Parlor on real sockets.

pub mod clock;
pub mod driver;
pub mod transport;
