//! The dialects of servers, as far as the load generator needs them.

use super::workload::NUMBER_BYTES;
use parlor_protocol::irc::ParsedMessage;
use std::io::Write;

/// The dialect of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Irc,
    Plain,
    /// The server relays lines, with or without something around them, and has no rooms.
    Raw,
}

/// The meaning of a line from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerLine<'a> {
    /// The client has entered its room.
    Entered,
    /// A client has left, with this name.
    Departure(&'a [u8]),
    /// Another client has entered, with this name.
    Entrance(&'a [u8]),
    /// A line of the load, with its number.
    Message(u32),
    /// A line without a meaning for the run.
    Other,
    /// A `PING` with its token.
    Ping(&'a str),
    /// A probe: see [`Dialect::probe`].
    Probe,
    /// The client is registered and may enter a room.
    Welcome,
}

/// The text of a line, before its number.
const FILLER: u8 = b'x';

/// The number of a probe. No message has it.
const PROBE: u32 = u32::MAX;

/// The end of the line that announces an entrance: the ancestor's, and Parlor's in Chinese.
const WELCOME_ZH: &[u8] = "进入聊天室".as_bytes();

/// The end of the line that announces a departure, in Chinese.
const FAREWELL_ZH: &[u8] = "退出聊天室".as_bytes();

/// Capabilities of IRC that change what a room's members receive. Their combinations are 64 wire classes.
const CAPABILITIES: [&str; 6] =
    ["server-time", "message-tags", "extended-join", "away-notify", "invite-notify", "setname"];

impl Dialect {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "irc" => Some(Self::Irc),
            "plain" => Some(Self::Plain),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Irc => "irc",
            Self::Plain => "plain",
            Self::Raw => "raw",
        }
    }

    /// Returns whether a client has a name that the server gives others. A plain client's is its port.
    pub(super) fn is_named(self, name: &[u8], client: usize, port: u16) -> bool {
        let own = match self {
            Self::Irc => format!("u{client}"),
            Self::Plain => port.to_string(),
            Self::Raw => return false,
        };
        name == own.as_bytes()
    }

    /// Writes the first lines of a client, which requests the capabilities of its class.
    pub(super) fn register(self, client: u32, classes: u32, to: &mut Vec<u8>) {
        if self != Self::Irc {
            return;
        }
        let class = client % classes.max(1);
        let asked = CAPABILITIES.iter().enumerate().filter(|(bit, _)| class & 1 << bit != 0);
        let asked: Vec<&str> = asked.map(|(_, name)| *name).collect();
        if !asked.is_empty() {
            write(to, format_args!("CAP REQ :{}\r\n", asked.join(" ")));
        }
        write(to, format_args!("NICK u{client}\r\nUSER u{client} 0 * :u{client}\r\n"));
        if !asked.is_empty() {
            write(to, format_args!("CAP END\r\n"));
        }
    }

    /// Returns the number of clients that may be entering at the same time. Without a registration, a client cannot know
    /// whether the server has accepted it, so all of them must fit into the queue of any listener.
    pub(super) const fn entering_max(self) -> u32 {
        match self {
            Self::Irc => 512,
            Self::Plain | Self::Raw => 64,
        }
    }

    /// Returns whether a client waits for [`ServerLine::Welcome`] before it enters a room.
    pub(super) fn waits_for_welcome(self) -> bool {
        self == Self::Irc
    }

    /// Writes the lines that enter some of `count` rooms. If there is only one room, plain clients stay in the lobby.
    pub(super) fn enter(self, rooms: &[u32], count: u32, to: &mut Vec<u8>) {
        for room in rooms {
            match self {
                Self::Irc => write(to, format_args!("JOIN #room{room}\r\n")),
                Self::Plain if count > 1 => write(to, format_args!("/join room{room}\n")),
                Self::Plain | Self::Raw => {}
            }
        }
    }

    /// Writes a line for the client's room, with a text of `line_bytes`.
    pub(super) fn say(self, room: u32, line_bytes: u32, number: u32, to: &mut Vec<u8>) {
        if self == Self::Irc {
            write(to, format_args!("PRIVMSG #room{room} :"));
        }
        let filler = (line_bytes as usize).saturating_sub(NUMBER_BYTES);
        to.resize(to.len() + filler, FILLER);
        write(to, format_args!("~{number:08x}"));
        to.extend_from_slice(if self == Self::Irc { b"\r\n" } else { b"\n" });
    }

    /// Writes a probe: a line that is repeated until every client in the room has received one.
    pub(super) fn probe(self, room: u32, to: &mut Vec<u8>) {
        self.say(room, 0, PROBE, to);
    }

    pub(super) fn pong(token: &str, to: &mut Vec<u8>) {
        write(to, format_args!("PONG :{token}\r\n"));
    }

    /// Returns the meaning of a line, without its end, that `client` received.
    pub(super) fn read(self, line: &[u8], client: u32) -> ServerLine<'_> {
        match number(line) {
            Some(PROBE) => return ServerLine::Probe,
            Some(number) => return ServerLine::Message(number),
            None => {}
        }
        match self {
            Self::Irc => read_irc(line, client),
            Self::Plain => {
                // In English or in Chinese. A name contains no space, unlike a message that ends with these words.
                let name = |word: &[u8]| line.strip_suffix(word).filter(|name| !name.contains(&b' '));
                let welcome_zh = || name(WELCOME_ZH).and_then(|name| name.strip_prefix("欢迎".as_bytes()));
                if let Some(name) = name(b" joined").or_else(welcome_zh) {
                    return ServerLine::Entrance(name);
                }
                let left = name(b" left").or_else(|| name(FAREWELL_ZH));
                left.map_or(ServerLine::Other, ServerLine::Departure)
            }
            Self::Raw => ServerLine::Other,
        }
    }

    /// Counts the entrances in bytes without a line end, as the ancestor announces them, and returns the end of the last.
    pub(super) fn unended_entrances(self, bytes: &[u8]) -> (u32, usize) {
        let found = memchr::memmem::find_iter(bytes, WELCOME_ZH);
        match self {
            Self::Raw => found.fold((0, 0), |(count, _), at| (count + 1, at + WELCOME_ZH.len())),
            Self::Irc | Self::Plain => (0, 0),
        }
    }
}

