//! The escape sequences of terminals (ECMA-48). They are removed as a whole: if only their first character were
//! removed, the rest would be read as text.

/// Separates escape sequences from text. A sequence that the end of the line cuts off is a sequence, too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Escapes(State);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Inside a control sequence, `ESC [`: parameters, intermediate bytes, and a final byte. At its start, a second
    /// `[` begins a function key of the Linux console.
    Control { at_start: bool },
    /// After ESC.
    Escape,
    /// After ESC and intermediate bytes.
    Intermediate,
    /// Before the last character of a sequence: a single shift or a function key.
    One,
    /// Inside a control string: `ESC ]` and others. `bell` is whether BEL ends it, besides ST.
    String { bell: bool },
    #[default]
    Text,
}

impl Escapes {
    /// Returns whether the next character of a line belongs to a sequence.
    pub(crate) fn take(&mut self, character: char) -> bool {
        let (state, taken) = self.0.next(character);
        self.0 = state;
        taken
    }
}

impl State {
    fn next(self, character: char) -> (Self, bool) {
        match (self, character) {
            // These begin a sequence anywhere, also inside another one, which they abort. (ST, `ESC \`, is an ordinary
            // sequence of two characters.)
            (_, '\x1B') => (Self::Escape, true),
            (_, '\u{8E}' | '\u{8F}') => (Self::One, true),
            (_, '\u{90}' | '\u{98}' | '\u{9E}' | '\u{9F}') => (Self::String { bell: false }, true),
            (_, '\u{9B}') => (Self::Control { at_start: true }, true),
            (_, '\u{9D}') => (Self::String { bell: true }, true),
            (Self::Text, _) => (Self::Text, false),
            // CAN and SUB abort a sequence.
            (_, '\x18' | '\x1A') => (Self::Text, true),
            // No terminal sends a slash in a sequence. A person may type a command after the Escape key: without its
            // slash, the command would be sent to the room as a message.
            (Self::Control { .. } | Self::Escape | Self::Intermediate | Self::One, '/') => {
                (Self::Text, false)
            }

            (Self::Escape, '[') => (Self::Control { at_start: true }, true),
            (Self::Escape, ']') => (Self::String { bell: true }, true),
            (Self::Escape, 'P' | 'X' | '^' | '_') => (Self::String { bell: false }, true),
            (Self::Escape, 'N' | 'O') => (Self::One, true),
            (Self::Escape | Self::Intermediate, ' '..='.') => (Self::Intermediate, true),
            (Self::Escape | Self::Intermediate, '0'..='~') => (Self::Text, true),

            (Self::Control { at_start: true }, '[') => (Self::One, true),
            (Self::Control { .. }, ' '..='?') => (Self::Control { at_start: false }, true),
            (Self::Control { .. }, '@'..='~') => (Self::Text, true),

            (Self::One, ' '..='~') => (Self::Text, true),

            (Self::String { bell: true }, '\x07') | (Self::String { .. }, '\u{9C}') => (Self::Text, true),
            (Self::String { .. }, _) => (self, true),
            // Not a continuation of any sequence.
            (Self::Control { .. } | Self::Escape | Self::Intermediate | Self::One, _) => (Self::Text, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn text(line: &str) -> String {
        let mut escapes = Escapes::default();
        line.chars().filter(|&character| !escapes.take(character)).collect()
    }

    #[test]
    fn sequences_are_removed_as_a_whole() {
        for (line, rest) in [
            ("\x1b[32mOK\x1b[0m \x1b[1;31mFAIL\x1b[0m", "OK FAIL"),
            ("\x1b[?25lhidden\x1b[?25h\x1b[38:2::1:2:3mred\x1b[1 qcursor", "hiddenredcursor"),
            ("a\u{9b}31mb\u{9b}0mc", "abc"),
            ("\x1b]0;title\x07done", "done"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ end", "link end"),
            ("\u{9d}0;title\u{9c}done", "done"),
            ("a\x1bPq#0;2;0\x1b\\b\x1b_apc\x07still\u{9c}c\x1b^pm\x1b\\d\x1bXsos\x1b\\e", "abcde"),
            ("a\u{90}dcs\u{9c}b\u{9f}apc\u{9c}c\u{9e}pm\u{9c}d\u{98}sos\u{9c}e", "abcde"),
            ("\x1b(Ba\x1b)0b\x1b#8c\x1b%Gd\x1b F", "abcd"),
            ("\x1b7a\x1b8b\x1b=c\x1bcd\x1bMe", "abcde"),
            ("up\x1b[A down\x1bOB home\x1b[1~ F1\x1b[[A F2\x1bOQ", "up down home F1 F2"),
            ("\u{8f}Aa\u{8e}Bb", "ab"),
        ] {
            assert_eq!(text(line), rest, "{line:?}");
        }
    }

    #[test]
    fn a_sequence_that_the_end_of_the_line_cuts_off_is_removed() {
        for line in [
            "a\x1b",
            "a\x1b[",
            "a\x1b[1;3",
            "a\x1b(",
            "a\x1b]0;tit",
            "a\x1bP",
            "a\x1b]x\x1b",
            "a\x1bO",
            "a\x1b[[",
        ] {
            assert_eq!(text(line), "a", "{line:?}");
        }
    }

    #[test]
    fn text_after_an_aborted_sequence_is_kept() {
        for (line, rest) in [
            ("\x1b\x1b[31mred", "red"),
            ("\x1b[3\x1b[1mbold", "bold"),
            ("\x1b[31\x18red", "red"),
            ("\x1b你好", "你好"),
            ("\x1b[你好", "你好"),
            ("\x1b\tx", "\tx"),
            ("[31m is no colour", "[31m is no colour"),
        ] {
            assert_eq!(text(line), rest, "{line:?}");
        }
    }

    #[test]
    fn a_slash_belongs_to_no_sequence_except_a_control_string() {
        for before in [
            "\x1b", "\x1b\x1b", "\x1b ", "\x1b(", "\x1bO", "\x1bN", "\x1b[", "\x1b[[", "\x1b[1;", "\u{8f}",
            "\u{9b}",
        ] {
            assert_eq!(text(&alloc::format!("{before}/msg bob")), "/msg bob", "{before:?}");
        }
        assert_eq!(text("\x1b]8;;http://x\x07link"), "link");
    }
}
