//! A hash that is the same on every machine and in every version: 64-bit FNV-1a.
//!
//! It compares states and streams of the simulator and of replays. It does not resist deliberate collisions.

/// A running FNV-1a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The hash of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Adds a text after its length, so that `ab`, `c` and `a`, `bc` have different hashes.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// Returns the hash of everything added so far.
    #[must_use]
    pub const fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_test_vector_has_its_hash() {
        let mut digest = Digest::new();
        digest.bytes(b"foobar");
        assert_eq!(digest.finish(), 0x8594_4171_F739_67E8);
    }

    fn digest(add: impl FnOnce(&mut Digest)) -> u64 {
        let mut digest = Digest::new();
        add(&mut digest);
        digest.finish()
    }

    #[test]
    fn different_numbers_and_texts_have_different_hashes() {
        assert_ne!(digest(|it| it.number(1)), digest(|it| it.number(2)));
        assert_ne!(digest(|it| it.number(0)), digest(|_| {}));
        assert_ne!(digest(|it| it.text("a")), digest(|it| it.text("b")));
        let two = |one: &str, other: &str| {
            digest(|it| {
                it.text(one);
                it.text(other);
            })
        };
        assert_ne!(two("ab", "c"), two("a", "bc"), "the lengths count");
    }
}
