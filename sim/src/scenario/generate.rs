//! Generates scenarios from a source of choices.

use super::irc::IrcWriter;
use super::opening;
use super::plain::PlainWriter;
use super::pool::ROOMS;
use super::proxy;
use super::{Act, Hosts, Scenario, Setup, Shared, Step};
use crate::cloak;
use crate::source::Source;
use parlor_protocol::{Dialect, Identity, Language, Limits, Options, Rate, RoomName, TrustedNetwork, Via};
use std::net::SocketAddr;
use std::sync::Arc;

/// The size of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Minimum and maximum number of clients.
    pub clients: (u16, u16),
    /// Minimum and maximum number of steps.
    pub steps: (usize, usize),
}

impl Size {
    /// The size for sweeps.
    pub const SWEEP: Self = Self { clients: (8, 24), steps: (300, 500) };
    /// A small size, for property tests and fuzzing.
    pub const SMALL: Self = Self { clients: (2, 6), steps: (1, 60) };
}

impl Scenario {
    /// Generates the scenario of these choices.
    #[must_use]
    pub fn generate(source: &mut Source<'_>, size: Size) -> Self {
        let setup = Setup::generate(source, size);
        let steps = source.between(size.steps.0 as u64, size.steps.1 as u64);
        let mut writer = Writer::new(&setup, source);
        let mut scenario = Self { steps: Vec::new(), setup };
        for _ in 0..steps {
            if source.is_empty() {
                break;
            }
            scenario.steps.push(writer.step(source));
        }
        scenario
    }
}

impl Setup {
    pub(super) fn generate(source: &mut Source<'_>, size: Size) -> Self {
        let clients = source.between(size.clients.0.into(), size.clients.1.into());
        let clients = u16::try_from(clients).expect("it is between two such numbers");
        let mut setup = Self {
            limits: limits(source, clients),
            options: Options {
                cloaks: cloak::cloaks(),
                echo: source.chance(150),
                greeting: !source.chance(200),
                identity: Arc::new(Identity { has_password: source.chance(20), ..Identity::default() }),
                language: source.pick(&Language::ALL),
                proxies: Arc::default(),
                raw: source.chance(80),
                trusted: trusted(source),
                ..Options::default()
            },
            clients,
            clients_per_host: source.pick(&[clients, 4, 1]),
            hostile_clients: 0,
            reader_bytes_per_ms: 0,
            network: source.pick(&[Hosts::Loopback, Hosts::Loopback, Hosts::V4, Hosts::V6]),
            chaos_seed: source.below(u64::MAX),
            shared: Shared::default(),
            commit_us_max: source.pick(&[0, 0, 0, 50, 5_000, 200_000]),
            stall_at_us: 0,
            stall_us: 0,
            stall_refuses: false,
            stall_loses: false,
            flush_per_mille: source.pick(&[0, 100, 1_000]),
            tick_us: source.pick(&[0, 0, 100, 5_000]),
            delay_us_max: source.pick(&[0, 100, 2_000, 50_000]),
            window_bytes: source.pick(&[65_536, 65_536, 4_096, 700, 64]),
            short_write_per_mille: source.pick(&[0, 0, 50, 400]),
            short_read_per_mille: source.pick(&[0, 0, 50, 400]),
        };
        setup.add_proxies();
        setup.add_stalls();
        setup.keep_rooms();
        setup.keep_histories();
        setup
    }

    /// Lets the log stand still in a quarter of the setups in which it has a delay, and gives a fifth of all setups a small limit of
    /// proposals. No choice is drawn for it, as for proxies.
    fn add_stalls(&mut self) {
        let bits = self.chaos_seed >> 16;
        if self.chaos_seed % 5 == 3 {
            self.limits.proposals_max = 1 + u32::try_from(bits & 3).expect("it is at most 3");
        }
        if self.commit_us_max == 0 || self.chaos_seed % 4 != 2 {
            return;
        }
        let of = |shift: u32, values: [u64; 4]| {
            values[usize::try_from(bits >> shift & 3).expect("it is at most 3")]
        };
        self.stall_at_us = of(2, [500, 20_000, 300_000, 2_000_000]);
        self.stall_us = of(4, [3_000, 100_000, 5_000_000, 100_000_000]);
        self.stall_refuses = bits & 64 != 0;
        self.stall_loses = bits & 128 != 0;
    }

    /// Keeps empty rooms for a day in a quarter of the setups, not at all in another, and else for a short time. No choice is drawn
    /// for it, as for proxies.
    fn keep_rooms(&mut self) {
        let bits = self.chaos_seed >> 28;
        let of = |shift: u32, values: [u64; 4]| {
            values[usize::try_from(bits >> shift & 3).expect("it is at most 3")]
        };
        let world = &mut self.limits.world;
        if bits & 3 == 0 {
            world.room_keep_ms = 0;
        } else if bits & 3 > 1 {
            world.room_keep_ms = of(2, [20, 300, 2_000, 20_000]);
        }
        world.room_return_ms = of(4, [3_600_000, 1_000, 200, 20]);
        world.room_operators_max = if bits >> 6 & 3 == 0 { 1 } else { 16 };
    }

