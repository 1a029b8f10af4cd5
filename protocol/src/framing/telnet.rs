//! Telnet, as far as a room needs it: what a client sends between and within its lines that is no text.
//!
//! Whoever connects with a telnet client speaks the Network Virtual Terminal of RFC 854. This is the part of it that is
//! read: commands go out of the text, whichever way TCP has cut them; options are negotiated (`options`); a timing mark is
//! answered at its place (RFC 860), for GNU telnet shows its user nothing between an interrupt and that answer. UTF-16
//! with its byte order mark is told from a command here, too, for both begin with the same byte.

mod options;
mod utf16;

use options::Options;
use utf16::Utf16;

/// The first byte of every command, which is in no text of UTF-8.
pub(crate) const IAC: u8 = 255;

const SUSPEND: u8 = 237;
const ABORT: u8 = 238;
const SE: u8 = 240;
const DATA_MARK: u8 = 242;
const BREAK: u8 = 243;
const INTERRUPT_PROCESS: u8 = 244;
const ABORT_OUTPUT: u8 = 245;
const ARE_YOU_THERE: u8 = 246;
const ERASE_CHARACTER: u8 = 247;
const ERASE_LINE: u8 = 248;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;

/// Every byte from here on is a command where it follows IAC (end of file, of RFC 1184, is the first); what is below is
/// no command, and the IAC before it a letter of another encoding: ÿ of Latin-1.
const FIRST_COMMAND: u8 = 236;

/// The option of RFC 860.
const TIMING_MARK: u8 = 6;

/// Options have numbers below this (RFC 855's registry), those that extend the list apart.
const OPTIONS: u8 = 50;

/// Bytes of a subnegotiation, at the most. Nobody should begin one, for every option is refused; one that does not end
/// must not silence its client for ever.
const SUBNEGOTIATION_BYTES_MAX: u16 = 1_024;

/// What a client asks for in a command, and is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether the server is there.
    AreYouThere,
    /// To use an option, or no longer to use it, on the server's side or on its own: what to answer. The server's own
    /// request for an option comes like this, too.
    Option([u8; 3]),
    /// To be told when everything before this was acted on.
    TimingMark,
}

/// The answer to a request for a timing mark: here it is.
pub(crate) const TIMING_MARK_ANSWER: [u8; 3] = [IAC, WILL, TIMING_MARK];

/// The meaning of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A command that is to be answered.
    Asked(Asked),
    /// A byte of a line.
    Byte(u8),
    /// At most two characters of UTF-16.
    Characters([Option<char>; 2]),
    /// A control function: a key of the client's terminal, or what was taken for one.
    Function(Function),
    /// A letter of another encoding, which is no command, and the byte behind it.
    NoCommand(u8),
    /// Nothing, or nothing yet.
    Nothing,
}

/// A control function of RFC 854 or 1184 that acts on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Whether what there is of the line is to be discarded.
    pub(crate) discards: bool,
    /// The byte of a character in whose place it may stand.
    ///
    /// GNU telnet takes the eighth bit off each byte before it compares it with the keys of its terminal, for as long as
    /// it does not transmit [binary](options). So it takes the second byte of 在, which is 0x9C, for Ctrl-\, and sends BREAK
    /// for it. These are the keys that a terminal has where nobody set others.
    pub(crate) in_place_of: Option<u8>,
}

/// Reads the bytes of a connection one by one, from the first one on that may be a command.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    options: Options,
    /// Whether the last byte was a CR that ended a line, so that what may belong to it is no line's beginning.
    after_return: bool,
}

#[derive(Debug)]
enum State {
    /// Behind IAC.
    Command,
    /// These are the first bytes of the stream: IAC and DONT with what follows it, or a byte order mark of UTF-16.
    First(First),
    /// Behind a command that names an option.
    Option(u8),
    /// Behind a subnegotiation that is longer than any, up to the end of the line: what is left of it may be the end of a
    /// command, which is not to be said.
    RestOfLine,
    /// Within a subnegotiation, behind so many bytes.
    Subnegotiation(u16),
    /// Behind IAC within a subnegotiation.
    SubnegotiationCommand(u16),
    Text,
    Utf16(Utf16),
}

