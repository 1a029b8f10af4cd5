//! Generates scenarios from a source of choices.

use super::irc::IrcWriter;
use super::opening;
use super::pool::{NAMES, ROOMS};
use super::{Act, Scenario, Setup, Step};
use crate::source::Source;
use parlor_protocol::{Identity, Language, Limits, Options, Rate, RoomName, WorldLimits};
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
    fn generate(source: &mut Source<'_>, size: Size) -> Self {
        let clients = source.between(size.clients.0.into(), size.clients.1.into());
        let clients = u16::try_from(clients).expect("it is between two such numbers");
        Self {
            limits: limits(source, clients),
            options: Options {
                echo: source.chance(150),
                greeting: !source.chance(200),
                identity: Arc::new(Identity { has_password: source.chance(20), ..Identity::default() }),
                language: source.pick(&Language::ALL),
                raw: source.chance(80),
            },
            clients,
            clients_per_host: source.pick(&[clients, 4, 1]),
            loopback: !source.chance(300),
            chaos_seed: source.below(u64::MAX),
            commit_us_max: source.pick(&[0, 0, 0, 50, 5_000, 200_000]),
            flush_per_mille: source.pick(&[0, 100, 1_000]),
            tick_us: source.pick(&[0, 0, 100, 5_000]),
            delay_us_max: source.pick(&[0, 100, 2_000, 50_000]),
            window_bytes: source.pick(&[65_536, 65_536, 4_096, 700, 64]),
            short_write_per_mille: source.pick(&[0, 0, 50, 400]),
            short_read_per_mille: source.pick(&[0, 0, 50, 400]),
        }
    }
}

/// Chooses small limits, so that a few clients reach them.
fn limits(source: &mut Source<'_>, clients: u16) -> Limits {
    let line_bytes_max = source.pick(&[130, 200, 1_000, 1_000]);
    let pending_commands_max = source.pick(&[1, 2, 8]);
    let mut limits = Limits {
        backlog_bytes_max: source.pick(&[16_384, 20_000, 65_536, 1 << 20]),
        connections_per_ip_max: source.pick(&[64, 64, 3]),
        connections_max: source.pick(&[10_000, 10_000, u32::from(clients).div_ceil(2)]),
        close_timeout_ms: source.pick(&[5_000, 50]),
        flush_writes_max: source.pick(&[1_024, 5, 1]),
        detect_ms: source.pick(&[250, 20, 1]),
        line_bytes_max,
        monitored_max: source.pick(&[100, 2]),
        ping_ms: source.pick(&[90_000, 90_000, 1_000]),
        pong_ms: source.pick(&[60_000, 1_000]),
        registration_ms: source.pick(&[60_000, 1_000]),
        targets_max: source.pick(&[20, 2]),
        outbox_bytes_max: source.pick(&[1 << 20, 1 << 20, 100_000]),
        pending_commands_max,
        rate: Rate { lines: source.pick(&[0, 50, 50, 5]), burst: source.pick(&[200, 20, 1]) },
        read_bytes_max: source.pick(&[16_384, 512]),
        refusals_max: source.pick(&[16, 1]),
        reply_bytes_max: 4_096,
        tick_bytes_max: source.pick(&[262_144, 1_024]),
        world: WorldLimits {
            departed_max: source.pick(&[1_000, 3]),
            invitations_max: source.pick(&[20, 1]),
            masks_max: source.pick(&[100, 2]),
            history_bytes_max: source.pick(&[65_536, 500]),
            history_lines_max: source.pick(&[100, 10, 0]),
            rooms_max: source.pick(&[10_000, 10_000, 3, 3, 1]),
            rooms_per_member_max: source.pick(&[20, 20, 20, 2]),
            topic_bytes_max: source.pick(&[100, 20]),
        },
    };
    limits.outbox_bytes_max = limits.outbox_bytes_max.max(limits.backlog_bytes_max);
    limits.tick_bytes_max = limits.tick_bytes_max.max(limits.read_bytes_max);
    if limits.check().is_err() && line_bytes_max <= 200 {
        // The backlog is small and lines are short: with fewer pending commands the limits agree.
        limits.pending_commands_max = 1;
    }
    if limits.check().is_err() {
        // Otherwise a long line contradicts a small backlog.
        limits.backlog_bytes_max = 1 << 20;
        limits.outbox_bytes_max = 1 << 20;
    }
    debug_assert_eq!(limits.check(), Ok(()));
    limits
}

