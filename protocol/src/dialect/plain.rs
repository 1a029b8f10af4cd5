//! The plain dialect: for people with `nc`, and for the clients of the room's ancestor.

mod chinese;
mod commands;
mod english;
mod help;
mod instruction;
mod moderation;
mod nearest;
pub(crate) mod note;
mod parse;
mod question;
mod seen;
pub(crate) mod speaker;
mod table;
mod words;

use super::DialectSpec;
use crate::base::calendar::Utc;
use crate::base::language::Language;
use crate::base::name::RoomName;
use crate::base::text::Text;
use crate::dialect::event::{Event, Stamp, What, WireClass};
use crate::log::close_reason::CloseReason;
use crate::log::command::Message;
use crate::world::HistoryLine;
use alloc::string::String;
use bytes::BytesMut;
use commands::usage;
use core::fmt::{self, Display};
pub use note::{HelpOn, Mistake, Note};
pub use parse::read_command;
pub use table::COMMANDS;
use words::is_letter_of_command;
pub use words::{Group, Localized, PlainCommand};

/// What every note begins with, and no name.
const NOTE: &str = "* ";

/// The longest line of a list.
const LIST_LINE_BYTES: usize = 400;

/// The dialect.
pub static SPEC: DialectSpec = DialectSpec {
    name: "plain",
    is_typed: true,
    line_bytes_max: |limits| limits.line_bytes_max,
    begin: speaker::Speaker::begin,
    render: |event, form, to| render_event(event, language_of(form), form & RAW != 0, to),
    relevant: |_, form| form,
};

/// The bit of a form that leaves out all but what is said. The others are the index of the language.
const RAW: u32 = 1;

/// Returns the class of readers of a language, who read everything, or only what is said (`--relay raw`).
#[must_use]
pub const fn wire_class(language: Language, raw: bool) -> WireClass {
    WireClass { dialect: &SPEC, form: (language as u32) << 1 | if raw { RAW } else { 0 } }
}

fn language_of(form: u32) -> Language {
    Language::ALL.get((form >> 1) as usize).copied().unwrap_or_default()
}

/// Appends the line that a reader of this class sees of the event.
fn render_event(event: &Event<'_>, language: Language, raw: bool, to: &mut BytesMut) {
    if raw {
        if let What::Said { message, .. } = event.what {
            if !message.kind.is_read() {
                return;
            }
            message.text.plain_parts().for_each(|part| to.extend_from_slice(part.as_bytes()));
            to.extend_from_slice(b"\n");
            return;
        }
        if !matches!(event.what, What::Told { .. }) {
            return;
        }
    }
    match language {
        Language::En => english::event(event, to),
        Language::Zh => chinese::event(event, to),
    }
}

/// Appends the notes that answer one reader. Of a list, as much as `reply_bytes_max` allows.
fn render_note(note: &Note<'_>, language: Language, reply_bytes_max: usize, to: &mut BytesMut) {
    let mut writer = Notes { to, reply_bytes_max };
    match language {
        Language::En => english::note(note, &mut writer),
        Language::Zh => chinese::note(note, &mut writer),
    }
}

/// Appends `before`, the text without its formatting, and a line end.
fn put_text(to: &mut BytesMut, before: &[&str], text: &Text) {
    before.iter().copied().chain(text.plain_parts()).for_each(|part| to.extend_from_slice(part.as_bytes()));
    to.extend_from_slice(b"\n");
}

/// Appends a line that is made only of words and names.
fn put_line(to: &mut BytesMut, line: fmt::Arguments<'_>) {
    use core::fmt::Write;
    to.write_fmt(line).expect("a buffer takes what it is given");
    to.extend_from_slice(b"\n");
}

/// The note on an encoding, in both languages: whoever reads it may be able to read only one of them as it is sent, and
/// may have set neither.
fn not_utf8(converted: bool, to: &mut Notes<'_>) {
    to.note(match converted {
        true => format_args!(
            "your text is UTF-16 and was converted; set your terminal or client to UTF-8 \
             / 您发送的是 UTF-16 编码的文字，已转换；请将终端或客户端设为 UTF-8"
        ),
        false => format_args!(
            "your text is not UTF-8 and others cannot read all of it; set your terminal or client to UTF-8 \
             / 您发送的文字不是 UTF-8 编码，他人无法完整阅读；请将终端或客户端设为 UTF-8"
        ),
    });
}

