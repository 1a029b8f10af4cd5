//! The escape sequences of terminals (ECMA-48). They are removed whole: if only their first character was removed, the
//! rest would be read as text.

/// Tells the characters of escape sequences from text. A sequence that the end of the line cuts is removed as well.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Escapes(State);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// A control sequence, `ESC [`: parameters, intermediate bytes, and a final byte. A second `[`
    /// directly behind its beginning is what Linux sends for a function key.
    Control { at_start: bool },
    /// Behind ESC.
    Escape,
    /// Behind ESC and intermediate bytes.
    Intermediate,
    /// One more character belongs to the sequence: of another character set, or of a function key.
    One,
    /// A control string: `ESC ]` and others. `bell` says whether BEL ends it as well as ST.
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
            // These begin a sequence wherever they are, also in another one, which is broken off. (ST, `ESC \`, is a
            // sequence of two characters like others.)
            (_, '\x1B') => (Self::Escape, true),
            (_, '\u{8E}' | '\u{8F}') => (Self::One, true),
            (_, '\u{90}' | '\u{98}' | '\u{9E}' | '\u{9F}') => (Self::String { bell: false }, true),
            (_, '\u{9B}') => (Self::Control { at_start: true }, true),
            (_, '\u{9D}') => (Self::String { bell: true }, true),
            (Self::Text, _) => (Self::Text, false),
            // CAN and SUB break a sequence off.
            (_, '\x18' | '\x1A') => (Self::Text, true),
            // No terminal sends a slash in a sequence. A person types one behind the Escape key, and would say a part of a
            // command if it went.
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
            // No sequence goes on so.
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
    fn sequences_go_whole() {
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
    fn a_sequence_that_the_lines_end_cuts_goes_too() {
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
    fn what_is_no_sequence_stays() {
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
    fn a_slash_is_part_of_no_sequence_but_a_string() {
        for before in [
            "\x1b", "\x1b\x1b", "\x1b ", "\x1b(", "\x1bO", "\x1bN", "\x1b[", "\x1b[[", "\x1b[1;", "\u{8f}",
            "\u{9b}",
        ] {
            assert_eq!(text(&alloc::format!("{before}/msg bob")), "/msg bob", "{before:?}");
        }
        assert_eq!(text("\x1b]8;;http://x\x07link"), "link");
    }
}
