//! The salts of texts.

use crate::random;
use hmac::{Hmac, KeyInit, Mac};
use parlor_protocol::codec::{SALT_BYTES, Salt};
use sha2::Sha256;
use std::{array, fmt};

/// A source of salts: HMAC-SHA-256 of a counter, under a key that is drawn at the start and never stored. So a commit does not
/// depend on the system's random numbers.
pub(super) struct Salts {
    key: [u8; random::KEY_BYTES],
    drawn: u64,
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salts(…)")
    }
}

impl Salts {
    /// Draws a key.
    pub(super) fn draw() -> Result<Self, random::Error> {
        Ok(Self { key: random::key()?, drawn: 0 })
    }

    /// Returns the next salt.
    pub(super) fn next(&mut self) -> Salt {
        self.drawn += 1;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(&self.drawn.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        array::from_fn::<_, SALT_BYTES, _>(|index| hash[index])
    }
}
