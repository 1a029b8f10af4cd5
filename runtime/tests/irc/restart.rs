//! A server that stops and is replaced by another one.

use crate::clients::{Person, nc, server};
use crate::namespace::is_inside;
use rustix::process::Signal;

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn clients_of_irc_come_back_by_themselves_when_the_server_does() {
    if !is_inside("restart::clients_of_irc_come_back_by_themselves_when_the_server_does") {
        return;
    }
    let mut first = server();
    let bob = Person::with_weechat("bob", "#lobby");
    let alice = Person::with_irssi("alice", "#lobby");
    bob.enters("before 之前");
    alice.sees("< bob> before 之前");
    first.signal(Signal::TERM);
    assert_eq!(first.wait().code(), Some(0));
    bob.sees("irc: disconnected from server");
    alice.sees("Connection lost to 127.0.0.1");

    let _second = server();
    bob.sees_below("irc: disconnected from server", "has joined #lobby");
    alice.sees_below("Connection lost to 127.0.0.1", "has joined #lobby");
    // Whichever client enters first, both see both names.
    let mut carol = nc("carol");
    carol.enter("/who");
    let who = carol.printed.wait_for("* 3 people in lobby: ");
    assert!(who.contains("alice") && who.contains("bob"), "{who}");
    bob.enters("after, 之后");
    alice.sees("< bob> after, 之后");
    carol.printed.wait_for("bob: after, 之后");
    alice.enters("afterwards, 后来");
    bob.sees("alice | afterwards, 后来");
    carol.printed.wait_for("alice: afterwards, 后来");
}
