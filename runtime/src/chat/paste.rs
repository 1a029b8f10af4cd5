//! A text of several lines that was pasted: it is said when the user has agreed.

use super::keys::Key;

/// Line ends in one read of a terminal that marks no pastes; with more of them, nobody has typed it.
const TYPED_LINES_MAX: usize = 3;

/// Lines of a paste that may be said: more would hold up the speaker for longer than a chat bears.
pub(super) const PASTE_LINES_MAX: usize = 500;

/// Bytes of a paste that may be said.
pub(super) const PASTE_BYTES_MAX: usize = 64 << 10;

/// What was pasted so far.
#[derive(Debug, Default)]
pub(super) struct Paste {
    lines: Vec<String>,
    /// The line under way.
    line: String,
    bytes: usize,
    is_too_long: bool,
}

/// What becomes of a paste.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// Several lines, to be said if the user wishes so.
    Lines(Vec<String>),
    /// One line, as if it was typed.
    Text(String),
    /// More than may be said.
    TooLong,
}

impl Paste {
    /// Takes a key that belongs to it. Keys other than text are none of its own.
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

    /// It is whole.
    pub(super) fn finish(mut self) -> Pasted {
        self.end_line();
        match self.lines.len() {
            _ if self.is_too_long => Pasted::TooLong,
            0 | 1 => Pasted::Text(self.lines.pop().unwrap_or_default()),
            _ => Pasted::Lines(self.lines),
        }
    }

    /// An empty line says nothing.
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

/// Whether keys that came in one read were pasted, though the terminal does not say so.
pub(super) fn is_pasted(keys: &[Key]) -> bool {
    keys.iter().filter(|key| **key == Key::Enter).count() > TYPED_LINES_MAX
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;

    fn pasted(text: &str) -> Pasted {
        let mut paste = Paste::default();
        Keys::default().receive(text.as_bytes()).into_iter().for_each(|key| paste.press(key));
        paste.finish()
    }

    fn lines(lines: &[&str]) -> Pasted {
        Pasted::Lines(lines.iter().map(|&line| line.to_owned()).collect())
    }

    #[test]
    fn one_line_is_text_whatever_ends_it() {
        for text in ["hello 世界", "hello 世界\n", "hello 世界\r", "\r\nhello\t世界\r\n\r\n"] {
            assert_eq!(pasted(text), Pasted::Text("hello 世界".into()), "{text:?}");
        }
        assert_eq!(pasted(""), Pasted::Text(String::new()));
    }

    #[test]
    fn several_lines_are_counted_without_the_empty_ones() {
        assert_eq!(pasted("one\r\n\r\ntwo\nthree"), lines(&["one", "two", "three"]));
        assert_eq!(pasted("one\n\x03\x04two\x1b[A\n"), lines(&["one", "two"]), "keys are no text");
    }

    #[test]
    fn more_than_may_be_said_is_too_long_and_takes_no_memory() {
        assert_eq!(pasted(&"x\n".repeat(PASTE_LINES_MAX)), lines(&["x"; PASTE_LINES_MAX]));
        assert_eq!(pasted(&"x\n".repeat(PASTE_LINES_MAX + 1)), Pasted::TooLong);
        let mut paste = Paste::default();
        (0..4 * PASTE_BYTES_MAX).for_each(|_| paste.press(Key::Character('x')));
        assert!(paste.line.len() <= PASTE_BYTES_MAX);
        assert_eq!(paste.finish(), Pasted::TooLong);
    }

    #[test]
    fn a_few_lines_at_once_are_typed_ahead() {
        let keys = |text: &str| Keys::default().receive(text.as_bytes());
        assert!(!is_pasted(&keys("one\ntwo\nthree\nfour")));
        assert!(is_pasted(&keys("one\ntwo\nthree\nfour\n")));
    }
}
