//! Openings that are not text, known by their first few bytes.

use super::{IAC, Judged, Kind, Protocol};

/// Bytes at the beginning of a line that are checked for NUL, which no text has there.
const HEAD_BYTES: usize = 8;

/// Judges bytes at the beginning of a line. `Noise` stands for text.
pub(super) fn judge(bytes: &[u8], may_be_utf16: bool, ended: bool) -> Judged {
    match signature(bytes) {
        Judged::More if ended => {}
        Judged::Noise(_) => {}
        judged => return judged,
    }
    // No further than that, for this is asked again behind each byte of noise.
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let line_end = memchr::memchr3(b'\r', b'\n', IAC, head);
    let head = &head[..line_end.unwrap_or(head.len())];
    let is_whole = ended || line_end.is_some() || head.len() == HEAD_BYTES;
    // A control character is noise only when all of the head is seen, and says otherwise.
    if !is_whole && (head.len() < 4 || head[0].is_ascii_control()) {
        return Judged::More;
    }
    if may_be_utf16 {
        return Judged::Noise(0);
    }
    // A line on which there is nothing to see says nothing. It ends within the head, or it is judged before its end.
    if line_end.is_some() && head.iter().all(u8::is_ascii_control) {
        return Judged::Noise(0);
    }
    let (first, second) = head.split_at(head.len().min(4));
    match first {
        // Latin letters of UTF-16 without a mark, in either order: no other text has NUL in it.
        [one, 0, other, 0] | [0, one, 0, other] if is_letter(*one) && is_letter(*other) => Judged::Noise(0),
        _ if first.contains(&0) || second.contains(&0) => Judged::Is(Kind::Stranger(Protocol::Binary)),
        _ => Judged::Noise(0),
    }
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// Signatures. A byte that matches anything does not match a line end, so that no line is held up because it resembles a
/// signature.
fn signature(bytes: &[u8]) -> Judged {
    const BITTORRENT: &[u8] = b"\x13BitTorrent";
    // A printer's queue (RFC 1179), as scanners ask for it.
    const LPD: &[u8] = b"\x01default\n";
    const BITCOIN: &[u8] = b"\xf9\xbe\xb4\xd9";
    for (whole, protocol) in
        [(BITTORRENT, Protocol::BitTorrent), (LPD, Protocol::Binary), (BITCOIN, Protocol::Binary)]
    {
        if bytes.starts_with(whole) {
            return Judged::Is(Kind::Stranger(protocol));
        }
        if whole.starts_with(bytes) {
            return Judged::More;
        }
    }
    let is = |protocol| Judged::Is(Kind::Stranger(protocol));
    let any = |byte: u8| !matches!(byte, b'\r' | b'\n' | IAC);
    match *bytes {
        // A record of a handshake (RFC 8446, section 5.1); 22 alone is a formatting code.
        [0x16, 0x03, ..] => Judged::Is(Kind::Tls),
        // The hello of SSL 2, in which old clients still offer newer versions.
        [0x80, length, 0x01, 0x00 | 0x03, ..] if any(length) => Judged::Is(Kind::Tls),
        [0x80, length, 0x01] | [0x80, length] if any(length) => Judged::More,
        [0x03, 0x00, 0x00, ..] => is(Protocol::Rdp),
        // A sequence with an integer in it of one byte: a message of LDAP (RFC 4511) and its number. The length takes
        // up to three bytes: who logs in by a long name has a longer message than one byte can say.
        [0x30, length, 0x02, 0x01, ..] if any(length) => is(Protocol::Ldap),
        [0x30, 0x81, length, 0x02, 0x01, ..] if any(length) => is(Protocol::Ldap),
        [0x30, 0x82, high, low, 0x02, 0x01, ..] if any(high) && any(low) => is(Protocol::Ldap),
        [0x30, length, 0x02] | [0x30, length] if any(length) => Judged::More,
        [0x30, 0x81, length, 0x02] | [0x30, 0x81 | 0x82, length] if any(length) => Judged::More,
        [0x30, 0x82, high, low, 0x02] | [0x30, 0x82, high, low] if any(high) && any(low) => Judged::More,
        [0x10, length, 0x00, 0x04 | 0x06, ..] if any(length) => is(Protocol::Mqtt),
        [0x10, length, 0x00] | [0x10, length] if any(length) => Judged::More,
        [0x04, 0x01 | 0x02, ..] => is(Protocol::Socks),
        [0x05, 0x01..=0x04, 0x00..=0x02, ..] => is(Protocol::Socks),
        [0x05, 0x01..=0x04] | [0x03, 0x00] => Judged::More,
        [0xfe, 0x01, ..] => is(Protocol::Binary),
        [0x16 | 0x80 | 0x03 | 0x30 | 0x10 | 0x04 | 0x05 | 0xfe] => Judged::More,
        _ => Judged::Noise(0),
    }
}
