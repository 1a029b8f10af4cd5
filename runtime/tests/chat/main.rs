//! The client as its users run it: the built program, in pipes and on a real terminal.
//!
//! Tests that need other programs are `#[ignore]`d, with the reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

mod connecting;
mod hashing;
#[path = "../serve/irc.rs"]
mod irc;
mod parties;
mod piped;
mod pty;
mod reconnect;
mod refused;
#[path = "../serve/support.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod support;
mod terminal;
mod tmux;
mod typing;
