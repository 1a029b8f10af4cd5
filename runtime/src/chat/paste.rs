//! Pastes of several lines, which are sent only after the user has confirmed.

use super::keys::Key;

/// Line ends in one read that typing can produce, on a terminal that does not mark pastes. More of them are a paste.
const TYPED_LINES_MAX: usize = 3;

/// Lines of a paste that can be sent. At the server's default rate, these take some seconds.
pub(super) const PASTE_LINES_MAX: usize = 500;

/// Bytes of a paste that can be sent.
pub(super) const PASTE_BYTES_MAX: usize = 64 << 10;

/// An unfinished paste.
#[derive(Debug, Default)]
pub(super) struct Paste {
    lines: Vec<String>,
    /// The current line.
    line: String,
    bytes: usize,
    is_too_long: bool,
}

/// A finished paste.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PasteResult {
    /// Several lines, to be sent if the user confirms.
    Lines(Vec<String>),
    /// One line, which is inserted as if it was typed.
    Text(String),
    /// More than can be sent.
    TooLong,
}

impl Paste {
    /// Takes a key of the paste. Only text and line ends count.
    pub(super) fn press(&mut self, key: Key) {
        match key {
            Key::Character(character) => {
                self.bytes += character.len_utf8();
                self.is_too_long |= self.bytes > PASTE_BYTES_MAX;
                if !self.is_too_long {
                    self.line.push(character);
                }
            }
            Key::Complete => self.press(Key::Character(' ')),
            Key::Enter => self.end_line(),
            _ => {}
        }
    }

    /// Finishes the paste.
    pub(super) fn finish(mut self) -> PasteResult {
        self.end_line();
        match self.lines.len() {
            _ if self.is_too_long => PasteResult::TooLong,
            0 | 1 => PasteResult::Text(self.lines.pop().unwrap_or_default()),
            _ => PasteResult::Lines(self.lines),
        }
    }

    /// Ends the current line. Empty lines are left out, for the server ignores them.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return;
        }
        self.is_too_long |= self.lines.len() == PASTE_LINES_MAX;
        if !self.is_too_long {
            self.lines.push(line);
        }
    }
}

/// Returns whether the keys of one read were pasted, on a terminal that does not mark pastes.
pub(super) fn is_pasted(keys: &[Key]) -> bool {
    keys.iter().filter(|key| **key == Key::Enter).count() > TYPED_LINES_MAX
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;

    fn pasted(text: &str) -> PasteResult {
        let mut paste = Paste::default();
        Keys::default().receive(text.as_bytes()).into_iter().for_each(|key| paste.press(key));
        paste.finish()
    }

    fn lines(lines: &[&str]) -> PasteResult {
        PasteResult::Lines(lines.iter().map(|&line| line.to_owned()).collect())
    }

    #[test]
    fn one_line_is_text_whatever_its_line_ends() {
        for text in ["hello 世界", "hello 世界\n", "hello 世界\r", "\r\nhello\t世界\r\n\r\n"] {
            assert_eq!(pasted(text), PasteResult::Text("hello 世界".into()), "{text:?}");
        }
        assert_eq!(pasted(""), PasteResult::Text(String::new()));
    }

    #[test]
    fn several_lines_are_counted_without_the_empty_ones() {
        assert_eq!(pasted("one\r\n\r\ntwo\nthree"), lines(&["one", "two", "three"]));
        assert_eq!(pasted("one\n\x03\x04two\x1b[A\n"), lines(&["one", "two"]), "other keys are not text");
    }

    #[test]
    fn a_paste_that_is_too_long_takes_no_memory() {
        assert_eq!(pasted(&"x\n".repeat(PASTE_LINES_MAX)), lines(&["x"; PASTE_LINES_MAX]));
        assert_eq!(pasted(&"x\n".repeat(PASTE_LINES_MAX + 1)), PasteResult::TooLong);
        let mut paste = Paste::default();
        (0..4 * PASTE_BYTES_MAX).for_each(|_| paste.press(Key::Character('x')));
        assert!(paste.line.len() <= PASTE_BYTES_MAX);
        assert_eq!(paste.finish(), PasteResult::TooLong);
    }

    #[test]
    fn a_few_lines_at_once_are_typed_ahead() {
        let keys = |text: &str| Keys::default().receive(text.as_bytes());
        assert!(!is_pasted(&keys("one\ntwo\nthree\nfour")));
        assert!(is_pasted(&keys("one\ntwo\nthree\nfour\n")));
    }
}
