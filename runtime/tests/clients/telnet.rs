//! GNU telnet, as Debian has it, on a terminal.

use crate::clients::{nc, server};
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::Server;
use crate::tmux::Tmux;

/// A server, somebody with telnet who is in its lobby as alice, and bob, who has `nc`.
fn alice_and_bob() -> (Server, Tmux, Program) {
    let server = server();
    let alice =
        Tmux::start(100, 40, "inetutils-telnet 127.0.0.1 3000; echo \"telnet ended with $?\"; read wait");
    alice.wait_for("alone in lobby");
    enter(&alice, "/nick alice");
    alice.wait_for("* you are now alice");
    let bob = nc("bob");
    alice.wait_for("is now bob");
    (server, alice, bob)
}

fn enter(terminal: &Tmux, line: &str) {
    terminal.type_in(line);
    terminal.press(&["Enter"]);
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn telnet_talks_in_chinese() {
    if !is_inside("telnet::telnet_talks_in_chinese") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob();
    enter(&alice, "你好，世界");
    bob.printed.wait_for("alice: 你好，世界");
    bob.enter("大家好");
    alice.wait_for("bob: 大家好");
}
