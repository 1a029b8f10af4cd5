//! How clients speak to a server: as little of each dialect as a load needs.

use super::workload::MARK_BYTES;
use parlor_protocol::irc::ParsedMessage;
use std::io::Write;

/// What the server's clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Irc,
    Plain,
    /// The server passes on what it is sent, with or without something around it, and knows no rooms.
    Raw,
}

/// What a line from the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// Somebody else entered.
    Entrance,
    /// A line that was said, by its number.
    Message(u32),
    Other,
    /// To be answered at once.
    Ping(&'a str),
    /// Said until everyone in the room has heard it.
    Probe,
    /// The server knows the client, which may enter a room now.
    Welcome,
    /// The client has entered its room.
    Entered,
}

/// What a line is made of, but for its number.
const FILLER: u8 = b'x';

/// No message has this number: it says that who hears it is there.
const PROBE: u32 = u32::MAX;

/// How what the room's ancestor says of an entrance ends, and what Parlor says in Chinese.
const WELCOME_ZH: &[u8] = "进入聊天室".as_bytes();

/// Capabilities of IRC that change what a room's members read: of so many come 64 wire classes.
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

    /// The first bytes of a client. Of so many classes, it asks for the capabilities of its own.
    pub(super) fn hello(self, client: u32, classes: u32, to: &mut Vec<u8>) {
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

    /// Clients that have not entered yet, where they come one after the other. Those that say nothing at first must
    /// fit into the queue of any server that listens: one that does not is not let in, and nothing tells it.
    pub(super) const fn entering_max(self) -> u32 {
        match self {
            Self::Irc => 512,
            Self::Plain | Self::Raw => 64,
        }
    }

    /// Whether a client waits for [`Heard::Welcome`] before it enters a room.
    pub(super) fn is_welcomed(self) -> bool {
        self == Self::Irc
    }

    /// A client enters its room. Where there is one for all, the plain dialect's is the lobby.
    pub(super) fn enter(self, room: u32, rooms: u32, to: &mut Vec<u8>) {
        match self {
            Self::Irc => write(to, format_args!("JOIN #room{room}\r\n")),
            Self::Plain if rooms > 1 => write(to, format_args!("/join room{room}\n")),
            Self::Plain | Self::Raw => {}
        }
    }

    /// A line in the client's room, whose text has this many bytes.
    pub(super) fn say(self, room: u32, line_bytes: u32, number: u32, to: &mut Vec<u8>) {
        if self == Self::Irc {
            write(to, format_args!("PRIVMSG #room{room} :"));
        }
        let filler = (line_bytes as usize).saturating_sub(MARK_BYTES);
        to.resize(to.len() + filler, FILLER);
        write(to, format_args!("~{number:08x}"));
        to.extend_from_slice(if self == Self::Irc { b"\r\n" } else { b"\n" });
    }

    pub(super) fn probe(self, room: u32, to: &mut Vec<u8>) {
        self.say(room, 0, PROBE, to);
    }

    pub(super) fn pong(token: &str, to: &mut Vec<u8>) {
        write(to, format_args!("PONG :{token}\r\n"));
    }

    /// Reads a line without its end. `client` is who hears it.
    pub(super) fn read(self, line: &[u8], client: u32) -> Heard<'_> {
        match number(line) {
            Some(PROBE) => return Heard::Probe,
            Some(number) => return Heard::Message(number),
            None => {}
        }
        match self {
            Self::Irc => read_irc(line, client),
            Self::Plain => {
                // In English or in Chinese: a name has no space in it.
                let name = line.strip_suffix(b" joined").or_else(|| line.strip_suffix(WELCOME_ZH));
                let entered = name.is_some_and(|name| !name.contains(&b' '));
                if entered { Heard::Entrance } else { Heard::Other }
            }
            Self::Raw => Heard::Other,
        }
    }

    /// How many entrances these bytes tell that no line end follows, and where the last of them ends.
    pub(super) fn unended_entrances(self, bytes: &[u8]) -> (u32, usize) {
        let found = memchr::memmem::find_iter(bytes, WELCOME_ZH);
        match self {
            Self::Raw => found.fold((0, 0), |(count, _), at| (count + 1, at + WELCOME_ZH.len())),
            Self::Irc | Self::Plain => (0, 0),
        }
    }
}

