//! Drawing the line being typed, in rows and columns of the screen.
//!
//! The rows are broken here and not by the terminal. So the number of rows is known, and the place of a wide character that
//! does not fit into the rest of a row.

use super::incoming::printable;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// The prompt before the line being typed.
pub(super) const PROMPT: &str = "> ";

/// Turns off the terminal's own wrapping (DECAWM). If it disagrees on the width of a character, a row is cut at the margin,
/// and the rows above and below stay in place.
const WRAP_OFF: &str = "\x1b[?7l";
/// Turns the terminal's own wrapping on again.
const WRAP_ON: &str = "\x1b[?7h";

/// Makes the character before it an emoji, which is wide.
const EMOJI_PRESENTATION: char = '\u{FE0F}';

/// The last rows of the screen, which show the line being typed.
#[derive(Debug)]
pub(super) struct Screen {
    columns: usize,
    rows: usize,
    /// The rows that are drawn; none after [`Screen::erase`].
    drawn: Drawn,
}

#[derive(Debug, Default)]
struct Drawn {
    /// The width of each row in columns.
    widths: Vec<usize>,
    /// The row of the cursor.
    row: usize,
}

/// A row of the line being typed.
#[derive(Debug, Default)]
struct Row {
    text: String,
    width: usize,
}

impl Screen {
    /// Creates a screen of that size. Zeros mean 80 columns or 24 rows.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        let mut screen = Self { columns: 0, rows: 0, drawn: Drawn::default() };
        screen.set_size(columns, rows);
        screen
    }

    /// Changes the size. A terminal that has become narrower has broken the rows that no longer fit.
    pub(super) fn resize(&mut self, columns: usize, rows: usize) {
        let before = (self.columns, self.rows);
        self.set_size(columns, rows);
        if before == (self.columns, self.rows) {
            return;
        }
        let broken = |width: &usize| width.div_ceil(self.columns).max(1);
        self.drawn.row = self.drawn.widths.iter().take(self.drawn.row).map(broken).sum();
    }

    /// Erases the line being typed; the cursor is where the line began.
    pub(super) fn erase(&mut self, out: &mut String) {
        let drawn = std::mem::take(&mut self.drawn);
        if drawn.widths.is_empty() {
            return;
        }
        out.push('\r');
        if drawn.row > 0 {
            push(out, format_args!("\x1b[{}A", drawn.row));
        }
        out.push_str("\x1b[J");
    }

    /// Draws the prompt and the line, with the cursor before the byte at `position`. Of a line that is higher than the
    /// screen, only the rows around the cursor are drawn.
    pub(super) fn draw(&mut self, out: &mut String, prompt: &str, line: &str, position: usize) {
        let (rows, (cursor_row, cursor_bytes)) = self.lay_out(prompt, line, position);
        let high = self.rows.saturating_sub(1).max(1);
        let first = (cursor_row + 1).saturating_sub(high);
        let shown = &rows[first..rows.len().min(first + high)];
        out.push_str(WRAP_OFF);
        for (index, row) in shown.iter().enumerate() {
            if index > 0 {
                out.push_str("\r\n");
            }
            out.push_str(&row.text);
        }
        let row = cursor_row - first;
        let below = shown.len() - 1 - row;
        if below > 0 {
            push(out, format_args!("\x1b[{below}A"));
        }
        // The text before the cursor is written again, so that the terminal itself places the cursor: it may disagree on
        // the width of a character.
        out.push('\r');
        out.push_str(&shown[row].text[..cursor_bytes]);
        out.push_str(WRAP_ON);
        self.drawn = Drawn { widths: shown.iter().map(|row| row.width).collect(), row };
    }

    /// Writes the whole line above the rows of this screen. The terminal wraps it, so that it is copied as one line and
    /// follows a change of the width.
    pub(super) fn commit(&mut self, out: &mut String, line: &str) {
        self.erase(out);
        out.push_str(PROMPT);
        out.extend(line.chars().map(printable));
        out.push_str("\r\n");
    }

    /// Forgets what was drawn, because the screen was cleared.
    pub(super) fn forget(&mut self) {
        self.drawn = Drawn::default();
    }

    fn set_size(&mut self, columns: usize, rows: usize) {
        // A row must be able to hold a wide character.
        self.columns = if columns == 0 { 80 } else { columns.max(2) };
        self.rows = if rows == 0 { 24 } else { rows };
    }

    /// Returns the rows of the prompt and the line, and the cursor as a row and a number of bytes in it.
    fn lay_out(&self, prompt: &str, line: &str, position: usize) -> (Vec<Row>, (usize, usize)) {
        let mut rows = Vec::new();
        let mut row = Row::default();
        let mut cursor = None;
        let mut before = 0;
        let position = prompt.len() + position;
        let characters = prompt.chars().chain(line.chars());
        let mut end = 0;
        for character in characters {
            let index = end;
            end += character.len_utf8();
            let character = printable(character);
            let width = match character {
                EMOJI_PRESENTATION if before == 1 => 1,
                _ => character.width().unwrap_or(0),
            };
            if row.width + width > self.columns {
                rows.push(std::mem::take(&mut row));
            }
            if index == position {
                cursor = Some((rows.len(), row.text.len()));
            }
            row.text.push(character);
            row.width += width;
            before = width;
        }
        // After a full row, the cursor is in the next one.
        if row.width >= self.columns {
            rows.push(std::mem::take(&mut row));
        }
        let cursor = cursor.unwrap_or((rows.len(), row.text.len()));
        rows.push(row);
        (rows, cursor)
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::editor::Editor;
    use super::super::keys::Keys;
    use super::*;

    fn rows(columns: usize, line: &str, position: usize) -> (Vec<String>, (usize, usize)) {
        let (rows, cursor) = Screen::new(columns, 24).lay_out(PROMPT, line, position);
        (rows.into_iter().map(|row| row.text).collect(), cursor)
    }

    #[test]
    fn a_wide_character_that_does_not_fit_moves_to_the_next_row() {
        assert_eq!(rows(7, "你好吗", 9), (vec!["> 你好".into(), "吗".into()], (1, 3)));
        assert_eq!(rows(6, "你好吗", 6), (vec!["> 你好".into(), "吗".into()], (1, 0)), "before 吗");
    }

    #[test]
    fn after_a_full_row_the_cursor_is_in_the_next_one() {
        assert_eq!(rows(5, "abc", 3), (vec!["> abc".into(), String::new()], (1, 0)));
        assert_eq!(rows(5, "abc", 2), (vec!["> abc".into(), String::new()], (0, 4)));
    }

    #[test]
    fn a_combining_mark_stays_with_its_letter() {
        assert_eq!(rows(4, "ae\u{301}b", 5).0, ["> ae\u{301}", "b"]);
    }

    #[test]
    fn a_line_is_drawn_and_erased_in_place() {
        let mut screen = Screen::new(6, 24);
        let mut out = String::new();
        screen.draw(&mut out, PROMPT, "你好吗", 0);
        assert_eq!(out, "\x1b[?7l> 你好\r\n吗\x1b[1A\r> \x1b[?7h");
        out.clear();
        screen.erase(&mut out);
        assert_eq!(out, "\r\x1b[J");
        out.clear();
        screen.draw(&mut out, PROMPT, "你好吗", 9);
        screen.erase(&mut out);
        assert!(out.ends_with("\r吗\x1b[?7h\r\x1b[1A\x1b[J"), "{out:?}");
    }

    #[test]
    fn a_line_higher_than_the_screen_is_shown_around_the_cursor() {
        let mut screen = Screen::new(4, 3);
        let mut out = String::new();
        screen.draw(&mut out, PROMPT, "abccccddddeeee", 14);
        assert_eq!(out, "\x1b[?7leeee\r\n\r\x1b[?7h");
        let mut screen = Screen::new(4, 3);
        out.clear();
        screen.draw(&mut out, PROMPT, "abccccddddeeee", 1);
        assert_eq!(out, "\x1b[?7l> ab\r\ncccc\x1b[1A\r> a\x1b[?7h");
    }

    #[test]
    fn rows_broken_by_a_narrower_terminal_are_erased() {
        let mut screen = Screen::new(10, 24);
        let mut out = String::new();
        screen.draw(&mut out, PROMPT, "123456789012", 12);
        screen.resize(4, 24);
        out.clear();
        screen.erase(&mut out);
        assert_eq!(out, "\r\x1b[3A\x1b[J");
    }

    #[test]
    fn the_cursor_is_always_on_the_screen() {
        const ALPHABET: [&str; 12] = [
            "a",
            "你",
            "e\u{301}",
            "👩\u{200d}🚀",
            " ",
            "\x1b[A",
            "\x1b[B",
            "\x1b[D",
            "\x1b[1;5D",
            "\x1bd",
            "\u{202e}",
            "\x0b",
        ];
        let mut state = 1_u64;
        let mut random = move || {
            // SplitMix64.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33
        };
        let mut keys = Keys::default();
        let mut editor = Editor::new();
        let mut screen = Screen::new(80, 24);
        let mut out = String::new();
        for _ in 0..50_000 {
            let number = random();
            let raw = [number.to_le_bytes()[1] & 0x1F];
            let choice = usize::try_from(number % 16).unwrap();
            let bytes = ALPHABET.get(choice).map_or(&raw[..], |text| text.as_bytes());
            for key in keys.receive(bytes) {
                editor.press(key);
            }
            if number % 64 == 0 {
                screen
                    .resize(usize::try_from(random() % 30).unwrap(), usize::try_from(random() % 6).unwrap());
            }
            out.clear();
            screen.erase(&mut out);
            screen.draw(&mut out, PROMPT, editor.text(), editor.position());
            assert!(screen.drawn.row < screen.drawn.widths.len());
            assert!(screen.drawn.widths.len() < screen.rows.max(2));
            assert!(screen.drawn.widths.iter().all(|width| *width <= screen.columns));
        }
    }
}