fn read_irc(line: &[u8], client: u32) -> ServerLine<'_> {
    // A line that is not a message has no meaning here.
    let Ok(message) = ParsedMessage::from_server(line) else { return ServerLine::Other };
    match (message.command, message.params()) {
        ("001", _) => ServerLine::Welcome,
        ("366", _) => ServerLine::Entered,
        ("JOIN", _) => match nick(&message) {
            Some(nick) if nick.strip_prefix('u') != Some(client.to_string().as_str()) => {
                ServerLine::Entrance(nick.as_bytes())
            }
            _ => ServerLine::Other,
        },
        ("PING", [token, ..]) => ServerLine::Ping(token),
        ("QUIT", _) => {
            nick(&message).map_or(ServerLine::Other, |nick| ServerLine::Departure(nick.as_bytes()))
        }
        _ => ServerLine::Other,
    }
}

/// Returns the name of the member that a message comes from.
fn nick<'a>(message: &ParsedMessage<'a>) -> Option<&'a str> {
    message.source?.split('!').next()
}

/// Returns whether a line has its whole text of `line_bytes`.
pub(super) fn is_whole(line: &[u8], line_bytes: u32) -> bool {
    let text = line.len().checked_sub(line_bytes as usize).map(|at| &line[at..line.len() - NUMBER_BYTES]);
    text.is_some_and(|text| text.iter().all(|&byte| byte == FILLER))
}

