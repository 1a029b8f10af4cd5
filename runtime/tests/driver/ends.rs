//! Streams that are slow, end or break, listeners that fail, and the end of the driver.

use crate::limits;
use crate::stage::{Client, Done, POLLS_MAX, Report, Stage};
use parlor_protocol::{Limits, Rate};
use parlor_runtime::driver::{Control, DriverLimits, Ended};
use std::io::ErrorKind;

/// Returns a stage with this number of clients, who have read everything.
fn stage_with(count: usize) -> (Stage, Vec<Client>) {
    let mut stage = Stage::new(limits());
    let clients: Vec<_> = (0..count).map(|_| stage.connect()).collect();
    stage.poll_until_idle();
    for client in &clients {
        client.take_received();
    }
    (stage, clients)
}

fn counts(stage: &mut Stage) -> (usize, usize) {
    stage.control(Control::Count);
    stage.poll_until_idle();
    match stage.take_reports()[..] {
        [Report::Counted { connections, members }] => (connections, members),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_slow_reader_receives_everything_in_order() {
    let (mut stage, clients) = stage_with(4);
    let [author, slow, other, fast] = &clients[..] else { unreachable!() };
    for number in 0..40 {
        // There is room for all, a few bytes at a time; and then for nothing.
        slow.make_room(if number < 20 { 10_000 } else { 0 });
        author.send(&format!("line {number} {}\n", "x".repeat(75 * number)));
        // Its own line is left out between two others.
        slow.send("of the slow reader\n");
        other.send(&format!("another line {number}\n"));
        stage.poll_until_idle();
    }
    let received_by_fast = fast.take_received();
    assert_eq!(received_by_fast.lines().count(), 3 * 40, "{received_by_fast}");
    let of_others = received_by_fast.split_inclusive('\n').filter(|line| !line.contains(": of the slow"));
    let expected: String = of_others.collect();
    let mut received = slow.take_received();
    assert!(received.ends_with("another line 19\n"), "{received}");
    for room in (1..60).chain([100_000; 2]) {
        slow.make_room(room);
        stage.poll_until_idle();
        let part = slow.take_received();
        assert!(part.len() <= room);
        assert!(
            part.len() == room || received.len() + part.len() == expected.len(),
            "there was room for more"
        );
        received += &part;
    }
    assert_eq!(received, expected);
}

#[test]
fn a_connection_that_breaks_or_ends_is_dropped() {
    let (mut stage, clients) = stage_with(4);
    clients[1].break_reads();
    stage.poll_until_idle();
    assert!(clients[1].is_dropped());
    assert_eq!(counts(&mut stage), (3, 3));
    assert_eq!(clients[0].take_received().lines().count(), 1, "the others are told");
    clients[2].break_writes();
    clients[0].send("hello\n");
    stage.poll_until_idle();
    assert!(clients[2].is_dropped());
    assert_eq!(counts(&mut stage), (2, 2));
    clients[3].end();
    stage.poll_until_idle();
    assert!(clients[3].is_shut() && clients[3].is_dropped());
    assert_eq!(counts(&mut stage), (1, 1));
    assert!(!clients[0].is_shut() && !clients[0].is_dropped());
    // A slot serves again.
    let newcomer = stage.connect();
    stage.poll_until_idle();
    newcomer.send("hello again\n");
    stage.poll_until_idle();
    assert!(clients[0].take_received().contains("hello again"));
    assert_eq!(counts(&mut stage), (2, 2));
}

#[test]
fn a_connection_waits_for_a_vacant_slot() {
    let limits = Limits { connections_max: 2, refusals_max: 1, ..limits() };
    let mut stage = Stage::new(limits);
    let clients: Vec<_> = (0..3).map(|_| stage.connect()).collect();
    stage.poll_until_idle();
    assert_eq!(counts(&mut stage).1, 2);
    let last = stage.connect();
    stage.poll_until_idle();
    assert_eq!(last.take_received(), "", "no slot is vacant");
    clients[0].end();
    stage.poll_until_idle();
    assert!(!last.take_received().is_empty(), "it is accepted when there is one");
    assert_eq!(counts(&mut stage).1, 2);
}

#[test]
fn reading_pauses_until_the_budget_allows_more() {
    let rate = Rate { lines: 1, burst: 2 };
    let mut stage = Stage::new(Limits { rate, ..limits() });
    let (author, reader) = (stage.connect(), stage.connect());
    stage.poll_until_idle();
    reader.take_received();
    for number in 0..30 {
        author.send(&format!("number {number}\n"));
    }
    stage.poll_until_idle();
    let mut received = reader.take_received();
    assert!(received.lines().count() < 30, "{received}");
    let reads = stage.take_done().iter().filter(|it| matches!(it, Done::Read(_))).count();
    assert!(reads < 30, "what may not be handled yet is not read: {reads} of 30 lines");
    for _ in 0..60 {
        stage.pass(1_000_000);
        stage.poll_until_idle();
        received += &reader.take_received();
    }
    assert!((0..30).all(|number| received.contains(&format!("number {number}\n"))), "{received}");
}

#[test]
fn a_listener_goes_on_after_an_error_of_one_connection() {
    let (mut stage, _clients) = stage_with(1);
    for kind in [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::TimedOut] {
        stage.fail_accepting(kind);
        let client = stage.connect();
        stage.poll_until_idle();
        assert_eq!(stage.take_reports(), [Report::AcceptFailed]);
        assert!(!client.take_received().is_empty());
    }
}

#[test]
fn a_listener_without_resources_pauses() {
    let (mut stage, _clients) = stage_with(1);
    stage.fail_accepting(ErrorKind::OutOfMemory);
    let client = stage.connect();
    stage.poll_until_idle();
    assert_eq!(stage.take_reports(), [Report::Paused]);
    stage.run_timers();
    stage.poll();
    assert_eq!(client.take_received(), "", "it does not try again at once");
    assert_eq!(stage.take_reports(), []);
}

#[test]
fn a_pause_of_accepting_ends() {
    let mut stage = Stage::with(
        limits(),
        DriverLimits { accept_retry_ms: 0, log_close_ms: 1_000_000, shutdown_ms: 1_000_000 },
    );
    stage.fail_accepting(ErrorKind::OutOfMemory);
    stage.fail_accepting(ErrorKind::OutOfMemory);
    let client = stage.connect();
    let mut reports = Vec::new();
    for _ in 0..POLLS_MAX {
        stage.run_timers();
        stage.poll();
        reports.extend(stage.take_reports());
        if reports.contains(&Report::Resumed) {
            break;
        }
    }
    assert_eq!(reports, [Report::Paused, Report::Resumed], "each is reported once");
    stage.poll_until_idle();
    assert!(!client.take_received().is_empty());
}

#[test]
fn a_stop_drains_the_connections() {
    let (mut stage, clients) = stage_with(2);
    stage.control(Control::Stop);
    stage.poll_until_idle();
    assert_eq!(stage.take_reports(), [Report::Stopping]);
    stage.take_done();
    let late = stage.connect();
    stage.poll_until_idle();
    assert!(!stage.take_done().contains(&Done::Accepted) && late.take_received().is_empty());
    for client in &clients {
        assert!(!client.take_received().is_empty() && client.is_shut(), "it is told");
        client.end();
    }
    assert_eq!(stage.poll_until_ended(), Ended::Drained);
    assert!(clients.iter().all(Client::is_dropped));
}

#[test]
fn a_client_wakes_the_driver() {
    let (mut stage, clients) = stage_with(2);
    for client in [&clients[0], &clients[1], &clients[0]] {
        assert!(!stage.is_woken(), "nothing is ready");
        client.send("hello\n");
        assert!(stage.is_woken());
        stage.poll_until_idle();
    }
    stage.connect();
    assert!(stage.is_woken(), "so does one that connects");
}

#[test]
fn an_empty_server_stops_at_once() {
    let (mut stage, _) = stage_with(0);
    stage.control(Control::Stop);
    assert_eq!(stage.poll_until_ended(), Ended::Drained);
}

#[test]
fn a_second_stop_cuts_everyone_off() {
    let (mut stage, _clients) = stage_with(2);
    stage.control(Control::Stop);
    stage.poll_until_idle();
    stage.control(Control::Stop);
    assert_eq!(stage.poll_until_ended(), Ended::Forced(2));
}

#[test]
fn a_second_stop_counts_those_who_were_cut_off_before() {
    let (mut stage, clients) = stage_with(3);
    clients[0].send("/quit\n");
    stage.poll_until_idle();
    stage.pass(limits().close_timeout_ms * 500);
    stage.control(Control::Stop);
    stage.poll_until_idle();
    stage.pass(limits().close_timeout_ms * 500);
    stage.poll_until_idle();
    assert!(clients[0].is_dropped() && !clients[1].is_dropped());
    stage.control(Control::Stop);
    assert_eq!(stage.poll_until_ended(), Ended::Forced(3));
}

#[test]
fn a_stop_has_a_deadline() {
    let mut stage =
        Stage::with(limits(), DriverLimits { accept_retry_ms: 1_000_000, log_close_ms: 0, shutdown_ms: 0 });
    let _clients = [(); 3].map(|()| stage.connect());
    stage.poll_until_idle();
    stage.control(Control::Stop);
    assert_eq!(stage.poll_until_ended(), Ended::CutOff(3));
}

#[test]
fn a_client_that_does_not_close_after_a_stop_is_cut_off() {
    for closed in [0, 1] {
        let (mut stage, clients) = stage_with(3);
        stage.control(Control::Stop);
        stage.poll_until_idle();
        clients[..closed].iter().for_each(Client::end);
        stage.poll_until_idle();
        stage.pass(limits().close_timeout_ms * 1_000);
        assert_eq!(stage.poll_until_ended(), Ended::CutOff(3 - closed));
        assert!(clients.iter().all(Client::is_dropped));
    }
}
