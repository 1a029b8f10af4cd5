//! Blanking passwords in the bytes that clients send.
//!
//! A command comes before its password. So whether a byte belongs to a password depends on the bytes of its line before it and on
//! itself, and a byte can be blanked as it comes. The core's own parsers decide: of a typed line, whether it would give a password if it
//! ended with this byte, whatever was corrected before (`plain::gives_password`); of a line of IRC, by its command and the number of its
//! parameter (`irc::password_parameters`).
//!
//! A blanked byte is replaced by one of the same kind, so that the line has the same words, characters and corrections.

use parlor_protocol::{InputForm, irc, plain};
use std::ops::Range;

/// Number of bytes of a line up to which it is examined byte by byte, if it has corrections in it. No name and no command needs more.
const CORRECTED_BYTES_MAX: usize = 512;

/// Number of bytes of a line of IRC after which it is longer than the core reads one.
const IRC_BYTES_MAX: usize = 16 << 10;

/// Telnet's "interpret as command" (RFC 854), and those commands that another byte follows.
const IAC: u8 = 255;
const WITH_OPTION: std::ops::RangeInclusive<u8> = 251..=254;

/// The progress within a connection's bytes.
#[derive(Debug, Default)]
pub(super) struct Blanking {
    /// The bytes of the unfinished line, as far as they may matter.
    line: Vec<u8>,
    /// Whether the unfinished line is known to give no password, so that its bytes are not kept.
    is_harmless: bool,
    /// Whether the last byte that was kept belongs to a password, and all that follow in its line.
    is_password: bool,
    /// Whether a byte of the unfinished line was blanked.
    has_password: bool,
    /// Number of lines in which bytes were blanked.
    passwords: u64,
}

impl Blanking {
    /// Returns the number of lines in which passwords were blanked.
    pub(super) const fn passwords(&self) -> u64 {
        self.passwords
    }

    /// Blanks the passwords in the next bytes of a connection.
    pub(super) fn blank(&mut self, form: InputForm, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (line, behind) = rest.split_at_mut(end.map_or(rest.len(), |end| end + 1));
            let any = match form {
                InputForm::Lines => self.blank_irc(line),
                InputForm::Typed => self.blank_typed(line),
                InputForm::Ended | InputForm::Unclear => blank_either(line),
            };
            self.passwords += u64::from(any && !self.has_password);
            self.has_password |= any;
            if end.is_some() {
                self.line.clear();
                (self.is_harmless, self.is_password, self.has_password) = (false, false, false);
            }
            rest = behind;
        }
    }

    /// Blanks a part of a line of IRC, or all that is left of it.
    fn blank_irc(&mut self, part: &mut [u8]) -> bool {
        if self.is_harmless {
            return false;
        }
        let from = self.line.len();
        if from == 0 && is_harmless_irc(part) {
            self.is_harmless = true;
            return false;
        }
        if from >= IRC_BYTES_MAX {
            // The core reads no line of that length, but a password may be in it.
            blank_all(part);
            return true;
        }
        self.line.extend_from_slice(part);
        match irc_passwords(&self.line) {
            IrcLine::Harmless => {
                self.is_harmless = true;
                self.line.clear();
                false
            }
            IrcLine::Passwords(passwords) => {
                let line = self.line.clone();
                let mut any = false;
                for at in passwords.into_iter().flatten().filter(|&at| at >= from) {
                    any |= blank_at(&line, at, &mut part[at - from]);
                }
                any
            }
            IrcLine::Unclear => false,
        }
    }

    /// Blanks a part of a typed line, or all that is left of it.
    fn blank_typed(&mut self, part: &mut [u8]) -> bool {
        let from = self.line.len();
        self.is_harmless =
            if from == 0 { is_message(part) } else { self.is_harmless && !has_corrections(part) };
        if self.is_harmless {
            // As long as nothing corrects it.
            self.line.extend(part.iter().take(CORRECTED_BYTES_MAX.saturating_sub(from)));
            return false;
        }
        self.line.extend_from_slice(part);
        let line = std::mem::take(&mut self.line);
        let content = line.strip_suffix(b"\n").unwrap_or(&line);
        let is_corrected = has_corrections(content);
        let mut any = false;
        // Without corrections, a line that gives no password has none in it.
        if is_corrected || self.is_password || plain::gives_password(content) {
            for at in from.min(content.len())..content.len() {
                if at < CORRECTED_BYTES_MAX && (is_corrected || !self.is_password) {
                    self.is_password = plain::gives_password(&content[..=at]);
                }
                if self.is_password {
                    any |= blank_at(content, at, &mut part[at - from]);
                }
            }
        }
        self.line = line;
        self.line.truncate(CORRECTED_BYTES_MAX.max(from));
        any
    }
}