/// Returns the number at the end of a line.
fn number(line: &[u8]) -> Option<u32> {
    let (_, mark) = line.split_last_chunk::<NUMBER_BYTES>()?;
    let (b'~', digits) = mark.split_first()? else { return None };
    let mut number = 0;
    for &digit in digits {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        number = number << 4 | u32::from(value);
    }
    Some(number)
}

fn write(to: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    to.write_fmt(text).expect("writing to a vector cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_line_is_recognised() {
        for dialect in [Dialect::Irc, Dialect::Plain, Dialect::Raw] {
            let mut written = Vec::new();
            dialect.say(0, 64, 0xabcd, &mut written);
            let text = written.trim_ascii_end();
            let before: &[u8] = if dialect == Dialect::Irc { b"PRIVMSG #room0 :" } else { b"" };
            assert_eq!(text.len() - before.len(), 64);
            assert_eq!(dialect.read(text, 0), ServerLine::Message(0xabcd));
            assert!(is_whole(text, 64) && !is_whole(&text[text.len() - 63..], 64));
            assert!(!is_whole(&[b"xxxxxy", &text[text.len() - 50..]].concat(), 56));
            written.clear();
            dialect.probe(0, &mut written);
            assert_eq!(dialect.read(written.trim_ascii_end(), 0), ServerLine::Probe);
            assert_eq!(Dialect::named(dialect.name()), Some(dialect));
        }
    }

    #[test]
    fn irc_clients_request_the_capabilities_of_their_class() {
        let hello = |client, classes| {
            let mut written = Vec::new();
            Dialect::Irc.register(client, classes, &mut written);
            String::from_utf8(written).unwrap()
        };
        assert_eq!(hello(5, 1), "NICK u5\r\nUSER u5 0 * :u5\r\n");
        assert_eq!(
            hello(5, 64),
            "CAP REQ :server-time extended-join\r\nNICK u5\r\nUSER u5 0 * :u5\r\nCAP END\r\n"
        );
        let all: std::collections::BTreeSet<String> =
            (0..64).map(|client| hello(client, 64).replace(&format!("u{client}"), "u")).collect();
        assert_eq!(all.len(), 64);
    }

    #[test]
    fn entrances_are_told_apart_from_messages() {
        let plain = Dialect::Plain;
        assert_eq!(plain.read(b"5001 joined", 0), ServerLine::Entrance(b"5001"));
        assert_eq!(plain.read("欢迎5001进入聊天室".as_bytes(), 0), ServerLine::Entrance(b"5001"));
        assert_eq!(plain.read(b"5001: somebody joined", 0), ServerLine::Other);
        assert_eq!(plain.read(b"* You are 5001", 0), ServerLine::Other);
        assert_eq!(plain.read(b"5001 left", 0), ServerLine::Departure(b"5001"));
        assert_eq!(plain.read("5001退出聊天室".as_bytes(), 0), ServerLine::Departure(b"5001"));
        assert_eq!(plain.read(b"5001: somebody left", 0), ServerLine::Other);
        let irc = Dialect::Irc;
        assert_eq!(irc.read(b":u7!u7@host JOIN #room0", 0), ServerLine::Entrance(b"u7"));
        assert_eq!(irc.read(b":u7!u7@host JOIN #room0", 7), ServerLine::Other);
        assert_eq!(irc.read(b":server 001 u7 :Welcome", 7), ServerLine::Welcome);
        assert_eq!(irc.read(b":server 366 u7 #room0 :End of /NAMES list", 7), ServerLine::Entered);
        assert_eq!(irc.read(b":u7!u7@host QUIT :slow", 3), ServerLine::Departure(b"u7"));
        assert_eq!(irc.read(b"PING :token", 7), ServerLine::Ping("token"));
        let unended = "欢迎5001进入聊天室欢迎5002进入聊天室欢".as_bytes();
        assert_eq!(Dialect::Raw.unended_entrances(unended), (2, unended.len() - "欢".len()));
        assert_eq!(plain.unended_entrances(unended), (0, 0));
    }
}
