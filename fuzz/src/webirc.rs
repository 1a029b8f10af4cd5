//! The fuzz target of the lines of gateways.

use parlor_protocol::proxy::{HEADER_BYTES_MAX, Header};
use parlor_protocol::sniff::Sniffer;
use parlor_protocol::webirc::Webirc;
use parlor_sim::source::Source;

/// Checks that the line of a gateway does not depend on the chunks or on the bytes behind it, that exactly these bytes are left
/// for the next reader, that the password and the client are in it, and that it is no longer than its limit. The first bytes
/// choose the chunks, and whether the rest begins like a line.
pub fn webirc(bytes: &[u8]) {
    let (choices, rest) = bytes.split_at(bytes.len().min(16));
    let mut source = Source::Bytes(choices);
    let begins: &[u8] = source.pick(&[
        &b""[..],
        b"WEBIRC ",
        b"webirc pw gw host ",
        b"WEBIRC pw gw host 192.0.2.7 :remote-port=",
        b"WEBIRC pw gw host 2001:db8::",
    ]);
    let stream = [begins, rest].concat();
    let (mut sniffer, mut at, mut is_open) = (Sniffer::default(), 0, true);
    while is_open && at < stream.len() {
        let end = stream.len().min(at + 1 + source.index(40));
        sniffer.push(&stream[at..end]);
        let found = sniffer.webirc();
        assert_eq!(found, Webirc::read(&stream[..end]), "the line is that of the bytes so far");
        is_open = found == Webirc::More;
        at = end;
    }
    match Webirc::read(&stream) {
        Webirc::Read { password, client, bytes } => {
            assert!(bytes <= HEADER_BYTES_MAX && stream[bytes - 1] == b'\n', "the line is within its limit");
            assert!(
                !password.contains(&b'\n') && bytes <= at,
                "the password is in the line, which was found"
            );
            sniffer.push(&stream[at..]);
            assert_eq!(sniffer.take_webirc(), Header::Read { client: Some(client), bytes });
            assert!(sniffer.has_unread() == (bytes < stream.len()), "what is behind the line is unread");
            assert_eq!(sniffer.take(), stream[bytes..], "every byte behind the line is left");
        }
        Webirc::More => assert!(is_open && stream.len() < HEADER_BYTES_MAX, "what is too long is invalid"),
        Webirc::Invalid => assert!(!is_open, "what is invalid is so before the end of the line"),
    }
}
