//! Decodes telnet commands (RFC 854) in the input of a terminal, and UTF-16.
//!
//! Commands are removed from the text, however TCP has divided them, and options are negotiated (`options`). A command is
//! answered when its line is read, after the effects of the lines before it, as a timing mark requires (RFC 860): GNU
//! telnet shows its user nothing between an interrupt and that answer. The byte order mark of UTF-16 begins with the same
//! byte as a command, so the two are distinguished here.

mod options;
mod utf16;

use options::Options;
use utf16::Utf16;

/// Interpret as command: the first byte of every command. UTF-8 never contains it.
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

/// The first byte that is a command after IAC (end of file, RFC 1184). If a smaller byte follows, the IAC is a letter of
/// another encoding: ÿ of Latin-1.
const FIRST_COMMAND: u8 = 236;

/// The option Timing Mark (RFC 860).
const TIMING_MARK: u8 = 6;

/// The numbers of all options (IANA's registry) are less than this, except Extended-Options-List.
const OPTIONS: u8 = 50;

/// Maximum number of bytes of a subnegotiation. No client should begin one, since every option is refused. One without an
/// end must not suppress its client's input for ever.
const SUBNEGOTIATION_BYTES_MAX: u16 = 1_024;

/// A request of a client, which needs an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TelnetRequest {
    /// Are You There: the client asks for a visible sign that the server is running.
    AreYouThere,
    /// A negotiation of an option, with the bytes to send. It is also used for the server's own request.
    Option([u8; 3]),
    /// Timing Mark: the client asks for an answer when everything before it is processed.
    TimingMark,
}

/// The answer to a timing mark.
pub(crate) const TIMING_MARK_ANSWER: [u8; 3] = [IAC, WILL, TIMING_MARK];

/// The meaning of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A request that needs an answer.
    Telnet(TelnetRequest),
    /// A byte of a line.
    Byte(u8),
    /// At most two characters of UTF-16.
    Characters([Option<char>; 2]),
    /// A control function, or a byte of text that the client mistook for one.
    Function(Function),
    /// The byte after an IAC that is a letter of another encoding.
    NoCommand(u8),
    /// Nothing, or nothing yet.
    Nothing,
}

/// A control function of RFC 854 or 1184 that acts on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Whether the function discards the unfinished line.
    pub(crate) discards: bool,
    /// The byte of a character that the client may have replaced with the function.
    ///
    /// Until it transmits [binary](options), GNU telnet clears the eighth bit of each byte before it compares it with the
    /// keys of its terminal. It takes 0x9C, the second byte of 在, for Ctrl-\, and sends BREAK instead. These bytes
    /// assume the default keys of terminals.
    pub(crate) in_place_of: Option<u8>,
}

/// Decodes the bytes of a connection one by one, beginning with the first IAC.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    options: Options,
    /// Whether the last byte was a CR that ended a line. An LF or NUL after it belongs to the same line end.
    after_return: bool,
}

#[derive(Debug)]
enum State {
    /// After IAC.
    Command,
    /// In the first bytes of the stream, which may be IAC DONT or the byte order mark of UTF-16.
    First(First),
    /// After WILL, WONT, DO or DONT.
    Option(u8),
    /// After a subnegotiation that is too long. The input is dropped until the end of the line: it may be the rest of a
    /// command such as `/msg`, and must not be sent to the room.
    RestOfLine,
    /// In a subnegotiation, after this number of bytes.
    Subnegotiation(u16),
    /// After IAC in a subnegotiation.
    SubnegotiationCommand(u16),
    Text,
    Utf16(Utf16),
}

#[derive(Clone, Copy, Debug)]
enum First {
    /// After 0xFF.
    Iac,
    /// After 0xFF 0xFE.
    Dont,
    /// After 0xFF 0xFE and this number of an option.
    Option(u8),
    /// After 0xFF 0xFE, this number of an option, and 0xFF.
    Command(u8),
}

impl Decoder {
    /// Creates a decoder after an IAC that is the first byte of the stream.
    pub(crate) const fn at_start() -> Self {
        Self::new(State::First(First::Iac))
    }

    /// Creates a decoder after an IAC in the middle of a stream.
    pub(crate) const fn after_iac() -> Self {
        Self::new(State::Command)
    }

    /// Creates a decoder of big-endian UTF-16.
    pub(crate) const fn utf16_big_endian() -> Self {
        Self::new(State::Utf16(Utf16::new(true)))
    }