#[derive(Clone, Copy, Debug)]
enum First {
    /// 0xFF.
    Iac,
    /// 0xFF and 0xFE.
    Dont,
    /// 0xFF, 0xFE and this, which is the number of an option.
    Option(u8),
    /// The same and 0xFF.
    Command(u8),
}

impl Decoder {
    /// A decoder for the stream's first bytes.
    pub(crate) const fn at_start() -> Self {
        Self::new(State::First(First::Iac))
    }

    /// A decoder behind an IAC in the middle of a stream.
    pub(crate) const fn behind_iac() -> Self {
        Self::new(State::Command)
    }

    /// A decoder of UTF-16, the more significant byte first.
    pub(crate) const fn utf16_big_endian() -> Self {
        Self::new(State::Utf16(Utf16::new(true)))
    }

    const fn new(state: State) -> Self {
        Self { state, options: Options::NONE, after_return: false }
    }

    /// Whether the next byte is text as it stands, unless it is IAC.
    pub(crate) const fn is_in_text(&self) -> bool {
        matches!(self.state, State::Text)
            && !self.options.has_request()
            && !self.options.is_binary()
            && !self.after_return
    }

    /// Whether it knows nothing that a new one does not.
    pub(crate) const fn is_as_new(&self) -> bool {
        matches!(self.state, State::Text) && self.options.are_unknown()
    }

    /// What the server asks of whoever is known to speak telnet: to transmit binary.
    pub(crate) fn request(&mut self) -> Option<Asked> {
        let is_between_commands = matches!(self.state, State::Text);
        is_between_commands.then(|| self.options.request())?.map(Asked::Option)
    }

    pub(crate) const fn is_utf16(&self) -> bool {
        matches!(self.state, State::Utf16(_))
    }

    /// Reads the next byte.
    pub(crate) fn decode(&mut self, byte: u8) -> Decoded {
        match &mut self.state {
            State::Text if byte == IAC => self.go_to(State::Command),
            State::Text => self.text(byte).map_or(Decoded::Nothing, Decoded::Byte),
            State::Command => self.command(byte),
            State::First(first) => {
                let first = *first;
                self.first(first, byte)
            }
            State::Option(verb) => {
                let verb = *verb;
                self.state = State::Text;
                match (verb, byte) {
                    (DO, TIMING_MARK) => Decoded::Asked(Asked::TimingMark),
                    _ => {
                        let answer = self.options.answer(verb, byte);
                        answer.map_or(Decoded::Nothing, |answer| Decoded::Asked(Asked::Option(answer)))
                    }
                }
            }
            State::RestOfLine => self.rest_of_line(byte),
            State::Subnegotiation(count) => {
                let count = *count + 1;
                match byte {
                    IAC => self.go_to(State::SubnegotiationCommand(count)),
                    _ => self.subnegotiation(count),
                }
            }
            State::SubnegotiationCommand(count) => match (byte, *count + 1) {
                (SE, _) => self.go_to(State::Text),
                (IAC, count) => self.subnegotiation(count),
                // It was broken off by another command.
                (FIRST_COMMAND.., _) => self.command(byte),
                (_, count) => self.subnegotiation(count),
            },
            State::Utf16(utf16) => Decoded::Characters(utf16.decode(byte)),
        }
    }

    /// A byte of a line. In binary, a CR alone may be the Enter key (RFC 856 leaves open what it is): `PuTTY` sends that, GNU telnet
    /// LF, others CR LF or CR NUL as ever.
    /// `None` is what belongs to the line end before it.
    fn text(&mut self, byte: u8) -> Option<u8> {
        let after_return =
            core::mem::replace(&mut self.after_return, byte == b'\r' && self.options.is_binary());
        match byte {
            b'\n' | 0 if after_return => None,
            b'\r' if self.after_return => Some(b'\n'),
            _ => Some(byte),
        }
    }

