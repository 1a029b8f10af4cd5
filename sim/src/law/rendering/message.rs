//! Parses a message as a client does (RFC 1459, section 2.3.1; IRCv3, message-tags). The parser is independent of the
//! core, and as strict as a server has to be: some of its errors would be accepted by lenient clients.

/// Maximum number of bytes of a message without its tags, including the line end (RFC 1459, section 2.3).
const MESSAGE_BYTES_MAX: usize = 512;

/// Maximum number of bytes of the tags, including the `@` and the space after them.
const TAGS_BYTES_MAX: usize = 8_191;

/// Maximum number of bytes of the tags that the server adds, and of those that a client sends, without the `@` and the
/// space.
const TAG_DATA_BYTES_MAX: usize = 4_094;

/// Maximum number of parameters of a message (RFC 1459, section 2.3).
const PARAMS_MAX: usize = 15;

/// A message that borrows from its line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// The tags and their values, still escaped.
    pub(super) tags: Vec<(&'a str, &'a str)>,
    pub(super) source: Option<&'a str>,
    pub(super) command: &'a str,
    pub(super) params: Vec<&'a str>,
}

impl<'a> Message<'a> {
    /// Parses a line, including its end.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        let line = line.strip_suffix(b"\r\n").ok_or("it does not end with CR and LF")?;
        if line.iter().any(|byte| b"\0\r\n".contains(byte)) {
            return Err("NUL, CR or LF is in it");
        }
        let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
        let (tags, line) = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').ok_or("there is nothing behind its tags")?,
            None => ("", line),
        };
        if !tags.is_empty() && tags.len() + "@ ".len() > TAGS_BYTES_MAX {
            return Err("its tags are too long");
        }
        if line.len() + "\r\n".len() > MESSAGE_BYTES_MAX {
            return Err("it is too long");
        }
        let mut message = Self { tags: parse_tags(tags)?, ..Self::default() };
        let mut rest = line;
        if let Some(sourced) = rest.strip_prefix(':') {
            let (source, behind) = sourced.split_once(' ').ok_or("there is no command")?;
            message.source = Some(source).filter(|source| !source.is_empty());
            rest = behind;
        }
        let mut rest = Some(rest);
        (message.command, rest) = word(rest.unwrap_or_default());
        let is_word =
            !message.command.is_empty() && message.command.bytes().all(|it| it.is_ascii_uppercase());
        let is_numeric = message.command.len() == 3 && message.command.bytes().all(|it| it.is_ascii_digit());
        if !is_word && !is_numeric {
            return Err("its command is neither a word nor three digits");
        }
        while let Some(text) = rest {
            let param;
            (param, rest) = match text.strip_prefix(':') {
                Some(last) => (last, None),
                None => word(text),
            };
            if param.is_empty() && !text.starts_with(':') {
                return Err("a parameter is empty that is not the last one");
            }
            message.params.push(param);
        }
        if message.params.len() > PARAMS_MAX {
            return Err("it has too many parameters");
        }
        Ok(message)
    }

    /// Returns the value of a tag, still escaped.
    pub(super) fn tag(&self, key: &str) -> Option<&'a str> {
        self.tags.iter().find(|(other, _)| *other == key).map(|(_, value)| *value)
    }

    /// Returns the nickname of the source, or the server's name.
    pub(super) fn nick(&self) -> &'a str {
        self.source.unwrap_or_default().split('!').next().unwrap_or_default()
    }

    /// Returns a parameter; the empty string if there are not so many.
    pub(super) fn param(&self, index: usize) -> &'a str {
        self.params.get(index).copied().unwrap_or_default()
    }
}

fn word(text: &str) -> (&str, Option<&str>) {
    text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)))
}

fn parse_tags(tags: &str) -> Result<Vec<(&str, &str)>, &'static str> {
    let mut parsed: Vec<(&str, &str)> = Vec::new();
    // Number of bytes of the server's tags, and of the clients' tags, with a `;` after each tag.
    let mut data_bytes = [0; 2];
    for tag in tags.split(';').filter(|_| !tags.is_empty()) {
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        if !is_key(key) {
            return Err("a tag's key is none");
        }
        if parsed.iter().any(|(other, _)| *other == key) {
            return Err("it has a tag twice");
        }
        parsed.push((key, value));
        data_bytes[usize::from(key.starts_with('+'))] += tag.len() + 1;
    }
    if data_bytes.iter().any(|bytes| *bytes > TAG_DATA_BYTES_MAX + 1) {
        return Err("the tags of its server, or of its client, are too long");
    }
    Ok(parsed)
}

/// Whether a key has the form `[+][vendor/]name`, with a host name as the vendor.
fn is_key(key: &str) -> bool {
    let key = key.strip_prefix('+').unwrap_or(key);
    let (vendor, name) = key.split_once('/').map_or((None, key), |(vendor, name)| (Some(vendor), name));
    let fits = |text: &str, also: &str| {
        !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || also.contains(it))
    };
    fits(name, "-") && vendor.is_none_or(|vendor| fits(vendor, ".-"))
}

/// Returns the value of a tag without its escapes.
pub(super) fn unescape(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(next) = chars.next() {
        text.extend(match next {
            '\\' => chars.next().map(|escaped| match escaped {
                ':' => ';',
                's' => ' ',
                'r' => '\r',
                'n' => '\n',
                other => other,
            }),
            other => Some(other),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_parts() {
        let line = b"@a=b\\s;+c.d/e-f :n!u@h PRIVMSG #x ::) y \r\n";
        let message = Message::parse(line).expect("it is one");
        assert_eq!(message.tags, [("a", "b\\s"), ("+c.d/e-f", "")]);
        assert_eq!((message.source, message.command), (Some("n!u@h"), "PRIVMSG"));
        assert_eq!(message.params, ["#x", ":) y "]);
        assert_eq!((message.nick(), message.tag("a")), ("n", Some("b\\s")));
        assert_eq!(unescape(r"a\:b\sc\\d\e\"), "a;b c\\de");
        for (line, params) in
            [(&b"ACK\r\n"[..], &[][..]), (b"AWAY :\r\n", &[""]), (b"MODE #a +l 2\r\n", &["#a", "+l", "2"])]
        {
            assert_eq!(Message::parse(line).expect("it is one").params, params);
        }
    }

    #[test]
    fn malformed_messages_are_errors() {
        for line in [
            &b"PING x\n"[..],
            b"PING x",
            b"PING \0\r\n",
            b"PING a\rb\r\n",
            b"PING \xff\r\n",
            b"\r\n",
            b":s\r\n",
            b"@a\r\n",
            b"@a;a PING\r\n",
            b"@a; PING\r\n",
            b"@=x PING\r\n",
            b"@a_b PING\r\n",
            b"@/b PING\r\n",
            b"ping x\r\n",
            b"01 x\r\n",
            b"PING  x\r\n",
            b"PING x \r\n",
            b"MODE 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6\r\n",
        ] {
            assert!(Message::parse(line).is_err(), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_message_and_its_tags_have_a_limit_each() {
        let line = |server: usize, client: usize, message: usize| {
            let tags = format!("@{};+{}", "t".repeat(server), "c".repeat(client - 1));
            format!("{tags} PING :{}\r\n", "x".repeat(message - "PING :\r\n".len()))
        };
        for ((server, client, message), fits) in [
            ((4_094, 4_094, 512), true),
            ((4_095, 1, 512), false),
            ((1, 4_095, 512), false),
            ((1, 1, 513), false),
        ] {
            assert_eq!(Message::parse(line(server, client, message).as_bytes()).is_ok(), fits);
        }
    }
}
