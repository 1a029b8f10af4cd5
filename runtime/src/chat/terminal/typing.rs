//! What the user's keys do.

use super::super::Ended;
use super::super::command::{is_command, is_quit};
use super::super::completion::{Completion, complete};
use super::super::editor::Did;
use super::super::entry::Request;
use super::super::here;
use super::super::keys::Key;
use super::super::paste::{Paste, Pasted, is_pasted};
use super::super::screen::PROMPT;
use super::Talk;
use super::timer::Timer;
use super::tty;
use crate::clock::Clock;
use rustix::process::{Signal as Number, kill_current_process_group};
use std::io;
use std::task::Context;
use std::time::Duration;

/// Says that a key did nothing.
const BELL: char = '\x07';

/// What follows a paste within this belongs to it, where the terminal marks no pastes.
const PASTE_SETTLED_AFTER: Duration = Duration::from_millis(200);

/// Whether keys are typed or pasted.
#[derive(Debug, Default)]
pub(super) enum Pasting {
    /// These lines are said if the next key says so.
    Asking(Vec<String>),
    /// The terminal will tell where it ends.
    Marked(Paste),
    #[default]
    None,
    /// It ends where nothing follows for a while.
    Unmarked(Paste, Timer),
}

impl Pasting {
    /// Whether a paste has ended because nothing follows it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Unmarked(_, timer) => timer.poll(context),
            Self::Asking(_) | Self::Marked(_) | Self::None => false,
        }
    }
}

