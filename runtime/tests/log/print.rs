//! Printing entries and rooms.

use super::support::{Lines, parlor};
use super::{Folder, error, lines, serve, stop};
use serde_json::Value;
use std::process::Stdio;

#[test]
fn the_newest_entries_are_printed_beside_the_server_and_after_its_end() {
    let folder = Folder::new("tail");
    let data = folder.file("data");
    let server = serve(&data);
    let mut alice = server.enter();
    alice.send("/nick alice\nhello \"all\"\n/me waves\n/mode key secret\n");
    for _ in 0..2 {
        alice.line();
    }
    let tail = lines(&data, &["tail", "-n", "4"]);
    assert_eq!(tail.len(), 4, "{tail:?}");
    let parts = [
        " rename name=\"",
        " say name=\"alice\" room=\"lobby\" kind=\"text\" text=\"hello \\\"all\\\"\"",
        " say name=\"alice\" room=\"lobby\" kind=\"action\" text=\"waves\"",
        " set_modes name=\"alice\" room=\"lobby\" modes=[\"+k secret\"]",
    ];
    for (index, (line, part)) in tail.iter().zip(parts).enumerate() {
        assert!(line.starts_with(&format!("{} 20", index + 4)) && line.contains(part), "{line}");
    }
    stop(server);
    let tail = lines(&data, &["tail", "-n", "2"]);
    assert!(tail[0].contains(" leave name=\"alice\" reason=\"") && tail[1].contains(" ended "), "{tail:?}");
    assert_eq!(lines(&data, &["tail", "-n", "100"]).len(), 9);
    assert!(!data.join("log.db-wal").exists(), "the reader leaves nothing behind");
}

#[test]
fn new_entries_are_followed() {
    let folder = Folder::new("follow");
    let data = folder.file("data");
    let server = serve(&data);
    let mut command = parlor();
    command.args(["log", "tail", "-f", "-n", "1", "--data"]).arg(&data).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let tail = Lines::of(child.stdout.take().unwrap());
    tail.wait_for(" configure ");
    let mut alice = server.enter();
    alice.send("first\n");
    tail.wait_for("text=\"first\"");
    alice.send("second\n");
    tail.wait_for("text=\"second\"");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut numbers: Vec<String> =
        tail.wait_for_end().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let count = numbers.len();
    numbers.dedup();
    assert!(count == numbers.len() && count >= 4, "each entry is printed once: {numbers:?}");
}

#[test]
fn a_room_is_shown_as_it_was() {
    let folder = Folder::new("show");
    let data = folder.file("data");
    let server = serve(&data);
    let mut alice = server.enter();
    alice.send("/nick alice\n/topic first\n");
    for _ in 0..2 {
        alice.line();
    }
    // Of another millisecond than what follows.
    let time = |nth: usize| {
        let entry: Value = serde_json::from_str(&lines(&data, &["export"])[nth]).unwrap();
        entry["at"].as_str().unwrap().to_owned()
    };
    let then = time(4);
    while time(lines(&data, &["export"]).len() - 1) == then {
        alice.send("/away\n");
        alice.line();
    }
    alice.send("/topic second\n/nick bob\n");
    for _ in 0..2 {
        alice.line();
    }
    let shown = lines(&data, &["show", "lobby", "--at", &then]);
    assert!(shown[1].starts_with("topic: first (alice, "), "{shown:?}");
    assert_eq!(shown[2..], ["modes: +n", "members: 1", "  alice"], "{shown:?}");
    let shown = lines(&data, &["show", "lobby"]);
    assert!(shown[1].starts_with("topic: second (alice, "), "{shown:?}");
    assert_eq!(shown[4], "  bob", "{shown:?}");
    assert_eq!(lines(&data, &["show", "lobby", "--at", "1h"]), ["there is no room lobby"]);
    assert_eq!(lines(&data, &["show", "nowhere"]), ["there is no room nowhere"]);
    stop(server);
    // From a snapshot, which is not after the time.
    assert_eq!(lines(&data, &["show", "lobby"])[3], "members: 0");
    assert!(lines(&data, &["show", "lobby", "--at", &then])[1].starts_with("topic: first ("));
    assert!(error(&data, &["show", "lobby", "--at", "noon"], 2).contains("--at noon: not a time such as "));
}

#[test]
fn every_entry_is_exported_as_json() {
    let folder = Folder::new("export");
    let data = folder.file("data");
    let server = serve(&data);
    let (mut alice, mut bob) = (server.enter(), server.enter());
    alice.send("/nick alice\n/topic \"茶\"\n/w bob psst\n/kick bob\n/quit bye\n");
    bob.send("/nick bob\n");
    alice.rest();
    drop(bob);
    stop(server);
    let entries: Vec<Value> =
        lines(&data, &["export"]).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(entry["seq"], seq);
        assert!(entry["at"].as_str().unwrap().ends_with('Z') && entry["life"].is_string(), "{entry}");
    }
    let of = |command: &str| {
        let found = entries.iter().find(|entry| entry["command"] == command);
        found.unwrap_or_else(|| panic!("{command} is in {entries:#?}"))
    };
    assert_eq!(of("enter")["room"], "lobby");
    assert_eq!(of("set_topic")["text"], "\"茶\"");
    assert_eq!((&of("leave")["name"], &of("leave")["text"]), (&"alice".into(), &"bye".into()));
    assert_eq!(of("leave")["member"], of("enter")["seq"]);
}

#[test]
fn a_log_that_is_not_there_is_an_error() {
    let folder = Folder::new("none");
    assert!(error(&folder.file("data"), &["tail"], 2).contains("there is no log at "));
    assert!(!folder.file("data").exists());
    std::fs::write(folder.file("text"), "hello").unwrap();
    assert!(error(&folder.file("text"), &["tail"], 2).contains("it is not a log of Parlor"));
    let output = parlor().args(["log", "tail"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--data or PARLOR_DATA"));
}
