//! The whole program: its command line, its signals, its exit codes.

use crate::support::{Client, Lines, Server, address_in, parlor, wait};
use rustix::process::Signal;
use std::process::{Command, Output, Stdio};

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let server = Server::start(&[]);
    let url = format!("plain://{}", server.address);
    let output = run(parlor().args(["serve", "--listen", &url]));
    assert_eq!(output.status.code(), Some(1));
    let other = server.address.port() + 1;
    let expected = format!(
        "parlor: cannot listen on {}: the port is in use; stop the other server, or choose another port with \
         --listen plain://127.0.0.1:{other}\n",
        server.address
    );
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_port_in_use_is_a_record_for_programs() {
    let server = Server::start(&[]);
    let url = format!("plain://{}", server.address);
    let output = run(parlor().args(["serve", "--listen", &url, "--log-format", "json", "--lang", "zh"]));
    assert_eq!(output.status.code(), Some(1));
    let record: serde_json::Value = serde_json::from_str(&text(&output.stderr)).unwrap();
    assert_eq!((&record["level"], &record["event"]), (&"ERROR".into(), &"cannot_start".into()));
    let message = record["message"].as_str().unwrap();
    assert!(message.contains("端口已被占用") && message.contains("--listen plain://127.0.0.1:"), "{message}");
}

#[test]
fn a_wrong_setting_is_one_clear_line() {
    let output = run(parlor().args(["--rate-lines", "many"]));
    assert_eq!(output.status.code(), Some(2));
    let expected = "parlor: --rate-lines: many is not a whole number from 0 to 4294967295\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn limits_that_contradict_each_other_are_shown_and_refused() {
    let output = run(parlor().args(["serve", "--rate-burst", "0", "--print-config"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("rate_burst = 0 "));
    let expected = "parlor: invalid limits: --rate-burst 0: rate_burst must be at least 1\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn a_time_that_the_kernel_cannot_count_is_refused() {
    for ms in ["0", "1999", "65534001"] {
        let output = run(parlor().args(["serve", "--vanish-ms", ms]));
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), "parlor: --vanish-ms: must be from 2000 to 65534000\n");
    }
}

#[test]
fn a_file_that_is_not_there_is_one_clear_line() {
    let output = run(parlor().args(["--config", "/no/such/file.toml"]));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "parlor: /no/such/file.toml: No such file or directory (os error 2)\n");
}

#[test]
fn the_configuration_in_force_says_where_it_came_from() {
    let file = std::env::temp_dir().join(format!("parlor-config-{}.toml", std::process::id()));
    std::fs::write(&file, "rate_burst = 7\nrate_lines = 1\nlang = \"zh\"\n").unwrap();
    let output = run(parlor()
        .args(["serve", "--print-config", "--rate-lines=3"])
        .env("PARLOR_LANG", "en")
        .env("PARLOR_CONFIG", &file));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    let line = |name: &str| {
        let line = printed.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("rate_lines"), "rate_lines = 3 # flag: --rate-lines");
    assert_eq!(line("rate_burst"), format!("rate_burst = 7 # file: {}", file.display()));
    assert_eq!(line("lang"), "lang = \"en\" # environment: PARLOR_LANG");
    assert_eq!(line("echo"), "echo = false # default");
}

