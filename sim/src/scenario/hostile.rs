//! Scenarios in which one address does as much as it can, while others read at 1 Mbit/s.
//!
//! The first clients are hostile: they have one address, send more than they may, and connect again. Each of the others has an
//! address of its own, reads all that it is sent at its own pace, and speaks now and then.

use super::{Act, Hosts, Scenario, Setup, Step};
use crate::source::Source;
use parlor_protocol::{Limits, Rate, RoomName};

/// Bytes in a millisecond that a reader takes: 1 Mbit/s.
const READER_BYTES_PER_MS: u64 = Limits::SLOW_READER_BYTES_PER_SECOND / 1_000;

/// The rooms in which a client of IRC is. Messages of a tick are copied for each combination.
const ROOMS: [&str; 4] = ["#lobby,#tea,#rust,#c++", "#lobby,#tea", "#lobby,#rust,#c++", "#lobby,#c++"];

/// Maximum number of bytes of a flood, which is one step.
const FLOOD_BYTES_MAX: usize = 12_288;

/// The rates, address factors and backlogs of scenarios. What an address may make others read fits into each backlog. Small
/// ones, so that a scenario is short; the last are the defaults.
const RATES: [(u32, u32, u32, usize); 5] = [
    (10, 20, 1, 1 << 16),
    (5, 5, 4, 1 << 16),
    (20, 8, 3, 1 << 17),
    (10, 20, 1, 1 << 16),
    (10, 60, 4, 1 << 20),
];

/// The number of lines below, from the first, that others are sent most of.
const LOUD: usize = 4;

/// Lines of plain clients; those that others are sent most of come first. `TEXT` is replaced by a text, `INVALID` by one of bytes
/// that are no text, `N` by a number.
const PLAIN: [&str; 13] = [
    "TEXT\n",
    "INVALID\n",
    "/me TEXT\n",
    "TEXT N\n",
    "N\n",
    "/topic N TEXT\n",
    "/nick hN\n",
    "/join tea\n/join rust\n",
    "/join lobby\n",
    "/rooms\n/who\n/history\n",
    "/msg r9 TEXT\n",
    "/ban nobodyN\n",
    "/join roomN\n",
];

/// Lines of IRC clients, in the same order.
const IRC: [&str; 19] = [
    "PRIVMSG #lobby :TEXT\r\n",
    "PRIVMSG #lobby :INVALID\r\n",
    "@+a=TEXT PRIVMSG #lobby :TEXT\r\n",
    "PRIVMSG #lobby,#tea,#rust,#c++ :TEXT\r\n",
    "PRIVMSG #lobby :N\r\n",
    "@+typing=active;+a=TEXT TAGMSG #lobby\r\n",
    "PRIVMSG #lobby,#tea,#rust,#c++ :N\r\n",
    "PART #tea,#rust\r\nJOIN #tea,#rust\r\n",
    "JOIN #roomN\r\n",
    "NICK hN\r\n",
    "SETNAME :TEXT\r\n",
    "AWAY :TEXT\r\nAWAY\r\n",
    "LIST\r\nWHO #lobby\r\nNAMES #lobby\r\n",
    "LIST *a*b*,*N*,*?*c*\r\nWHOIS r9\r\nWHOWAS hN\r\n",
    "MODE #roomN +b *a*b*N!*@*\r\n",
    "MONITOR + nN,mN\r\n",
    "PRIVMSG r9 :TEXT\r\n",
    "TOPIC #lobby :N TEXT\r\n",
    "\u{fffd}N \x01\r\n",
];

/// The acts of the hostile clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Each does something else at its own time, and connects again now and then.
    Mixed,
    /// One sends what it may, is gone, and is here again at once.
    Returning,
    /// All save up, and then flood at once.
    Together,
}

/// The clients of a scenario, and what they do.
struct Writer<'a, 'b> {
    source: &'a mut Source<'b>,
    steps: Vec<Step>,
    clients: u16,
    hostile: u16,
    speaks_irc: Vec<bool>,
    connected: Vec<bool>,
    /// The lines that hostile clients send in this scenario: few kinds, so that each is sent often.
    plain: Vec<&'static str>,
    irc: Vec<&'static str>,
    text_bytes: usize,
    said: u64,
}

