//! Replaying a recording: the same core with the same calls, and a comparison of what it did then and does now.

pub mod command;
mod environment;
mod repeat;
mod step;

pub use environment::Done;
pub use repeat::{Difference, Differs, Observer, Repeat};
