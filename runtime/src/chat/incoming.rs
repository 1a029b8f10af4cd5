//! The server's bytes, split into lines that are safe to show on a terminal.

/// Bytes of text after which an unfinished line is shown.
const LINE_BYTES_MAX: usize = 16 << 10;

/// The prefix of the rest of a line whose beginning was shown before.
const CONTINUES: &str = "… ";

/// A splitter of bytes into lines.
///
/// Chunks may end anywhere, even within a character. Invalid UTF-8 becomes U+FFFD. No character of a line moves the cursor or
/// changes the direction of writing: see [`printable`].
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The beginning of an unfinished character.
    unfinished: Vec<u8>,
    /// The current line.
    line: String,
    /// Whether the last character was a carriage return, which may belong to a line end.
    carriage_return: bool,
    preceding: Preceding,
}

/// The thing shown before the current line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Preceding {
    /// A line end.
    #[default]
    LineEnd,
    /// A part of the same line.
    Part,
    /// A part that counts as a whole line, because nothing followed it for a while.
    EndedPart,
}

impl Incoming {
    /// Takes bytes, and appends the lines that they complete to `lines`.
    pub(super) fn receive(&mut self, bytes: &[u8], lines: &mut Vec<String>) {
        let mut joined = std::mem::take(&mut self.unfinished);
        joined.extend_from_slice(bytes);
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|character| self.take(character, lines));
            let invalid = chunk.invalid();
            let is_unfinished = || str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if chunks.peek().is_none() && is_unfinished() {
                self.unfinished = invalid.to_vec();
            } else if !invalid.is_empty() {
                self.take(char::REPLACEMENT_CHARACTER, lines);
            }
        }
    }

    /// Returns whether an unfinished line waits to be shown.
    pub(super) const fn has_part(&self) -> bool {
        !self.line.is_empty()
    }

    /// Returns whether the next text continues a line of which a part was shown.
    pub(super) fn continues(&self) -> bool {
        self.preceding == Preceding::Part
    }

    /// Takes the part of the current line that has arrived, to be shown as a line of its own.
    pub(super) fn part(&mut self) -> Option<String> {
        if !self.has_part() {
            return None;
        }
        self.preceding = Preceding::Part;
        Some(std::mem::take(&mut self.line))
    }

    /// Makes a part that was shown count as a whole line, so that the next text begins another one. The ancestor of Parlor
    /// sends some messages without a line end.
    pub(super) fn end_part(&mut self) {
        if self.continues() {
            self.preceding = Preceding::EndedPart;
        }
    }

    /// Takes the rest of the text when the server has closed.
    pub(super) fn end(&mut self) -> Option<String> {
        if !self.unfinished.is_empty() {
            self.unfinished.clear();
            self.push(char::REPLACEMENT_CHARACTER);
        }
        self.part()
    }

    fn take(&mut self, character: char, lines: &mut Vec<String>) {
        let after_return = std::mem::take(&mut self.carriage_return);
        match character {
            '\n' => {
                if self.has_part() || self.preceding == Preceding::LineEnd {
                    lines.push(std::mem::take(&mut self.line));
                }
                self.preceding = Preceding::LineEnd;
                return;
            }
            '\r' => self.carriage_return = true,
            _ => {}
        }
        if after_return {
            self.push('\r');
        }
        if character != '\r' {
            self.push(character);
        }
        if self.line.len() >= LINE_BYTES_MAX {
            lines.extend(self.part());
        }
    }

    fn push(&mut self, character: char) {
        if self.line.is_empty() && self.preceding == Preceding::Part {
            self.line.push_str(CONTINUES);
        }
        self.line.push(printable(character));
    }
}

