//! Passwords are in no byte of a recording.

use super::{Folder, count, record, replayed, stop};
use crate::support::{Client, parlor};
use parlor_protocol::PasswordResult;
use parlor_runtime::recording::Record;
use std::io::Write;
use std::process::Stdio;

/// Returns the hash of a password.
fn hash(password: &str) -> String {
    let mut command = parlor();
    command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Sends bytes one by one, so that they arrive in pieces.
fn send_slowly(client: &mut Client, bytes: &[u8]) {
    for byte in bytes {
        client.send([*byte]);
        std::thread::yield_now();
    }
}

#[test]
fn passwords_are_in_no_byte_and_the_server_does_the_same() {
    let folder = Folder::new("passwords");
    let file = folder.file("recording");
    let (operator, all, gateway) = (hash("olive-grove"), hash("sesame-seed"), hash("garden-gate"));
    let server = record(
        &file,
        &[
            "--operators",
            &format!("bob:{operator}"),
            "--password",
            &all,
            "--webirc-password",
            &gateway,
            "--proxies",
            "127.0.0.1",
            "--listen",
            "auto://127.0.0.1:0",
        ],
    );
    let irc = |pass: &str, name: &str| {
        let mut client = Client::connect(server.address);
        send_slowly(&mut client, format!("{pass}\r\nNICK {name}\r\nUSER u 0 * :{name}\r\n").as_bytes());
        while !client.line().contains(" 001 ") {}
        client
    };
    let mut ann = irc("PASS sesame-seed", "ann");
    ann.send("OPER bob olive-grove\r\nOPER bob wrong-guess\r\nPRIVMSG ann :done\r\n");
    while !ann.line().contains(":done") {}
    let mut wrong = Client::connect(server.address);
    wrong.send("NICK eve\r\nPASS :open-sesame now\r\nUSER u 0 * :eve\r\n");
    wrong.rest();
    let mut ben = irc("@tag=value PASS sesame-seed", "ben");
    send_slowly(&mut ben, b":ben OPER bob  olive-grove\r\nPRIVMSG ben :done\r\n");
    while !ben.line().contains(":done") {}
    stop(server);

    let bytes = std::fs::read(&file).unwrap();
    for password in ["sesame", "seed", "olive", "grove", "wrong-guess", "guess"] {
        assert!(!bytes.windows(password.len()).any(|it| it == password.as_bytes()), "{password}");
    }
    for told in ["PASS xxxxxxxxxxx", "OPER bob xxxxxxxxxxx", "OPER bob xxxxxxxxxxx"] {
        assert!(bytes.windows(told.len()).any(|it| it == told.as_bytes()), "{told}");
    }
    let is = |expected| move |record: &Record<'_>| matches!(record, Record::PasswordChecked(_, it) if *it == expected);
    assert_eq!((count(&file, is(PasswordResult::Right)), count(&file, is(PasswordResult::Wrong))), (4, 2));
    replayed(&file, &[], 0);
}

#[test]
fn typed_passwords_are_in_no_byte_either() {
    let folder = Folder::new("typed");
    let file = folder.file("recording");
    let operator = hash("olive-grove");
    let server = record(&file, &["--operators", &format!("bob:{operator}")]);
    let mut alice = server.enter();
    for line in [
        &b"/oper bob olive-grove\n"[..],
        b"/opre\x08\x08er bob oliwe\x08\x08ve-grove\r\n",
        b"\xFF\xFB\x1F/oper bob olive-grove\n",
        b"wrong line\x15 /OPER  bob  olive-grove\n",
        b"/oper nobody sweet-cherry\n",
    ] {
        send_slowly(&mut alice, line);
    }
    alice.send("/quit\n");
    // The answers to telnet commands are no text.
    std::io::copy(&mut alice.stream, &mut std::io::sink()).unwrap();
    stop(server);
    let bytes = std::fs::read(&file).unwrap();
    for password in ["olive", "oliwe", "grove", "sweet", "cherry"] {
        assert!(!bytes.windows(password.len()).any(|it| it == password.as_bytes()), "{password}");
    }
    replayed(&file, &[], 0);
}
