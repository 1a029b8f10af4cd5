//! Golden snapshots: worlds of the golden log whose bytes were written once, and never change.
//!
//! Each line of `snapshots.txt` has the number of the entry after which the world was stored, and the bytes.

use super::{decode, golden, hex, unhex};
use parlor_protocol::codec::SALT_BYTES;
use parlor_protocol::{LogEntry, Seq, SnapshotError, World};
use std::fmt::Write;
use std::path::PathBuf;

/// Returns the golden snapshots: of the world after every twelfth entry.
fn snapshots() -> Vec<(usize, Vec<u8>)> {
    static APPENDED: std::sync::Once = std::sync::Once::new();
    APPENDED.call_once(|| {
        if std::env::var("PARLOR_GOLDEN").is_ok_and(|it| it == "append") {
            append();
        }
    });
    std::fs::read_to_string(path()).unwrap().lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(usize, Vec<u8>)> {
    let (number, bytes) = line.split_once(' ')?;
    Some((number.parse().ok()?, unhex(bytes)?))
}

/// Writes the snapshots that are not there yet.
fn append() {
    let mut text = std::fs::read_to_string(path()).unwrap_or_default();
    let written = text.lines().filter_map(line).map(|(number, _)| number).max().unwrap_or_default();
    for number in (written + 1..=golden().entries.len()).filter(|number| number.is_multiple_of(12)) {
        writeln!(text, "{number} {}", hex(&stored(&world(0..number)))).unwrap();
    }
    std::fs::write(path(), text).unwrap();
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "snapshots.txt"].iter().collect()
}

fn entries(range: std::ops::Range<usize>) -> Vec<LogEntry> {
    let numbered = (1..).map(Seq).zip(golden().entries);
    numbered
        .skip(range.start)
        .take(range.len())
        .map(|(seq, entry)| decode(&entry).committed_at(seq))
        .collect()
}

fn world(range: std::ops::Range<usize>) -> World {
    World::replay(&entries(range))
}

fn stored(world: &World) -> Vec<u8> {
    let mut drawn = 0;
    world.snapshot(&mut || {
        drawn += 1;
        [drawn; SALT_BYTES]
    })
}

#[test]
fn a_golden_snapshot_is_restored_as_it_was_stored() {
    let count = golden().entries.len();
    let snapshots = snapshots();
    assert!(snapshots.len() >= count / 12, "run once with PARLOR_GOLDEN=append");
    for (number, bytes) in snapshots {
        let mut restored = World::restore(&bytes).unwrap();
        restored.check_invariants();
        assert_eq!(restored.digest(), world(0..number).digest(), "after entry {number}");
        assert_eq!(hex(&stored(&restored)), hex(&bytes), "after entry {number}");
        for entry in entries(number..count) {
            restored.apply(&entry, &mut Vec::new());
        }
        assert_eq!(restored.digest(), world(0..count).digest(), "it goes on like the world that was stored");
    }
}

#[test]
fn a_damaged_snapshot_is_an_error() {
    let (mut digests, mut others) = (0, 0);
    for (_, bytes) in snapshots() {
        for end in 0..bytes.len() {
            assert!(World::restore(&bytes[..end]).is_err(), "{end} bytes");
        }
        for (at, flip) in (0..bytes.len()).flat_map(|at| [0x01, 0x20, 0xFF].map(|flip| (at, flip))) {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            match World::restore(&damaged) {
                Err(SnapshotError::Digest { .. }) => digests += 1,
                Err(_) => others += 1,
                // The salts and commitments are not compared, and are made again.
                Ok(world) => assert_eq!(world.digest(), World::restore(&bytes).unwrap().digest()),
            }
        }
    }
    assert!(digests > 1_000 && others > 1_000, "{digests} digests and {others} other errors");
}
