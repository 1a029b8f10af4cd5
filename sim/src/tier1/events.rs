//! A queue of future events, ordered by time.

/// A hierarchical timing wheel.
///
/// Times are numbers in base 64. An event is in the slot of the most significant digit in which its time differs from
/// the present, and moves to a lower digit when the present reaches that slot. Events of the same time are returned in
/// the order in which they were added. While the queue is not empty, time does not go back.
#[derive(Debug)]
pub(super) struct Events<T> {
    now_us: u64,
    /// The events of the present.
    present: Vec<(u64, T)>,
    /// Number of events of the present that have been returned.
    happened: usize,
    /// The slots: 64 digits for each place.
    slots: Vec<Vec<(u64, T)>>,
    /// For each place, a bit for each slot that is not empty.
    filled: [u64; PLACES],
}

const DIGIT_BITS: usize = 6;

const PLACES: usize = (u64::BITS as usize).div_ceil(DIGIT_BITS);

impl<T: Copy> Events<T> {
    pub(super) fn new() -> Self {
        Self {
            now_us: 0,
            present: Vec::new(),
            happened: 0,
            slots: (0..PLACES << DIGIT_BITS).map(|_| Vec::new()).collect(),
            filled: [0; PLACES],
        }
    }

    /// Adds an event. One whose time has passed is due at once.
    pub(super) fn push(&mut self, at_us: u64, event: T) {
        let differs = at_us ^ self.now_us;
        if differs == 0 || at_us < self.now_us {
            return self.present.push((self.now_us, event));
        }
        let place = differs.ilog2() as usize / DIGIT_BITS;
        let digit = at_us >> (place * DIGIT_BITS) & 63;
        self.filled[place] |= 1 << digit;
        self.slots[Self::index(place, digit)].push((at_us, event));
    }

    /// Removes the next event, and makes its time the present.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        while self.happened == self.present.len() {
            self.present.clear();
            self.happened = 0;
            let Some(place) = self.filled.iter().position(|filled| *filled != 0) else {
                // The queue is empty: the next event may have any time.
                self.now_us = 0;
                return None;
            };
            self.advance(place);
        }
        self.happened += 1;
        self.present.get(self.happened - 1).copied()
    }

    /// Returns the next event and its time, without removing it.
    pub(super) fn peek(&self) -> Option<(u64, T)> {
        if let Some(&next) = self.present.get(self.happened) {
            return Some(next);
        }
        let place = self.filled.iter().position(|filled| *filled != 0)?;
        let digit = u64::from(self.filled[place].trailing_zeros());
        self.slots[Self::index(place, digit)].iter().min_by_key(|(at_us, _)| *at_us).copied()
    }

    /// Advances the present to the first filled slot of this place.
    fn advance(&mut self, place: usize) {
        let digit = u64::from(self.filled[place].trailing_zeros());
        self.filled[place] &= !(1 << digit);
        let shift = place * DIGIT_BITS;
        let same = u32::try_from(shift + DIGIT_BITS).ok().and_then(|bits| u64::MAX.checked_shl(bits));
        self.now_us = self.now_us & same.unwrap_or(0) | digit << shift;
        if place == 0 {
            let slot = &mut self.slots[Self::index(place, digit)];
            return std::mem::swap(&mut self.present, slot);
        }
        let mut events = std::mem::take(&mut self.slots[Self::index(place, digit)]);
        for (at_us, event) in events.drain(..) {
            self.push(at_us, event);
        }
        // Keeps the allocation.
        self.slots[Self::index(place, digit)] = events;
    }

    fn index(place: usize, digit: u64) -> usize {
        place << DIGIT_BITS | usize::try_from(digit).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn events_are_returned_in_the_order_of_time(
            pushes in prop::collection::vec((0..3_u8, 0..5_000_u64, 0..40_u32), 0..300),
        ) {
            let (mut events, mut sorted, mut now_us) = (Events::new(), BTreeSet::new(), 0);
            for (number, (pops, after_us, shift)) in pushes.into_iter().enumerate() {
                let at_us = now_us + (after_us << (shift / 4));
                events.push(at_us, number);
                sorted.insert((at_us, number));
                for _ in 0..pops {
                    prop_assert_eq!(events.peek(), sorted.first().copied());
                    let next = events.pop();
                    prop_assert_eq!(next, sorted.pop_first());
                    now_us = next.map_or(now_us, |(at_us, _)| at_us);
                }
            }
            while let Some(next) = sorted.pop_first() {
                prop_assert_eq!(events.pop(), Some(next));
            }
            prop_assert_eq!(events.pop(), None);
            events.push(0, 0);
            prop_assert_eq!(events.pop(), Some((0, 0)));
        }
    }
}
