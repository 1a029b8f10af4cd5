//! Passwords of operators and of the server, and making their hashes.

use crate::embedded::Embedded;
use crate::irc::{HASH_OF_RIGHT as HASH, Irc};
use crate::support::{Client, Server, parlor};
use parlor_protocol::{ConnId, PasswordOf, PasswordResult};
use parlor_runtime::clock::SystemClock;
use parlor_runtime::driver::PasswordVerifier;
use parlor_runtime::password::PasswordHash;
use std::io::Write;
use std::net::IpAddr;
use std::process::{Output, Stdio};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Starts a server for every dialect with these flags, whose operator alice has the password `right`.
fn server(flags: &[&str]) -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0", "--operators", &format!("alice:{HASH}")]);
    command.args(flags);
    Server::start_command(command)
}

#[test]
fn who_knows_the_password_becomes_an_operator() {
    let server = server(&[]);
    let mut alice = Irc::enter(server.address, "a", "");
    alice.send("OPER alice right");
    alice.wait_for(" 381 a :");
    alice.wait_for("MODE a :+o");
}

#[test]
fn who_does_not_know_it_is_told_so_and_may_go_on() {
    let server = server(&[]);
    let mut bob = Irc::enter(server.address, "bob", "");
    // The right password of another name, a wrong password, and one that arrives together with the next line.
    for wrong in ["OPER bob right", "OPER alice wrong\r\nOPER alice :right wrong\r\nPING :1"] {
        bob.send(wrong);
        bob.wait_for(" 464 bob :");
    }
    bob.wait_for(" 464 bob :");
    assert!(bob.0.line().contains("PONG"), "what comes behind a question waits for its verdict");
}

#[test]
fn with_the_servers_password_one_enters() {
    let server = server(&["--password", HASH]);
    let mut alice = Irc::enter(server.address, "alice", "PASS right\r\n");
    alice.send("PING :1");
    alice.wait_for("PONG");
}

#[test]
fn without_the_servers_password_one_is_told_so_and_closed() {
    let server = server(&["--password", HASH]);
    for before in ["", "PASS wrong\r\n"] {
        let rest = Irc::begin(server.address, "bob", before).0.rest();
        assert!(rest.contains("ERROR :") && !rest.contains(" 001 "), "{before:?}: {rest}");
    }
}

#[test]
fn who_cannot_give_a_password_is_told_so_and_closed() {
    let server = server(&["--password", HASH]);
    let mut bob = Client::connect(server.address);
    bob.send("hello\n");
    assert!(bob.rest().contains("password"));
    // At a listener where silent connections become plain, too.
    let server = Server::start(&["--password", HASH]);
    assert!(Client::connect(server.address).rest().contains("password"));
}

#[test]
fn no_hash_is_computed_on_the_thread_that_serves() {
    // A check that takes as long as hundreds of ordinary ones, so longer than some round trips on any machine.
    let dear = HASH.replace("m=8,t=1,", "m=19456,t=500,");
    let server = server(&["--operators", &format!("bob:{dear}")]);
    let [mut alice, mut carol] = ["alice", "carol"].map(|name| Irc::enter(server.address, name, ""));
    alice.send("PING :before\r\nOPER bob wrong");
    alice.wait_for("PONG");
    for n in 0..20 {
        carol.send(&format!("PING :{n}"));
        carol.wait_for(&format!("PONG parlor.localhost :{n}"));
    }
    assert!(!alice.0.has_unread(), "the check still runs");
    // A running check does not keep the server from stopping.
    let mut server = server;
    server.signal(rustix::process::Signal::TERM);
    drop((alice, carol));
    assert!(server.wait().success());
}

#[test]
fn who_tries_too_many_passwords_is_told_so() {
    let server = server(&[]);
    let mut mallory = Irc::enter(server.address, "mallory", "");
    for _ in 0..5 {
        mallory.send("OPER alice wrong");
        mallory.wait_for(" 464 mallory :");
    }
    mallory.send("OPER alice right\r\nPING :after");
    mallory.wait_for(" 263 mallory OPER :");
    mallory.wait_for("PONG");
    let mut alice = Irc(Client::connect_from(([127, 0, 0, 2], 0).into(), server.address));
    alice.send("NICK alice\r\nUSER a 0 * :a\r\nOPER alice right");
    alice.wait_for(" 381 alice :");
}

