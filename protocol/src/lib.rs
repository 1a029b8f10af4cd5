//! The core of Parlor, a chat room server: a pure state machine. Its inputs are new connections, received bytes and closed
//! connections; its outputs are bytes to write. It does no I/O.
//!
//! # The parts
//!
//! ```text
//! bytes in → Framer → session → Command → log → World::apply → Event, Reply → Outbox → bytes out
//! ```
//!
//! - [`Framer`] splits the bytes of a connection into lines.
//! - A session, one for each connection, reads lines with its [`DialectState`], which turns each line into [`Action`]s: a
//!   [`Command`] to propose to the log, or a question to answer.
//! - The log, which the embedding program provides, puts the commands of all sessions into one order. [`MemoryLog`] is a
//!   log that commits at once and stores nothing.
//! - [`codec`] has the bytes of entries, for a log that stores or sends them.
//! - [`World`] is the state that results from the entries of the log: members, names and rooms.
//! - [`Hub`] connects the sessions with the log and the world. It handles an [`Input`] and puts [`Output`]s into a
//!   [`Sink`].
//! - [`Outbox`] turns outputs into bytes, and writes them to a [`Wire`], usually once per connection and tick.
//! - [`Server`] runs the hub and the outbox.
//!
//! # How to embed it
//!
//! A program that embeds the core implements [`Environment`] for its sockets and its log, and runs a [`Server`] with it.
//! For tests, [`MemoryServer`] is a server with an environment in memory:
//!
//! ```
//! use parlor_protocol::{Dialect, Limits, MemoryServer, Options, RoomName};
//!
//! let mut server = MemoryServer::new(Limits::default(), Options::default());
//! let lobby = RoomName::lobby();
//! let [alice, bob] = [5001, 5002].map(|port| {
//!     let peer = ([127, 0, 0, 1], port).into();
//!     server.connect(Dialect::Plain, peer, Some(&lobby)).expect("a slot is free")
//! });
//! assert!(server.read(bob).starts_with(b"* your name is 5002 and you are in lobby with 1 other"));
//!
//! server.send(alice, b"hello\n");
//! assert_eq!(server.read(bob), b"5001: hello\n");
//! ```
//!
//! The documentation of [`Server`] describes the loop that the program has to run. Two examples are in `examples/`:
//! `bot_test.rs` tests a bot with a server in memory, and `embed.rs` is a server with real sockets.
//!
//! # Time
//!
//! The core has no clock. Every input comes with a [`Now`]: monotonic time for timers, and wall time for timestamps. The
//! same inputs at the same times cause the same outputs, in every process and on every machine.
//!
//! # Errors and panics
//!
//! Handling an input cannot fail: an error of a client is answered with an output. Nothing that clients send causes a panic;
//! a panic is a bug in this crate. [`Server::check_invariants`], which is for tests, panics if it finds a bug.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod base;
#[macro_use]
pub mod codec;
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
mod views;
mod world;

pub use base::ban::{BanTarget, BanTargetError, NewBan, ServerBan, parse_duration};
pub use base::calendar::Utc;
pub use base::cloak::{Cloaks, NetworkHash};
pub use base::digest::Digest;
pub use base::id::{ConnId, Life, MemberId, NodeId, RoomId, Seq};
pub use base::identity::Identity;
pub use base::language::{Language, UnknownLanguage};
pub use base::limits::{LimitError, Limits, UnknownLimit, WorldLimits};
pub use base::mode::{
    Flag, Folded, Glob, Key, Mask, MaskEntry, MaskError, MaskList, ModeChange, Status, Statuses,
};
pub use base::name::{Name, NameError, RoomName};
pub use base::network::{Network, NetworkError, TrustedNetwork};
pub use base::options::Options;
pub use base::person::{Host, Person, Profile, UserModes};
pub use base::rate::{Budget, Cost, Rate};
pub use base::text::Text;
pub use base::time::{Deadline, DeadlineReason, Instant, Now};
pub use base::via::Via;
pub use dialect::action::{Action, Notice, Password, PasswordOf, PasswordResult, Question, Registration};
pub use dialect::reply::Reply;
pub use dialect::state::{Answer, ClientAddresses, Context, DialectState, LabelPart, Line, View};
pub use dialect::wire_class::WireClass;
pub use dialect::{Dialect, DialectSpec, irc, plain};
pub use framing::framer::{FramedLine, Framer, Item};
pub use framing::telnet::TelnetRequest;
pub use framing::{proxy, sniff, webirc};
pub use hub::console::{ConsoleEvent, ConsoleMember, Peer};
pub use hub::input::Input;
pub use hub::output::{Output, Sink};
pub use hub::{Counters, Hub};
pub use log::close_reason::CloseReason;
pub use log::command::{Command, Message, MessageKind, NameRequest};
pub use log::entry::{LogEntry, Origin, Proposal};
pub use log::memory::MemoryLog;
pub use log::state::{LogRefusal, LogState};
pub use outbox::{Outbox, OutboxCounters, Wire};
pub use server::memory::MemoryServer;
pub use server::{Environment, Server};
pub use session::form::InputForm;
pub use views::{
    EachRow, EventPlace, FormerName, HistoryChange, HistoryPage, HistoryPoint, HistoryQuery, HistoryRange,
    HistoryRow, HistoryRows, HistoryScope, Views,
};
pub use world::{
    Applied, Event, EventKind, EventRoom, Member, Node, Outcome, Readers, Refusal, Room, SnapshotError,
    Stamp, Topic, World,
};
