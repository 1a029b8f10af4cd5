//! Parses and writes messages: `[@tags] [:source] command [parameters]`.

use super::tags::{CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX, Tags, put_tag};
use bytes::BytesMut;
use core::fmt;

/// Maximum number of bytes of a message without tags and line end. With the line end, they are the 512 of RFC 1459.
pub const MESSAGE_BYTES_MAX: usize = 510;

/// Maximum number of parameters of a message. The last one contains everything that remains (RFC 2812, section 2.3.1).
pub const PARAMS_MAX: usize = 15;

/// A parsed message, which borrows from its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParsedMessage<'a> {
    /// The tags.
    pub tags: Tags<'a>,
    /// The source, if there is one: the name of a server, or `nick!user@host`.
    pub source: Option<&'a str>,
    /// The command as it was sent: a word in any case, or three digits.
    pub command: &'a str,
    params: [&'a str; PARAMS_MAX],
    params_count: usize,
}

/// The reason why a line is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The line contains a NUL, a carriage return or a line feed.
    Character,
    /// The line is empty.
    Empty,
    /// The line has no command.
    NoCommand,
    /// The line is not UTF-8.
    NotUtf8,
    /// The tags are too long.
    TagsTooLong,
    /// The line without its tags has more than [`MESSAGE_BYTES_MAX`] bytes.
    TooLong,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a message has no NUL, carriage return or line feed in it",
            Self::Empty => "there is no message",
            Self::NoCommand => "a message has a command",
            Self::NotUtf8 => "a message is UTF-8",
            Self::TagsTooLong => "the tags are too long",
            Self::TooLong => "the message is too long",
        })
    }
}

impl core::error::Error for ParseError {}

impl<'a> ParsedMessage<'a> {
    /// Parses a client's line, without its line end.
    ///
    /// # Errors
    /// Returns an error if the line is not a message.
    pub fn from_client(line: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse(line, CLIENT_TAGS_BYTES_MAX)
    }

    /// Parses a server's line, without its line end.
    ///
    /// # Errors
    /// Returns an error if the line is not a message.
    pub fn from_server(line: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse(line, TAGS_BYTES_MAX)
    }

