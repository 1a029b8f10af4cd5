//! The effects of the user's keys.

use super::super::Outcome;
use super::super::command::{is_command, is_quit};
use super::super::completion::{Completion, complete};
use super::super::editor::KeyEffect;
use super::super::handshake::Request;
use super::super::keys::Key;
use super::super::paste::{Paste, PasteResult, is_pasted};
use super::super::presence;
use super::super::screen::PROMPT;
use super::TerminalClient;
use super::timer::Timer;
use super::tty;
use crate::clock::Clock;
use rustix::process::{Signal as Number, kill_current_process_group};
use std::io;
use std::task::Context;
use std::time::Duration;

/// The sound of a key without effect.
const BELL: char = '\x07';

/// The silence that ends a paste, on a terminal that does not mark pastes.
const PASTE_ENDS_AFTER: Duration = Duration::from_millis(200);

/// The state of pasting.
#[derive(Debug, Default)]
pub(super) enum PasteState {
    /// The user is asked whether to send these lines.
    Asking(Vec<String>),
    /// A paste whose end the terminal will mark.
    Marked(Paste),
    #[default]
    None,
    /// A paste that ends when nothing follows it for a while.
    Unmarked(Paste, Timer),
}

impl PasteState {
    /// Returns whether an unmarked paste has ended.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Unmarked(_, timer) => timer.poll(context),
            Self::Asking(_) | Self::Marked(_) | Self::None => false,
        }
    }
}

