//! Recordings: everything that went into the core of a server, so that a run can be repeated.
//!
//! The core is a function of the calls of its [`Server`](parlor_protocol::Server): the same calls with the same answers of its
//! environment have the same outputs. A [`Recorder`] writes the calls down, each before it is made, and what the environment answered
//! meanwhile. That is all:
//!
//! - the limits, options and world with which the server began,
//! - the inputs, the committed entries, and the calls that let the server go on: they decide what is told in which turn, who is
//!   waited for, and who pays for the time,
//! - the writes that a socket took only in part (any other took everything, or went nowhere),
//! - the hashes of networks, from which cloaks are made. So a replay needs no key.
//!
//! An entry with a proposal of the server itself is recorded as its position alone: the replaying server proposes the same.
//!
//! Once a second, and at the end, a recording has digests of all outputs so far and of the world. A replay compares them.
//!
//! # Passwords
//!
//! Passwords are blanked before they reach the file or the buffer before it: see `recording/blank.rs`. The core never looks at one; it
//! has it checked, and the result is an input. So a replay with other passwords of the same form has the same outputs.
//!
//! # The file
//!
//! A line that names the format, then blocks. A block begins with its length, the complement of its length, and a hash over the block
//! before it and its own bytes. So the end of a recording that was cut off is told from damage. The first block is the header; the
//! others have whole records, in CBOR (RFC 8949), and never a part of a call.

mod blank;
mod blocks;
mod fold;
mod header;
mod page;
mod reader;
mod record;
mod recorder;
mod writer;

pub use header::{BUILD, Header};
pub use reader::{Ending, ReadError, Recording};
pub use record::{Committed, Digests, InvalidRecord, Record};
pub(crate) use recorder::Outputs;
pub use recorder::{Recorder, RecordingError};

/// The first bytes of a recording, without the number of the format and the line end.
const MAGIC: &str = "parlor recording ";

/// The format that this build writes and reads.
const FORMAT: u32 = 1;
