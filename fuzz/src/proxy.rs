//! The fuzz target of the headers of proxies.

use parlor_protocol::proxy::{HEADER_BYTES_MAX, Header};
use parlor_protocol::sniff::Sniffer;
use parlor_sim::source::Source;

/// Checks that a header does not depend on the chunks or on the bytes behind it, that exactly these bytes are left for the
/// next reader, and that a header is no longer than its limit. The first bytes choose the chunks, and whether the rest
/// begins like a header.
pub fn proxy(bytes: &[u8]) {
    let (choices, rest) = bytes.split_at(bytes.len().min(16));
    let mut source = Source::Bytes(choices);
    let begins: &[u8] = source.pick(&[
        &b""[..],
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 ",
        b"PROXY TCP6 ",
        b"\r\n\r\n\0\r\nQUIT\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0",
    ]);
    let stream = [begins, rest].concat();
    let whole = Header::read(&stream);
    let (mut sniffer, mut cut, mut at) = (Sniffer::default(), Header::More, 0);
    while cut == Header::More && at < stream.len() {
        let end = stream.len().min(at + 1 + source.index(40));
        sniffer.push(&stream[at..end]);
        cut = sniffer.read_header();
        assert_eq!(cut, Header::read(&stream[..end]), "the header is that of the bytes so far");
        assert_eq!(sniffer.has_unread(), matches!(cut, Header::Read { bytes, .. } if bytes < end));
        at = end;
    }
    assert_eq!(cut, whole, "the header does not depend on the chunks");
    match whole {
        Header::Read { bytes, .. } => {
            assert!(bytes <= HEADER_BYTES_MAX, "the header is within its limit");
            sniffer.push(&stream[at..]);
            assert_eq!(sniffer.take(), stream[bytes..], "every byte behind the header is left");
        }
        Header::More => assert!(stream.len() < HEADER_BYTES_MAX, "what is too long is invalid"),
        Header::Invalid => {}
    }
}