    /// Gives half of the setups a store, and lets messages be read again for a short time in some, or not at all. No choice is drawn
    /// for it, as for proxies.
    fn keep_histories(&mut self) {
        let bits = self.chaos_seed >> 36;
        self.options.remembers_outside = bits & 1 == 1;
        self.limits.world.history_keep_ms = match bits >> 1 & 15 {
            0 => 0,
            1 => 20,
            2 => 300,
            3 => 5_000,
            _ => 604_800_000,
        };
    }

    /// Lets clients come through proxies in a sixth of the setups. No choice is drawn for it, so that the others are the
    /// same as without proxies.
    fn add_proxies(&mut self) {
        if self.chaos_seed % 6 != 1 {
            return;
        }
        let networks = ["192.0.2.0/31", "192.0.2.2/32"].into_iter();
        self.options.proxies = networks.map(|it| it.parse().expect("it is a network")).collect();
        self.limits.proxy_ms = if self.chaos_seed & 16 == 0 { 20 } else { 5_000 };
        if self.chaos_seed & 96 == 0 {
            // What the proxies may do, their clients may not.
            let network = "192.0.2.0/24".parse().expect("it is a network");
            self.options.trusted = Arc::new([TrustedNetwork { network, factor: 0 }]);
        }
    }
}

/// Returns networks whose clients may do more than others.
fn trusted(source: &mut Source<'_>) -> Arc<[TrustedNetwork]> {
    let networks: &[(&str, u32)] = source.pick(&[
        &[][..],
        &[],
        &[("127.0.0.0/8", 0), ("10.0.0.2/32", 3), ("10.0.0.0/8", 0), ("2001:db8::/64", 0)],
        &[("0.0.0.0/0", 2), ("2001:db8::/32", 2)],
    ]);
    let parse = |&(network, factor): &(&str, u32)| TrustedNetwork {
        network: network.parse().expect("it is a network"),
        factor,
    };
    networks.iter().map(parse).collect()
}

/// Chooses small limits, so that a few clients reach them.
fn limits(source: &mut Source<'_>, clients: u16) -> Limits {
    let line_bytes_max = source.pick(&[130, 200, 1_000, 1_000]);
    let pending_commands_max = source.pick(&[1, 2, 8]);
    let mut limits = Limits {
        address_factor: source.pick(&[4, 4, 1]),
        budgets_max: source.pick(&[65_536, 2]),
        backlog_bytes_max: source.pick(&[16_384, 20_000, 65_536, 1 << 20]),
        connections_per_ip_max: source.pick(&[64, 64, 3]),
        connections_max: source.pick(&[10_000, 10_000, u32::from(clients).div_ceil(2)]),
        close_timeout_ms: source.pick(&[5_000, 50]),
        closing_bytes_max: source.pick(&[1 << 20, 60]),
        flush_writes_max: source.pick(&[1_024, 5, 1]),
        detect_ms: source.pick(&[250, 20, 1]),
        kill_wait_ms: source.pick(&[10_000, 10_000, 100]),
        line_bytes_max,
        monitored_max: source.pick(&[100, 2]),
        ping_ms: source.pick(&[90_000, 90_000, 1_000]),
        pong_ms: source.pick(&[60_000, 1_000]),
        proposals_max: 4_096,
        proxy_ms: 5_000,
        read_markers_max: source.pick(&[200, 1]),
        registration_ms: source.pick(&[60_000, 1_000]),
        targets_max: source.pick(&[20, 2]),
        outbox_bytes_max: source.pick(&[1 << 20, 1 << 20, 100_000]),
        pending_commands_max,
        rate: Rate { lines: source.pick(&[0, 50, 50, 5]), burst: source.pick(&[200, 20, 1]) },
        read_bytes_max: source.pick(&[16_384, 512]),
        refusals_max: source.pick(&[16, 1]),
        reply_bytes_max: 4_096,
        // Simulated sockets have sizes of their own.
        socket_receive_bytes: 65_536,
        socket_send_bytes: 65_536,
        socket_unsent_bytes: 65_536,
        tick_bytes_max: source.pick(&[262_144, 1_024]),
        turn_lines_max: source.pick(&[20, 1_000, 1_000, 3]),
        ..Limits::default()
    };
    limit_chat(source, &mut limits);
    limits.outbox_bytes_max = limits.outbox_bytes_max.max(limits.backlog_bytes_max);
    limits.tick_bytes_max = limits.tick_bytes_max.max(limits.read_bytes_max);
    limits.history_bytes_max = limits.history_bytes_max.min(limits.histories_bytes_max);
    if limits.check().is_err() {
        // A long line contradicts a small backlog.
        limits.backlog_bytes_max = 1 << 20;
        limits.outbox_bytes_max = 1 << 20;
    }
    debug_assert_eq!(limits.check(), Ok(()));
    limits
}

