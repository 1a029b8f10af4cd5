//! Parsing of typed input: telnet commands, UTF-16 and line ends. The model uses it instead of the core's parser: it
//! takes one token after the other from the start of the unread bytes.

use std::collections::BTreeSet;

/// The state of a parser for typed input.
#[derive(Debug, Default)]
pub struct Typed {
    /// The unfinished line.
    pub line: Vec<u8>,
    encoding: Encoding,
    /// The refused options: the verb of the request, and the option.
    refused: BTreeSet<(u8, u8)>,
    /// Whether the client has sent a telnet command.
    speaks_telnet: bool,
    /// Whether the client was asked to transmit binary.
    asked: bool,
    /// The client's last answer to that.
    transmits_binary: Option<bool>,
    /// Whether the previous line ended with a CR, in binary transmission.
    ended_with_return: bool,
    /// Whether the rest of the line is skipped, because it belongs to a subnegotiation that is too long.
    skips_line: bool,
    /// Whether a telnet command was read as a byte of a character.
    pub mended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    /// Not known yet: the first bytes decide.
    #[default]
    Unknown,
    Text,
    Utf16 {
        big_endian: bool,
    },
}

/// An item of typed input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The telnet command "Are You There".
    AreYouThere,
    /// A line, without its end.
    Line(Vec<u8>),
    /// A telnet command that must be answered with these bytes.
    Telnet([u8; 3]),
}

/// A token of typed input.
enum Token {
    Byte(u8),
    Character(char),
    Command(u8),
    Option(u8, u8),
    Subnegotiation,
    /// A subnegotiation that another command interrupts.
    BrokenOff,
    /// A subnegotiation that is too long.
    TooLong,
}

const IAC: u8 = 255;

impl Typed {
    /// Whether the bytes were UTF-16.
    #[must_use]
    pub fn is_utf16(&self) -> bool {
        matches!(self.encoding, Encoding::Utf16 { .. })
    }

    /// Whether the client transmits binary.
    #[must_use]
    pub fn transmits_binary(&self) -> bool {
        self.transmits_binary == Some(true)
    }

    /// Reads the next item, and leaves an incomplete token in `unread`. Characters are not mended beyond the limit of a
    /// line.
    pub fn read(&mut self, unread: &mut Vec<u8>, ended: bool, line_bytes_max: usize) -> Option<Item> {
        if self.encoding == Encoding::Unknown {
            let (encoding, taken) = first(unread, ended)?;
            self.encoding = encoding;
            unread.drain(..taken);
        }
        loop {
            if self.skips_line && !self.skip_line(unread) {
                return None;
            }
            if self.speaks_telnet && !self.asked && self.transmits_binary.is_none() {
                self.asked = true;
                return Some(Item::Telnet([IAC, 253, 0]));
            }
            let (token, length) = match self.encoding {
                Encoding::Utf16 { big_endian } => utf16(unread, big_endian),
                _ => text(unread),
            }?;
            unread.drain(..length);
            let mut bytes = Vec::new();
            self.speaks_telnet |= matches!(
                token,
                Token::Command(_) | Token::Option(..) | Token::Subnegotiation | Token::TooLong
            );
            match token {
                Token::Byte(byte) => bytes.push(byte),
                Token::Character(character) => bytes.extend(character.to_string().bytes()),
                Token::Command(246) => return Some(Item::AreYouThere),
                Token::Command(command) => bytes.extend(self.command(command, line_bytes_max)),
                Token::Option(verb, option) => {
                    if let Some(answer) = self.negotiate(verb, option) {
                        return Some(Item::Telnet(answer));
                    }
                }
                Token::TooLong => {
                    self.line.clear();
                    self.skips_line = true;
                }
                Token::BrokenOff | Token::Subnegotiation => {}
            }
            if let Some(line) = bytes.into_iter().find_map(|byte| self.add(byte)) {
                return Some(Item::Line(line));
            }
        }
    }

    /// Removes the bytes up to the end of the line. Returns whether the end was among them.
    fn skip_line(&mut self, unread: &mut Vec<u8>) -> bool {
        let end = unread.iter().position(|byte| b"\r\n".contains(byte));
        self.skips_line = end.is_none();
        self.ended_with_return = end.is_some_and(|end| unread[end] == b'\r');
        unread.drain(..end.map_or(unread.len(), |end| end + 1));
        end.is_some()
    }

    /// Acts on a command without an answer. Returns the byte that it stands for, if there is one.
    fn command(&mut self, command: u8, line_bytes_max: usize) -> Option<u8> {
        match command {
            // Erase character, erase line.
            247 => return Some(0x08),
            248 => return Some(0x15),
            _ => {}
        }
        let byte = self.byte_for(command, line_bytes_max);
        match byte {
            Some(_) => self.mended = true,
            // Abort, data mark, break, interrupt process.
            None if matches!(command, 238 | 242..=244) => self.line.clear(),
            None => {}
        }
        byte
    }

