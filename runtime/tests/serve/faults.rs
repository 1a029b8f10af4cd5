//! Faults of the disk. Everyone is told, nobody is disconnected, what anybody was told is kept, and the server goes on by itself.

use crate::namespace::{is_inside, run};
use crate::program::Program;
use crate::support::{Client, Server, parlor, with_default_signals};
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system of its own, in which the server keeps its log.
struct Disk(PathBuf);

impl Disk {
    fn mount() -> Self {
        let path = std::env::temp_dir().join(format!("parlor-disk-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        run("mount", &format!("-t tmpfs -o size=16m,mode=0700 tmpfs {}", path.display()));
        Self(path)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Writes until there is no room left.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let error = loop {
            if let Err(error) = filler.write_all(&[1; 4_096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &format!("-l {}", self.0.display()));
        fs::remove_dir(&self.0).ok();
    }
}

fn serve(data: &Path, flags: &[&str]) -> Command {
    let mut command = parlor();
    command.args(["serve", "--lang", "en", "--listen", "plain://127.0.0.1:0", "--rate-lines", "0"]);
    command.args(flags).arg("--data").arg(data);
    command
}

/// Connects two clients, and lets one say something that the other hears.
fn talk(server: &Server) -> [Client; 2] {
    let mut alice = server.enter();
    let mut bob = server.enter();
    let (name, joined) = (alice.name.clone(), bob.name.clone());
    alice.take(|unread| find(unread, &format!("{joined} joined\n")));
    alice.send("before\n");
    bob.take(|unread| find(unread, &format!("{name}: before\n")));
    [alice, bob]
}

/// Returns the end of a text in bytes.
fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|found| found == text.as_bytes()).map(|at| at + text.len())
}

/// Lets Alice say lines until the log cannot take one, and returns them. She is told so, and Bob hears none of what waits.
fn say_until_told(alice: &mut Client, told: &str) -> usize {
    for count in 1..100_000 {
        alice.send(format!("line {count} {}\n", "x".repeat(400)));
        if count % 50 == 0 && alice.has_unread() {
            alice.take(|unread| find(unread, told));
            return count;
        }
    }
    panic!("the log took everything");
}

/// Asserts that Bob hears all of these lines, in their order.
fn hears_all(bob: &mut Client, count: usize) {
    for nth in 1..=count {
        bob.take(|unread| find(unread, &format!(": line {nth} ")));
    }
}

#[test]
#[ignore = "needs a file system of its own (unshare, mount)"]
fn a_full_disk_is_told_and_nothing_is_lost() {
    if !is_inside("faults::a_full_disk_is_told_and_nothing_is_lost") {
        return;
    }
    let disk = Disk::mount();
    let server = Server::start_command(serve(&disk.0, &[]));
    let [mut alice, mut bob] = talk(&server);
    disk.fill();
    let count =
        say_until_told(&mut alice, "the server's disk is full; what you send waits, and nothing is lost\n");
    server.log.wait_for("the disk is full; everyone waits");
    disk.make_room();
    server.log.wait_for("the log is running again");
    hears_all(&mut bob, count);
    bob.send("after\n");
    alice.take(|unread| find(unread, ": after\n"));
}

#[test]
#[ignore = "needs a file system of its own (unshare, mount)"]
fn a_stop_while_the_disk_is_full_ends_in_time_and_says_what_may_be_missing() {
    if !is_inside("faults::a_stop_while_the_disk_is_full_ends_in_time_and_says_what_may_be_missing") {
        return;
    }
    let disk = Disk::mount();
    let mut server =
        Server::start_command(serve(&disk.0, &["--shutdown-ms", "500", "--log-close-ms", "1500"]));
    let [mut alice, bob] = talk(&server);
    disk.fill();
    say_until_told(&mut alice, "the server's disk is full");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(3));
    let expected = "the log could not be finished in time: what anybody was told is in it, but what was sent last and told to nobody may be \
                    missing";
    server.log.wait_for(expected);
    drop((alice, bob));
    disk.make_room();
    let server = Server::start_command(serve(&disk.0, &[]));
    server.log.wait_for("the log goes on after entry ");
    assert_eq!(server.log.with("lost"), Vec::<String>::new());
    talk(&server);
}

#[test]
#[ignore = "needs a file system of its own (unshare, mount)"]
fn a_directory_that_cannot_be_written_is_refused() {
    if !is_inside("faults::a_directory_that_cannot_be_written_is_refused") {
        return;
    }
    let disk = Disk::mount();
    let path = disk.0.display().to_string();
    let refused = |error: &str| {
        let mut program = Program::start(&mut serve(&disk.0, &[]));
        assert_eq!(program.wait().code(), Some(1));
        let expected = format!(
            "parlor: cannot use the directory {path}: {error}. Make sure that the user who runs the server can write it and that the disk \
             has room, or name another directory"
        );
        assert_eq!(program.errors.wait_for_end(), [expected]);
    };
    run("mount", &format!("-o remount,ro {path}"));
    refused("Read-only file system (os error 30)");
    run("mount", &format!("-o remount,rw {path}"));
    disk.fill();
    refused("No space left on device (os error 28)");
    disk.make_room();
    Server::start_command(serve(&disk.0, &[])).enter();
}

#[test]
fn an_error_of_the_disk_is_told_and_nothing_is_lost() {
    let data = std::env::temp_dir().join(format!("parlor-faults-{}", std::process::id()));
    // Writing beyond the limit of the size of files fails; the signal for that would end the process.
    let mut command = with_default_signals("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    let server = serve(&data, &[]);
    command.arg(server.get_program()).args(server.get_args());
    crate::support::clear_environment(&mut command);
    let server = Server::start_command(command);
    let [mut alice, mut bob] = talk(&server);
    let limit = |bytes| {
        let Rlimit { maximum, .. } =
            prlimit(Some(server.pid()), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
        maximum
    };
    limit(Some(4_096));
    let count = say_until_told(
        &mut alice,
        "the server cannot write to its disk; what you send waits, and nothing is lost\n",
    );
    server.log.wait_for("the log cannot be written; everyone waits");
    limit(None);
    server.log.wait_for("the log is running again");
    hears_all(&mut bob, count);
    bob.send("after\n");
    alice.take(|unread| find(unread, ": after\n"));
    drop(server);
    fs::remove_dir_all(&data).ok();
}
