//! Openings that are not text, recognised by their first few bytes.

use super::{Class, IAC, Kind, Protocol};

/// Number of bytes at the beginning of a line that are searched for NUL, which text does not contain.
const HEAD_BYTES: usize = 8;

/// Classifies bytes at the beginning of a line. [`Class::Noise`] means that they are text.
pub(super) fn classify(bytes: &[u8], may_be_utf16: bool, ended: bool) -> Class {
    match signature(bytes) {
        Class::More if ended => {}
        Class::Noise(_) => {}
        class => return class,
    }
    // The head is short, since this is called again after each byte of noise.
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let line_end = memchr::memchr3(b'\r', b'\n', IAC, head);
    let head = &head[..line_end.unwrap_or(head.len())];
    let is_whole = ended || line_end.is_some() || head.len() == HEAD_BYTES;
    // A leading control character may begin a binary protocol: the whole head is needed to call it noise.
    if !is_whole && (head.len() < 4 || head[0].is_ascii_control()) {
        return Class::More;
    }
    if may_be_utf16 {
        return Class::Noise(0);
    }
    // A line of control characters decides nothing. A longer one is classified before its end.
    if line_end.is_some() && head.iter().all(u8::is_ascii_control) {
        return Class::Noise(0);
    }
    let (first, second) = head.split_at(head.len().min(4));
    match first {
        // Latin letters of UTF-16 without a byte order mark, in either byte order. No other text contains NUL.
        [one, 0, other, 0] | [0, one, 0, other] if is_letter(*one) && is_letter(*other) => Class::Noise(0),
        _ if first.contains(&0) || second.contains(&0) => Class::Is(Kind::Stranger(Protocol::Binary)),
        _ => Class::Noise(0),
    }
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// Recognises a signature. `any` does not match a line end, so that a complete line is never held because it resembles the
/// beginning of a signature.
fn signature(bytes: &[u8]) -> Class {
    const BITTORRENT: &[u8] = b"\x13BitTorrent";
    // A request of the Line Printer Daemon Protocol (RFC 1179), as port scanners send it.
    const LPD: &[u8] = b"\x01default\n";
    const BITCOIN: &[u8] = b"\xf9\xbe\xb4\xd9";
    for (whole, protocol) in
        [(BITTORRENT, Protocol::BitTorrent), (LPD, Protocol::Binary), (BITCOIN, Protocol::Binary)]
    {
        if bytes.starts_with(whole) {
            return Class::Is(Kind::Stranger(protocol));
        }
        if whole.starts_with(bytes) {
            return Class::More;
        }
    }
    let is = |protocol| Class::Is(Kind::Stranger(protocol));
    let any = |byte: u8| !matches!(byte, b'\r' | b'\n' | IAC);
    match *bytes {
        // A handshake record (RFC 8446, section 5.1). 22 alone is a formatting code of IRC.
        [0x16, 0x03, ..] => Class::Is(Kind::Tls),
        // The client hello of SSL 2, with which old clients offer newer versions.
        [0x80, length, 0x01, 0x00 | 0x03, ..] if any(length) => Class::Is(Kind::Tls),
        [0x80, length, 0x01] | [0x80, length] if any(length) => Class::More,
        [0x03, 0x00, 0x00, ..] => is(Protocol::Rdp),
        // An LDAP message (RFC 4511): a sequence that begins with an integer of one byte, the message's number. The
        // length of the sequence has up to three bytes: a log-in with a long name needs more than one.
        [0x30, length, 0x02, 0x01, ..] if any(length) => is(Protocol::Ldap),
        [0x30, 0x81, length, 0x02, 0x01, ..] if any(length) => is(Protocol::Ldap),
        [0x30, 0x82, high, low, 0x02, 0x01, ..] if any(high) && any(low) => is(Protocol::Ldap),
        [0x30, length, 0x02] | [0x30, length] if any(length) => Class::More,
        [0x30, 0x81, length, 0x02] | [0x30, 0x81 | 0x82, length] if any(length) => Class::More,
        [0x30, 0x82, high, low, 0x02] | [0x30, 0x82, high, low] if any(high) && any(low) => Class::More,
        [0x10, length, 0x00, 0x04 | 0x06, ..] if any(length) => is(Protocol::Mqtt),
        [0x10, length, 0x00] | [0x10, length] if any(length) => Class::More,
        [0x04, 0x01 | 0x02, ..] => is(Protocol::Socks),
        [0x05, 0x01..=0x04, 0x00..=0x02, ..] => is(Protocol::Socks),
        [0x05, 0x01..=0x04] | [0x03, 0x00] => Class::More,
        [0xfe, 0x01, ..] => is(Protocol::Binary),
        [0x16 | 0x80 | 0x03 | 0x30 | 0x10 | 0x04 | 0x05 | 0xfe] => Class::More,
        _ => Class::Noise(0),
    }
}
