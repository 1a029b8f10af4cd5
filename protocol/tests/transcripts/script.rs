//! The parser of transcripts.

use parlor_protocol::{Dialect, LogRefusal, LogState, Via};
use std::net::SocketAddr;

/// A parsed transcript.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// The lines of comments and settings before the first step.
    pub(crate) header: Vec<String>,
    /// The words of each setting: `["limit", "rate_burst", "2"]`.
    pub(crate) settings: Vec<Vec<String>>,
    pub(crate) steps: Vec<Step>,
    /// The comments after the last step.
    pub(crate) footer: Vec<String>,
}

/// An action, and the lines that must be seen after it.
#[derive(Debug)]
pub(crate) struct Step {
    /// The blank lines and comments before the action.
    pub(crate) before: Vec<String>,
    /// The line of the action.
    pub(crate) line: String,
    pub(crate) action: Action,
    /// The lines that must be seen after the action.
    pub(crate) stated: Vec<String>,
}

/// The action of a line. The documentation of `transcripts.rs` describes the notation.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Connects {
        name: String,
        from: SocketAddr,
        dialect: Dialect,
        via: Via,
        room: Option<String>,
        stays: bool,
    },
    EndsInput(String),
    /// Whether histories can be read.
    HistoriesWork(bool),
    LogIs(LogState),
    /// This number of milliseconds passes.
    Passes(u64),
    ReadsOn(String),
    /// An IRC client registers. The welcome is checked, and not part of the transcript.
    Registers(String),
    Repeat(u32, Box<Action>),
    /// The client sends a line, with the line end of its dialect.
    Says {
        name: String,
        line: Vec<u8>,
    },
    Sends {
        name: String,
        bytes: Vec<u8>,
    },
    ServerStops,
    StopsReading(String),
    Takes {
        name: String,
        bytes: usize,
    },
    Vanishes(String),
}

impl Script {
    /// Parses a transcript. The error describes the invalid line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        let mut before = Vec::new();
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                before.push(line.to_owned());
            } else if let Some(setting) = line.strip_prefix("set ") {
                if !script.steps.is_empty() {
                    return Err(format!("a setting after an action: {line}"));
                }
                script.settings.push(setting.split_whitespace().map(str::to_owned).collect());
                script.header.append(&mut before);
                script.header.push(line.to_owned());
            } else if is_stated(line) {
                let step = script.steps.last_mut().filter(|_| before.is_empty());
                let step = step.ok_or_else(|| format!("no action directly above: {line}"))?;
                step.stated.push(line.to_owned());
            } else {
                let action = action(line).ok_or_else(|| format!("invalid line: {line}"))?;
                let before = std::mem::take(&mut before);
                script.steps.push(Step { before, line: line.to_owned(), action, stated: Vec::new() });
            }
        }
        script.footer = before;
        Ok(script)
    }
}

/// Returns whether a line states something that must be seen.
fn is_stated(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("console:") || matches!(words.next(), Some("<" | "<~" | "is"))
}

