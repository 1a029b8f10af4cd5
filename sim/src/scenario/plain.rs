//! Generates the lines of plain clients.

use super::Setup;
use super::generate::swarm;
use super::irc::server_ban_target;
use super::pool::{NAMES, ROOMS};
use crate::source::Source;

/// Invisible parts of a line.
const UNSEEN: [&str; 10] =
    ["", "", "\x02", "\x0304,05", "\x04", "\x0F\x1F", " \t", "\u{200B}", "\u{FEFF}\u{202E}", "\u{A0}"];

/// Bytes that are not UTF-8, control sequences, and marks of direction.
const GARBAGE: [&[u8]; 9] = [
    b"caf\xe9 ",
    b"\xef\xbb\xbf",
    b"\x00\x01\x1b[31m",
    b"\x1b]0;title\x07\x1b[1;32mok\x1b[0m ",
    b"10%\r20%\r",
    b"\xff\xfe\xff",
    b"\xc4\xe3\xba\xc3 ",
    b"\xe4\xb8",
    "\u{202e}* ".as_bytes(),
];

/// The kinds of lines that a plain client sends.
#[derive(Clone, Copy, Debug)]
enum LineKind {
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
const LINES: [(LineKind, u64); 26] = [
    (LineKind::Action, 4),
    (LineKind::Corrected, 3),
    (LineKind::Empty, 2),
    (LineKind::Flood, 2),
    (LineKind::Garbage, 3),
    (LineKind::Help, 1),
    (LineKind::Hidden, 6),
    (LineKind::History, 3),
    (LineKind::Join, 14),
    (LineKind::Language, 5),
    (LineKind::Long, 6),
    (LineKind::Many, 6),
    (LineKind::Moderate, 12),
    (LineKind::Nick, 8),
    (LineKind::Part, 4),
    (LineKind::Quit, 3),
    (LineKind::Reply, 3),
    (LineKind::Rooms, 2),
    (LineKind::Say, 70),
    (LineKind::Slashes, 2),
    (LineKind::Tell, 6),
    (LineKind::Telnet, 3),
    (LineKind::Topic, 4),
    (LineKind::Unended, 6),
    (LineKind::Unknown, 2),
    (LineKind::Who, 4),
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

/// Generates the lines of the plain clients of one scenario.
#[derive(Debug)]
pub(super) struct PlainWriter {
    weights: Vec<u64>,
    clients: u16,
    line_bytes_max: usize,
}

impl PlainWriter {
    pub(super) fn new(setup: &Setup, source: &mut Source<'_>) -> Self {
        let mut weights: Vec<u64> = LINES.iter().map(|&(_, weight)| swarm(source, weight)).collect();
        weights[LineKind::Say as usize] = 70;
        Self { weights, clients: setup.clients, line_bytes_max: setup.limits.line_bytes_max }
    }

    /// Appends a line, several lines, or a part of one.
    pub(super) fn line(&self, source: &mut Source<'_>, say: &mut dyn FnMut() -> String, to: &mut Vec<u8>) {
        let kind = LINES[source.weighted(&self.weights)].0;
        let name = self.name(source);
        // IRC shows a room whose name begins with `#` with a second one.
        let room = source.pick(&ROOMS);
        let room = if room.starts_with('#') { format!("#{room}") } else { room.to_owned() };
        let said = say();
        let text = match kind {
            LineKind::Flood => {
                self.flood(source, say, to);
                said
            }
            LineKind::Garbage => {
                to.extend_from_slice(source.pick(&GARBAGE));
                said
            }
            LineKind::Long => self.long(source, said),
            LineKind::Many => {
                for _ in 0..source.between(2, 12) {
                    to.extend_from_slice(say().as_bytes());
                    to.push(b'\n');
                }
                said
            }
            LineKind::Telnet => {
                for _ in 0..source.between(1, 3) {
                    to.extend_from_slice(source.pick(&TELNET));
                }
                said
            }
            LineKind::Unended => {
                to.extend_from_slice(said.as_bytes());
                to.extend(endless(source));
                return;
            }
            kind => text(kind, source, &name, &room, said),
        };
        to.extend_from_slice(text.as_bytes());
        to.extend_from_slice(source.pick(&[&b"\n"[..], b"\n", b"\n", b"\r\n", b"\r\n", b"\r\0"]));
    }

    /// Appends many long lines.
    fn flood(&self, source: &mut Source<'_>, say: &mut dyn FnMut() -> String, to: &mut Vec<u8>) {
        let length = source.between(20, self.line_bytes_max as u64 - 20);
        for _ in 0..source.between(10, 60) {
            to.extend_from_slice(say().as_bytes());
            to.resize(to.len() + usize::try_from(length).unwrap_or_default(), b'f');
            to.push(b'\n');
        }
    }

    /// Returns a line of about the maximum length, or one that is much longer.
    fn long(&self, source: &mut Source<'_>, said: String) -> String {
        let length = self.line_bytes_max - 2 + source.index(5);
        let filler = source.pick(&["x", "é", "世"]);
        let mut text = said;
        while text.len() + filler.len() <= length {
            text += filler;
        }
        text + &"y".repeat(length.saturating_sub(self.line_bytes_max) * 40)
    }

    /// Chooses a name, usually one that a member has or other clients ask for.
    fn name(&self, source: &mut Source<'_>) -> String {
        match source.weighted(&[6, 2, 1]) {
            0 => source.pick(&NAMES).to_owned(),
            1 => format!("{}", 5_001 + source.below(self.clients.into())),
            _ => format!("n{}", source.below(100)),
        }
    }
}

/// Returns the text of a line that is a message or a command.
fn text(kind: LineKind, source: &mut Source<'_>, name: &str, room: &str, said: String) -> String {
    match kind {
        LineKind::Action => format!("/me {said}"),
        LineKind::Corrected => source.pick(&CORRECTED).replace("SAID", &said),
        LineKind::Empty => source.pick(&["", " ", "\x02"]).to_owned(),
        LineKind::Help => source
            .pick(&["/help", "/HELP join", "/help /Who", "/help dance", "/help moderation", "/help MODE"])
            .to_owned(),
        LineKind::Hidden => hidden(source, name, room, &said),
        LineKind::History => source
            .pick(&[
                "/history",
                "/history 2",
                "/history 0",
                "/history 3 before 40",
                "/history before 90",
                "/history 2 before 14:27",
                "/history before 2027-01-01",
                "/history 1 before 2026-01-01",
                "/history before",
                "/history before noon",
                "/history 2 before 14:27 now",
                "/remove",
                "/remove",
                "/delete",
                "/remove NAME",
                "/remove NAME",
                "/remove NAME now",
            ])
            .replace("NAME", name),
        LineKind::Join => {
            let (before, behind) =
                source.pick(&[("", ""), ("", ""), ("", ""), ("#", ""), ("", " key"), ("", " two words")]);
            format!("/join {before}{room}{behind}")
        }
        LineKind::Language => source.pick(&["/lang zh", "/lang en", "/lang fr"]).to_owned(),
        LineKind::Moderate => moderate(source, name, &said),
        LineKind::Nick => format!("/nick {name}"),
        LineKind::Part => format!("/part {}", source.pick(&["", &said])),
        LineKind::Quit => format!("/bye {}", source.pick(&["", &said])),
        LineKind::Reply => format!("/reply {said}"),
        LineKind::Rooms => source.pick(&["/rooms", "/rooms", "/rooms now"]).to_owned(),
        LineKind::Slashes => format!("//{said}"),
        LineKind::Tell => format!("/msg {name} {said}"),
        LineKind::Topic => match source.below(4) {
            0 => "/topic".to_owned(),
            1 => "/topic -".to_owned(),
            2 => format!("/topic {}", "t".repeat(source.index(120))),
            _ => format!("/topic {said}"),
        },
        LineKind::Unknown => {
            source.pick(&["/dance", "/", "/nick", "/msg x", "/joni tea", "、who"]).to_owned()
        }
        LineKind::Who => format!("/who {}", source.pick(&["", room])),
        LineKind::Flood
        | LineKind::Garbage
        | LineKind::Long
        | LineKind::Many
        | LineKind::Say
        | LineKind::Telnet
        | LineKind::Unended => said,
    }
}

/// Returns more bytes than a line may have, now and then; mostly none.
pub(super) fn endless(source: &mut Source<'_>) -> Vec<u8> {
    if source.chance(150) { vec![b'z'; source.index(40_000)] } else { Vec::new() }
}

/// Returns a command with invisible characters before, within and after its word.
fn hidden(source: &mut Source<'_>, name: &str, room: &str, said: &str) -> String {
    let mut unseen = || source.pick(&UNSEEN);
    let (before, between, behind) = (unseen(), unseen(), unseen());
    let slash = source.pick(&["/", "/", "／"]);
    let command = source.pick(&["msg", "MSG", "topic", "dance", "who", "join", "/", "me"]);
    let word = source.pick(&["", name, room]);
    format!("{before}{slash}{}{command}{behind} {word} {said}", between.trim())
}

/// Returns a command about other members or the modes of a room.
fn moderate(source: &mut Source<'_>, name: &str, said: &str) -> String {
    let mask = source.pick(&[name, "*!*@127.0.*", "10.0.0.1/8", "m:x", "a b"]);
    let on = source.pick(&["on", "off", "开", "maybe"]);
    match source.below(17) {
        14 => {
            let (target, time) = server_ban_target(source, name);
            format!("/oper root right\n/serverban {target} {time} {}", source.pick(&["", "spam"]))
        }
        15 => format!("/oper root right\n/serverunban {}", server_ban_target(source, name).0),
        16 => source
            .pick(&[
                "/serverban",
                "/serverbans",
                "/serverban 1h",
                "/serverunban",
                "/serverban 1h n2 spam",
                "/serverban 0m n2",
                "/serverban n2 5000w",
            ])
            .to_owned(),
        0 => format!("/kick {name} {}", source.pick(&["", said])),
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
        _ => format!("/away {}", source.pick(&["", said])),
    }
}
