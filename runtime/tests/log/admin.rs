//! Asking a running server.

use super::support::{DEADLINE, parlor};
use super::{Folder, lines, serve, stop};
use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Output;

fn ask(data: &Path, arguments: &[&str]) -> Output {
    parlor().arg("admin").args(arguments).arg("--data").arg(data).output().unwrap()
}

/// Returns what is printed if the server answers.
fn answer(data: &Path, arguments: &[&str]) -> String {
    let output = ask(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the message if it does not.
fn error(data: &Path, arguments: &[&str]) -> String {
    let output = ask(data, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn connect(data: &Path) -> UnixStream {
    let stream = UnixStream::connect(data.join("admin.sock")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Returns what comes until the server closes.
fn rest(mut stream: UnixStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    // A reset is an end, too.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn the_status_of_a_running_server_is_told() {
    let folder = Folder::new("status");
    let data = folder.file("data");
    assert!(error(&data, &["status"]).contains("no server runs in "));
    let server = serve(&data);
    assert_eq!(fs::metadata(data.join("admin.sock")).unwrap().mode() & 0o777, 0o600);
    let (_alice, mut bob) = (server.enter(), server.enter());
    bob.send("/join kitchen\n");
    bob.line();
    let status = answer(&data, &["status"]);
    let version = format!("version: {}\n", env!("CARGO_PKG_VERSION"));
    for line in [
        &*version,
        "uptime: ",
        "connections: 2\n",
        "members: 2\n",
        "rooms: 2\n",
        "log position: 5\n",
        "synced position: ",
        "size in bytes: ",
        "newest snapshot: none\n",
    ] {
        assert!(status.contains(line), "{line} {status}");
    }
    stop(server);
    assert!(!data.join("admin.sock").exists());
    assert!(error(&data, &["status"]).contains("no server runs in "));
    // The socket of a server that was killed is in nobody's way.
    let mut server = serve(&data);
    server.signal(Signal::KILL);
    server.wait();
    assert!(data.join("admin.sock").exists());
    assert!(error(&data, &["status"]).contains("no server runs in "));
    let _server = serve(&data);
    assert!(answer(&data, &["status"]).contains("newest snapshot: 8\n"));
}

#[test]
fn a_running_server_backs_its_log_up() {
    let folder = Folder::new("admin-backup");
    let data = folder.file("data");
    let server = serve(&data);
    let mut alice = server.enter();
    alice.send("/topic kept\n");
    alice.line();
    let file = folder.file("backup");
    let name = file.to_str().unwrap();
    assert_eq!(answer(&data, &["backup", name]), "");
    assert!(error(&data, &["backup", name]).contains("exists, and nothing is overwritten"));
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(lines(&file, &["export"]), lines(&data, &["export"]));
    // Relative to where it is asked.
    let mut command = parlor();
    command.args(["admin", "backup", "here"]).current_dir(&folder.0).arg("--data").arg(&data);
    assert!(command.status().unwrap().success() && folder.file("here").exists());
}

#[test]
fn hostile_bytes_at_the_socket_do_no_harm() {
    let folder = Folder::new("hostile");
    let data = folder.file("data");
    let server = serve(&data);
    let mut alice = server.enter();
    let cases: [(&[u8], &str); 8] = [
        (b"\n", "unknown request"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"status now\n", "unknown request"),
        (b"backup here\n", "unknown request"),
        (b"backup /\0\n", "cannot write"),
        (b"backup /nowhere/at/all\n", "cannot write"),
        (b"{\"status\":[[[[", "no end"),
        (b"STATUS\r\n", "unknown request"),
    ];
    for (bytes, expected) in cases {
        let mut stream = connect(&data);
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answer = rest(stream);
        assert!(answer.starts_with("{\"error\":\"") && answer.contains(expected), "{bytes:?}: {answer}");
    }
    // Without an end.
    let mut stream = connect(&data);
    let sent = stream.write_all(&vec![b'x'; 1 << 20]);
    assert!(sent.is_err() || rest(stream).contains("too long"));
    // Connections that say nothing, and those that are one too many.
    let silent: Vec<UnixStream> = (0..8).map(|_| connect(&data)).collect();
    assert!(rest(connect(&data)).contains("too many connections"));
    assert!(error(&data, &["status"]).contains("too many connections"));
    for stream in silent {
        assert!(rest(stream).contains("took too long"));
    }
    assert!(answer(&data, &["status"]).contains("members: 1\n"));
    alice.send("/topic all is well\n");
    assert!(alice.line().contains("all is well"));
}
