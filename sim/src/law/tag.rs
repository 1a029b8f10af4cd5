//! The tags by which a line that was said is known wherever it is heard: `#17`.

use parlor_protocol::{ConnId, Text};

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

/// The tag of a text, as its readers see it: without formatting.
pub(super) fn of(text: &Text) -> Option<u64> {
    let shown: String = text.plain_parts().collect();
    of_text(shown.as_bytes())
}

fn of_text(text: &[u8]) -> Option<u64> {
    let digits = &text[memchr::memchr(b'#', text)? + 1..];
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..count]).ok()?.parse().ok()
}

/// The tag of a line that was said to a room: neither a note nor for one alone.
fn told_to_room(line: &[u8]) -> Option<u64> {
    let before = &line[..memchr::memchr(b'#', line)?];
    let alone = before.ends_with(b"): ") || before.ends_with("：".as_bytes());
    if line.starts_with(b"* ") || alone { None } else { of_text(line) }
}
