//! Parsing a line by its visible characters.
//!
//! A line is a command if the first visible character is `/`, whatever formatting codes, blanks or characters without a
//! glyph are before it. Otherwise a password in a mistyped `/msg` could be sent to the room.

use super::is_letter_of_command;
use crate::base::text::{Text, code_length, is_formatting, is_invisible, unformatted};
use alloc::borrow::Cow;
use alloc::string::String;

/// The rest of a line that is parsed by its visible characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visible<'a>(pub(super) &'a str);

impl<'a> Visible<'a> {
    /// Skips blanks and invisible characters. Returns the next character, without taking it.
    pub(super) fn skip_blanks(&mut self) -> Option<char> {
        self.skip(|it| is_invisible(it) || it.is_whitespace())
    }

    /// Skips invisible characters but not blanks. Returns the next character, without taking it.
    pub(super) fn skip_invisible(&mut self) -> Option<char> {
        self.skip(is_invisible)
    }

    /// Takes the slash of a command, if `next`, the next character, is one. Returns whether it is.
    ///
    /// Chinese input methods write `／` or `、` for the key `/`. The former always counts as a slash; the latter is also
    /// a comma, and counts only before a letter of a command, where no sentence has it.
    pub(super) fn take_slash(&mut self, next: char) -> bool {
        let behind = Self(&self.0[next.len_utf8()..]);
        let is_slash = match next {
            '/' | '／' => true,
            '、' => {
                let mut after = behind;
                after.skip_invisible().is_some_and(is_letter_of_command)
            }
            _ => false,
        };
        if is_slash {
            *self = behind;
        }
        is_slash
    }

    /// Takes the text up to the next blank or the end, without invisible characters around it.
    pub(super) fn take_word(&mut self) -> Cow<'a, str> {
        let end = self.0.find(char::is_whitespace).unwrap_or(self.0.len());
        let word;
        (word, self.0) = self.0.split_at(end);
        trimmed(unformatted(word), is_invisible)
    }

    /// Returns the rest without formatting, and without blanks and invisible characters around it.
    pub(super) fn rest(self) -> Cow<'a, str> {
        trimmed(unformatted(self.0), |it| is_invisible(it) || it.is_whitespace())
    }

    /// Returns the rest with its formatting, but without the blanks around it; `None` if nothing of it is visible.
    pub(super) fn text(mut self) -> Option<Text> {
        let text = self.0.trim();
        self.skip_blanks().map(|_| Text::part(text))
    }

    /// Whether nothing visible is left.
    pub(super) fn is_at_end(mut self) -> bool {
        self.skip_blanks().is_none()
    }

    /// Skips formatting codes, and characters for which `skipped` is true. Returns the next character.
    fn skip(&mut self, skipped: impl Fn(char) -> bool) -> Option<char> {
        loop {
            let next = self.0.chars().next()?;
            let length = match next {
                '!'..='~' => return Some(next),
                _ if is_formatting(next) => code_length(self.0),
                _ if skipped(next) => next.len_utf8(),
                _ => return Some(next),
            };
            self.0 = &self.0[length..];
        }
    }
}

/// Removes the characters for which `is_trimmed` is true from both ends of a text.
fn trimmed(text: Cow<'_, str>, is_trimmed: impl Fn(char) -> bool) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim_matches(is_trimmed).into(),
        Cow::Owned(text) => String::from(text.trim_matches(is_trimmed)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_invisible_characters_are_skipped() {
        for (text, next) in [
            ("a", Some('a')),
            (" \t\u{A0}\u{3000}a", Some('a')),
            ("\u{200B}\u{FEFF}\u{202E}\u{2066}a", Some('a')),
            ("\x02\x0304,12\x04FF0000\x0Fa", Some('a')),
            ("\x0311", None),
            ("", None),
            (" \u{200B}\x02", None),
        ] {
            assert_eq!(Visible(text).skip_blanks(), next, "{text:?}");
            assert_eq!(Visible(text).is_at_end(), next.is_none(), "{text:?}");
        }
        assert_eq!(Visible("\u{200B} a").skip_invisible(), Some(' '));
    }

    #[test]
    fn a_word_ends_at_a_blank_and_has_no_formatting() {
        for (text, word, rest) in [
            ("one two", "one", "two"),
            ("\x02o\x0304n\x0Fe\u{200B}\u{3000}two \x02", "one", "two"),
            ("one", "one", ""),
            (" one", "", "one"),
        ] {
            let mut visible = Visible(text);
            assert_eq!(visible.take_word(), word, "{text:?}");
            assert_eq!(visible.rest(), rest, "{text:?}");
        }
        assert_eq!(Visible("a\u{200D}b").take_word(), "a\u{200D}b", "a joiner within a word is kept");
    }

    #[test]
    fn a_text_keeps_its_formatting() {
        assert_eq!(Visible("  \x02a\x02 b ").text().unwrap().as_str(), "\x02a\x02 b");
        assert!(Visible(" \x02\u{200B} ").text().is_none());
    }
}