/// Blanks what would be a password in a line of either form: the first line of a stranger could be of any.
fn blank_either(line: &mut [u8]) -> bool {
    let [as_irc, as_typed] = [InputForm::Lines, InputForm::Typed].map(|form| {
        let mut copy = line.to_vec();
        Blanking::default().blank(form, &mut copy);
        copy
    });
    let mut any = false;
    for ((byte, as_irc), as_typed) in line.iter_mut().zip(as_irc).zip(as_typed) {
        let blanked = if as_irc == *byte { as_typed } else { as_irc };
        any |= blanked != *byte;
        *byte = blanked;
    }
    any
}

/// Returns whether a line, or its beginning, is a message whatever follows, unless that is a correction.
fn is_message(line: &[u8]) -> bool {
    line.first().is_some_and(|first| first.is_ascii_graphic() && *first != b'/') && !has_corrections(line)
}

/// Returns whether a line has bytes that change what was before them, or telnet commands.
fn has_corrections(line: &[u8]) -> bool {
    line.iter().fold(false, |any, &byte| {
        any | (byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n')) | (byte == 0x7F) | (byte == IAC)
    })
}

/// Returns whether a line of IRC gives no password because of its first byte.
fn is_harmless_irc(line: &[u8]) -> bool {
    let first = line.first().copied().unwrap_or_default();
    first.is_ascii_graphic() && !matches!(first.to_ascii_uppercase(), b'A' | b'O' | b'P' | b'W' | b'@' | b':')
}

/// The passwords in a line of IRC, or in its beginning.
enum IrcLine {
    Harmless,
    /// The ranges of the parameters that may be passwords.
    Passwords(Vec<Range<usize>>),
    /// The command is not complete.
    Unclear,
}

fn irc_passwords(line: &[u8]) -> IrcLine {
    let mut at = skip_noise(line);
    for mark in [b'@', b':'] {
        if line.get(at) == Some(&mark) {
            at = end_of_word(line, at);
            at += spaces(&line[at..]);
        }
    }
    // The core's reader of `WEBIRC` takes a tab for a space; that of other commands does not.
    let end = line[at..]
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
        .map_or(line.len(), |end| at + end);
    let command = line[at..end].trim_ascii();
    let is_command = line.get(end) != Some(&b'\t') || command.eq_ignore_ascii_case(b"WEBIRC");
    let parameters = if is_command { irc::password_parameters(command) } else { 0..0 };
    if end == line.len() {
        return IrcLine::Unclear;
    }
    if parameters.is_empty() {
        return IrcLine::Harmless;
    }
    let (mut at, mut passwords, mut number) = (end + spaces(&line[end..]), Vec::new(), 0);
    while line.get(at).is_some_and(|byte| *byte != b'\n') {
        let end = if line[at] == b':' { line.len() } else { end_of_word(line, at) };
        if parameters.contains(&number) {
            passwords.push(at + usize::from(line[at] == b':')..end);
        }
        at = end + spaces(&line[end..]);
        number += 1;
    }
    IrcLine::Passwords(passwords)
}

/// Returns the length of what may stand before the first line of a client: line ends, blanks, control characters, a byte order mark
/// and telnet commands.
fn skip_noise(line: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        at += match byte {
            IAC if line.get(at + 1).is_some_and(|it| WITH_OPTION.contains(it)) => 3,
            IAC => 2,
            0..=b' ' | 0x7F.. => 1,
            _ => break,
        };
    }
    at.min(line.len())
}

fn end_of_word(line: &[u8], from: usize) -> usize {
    memchr::memchr2(b' ', b'\n', &line[from..]).map_or(line.len(), |length| from + length)
}

fn spaces(line: &[u8]) -> usize {
    line.iter().take_while(|&&byte| byte == b' ').count()
}

/// Blanks every byte of a line.
pub(super) fn blank_all(line: &mut [u8]) {
    let whole = line.to_vec();
    for (at, byte) in line.iter_mut().enumerate() {
        blank_at(&whole, at, byte);
    }
}

