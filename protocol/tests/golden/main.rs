//! The golden log: entries whose bytes were written once, and never change.
//!
//! `log.txt` has the bytes of each entry of `entries.rs` in hexadecimal digits, then the last link of the chain, and a digest
//! of the worlds that result. Entries that are added to `entries.rs` are appended with `PARLOR_GOLDEN=append`; the bytes of
//! the others stay as they are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod coverage;
mod entries;
mod snapshot;

use coverage::Coverage;
use parlor_protocol::codec::{self, DecodeErrorKind, Decoded, FIRST_LINK, Link, SALT_BYTES, Salt};
use parlor_protocol::{Command, Digest, Folded, ModeChange, NameRequest, Proposal, Seq, World};
use std::fmt::Write;
use std::path::PathBuf;

/// The golden log.
struct Golden {
    entries: Vec<Vec<u8>>,
    chain: String,
    digest: String,
}

#[test]
fn the_golden_log_is_read_as_it_was_written() {
    let (golden, expected) = (golden(), entries::entries());
    assert_eq!(golden.entries.len(), expected.len(), "run once with PARLOR_GOLDEN=append");
    for (number, (bytes, proposal)) in (1..).zip(golden.entries.iter().zip(expected)) {
        let decoded = codec::decode_and_check(bytes).unwrap();
        assert_eq!(decoded, Decoded { proposal: proposal.clone(), forgotten: Vec::new() }, "entry {number}");
        // Names are equal if their folded forms are; these are their spellings.
        assert_eq!(format!("{:?}", decoded.proposal), format!("{proposal:?}"), "entry {number}");
        assert_eq!(encoded_again(bytes), hex(bytes), "entry {number}: {proposal:?}");
    }
}

#[test]
fn the_golden_log_has_its_chain() {
    let golden = golden();
    assert_eq!(hex(&chain(&golden.entries)), golden.chain);
}

#[test]
fn the_golden_log_replays_to_its_digest() {
    let golden = golden();
    assert_eq!(digest(&golden.entries), golden.digest);
}

#[test]
fn the_golden_log_has_every_variant_and_every_field() {
    let mut coverage = Coverage::default();
    for entry in &golden().entries {
        coverage.add(&codec::decode(entry).unwrap().proposal.command);
    }
    assert_eq!(coverage.missing(), [""; 0]);
}

/// With other tables of Unicode, the folded form of a name may be another one than the name was stored with.
#[test]
fn a_stored_name_is_not_folded_again() {
    let bytes = first_with("alice", "al1ce", |command| matches!(command, Command::Enter { .. }));
    let Command::Enter { request: NameRequest::Name(name), .. } = decode(&bytes).command else { panic!() };
    assert_eq!((name.as_str(), name.key()), ("Alice", "al1ce"));
    assert_eq!(encoded_again(&bytes), hex(&bytes));

    let bytes = first_with("tea#1", "tee#1", |command| matches!(command, Command::SetTopic { .. }));
    let Command::SetTopic { room, .. } = decode(&bytes).command else { panic!() };
    assert_eq!((room.as_str(), room.key()), ("Tea#1", "tee#1"));
    assert_eq!(encoded_again(&bytes), hex(&bytes));
}

#[test]
fn a_stored_mask_is_not_folded_again() {
    let bytes = first_with("?evil", "?ev1l", |command| matches!(command, Command::SetModes { .. }));
    let bytes = bytes.as_slice();
    let Command::SetModes { changes, .. } = decode(bytes).command else { panic!() };
    let masks = changes.iter().filter_map(|change| match change {
        ModeChange::Mask { mask, .. } if mask.mutes() => Some(mask),
        _ => None,
    });
    let [mask] = masks.collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(mask.as_str(), "m:?EVIL*!*@*");
    assert!(mask.matches(&Folded::new("xev1l!a@b")) && !mask.matches(&Folded::new("xevil!a@b")));
    assert_eq!(encoded_again(bytes), hex(bytes));
}

#[test]
fn a_forgotten_text_leaves_the_rest_of_the_golden_log_as_it_is() {
    let golden = golden();
    let mut forgotten = 0;
    for (number, bytes) in (1..).zip(&golden.entries) {
        let texts = codec::texts(bytes).unwrap();
        for (text, it) in (0..).zip(&texts) {
            forgotten += 1;
            let text_only = it.unwrap();
            let less = codec::forget(bytes, text).unwrap();
            assert_eq!(codec::body(&less), codec::body(bytes), "entry {number}");
            assert_eq!(codec::decode_and_check(&less).unwrap().forgotten, [text], "entry {number}");
            for gone in [text_only.text.as_bytes(), &text_only.salt] {
                let is_gone = !gone.is_empty() && !less.windows(gone.len()).any(|it| it == gone);
                assert!(is_gone, "entry {number}: {text_only:?}");
            }
            assert_eq!(codec::forget(&less, text).unwrap(), less, "nothing is left to forget");
            let others = codec::texts(&less).unwrap().into_iter().enumerate();
            let others = others.filter(|(at, _)| *at as u64 != text).map(|(_, it)| it);
            assert!(others.eq(
                texts.iter().copied().enumerate().filter(|(at, _)| *at as u64 != text).map(|(_, it)| it)
            ));
        }
        assert_eq!(codec::forget(bytes, texts.len() as u64).as_ref(), Ok(bytes), "there is no such text");
    }
    assert!(forgotten > 50, "{forgotten} texts were forgotten");
}