fn read_irc(line: &[u8], client: u32) -> Heard<'_> {
    // What is no message says nothing, whoever sends it.
    let Ok(message) = ParsedMessage::from_server(line) else { return Heard::Other };
    match (message.command, message.params()) {
        ("001", _) => Heard::Welcome,
        ("366", _) => Heard::Entered,
        ("JOIN", _) => {
            let nick = message.source.and_then(|source| source.split('!').next());
            let own = nick.and_then(|nick| nick.strip_prefix('u')) == Some(client.to_string().as_str());
            if own { Heard::Other } else { Heard::Entrance }
        }
        ("PING", [token, ..]) => Heard::Ping(token),
        _ => Heard::Other,
    }
}

/// Whether a line has all of its text, which has this many bytes.
pub(super) fn is_whole(line: &[u8], line_bytes: u32) -> bool {
    let text = line.len().checked_sub(line_bytes as usize).map(|at| &line[at..line.len() - MARK_BYTES]);
    text.is_some_and(|text| text.iter().all(|&byte| byte == FILLER))
}

/// The number at the end of a line.
fn number(line: &[u8]) -> Option<u32> {
    let (_, mark) = line.split_last_chunk::<MARK_BYTES>()?;
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
    to.write_fmt(text).expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_known_again() {
        for dialect in [Dialect::Irc, Dialect::Plain, Dialect::Raw] {
            let mut said = Vec::new();
            dialect.say(0, 64, 0xabcd, &mut said);
            let text = said.trim_ascii_end();
            let before: &[u8] = if dialect == Dialect::Irc { b"PRIVMSG #room0 :" } else { b"" };
            assert_eq!(text.len() - before.len(), 64);
            assert_eq!(dialect.read(text, 0), Heard::Message(0xabcd));
            assert!(is_whole(text, 64) && !is_whole(&text[text.len() - 63..], 64));
            assert!(!is_whole(&[b"xxxxxy", &text[text.len() - 50..]].concat(), 56));
            said.clear();
            dialect.probe(0, &mut said);
            assert_eq!(dialect.read(said.trim_ascii_end(), 0), Heard::Probe);
            assert_eq!(Dialect::named(dialect.name()), Some(dialect));
        }
    }

    #[test]
    fn clients_of_irc_ask_for_the_capabilities_of_their_class() {
        let hello = |client, classes| {
            let mut said = Vec::new();
            Dialect::Irc.hello(client, classes, &mut said);
            String::from_utf8(said).unwrap()
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
    fn who_enters_is_told_from_what_is_said() {
        let plain = Dialect::Plain;
        assert_eq!(plain.read(b"5001 joined", 0), Heard::Entrance);
        assert_eq!(plain.read("欢迎5001进入聊天室".as_bytes(), 0), Heard::Entrance);
        assert_eq!(plain.read(b"5001: somebody joined", 0), Heard::Other);
        assert_eq!(plain.read(b"* You are 5001", 0), Heard::Other);
        let irc = Dialect::Irc;
        assert_eq!(irc.read(b":u7!u7@host JOIN #room0", 0), Heard::Entrance);
        assert_eq!(irc.read(b":u7!u7@host JOIN #room0", 7), Heard::Other);
        assert_eq!(irc.read(b":server 001 u7 :Welcome", 7), Heard::Welcome);
        assert_eq!(irc.read(b":server 366 u7 #room0 :End of /NAMES list", 7), Heard::Entered);
        assert_eq!(irc.read(b"PING :token", 7), Heard::Ping("token"));
        let unended = "欢迎5001进入聊天室欢迎5002进入聊天室欢".as_bytes();
        assert_eq!(Dialect::Raw.unended_entrances(unended), (2, unended.len() - "欢".len()));
        assert_eq!(plain.unended_entrances(unended), (0, 0));
    }
}
