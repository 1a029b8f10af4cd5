//! Law 14: a private message is read by its author and one other member. The check compares received bytes with sent
//! bytes, and nothing in between.

use super::CheckResult;
use super::written::{Line, command, seen, tags_in};
use crate::conns::Conns;
use parlor_protocol::ConnId;
use std::collections::BTreeMap;

/// Records the tags (numbers such as `#17`) that occurred only in private messages, and their readers.
#[derive(Debug, Default)]
pub(super) struct Private {
    tags: BTreeMap<u64, Tag>,
    /// The unfinished line of each connection.
    readers: Conns<Vec<u8>>,
    /// Whether a client has written a tag that may not be the one that it shows. Then nothing is checked any more.
    is_blind: bool,
}

#[derive(Debug)]
enum Tag {
    /// The tag also occurred in other lines, or in lines of several clients.
    Public,
    ToOne {
        writer: ConnId,
        reader: Option<ConnId>,
    },
}

impl Private {
    pub(super) fn written(&mut self, line: &Line) {
        self.is_blind |= line.hides_tag;
        let is_to_one = if line.is_irc { is_message_to_one(&line.seen) } else { is_private(&line.seen) };
        let is_to_one = is_to_one && line.is_clean;
        for tag in tags_in(&line.seen) {
            let to_one = Tag::ToOne { writer: line.conn, reader: None };
            let tag = self.tags.entry(tag);
            tag.and_modify(|tag| *tag = Tag::Public).or_insert(if is_to_one { to_one } else { Tag::Public });
        }
    }

    pub(super) fn sent(&mut self, conn: ConnId, bytes: &[u8]) -> CheckResult {
        let begun = self.readers.get_or_default(conn);
        begun.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', begun) else { return Ok(()) };
        let lines: Vec<u8> = begun.drain(..=end).collect();
        if self.is_blind {
            return Ok(());
        }
        let lines = lines.split(|&byte| byte == b'\n').map(|line| seen(&String::from_utf8_lossy(line)));
        for tag in lines.flat_map(|line| tags_in(&line).collect::<Vec<_>>()) {
            let Some(Tag::ToOne { writer, reader }) = self.tags.get_mut(&tag) else { continue };
            if conn != *writer && *reader.get_or_insert(conn) != conn {
                return Err(format!("#{tag} was private, but a third connection reads it"));
            }
        }
        Ok(())
    }
}

/// Whether a plain line is a private message (docs/COMMANDS.md).
fn is_private(seen: &str) -> bool {
    command(seen).is_some_and(|it| ["m", "msg", "r", "reply", "tell", "w"].contains(&&*it))
}

/// Whether an IRC line is a private message: its target is a single name.
fn is_message_to_one(seen: &str) -> bool {
    let mut words = seen.split(' ').filter(|word| !word.is_empty());
    let command = words.next().unwrap_or_default();
    let is_name = |target: &str| !target.starts_with(['#', '@', '+', ':']) && !target.contains(',');
    ["PRIVMSG", "NOTICE"].iter().any(|it| command.eq_ignore_ascii_case(it))
        && words.next().is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::written::Written;
    use bytes::Bytes;
    use parlor_protocol::{Dialect, Input, Via};

    /// Returns the result of the check if the first connection sends these lines, and each of `readers` then reads
    /// `#7`.
    fn result_of(dialect: Dialect, lines: &[u8], readers: &[u32]) -> CheckResult {
        let conn = |slot| ConnId { slot, generation: 0 };
        let (mut written, mut private) = (Written::default(), Private::default());
        let peer = ([127, 0, 0, 1], 5_001).into();
        for input in [
            Input::Accepted { conn: conn(0), dialect, peer, via: Via::Direct, room: None },
            Input::Received { conn: conn(0), bytes: Bytes::copy_from_slice(lines) },
        ] {
            written.input(&input).iter().for_each(|line| private.written(line));
        }
        readers.iter().try_for_each(|&slot| {
            private.sent(conn(slot), b"somebody said #")?;
            private.sent(conn(slot), b"7\nand")
        })
    }

    #[test]
    fn a_line_to_one_alone_is_read_by_two() {
        let (plain, irc) = (Dialect::Auto, Dialect::Irc);
        for (dialect, line) in
            [(plain, "/msg bob #7\r\n"), (plain, "\x02／Reply #7\n"), (irc, "privmsg bob :#7\r\n")]
        {
            assert_eq!(result_of(dialect, line.as_bytes(), &[1, 0, 1]), Ok(()), "{line:?}");
            result_of(dialect, line.as_bytes(), &[1, 0, 2]).expect_err(line);
        }
    }

    #[test]
    fn a_tag_that_also_occurs_elsewhere_is_public() {
        let (plain, irc) = (Dialect::Auto, Dialect::Irc);
        for (dialect, line) in [
            (plain, "/msg bob #7\n#7\n"),
            (plain, "PRIVMSG bob :#7\n"),
            (plain, "/msg bob \r#7\n"),
            (plain, "#8\x087\n/msg bob #7\n"),
            (irc, "PRIVMSG #bob :#7\n"),
            (irc, "PRIVMSG bob,carol :#7\n"),
        ] {
            assert_eq!(result_of(dialect, line.as_bytes(), &[1, 2]), Ok(()), "{line:?}");
        }
    }
}
