//! What comes from people: telnet's commands, UTF-16, and the ends of lines, in the model's own reading. Bytes are looked
//! at token by token, from the front of everything that has not been read.

use std::collections::BTreeSet;

/// What is read of people.
#[derive(Debug, Default)]
pub struct Typed {
    /// The begun line, all of it.
    pub line: Vec<u8>,
    encoding: Encoding,
    /// Which options were refused: the verb that asked, and the option.
    refused: BTreeSet<(u8, u8)>,
    /// Whether it has sent a command of telnet.
    speaks_telnet: bool,
    /// Whether it was asked to transmit binary.
    asked: bool,
    /// What it said last of that: that it does, or does not.
    transmits_binary: Option<bool>,
    /// The line before ended with a CR, of what is transmitted as it is.
    ended_with_return: bool,
    /// A subnegotiation was longer than any: what is left of the line is part of it.
    skips_line: bool,
    /// Whether a function was read as a byte of a character.
    pub mended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    /// The first bytes tell.
    #[default]
    Unknown,
    Text,
    Utf16 {
        big_endian: bool,
    },
}

/// What is to be done next for one who types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Whether the server is there is asked.
    AreYouThere,
    /// The line, its end taken off.
    Line(Vec<u8>),
    /// These bytes are the answer.
    Telnet([u8; 3]),
}

/// The smallest part of a stream that means something.
enum Token {
    Byte(u8),
    Character(char),
    Command(u8),
    Option(u8, u8),
    Subnegotiation,
    /// One that another command breaks off.
    BrokenOff,
    /// One that is longer than any.
    TooLong,
}

const IAC: u8 = 255;

impl Typed {
    /// Whether the bytes were UTF-16.
    #[must_use]
    pub fn is_utf16(&self) -> bool {
        matches!(self.encoding, Encoding::Utf16 { .. })
    }

    /// Whether bytes come as they were typed.
    #[must_use]
    pub fn transmits_binary(&self) -> bool {
        self.transmits_binary == Some(true)
    }

    /// Reads up to something to do. What may be the beginning of a token stays. Nothing is mended behind the limit of a
    /// line.
    pub fn read(&mut self, unread: &mut Vec<u8>, ended: bool, line_bytes_max: usize) -> Option<Item> {
        if self.encoding == Encoding::Unknown {
            let (encoding, taken) = first(unread, ended)?;
            self.encoding = encoding;
            unread.drain(..taken);
        }
        loop {
            if self.skips_line {
                let end = unread.iter().position(|byte| b"\r\n".contains(byte));
                self.skips_line = end.is_none();
                self.ended_with_return = end.is_some_and(|end| unread[end] == b'\r');
                unread.drain(..end.map_or(unread.len(), |end| end + 1));
                if self.skips_line {
                    return None;
                }
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
                // Erase character, erase line.
                Token::Command(247) => bytes.push(0x08),
                Token::Command(248) => bytes.push(0x15),
                Token::Command(command) => match self.byte_for(command, line_bytes_max) {
                    Some(byte) => {
                        self.mended = true;
                        bytes.push(byte);
                    }
                    // Abort, data mark, break, interrupt process.
                    None if matches!(command, 238 | 242..=244) => self.line.clear(),
                    None => {}
                },
                Token::Option(253, 6) => return Some(Item::Telnet([IAC, 251, 6])),
                Token::Option(verb @ (251 | 252), 0) => {
                    let binary = verb == 251;
                    let answers = self.asked && self.transmits_binary.is_none();
                    let before = self.transmits_binary.replace(binary).unwrap_or(false);
                    if before != binary && !answers {
                        return Some(Item::Telnet([IAC, if binary { 253 } else { 254 }, 0]));
                    }
                }
                Token::Option(verb @ (251 | 253), option) => {
                    if self.refused.insert((verb, option)) {
                        let answer = if verb == 253 { 252 } else { 254 };
                        return Some(Item::Telnet([IAC, answer, option]));
                    }
                }
                Token::Option(verb, option) => {
                    let asked = if verb == 254 { 253 } else { 251 };
                    self.refused.remove(&(asked, option));
                }
                Token::TooLong => {
                    self.line.clear();
                    self.skips_line = true;
                }
                Token::BrokenOff | Token::Subnegotiation => {}
            }
            for byte in bytes {
                let after_return = std::mem::take(&mut self.ended_with_return);
                if after_return && [b'\n', 0].contains(&byte) {
                    continue;
                }
                self.ended_with_return = byte == b'\r' && self.transmits_binary();
                if self.ended_with_return {
                    return Some(Item::Line(self.end_line()));
                }
                if byte == b'\n' || byte == 0 && self.line.last() == Some(&b'\r') {
                    return Some(Item::Line(self.end_line()));
                }
                self.line.push(byte);
            }
        }
    }

    /// What a command stands for within a character, for a client that took a byte without its eighth bit for a key: the
    /// interrupt, the break, the suspension, the end of output.
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

    /// The begun line as one.
    pub fn end_line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        line
    }
}

/// Whether some character begins as the line ends, and has this byte next. A letter of another encoding before it says that
/// there is none.
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

/// How a stream is encoded that begins so, and how many bytes say that; `None` where more must come.
fn first(unread: &[u8], ended: bool) -> Option<(Encoding, usize)> {
    let little = Some((Encoding::Utf16 { big_endian: false }, 2));
    let text = Some((Encoding::Text, 0));
    match unread {
        [0xfe] if ended => text,
        [] | [0xfe | 0xff] | [0xff, 0xfe] => None,
        [0xfe, 0xff, ..] => Some((Encoding::Utf16 { big_endian: true }, 2)),
        // DONT of telnet, where an option's number and another command follow.
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

/// A subnegotiation and its length, if it is over. It has at most 1,024 bytes.
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
