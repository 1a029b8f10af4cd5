//! What is going to happen, in the order of time.

/// A radix heap: while there are events, time never goes back, so that an event is put where its time first differs from the present
/// in binary, and sorted further when the present comes near. Events of one time come in the order in which
/// they were scheduled.
#[derive(Debug)]
pub(super) struct Events<T> {
    /// Events of the present, then those whose times first differ from it in the last bit, and so on.
    buckets: Vec<Vec<(u64, T)>>,
    /// How many events of the first bucket have happened.
    happened: usize,
    now_us: u64,
}

const BUCKETS: usize = u64::BITS as usize + 1;

impl<T: Copy> Events<T> {
    pub(super) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| Vec::new()).collect(), happened: 0, now_us: 0 }
    }

    /// An event that is late happens in the present.
    pub(super) fn push(&mut self, at_us: u64, event: T) {
        let at_us = at_us.max(self.now_us);
        let bucket = self.bucket(at_us);
        self.buckets[bucket].push((at_us, event));
    }

    /// The first event, whose time is the present from here on.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        if self.happened == self.buckets[0].len() {
            self.happened = 0;
            self.buckets[0].clear();
            let Some(nearest) = self.buckets.iter().position(|bucket| !bucket.is_empty()) else {
                // Nothing is left that bounds when the next event may be.
                self.now_us = 0;
                return None;
            };
            let mut events = std::mem::take(&mut self.buckets[nearest]);
            self.now_us = events.iter().map(|(at_us, _)| *at_us).min()?;
            for (at_us, event) in events.drain(..) {
                let bucket = self.bucket(at_us);
                self.buckets[bucket].push((at_us, event));
            }
            // Its allocation serves again.
            self.buckets[nearest] = events;
        }
        self.happened += 1;
        self.buckets[0].get(self.happened - 1).copied()
    }

    const fn bucket(&self, at_us: u64) -> usize {
        (u64::BITS - (at_us ^ self.now_us).leading_zeros()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_queue_in_the_order_of_time(
            pushes in prop::collection::vec((0..3_u8, 0..5_000_u64, 0..40_u32), 0..300),
        ) {
            let (mut events, mut sorted, mut now_us) = (Events::new(), BTreeSet::new(), 0);
            for (number, (pops, after_us, shift)) in pushes.into_iter().enumerate() {
                let at_us = now_us + (after_us << (shift / 4));
                events.push(at_us, number);
                sorted.insert((at_us, number));
                for _ in 0..pops {
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