    const fn new(state: State) -> Self {
        Self { state, options: Options::NONE, after_return: false }
    }

    /// Returns whether the next byte, unless it is IAC, is text and needs no decoding.
    pub(crate) const fn is_in_text(&self) -> bool {
        matches!(self.state, State::Text)
            && !self.options.has_request()
            && !self.options.is_binary()
            && !self.after_return
    }

    /// Returns whether the decoder has no state that a new one lacks.
    pub(crate) const fn is_as_new(&self) -> bool {
        matches!(self.state, State::Text) && self.options.are_unknown()
    }

    /// Returns the server's request that the client transmit binary, once, after the client's first command.
    pub(crate) fn request(&mut self) -> Option<TelnetRequest> {
        let is_between_commands = matches!(self.state, State::Text);
        is_between_commands.then(|| self.options.request())?.map(TelnetRequest::Option)
    }

    pub(crate) const fn is_utf16(&self) -> bool {
        matches!(self.state, State::Utf16(_))
    }

    /// Decodes the next byte.
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
                    (DO, TIMING_MARK) => Decoded::Telnet(TelnetRequest::TimingMark),
                    _ => {
                        let answer = self.options.answer(verb, byte);
                        answer
                            .map_or(Decoded::Nothing, |answer| Decoded::Telnet(TelnetRequest::Option(answer)))
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
                // Another command aborts the subnegotiation.
                (FIRST_COMMAND.., _) => self.command(byte),
                (_, count) => self.subnegotiation(count),
            },
            State::Utf16(utf16) => Decoded::Characters(utf16.decode(byte)),
        }
    }

    /// Decodes a byte of text. Returns `None` if it belongs to the previous line end.
    ///
    /// In binary, the Enter key may be CR alone, which RFC 856 does not define: `PuTTY` sends it, GNU telnet sends LF, and
    /// others send CR LF or CR NUL.
    fn text(&mut self, byte: u8) -> Option<u8> {
        let after_return =
            core::mem::replace(&mut self.after_return, byte == b'\r' && self.options.is_binary());
        match byte {
            b'\n' | 0 if after_return => None,
            b'\r' if self.after_return => Some(b'\n'),
            _ => Some(byte),
        }
    }

    /// Decodes the byte after IAC.
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
            ARE_YOU_THERE => Decoded::Telnet(TelnetRequest::AreYouThere),
            ERASE_CHARACTER => self.key(BACKSPACE),
            ERASE_LINE => self.key(KILL),
            FIRST_COMMAND.. => self.function(byte),
            _ => {
                self.after_return = false;
                Decoded::NoCommand(self.text(byte).unwrap_or(byte))
            }
        }
    }

    /// Returns the byte of a key that a command represents.
    const fn key(&mut self, byte: u8) -> Decoded {
        self.after_return = false;
        Decoded::Byte(byte)
    }

    /// Decodes a command that is not a request. The data mark ends a Synch, which discards the input before it.
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

    /// Decodes one of the first bytes of the stream.
    ///
    /// Little-endian UTF-16 begins with 0xFF 0xFE, and so does IAC DONT. No telnet client has a reason to begin with DONT: an
    /// option that is off need not be refused (RFC 854). The stream is UTF-16, unless an option and another command follow.
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

    /// Goes on in a subnegotiation of `count` bytes so far, or discards the line if it is too long.
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

/// The byte of the erase key, which erases the last character of the line.
pub(crate) const BACKSPACE: u8 = 0x08;

