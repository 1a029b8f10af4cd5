//! Servers that go on with a log.

use super::{Folder, count, record, replayed, stop};
use parlor_runtime::recording::Record;

#[test]
fn a_server_that_goes_on_with_a_log_is_replayed_from_where_it_began() {
    let folder = Folder::new("kept");
    let data = folder.file("data");
    let flags = ["--data", data.to_str().unwrap()];
    let server = record(&folder.file("first"), &flags);
    let mut alice = server.enter();
    alice.send("/topic all of it\n");
    alice.line();
    alice.send("hello from before\n");
    stop(server);

    let second = folder.file("second");
    let server = record(&second, &flags);
    let mut bob = server.enter();
    bob.send("/nick bob\n/mode moderated on\n");
    bob.line();
    bob.line();
    // It is read from the store, and the recording has what was read.
    bob.send("/history\n");
    while !bob.line().contains("hello from before") {}
    drop(bob);
    let has_page = |record: &Record<'_>| matches!(record, Record::Fetched(_, page) if page.events.len() == 1);
    stop(server);

    assert_eq!(count(&second, has_page), 1);
    let told = replayed(&second, &["--show", "lobby"], 0);
    assert!(told.contains("room lobby\ntopic: all of it ("), "{told}");
    assert!(told.contains("\nmembers: 0\nthe same: "), "{told}");
    let told = replayed(&second, &["--show", "lobby", "--until", "10"], 0);
    assert!(told.contains("\nmembers: 1\n  bob\n"), "{told}");
    assert!(replayed(&second, &["--show", "nowhere"], 0).contains("there is no room nowhere\n"));
}

#[test]
fn each_call_is_printed_with_what_it_does() {
    let folder = Folder::new("step");
    let file = folder.file("recording");
    let server = record(&file, &[]);
    let (mut alice, mut bob) = (server.enter(), server.enter());
    alice.line();
    alice.send("hello\x1b[1m\n");
    bob.line();
    stop(server);
    let told = replayed(&file, &["--step"], 0);
    let said =
        told.lines().find(|line| line.contains("received") && line.contains("hello\\u{1b}[1m\\n")).unwrap();
    assert!(said.starts_with('#'), "{said}");
    assert!(told.contains(&format!("  write c1.0 \"{}: hello", alice.name)), "{told}");
}