/// Blanks the byte at a position of a line. Returns whether it is one that is blanked: bytes that make the form of a line are not.
fn blank_at(line: &[u8], at: usize, byte: &mut u8) -> bool {
    let before = |distance: usize| at.checked_sub(distance).and_then(|at| line.get(at)).copied();
    let is_command = before(1) == Some(IAC)
        || before(2) == Some(IAC) && before(1).is_some_and(|it| WITH_OPTION.contains(&it));
    let blanked = match *byte {
        _ if is_command => return false,
        b'!'..=b'~' => b'x',
        // The bytes of UTF-8: a character becomes another one of as many bytes.
        0x80..=0xBF => 0xA9,
        0xC2..=0xDF => 0xC3,
        0xE0..=0xEF => 0xE5,
        0xF0..=0xF4 => 0xF0,
        _ => return false,
    };
    *byte = blanked;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the bytes as they are recorded, if they come in pieces of this size.
    fn blanked(form: InputForm, bytes: &[u8], piece: usize) -> String {
        let mut blanking = Blanking::default();
        let mut bytes = bytes.to_vec();
        bytes.chunks_mut(piece).for_each(|piece| blanking.blank(form, piece));
        bytes.escape_ascii().to_string()
    }

    fn check(form: InputForm, line: &[u8], expected: &str) {
        for piece in 1..=line.len() {
            assert_eq!(blanked(form, line, piece), expected, "{} by {piece}", line.escape_ascii());
        }
    }

    #[test]
    fn passwords_of_irc_are_blanked_however_they_arrive() {
        for (line, expected) in [
            (&b"PASS secret\r\nNICK a\r\n"[..], "PASS xxxxxx\\r\\nNICK a\\r\\n"),
            (b"pass :my secret\n", "pass :xx xxxxxx\\n"),
            (b"@a=b :src PaSS  secret\n", "@a=b :src PaSS  xxxxxx\\n"),
            (b"OPER bob secret word\n", "OPER bob xxxxxx xxxx\\n"),
            (b"WEBIRC secret gw host 192.0.2.1\n", "WEBIRC xxxxxx gw host 192.0.2.1\\n"),
            (b"\xFF\xFB\"\r\nPASS secret\n", "\\xff\\xfb\\\"\\r\\nPASS xxxxxx\\n"),
            (b"\xEF\xBB\xBFPASS secret\n", "\\xef\\xbb\\xbfPASS xxxxxx\\n"),
            (b"PASS \xC3\xA4\xE2\x82\xACx\n", "PASS \\xc3\\xa9\\xe5\\xa9\\xa9x\\n"),
            (b"PRIVMSG #a :PASS secret\nPART #a\n", "PRIVMSG #a :PASS secret\\nPART #a\\n"),
            (b"PASSED secret\n", "PASSED secret\\n"),
            (b"/oper bob secret\n", "/oper bob secret\\n"),
        ] {
            check(InputForm::Lines, line, expected);
        }
    }

    #[test]
    fn typed_passwords_are_blanked_whatever_was_corrected() {
        for (line, expected) in [
            (&b"/oper bob secret\r\nhello\r\n"[..], "/oper bob xxxxxx\\r\\nhello\\r\\n"),
            (b"/opex\x08r bob sec\x08cret\n", "/opex\\x08r bob xxx\\x08xxxx\\n"),
            (b"/oper bob secret\x15hello\n", "/oper bob xxxxxx\\x15hello\\n"),
            (b"hello\x15/oper bob secret\n", "hello\\x15/oper bob xxxxxx\\n"),
            (b"\xFF\xFD\x03/oper bob secret\n", "\\xff\\xfd\\x03/oper bob xxxxxx\\n"),
            (b" /OPER  bob   my secret\n", " /OPER  bob   xx xxxxxx\\n"),
            (b"/oper bob sec\xFF\xF1ret\n", "/oper bob xxx\\xff\\xf1xxx\\n"),
            (b"PASS secret\n", "PASS secret\\n"),
            (b"/me /oper bob secret\n", "/me /oper bob secret\\n"),
            ("你好 /oper bob secret\n".as_bytes(), "\\xe4\\xbd\\xa0\\xe5\\xa5\\xbd /oper bob secret\\n"),
        ] {
            check(InputForm::Typed, line, expected);
        }
    }

    #[test]
    fn of_a_stranger_either_is_blanked() {
        for (line, expected) in
            [(&b"PASS secret\n"[..], "PASS xxxxxx\\n"), (b"GET / HTTP/1.1\r\n", "GET / HTTP/1.1\\r\\n")]
        {
            assert_eq!(blanked(InputForm::Ended, line, line.len()), expected);
        }
        assert!(!blanked(InputForm::Ended, b"/oper bob secret\n", 99).contains("secret"));
    }
}
