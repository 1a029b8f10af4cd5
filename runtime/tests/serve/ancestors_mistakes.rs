//! The bugs of the first ancestor, shown on its own program. `room`, `shortage`, `minute` and `whole` show that Parlor does not
//! have them.

use crate::ancestors::{node_server, node_server_by, program};
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::Client;
use std::net::SocketAddr;
use std::process::Command;

/// Connects two members to the ancestor's room, and waits until the first has been told of the second.
fn two(server: SocketAddr) -> (Client, Client) {
    let mut first = Client::connect(server);
    let second = Client::connect(server);
    first.expect_bytes(format!("欢迎{}进入聊天室", second.name));
    (first, second)
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn the_ancestor_takes_a_chunk_for_a_message() {
    if !is_inside("ancestors_mistakes::the_ancestor_takes_a_chunk_for_a_message") {
        return;
    }
    let (_server, address) = node_server();
    let (mut alice, mut bob) = two(address);
    let a = alice.name.clone();
    alice.send("half a ");
    bob.expect_bytes(format!("{a}说half a "));
    alice.send("line\n");
    bob.expect_bytes(format!("{a}说line\n"));

    // Only the first of several lines in a chunk has its author's name.
    alice.send("one\ntwo\nthree\n");
    bob.expect_bytes(format!("{a}说one\ntwo\nthree\n"));

    let (first, rest) = "世\n".as_bytes().split_at(1);
    alice.send(first);
    bob.expect_bytes(format!("{a}说\u{FFFD}"));
    alice.send(rest);
    bob.expect_bytes(format!("{a}说\u{FFFD}\u{FFFD}\n"));
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn the_ancestor_gives_two_hosts_with_one_port_number_one_name() {
    if !is_inside("ancestors_mistakes::the_ancestor_gives_two_hosts_with_one_port_number_one_name") {
        return;
    }
    let (_server, address) = node_server();
    let mut watcher = Client::connect(address);
    let alice = Client::connect_from("127.0.0.2:0".parse().unwrap(), address);
    let port = alice.stream.local_addr().unwrap().port();
    watcher.expect_bytes(format!("欢迎{port}进入聊天室"));
    let _bob = Client::connect_from(([127, 0, 0, 3], port).into(), address);
    watcher.expect_bytes(format!("欢迎{port}进入聊天室"));
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn the_ancestor_tells_only_its_console_who_left_or_undefined() {
    if !is_inside("ancestors_mistakes::the_ancestor_tells_only_its_console_who_left_or_undefined") {
        return;
    }
    let (server, address) = node_server();
    // The ancestor reads the port only after the socket has closed.
    let mut first = Client::connect(address);
    first.end_input();
    assert_eq!(first.rest(), "");
    server.printed.wait_for("undefined退出聊天室");

    let (mut alice, mut bob) = two(address);
    let (a, b) = (alice.name.clone(), bob.name.clone());
    bob.send("half of a li");
    alice.expect_bytes(format!("{b}说half of a li"));
    bob.reset();
    server.printed.wait_for("read ECONNRESET");
    server.printed.wait_for(&format!("{b}退出聊天室"));
    alice.send("anybody here?\n");
    alice.end_input();
    assert_eq!(alice.rest(), "", "she hears nothing of that");
    server.printed.wait_for(&format!("{a}退出聊天室"));
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn the_ancestors_memory_grows_with_what_a_client_does_not_read() {
    if !is_inside("ancestors_mistakes::the_ancestors_memory_grows_with_what_a_client_does_not_read") {
        return;
    }
    let (server, address) = node_server();
    let (_slow, mut alice) = two(address);
    let before = server.resident_bytes();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..96 {
        alice.send(&block);
    }
    alice.end_input();
    assert_eq!(alice.rest(), "");
    let grown = server.resident_bytes().saturating_sub(before);
    println!("96 MiB that one client does not read: the ancestor holds {} MiB more", grown >> 20);
    assert!(grown > 64 << 20, "the ancestor holds {grown} bytes more");
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn a_second_ancestor_on_the_port_ends_as_if_all_were_well() {
    if !is_inside("ancestors_mistakes::a_second_ancestor_on_the_port_ends_as_if_all_were_well") {
        return;
    }
    let (_server, _) = node_server();
    let mut second = Program::start(Command::new("node").arg(program("node-server.js")));
    assert_eq!(second.wait().code(), Some(0));
    assert_eq!(second.lines(), ["listen EADDRINUSE: address already in use 127.0.0.1:3000"]);
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn without_file_descriptors_the_ancestor_drops_clients_without_a_word() {
    if !is_inside("ancestors_mistakes::without_file_descriptors_the_ancestor_drops_clients_without_a_word") {
        return;
    }
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40 && exec node \"$0\""]).arg(program("node-server.js"));
    let (_server, address) = node_server_by(&mut command);
    let mut clients: Vec<Client> = (0..60).map(|_| Client::connect(address)).collect();
    assert_eq!(clients.last_mut().unwrap().rest(), "");
}
