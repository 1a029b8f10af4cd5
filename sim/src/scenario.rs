//! Scenarios: a setup, and the steps of the clients.
//!
//! A scenario is a plain value. Any step can be removed from it, and the rest is a valid scenario: a step of a client
//! that is not connected has no effect. This is what makes it possible to minimize a failing scenario.

mod crowd;
mod generate;
mod history;
mod hostile;
mod irc;
mod lives;
pub(crate) mod opening;
mod plain;
mod pool;
mod proxy;
mod text;

pub use generate::Size;
pub use text::ParseError;

use crate::cloak;
use crate::source::Source;
use parlor_protocol::{Dialect, Limits, LogRefusal, LogState, Options, RoomName, Via};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// When the simulated server begins, in wall time: 2026-11-24T12:00:00Z.
pub(crate) const BEGAN_UNIX_MS: u64 = 1_795_521_600_000;

/// A simulation to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The limits, options and network.
    pub setup: Setup,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// The network in which the clients of a simulation have their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// `127.0.0.0/8`.
    Loopback,
    /// `10.0.0.0/8`.
    V4,
    /// `2001:db8::/48`, with two hosts in each /64.
    V6,
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::V4 => "v4",
            Self::V6 => "v6",
        })
    }
}

impl FromStr for Hosts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Loopback, Self::V4, Self::V6].into_iter().find(|it| it.to_string() == text).ok_or(())
    }
}

/// Number of times that the log of a scenario with stalls stands still.
pub(crate) const STALLS: u64 = 3;

/// The conditions of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The limits of the core.
    pub limits: Limits,
    /// The options of the core.
    pub options: Options,
    /// Number of clients. The steps number them from 0.
    pub clients: u16,
    /// Number of clients on one host. The hosts use the same ports, so clients on different hosts may have the same
    /// port.
    pub clients_per_host: u16,
    /// Number of clients, the first ones, that have one address and may be hostile to all others; 0 if there are none. Each of the
    /// others then has an address of its own.
    pub hostile_clients: u16,
    /// Number of bytes in a millisecond that the clients after the hostile ones read; 0 if they read at any pace.
    pub reader_bytes_per_ms: u64,
    /// The network in which the clients have their addresses.
    pub network: Hosts,
    /// The seed of the choices of the network and of the log.
    pub chaos_seed: u64,
    /// The nodes, if they share a log.
    pub shared: Shared,
    /// Maximum time in microseconds until a command is committed; 0 if it is committed at once.
    pub commit_us_max: u64,
    /// Time in microseconds before each of the times at which a log with a delay stands still.
    pub stall_at_us: u64,
    /// Time in microseconds for which it stands still; 0 if it never does.
    pub stall_us: u64,
    /// Whether it says at once that it takes no proposals; if not, the server notices that it does not answer.
    pub stall_refuses: bool,
    /// Whether it loses what it was given and has not committed.
    pub stall_loses: bool,
    /// Probability, in a thousand, of a flush after an input in the middle of a tick.
    pub flush_per_mille: u64,
    /// Time in microseconds from waking the driver to the start of its tick. The tick includes everything that arrives
    /// until then.
    pub tick_us: u64,
    /// Maximum delay in microseconds of a segment.
    pub delay_us_max: u64,
    /// Number of bytes that a client's side takes before the client reads them.
    pub window_bytes: usize,
    /// Probability, in a thousand, that a socket takes less than it has space for.
    pub short_write_per_mille: u64,
    /// Probability, in a thousand, that a read returns less than has arrived.
    pub short_read_per_mille: u64,
}

/// The nodes that share a log, and what the log does to their proposals. Client `n` is one of the node `n` modulo the number of nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Number of nodes; 0 for one server with a log of its own.
    pub nodes: u16,
    /// Maximum time in microseconds until a process reads an entry.
    pub deliver_us_max: u64,
    /// Probability, in a thousand, that a proposal arrives at the log regardless of those before it.
    pub overtake_per_mille: u64,
    /// Probability, in a thousand, that a proposal arrives at the log twice.
    pub repeat_per_mille: u64,
    /// Maximum difference of a wall clock in milliseconds.
    pub skew_ms_max: u64,
}

/// An act of a client, and the time since the step before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time in microseconds since the step before.
    pub after_us: u64,
    /// The number of the client.
    pub client: u16,
    /// The act itself.
    pub act: Act,
}

/// An act of a client, or a fault of its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The client connects to a plain listener, which leads to this room, or to none.
    Connect(Option<RoomName>),
    /// The client connects to a listener for any dialect, which leads plain clients to the lobby.
    ConnectAuto,
    /// The client connects through a gateway, to an IRC listener for gateways.
    ConnectByGateway,
    /// The client connects to an IRC listener.
    ConnectIrc,
    /// The client connects through a proxy, to a listener for proxies.
    ConnectProxied {
        /// The dialect of the listener.
        dialect: Dialect,
        /// The room that it leads to.
        room: Option<RoomName>,
    },
    /// The process of the client's node dies, and another starts after this many microseconds.
    Crash {
        /// The time without a process.
        down_us: u64,
    },
    /// The client closes its writing side, and continues to read.
    EndInput,
    /// The client stops reading.
    Hang,
    /// The link delivers nothing for this many microseconds.
    Hold(u64),
    /// The client reads again.
    ReadOn,
    /// The connection breaks.
    Reset,
    /// The process of the client's node stops, and another starts after this many microseconds.
    Restart {
        /// The time without a process.
        down_us: u64,
    },
    /// The client sends bytes.
    Send {
        /// The bytes to send.
        bytes: Vec<u8>,
        /// Number of bytes of each segment; 0 for one segment with all bytes.
        segment: usize,
    },
    /// The wall clock of the client's node is set.
    SetClock {
        /// The time by which it is ahead, in milliseconds.
        ahead_ms: i64,
    },
    /// Another process of the client's node starts, and the former goes on until it reads that.
    StartTwice,
}

