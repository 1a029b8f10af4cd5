//! A set of digests, as small and fast as it can be: there are millions.

/// A set of digests of 128 bits.
#[derive(Debug, Default)]
pub(super) struct Digests {
    /// A table with open addressing, at most half full; 0 for an empty place.
    places: Vec<u128>,
    count: usize,
}

impl Digests {
    /// Adds a digest. Returns whether it is new.
    pub(super) fn insert(&mut self, digest: u128) -> bool {
        if self.places.len() <= 2 * self.count {
            let places = std::mem::take(&mut self.places);
            self.places = vec![0; (2 * places.len()).max(64)];
            for digest in places.into_iter().filter(|it| *it != 0) {
                let place = self.place_of(digest);
                self.places[place] = digest;
            }
        }
        let digest = digest.max(1);
        let place = self.place_of(digest);
        let is_new = self.places[place] == 0;
        self.places[place] = digest;
        self.count += usize::from(is_new);
        is_new
    }

    /// Returns the place of a digest, or the free one where it belongs.
    fn place_of(&self, digest: u128) -> usize {
        let last = self.places.len() - 1;
        let [low, ..] = digest.to_le_bytes().map(usize::from);
        let high = usize::try_from(digest >> 64 & 0xFFFF_FFFF).expect("it has 32 bits");
        let mut place = (high << 8 | low) & last;
        while self.places[place] != 0 && self.places[place] != digest {
            place = (place + 1) & last;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::Digests;
    use std::collections::BTreeSet;

    #[test]
    fn a_digest_is_new_once() {
        let (mut digests, mut known) = (Digests::default(), BTreeSet::new());
        for number in 0..5_000_u128 {
            // Many have the same first place.
            let digest = (number % 1_700) << 60;
            assert_eq!(digests.insert(digest), known.insert(digest.max(1)), "{number}");
        }
    }
}
