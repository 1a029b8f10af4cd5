//! The plain dialect: for people with `nc`, and for the clients of the room's ancestor.

mod chinese;
mod english;
mod parse;

use crate::calendar::Utc;
use crate::event::{Event, Reply};
use crate::language::Language;
use crate::output::WireClass;
use crate::world::Heard;
use bytes::BytesMut;
use core::fmt::{self, Display};
pub(crate) use parse::parse;

/// What every note begins with, and no name.
const NOTE: &str = "* ";

/// The longest line of a list.
const LIST_LINE_BYTES: usize = 400;

/// Appends the line that a reader of this class sees of the event.
pub(crate) fn render_event(event: &Event<'_>, class: WireClass, to: &mut BytesMut) {
    if class.raw {
        if let Event::Said { text, .. } = event {
            text.plain_parts().for_each(|part| to.extend_from_slice(part.as_bytes()));
            to.extend_from_slice(b"\n");
            return;
        }
        if !matches!(event, Event::Told { .. }) {
            return;
        }
    }
    match class.language {
        Language::En => english::event(event, to),
        Language::Zh => chinese::event(event, to),
    }
}

/// Appends the notes that answer one reader. Of a list, as much as `reply_bytes_max` allows.
pub(crate) fn render_reply(reply: &Reply<'_>, language: Language, reply_bytes_max: usize, to: &mut BytesMut) {
    let mut writer = Notes { to, reply_bytes_max };
    match language {
        Language::En => english::reply(reply, &mut writer),
        Language::Zh => chinese::reply(reply, &mut writer),
    }
}

/// Appends `before`, the text without its formatting, and a line end.
fn put_text(to: &mut BytesMut, before: &[&str], text: &crate::text::Text) {
    before.iter().copied().chain(text.plain_parts()).for_each(|part| to.extend_from_slice(part.as_bytes()));
    to.extend_from_slice(b"\n");
}

/// Appends a line that is made only of words and names.
fn put_line(to: &mut BytesMut, line: fmt::Arguments<'_>) {
    use core::fmt::Write;
    to.write_fmt(line).expect("a buffer takes what it is given");
    to.extend_from_slice(b"\n");
}

/// Where notes are written.
struct Notes<'a> {
    to: &'a mut BytesMut,
    reply_bytes_max: usize,
}

impl Notes<'_> {
    /// One note: a line that starts with `* `.
    fn note(&mut self, text: fmt::Arguments<'_>) {
        put_line(self.to, format_args!("{NOTE}{text}"));
    }

    /// Each line of `text` as a note.
    fn notes(&mut self, text: &str) {
        text.lines().for_each(|line| self.note(format_args!("{line}")));
    }

    /// A list in notes of a few hundred bytes each; returns how many items found no place.
    fn list(&mut self, head: fmt::Arguments<'_>, items: impl Iterator<Item = impl Display>) -> usize {
        use core::fmt::Write;
        let end = self.to.len() + self.reply_bytes_max;
        let mut line = alloc::string::String::new();
        let mut rest = 0;
        write!(line, "{head}").expect("a string takes what it is given");
        let mut separator = " ";
        for item in items {
            if self.to.len() + line.len() > end {
                rest += 1;
                continue;
            }
            if line.len() > LIST_LINE_BYTES {
                self.note(format_args!("{line},"));
                line.clear();
                separator = "";
            }
            write!(line, "{separator}{item}").expect("a string takes what it is given");
            separator = ", ";
        }
        self.note(format_args!("{line}"));
        rest
    }

    /// The latest lines of history that `reply_bytes_max` has room for, and how many before them it has not.
    fn latest<'h>(&self, heard: &'h [&'h Heard]) -> (usize, &'h [&'h Heard]) {
        // A line of history takes at most this beside its text and name: the mark of the note, the time, the
        // words between. So does the note on what is left out.
        const AROUND_BYTES: usize = 64;
        let mut room = self.reply_bytes_max.saturating_sub(AROUND_BYTES);
        let fitting = heard.iter().rev().take_while(|heard| {
            let bytes = heard.text.as_str().len() + heard.name.as_str().len() + AROUND_BYTES;
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        });
        let left_out = heard.len() - fitting.count();
        (left_out, &heard[left_out..])
    }

    /// A line of history: when it was said, and what the room heard then.
    fn heard(&mut self, heard: &Heard, event: impl FnOnce(&Event<'_>, &mut BytesMut)) {
        use core::fmt::Write;
        let time = Utc::from_unix_ms(heard.at_unix_ms);
        write!(self.to, "{NOTE}{time} ").expect("a buffer takes what it is given");
        event(&Event::Said { name: &heard.name, manner: heard.manner, text: &heard.text }, self.to);
    }
}

/// How a command is written: what stands in the help before the explanation.
fn usage<'h>(help: &'h str, command: &str) -> &'h str {
    let line = help.lines().find(|line| {
        line.strip_prefix('/')
            .and_then(|line| line.strip_prefix(command))
            .is_some_and(|rest| rest.starts_with(' '))
    });
    line.and_then(|line| line.split("  ").next()).unwrap_or_default()
}
