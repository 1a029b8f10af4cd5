//! The lines that clients wrote, parsed from the received bytes alone. A line is recognized by its tag, such as `#17`:
//! scenarios write each tag in one line only.

use crate::conns::Conns;
use crate::model::proxy;
use crate::seen::{has_no_glyph, is_unseen, narrow};
use parlor_protocol::{ConnId, Dialect, Input, Via};

/// The unfinished line of each connection.
#[derive(Debug, Default)]
pub(super) struct Written {
    writers: Conns<Writer>,
}

#[derive(Debug, Default)]
struct Writer {
    /// The unfinished line.
    begun: Vec<u8>,
    /// Whether its listener is for IRC only.
    is_irc: bool,
    is_unreadable: bool,
    /// The first bytes of its proxy or gateway, until they are complete.
    header: Option<(Via, Vec<u8>)>,
}

/// A complete line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) conn: ConnId,
    /// Whether its author is at an IRC listener.
    pub(super) is_irc: bool,
    /// Whether the line is exactly what it shows: it has no erase keys, no telnet commands, and no line ends of
    /// terminals.
    pub(super) is_clean: bool,
    /// Whether its author has written a line that is not.
    pub(super) is_unreadable: bool,
    /// Whether the tag in it may not be the one that it shows.
    pub(super) hides_tag: bool,
    /// The line as a terminal shows it.
    pub(super) seen: String,
}

impl Written {
    /// Returns the lines that this input completes.
    pub(super) fn input(&mut self, input: &Input<'_>) -> Vec<Line> {
        let mut lines = Vec::new();
        match *input {
            Input::Accepted { conn, dialect, via, .. } => {
                let writer = self.writers.get_or_default(conn);
                (writer.is_irc, writer.header) =
                    (dialect == Dialect::Irc, (via != Via::Direct).then(|| (via, Vec::new())));
            }
            Input::Received { conn, ref bytes } => {
                let writer = self.writers.get_or_default(conn);
                for byte in writer.behind_header(bytes) {
                    // Terminals may end a line with CR NUL (RFC 854).
                    let ends_terminals = byte == 0 && !writer.is_irc && writer.begun.ends_with(b"\r");
                    if byte == b'\n' || ends_terminals {
                        lines.push(writer.line(conn));
                    } else {
                        writer.begun.push(byte);
                    }
                }
            }
            Input::ReadClosed { conn } => lines.push(self.writers.get_or_default(conn).line(conn)),
            _ => {}
        }
        lines
    }
}

impl Writer {
    /// Returns those of the bytes that are not what a proxy or gateway says first.
    fn behind_header(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some((via, header)) = &mut self.header else { return bytes.to_vec() };
        header.extend_from_slice(bytes);
        let Some(length) = proxy::length(*via, header) else { return Vec::new() };
        let behind = header.split_off(length);
        self.header = None;
        behind
    }

    fn line(&mut self, conn: ConnId) -> Line {
        let mut line = std::mem::take(&mut self.begun);
        line.pop_if(|last| *last == b'\r');
        let text = String::from_utf8_lossy(&line);
        // Some 8-bit control characters begin a sequence that is removed as a whole, like ESC.
        let is_clean = !line.iter().any(|byte| b"\x08\r\x15\x17\x1B\x7F\xFF".contains(byte))
            && !text.contains(|it| ('\u{80}'..='\u{9f}').contains(&it));
        self.is_unreadable |= !is_clean;
        let is_number = |it: char| it.is_ascii_digit() || it.is_control();
        let is_more_than_text =
            |it: char| it != '\r' && (it.is_control() || it == char::REPLACEMENT_CHARACTER);
        let behind_number =
            text.split_once('#').map(|(_, behind)| behind).filter(|it| it.starts_with(is_number));
        Line {
            conn,
            is_irc: self.is_irc,
            is_clean,
            is_unreadable: self.is_unreadable,
            hides_tag: !is_clean && behind_number.is_some_and(|it| it.contains(is_more_than_text)),
            seen: seen(&text.replace('\r', " ")),
        }
    }
}

/// Returns the command that a reader would see in the line, unless the command is a way to send a message to the room.
pub(super) fn command(seen: &str) -> Option<String> {
    let seen = seen.trim_start_matches(is_unseen);
    let behind = seen.strip_prefix(['/', '／'])?;
    let word: String = behind.chars().filter(|it| !has_no_glyph(*it)).map(narrow).collect();
    let word = word.split(char::is_whitespace).next().unwrap_or_default().to_ascii_lowercase();
    (!word.starts_with('/') && word != "me").then_some(word)
}

/// Returns the visible text of a line. It is the same before and after control characters are removed, so readers see
/// text on both sides of one as adjacent.
pub(super) fn seen(text: &str) -> String {
    let is_kept = |it: &char| !it.is_control() || "\t\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f".contains(*it);
    without_formatting(&text.chars().filter(is_kept).collect::<String>())
}

/// Returns a line without control characters, IRC formatting codes, and the colours after them.
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

/// Returns the number after each `#`.
pub(super) fn tags_in(text: &str) -> impl Iterator<Item = u64> {
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
            assert_eq!(command(&seen(line)).is_some(), is_it, "{line:?}");
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
            assert_eq!(tags_in(&seen(line)).collect::<Vec<_>>(), [number], "{line:?}");
            assert_eq!(tags_in(&seen(cleaned.as_str())).collect::<Vec<_>>(), [number], "{line:?}");
        }
    }
}
