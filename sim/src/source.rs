//! Where every choice of a simulation comes from: a seed, or bytes that a fuzzer found.

/// A stream of choices. The same seed, or the same bytes, give the same choices on every machine.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// The bytes are the choices; when they are used up, every choice is the first one.
    Bytes(&'a [u8]),
    /// The state of a generator without an end.
    Seed(u64),
}

impl Source<'_> {
    /// The choices of a seed.
    #[must_use]
    pub const fn seed(seed: u64) -> Self {
        Self::Seed(seed)
    }

    /// Whether bytes are used up; a seed never is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    /// One of 0, 1, …, `count - 1`; 0 where there is nothing to choose.
    pub fn below(&mut self, count: u64) -> u64 {
        if count < 2 {
            return 0;
        }
        match self {
            Self::Bytes(bytes) => {
                // As few bytes as can tell the choices apart, so that a fuzzer's mutations are to the point.
                let width = 8 - ((count - 1).leading_zeros() as usize) / 8;
                let (taken, rest) = bytes.split_at(width.min(bytes.len()));
                *bytes = rest;
                taken.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)) % count
            }
            // The bias of a remainder, one in 2⁴⁰ for what is chosen here, changes no finding.
            Self::Seed(state) => next(state) % count,
        }
    }

    /// One of `least`, …, `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// [`below`](Self::below) for an index.
    #[expect(clippy::cast_possible_truncation, reason = "the choice is below a count that is a usize")]
    pub fn index(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }

    /// True `per_mille` times of a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        // The rare case is not the first choice: bytes that are used up choose what is usual.
        self.below(1_000) >= 1_000 - per_mille
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// The index of one of these, each as often as its weight says.
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
    fn a_seed_chooses_the_same_for_ever() {
        let mut source = Source::seed(0);
        let chosen: Vec<u64> = (0..3).map(|_| source.below(u64::MAX)).collect();
        // The first outputs of SplitMix64 for the seed 0, as published with it.
        assert_eq!(chosen, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]);
    }

    #[test]
    fn bytes_choose_until_they_are_used_up() {
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
    fn weights_are_kept() {
        let mut source = Source::seed(1);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[source.weighted(&[1, 0, 3])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_200..2_800).contains(&counts[0]), "{counts:?}");
    }
}
