//! Basic types and rules. They depend on nothing else in this crate.

pub(crate) mod ban;
pub(crate) mod calendar;
pub(crate) mod cloak;
pub(crate) mod digest;
pub(crate) mod few;
pub(crate) mod id;
pub(crate) mod identity;
pub(crate) mod language;
pub(crate) mod limits;
pub(crate) mod mode;
pub(crate) mod name;
pub(crate) mod network;
pub(crate) mod options;
pub(crate) mod person;
pub(crate) mod rate;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod via;
