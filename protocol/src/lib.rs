//! The pure core of Parlor.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

pub mod calendar;
pub mod command;
mod dialect;
pub mod digest;
pub mod event;
pub mod framer;
pub mod hub;
pub mod id;
pub mod input;
pub mod language;
pub mod limits;
pub mod log;
pub mod name;
pub mod outbox;
pub mod output;
pub mod rate;
mod session;
pub mod text;
pub mod time;
pub mod world;

pub use command::{CloseReason, Command, LogEntry, Manner};
pub use event::{ConsoleEvent, Event};
pub use framer::{Framer, Line};
pub use hub::{Counters, Hub, Options};
pub use id::{ConnId, MemberId, RoomId, Seq};
pub use input::Input;
pub use language::Language;
pub use limits::{LimitError, Limits, WorldLimits};
pub use log::MemoryLog;
pub use name::{Name, NameError, RoomName};
pub use outbox::{Outbox, OutboxCounters, Wire};
pub use output::{Output, Sink, WireClass};
pub use rate::{Rate, RateLimiter};
pub use text::Text;
pub use time::{Deadline, DeadlineReason, Instant, Now};
pub use world::World;