/// The bytes that notes are appended to.
struct Notes<'a> {
    to: &'a mut BytesMut,
    reply_bytes_max: usize,
}

impl Notes<'_> {
    /// One note: a line that starts with `* `.
    fn note(&mut self, text: fmt::Arguments<'_>) {
        put_line(self.to, format_args!("{NOTE}{text}"));
    }

    /// The last words to a connection, and behind them those of the operator who ended it.
    fn farewell(&mut self, reason: CloseReason, message: Option<&Text>, language: Language, between: &str) {
        let Some(farewell) = reason.farewell(language) else { return };
        match message.filter(|_| reason == CloseReason::Killed) {
            Some(message) => put_text(self.to, &[NOTE, farewell, between], message),
            None => self.note(format_args!("{farewell}")),
        }
    }

    /// Each line of `text` as a note.
    fn notes(&mut self, text: &str) {
        text.lines().for_each(|line| self.note(format_args!("{line}")));
    }

    /// A list in notes of a few hundred bytes each, with `between` between its items; returns how many of them
    /// found a place.
    fn list(&mut self, head: String, between: &str, items: impl Iterator<Item = impl Display>) -> usize {
        use core::fmt::Write;
        // The marks and the end of the note under way, and the note on what found no place.
        const AROUND_BYTES: usize = 64;
        let end = self.to.len() + self.reply_bytes_max.saturating_sub(AROUND_BYTES);
        let (mut line, mut shown) = (head, String::new());
        let (mut listed, mut separator) = (0, "");
        for item in items {
            shown.clear();
            write!(shown, "{item}").expect("a string takes what it is given");
            if self.to.len() + line.len() + separator.len() + shown.len() > end {
                break;
            }
            if line.len() > LIST_LINE_BYTES {
                self.note(format_args!("{line}{}", between.trim_end()));
                line.clear();
                separator = "";
            }
            line += separator;
            line += &shown;
            separator = between;
            listed += 1;
        }
        self.note(format_args!("{line}"));
        listed
    }

    /// The latest lines of history that `reply_bytes_max` has room for, and how many before them it has not.
    fn latest<'h>(&self, heard: &'h [&'h HistoryLine]) -> (usize, &'h [&'h HistoryLine]) {
        // A line of history takes at most this beside its text and name: the mark of the note, the time, the
        // words between. So does the note on what is left out.
        const AROUND_BYTES: usize = 64;
        let mut room = self.reply_bytes_max.saturating_sub(AROUND_BYTES);
        let fitting = heard.iter().rev().take_while(|heard| {
            let bytes = heard.text.as_str().len() + heard.by.name.as_str().len() + AROUND_BYTES;
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        });
        let left_out = heard.len() - fitting.count();
        (left_out, &heard[left_out..])
    }

    /// A line of history: when it was said, and what the room heard then.
    fn heard(&mut self, room: &RoomName, heard: &HistoryLine, event: impl FnOnce(&Event<'_>, &mut BytesMut)) {
        use core::fmt::Write;
        let time = Utc::from_unix_ms(heard.at_unix_ms);
        write!(self.to, "{NOTE}{time} ").expect("a buffer takes what it is given");
        let HistoryLine { seq, at_unix_ms, ref by, kind, ref text } = *heard;
        let stamp = Stamp { log_unix_ms: 0, seq, at_unix_ms };
        let message = Message::new(kind, text.clone());
        let what = What::Said { room, status: None, message: &message };
        event(&Event { stamp, by, by_bot: false, what }, self.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Seq;
    use crate::base::name::{Name, NameError};
    use crate::base::person::{Person, Profile};
    use crate::log::command::MessageKind;
    use crate::world::Refusal;
    use alloc::vec::Vec;

    fn rendered(reply: &Note<'_>, language: Language, reply_bytes_max: usize) -> String {
        let mut bytes = BytesMut::new();
        render_note(reply, language, reply_bytes_max, &mut bytes);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The texts that no line of a client of this dialect leads to, and so no transcript shows.
    #[test]
    fn what_only_other_dialects_can_ask_for_has_texts_too() {
        let tea = RoomName::parse("tea").unwrap();
        let refused = |refusal, language| rendered(&Note::Refused(&refusal), language, 4_096);
        let mistaken = |mistake, language| rendered(&Note::Mistaken(&mistake), language, 4_096);
        let not_in = Refusal::NotIn(tea);
        assert_eq!(refused(not_in.clone(), Language::En), "* you are not in tea\n");
        assert_eq!(refused(not_in, Language::Zh), "* 您不在房间 tea\n");
        let too_many = "* you have joined too many rooms\n";
        assert_eq!(refused(Refusal::TooManyRooms, Language::En), too_many);
        assert_eq!(refused(Refusal::TooManyRooms, Language::Zh), "* 您加入的房间已达上限\n");
        let empty = Mistake::BadName(NameError::Empty);
        assert_eq!(mistaken(empty.clone(), Language::En), "* a name cannot be empty\n");
        assert_eq!(mistaken(empty, Language::Zh), "* 名字不能为空\n");
    }

    #[test]
    fn a_reply_is_within_its_bytes_and_counts_the_rest() {
        let lobby = RoomName::lobby();
        let names: Vec<Name> = (0..3_000).map(|nth| Name::for_port(54_321, nth)).collect();
        for language in Language::ALL {
            for reply_bytes_max in 4_096..4_200 {
                let who = Note::Who {
                    room: &lobby,
                    total: names.len(),
                    names: names.iter().map(|name| ("@", name)).collect(),
                };
                let text = rendered(&who, language, reply_bytes_max);
                assert!(text.len() <= reply_bytes_max, "{} bytes of {reply_bytes_max}", text.len());
                let listed = text.matches("54321").count();
                let rest = alloc::format!("{}", names.len() - listed);
                assert!(text.lines().last().unwrap().contains(&rest), "{rest} are not listed");
            }
        }
    }

    #[test]
    fn help_is_within_the_least_that_a_reply_may_have() {
        let commands = COMMANDS.iter().map(|it| HelpOn::Command(it.name));
        for on in [HelpOn::Everyday, HelpOn::Moderation].into_iter().chain(commands) {
            for language in Language::ALL {
                let bytes = rendered(&Note::Help(on), language, 4_096).len();
                assert!((1..=4_096).contains(&bytes), "{on:?} in {language} has {bytes} bytes");
            }
        }
    }

    #[test]
    fn a_list_has_as_many_items_as_find_a_place() {
        let listed = |reply_bytes_max| {
            let mut to = BytesMut::new();
            let mut notes = Notes { to: &mut to, reply_bytes_max };
            let count = notes.list("of them: ".into(), ", ", ["one", "two", "three"].iter());
            (count, String::from_utf8(to.to_vec()).unwrap())
        };
        // Beside what it lists, a reply has marks and what is said of the rest.
        let enough = 64 + "of them: one, two, three".len();
        assert_eq!(listed(enough), (3, "* of them: one, two, three\n".into()));
        assert_eq!(listed(enough - 1), (2, "* of them: one, two\n".into()));
    }

    #[test]
    fn a_note_of_a_list_ends_with_the_item_that_goes_over_its_length() {
        for (head, notes_of_two) in [(LIST_LINE_BYTES, 1), (LIST_LINE_BYTES + 1, 2)] {
            let mut to = BytesMut::new();
            let mut notes = Notes { to: &mut to, reply_bytes_max: 4_096 };
            assert_eq!(notes.list("x".repeat(head - 3), ", ", ["one", "two"].iter()), 2);
            let text = String::from_utf8(to.to_vec()).unwrap();
            assert_eq!(text.lines().count(), notes_of_two, "{text}");
        }
    }

    #[test]
    fn a_history_has_as_many_of_the_latest_lines_as_find_a_place() {
        let (name, text) = (Name::parse("alice").unwrap(), Text::clean(&[b'x'; 100], false));
        let by = Person { name, profile: Profile::of_address([10, 0, 0, 1].into()) };
        let line = |seq| HistoryLine {
            seq: Seq(seq),
            at_unix_ms: seq,
            by: by.clone(),
            kind: MessageKind::Text,
            text: text.clone(),
        };
        let heard: Vec<HistoryLine> = (1..=9).map(line).collect();
        let heard: Vec<&HistoryLine> = heard.iter().collect();
        let mut to = BytesMut::new();
        let mut left_out = |reply_bytes_max| Notes { to: &mut to, reply_bytes_max }.latest(&heard).0;
        // Each line, and what is said of the rest, has a time and words around it.
        let enough_for_four = 64 + 4 * (5 + 100 + 64);
        assert_eq!(left_out(enough_for_four), 5);
        assert_eq!(left_out(enough_for_four - 1), 6);
    }
}
