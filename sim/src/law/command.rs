//! Law 13: what its readers would see begin with one `/` is a command, and nobody hears it said. It is read of the
//! bytes that came, and of what is in the log as said, and of nothing in between.

use super::Verdict;
use crate::conns::Conns;
use crate::seen::{has_no_glyph, is_unseen, narrow};
use parlor_protocol::{Command, ConnId, Input, LogEntry, Manner, MemberId};
use std::collections::BTreeMap;

/// Knows what each connection wrote as a command: by the numbers in it, `#17`, as scenarios write them.
#[derive(Debug, Default)]
pub(super) struct Commands {
    conns: BTreeMap<MemberId, ConnId>,
    writers: Conns<Writer>,
}

#[derive(Debug, Default)]
struct Writer {
    /// The line that is not at its end.
    begun: Vec<u8>,
    /// The tags in its lines, and whether each was only ever in a command.
    tags: BTreeMap<u64, bool>,
    /// It has written something that is more than what it shows: keys that correct, or commands of telnet.
    is_unreadable: bool,
}

impl Commands {
    pub(super) fn input(&mut self, input: &Input<'_>) {
        match input {
            Input::Received { conn, bytes } => {
                let writer = self.writers.get_or_default(*conn);
                let mut rest: &[u8] = bytes;
                while let Some(end) = memchr::memchr(b'\n', rest) {
                    writer.begun.extend_from_slice(&rest[..end]);
                    writer.line();
                    rest = &rest[end + 1..];
                }
                writer.begun.extend_from_slice(rest);
            }
            Input::ReadClosed { conn } => self.writers.get_or_default(*conn).line(),
            _ => {}
        }
    }

    pub(super) fn committed(&mut self, entry: &LogEntry) -> Verdict {
        match &entry.command {
            Command::Enter { conn, .. } => {
                self.conns.insert(MemberId(entry.seq), *conn);
                Ok(())
            }
            Command::Say { member, speech, .. } if speech.manner != Manner::Action => {
                self.said(*member, speech.text.as_str())
            }
            _ => Ok(()),
        }
    }

    fn said(&self, member: MemberId, text: &str) -> Verdict {
        let writer = self.conns.get(&member).and_then(|conn| self.writers.get(*conn));
        let Some(writer) = writer.filter(|it| !it.is_unreadable) else { return Ok(()) };
        match numbers(&seen(text)).find(|tag| writer.tags.get(tag) == Some(&true)) {
            Some(tag) => Err(format!("{text:?} is said, and #{tag} was only written in a command")),
            None => Ok(()),
        }
    }
}

impl Writer {
    fn line(&mut self) {
        let mut line = std::mem::take(&mut self.begun);
        line.pop_if(|last| *last == b'\r');
        self.is_unreadable |= line.iter().any(|byte| b"\x08\r\x15\x17\x1B\x7F\xFF".contains(byte));
        let text = String::from_utf8_lossy(&line);
        // Some of these begin what goes whole, as ESC does.
        self.is_unreadable |= text.contains(|it| ('\u{80}'..='\u{9f}').contains(&it));
        let seen = seen(&text);
        let is_command = is_command(&seen);
        for tag in numbers(&seen) {
            *self.tags.entry(tag).or_insert(true) &= is_command;
        }
    }
}

/// Whether a reader of the line would see a command that says nothing to the room.
fn is_command(seen: &str) -> bool {
    let seen = seen.trim_start_matches(is_unseen);
    let Some(behind) = seen.strip_prefix(['/', '／']) else { return false };
    let word: String = behind.chars().filter(|it| !has_no_glyph(*it)).map(narrow).collect();
    let word = word.split(char::is_whitespace).next().unwrap_or_default();
    !word.starts_with('/') && !word.eq_ignore_ascii_case("me")
}

/// A line as it looks, whether controls are in it still or were dropped: what they part belongs together for its readers.
fn seen(text: &str) -> String {
    let is_kept = |it: &char| !it.is_control() || "\t\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f".contains(*it);
    without_formatting(&text.chars().filter(is_kept).collect::<String>())
}

/// The line as it looks: without controls, and without the codes of IRC and the colours behind them.
fn without_formatting(text: &str) -> String {
    let mut seen = String::new();
    let mut chars = text.chars().peekable();
    let take = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>, most: usize, hex: bool| {
        let is_digit = |it: &char| if hex { it.is_ascii_hexdigit() } else { it.is_ascii_digit() };
        (0..most).map_while(|_| chars.next_if(is_digit)).count()
    };
    while let Some(next) = chars.next() {
        let digits = match next {
            '\x03' => Some((1, 2, false)),
            '\x04' => Some((6, 6, true)),
            _ => None,
        };
        if let Some((least, most, hex)) = digits {
            let mut colour = chars.clone();
            if take(&mut colour, most, hex) >= least {
                chars = colour.clone();
                if colour.next() == Some(',') && take(&mut colour, most, hex) >= least {
                    chars = colour;
                }
            }
        } else if !next.is_control() || next == '\t' {
            seen.push(next);
        }
    }
    seen
}

/// The number behind each `#`.
fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split('#').skip(1).filter_map(|rest| {
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::Text;

    #[test]
    fn a_command_is_known_by_what_is_seen_of_it() {
        for (line, is_it) in [
            ("/msg bob x", true),
            ("\x04/msg bob x", true),
            ("\x0304,05 \u{200B}／join x", true),
            ("/ /x", true),
            ("//x", false),
            ("/\x02／x", false),
            ("/ME waves", false),
            ("/\x02m\x02e waves", false),
            ("/\u{FEFF}me waves", false),
            ("/mellow", true),
            ("hello /x", false),
            ("\x034/x", true),
            ("\x04abc/x", false),
        ] {
            assert_eq!(is_command(&seen(line)), is_it, "{line:?}");
        }
    }

    #[test]
    fn a_number_is_the_same_before_and_after_a_line_is_cleaned() {
        for (line, number) in [
            ("#\x184\x0f1", 41),
            ("#1\x03\x1823", 1),
            ("#1\x03\x182345", 145),
            ("\x18#\x021\x182", 12),
            ("#1\x04abc\x07def2", 12),
        ] {
            let cleaned = Text::clean(line.as_bytes(), false);
            assert_eq!(numbers(&seen(line)).collect::<Vec<_>>(), [number], "{line:?}");
            assert_eq!(numbers(&seen(cleaned.as_str())).collect::<Vec<_>>(), [number], "{line:?}");
        }
    }
}
