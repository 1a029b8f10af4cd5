//! The first ancestor's clients, and `nc`, in a room of Parlor.

use crate::ancestors::{name_of, node_client};
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Server, parlor};
use rustix::process::Signal;
use std::process::Command;

#[test]
#[ignore = "needs node, nc and the ancestors' programs"]
fn the_ancestors_client_chats_through_parlor_with_another_and_with_nc() {
    if !is_inside("ancestors_clients::the_ancestors_client_chats_through_parlor_with_another_and_with_nc") {
        return;
    }
    // The ancestor's client connects to the address that Parlor listens on by default.
    let mut command = parlor();
    command.args(["serve", "--lang", "zh"]);
    let mut server = Server::start_command(command);

    let mut alice = node_client();
    let a = name_of(&alice);
    let mut bob = node_client();
    let b = name_of(&bob);
    alice.printed.wait_for(&format!("欢迎{b}进入聊天室"));
    let mut carol = Program::start(Command::new("nc").args(["127.0.0.1", "3000"]));
    let c = name_of(&carol);
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
        "* 连接关闭：服务器即将关闭".to_owned(),
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