/// Invisible parts of a line.
const UNSEEN: [&str; 10] =
    ["", "", "\x02", "\x0304,05", "\x04", "\x0F\x1F", " \t", "\u{200B}", "\u{FEFF}\u{202E}", "\u{A0}"];

/// The kinds of lines that a plain client sends.
#[derive(Clone, Copy, Debug)]
enum Line {
    Action,
    /// A line with erase keys.
    Corrected,
    Empty,
    /// Many long lines, more than the backlog of a slow reader may have.
    Flood,
    Garbage,
    Help,
    /// A command with invisible characters before, within and after its word.
    Hidden,
    History,
    Join,
    Language,
    /// A line of about the maximum length.
    Long,
    Many,
    /// A command about other members or the modes of a room.
    Moderate,
    Nick,
    Part,
    Quit,
    Reply,
    Rooms,
    Say,
    Slashes,
    Tell,
    /// Telnet commands, before or within a line.
    Telnet,
    Topic,
    Unended,
    Unknown,
    Who,
}

/// Each kind of line with its weight.
const LINES: [(Line, u64); 26] = [
    (Line::Action, 4),
    (Line::Corrected, 3),
    (Line::Empty, 2),
    (Line::Flood, 2),
    (Line::Garbage, 3),
    (Line::Help, 1),
    (Line::Hidden, 6),
    (Line::History, 3),
    (Line::Join, 14),
    (Line::Language, 5),
    (Line::Long, 6),
    (Line::Many, 6),
    (Line::Moderate, 12),
    (Line::Nick, 8),
    (Line::Part, 4),
    (Line::Quit, 3),
    (Line::Reply, 3),
    (Line::Rooms, 2),
    (Line::Say, 70),
    (Line::Slashes, 2),
    (Line::Tell, 6),
    (Line::Telnet, 3),
    (Line::Topic, 4),
    (Line::Unended, 6),
    (Line::Unknown, 2),
    (Line::Who, 4),
];

/// Lines with erase keys. `SAID` is replaced by a message.
const CORRECTED: [&str; 6] = [
    "SAIT\x08\x7fSAID",
    "/nikc\x08\x08ck bob",
    "/quit\x15SAID",
    "SAID 你们\x08好 cafe\u{301}\x08é",
    "SAID two words\x17one\x17",
    "\x08\x7fSAID\x1b[D\x08",
];

/// Telnet commands: requests, answers, window sizes, interrupts and erasures.
const TELNET: [&[u8]; 17] = [
    b"\xff\xfb\x1f",
    b"\xff\xfd\x03",
    b"\xff\xfd\x01\xff\xfe\x01",
    b"\xff\xfc\x1f",
    b"\xff\xf4\xff\xfd\x06",
    b"\xff\xf2",
    b"\xff\xf6",
    b"\xff\xfa\x1f\x00\x0a\xff\xff\x18\xff\xf0",
    b"\xff\xfa\x18\x00xterm",
    b"what\xff\xf8",
    b"x\xff\xf7",
    b"half a line\xff\xfd\x06",
    b"\xff\xfb\x00",
    b"\xff\xfb\x00one\rtwo\r\0",
    b"\xff\xfc\x00",
    b"\xe5\xff\xf3\xff\xfd\x06\xa8",
    b"\xe4\xbd\xff\xf4",
];

