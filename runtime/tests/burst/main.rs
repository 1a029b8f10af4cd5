//! A burst of entries, and an entry that ends thousands of members, over real sockets: nobody who reads promptly is closed.

mod stage;

use parlor_protocol::Command;
use stage::{Client, MEMBERS, Stage, all_end, lines};
use std::thread;

/// Number of clients that read everything.
const READERS: usize = 20;

/// Commits the commands at once. Each reader must be told of each, in their order, and be served afterwards.
fn all_are_told(commands: &[Command], words: fn(u64) -> String) {
    let stage = Stage::start();
    let clients: Vec<Client> = (0..READERS).map(|nth| stage.connect(&format!("r{nth}"), "#lobby")).collect();
    let readers: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(nth, mut client)| {
            thread::spawn(move || {
                for nth in 1..=MEMBERS {
                    client.read_to(&words(nth));
                }
                client.send(&format!("PING end{nth}\r\n"));
                client.read_to(&format!("end{nth}"));
                client
            })
        })
        .collect();
    stage.commit(commands, commands.len());
    let clients: Vec<Client> = readers.into_iter().map(|it| it.join().expect("a reader reads all")).collect();
    assert_eq!(stage.closed(), [""; 0]);
    drop(clients);
    stage.stop();
}

#[test]
fn a_commit_of_ten_thousand_entries_closes_no_reader() {
    all_are_told(&lines(MEMBERS), |nth| format!(" PRIVMSG #lobby :line {nth} "));
}

#[test]
fn an_entry_that_ends_ten_thousand_members_closes_no_reader() {
    all_are_told(&all_end(), |nth| format!(":{nth}!"));
}
