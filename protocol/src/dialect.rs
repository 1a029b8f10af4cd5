//! The forms in which people and programs speak to the server. Everything above is blind to them.

pub(crate) mod event;
pub(crate) mod http;
pub mod irc;
pub mod plain;
pub(crate) mod stranger;
