//! Parlor in a simulated world.
//!
//! - [`scenario`]: what happens in a run, made from a [`source`] of choices: a seed, or a fuzzer's bytes;
//! - [`tier1`]: the real server over simulated links, in simulated time;
//! - [`tier2`]: the real driver on turmoil, its streams full of chaos;
//! - [`law`]: what must always hold, a file for each law, and the judge who watches a run;
//! - [`model`]: a chat room without cleverness, which says what each connection must be sent;
//! - [`mark`]: states that a sweep must have been in;
//! - [`bug`]: bugs that are planted, to see that they are found;
//! - [`minimize`]: makes a failing scenario small; [`picture`] shows it;
//! - [`conns`]: a map by connection;
//! - [`naive`]: a sink that writes each output at once, which the outbox must equal byte for byte;
//! - [`in_memory`]: a server whose log answers at once and whose sockets take everything, for tests;
//! - [`flush`]: an outbox and a naive sink that are given the same outputs;
//! - [`trace`]: what happened, line by line, and a hash of it.

pub mod bench;
pub mod bug;
pub mod conns;
pub mod expectation;
pub mod flush;
pub mod in_memory;
pub mod law;
pub mod mark;
pub mod minimize;
pub mod model;
pub mod naive;
pub mod picture;
pub mod rolling;
pub mod scenario;
mod seen;
pub mod source;
pub mod terminal;
pub mod tier1;
pub mod tier2;
pub mod trace;
pub mod typed;
pub mod wire;
