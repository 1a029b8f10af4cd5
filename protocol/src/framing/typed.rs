//! The line that a person typed, with its corrections applied, and whether it was UTF-8.
//!
//! Most terminals let their user correct a line before it is sent. Others send each key as it is pressed (telnet where no
//! side edits lines, serial consoles). Then the corrections arrive in the line, and erased letters would be said.

use crate::base::text::{Escapes, Text, decoded, is_formatting, whole_characters};
use crate::framing::telnet::{BACKSPACE, KILL};
use alloc::borrow::Cow;
use alloc::string::String;
use unicode_normalization::char::is_combining_mark;

const DELETE: u8 = 0x7F;
/// The byte of Ctrl-W, which erases a word.
const WORD_ERASE: u8 = 0x17;

/// Halves of flags in a row that are counted for each erase key, so that a line of them takes no time that grows with its
/// square. Of more than anybody types, one half may stay.
const FLAG_HALVES_MAX: usize = 256;

/// A line that was typed.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) text: Text,
    /// Bytes that the line lost to the limit.
    pub(crate) dropped: usize,
    pub(crate) is_utf8: bool,
}

impl Typed {
    /// A line that needs no correction.
    pub(crate) const fn clean(text: Text) -> Self {
        Self { text, dropped: 0, is_utf8: true }
    }

    /// Reads a line of which the limit dropped `dropped` bytes. The limit counts bytes as they were sent, including
    /// corrections and the bytes that they erase. A correction beyond the limit is dropped, so it erases nothing.
    pub(crate) fn read(line: &[u8], dropped: usize) -> Self {
        let line = if dropped > 0 { whole_characters(line) } else { line };
        if let Some(text) = Text::as_it_stands(line) {
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

/// Returns the line as its writer saw it: without what was erased, and without what a terminal does not show. The latter
/// is removed first, since an erase key takes a character that is seen.
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
                text.truncate(kept.rfind(char::is_whitespace).map_or(0, |at| at + blank_length(&kept[at..])));
            }
            Ok(b'\t' | b'\r') => text.push(character),
            _ if character.is_control() && !is_formatting(character) => {}
            _ => text.push(character),
        }
    }
    text
}

fn blank_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Removes the last character as a reader sees it: with its combining marks and invisible characters.
fn erase_character(text: &mut String) {
    const JOINER: char = '\u{200D}';
    while let Some(erased) = text.pop() {
        if is_part(erased) {
            continue;
        }
        if is_flag_half(erased) {
            // Two make a flag, from the first of them on.
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

/// Whether a character combines with the one before it, or is invisible.
fn is_part(character: char) -> bool {
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
    fn an_erase_key_takes_the_character_before_it() {
        for (line, said) in [
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
            assert_eq!(typed(line.as_bytes()), said, "{line:?}");
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
    fn the_longest_line_of_flags_is_erased_in_one_go() {
        // Where each key looked at all that is left, this would take half a minute.
        let count = (1 << 20) / 5;
        let line = ["\u{1F1EB}".repeat(count), "\x08".repeat(count)].concat();
        assert_eq!(typed(line.as_bytes()), "");
    }

    #[test]
    fn the_kill_key_takes_the_line_and_the_word_key_the_word() {
        for (line, said) in [
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
            assert_eq!(typed(line.as_bytes()), said, "{line:?}");
        }
    }

    #[test]
    fn an_erase_key_does_not_take_what_a_terminal_does_not_show() {
        assert_eq!(typed(b"hel\x1b[Dlp\x1b[C\x08o"), "hello");
        assert_eq!(typed(b"a\x1b]0;\x15title\x07b\x7fc"), "ac");
    }

    #[test]
    fn letters_of_another_encoding_are_told_and_erased_one_by_one() {
        let read = Typed::read(b"caf\xe9\x08\xe9", 0);
        assert_eq!((read.text.as_str(), read.is_utf8), ("caf\u{FFFD}", false));
        assert!(!Typed::read(b"\xc4\xe3\xba\xc3", 0).is_utf8, "GBK");
        for line in ["hello", "你好", "\u{FFFD}", "a\x08", "\u{85}", "\u{FEFF}a"] {
            assert!(Typed::read(line.as_bytes(), 0).is_utf8, "{line:?}");
        }
    }

    #[test]
    fn a_cut_is_no_other_encoding() {
        let read = Typed::read(&"你好".as_bytes()[..5], 7);
        assert_eq!((read.text.as_str(), read.dropped, read.is_utf8), ("你", 7, true));
        assert_eq!(Typed::read("ab\x08".as_bytes(), 1).text.as_str(), "a");
    }
}