impl Scenario {
    /// Generates a scenario with a hostile address.
    #[must_use]
    pub fn hostile(source: &mut Source<'_>) -> Self {
        let setup = setup(source);
        let mut writer = Writer::new(&setup, source);
        for client in setup.hostile_clients..setup.clients {
            writer.enter(20_000, client);
        }
        match writer.source.pick(&[Plan::Mixed, Plan::Returning, Plan::Together]) {
            Plan::Mixed => writer.mix(),
            Plan::Returning => writer.return_often(),
            Plan::Together => writer.flood_together(),
        }
        Self { setup, steps: writer.steps }
    }
}

fn setup(source: &mut Source<'_>) -> Setup {
    let hostile = source.pick(&[1, 10, 16]);
    let clients = u16::try_from(hostile + source.between(2, 5)).expect("there are few");
    let (lines, burst, factor, backlog) = source.pick(&RATES);
    let mut setup = Setup::calm(clients, source.below(u64::MAX));
    setup.hostile_clients = u16::try_from(hostile).expect("there are few");
    setup.reader_bytes_per_ms = READER_BYTES_PER_MS;
    setup.clients_per_host = 1;
    setup.network = source.pick(&[Hosts::V4, Hosts::Loopback, Hosts::V6]);
    setup.tick_us = source.pick(&[0, 100, 5_000]);
    setup.delay_us_max = source.pick(&[0, 2_000]);
    setup.window_bytes = source.pick(&[4_096, 16_384]);
    setup.short_write_per_mille = source.pick(&[0, 50]);
    setup.limits = Limits {
        address_factor: factor,
        backlog_bytes_max: backlog,
        connections_per_ip_max: source.pick(&[64, 8]),
        line_bytes_max: source.pick(&[200, 1_000]),
        pending_commands_max: source.pick(&[1, 2]),
        rate: Rate { lines, burst },
        reply_bytes_max: 4_096,
        targets_max: source.pick(&[1, 4]),
        turn_lines_max: source.pick(&[1, 3, 20]),
        ..setup.limits
    };
    setup.limits.world.topic_bytes_max = 100;
    debug_assert_eq!(setup.limits.check(), Ok(()));
    debug_assert!(setup.spares_readers());
    setup
}

