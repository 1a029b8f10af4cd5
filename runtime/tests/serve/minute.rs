//! A minute of talk at full rate, with a member that never reads.

use crate::support::{Client, DEADLINE, Server};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const SPEAKERS: usize = 3;
/// Lines that a speaker sends before it waits until the others have received them.
const LINES_AT_ONCE: usize = 500;
const BACKLOG_BYTES_MAX: u64 = 1 << 20;
/// Much more than the backlog of one member, so that it is the backlog's limit that is met.
const OUTBOX_BYTES_MAX: u64 = 256 << 20;
/// Further memory that the limits allow: two chunks of half a backlog each, a tick's input, and the allocator's share.
const SLACK_BYTES: u64 = 2 * BACKLOG_BYTES_MAX + (1 << 20) + (4 << 20);

/// Runs a speaker, which sends numbered lines until the time is over, then a last one, and receives every line of the others
/// in order.
fn speak(
    mut client: Client,
    over: &AtomicBool,
    heard: &[Sender<bool>],
    all_heard: &Receiver<bool>,
) -> (u64, u64) {
    let text = "x".repeat(100);
    let (mut said, mut noted) = (0_u64, 0_u64);
    let mut expected = std::collections::BTreeMap::<String, u64>::new();
    let mut goes_on = true;
    while goes_on {
        let mut lines = String::new();
        for _ in 0..LINES_AT_ONCE {
            lines += &format!("{said} {text}\n");
            said += 1;
        }
        client.send(lines);
        let mut left = LINES_AT_ONCE * (SPEAKERS - 1);
        while left > 0 {
            let line = client.line();
            let Some((name, said)) = line.split_once(": ") else {
                assert!(line.ends_with(" joined") || line.ends_with(" left"), "{line}");
                noted += 1;
                continue;
            };
            let number = expected.entry(name.to_owned()).or_default();
            assert_eq!(said, format!("{number} {text}"), "{name}'s next line");
            *number += 1;
            left -= 1;
        }
        let is_over = over.load(Ordering::Relaxed);
        heard.iter().for_each(|heard| heard.send(is_over).unwrap());
        for _ in 0..SPEAKERS {
            goes_on &= !all_heard.recv_timeout(DEADLINE).expect("all have heard it");
        }
    }
    (said, noted)
}

#[test]
#[ignore = "takes a minute"]
fn a_client_that_never_reads_costs_no_more_than_the_limits_allow() {
    let flags = [
        ("--rate-lines", 0),
        ("--backlog-bytes-max", BACKLOG_BYTES_MAX),
        ("--outbox-bytes-max", OUTBOX_BYTES_MAX),
    ];
    let flags: Vec<String> =
        flags.iter().flat_map(|(flag, value)| [(*flag).to_owned(), value.to_string()]).collect();
    let server = Server::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    let mut clients: Vec<Client> = (0..SPEAKERS).map(|_| server.enter()).collect();
    for heard in 0..SPEAKERS {
        for joined in heard + 1..SPEAKERS {
            let line = format!("{} joined", clients[joined].name);
            clients[heard].expect(line);
        }
    }
    let before = server.resident_bytes();
    let over = AtomicBool::new(false);
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..SPEAKERS).map(|_| mpsc::channel()).unzip();
    let mut closed = 0;
    thread::scope(|scope| {
        let speakers: Vec<_> = clients
            .drain(..)
            .zip(receivers)
            .map(|(client, all_heard)| {
                let (over, senders) = (&over, senders.clone());
                scope.spawn(move || speak(client, over, &senders, &all_heard))
            })
            .collect();
        // Nothing is ever sent on this channel: its timeout is the time of the talk.
        let (_silence, clock) = mpsc::channel::<()>();
        let rounds = 240;
        let mut slow = server.enter();
        for _ in 0..rounds {
            clock.recv_timeout(MINUTE / rounds).unwrap_err();
            // When the server has closed it with the reason, the next member that never reads connects.
            let left = format!("{} left: reads too slowly", slow.name);
            if !server.log.with(&left).is_empty() {
                let rest = slow.rest();
                let (_, reason) = rest.rsplit_once("\n* closed: ").expect("a reason");
                assert!(reason.starts_with("your connection was too slow"), "{reason}");
                closed += 1;
                slow = server.enter();
            }
        }
        over.store(true, Ordering::Relaxed);
        for speaker in speakers {
            let (said, noted) = speaker.join().unwrap();
            println!("said {said} lines, heard {} of the others and {noted} notes", said * 2);
        }
    });
    let most = server.most_resident_bytes().saturating_sub(before);
    println!("closed {closed} slow readers; {} KiB more than before at most", most >> 10);
    assert!(closed > 0, "a client that never reads is closed");
    // One member at a time does not read.
    let allowed = BACKLOG_BYTES_MAX + SLACK_BYTES;
    assert!(most <= allowed, "{most} bytes more than before, {allowed} allowed");
}