    /// A byte behind IAC.
    fn command(&mut self, byte: u8) -> Decoded {
        self.state = match byte {
            WILL..=DONT => State::Option(byte),
            SB => State::Subnegotiation(0),
            _ => State::Text,
        };
        if (FIRST_COMMAND..IAC).contains(&byte) {
            self.options.begin();
        }
        match byte {
            IAC => self.key(IAC),
            ARE_YOU_THERE => Decoded::Asked(Asked::AreYouThere),
            ERASE_CHARACTER => self.key(BACKSPACE),
            ERASE_LINE => self.key(KILL),
            FIRST_COMMAND.. => self.function(byte),
            _ => {
                self.after_return = false;
                Decoded::NoCommand(self.text(byte).unwrap_or(byte))
            }
        }
    }

    /// A byte of a line that a command stands for.
    const fn key(&mut self, byte: u8) -> Decoded {
        self.after_return = false;
        Decoded::Byte(byte)
    }

    /// A command that is no request. The data mark ends a Synch, which discards what was typed before it; so does what a
    /// terminal's interrupt would.
    fn function(&self, command: u8) -> Decoded {
        let key = match command {
            INTERRUPT_PROCESS => Some(CTRL_C),
            ABORT_OUTPUT => Some(CTRL_O),
            SUSPEND => Some(CTRL_Z),
            BREAK => Some(CTRL_BACKSLASH),
            _ => None,
        };
        Decoded::Function(Function {
            discards: matches!(command, ABORT | BREAK | DATA_MARK | INTERRUPT_PROCESS),
            in_place_of: key.filter(|_| !self.options.is_binary()).map(|key| key | EIGHTH_BIT),
        })
    }

    /// One of the first bytes of the stream. UTF-16 begins with 0xFF 0xFE where its less significant byte comes first,
    /// and so does a client of telnet that says DONT. But no client has anything to say that to: an option that is off
    /// need not be refused (RFC 854). So it is UTF-16, unless an option and another command follow.
    fn first(&mut self, first: First, byte: u8) -> Decoded {
        let mut utf16 = Utf16::new(false);
        let mut units = |bytes: &[u8]| bytes.iter().fold([None; 2], |_, &byte| utf16.decode(byte));
        let characters = match (first, byte) {
            (First::Iac, DONT) => return self.go_to(State::First(First::Dont)),
            (First::Iac, _) => return self.command(byte),
            (First::Dont, ..OPTIONS) => return self.go_to(State::First(First::Option(byte))),
            (First::Dont, _) => units(&[byte]),
            (First::Option(option), IAC) => return self.go_to(State::First(First::Command(option))),
            (First::Option(option), _) => units(&[option, byte]),
            (First::Command(_), SE..=DONT) => return self.command(byte),
            (First::Command(option), _) => {
                let characters = units(&[option, IAC]);
                units(&[byte]);
                characters
            }
        };
        self.state = State::Utf16(utf16);
        Decoded::Characters(characters)
    }

    /// Within a subnegotiation behind so many bytes, or behind one that is longer than any.
    fn subnegotiation(&mut self, count: u16) -> Decoded {
        if count < SUBNEGOTIATION_BYTES_MAX {
            return self.go_to(State::Subnegotiation(count));
        }
        self.state = State::RestOfLine;
        Decoded::Function(Function { discards: true, in_place_of: None })
    }

    fn rest_of_line(&mut self, byte: u8) -> Decoded {
        self.after_return = byte == b'\r';
        if matches!(byte, b'\n' | b'\r') {
            self.state = State::Text;
        }
        Decoded::Nothing
    }

    fn go_to(&mut self, state: State) -> Decoded {
        self.state = state;
        Decoded::Nothing
    }
}