    /// Parses only the tags of a client's line. The rest of the line may be invalid.
    #[must_use]
    pub fn tags_of(line: &'a [u8]) -> Tags<'a> {
        let tags = &line[..tags_length(line)];
        let is_whole =
            tags.len() <= CLIENT_TAGS_BYTES_MAX && memchr::memchr3(b'\0', b'\r', b'\n', tags).is_none();
        let text = core::str::from_utf8(tags).unwrap_or_default();
        let text = text.strip_prefix('@').filter(|_| is_whole).unwrap_or_default();
        Tags::new(text.strip_suffix(' ').unwrap_or(text))
    }

    fn parse(line: &'a [u8], tags_bytes_max: usize) -> Result<Self, ParseError> {
        if memchr::memchr3(b'\0', b'\r', b'\n', line).is_some() {
            return Err(ParseError::Character);
        }
        let tags_length = tags_length(line);
        if tags_length > tags_bytes_max {
            return Err(ParseError::TagsTooLong);
        }
        if line.len() - tags_length > MESSAGE_BYTES_MAX {
            return Err(ParseError::TooLong);
        }
        let line = core::str::from_utf8(line).map_err(|_| ParseError::NotUtf8)?;
        let (tags, rest) = line.split_at(tags_length);
        let tags = tags.strip_prefix('@').unwrap_or_default();
        let tags_text = tags.strip_suffix(' ').unwrap_or(tags);
        let mut message = Self { tags: Tags::new(tags_text), ..Self::default() };
        let mut rest = rest.trim_start_matches(' ');
        if let Some(after_colon) = rest.strip_prefix(':') {
            let source;
            (source, rest) = word(after_colon);
            message.source = Some(source);
        }
        (message.command, rest) = word(rest);
        // A second set of tags is none, and no command: written without the first, it would be tags.
        if message.command.is_empty() || message.command.starts_with('@') {
            let nothing = tags_length == 0 && message.source.is_none();
            return Err(if nothing { ParseError::Empty } else { ParseError::NoCommand });
        }
        while !rest.is_empty() {
            let param;
            (param, rest) = match rest.strip_prefix(':') {
                Some(last) => (last, ""),
                None if message.params_count == PARAMS_MAX - 1 => (rest, ""),
                None => word(rest),
            };
            message.params[message.params_count] = param;
            message.params_count += 1;
        }
        Ok(message)
    }

    /// Returns the parameters, at most [`PARAMS_MAX`].
    #[must_use]
    pub fn params(&self) -> &[&'a str] {
        &self.params[..self.params_count]
    }

    /// Appends a message and its line end. Only the last parameter may be empty, begin with `:`, or contain a space.
    ///
    /// `tags` are keys and values. Only the values may contain line ends, which are escaped. Nothing may contain NUL.
    pub fn put(
        to: &mut BytesMut,
        tags: &[(&str, &str)],
        source: Option<&str>,
        command: &str,
        params: &[&str],
    ) {
        for (index, (key, value)) in tags.iter().enumerate() {
            put_tag(to, key, value, index == 0);
        }
        if !tags.is_empty() {
            to.extend_from_slice(b" ");
        }
        if let Some(source) = source {
            to.extend_from_slice(b":");
            to.extend_from_slice(source.as_bytes());
            to.extend_from_slice(b" ");
        }
        to.extend_from_slice(command.as_bytes());
        for (index, param) in params.iter().enumerate() {
            let needs_colon = param.is_empty() || param.starts_with(':') || param.contains(' ');
            debug_assert!(
                !needs_colon || index == params.len() - 1,
                "only the last parameter can be {param:?}"
            );
            to.extend_from_slice(if needs_colon { b" :" } else { b" " });
            to.extend_from_slice(param.as_bytes());
        }
        to.extend_from_slice(b"\r\n");
    }
}

/// Returns the number of bytes of the tags before a message, including the `@` and the space after them.
fn tags_length(line: &[u8]) -> usize {
    match line.first() {
        Some(b'@') => memchr::memchr(b' ', line).map_or(line.len(), |space| space + 1),
        _ => 0,
    }
}

/// Splits a text after its first word and the spaces that follow.
fn word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    #[test]
    fn messages_have_tags_a_source_a_command_and_parameters() {
        type Case<'a> = (&'a str, Option<&'a str>, &'a str, &'a [&'a str]);
        let cases: [Case<'_>; 11] = [
            ("PING", None, "PING", &[]),
            ("join #a,#b key", None, "join", &["#a,#b", "key"]),
            (
                ":nick!user@host PRIVMSG #a :hello  world ",
                Some("nick!user@host"),
                "PRIVMSG",
                &["#a", "hello  world "],
            ),
            ("PRIVMSG #a ::)", None, "PRIVMSG", &["#a", ":)"]),
            ("PRIVMSG #a a:b", None, "PRIVMSG", &["#a", "a:b"]),
            ("TOPIC #a :", None, "TOPIC", &["#a", ""]),
            ("USER  u   0  *  :real  name", None, "USER", &["u", "0", "*", "real  name"]),
            ("  MODE #a  ", None, "MODE", &["#a"]),
            (":server   001   me :hi", Some("server"), "001", &["me", "hi"]),
            ("@a=1;b  PING", None, "PING", &[]),
            ("@a :s PING x", Some("s"), "PING", &["x"]),
        ];
        for (line, source, command, params) in cases {
            let message = ParsedMessage::from_client(line.as_bytes()).unwrap();
            assert_eq!(
                (message.source, message.command, message.params()),
                (source, command, params),
                "{line}"
            );
        }
        let tagged = ParsedMessage::from_client(b"@a=1;b PING").unwrap();
        assert_eq!(tagged.tags.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_fifteenth_parameter_contains_all_others() {
        let line = "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17";
        let message = ParsedMessage::from_client(line.as_bytes()).unwrap();
        assert_eq!(message.params().len(), PARAMS_MAX);
        assert_eq!(message.params()[13..], ["14", "15 16 :17"]);
        let line = "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16";
        assert_eq!(ParsedMessage::from_client(line.as_bytes()).unwrap().params()[14], "15 16");
    }

    #[test]
    fn a_line_that_is_not_a_message_is_an_error() {
        for (line, error) in [
            (&b""[..], ParseError::Empty),
            (b"   ", ParseError::Empty),
            (b":source", ParseError::NoCommand),
            (b":source  ", ParseError::NoCommand),
            (b"@tags", ParseError::NoCommand),
            (b"@tags :source", ParseError::NoCommand),
            (b"@tags @tags PING", ParseError::NoCommand),
            (b"@ @; :C", ParseError::NoCommand),
            (b"PRIVMSG a\0b", ParseError::Character),
            (b"PRIVMSG a\rb", ParseError::Character),
            (b"PRIVMSG a\nb", ParseError::Character),
            (b"PRIVMSG \xff", ParseError::NotUtf8),
        ] {
            assert_eq!(ParsedMessage::from_client(line), Err(error), "{line:?}");
        }
        assert_eq!(ParseError::TooLong.to_string(), "the message is too long");
    }

    #[test]
    fn tags_and_message_have_separate_limits() {
        let line = |tags: usize, rest: usize| {
            let tags = if tags == 0 { String::new() } else { alloc::format!("@{} ", "t".repeat(tags - 2)) };
            tags + &"C".repeat(rest)
        };
        let client = |tags, rest| ParsedMessage::from_client(line(tags, rest).as_bytes()).err();
        let server = |tags, rest| ParsedMessage::from_server(line(tags, rest).as_bytes()).err();
        assert_eq!(client(0, 510), None);
        assert_eq!(client(0, 511), Some(ParseError::TooLong));
        assert_eq!(client(4_096, 510), None);
        assert_eq!(client(4_096, 511), Some(ParseError::TooLong));
        assert_eq!(client(4_097, 1), Some(ParseError::TagsTooLong));
        assert_eq!(server(8_191, 510), None);
        assert_eq!(server(8_192, 1), Some(ParseError::TagsTooLong));
        let endless = "@".repeat(5_000);
        assert_eq!(ParsedMessage::from_client(endless.as_bytes()), Err(ParseError::TagsTooLong));
    }

    #[test]
    fn a_written_message_is_parsed() {
        let mut line = BytesMut::new();
        let tags = [("time", "2026-11-26T05:30:00.000Z"), ("+typing", ""), ("note", "a; b\\\r\n")];
        ParsedMessage::put(&mut line, &tags, Some("nick!user@host"), "PRIVMSG", &["#a", ":) yes"]);
        let text = "@time=2026-11-26T05:30:00.000Z;+typing;note=a\\:\\sb\\\\\\r\\n :nick!user@host PRIVMSG #a ::) yes\r\n";
        assert_eq!(core::str::from_utf8(&line), Ok(text));
        let message = ParsedMessage::from_server(text.trim_end().as_bytes()).unwrap();
        assert_eq!(message.tags.get("note").as_deref(), Some("a; b\\\r\n"));
        assert_eq!(message.params(), ["#a", ":) yes"]);
        for (param, text) in
            [("x", "AWAY x"), ("", "AWAY :"), (":)", "AWAY ::)"), ("gone out", "AWAY :gone out")]
        {
            line.clear();
            ParsedMessage::put(&mut line, &[], None, "AWAY", &[param]);
            assert_eq!(core::str::from_utf8(&line), Ok(alloc::format!("{text}\r\n").as_str()));
        }
    }
}