impl<'a, 'b> Writer<'a, 'b> {
    fn new(setup: &Setup, source: &'a mut Source<'b>) -> Self {
        let count = source.pick(&[LOUD, LOUD, usize::MAX]);
        let mut some =
            |lines: &[&'static str]| (0..2).map(|_| source.pick(&lines[..count.min(lines.len())])).collect();
        let (plain, irc) = (some(&PLAIN), some(&IRC));
        // Readers of IRC are sent the longest form. They are the most.
        let speaks_irc = (0..setup.clients).map(|_| source.chance(600)).collect();
        let text_bytes_max = setup.limits.line_bytes_max - 60;
        Self {
            steps: Vec::new(),
            clients: setup.clients,
            hostile: setup.hostile_clients,
            speaks_irc,
            connected: vec![false; setup.clients.into()],
            plain,
            irc,
            text_bytes: source.pick(&[1, 160, 400, text_bytes_max]).min(text_bytes_max),
            said: 0,
            source,
        }
    }

    /// Each does something else at its own time.
    fn mix(&mut self) {
        let pace_us = self.source.pick(&[2_000, 20_000, 100_000]);
        for _ in 0..self.source.between(60, 160) {
            let after_us = self.source.below(pace_us);
            if self.source.chance(120) {
                self.speak(after_us);
                continue;
            }
            let client = self.some_hostile();
            match self.source.weighted(&[80, 8, 3, 4]) {
                _ if !self.connected[usize::from(client)] => self.enter(after_us, client),
                0 => self.flood(after_us, client),
                1 => self.come_back(after_us, client, 0),
                2 => self.add(after_us, client, Act::Hang),
                _ => {
                    self.add(after_us, client, Act::EndInput);
                    self.connected[usize::from(client)] = false;
                }
            }
        }
    }

    /// One sends what it may, is gone, and is here again at once.
    fn return_often(&mut self) {
        // To enter costs a plain client least.
        self.speaks_irc[0] = false;
        let stays_us = self.source.pick(&[0, 10_000, 60_000]);
        // If it is here again at once, its address never is without a connection.
        let gone_us = self.source.pick(&[0, 10_000]);
        for _ in 0..self.source.between(20, 60) {
            self.come_back(stays_us, 0, gone_us);
            if self.source.chance(300) {
                self.speak(0);
            }
        }
    }

    /// All save up, and then flood at once.
    fn flood_together(&mut self) {
        for client in 0..self.hostile {
            self.enter(1_000, client);
        }
        for _ in 0..self.source.between(1, 4) {
            let pause_us = self.source.pick(&[10_000_000, 3_000_000, 500_000]);
            self.speak(pause_us);
            for _ in 0..self.source.between(1, 3) {
                for client in 0..self.hostile {
                    self.flood(0, client);
                    if self.source.chance(200) {
                        let after_us = self.source.pick(&[0, 50]);
                        self.speak(after_us);
                    }
                }
            }
        }
    }

    fn some_hostile(&mut self) -> u16 {
        u16::try_from(self.source.below(self.hostile.into())).unwrap_or_default()
    }

    fn add(&mut self, after_us: u64, client: u16, act: Act) {
        self.steps.push(Step { after_us, client, act });
    }

    fn send(&mut self, after_us: u64, client: u16, bytes: Vec<u8>) {
        self.add(after_us, client, Act::Send { bytes, segment: 0 });
    }

    /// Lets a client connect and enter.
    fn enter(&mut self, after_us: u64, client: u16) {
        self.said += 1;
        self.connected[usize::from(client)] = true;
        let name = if client < self.hostile { format!("h{}", self.said) } else { format!("r{client}") };
        if self.speaks_irc[usize::from(client)] {
            let rooms = self.source.pick(&ROOMS);
            let lines = format!(
                "CAP REQ :message-tags server-time extended-join away-notify setname chghost\r\nCAP END\r\n\
                 NICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN {rooms}\r\n"
            );
            self.add(after_us, client, Act::ConnectIrc);
            self.send(0, client, lines.into_bytes());
        } else {
            self.add(after_us, client, Act::Connect(Some(RoomName::lobby())));
            self.send(0, client, format!("/nick {name}\n").into_bytes());
        }
    }

    /// Lets a reader say something.
    fn speak(&mut self, after_us: u64) {
        let readers = u64::from(self.clients - self.hostile);
        let client = self.hostile + u16::try_from(self.source.below(readers)).unwrap_or_default();
        self.said += 1;
        let text = format!("#{} said", self.said);
        let is_irc = self.speaks_irc[usize::from(client)];
        let line = if is_irc { format!("PRIVMSG #lobby :{text}\r\n") } else { format!("{text}\n") };
        self.send(after_us, client, line.into_bytes());
    }

    /// Lets a client break its connection, connect again, and send at once.
    fn come_back(&mut self, after_us: u64, client: u16, gone_us: u64) {
        self.add(after_us, client, Act::Reset);
        self.enter(gone_us, client);
        self.flood(0, client);
    }

    /// Lets a client send many lines at once.
    fn flood(&mut self, after_us: u64, client: u16) {
        let kinds = if self.speaks_irc[usize::from(client)] { &self.irc } else { &self.plain };
        let kind = self.source.pick(kinds);
        let mut bytes = Vec::new();
        for _ in 0..self.source.between(20, 60) {
            self.said += 1;
            let text = "x".repeat(self.text_bytes);
            let line = kind.replace("TEXT", &text).replace('N', &(self.said % 500).to_string());
            let mut parts = line.split("INVALID");
            bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
            for part in parts {
                bytes.resize(bytes.len() + self.text_bytes, 0xFE);
                bytes.extend_from_slice(part.as_bytes());
            }
            if bytes.len() > FLOOD_BYTES_MAX {
                break;
            }
        }
        self.send(after_us, client, bytes);
    }
}
