//! Decoding a terminal's bytes into keys.

/// Bytes of an escape sequence that are kept. Every known one is shorter.
const SEQUENCE_BYTES_MAX: usize = 16;

/// A key, named for its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Backspace,
    Character(char),
    ClearScreen,
    /// Complete the word before the cursor.
    Complete,
    Delete,
    /// Delete, or leave if the line is empty.
    DeleteOrLeave,
    Down,
    End,
    Enter,
    Home,
    Interrupt,
    KillToEnd,
    KillToStart,
    KillWordLeft,
    KillWordRight,
    Left,
    /// The terminal's mark for the beginning of a paste.
    PasteBegin,
    PasteEnd,
    Right,
    Suspend,
    Transpose,
    Up,
    WordLeft,
    WordRight,
    Yank,
}

/// A decoder of bytes into keys, in chunks of any size.
///
/// ESC is a prefix for Alt, and begins the sequences of other keys. A lone ESC is not recognised by a timer but by the
/// next byte.
#[derive(Debug, Default)]
pub(super) struct Keys {
    expects: Expects,
    /// The unfinished character or sequence.
    unfinished: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    /// The key after ESC.
    Alt,
    /// The rest of a UTF-8 character.
    Character,
    /// A key.
    #[default]
    Key,
    /// The rest of a sequence after `ESC [`.
    Sequence,
    /// The last byte after `ESC O`.
    Single,
}

impl Keys {
    /// Takes bytes, and returns the keys that they complete.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Vec<Key> {
        bytes.iter().filter_map(|&byte| self.take(byte)).collect()
    }

    fn take(&mut self, byte: u8) -> Option<Key> {
        match (self.expects, byte) {
            // ESC starts over in any state. Another control character aborts a sequence.
            (_, 0x1B) => {
                self.begin(Expects::Alt);
                None
            }
            (Expects::Alt, b'[') => {
                self.begin(Expects::Sequence);
                None
            }
            (Expects::Alt, b'O') => {
                self.begin(Expects::Single);
                None
            }
            (Expects::Alt, _) => {
                self.begin(Expects::Key);
                alt(byte)
            }
            (Expects::Sequence, 0x20..=0x3F) => {
                if self.unfinished.len() < SEQUENCE_BYTES_MAX {
                    self.unfinished.push(byte);
                }
                None
            }
            (Expects::Sequence | Expects::Single, 0x40..=0x7E) => {
                let parameters = std::mem::take(&mut self.unfinished);
                self.begin(Expects::Key);
                sequence(&parameters, byte)
            }
            (Expects::Character, 0x80..) => self.character(byte),
            (_, 0x80..) => {
                self.begin(Expects::Character);
                self.character(byte)
            }
            (_, _) => {
                self.begin(Expects::Key);
                plain(byte)
            }
        }
    }

    fn begin(&mut self, expects: Expects) {
        self.expects = expects;
        self.unfinished.clear();
    }

    fn character(&mut self, byte: u8) -> Option<Key> {
        self.unfinished.push(byte);
        match str::from_utf8(&self.unfinished) {
            Ok(text) => {
                let key = text.chars().next().filter(|character| !character.is_control()).map(Key::Character);
                self.begin(Expects::Key);
                key
            }
            Err(error) if error.error_len().is_none() => None,
            Err(_) => {
                // A byte that cannot begin a character is dropped. One that cut an unfinished character short may begin
                // the next.
                let is_first = self.unfinished.len() == 1;
                self.begin(if is_first { Expects::Key } else { Expects::Character });
                if is_first { None } else { self.character(byte) }
            }
        }
    }
}

fn plain(byte: u8) -> Option<Key> {
    const fn control(letter: u8) -> u8 {
        letter & 0x1F
    }
    const A: u8 = control(b'a');
    const B: u8 = control(b'b');
    const C: u8 = control(b'c');
    const D: u8 = control(b'd');
    const E: u8 = control(b'e');
    const F: u8 = control(b'f');
    const H: u8 = control(b'h');
    const K: u8 = control(b'k');
    const L: u8 = control(b'l');
    const N: u8 = control(b'n');
    const P: u8 = control(b'p');
    const T: u8 = control(b't');
    const U: u8 = control(b'u');
    const W: u8 = control(b'w');
    const Y: u8 = control(b'y');
    const Z: u8 = control(b'z');
    Some(match byte {
        A => Key::Home,
        B => Key::Left,
        C => Key::Interrupt,
        D => Key::DeleteOrLeave,
        E => Key::End,
        F => Key::Right,
        H | 0x7F => Key::Backspace,
        b'\t' => Key::Complete,
        b'\r' | b'\n' => Key::Enter,
        K => Key::KillToEnd,
        L => Key::ClearScreen,
        N => Key::Down,
        P => Key::Up,
        T => Key::Transpose,
        U => Key::KillToStart,
        W => Key::KillWordLeft,
        Y => Key::Yank,
        Z => Key::Suspend,
        b' '..=b'~' => Key::Character(char::from(byte)),
        _ => return None,
    })
}

