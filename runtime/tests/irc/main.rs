//! Real IRC clients, which share a port and its rooms with `nc` and the ancestor's client.
//!
//! Tests that need other programs are `#[ignore]`d, with the reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

#[path = "../serve/ancestors.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod ancestors;
mod ancestors_guest;
mod clients;
#[path = "../serve/namespace.rs"]
mod namespace;
mod one_port;
#[path = "../serve/program.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod program;
mod restart;
mod room;
#[path = "../serve/support.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod support;
#[path = "../chat/tmux.rs"]
#[allow(dead_code, reason = "the tests of the terminal client need more of it")]
mod tmux;
