//! A connection that is lost on a terminal, and restored.

use crate::parties::{Chat, Fake, close, read_all, read_line};
use crate::pty::Pty;
use crate::support::{Client, Server};
use socket2::SockRef;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Resets the connection from the server's side.
fn break_off(server: TcpStream) {
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
}

/// Grants the client's requests: the name alice and the room tea.
fn grant(server: &mut TcpStream) {
    assert_eq!(read_line(server), "/nick alice\n");
    server.write_all(b"* you are now alice\n").unwrap();
    assert_eq!(read_line(server), "/join tea\n");
    server.write_all(b"* you have entered tea; nobody else is here\n").unwrap();
}

/// Starts a server controlled by the test, and alice's client, which is in tea.
fn alice_in_tea(flags: &[&str]) -> (Fake, TcpStream, Pty) {
    let fake = Fake::listen();
    let address = fake.address.to_string();
    let arguments = [&[address.as_str(), "--name", "alice", "--room", "tea"], flags].concat();
    let alice = Pty::chat(&arguments);
    let mut server = fake.accept();
    grant(&mut server);
    (fake, server, alice)
}

#[test]
fn a_lost_connection_is_made_again_under_the_same_name_in_the_same_room() {
    for (flags, lost, back) in [
        (&[][..], "the server closed the connection", "reconnected after "),
        (&["--lang", "zh"], "服务器关闭了连接", "已重新连接，中断了 "),
    ] {
        let fake = Fake::listen();
        let address = fake.address.to_string();
        let mut alice = Pty::chat(&[&[address.as_str()], flags].concat());
        for round in 0..2 {
            let mut server = fake.accept();
            if !flags.is_empty() {
                assert_eq!(read_line(&server), "/lang zh\n");
            }
            if round == 0 {
                // The server's last confirmation counts, not the command line.
                alice.type_in("/nick alice\r/join tea\r");
                grant(&mut server);
                alice.wait_for("you have entered tea; nobody else is here");
                close(&server);
                alice.wait_for(&format!("parlor: {lost}"));
            } else {
                grant(&mut server);
                alice.wait_for(&format!("parlor: {back}"));
                alice.wait_for("/history");
                alice.type_in("hello\r");
                assert_eq!(read_line(&server), "hello\n");
            }
        }
    }
}

#[test]
fn a_server_that_starts_again_has_its_people_back() {
    let mut server = Server::start(&[]);
    let address = server.address;
    let mut alice = Pty::chat(&[&address.to_string(), "--name", "alice"]);
    alice.wait_for("you are now alice");
    server.signal(rustix::process::Signal::TERM);
    alice.wait_for("* closed: the server is shutting down");
    alice.wait_for("parlor: reconnecting");
    server.wait();
    let mut command = crate::support::parlor();
    command.args(["serve", "--listen", &format!("plain://{address}")]);
    let _server = Server::start_command(command);
    alice.wait_for("parlor: reconnected after ");
    let mut bob = Client::connect(address);
    bob.send("/who\n");
    while !bob.line().contains("alice") {}
    alice.type_in("\x04");
    alice.wait_for("parlor: left the chat room");
    assert_eq!(alice.finish(), Some(0));
}

#[test]
fn what_is_typed_meanwhile_is_kept_and_not_sent() {
    let (fake, server, mut alice) = alice_in_tea(&[]);
    alice.type_in("half");
    alice.wait_for("> half");
    break_off(server);
    alice.wait_for("parlor: the connection broke: ");
    alice.wait_for("(not connected) > half");
    alice.type_in(" typed\r");
    alice.wait_for("parlor: not connected, so your line was not sent");
    alice.wait_for("(not connected) > half typed");
    // Pastes are kept like typed lines.
    alice.paste("one\ntwo\n");
    alice.wait_for("send 2 lines? [y/N]");
    alice.type_in("y");
    alice.wait_for("parlor: nothing was sent");
    let mut server = fake.accept();
    grant(&mut server);
    alice.wait_for("parlor: reconnected after ");
    alice.wait_for("> half typed");
    alice.type_in("\r/quit\r");
    assert_eq!(read_line(&server), "half typed\n");
    assert_eq!(read_line(&server), "/quit\n");
    close(&server);
    assert_eq!(alice.finish(), Some(0));
}