const fn alt(byte: u8) -> Option<Key> {
    Some(match byte {
        b'b' => Key::WordLeft,
        b'd' => Key::KillWordRight,
        b'f' => Key::WordRight,
        0x08 | 0x7F => Key::KillWordLeft,
        b'\r' | b'\n' => Key::Enter,
        0x03 => Key::Interrupt,
        // A user who presses Escape and then types `/who` means the command: without this, `who` would be sent.
        b'/' => Key::Character('/'),
        _ => return None,
    })
}

/// Returns the key of a sequence: those of xterm and its many relatives, of rxvt, and of the Linux console.
fn sequence(parameters: &[u8], last: u8) -> Option<Key> {
    // With Ctrl (5), Alt (3) or both (7), arrows move by words.
    let by_word = matches!(parameters, b"1;3" | b"1;5" | b"1;7" | b"3" | b"5");
    Some(match (parameters, last) {
        (_, b'A') => Key::Up,
        (_, b'B') => Key::Down,
        (_, b'C') if by_word => Key::WordRight,
        (_, b'D') if by_word => Key::WordLeft,
        (_, b'C') => Key::Right,
        (_, b'D') => Key::Left,
        (b"", b'M') => Key::Enter,
        (b"", b'c') => Key::WordRight,
        (b"", b'd') => Key::WordLeft,
        (_, b'F') | (b"4" | b"8", b'~') => Key::End,
        (_, b'H') | (b"1" | b"7", b'~') => Key::Home,
        (b"3", b'~') => Key::Delete,
        (b"3;3" | b"3;5", b'~') => Key::KillWordRight,
        (b"200", b'~') => Key::PasteBegin,
        (b"201", b'~') => Key::PasteEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().receive(bytes)
    }

    #[test]
    fn any_chunks_give_the_same_keys() {
        let bytes = "a你\x1b[1;5C\x1bOH🦀\x1b[3~\x1bb\r".as_bytes();
        let expected = [
            Key::Character('a'),
            Key::Character('你'),
            Key::WordRight,
            Key::Home,
            Key::Character('🦀'),
            Key::Delete,
            Key::WordLeft,
            Key::Enter,
        ];
        assert_eq!(keys(bytes), expected);
        let mut one_by_one = Keys::default();
        let got: Vec<Key> = bytes.iter().flat_map(|&byte| one_by_one.receive(&[byte])).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_paste_has_a_beginning_and_an_end() {
        let expected = [Key::PasteBegin, Key::Character('a'), Key::Enter, Key::Complete, Key::PasteEnd];
        assert_eq!(keys(b"\x1b[200~a\r\t\x1b[201~"), expected);
    }

    #[test]
    fn a_slash_after_escape_begins_a_command() {
        for before in ["\x1b", "\x1b\x1b", "\x1bO"] {
            let typed = keys(format!("{before}/w").as_bytes());
            assert_eq!(typed, [Key::Character('/'), Key::Character('w')], "{before:?}");
        }
    }

    #[test]
    fn unknown_bytes_are_dropped_and_swallow_no_key() {
        for bytes in [
            &b"\xFFa"[..],
            b"\xE4\xBDa",
            b"\x1b[999999999999999999999999999999;5Za",
            b"\x1b[202~a",
            b"\x1b\x1b[Za",
            b"\x00a",
            "\u{9b}a".as_bytes(),
        ] {
            assert_eq!(keys(bytes), [Key::Character('a')], "{bytes:?}");
        }
        assert_eq!(keys(b"\xE4\xBD\xE4\xBD\xA0"), [Key::Character('你')]);
        assert_eq!(keys(b"\x1b[1\r"), [Key::Enter], "a control character aborts a sequence");
    }
}
