//! Generates the lines of IRC clients.

use super::generate::swarm;
use super::history::{chathistory, markread, redact};
use super::plain::endless;
use super::pool::{NAMES, ROOMS};
use crate::source::Source;
use parlor_protocol::irc::Capabilities;

/// A capability that does not exist.
const UNKNOWN_CAPABILITY: &str = "sasl";

/// Number of the latest names that clients asked for from which others are chosen.
const WANTED: usize = 6;

/// Letters of room modes, and one that does not exist. Those of statuses occur several times.
const LETTERS: [char; 19] =
    ['n', 'n', 't', 's', 'm', 'i', 'C', 'k', 'l', 'b', 'e', 'I', 'o', 'o', 'v', 'v', 'v', 'v', 'z'];

/// Masks for bans and exceptions.
const MASKS: [&str; 28] = [
    "alice",
    "ALICE!*@*",
    "bob!*@*",
    "m:Bob!*@*",
    "*!u@*",
    "*!U@**",
    "m:dave",
    "m:*",
    "m:n*",
    "m:N*!*@*",
    "*@127.0.0.1",
    "127.0.0.1",
    "10.*",
    "n?",
    r"al\ice`",
    r"*!*\*@*",
    "zoe\u{308}",
    "2001:DB8::0:1",
    ":1",
    "127.0.0.0/8",
    "10.0.0.0/24",
    "m:10.0.*",
    "127.0.0.0/16",
    "2001:db8::/48",
    "$a:bob",
    "~q:bob",
    "a,b!*@*",
    "+x",
];

