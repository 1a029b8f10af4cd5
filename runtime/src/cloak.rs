//! The keyed hash of the server's cloaks: HMAC-SHA-256.

use crate::random::Key;
use hmac::{Hmac, KeyInit, Mac};
use parlor_protocol::{Cloaks, Network, NetworkHash};
use sha2::Sha256;
use std::sync::Arc;
use std::{array, fmt};

/// HMAC-SHA-256 under a key that the server draws. Without the key, a cloak cannot be compared with the cloaks of all
/// addresses, of which there are only some billions.
struct KeyedHash {
    key: Key,
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(…)")
    }
}

impl NetworkHash for KeyedHash {
    fn hash(&self, network: &Network) -> [u8; Cloaks::HASH_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(&network.to_bytes());
        let hash = mac.finalize().into_bytes();
        array::from_fn(|index| hash[index])
    }
}

/// Returns the cloaks under a key.
pub(crate) fn under(key: Key) -> Cloaks {
    Cloaks::new(Arc::new(KeyedHash { key }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha_256_and_the_key_is_not_shown() {
        // The first bytes that `openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b…` prints for the network's bytes.
        let keyed = KeyedHash { key: [0x0b; 32] };
        let network: Network = "192.0.2.0/24".parse().unwrap();
        assert_eq!(keyed.hash(&network), [0xc7, 0x93, 0xcf, 0xbd, 0x1a]);
        assert_eq!(format!("{keyed:?}"), "KeyedHash(…)");
    }

    #[test]
    fn two_keys_give_different_cloaks() {
        let cloak = |cloaks: &Cloaks| cloaks.host([192, 0, 2, 1].into());
        let (one, other) = (under([1; 32]), under([2; 32]));
        assert_eq!(cloak(&one), cloak(&one));
        assert_ne!(cloak(&one), cloak(&other));
    }
}
