//! Which dialect a connection speaks, by its first line.

/// What a first line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detected {
    /// A request of HTTP.
    Http,
    /// The registration of a client of IRC.
    Irc,
    /// Anything else.
    Plain,
}

/// Whether bytes begin a handshake of TLS (RFC 8446, section 5.1): a record of that type, in any of its versions. They
/// need not have a line's end in them, and no text begins so.
pub(crate) fn is_tls(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x16, 0x03])
}

/// Looks at a first line. A client of IRC begins with one of four commands, in capitals, and an argument; a
/// request line of HTTP ends with its version (RFC 9112, section 3).
pub(crate) fn detect(line: &[u8]) -> Detected {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let last = words.next_back().unwrap_or_default();
    if last.is_empty() {
        return Detected::Plain;
    }
    match first {
        b"CAP" | b"NICK" | b"PASS" | b"USER" => Detected::Irc,
        _ if last.starts_with(b"HTTP/") && first.iter().all(u8::is_ascii_uppercase) => Detected::Http,
        _ => Detected::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bytes_tell_tls() {
        assert!(is_tls(b"\x16\x03") && is_tls(b"\x16\x03\x01\x02\0\x01"));
        assert!(!is_tls(b"\x16") && !is_tls(b"") && !is_tls(b"hello"));
    }

    #[test]
    fn a_first_line_tells_the_dialect() {
        for (line, detected) in [
            ("CAP LS 302", Detected::Irc),
            ("PASS secret", Detected::Irc),
            ("NICK alice", Detected::Irc),
            ("USER alice 0 * :Alice", Detected::Irc),
            ("NICK  alice", Detected::Irc),
            ("NICK", Detected::Plain),
            ("NICK ", Detected::Plain),
            ("nick alice", Detected::Plain),
            ("NICKY was here", Detected::Plain),
            ("JOIN #a", Detected::Plain),
            ("GET / HTTP/1.1", Detected::Http),
            ("POST /x HTTP/1.0", Detected::Http),
            ("PRI * HTTP/2.0", Detected::Http),
            ("GET /", Detected::Plain),
            ("i like HTTP/1.1", Detected::Plain),
            ("HTTP/1.1", Detected::Plain),
            ("hello", Detected::Plain),
            ("", Detected::Plain),
            (" ", Detected::Plain),
        ] {
            assert_eq!(detect(line.as_bytes()), detected, "{line:?}");
        }
    }
}
