//! What the driver tells the hub.

use crate::base::id::ConnId;
use crate::base::identity::Identity;
use crate::base::name::RoomName;
use crate::dialect::Dialect;
use crate::log::command::LogEntry;
use alloc::sync::Arc;
use bytes::Bytes;
use core::net::SocketAddr;

/// An event of the outside world, given to [`Hub::handle`](crate::Hub::handle).
///
/// An input for a connection that the hub does not have (any more) changes nothing.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A connection was accepted.
    Accepted {
        /// The id that [`Hub::vacant`](crate::Hub::vacant) gave for it.
        conn: ConnId,
        /// What is spoken at its listener.
        dialect: Dialect,
        /// Its other end.
        peer: SocketAddr,
        /// The room that its listener leads those to who speak the plain dialect; `None` for none.
        room: Option<&'a RoomName>,
    },
    /// A connection is gone, in whichever way. Nothing else comes of it, and no later output names it; a sink
    /// forgets whatever it was subscribed to ([`Outbox::closed`](crate::Outbox::closed)).
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// The log has put proposed commands into the one order.
    Committed {
        /// The next entries, without a gap.
        entries: &'a [LogEntry],
    },
    /// A connection has been written all that it was owed: the answer to
    /// [`Output::ReportDrained`](crate::Output::ReportDrained).
    Drained {
        /// The connection.
        conn: ConnId,
    },
    /// What the server says of itself from here on: what came of [`Output::Rehash`](crate::Output::Rehash), or of
    /// whoever runs it. Its name stays, for clients know it by that.
    Identified {
        /// The whole of it.
        identity: Arc<Identity>,
    },
    /// A connection is owed more than it may be; the outbox has dropped all but the line under way.
    Overflowed {
        /// The connection.
        conn: ConnId,
    },
    /// A connection's other end will send nothing more. It may still read.
    ReadClosed {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes came, at most `read_bytes_max` of them.
    Received {
        /// From which connection.
        conn: ConnId,
        /// The bytes, cut anywhere.
        bytes: Bytes,
    },
    /// The server is to stop: everyone is told, every connection closes.
    Shutdown,
    /// The time of [`Hub::deadline`](crate::Hub::deadline) has come. What that one was for is done; there may
    /// be another.
    Timeout,
    /// Whether a password is right: the answer to [`Output::CheckPassword`](crate::Output::CheckPassword).
    PasswordChecked {
        /// The connection.
        conn: ConnId,
        /// Whether it is the password that was asked about.
        right: bool,
    },
}
