//! The hash of the simulated server's cloaks.

use parlor_protocol::{Cloaks, Network, NetworkHash};
use std::sync::{Arc, LazyLock};

/// Cloaks of the simulator's hash. There is one of them, so that equal options are equal.
static CLOAKS: LazyLock<Cloaks> = LazyLock::new(|| Cloaks::new(Arc::new(Rolled)));

/// Returns the cloaks of the simulated server.
#[must_use]
pub fn cloaks() -> Cloaks {
    CLOAKS.clone()
}

/// Returns the hash of a network of 16 bytes and a number of bits. It depends on nothing else.
pub(crate) fn hash(network: &[u8; 17]) -> [u8; Cloaks::HASH_BYTES] {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for &byte in network {
        state = (state ^ u64::from(byte)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state ^= state >> 29;
    }
    let bytes = state.to_be_bytes();
    std::array::from_fn(|index| bytes[index])
}

#[derive(Debug)]
struct Rolled;

impl NetworkHash for Rolled {
    fn hash(&self, network: &Network) -> [u8; Cloaks::HASH_BYTES] {
        hash(&network.to_bytes())
    }
}
