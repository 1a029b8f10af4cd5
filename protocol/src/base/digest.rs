//! A hash that is the same everywhere and for ever: FNV-1a of 64 bits. It compares states and streams; it
//! resists nobody who looks for collisions.

/// A running FNV-1a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The hash of nothing.
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

    /// Adds a text and its length, so that two texts are not one.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// The hash so far.
    #[must_use]
    pub const fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
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
    fn numbers_and_texts_count() {
        assert_ne!(digest(|it| it.number(1)), digest(|it| it.number(2)));
        assert_ne!(digest(|it| it.number(0)), digest(|_| {}));
        assert_ne!(digest(|it| it.text("a")), digest(|it| it.text("b")));
        let two = |one: &str, other: &str| {
            digest(|it| {
                it.text(one);
                it.text(other);
            })
        };
        assert_ne!(two("ab", "c"), two("a", "bc"), "where one text ends counts");
    }
}
