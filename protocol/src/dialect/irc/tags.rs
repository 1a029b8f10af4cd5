//! The tags of messages (IRCv3, message-tags).

use alloc::borrow::Cow;
use alloc::string::String;
use bytes::BytesMut;

/// Maximum number of bytes of the tags in a server's message, including the `@` and the space after them.
pub const TAGS_BYTES_MAX: usize = 8_191;

/// Maximum number of bytes of the tags in a client's message. It leaves room for the tags that servers add.
pub const CLIENT_TAGS_BYTES_MAX: usize = 4_096;

/// The tags of a message in their escaped form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a>(&'a str);

impl<'a> Tags<'a> {
    /// Creates tags from the text between the `@` and the space.
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns whether there are no tags.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the keys and unescaped values of the tags. A tag without a value has an empty one, which means the same.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let tags = self.0.split(';').map(|tag| tag.split_once('=').unwrap_or((tag, "")));
        // A tag needs a key.
        tags.filter(|(key, _)| !key.is_empty()).map(|(key, value)| (key, unescaped(value)))
    }

    /// Returns the keys and the escaped tags that clients send to clients: keys that begin with `+` and are valid.
    pub(crate) fn client_only(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let is_key = |key: &str| {
            key.strip_prefix('+').is_some_and(|rest| {
                let fits = |it: char| it.is_ascii_alphanumeric() || "-./_".contains(it);
                !rest.is_empty() && rest.chars().all(fits)
            })
        };
        let tags = self.0.split(';').map(|tag| (tag.split_once('=').map_or(tag, |(key, _)| key), tag));
        tags.filter(move |(key, _)| is_key(key))
    }

    /// Returns the value of the last tag with a key, which is the valid one.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Cow<'a, str>> {
        self.iter().filter(|(other, _)| *other == key).last().map(|(_, value)| value)
    }
}

/// Appends a tag. `is_first` is whether it is the first one of its message.
pub(super) fn put_tag(to: &mut BytesMut, key: &str, value: &str, is_first: bool) {
    to.extend_from_slice(if is_first { b"@" } else { b";" });
    to.extend_from_slice(key.as_bytes());
    if value.is_empty() {
        return;
    }
    to.extend_from_slice(b"=");
    for &byte in value.as_bytes() {
        match byte {
            b';' => to.extend_from_slice(b"\\:"),
            b' ' => to.extend_from_slice(b"\\s"),
            b'\\' => to.extend_from_slice(b"\\\\"),
            b'\r' => to.extend_from_slice(b"\\r"),
            b'\n' => to.extend_from_slice(b"\\n"),
            _ => to.extend_from_slice(&[byte]),
        }
    }
}

/// Appends a message with an additional tag.
pub(crate) fn tag_line(line: &[u8], key: &str, value: &str, to: &mut BytesMut) {
    put_tag(to, key, value, true);
    match line.strip_prefix(b"@") {
        Some(rest) => {
            to.extend_from_slice(b";");
            to.extend_from_slice(rest);
        }
        None => {
            to.extend_from_slice(b" ");
            to.extend_from_slice(line);
        }
    }
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        // A `\` before any other character is dropped.
        match characters.next() {
            Some(':') => text.push(';'),
            Some('s') => text.push(' '),
            Some('r') => text.push('\r'),
            Some('n') => text.push('\n'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unescaped() {
        for (value, text) in [
            ("", ""),
            ("plain", "plain"),
            ("a\\:b\\sc\\\\d\\r\\n", "a;b c\\d\r\n"),
            ("\\b", "b"),
            ("end\\", "end"),
            ("\\", ""),
            ("鸟\\s", "鸟 "),
        ] {
            assert_eq!(unescaped(value), text, "{value}");
        }
    }

    #[test]
    fn a_tag_is_added_to_a_message() {
        for (line, tagged) in [("A\r\n", "@label=a\\sb A\r\n"), ("@x=1 A\r\n", "@label=a\\sb;x=1 A\r\n")] {
            let mut to = BytesMut::new();
            tag_line(line.as_bytes(), "label", "a b", &mut to);
            assert_eq!(core::str::from_utf8(&to), Ok(tagged));
        }
    }

    #[test]
    fn the_last_tag_of_a_key_is_valid() {
        let tags = Tags::new("a=1;+example.com/b;;=;a=2");
        assert_eq!(tags.get("a").as_deref(), Some("2"));
        assert_eq!(tags.get("+example.com/b").as_deref(), Some(""));
        assert_eq!(tags.get("b"), None);
        assert_eq!(tags.iter().count(), 3);
        assert!(!tags.is_empty());
        assert!(Tags::default().is_empty());
    }
}