#[test]
fn without_a_rate_attempts_are_not_limited() {
    let server = server(&["--rate-lines", "0"]);
    let mut alice = Irc::enter(server.address, "alice", "");
    for _ in 0..30 {
        alice.send("OPER alice wrong");
        alice.wait_for(" 464 alice :");
    }
    alice.send("OPER alice right");
    alice.wait_for(" 381 alice :");
}

#[test]
fn nothing_of_a_password_is_logged() {
    let mut server = server(&["--password", HASH, "--log-level", "trace"]);
    let mut alice = Irc::enter(server.address, "a", "PASS right\r\n");
    alice.send("OPER alice wrong-one");
    alice.wait_for(" 464 a :");
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let log = server.log.wait_for_end().join("\n");
    assert!(!log.contains("argon2") && !log.contains("wrong-one") && !log.contains("right"), "{log}");
}

/// A verifier that accepts `right`, when the test lets it finish.
#[derive(Debug)]
pub struct HeldVerifier {
    asked: Vec<(ConnId, PasswordResult)>,
    tell: mpsc::Receiver<()>,
}

impl HeldVerifier {
    /// Makes a verifier that finishes one check for each message.
    pub fn new() -> (Self, mpsc::Sender<()>) {
        let (tell, told) = mpsc::channel(1);
        (Self { asked: Vec::new(), tell: told }, tell)
    }
}

impl PasswordVerifier for HeldVerifier {
    fn check(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, password: &[u8]) {
        self.asked.push((conn, (password == b"right").into()));
    }

    fn cancel(&mut self, conn: ConnId) {
        self.asked.retain(|(of, _)| *of != conn);
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        if self.asked.is_empty() || self.tell.poll_recv(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.asked.remove(0))
    }
}

#[test]
fn the_others_are_served_while_a_password_is_checked() {
    let (verifier, tell) = HeldVerifier::new();
    let embedded = Embedded::start(SystemClock::start(), verifier);
    let [mut alice, mut bob, mut carol, mut dave] =
        ["alice", "bob", "carol", "dave"].map(|name| Irc::enter(embedded.address, name, ""));
    dave.send("PING :before\r\nOPER dave wrong");
    dave.wait_for("PONG");
    alice.send("OPER alice right\r\nPING :after");
    for n in 0..3 {
        bob.send(&format!("PRIVMSG carol :{n}"));
        carol.wait_for(&format!(" PRIVMSG carol :{n}"));
        carol.send(&format!("PRIVMSG bob :{n}"));
        bob.wait_for(&format!(" PRIVMSG bob :{n}"));
    }
    // The check of a connection that has closed is cancelled: the first result is alice's, who asked after dave.
    // Dave is not read, so the server notices when it writes to him.
    dave.0.reset();
    carol.send("PRIVMSG dave :hello\r\nISON dave");
    while carol.wait_for(" 303 ").ends_with("dave") {
        carol.send("PRIVMSG dave :hello\r\nISON dave");
    }
    tell.blocking_send(()).unwrap();
    alice.wait_for(" 381 alice :");
    alice.wait_for("PONG");
    embedded.stop([alice, bob, carol]);
}

/// Runs `parlor hash-password` with this standard input.
fn hash_password(input: &[u8]) -> Output {
    let mut command = parlor();
    command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_hash_is_made_of_the_first_line() {
    let output = hash_password(b"right\nmore\n");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let hash: PasswordHash = text.strip_suffix('\n').unwrap().parse().unwrap();
    assert!(text.starts_with("$argon2id$") && hash.verify(b"right"), "{text}");
}

#[test]
fn of_no_password_no_hash_is_made() {
    let output = hash_password(b"\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert_eq!(output.stderr, b"parlor: the password is empty\n");
}
