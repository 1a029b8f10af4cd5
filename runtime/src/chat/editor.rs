//! The line being typed, and the history of earlier ones.
//!
//! Both use `rustyline`'s types, which handle characters and words of any script. Its `readline` is not used: it blocks
//! until Enter, so it cannot be ended when the server closes; it drops what was typed ahead; and it prints other people's
//! lines only while it reads, so that one that arrives as Enter is pressed may land in the middle of the typed line.

use super::keys::Key;
use rustyline::config::Config;
use rustyline::history::{History, MemHistory, SearchDirection};
use rustyline::line_buffer::{ChangeListener, DeleteListener, Direction, LineBuffer};
use rustyline::{At, Movement, Word};
use std::fmt;

/// Bytes of a line: the server's default limit.
const LINE_BYTES_MAX: usize = 4_096;

/// Lines that are remembered.
const HISTORY_LINES_MAX: usize = 500;

/// The effect of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyEffect {
    /// The line or the cursor changed.
    Edit,
    /// The screen is to be cleared.
    ClearScreen,
    /// The line is full.
    Full,
    /// The user wants to leave, whatever the line contains.
    Interrupt,
    /// The user wants to leave, and the line is empty.
    Leave,
    /// The line was entered.
    Line(String),
    /// The key had no effect.
    Nothing,
    /// The program is to be suspended.
    Suspend,
}

/// The editor of the line being typed.
pub(super) struct Editor {
    line: LineBuffer,
    history: MemHistory,
    /// The index of the line in the history; the history's length for a new line.
    place: usize,
    /// The new line, while the user browses the history.
    draft: String,
    /// The text deleted last by a kill key, for Ctrl-Y.
    killed: Killed,
}

impl Editor {
    pub(super) fn new() -> Self {
        let config =
            Config::builder().max_history_size(HISTORY_LINES_MAX).map(rustyline::config::Builder::build);
        Self {
            line: LineBuffer::with_capacity(LINE_BYTES_MAX),
            history: MemHistory::with_config(&config.unwrap_or_default()),
            place: 0,
            draft: String::new(),
            killed: Killed::default(),
        }
    }

    /// Applies a key.
    pub(super) fn press(&mut self, key: Key) -> KeyEffect {
        let line = &mut self.line;
        let did = match key {
            Key::Backspace => line.backspace(1, &mut NoListener),
            Key::Character(character) => match line.insert(character, 1, &mut NoListener) {
                Some(_) => true,
                None => return KeyEffect::Full,
            },
            Key::ClearScreen => return KeyEffect::ClearScreen,
            // The terminal client handles these before the editor sees a key.
            Key::Complete | Key::PasteBegin | Key::PasteEnd => false,
            Key::Delete => line.delete(1, &mut NoListener).is_some(),
            Key::DeleteOrLeave if line.is_empty() => return KeyEffect::Leave,
            Key::DeleteOrLeave => line.delete(1, &mut NoListener).is_some(),
            Key::Down => self.recall(self.place.saturating_add(1)),
            Key::End => line.move_end(),
            Key::Enter => return KeyEffect::Line(self.finish()),
            Key::Home => line.move_home(),
            Key::Interrupt => return KeyEffect::Interrupt,
            Key::KillToEnd => self.kill(&Movement::EndOfLine),
            Key::KillToStart => self.kill(&Movement::BeginningOfLine),
            Key::KillWordLeft => self.kill(&Movement::BackwardWord(1, Word::Big)),
            Key::KillWordRight => self.kill(&Movement::ForwardWord(1, At::AfterEnd, Word::Emacs)),
            Key::Left => line.move_backward(1),
            Key::Right => line.move_forward(1),
            Key::Suspend => return KeyEffect::Suspend,
            Key::Transpose => line.transpose_chars(&mut NoListener),
            Key::Up => self.place > 0 && self.recall(self.place - 1),
            Key::WordLeft => line.move_to_prev_word(Word::Emacs, 1),
            Key::WordRight => line.move_to_next_word(At::AfterEnd, Word::Emacs, 1),
            Key::Yank => line.yank(&self.killed.0, 1, &mut NoListener).is_some(),
        };
        if did { KeyEffect::Edit } else { KeyEffect::Nothing }
    }

    /// Inserts a text at the cursor; returns whether all of it fitted.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        text.chars().all(|character| self.line.insert(character, 1, &mut NoListener).is_some())
    }

    /// Replaces the bytes from `start` to the cursor; returns whether the text fitted.
    pub(super) fn replace(&mut self, start: usize, text: &str) -> bool {
        let old = start..self.line.pos();
        let fits = self.line.len() - old.len() + text.len() <= LINE_BYTES_MAX;
        if fits {
            self.line.replace(old, text, &mut NoListener);
        }
        fits
    }

    /// Returns the line.
    pub(super) fn text(&self) -> &str {
        self.line.as_str()
    }

    /// Returns the cursor's position in bytes.
    pub(super) fn position(&self) -> usize {
        self.line.pos()
    }

    fn finish(&mut self) -> String {
        let text = self.text().to_owned();
        // A history in memory cannot fail. It leaves out empty and repeated lines.
        self.history.add(&text).ok();
        self.place = self.history.len();
        self.draft.clear();
        self.line.update("", 0, &mut NoListener);
        text
    }

    fn kill(&mut self, movement: &Movement) -> bool {
        let mut killed = Killed::default();
        let did = self.line.kill(movement, &mut killed);
        if did {
            self.killed = killed;
        }
        did
    }

    /// Moves to an index in the history.
    fn recall(&mut self, place: usize) -> bool {
        if place > self.history.len() {
            return false;
        }
        if self.place == self.history.len() {
            self.draft = self.text().to_owned();
        }
        let old = self.history.get(place, SearchDirection::Forward).ok().flatten();
        let text = old.map_or_else(|| std::mem::take(&mut self.draft), |old| old.entry.into_owned());
        self.line.update(&text, text.len(), &mut NoListener);
        self.place = place;
        true
    }
}