/// Returns the character, or a visible one in place of one that a terminal would obey: C0 controls (except TAB) and DEL
/// become their pictures; C1 controls, line separators and marks of the direction of writing become U+FFFD.
pub(super) fn printable(character: char) -> char {
    const PICTURES: u32 = 0x2400;
    match character {
        '\t' => character,
        '\0'..='\x1F' => {
            char::from_u32(PICTURES + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\x7F' => '␡',
        '\u{80}'..='\u{9F}' | '\u{2028}' | '\u{2029}' => char::REPLACEMENT_CHARACTER,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' => {
            char::REPLACEMENT_CHARACTER
        }
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the lines of these chunks, and the rest at the end.
    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        chunks.iter().for_each(|chunk| incoming.receive(chunk, &mut lines));
        lines.extend(incoming.end());
        lines
    }

    #[test]
    fn any_chunks_give_the_same_lines() {
        let bytes = "你好\r\n\r\nab\tc\r\rd\n\u{1F980}\u{9b}\x1b[2J\n".as_bytes();
        let mut bytes = bytes.to_vec();
        bytes.extend(b"\xE4\xBD(\xFF\n\xF0\x9F");
        let whole = lines(&[&bytes]);
        assert_eq!(whole, ["你好", "", "ab\tc␍␍d", "\u{1F980}\u{FFFD}␛[2J", "\u{FFFD}(\u{FFFD}", "\u{FFFD}"]);
        for size in 1..bytes.len() {
            assert_eq!(lines(&bytes.chunks(size).collect::<Vec<_>>()), whole, "chunks of {size}");
        }
    }

    #[test]
    fn characters_that_a_terminal_would_obey_are_shown() {
        for (character, shown) in [
            ('\0', '␀'),
            ('\x07', '␇'),
            ('\x08', '␈'),
            ('\x1b', '␛'),
            ('\x7f', '␡'),
            ('\t', '\t'),
            ('é', 'é'),
        ] {
            assert_eq!(printable(character), shown);
        }
        for character in ['\u{85}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{61c}', '\u{2028}'] {
            assert_eq!(printable(character), '\u{FFFD}', "{character:?}");
        }
        let obeyed = |character: &char| printable(*character).is_control() && *character != '\t';
        assert_eq!(('\0'..=char::MAX).find(obeyed), None);
    }

    #[test]
    fn a_part_is_shown_and_its_rest_continues_it() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        incoming.receive("half \u{4f60}".as_bytes(), &mut lines);
        incoming.receive(b"\xE5\xA5", &mut lines);
        assert!(lines.is_empty());
        assert_eq!(incoming.part().as_deref(), Some("half 你"));
        assert_eq!(incoming.part(), None);
        incoming.receive(b"\xBD line\nnext\n", &mut lines);
        assert_eq!(lines, ["… 好 line", "next"]);
    }

    #[test]
    fn a_late_line_end_is_not_a_line_of_its_own() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        incoming.receive(b"hello", &mut lines);
        incoming.part();
        incoming.receive(b"\r\n\n", &mut lines);
        assert_eq!(lines, [""], "only the second end ends an empty line");
    }

    #[test]
    fn a_part_that_nothing_follows_is_a_line() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        incoming.receive("欢迎54321进入聊天室".as_bytes(), &mut lines);
        assert_eq!(incoming.part().as_deref(), Some("欢迎54321进入聊天室"));
        incoming.end_part();
        incoming.receive("54321说hello\n".as_bytes(), &mut lines);
        assert_eq!(lines, ["54321说hello"]);
    }

    #[test]
    fn an_endless_line_takes_bounded_memory() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        for _ in 0..100 {
            incoming.receive(&[b'x'; 4096], &mut lines);
            assert!(incoming.line.len() <= LINE_BYTES_MAX);
        }
        let shown: usize = lines.iter().map(|line| line.trim_start_matches(CONTINUES).len()).sum();
        assert_eq!(shown + incoming.line.trim_start_matches(CONTINUES).len(), 100 * 4096);
        assert!(lines[1].starts_with(CONTINUES), "{:?}", &lines[1][..8]);
    }
}
