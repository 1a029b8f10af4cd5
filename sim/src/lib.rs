//! A deterministic simulator for Parlor.
//!
//! - [`scenario`]: the steps of a run, generated from a [`source`] of choices: a seed, or the bytes of a fuzzer;
//! - [`tier1`]: runs the real server over simulated links, in simulated time;
//! - [`tier2`]: runs the real driver on turmoil, over streams with faults;
//! - [`law`]: the laws that must always hold, with a file for each, and the checker of a run;
//! - [`model`]: a simple model of the server, which predicts the bytes that each connection is sent;
//! - [`mark`]: states that a sweep must reach;
//! - [`bug`]: bugs that are planted to show that the checks find them;
//! - [`minimize`]: reduces a failing scenario; [`picture`]: draws it;
//! - [`recorded`]: the scenario of a recorded server;
//! - [`cloak`]: the hash of the server's cloaks;
//! - [`conns`]: a map by connection;
//! - [`naive`]: a sink that writes each output at once, with which the outbox must agree byte for byte;
//! - [`flush`]: compares an outbox with a naive sink;
//! - [`small_logs`]: every state of small worlds of nodes that share a log;
//! - [`trace`]: the events of a run, and their hash.

pub mod bench;
pub mod bug;
pub mod cloak;
pub mod conns;
pub mod expectation;
pub mod flush;
pub mod law;
pub mod mark;
pub mod minimize;
pub mod model;
pub mod naive;
pub mod picture;
pub mod recorded;
pub mod rolling;
pub mod scenario;
mod seen;
pub mod small_logs;
pub mod source;
mod store;
pub mod terminal;
pub mod tier1;
pub mod tier2;
pub mod trace;
pub mod typed;
mod utc;
pub mod wire;
