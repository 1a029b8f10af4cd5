//! The log: commands in the one order that everybody sees.

pub(crate) mod close_reason;
pub(crate) mod command;
pub(crate) mod memory;
