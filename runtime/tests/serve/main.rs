//! The server as its users run it: the built program, real sockets, real clients.
//!
//! Tests that need other programs, a network namespace, or much time are `#[ignore]`d, with the reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

mod ancestors;
mod ancestors_chat;
mod ancestors_clients;
mod ancestors_echo;
mod ancestors_mistakes;
mod ancestors_session;
mod bans;
mod crowd;
mod embedded;
mod faults;
mod irc;
mod kept;
mod logs;
mod minute;
mod namespace;
mod passwords;
mod program;
mod proxy;
mod readme;
mod rehash;
mod room;
mod shortage;
mod support;
mod telnet;
mod terminal;
mod vanish;
mod whole;
