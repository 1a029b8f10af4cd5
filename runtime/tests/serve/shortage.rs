//! Too many connections and slow readers, over real sockets.

use crate::support::{Client, Server, clear_environment};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};
use std::process::Command;

/// Starts a server with this limit of open files.
fn server_with_files(count: usize, flags: &str) -> Server {
    let mut command = Command::new("sh");
    clear_environment(&mut command);
    let parlor = env!("CARGO_BIN_EXE_parlor");
    let script = format!("ulimit -n {count} && exec '{parlor}' serve --listen plain://127.0.0.1:0 {flags}");
    command.args(["-c", &script]);
    Server::start_command(command)
}

#[test]
fn without_file_descriptors_accepting_pauses_and_recovers() {
    let server = server_with_files(40, "--connections-max 1000 --accept-retry-ms 100");
    let mut inside = server.enter();
    // The kernel accepts every connection. Those for which the server has no descriptor receive nothing yet.
    let mut waiting: Vec<Client> = (0..60).map(|_| Client::connect(server.address)).collect();
    server.log.wait_for("paused accepting connections");
    let first = inside.name.clone();
    inside.send("the server still serves\n");
    let mut second = waiting.remove(0);
    while second.line() != format!("{first}: the server still serves") {}
    assert_eq!(server.log.with("paused accepting connections").len(), 1, "it says so once");

    let mut last = waiting.pop().unwrap();
    drop(waiting);
    let greeting = last.line();
    assert!(greeting.starts_with(&format!("* your name is {} and ", last.name)), "{greeting}");
    server.log.wait_for("accepting connections again");
    assert_eq!(
        server.log.with("paused accepting connections").len(),
        1,
        "a part of those who wait is let in in silence"
    );
    last.send("and lets people in again\n");
    while inside.line() != format!("{}: and lets people in again", last.name) {}
}

#[test]
fn a_full_server_says_so() {
    let server = Server::start(&["--connections-max", "2"]);
    let (_alice, _bob) = (server.enter(), server.enter());
    let mut carol = Client::connect(server.address);
    assert_eq!(carol.rest(), "* closed: the server is full; try again later\n");
    server.log.wait_for(&format!("refused: the server is full peer=127.0.0.1:{}", carol.name));
}

#[test]
fn who_waits_for_a_place_gets_the_first_that_is_free() {
    let flags = ["--connections-max", "1", "--refusals-max", "4", "--drain-ms", "600000"];
    let server = Server::start(&flags);
    let _inside = server.enter();
    let full = "* closed: the server is full; try again later";
    let mut refused: Vec<Client> = (0..4).map(|_| Client::connect(server.address)).collect();
    refused.iter_mut().for_each(|client| client.expect(full));
    let mut waiting = Client::connect(server.address);
    // All of them close in one tick, and no other event would wake the server.
    server.signal(Signal::STOP);
    drop(refused);
    server.signal(Signal::CONT);
    waiting.expect(full);
}

/// The limit of the kernel's memory for a member that never reads: its backlog begins early.
#[test]
fn a_member_that_never_reads_fills_a_small_buffer() {
    const SEND_BYTES: usize = 64 << 10;
    const BACKLOG_BYTES_MAX: usize = 1 << 20;
    let server = Server::start(&[
        "--rate-lines",
        "0",
        "--socket-send-bytes",
        &SEND_BYTES.to_string(),
        "--backlog-bytes-max",
        &BACKLOG_BYTES_MAX.to_string(),
    ]);
    let mut alice = server.enter();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&server.address.into()).unwrap();
    alice.line();
    let mut bob = server.enter();
    alice.expect(format!("{} joined", bob.name));
    let line = format!("{}\n", "x".repeat(4_000));
    let mut said = 0;
    // Bob receives each line before the next one is sent, so each has its own tick.
    loop {
        alice.send(&line);
        said += line.len();
        if bob.line().ends_with(" left") {
            break;
        }
        // The buffers of both sides, each doubled by the kernel, are far below what it would give by itself.
        let allowed = BACKLOG_BYTES_MAX + 3 * SEND_BYTES;
        assert!(said <= allowed, "{said} bytes were said, {allowed} allowed");
    }
    server.log.wait_for("left: reads too slowly");
}

/// The kernel reduces a buffer without an error.
#[test]
fn a_buffer_that_the_system_does_not_allow_is_a_warning() {
    let max = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    let (max, wanted) = (max.trim(), 1 << 29);
    let server = Server::start(&["--socket-receive-bytes", &wanted.to_string()]);
    server.log.wait_for(&format!(
        "socket_receive_bytes is {wanted}, but the system allows only {max} bytes: raise net.core.rmem_max with sysctl"
    ));
    assert!(server.log.with("socket_send_bytes").is_empty());
}

#[test]
fn a_reader_that_is_too_slow_is_closed_with_the_reason() {
    let server = Server::start(&["--rate-lines", "0"]);
    let mut alice = server.enter();
    let mut bob = server.enter();
    alice.expect(format!("{} joined", bob.name));
    // The slow reader reads its greeting and nothing more.
    let mut slow = server.enter();
    alice.expect(format!("{} joined", slow.name));
    bob.expect(format!("{} joined", slow.name));
    let line = "x".repeat(4_000);
    let said = format!("{}: {line}", alice.name);
    let left = format!("{} left", slow.name);
    // Bob receives every line, and somewhere between them the announcement that the slow reader left.
    for sent in 0.. {
        assert!(sent < 20_000, "a reader that reads nothing is closed");
        alice.send(format!("{line}\n"));
        let mut heard = bob.line();
        if heard == left {
            heard = bob.line();
            assert_eq!(heard, said);
            break;
        }
        assert_eq!(heard, said);
    }
    alice.expect(left);
    server.log.wait_for(&format!("{} left: reads too slowly", slow.name));
    let rest = slow.rest();
    let (heard, reason) = rest.rsplit_once("* closed: ").unwrap();
    assert!(reason.starts_with("your connection was too slow"), "{reason}");
    assert!(heard.lines().all(|line| line == said), "a beginning of what was said, in whole lines");
}