    /// Acts on the negotiation of an option. Returns the answer, if it needs one.
    fn negotiate(&mut self, verb: u8, option: u8) -> Option<[u8; 3]> {
        match (verb, option) {
            (253, 6) => return Some([IAC, 251, 6]),
            (251 | 252, 0) => {
                let binary = verb == 251;
                let answers = self.asked && self.transmits_binary.is_none();
                let before = self.transmits_binary.replace(binary).unwrap_or(false);
                if before != binary && !answers {
                    return Some([IAC, if binary { 253 } else { 254 }, 0]);
                }
            }
            (251 | 253, option) => {
                if self.refused.insert((verb, option)) {
                    return Some([IAC, if verb == 253 { 252 } else { 254 }, option]);
                }
            }
            (verb, option) => {
                let asked = if verb == 254 { 253 } else { 251 };
                self.refused.remove(&(asked, option));
            }
        }
        None
    }

    /// Adds a byte to the unfinished line. Returns the line if the byte ends it.
    fn add(&mut self, byte: u8) -> Option<Vec<u8>> {
        let after_return = std::mem::take(&mut self.ended_with_return);
        if after_return && [b'\n', 0].contains(&byte) {
            return None;
        }
        self.ended_with_return = byte == b'\r' && self.transmits_binary();
        if self.ended_with_return || byte == b'\n' || byte == 0 && self.line.last() == Some(&b'\r') {
            return Some(self.end_line());
        }
        self.line.push(byte);
        None
    }

    /// Returns the byte that a command stands for within a character. A telnet client that looks at a byte without its
    /// eighth bit takes it for a key, and sends a command: interrupt, break, suspend or abort output.
    fn byte_for(&self, command: u8, line_bytes_max: usize) -> Option<u8> {
        let byte = match command {
            244 => 0x83,
            245 => 0x8f,
            237 => 0x9a,
            243 => 0x9c,
            _ => return None,
        };
        let may_be = !self.transmits_binary() && self.line.len() <= line_bytes_max;
        (may_be && is_within_character(&self.line, byte)).then_some(byte)
    }

    /// Ends the unfinished line, and returns it.
    pub fn end_line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        line
    }
}

/// Whether the end of the line is the start of a character that can continue with this byte. If the byte before that
/// start is not ASCII or the end of a character, the text is in another encoding.
fn is_within_character(line: &[u8], byte: u8) -> bool {
    (1..=line.len().min(3)).any(|begun| {
        let (before, begun) = line.split_at(line.len() - begun);
        let length = match begun[0] {
            0xc2..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0..0xf5 => 4,
            _ => return false,
        };
        let mut character = begun.to_vec();
        character.push(byte);
        character.resize(character.len().max(length), 0x80);
        let is_one = String::from_utf8(character).is_ok_and(|it| it.chars().count() == 1);
        is_one && before.last().is_none_or(|&before| before < 0xc0)
    })
}

/// Returns the encoding of a stream and the length of its mark; `None` if that needs more bytes.
fn first(unread: &[u8], ended: bool) -> Option<(Encoding, usize)> {
    let little = Some((Encoding::Utf16 { big_endian: false }, 2));
    let text = Some((Encoding::Text, 0));
    match unread {
        [0xfe] if ended => text,
        [] | [0xfe | 0xff] | [0xff, 0xfe] => None,
        [0xfe, 0xff, ..] => Some((Encoding::Utf16 { big_endian: true }, 2)),
        // Telnet's DONT, if it is followed by the number of an option and another command.
        [0xff, 0xfe, 0..50] | [0xff, 0xfe, 0..50, 0xff] => None,
        [0xff, 0xfe, 0..50, 0xff, 240..=254, ..] => Some((Encoding::Text, 3)),
        [0xff, 0xfe, ..] => little,
        _ => text,
    }
}

fn text(unread: &[u8]) -> Option<(Token, usize)> {
    Some(match *unread {
        [] | [IAC] | [IAC, 251..=254] => return None,
        [IAC, IAC, ..] => (Token::Byte(IAC), 2),
        [IAC, 250, ..] => subnegotiation(unread)?,
        [IAC, verb @ 251..=254, option, ..] => (Token::Option(verb, option), 3),
        [IAC, command @ 236..=255, ..] => (Token::Command(command), 2),
        [byte, ..] => (Token::Byte(byte), 1),
    })
}

/// Returns a subnegotiation and its length, if it is complete. It has at most 1,024 bytes.
fn subnegotiation(unread: &[u8]) -> Option<(Token, usize)> {
    let mut at = 2;
    while at - 2 < 1_024 {
        match unread[at..] {
            [] | [IAC] => return None,
            [IAC, 240, ..] => return Some((Token::Subnegotiation, at + 2)),
            [IAC, IAC, ..] => at += 2,
            [IAC, 236..=255, ..] => return Some((Token::BrokenOff, at)),
            [IAC, _, ..] => at += 2,
            _ => at += 1,
        }
    }
    Some((Token::TooLong, at))
}

fn utf16(unread: &[u8], big_endian: bool) -> Option<(Token, usize)> {
    let unit = |at: usize| {
        let bytes = [*unread.get(at)?, *unread.get(at + 1)?];
        Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let first = unit(0)?;
    let is_high = (0xd800..0xdc00).contains(&first);
    let units = if is_high { vec![first, unit(2)?] } else { vec![first] };
    let decoded = char::decode_utf16(units).next()?;
    let length = if is_high && decoded.is_ok() { 4 } else { 2 };
    Some((Token::Character(decoded.unwrap_or(char::REPLACEMENT_CHARACTER)), length))
}
