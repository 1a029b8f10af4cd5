//! The first ancestor's client among clients of IRC.

use crate::ancestors::{name_of, node_client};
use crate::clients::Person;
use crate::namespace::is_inside;
use crate::support::{Server, parlor};
use rustix::process::Signal;

#[test]
#[ignore = "needs irssi, weechat, tmux, node, a network namespace and the ancestors' programs"]
fn the_ancestors_client_chats_with_irssi_and_weechat() {
    if !is_inside("ancestors_guest::the_ancestors_client_chats_with_irssi_and_weechat") {
        return;
    }
    let mut command = parlor();
    command.args(["serve", "--lang", "zh"]);
    let _server = Server::start_command(command);
    let mut guest = node_client();
    let name = name_of(&guest);
    let alice = Person::with_irssi("alice", "#lobby");
    guest.printed.wait_for("欢迎alice进入聊天室");
    let bob = Person::with_weechat("bob", "#lobby");
    guest.printed.wait_for("欢迎bob进入聊天室");

    guest.enter("大家好");
    alice.sees(&format!("< {name}> 大家好"));
    bob.sees(&format!("{name} | 大家好"));
    alice.enters("你好，老朋友");
    guest.printed.wait_for("alice说你好，老朋友");
    bob.enters("/me 鞠躬");
    guest.printed.wait_for("bob 鞠躬");
    alice.enters("/topic 茶");
    guest.printed.wait_for("茶");
    bob.enters("/quit 再见");
    guest.printed.wait_for("bob退出聊天室");
    guest.signal(Signal::INT);
    alice.sees(&format!("{name} [plain@CLOAK] has quit [Connection closed]"));
}
