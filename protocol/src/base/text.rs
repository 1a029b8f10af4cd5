//! The text of a message, without characters that could harm its readers.

mod escape;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
pub(crate) use escape::Escapes;

/// The text of one line: valid UTF-8 without line ends and control characters, except TAB and the formatting codes
/// of IRC. Cloning it is cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    text: Arc<str>,
    /// Whether the text contains formatting codes. Most texts have none and are rendered unchanged.
    formatted: bool,
}

impl Text {
    /// Cleans a line's bytes:
    ///
    /// - Each maximal subpart of invalid UTF-8 becomes U+FFFD (Unicode Standard, section 3.9).
    /// - The line and paragraph separators U+2028 and U+2029, at which some clients begin a new line, become spaces.
    /// - Escape sequences of terminals (ECMA-48) are removed as a whole, even if the end of the line cuts them off. A
    ///   slash is never removed with them: a person may have pressed Escape before a command.
    /// - One or more CR between two parts of the line become a space. A terminal would write the second part over the
    ///   first.
    /// - A byte order mark at the start, NUL, DEL, and the control characters C0 and C1 are removed, except TAB and the
    ///   formatting codes of IRC (<https://modern.ircdocs.horse/formatting>).
    /// - If the line was `cut` by a limit, the incomplete character at its end is removed.
    ///
    /// The text has at most three times as many bytes as the line.
    #[must_use]
    pub fn clean(line: &[u8], cut: bool) -> Self {
        let line = if cut { whole_characters(line) } else { line };
        if let Some(text) = Self::from_clean(line) {
            return text;
        }
        Self::clean_decoded(&decoded(line))
    }

    /// Cleans a line that is UTF-8.
    pub(crate) fn clean_decoded(line: &str) -> Self {
        let line = without_byte_order_mark(line);
        let mut text = String::with_capacity(line.len());
        // 0xC2 is the first byte of the C1 controls.
        match memchr::memchr3(b'\r', 0x1B, 0xC2, line.as_bytes()) {
            None => keep(line, &mut text),
            Some(_) => {
                let mut escapes = Escapes::default();
                let unescaped: String = line.chars().filter(|&character| !escapes.take(character)).collect();
                for part in unescaped.split('\r') {
                    let end = text.len();
                    keep(part, &mut text);
                    if end > 0 && text.len() > end {
                        text.insert(end, ' ');
                    }
                }
            }
        }
        Self { formatted: is_formatted(&text), text: text.into() }
    }

    /// Creates a text from a part of another text, which is already clean.
    pub(crate) fn part(of_text: &str) -> Self {
        let text = without_byte_order_mark(of_text);
        Self { formatted: is_formatted(text), text: text.into() }
    }

    /// Creates a text that was stored. It is not cleaned again, which could change it: of two byte order marks, cleaning leaves
    /// one. Returns `None` if it has characters that no text has.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        Self::is_clean(text).then(|| Self { formatted: is_formatted(text), text: text.into() })
    }

    /// Returns whether the text has only characters that a text may have.
    pub(crate) fn is_clean(text: &str) -> bool {
        text.chars().all(is_kept)
    }

    /// Returns the line as a text if nothing in it needs cleaning, as in nearly every line.
    pub(crate) fn from_clean(line: &[u8]) -> Option<Self> {
        already_clean(line).map(|text| Self { text: text.into(), formatted: false })
    }

    /// Returns the text with its formatting codes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the text is empty without its formatting codes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plain_parts().all(str::is_empty)
    }

    /// Returns the parts of the text between its formatting codes.
    pub fn plain_parts(&self) -> PlainParts<'_> {
        PlainParts { rest: &self.text, formatted: self.formatted }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// The parts of a [`Text`] between its formatting codes.
#[derive(Clone, Debug)]
pub struct PlainParts<'a> {
    rest: &'a str,
    formatted: bool,
}

impl<'a> Iterator for PlainParts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = if self.formatted { self.rest.find(is_formatting) } else { None };
        let (part, code) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = &code[code_length(code)..];
        Some(part)
    }
}

/// Returns the line as a string if it needs no cleaning and has no formatting codes.
fn already_clean(line: &[u8]) -> Option<&str> {
    // 0xC2 is the first byte of the C1 controls, and 0xEF of the byte order mark. A line with another character that
    // begins with one of these bytes is cleaned in vain.
    let suspect = |byte: u8| matches!(byte, 0..=0x08 | 0x0A..=0x1F | 0x7F | 0xC2);
    if any(line, suspect) || line.first() == Some(&0xEF) {
        return None;
    }
    let text = core::str::from_utf8(line).ok()?;
    // The separators begin with 0xE2.
    let suspect = !line.is_ascii() && memchr::memchr(0xE2, line).is_some() && text.contains(is_separator);
    (!suspect).then_some(text)
}

/// Returns whether a predicate holds for any of the bytes.
fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    // Without an early exit, the compiler compares many bytes at once, but a rest one by one. So the last chunk overlaps the one
    // before.
    let any = |bytes: &[u8]| bytes.iter().fold(false, |any, &byte| any | is(byte));
    match bytes.last_chunk::<32>() {
        None => any(bytes),
        Some(last) => any(last) || any(bytes.as_chunks::<32>().0.as_flattened()),
    }
}

