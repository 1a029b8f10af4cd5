//! The pure core of Parlor, a chat room server: a state machine that turns connections that come, bytes that
//! arrive and connections that go into bytes to write, and does nothing else.
//!
//! # The parts
//!
//! ```text
//! bytes in → Framer → session → Command → log → World::apply → Event, Reply → Outbox → bytes out
//! ```
//!
//! - [`Framer`] cuts what a connection sends into lines.
//! - A session, one for each connection, makes a line into a [`Command`], or into a question that is answered
//!   at once.
//! - The log puts the commands of all sessions into one order. [`MemoryLog`] is one that answers at once and
//!   keeps nothing.
//! - [`World`] is the state that the log's entries make: members, names, rooms.
//! - [`Hub`] is sessions, world and log position together. It takes an [`Input`] and puts [`Output`]s into a
//!   [`Sink`] of the caller's.
//! - [`Outbox`] makes the outputs into bytes, and writes to a [`Wire`] of the caller's, once per connection
//!   and tick.
//! - [`Server`] runs hub and outbox together.
//!
//! # How to embed it
//!
//! [`Server`] is hub and outbox in the order in which they rely on each other. Around it is an
//! [`Environment`] of the caller's, which owns the sockets, the log and the clock. For tests there is one
//! in memory:
//!
//! ```
//! use parlor_protocol::{Dialect, Limits, MemoryServer, Options, RoomName};
//!
//! let mut server = MemoryServer::new(Limits::default(), Options::default());
//! let lobby = RoomName::lobby();
//! let [alice, bob] = [5001, 5002].map(|port| {
//!     let peer = ([127, 0, 0, 1], port).into();
//!     server.connect(Dialect::Plain, peer, Some(&lobby)).expect("there is room for two")
//! });
//! assert!(server.read(bob).starts_with(b"* your name is 5002 and you are in lobby with 1 other"));
//!
//! server.send(alice, b"hello\n");
//! assert_eq!(server.read(bob), b"5001: hello\n");
//! ```
//!
//! The documentation of [`Server`] shows the loop around it, and says what its caller owes it and what
//! becomes of it otherwise. Two programs are in `examples/`: `bot_test.rs` is a room for the test of a bot,
//! `embed.rs` a server with real sockets.
//!
//! # Time
//!
//! The core has no clock. Every input comes with a [`Now`]: monotonic time for timers, wall time for what
//! people read. The same inputs with the same times give the same outputs, in every process and on every
//! machine.
//!
//! # Errors and panics
//!
//! There are no errors: whatever a peer sends, the answer is an output. There are no panics either: one is a
//! bug of this crate, whatever led to it. [`Server::check_invariants`] is for tests, and panics when the crate
//! has a bug.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod base;
mod dialect;
mod framing;
mod hub;
mod log;
mod outbox;
#[cfg(feature = "planted")]
pub mod planted;
#[cfg(not(feature = "planted"))]
mod planted;
mod server;
mod session;
mod world;

pub use base::calendar::Utc;
pub use base::digest::Digest;
pub use base::id::{ConnId, MemberId, RoomId, Seq};
pub use base::identity::Identity;
pub use base::language::{Language, UnknownLanguage};
pub use base::limits::{LimitError, Limits, WorldLimits};
pub use base::mode::{
    Flag, Folded, Glob, Key, Mask, MaskEntry, MaskError, MaskList, ModeChange, Status, Statuses,
};
pub use base::name::{Name, NameError, RoomName};
pub use base::options::Options;
pub use base::person::{Host, Person, Profile, UserModes};
pub use base::rate::{Rate, RateLimiter};
pub use base::text::Text;
pub use base::time::{Deadline, DeadlineReason, Instant, Now};
pub use dialect::action::{Action, Notice, Password, Question, Registration};
pub use dialect::event::{Event, Stamp, What, WireClass};
pub use dialect::reply::Reply;
pub use dialect::state::{Answer, Context, DialectState, LabelPart, Line, View};
pub use dialect::{Dialect, DialectSpec, irc, plain};
pub use framing::framer::{FramedLine, Framer, Item};
pub use framing::sniff;
pub use framing::telnet::Asked;
pub use hub::console::{ConsoleEvent, ConsoleMember};
pub use hub::input::Input;
pub use hub::output::{Output, Sink};
pub use hub::{Counters, Hub};
pub use log::close_reason::CloseReason;
pub use log::command::{Command, LogEntry, Message, MessageKind, NameRequest};
pub use log::memory::MemoryLog;
pub use outbox::{Outbox, OutboxCounters, Wire};
pub use server::memory::MemoryServer;
pub use server::{Environment, Server};
pub use world::{Effect, FormerName, HistoryLine, Member, Refusal, Room, Topic, World};