/// Chooses small limits of what the world and its views keep.
fn limit_chat(source: &mut Source<'_>, limits: &mut Limits) {
    limits.departed_max = source.pick(&[1_000, 3]);
    limits.world.invitations_max = source.pick(&[20, 1]);
    limits.world.masks_max = source.pick(&[100, 2]);
    limits.histories_bytes_max = source.pick(&[64 << 20, 500]);
    limits.world.server_bans_max = source.pick(&[1_000, 1, 1]);
    limits.history_bytes_max = source.pick(&[65_536, 500]);
    limits.history_lines_max = source.pick(&[100, 10, 0]);
    limits.world.rooms_max = source.pick(&[10_000, 10_000, 3, 3, 1]);
    limits.world.rooms_per_host_max = source.pick(&[100, 100, 2]);
    limits.world.rooms_per_member_max = source.pick(&[20, 20, 20, 2]);
    limits.world.topic_bytes_max = source.pick(&[100, 20]);
}

/// Each kind of act with its weight.
const ACTS: [(u64, ActKind); 7] = [
    (12, ActKind::Connect),
    (3, ActKind::EndInput),
    (3, ActKind::Hang),
    (3, ActKind::Hold),
    (3, ActKind::ReadOn),
    (3, ActKind::Reset),
    (90, ActKind::Send),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ActKind {
    Connect,
    EndInput,
    Hang,
    Hold,
    ReadOn,
    Reset,
    Send,
}

/// The protocol of a client, and the listener that it connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientKind {
    /// IRC, at an IRC listener.
    Irc,
    /// IRC, at a listener for any dialect.
    IrcAtAuto,
    Plain,
    /// The plain dialect, at a listener for any dialect.
    PlainAtAuto,
    /// Another protocol.
    Stranger,
}

impl ClientKind {
    const fn is_irc(self) -> bool {
        matches!(self, Self::Irc | Self::IrcAtAuto)
    }
}

/// Generates the steps of one scenario.
pub(super) struct Writer {
    clients: u16,
    kinds: Vec<ClientKind>,
    /// The addresses of the clients that come through a proxy.
    proxied: Vec<Option<SocketAddr>>,
    /// The way in which each client came, if its proxy or gateway has said nothing since it connected.
    owes_header: Vec<Option<Via>>,
    /// Whether each client has sent nothing since it connected.
    is_new: Vec<bool>,
    plain: PlainWriter,
    irc: IrcWriter,
    /// Whether each client is probably connected. Connecting another one is more likely to have an effect.
    pub(super) connected: Vec<bool>,
    act_weights: Vec<u64>,
    pace_us: u64,
    /// Number of messages so far. Each message has a number of its own.
    said: u64,
}

impl Writer {
    pub(super) fn new(setup: &Setup, source: &mut Source<'_>) -> Self {
        let plain = PlainWriter::new(setup, source);
        let mut act_weights: Vec<u64> = ACTS.iter().map(|&(weight, _)| swarm(source, weight)).collect();
        for (weight, (usual, kind)) in act_weights.iter_mut().zip(ACTS) {
            if matches!(kind, ActKind::Connect | ActKind::Send) {
                *weight = usual;
            }
        }
        // At least half of the clients are plain in every scenario, and all of them in a third.
        let others = source.pick(&[500, 0, 500, 400, 0, 500]);
        let kinds = (0..setup.clients).map(|_| {
            if !source.chance(others) {
                return if others > 0 && source.chance(200) {
                    ClientKind::PlainAtAuto
                } else {
                    ClientKind::Plain
                };
            }
            [ClientKind::Irc, ClientKind::IrcAtAuto, ClientKind::Stranger][source.weighted(&[10, 6, 2])]
        });
        let kinds = kinds.collect();
        let proxied = (0..setup.clients).map(|client| {
            let is_proxied = !setup.options.proxies.is_empty() && source.chance(500);
            is_proxied.then(|| setup.peer(client))
        });
        let proxied = proxied.collect();
        let irc = IrcWriter::new(setup.clients, source);
        Self {
            clients: setup.clients,
            kinds,
            proxied,
            owes_header: vec![None; setup.clients.into()],
            is_new: vec![false; setup.clients.into()],
            plain,
            irc,
            connected: vec![false; setup.clients.into()],
            act_weights,
            pace_us: source.pick(&[20, 1_000, 50_000]),
            said: 0,
        }
    }