/// Appends the characters of a line that a text may contain. Runs of them are copied as a whole.
fn keep(line: &str, to: &mut String) {
    let mut rest = line;
    while let Some((at, character)) = rest.char_indices().find(|&(_, character)| !is_kept(character)) {
        to.push_str(&rest[..at]);
        if is_separator(character) {
            to.push(' ');
        }
        rest = &rest[at + character.len_utf8()..];
    }
    to.push_str(rest);
}

/// Returns whether a text may contain the character.
fn is_kept(character: char) -> bool {
    (!character.is_control() || character == '\t' || is_formatting(character)) && !is_separator(character)
}

/// Returns the line without a leading byte order mark.
fn without_byte_order_mark(line: &str) -> &str {
    line.strip_prefix('\u{FEFF}').unwrap_or(line)
}

/// Returns whether a text contains formatting codes.
fn is_formatted(text: &str) -> bool {
    // Without an early exit, the compiler compares many bytes at once.
    text.bytes().fold(false, |any, byte| any | is_formatting(byte.into()))
}

/// Returns the text without its formatting codes.
pub(crate) fn unformatted(text: &str) -> Cow<'_, str> {
    match is_formatted(text) {
        false => text.into(),
        true => PlainParts { rest: text, formatted: true }.collect(),
    }
}

/// Decodes a line as UTF-8. Invalid parts become replacement characters.
pub(crate) fn decoded(line: &[u8]) -> Cow<'_, str> {
    // Nearly every line is valid, and `from_utf8` is faster than `from_utf8_lossy`.
    match core::str::from_utf8(line) {
        Ok(line) => line.into(),
        Err(_) => String::from_utf8_lossy(line),
    }
}

