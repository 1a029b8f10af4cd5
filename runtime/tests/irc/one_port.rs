//! One port for every dialect: the first line, or silence, decides the dialect of a connection.

use crate::clients::short;
use crate::support::{Client, Server, parlor};

/// Starts a server whose one port accepts every dialect.
fn server() -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0"]);
    Server::start_command(command)
}

/// Connects a plain client that types at once, under this name.
fn enter(server: &Server, name: &str) -> Client {
    let mut client = Client::connect(server.address);
    client.send(format!("/nick {name}\n"));
    assert!(client.line().starts_with(&format!("* your name is {} and ", client.name)));
    client.expect(format!("* you are now {name}"));
    client.name = name.to_owned();
    client
}

/// Reads messages of an IRC client up to the one with this command.
fn read_up_to(client: &mut Client, command: &str) -> String {
    loop {
        let line = client.line();
        if line.split(' ').nth(1) == Some(command) {
            return line.trim_end_matches('\r').to_owned();
        }
    }
}

#[test]
fn a_request_of_http_is_answered_in_plain_text_and_nobody_enters() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut browser = Client::connect(server.address);
    browser.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n");
    let answer = browser.rest();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(head[0], "HTTP/1.1 200 OK");
    assert!(head.contains(&"Content-Type: text/plain; charset=utf-8"), "{head:?}");
    assert!(head.contains(&format!("Content-Length: {}", body.len()).as_str()), "{head:?}");
    assert!(head.contains(&"Connection: close"), "{head:?}");
    assert!(body.contains("nc HOST PORT"), "{body}");
    let bob = enter(&server, "bob");
    alice.expect(format!("{} joined", bob.stream.local_addr().unwrap().port()));
}

#[test]
fn whoever_is_silent_at_first_is_in_the_room_and_hears_it() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = Client::connect(server.address);
    let greeting =
        format!("* your name is {} and you are in lobby with 1 other; /help lists the commands", bob.name);
    bob.expect(greeting);
    alice.expect(format!("{} joined", bob.name));
    alice.send("hello\n");
    bob.expect("alice: hello");
    bob.send("hello yourself\n");
    alice.expect(format!("{}: hello yourself", bob.name));
}

#[test]
fn a_client_of_irc_registers_and_is_in_no_room_before_it_joins_one() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = Client::connect(server.address);
    bob.send("CAP LS 302\r\nNICK bob\r\nUSER bob 0 * :Bob\r\nCAP END\r\n");
    let welcome = read_up_to(&mut bob, "001");
    assert!(welcome.ends_with(" bob"), "{welcome}");
    server.log.wait_for("bob joined");
    let carol = enter(&server, "carol");
    let port = carol.stream.local_addr().unwrap().port();
    alice.expect(format!("{port} joined"));
    alice.expect(format!("* {port} is now carol"));
    bob.send("JOIN #lobby\r\n");
    read_up_to(&mut bob, "366");
    alice.expect("bob joined");
    alice.send("hello\n");
    assert_eq!(short(&read_up_to(&mut bob, "PRIVMSG")), ":alice!plain@CLOAK PRIVMSG #lobby :hello");
}

#[test]
fn a_client_of_irc_that_is_silent_at_first_is_taken_for_plain_and_registers_all_the_same() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = Client::connect(server.address);
    // It enters when its silence has lasted long enough.
    alice.expect(format!("{} joined", bob.name));
    bob.send("NICK bob\r\nUSER bob 0 * :Bob\r\n");
    alice.expect(format!("{} left", bob.name));
    assert!(
        bob.line().starts_with(&format!("* your name is {} and you are in lobby with 1 other", bob.name))
    );
    let welcome = read_up_to(&mut bob, "001");
    assert!(welcome.ends_with(" bob"), "{welcome}");
    bob.send("JOIN #lobby\r\n");
    alice.expect("bob joined");
    bob.send("PRIVMSG #lobby :hello, 世界\r\n");
    alice.expect("bob: hello, 世界");
    alice.send("welcome\n");
    assert_eq!(short(&read_up_to(&mut bob, "PRIVMSG")), ":alice!plain@CLOAK PRIVMSG #lobby :welcome");
    server.log.wait_for("bob joined");
}

#[test]
fn a_registration_that_comes_in_halves_is_one_though_it_was_silent_between_them() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = Client::connect(server.address);
    bob.send("NI");
    alice.expect(format!("{} joined", bob.name));
    bob.send("CK bob\r\nUSER bob 0 * :Bob\r\n");
    alice.expect(format!("{} left", bob.name));
    read_up_to(&mut bob, "001");
}

#[test]
fn whoever_has_spoken_is_no_client_of_irc_any_more() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = enter(&server, "bob");
    let port = bob.stream.local_addr().unwrap().port();
    alice.expect(format!("{port} joined"));
    alice.expect(format!("* {port} is now bob"));
    bob.send("NICK is what IRC says\n");
    alice.expect("bob: NICK is what IRC says");
}

#[test]
fn a_client_that_begins_with_tls_is_closed_and_nobody_hears_of_it() {
    let server = server();
    let mut alice = enter(&server, "alice");
    let mut bob = Client::connect(server.address);
    // A TLS handshake record with the beginning of a ClientHello.
    bob.send(b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03\n");
    assert_eq!(bob.rest(), "");
    let carol = enter(&server, "carol");
    alice.expect(format!("{} joined", carol.stream.local_addr().unwrap().port()));
}
