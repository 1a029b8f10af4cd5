//! Parses a line into tags, command and parameters.

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) tags: Vec<&'a str>,
    pub(super) command: &'a str,
    pub(super) params: Vec<&'a str>,
}

/// The reason why a line is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The line is blank, and is not answered.
    Empty,
    NoMessage,
    NotUtf8,
    TooLong,
}

/// Maximum number of parameters. The last one is the whole rest of the line.
const PARAMS_MAX: usize = 15;

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a [u8]) -> Result<Self, Flaw> {
        if line.iter().any(|byte| [0, b'\r', b'\n'].contains(byte)) {
            return Err(Flaw::NoMessage);
        }
        let has_tags = line.starts_with(b"@");
        let tags_end = if has_tags {
            line.iter().position(|byte| *byte == b' ').map_or(line.len(), |space| space + 1)
        } else {
            0
        };
        if tags_end > 4_096 || line.len() - tags_end > 510 {
            return Err(Flaw::TooLong);
        }
        let line = std::str::from_utf8(line).map_err(|_| Flaw::NotUtf8)?;
        let (tags, mut rest) = line.split_at(tags_end);
        let tags = tags.strip_prefix('@').unwrap_or(tags).trim_end_matches(' ').split(';').collect();
        rest = rest.trim_start_matches(' ');
        let has_source = rest.starts_with(':');
        if has_source {
            rest = split(rest).1;
        }
        let (command, mut rest) = split(rest);
        if command.is_empty() || command.starts_with('@') {
            return Err(if has_tags || has_source { Flaw::NoMessage } else { Flaw::Empty });
        }
        let mut params = Vec::new();
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                params.push(last);
                break;
            }
            if params.len() == PARAMS_MAX - 1 {
                params.push(rest);
                break;
            }
            let (param, behind) = split(rest);
            params.push(param);
            rest = behind;
        }
        Ok(Self { tags, command, params })
    }

    /// Returns the client-only tags, which are relayed to other clients: each key once, in the order of the keys.
    pub(super) fn client_tags(&self) -> Option<String> {
        let key = |tag: &'a str| tag.split('=').next().unwrap_or_default();
        let mut tags: Vec<&str> = Vec::new();
        for &tag in &self.tags {
            let is_key = |it: char| it.is_ascii_alphanumeric() || "-./_".contains(it);
            let name = key(tag).strip_prefix('+').unwrap_or_default();
            if !name.is_empty() && name.chars().all(is_key) {
                tags.retain(|other| key(other) != key(tag));
                tags.push(tag);
            }
        }
        tags.sort_by_key(|tag| key(tag));
        (!tags.is_empty()).then(|| tags.join(";"))
    }
}

/// Returns the label of a line, even if the line is not a message after its tags.
pub(super) fn label_of(line: &[u8]) -> Option<String> {
    let space = line.iter().position(|byte| *byte == b' ');
    let end = space.unwrap_or(line.len());
    if end + usize::from(space.is_some()) > 4_096 {
        return None;
    }
    let tags = std::str::from_utf8(&line[..end]).ok()?.strip_prefix('@')?;
    if tags.contains(['\0', '\r', '\n']) {
        return None;
    }
    let value = tags.split(';').rev().find_map(|tag| {
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        (key == "label").then_some(value)
    });
    let mut label = String::new();
    let mut characters = value?.chars();
    while let Some(character) = characters.next() {
        match (character, if character == '\\' { characters.next() } else { None }) {
            ('\\', Some(':')) => label.push(';'),
            ('\\', Some('s')) => label.push(' '),
            ('\\', Some('r')) => label.push('\r'),
            ('\\', Some('n')) => label.push('\n'),
            ('\\', other) => label.extend(other),
            (plain, _) => label.push(plain),
        }
    }
    Some(label)
}

/// Splits a text into its first word and the rest.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(' ').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start_matches(' '))
}
