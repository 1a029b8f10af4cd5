//! What a transcript says, before anybody does it.

use parlor_protocol::Dialect;
use std::net::SocketAddr;

/// A transcript.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Remarks and settings, as they are written.
    pub(crate) header: Vec<String>,
    /// The settings in words: `["limit", "rate_burst", "2"]`.
    pub(crate) settings: Vec<Vec<String>>,
    pub(crate) steps: Vec<Step>,
    /// Remarks behind the last step.
    pub(crate) footer: Vec<String>,
}

/// An action and what is seen of it.
#[derive(Debug)]
pub(crate) struct Step {
    /// Blank lines and remarks.
    pub(crate) before: Vec<String>,
    /// The action, as it is written.
    pub(crate) line: String,
    pub(crate) action: Action,
    /// What is seen after it, as it is written.
    pub(crate) stated: Vec<String>,
}

/// One line of a transcript.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Connects {
        name: String,
        from: SocketAddr,
        dialect: Dialect,
        room: Option<String>,
        stays: bool,
    },
    EndsInput(String),
    /// Milliseconds pass.
    Passes(u64),
    ReadsOn(String),
    /// A client of IRC says who it is; what it is told of that is not looked at.
    Registers(String),
    Repeat(u32, Box<Action>),
    /// A line, and the end of a line in its dialect.
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
    /// Reads a transcript; an error says which line is none of a transcript.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        let mut before = Vec::new();
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                before.push(line.to_owned());
            } else if let Some(setting) = line.strip_prefix("set ") {
                if !script.steps.is_empty() {
                    return Err(format!("a setting behind an action: {line}"));
                }
                script.settings.push(setting.split_whitespace().map(str::to_owned).collect());
                script.header.append(&mut before);
                script.header.push(line.to_owned());
            } else if is_stated(line) {
                let step = script.steps.last_mut().filter(|_| before.is_empty());
                let step = step.ok_or_else(|| format!("no action right above what is seen: {line}"))?;
                step.stated.push(line.to_owned());
            } else {
                let action = action(line).ok_or_else(|| format!("no line of a transcript: {line}"))?;
                let before = std::mem::take(&mut before);
                script.steps.push(Step { before, line: line.to_owned(), action, stated: Vec::new() });
            }
        }
        script.footer = before;
        Ok(script)
    }
}

fn is_stated(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("console:") || matches!(words.next(), Some("<" | "<~" | "is"))
}

fn action(line: &str) -> Option<Action> {
    if let Some(rest) = line.strip_prefix("repeat ") {
        let (times, line) = rest.split_once(": ")?;
        return Some(Action::Repeat(times.parse().ok()?, Box::new(action(line)?)));
    }
    if let Some(time) = line.strip_prefix("clock +") {
        return Some(Action::Passes(time.strip_suffix("ms")?.parse().ok()?));
    }
    if line == "server stops" {
        return Some(Action::ServerStops);
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
        return Some(Action::Connects { name, from: from.parse().ok()?, dialect, room, stays });
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

/// Who sees it, and what it is. Two lines that are written differently may mean the same.
pub(crate) fn meaning(line: &str) -> (String, Vec<u8>) {
    let (who, rest) = line.split_once(' ').unwrap_or((line, ""));
    match rest.split_once(' ').unwrap_or((rest, "")) {
        (mark @ ("<" | "<~"), text) => {
            let text = unescape(text).unwrap_or_else(|| text.as_bytes().to_vec());
            (who.to_owned(), [mark.as_bytes(), b" ", &text].concat())
        }
        // That nothing is read from somebody has no place among the bytes that are written.
        ("is", "paused" | "resumed") => (format!("{who}'s input"), rest.as_bytes().to_vec()),
        _ => (who.to_owned(), rest.as_bytes().to_vec()),
    }
}

/// Characters that stand alike in a row become one escape from this many on.
const RUN_CHARS: usize = 40;

/// Bytes as a transcript shows them.
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

/// The bytes that an escaped text stands for.
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
                let (what, after) = after.split_once('}')?;
                bytes.extend(unescape(what)?.repeat(times.parse().ok()?));
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}
