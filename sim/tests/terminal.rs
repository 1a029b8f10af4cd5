//! Members read a typed line as its author's terminal showed it, whatever keys were used.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use parlor_protocol::{ConnId, Dialect, Limits, MemoryServer, Options, Rate, RoomName, Text};
use parlor_sim::terminal;
use proptest::prelude::*;

/// A room with a speaker and a listener.
struct Room {
    server: MemoryServer,
    conns: [ConnId; 2],
}

impl Room {
    fn new() -> Self {
        let limits = Limits { rate: Rate { lines: 0, burst: 1 }, ..Limits::default() };
        let mut server = MemoryServer::new(limits, Options { greeting: false, ..Options::default() });
        let conns = [5_001, 5_002].map(|port| {
            let peer = ([127, 0, 0, 1], port).into();
            let conn = server.connect(Dialect::Plain, peer, Some(&RoomName::lobby())).unwrap();
            // After a first message the client counts as a person, whatever it sends next.
            server.send(conn, b"hello\n");
            conn
        });
        let mut room = Self { server, conns };
        // After a first line it is clear that a person is typing.
        room.heard(b"hi\n", 9).unwrap();
        room
    }

    /// Returns the message that the listener reads if the speaker sends these bytes in pieces of this size.
    fn heard(&mut self, bytes: &[u8], piece: usize) -> Option<String> {
        let [speaker, listener] = self.conns;
        self.server.read(listener);
        bytes.chunks(piece).for_each(|piece| self.server.send(speaker, piece));
        let read = String::from_utf8(self.server.read(listener)).unwrap();
        if read.is_empty() {
            return None;
        }
        Some(read.strip_prefix("5001: ").and_then(|line| line.strip_suffix('\n')).unwrap().to_owned())
    }
}

/// Keys, as the bytes that a terminal sends for them.
fn keys() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "\x08",
        "\x08",
        "\x7f",
        "\x15",
        "\x17",
        "a",
        "b",
        "word",
        " ",
        " ",
        "  ",
        "你",
        "é",
        "e\u{301}",
        "👩\u{200d}💻",
        "👍\u{1f3fd}",
        "🇩",
        "🇪",
        "\u{1112}\u{1161}\u{11ab}",
        "\t",
        "\x1b[D",
        "\x1bOA",
        "\x1b[3~",
        "\x00",
        "\x07",
    ]);
    prop::collection::vec(key, 0..30).prop_map(|keys| keys.concat())
}

/// Text as programs print it.
fn printed() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "\x1b", "/", "\x1b[", "\x1b]", "\x1bP", "\x1b\\", "\x1bO", "\x1b(", "\u{9b}", "\u{9d}", "\u{9c}",
        "\u{90}", "\u{8f}", "\x07", "\x18", "[", "]", "0;1", "31", "m", "?", " ", "#", "B", "~", "text",
        "你", "\x02", "\x0304", "\r", "\r", "\t", "\u{2028}", "\u{feff}", "\x7f", "\u{85}",
    ]);
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_message_is_the_line_that_the_terminal_showed(keys in keys(), piece in 1..9_usize) {
        let mut room = Room::new();
        let shown = terminal::clean(&terminal::corrected(&keys));
        let heard = room.heard(format!("{keys}\r\n").as_bytes(), piece);
        if shown.is_empty() {
            prop_assert_eq!(heard, None);
        } else {
            prop_assert_eq!(heard, Some(shown));
        }
    }

    /// Telnet's commands to erase a character or a line have the same effect as the keys. Other commands are removed.
    #[test]
    fn telnet_commands_within_a_line_are_removed(keys in keys(), piece in 1..9_usize, noise in prop::sample::select(vec![
        &b"\xff\xf1"[..], b"\xff\xf9", b"\xff\xfc\x1f", b"\xff\xfe\x01", b"\xff\xfa\x1f\x00\x0a\xff\xff\x00\x18\xff\xf0",
        b"\xff\xfa\x18\x00\r\n\x08\x15/quit\n\xff\xf0",
    ])) {
        let mut bytes = noise.to_vec();
        for character in keys.chars() {
            match character {
                '\x08' => bytes.extend(b"\xff\xf7"),
                '\x15' => bytes.extend(b"\xff\xf8"),
                _ => bytes.extend(character.to_string().bytes()),
            }
            bytes.extend(noise);
        }
        bytes.extend(b"\r\0");
        let shown = terminal::clean(&terminal::corrected(&keys));
        let heard = Room::new().heard(&[b".\n".as_slice(), &bytes].concat(), piece);
        let expected = if shown.is_empty() { ".".to_owned() } else { format!(".\n5001: {shown}") };
        prop_assert_eq!(heard, Some(expected));
    }

    /// Until it transmits binary, GNU telnet takes a byte for a key of its terminal if the byte without its eighth bit is
    /// that key. (It does not send the rest of a line after 0x9D, which is Ctrl-].)
    #[test]
    fn bytes_that_telnet_takes_for_keys_are_mended(
        text in "[A-Za-z \u{C0}-\u{24F}\u{400}-\u{4FF}一-鿿가-힣🀀-🫿]{1,20}",
        piece in 1..9_usize,
    ) {
        let mut bytes = Vec::new();
        for byte in text.bytes() {
            let command = match byte {
                0x83 => 244,
                0x8F => 245,
                0x9A => 237,
                0x9C => 243,
                _ => 0,
            };
            if command == 0 { bytes.push(byte) } else { bytes.extend([255, command, 255, 253, 6]) }
        }
        bytes.extend(b"\r\n");
        let shown = terminal::clean(&text);
        prop_assert_eq!(Room::new().heard(&bytes, piece), (!shown.is_empty()).then_some(shown));
    }

    #[test]
    fn printed_text_is_cleaned_like_on_a_terminal(printed in printed()) {
        let without_mark = printed.strip_prefix('\u{feff}').unwrap_or(&printed);
        let text = Text::clean(printed.as_bytes(), false);
        prop_assert_eq!(text.as_str(), terminal::clean(without_mark));
    }
}
