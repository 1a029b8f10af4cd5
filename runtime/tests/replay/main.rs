//! Recording real servers, and replaying what was recorded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

#[path = "../serve/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

mod damage;
mod kept;
mod load;
mod passwords;
mod refused;

use parlor_runtime::recording::{Record, Recording};
use rustix::process::Signal;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use support::{Server, parlor};

/// A directory that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("parlor-replay-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Starts a server with these flags that is recorded.
fn record(file: &Path, flags: &[&str]) -> Server {
    let mut command = parlor();
    command.arg("serve").args(flags).arg("--record").arg(file);
    if !flags.contains(&"--listen") {
        command.args(["--listen", "plain://127.0.0.1:0"]);
    }
    if !flags.contains(&"--data") {
        command.args(["--data", "none"]);
    }
    Server::start_command(command)
}

/// Stops a server, and waits for its end.
fn stop(mut server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().success());
}

/// Replays a recording, and returns what is printed.
fn replayed(file: &Path, flags: &[&str], code: i32) -> String {
    replayed_in("en", file, flags, code)
}

/// Replays a recording in a language, and returns what is printed.
fn replayed_in(language: &str, file: &Path, flags: &[&str], code: i32) -> String {
    let output = parlor().arg("replay").arg(file).args(flags).env("PARLOR_LANG", language).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// The number of bytes before those of a block: its length, the complement, and its hash.
const HEAD_BYTES: usize = 24;

/// The first line of a recording, and its blocks; the last one may be torn.
fn blocks(file: &Path) -> (Vec<u8>, Vec<Vec<u8>>) {
    let bytes = fs::read(file).unwrap();
    let mut at = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let line = bytes[..at].to_vec();
    let mut blocks = Vec::new();
    while let Some(head) = bytes.get(at..at + HEAD_BYTES) {
        let length = usize::try_from(u32::from_le_bytes(head[..4].try_into().unwrap())).unwrap();
        let Some(block) = bytes.get(at + HEAD_BYTES..at + HEAD_BYTES + length) else { break };
        blocks.push(block.to_vec());
        at += HEAD_BYTES + length;
    }
    (line, blocks)
}

/// Writes a recording with these blocks, as if its recorder had.
fn write(file: &Path, line: &[u8], blocks: &[Vec<u8>]) {
    let mut bytes = line.to_vec();
    let mut chain = Sha256::digest(line)[..16].to_vec();
    for block in blocks {
        let length = u32::try_from(block.len()).unwrap();
        chain = Sha256::digest([&chain[..], block].concat())[..16].to_vec();
        bytes.extend([&length.to_le_bytes()[..], &(!length).to_le_bytes(), &chain, block].concat());
    }
    fs::write(file, bytes).unwrap();
}

/// Returns the number of records of a recording for which this holds.
fn count(file: &Path, is_counted: impl Fn(&Record<'_>) -> bool) -> usize {
    let mut recording = Recording::open(Cursor::new(fs::read(file).unwrap())).unwrap();
    let mut count = 0;
    while let Some(block) = recording.next_block().unwrap() {
        let records = Recording::<Cursor<Vec<u8>>>::records(&block).unwrap();
        count += records.iter().filter(|record| is_counted(record)).count();
    }
    count
}