/// Each kind of act with its weight.
const ACTS: [(u64, Kind); 7] = [
    (12, Kind::Connect),
    (3, Kind::EndInput),
    (3, Kind::Hang),
    (3, Kind::Hold),
    (3, Kind::ReadOn),
    (3, Kind::Reset),
    (90, Kind::Send),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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
enum Speaks {
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

impl Speaks {
    const fn is_irc(self) -> bool {
        matches!(self, Self::Irc | Self::IrcAtAuto)
    }
}

/// Generates the steps of one scenario.
struct Writer {
    clients: u16,
    speaks: Vec<Speaks>,
    /// Clients that have not written anything since they connected.
    is_new: Vec<bool>,
    irc: IrcWriter,
    /// Whether each client is probably connected. Connecting another one is more likely to have an effect.
    connected: Vec<bool>,
    line_bytes_max: usize,
    line_weights: Vec<u64>,
    act_weights: Vec<u64>,
    pace_us: u64,
    /// Number of messages so far. Each message has a number of its own.
    said: u64,
}

impl Writer {
    fn new(setup: &Setup, source: &mut Source<'_>) -> Self {
        // Swarm testing (Groce and others, 2012): scenarios in which some kinds are missing find bugs that those kinds
        // hide.
        let mut swarm = |weight: u64| if source.chance(200) { 0 } else { weight };
        let mut line_weights: Vec<u64> = LINES.iter().map(|&(_, weight)| swarm(weight)).collect();
        let mut act_weights: Vec<u64> = ACTS.iter().map(|&(weight, _)| swarm(weight)).collect();
        line_weights[Line::Say as usize] = 70;
        for (weight, (usual, kind)) in act_weights.iter_mut().zip(ACTS) {
            if matches!(kind, Kind::Connect | Kind::Send) {
                *weight = usual;
            }
        }
        // At least half of the clients are plain in every scenario, and all of them in a third.
        let others = source.pick(&[500, 0, 500, 400, 0, 500]);
        let speaks = (0..setup.clients).map(|_| {
            if !source.chance(others) {
                return if others > 0 && source.chance(200) { Speaks::PlainAtAuto } else { Speaks::Plain };
            }
            [Speaks::Irc, Speaks::IrcAtAuto, Speaks::Stranger][source.weighted(&[10, 6, 2])]
        });
        let speaks = speaks.collect();
        let irc = IrcWriter::new(setup.clients, source);
        Self {
            clients: setup.clients,
            speaks,
            is_new: vec![false; setup.clients.into()],
            irc,
            connected: vec![false; setup.clients.into()],
            line_bytes_max: setup.limits.line_bytes_max,
            line_weights,
            act_weights,
            pace_us: source.pick(&[20, 1_000, 50_000]),
            said: 0,
        }
    }

    fn step(&mut self, source: &mut Source<'_>) -> Step {
        let after_us = source.below(self.pace_us);
        let mut client = u16::try_from(source.below(self.clients.into())).expect("it is below a u16");
        let mut kind = ACTS[source.weighted(&self.act_weights)].1;
        if kind == Kind::Connect
            && let Some(other) = (0..self.clients)
                .map(|offset| (client + offset) % self.clients)
                .find(|&other| !self.connected[usize::from(other)])
        {
            client = other;
        }
        let connected = &mut self.connected[usize::from(client)];
        if !*connected && kind == Kind::Send && source.chance(800) {
            kind = Kind::Connect;
        }
        let act = match kind {
            Kind::Connect => {
                *connected = true;
                self.is_new[usize::from(client)] = true;
                self.connect(source, self.speaks[usize::from(client)])
            }
            Kind::EndInput => {
                *connected = false;
                Act::EndInput
            }
            Kind::Hang => Act::Hang,
            Kind::Hold => Act::Hold(source.between(1, 100_000)),
            Kind::ReadOn => Act::ReadOn,
            Kind::Reset => {
                *connected = false;
                Act::Reset
            }
            Kind::Send => {
                let mut bytes = Vec::new();
                self.write(source, usize::from(client), &mut bytes);
                Act::Send { bytes, segment: source.pick(&[0, 0, 0, 0, 1, 7, 100]) }
            }
        };
        Step { after_us, client, act }
    }

    fn connect(&self, source: &mut Source<'_>, speaks: Speaks) -> Act {
        match speaks {
            Speaks::IrcAtAuto | Speaks::PlainAtAuto => Act::ConnectAuto,
            Speaks::Stranger => match source.index(3) {
                0 => Act::ConnectAuto,
                1 => Act::ConnectIrc,
                _ => Act::Connect(Some(RoomName::lobby())),
            },
            Speaks::Irc => Act::ConnectIrc,
            Speaks::Plain => {
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
        let (speaks, is_new) = (self.speaks[client], std::mem::take(&mut self.is_new[client]));
        let Self { irc, said, .. } = self;
        let mut say = || {
            *said += 1;
            format!("#{said} said")
        };
        match speaks {
            Speaks::Stranger if is_new => opening::stranger(source, to),
            Speaks::IrcAtAuto if is_new && source.chance(150) => {
                let name = format!("n{}", source.below(40));
                opening::registration(source, &name, to);
            }
            Speaks::Plain | Speaks::PlainAtAuto if is_new && source.chance(150) => {
                opening::sentence(source, &say(), to);
            }
            speaks if speaks.is_irc() && is_new && !source.chance(50) => {
                irc.registration(source, &mut say, to);
            }
            speaks if speaks.is_irc() => irc.line(source, &mut say, to),
            _ => {
                let from = to.len();
                self.line(source, to);
                // Windows saves text files as UTF-16.
                if is_new && source.chance(30) {
                    let text = String::from_utf8_lossy(&to.split_off(from)).into_owned();
                    let bytes = source.pick(&[u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes]);
                    to.extend(format!("\u{feff}{text}").encode_utf16().flat_map(bytes));
                }
            }
        }
    }

    /// Appends a line, several lines, or a part of one.
    fn line(&mut self, source: &mut Source<'_>, to: &mut Vec<u8>) {
        let line = LINES[source.weighted(&self.line_weights)].0;
        let name = self.name(source);
        // IRC shows a room whose name begins with `#` with a second one.
        let room = source.pick(&ROOMS);
        let room = if room.starts_with('#') { format!("#{room}") } else { room.to_owned() };
        let said = self.say();
        let text = match line {
            Line::Action => format!("/me {said}"),
            Line::Corrected => source.pick(&CORRECTED).replace("SAID", &said),
            Line::Empty => source.pick(&["", " ", "\x02"]).to_owned(),
            Line::Flood => {
                let length = source.between(20, self.line_bytes_max as u64 - 20);
                for _ in 0..source.between(10, 60) {
                    to.extend_from_slice(self.say().as_bytes());
                    to.resize(to.len() + usize::try_from(length).unwrap_or_default(), b'f');
                    to.push(b'\n');
                }
                said
            }
            Line::Garbage => {
                to.extend_from_slice(source.pick(&[
                    &b"caf\xe9 "[..],
                    b"\xef\xbb\xbf",
                    b"\x00\x01\x1b[31m",
                    b"\x1b]0;title\x07\x1b[1;32mok\x1b[0m ",
                    b"10%\r20%\r",
                    b"\xff\xfe\xff",
                    b"\xc4\xe3\xba\xc3 ",
                    b"\xe4\xb8",
                    "\u{202e}* ".as_bytes(),
                ]));
                said
            }
            Line::Unended => {
                to.extend_from_slice(said.as_bytes());
                return;
            }
            Line::Help => source
                .pick(&["/help", "/HELP join", "/help /Who", "/help dance", "/help moderation", "/help MODE"])
                .to_owned(),
            Line::Hidden => {
                let mut unseen = || source.pick(&UNSEEN);
                let (before, between, behind) = (unseen(), unseen(), unseen());
                let slash = source.pick(&["/", "/", "／"]);
                let command = source.pick(&["msg", "MSG", "topic", "dance", "who", "join", "/", "me"]);
                let word = source.pick(&["", &name, &room]);
                format!("{before}{slash}{}{command}{behind} {word} {said}", between.trim())
            }
            Line::History => source.pick(&["/history", "/history 2", "/history 0"]).to_owned(),
            Line::Join => {
                let (before, behind) =
                    source.pick(&[("", ""), ("", ""), ("", ""), ("#", ""), ("", " key"), ("", " two words")]);
                format!("/join {before}{room}{behind}")
            }
            Line::Language => source.pick(&["/lang zh", "/lang en", "/lang fr"]).to_owned(),
            Line::Long => {
                let length = self.line_bytes_max - 2 + source.index(5);
                let filler = source.pick(&["x", "é", "世"]);
                let mut text = said;
                while text.len() + filler.len() <= length {
                    text += filler;
                }
                text + &"y".repeat(length.saturating_sub(self.line_bytes_max) * 40)
            }
            Line::Many => {
                for _ in 0..source.between(2, 12) {
                    to.extend_from_slice(self.say().as_bytes());
                    to.push(b'\n');
                }
                said
            }
            Line::Moderate => {
                let mask = source.pick(&[&name, "*!*@127.*", "m:x", "a b"]);
                let on = source.pick(&["on", "off", "开", "maybe"]);
                match source.below(14) {
                    0 => format!("/kick {name} {}", source.pick(&["", &said])),
                    1 => format!("/ban {mask}"),
                    2 => "/ban".to_owned(),
                    3 => format!("/unban {mask}"),
                    4 => format!("/invite {name}"),
                    5 => format!("/op {name}"),
                    6 => format!("/{} {name}", source.pick(&["deop", "voice", "devoice"])),
                    7 => format!("/mode {} {on}", source.pick(&["invite-only", "moderated", "no-outside"])),
                    8 => format!("/mode {} {on}", source.pick(&["secret", "topic-locked", "no-ctcp", "+i"])),
                    9 => format!("/mode key {}", source.pick(&["key", "off", "a,b"])),
                    10 => format!("/mode limit {}", source.pick(&["1", "3", "off", "0"])),
                    11 => "/mode".to_owned(),
                    12 => format!("/oper {name} {}", source.pick(&["right", "wrong", ""])),
                    _ => format!("/away {}", source.pick(&["", &said])),
                }
            }
            Line::Nick => format!("/nick {name}"),
            Line::Part => format!("/part {}", source.pick(&["", &said])),
            Line::Quit => format!("/bye {}", source.pick(&["", &said])),
            Line::Reply => format!("/reply {said}"),
            Line::Rooms => source.pick(&["/rooms", "/rooms", "/rooms now"]).to_owned(),
            Line::Say => said,
            Line::Slashes => format!("//{said}"),
            Line::Tell => format!("/msg {name} {said}"),
            Line::Telnet => {
                for _ in 0..source.between(1, 3) {
                    to.extend_from_slice(source.pick(&TELNET));
                }
                said
            }
            Line::Topic => match source.below(4) {
                0 => "/topic".to_owned(),
                1 => "/topic -".to_owned(),
                2 => format!("/topic {}", "t".repeat(source.index(120))),
                _ => format!("/topic {said}"),
            },
            Line::Unknown => {
                source.pick(&["/dance", "/", "/nick", "/msg x", "/joni tea", "、who"]).to_owned()
            }
            Line::Who => format!("/who {}", source.pick(&["", &room])),
        };
        to.extend_from_slice(text.as_bytes());
        to.extend_from_slice(source.pick(&[&b"\n"[..], b"\n", b"\n", b"\r\n", b"\r\n", b"\r\0"]));
    }

    /// Chooses a name, usually one that a member has or other clients ask for.
    fn name(&self, source: &mut Source<'_>) -> String {
        match source.weighted(&[6, 2, 1]) {
            0 => source.pick(&NAMES).to_owned(),
            1 => format!("{}", 5_001 + source.below(self.clients.into())),
            _ => format!("n{}", source.below(100)),
        }
    }

    /// Returns a text that is different from all others.
    fn say(&mut self) -> String {
        self.said += 1;
        format!("#{} said", self.said)
    }
}
