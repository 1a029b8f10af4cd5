//! The events that wake the driver, and the work that it does without another one.

use crate::limits;
use crate::stage::{Client, Done, Report, Stage};
use parlor_protocol::{Dialect, Limits, PasswordResult, Rate};

/// Returns a stage with this number of clients, who have read everything.
fn stage_with(limits: Limits, count: usize) -> (Stage, Vec<Client>) {
    let mut stage = Stage::new(limits);
    let clients: Vec<_> = (0..count).map(|_| stage.connect()).collect();
    stage.poll_until_idle();
    clients.iter().for_each(|client| drop(client.take_received()));
    stage.take_done();
    (stage, clients)
}

#[test]
fn a_deadline_of_the_core_wakes_the_driver() {
    let (mut stage, clients) = stage_with(Limits { rate: Rate { lines: 1_000, burst: 1 }, ..limits() }, 2);
    clients[0].send("one\ntwo\nthree\n");
    stage.poll_until_idle();
    assert!(!clients[1].take_received().contains("two"));
    let mut received = String::new();
    while !received.contains("three") {
        stage.wait_until_woken();
        stage.pass(1_000);
        stage.poll_until_idle();
        received += &clients[1].take_received();
    }
}

#[test]
fn a_flush_in_parts_is_completed() {
    let (mut stage, clients) = stage_with(Limits { flush_writes_max: 1, ..limits() }, 20);
    clients[0].send("hello\n");
    stage.poll_until_idle();
    assert!(clients[1..].iter().all(|client| client.take_received().contains("hello")));
}

#[test]
fn what_follows_from_a_flush_is_flushed() {
    let (mut stage, clients) = stage_with(Limits { rate: Rate { lines: 1, burst: 1 }, ..limits() }, 3);
    clients[0].send(&"hello\n".repeat(9));
    stage.poll_until_idle();
    clients[1].take_received();
    clients[2].break_writes();
    // A line is read because time passes, and not because of a socket.
    stage.pass(1_000_000);
    stage.poll_until_idle();
    assert!(clients[2].is_dropped());
    let received = clients[1].take_received();
    assert_eq!(received.lines().count(), 2, "the line, and that a member has left: {received}");
}

#[test]
fn verdicts_on_passwords_are_told_and_obeyed() {
    let mut stage = Stage::of(Dialect::Irc, limits());
    let client = stage.connect();
    client.send("NICK alice\r\nUSER a 0 * a\r\n");
    stage.poll_until_idle();
    client.take_received();
    for (result, told, reports) in [
        (PasswordResult::Wrong, " 464 alice ", &[Report::PasswordWrong][..]),
        (PasswordResult::Right, " 381 alice ", &[]),
    ] {
        client.send("OPER alice secret\r\n");
        stage.poll_until_idle();
        assert_eq!(client.take_received(), "", "the verdict is not there yet");
        stage.decide(result);
        assert!(stage.is_woken());
        stage.poll_until_idle();
        let received = client.take_received();
        assert!(received.contains(told), "{received}");
        assert_eq!(stage.take_reports(), reports);
    }
    client.send("REHASH\r\n");
    stage.poll_until_idle();
    assert_eq!(stage.take_reports(), [Report::RehashWanted]);
}

#[test]
fn the_check_of_a_closed_connection_is_cancelled() {
    let mut stage = Stage::of(Dialect::Irc, limits());
    let [alice, bob] = ["alice", "bob"].map(|name| {
        let client = stage.connect();
        client.send(&format!("NICK {name}\r\nUSER a 0 * a\r\nJOIN #tea\r\n"));
        client
    });
    alice.send("OPER alice secret\r\n");
    stage.poll_until_idle();
    assert_eq!(stage.checks(), 1);
    alice.break_writes();
    bob.send("PRIVMSG #tea :hello\r\n");
    stage.poll_until_idle();
    assert!(alice.is_dropped());
    assert_eq!(stage.checks(), 0);
}

#[test]
fn a_tick_takes_only_so_many_results_of_checks() {
    let mut stage = Stage::of(Dialect::Irc, limits());
    for number in 0..300 {
        let client = stage.connect();
        client.send(&format!("NICK a{number}\r\nUSER a 0 * a\r\nOPER alice secret\r\n"));
    }
    stage.poll_until_idle();
    assert_eq!(stage.checks(), 300);
    (0..300).for_each(|_| stage.decide(PasswordResult::Wrong));
    stage.poll();
    // Four ticks, and then other tasks run.
    assert!(stage.results() >= 300 - 4 * 64, "{} results are left", stage.results());
    stage.poll_until_idle();
    assert_eq!(stage.results(), 0, "all are taken in the end");
}

#[test]
fn the_event_loop_runs_after_a_flush_within_a_turn() {
    let mut narrow = Limits {
        backlog_bytes_max: 25_000,
        line_bytes_max: 1_000,
        pending_commands_max: 1,
        reply_bytes_max: 4_096,
        ..limits()
    };
    narrow.world.topic_bytes_max = 300;
    let (mut stage, clients) = stage_with(narrow, 2);
    // What is said in one read is more than may be rendered between two flushes.
    let lines = format!("{}\n", "x".repeat(999)).repeat(15);
    (0..100).for_each(|_| clients[0].send(&lines));
    let mut reads = 0;
    for _ in 0..20 {
        stage.poll();
        let read = stage.take_done().iter().filter(|it| matches!(it, Done::Read(_))).count();
        assert!(read <= 1, "{read} reads without the event loop");
        reads += read;
    }
    assert!(reads >= 5, "{reads} reads");
}

#[test]
fn nothing_is_read_after_the_end() {
    let (mut stage, clients) = stage_with(limits(), 2);
    clients[0].make_room(0);
    clients[1].send("hello\n");
    stage.poll_until_idle();
    clients[0].end();
    stage.poll_until_idle();
    assert!(stage.take_done().contains(&Done::Read(0)));
    for _ in 0..3 {
        clients[0].make_room(1);
        stage.poll_until_idle();
    }
    assert!(!clients[0].is_dropped(), "not all is written");
    assert!(!stage.take_done().contains(&Done::Read(0)));
}