impl Talk<'_> {
    /// Keys came, in one read.
    pub(super) fn press(&mut self, bytes: &[u8]) -> io::Result<Option<Ended>> {
        self.fit();
        let keys = self.keys.receive(bytes);
        let mut out = String::new();
        let is_in_paste = matches!(self.pasting, Pasting::Marked(_) | Pasting::Unmarked(..));
        if !is_in_paste && !keys.contains(&Key::PasteBegin) && is_pasted(&keys) {
            self.begin_paste(Pasting::Unmarked(Paste::default(), Timer::default()), &mut out);
        }
        for key in keys {
            if let Some(ended) = self.press_key(key, &mut out)? {
                return Ok(Some(ended));
            }
        }
        if let Pasting::Unmarked(_, timer) = &mut self.pasting {
            timer.set(PASTE_SETTLED_AFTER);
        }
        self.draw_after(out)?;
        self.link.write(self.is_leaving);
        Ok(None)
    }

    /// A paste whose end the terminal does not mark has ended.
    pub(super) fn paste_settled(&mut self) -> io::Result<()> {
        let mut out = String::new();
        self.finish_paste(&mut out);
        self.draw_after(out)
    }

    /// What stands on the line being typed: a prompt, a text, and where the cursor is in it.
    pub(super) fn typed(&self) -> (String, &str, usize) {
        if let Pasting::Asking(lines) = &self.pasting {
            let commands = lines.iter().filter(|line| is_command(line)).count();
            return (self.texts.send_lines(lines.len(), commands), "", 0);
        }
        let prompt = if self.away.is_some() { self.texts.away_prompt() } else { PROMPT };
        (prompt.to_owned(), self.editor.text(), self.editor.position())
    }

    fn press_key(&mut self, key: Key, out: &mut String) -> io::Result<Option<Ended>> {
        match (&mut self.pasting, key) {
            // The way out of a paste whose end never comes.
            (Pasting::Marked(_) | Pasting::Unmarked(..), Key::Interrupt) => {
                self.pasting = Pasting::None;
                self.tell_into(out, self.texts.paste_dropped());
            }
            (Pasting::Marked(_), Key::PasteEnd) => self.finish_paste(out),
            (Pasting::Marked(paste) | Pasting::Unmarked(paste, _), key) => paste.press(key),
            (Pasting::Asking(_) | Pasting::None, Key::PasteBegin) => {
                self.begin_paste(Pasting::Marked(Paste::default()), out);
            }
            (Pasting::Asking(_), key) => self.answer(key, out),
            (Pasting::None, Key::Complete) => self.complete(out),
            (Pasting::None, key) => return self.edit(key, out),
        }
        Ok(None)
    }

    fn edit(&mut self, key: Key, out: &mut String) -> io::Result<Option<Ended>> {
        if self.away.is_some() && !self.is_leaving && key == Key::Enter {
            return Ok(self.keep(out));
        }
        let did = self.editor.press(key);
        if self.is_leaving {
            return Ok(matches!(did, Did::Interrupt | Did::Leave).then_some(Ended::Forced));
        }
        match did {
            Did::Edit | Did::Nothing => {}
            Did::ClearScreen => {
                self.screen.forget();
                out.push_str("\x1b[H\x1b[2J");
            }
            Did::Full => out.push(BELL),
            Did::Interrupt | Did::Leave if self.away.is_some() => return Ok(Some(Ended::GaveUp)),
            Did::Interrupt | Did::Leave => self.begin_leave(out),
            Did::Line(line) => self.say(out, &line),
            Did::Suspend => self.suspend(out)?,
        }
        Ok(None)
    }

    /// Says a line; an empty one says nothing.
    fn say(&mut self, out: &mut String, line: &str) {
        if line.is_empty() {
            return;
        }
        self.screen.leave(out, line);
        self.link.say(line);
        self.said_at = Some(self.clock.now().mono);
        if let Some(Request::Room(room)) = here::read(line) {
            self.vocabulary.learn_room(&room.name);
        }
    }

    /// Enter was pressed, and there is no connection: the line stays where it is.
    fn keep(&mut self, out: &mut String) -> Option<Ended> {
        let text = self.editor.text();
        if is_quit(text) {
            return Some(Ended::GaveUp);
        }
        if text.trim().is_empty() {
            return None;
        }
        out.push(BELL);
        let is_told = self.away.as_mut().is_some_and(|away| std::mem::replace(&mut away.is_told, true));
        if !is_told {
            self.tell_into(out, self.texts.kept());
        }
        None
    }

    fn complete(&mut self, out: &mut String) {
        let before = &self.editor.text()[..self.editor.position()];
        match complete(&self.vocabulary, before) {
            Completion::Choices(words) => {
                self.screen.erase(out);
                out.push_str(&words.join("  "));
                out.push_str("\r\n");
            }
            Completion::Nothing => out.push(BELL),
            Completion::Replace { start, text } => {
                if !self.editor.replace(start, &text) {
                    out.push(BELL);
                }
            }
        }
    }

    /// Begins a paste. Nothing in it is the answer to a question about an earlier one, which is dropped.
    fn begin_paste(&mut self, paste: Pasting, out: &mut String) {
        if matches!(std::mem::replace(&mut self.pasting, paste), Pasting::Asking(_)) {
            self.tell_into(out, self.texts.paste_dropped());
        }
    }

    fn finish_paste(&mut self, out: &mut String) {
        let (Pasting::Marked(paste) | Pasting::Unmarked(paste, _)) = std::mem::take(&mut self.pasting) else {
            return;
        };
        match paste.finish() {
            _ if self.is_leaving => {}
            Pasted::Lines(lines) => self.pasting = Pasting::Asking(lines),
            Pasted::Text(text) => {
                if !self.editor.insert(&text) {
                    out.push(BELL);
                }
            }
            Pasted::TooLong => self.tell_into(out, &self.texts.paste_too_long()),
        }
    }

    /// The answer to the question whether what was pasted is to be said.
    fn answer(&mut self, key: Key, out: &mut String) {
        let Pasting::Asking(lines) = std::mem::take(&mut self.pasting) else { return };
        let agrees = matches!(key, Key::Character('y' | 'Y'));
        self.screen.erase(out);
        if agrees && self.away.is_none() && !self.is_leaving {
            lines.iter().for_each(|line| self.say(out, line));
        } else {
            self.tell_into(out, self.texts.paste_dropped());
        }
    }

    fn suspend(&mut self, out: &mut String) -> io::Result<()> {
        self.screen.erase(out);
        tty::write(&std::mem::take(out))?;
        self.tty.suspend()?;
        kill_current_process_group(Number::TSTP)?;
        // We stand here until the program goes on. Where nobody could resume it, it was not stopped at all.
        self.tty.resume()
    }
}
