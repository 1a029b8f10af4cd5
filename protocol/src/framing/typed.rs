//! Applies the corrections in a typed line: the erase, word-erase and kill keys.
//!
//! Most terminals let their user correct a line before they send it. Others send each key as it is pressed (telnet if
//! neither side edits lines, serial consoles). Their lines contain the erased characters and the erase keys.

use crate::base::text::{Escapes, Text, decoded, is_formatting, whole_characters};
use crate::framing::telnet::{BACKSPACE, KILL};
use alloc::borrow::Cow;
use alloc::string::String;
use unicode_normalization::char::is_combining_mark;

const DELETE: u8 = 0x7F;
/// The byte of Ctrl-W, which erases a word.
const WORD_ERASE: u8 = 0x17;

/// Maximum number of halves of flags in a row that are counted for each erase key. Without it, a line of halves and
/// erase keys would take quadratic time. With more halves than anybody types, one may be left over.
const FLAG_HALVES_MAX: usize = 256;

/// A typed line, with its corrections applied.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) text: Text,
    /// The number of bytes that the limit dropped from the line.
    pub(crate) dropped: usize,
    pub(crate) is_utf8: bool,
}

impl Typed {
    /// Creates a line without corrections.
    pub(crate) const fn clean(text: Text) -> Self {
        Self { text, dropped: 0, is_utf8: true }
    }

    /// Reads a line from which the limit dropped `dropped` bytes.
    ///
    /// The limit counts bytes as they were sent, including erase keys and the bytes that they erase: it bounds the memory
    /// of a line by what was received. An erase key beyond the limit is dropped, and erases nothing.
    pub(crate) fn read(line: &[u8], dropped: usize) -> Self {
        let line = if dropped > 0 { whole_characters(line) } else { line };
        if let Some(text) = Text::from_clean(line) {
            return Self { text, dropped, is_utf8: true };
        }
        let decoded = decoded(line);
        let is_utf8 = matches!(decoded, Cow::Borrowed(_));
        let text = match line.iter().fold(false, |any, &byte| any | is_correction(byte)) {
            true => Text::clean_decoded(&corrected(&decoded)),
            false => Text::clean_decoded(&decoded),
        };
        Self { text, dropped, is_utf8 }
    }
}

const fn is_correction(byte: u8) -> bool {
    matches!(byte, BACKSPACE | DELETE | KILL | WORD_ERASE)
}

/// Returns the line as its writer saw it: without erased characters, escape sequences and control characters. These
/// are never appended, since an erase key takes the last visible character.
fn corrected(line: &str) -> String {
    let mut escapes = Escapes::default();
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        if escapes.take(character) {
            continue;
        }
        match u8::try_from(character) {
            Ok(BACKSPACE | DELETE) => erase_character(&mut text),
            Ok(KILL) => text.clear(),
            Ok(WORD_ERASE) => {
                let kept = text.trim_end();
                text.truncate(
                    kept.rfind(char::is_whitespace).map_or(0, |at| at + first_char_length(&kept[at..])),
                );
            }
            Ok(b'\t' | b'\r') => text.push(character),
            _ if character.is_control() && !is_formatting(character) => {}
            _ => text.push(character),
        }
    }
    text
}

/// Returns the length of the first character of `text`.
fn first_char_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Removes the last character as a reader sees it: with its combining marks and invisible characters.
fn erase_character(text: &mut String) {
    const JOINER: char = '\u{200D}';
    while let Some(erased) = text.pop() {
        if is_extension(erased) {
            continue;
        }
        if is_flag_half(erased) {
            // Two halves make a flag, counted from the first half of the run.
            let before = text.chars().rev().take_while(|&character| is_flag_half(character));
            let before = before.take(FLAG_HALVES_MAX).count();
            if before % 2 == 1 {
                text.pop();
            }
        }
        if !text.ends_with(JOINER) {
            return;
        }
    }
}

