//! The plain dialect: lines of text for people with `nc`, and for clients of the server's predecessor.

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
pub(crate) mod state;
mod table;
mod visible;
mod words;

use super::DialectSpec;
use crate::base::calendar::Utc;
use crate::base::language::Language;
use crate::base::text::Text;
use crate::dialect::wire_class::WireClass;
use crate::log::close_reason::CloseReason;
use crate::world::{Event, EventKind};
use alloc::string::String;
use bytes::BytesMut;
use commands::usage;
use core::fmt::{self, Display};
use core::num::NonZeroUsize;
pub use note::{HelpOn, Mistake, Note};
pub use parse::{gives_password, read_command};
pub use table::COMMANDS;
use words::is_letter_of_command;
pub use words::{Group, Localized, PlainCommand};

/// The start of every note. No name can begin with it.
const NOTE: &str = "* ";

/// The length at which a line of a list is continued on the next.
const LIST_LINE_BYTES: usize = 400;

/// The specification of the plain dialect.
pub static SPEC: DialectSpec = DialectSpec {
    name: "plain",
    is_typed: true,
    line_bytes_max: |limits| limits.line_bytes_max,
    begin: state::PlainState::begin,
    render: |event, choices, to| render_event(event, language_of(choices), choices & RAW != 0, to),
    relevant: |_, choices| choices,
};

/// The bit of a form for readers of messages only. The other bits are the index of the language.
const RAW: u32 = 1;

/// Returns the wire class of a language. With `raw`, readers see the texts of messages only (`--relay raw`).
#[must_use]
pub const fn wire_class(language: Language, raw: bool) -> WireClass {
    WireClass { dialect: &SPEC, choices: (language as u32) << 1 | if raw { RAW } else { 0 } }
}

fn language_of(choices: u32) -> Language {
    Language::ALL.get((choices >> 1) as usize).copied().unwrap_or_default()
}

/// Appends the line that a reader of this class sees for an event, if there is one.
fn render_event(event: &Event, language: Language, raw: bool, to: &mut BytesMut) {
    if raw {
        if let EventKind::Said { message, .. } = &event.kind {
            if !message.kind.is_for_people() {
                return;
            }
            message.text.plain_parts().for_each(|part| to.extend_from_slice(part.as_bytes()));
            to.extend_from_slice(b"\n");
            return;
        }
        if !matches!(event.kind, EventKind::Told { .. }) {
            return;
        }
    }
    match language {
        Language::En => english::event(event, to),
        Language::Zh => chinese::event(event, to),
    }
}

/// Appends the lines of a note. Lists are cut at `reply_bytes_max`.
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

/// Appends a line that contains no text of a member, which might have formatting.
fn put_line(to: &mut BytesMut, line: fmt::Arguments<'_>) {
    use core::fmt::Write;
    to.write_fmt(line).expect("a buffer accepts all text");
    to.extend_from_slice(b"\n");
}

/// Writes the note on the encoding, in both languages: the reader may not have set a language, and its terminal may
/// show only one of them.
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

/// Displays the command that shows what comes before a page of history.
struct EarlierHistory<'a> {
    /// The number of lines that were asked for.
    lines: Option<NonZeroUsize>,
    /// The first line of the page.
    first: &'a Event,
}

impl Display for EarlierHistory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/history")?;
        if let Some(lines) = self.lines {
            write!(f, " {lines}")?;
        }
        write!(f, " before {}", self.first.stamp.seq.0)
    }
}

/// A writer of notes.
struct Notes<'a> {
    to: &'a mut BytesMut,
    reply_bytes_max: usize,
}

