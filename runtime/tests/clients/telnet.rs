//! GNU telnet (Debian's) on a terminal, and a terminal that sends every key unedited.

use crate::clients::{nc, server};
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::Server;
use crate::tmux::Tmux;

const TELNET: &str = "inetutils-telnet 127.0.0.1 3000";

/// Terminal modes in which every key is sent as it is pressed, Backspace included. (Enter still ends a line.)
const NC_WITHOUT_EDITING: &str = "stty -icanon -echo && nc 127.0.0.1 3000";

/// Starts a server, alice on a terminal with this command, and bob with `nc`, both in the lobby.
fn alice_and_bob(command: &str) -> (Server, Tmux, Program) {
    let server = server();
    let alice = Tmux::start(100, 40, &format!("{command}; echo \"ended with $?\"; read wait"));
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

/// Gives a command to telnet itself.
fn enter_at_prompt(alice: &Tmux, command: &str) {
    alice.press(&["C-]"]);
    alice.wait_until("telnet's prompt", |screen| screen.last().is_some_and(|row| row == "inetutils-telnet>"));
    enter(alice, command);
}

/// Asserts that bob and alice receive each other's messages, and that bob has received nothing else of hers.
fn talk(alice: &Tmux, bob: &mut Program, said: &[&str]) {
    bob.enter("are you there? 你好吗？");
    alice.wait_for("bob: are you there? 你好吗？");
    enter(alice, "here I am, 我在这里");
    bob.printed.wait_for("alice: here I am, 我在这里");
    let expected: Vec<String> =
        said.iter().chain(&["here I am, 我在这里"]).map(|text| format!("alice: {text}")).collect();
    assert_eq!(bob.printed.with("alice"), expected, "what bob hears of alice");
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn telnet_talks_in_chinese() {
    if !is_inside("telnet::telnet_talks_in_chinese") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(TELNET);
    // Each of these has a byte that is a key without its eighth bit: Ctrl-C, Ctrl-O, Ctrl-Z, Ctrl-\.
    enter(&alice, "佃住佚作");
    bob.printed.wait_for("alice: 佃住佚作");
    // The same with telnet's own Ctrl-], the carriage return and the line feed. By now, telnet transmits binary.
    enter(&alice, "佝位佊");
    bob.printed.wait_for("alice: 佝位佊");
    talk(&alice, &mut bob, &["佃住佚作", "佝位佊"]);
    let rows = alice.screen();
    let own = |text: &str| rows.iter().any(|row| row == text);
    assert!(own("佃住佚作") && own("佝位佊"), "what it types begins at the margin: {rows:?}");
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn telnet_without_an_escape_key_sends_every_character_from_the_first_on() {
    if !is_inside("telnet::telnet_without_an_escape_key_sends_every_character_from_the_first_on") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob("inetutils-telnet -E 127.0.0.1 3000");
    enter(&alice, "佝位佊佃住佚作");
    bob.printed.wait_for("alice: 佝位佊佃住佚作");
    talk(&alice, &mut bob, &["佝位佊佃住佚作"]);
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn ctrl_c_in_telnet_takes_the_line_back_and_its_user_hears_on() {
    if !is_inside("telnet::ctrl_c_in_telnet_takes_the_line_back_and_its_user_hears_on") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(TELNET);
    for _ in 0..3 {
        alice.type_in("half a line");
        alice.wait_until("half a line", |screen| {
            screen.last().is_some_and(|row| row.ends_with("half a line"))
        });
        alice.press(&["C-c"]);
    }
    // telnet shows nothing until the answer to its last timing mark, and everything after it.
    enter(&alice, "/lang en");
    alice.wait_for("switched to English");
    talk(&alice, &mut bob, &[]);
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn signals_from_the_prompt_of_telnet_are_not_said() {
    if !is_inside("telnet::signals_from_the_prompt_of_telnet_are_not_said") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(TELNET);
    let signals = ["abort", "ao", "ayt", "brk", "ec", "el", "eof", "eor", "ga", "ip", "nop", "susp", "synch"];
    let said = [&signals[..], &["do echo", "will naws"]].concat();
    for signal in &said {
        enter_at_prompt(&alice, &format!("send {signal}"));
        // When this arrives, telnet has left its prompt, and Ctrl-] opens it again.
        enter(&alice, signal);
        bob.printed.wait_for(&format!("alice: {signal}"));
    }
    talk(&alice, &mut bob, &said);
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn telnet_asked_for_single_characters_loses_none() {
    if !is_inside("telnet::telnet_asked_for_single_characters_loses_none") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(TELNET);
    enter_at_prompt(&alice, "mode character");
    alice.type_in("helo");
    alice.press(&["BSpace"]);
    enter(&alice, "lo 你好");
    bob.printed.wait_for("alice: hello 你好");
    talk(&alice, &mut bob, &["hello 你好"]);
}

#[test]
#[ignore = "needs GNU telnet, nc, tmux and a network namespace"]
fn a_command_behind_ctrl_d_is_still_a_command() {
    if !is_inside("telnet::a_command_behind_ctrl_d_is_still_a_command") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(TELNET);
    let carol = nc("carol");
    // In the middle of a line, the terminal sends the text typed so far, and no character.
    alice.type_in("/msg carol ");
    alice.press(&["C-d"]);
    enter(&alice, "for you alone");
    carol.printed.wait_for("for you alone");
    // After Ctrl-V, the character itself.
    alice.press(&["C-v", "C-d"]);
    enter(&alice, "/msg carol and this");
    carol.printed.wait_for("and this");
    talk(&alice, &mut bob, &[]);
}

#[test]
#[ignore = "needs nc, tmux and a network namespace"]
fn keys_that_erase_do_so_where_the_terminal_edits_nothing() {
    if !is_inside("telnet::keys_that_erase_do_so_where_the_terminal_edits_nothing") {
        return;
    }
    let (_server, alice, mut bob) = alice_and_bob(NC_WITHOUT_EDITING);
    let lines: [(&[&str], &str); 5] = [
        (&["helo", "BSpace", "lo wrold", "BSpace", "C-h", "BSpace", "C-h", "orld"], "hello world"),
        (&["你好吗", "BSpace", "，世界"], "你好，世界"),
        (&["good evning", "C-w", "morning"], "good morning"),
        (&["/msg bob not this", "C-u", "but that"], "but that"),
        (&["x", "BSpace", "BSpace", "BSpace", "still here"], "still here"),
    ];
    for (keys, line) in lines {
        for key in keys {
            if ["BSpace", "C-h", "C-u", "C-w"].contains(key) {
                alice.press(&[key]);
            } else {
                alice.type_in(key);
            }
        }
        alice.press(&["Enter"]);
        bob.printed.wait_for(&format!("alice: {line}"));
    }
    talk(&alice, &mut bob, &lines.map(|(_, line)| line));
}