#[test]
fn a_golden_entry_that_is_cut_off_is_no_entry() {
    for bytes in &golden().entries {
        for end in 0..bytes.len() {
            let error = codec::decode(&bytes[..end]).unwrap_err();
            assert_eq!(error.kind, DecodeErrorKind::Truncated, "{end} bytes of {}", hex(bytes));
            assert!(error.at <= end, "{error}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(codec::decode(&longer).unwrap_err().at, bytes.len());
    }
}

#[test]
fn damage_is_an_error_or_another_entry() {
    let mut errors = 0;
    for bytes in &golden().entries {
        for (at, byte) in
            (0..bytes.len()).flat_map(|at| [0x00, 0x01, 0x18, 0x41, 0xFF].map(|byte| (at, byte)))
        {
            let mut damaged = bytes.clone();
            damaged[at] ^= byte;
            let Ok(Decoded { proposal, .. }) = codec::decode(&damaged) else {
                errors += 1;
                continue;
            };
            let again = codec::encode(&proposal, &mut || [0; SALT_BYTES]);
            assert_eq!(codec::decode_and_check(&again).unwrap().proposal, proposal);
            assert_eq!(codec::encode(&proposal, &mut || [0; SALT_BYTES]), again);
        }
    }
    assert!(errors > 10_000, "{errors} errors");
}

/// Returns the golden log, with the entries that are not in it yet if the environment says so.
fn golden() -> Golden {
    static APPENDED: std::sync::Once = std::sync::Once::new();
    APPENDED.call_once(|| {
        if std::env::var("PARLOR_GOLDEN").is_ok_and(|it| it == "append") {
            append();
        }
    });
    let text = std::fs::read_to_string(path()).unwrap();
    let lines = || text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let value =
        |name: &str| lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    Golden { entries: lines().filter_map(unhex).collect(), chain: value("chain "), digest: value("digest ") }
}

/// Writes the entries that the golden log does not have yet, the last link, and the digest.
fn append() {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let mut written: String = text
        .lines()
        .filter(|it| !it.starts_with("chain ") && !it.starts_with("digest "))
        .fold(String::new(), |mut all, line| {
            writeln!(all, "{line}").unwrap();
            all
        });
    let mut entries: Vec<Vec<u8>> = written.lines().filter_map(unhex).collect();
    for proposal in entries::entries().into_iter().skip(entries.len()) {
        let number = entries.len() + 1;
        // The salts are drawn at random elsewhere; here they are numbers, so that whoever reads the file finds them.
        let mut drawn = 0;
        let bytes = codec::encode(&proposal, &mut || {
            drawn += 1;
            let mut salt = [0xA0; SALT_BYTES];
            salt[..8].copy_from_slice(&(1_000 * number as u64 + drawn).to_be_bytes());
            salt
        });
        writeln!(written, "# {number}: {:?}\n{}", proposal.command, hex(&bytes)).unwrap();
        entries.push(bytes);
    }
    writeln!(written, "chain {}\ndigest {}", hex(&chain(&entries)), digest(&entries)).unwrap();
    std::fs::write(path(), written).unwrap();
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "log.txt"].iter().collect()
}

fn decode(bytes: &[u8]) -> Proposal {
    codec::decode(bytes).unwrap().proposal
}

/// Decodes an entry and encodes it again, with the salts that it has.
fn encoded_again(bytes: &[u8]) -> String {
    let mut salts = codec::texts(bytes).unwrap().into_iter().map(|text| text.unwrap().salt);
    let mut salts = || -> Salt { salts.next().unwrap() };
    hex(&codec::encode(&decode(bytes), &mut salts))
}

/// Returns the bytes of the first entry that `is_it` selects and that contains `text`, with `other` in its place, as long.
fn first_with(text: &str, other: &str, is_it: fn(&Command) -> bool) -> Vec<u8> {
    let at = |bytes: &[u8]| bytes.windows(text.len()).position(|it| it == text.as_bytes());
    let entries = golden().entries.into_iter().filter(|bytes| is_it(&decode(bytes).command));
    let (mut bytes, at) = entries.filter_map(|bytes| at(&bytes).map(|at| (bytes, at))).next().unwrap();
    bytes[at..at + text.len()].copy_from_slice(other.as_bytes());
    bytes
}

fn chain(entries: &[Vec<u8>]) -> Link {
    let entries = (1..).map(Seq).zip(entries);
    entries.fold(FIRST_LINK, |link, (seq, entry)| codec::chain(link, seq, codec::body(entry).unwrap()))
}

/// Returns a hash of the worlds after each of the entries: a topic that is cleared later counts, too.
fn digest(entries: &[Vec<u8>]) -> String {
    let (mut world, mut effects, mut digest) = (World::new(), Vec::new(), Digest::new());
    for (seq, entry) in (1..).map(Seq).zip(entries) {
        world.apply(&decode(entry).committed_at(seq), &mut effects);
        digest.number(world.digest());
        effects.clear();
    }
    format!("{:016x}", digest.finish())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Returns the bytes of a line of hexadecimal digits.
fn unhex(line: &str) -> Option<Vec<u8>> {
    let digits = line.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).ok());
    let bytes = digits.map(|digits| u8::from_str_radix(digits?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    (!bytes.is_empty()).then_some(bytes)
}
