//! A simple terminal by the rules of ECMA-48. It is an oracle for the core's handling of typed lines, and shares no
//! code with it.

use unicode_normalization::char::is_combining_mark;

/// Returns a line as its author saw it at the end: with the effect of erase keys, and without invisible characters
/// except IRC formatting. A line without erase keys is returned unchanged.
#[must_use]
pub fn corrected(line: &str) -> String {
    const ERASE: [char; 4] = ['\x08', '\x7f', '\x15', '\x17'];
    if !line.contains(ERASE) {
        return line.to_owned();
    }
    let mut cells = Cells::default();
    for character in without_sequences(line).chars() {
        match character {
            '\x08' | '\x7f' => {
                cells.0.pop();
            }
            '\x15' => cells.0.clear(),
            '\x17' => {
                let mut kept: Vec<char> = cells.0.concat().chars().collect();
                while kept.last().is_some_and(|last| last.is_whitespace()) {
                    kept.pop();
                }
                while kept.last().is_some_and(|last| !last.is_whitespace()) {
                    kept.pop();
                }
                cells = Cells::default();
                kept.into_iter().for_each(|character| cells.show(character));
            }
            '\t' | '\r' => cells.show(character),
            _ if character.is_control() && !is_format(character) => {}
            _ => cells.show(character),
        }
    }
    cells.0.concat()
}

/// The cells of a line. Each has one visible character, with the combining characters that belong to it.
#[derive(Default)]
struct Cells(Vec<String>);

impl Cells {
    fn show(&mut self, character: char) {
        let halves = self.0.concat().chars().rev().take_while(|&it| is_flag_half(it)).count();
        match self.0.last_mut() {
            Some(cell) if belongs_to_the_one_before(character) => cell.push(character),
            Some(cell) if cell.ends_with('\u{200d}') => cell.push(character),
            Some(cell) if is_flag_half(character) && halves % 2 == 1 => cell.push(character),
            _ => self.0.push(character.into()),
        }
    }
}

fn belongs_to_the_one_before(character: char) -> bool {
    let is_jamo = matches!(character, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7fb}');
    let is_tone_or_tag = matches!(character, '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let is_joiner = character == '\u{200c}' || character == '\u{200d}';
    is_format(character) || is_combining_mark(character) || is_jamo || is_tone_or_tag || is_joiner
}

const fn is_format(character: char) -> bool {
    matches!(character as u32, 2 | 3 | 4 | 0x0f | 0x11 | 0x16 | 0x1d | 0x1e | 0x1f)
}

const fn is_flag_half(character: char) -> bool {
    matches!(character as u32, 0x1_f1e6..=0x1_f1ff)
}

/// Returns the text of a line: without escape sequences, and without control characters except TAB and IRC formatting.
/// Line separators within it become spaces.
#[must_use]
pub fn clean(line: &str) -> String {
    let is_kept = |it: &char| !it.is_control() || "\t\r".contains(*it) || is_format(*it);
    let kept: String = without_sequences(line).chars().filter(is_kept).collect();
    let parts: Vec<&str> = kept.split('\r').filter(|part| !part.is_empty()).collect();
    parts.join(" ").replace(['\u{2028}', '\u{2029}'], " ")
}

/// Returns a line without its escape sequences.
#[must_use]
pub fn without_sequences(line: &str) -> String {
    let characters: Vec<char> = line.chars().collect();
    let (mut at, mut kept) = (0, String::new());
    while at < characters.len() {
        let length = sequence(&characters[at..]);
        if length == 0 {
            kept.push(characters[at]);
        }
        at += length.max(1);
    }
    kept
}

/// Returns the length of the escape sequence at the start of `rest`; 0 if there is none. A slash is never a part of a
/// sequence, except of a control string.
fn sequence(rest: &[char]) -> usize {
    match rest {
        ['\x1b', '[', rest @ ..] => 2 + control(rest),
        ['\u{9b}', rest @ ..] => 1 + control(rest),
        ['\x1b', ']', rest @ ..] => 2 + string(rest, true),
        ['\u{9d}', rest @ ..] => 1 + string(rest, true),
        ['\x1b', 'P' | 'X' | '^' | '_', rest @ ..] => 2 + string(rest, false),
        ['\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}', rest @ ..] => 1 + string(rest, false),
        ['\x1b', 'N' | 'O', rest @ ..] => 2 + one(rest),
        ['\u{8e}' | '\u{8f}', rest @ ..] => 1 + one(rest),
        ['\x1b', rest @ ..] => {
            let between = rest.iter().take_while(|it| (' '..='.').contains(*it)).count();
            let end = match rest.get(between) {
                Some('0'..='~') => 1,
                other => broken_off(other),
            };
            1 + between + end
        }
        _ => 0,
    }
}

/// Returns the length of the parameters and the final character of a control sequence. For function keys the Linux
/// console sends `[` as the final character, and one more.
fn control(rest: &[char]) -> usize {
    if let ['[', rest @ ..] = rest {
        return 1 + one(rest);
    }
    let parameters = rest.iter().take_while(|it| (' '..='?').contains(*it) && **it != '/').count();
    match rest.get(parameters) {
        Some('@'..='~') => parameters + 1,
        other => parameters + broken_off(other),
    }
}

/// Returns the length of a control string, up to any of its possible ends.
fn string(rest: &[char], bell: bool) -> usize {
    for (at, character) in rest.iter().enumerate() {
        match character {
            '\x07' if bell => return at + 1,
            '\u{9c}' | '\x18' | '\x1a' => return at + 1,
            // The string terminator ST, or the start of another sequence.
            '\x1b' | '\u{8e}' | '\u{8f}' | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the length of the character after a single shift.
fn one(rest: &[char]) -> usize {
    match rest.first() {
        Some('/') => 0,
        Some(' '..='~') => 1,
        other => broken_off(other),
    }
}

/// Returns 1 if the next character cancels the sequence and is a part of it, 0 otherwise.
fn broken_off(next: Option<&char>) -> usize {
    usize::from(matches!(next, Some('\x18' | '\x1a')))
}
