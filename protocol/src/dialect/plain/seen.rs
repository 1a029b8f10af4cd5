//! What a reader sees of a line. A line is a command if its readers would see it begin with `/`, whatever invisible
//! characters stand before that: formatting codes, blanks, characters without a glyph.

use super::is_letter_of_command;
use crate::base::text::{Text, code_length, is_formatting, is_invisible, unformatted};
use alloc::borrow::Cow;
use alloc::string::String;

/// Reads a line from its beginning, as it is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a>(pub(super) &'a str);

impl<'a> Seen<'a> {
    /// Goes to the first character that is seen, and returns it.
    pub(super) fn skip_unseen(&mut self) -> Option<char> {
        self.skip(|it| is_invisible(it) || it.is_whitespace())
    }

    /// Like the above, but stops at a blank as well.
    pub(super) fn skip_invisible(&mut self) -> Option<char> {
        self.skip(is_invisible)
    }

    /// Moves past the slash that begins a command, if one is next. `next` is the next character.
    ///
    /// An input method for Chinese writes `／` for the key `/`, or `、`: the first is a slash wherever it stands,
    /// the second only where a letter of a command follows it, which happens in no sentence.
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

    /// Takes what is seen up to the next blank, or the end.
    pub(super) fn take_word(&mut self) -> Cow<'a, str> {
        let end = self.0.find(char::is_whitespace).unwrap_or(self.0.len());
        let word;
        (word, self.0) = self.0.split_at(end);
        trimmed(unformatted(word), is_invisible)
    }

    /// The rest as it is seen.
    pub(super) fn rest(self) -> Cow<'a, str> {
        trimmed(unformatted(self.0), |it| is_invisible(it) || it.is_whitespace())
    }

    /// The rest with its formatting, but without the blanks around it; `None` where nothing of it is seen.
    pub(super) fn text(mut self) -> Option<Text> {
        let text = self.0.trim();
        self.skip_unseen().map(|_| Text::part(text))
    }

    /// Whether nothing is left that is seen.
    pub(super) fn is_at_end(mut self) -> bool {
        self.skip_unseen().is_none()
    }

    /// Skips formatting codes and those characters, and returns the next character.
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

/// The text without those characters around it.
fn trimmed(text: Cow<'_, str>, unseen: impl Fn(char) -> bool) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim_matches(unseen).into(),
        Cow::Owned(text) => String::from(text.trim_matches(unseen)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_skipped() {
        for (text, next) in [
            ("a", Some('a')),
            (" \t\u{A0}\u{3000}a", Some('a')),
            ("\u{200B}\u{FEFF}\u{202E}\u{2066}a", Some('a')),
            ("\x02\x0304,12\x04FF0000\x0Fa", Some('a')),
            ("\x0311", None),
            ("", None),
            (" \u{200B}\x02", None),
        ] {
            assert_eq!(Seen(text).skip_unseen(), next, "{text:?}");
            assert_eq!(Seen(text).is_at_end(), next.is_none(), "{text:?}");
        }
        assert_eq!(Seen("\u{200B} a").skip_invisible(), Some(' '));
    }

    #[test]
    fn a_word_ends_at_a_blank_and_is_what_is_seen() {
        for (text, word, rest) in [
            ("one two", "one", "two"),
            ("\x02o\x0304n\x0Fe\u{200B}\u{3000}two \x02", "one", "two"),
            ("one", "one", ""),
            (" one", "", "one"),
        ] {
            let mut seen = Seen(text);
            assert_eq!(seen.take_word(), word, "{text:?}");
            assert_eq!(seen.rest(), rest, "{text:?}");
        }
        assert_eq!(Seen("a\u{200D}b").take_word(), "a\u{200D}b", "what joins two characters is of the word");
    }

    #[test]
    fn a_text_keeps_its_formatting_and_is_seen() {
        assert_eq!(Seen("  \x02a\x02 b ").text().unwrap().as_str(), "\x02a\x02 b");
        assert!(Seen(" \x02\u{200B} ").text().is_none());
    }
}
