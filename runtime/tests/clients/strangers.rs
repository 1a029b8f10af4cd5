//! Other programs that connect: those that send lines, each with its own line ends and way of closing, and those that expect
//! another protocol.

use crate::clients::{nc, server};
use crate::namespace::is_inside;
use crate::program::Program;
use std::process::{Command, Stdio};

/// Programs that send their input and print what they receive.
const FOR_LINES: [&str; 10] = [
    "nc.openbsd 127.0.0.1 3000",
    "nc.traditional 127.0.0.1 3000",
    "ncat 127.0.0.1 3000",
    "ncat --crlf 127.0.0.1 3000",
    "ncat --telnet 127.0.0.1 3000",
    "socat - TCP:127.0.0.1:3000",
    "socat - TCP:127.0.0.1:3000,crlf",
    "busybox nc 127.0.0.1 3000",
    "plink -batch -raw -P 3000 127.0.0.1",
    "curl --silent --no-buffer telnet://127.0.0.1:3000",
];

/// Programs that speak another protocol, and end when the server closes.
const FOR_SOMETHING_ELSE: [&str; 24] = [
    "curl http://127.0.0.1:3000/",
    "curl --data /join http://127.0.0.1:3000/form",
    "curl --http2-prior-knowledge http://127.0.0.1:3000/",
    "curl http://127.0.0.1:3000/$(printf %06000d 0)",
    "curl --header \"Cookie: $(printf %06000d 0)\" http://127.0.0.1:3000/",
    "curl --haproxy-protocol http://127.0.0.1:3000/",
    "curl --proxy http://127.0.0.1:3000 http://parlor.test/",
    "curl --proxytunnel --proxy http://127.0.0.1:3000 https://parlor.test/",
    "curl rtsp://127.0.0.1:3000/",
    "curl ldap://127.0.0.1:3000/",
    "curl https://127.0.0.1:3000/",
    "wget --tries 1 --output-document - http://127.0.0.1:3000/",
    "busybox wget -O - http://127.0.0.1:3000/",
    "node -e \"fetch('http://127.0.0.1:3000/', { method: 'POST', body: 'hello\\n/join #tea\\n' })\"",
    "openssl s_client -connect 127.0.0.1:3000",
    "openssl s_client -starttls postgres -connect 127.0.0.1:3000",
    "openssl s_client -starttls ldap -connect 127.0.0.1:3000",
    "ncat --ssl 127.0.0.1 3000",
    "ssh -o BatchMode=yes -p 3000 127.0.0.1",
    "plink -batch -ssh -P 3000 127.0.0.1",
    "plink -batch -rlogin -l root -P 3000 127.0.0.1",
    "redis-cli -p 3000 -a hunter2 get secret",
    "PGPASSWORD=hunter2 psql --host 127.0.0.1 --port 3000 --command 'select 1' postgres",
    "git ls-remote git://127.0.0.1:3000/parlor",
];

fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("HOME", std::env::temp_dir());
    for name in ["ALL_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"] {
        shell.env_remove(name);
    }
    shell
}

/// Returns the messages that this member has received.
fn speech(member: &Program) -> Vec<String> {
    let is_note = |line: &str| line.starts_with("* ") || line.ends_with(" joined") || line.ends_with(" left");
    member.printed.with("").into_iter().filter(|line| !line.is_empty() && !is_note(line)).collect()
}

#[test]
#[ignore = "needs netcat of three kinds, socat, busybox, plink, curl and a network namespace"]
fn whatever_sends_lines_says_them_and_no_more() {
    if !is_inside("strangers::whatever_sends_lines_says_them_and_no_more") {
        return;
    }
    let _server = server();
    let bob = nc("bob");
    let mut said = Vec::new();
    for (number, command) in FOR_LINES.iter().enumerate() {
        let name = format!("guest-{number}");
        let mut guest = Program::start(&mut shell(&format!("exec {command}")));
        guest.enter(&format!("/nick {name}"));
        guest.printed.wait_for(&format!("* you are now {name}"));
        let line = format!("{name}: 我用 {}", command.split_once(' ').unwrap().0);
        guest.enter(line.split_once(": ").unwrap().1);
        bob.printed.wait_for(&line);
        guest.end_input();
        drop(guest);
        bob.printed.wait_for(&format!("{name} left"));
        said.push(line);
    }
    assert_eq!(speech(&bob), said);
}

#[test]
#[ignore = "needs curl, wget, openssl, ssh, plink, redis-cli, psql, git and a network namespace"]
fn what_is_meant_for_somebody_else_is_not_said() {
    if !is_inside("strangers::what_is_meant_for_somebody_else_is_not_said") {
        return;
    }
    let _server = server();
    let bob = nc("bob");
    let mut carol = nc("carol");
    let mut said = Vec::new();
    for (number, command) in FOR_SOMETHING_ELSE.iter().enumerate() {
        let program = command.split(' ').find(|word| !word.contains('=')).unwrap();
        let is_there = shell(&format!("which {program}")).stdout(Stdio::null()).status().unwrap().success();
        assert!(is_there, "{program} is needed");
        let mut stranger = Program::start(&mut shell(command));
        stranger.wait();
        let line = format!("carol: that was {program}, number {number}");
        carol.enter(line.split_once(": ").unwrap().1);
        bob.printed.wait_for(&line);
        said.push(line);
        assert_eq!(speech(&bob), said, "after {command}");
    }
}