    pub(super) fn step(&mut self, source: &mut Source<'_>) -> Step {
        let after_us = source.below(self.pace_us);
        let mut client = u16::try_from(source.below(self.clients.into())).expect("it is below a u16");
        let mut kind = ACTS[source.weighted(&self.act_weights)].1;
        if kind == ActKind::Connect
            && let Some(other) = (0..self.clients)
                .map(|offset| (client + offset) % self.clients)
                .find(|&other| !self.connected[usize::from(other)])
        {
            client = other;
        }
        let connected = &mut self.connected[usize::from(client)];
        if !*connected && kind == ActKind::Send && source.chance(800) {
            kind = ActKind::Connect;
        }
        let act = match kind {
            ActKind::Connect => {
                *connected = true;
                self.is_new[usize::from(client)] = true;
                let act = self.connect(source, self.kinds[usize::from(client)]);
                let is_proxied = self.proxied[usize::from(client)].is_some();
                let act = match act.listener().filter(|_| is_proxied) {
                    Some((Dialect::Irc, _)) if source.chance(500) => Act::ConnectByGateway,
                    Some((dialect, room)) => Act::ConnectProxied { dialect, room },
                    None => act,
                };
                self.owes_header[usize::from(client)] = Some(act.via()).filter(|via| *via != Via::Direct);
                act
            }
            ActKind::EndInput => {
                *connected = false;
                Act::EndInput
            }
            ActKind::Hang => Act::Hang,
            ActKind::Hold => Act::Hold(source.between(1, 100_000)),
            ActKind::ReadOn => Act::ReadOn,
            ActKind::Reset => {
                *connected = false;
                Act::Reset
            }
            ActKind::Send => {
                let mut bytes = Vec::new();
                if let Some(via) = self.owes_header[usize::from(client)].take()
                    && let Some(peer) = self.proxied[usize::from(client)]
                {
                    match via {
                        Via::Gateway => proxy::webirc(source, peer, &mut bytes),
                        Via::Direct | Via::Proxy => proxy::header(source, peer, &mut bytes),
                    }
                }
                self.write(source, usize::from(client), &mut bytes);
                Act::Send { bytes, segment: source.pick(&[0, 0, 0, 0, 1, 7, 100]) }
            }
        };
        Step { after_us, client, act }
    }

    fn connect(&self, source: &mut Source<'_>, kind: ClientKind) -> Act {
        match kind {
            ClientKind::IrcAtAuto | ClientKind::PlainAtAuto => Act::ConnectAuto,
            ClientKind::Stranger => match source.index(3) {
                0 => Act::ConnectAuto,
                1 => Act::ConnectIrc,
                _ => Act::Connect(Some(RoomName::lobby())),
            },
            ClientKind::Irc => Act::ConnectIrc,
            ClientKind::Plain => {
                let room = match source.weighted(&[7, 2, 1]) {
                    0 => Some(RoomName::lobby()),
                    1 => RoomName::parse(&format!("#{}", source.pick(&ROOMS))).ok(),
                    _ => None,
                };
                Act::Connect(room)
            }
        }
    }

    /// Appends the bytes that a client sends.
    fn write(&mut self, source: &mut Source<'_>, client: usize, to: &mut Vec<u8>) {
        let (kind, is_new) = (self.kinds[client], std::mem::take(&mut self.is_new[client]));
        let Self { plain, irc, said, .. } = self;
        let mut say = || {
            *said += 1;
            format!("#{said} said")
        };
        match kind {
            ClientKind::Stranger if is_new => opening::stranger(source, to),
            ClientKind::IrcAtAuto if is_new && source.chance(150) => {
                let name = format!("n{}", source.below(40));
                opening::registration(source, &name, to);
            }
            ClientKind::Plain | ClientKind::PlainAtAuto if is_new && source.chance(150) => {
                opening::sentence(source, &say(), to);
            }
            kind if kind.is_irc() && is_new && !source.chance(50) => {
                irc.registration(source, &mut say, to);
            }
            kind if kind.is_irc() => irc.line(source, &mut say, to),
            _ => {
                let from = to.len();
                plain.line(source, &mut say, to);
                // Windows saves text files as UTF-16.
                if is_new && source.chance(30) {
                    let text = String::from_utf8_lossy(&to.split_off(from)).into_owned();
                    let bytes = source.pick(&[u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes]);
                    to.extend(format!("\u{feff}{text}").encode_utf16().flat_map(bytes));
                }
            }
        }
    }
}

/// Returns a weight, or sometimes 0. This is swarm testing (Groce and others, 2012): scenarios in which some kinds are
/// missing find bugs that those kinds hide.
pub(super) fn swarm(source: &mut Source<'_>, weight: u64) -> u64 {
    if source.chance(200) { 0 } else { weight }
}
