//! The fuzz target of the sniffer.

use parlor_protocol::sniff::{Evidence, Kind, OPENING_BYTES_MAX, Sniffer};
use parlor_sim::source::Source;

/// Maximum number of bytes that a sniffer holds: blanks, tags, an opening, and lines in doubt.
const HELD_BYTES_MAX: usize = 6 * OPENING_BYTES_MAX;

/// Checks that the protocol of a connection does not depend on the chunks or on bytes after the decision, that the next
/// reader receives every byte from the opening on, and that the held bytes are limited. The first bytes choose the evidence
/// and the chunks.
pub fn sniff(bytes: &[u8]) {
    let (choices, stream) = bytes.split_at(bytes.len().min(16));
    let mut source = Source::Bytes(choices);
    let evidence = source.pick(&[
        Evidence::Open,
        Evidence::Greeted { may_be_irc: true },
        Evidence::Greeted { may_be_irc: false },
        Evidence::Irc,
    ]);
    let ended = source.chance(500);
    let whole = decide(&[stream], evidence, ended);
    let mut pieces = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(1 + source.index(40)));
        pieces.push(piece);
        rest = after;
    }
    let cut = decide(&pieces, evidence, ended);
    assert_eq!(cut.kinds, whole.kinds, "the decision does not depend on the chunks");
    assert_eq!(cut.noise, whole.noise, "the noise does not depend on the chunks");
    if !matches!(whole.kinds.last(), Some(Kind::Doubt) | None) {
        assert!(
            stream.ends_with(&whole.left) || whole.kinds.contains(&Kind::Doubt),
            "every byte from the opening on"
        );
    }
}

/// The decisions on some bytes.
#[derive(Debug, Default)]
struct Decided {
    /// `Doubt` for each line in doubt, and then the protocol.
    kinds: Vec<Kind>,
    noise: Vec<u8>,
    left: Vec<u8>,
}

fn decide(pieces: &[&[u8]], evidence: Evidence, ended: bool) -> Decided {
    let (mut sniffer, mut decided) = (Sniffer::default(), Decided::default());
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        sniffer.push(piece);
        loop {
            let sniffed = sniffer.look(evidence, ended && pieces.peek().is_none());
            decided.noise.extend(sniffed.noise);
            decided.kinds.extend(sniffed.kind);
            match sniffed.kind {
                Some(Kind::Doubt) => {}
                Some(_) => {
                    decided.left = sniffer.take();
                    pieces.by_ref().for_each(|piece| decided.left.extend_from_slice(piece));
                    return decided;
                }
                None => break,
            }
        }
        assert!(!sniffer.has_unread(), "everything was examined");
        assert!(sniffer.held_bytes() <= HELD_BYTES_MAX, "the held bytes are limited");
    }
    decided
}
