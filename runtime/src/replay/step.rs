//! Following a replay, one call at a time.

use super::Done;
use crate::recording::{Committed, Record};
use parlor_protocol::{ConnId, Hub, Now, Seq};

/// Returns a line for a call. The words are those of the core's documentation, in every language.
pub(super) fn call(record: &Record<'_>, number: u64, now: Now, hub: &Hub) -> String {
    let seconds = now.mono.as_micros() / 1_000_000;
    let micros = now.mono.as_micros() % 1_000_000;
    let position = hub.world().position().0;
    format!("#{number} {seconds}.{micros:06} @{position} {}", what(record))
}

fn what(record: &Record<'_>) -> String {
    match record {
        Record::Accepted { conn, dialect, peer, .. } => format!("accepted {conn} {} {peer}", dialect.name()),
        Record::ApplyEntries => "apply_entries".to_owned(),
        Record::Closed(conn) => format!("closed {conn}"),
        Record::Committed(entries) => {
            entries.iter().fold("committed".to_owned(), |text, entry| match entry {
                Committed::Entry(Seq(seq), _) => format!("{text} {seq} (not the next proposal)"),
                Committed::Own { seq: Seq(seq), count: 1 } => format!("{text} {seq}"),
                Committed::Own { seq: Seq(seq), count } => {
                    format!("{text} {seq} and {} more", count.saturating_sub(1))
                }
            })
        }
        Record::EndTurn => "end_turn".to_owned(),
        Record::Fetched(conn, page) => format!("fetched {conn} {} lines", page.events.len()),
        Record::Flush => "flush".to_owned(),
        Record::FollowUp => "follow_up".to_owned(),
        Record::Identified(_) => "identified".to_owned(),
        Record::LogState(state) => format!("log_state {state:?}"),
        Record::PasswordChecked(conn, result) => format!("password_checked {conn} {result:?}"),
        Record::ReadClosed(conn) => format!("read_closed {conn}"),
        Record::Received(conn, bytes) => sent("received", *conn, bytes),
        Record::Shutdown => "shutdown".to_owned(),
        Record::TimeOut => "time_out".to_owned(),
        Record::Writable(conn) => format!("writable {conn}"),
        Record::Cloak { .. }
        | Record::Digests(_)
        | Record::End(_)
        | Record::Revealed { .. }
        | Record::ShortWrite { .. }
        | Record::Time { .. } => String::new(),
    }
}

/// Returns a line for something that the server did.
pub(super) fn done(done: &Done) -> String {
    match done {
        Done::Aborted(conn) => format!("  abort {conn}"),
        Done::Finished(conn) => format!("  finish {conn}"),
        Done::Paused(conn, true) => format!("  pause {conn}"),
        Done::Paused(conn, false) => format!("  resume {conn}"),
        Done::Proposed(proposal) => format!("  propose {:?}", proposal.command),
        Done::Wrote(conn, bytes) => sent("  write", *conn, bytes),
    }
}

fn sent(what: &str, conn: ConnId, bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .flat_map(|it| if it.is_control() { it.escape_default().collect::<Vec<_>>() } else { vec![it] })
        .collect();
    format!("{what} {conn} \"{text}\"")
}
