//! Replays the fuzzers' corpus (`corpus/TARGET/*`) on stable Rust. To turn a crash into a regression test, copy it there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use parlor_fuzz::TARGETS;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn no_target_fails_on_its_corpus() {
    for (name, target) in TARGETS {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut paths: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "there is a corpus for {name}");
        for path in paths {
            let bytes = fs::read(&path).unwrap();
            let found = catch_unwind(|| target(&bytes));
            assert!(found.is_ok(), "{name}: the panic above is of {}", path.display());
        }
    }
}

/// Tests some random bytes where no fuzzer is at hand.
#[test]
fn no_target_fails_on_random_bytes() {
    for (name, target) in TARGETS {
        for seed in 0..40 {
            let mut source = parlor_sim::source::Source::seed(seed);
            let length = source.below(600);
            let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(source.below(256)).unwrap()).collect();
            let found = catch_unwind(|| target(&bytes));
            assert!(found.is_ok(), "{name}: the panic above is of seed {seed}");
        }
    }
}
