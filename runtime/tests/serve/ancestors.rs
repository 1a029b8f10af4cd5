//! The programs that Parlor comes from, unchanged: the first ancestor's server and client in Node, the second
//! one's server in Python. They are not in this repository.

use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Server, parlor};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// Where they are, if not beside this repository.
const DIRECTORY: &str = "PARLOR_ANCESTORS";

/// One of the ancestors' programs.
pub fn program(name: &str) -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/seeds");
    let directory = std::env::var_os(DIRECTORY).map_or_else(|| beside.into(), PathBuf::from);
    let path = directory.join(name);
    let is_there = path.is_file();
    assert!(is_there, "this test needs the ancestors' {name}; there is no {path:?}: set {DIRECTORY}");
    path
}

/// The first ancestor's server, which listens.
pub fn node_server() -> (Program, SocketAddr) {
    node_server_by(Command::new("node").arg(program("node-server.js")))
}

/// The first ancestor's server as this command starts it.
pub fn node_server_by(command: &mut Command) -> (Program, SocketAddr) {
    let server = Program::start(command);
    server.printed.wait_for("服务器已启动,监听127.0.0.1:3000");
    (server, ([127, 0, 0, 1], 3000).into())
}

/// The first ancestor's client, of the server on 127.0.0.1:3000.
pub fn node_client() -> Program {
    Program::start(Command::new("node").arg(program("node-client.js")))
}

/// What Parlor's greeting in Chinese calls a client.
fn name(client: &Program) -> String {
    let greeting = client.printed.wait_for("* 您是 ");
    let (name, _) = greeting.strip_prefix("* 您是 ").unwrap().split_once('，').unwrap();
    name.to_owned()
}

#[test]
#[ignore = "needs node, nc and the ancestors' programs"]
fn the_ancestors_client_chats_through_parlor_with_another_and_with_nc() {
    if !is_inside("ancestors::the_ancestors_client_chats_through_parlor_with_another_and_with_nc") {
        return;
    }
    // Where the ancestor's client looks for a server, one listens by default.
    let mut command = parlor();
    command.args(["serve", "--lang", "zh"]);
    let mut server = Server::start_command(command);

    let mut alice = node_client();
    let a = name(&alice);
    let mut bob = node_client();
    let b = name(&bob);
    alice.printed.wait_for(&format!("欢迎{b}进入聊天室"));
    let mut carol = Program::start(Command::new("nc").args(["127.0.0.1", "3000"]));
    let c = name(&carol);
    alice.printed.wait_for(&format!("欢迎{c}进入聊天室"));
    bob.printed.wait_for(&format!("欢迎{c}进入聊天室"));

    alice.enter("大家好");
    bob.printed.wait_for(&format!("{a}说大家好"));
    carol.printed.wait_for(&format!("{a}说大家好"));
    bob.enter("你好,我也是 Node 的客户端");
    alice.printed.wait_for(&format!("{b}说你好,"));
    carol.printed.wait_for(&format!("{b}说你好,"));
    carol.enter("我用的是 nc");
    alice.printed.wait_for(&format!("{c}说我用的是 nc"));
    bob.printed.wait_for(&format!("{c}说我用的是 nc"));

    carol.signal(Signal::INT);
    alice.printed.wait_for(&format!("{c}退出聊天室"));
    bob.printed.wait_for(&format!("{c}退出聊天室"));
    bob.signal(Signal::INT);
    alice.printed.wait_for(&format!("{b}退出聊天室"));
    server.signal(Signal::TERM);
    alice.printed.wait_for("已退出聊天室");
    alice.end_input();
    assert_eq!(alice.wait().code(), Some(0));
    assert_eq!(server.wait().code(), Some(0));

    let heard = [
        format!("欢迎{b}进入聊天室"),
        format!("欢迎{c}进入聊天室"),
        format!("{b}说你好,我也是 Node 的客户端"),
        format!("{c}说我用的是 nc"),
        format!("{c}退出聊天室"),
        format!("{b}退出聊天室"),
        "* 连接关闭：服务器即将停止".to_owned(),
        "已退出聊天室".to_owned(),
    ];
    assert_eq!(alice.lines()[1..], heard, "after the greeting");
    let heard = [
        format!("欢迎{c}进入聊天室"),
        format!("{a}说大家好"),
        format!("{c}说我用的是 nc"),
        format!("{c}退出聊天室"),
    ];
    assert_eq!(bob.lines()[1..], heard, "after the greeting");
    let heard = [format!("{a}说大家好"), format!("{b}说你好,我也是 Node 的客户端")];
    assert_eq!(carol.lines()[1..], heard, "after the greeting");
}
