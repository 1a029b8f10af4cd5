//! Requests to a running server, of `parlor admin`, over a socket in its data directory.
//!
//! The socket belongs to the server's user (mode 0600). It has a thread of its own, so whatever comes there does not delay the rooms. A
//! client sends one line, and is answered with JSON, an object a line:
//!
//! | request | answer |
//! |---|---|
//! | `status` | one object, whose fields `status.rs` lists |
//! | `backup FILE` | `{"done":N,"of":M}` now and then, in pages; at the end `{"done":M,"of":M,"backup":"FILE"}` |
//!
//! If a request fails, the last object is `{"error":"TEXT"}`.

pub mod command;
mod line;
mod listener;
mod status;

pub(crate) use listener::{Admin, Server};

use std::time::Duration;

/// The name of the socket in the data directory.
const SOCKET: &str = "admin.sock";

/// Connections at a time. More are answered with an error, and closed.
const CONNECTIONS_MAX: usize = 8;

/// Bytes of a request. It names a file, and Linux's paths have at most 4,096.
const LINE_BYTES_MAX: usize = 5_000;

/// The time for a request to come, for an answer to be taken, and for the server to tell its counts.
const TIMEOUT: Duration = Duration::from_secs(5);
