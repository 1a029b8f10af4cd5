//! Parlor's client, `parlor chat`, connected to the ancestor's server.

use crate::ancestors::{node_client, node_server};
use crate::ancestors_session::message_end;
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Client, parlor};
use std::net::SocketAddr;

/// Starts `parlor chat` in pipes, where it passes on input and output unchanged.
fn chat(server: SocketAddr) -> Program {
    Program::start(parlor().args(["chat", &server.to_string()]))
}

/// Returns the name of the next member that enters.
fn next_name(watcher: &mut Client) -> String {
    let welcome = watcher.take(message_end);
    let name = welcome.strip_prefix("欢迎").and_then(|rest| rest.strip_suffix("进入聊天室"));
    name.unwrap_or_else(|| panic!("{welcome:?} is no welcome")).to_owned()
}

#[test]
#[ignore = "needs node, nc and the ancestors' programs"]
fn parlor_chat_chats_through_the_ancestors_server() {
    if !is_inside("ancestors_chat::parlor_chat_chats_through_the_ancestors_server") {
        return;
    }
    let (server, address) = node_server();
    let mut watcher = Client::connect(address);
    let mut bob = node_client();
    let b = next_name(&mut watcher);
    let mut alice = chat(address);
    let a = next_name(&mut watcher);
    let mut carol = chat(address);
    let c = next_name(&mut watcher);

    bob.enter("你好");
    // The ancestor's welcome has no line end, and the client adds none.
    alice.printed.wait_for(&format!("欢迎{c}进入聊天室{b}说你好"));
    carol.printed.wait_for(&format!("{b}说你好"));
    alice.enter("大家好,我是 parlor chat");
    bob.printed.wait_for(&format!("{a}说大家好,我是 parlor chat"));
    carol.printed.wait_for(&format!("{a}说大家好,我是 parlor chat"));
    carol.enter("我也是");
    alice.printed.wait_for(&format!("{c}说我也是"));
    bob.printed.wait_for(&format!("{c}说我也是"));

    alice.end_input();
    assert_eq!(alice.wait().code(), Some(0));
    server.printed.wait_for(&format!("{a}退出聊天室"));
    carol.enter("alice 走了");
    bob.printed.wait_for(&format!("{c}说alice 走了"));
    drop(server);
    assert_eq!(carol.wait().code(), Some(3), "the server closed");

    assert_eq!(alice.lines(), [format!("欢迎{c}进入聊天室{b}说你好"), format!("{c}说我也是")]);
    assert_eq!(carol.lines(), [format!("{b}说你好"), format!("{a}说大家好,我是 parlor chat")]);
}
