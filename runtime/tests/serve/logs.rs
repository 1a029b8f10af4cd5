//! The information that an operator finds in the logs, and that the logs must not contain.

use crate::irc::{HASH_OF_RIGHT as HASH, Irc};
use crate::support::{Client, Server, parlor};
use rustix::process::Signal;
use serde_json::Value;

/// Starts a server for every dialect with these flags, whose operator alice has the password `right`.
fn server(flags: &[&str]) -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0", "--operators", &format!("alice:{HASH}")]);
    command.args(flags);
    Server::start_command(command)
}

/// Stops the server, and returns its log.
fn log(mut server: Server) -> Vec<String> {
    server.signal(Signal::TERM);
    server.wait();
    server.log.wait_for_end()
}

/// Returns the addresses behind all names that the member called `name` had before or afterwards.
fn addresses_of(name: &str, records: &[Value]) -> Vec<String> {
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
    let named = records.iter().filter(|record| record["name"] == name || record["from"] == name);
    let mut addresses: Vec<String> = named.map(|record| text(record, "peer")).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

#[test]
fn a_name_leads_through_its_renames_to_an_address() {
    let server = server(&["--log-format", "json"]);
    let mut bob = Client::connect(server.address);
    bob.send("hello\n");
    bob.line();
    bob.send("/nick mallory\n/nick trent\n");
    bob.expect("* you are now mallory");
    bob.expect("* you are now trent");
    let peer = bob.stream.local_addr().unwrap().to_string();
    drop(bob);
    server.log.wait_for("\"left\"");
    // Later, an IRC client has the name.
    let mut carol = Irc::enter(server.address, "carol", "");
    carol.send("NICK mallory");
    carol.wait_for("NICK mallory");
    let other = carol.0.stream.local_addr().unwrap().to_string();

    let log = log(server);
    let records: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut expected = vec![peer.clone(), other];
    expected.sort_unstable();
    assert_eq!(addresses_of("mallory", &records), expected);
    assert_eq!(addresses_of("trent", &records), [peer]);
}

#[test]
fn every_act_of_a_moderator_is_logged_with_who_did_it_and_to_whom() {
    let server = server(&[]);
    let mut alice = Irc::enter(server.address, "alice", "");
    alice.send("JOIN #tea");
    alice.wait_for(" 366 ");
    let mut bob = Irc::enter(server.address, "bob", "");
    bob.send("JOIN #tea");
    bob.wait_for(" 366 ");
    let address = |client: &Irc| client.0.stream.local_addr().unwrap();
    let (by, of) = (address(&alice), address(&bob));
    let both = format!(" peer={by} target_peer={of}");
    for (line, logged) in [
        ("MODE #tea +mk-n hunter2", format!("alice set modes in tea: +m, +k, -n peer={by}")),
        ("MODE #tea +b mallory", format!("alice set modes in tea: +b mallory!*@* peer={by}")),
        ("MODE #tea +v bob", format!("alice set modes in tea: +v bob peer={by}")),
        ("TOPIC #tea :nobody else reads this", format!("alice set the topic of tea peer={by}")),
        ("TOPIC #tea :", format!("alice cleared the topic of tea peer={by}")),
        ("KICK #tea bob :for this reason", format!("alice kicked bob from tea{both}")),
        ("INVITE bob #tea", format!("alice invited bob to tea{both}")),
        ("OPER alice right", format!("alice is now a server operator peer={by}")),
        ("CHGHOST bob tea.example", format!("alice set the host of bob to tea.example{both}")),
        ("WALLOPS :nobody else reads this", format!("alice sent a WALLOPS message peer={by}")),
        ("REHASH", format!("alice asked to reload the configuration peer={by}")),
        ("KILL bob :for this reason", format!("bob left: disconnected by alice peer={of} by_peer={by}")),
        ("MODE alice -o", format!("alice is no longer a server operator peer={by}")),
    ] {
        alice.send(line);
        let record = server.log.wait_for(&logged);
        assert!(record.contains(" INFO "), "{record}");
    }
    let log = log(server).join("\n");
    for secret in ["hunter2", "nobody else", "reason", "right"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn nothing_that_is_said_is_logged_at_any_level() {
    let server = server(&["--log-level", "trace"]);
    let mut alice = Irc::enter(server.address, "alice", "");
    let mut bob = Client::connect(server.address);
    bob.send("said-by-bob\n");
    alice.send("JOIN #lobby");
    alice.wait_for(" 366 ");
    for line in
        ["PRIVMSG #lobby :said-aloud", "AWAY :said-away", "SETNAME :said-name", "NOTICE alice :said-low"]
    {
        alice.send(line);
    }
    bob.send("/msg alice said-in-private\n/said-command\n/topic said-topic\n/quit\n");
    alice.wait_for("said-in-private");
    bob.rest();
    alice.send("QUIT :said-last");
    alice.0.rest();
    let log = log(server).join("\n");
    assert!(!log.contains("said"), "{log}");
}

#[test]
fn wrong_passwords_of_an_address_are_one_record_and_a_count() {
    let server = server(&["--log-format", "json"]);
    let mut mallory = Irc::enter(server.address, "mallory", "");
    for _ in 0..5 {
        mallory.send("OPER alice wrong");
        mallory.wait_for(" 464 ");
    }
    mallory.send("OPER alice wrong");
    mallory.wait_for(" 263 ");
    drop(mallory);
    let log = log(server);
    let records = log.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (first, counts): (Vec<_>, Vec<_>) = records
        .filter(|record| record["event"].as_str().unwrap().contains("password"))
        .partition(|record| record["event"] == "password_wrong");
    assert_eq!(first.len(), 1, "{log:?}");
    assert_eq!(first[0]["name"], "mallory");
    assert_eq!(counts.len(), 1, "{log:?}");
    let fields = ["event", "host", "wrong", "not_checked"].map(|field| counts[0][field].to_string());
    assert_eq!(fields, ["\"passwords_wrong\"", "\"127.0.0.1\"", "4", "1"]);
}

#[test]
fn too_many_records_of_a_kind_are_a_count_and_no_act_is_left_out() {
    const RENAMES: usize = 500;
    let server = server(&["--log-format", "json", "--rate-lines", "0"]);
    let mut mallory = Client::connect(server.address);
    let names = (0..RENAMES).map(|number| format!("/nick mallory{number}\n/topic {number}\n"));
    mallory.send(names.collect::<String>());
    server.log.wait_for("left_out");
    mallory.send("/quit\n");
    mallory.rest();
    let log = log(server);
    let records: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &'static str| records.iter().filter(move |record| record["event"] == event);
    let renamed = of("renamed").count();
    let left_out = of("left_out").filter(|record| record["kind"] == "renamed");
    let left_out: u64 = left_out.map(|record| record["records"].as_u64().unwrap()).sum();
    assert!(left_out > 0, "{renamed}");
    assert_eq!(renamed + usize::try_from(left_out).unwrap(), RENAMES);
    assert_eq!(of("topic_set").count(), RENAMES, "acts of moderators are not limited");
    assert_eq!(of("left").count(), 1, "other kinds are not affected");
}

#[test]
fn each_level_has_records_of_its_own() {
    let levels = |level: &str| {
        let server = server(&["--log-level", level, "--password", HASH]);
        let mut alice = Irc::enter(server.address, "alice", "PASS right\r\n");
        alice.send("JOIN #tea\r\nKICK #tea nobody");
        alice.wait_for(" 401 ");
        Irc::begin(server.address, "mallory", "PASS wrong\r\n").0.rest();
        drop(alice);
        let log = log(server);
        ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
            .into_iter()
            .filter(|level| log.iter().any(|line| line.contains(&format!(" {level} "))))
            .collect::<Vec<_>>()
            .join(" ")
    };
    // At `info`, the record with the server's port is logged, which the test waits for.
    assert_eq!(levels("info"), "WARN INFO");
    assert_eq!(levels("debug"), "WARN INFO DEBUG");
    assert_eq!(levels("trace"), "WARN INFO DEBUG TRACE");
}

#[test]
fn the_details_of_a_connection_are_logged_at_debug() {
    let server = server(&["--log-level", "debug"]);
    let mut alice = Irc::enter(server.address, "alice", "");
    let peer = alice.0.stream.local_addr().unwrap();
    server.log.wait_for(&format!("connection accepted conn=c0.0 peer={peer}"));
    server.log.wait_for(&format!("protocol detected conn=c0.0 peer={peer} dialect=irc"));
    alice.send("JOIN #tea");
    server.log.wait_for(&format!("alice entered tea peer={peer}"));
    alice.send("KICK #tea nobody");
    server.log.wait_for(&format!("refused a command of alice peer={peer} why=no_such_name"));
    alice.send("PART #tea");
    server.log.wait_for(&format!("alice left tea peer={peer}"));
    alice.send("QUIT");
    alice.0.rest();
    server.log.wait_for(&format!("connection closed: quit conn=c0.0 peer={peer}"));
}

#[test]
fn the_start_tells_the_version_how_to_connect_and_the_limits_in_force() {
    let limits =
        ["--connections-max", "50", "--rate-lines", "7", "--rate-burst", "9", "--line-bytes-max", "512"];
    let server = server(&limits);
    let port = server.address.port();
    let version = env!("CARGO_PKG_VERSION");
    server.log.wait_for(&format!(
        "parlor {version} is listening on 127.0.0.1:{port}; to connect: nc 127.0.0.1 {port}, or any IRC client"
    ));
    server.log.wait_for(
        "limits: 50 connections, 64 per address, 7 lines a second per connection (9 at once), 512 bytes a line; \
         their buffers take at most 91 MiB",
    );
    assert!(server.log.with("1 Mbit/s").is_empty(), "so little harms no slow reader");
    let server = self::server(&["--rate-lines", "20"]);
    server.log.wait_for("one address can send so much that readers with 1 Mbit/s are closed");
    let server = self::server(&["--lang", "zh", "--rate-lines", "0"]);
    let port = server.address.port();
    server.log.wait_for(&format!(
        "服务器已启动，监听 127.0.0.1:{port}（parlor {version}）；连接方式：nc 127.0.0.1 {port}，或任意 IRC 客户端"
    ));
    server.log.wait_for("每个地址 64 个，行数不限，每行 4096 字节");
}
