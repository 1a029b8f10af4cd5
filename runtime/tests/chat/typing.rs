//! On a terminal: the Tab key, pastes, times, and typing before the requests are granted.

use crate::parties::{Chat, Fake, read_all, read_line};
use crate::pty::Pty;
use crate::support::{Client, Server};
use std::io::Write;

/// Starts a server, with bob in its lobby and alice on a terminal with these flags.
fn room(flags: &[&str]) -> (Server, Client, Pty) {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    bob.send("/nick bob\n");
    bob.line();
    let address = server.address.to_string();
    let mut alice = Pty::chat(&[&[address.as_str(), "--name", "alice"], flags].concat());
    alice.wait_for("alice");
    while !bob.line().ends_with("is now alice") {}
    (server, bob, alice)
}

#[test]
fn tab_completes_names_commands_and_rooms() {
    let (_server, mut bob, mut alice) = room(&[]);
    bob.send("hello\n");
    alice.wait_for("bob: hello");
    alice.type_in("b\t");
    alice.wait_for("> bob: ");
    alice.type_in("hi\r");
    bob.expect("alice: bob: hi");
    alice.type_in("/ni\tcarol\r");
    bob.expect("* alice is now carol");
    bob.send("/join teahouse\n");
    alice.wait_for("bob left");
    alice.type_in("/roo\t\r");
    alice.wait_for("teahouse (1)");
    alice.type_in("/join te\t\r");
    alice.wait_for("you have entered teahouse");
    bob.line();
    bob.expect("carol joined");
}

#[test]
fn where_several_words_fit_they_are_shown() {
    let (_server, _bob, mut alice) = room(&[]);
    alice.type_in("/m\t");
    alice.wait_for("/me  /m");
    alice.wait_for("> /m");
    alice.type_in("x\t");
    alice.wait_for("\x07");
}

#[test]
fn a_paste_of_several_lines_is_said_when_the_user_agrees() {
    for (flags, question) in [
        (&[][..], "send 3 lines, commands among them: 1? [y/N] "),
        (&["--lang", "zh"], "发送 3 行，其中 1 行是命令？[y/N] "),
    ] {
        let (_server, mut bob, mut alice) = room(flags);
        alice.type_in("draft");
        alice.wait_for("> draft");
        for no in ["n", "\r", "\x03", "x"] {
            alice.paste("one\rtwo\r\r/me three\r");
            alice.wait_for(question);
            alice.type_in(no);
            alice.wait_for("parlor: ");
            alice.wait_for("> draft");
        }
        alice.paste("one\ntwo\n\n/me three");
        alice.wait_for(question);
        alice.type_in("y");
        bob.expect("alice: one");
        bob.expect("alice: two");
        bob.expect("** alice three");
        alice.wait_for("> draft");
        alice.type_in("\r");
        bob.expect("alice: draft");
    }
}

#[test]
fn a_paste_while_one_waits_for_an_answer_is_no_answer() {
    let (_server, mut bob, mut alice) = room(&[]);
    // Alice pastes again before she answers. An unmarked paste may begin with the letter of the answer.
    let unmarked: String = (0..9).map(|n| format!("y{n}\r")).collect();
    for (first, second) in [
        ("\x1b[200~one\rtwo\r\x1b[201~", "\x1b[200~yes\rfour\rfive\r\x1b[201~"),
        (&unmarked, &unmarked),
        ("\x1b[200~one\rtwo\r\x1b[201~", &unmarked),
        (&unmarked, "\x1b[200~yes\rfour\rfive\r\x1b[201~"),
    ] {
        alice.type_in(first);
        alice.wait_for("lines? [y/N] ");
        alice.type_in(second);
        alice.wait_for("parlor: nothing was sent");
        alice.wait_for("lines? [y/N] ");
        alice.type_in("n");
        alice.wait_for("parlor: nothing was sent");
        alice.type_in("hello\r");
        bob.expect("alice: hello");
    }
}

#[test]
fn a_paste_of_one_line_is_as_if_it_was_typed() {
    let (_server, mut bob, mut alice) = room(&[]);
    alice.type_in("say: ");
    alice.paste("one\tline\r\n");
    alice.wait_for("> say: one line");
    alice.type_in("!\r");
    bob.expect("alice: say: one line!");
}

#[test]
fn a_paste_that_is_too_long_is_not_said() {
    let (_server, mut bob, mut alice) = room(&[]);
    alice.paste(&"line\n".repeat(501));
    alice.wait_for("parlor: nothing was sent: you can paste at most 500 lines and 64 KiB at once");
    alice.type_in("yes\r");
    bob.expect("alice: yes");
}

#[test]
fn the_end_of_a_paste_that_never_comes_traps_nobody() {
    let (_server, mut bob, mut alice) = room(&[]);
    alice.type_in("\x1b[200~one\r\x04two");
    alice.type_in("\x03");
    alice.wait_for("parlor: nothing was sent");
    alice.type_in("three\r");
    bob.expect("alice: three");
}

#[test]
fn many_lines_at_once_are_a_paste_though_the_terminal_marks_none() {
    let (_server, mut bob, mut alice) = room(&[]);
    // The `y` in the paste is not an answer.
    let lines: String = (0..40).map(|n| format!("y{n}\r")).collect();
    alice.type_in(&lines);
    alice.wait_for("send 40 lines? [y/N] ");
    alice.type_in("y");
    for n in 0..40 {
        bob.expect(format!("alice: y{n}"));
    }
    alice.type_in("one\rtwo\rthree\r");
    for typed in ["one", "two", "three"] {
        bob.expect(format!("alice: {typed}"));
    }
}

#[test]
fn the_time_stands_before_each_line_where_that_is_asked_for() {
    let is_time = |text: &str| {
        let fields: Vec<&str> = text.trim_end().split(':').collect();
        fields.len() == 2 && fields.iter().all(|field| field.len() == 2 && field.parse::<u8>().is_ok())
    };
    let (server, mut bob, mut alice) = room(&["--times"]);
    bob.send("hello\n");
    let before = alice.wait_for("bob: hello");
    assert!(is_time(&before[before.len() - 6..]), "{before:?}");
    let mut piped = Chat::start(server.address, &["--times"]);
    while !bob.line().ends_with(" joined") {}
    bob.send("hello\n");
    bob.send("again\n");
    piped.say("/quit\n");
    let (printed, _) = piped.finish();
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.lines().all(|line| is_time(&line[..6])), "{printed}");
    let (_server, mut bob, mut alice) = room(&[]);
    bob.send("hello\n");
    // Without the option, the line begins where the typed line was erased.
    alice.wait_for("\x1b[Jbob: hello");
}

#[test]
fn what_is_typed_ahead_is_said_when_everything_is_granted() {
    let fake = Fake::listen();
    let mut alice = Pty::chat(&[&fake.address.to_string(), "--name", "alice"]);
    let mut server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    alice.type_in("hello\rworld\r");
    alice.wait_for("> world");
    server.write_all(b"* you are now alice\n").unwrap();
    assert_eq!(read_line(&server), "hello\n");
    assert_eq!(read_line(&server), "world\n");
}

#[test]
fn what_is_typed_ahead_is_not_said_where_something_is_refused() {
    let fake = Fake::listen();
    let mut alice = Pty::chat(&[&fake.address.to_string(), "--name", "alice", "--connect-timeout-ms", "500"]);
    let mut server = fake.accept();
    alice.type_in("hello\r");
    assert_eq!(read_all(&mut server), b"/nick alice\n");
    alice.wait_for("parlor: the server did not answer /nick alice");
    assert_eq!(alice.finish(), Some(4));
}
