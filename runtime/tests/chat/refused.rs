//! Requests of the command line that the server refuses: nothing is sent, and the exit code reports it.

use crate::irc::{HASH_OF_RIGHT, Irc};
use crate::parties::{Chat, Fake, close, read_all, read_bytes, read_line};
use crate::support::{Client, Server, parlor};
use std::io::Write;

const REFUSED: Option<i32> = Some(4);

/// Runs a chat with these flags and a line to send, and returns its output and its exit code.
fn refused(server: &Server, flags: &[&str]) -> (Chat, String, Option<i32>) {
    let mut chat = Chat::start(server.address, flags);
    // The client may have ended before this is written.
    chat.take_input().write_all(b"a secret\n").ok();
    let (printed, code) = chat.finish();
    (chat, String::from_utf8(printed).unwrap(), code)
}

/// Asserts that a member is told of a client that joined and left without sending anything.
fn expect_silent_visitor(member: &mut Client) {
    let joined = member.line();
    let name = joined.strip_suffix(" joined").unwrap_or_else(|| panic!("{joined}"));
    member.expect(format!("{name} left"));
}

/// Starts a server for every dialect.
fn server_for_all(flags: &[&str]) -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0"]).args(flags);
    Server::start_command(command)
}

#[test]
fn with_a_name_that_is_taken_nothing_is_said() {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    for taken in ["alice", "Alice", "ALICE"] {
        bob.send(format!("/nick {taken}\n"));
        bob.expect(format!("* you are now {taken}"));
        for (flags, told) in [
            (
                &["--name", "alice"][..],
                format!("parlor: the name alice was refused: the name {taken} is taken; nothing was sent"),
            ),
            (
                &["--name", "alice", "--room", "tea", "--lang", "zh"],
                format!("parlor: 未能使用名字 alice：名字 {taken} 已有人使用；没有发送任何内容"),
            ),
        ] {
            let (chat, printed, code) = refused(&server, flags);
            assert_eq!(code, REFUSED, "{flags:?}: {printed}");
            assert!(!printed.contains("parlor-chat"), "our own question is not shown: {printed}");
            chat.status.wait_for(&told);
            expect_silent_visitor(&mut bob);
        }
    }
}

#[test]
fn a_refusal_is_known_though_the_server_says_it_in_another_language() {
    let server = Server::start(&["--lang", "zh"]);
    let mut bob = Client::connect(server.address);
    bob.send("/nick alice\n/lang en\n");
    while bob.line() != "* switched to English" {}
    let (chat, _, code) = refused(&server, &["--name", "alice"]);
    assert_eq!(code, REFUSED);
    chat.status.wait_for("parlor: the name alice was refused: 名字 alice 已有人使用; nothing was sent");
    expect_silent_visitor(&mut bob);
}

#[test]
fn with_a_room_that_cannot_be_entered_nothing_is_said() {
    let server = server_for_all(&[]);
    let mut op = Irc::enter(server.address, "op", "");
    for (room, mode, why) in [
        ("locked", "+k secret", "requires a key"),
        ("closed", "+i", "is invite-only"),
        ("small", "+l 1", "is full"),
        ("hostile", "+b *!*@*", "banned"),
    ] {
        op.send(&format!("JOIN #{room}\r\nMODE #{room} {mode}\r\nPING done"));
        op.wait_for("PONG");
        let mut bob = Client::connect(server.address);
        bob.send("/nick bob\n");
        while bob.line() != "* you are now bob" {}
        for flags in [&["--room", room][..], &["--name", "alice", "--room", room]] {
            let (chat, printed, code) = refused(&server, flags);
            assert_eq!(code, REFUSED, "{flags:?}: {printed}");
            let told = chat.status.wait_for(&format!("parlor: entering {room} was refused: "));
            assert!(told.contains(why) && told.ends_with("; nothing was sent"), "{told}");
            let joined = bob.line();
            let mut name = joined.strip_suffix(" joined").unwrap();
            if flags.len() > 2 {
                bob.expect(format!("* {name} is now alice"));
                name = "alice";
            }
            bob.expect(format!("{name} left"));
        }
        bob.send("/quit\n");
        bob.rest();
    }
}

#[test]
fn whoever_knows_the_key_enters() {
    let server = server_for_all(&[]);
    let mut op = Irc::enter(server.address, "op", "");
    op.send("JOIN #locked\r\nMODE #locked +k secret\r\nPING done");
    op.wait_for("PONG");
    let mut chat = Chat::start(server.address, &["--name", "alice", "--room", "locked", "--key", "secret"]);
    chat.say("hello\n");
    chat.end_input();
    assert_eq!(chat.finish().1, Some(0));
    op.wait_for(":alice!");
    op.wait_for("PRIVMSG #locked :hello");
    let (chat, _, code) = refused(&server, &["--room", "locked", "--key", "wrong"]);
    assert_eq!(code, REFUSED);
    chat.status.wait_for("parlor: entering locked was refused: ");
}

