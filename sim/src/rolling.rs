//! A hash of a stream of bytes that does not depend on the chunks in which the bytes are added.

/// The hash of the bytes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolling {
    hash: u64,
    /// The bytes after the last whole word.
    begun: u64,
    /// Number of bytes in all.
    length: u64,
}

const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;

impl Rolling {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        let begun = usize::try_from(self.length % 8).unwrap_or_default();
        self.length += bytes.len() as u64;
        if begun > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(8 - begun));
            for (at, &byte) in first.iter().enumerate() {
                self.begun |= u64::from(byte) << (8 * (begun + at));
            }
            if begun + first.len() < 8 {
                return;
            }
            let word = std::mem::take(&mut self.begun);
            self.mix(word);
            bytes = rest;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        for (at, &byte) in rest.iter().enumerate() {
            self.begun |= u64::from(byte) << (8 * at);
        }
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Returns the hash of the bytes.
    #[must_use]
    pub const fn finish(&self) -> u64 {
        (self.hash ^ self.begun).wrapping_mul(PRIME) ^ self.length
    }

    const fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_make_no_difference() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut whole = Rolling::default();
        whole.add(&bytes);
        for step in 1..30 {
            let mut cut = Rolling::default();
            bytes.chunks(step).for_each(|chunk| cut.add(chunk));
            assert_eq!(cut, whole);
        }
        let mut other = Rolling::default();
        other.add(&bytes[1..]);
        assert_ne!(other.finish(), whole.finish());
    }
}
