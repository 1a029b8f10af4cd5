//! In a pipe: bytes unchanged, independent directions, and an exit code for each outcome.

use crate::parties::{Chat, Fake, close, read_all, read_bytes};
use crate::support::{Client, Server, parlor, wait};
use socket2::SockRef;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

/// Bytes of every value, without a line end at the end.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| u8::try_from((n ^ (n / 256)) % 256).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn bytes_pass_exactly_both_ways_and_the_late_ones_too() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    let there = bytes(300_000);
    let mut input = chat.take_input();
    let sent = there.clone();
    let sender = std::thread::spawn(move || input.write_all(&sent).unwrap());
    // The server sends only after the end of the input has closed the client's sending side.
    assert!(read_all(&mut server) == there, "what the server got");
    sender.join().unwrap();
    let back: Vec<u8> = bytes(200_000).into_iter().rev().collect();
    let talker = std::thread::spawn({
        let back = back.clone();
        move || {
            server.write_all(&back).unwrap();
            close(&server);
        }
    });
    let (printed, code) = chat.finish();
    talker.join().unwrap();
    assert!(printed == back, "what was printed");
    assert_eq!(code, Some(0));
    chat.status.wait_for(&format!("parlor: connected to {}", fake.address));
    chat.status.wait_for("parlor: left the chat room");
}

#[test]
fn a_line_from_a_pipe_is_heard_in_the_room() {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    let mut chat = Chat::start(server.address, &[]);
    let joined = bob.line();
    let name = joined.strip_suffix(" joined").unwrap();
    chat.say("hello 世界\na last line without its end");
    chat.end_input();
    bob.expect(format!("{name}: hello 世界"));
    bob.expect(format!("{name}: a last line without its end"));
    bob.expect(format!("{name} left"));
    let (printed, code) = chat.finish();
    assert_eq!(
        text(&printed),
        format!("* your name is {name} and you are in lobby with 1 other; /help lists the commands\n")
    );
    assert_eq!(code, Some(0));
}

#[test]
fn text_without_a_line_end_is_printed_as_it_comes() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    server.write_all("欢迎54321进入聊天室".as_bytes()).unwrap();
    let printed = read_bytes(chat.output.as_mut().unwrap(), "欢迎54321进入聊天室".len());
    assert_eq!(text(&printed), "欢迎54321进入聊天室");
}

#[test]
fn a_direction_that_is_held_up_holds_up_neither_the_other_nor_memory() {
    const MUCH: usize = 48 << 20;
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    let mut talking = server.try_clone().unwrap();
    let talker = std::thread::spawn(move || talking.write_all(&vec![b'x'; MUCH]).unwrap());
    // The input passes although nobody reads the output yet.
    let there = bytes(4 << 20);
    let mut input = chat.take_input();
    let sent = there.clone();
    let sender = std::thread::spawn(move || {
        input.write_all(&sent).unwrap();
        input
    });
    assert!(read_bytes(&mut server, there.len()) == there, "what the server got");
    let input = sender.join().unwrap();
    read_bytes(chat.output.as_mut().unwrap(), MUCH);
    talker.join().unwrap();
    let most = chat.resident_bytes_max();
    assert!(most < 24 << 20, "{most} bytes");
    drop(input);
    assert_eq!(read_all(&mut server), b"");
    close(&server);
    assert_eq!(chat.finish(), (Vec::new(), Some(0)));
}

#[test]
fn a_server_that_closes_first_is_told_of() {
    for (flags, told) in [
        (&[][..], "parlor: the server closed the connection"),
        (&["--lang", "zh"], "parlor: 服务器关闭了连接"),
    ] {
        let fake = Fake::listen();
        let mut chat = Chat::start(fake.address, flags);
        let mut server = fake.accept();
        if !flags.is_empty() {
            assert_eq!(read_bytes(&mut server, 9), b"/lang zh\n");
        }
        server.write_all(b"goodbye").unwrap();
        close(&server);
        assert_eq!(chat.finish(), (b"goodbye".to_vec(), Some(3)));
        chat.status.wait_for(told);
    }
}

#[test]
fn a_connection_that_breaks_is_told_of() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    chat.say("hello\n");
    assert_eq!(read_bytes(&mut server, 6), b"hello\n");
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    assert_eq!(chat.finish().1, Some(3));
    chat.status.wait_for("parlor: the connection broke: ");
}

#[test]
fn whoever_quits_has_left_as_wished() {
    let server = Server::start(&[]);
    let mut chat = Chat::start(server.address, &[]);
    chat.say("/quit\n");
    let (printed, code) = chat.finish();
    assert!(text(&printed).ends_with("* goodbye\n"), "{}", text(&printed));
    assert_eq!(code, Some(0));
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    chat.output = None;
    // Repeated until it notices: another test that starts a program at this moment inherits this end of the pipe, and holds
    // it for a short time.
    while server.write_all(b"is anybody there?\n").is_ok() {}
    assert_eq!(chat.finish().1, Some(0));
    assert_eq!(chat.status.with("").len(), 1, "only that it connected: {:?}", chat.status);
}

#[test]
fn an_output_that_cannot_be_written_is_told_of() {
    let fake = Fake::listen();
    let mut command = parlor();
    command.arg("chat").arg(fake.address.to_string());
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    fake.accept().write_all(b"hello\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let status = text(&output.stderr);
    assert!(status.contains("\nparlor: cannot read the input or write the output: "), "{status}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn nothing_is_sent_that_nobody_asked_for() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    let mut server = fake.accept();
    chat.end_input();
    assert_eq!(text(&read_all(&mut server)), "");
    let mut chat = Chat::start(fake.address, &["--lang", "zh"]);
    let mut server = fake.accept();
    chat.say("hello\n");
    chat.end_input();
    assert_eq!(text(&read_all(&mut server)), "/lang zh\nhello\n", "nobody waits for an answer");
}

#[test]
fn name_and_room_are_in_force_from_the_first_word() {
    let server = Server::start(&[]);
    let mut bob: Client = server.enter();
    bob.send("/join tea\n");
    bob.line();
    let mut chat = Chat::start(server.address, &["--name", "alice", "--room", "tea"]);
    chat.say("hello\n");
    bob.expect("alice joined");
    bob.expect("alice: hello");
}

#[test]
fn an_address_is_written_as_the_listener_has_it_and_names_the_room() {
    let server = Server::start(&[]);
    let mut bob: Client = server.enter();
    bob.send("/join tea\n");
    bob.line();
    for scheme in ["auto://", "plain://", ""] {
        let mut command = parlor();
        command.args(["chat", &format!("{scheme}{}/tea", server.address), "--name", "alice"]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
        assert_eq!(wait(&mut child).code(), Some(0));
        bob.expect("alice joined");
        bob.expect("alice: hello");
        bob.expect("alice left");
    }
}
