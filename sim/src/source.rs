//! The source of every random choice of a simulation: a seed, or the bytes of a fuzzer.

/// A stream of choices. The same seed, or the same bytes, give the same choices on every machine.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// Bytes that are used as choices. When they are used up, every choice is the first one.
    Bytes(&'a [u8]),
    /// The state of a pseudorandom generator.
    Seed(u64),
}

impl Source<'_> {
    /// Creates the source of a seed.
    #[must_use]
    pub const fn seed(seed: u64) -> Self {
        Self::Seed(seed)
    }

    /// Whether the bytes are used up. Always false for a seed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    /// Chooses a number from `0..count`; 0 if `count` is 0.
    pub fn below(&mut self, count: u64) -> u64 {
        if count < 2 {
            return 0;
        }
        match self {
            Self::Bytes(bytes) => {
                // As few bytes as the count needs, so that a mutation of the fuzzer changes few choices.
                let width = 8 - ((count - 1).leading_zeros() as usize) / 8;
                let (taken, rest) = bytes.split_at(width.min(bytes.len()));
                *bytes = rest;
                taken.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)) % count
            }
            // The remainder has a bias, but for the counts used here it is below one in 2⁴⁰.
            Self::Seed(state) => next(state) % count,
        }
    }

    /// Chooses a number from `least..=most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Chooses an index below `count`.
    #[expect(clippy::cast_possible_truncation, reason = "the choice is below a count that is a usize")]
    pub fn index(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }

    /// Returns true with a probability of `per_mille` in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        // False is the first choice, so that bytes that are used up choose the usual case.
        self.below(1_000) >= 1_000 - per_mille
    }

    /// Chooses one of these values.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// Chooses an index with a probability in proportion to its weight.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_choices() {
        let mut source = Source::seed(0);
        let chosen: Vec<u64> = (0..3).map(|_| source.below(u64::MAX)).collect();
        // The first outputs of SplitMix64 for the seed 0, as published with it.
        assert_eq!(chosen, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]);
    }

    #[test]
    fn bytes_are_used_as_choices_until_they_are_used_up() {
        let mut source = Source::Bytes(&[7, 1, 0, 255]);
        assert_eq!(source.below(10), 7);
        assert_eq!(source.below(1_000), 256);
        assert!(!source.is_empty());
        assert_eq!(source.below(256), 255);
        assert!(source.is_empty());
        assert_eq!(source.below(1_000), 0);
        assert!(!source.chance(999));
    }

    #[test]
    fn choices_follow_their_weights() {
        let mut source = Source::seed(1);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[source.weighted(&[1, 0, 3])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_200..2_800).contains(&counts[0]), "{counts:?}");
    }
}
