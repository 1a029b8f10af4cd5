//! `parlor log`: looking at the log of a server, checking it, and copying it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(unreachable_pub, reason = "nobody depends on a test")]

#[path = "../serve/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

mod admin;
mod backup;
mod damage;
mod print;

use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use support::{Server, parlor};

/// A directory that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("parlor-log-{name}-{}", std::process::id()));
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

/// Starts a server on a data directory.
fn serve(data: &Path) -> Server {
    Server::start(&["--rate-lines", "0", "--data", data.to_str().unwrap()])
}

/// Stops a server, and waits for its end.
fn stop(mut server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().success());
}

/// Runs `parlor log` on the log of a directory or on a backup.
fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = parlor();
    command.arg("log").args(arguments).arg("--data").arg(data).output().unwrap()
}

/// Returns the lines that `parlor log` prints when it succeeds.
fn lines(data: &Path, arguments: &[&str]) -> Vec<String> {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Returns the message of `parlor log`, which fails with this exit code.
fn error(data: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}
