//! The tags by which a line that was said is known wherever it is heard: `#17`.

use parlor_protocol::{Command, ConnId, LogEntry, MemberId, RoomName, Seq};
use std::collections::BTreeMap;

/// Puts together the lines that connections are sent, and finds their tags.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line under way, by slot.
    begun: Vec<Vec<u8>>,
}

impl Lines {
    pub(super) fn begin(&mut self, conn: ConnId) {
        let slot = conn.slot as usize;
        if self.begun.len() <= slot {
            self.begun.resize_with(slot + 1, Vec::new);
        }
        self.begun[slot].clear();
    }

    /// Calls `heard` with the tag of each whole line that a room was told, in order.
    pub(super) fn sent(&mut self, conn: ConnId, bytes: &[u8], mut heard: impl FnMut(u64)) {
        let begun = &mut self.begun[conn.slot as usize];
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = if begun.is_empty() {
                &rest[..end]
            } else {
                begun.extend_from_slice(&rest[..end]);
                begun.as_slice()
            };
            if let Some(tag) = told_to_room(line) {
                heard(tag);
            }
            begun.clear();
            rest = &rest[end + 1..];
        }
        begun.extend_from_slice(rest);
    }
}

/// What the log has of the line of each tag.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// By the tag without its last bits, which are the place in the page: most tags are small numbers.
    pages: BTreeMap<u64, Vec<Option<Tagged>>>,
}

/// What the log has of one tag.
#[derive(Debug)]
pub(super) enum Tagged {
    Once(Said),
    /// It was said again: it tells nothing.
    Twice,
}

/// A line in the log.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) seq: Seq,
    pub(super) member: MemberId,
    pub(super) room: RoomName,
}

const PAGE: usize = 64;

impl Tags {
    pub(super) fn committed(&mut self, entry: &LogEntry) {
        let Command::Say { member, room, speech, .. } = &entry.command else { return };
        // As its readers see it: without formatting.
        let shown: String = speech.text.plain_parts().collect();
        let sign = memchr::memchr(b'#', shown.as_bytes());
        if let Some(tag) = sign.and_then(|sign| number(&shown.as_bytes()[sign + 1..])) {
            let (page, place) = Self::place(tag);
            let page = self.pages.entry(page).or_insert_with(|| (0..PAGE).map(|_| None).collect());
            let said = Said { seq: entry.seq, member: *member, room: room.clone() };
            page[place] = Some(if page[place].is_none() { Tagged::Once(said) } else { Tagged::Twice });
        }
    }

    pub(super) fn get(&self, tag: u64) -> Option<&Tagged> {
        let (page, place) = Self::place(tag);
        self.pages.get(&page)?[place].as_ref()
    }

    fn place(tag: u64) -> (u64, usize) {
        (tag / PAGE as u64, usize::try_from(tag % PAGE as u64).unwrap_or_default())
    }
}

/// The tag of a line that was said to a room: neither a note nor for one alone.
fn told_to_room(line: &[u8]) -> Option<u64> {
    if matches!(line.first(), Some(b':' | b'@')) {
        return told_to_channel(line);
    }
    let sign = memchr::memchr(b'#', line)?;
    let before = &line[..sign];
    let has = |what: &str| memchr::memmem::find(before, what.as_bytes()).is_some();
    let alone = [" (private)", "（私聊）"].into_iter().any(has);
    // The last words of a connection of IRC.
    let alone = alone || line.starts_with(b"ERROR :");
    if line.starts_with(b"* ") || alone { None } else { number(&line[sign + 1..]) }
}

/// The same of a line of IRC: `@tags :nick!user@host PRIVMSG #room :text`.
fn told_to_channel(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (head, text) = line.split_once(" :")?;
    let (head, text) = if head.starts_with('@') { text.split_once(" :")? } else { (head, text) };
    let mut words = head.split(' ').skip(1);
    let is_said = matches!(words.next(), Some("PRIVMSG" | "NOTICE"));
    let to_room = words.next().is_some_and(|target| target.trim_start_matches(['@', '+']).starts_with('#'));
    let sign = text.find('#').filter(|_| is_said && to_room)?;
    number(&text.as_bytes()[sign + 1..])
}

/// The number that a text begins with.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0_u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    number
}
