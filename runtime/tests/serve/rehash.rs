//! Reloading the configuration while the server runs.

use crate::irc::{HASH_OF_RIGHT as HASH, Irc};
use crate::support::{Client, Server, clear_environment, with_default_signals};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server and its configuration file, which is removed with it.
struct Configured {
    server: Server,
    file: PathBuf,
}

impl Configured {
    fn start(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("parlor-rehash-{}-{number}.toml", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).unwrap();
        let mut command = with_default_signals(env!("CARGO_BIN_EXE_parlor"));
        clear_environment(&mut command);
        command.args(["serve", "--listen", "auto://127.0.0.1:0", "--config"]).arg(&file);
        Self { server: Server::start_command(command), file }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
    }

    /// Connects an IRC client that is a server operator.
    fn operator(&self) -> Irc {
        self.operator_named("alice")
    }

    fn operator_named(&self, name: &str) -> Irc {
        let mut client = Irc::enter(self.server.address, name, "");
        client.send("OPER alice right");
        client.wait_for(&format!(" 381 {name} :"));
        client
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        std::fs::remove_file(&self.file).ok();
    }
}

fn operators(name: &str) -> String {
    format!("operators = [\"{name}:{HASH}\"]\n")
}

#[test]
fn an_operator_has_the_file_read_again() {
    let configured = Configured::start(&operators("alice"));
    let mut alice = configured.operator();
    configured.write(&format!(
        "{}motd = [\"Be kind.\"]\nadmin = [\"Tea house\"]\nreserved_names = [\"zorro\"]\n",
        operators("bob")
    ));
    alice.send("REHASH");
    let answer = alice.wait_for(" 382 ");
    let name = configured.file.file_name().unwrap().to_str().unwrap();
    assert!(answer.contains(&format!(" 382 alice {name} :Rehashing")), "{answer}");
    configured.server.log.wait_for("configuration reloaded");
    alice.send("MOTD");
    alice.wait_for(" 372 alice :- Be kind.");
    alice.send("ADMIN");
    alice.wait_for(" 257 alice :Tea house");
    alice.send("NICK Zorro");
    alice.wait_for(" 432 alice Zorro :Erroneous nickname: the name is reserved");
    alice.send("PRIVMSG zorro :hunter2");
    alice.wait_for(" 401 alice zorro :");
    let mut other = Irc::enter(configured.server.address, "other", "");
    other.send("OPER alice right\r\nOPER bob right");
    other.wait_for(" 464 other :");
    other.wait_for(" 381 other :");
}

#[test]
fn a_hangup_has_the_file_read_again() {
    let configured = Configured::start("");
    configured.write(&format!("password = \"{HASH}\"\n"));
    configured.server.signal(Signal::HUP);
    configured.server.log.wait_for("configuration reloaded");
    Irc::enter(configured.server.address, "alice", "PASS right\r\n");
    let mut bob = Client::connect(configured.server.address);
    bob.send("hello\n");
    assert!(bob.rest().contains("password"));
}

#[test]
fn a_file_that_is_wrong_changes_nothing() {
    let configured = Configured::start(&operators("alice"));
    let mut alice = configured.operator();
    let texts =
        ["motd = [\"Be kind.\"]\nrate_burst = 0\n", "motd = [\"Be kind.\"]\nmotto = 1\n", "motd = [\n"];
    for (wrong, count) in texts.into_iter().zip(1..) {
        configured.write(wrong);
        alice.send("REHASH");
        alice.wait_for(" 382 ");
        configured.server.log.wait_for_all("nothing has changed", count);
    }
    alice.send("MOTD");
    alice.wait_for(" 422 alice :");
    configured.operator_named("other");
}

#[test]
fn a_file_that_never_ends_blocks_neither_the_next_reload_nor_the_stop() {
    let mut configured = Configured::start(&operators("alice"));
    let mut alice = configured.operator();
    std::fs::remove_file(&configured.file).unwrap();
    // Nobody writes it, so opening it to read blocks.
    assert!(Command::new("mkfifo").arg(&configured.file).status().unwrap().success());
    alice.send("REHASH\r\nPING :meanwhile");
    alice.wait_for("PONG");
    configured.server.log.wait_for("the file could not be read within 5 seconds");
    std::fs::remove_file(&configured.file).unwrap();
    configured.write(&format!("{}motd = [\"Be kind.\"]\n", operators("alice")));
    configured.server.signal(Signal::HUP);
    configured.server.log.wait_for("configuration reloaded");
    alice.send("MOTD");
    alice.wait_for(" 372 alice :- Be kind.");
    configured.server.signal(Signal::TERM);
    alice.0.rest();
    drop(alice);
    assert_eq!(configured.server.wait().code(), Some(0));
}

#[test]
fn what_cannot_change_is_told_and_stays() {
    let configured = Configured::start(&operators("alice"));
    let mut alice = configured.operator();
    configured.write(&format!("{}server_name = \"other\"\nrooms_max = 5\n", operators("alice")));
    alice.send("REHASH");
    configured.server.log.wait_for("take effect after a restart: server_name, rooms_max");
    alice.send("VERSION");
    let version = alice.wait_for(" 351 ");
    assert!(version.starts_with(":parlor.localhost "), "{version}");
}