impl Act {
    /// Returns the dialect and the room of the listener that the client connects to, if it connects.
    #[must_use]
    pub fn listener(&self) -> Option<(Dialect, Option<RoomName>)> {
        match self {
            Self::Connect(room) => Some((Dialect::Plain, room.clone())),
            Self::ConnectAuto => Some((Dialect::Auto, Some(RoomName::lobby()))),
            Self::ConnectByGateway | Self::ConnectIrc => Some((Dialect::Irc, None)),
            Self::ConnectProxied { dialect, room } => Some((*dialect, room.clone())),
            _ => None,
        }
    }

    /// Returns the way in which a connection that the client makes tells who the client is.
    #[must_use]
    pub const fn via(&self) -> Via {
        match self {
            Self::ConnectByGateway => Via::Gateway,
            Self::ConnectProxied { .. } => Via::Proxy,
            _ => Via::Direct,
        }
    }

    /// Returns the bytes that the client sends. They are empty for other acts.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Send { bytes, .. } => bytes,
            _ => b"",
        }
    }

    /// Returns the name of the kind of act, such as `end_input`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::ConnectAuto => "connect_auto",
            Self::ConnectByGateway => "connect_by_gateway",
            Self::ConnectIrc => "connect_irc",
            Self::ConnectProxied { .. } => "connect_proxied",
            Self::Crash { .. } => "crash",
            Self::EndInput => "end_input",
            Self::Hang => "hang",
            Self::Hold(_) => "hold",
            Self::ReadOn => "read_on",
            Self::Reset => "reset",
            Self::Restart { .. } => "restart",
            Self::Send { .. } => "send",
            Self::SetClock { .. } => "set_clock",
            Self::StartTwice => "start_twice",
        }
    }
}

impl Scenario {
    /// Returns the scenario of a seed of a sweep. In every eighth, nodes share a log; in every sixteenth, an address is hostile; in
    /// every 256th, there are hundreds of clients.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let source = &mut Source::seed(seed);
        match seed % 16 {
            3 | 11 => Self::lives(source),
            7 if seed % 256 == 135 => Self::crowd(source),
            13 => Self::hostile(source),
            _ => Self::generate(source, Size::SWEEP),
        }
    }
}

impl Setup {
    /// Creates a setup with the limits of a real server and a network without faults.
    #[must_use]
    pub fn calm(clients: u16, chaos_seed: u64) -> Self {
        Self {
            limits: Limits::default(),
            options: Options { cloaks: cloak::cloaks(), ..Options::default() },
            clients,
            clients_per_host: clients,
            hostile_clients: 0,
            reader_bytes_per_ms: 0,
            network: Hosts::Loopback,
            chaos_seed,
            shared: Shared::default(),
            commit_us_max: 0,
            stall_at_us: 0,
            stall_us: 0,
            stall_refuses: false,
            stall_loses: false,
            flush_per_mille: 0,
            tick_us: 0,
            delay_us_max: 100,
            window_bytes: 64 << 10,
            short_write_per_mille: 0,
            short_read_per_mille: 0,
        }
    }

    /// Returns the times in microseconds at which the log begins to stand still, and at which it goes on.
    pub(crate) fn stalls(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let Self { stall_at_us, stall_us, .. } = *self;
        let stall = move |nth: u64| {
            let begins = stall_at_us * nth + stall_us * (nth - 1);
            (begins, begins + stall_us)
        };
        (1..=STALLS).take_while(move |_| stall_us > 0).map(stall)
    }

    /// Returns the state of the log while it stands still.
    pub(crate) const fn stalled(&self) -> LogState {
        if self.stall_refuses { LogState::Refusing(LogRefusal::Full) } else { LogState::Stalled }
    }

    /// Whether no hostile client can have a client that reads at 1 Mbit/s closed for it, according to the limits.
    #[must_use]
    pub const fn spares_readers(&self) -> bool {
        self.hostile_clients > 0
            && self.reader_bytes_per_ms * 1_000 >= Limits::SLOW_READER_BYTES_PER_SECOND
            && self.limits.spares_slow_readers()
    }

    /// Returns the address of the proxy or gateway that a client comes through. There are three that are proxies in some setups, and
    /// one that never is.
    #[must_use]
    pub fn proxy(&self, client: u16) -> SocketAddr {
        let [_, low] = (client % 4).to_be_bytes();
        ([192, 0, 2, low], 7_001 + client).into()
    }

    /// Returns the address of a client. A plain client is named after its port.
    #[must_use]
    pub fn peer(&self, client: u16) -> SocketAddr {
        let (host, port) = match self.hostile_clients {
            0 => (client / self.clients_per_host, 5_001 + client % self.clients_per_host),
            hostile if client < hostile => (0, 5_001 + client),
            // In IPv6, two hosts have one /64.
            _ => (2 * client + 2, 5_001 + client),
        };
        let [high, low] = (host + 1).to_be_bytes();
        match self.network {
            Hosts::Loopback => ([127, 0, high, low], port).into(),
            Hosts::V4 => ([10, 0, high, low], port).into(),
            Hosts::V6 => ([0x2001, 0xdb8, 0, host / 2, 0, 0, 0, host + 1], port).into(),
        }
    }
}