const CTRL_C: u8 = 0x03;
const CTRL_O: u8 = 0x0F;
const CTRL_Z: u8 = 0x1A;
const CTRL_BACKSLASH: u8 = 0x1C;
const EIGHTH_BIT: u8 = 0x80;

/// What the erase key of a terminal sends: the line loses its last character.
pub(crate) const BACKSPACE: u8 = 0x08;

/// What the kill key of a terminal sends: the line loses everything.
pub(crate) const KILL: u8 = 0x15;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    /// What a stream says from its first IAC on: its text, `^` for what discards the line, and what is asked.
    fn decoded(bytes: &[u8], mut decoder: Decoder) -> (String, Vec<Asked>) {
        let (mut text, mut asked) = (Vec::new(), Vec::new());
        for &byte in bytes {
            match decoder.decode(byte) {
                Decoded::Asked(request) => asked.push(request),
                Decoded::Byte(byte) => text.push(byte),
                Decoded::Characters(characters) => {
                    let characters: String = characters.into_iter().flatten().collect();
                    text.extend(characters.bytes());
                }
                Decoded::Function(Function { discards: true, .. }) => text.push(b'^'),
                Decoded::NoCommand(byte) => text.extend([IAC, byte]),
                Decoded::Function(_) | Decoded::Nothing => {}
            }
        }
        (String::from_utf8_lossy(&text).into_owned(), asked)
    }

    fn text(bytes: &[u8]) -> String {
        decoded(bytes, Decoder::in_text()).0
    }

    fn asked(bytes: &[u8]) -> Vec<Asked> {
        decoded(bytes, Decoder::in_text()).1
    }

    #[test]
    fn every_timing_mark_is_answered() {
        assert_eq!(asked(b"\xFF\xF4\xFF\xFD\x06\xFF\xFD\x06"), [Asked::TimingMark, Asked::TimingMark]);
        assert_eq!(asked(b"\xFF\xFB\x06"), [Asked::Option([IAC, DONT, 6])]);
    }

    #[test]
    fn commands_are_no_text() {
        assert_eq!(text(b"a\xFF\xF1b\xFF\xF9c\xFF\xECd"), "abcd");
        assert_eq!(
            text(b"a\xFF\xFA\x1F\x00\x0A\x00\x18\xFF\xF0b"),
            "ab",
            "a window size with a line feed in it"
        );
        assert_eq!(text(b"a\xFF\xFA\x1F\xFF\xFF\xF0\x00\x18\xFF\xF0b"), "ab", "a byte that is IAC");
        assert_eq!(text(b"a\xFF\xFA\x18\x00xterm\xFF\xFD\x01b"), "ab", "one that another command breaks off");
        assert_eq!(asked(b"\xFF\xFA\x18\x00xterm\xFF\xF6"), [Asked::AreYouThere]);
        assert_eq!(text(b"helo\xFF\xF7lo"), "helo\x08lo");
        assert_eq!(text(b"helo\xFF\xF8lo"), "helo\x15lo");
        for discarding in [ABORT, BREAK, DATA_MARK, INTERRUPT_PROCESS] {
            assert_eq!(text(&[b'a', IAC, discarding, b'b']), "a^b");
        }
    }

    #[test]
    fn a_subnegotiation_that_does_not_end_is_over_with_a_line() {
        let begun = [b"/msg \xFF\xFA\x18".as_slice(), &[b'x'; SUBNEGOTIATION_BYTES_MAX as usize]].concat();
        for end in [b"\n".as_slice(), b"\r\n", b"\r\0", b"\r"] {
            let stream = [&begun, b"/msg bob half".as_slice(), end, b"hello\n"].concat();
            assert_eq!(text(&stream), "/msg ^hello\n", "{end:?}");
        }
        let escapes =
            [b"\xFF\xFA\x18".as_slice(), &[IAC; 2 * SUBNEGOTIATION_BYTES_MAX as usize], b"\nx"].concat();
        assert_eq!(text(&escapes), "^x");
    }

    #[test]
    fn a_client_is_asked_for_binary_once_it_is_known_to_be_one() {
        let request = Some(Asked::Option([IAC, DO, 0]));
        for command in (FIRST_COMMAND..SB).map(|byte| vec![IAC, byte]).chain([
            vec![IAC, DO, TIMING_MARK],
            vec![IAC, WONT, 31],
            b"\xFF\xFA\x1F\xFF\xF0".to_vec(),
        ]) {
            let mut decoder = Decoder::in_text();
            for &byte in &command {
                assert_eq!(decoder.request(), None, "within {command:?}");
                decoder.decode(byte);
            }
            assert_eq!((decoder.request(), decoder.request()), (request, None), "behind {command:?}");
        }
        for text in [b"\xFF\xFFa".as_slice(), b"\xFFes"] {
            let mut decoder = Decoder::in_text();
            text.iter().for_each(|&byte| {
                decoder.decode(byte);
            });
            assert_eq!(decoder.request(), None, "{text:?} is no telnet");
        }
    }

    #[test]
    fn a_cr_ends_a_line_where_bytes_are_transmitted_as_they_are() {
        assert_eq!(text(b"\xFF\xFB\x00a\rb\r\nc\r\0d\ne\r\r\n\n\0"), "a\nb\nc\nd\ne\n\n\n\0");
        assert_eq!(text(b"\xFF\xFB\x00a\r\xFF\xF1\nb"), "a\nb", "a command between CR and LF");
        assert_eq!(
            text(b"\xFF\xFB\x00a\xFF\rb\r\xFF\nc\r\xFF\xF7\nd"),
            "a\u{FFFD}\nb\n\u{FFFD}\nc\n\x08\nd",
            "bytes that come with IAC are bytes"
        );
        assert_eq!(text(b"\xFF\xFB\x00\xFF\xFC\x00a\rb\r\n"), "a\rb\r\n", "no longer");
        assert_eq!(text(b"\xFF\xFC\x00a\rb\r\n"), "a\rb\r\n");
    }

    #[test]
    fn a_letter_of_latin_1_is_no_command() {
        assert_eq!(text(b"L'Ha\xFF-les-Roses"), "L'Ha\u{FFFD}-les-Roses");
        assert_eq!(text(b"\xFF\xFF"), "\u{FFFD}", "a byte that is escaped");
        for byte in 0..FIRST_COMMAND {
            assert_eq!(Decoder::in_text().after(&[IAC, byte]), Decoded::NoCommand(byte));
        }
    }

    #[test]
    fn a_byte_order_mark_is_told_from_a_command() {
        let first = |bytes: &[u8]| decoded(&bytes[1..], Decoder::at_start());
        for said in ["hello\r\n", "你好", "\n", "上海", "一二三", "！\n", "é", "🦀 and ü"] {
            let bytes: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(first(&[b"\xFF\xFE", &bytes[..]].concat()), (said.into(), Vec::new()), "{said}");
        }
        let refused = [Asked::Option([IAC, DONT, 31])];
        assert_eq!(first(b"\xFF\xFE\x01\xFF\xFB\x1Fhello"), ("hello".into(), refused.to_vec()));
        assert_eq!(first(b"\xFF\xFB\x1Fhello"), ("hello".into(), refused.to_vec()));
        assert_eq!(first(b"\xFF\xF6hello"), ("hello".into(), [Asked::AreYouThere].to_vec()));
        assert_eq!(first(b"\xFFes"), ("\u{FFFD}es".into(), Vec::new()));
    }

    impl Decoder {
        const fn in_text() -> Self {
            Self::new(State::Text)
        }

        fn after(mut self, bytes: &[u8]) -> Decoded {
            bytes.iter().fold(Decoded::Nothing, |_, &byte| self.decode(byte))
        }
    }
}
