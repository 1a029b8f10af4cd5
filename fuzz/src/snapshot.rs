//! The fuzz target of snapshots.

use parlor_protocol::codec::SALT_BYTES;
use parlor_protocol::{SnapshotError, World};

/// Checks that bytes are the snapshot of a world that keeps every invariant, or an error, and that a world is the same when it is
/// stored and restored again.
///
/// A snapshot says its digest, which a fuzzer does not guess. So the world is restored without it first.
pub fn snapshot(bytes: &[u8]) {
    let world = match World::restore_unchecked(bytes) {
        Ok(world) => world,
        Err(error) => {
            assert!(World::restore(bytes).is_err(), "to check more does not accept more: {error}");
            return;
        }
    };
    world.check_invariants();
    match World::restore(bytes) {
        Ok(_) => {}
        Err(SnapshotError::Digest { is, .. }) => assert_eq!(is, world.digest()),
        Err(error) => panic!("the digest is all that is left to check: {error}"),
    }
    let stored = world.snapshot(&mut || [0; SALT_BYTES]);
    let again = World::restore(&stored).expect("a snapshot is restored");
    again.check_invariants();
    assert_eq!(again.snapshot(&mut || [0; SALT_BYTES]), stored, "the bytes are the same");
}
