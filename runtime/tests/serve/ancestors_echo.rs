//! The second ancestor: its behaviour, and its intended behaviour.

use crate::ancestors::program;
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Client, Server};
use std::net::SocketAddr;
use std::process::Command;

/// Starts the second ancestor's server, and waits until it listens.
fn python_server() -> (Program, SocketAddr) {
    // Unbuffered, so that its output reaches the pipe at once.
    let server = Program::start(Command::new("python3").arg("-u").arg(program("python-server.py")));
    server.printed.wait_for("服务器已启动,等待客户端连接...");
    (server, ([127, 0, 0, 1], 8888).into())
}

#[test]
#[ignore = "needs python3 and the ancestors' programs"]
fn the_second_ancestor_lets_nobody_hear_anything() {
    if !is_inside("ancestors_echo::the_second_ancestor_lets_nobody_hear_anything") {
        return;
    }
    let (server, address) = python_server();
    let (mut alice, mut bob) = (Client::connect(address), Client::connect(address));
    server.printed.wait_for(&format!("客户端('127.0.0.1', {})已连接", bob.name));
    alice.send("你好\n");
    server.printed.wait_for(&format!("收到来自('127.0.0.1', {})的消息:你好", alice.name));
    // It closes alice's connection only when it has handled all of her lines.
    alice.end_input();
    assert_eq!(alice.rest(), "");
    bob.end_input();
    assert_eq!(bob.rest(), "");
}

#[test]
#[ignore = "needs python3 and the ancestors' programs"]
fn half_a_character_ends_a_thread_of_the_second_ancestor() {
    if !is_inside("ancestors_echo::half_a_character_ends_a_thread_of_the_second_ancestor") {
        return;
    }
    let (server, address) = python_server();
    let mut alice = Client::connect(address);
    alice.send(&"世".as_bytes()[..2]);
    server.errors.wait_for("Exception in thread");
    server.errors.wait_for("UnicodeDecodeError");
    assert_eq!(server.printed.with("收到来自").len(), 0);
}

#[test]
fn parlor_relays_as_the_second_ancestor_meant() {
    let server = Server::start(&["--relay", "raw", "--echo"]);
    let (mut alice, mut bob) = (Client::connect(server.address), Client::connect(server.address));
    server.log.wait_for(&format!("{} joined", bob.name));
    alice.send("你好\n");
    alice.expect_bytes("你好\n");
    bob.expect_bytes("你好\n");
    bob.send("你好,世界\n");
    alice.expect_bytes("你好,世界\n");
    bob.expect_bytes("你好,世界\n");
    bob.end_input();
    assert_eq!(bob.rest(), "");
    alice.end_input();
    assert_eq!(alice.rest(), "");
}