#[test]
fn a_server_that_lets_one_not_in_has_refused() {
    let with_password = server_for_all(&["--password", HASH_OF_RIGHT]);
    let full = Server::start(&["--connections-max", "1"]);
    let _only = full.enter();
    for flags in [&[][..], &["--name", "alice"], &["--name", "alice", "--room", "tea"]] {
        let (chat, printed, code) = refused(&with_password, flags);
        assert_eq!(code, REFUSED, "{flags:?}: {printed}");
        chat.status.wait_for("parlor: the server did not let you in: this server requires a password");
        let (chat, printed, code) = refused(&full, flags);
        assert_eq!(code, REFUSED, "{flags:?}: {printed}");
        chat.status.wait_for("parlor: the server did not let you in: the server is full");
    }
}

#[test]
fn a_server_that_knows_no_commands_is_told_nothing_but_the_first_one() {
    for (flags, first) in
        [(&["--name", "alice", "--room", "tea"][..], "/nick alice"), (&["--room", "tea"], "/join tea")]
    {
        let fake = Fake::listen();
        let mut chat = Chat::start(fake.address, &[flags, &["--connect-timeout-ms", "300"]].concat());
        chat.say("a secret\n");
        chat.end_input();
        let mut server = fake.accept();
        // Like the ancestor, which announces others without a line end.
        server.write_all("欢迎54321进入聊天室54321说* hello\n".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(read_all(&mut server)).unwrap(), format!("{first}\n"));
        let (printed, code) = chat.finish();
        assert_eq!(String::from_utf8(printed).unwrap(), "欢迎54321进入聊天室54321说* hello\n");
        assert_eq!(code, REFUSED);
        chat.status
            .wait_for(&format!("parlor: the server did not answer {first}; it may not support commands"));
    }
}

#[test]
fn a_refusal_in_unknown_words_is_one() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &["--name", "alice", "--room", "tea"]);
    chat.say("a secret\n");
    chat.end_input();
    let mut server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    server.write_all(b"* somebody else is alice\n").unwrap();
    let question = read_line(&server);
    let word = question.strip_prefix("/who ").unwrap().trim_end();
    server.write_all(format!("* nobody to be found in {word}, I am afraid\nbob: hi\n").as_bytes()).unwrap();
    assert_eq!(read_all(&mut server), b"");
    let (printed, code) = chat.finish();
    assert!(printed.starts_with(b"* somebody else is alice\n"), "{printed:?}");
    assert!(!String::from_utf8(printed).unwrap().contains(word));
    assert_eq!(code, REFUSED);
    chat.status.wait_for("parlor: the name alice was refused: somebody else is alice; nothing was sent");
}

#[test]
fn the_input_goes_to_the_server_when_everything_is_granted() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &["--room", "茶", "--name=小明", "--lang", "zh"]);
    let mut server = fake.accept();
    chat.say("hello\n");
    chat.end_input();
    assert_eq!(read_line(&server), "/lang zh\n");
    assert_eq!(read_line(&server), "/nick 小明\n");
    // A part of the answer is not an answer.
    server.write_all("* 已切换为中文\n* 您已改".as_bytes()).unwrap();
    server.write_all("名为 小明\n".as_bytes()).unwrap();
    assert_eq!(read_line(&server), "/join 茶\n");
    server.write_all("* 您已进入房间 茶，只有您一人\n".as_bytes()).unwrap();
    assert_eq!(read_all(&mut server), b"hello\n");
    close(&server);
    let printed = "* 已切换为中文\n* 您已改名为 小明\n* 您已进入房间 茶，只有您一人\n";
    assert_eq!(chat.finish(), (printed.as_bytes().to_vec(), Some(0)));
}

#[test]
fn a_server_that_closes_before_it_has_granted_anything_is_lost() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &["--name", "alice"]);
    chat.end_input();
    let server = fake.accept();
    assert_eq!(read_line(&server), "/nick alice\n");
    close(&server);
    assert_eq!(chat.finish().1, Some(3));
    chat.status.wait_for("parlor: the server closed the connection");
}

#[test]
fn a_farewell_that_was_not_asked_for_is_no_success() {
    for farewell in [
        "* closed: the server is shutting down\n",
        "* closed: an operator ended your connection: spam\n",
        "* closed: your connection was too slow, and some messages were dropped\n",
        "* 连接关闭：管理员断开了您的连接\n",
        "* closed: for a reason of another version\n",
    ] {
        let fake = Fake::listen();
        let mut chat = Chat::start(fake.address, &[]);
        chat.say("hello\n");
        chat.end_input();
        let mut server = fake.accept();
        assert_eq!(read_all(&mut server), b"hello\n");
        server.write_all(farewell.as_bytes()).unwrap();
        close(&server);
        assert_eq!(chat.finish(), (farewell.as_bytes().to_vec(), Some(3)), "{farewell}");
    }
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    chat.say("/quit\n");
    let mut server = fake.accept();
    assert_eq!(read_bytes(&mut server, 6), b"/quit\n");
    server.write_all(b"* goodbye\n").unwrap();
    close(&server);
    assert_eq!(chat.finish().1, Some(0));
}