#[test]
fn a_name_that_the_lost_connection_still_has_is_asked_for_again() {
    let (fake, server, mut alice) = alice_in_tea(&[]);
    break_off(server);
    let mut server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    server.write_all(b"* the name alice is taken\n").unwrap();
    let question = read_line(&server);
    let word = question.strip_prefix("/who ").unwrap();
    server.write_all(format!("* nobody is in {word}").as_bytes()).unwrap();
    alice.wait_for("parlor: the name alice is not available yet (the name alice is taken)");
    // On the same connection: a new one would be announced to others.
    grant(&mut server);
    alice.wait_for("parlor: reconnected after ");
}

#[test]
fn a_room_that_is_closed_meanwhile_ends_it() {
    let (fake, server, mut alice) = alice_in_tea(&[]);
    break_off(server);
    let mut server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    server.write_all(b"* you are now alice\n").unwrap();
    assert_eq!(read_line(&server), "/join tea\n");
    server.write_all(b"* tea is invite-only; an operator of tea must invite you\n").unwrap();
    let question = read_line(&server);
    let word = question.strip_prefix("/who ").unwrap();
    server.write_all(format!("* nobody is in {word}").as_bytes()).unwrap();
    alice
        .wait_for("parlor: entering tea was refused: tea is invite-only; an operator of tea must invite you");
    assert_eq!(alice.finish(), Some(4));
}

#[test]
fn whoever_was_put_out_does_not_come_back() {
    for farewell in [
        "* closed: an operator ended your connection: spam\n",
        "* 连接关闭：管理员断开了您的连接\n",
        "* closed: for a reason of another version\n",
    ] {
        let (fake, mut server, mut alice) = alice_in_tea(&[]);
        server.write_all(farewell.as_bytes()).unwrap();
        close(&server);
        alice.wait_for("parlor: the server closed the connection");
        assert_eq!(alice.finish(), Some(3), "{farewell}");
        assert!(!fake.has_visitor());
    }
}

#[test]
fn a_server_that_is_full_is_tried_again_by_whoever_was_in_it() {
    // With a name, the server refuses before it confirms; without one, after all requests are granted.
    for flags in [&[][..], &["--name", "alice"]] {
        let fake = Fake::listen();
        let address = fake.address.to_string();
        let mut alice = Pty::chat(&[&[address.as_str()], flags].concat());
        let grant_name = |server: &mut TcpStream| {
            if !flags.is_empty() {
                assert_eq!(read_line(server), "/nick alice\n");
                server.write_all(b"* you are now alice\n").unwrap();
            }
        };
        let mut server = fake.accept();
        grant_name(&mut server);
        alice.wait_for("> ");
        close(&server);
        alice.wait_for("parlor: reconnecting");
        let mut server = fake.accept();
        server.write_all(b"* closed: the server is full; try again later\n").unwrap();
        close(&server);
        let mut server = fake.accept();
        grant_name(&mut server);
        alice.wait_for("parlor: reconnected after ");
    }
}

#[test]
fn without_reconnecting_a_lost_connection_is_the_end() {
    let (fake, server, mut alice) = alice_in_tea(&["--no-reconnect"]);
    close(&server);
    alice.wait_for("parlor: the server closed the connection");
    assert_eq!(alice.finish(), Some(3));
    assert!(!fake.has_visitor());
}

#[test]
fn in_a_pipe_a_lost_connection_is_the_end() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let server = fake.accept();
    close(&server);
    assert_eq!(chat.finish().1, Some(3));
    assert!(!fake.has_visitor());
}

#[test]
fn whoever_does_not_wait_leaves() {
    for leave in ["\x03", "\x04", "/quit\r", " /Bye for today\r", "／quit\r"] {
        let (_fake, server, mut alice) = alice_in_tea(&[]);
        close(&server);
        alice.wait_for("(not connected) > ");
        alice.type_in(leave);
        alice.wait_for("parlor: left before the connection was restored");
        assert_eq!(alice.finish(), Some(3), "{leave:?}");
    }
}

#[test]
fn whoever_leaves_is_not_brought_back() {
    let (fake, mut server, mut alice) = alice_in_tea(&[]);
    alice.wait_for("you have entered tea; nobody else is here");
    alice.type_in("\x04");
    assert_eq!(read_all(&mut server), b"");
    close(&server);
    alice.wait_for("parlor: left the chat room");
    assert_eq!(alice.finish(), Some(0));
    assert!(!fake.has_visitor());
}

#[test]
fn the_first_connection_that_is_lost_before_anything_is_granted_is_the_end() {
    let fake = Fake::listen();
    let mut alice = Pty::chat(&[&fake.address.to_string(), "--name", "alice"]);
    let server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    close(&server);
    assert_eq!(alice.finish(), Some(3));
    assert!(!fake.has_visitor());
}