impl Notes<'_> {
    /// Writes one note: a line that starts with `* `.
    fn note(&mut self, text: fmt::Arguments<'_>) {
        put_line(self.to, format_args!("{NOTE}{text}"));
    }

    /// Writes the farewell to a connection, followed by the message of the operator who killed or banned the member.
    fn farewell(&mut self, reason: CloseReason, message: Option<&Text>, language: Language, between: &str) {
        let Some(farewell) = reason.farewell(language) else { return };
        match message.filter(|_| matches!(reason, CloseReason::Banned | CloseReason::Killed)) {
            Some(message) => put_text(self.to, &[NOTE, farewell, between], message),
            None => self.note(format_args!("{farewell}")),
        }
    }

    /// Writes each line of `text` as a note.
    fn notes(&mut self, text: &str) {
        text.lines().for_each(|line| self.note(format_args!("{line}")));
    }

    /// Writes a list in notes of a few hundred bytes each, with `between` between the items. Returns the number of
    /// items that fit into `reply_bytes_max`.
    fn list(&mut self, head: String, between: &str, items: impl Iterator<Item = impl Display>) -> usize {
        use core::fmt::Write;
        // Space for the start and end of the last note, and for the note on the items that do not fit.
        const AROUND_BYTES: usize = 64;
        let end = self.to.len() + self.reply_bytes_max.saturating_sub(AROUND_BYTES);
        let (mut line, mut shown) = (head, String::new());
        let (mut listed, mut separator) = (0, "");
        for item in items {
            shown.clear();
            write!(shown, "{item}").expect("a string accepts all text");
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

    /// Writes a list with a note for each item. Returns the number of items that fit into `reply_bytes_max`.
    fn list_in_lines(&mut self, items: impl Iterator<Item = String>) -> usize {
        // Space for the start and the end of a note, and for the note on the items that do not fit.
        const AROUND_BYTES: usize = 64;
        let end = self.to.len() + self.reply_bytes_max.saturating_sub(AROUND_BYTES);
        let mut listed = 0;
        for item in items {
            if self.to.len() + item.len() > end {
                break;
            }
            self.note(format_args!("{item}"));
            listed += 1;
        }
        listed
    }

    /// Writes a line of history: its time, and the line as the room read it.
    fn history_line(&mut self, line: &Event, event: impl FnOnce(&Event, &mut BytesMut)) {
        use core::fmt::Write;
        let time = Utc::from_unix_ms(line.stamp.at_unix_ms);
        write!(self.to, "{NOTE}{time} ").expect("a buffer accepts all text");
        event(line, self.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::name::{Name, NameError, RoomName};
    use crate::world::Refusal;
    use alloc::vec::Vec;

    fn rendered(reply: &Note<'_>, language: Language, reply_bytes_max: usize) -> String {
        let mut bytes = BytesMut::new();
        render_note(reply, language, reply_bytes_max, &mut bytes);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// No transcript shows these texts, because no line of a plain client leads to them.
    #[test]
    fn texts_that_only_other_dialects_cause_exist_in_every_language() {
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
    fn a_long_list_stays_within_its_limit_and_counts_the_rest() {
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
    fn help_fits_into_the_smallest_limit_of_a_reply() {
        let commands = COMMANDS.iter().map(|it| HelpOn::Command(it.name));
        for on in [HelpOn::Everyday, HelpOn::Moderation].into_iter().chain(commands) {
            for language in Language::ALL {
                let bytes = rendered(&Note::Help(on), language, 4_096).len();
                assert!((1..=4_096).contains(&bytes), "{on:?} in {language} has {bytes} bytes");
            }
        }
    }

    #[test]
    fn a_list_has_as_many_items_as_fit() {
        let listed = |reply_bytes_max| {
            let mut to = BytesMut::new();
            let mut notes = Notes { to: &mut to, reply_bytes_max };
            let count = notes.list("of them: ".into(), ", ", ["one", "two", "three"].iter());
            (count, String::from_utf8(to.to_vec()).unwrap())
        };
        // 64 bytes are kept for the start of the note and the count of the rest.
        let enough = 64 + "of them: one, two, three".len();
        assert_eq!(listed(enough), (3, "* of them: one, two, three\n".into()));
        assert_eq!(listed(enough - 1), (2, "* of them: one, two\n".into()));
    }

    #[test]
    fn a_line_of_a_list_ends_with_the_item_that_exceeds_its_length() {
        for (head, notes_of_two) in [(LIST_LINE_BYTES, 1), (LIST_LINE_BYTES + 1, 2)] {
            let mut to = BytesMut::new();
            let mut notes = Notes { to: &mut to, reply_bytes_max: 4_096 };
            assert_eq!(notes.list("x".repeat(head - 3), ", ", ["one", "two"].iter()), 2);
            let text = String::from_utf8(to.to_vec()).unwrap();
            assert_eq!(text.lines().count(), notes_of_two, "{text}");
        }
    }
}
