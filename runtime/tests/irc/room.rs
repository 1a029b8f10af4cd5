//! Three members of one room, each with a different client.

use crate::clients::{Person, nc, server};
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::Server;
use rustix::process::Signal;

/// The room `tea` with three members, each of which has seen the others enter.
struct Room {
    /// Uses `WeeChat`; created the room and is its operator.
    bob: Person,
    /// Uses irssi.
    alice: Person,
    /// Uses `nc`.
    carol: Program,
    _server: Server,
}

impl Room {
    fn fill() -> Self {
        let server = server();
        let bob = Person::with_weechat("bob", "#tea");
        let alice = Person::with_irssi("alice", "#tea");
        let mut carol = nc("carol");
        carol.enter("/join tea");
        carol.printed.wait_for("* you have entered tea; 2 others are here");
        bob.sees("(plain@CLOAK) has joined #tea");
        alice.sees("carol [plain@CLOAK] has joined #tea");
        Self { bob, alice, carol, _server: server }
    }

    /// Closes carol's connection, and returns the lines that she has read in the room.
    fn heard_by_carol(&self) -> Vec<String> {
        self.carol.signal(Signal::INT);
        self.carol.lines().split_off(3)
    }
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn people_with_irssi_weechat_and_nc_hear_each_other() {
    if !is_inside("room::people_with_irssi_weechat_and_nc_hear_each_other") {
        return;
    }
    let mut room = Room::fill();
    room.bob.enters("hello from WeeChat, 你好");
    room.alice.sees("<@bob> hello from WeeChat, 你好");
    room.carol.printed.wait_for("bob: hello from WeeChat, 你好");
    room.alice.enters("hello from irssi, 世界");
    room.bob.sees("alice | hello from irssi, 世界");
    room.carol.printed.wait_for("alice: hello from irssi, 世界");
    room.carol.enter("hello from nc: 大家好");
    room.bob.sees("carol | hello from nc: 大家好");
    room.alice.sees("< carol> hello from nc: 大家好");
    assert_eq!(
        room.heard_by_carol(),
        ["bob: hello from WeeChat, 你好", "alice: hello from irssi, 世界"],
        "others' lines, each once"
    );
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn everyone_can_see_who_is_there() {
    if !is_inside("room::everyone_can_see_who_is_there") {
        return;
    }
    let mut room = Room::fill();
    room.alice.enters("/names");
    room.alice.sees("[@bob] [ alice] [ carol]");
    // The nick list at the right of the room.
    for name in ["│@bob", "│ alice", "│ carol"] {
        room.bob.sees(name);
    }
    room.carol.enter("/who");
    room.carol.printed.wait_for("* 3 people in tea: @bob, alice, carol");
    room.alice.enters("/whois bob");
    room.alice.sees("ircname  : bob the WeeChat user");
    room.bob.enters("/whois carol");
    room.bob.enters("/buffer server.parlor");
    room.bob.sees("[carol] #tea");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn a_topic_that_one_sets_is_read_by_all() {
    if !is_inside("room::a_topic_that_one_sets_is_read_by_all") {
        return;
    }
    let mut room = Room::fill();
    room.alice.enters("/topic green tea, 绿茶");
    room.bob.sees("alice has changed topic for #tea to \"green tea, 绿茶\"");
    room.carol.printed.wait_for("* alice set the topic: green tea, 绿茶");
    room.bob.enters("/topic black tea, 红茶");
    room.alice.sees("bob changed the topic of #tea to: black tea, 红茶");
    room.carol.printed.wait_for("* bob set the topic: black tea, 红茶");
    room.carol.enter("/topic no tea");
    room.alice.sees("carol changed the topic of #tea to: no tea");
    room.bob.sees("carol has changed topic for #tea from \"black tea, 红茶\" to \"no tea\"");
    let dave = Person::with_irssi("dave", "#tea");
    dave.sees("Topic for #tea: no tea");
    dave.sees("Topic set by carol");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn a_new_name_is_known_to_all() {
    if !is_inside("room::a_new_name_is_known_to_all") {
        return;
    }
    let mut room = Room::fill();
    room.alice.enters("/nick Alicia");
    room.alice.sees("You're now known as Alicia");
    room.bob.sees("alice is now known as Alicia");
    room.carol.printed.wait_for("* alice is now Alicia");
    room.bob.enters("/nick bobby");
    room.bob.sees("You are now known as bobby");
    room.alice.sees("bob is now known as bobby");
    room.carol.printed.wait_for("* bob is now bobby");
    room.carol.enter("/nick 卡罗");
    room.alice.sees("carol is now known as 卡罗");
    room.bob.sees("carol is now known as 卡罗");
    room.carol.enter("我有新名字");
    room.alice.sees("< 卡罗> 我有新名字");
    room.bob.sees("卡罗 | 我有新名字");
    room.alice.enters("/nick BOBBY");
    room.alice.sees("Nick BOBBY is already in use");
    room.alice.enters("still the same");
    room.bob.sees("Alicia | still the same");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn whoever_began_the_room_sends_others_out_and_nobody_else_does() {
    if !is_inside("room::whoever_began_the_room_sends_others_out_and_nobody_else_does") {
        return;
    }
    let mut room = Room::fill();
    room.alice.enters("/kick bob");
    room.alice.sees("#tea You're not channel operator");
    room.bob.enters("/kick alice 够了");
    room.alice.sees("alice was kicked from #tea by bob [够了]");
    room.bob.sees("bob has kicked alice (够了)");
    room.carol.printed.wait_for("* bob kicked alice: 够了");
    room.bob.enters("now we are two");
    room.carol.printed.wait_for("bob: now we are two");
    room.alice.enters("/join #tea");
    room.carol.printed.wait_for("alice joined");
    room.bob.enters("/kick carol 也够了");
    room.carol.printed.wait_for("* bob kicked you from tea: 也够了");
    room.alice.sees("carol was kicked from #tea by bob [也够了]");
    assert_eq!(room.alice.rows_with("now we are two"), [""; 0], "alice was not there");
    room.carol.enter("/join tea");
    room.bob.sees_below("has kicked carol", "(plain@CLOAK) has joined #tea");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn whoever_runs_the_room_can_let_another_run_it() {
    if !is_inside("room::whoever_runs_the_room_can_let_another_run_it") {
        return;
    }
    let mut room = Room::fill();
    room.bob.enters("/op alice");
    room.alice.sees("mode/#tea [+o alice] by bob");
    room.carol.printed.wait_for("* bob made alice an operator");
    room.bob.sees("│@alice");
    room.alice.enters("/deop bob");
    room.bob.sees("Mode #tea [-o bob] by alice");
    room.carol.printed.wait_for("* alice removed operator status from bob");
    room.alice.enters("/mode #tea +m");
    room.carol.printed.wait_for("* alice turned on moderated mode");
    room.carol.enter("may I?");
    room.carol.printed.wait_for("* you are not allowed to speak in tea");
    room.bob.enters("may I?");
    room.bob.sees("Cannot send to channel");
    room.alice.enters("/voice carol");
    room.carol.printed.wait_for("* alice gave carol voice");
    room.carol.enter("thank you");
    room.alice.sees("<+carol> thank you");
    room.bob.sees("+carol | thank you");
    assert_eq!(room.alice.rows_with("may I?"), [""; 0]);
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn a_line_longer_than_one_message_of_irc_is_read_whole() {
    if !is_inside("room::a_line_longer_than_one_message_of_irc_is_read_whole") {
        return;
    }
    let mut room = Room::fill();
    let long: String = (0..100).map(|n| format!("第{n}句话。")).collect();
    room.carol.enter(&long);
    room.carol.enter("the end");
    room.bob.sees("carol | the end");
    room.alice.sees("< carol> the end");
    let whole = |rows: &[String], begin: &str| -> String {
        let first = rows.iter().position(|row| row.contains("第0句")).unwrap();
        let said = rows[first..].iter().take_while(|row| !row.contains("the end"));
        said.map(|row| row.replacen(begin, "", 1).replace([' ', '|', '│'], "")).collect()
    };
    assert_eq!(whole(&room.alice.rows(), "< carol>"), long, "with irssi");
    // The nick list at its right is higher up.
    assert_eq!(whole(&room.bob.rows(), "carol |"), long, "with WeeChat");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn a_line_that_a_client_cuts_to_size_is_read_whole() {
    if !is_inside("room::a_line_that_a_client_cuts_to_size_is_read_whole") {
        return;
    }
    let mut room = Room::fill();
    let long: String = (0..100).map(|n| format!("第{n}句话。")).collect();
    for (person, name) in [(&room.alice, "alice"), (&room.bob, "bob")] {
        person.enters(&long);
        person.enters("the end");
        let by = format!("{name}: ");
        room.carol.printed.wait_for(&format!("{by}the end"));
        let pieces = room.carol.printed.with(&by);
        assert!(pieces.len() > 2, "{pieces:#?}");
        let whole: String = pieces.iter().map(|piece| piece.strip_prefix(&by).unwrap()).collect();
        assert_eq!(whole, format!("{long}the end"));
    }
    room.carol.enter("no piece was refused");
    room.alice.sees("no piece was refused");
    room.bob.sees("no piece was refused");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn rooms_and_names_may_be_chinese() {
    if !is_inside("room::rooms_and_names_may_be_chinese") {
        return;
    }
    let mut room = Room::fill();
    room.alice.enters("/nick 爱丽丝");
    room.carol.printed.wait_for("* alice is now 爱丽丝");
    room.bob.enters("/nick 鲍勃");
    room.carol.printed.wait_for("* bob is now 鲍勃");
    room.carol.enter("/nick 卡罗");
    room.carol.enter("/join 茶馆");
    room.carol.printed.wait_for("* you have entered 茶馆; nobody else is here");
    room.alice.enters("/join #茶馆");
    room.carol.printed.wait_for("爱丽丝 joined");
    room.bob.enters("/join #茶馆");
    room.carol.printed.wait_for("鲍勃 joined");
    room.alice.sees("鲍勃 [bob@CLOAK] has joined #茶馆");
    room.bob.sees("│@卡罗");
    room.alice.enters("来一壶茶");
    room.bob.sees("爱丽丝 | 来一壶茶");
    room.bob.enters("我也要");
    room.alice.sees("< 鲍勃> 我也要");
    room.carol.printed.wait_for("鲍勃: 我也要");
    room.carol.enter("/msg 爱丽丝 马上来");
    room.alice.sees("[卡罗(plain@CLOAK)] 马上来");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn a_client_answers_what_another_one_asks_it() {
    if !is_inside("room::a_client_answers_what_another_one_asks_it") {
        return;
    }
    let room = Room::fill();
    room.alice.enters("/ctcp bob version");
    room.alice.sees("CTCP VERSION reply from bob: WeeChat ");
    room.bob.enters("/ctcp alice version");
    room.bob.enters("/buffer server.parlor");
    room.bob.sees("VERSION irssi v");
    assert_eq!(room.heard_by_carol(), [""; 0]);
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn what_one_does_is_no_speech() {
    if !is_inside("room::what_one_does_is_no_speech") {
        return;
    }
    let mut room = Room::fill();
    room.bob.enters("/me makes tea, 泡茶");
    room.alice.sees("* bob makes tea, 泡茶");
    room.carol.printed.wait_for("** bob makes tea, 泡茶");
    room.alice.enters("/me drinks it, 喝茶");
    room.bob.sees("* | alice drinks it, 喝茶");
    room.carol.printed.wait_for("** alice drinks it, 喝茶");
    room.carol.enter("/me wants some, too");
    room.alice.sees("* carol wants some, too");
    room.bob.sees("* | carol wants some, too");
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn what_is_said_to_one_alone_nobody_else_hears() {
    if !is_inside("room::what_is_said_to_one_alone_nobody_else_hears") {
        return;
    }
    let mut room = Room::fill();
    room.bob.enters("/query alice");
    room.alice.enters("/msg bob only you, 悄悄");
    room.bob.sees("alice | only you, 悄悄");
    room.bob.enters("only you as well");
    room.alice.sees("[bob(bob@CLOAK)] only you as well");
    room.alice.enters("/msg carol for nc 好");
    room.carol.printed.wait_for("alice (private): for nc 好");
    room.carol.enter("/msg alice for irssi 好");
    room.alice.sees("[carol(plain@CLOAK)] for irssi 好");
    room.bob.enters("/query carol");
    room.bob.enters("for nc, too");
    room.carol.printed.wait_for("bob (private): for nc, too");
    room.carol.enter("/msg bob for WeeChat 好");
    room.bob.sees("carol | for WeeChat 好");
    room.bob.enters("/buffer #tea");
    room.alice.enters("for all");
    room.bob.sees("alice | for all");
    room.carol.printed.wait_for("alice: for all");
    assert_eq!(room.bob.rows_with("only you"), [""; 0], "in the room");
    assert_eq!(room.alice.rows_with("for WeeChat"), [""; 0]);
    assert_eq!(
        room.heard_by_carol(),
        [
            "alice (private): for nc 好",
            "* to alice (private): for irssi 好",
            "bob (private): for nc, too",
            "* to bob (private): for WeeChat 好",
            "alice: for all"
        ]
    );
}

#[test]
#[ignore = "needs irssi, weechat, nc, tmux and a network namespace"]
fn whoever_leaves_is_gone_for_all_and_their_last_words_are_read() {
    if !is_inside("room::whoever_leaves_is_gone_for_all_and_their_last_words_are_read") {
        return;
    }
    let mut room = Room::fill();
    let dave = Person::with_irssi("dave", "#tea");
    room.bob.sees("dave");
    room.alice.enters("/quit good night, 晚安");
    room.alice.sees("irssi ended with 0");
    room.bob.sees("alice (alice@CLOAK) has quit (Quit: good night, 晚安)");
    dave.sees("alice [alice@CLOAK] has quit [Quit: good night, 晚安]");
    room.carol.printed.wait_for("alice left: good night, 晚安");
    room.bob.enters("/quit 再见");
    room.bob.sees("weechat ended with 0");
    dave.sees("bob [bob@CLOAK] has quit [Quit: 再见]");
    room.carol.printed.wait_for("bob left: 再见");
    room.carol.enter("/quit");
    dave.sees("carol [plain@CLOAK] has quit [Quit]");
}
