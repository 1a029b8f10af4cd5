//! Parlor's core in a simulated world: what it is compared with, and what drives it.
//!
//! - [`naive`]: a sink that writes each output at once, which the outbox must equal byte for byte;
//! - [`core`]: a hub and its log in memory, with a sink and a clock of the test's own;
//! - [`wire`]: sockets that take as much as the test says.

pub mod core;
pub mod naive;
pub mod wire;
