//! On a terminal: typing while others talk.

use crate::parties::{Fake, close, read_all, read_bytes};
use crate::support::{Client, Server};
use crate::tmux::Tmux;
use rustix::process::Signal;
use std::io::Write;

/// Starts a server, a member of its lobby, and a client named alice on a terminal of this size.
fn room(columns: u16, rows: u16) -> (Server, Client, Tmux) {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    bob.send("/nick bob\n");
    bob.line();
    let alice = Tmux::chat(columns, rows, &format!("{} --name alice", server.address));
    let joined = bob.line();
    let port = joined.strip_suffix(" joined").unwrap();
    bob.expect(format!("* {port} is now alice"));
    alice.wait_until("alice's name", |screen| screen.concat().ends_with("you are now alice>"));
    (server, bob, alice)
}

#[test]
#[ignore = "needs tmux"]
fn lines_that_come_in_stand_whole_above_the_half_typed_one() {
    let (_server, mut bob, alice) = room(40, 20);
    alice.type_in("half 说了一半");
    alice.wait_for_last(&["> half 说了一半"]);
    let long = "很长的话".repeat(20);
    bob.send(format!("hello\n你好，世界\n{long}\nafter\n"));
    let screen = alice.wait_for("bob: after");
    let rows: Vec<&str> = screen.iter().map(String::as_str).collect();
    let first = rows.iter().position(|row| *row == "bob: hello").unwrap();
    assert_eq!(rows[first + 1], "bob: 你好，世界");
    let last = rows.iter().position(|row| *row == "bob: after").unwrap();
    assert_eq!(rows[first + 2..last].concat(), format!("bob: {long}"));
    assert_eq!(rows[last + 1..], ["> half 说了一半"]);
    alice.type_in("的话");
    alice.press(&["Enter"]);
    bob.expect("alice: half 说了一半的话");
    alice.wait_for_last(&["> half 说了一半的话", ">"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_typed_line_of_several_rows_of_wide_characters_stays_whole() {
    let (_server, mut bob, alice) = room(13, 16);
    alice.type_in("一二三四五六七八九十甲乙丙丁");
    let typed = ["> 一二三四五", "六七八九十甲", "乙丙丁"];
    alice.wait_for_last(&typed);
    for (n, said) in ["a", "b\n宽宽宽宽宽宽宽宽宽宽", "c"].into_iter().enumerate() {
        bob.send(format!("{said}\nsaid {n}\n"));
        alice.wait_for_last(&[&[format!("bob: said {n}").as_str()], &typed[..]].concat());
    }
    // The same with the cursor in the middle of the line.
    alice.press(&["Home", "Right", "Right", "Right"]);
    bob.send("said 3\n");
    alice.wait_for_last(&[&["bob: said 3"], &typed[..]].concat());
    alice.type_in("好");
    let screen = alice.wait_for_last(&["> 一二三好四", "五六七八九十", "甲乙丙丁"]);
    assert_eq!(alice.cursor(), format!("10,{}", screen.len() - 3));
    alice.press(&["Enter"]);
    bob.expect("alice: 一二三好四五六七八九十甲乙丙丁");
    alice.wait_for_last(&[">"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_terminal_that_changes_its_width_keeps_the_typed_line_whole() {
    let (_server, mut bob, alice) = room(30, 16);
    alice.type_in("一二三四五六七八九十甲乙丙丁");
    alice.wait_for_last(&["> 一二三四五六七八九十甲乙丙丁"]);
    alice.resize(14, 16);
    alice.wait_for_last(&["> 一二三四五六", "七八九十甲乙丙", "丁"]);
    bob.send("narrow\n");
    alice.wait_for_last(&["bob: narrow", "> 一二三四五六", "七八九十甲乙丙", "丁"]);
    alice.resize(40, 16);
    bob.send("wide\n");
    alice.wait_for_last(&["bob: wide", "> 一二三四五六七八九十甲乙丙丁"]);
    alice.press(&["Enter"]);
    bob.expect("alice: 一二三四五六七八九十甲乙丙丁");
}

#[test]
#[ignore = "needs tmux"]
fn a_server_that_stops_ends_the_program_while_somebody_types() {
    let server = Server::start(&[]);
    let alice = Tmux::chat(60, 16, &format!("{} --no-reconnect", server.address));
    alice.type_in("never said 没说");
    alice.wait_for_last(&["> never said 没说"]);
    server.signal(Signal::TERM);
    alice.wait_for_last(&[
        "* closed: the server is shutting down",
        "> never said 没说",
        "parlor: the server closed the connection",
        "ended with 3, icanon, echo",
    ]);
}

#[test]
#[ignore = "needs tmux"]
fn text_without_a_line_end_is_shown() {
    let fake = Fake::listen();
    let alice = Tmux::chat(50, 16, &fake.address.to_string());
    let mut server = fake.accept();
    alice.type_in("你");
    alice.wait_for_last(&["> 你"]);
    // Like the ancestor, without a line end, and with a character split in two.
    let welcome = "欢迎54321进入聊天室".as_bytes();
    server.write_all(&welcome[..1]).unwrap();
    server.write_all(&welcome[1..]).unwrap();
    alice.wait_for_last(&["欢迎54321进入聊天室", "> 你"]);
    server.write_all("54321说你好\n".as_bytes()).unwrap();
    alice.wait_until("the next message", |screen| {
        screen.len() > 2
            && screen[screen.len() - 2].ends_with("54321说你好")
            && screen.last().unwrap() == "> 你"
    });
    alice.type_in("好");
    alice.press(&["Enter"]);
    assert_eq!(read_bytes(&mut server, 7), "你好\n".as_bytes());
}

#[test]
#[ignore = "needs tmux"]
fn what_a_terminal_would_obey_is_shown_and_not_obeyed() {
    let fake = Fake::listen();
    let alice = Tmux::chat(60, 16, &fake.address.to_string());
    let mut server = fake.accept();
    server.write_all("first\n\x1b[2J\x1b]0;title\x07\x1b[31m\r\u{9b}2J\u{202e}last\n".as_bytes()).unwrap();
    alice.wait_for_last(&["first", "␛[2J␛]0;title␇␛[31m␍\u{FFFD}2J\u{FFFD}last", ">"]);
}

#[test]
#[ignore = "needs tmux"]
fn leaving_closes_our_side_and_waits_for_the_servers() {
    for key in ["C-d", "C-c"] {
        let fake = Fake::listen();
        let alice = Tmux::chat(60, 16, &fake.address.to_string());
        let mut server = fake.accept();
        alice.wait_for_last(&[">"]);
        alice.press(&[key]);
        assert_eq!(read_all(&mut server), b"");
        server.write_all("* goodbye\n".as_bytes()).unwrap();
        close(&server);
        alice.wait_for_last(&["* goodbye", "parlor: left the chat room", "ended with 0, icanon, echo"]);
    }
}

#[test]
#[ignore = "needs tmux"]
fn a_second_interrupt_does_not_wait_for_the_server() {
    let fake = Fake::listen();
    let alice = Tmux::chat(60, 16, &fake.address.to_string());
    let mut server = fake.accept();
    alice.wait_for_last(&[">"]);
    alice.press(&["C-c"]);
    assert_eq!(read_all(&mut server), b"");
    alice.press(&["C-c"]);
    alice.wait_for_last(&["ended with 130, icanon, echo"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_server_that_never_closes_is_left_at_the_deadline() {
    let fake = Fake::listen();
    let alice = Tmux::chat(60, 16, &fake.address.to_string());
    let mut server = fake.accept();
    alice.wait_for_last(&[">"]);
    alice.press(&["C-d"]);
    assert_eq!(read_all(&mut server), b"");
    alice.wait_for_last(&["parlor: left the chat room", "ended with 0, icanon, echo"]);
}

#[test]
#[ignore = "needs tmux"]
fn quitting_is_leaving_as_wished() {
    let (_server, mut bob, alice) = room(60, 16);
    alice.type_in("/quit");
    alice.press(&["Enter"]);
    bob.expect("alice left");
    alice.wait_for_last(&[
        "> /quit",
        "* goodbye",
        "parlor: left the chat room",
        "ended with 0, icanon, echo",
    ]);
}

#[test]
#[ignore = "needs tmux"]
fn what_was_said_can_be_said_again() {
    let (_server, mut bob, alice) = room(60, 16);
    for said in ["one 一", "two 二"] {
        alice.type_in(said);
        alice.press(&["Enter"]);
        bob.expect(format!("alice: {said}"));
    }
    alice.type_in("draft");
    alice.press(&["Up", "Up"]);
    alice.wait_for_last(&["> one 一"]);
    alice.press(&["BSpace", "Enter"]);
    bob.expect("alice: one ");
    alice.press(&["Up", "Up", "Down", "Down"]);
    alice.wait_for_last(&[">"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_pasted_text_is_asked_about_in_the_place_of_the_typed_line() {
    let (_server, mut bob, alice) = room(60, 16);
    alice.type_in("draft 草稿");
    alice.wait_for_last(&["> draft 草稿"]);
    let lines: String = (0..40).map(|n| format!("line {n} 行\n")).collect();
    alice.paste(&lines);
    alice.wait_for_last(&["send 40 lines? [y/N]"]);
    bob.send("meanwhile\n");
    alice.wait_for_last(&["bob: meanwhile", "send 40 lines? [y/N]"]);
    alice.type_in("y");
    for n in 0..40 {
        bob.expect(format!("alice: line {n} 行"));
    }
    alice.wait_for_last(&["> line 39 行", "> draft 草稿"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_completed_word_stands_in_its_place() {
    let (_server, mut bob, alice) = room(60, 16);
    bob.send("/nick 小明\n你好\n");
    alice.wait_for("小明: 你好");
    alice.type_in("问 小");
    alice.press(&["Tab"]);
    alice.type_in("好");
    alice.wait_for_last(&["> 问 小明 好"]);
    alice.press(&["C-u"]);
    alice.type_in("/m");
    alice.press(&["Tab"]);
    alice.wait_for_last(&["/me  /msg  /mode", "> /m"]);
}

#[test]
#[ignore = "needs tmux"]
fn a_flood_leaves_the_typed_line_whole() {
    const LINES: usize = 5_000;
    let fake = Fake::listen();
    let alice = Tmux::chat(40, 16, &fake.address.to_string());
    let mut server = fake.accept();
    alice.type_in("半句话");
    alice.wait_for_last(&["> 半句话"]);
    for n in 0..LINES {
        server.write_all(format!("line {n} 第{n}行\n").as_bytes()).unwrap();
    }
    let screen = alice.wait_for_last(&[&format!("line {} 第{}行", LINES - 1, LINES - 1), "> 半句话"]);
    let first = LINES - (screen.len() - 1);
    for (row, n) in screen.iter().zip(first..LINES) {
        assert_eq!(*row, format!("line {n} 第{n}行"));
    }
}

#[test]
#[ignore = "needs tmux"]
fn plain_and_a_dumb_terminal_edit_nothing() {
    for (before, flag) in [("", "--plain"), ("TERM=dumb ", "")] {
        let fake = Fake::listen();
        let parlor = env!("CARGO_BIN_EXE_parlor");
        let command = format!("{before}{parlor} chat {} {flag}; echo ended with $?; read wait", fake.address);
        let alice = Tmux::start(60, 16, &command);
        let mut server = fake.accept();
        server.write_all(b"hello\n").unwrap();
        alice.wait_for_last(&[&format!("parlor: connected to {}", fake.address), "hello"]);
        alice.type_in("你好\n");
        assert_eq!(read_bytes(&mut server, 7), "你好\n".as_bytes());
        alice.press(&["C-d"]);
        assert_eq!(read_all(&mut server), b"");
        close(&server);
        alice.wait_for_last(&["hello", "你好", "parlor: left the chat room", "ended with 0"]);
    }
}

#[test]
#[ignore = "needs tmux"]
fn keys_and_lines_that_come_at_once_tear_neither() {
    const LINES: usize = 600;
    let fake = Fake::listen();
    let alice = Tmux::chat(33, 12, &fake.address.to_string());
    let mut server = fake.accept();
    alice.wait_for_last(&[">"]);
    let mut typed = String::from("> ");
    for n in 0..LINES {
        server.write_all(format!("line {n} 宽宽宽\n").as_bytes()).unwrap();
        if n % 40 == 0 {
            let word = ["我们", "abc", "，。", "😀"][n / 40 % 4];
            alice.type_in(word);
            typed += word;
        }
    }
    // The typed line has two rows.
    alice.wait_until("the last line and the typed one", |screen| {
        let last = format!("line {} 宽宽宽", LINES - 1);
        screen.iter().rev().nth(2) == Some(&last) && screen[screen.len() - 2..].concat() == typed
    });
    let everything = alice.everything();
    let first = everything.iter().position(|row| row.starts_with("line 0 ")).unwrap();
    let expected: Vec<String> = (0..LINES).map(|n| format!("line {n} 宽宽宽")).collect();
    assert_eq!(everything[first..everything.len() - 2], expected);
}

/// Starts a shell that has suspended `parlor chat` with "half 一半" typed; returns it with the server and another member.
fn suspended() -> (Server, Client, Tmux) {
    let server = Server::start(&[]);
    let bob = server.enter();
    let shell = Tmux::start(60, 16, "PS1='$ ' sh -i");
    shell.wait_for_last(&["$"]);
    shell.type_in(&format!("{} chat {}\n", env!("CARGO_BIN_EXE_parlor"), server.address));
    shell.wait_for_last(&[">"]);
    shell.type_in("half 一半");
    shell.wait_for_last(&["> half 一半"]);
    shell.press(&["C-z"]);
    shell.wait_for_last(&["$"]);
    (server, bob, shell)
}

#[test]
#[ignore = "needs tmux"]
fn a_suspended_program_gives_the_terminal_back_and_takes_it_again() {
    let (_server, mut bob, shell) = suspended();
    shell.type_in("stty -a | grep -o -- '-*icanon'\n");
    shell.wait_for_last(&["icanon", "$"]);
    let joined = bob.line();
    let name = joined.strip_suffix(" joined").unwrap();
    bob.send("meanwhile\n");
    shell.type_in("fg >/dev/null\n");
    shell.wait_for_last(&[&format!("{}: meanwhile", bob.name), "> half 一半"]);
    shell.press(&["Enter"]);
    bob.expect(format!("{name}: half 一半"));
}

#[test]
#[ignore = "needs tmux"]
fn a_signal_ends_the_program_and_the_terminal_is_as_before() {
    let (_server, _bob, shell) = suspended();
    shell.type_in("kill %1; fg >/dev/null; echo \"ended with $?, $(stty -a | grep -o -- '-*icanon')\"\n");
    shell.wait_for_last(&["> half 一半", "ended with 130, icanon", "$"]);
}
