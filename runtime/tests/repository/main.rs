//! The repository itself: its rules, and its generated documents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod dead;
mod settings;
mod structure;
mod tidy;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the top directory of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns the paths of all files of the repository, relative to its top directory.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    if let Ok(output) = listed
        && output.status.success()
    {
        let text = String::from_utf8(output.stdout).unwrap();
        // A deleted file may still be in the index.
        return text.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    }
    // Without git, as in a source archive: all files except build output.
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

/// Asserts that a document continues with this text after `begin`. With `PARLOR_DOCS=write` in the environment, writes it there.
fn expect_end(document: &str, begin: &str, text: &str) {
    let there = read(document);
    let (before, end) = there.split_once(begin).unwrap();
    if std::env::var("PARLOR_DOCS").is_ok_and(|mode| mode == "write") {
        std::fs::write(root().join(document), format!("{before}{begin}{text}")).unwrap();
        return;
    }
    assert_eq!(end, text, "{document}: run the test again with PARLOR_DOCS=write to make its tables anew");
}
