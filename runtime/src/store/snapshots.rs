//! The thread that makes snapshots, of a world of its own.

use super::file::StoredSnapshot;
use super::salts::Salts;
use super::writer::Job;
use super::{Place, StoreError};
use parlor_protocol::codec::Link;
use parlor_protocol::{LogEntry, World};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Number of entries after which a snapshot is made. A start then replays at most twice as many.
const ENTRIES_MAX: u64 = 10_000;

/// A commit, and the link of its last entry.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) entries: Vec<LogEntry>,
    pub(super) link: Link,
}

/// Starts the thread. It applies the commits that it is sent to the world, and gives its snapshots to the writer. When there are no
/// more commits, it makes a last one, so that a start after a clean end has nothing to replay, and ends.
pub(super) fn start(
    world: World,
    mut salts: Salts,
    jobs: Sender<Job>,
) -> Result<(Sender<Commit>, thread::JoinHandle<()>), StoreError> {
    let (commits, receiver) = channel();
    let thread = thread::Builder::new().name("parlor-snapshot".to_owned());
    let run = move || run(world, &mut salts, &receiver, &jobs);
    let thread = thread.spawn(run).map_err(StoreError::Thread)?;
    Ok((commits, thread))
}

fn run(mut world: World, salts: &mut Salts, commits: &Receiver<Commit>, jobs: &Sender<Job>) {
    let mut keep = |world: &World, link| {
        let place = Place { seq: world.position(), link };
        let snapshot = StoredSnapshot { place, bytes: world.snapshot(&mut || salts.next()) };
        // If the writer has ended, nobody needs it.
        jobs.send(Job::Keep(snapshot)).ok();
    };
    let (mut outcomes, mut applied, mut last) = (Vec::new(), 0, None);
    for Commit { entries, link } in commits {
        for entry in &entries {
            world.apply(entry, &mut outcomes);
            outcomes.clear();
            applied += 1;
        }
        last = Some(link);
        if applied >= ENTRIES_MAX {
            keep(&world, link);
            (applied, last) = (0, None);
        }
    }
    if let Some(link) = last {
        keep(&world, link);
    }
}
