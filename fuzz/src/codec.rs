//! The fuzz target of the bytes of entries.

use parlor_protocol::Seq;
use parlor_protocol::codec::{self, DecodeError, Decoded, FIRST_LINK, Link, SALT_BYTES};

/// Checks that bytes are an entry or an error with a position in them, that an entry is the same when it is encoded and decoded
/// again, and that forgetting its texts changes neither its body nor anything else in it.
pub fn codec(bytes: &[u8]) {
    let decoded = match codec::decode(bytes) {
        Ok(decoded) => decoded,
        Err(error) => {
            assert!(error.at <= bytes.len(), "the position is in the entry: {error}");
            assert!(codec::decode_and_check(bytes).is_err(), "to check more does not accept more: {error}");
            return;
        }
    };
    check_round_trip(&decoded);
    let texts = codec::texts(bytes).expect("an entry has its texts");
    let mut rest = bytes.to_vec();
    for (number, text) in (0..).zip(&texts) {
        let forgotten = codec::forget(&rest, number).expect("an entry can forget its texts");
        assert_eq!(forgotten == rest, text.is_none(), "only a text that is there is forgotten");
        assert_eq!(link(&forgotten), link(bytes), "the body is the same");
        rest = forgotten;
    }
    assert!(codec::texts(&rest).is_ok_and(|rest| rest == vec![None; texts.len()]), "all texts are forgotten");
    // Nothing is left to check.
    let bare = codec::decode_and_check(&rest).expect("an entry without texts is an entry");
    assert_eq!(
        (bare.proposal.origin, bare.proposal.at_unix_ms),
        (decoded.proposal.origin, decoded.proposal.at_unix_ms)
    );
    assert_eq!(bare.proposal.command.member(), decoded.proposal.command.member());
}

fn check_round_trip(Decoded { proposal, .. }: &Decoded) {
    let mut drawn = 0;
    let mut salts = || {
        drawn += 1;
        [drawn; SALT_BYTES]
    };
    let bytes = codec::encode(proposal, &mut salts);
    let again = codec::decode_and_check(&bytes).expect("an entry is decoded again");
    assert_eq!((&again.proposal, &again.forgotten[..]), (proposal, &[][..]));
    drawn = 0;
    let mut salts = || {
        drawn += 1;
        [drawn; SALT_BYTES]
    };
    // Names are equal if their folded forms are; their bytes are equal only if their spellings are, too.
    assert_eq!(codec::encode(&again.proposal, &mut salts), bytes, "the bytes are the same");
}

fn link(entry: &[u8]) -> Result<Link, DecodeError> {
    codec::body(entry).map(|body| codec::chain(FIRST_LINK, Seq(1), body))
}
