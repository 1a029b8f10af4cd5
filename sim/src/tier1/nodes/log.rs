//! The log that several processes share. It delays proposals, lets one overtake another, takes some twice, and loses what nobody
//! has read when the process that proposed it crashes.

use super::{CheckResult, Marks, Setup, Shared};
use crate::sometimes;
use crate::source::Source;
use parlor_protocol::{Applied, Command, EventKind, Life, LogEntry, NodeId, Outcome, Proposal, Seq, World};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum distance between two positions of the log.
const GAP_MAX: u64 = 3;

/// The log, and the proposals on their way to it.
#[derive(Debug, Default)]
pub(super) struct SharedLog {
    entries: Vec<LogEntry>,
    position: u64,
    /// The entries that a process has read: they can not be lost any more.
    settled: Vec<Settled>,
    /// The world after them.
    world: World,
    on_way: BTreeMap<u64, (usize, Proposal)>,
    /// Number of proposals so far, with those that were repeated.
    proposed: u64,
    /// The time by which the last proposal of each process arrives.
    arrives_at: BTreeMap<usize, u64>,
    /// The lives whose processes run.
    running: BTreeSet<Life>,
    /// Whether proposals arrive in their order, each once.
    pub(super) is_healed: bool,
    /// Whether it takes nothing. What arrives waits.
    stands: bool,
    /// The numbers of the proposals that have arrived while it stands still.
    waiting: Vec<u64>,
}

/// An entry that a process has read.
#[derive(Debug)]
struct Settled {
    /// The digest of the world after it.
    digest: u64,
    /// The node whose member speaks.
    speaker: Option<NodeId>,
}

impl SharedLog {
    /// Returns the number of entries.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Returns the world after all entries that have been read.
    pub(super) const fn world(&self) -> &World {
        &self.world
    }

    /// Records that the process of a life begins.
    pub(super) fn began(&mut self, life: Life) {
        self.running.insert(life);
    }

    /// Records that the process of a life is gone.
    pub(super) fn is_over(&mut self, life: Life) {
        self.running.remove(&life);
    }

    /// Takes a proposal of a process. Returns the times at which it arrives, with the numbers for them.
    pub(super) fn propose(
        &mut self,
        process: usize,
        (now_us, setup): (u64, &Setup),
        proposal: &Proposal,
        chaos: &mut Source<'_>,
    ) -> Vec<(u64, u64)> {
        let Shared { overtake_per_mille, repeat_per_mille, .. } = setup.shared;
        let is_repeated = chaos.chance(repeat_per_mille) && !self.is_healed;
        let mut arrivals = Vec::new();
        for _ in 0..=u8::from(is_repeated) {
            let mut at_us = now_us + chaos.below(setup.commit_us_max + 1);
            if !chaos.chance(overtake_per_mille) || self.is_healed {
                let last = self.arrives_at.entry(process).or_default();
                at_us = at_us.max(*last);
                *last = at_us;
            }
            self.proposed += 1;
            self.on_way.insert(self.proposed, (process, proposal.clone()));
            arrivals.push((at_us, self.proposed));
        }
        arrivals
    }

    /// Stands still: it takes no proposals any more. What it has can be read.
    pub(super) const fn stop(&mut self) {
        self.stands = true;
    }

    /// Whether it stands still.
    pub(super) const fn stands(&self) -> bool {
        self.stands
    }

    /// Goes on. What it was given before is taken now, or when it arrives; if the log loses proposals, most of them are lost.
    pub(super) fn go_on(&mut self, loses: bool, (marks, chaos): (&mut Marks, &mut Source<'_>)) {
        self.stands = false;
        let given = self.on_way.len();
        self.on_way.retain(|_, _| !(loses && chaos.chance(700)));
        sometimes!(marks, LostWhileStill, self.on_way.len() < given);
        for number in std::mem::take(&mut self.waiting) {
            self.arrive(number, chaos);
        }
    }

    /// Appends a proposal that arrives.
    pub(super) fn arrive(&mut self, number: u64, chaos: &mut Source<'_>) {
        if self.stands {
            return self.waiting.push(number);
        }
        // It may be lost.
        let Some((_, proposal)) = self.on_way.remove(&number) else { return };
        self.position += if chaos.chance(100) { 1 + chaos.below(GAP_MAX) } else { 1 };
        self.entries.push(proposal.committed_at(Seq(self.position)));
    }

    /// Records that a process reads the first `count` entries.
    pub(super) fn settle(&mut self, count: usize, marks: &mut Marks) {
        let mut outcomes = Vec::new();
        for entry in self.entries.iter().take(count).skip(self.settled.len()) {
            let before_unix_ms = self.world.at_unix_ms();
            let applied = self.world.apply(entry, &mut outcomes);
            let (is_running, is_start) =
                (self.running.contains(&entry.origin.life), matches!(entry.command, Command::Started { .. }));
            let is_done = applied == Applied::Done;
            sometimes!(marks, RepeatDropped, applied == Applied::Repeated);
            sometimes!(marks, LifeOutlived, applied == Applied::OtherLife && is_running && !is_start);
            sometimes!(marks, PastGone, is_done && !is_running && !is_start);
            sometimes!(marks, NameFreed, is_start && !outcomes.is_empty());
            sometimes!(marks, CrowdLeaves, is_start && outcomes.len() >= 100);
            sometimes!(marks, ClockSetBack, self.world.at_unix_ms() < before_unix_ms);
            let says = outcomes.iter().any(|outcome| {
                matches!(outcome, Outcome::Happened(event) if matches!(event.kind, EventKind::Said { .. }))
            });
            let speaker = says.then_some(entry.origin.node);
            self.settled.push(Settled { digest: self.world.digest(), speaker });
            outcomes.clear();
        }
    }

    /// Returns the number of nodes whose members speak in some entries.
    pub(super) fn speakers(&self, from: usize, count: usize) -> usize {
        let speakers = self.settled[from..from + count].iter().filter_map(|it| it.speaker);
        speakers.collect::<BTreeSet<_>>().len()
    }

    /// Compares the digest of a process with that of the world at the same position.
    pub(super) fn check(&self, position: Seq, digest: u64) -> CheckResult {
        let Ok(index) = self.entries.binary_search_by_key(&position, |entry| entry.seq) else {
            return Err(format!("it is at position {}, where the log has no entry", position.0));
        };
        match self.settled.get(index) {
            Some(settled) if settled.digest == digest => Ok(()),
            settled => Err(format!(
                "its world is {digest:016x} at position {}, and that of the log {:016x}",
                position.0,
                settled.map_or(0, |it| it.digest)
            )),
        }
    }

    /// Loses some of what a process has proposed that crashes: entries that nobody has read, the latest first, and proposals on
    /// their way.
    pub(super) fn crashed(&mut self, process: usize, life: Life, chaos: &mut Source<'_>) {
        let loses = chaos.chance(500);
        self.on_way.retain(|_, (of, _)| *of != process || !loses);
        let own = |entry: &LogEntry| entry.origin.life == life;
        let tail = self.entries[self.settled.len()..].iter().filter(|entry| own(entry)).count();
        let mut kept = if loses { chaos.index(tail + 1) } else { tail };
        let settled = self.settled.len();
        let mut index = 0;
        self.entries.retain(|entry| {
            index += 1;
            if index <= settled || !own(entry) {
                return true;
            }
            let keeps = kept > 0;
            kept = kept.saturating_sub(1);
            keeps
        });
    }
}
