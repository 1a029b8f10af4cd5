//! The inputs of the hub.

use crate::base::id::ConnId;
use crate::base::identity::Identity;
use crate::base::name::RoomName;
use crate::base::via::Via;
use crate::dialect::Dialect;
use crate::dialect::action::PasswordResult;
use crate::log::entry::LogEntry;
use crate::log::state::LogState;
use crate::views::HistoryPage;
use alloc::sync::Arc;
use bytes::Bytes;
use core::net::SocketAddr;

/// An event outside the core, which the driver passes to [`Hub::handle`](crate::Hub::handle).
///
/// An input for a connection that the hub does not have, or no longer has, is ignored.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A connection was accepted.
    Accepted {
        /// The id that [`Hub::vacant`](crate::Hub::vacant) returned for it.
        conn: ConnId,
        /// The dialect of its listener.
        dialect: Dialect,
        /// The address that it comes from: of its client, or of a proxy.
        peer: SocketAddr,
        /// The way in which it tells who its client is. Proxies and gateways are believed if they come from
        /// [`Options::proxies`](crate::Options::proxies).
        via: Via,
        /// The room that plain members enter at first; `None` if they enter none.
        room: Option<&'a RoomName>,
    },
    /// A connection is closed, for whatever reason. It is the connection's last input, and no later output names the
    /// connection; a sink drops its subscriptions ([`Outbox::closed`](crate::Outbox::closed)).
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// The log has committed a proposal, of this node or of another one.
    Committed {
        /// The next entry of the log.
        entry: &'a LogEntry,
    },
    /// The state of the log, when it has changed or may have lost proposals. When it is running, everything that it has not answered
    /// is proposed again.
    LogState(LogState),
    /// Everything queued for a connection has been written: the answer to
    /// [`Output::ReportDrained`](crate::Output::ReportDrained).
    Drained {
        /// The connection.
        conn: ConnId,
    },
    /// A part of a history was read: the answer to [`Output::Fetch`](crate::Output::Fetch).
    Fetched {
        /// The connection.
        conn: ConnId,
        /// The part that answers the question.
        page: &'a HistoryPage,
    },
    /// The server's description of itself has changed, after [`Output::Rehash`](crate::Output::Rehash) or on the
    /// administrator's request. The name of the server must stay the same, because clients identify it by that. An
    /// input rather than a file that the core reads, so that a replay does not depend on a file.
    Identified {
        /// The new description.
        identity: Arc<Identity>,
    },
    /// More is queued for a connection than its limit allows; the outbox has dropped all but the line that is partly
    /// written.
    Overflowed {
        /// The connection.
        conn: ConnId,
    },
    /// A client has closed its writing side. It may still read.
    ReadClosed {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes were received, at most `read_bytes_max` of them.
    Received {
        /// The connection that sent them.
        conn: ConnId,
        /// The bytes; they may begin and end anywhere in a line.
        bytes: Bytes,
    },
    /// The server stops: every connection is told and closes.
    Shutdown,
    /// The next outcome of the last entry may be told. As long as [`Hub::is_telling`](crate::Hub::is_telling), this input is given
    /// until no more may be rendered before a flush, and again after it. An entry that is given before all outcomes are told has
    /// the others told first.
    Tell,
    /// The time of [`Hub::deadline`](crate::Hub::deadline) has come. One timer is handled; another may be due.
    Timeout,
    /// A password was checked: the answer to [`Output::CheckPassword`](crate::Output::CheckPassword).
    PasswordChecked {
        /// The connection.
        conn: ConnId,
        /// The result.
        result: PasswordResult,
    },
}