impl fmt::Debug for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Editor").field("line", &self.line).field("place", &self.place).finish_non_exhaustive()
    }
}

/// A listener that ignores changes.
struct NoListener;

impl DeleteListener for NoListener {
    fn delete(&mut self, _at: usize, _text: &str, _direction: Direction) {}
}

impl ChangeListener for NoListener {
    fn insert_char(&mut self, _at: usize, _character: char) {}
    fn insert_str(&mut self, _at: usize, _text: &str) {}
    fn replace(&mut self, _at: usize, _old: &str, _new: &str) {}
}

/// A listener that collects deleted text.
#[derive(Default)]
struct Killed(String);

impl DeleteListener for Killed {
    fn delete(&mut self, _at: usize, text: &str, _direction: Direction) {
        self.0.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(editor: &mut Editor, text: &str) {
        for character in text.chars() {
            editor.press(Key::Character(character));
        }
    }

    fn say(editor: &mut Editor, text: &str) {
        type_in(editor, text);
        assert_eq!(editor.press(Key::Enter), KeyEffect::Line(text.to_owned()));
    }

    #[test]
    fn keys_move_and_delete_whole_characters() {
        let mut editor = Editor::new();
        type_in(&mut editor, "你e\u{301}好");
        editor.press(Key::Left);
        editor.press(Key::Backspace);
        assert_eq!((editor.text(), editor.position()), ("你好", 3));
        editor.press(Key::Home);
        editor.press(Key::Delete);
        editor.press(Key::End);
        type_in(&mut editor, "!");
        assert_eq!(editor.press(Key::Enter), KeyEffect::Line("好!".to_owned()));
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn a_word_is_replaced_at_the_cursor() {
        let mut editor = Editor::new();
        type_in(&mut editor, "hello al你");
        editor.press(Key::Left);
        assert!(editor.replace(6, "alice "));
        assert_eq!((editor.text(), editor.position()), ("hello alice 你", 12));
        assert!(!editor.replace(6, &"x".repeat(LINE_BYTES_MAX)), "it does not fit");
        assert!(editor.insert("再见"));
        assert_eq!(editor.text(), "hello alice 再见你");
        assert!(!editor.insert(&"x".repeat(LINE_BYTES_MAX)));
        assert_eq!(editor.text().len(), LINE_BYTES_MAX);
    }

    #[test]
    fn killed_text_can_be_yanked() {
        let mut editor = Editor::new();
        type_in(&mut editor, "one two 三");
        editor.press(Key::KillWordLeft);
        assert_eq!(editor.text(), "one two ");
        editor.press(Key::Home);
        editor.press(Key::Yank);
        assert_eq!(editor.text(), "三one two ");
        editor.press(Key::KillToStart);
        editor.press(Key::KillWordRight);
        assert_eq!(editor.text(), " two ");
    }

    #[test]
    fn the_history_keeps_entered_lines_and_the_draft() {
        let mut editor = Editor::new();
        say(&mut editor, "first");
        say(&mut editor, "second");
        say(&mut editor, "second");
        type_in(&mut editor, "draft");
        for (key, text) in [
            (Key::Up, "second"),
            (Key::Up, "first"),
            (Key::Up, "first"),
            (Key::Down, "second"),
            (Key::Down, "draft"),
        ] {
            editor.press(key);
            assert_eq!(editor.text(), text, "{key:?}");
        }
        assert_eq!(editor.press(Key::Down), KeyEffect::Nothing);
    }

    #[test]
    fn the_history_and_the_line_are_bounded() {
        let mut editor = Editor::new();
        for number in 0..HISTORY_LINES_MAX + 10 {
            say(&mut editor, &number.to_string());
        }
        assert_eq!(editor.history.len(), HISTORY_LINES_MAX);
        type_in(&mut editor, &"x".repeat(LINE_BYTES_MAX));
        assert_eq!(editor.press(Key::Character('x')), KeyEffect::Full);
        assert_eq!(editor.text().len(), LINE_BYTES_MAX);
    }

    #[test]
    fn ctrl_d_leaves_only_from_an_empty_line() {
        let mut editor = Editor::new();
        type_in(&mut editor, "ab");
        editor.press(Key::Home);
        assert_eq!(editor.press(Key::DeleteOrLeave), KeyEffect::Edit);
        assert_eq!(editor.text(), "b");
        editor.press(Key::DeleteOrLeave);
        assert_eq!(editor.press(Key::DeleteOrLeave), KeyEffect::Leave);
    }
}
