//! The lines that members of a room receive, over real sockets; above all, the cases that the ancestor got wrong.

use crate::support::{Client, Server, address_in};
use std::net::SocketAddr;

/// Connects two members to one room, and waits until the first has been told of the second.
fn two(server: &Server) -> (Client, Client) {
    let mut first = server.enter();
    let second = server.enter();
    first.expect(format!("{} joined", second.name));
    (first, second)
}

#[test]
fn a_line_is_heard_by_the_others_and_not_by_its_writer() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    alice.send("hello\n");
    bob.expect(format!("{}: hello", alice.name));
    bob.send("hello yourself\n");
    alice.expect(format!("{}: hello yourself", bob.name));
}

#[test]
fn whoever_leaves_is_noted() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    bob.send("a last line without its end");
    bob.end_input();
    alice.expect(format!("{}: a last line without its end", bob.name));
    alice.expect(format!("{} left", bob.name));
    assert_eq!(bob.rest(), "");
    server.log.wait_for(&format!("{} left: end of input", bob.name));
}

#[test]
fn the_ancestors_words_are_spoken_in_chinese() {
    let server = Server::start(&["--greeting", "off", "--lang", "zh"]);
    let mut alice = Client::connect(server.address);
    server.log.wait_for(&format!("欢迎{}进入聊天室", alice.name));
    let mut bob = Client::connect(server.address);
    alice.expect(format!("欢迎{}进入聊天室", bob.name));
    bob.send("你好,世界\n");
    alice.expect(format!("{}说你好,世界", bob.name));
    alice.send("再见\n");
    bob.expect(format!("{}说再见", alice.name));
    bob.end_input();
    alice.expect(format!("{}退出聊天室", bob.name));
    server.log.wait_for(&format!("{}退出聊天室", bob.name));
}

#[test]
fn half_a_line_is_no_message() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    alice.send("half a ");
    // The half line reaches the server before bob's line: alice's next word comes after that.
    bob.send("between\n");
    alice.expect(format!("{}: between", bob.name));
    alice.send("line\n");
    bob.expect(format!("{}: half a line", alice.name));
}

#[test]
fn ten_lines_in_one_chunk_are_ten_messages() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    let chunk: String = (0..10).map(|n| format!("line {n}\r\n")).collect();
    alice.send(chunk);
    for n in 0..10 {
        bob.expect(format!("{}: line {n}", alice.name));
    }
}

#[test]
fn a_character_that_is_cut_in_two_arrives_whole() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    let text = "世界\n".as_bytes();
    for (n, byte) in text.iter().enumerate() {
        alice.send([*byte]);
        if n + 1 < text.len() {
            bob.send(format!("{n}\n"));
            alice.expect(format!("{}: {n}", bob.name));
        }
    }
    bob.expect(format!("{}: 世界", alice.name));
}

#[test]
fn one_bad_byte_hurts_nobody() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    alice.send(b"caf\xe9 \xc3\n");
    bob.expect(format!("{}: caf\u{FFFD} \u{FFFD}", alice.name));
    alice.send("still here\n");
    bob.expect(format!("{}: still here", alice.name));
}

#[test]
fn two_hosts_with_one_port_number_are_two_people() {
    let server = Server::start(&[]);
    let mut alice = Client::connect_from("127.0.0.2:0".parse().unwrap(), server.address);
    let port = alice.stream.local_addr().unwrap().port();
    alice.expect(format!("* your name is {port} and you are alone in lobby; /help lists the commands"));
    let mut bob = Client::connect_from(([127, 0, 0, 3], port).into(), server.address);
    alice.expect(format!("{port}-2 joined"));
    bob.line();
    alice.send("one\n");
    bob.expect(format!("{port}: one"));
    bob.send("two\n");
    alice.expect(format!("{port}-2: two"));
    bob.end_input();
    alice.expect(format!("{port}-2 left"));
}

#[test]
fn a_reset_in_the_middle_of_a_line_is_a_leave() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = two(&server);
    let name = bob.name.clone();
    bob.send("a line and\nhalf of anoth");
    alice.expect(format!("{name}: a line and"));
    bob.reset();
    alice.expect(format!("{name} left"));
    server.log.wait_for(&format!("{name} left: connection lost"));
    let bob = server.enter();
    alice.expect(format!("{} joined", bob.name));
}

#[test]
fn ten_megabytes_without_a_line_end_become_one_line() {
    let server = Server::start(&["--rate-lines", "0"]);
    let (mut alice, mut bob) = two(&server);
    let before = server.resident_bytes();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..10 {
        alice.send(&block);
    }
    alice.send("\nafter\n");
    let dropped = (10 << 20) - 4_096;
    bob.expect(format!("{}: {}", alice.name, "x".repeat(4_096)));
    bob.expect(format!("{}: after", alice.name));
    alice.expect(format!("* your line was {dropped} bytes too long and was cut; the limit is 4096 bytes"));
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 2 << 20, "the server holds {grown} bytes more");
}

#[test]
fn a_fast_writer_is_slowed_down_and_loses_nothing() {
    let server = Server::start(&["--rate-lines", "200", "--rate-burst", "10"]);
    let (mut alice, mut bob) = two(&server);
    let lines: String = (0..100).map(|n| format!("{n}\n")).collect();
    alice.send(lines);
    for n in 0..100 {
        bob.expect(format!("{}: {n}", alice.name));
    }
}

#[test]
fn a_listener_leads_to_its_room() {
    let server = Server::start(&["--listen", "plain://127.0.0.1:0/茶", "--listen", "plain://127.0.0.1:0/-"]);
    let addresses: Vec<SocketAddr> =
        server.log.wait_for_all("listening on ", 3).iter().map(|record| address_in(record)).collect();
    let mut tea = Client::connect(addresses[1]);
    tea.expect(format!("* your name is {} and you are alone in 茶; /help lists the commands", tea.name));
    let mut nowhere = Client::connect(addresses[2]);
    nowhere.expect(format!(
        "* your name is {} and you are in no room; /join ROOM enters one, /help lists the commands",
        nowhere.name
    ));
    nowhere.send("/join 茶\n");
    tea.expect(format!("{} joined", nowhere.name));
    nowhere.expect("* you have entered 茶; 1 other is here");
}
