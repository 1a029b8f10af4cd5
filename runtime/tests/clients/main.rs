//! Other programs as clients, unchanged: what their users see, and what other members receive.
//!
//! All tests are `#[ignore]`d, because they need these programs; `.ci/run` installs them and runs the tests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

#[path = "../irc/clients.rs"]
#[allow(dead_code, reason = "the tests of IRC need more of it")]
mod clients;
mod gateway;
mod libraries;
mod names;

#[path = "../serve/namespace.rs"]
mod namespace;
#[path = "../serve/program.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod program;
mod strangers;
#[path = "../serve/support.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod support;

mod telnet;
#[path = "../chat/tmux.rs"]
#[allow(dead_code, reason = "the tests of the terminal client need more of it")]
mod tmux;
