//! Wrapping lines of Chinese text. Clap breaks lines at blanks, of which Chinese has few.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters that must not begin a line.
const CLOSING: &str = "，。；：、）！？";

/// Characters that must not end a line.
const OPENING: &str = "（";

/// Wraps the lines of a text to `columns`. Indented lines stay as they are.
pub(super) fn wrapped(text: &str, columns: usize) -> String {
    let wrap = |line: &str| if line.starts_with(' ') { line.to_owned() } else { wrapped_line(line, columns) };
    text.lines().map(wrap).collect::<Vec<_>>().join("\n")
}

fn wrapped_line(line: &str, columns: usize) -> String {
    let mut lines = vec![String::new()];
    for unit in units(line) {
        let last = lines.last_mut().expect("there is always a line");
        if last.is_empty() || last.width() + unit.trim_end().width() <= columns {
            last.push_str(unit);
        } else {
            lines.push(unit.to_owned());
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Splits a line into the parts between which it can be broken.
fn units(line: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (index, character) in line.char_indices() {
        if before.is_some_and(|before| can_break_between(before, character)) {
            units.push(&line[start..index]);
            start = index;
        }
        before = Some(character);
    }
    units.push(&line[start..]);
    units
}

fn can_break_between(before: char, after: char) -> bool {
    let is_wide = |character: char| character.width() == Some(2);
    match (before, after) {
        (_, ' ') => false,
        (' ', _) => true,
        (before, after) => {
            (is_wide(before) || is_wide(after)) && !CLOSING.contains(after) && !OPENING.contains(before)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_characters_and_not_in_words_or_before_punctuation() {
        assert_eq!(wrapped("一二三四五六", 6), "一二三\n四五六");
        assert_eq!(wrapped("一二三，四", 6), "一二\n三，四");
        assert_eq!(wrapped("一二（三）", 6), "一二\n（三）");
        assert_eq!(wrapped("一 auto://HOST:PORT 二", 8), "一\nauto://HOST:PORT\n二");
        assert_eq!(wrapped("一二\n  一二三四五六七", 4), "一二\n  一二三四五六七");
        assert_eq!(wrapped("", 4), "");
    }
}