/// The byte of the kill key, which erases the line.
pub(crate) const KILL: u8 = 0x15;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Decodes a stream after its first IAC. Returns the text, with `^` for functions that discard the line, and the requests.
    fn decoded(bytes: &[u8], mut decoder: Decoder) -> (String, Vec<TelnetRequest>) {
        let (mut text, mut asked) = (Vec::new(), Vec::new());
        for &byte in bytes {
            match decoder.decode(byte) {
                Decoded::Telnet(request) => asked.push(request),
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

    fn asked(bytes: &[u8]) -> Vec<TelnetRequest> {
        decoded(bytes, Decoder::in_text()).1
    }

    #[test]
    fn every_timing_mark_is_answered() {
        assert_eq!(
            asked(b"\xFF\xF4\xFF\xFD\x06\xFF\xFD\x06"),
            [TelnetRequest::TimingMark, TelnetRequest::TimingMark]
        );
        assert_eq!(asked(b"\xFF\xFB\x06"), [TelnetRequest::Option([IAC, DONT, 6])]);
    }

    #[test]
    fn commands_are_removed_from_the_text() {
        assert_eq!(text(b"a\xFF\xF1b\xFF\xF9c\xFF\xECd"), "abcd");
        assert_eq!(
            text(b"a\xFF\xFA\x1F\x00\x0A\x00\x18\xFF\xF0b"),
            "ab",
            "a window size with a line feed in it"
        );
        assert_eq!(text(b"a\xFF\xFA\x1F\xFF\xFF\xF0\x00\x18\xFF\xF0b"), "ab", "an escaped IAC");
        assert_eq!(text(b"a\xFF\xFA\x18\x00xterm\xFF\xFD\x01b"), "ab", "another command aborts it");
        assert_eq!(asked(b"\xFF\xFA\x18\x00xterm\xFF\xF6"), [TelnetRequest::AreYouThere]);
        assert_eq!(text(b"helo\xFF\xF7lo"), "helo\x08lo");
        assert_eq!(text(b"helo\xFF\xF8lo"), "helo\x15lo");
        for discarding in [ABORT, BREAK, DATA_MARK, INTERRUPT_PROCESS] {
            assert_eq!(text(&[b'a', IAC, discarding, b'b']), "a^b");
        }
    }

    #[test]
    fn a_subnegotiation_without_an_end_is_dropped_up_to_the_end_of_the_line() {
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
    fn a_client_is_asked_to_transmit_binary_after_its_first_command() {
        let request = Some(TelnetRequest::Option([IAC, DO, 0]));
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
            assert_eq!((decoder.request(), decoder.request()), (request, None), "after {command:?}");
        }
        for text in [b"\xFF\xFFa".as_slice(), b"\xFFes"] {
            let mut decoder = Decoder::in_text();
            text.iter().for_each(|&byte| {
                decoder.decode(byte);
            });
            assert_eq!(decoder.request(), None, "{text:?} is not telnet");
        }
    }

    #[test]
    fn a_cr_ends_a_line_in_binary() {
        assert_eq!(text(b"\xFF\xFB\x00a\rb\r\nc\r\0d\ne\r\r\n\n\0"), "a\nb\nc\nd\ne\n\n\n\0");
        assert_eq!(text(b"\xFF\xFB\x00a\r\xFF\xF1\nb"), "a\nb", "a command between CR and LF");
        assert_eq!(
            text(b"\xFF\xFB\x00a\xFF\rb\r\xFF\nc\r\xFF\xF7\nd"),
            "a\u{FFFD}\nb\n\u{FFFD}\nc\n\x08\nd",
            "bytes after IAC are text"
        );
        assert_eq!(text(b"\xFF\xFB\x00\xFF\xFC\x00a\rb\r\n"), "a\rb\r\n", "binary is off again");
        assert_eq!(text(b"\xFF\xFC\x00a\rb\r\n"), "a\rb\r\n");
    }

    #[test]
    fn a_letter_of_latin_1_is_not_a_command() {
        assert_eq!(text(b"L'Ha\xFF-les-Roses"), "L'Ha\u{FFFD}-les-Roses");
        assert_eq!(text(b"\xFF\xFF"), "\u{FFFD}", "an escaped byte");
        for byte in 0..FIRST_COMMAND {
            assert_eq!(Decoder::in_text().after(&[IAC, byte]), Decoded::NoCommand(byte));
        }
    }

    #[test]
    fn a_byte_order_mark_is_distinguished_from_a_command() {
        let first = |bytes: &[u8]| decoded(&bytes[1..], Decoder::at_start());
        for text in ["hello\r\n", "你好", "\n", "上海", "一二三", "！\n", "é", "🦀 and ü"] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(first(&[b"\xFF\xFE", &bytes[..]].concat()), (text.into(), Vec::new()), "{text}");
        }
        let refused = [TelnetRequest::Option([IAC, DONT, 31])];
        assert_eq!(first(b"\xFF\xFE\x01\xFF\xFB\x1Fhello"), ("hello".into(), refused.to_vec()));
        assert_eq!(first(b"\xFF\xFB\x1Fhello"), ("hello".into(), refused.to_vec()));
        assert_eq!(first(b"\xFF\xF6hello"), ("hello".into(), [TelnetRequest::AreYouThere].to_vec()));
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
