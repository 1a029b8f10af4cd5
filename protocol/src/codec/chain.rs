//! Hashes of entries and of texts.

use crate::base::id::Seq;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Number of bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// Number of bytes of a link of the chain, and of a commitment.
pub const HASH_BYTES: usize = 32;

/// Random bytes that belong to one text, and are forgotten with it.
pub type Salt = [u8; SALT_BYTES];

/// A link of the chain.
pub type Link = [u8; HASH_BYTES];

/// The link before the first entry.
pub const FIRST_LINK: Link = [0; HASH_BYTES];

/// Hashed before every link. No other hash of the server begins with it, so that none can be taken for a link.
const DOMAIN: &[u8] = b"parlor log entry\0";

/// Returns the link of an entry: a hash of the link before it, its position, and its [`body`](super::body).
///
/// Two logs with the same link at one position have the same entries up to it, whatever texts were forgotten since: the
/// body has the commitments to the texts, and not the texts.
#[must_use]
pub fn chain(previous: Link, seq: Seq, body: &[u8]) -> Link {
    // All parts before the body have fixed lengths, so no two entries give the same input.
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(previous).chain_update(seq.0.to_be_bytes());
    hash.chain_update(body).finalize().into()
}

/// Returns the commitment to a text: HMAC-SHA-256 under its salt.
///
/// A hash without a salt would reveal a forgotten text to anybody who tries likely ones, such as `yes`.
pub(super) fn commitment(salt: &Salt, text: &str) -> [u8; HASH_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("a key may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> alloc::string::String {
        bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect()
    }

    /// The expected values were computed with Python's `hashlib` and `hmac`.
    #[test]
    fn hashes_are_those_of_another_implementation() {
        let first = chain(FIRST_LINK, Seq(1), b"body");
        assert_eq!(hex(&first), "ad49b7b5acbd6d48f42048f103b4a4ee07f0b9863a4193993330f3ccdc6addc9");
        let second = chain(first, Seq(2), b"");
        assert_eq!(hex(&second), "7a0c3a8eea7b973a8b8e618d4ac9eac8203b0c5e1d95f271b4061bf81d72b678");
        assert_eq!(
            hex(&commitment(&[7; SALT_BYTES], "yes")),
            "85ecfab16b7b482f34241672a7222f8f0629c4c8908b84ab2d04dcaf7ec93d7e"
        );
    }

    #[test]
    fn a_link_depends_on_all_that_is_before_it() {
        let link = chain(FIRST_LINK, Seq(1), b"body");
        assert_ne!(link, chain([1; HASH_BYTES], Seq(1), b"body"));
        assert_ne!(link, chain(FIRST_LINK, Seq(2), b"body"));
        assert_ne!(link, chain(FIRST_LINK, Seq(1), b"bodies"));
    }
}
