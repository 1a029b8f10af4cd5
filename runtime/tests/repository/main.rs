//! The repository itself: that it is tidy, and that its documents tell the truth.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod settings;
mod structure;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's top level.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file that belongs to the repository, by its path from the top level.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    if let Ok(output) = listed
        && output.status.success()
    {
        let text = String::from_utf8(output.stdout).unwrap();
        // One that was deleted and is still in the index is none.
        return text.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    }
    // Without git, as in a source archive, it is what lies there.
    let mut files = Vec::new();
    let mut left = vec![root()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !["target", ".git"].contains(&&*name) {
                left.push(path);
            } else if path.is_file() {
                files.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What follows `begin` in a document is this text. With `PARLOR_DOCS=write` in the environment, it is written there.
fn expect_end(document: &str, begin: &str, text: &str) {
    let there = read(document);
    let (before, end) = there.split_once(begin).unwrap();
    if std::env::var("PARLOR_DOCS").is_ok_and(|mode| mode == "write") {
        std::fs::write(root().join(document), format!("{before}{begin}{text}")).unwrap();
        return;
    }
    assert_eq!(end, text, "{document}: run the test again with PARLOR_DOCS=write to make its tables anew");
}