const fn is_separator(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

/// Returns `line` without an incomplete character at its end.
pub(crate) fn whole_characters(line: &[u8]) -> &[u8] {
    match line.utf8_chunks().last() {
        // No `error_len` means that more bytes could have completed the character.
        Some(last)
            if core::str::from_utf8(last.invalid()).is_err_and(|error| error.error_len().is_none()) =>
        {
            &line[..line.len() - last.invalid().len()]
        }
        _ => line,
    }
}

/// Returns whether a character has no visible glyph: Unicode's `Default_Ignorable_Code_Point`, the interlinear
/// annotations, and the blank pattern of Braille.
pub(crate) const fn is_invisible(character: char) -> bool {
    // Nearly every character is ASCII.
    !character.is_ascii()
        && matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Returns whether a character is a formatting code of IRC: bold, colour, hex colour, reset, monospace, reverse,
/// italics, strikethrough or underline.
pub(crate) const fn is_formatting(character: char) -> bool {
    matches!(character, '\x02' | '\x03' | '\x04' | '\x0F' | '\x11' | '\x16' | '\x1D' | '\x1E' | '\x1F')
}

/// Returns the length of the formatting code at the start of `text`, with its colours.
pub(crate) fn code_length(text: &str) -> usize {
    let digits = |from: usize, max: usize, digit: fn(&u8) -> bool| {
        text.as_bytes().iter().skip(from).take(max).take_while(|byte| digit(byte)).count()
    };
    let colours = |max: usize, min: usize, digit: fn(&u8) -> bool| {
        let foreground = digits(1, max, digit);
        if foreground < min {
            return 1;
        }
        let background = digits(2 + foreground, max, digit);
        let comma = text.as_bytes().get(1 + foreground) == Some(&b',');
        1 + foreground + if comma && background >= min { 1 + background } else { 0 }
    };
    match text.as_bytes().first() {
        None => 0,
        Some(0x03) => colours(2, 1, u8::is_ascii_digit),
        Some(0x04) => colours(6, 6, u8::is_ascii_hexdigit),
        Some(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(line: &[u8]) -> String {
        Text::clean(line, false).as_str().into()
    }

    fn plain(line: &[u8]) -> String {
        Text::clean(line, false).plain_parts().collect()
    }

    #[test]
    fn text_of_any_script_is_unchanged() {
        for text in ["hello", "你好，世界", "tab\there", "naïve © ½", "\u{202e}rtl", "🦀"] {
            assert_eq!(clean(text.as_bytes()), text);
        }
    }

    #[test]
    fn invalid_utf8_becomes_replacement_characters() {
        assert_eq!(clean(b"a\xC3(b\xE4\xBDc"), "a\u{FFFD}(b\u{FFFD}c");
        assert_eq!(clean(b"\xFE"), "\u{FFFD}");
    }

    #[test]
    fn control_characters_except_tab_and_formatting_are_removed() {
        assert_eq!(clean(b"a\x00b\x07c\x7Fe\tf\x02g"), "abce\tf\x02g");
        for control in (0..b' ').chain([0x7F]).map(char::from) {
            let kept = control == '\t' || is_formatting(control);
            assert_eq!(clean(String::from(control).as_bytes()).is_empty(), !kept, "{control:?}");
        }
        assert_eq!(clean("a\u{9b}31mb\u{85}c©".as_bytes()), "abc©");
    }

    #[test]
    fn what_has_to_be_cleaned_is_found_at_every_place_of_a_line_of_every_length() {
        for length in 1..=100 {
            let mut line = alloc::vec![b'x'; length];
            for at in 0..length {
                for unwanted in [b'\x07', b'\x7F', b'\xC2'] {
                    line[at] = unwanted;
                    assert_eq!(already_clean(&line), None, "{unwanted:?} at {at} of {length}");
                }
                line[at] = b'x';
            }
            assert!(already_clean(&line).is_some());
        }
    }

    #[test]
    fn a_byte_order_mark_is_removed_at_the_start_only() {
        assert_eq!(clean("\u{FEFF}hi".as_bytes()), "hi");
        assert_eq!(clean("h\u{FEFF}i".as_bytes()), "h\u{FEFF}i");
        assert_eq!(clean("ｆull".as_bytes()), "ｆull", "another character with the same first byte");
    }

    #[test]
    fn escape_sequences_are_removed_as_a_whole() {
        assert_eq!(clean(b"\x1b[32mOK\x1b[0m \x1b]0;title\x07done\x1b[3"), "OK done");
        assert_eq!(clean(b"\x02\x1b[1mbold\x1b[0m\x02"), "\x02bold\x02", "formatting codes are kept");
        assert_eq!(clean(b"\x0304\x1b[1m2"), "\x03042");
    }

    #[test]
    fn a_cr_within_a_line_becomes_a_space() {
        assert_eq!(clean(b"10%\r20%\r100% done"), "10% 20% 100% done");
        assert_eq!(
            clean(b"\r\ra\r\r\x07\r\x1b[Kb\r\r"),
            "a b",
            "a run becomes one space; at the ends it is removed"
        );
        assert_eq!(clean(b"\r\r"), "");
    }

    #[test]
    fn an_incomplete_character_at_a_cut_is_removed() {
        assert_eq!(Text::clean(&"你好".as_bytes()[..5], true).as_str(), "你");
        assert_eq!(Text::clean("你好".as_bytes(), true).as_str(), "你好");
        assert_eq!(Text::clean(b"a\xFE", true).as_str(), "a\u{FFFD}");
        assert_eq!(Text::clean(&"你好".as_bytes()[..5], false).as_str(), "你\u{FFFD}");
    }

    #[test]
    fn plain_parts_have_no_formatting_codes() {
        assert_eq!(plain(b"\x02bold\x02 \x0304red\x03 \x033,12x\x0F"), "bold red x");
        assert_eq!(plain(b"\x0312345"), "345", "two digits are a colour");
        assert_eq!(plain(b"\x03,5"), ",5", "no foreground, no colour");
        assert_eq!(plain(b"\x035,x"), ",x");
        assert_eq!(plain(b"\x04FF0000red\x04 \x04ABCtext"), "red ABCtext");
        assert_eq!(plain("\x02粗\x02体".as_bytes()), "粗体");
    }

    #[test]
    fn a_part_of_a_text_is_clean() {
        let line = "\u{FEFF}\u{FEFF}/\x02a\u{FEFF}\t你\u{2028}\x0304,5b\x1b[1m\r\x07c\u{85}\u{200B}";
        let text = Text::clean(line.as_bytes(), false);
        for (at, _) in text.as_str().char_indices() {
            let (before, behind) = text.as_str().split_at(at);
            for part in [before, behind] {
                assert_eq!(Text::part(part), Text::clean(part.as_bytes(), false), "{part:?}");
            }
        }
    }

    #[test]
    fn a_stored_text_is_not_changed() {
        for line in ["", "\u{FEFF}\u{FEFF}a", "\x02粗\x02体\t", "a"] {
            let text = Text::clean(line.as_bytes(), false);
            assert_eq!(Text::stored(text.as_str()), Some(text.clone()), "{line:?}");
        }
        for text in ["a\nb", "a\rb", "\0", "\x1b[m", "\x7f", "\u{9b}", "\u{2028}"] {
            assert_eq!(Text::stored(text), None, "{text:?}");
        }
    }

    #[test]
    fn unformatted_equals_the_plain_parts() {
        for line in ["", "as it is", "\x02bold\x02 \x0304red\x03 \x033,12x\x0F", "\x02\x0304", "粗\x02体"] {
            let text = Text::clean(line.as_bytes(), false);
            assert_eq!(unformatted(text.as_str()), text.plain_parts().collect::<String>(), "{line:?}");
        }
    }

    #[test]
    fn a_text_of_formatting_codes_is_empty() {
        assert!(Text::clean(b"", false).is_empty());
        assert!(Text::clean(b"\x02\x02\x0304", false).is_empty());
        assert!(Text::clean(b"\x00\x07", false).is_empty());
        assert!(!Text::clean(b" ", false).is_empty());
    }
}
