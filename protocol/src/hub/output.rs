//! The outputs of the hub.

use crate::base::id::{ConnId, RoomId};
use crate::dialect::action::PasswordOf;
use crate::dialect::wire_class::WireClass;
use crate::hub::console::ConsoleEvent;
use crate::log::close_reason::CloseReason;
use crate::log::entry::Proposal;
use crate::views::{HistoryChange, HistoryQuery, HistoryScope};
use crate::world::Event;
use core::net::IpAddr;

/// A receiver of the outputs of [`Hub::handle`](crate::Hub::handle). The hub itself queues nothing.
pub trait Sink {
    /// Takes one output. Outputs must take effect in the order in which they are given.
    fn output(&mut self, output: Output<'_>);
}

/// Something that the driver has to do.
#[derive(Clone, Debug)]
pub enum Output<'a> {
    /// Close the connection at once, and discard what is queued for it.
    Abort {
        /// The connection.
        conn: ConnId,
    },
    /// Check a password, and answer with [`Input::PasswordChecked`](crate::Input::PasswordChecked). A connection has at
    /// most one check under way.
    CheckPassword {
        /// The connection that gave the password.
        conn: ConnId,
        /// The address of its client, or of the gateway that has yet to name its client, so that attempts can be limited
        /// by address.
        address: IpAddr,
        /// The one who should have the password.
        of: &'a PasswordOf,
        /// The password to check.
        password: &'a [u8],
    },
    /// Write what is queued for the connection and the farewell, then close the writing side, then read and discard
    /// until the client closes too. This ends all subscriptions of the connection, and no later output names it except
    /// `Abort`.
    ///
    /// The farewell is a part of this output, rather than a `Write` before it, so that an overflow cannot separate
    /// them.
    Close {
        /// The connection.
        conn: ConnId,
        /// The reason.
        reason: CloseReason,
        /// The last bytes for the client; may be empty.
        farewell: &'a [u8],
    },
    /// Show an event on the administrator's console.
    Console(ConsoleEvent<'a>),
    /// Read a part of a history, and answer with [`Input::Fetched`](crate::Input::Fetched). A connection has at most one fetch under
    /// way.
    Fetch {
        /// The connection that asks.
        conn: ConnId,
        /// The part that it asks for.
        query: HistoryQuery,
        /// The part of the history that it may read.
        scope: HistoryScope,
    },
    /// The history of a room has changed. This comes before anybody is told of it, if the histories are
    /// [kept outside](crate::Options::remembers_outside).
    HistoryChanged(HistoryChange<'a>),
    /// Stop reading from the connection.
    PauseReads {
        /// The connection.
        conn: ConnId,
    },
    /// Append the proposal to the log.
    Propose {
        /// The connection whose line or close caused it; `None` for a proposal of the node itself.
        conn: Option<ConnId>,
        /// The proposal.
        proposal: &'a Proposal,
    },
    /// Read the configuration again. A new description of the server comes back as
    /// [`Input::Identified`](crate::Input::Identified).
    Rehash {
        /// The connection of the operator who asked for it.
        conn: ConnId,
    },
    /// Answer with [`Input::Drained`](crate::Input::Drained) as soon as nothing is queued for the connection.
    ReportDrained {
        /// The connection.
        conn: ConnId,
    },
    /// Read from the connection again.
    ResumeReads {
        /// The connection.
        conn: ConnId,
    },
    /// Subscribe the connection to the events of the room, in this wire class. If it is subscribed already, only the
    /// class changes.
    Subscribe {
        /// The connection.
        conn: ConnId,
        /// The room.
        room: RoomId,
        /// The wire class in which it reads events.
        class: WireClass,
    },
    /// Send the event once to each subscriber of any of these rooms.
    ToPeers {
        /// The rooms.
        rooms: &'a [RoomId],
        /// A connection that does not receive it.
        except: Option<ConnId>,
        /// The event.
        event: &'a Event,
    },
    /// Send the event to each subscriber of the room.
    ToRoom {
        /// The room.
        room: RoomId,
        /// A connection that does not receive it.
        except: Option<ConnId>,
        /// The event.
        event: &'a Event,
    },
    /// End the subscription of the connection to the room.
    Unsubscribe {
        /// The connection.
        conn: ConnId,
        /// The room.
        room: RoomId,
    },
    /// Write bytes to one connection.
    Write {
        /// The connection.
        conn: ConnId,
        /// The bytes.
        bytes: &'a [u8],
    },
}
