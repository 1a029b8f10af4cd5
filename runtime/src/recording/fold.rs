//! The digest of outputs: a fast hash of what leaves the server.

/// Numbers without a pattern: the digits of π, as in other hashes of this kind.
const START: u64 = 0x243F_6A88_85A3_08D3;
const FACTOR: u64 = 0x1319_8A2E_0370_7344 | 1;

/// A running hash that multiplies and folds, 16 bytes at a time.
///
/// It is computed over every byte that a server writes, so it has to be faster than [`Digest`](parlor_protocol::Digest). It does not
/// resist deliberate collisions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold(u64);

impl Default for Fold {
    fn default() -> Self {
        Self(START)
    }
}

impl Fold {
    pub(super) const fn number(&mut self, number: u64) {
        self.pair(number, number.rotate_left(32));
    }

    /// Adds bytes and their number.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            let [one, other] = halves(pair);
            self.pair(one, other);
        }
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        let [one, other] = halves(&last);
        self.pair(one ^ bytes.len() as u64, other);
    }

    pub(super) const fn finish(self) -> u64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "both halves of the product are used")]
    const fn pair(&mut self, one: u64, other: u64) {
        let product = ((self.0 ^ one) as u128).wrapping_mul((other ^ FACTOR) as u128);
        self.0 = (product as u64 ^ (product >> 64) as u64).wrapping_add(one).rotate_left(23) ^ other;
    }
}

fn halves(pair: &[u8; 16]) -> [u64; 2] {
    let (one, other) = pair.split_at(8);
    [one, other].map(|half| u64::from_le_bytes(half.try_into().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts_and_so_does_the_order() {
        let fold = |parts: &[&[u8]]| {
            let mut fold = Fold::default();
            parts.iter().for_each(|part| fold.bytes(part));
            fold.finish()
        };
        let text = *b"a text of more than two times sixteen bytes";
        let whole = fold(&[&text]);
        for at in 0..text.len() * 8 {
            let mut changed = text;
            changed[at / 8] ^= 1 << (at % 8);
            assert_ne!(fold(&[&changed]), whole, "bit {at}");
        }
        assert_ne!(fold(&[b"ab", b"c"]), fold(&[b"a", b"bc"]));
        assert_ne!(fold(&[b"a", b"b"]), fold(&[b"b", b"a"]));
        assert_ne!(fold(&[b""]), fold(&[]));
        assert_ne!(fold(&[b"\0"]), fold(&[b""]));
    }
}
