//! A test of a bot with a server in memory: `cargo run -p parlor-protocol --example bot_test`.

use parlor_protocol::{Dialect, Limits, MemoryServer, Options, RoomName};

/// The bot: it greets everybody who joins.
fn reply(line: &str) -> Option<String> {
    line.strip_suffix(" joined").map(|name| format!("welcome, {name}\n"))
}

fn main() {
    let mut server = MemoryServer::new(Limits::default(), Options::default());
    let lobby = RoomName::lobby();
    // A client's name is the number of its port until it chooses another.
    let [bot, alice] = [7001, 5001].map(|port| {
        let peer = ([127, 0, 0, 1], port).into();
        server.connect(Dialect::Plain, peer, Some(&lobby)).expect("a slot is free")
    });
    // Discard the greeting.
    server.read(alice);

    // Pass the lines from the server to the bot, and its replies to the server.
    let read = String::from_utf8(server.read(bot)).expect("the server writes UTF-8");
    for line in read.lines().filter_map(reply) {
        server.send(bot, line.as_bytes());
    }

    let read = String::from_utf8(server.read(alice)).expect("the server writes UTF-8");
    assert_eq!(read, "7001: welcome, 5001\n");
    assert!(server.read(bot).is_empty(), "the bot does not read its own message");
    print!("alice reads: {read}");
}

#[test]
fn the_bot_greets_those_who_join() {
    main();
}
