//! Scenarios of hundreds of clients in a hundred rooms, for bugs that need numbers: few steps of each client.

use super::{Act, Hosts, Scenario, Setup, Shared, Step};
use crate::source::Source;
use parlor_protocol::RoomName;

/// Number of rooms.
const ROOMS: u64 = 100;

/// Number of clients on a host, and so of an address.
const CLIENTS_PER_HOST: u16 = 8;

/// The clients of a scenario, and what they do.
struct Writer<'a, 'b> {
    source: &'a mut Source<'b>,
    steps: Vec<Step>,
    clients: u16,
    nodes: u16,
    speaks_irc: Vec<bool>,
    said: u64,
}

impl Scenario {
    /// Generates a scenario with hundreds of clients.
    #[must_use]
    pub fn crowd(source: &mut Source<'_>) -> Self {
        let clients = u16::try_from(source.between(200, 500)).expect("there are few");
        let mut setup = Setup::calm(clients, source.below(u64::MAX));
        setup.clients_per_host = CLIENTS_PER_HOST;
        setup.network = source.pick(&[Hosts::V4, Hosts::V6]);
        setup.tick_us = source.pick(&[0, 100, 5_000]);
        setup.delay_us_max = source.pick(&[100, 2_000]);
        setup.short_write_per_mille = source.pick(&[0, 50]);
        setup.commit_us_max = source.pick(&[0, 50, 5_000]);
        let nodes = source.pick(&[0, 1, 2, 2, 2]);
        if nodes == 2 {
            // What an entry tells that ends a hundred members does not fit into one slice.
            setup.limits.line_bytes_max = 256;
            setup.limits.reply_bytes_max = 4_096;
            setup.limits.backlog_bytes_max = 1 << 14;
            setup.limits.world.topic_bytes_max = 100;
            setup.window_bytes = 1 << 10;
        }
        setup.limits.tick_bytes_max = source.pick(&[262_144, 16_384]);
        setup.shared = Shared {
            nodes,
            deliver_us_max: source.pick(&[50, 5_000]),
            overtake_per_mille: source.pick(&[0, 50]),
            repeat_per_mille: source.pick(&[0, 50]),
            skew_ms_max: 0,
        };
        let mut writer = Writer::new(&setup, source);
        for client in 0..clients {
            writer.enter(client);
        }
        let steps = writer.source.between(100, 200);
        for _ in 0..steps {
            writer.act();
        }
        Self { steps: writer.steps, setup }
    }
}

impl<'a, 'b> Writer<'a, 'b> {
    fn new(setup: &Setup, source: &'a mut Source<'b>) -> Self {
        let irc_per_mille =
            source.pick(if setup.shared.nodes == 2 { &[500, 1_000, 1_000] } else { &[0, 500, 1_000] });
        let speaks_irc = (0..setup.clients).map(|_| source.chance(irc_per_mille)).collect();
        let (clients, nodes) = (setup.clients, setup.shared.nodes);
        Self { source, steps: Vec::new(), clients, nodes, speaks_irc, said: 0 }
    }

    fn step(&mut self, client: u16, act: Act) {
        let after_us = self.source.below(200);
        self.steps.push(Step { after_us, client, act });
    }

    fn send(&mut self, client: u16, text: String) {
        self.step(client, Act::Send { bytes: text.into_bytes(), segment: 0 });
    }

    /// Half of the time, the lobby or one of the first rooms: these are full.
    fn room(&mut self) -> String {
        match self.source.below(4) {
            0 => "lobby".to_owned(),
            1 => format!("room{}", self.source.below(3)),
            _ => format!("room{}", self.source.below(ROOMS)),
        }
    }

    /// Lets a client enter the server and a room, or some.
    fn enter(&mut self, client: u16) {
        let rooms = [self.room(), self.room(), self.room()];
        if self.speaks_irc[usize::from(client)] {
            self.step(client, Act::ConnectIrc);
            // Most are in the lobby, so that there are readers who must be told of nearly everybody.
            let [one, two, _] = rooms;
            let third = if self.source.chance(800) { "lobby" } else { "room3" };
            let join = format!("JOIN #{one},#{two},#{third}");
            let (asks, ends) = match self.source.chance(700) {
                true => ("CAP REQ :message-tags server-time\r\n", "CAP END\r\n"),
                false => ("", ""),
            };
            let registers = format!("NICK u{client}\r\nUSER crowd{client} 0 * :User\r\n");
            self.send(client, format!("{asks}{registers}{ends}{join}\r\n"));
        } else {
            let room = RoomName::parse(&format!("#{}", rooms[0])).ok();
            self.step(client, Act::Connect(room));
        }
    }

    /// Lets a client speak, move or go; seldom, a node crashes, and its clients come back.
    fn act(&mut self) {
        let client = u16::try_from(self.source.below(self.clients.into())).expect("it is below a u16");
        let is_irc = self.speaks_irc[usize::from(client)];
        let room = self.room();
        let other = self.source.below(self.clients.into());
        self.said += 1;
        let said = self.said;
        match self.source.weighted(&[40, 10, 6, 6, 6, 4, u64::from(self.nodes)]) {
            0 if is_irc => self.send(client, format!("PRIVMSG #{room} :#{said} said\r\n")),
            0 => self.send(client, format!("#{said} said\n")),
            1 if is_irc => self.send(client, format!("JOIN #{room}\r\n")),
            1 => self.send(client, format!("/join {room}\n")),
            2 if is_irc => self.send(client, format!("NICK v{other}\r\n")),
            2 => self.send(client, format!("/nick v{other}\n")),
            3 if is_irc => self.send(client, format!("WHO #{room}\r\nLIST\r\n")),
            3 => self.send(client, format!("/who {room}\n/rooms\n")),
            4 if is_irc => self.send(client, format!("AWAY :{said}\r\nPRIVMSG u{other} :#{said} said\r\n")),
            4 => self.send(client, format!("/msg u{other} #{said} said\n")),
            5 => {
                self.step(client, Act::Reset);
                self.enter(client);
            }
            _ => {
                self.step(client, Act::Crash { down_us: 1_000 });
                self.steps.last_mut().expect("it is the last").after_us = 100_000;
                for back in (client % self.nodes..self.clients).step_by(self.nodes.into()) {
                    if self.source.chance(800) {
                        self.enter(back);
                    }
                }
            }
        }
    }
}