/// Parses an action.
fn action(line: &str) -> Option<Action> {
    if let Some(rest) = line.strip_prefix("repeat ") {
        let (times, line) = rest.split_once(": ")?;
        return Some(Action::Repeat(times.parse().ok()?, Box::new(action(line)?)));
    }
    if let Some(time) = line.strip_prefix("clock +") {
        return Some(Action::Passes(time.strip_suffix("ms")?.parse().ok()?));
    }
    match line {
        "histories fail" => return Some(Action::HistoriesWork(false)),
        "histories work" => return Some(Action::HistoriesWork(true)),
        "log fails" => return Some(Action::LogIs(LogState::Refusing(LogRefusal::Failed))),
        "log fills" => return Some(Action::LogIs(LogState::Refusing(LogRefusal::Full))),
        "log runs" => return Some(Action::LogIs(LogState::Running)),
        "log stalls" => return Some(Action::LogIs(LogState::Stalled)),
        "server stops" => return Some(Action::ServerStops),
        _ => {}
    }
    let (name, rest) = line.split_once(' ')?;
    let name = name.to_owned();
    if rest == ">" {
        return Some(Action::Says { name, line: Vec::new() });
    }
    if let Some(text) = rest.strip_prefix("> ") {
        return Some(Action::Says { name, line: unescape(text)? });
    }
    if let Some(text) = rest.strip_prefix("sends ") {
        return Some(Action::Sends { name, bytes: unescape(text)? });
    }
    let (rest, stays) = rest.strip_suffix(" and stays").map_or((rest, false), |rest| (rest, true));
    let ways = [(" as a gateway", Via::Gateway), (" as a proxy", Via::Proxy), ("", Via::Direct)];
    let (rest, via) = ways.into_iter().find_map(|(end, via)| Some((rest.strip_suffix(end)?, via)))?;
    let words: Vec<&str> = rest.split(' ').collect();
    if let ["connects", words @ ..] = &words[..] {
        let (dialect, words) = match words {
            ["to", "irc", words @ ..] => (Dialect::Irc, words),
            ["to", "auto", words @ ..] => (Dialect::Auto, words),
            words => (Dialect::Plain, words),
        };
        let ["from", from, words @ ..] = words else { return None };
        let room = match words {
            [] => Some("lobby".to_owned()),
            ["to", "no", "room"] => None,
            ["to", "room", room] => Some(String::from_utf8(unescape(room)?).ok()?),
            _ => return None,
        };
        return Some(Action::Connects { name, from: from.parse().ok()?, dialect, via, room, stays });
    }
    Some(match words[..] {
        ["registers"] => Action::Registers(name),
        ["ends", "input"] => Action::EndsInput(name),
        ["reads", "on"] => Action::ReadsOn(name),
        ["stops", "reading"] => Action::StopsReading(name),
        ["takes", bytes, "bytes"] => Action::Takes { name, bytes: bytes.parse().ok()? },
        ["vanishes"] => Action::Vanishes(name),
        _ => return None,
    })
}

/// Returns the reader of a line, and what it sees. Lines that use different escapes may have the same meaning.
pub(crate) fn meaning(line: &str) -> (String, Vec<u8>) {
    let (who, rest) = line.split_once(' ').unwrap_or((line, ""));
    match rest.split_once(' ').unwrap_or((rest, "")) {
        (mark @ ("<" | "<~"), text) => {
            let text = unescape(text).unwrap_or_else(|| text.as_bytes().to_vec());
            (who.to_owned(), [mark.as_bytes(), b" ", &text].concat())
        }
        // Pauses have a reader of their own: their order among the bytes written to the client is not tested.
        ("is", "paused" | "resumed") => (format!("{who}'s input"), rest.as_bytes().to_vec()),
        _ => (who.to_owned(), rest.as_bytes().to_vec()),
    }
}

/// Minimum number of repetitions of a character that are written as one escape: `\{40*x}`.
const RUN_CHARS: usize = 40;

/// Formats bytes as the text of a transcript.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(first) = rest.chars().next() {
            let after = rest.trim_start_matches(first);
            let run = (rest.len() - after.len()) / first.len_utf8();
            let one = escape_char(first, after.is_empty());
            if run >= RUN_CHARS {
                shown += &format!("\\{{{run}*{one}}}");
                rest = after;
            } else {
                shown += &escape_char(first, rest.len() == first.len_utf8());
                rest = &rest[first.len_utf8()..];
            }
        }
        chunk.invalid().iter().for_each(|byte| shown += &format!("\\x{byte:02x}"));
    }
    shown
}

fn escape_char(character: char, is_last: bool) -> String {
    match character {
        ' ' if is_last => "\\x20".to_owned(),
        '\\' | '\n' | '\r' | '\t' => character.escape_default().to_string(),
        control if control.is_ascii_control() => format!("\\x{:02x}", u32::from(control)),
        quote @ ('\'' | '"') => quote.to_string(),
        other => other.escape_debug().to_string(),
    }
}

/// Returns the bytes of an escaped text; `None` if an escape is invalid.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character != '\\' {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.chars().next()?;
        rest = &rest[escape.len_utf8()..];
        match escape {
            '\\' => bytes.push(b'\\'),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'x' => {
                bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            'u' => {
                let (code, after) = rest.strip_prefix('{')?.split_once('}')?;
                let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            '{' => {
                let (times, after) = rest.split_once('*')?;
                let (repeated, after) = after.split_once('}')?;
                bytes.extend(unescape(repeated)?.repeat(times.parse().ok()?));
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}
