//! The memory in which argon2 computes.

use argon2::Block;
use std::collections::TryReserveError;
use std::fmt;

/// The memory of a thread that verifies passwords. It is kept from check to check: an allocator does not give megabytes
/// that come and go on several threads back to the system.
#[derive(Default)]
pub struct HashMemory(Vec<Block>);

/// The error of a system without enough memory for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl From<TryReserveError> for OutOfMemory {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

impl fmt::Debug for HashMemory {
    /// Omits the contents, which depend on passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashMemory").field("kib", &self.kib()).finish()
    }
}

impl HashMemory {
    /// Returns at least this many KiB of memory.
    ///
    /// # Errors
    /// The system does not have as much.
    pub(super) fn at_least(&mut self, kib: usize) -> Result<&mut [Block], OutOfMemory> {
        if self.0.len() < kib {
            // The old memory goes first: both at once may be too much.
            self.0 = Vec::new();
            self.0.try_reserve_exact(kib)?;
            self.0.resize(kib, Block::new());
        }
        Ok(&mut self.0)
    }

    /// Gives back what exceeds this many KiB.
    pub(super) fn shrink_to(&mut self, kib: usize) {
        self.0.truncate(kib);
        self.0.shrink_to_fit();
    }

    /// Returns the KiB that it takes.
    pub(super) const fn kib(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_enough_is_kept() {
        let mut memory = HashMemory::default();
        let mut mark = Block::new();
        mark.as_mut()[0] = 7;
        memory.at_least(4).unwrap()[1] = mark;
        for (kib, is_kept) in [(4, true), (3, true), (5, false)] {
            let blocks = memory.at_least(kib).unwrap();
            assert_eq!(blocks.len(), kib.max(4), "{kib} KiB");
            assert_eq!(blocks[1].as_ref()[0] == 7, is_kept, "{kib} KiB");
        }
    }

    #[test]
    fn memory_that_exceeds_is_given_back() {
        let mut memory = HashMemory::default();
        memory.at_least(9).unwrap();
        for (kib, left) in [(10, 9), (9, 9), (2, 2), (3, 2)] {
            memory.shrink_to(kib);
            assert_eq!((memory.kib(), memory.0.capacity()), (left, left), "{kib} KiB");
        }
    }
}
