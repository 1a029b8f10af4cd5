//! What a simulation does: a setup, and what its clients do, step by step.
//!
//! A scenario is a value. Every step can be left out of it, and what is left is a scenario again: a step
//! of a client that is not there does nothing. That is what makes a failing one small.

mod generate;
mod irc;
pub(crate) mod opening;
mod pool;
mod text;

pub use generate::Size;
pub use text::ParseError;

use parlor_protocol::{Dialect, Limits, Options, RoomName};
use std::net::SocketAddr;

/// A simulation to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The limits, options and network.
    pub setup: Setup,
    /// What happens, one after the other.
    pub steps: Vec<Step>,
}

/// What a simulation runs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The bounds of the core.
    pub limits: Limits,
    /// The room's settings.
    pub options: Options,
    /// The clients that the steps speak of: 0, 1, …, below this.
    pub clients: u16,
    /// Clients of one host; the hosts have as many ports, so that two of them may share a number.
    pub clients_per_host: u16,
    /// Whether the clients are on this machine, where there is no limit on connections of one address.
    pub loopback: bool,
    /// The choices of the network and of the log, in the order in which they come up.
    pub chaos_seed: u64,
    /// A command is committed so many microseconds after it was proposed, at the most; 0 for at once.
    pub commit_us_max: u64,
    /// How often, of a thousand inputs, what is owed is flushed before the next input of the same tick.
    pub flush_per_mille: u64,
    /// A driver that is woken begins its tick so many microseconds later; what comes until then is in it.
    pub tick_us: u64,
    /// A segment needs so many microseconds to the other side, at the most.
    pub delay_us_max: u64,
    /// Bytes that a client's side takes before it reads them.
    pub window_bytes: usize,
    /// How often, of a thousand writes, a socket takes less than it has room for.
    pub short_write_per_mille: u64,
    /// How often, of a thousand reads, a socket gives less than it has.
    pub short_read_per_mille: u64,
}

/// Something that happens, and how long after the step before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Microseconds since the step before.
    pub after_us: u64,
    /// The number of the client.
    pub client: u16,
    /// The act itself.
    pub act: Act,
}

/// What a client does, or what befalls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It connects where the plain dialect is spoken; the listener leads to this room, or to none.
    Connect(Option<RoomName>),
    /// It connects where any dialect is spoken; the listener leads who speaks the plain one to the lobby.
    ConnectAuto,
    /// It connects where IRC is spoken.
    ConnectIrc,
    /// It closes its writing side, and reads on.
    EndInput,
    /// It reads nothing from here on.
    Hang,
    /// Nothing gets through between it and the server, for so many microseconds.
    Hold(u64),
    /// It reads again.
    ReadOn,
    /// Its connection breaks.
    Reset,
    /// It writes these bytes.
    Send {
        /// The bytes to write.
        bytes: Vec<u8>,
        /// The network carries them in segments of so many bytes; 0 for one segment.
        segment: usize,
    },
}

impl Act {
    /// What is spoken where it connects, and where the listener leads to, if it connects.
    #[must_use]
    pub fn listener(&self) -> Option<(Dialect, Option<RoomName>)> {
        match self {
            Self::Connect(room) => Some((Dialect::Plain, room.clone())),
            Self::ConnectAuto => Some((Dialect::Auto, Some(RoomName::lobby()))),
            Self::ConnectIrc => Some((Dialect::Irc, None)),
            _ => None,
        }
    }

    /// The bytes that it writes, if it writes any.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Send { bytes, .. } => bytes,
            _ => b"",
        }
    }

    /// Its name in summaries: `end_input`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::ConnectAuto => "connect_auto",
            Self::ConnectIrc => "connect_irc",
            Self::EndInput => "end_input",
            Self::Hang => "hang",
            Self::Hold(_) => "hold",
            Self::ReadOn => "read_on",
            Self::Reset => "reset",
            Self::Send { .. } => "send",
        }
    }
}

impl Setup {
    /// The limits of a real server on a network without faults, for so many clients.
    #[must_use]
    pub fn calm(clients: u16, chaos_seed: u64) -> Self {
        Self {
            limits: Limits::default(),
            options: Options::default(),
            clients,
            clients_per_host: clients,
            loopback: true,
            chaos_seed,
            commit_us_max: 0,
            flush_per_mille: 0,
            tick_us: 0,
            delay_us_max: 100,
            window_bytes: 64 << 10,
            short_write_per_mille: 0,
            short_read_per_mille: 0,
        }
    }

    /// Where a client is. The port is what its name is made of.
    #[must_use]
    pub fn peer(&self, client: u16) -> SocketAddr {
        let (host, port) = (client / self.clients_per_host, 5_001 + client % self.clients_per_host);
        let [high, low] = (host + 1).to_be_bytes();
        let net = if self.loopback { 127 } else { 10 };
        ([net, 0, high, low], port).into()
    }
}
