//! The data that survives the process, with `--data`.

use crate::irc::{HASH_OF_RIGHT as HASH, Irc};
use crate::program::Program;
use crate::support::{Client, Server, parlor};
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory for a store. It is deleted at the end of a test.
struct Data(PathBuf);

impl Data {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parlor-data-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn serve(&self) -> std::process::Command {
        let mut command = parlor();
        command.args(["serve", "--listen", "auto://127.0.0.1:0", "--operators", &format!("alice:{HASH}")]);
        command.arg("--data").arg(&self.0);
        command
    }

    fn start(&self) -> Server {
        Server::start_command(self.serve())
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn operator(server: &Server) -> (Irc, String) {
    let mut alice = Irc::enter(server.address, "alice", "");
    alice.send("OPER alice right");
    let host = alice.wait_for(" 396 alice ");
    alice.wait_for(" 381 alice :");
    (alice, host)
}

#[test]
fn bans_and_cloaks_survive_a_kill() {
    let data = Data::new();
    let mut server = data.start();
    let (mut alice, host) = operator(&server);
    alice.send("BAN 1h 192.0.2.0/24 :spam");
    alice.wait_for(" :192.0.2.0/24 is banned until ");
    server.signal(Signal::KILL);
    server.wait();

    let server = data.start();
    let record = server.log.wait_for("the log goes on after entry ");
    assert!(!record.contains("; 0 entries"), "{record}");
    // The name is free: whoever was connected to the former process is not.
    let (mut alice, host_now) = operator(&server);
    assert_eq!(host_now, host);
    alice.send("BANS");
    alice.wait_for("192.0.2.0/24");
}

#[test]
fn after_a_clean_end_nothing_is_replayed() {
    let data = Data::new();
    let mut server = data.start();
    let mut client = server.enter();
    client.send("hello\n");
    drop(client);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    data.start().log.wait_for("; 0 entries were replayed");
}

#[test]
fn a_second_process_is_refused() {
    let data = Data::new();
    let server = data.start();
    let mut second = Program::start(&mut data.serve());
    assert_eq!(second.wait().code(), Some(1));
    let expected = format!("parlor: the directory {} is in use by process ", data.0.display());
    let errors = second.errors.wait_for_end();
    assert!(matches!(&errors[..], [error] if error.starts_with(&expected)), "{errors:?}");
    let _: Client = server.enter();
}

#[test]
fn a_directory_that_cannot_be_used_is_refused() {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0", "--data", "/dev/null/data"]);
    let mut refused = Program::start(&mut command);
    assert_eq!(refused.wait().code(), Some(1));
    let errors = refused.errors.wait_for_end();
    let expected = "parlor: cannot use the directory /dev/null/data: Not a directory";
    assert!(matches!(&errors[..], [error] if error.starts_with(expected)), "{errors:?}");
}
