//! The plain dialect: for people with `nc`, and for the clients of the room's ancestor.

mod chinese;
mod english;
mod parse;

use crate::event::{Event, Reply};
use crate::language::Language;
use crate::output::WireClass;
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

    /// Lines of history, the latest that `reply_bytes_max` has room for.
    fn history<'h>(
        &mut self,
        heard: &[&'h crate::world::Heard],
        mut put: impl FnMut(&mut BytesMut, &'h crate::world::Heard),
    ) {
        let start = self.to.len();
        // A line is rendered to at most this many bytes beside its text: the note's mark, the time, the name.
        let bytes = |heard: &crate::world::Heard| heard.text.as_str().len() + heard.name.as_str().len() + 64;
        let mut room = self.reply_bytes_max;
        let fitting = heard.iter().rev().take_while(|heard| {
            let fits = bytes(heard) <= room;
            room = room.saturating_sub(bytes(heard));
            fits
        });
        let skipped = heard.len() - fitting.count();
        for heard in &heard[skipped..] {
            self.to.extend_from_slice(NOTE.as_bytes());
            put_line_time(self.to, heard.at_unix_ms);
            put(self.to, heard);
        }
        debug_assert!(self.to.len() - start <= self.reply_bytes_max, "a reply within its limit");
    }
}

/// Appends `2026-11-24T14:27:13Z `: the time of RFC 3339, to the second.
fn put_line_time(to: &mut BytesMut, unix_ms: u64) {
    use core::fmt::Write;
    write!(to, "{} ", crate::calendar::Utc::from_unix_ms(unix_ms)).expect("a buffer takes what it is given");
}
