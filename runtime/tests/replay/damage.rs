//! Recordings that were cut off, damaged or changed.

use super::{Folder, HEAD_BYTES, blocks, record, replayed, stop, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Records a server in which somebody says something in each of three seconds.
fn three_seconds(folder: &Folder) -> PathBuf {
    let file = folder.file("recording");
    let server = record(&file, &[]);
    let (mut alice, mut bob) = (server.enter(), server.enter());
    for text in ["first", "second", "third"] {
        alice.send(format!("{text} line\n"));
        bob.expect(format!("{}: {text} line", alice.name));
        #[expect(clippy::disallowed_methods, reason = "the recording has to last")]
        sleep(Duration::from_millis(1_100));
    }
    drop((alice, bob));
    stop(server);
    replayed(&file, &[], 0);
    file
}

fn changed(file: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    let changed = file.with_file_name(name);
    fs::write(&changed, bytes).unwrap();
    changed
}

#[test]
fn a_torn_end_is_no_damage() {
    let folder = Folder::new("torn");
    let file = three_seconds(&folder);
    let (line, all) = blocks(&file);
    assert!(all.len() > 3, "{}", all.len());
    let last = all.last().unwrap().len();
    let length = fs::read(&file).unwrap().len();
    for cut in [1, last - 1, last, last + 1, last + HEAD_BYTES - 1, last + HEAD_BYTES] {
        let torn = changed(&file, "torn", |bytes| bytes.truncate(length - cut));
        let told = replayed(&torn, &[], 0);
        assert!(told.starts_with("the same: ") && told.contains("was cut off"), "{cut}: {told}");
    }
    let torn = changed(&file, "torn", |bytes| bytes.truncate(line.len() + HEAD_BYTES + 3));
    assert!(replayed(&torn, &[], 2).contains("the beginning of the recording is damaged"));
}

#[test]
fn a_server_that_is_killed_leaves_everything_up_to_its_last_moments() {
    let folder = Folder::new("killed");
    let file = folder.file("recording");
    let mut server = record(&file, &[]);
    let (mut alice, mut bob) = (server.enter(), server.enter());
    alice.send("before the end\n");
    bob.line();
    let is_written = || fs::read(&file).unwrap().windows(14).any(|it| it == b"before the end");
    for _ in 0..100 {
        if is_written() {
            break;
        }
        #[expect(clippy::disallowed_methods, reason = "the file is written by another process")]
        sleep(Duration::from_millis(50));
    }
    assert!(is_written(), "what was said is written within five seconds");
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    let told = replayed(&file, &["--show", "lobby"], 0);
    assert!(told.contains("\nmembers: 2\n") && told.contains("was cut off"), "{told}");
}

#[test]
fn a_bit_that_flipped_is_found_and_named() {
    let folder = Folder::new("flipped");
    let file = three_seconds(&folder);
    let (line, all) = blocks(&file);
    let third = line.len() + all[..3].iter().map(|block| HEAD_BYTES + block.len()).sum::<usize>();
    for at in [third, third + 5, third + 9, third + HEAD_BYTES + 1] {
        let flipped = changed(&file, "flipped", |bytes| bytes[at] ^= 4);
        let told = replayed(&flipped, &[], 3);
        assert!(told.contains("the same: ") && told.contains(&format!("damaged at byte {third};")), "{told}");
    }
    let flipped = changed(&file, "flipped", |bytes| bytes[line.len() + HEAD_BYTES + 9] ^= 4);
    assert!(replayed(&flipped, &[], 2).contains("the beginning of the recording is damaged"));
}

/// Somebody changes what was said, and makes all hashes again.
#[test]
fn another_input_is_found_in_its_second() {
    let folder = Folder::new("changed");
    let file = three_seconds(&folder);
    let (line, all) = blocks(&file);
    let mut seconds = Vec::new();
    for text in ["first line", "second line", "third line"] {
        let mut blocks = all.clone();
        let mut found = 0;
        for block in &mut blocks {
            if let Some(at) = block.windows(text.len()).rposition(|it| it == text.as_bytes()) {
                block[at] ^= 1;
                found += 1;
            }
        }
        assert!(found > 0, "{text}");
        let other = folder.file("other");
        write(&other, &line, &blocks);
        let told = replayed(&other, &[], 1);
        assert!(told.starts_with("different in second "), "{told}");
        seconds.push(told.split(' ').nth(3).unwrap().parse::<u64>().unwrap());
    }
    assert!(seconds.is_sorted_by(|one, other| one < other), "{seconds:?}");
}

/// The digests themselves are changed, in the last block.
#[test]
fn another_digest_is_found() {
    let folder = Folder::new("digest");
    let file = three_seconds(&folder);
    let (line, mut blocks) = blocks(&file);
    let other = folder.file("other");
    write(&other, &line, &blocks);
    assert_eq!(fs::read(&other).unwrap(), fs::read(&file).unwrap(), "the test writes as the recorder does");
    let last = blocks.last_mut().unwrap();
    // The digests at the end are that of the outputs, that of the world, and the position.
    let at = last.len() - 6;
    last[at] ^= 1;
    write(&other, &line, &blocks);
    assert!(replayed(&other, &[], 1).contains("another state"));
}
