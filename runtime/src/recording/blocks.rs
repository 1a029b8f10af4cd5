//! The blocks of a recording, and the hashes that chain them.

use super::{FORMAT, MAGIC};
use sha2::{Digest, Sha256};

/// Number of bytes of a hash: enough that no damage goes unseen.
const HASH_BYTES: usize = 16;

/// Number of bytes before those of a block: its length, the complement of that, and its hash.
pub(super) const HEAD_BYTES: usize = 4 + 4 + HASH_BYTES;

/// Maximum number of bytes of a block.
pub(super) const BLOCK_BYTES_MAX: usize = 64 << 20;

/// The hash of the last block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain([u8; HASH_BYTES]);

impl Chain {
    /// Returns the chain before the first block.
    pub(super) fn new() -> Self {
        Self(hash(&[first_line().as_bytes()]))
    }

    /// Returns the bytes before a block.
    pub(super) fn head(&mut self, block: &[u8]) -> [u8; HEAD_BYTES] {
        debug_assert!(block.len() <= BLOCK_BYTES_MAX, "a block fits");
        let length = u32::try_from(block.len()).unwrap_or(u32::MAX);
        self.0 = self.next(block);
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..8].copy_from_slice(&(!length).to_le_bytes());
        head[8..].copy_from_slice(&self.0);
        head
    }

    /// Returns the length of a block that has this head; `None` if it is damaged.
    pub(super) fn length(head: &[u8; HEAD_BYTES]) -> Option<usize> {
        let number = |at: usize| {
            head[at..at + 4].iter().rev().fold(0, |number: u32, &byte| number << 8 | u32::from(byte))
        };
        let length = usize::try_from(number(0)).ok()?;
        (number(4) == !number(0) && length <= BLOCK_BYTES_MAX).then_some(length)
    }

    /// Returns whether a block has this head and follows the one before.
    pub(super) fn accept(&mut self, head: &[u8; HEAD_BYTES], block: &[u8]) -> bool {
        let next = self.next(block);
        let is_next = next == head[8..];
        if is_next {
            self.0 = next;
        }
        is_next
    }

    fn next(self, block: &[u8]) -> [u8; HASH_BYTES] {
        hash(&[&self.0, block])
    }
}

/// Returns the first line of a recording.
pub(super) fn first_line() -> String {
    format!("{MAGIC}{FORMAT}\n")
}

fn hash(parts: &[&[u8]]) -> [u8; HASH_BYTES] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().first_chunk().copied().unwrap_or_default()
}