impl TerminalClient<'_> {
    /// Handles the bytes of one read of the terminal.
    pub(super) fn press(&mut self, bytes: &[u8]) -> io::Result<Option<Outcome>> {
        self.update_size();
        let keys = self.keys.receive(bytes);
        let mut out = String::new();
        let is_in_paste = matches!(self.paste_state, PasteState::Marked(_) | PasteState::Unmarked(..));
        if !is_in_paste && !keys.contains(&Key::PasteBegin) && is_pasted(&keys) {
            self.begin_paste(PasteState::Unmarked(Paste::default(), Timer::default()), &mut out);
        }
        for key in keys {
            if let Some(ended) = self.press_key(key, &mut out)? {
                return Ok(Some(ended));
            }
        }
        if let PasteState::Unmarked(_, timer) = &mut self.paste_state {
            timer.set(PASTE_ENDS_AFTER);
        }
        self.draw_after(out)?;
        self.connection.write(self.is_leaving);
        Ok(None)
    }

    /// Handles the end of an unmarked paste.
    pub(super) fn paste_ended(&mut self) -> io::Result<()> {
        let mut out = String::new();
        self.finish_paste(&mut out);
        self.draw_after(out)
    }

    /// Returns the prompt, the text of the line being typed, and the cursor's position in it.
    pub(super) fn typed(&self) -> (String, &str, usize) {
        if let PasteState::Asking(lines) = &self.paste_state {
            let commands = lines.iter().filter(|line| is_command(line)).count();
            return (self.texts.confirm_paste(lines.len(), commands), "", 0);
        }
        let prompt = if self.reconnect.is_some() { self.texts.disconnected_prompt() } else { PROMPT };
        (prompt.to_owned(), self.editor.text(), self.editor.position())
    }

    fn press_key(&mut self, key: Key, out: &mut String) -> io::Result<Option<Outcome>> {
        match (&mut self.paste_state, key) {
            // Ctrl-C is the way out of a paste whose end never comes.
            (PasteState::Marked(_) | PasteState::Unmarked(..), Key::Interrupt) => {
                self.paste_state = PasteState::None;
                self.push_notice(out, self.texts.paste_dropped());
            }
            (PasteState::Marked(_), Key::PasteEnd) => self.finish_paste(out),
            (PasteState::Marked(paste) | PasteState::Unmarked(paste, _), key) => paste.press(key),
            (PasteState::Asking(_) | PasteState::None, Key::PasteBegin) => {
                self.begin_paste(PasteState::Marked(Paste::default()), out);
            }
            (PasteState::Asking(_), key) => self.answer(key, out),
            (PasteState::None, Key::Complete) => self.complete(out),
            (PasteState::None, key) => return self.edit(key, out),
        }
        Ok(None)
    }

    fn edit(&mut self, key: Key, out: &mut String) -> io::Result<Option<Outcome>> {
        if self.reconnect.is_some() && !self.is_leaving && key == Key::Enter {
            return Ok(self.keep(out));
        }
        let did = self.editor.press(key);
        if self.is_leaving {
            return Ok(matches!(did, KeyEffect::Interrupt | KeyEffect::Leave).then_some(Outcome::Forced));
        }
        match did {
            KeyEffect::Edit | KeyEffect::Nothing => {}
            KeyEffect::ClearScreen => {
                self.screen.forget();
                out.push_str("\x1b[H\x1b[2J");
            }
            KeyEffect::Full => out.push(BELL),
            KeyEffect::Interrupt | KeyEffect::Leave if self.reconnect.is_some() => {
                return Ok(Some(Outcome::LeftDisconnected));
            }
            KeyEffect::Interrupt | KeyEffect::Leave => self.begin_leave(out),
            KeyEffect::Line(line) => self.say(out, &line),
            KeyEffect::Suspend => self.suspend(out)?,
        }
        Ok(None)
    }

    /// Sends a line. An empty one is ignored, as the server would.
    fn say(&mut self, out: &mut String, line: &str) {
        if line.is_empty() {
            return;
        }
        self.screen.commit(out, line);
        self.connection.say(line);
        self.last_sent_at = Some(self.clock.now().mono);
        if let Some(Request::Room(room)) = presence::request_of(line) {
            self.vocabulary.learn_room(&room.name);
        }
    }

    /// Handles Enter while disconnected: the line is kept and not sent.
    fn keep(&mut self, out: &mut String) -> Option<Outcome> {
        let text = self.editor.text();
        if is_quit(text) {
            return Some(Outcome::LeftDisconnected);
        }
        if text.trim().is_empty() {
            return None;
        }
        out.push(BELL);
        let was_shown = self
            .reconnect
            .as_mut()
            .is_some_and(|reconnect| std::mem::replace(&mut reconnect.unsent_notice_shown, true));
        if !was_shown {
            self.push_notice(out, self.texts.line_kept());
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

    /// Begins a paste. Its text must not answer the question about an earlier paste, which is dropped.
    fn begin_paste(&mut self, paste: PasteState, out: &mut String) {
        if matches!(std::mem::replace(&mut self.paste_state, paste), PasteState::Asking(_)) {
            self.push_notice(out, self.texts.paste_dropped());
        }
    }

    fn finish_paste(&mut self, out: &mut String) {
        let (PasteState::Marked(paste) | PasteState::Unmarked(paste, _)) =
            std::mem::take(&mut self.paste_state)
        else {
            return;
        };
        match paste.finish() {
            _ if self.is_leaving => {}
            PasteResult::Lines(lines) => self.paste_state = PasteState::Asking(lines),
            PasteResult::Text(text) => {
                if !self.editor.insert(&text) {
                    out.push(BELL);
                }
            }
            PasteResult::TooLong => self.push_notice(out, &self.texts.paste_too_long()),
        }
    }

    /// Handles the key that answers whether to send a paste.
    fn answer(&mut self, key: Key, out: &mut String) {
        let PasteState::Asking(lines) = std::mem::take(&mut self.paste_state) else { return };
        let agrees = matches!(key, Key::Character('y' | 'Y'));
        self.screen.erase(out);
        if agrees && self.reconnect.is_none() && !self.is_leaving {
            lines.iter().for_each(|line| self.say(out, line));
        } else {
            self.push_notice(out, self.texts.paste_dropped());
        }
    }

    fn suspend(&mut self, out: &mut String) -> io::Result<()> {
        self.screen.erase(out);
        tty::write(&std::mem::take(out))?;
        self.tty.suspend()?;
        kill_current_process_group(Number::TSTP)?;
        // The process stops in the line above and continues here. If no shell could resume it (an orphaned process group),
        // the kernel did not stop it at all.
        self.tty.resume()
    }
}
