//! Nodes that share a log, and their lives, in small worlds that are written by hand.

use parlor_sim::mark::Mark;
use parlor_sim::scenario::Scenario;
use parlor_sim::tier1::{self, Outcome};
use parlor_sim::trace::Trace;

fn run(text: &str) -> Outcome {
    let scenario: Scenario = text.parse().expect("a scenario");
    let outcome = tier1::run(&scenario, Trace::with_events());
    assert_eq!(outcome.violation, None);
    outcome
}

/// Returns what a client was sent, from all processes that it has connected to.
fn read_by(outcome: &Outcome, client: u16) -> String {
    let events = outcome.trace.events();
    let is_of = |event: &&parlor_sim::trace::Event| event.who.to_string() == format!("client {client}");
    let accepted = events.iter().filter(is_of).filter(|event| event.word == "accepted");
    let conns: Vec<_> = accepted.map(|event| (event.process, event.text.clone())).collect();
    let sent = events.iter().filter(|event| event.word == "sent");
    let sent = sent.filter(|event| conns.contains(&(event.process, event.who.to_string())));
    sent.map(|event| event.text.as_str()).collect()
}

#[test]
fn a_client_has_its_name_again_after_a_crash() {
    let outcome = run("set nodes 1\n\
        +1000us client 0 connects to lobby\n\
        +1000us client 1 connects to lobby\n\
        +1000us client 0 sees its node crash for 500us\n\
        +9000us client 0 connects to lobby\n");
    assert!(outcome.stats.marks.contains(&Mark::NameFreed));
    let read = read_by(&outcome, 0);
    assert_eq!(read.matches("your name is 5001 ").count(), 2, "{read}");
}

#[test]
fn members_of_two_nodes_are_in_one_room() {
    let outcome = run("set nodes 2\n\
        +1000us client 0 connects to lobby\n\
        +1000us client 1 connects to lobby\n\
        +1000us client 0 sends \"hello from zero\\n\"\n\
        +1000us client 1 sends \"hello from one\\n\"\n\
        +1000us client 1 sees its node crash for 500us\n");
    let read = read_by(&outcome, 0);
    assert!(read.contains("5001-2 joined"), "{read}");
    assert!(read.contains("5001-2: hello from one"), "{read}");
    assert!(read.contains("5001-2 left"), "{read}");
    assert!(!read.contains("hello from zero"), "{read}");
    assert!(read_by(&outcome, 1).contains("5001: hello from zero"));
}

#[test]
fn a_process_closes_its_connections_when_another_has_started_for_its_node() {
    let outcome = run("set nodes 1\n\
        set deliver_us_max 50000\n\
        +200000us client 0 connects to lobby\n\
        +200000us client 0 sees its node start twice\n\
        +10us client 0 sends \"too late\\n\"\n\
        +300000us client 1 connects to lobby\n");
    let read = read_by(&outcome, 0);
    assert!(read.contains("closed: the server was restarted"), "{read}");
    let read = read_by(&outcome, 1);
    assert!(read.contains("you are alone"), "{read}");
}

#[test]
fn a_seed_always_gives_the_same_run() {
    for seed in [3, 11, 19, 27, 35] {
        let scenario = Scenario::of_seed(seed);
        let [one, other] = [(), ()].map(|()| tier1::run(&scenario, Trace::hash_only()));
        assert_eq!(one.trace.hash(), other.trace.hash(), "{seed}");
        assert_eq!(one.stats, other.stats, "{seed}");
    }
}