/// Each kind of line with its weight.
const LINES: [(LineKind, u64); 26] = [
    (LineKind::Ask, 12),
    (LineKind::Away, 4),
    (LineKind::Ban, 2),
    (LineKind::Broken, 5),
    (LineKind::Capabilities, 6),
    (LineKind::Host, 4),
    (LineKind::Invite, 12),
    (LineKind::Join, 22),
    (LineKind::Kick, 10),
    (LineKind::Kill, 3),
    (LineKind::Long, 3),
    (LineKind::Many, 4),
    (LineKind::Modes, 16),
    (LineKind::Monitor, 14),
    (LineKind::Names, 6),
    (LineKind::Nick, 8),
    (LineKind::Oper, 8),
    (LineKind::OwnModes, 5),
    (LineKind::Part, 8),
    (LineKind::Ping, 3),
    (LineKind::Quit, 2),
    (LineKind::Say, 70),
    (LineKind::SetName, 3),
    (LineKind::Topic, 6),
    (LineKind::Unended, 4),
    (LineKind::Wallops, 2),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineKind {
    Ask,
    Away,
    Ban,
    Broken,
    Capabilities,
    Host,
    Invite,
    Join,
    Kick,
    Kill,
    Long,
    Many,
    Modes,
    Monitor,
    Names,
    Nick,
    Oper,
    OwnModes,
    Part,
    Ping,
    Quit,
    Say,
    SetName,
    Topic,
    Unended,
    Wallops,
}

/// Generates the lines of the IRC clients of one scenario.
#[derive(Debug)]
pub(super) struct IrcWriter {
    weights: Vec<u64>,
    /// The capabilities that clients ask for.
    capabilities: Vec<&'static str>,
    /// Probability, in a thousand, that a line has a label.
    labels: u64,
    /// Probability, in a thousand, that a line has client-only tags.
    tags: u64,
    clients: u16,
    labelled: u64,
    /// Names that clients asked for. The latest is last.
    wanted: Vec<String>,
    hot_room: &'static str,
}

impl IrcWriter {
    pub(super) fn new(clients: u16, source: &mut Source<'_>) -> Self {
        let mut weights: Vec<u64> = LINES.iter().map(|&(_, weight)| swarm(source, weight)).collect();
        for (weight, (kind, usual)) in weights.iter_mut().zip(LINES) {
            if matches!(kind, LineKind::Join | LineKind::Say) {
                *weight = usual;
            }
        }
        let capabilities = Capabilities::ALL.iter().map(|(_, name)| *name).chain([UNKNOWN_CAPABILITY]);
        let capabilities = capabilities.filter(|_| !source.chance(250)).collect();
        let hot_room = source.pick(&ROOMS);
        let (labels, tags) = (source.pick(&[300, 0, 300, 900]), source.pick(&[0, 100]));
        Self { weights, capabilities, labels, tags, clients, labelled: 0, wanted: Vec::new(), hot_room }
    }

    /// Appends a registration, which is sometimes incomplete.
    pub(super) fn registration(
        &mut self,
        source: &mut Source<'_>,
        say: &mut dyn FnMut() -> String,
        to: &mut Vec<u8>,
    ) {
        let negotiates = source.chance(700);
        let mut lines = Vec::new();
        if negotiates {
            lines.push(source.pick(&["CAP LS 302", "CAP LS", "CAP LIST"]).to_owned());
        }
        if source.chance(150) {
            lines.push(source.pick(&["PASS right", "PASS wrong"]).to_owned());
        }
        // Mostly a name that no other client asks for: a client whose name is taken seldom tries again.
        let name = if source.chance(600) { format!("n{}", source.below(40)) } else { self.name(source) };
        lines.push(format!("NICK {name}"));
        self.wanted.push(name.clone());
        let real_name = match source.weighted(&[6, 2, 1]) {
            0 => "Real Name".to_owned(),
            1 => "r".repeat(source.index(300)),
            _ => "世界".to_owned(),
        };
        let user = source.pick(&["u", "~user", "u!u@h", "小"]);
        let host = source.pick(&["0 *", "0 *", "0 *", "0 *", "u ::1", "::1", "0"]);
        lines.push(format!("USER {user} {host} :{real_name}"));
        if negotiates {
            for _ in 0..source.between(0, 2) {
                lines.push(format!("CAP REQ :{}", self.some_capabilities(source, false)));
            }
            lines.push("CAP END".to_owned());
        }
        if source.chance(100) {
            lines.push(format!("MODE {name} +B"));
        }
        if source.chance(30) {
            let missing = source.index(lines.len());
            lines.remove(missing);
        }
        if source.chance(900) {
            lines.push(format!("JOIN #{},#{}", self.room(source), self.room(source)));
        }
        if source.chance(300) {
            lines.push(format!("PRIVMSG #{} :{}", self.room(source), say()));
        }
        for line in lines {
            self.end(source, line.as_bytes(), to);
        }
    }

    /// Appends a line, several lines, or a part of one.
    pub(super) fn line(
        &mut self,
        source: &mut Source<'_>,
        say: &mut dyn FnMut() -> String,
        to: &mut Vec<u8>,
    ) {
        let kind = LINES[source.weighted(&self.weights)].0;
        match kind {
            LineKind::Broken => {
                let mut broken = self.broken(source, &say());
                if !broken.starts_with(b"@") && source.chance(self.labels) {
                    self.labelled += 1;
                    broken.splice(0..0, format!("@label=b{} ", self.labelled).into_bytes());
                }
                return self.end(source, &broken, to);
            }
            LineKind::Many => {
                for _ in 0..source.between(2, 12) {
                    let line = format!("PRIVMSG #{} :{}", self.room(source), say());
                    self.end(source, line.as_bytes(), to);
                }
                return;
            }
            LineKind::Unended => {
                to.extend_from_slice(format!("PRIVMSG #{} :{}", self.room(source), say()).as_bytes());
                to.extend(endless(source));
                return;
            }
            _ => {}
        }
        let mut tags = Vec::new();
        if source.chance(self.labels) {
            self.labelled += 1;
            tags.push(format!("label={}{}", source.pick(&["l", "a\\sb"]), self.labelled));
        }
        if source.chance(self.tags) {
            tags.push(
                source.pick(&["+typing=active", "+draft/react=x;+draft/reply=1", "time=now;+a"]).to_owned(),
            );
        }
        let mut line = if tags.is_empty() { String::new() } else { format!("@{} ", tags.join(";")) };
        let command = self.command(kind, source, say);
        let command = if source.chance(40) { lower_case(&command) } else { command };
        match command.strip_prefix('@') {
            Some(tagged) if !tags.is_empty() => line = format!("@{};{tagged}", tags.join(";")),
            _ => line += &command,
        }
        self.end(source, line.as_bytes(), to);
        // A message right after it is in the same tick.
        if kind != LineKind::Say && source.chance(250) {
            let said = format!("PRIVMSG #{} :{}", self.room(source), say());
            self.end(source, said.as_bytes(), to);
        }
    }

    fn command(&self, kind: LineKind, source: &mut Source<'_>, say: &mut dyn FnMut() -> String) -> String {
        let (room, name) = (self.room(source), self.name(source));
        match kind {
            LineKind::Ask => self.question(source, room, &name),
            LineKind::Away => match source.below(6) {
                0 => format!("AWAY :{}", "w".repeat(380 + source.index(20))),
                1 => format!("SETNAME :{}", "w".repeat(380 + source.index(20))),
                _ => source.pick(&["AWAY :gone for tea", "AWAY", "AWAY back soon"]).to_owned(),
            },
            LineKind::Ban => server_ban(source, &name),
            LineKind::Broken | LineKind::Many | LineKind::Say | LineKind::Unended => {
                self.message(source, room, name, say())
            }
            LineKind::Capabilities => match source.below(6) {
                0 => source.pick(&["CAP LS 302", "CAP LIST", "CAP END", "CAP", "CAP ACK"]).to_owned(),
                _ => format!("CAP REQ :{}", self.some_capabilities(source, true)),
            },
            LineKind::Host => {
                // Only operators may set hosts, so half of the lines become one first.
                let host = source.pick(&["a.example", "cloak/x", "a.example", ":bad", ""]);
                let opers = if source.chance(500) { "OPER root right\r\n" } else { "" };
                format!("{opers}CHGHOST {name} {host}")
            }
            LineKind::Invite => match source.below(6) {
                0 => "INVITE".to_owned(),
                _ => format!("INVITE {name} #{room}"),
            },
            LineKind::Join => self.join(source, room),
            LineKind::Kick => self.kick(source, room, &name, say),
            LineKind::Kill => {
                let opers = if source.chance(600) { "OPER root right\r\n" } else { "" };
                format!("{opers}KILL {name} :{}", source.pick(&["spam", ""]))
            }
            LineKind::Long => {
                let (said, length) = (say(), source.between(380, 540));
                let filler = source.pick(&["x", "é", "世"]);
                let count = usize::try_from(length).unwrap_or_default() / filler.len();
                format!("PRIVMSG #{room} :{said} {}", filler.repeat(count))
            }
            LineKind::Modes => self.modes(source, room, &name, say),
            LineKind::Monitor => match source.below(6) {
                0 => source.pick(&["MONITOR L", "MONITOR S", "MONITOR C", "MONITOR x"]).to_owned(),
                1 => format!("MONITOR - {name}"),
                _ => format!("MONITOR + {name},{}", self.name(source)),
            },
            LineKind::Names => match source.below(4) {
                0 => format!("NAMES #{room},#{}", self.room(source)),
                1 => format!("WHO #{room} {}", source.pick(&["", "o", "%tcuhnfr,7", "%n"])),
                _ => format!("NAMES #{room}"),
            },
            LineKind::Nick => {
                format!("NICK {}", source.pick(&[name.as_str(), name.as_str(), "5001", "a b", ""]))
            }
            LineKind::Oper => format!("OPER root {}", source.pick(&["right", "right", "wrong"])),
            LineKind::OwnModes => Self::own_modes(source, &name),
            LineKind::Part => match source.below(4) {
                0 => format!("PART #{room},#{} :so long", self.room(source)),
                1 | 2 => format!("PART #{room} :so long"),
                _ => format!("PART #{room}"),
            },
            LineKind::Ping => source.pick(&["PING x", "PING", "PONG x", "PING :a b"]).to_owned(),
            LineKind::Quit => source.pick(&["QUIT :bye", "QUIT", "QUIT for good"]).to_owned(),
            LineKind::SetName => {
                source.pick(&["SETNAME :Somebody Else", "SETNAME :", "SETNAME x"]).to_owned()
            }
            LineKind::Topic => topic(source, room, say),
            LineKind::Wallops => format!("WALLOPS :{}", say()),
        }
    }

    fn join(&self, source: &mut Source<'_>, room: &str) -> String {
        match source.below(14) {
            0 => "JOIN 0".to_owned(),
            1 | 2 => format!(
                "JOIN #{room},#{},{} key",
                self.room(source),
                source.pick(&["#x", "nope", "#", "#❤\u{fe0f},#❤", "#a\u{202e}"])
            ),
            3 | 4 => format!("JOIN #{room} key"),
            5 => format!("JOIN #{room},#{room},{}", source.pick(&[",,", "#nope,#nope", "#a,#b,#c"])),
            6 | 7 => {
                // A secret room, whose founder is its operator.
                let room = source.pick(&["attic", "cellar", "den"]);
                format!("JOIN #{room}\r\nMODE #{room} +s\r\nMODE {} +i", self.name(source))
            }
            _ => format!("JOIN #{room}"),
        }
    }

    fn kick(
        &self,
        source: &mut Source<'_>,
        room: &str,
        name: &str,
        say: &mut dyn FnMut() -> String,
    ) -> String {
        match source.below(8) {
            0 => format!("KICK #{room},#{} {name},{}", self.room(source), self.name(source)),
            1 => format!("KICK #{room} {name},{} :out with you", self.name(source)),
            2 => format!("KICK #{room} {}", source.pick(&[",", &format!("{name},{name}")])),
            // The author sends a message to the room in the same tick.
            3 | 4 => format!("KICK #{room} {name}\r\nPRIVMSG #{room} :{}", say()),
            5 => format!("KICK #{room} {name} :{}", "o".repeat(380 + source.index(20))),
            _ => format!("KICK #{room} {name}"),
        }
    }

    /// Returns a message to a room or a member.
    fn message(&self, source: &mut Source<'_>, room: &str, name: String, said: String) -> String {
        let command = source.pick(&["PRIVMSG", "PRIVMSG", "PRIVMSG", "PRIVMSG", "NOTICE", "TAGMSG"]);
        let said = match source.below(12) {
            0 => format!(":\x01ACTION {said}\x01"),
            1 => format!(":\x01VERSION {said}\x01"),
            2 => said,
            3 => format!(":\x02{said}\x02 \x0304red"),
            _ => format!(":{said}"),
        };
        let target = match source.below(12) {
            0 => format!("@#{room}"),
            1 => format!("+#{room}"),
            2 => format!("#{room},#{},{name},#{room}", self.room(source)),
            3 | 4 => name,
            5 => source.pick(&[",", "", "#"]).to_owned(),
            _ => format!("#{room}"),
        };
        if command == "TAGMSG" {
            let tags = source.pick(&["+typing=done", "+typing", "+typing=active;+a=b", "+draft/react=y"]);
            format!("@{tags} TAGMSG {target}")
        } else {
            format!("{command} {target} {said}")
        }
    }

    fn modes(
        &self,
        source: &mut Source<'_>,
        room: &str,
        name: &str,
        say: &mut dyn FnMut() -> String,
    ) -> String {
        if source.chance(300) {
            // Members with voice that are not operators must not read messages to the operators.
            let names = format!("{name} {} {}", self.name(source), self.name(source));
            return format!("MODE #{room} +vvv {names}\r\nPRIVMSG @#{room} :{}", say());
        }
        if source.chance(150) {
            // Members without voice may not speak then, so their parting messages are withheld.
            return format!("MODE #{room} {}", source.pick(&["+m", "+b m:*", "+m", "-m"]));
        }
        if source.chance(200) {
            // Those who are not in it must not see it in a list.
            return format!("MODE #{room} +s");
        }
        self.several_modes(source, room)
    }

    fn question(&self, source: &mut Source<'_>, room: &str, name: &str) -> String {
        match source.below(30) {
            19..=21 => chathistory(source, room, name),
            22..=25 => markread(source, room, name),
            26..=29 => redact(source, room, name),
            0 => format!("WHOIS {name}"),
            1 => format!("WHOWAS {name}"),
            2 => format!("ISON {name} {} x", self.name(source)),
            3 => format!("USERHOST {name} {}", self.name(source)),
            4 => format!("WHO {}", source.pick(&["*", "a*", name, "0", "#nope"])),
            5 => "LUSERS".to_owned(),
            6 => format!(
                "LIST {}",
                source.pick(&["", ">1", "<3", "#t*", "!*e*", "C>0,T<60", "#tea,#rust", "#x,#y,#TEA,*u*,!a"])
            ),
            7 => format!("MODE #{room}"),
            8 => format!("MODE #{room} {}", source.pick(&["b", "e", "I", "+b"])),
            9 => source.pick(&["MOTD", "VERSION", "TIME", "INFO", "ADMIN", "LINKS"]).to_owned(),
            10 => source
                .pick(&["HELP", "HELP chghost", "HELP nothing", "STATS u", "STATS", "STATS :"])
                .to_owned(),
            11 => source.pick(&["RESTART", "SQUIT", "WHOIS", "USER a b c d", "PASS x"]).to_owned(),
            15 => source.pick(&["REHASH", "REHASH\r\nMOTD", "OPER root right\r\nREHASH"]).to_owned(),
            12 => format!("WHOIS {name},x"),
            13 | 17 | 18 => "LIST".to_owned(),
            14 => "WHO *".to_owned(),
            _ => format!("WHOWAS {name} 1"),
        }
    }

    /// Returns a line with several changes of a room's modes.
    fn several_modes(&self, source: &mut Source<'_>, room: &str) -> String {
        let (mut letters, mut params) = (String::new(), String::new());
        for _ in 0..source.between(1, 4) {
            letters.push(source.pick(&['+', '+', '-']));
            let letter = source.pick(&LETTERS);
            letters.push(letter);
            match letter {
                'k' => params += source.pick(&[" key", " other", " a,b"]),
                'l' => params += source.pick(&[" 2", " 5", " x"]),
                'b' | 'e' | 'I' => params += &format!(" {}", source.pick(&MASKS)),
                'o' | 'v' => params += &format!(" {}", self.name(source)),
                _ => {}
            }
            // The next word is another string of letters, or one that no letter takes.
            if source.chance(150) {
                letters = format!("{letters}{params}{}", source.pick(&[" ", " ", " left "]));
                params.clear();
            }
        }
        format!("MODE #{room} {letters}{params}")
    }

    fn some_capabilities(&self, source: &mut Source<'_>, takes_back: bool) -> String {
        let all = source.chance(300);
        let mut some = Vec::new();
        for &capability in &self.capabilities {
            // A capability that does not exist makes the whole request fail.
            let wanted =
                if capability == UNKNOWN_CAPABILITY { source.chance(50) } else { all || source.chance(400) };
            if wanted {
                let minus = if takes_back && source.chance(400) { "-" } else { "" };
                some.push(format!("{minus}{capability}"));
            }
        }
        some.join(" ")
    }

    /// Returns a line that no correct client sends.
    fn broken(&self, source: &mut Source<'_>, said: &str) -> Vec<u8> {
        let room = self.room(source);
        match source.below(14) {
            0 => b"PRIVMSG #lobby :caf\xe9 \xff".to_vec(),
            1 => format!("PRIVMSG #{room} :{said} {}", "y".repeat(600)).into_bytes(),
            2 => format!("@+a={} PRIVMSG #{room} :{said}", "t".repeat(4_200)).into_bytes(),
            3 => format!("PRIVMSG #{room} :{said} {}", "z".repeat(5_000)).into_bytes(),
            4 => source.pick(&["", " ", ":", ":source", "@tags", "PRIVMSG", "PRIVMSG #tea", "JOIN"]).into(),
            5 => format!(":me!u@h PRIVMSG  #{room}   :{said}").into_bytes(),
            6 => format!("PRIVMSG #{room} {said} and more").into_bytes(),
            7 => format!("JOIN {}", vec!["#lobby"; 30].join(",")).into_bytes(),
            8 => format!("PRIVMSG #{room} :{said}\0\r x").into_bytes(),
            9 => format!("@a=b @c=d PRIVMSG #{room} :{said}").into_bytes(),
            10 => format!("CAP REQ :{}", "batch ".repeat(60)).into_bytes(),
            11 => format!("MODE #{room} {}", "zbZol".repeat(20)).into_bytes(),
            12 => format!("MODE #{room} +b {}", "m".repeat(160 + source.index(20))).into_bytes(),
            _ => said.as_bytes().to_vec(),
        }
    }

    /// Chooses a name, usually one that a member has or other clients ask for.
    fn name(&self, source: &mut Source<'_>) -> String {
        let least = self.wanted.len().saturating_sub(WANTED);
        match source.weighted(&[2, 1, 1, if self.wanted.is_empty() { 0 } else { 6 }]) {
            3 => source.pick(&self.wanted[least..].iter().collect::<Vec<_>>()).clone(),
            0 => source.pick(&NAMES).to_owned(),
            1 => format!("{}", 5_001 + source.below(self.clients.into())),
            _ => format!("n{}", source.below(20)),
        }
    }

    /// Chooses a room. Half of the time it is the same one, so that other members are in it.
    fn room(&self, source: &mut Source<'_>) -> &'static str {
        if source.chance(500) { self.hot_room } else { source.pick(&ROOMS) }
    }

    /// Returns a line, or several, with which a client changes its own modes.
    fn own_modes(source: &mut Source<'_>, name: &str) -> String {
        let modes = source.pick(&["+i", "+i", "+w", "-i", "+Bw", "+o", "-o", "+x", ""]);
        // A client may change its own modes only, and the writer does not know which name it has.
        let names = if source.chance(500) { &NAMES[..] } else { &[] };
        let lines = names.iter().map(|name| format!("MODE {name} {modes}\r\n"));
        format!("{}MODE {name} {modes}", lines.collect::<String>())
    }

    fn end(&self, source: &mut Source<'_>, line: &[u8], to: &mut Vec<u8>) {
        to.extend_from_slice(line);
        to.extend_from_slice(source.pick(&[&b"\r\n"[..], b"\r\n", b"\r\n", b"\n"]));
    }
}

fn topic(source: &mut Source<'_>, room: &str, say: &mut dyn FnMut() -> String) -> String {
    match source.below(4) {
        0 => format!("TOPIC #{room}"),
        1 => format!("TOPIC #{room} :"),
        2 => format!("TOPIC #{room} :{}", "t".repeat(source.index(120))),
        _ => format!("TOPIC #{room} :{}", say()),
    }
}

/// Returns a line with the command in lower case.
fn lower_case(line: &str) -> String {
    let end = line.find(' ').unwrap_or(line.len());
    line[..end].to_lowercase() + &line[end..]
}

/// Returns a line about bans from the server. Most become an operator first.
fn server_ban(source: &mut Source<'_>, name: &str) -> String {
    let opers = if source.chance(600) { "OPER root right\r\n" } else { "" };
    let (target, time) = server_ban_target(source, name);
    let line = match source.below(8) {
        0 => "BANS".to_owned(),
        1 | 2 => format!("UNBAN {target}"),
        3 => format!(
            "BAN {}",
            source.pick(&["", "1h", "1h :", "1x x", "0s n1", "99999999999999999999w n1", "n1 36601d"])
        ),
        4 => format!("BAN {target} {time} :spam"),
        _ => format!("BAN {time} {target} {}", source.pick(&["", ":spam and more", "spam and more"])),
    };
    format!("{opers}{line}")
}

/// Returns the target of a ban from the server, and a time. Bans of networks are short, or the scenario would fall silent.
pub(super) fn server_ban_target(source: &mut Source<'_>, name: &str) -> (String, &'static str) {
    let network = source.pick(&[
        "",
        "",
        "127.0.0.1",
        "127.0.0.2",
        "10.0.0.2",
        "10.0.0.2/31",
        "2001:db8::1",
        "::1",
        "*!*@2001:db8:0:0::/64",
        "*!*@10.0.0.*",
        "127.0.0.0/8",
        "*!*@*.cloak",
        "*",
        "0.0.0.0/0",
        "m:x",
        "x!*@1.2.3.0/22",
    ]);
    match network {
        "" => {
            let target = source.pick(&[name, name, "n*", "*!n*@*"]).to_owned();
            (target, source.pick(&["3s", "1m30s", "1h"]))
        }
        network => (network.to_owned(), source.pick(&["1s", "1s", "2s", "5s"])),
    }
}
