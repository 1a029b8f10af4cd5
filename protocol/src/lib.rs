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
//!
//! # How to embed it
//!
//! A driver owns the sockets and the clock. It tells the hub what happened, lets the log answer, and flushes:
//!
//! ```
//! use parlor_protocol::*;
//! use std::collections::BTreeMap;
//!
//! /// What each connection was written; a real driver has sockets here, which may take less.
//! #[derive(Default)]
//! struct Sockets(BTreeMap<ConnId, String>);
//!
//! impl Wire for Sockets {
//!     fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
//!         let bytes = slices.concat();
//!         *self.0.entry(conn).or_default() += std::str::from_utf8(&bytes).unwrap();
//!         bytes.len()
//!     }
//!
//!     fn finish(&mut self, _: ConnId) {}
//! }
//!
//! /// Most outputs are the outbox's; a real driver also pauses reads, closes sockets, and tells a console.
//! struct ToOutbox<'a>(&'a mut Outbox);
//!
//! impl Sink for ToOutbox<'_> {
//!     fn output(&mut self, output: Output<'_>) {
//!         self.0.output(&output);
//!     }
//! }
//!
//! let limits = Limits::default();
//! let mut hub = Hub::new(limits, Options::default());
//! let (mut log, mut outbox, mut sockets) = (MemoryLog::new(), Outbox::new(&limits), Sockets::default());
//! let now = Now::default();
//! log.append(now, hub.configuration());
//!
//! let mut input = |hub: &mut Hub, outbox: &mut Outbox, input: Input<'_>| {
//!     log.handle(hub, now, input, &mut ToOutbox(outbox));
//!     while log.commit(hub, now, &mut ToOutbox(outbox)) {}
//! };
//! let lobby = RoomName::lobby();
//! let mut enter = |hub: &mut Hub, outbox: &mut Outbox, port: u16| {
//!     let conn = hub.vacant().expect("there is room for two");
//!     outbox.opened(conn);
//!     let peer = ([127, 0, 0, 1], port).into();
//!     input(hub, outbox, Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&lobby) });
//!     conn
//! };
//! let alice = enter(&mut hub, &mut outbox, 5001);
//! let bob = enter(&mut hub, &mut outbox, 5002);
//! let bytes = bytes::Bytes::from_static(b"hello\n");
//! input(&mut hub, &mut outbox, Input::Received { conn: alice, bytes });
//! while outbox.flush(&mut sockets) {}
//!
//! assert_eq!(
//!     sockets.0[&alice],
//!     "* your name is 5001 and you are alone in lobby; /help lists the commands\n5002 joined\n"
//! );
//! assert_eq!(
//!     sockets.0[&bob],
//!     "* your name is 5002 and you are in lobby with 1 other; /help lists the commands\n5001: hello\n"
//! );
//! ```
//!
//! A driver owes the core these things:
//!
//! - It answers [`Output::Propose`] with [`Input::Committed`], in one order without gaps, whenever it likes.
//!   [`MemoryLog`] does it before the next input.
//! - After a flush, and before the next input, it hands [`Outbox::next_overflowed`] to the hub until that says
//!   `None`: whoever was given up is told the reason before anything else ends it. Then
//!   [`Outbox::next_drained`].
//! - It gives [`Input::Timeout`] not before [`Hub::deadline`], and soon after it.
//! - When [`Outbox::is_full`], it flushes before the next input.
//! - It ends every accepted connection with [`Input::Closed`] and [`Outbox::closed`], once.
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
//! bug of this crate, whatever led to it. [`Hub::check_invariants`] and [`Outbox::check_invariants`] are for
//! tests, and panic when the crate has a bug.

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
pub use world::{Effect, FormerName, HistoryLine, Member, Refusal, Room, Topic, World};
