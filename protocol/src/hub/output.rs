//! What the hub tells the driver.

use crate::base::id::{ConnId, RoomId};
use crate::dialect::event::{Event, WireClass};
use crate::hub::console::ConsoleEvent;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;

/// Where [`Hub::handle`](crate::Hub::handle) puts what is to be done. The caller owns it; the hub queues
/// nothing inside.
pub trait Sink {
    /// Takes one output. Outputs come in the order in which they are to take effect.
    fn output(&mut self, output: Output<'_>);
}

/// Something that the outside is to do.
#[derive(Clone, Debug)]
pub enum Output<'a> {
    /// Close the connection at once, whatever it is still owed.
    Abort {
        /// The connection.
        conn: ConnId,
    },
    /// Answer with [`Input::PasswordChecked`](crate::Input::PasswordChecked) whether that is the password. One connection asks one
    /// question at a time.
    CheckPassword {
        /// The connection that asks.
        conn: ConnId,
        /// The operator whose password it would be; `None` for that of the server.
        operator: Option<&'a str>,
        /// What was given for a password.
        password: &'a [u8],
    },
    /// Write what the connection is owed and the farewell, then close the writing side, then read and
    /// discard until the other end closes too. From here on the connection hears no room, and no later
    /// output names it but an `Abort`.
    Close {
        /// The connection.
        conn: ConnId,
        /// The reason.
        reason: CloseReason,
        /// Its last bytes; may be empty.
        farewell: &'a [u8],
    },
    /// Something that the console tells whoever runs the server.
    Console(ConsoleEvent<'a>),
    /// Stop reading from the connection.
    PauseReads {
        /// The connection.
        conn: ConnId,
    },
    /// Append the command to the log.
    Propose {
        /// The connection for which the hub asks.
        conn: ConnId,
        /// The command to append.
        command: Command,
    },
    /// Read the configuration again. What can change while the server runs, and is the core's, comes as
    /// [`Input::Identified`](crate::Input::Identified).
    Rehash {
        /// The operator who asks.
        conn: ConnId,
    },
    /// Answer with [`Input::Drained`](crate::Input::Drained) as soon as the connection is owed nothing.
    ReportDrained {
        /// The connection.
        conn: ConnId,
    },
    /// Read from the connection again.
    ResumeReads {
        /// The connection.
        conn: ConnId,
    },
    /// From here on the connection hears the room, in this wire class. Where it does so already, only the
    /// class changes.
    Subscribe {
        /// The connection.
        conn: ConnId,
        /// The room.
        room: RoomId,
        /// The form in which it reads.
        class: WireClass,
    },
    /// Everyone in any of these rooms hears the event, each once.
    ToPeers {
        /// The rooms.
        rooms: &'a [RoomId],
        /// Who does not hear it.
        except: Option<ConnId>,
        /// What there is to hear.
        event: &'a Event<'a>,
    },
    /// Everyone in the room hears the event.
    ToRoom {
        /// The room.
        room: RoomId,
        /// Who does not hear it.
        except: Option<ConnId>,
        /// What there is to hear.
        event: &'a Event<'a>,
    },
    /// From here on the connection does not hear the room.
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
