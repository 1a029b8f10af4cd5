//! The server as its users have it: the built program, real sockets, other people's clients.
//!
//! Tests that need other programs, a network namespace, or much time are `#[ignore]`d, with the reason.

mod room;
mod shortage;
mod support;
mod whole;