/// Returns whether a character combines with the one before it, or is invisible.
fn is_extension(character: char) -> bool {
    is_formatting(character)
        || is_combining_mark(character)
        || matches!(character,
            // Vowels and finals of Hangul that are not composed.
            '\u{1160}'..='\u{11FF}' | '\u{D7B0}'..='\u{D7FB}'
            // Joiners, skin tones, and the tags of flags.
            | '\u{200C}' | '\u{200D}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

const fn is_flag_half(character: char) -> bool {
    matches!(character, '\u{1F1E6}'..='\u{1F1FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &[u8]) -> String {
        Typed::read(line, 0).text.as_str().into()
    }

    #[test]
    fn an_erase_key_erases_the_last_character() {
        for (line, text) in [
            ("helo\x08lo wrold\x08\x08\x08\x08orld", "hello world"),
            ("tset\x7f\x7f\x7fest", "test"),
            ("\x08\x08a\x7f\x7f\x7fb", "b"),
            ("你们\x08好", "你好"),
            ("cafe\u{301}\x08é", "café"),
            ("ok 👩\u{200d}💻\x08👍\u{1f3fd}\x08!", "ok !"),
            ("🇩🇪🇫🇷\x08", "🇩🇪"),
            ("❤\u{fe0f}\x08x", "x"),
            ("\u{1112}\u{1161}\u{11ab}\x08x", "x"),
            ("a\tb\x08\x08c", "ac"),
            ("\x02bold\x02\x08\x08d", "\x02bod"),
            ("a\x00\x07b\x08c", "ac"),
        ] {
            assert_eq!(typed(line.as_bytes()), text, "{line:?}");
        }
    }

    #[test]
    fn a_hundred_flags_are_erased_one_by_one() {
        for flags in [1, 2, 100, 127] {
            let line = |flags| "🇫🇷".repeat(flags);
            assert_eq!(typed(alloc::format!("{}\x08", line(flags)).as_bytes()), line(flags - 1), "{flags}");
        }
    }

    #[test]
    fn erasing_the_longest_line_of_flags_takes_little_time() {
        // If each key counted all halves that are left, this would take half a minute.
        let count = (1 << 20) / 5;
        let line = ["\u{1F1EB}".repeat(count), "\x08".repeat(count)].concat();
        assert_eq!(typed(line.as_bytes()), "");
    }

    #[test]
    fn the_kill_key_erases_the_line_and_ctrl_w_the_last_word() {
        for (line, text) in [
            ("wrong line\x15right", "right"),
            ("\x15right", "right"),
            ("one two\x17three", "one three"),
            ("one two  \x17three", "one three"),
            ("one\x17\x17two", "two"),
            ("  one\x17two", "  two"),
            ("一 二三\x17四", "一 四"),
            ("一\u{3000}二\x17四", "一\u{3000}四"),
            ("/nikc\x08\x08ck bob", "/nick bob"),
        ] {
            assert_eq!(typed(line.as_bytes()), text, "{line:?}");
        }
    }

    #[test]
    fn an_erase_key_skips_escape_sequences() {
        assert_eq!(typed(b"hel\x1b[Dlp\x1b[C\x08o"), "hello");
        assert_eq!(typed(b"a\x1b]0;\x15title\x07b\x7fc"), "ac");
    }

    #[test]
    fn bytes_of_another_encoding_are_reported_and_erased_one_by_one() {
        let read = Typed::read(b"caf\xe9\x08\xe9", 0);
        assert_eq!((read.text.as_str(), read.is_utf8), ("caf\u{FFFD}", false));
        assert!(!Typed::read(b"\xc4\xe3\xba\xc3", 0).is_utf8, "GBK");
        for line in ["hello", "你好", "\u{FFFD}", "a\x08", "\u{85}", "\u{FEFF}a"] {
            assert!(Typed::read(line.as_bytes(), 0).is_utf8, "{line:?}");
        }
    }

    #[test]
    fn an_incomplete_character_at_a_cut_is_not_another_encoding() {
        let read = Typed::read(&"你好".as_bytes()[..5], 7);
        assert_eq!((read.text.as_str(), read.dropped, read.is_utf8), ("你", 7, true));
        assert_eq!(Typed::read("ab\x08".as_bytes(), 1).text.as_str(), "a");
    }
}
