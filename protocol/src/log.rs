//! The log: the order in which commands are applied.

pub(crate) mod close_reason;
pub(crate) mod command;
pub(crate) mod entry;
pub(crate) mod memory;
pub(crate) mod state;
