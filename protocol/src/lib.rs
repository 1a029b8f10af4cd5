//! The pure core of Parlor.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

pub mod framer;
pub mod id;
pub mod language;
pub mod limits;
pub mod name;
pub mod rate;
pub mod text;
pub mod time;

pub use framer::{Framer, Line};
pub use id::{ConnId, MemberId, RoomId, Seq};
pub use language::Language;
pub use limits::{LimitError, Limits, WorldLimits};
pub use name::{Name, NameError, RoomName};
pub use rate::{Rate, RateLimiter};
pub use text::Text;
pub use time::{Deadline, DeadlineReason, Instant, Now};
