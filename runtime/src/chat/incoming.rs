//! What the server sends, made into lines that a terminal may show.

/// Bytes of text after which a line is shown though its end has not come.
const LINE_BYTES_MAX: usize = 16 << 10;

/// Stands before what continues a line that was shown without its end.
const CONTINUES: &str = "… ";

/// Bytes in any chunks become lines.
///
/// A character that two chunks share comes out whole, invalid UTF-8 becomes U+FFFD, and nothing in a line
/// moves the cursor or turns the direction of writing: see [`harmless`].
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The beginning of a character whose end has not come.
    unfinished: Vec<u8>,
    /// The line under way.
    line: String,
    /// A carriage return that may belong to a line end.
    carriage_return: bool,
    before: Before,
}

/// What stands before the line under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    /// A line end.
    #[default]
    LineEnd,
    /// A part of the same line, shown without its end.
    Part,
    /// A part that is taken for a whole message: nothing has followed it for long.
    Message,
}

impl Incoming {
    /// Takes bytes in; the lines that they end go to `lines`.
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

    /// Whether something waits to be shown.
    pub(super) const fn has_part(&self) -> bool {
        !self.line.is_empty()
    }

    /// Whether what comes next would continue a line that was shown.
    pub(super) fn continues(&self) -> bool {
        self.before == Before::Part
    }

    /// The line under way as far as it has come, to be shown as a line of its own.
    pub(super) fn part(&mut self) -> Option<String> {
        if !self.has_part() {
            return None;
        }
        self.before = Before::Part;
        Some(std::mem::take(&mut self.line))
    }

    /// A part that nothing followed for long was a whole message: what comes next is another one. (The
    /// room's ancestor ends no message.)
    pub(super) fn settle(&mut self) {
        if self.continues() {
            self.before = Before::Message;
        }
    }

    /// The server has closed; what is left, if anything.
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
                if self.has_part() || self.before == Before::LineEnd {
                    lines.push(std::mem::take(&mut self.line));
                }
                self.before = Before::LineEnd;
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
        if self.line.is_empty() && self.before == Before::Part {
            self.line.push_str(CONTINUES);
        }
        self.line.push(harmless(character));
    }
}

/// The character, or one that shows it where a terminal would obey it: C0 controls other than TAB and DEL
/// become their pictures, C1 controls, line separators and what turns the direction of writing U+FFFD.
pub(super) fn harmless(character: char) -> char {
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

    /// The lines of these chunks, and what is left at the end.
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
    fn what_a_terminal_would_obey_is_shown() {
        for (character, shown) in [
            ('\0', '␀'),
            ('\x07', '␇'),
            ('\x08', '␈'),
            ('\x1b', '␛'),
            ('\x7f', '␡'),
            ('\t', '\t'),
            ('é', 'é'),
        ] {
            assert_eq!(harmless(character), shown);
        }
        for character in ['\u{85}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{61c}', '\u{2028}'] {
            assert_eq!(harmless(character), '\u{FFFD}', "{character:?}");
        }
        let obeyed = |character: &char| harmless(*character).is_control() && *character != '\t';
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
    fn a_line_end_that_comes_late_is_no_line_of_its_own() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        incoming.receive(b"hello", &mut lines);
        incoming.part();
        incoming.receive(b"\r\n\n", &mut lines);
        assert_eq!(lines, [""], "only the second end ends an empty line");
    }

    #[test]
    fn a_part_that_nothing_follows_is_a_message() {
        let mut incoming = Incoming::default();
        let mut lines = Vec::new();
        incoming.receive("欢迎54321进入聊天室".as_bytes(), &mut lines);
        assert_eq!(incoming.part().as_deref(), Some("欢迎54321进入聊天室"));
        incoming.settle();
        incoming.receive("54321说hello\n".as_bytes(), &mut lines);
        assert_eq!(lines, ["54321说hello"]);
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_its_bound() {
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