#[test]
fn the_version_is_told() {
    let output = run(parlor().arg("--version"));
    assert_eq!(text(&output.stdout), format!("parlor {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_server_that_is_told_to_stop_says_so_to_everyone() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&[]);
        let mut alice = server.enter();
        let mut bob = server.enter();
        alice.expect(format!("{} joined", bob.name));
        server.signal(signal);
        let farewell = "* closed: the server is shutting down\n";
        for client in [&mut alice, &mut bob] {
            let rest = client.rest();
            assert!(rest.ends_with(farewell), "{rest:?}");
        }
        drop((alice, bob));
        assert_eq!(server.wait().code(), Some(0));
        server.log.wait_for("the chat room is closed");
    }
}

#[test]
fn a_client_that_does_not_go_is_cut_off_at_the_deadline() {
    let mut server = Server::start(&["--shutdown-ms", "100", "--drain-ms", "60000"]);
    let _stubborn = server.enter();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    server.log.wait_for("connections cut off, for their clients did not close them in time: 1");
}

#[test]
fn a_client_that_is_cut_off_before_the_deadline_of_the_stop_is_counted_too() {
    let mut server = Server::start(&["--drain-ms", "100"]);
    let _stubborn = server.enter();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    server.log.wait_for("connections cut off, for their clients did not close them in time: 1");
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let mut server = Server::start(&["--shutdown-ms", "600000", "--drain-ms", "600000"]);
    let mut stubborn = server.enter();
    server.signal(Signal::TERM);
    stubborn.expect("* closed: the server is shutting down");
    server.signal(Signal::INT);
    assert_eq!(server.wait().code(), Some(130));
}

#[test]
fn the_counters_are_logged_when_they_are_asked_for() {
    let server = Server::start(&["--log-format", "json"]);
    let mut alice = server.enter();
    let mut bob = server.enter();
    alice.expect(format!("{} joined", bob.name));
    alice.send("hello\n");
    bob.expect(format!("{}: hello", alice.name));
    bob.send("/quit\n");
    alice.expect(format!("{} left", bob.name));
    assert_eq!(bob.rest(), "* goodbye\n");
    drop(bob);
    server.signal(Signal::USR1);
    let counters = server.log.wait_for("\"event\":\"counters\"");
    for part in [
        "\"members\":1",
        "\"rooms\":1",
        "\"lines\":1",
        "\"deliveries\":3",
        "\"backlogs\":0",
        "quit=1",
        "end_of_input=0",
    ] {
        assert!(counters.contains(part), "{part} in {counters}");
    }
    let (_, most) = counters.split_once("\"tick_bytes_most\":").expect(&counters);
    let digits: String = most.chars().take_while(char::is_ascii_digit).collect();
    let line = format!("{}: hello\n", alice.name);
    assert!(digits.parse::<usize>().unwrap() >= line.len(), "the ticks have rendered lines: {counters}");
}

#[test]
fn a_console_that_nobody_reads_holds_nobody_up() {
    let mut command = parlor();
    command.args(["serve", "--listen", "plain://127.0.0.1:0", "--log-level", "info", "--rate-lines", "0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Only the record with the address is read. The pipe is full after some hundred more records.
    let mut stderr = child.stderr.take().unwrap();
    let mut started = Vec::new();
    while started.last() != Some(&b'\n') {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stderr, &mut byte).unwrap();
        started.extend(byte);
    }
    let address = address_in(&text(&started));
    let mut alice = Client::connect(address);
    alice.line();
    // Each is an act of a moderator, of which no record is left out.
    for number in 0..2_000 {
        alice.send(format!("/topic {number}\n"));
        alice.expect(format!("* {} set the topic: {number}", alice.name.clone()));
    }
    child.kill().unwrap();
    wait(&mut child);
}

#[test]
fn more_than_this_machine_is_warned_of() {
    let mut command = parlor();
    command.args(["serve", "--listen", "plain://0.0.0.0:0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = Lines::of(child.stderr.take().unwrap());
    log.wait_for("can be reached from other machines");
    child.kill().unwrap();
    wait(&mut child);
}

#[test]
fn the_help_is_in_the_language_that_is_chosen() {
    let help = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = run(parlor().args(arguments).envs(environment.iter().copied()));
        assert_eq!(output.status.code(), Some(0));
        text(&output.stdout)
    };
    for command in [
        &["--help"][..],
        &["serve", "-h"],
        &["chat", "--help"],
        &["bench", "--help"],
        &["hash-password", "-h"],
    ] {
        let english = help(command, &[]);
        assert!(english.contains("Usage: parlor"), "{english}");
        // The names that are reserved by default are in both languages.
        let told = english.replace("服务器", "").replace("系统", "");
        assert!(told.is_ascii() || command == ["bench", "--help"], "{english}");
        for chosen in [("LC_ALL", "zh_CN.UTF-8"), ("PARLOR_LANG", "zh")] {
            let chinese = help(command, &[chosen]);
            assert!(chinese.contains("用法：parlor") && chinese.contains("选项："), "{chinese}");
            assert!(!chinese.contains("Print ") && !chinese.contains("Usage"), "{chinese}");
        }
    }
    assert!(help(&["--lang", "zh", "--help"], &[]).contains("监听地址"));
    assert!(help(&["chat", "--lang=zh", "--help"], &[("LC_ALL", "C")]).contains("聊天"));
}

#[test]
fn a_mistake_in_the_configuration_is_told_in_the_language_that_is_chosen() {
    let chinese = |arguments: &[&str]| {
        let output = run(parlor().args(arguments).env("LC_ALL", "zh_CN.UTF-8"));
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    assert_eq!(chinese(&["--log-format", "xml"]), "parlor: --log-format：必须是 human 或 json\n");
    assert_eq!(chinese(&["--rate-burst", "0"]), "parlor: 限制无效：--rate-burst 0：rate_burst 至少为 1\n");
    assert_eq!(
        chinese(&["--config", "/no/such/file"]).split('（').next(),
        Some("parlor: /no/such/file：文件不存在")
    );
    let file = std::env::temp_dir().join(format!("parlor-unknown-{}.toml", std::process::id()));
    std::fs::write(&file, "rate_line = 5\n").unwrap();
    let told = chinese(&["--config", file.to_str().unwrap()]);
    let in_english = run(parlor().args(["--config"]).arg(&file));
    std::fs::remove_file(&file).unwrap();
    assert!(told.contains("没有设置 rate_line，您是不是要写 rate_lines？"), "{told}");
    let in_english = text(&in_english.stderr);
    assert!(in_english.contains("unknown setting rate_line, did you mean rate_lines?"), "{in_english}");
}

#[test]
fn a_password_that_makes_no_hash_is_told_in_the_language_that_is_chosen() {
    for (language, told) in [("en", "parlor: the password is empty\n"), ("zh", "parlor: 密码不能为空\n")]
    {
        let output = run(parlor().arg("hash-password").env("PARLOR_LANG", language).stdin(Stdio::null()));
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), told));
    }
}
