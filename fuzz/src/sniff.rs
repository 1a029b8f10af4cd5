//! What a connection speaks, decided from its first bytes.

use parlor_protocol::sniff::{Evidence, Kind, OPENING_BYTES_MAX, Sniffer};
use parlor_sim::source::Source;

/// Bytes that a sniffer holds at the most: blanks, tags, an opening, and lines in doubt.
const HELD_BYTES_MAX: usize = 6 * OPENING_BYTES_MAX;

/// The first bytes of a connection: what they open does not depend on how they are cut, nor on what follows what
/// decides it; whoever reads on is given every byte from the opening on; and what is held is bounded. The first
/// bytes choose how much evidence it takes, and the cuts.
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
        let (piece, behind) = rest.split_at(rest.len().min(1 + source.index(40)));
        pieces.push(piece);
        rest = behind;
    }
    let cut = decide(&pieces, evidence, ended);
    assert_eq!(cut.kinds, whole.kinds, "what is decided, however it is cut");
    assert_eq!(cut.noise, whole.noise, "what is handed on at once");
    if !matches!(whole.kinds.last(), Some(Kind::Doubt) | None) {
        assert!(
            stream.ends_with(&whole.left) || whole.kinds.contains(&Kind::Doubt),
            "every byte from there on"
        );
    }
}

/// What came of some bytes.
#[derive(Debug, Default)]
struct Decided {
    /// Lines in doubt, and then what it is.
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
        assert!(!sniffer.has_unread(), "everything was looked at");
        assert!(sniffer.held_bytes() <= HELD_BYTES_MAX, "what is held is bounded");
    }
    decided
}
