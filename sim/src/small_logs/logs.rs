//! The logs that are reached, as a tree: each is another one with an entry more.

use parlor_protocol::{
    Applied, Command, Digest, Life, LogEntry, NodeId, Origin, Proposal, Seq, World, WorldLimits,
};
use std::collections::BTreeMap;

/// A log, by its place in the tree.
pub(super) type Log = u32;

/// The node that has configured the shared log before anything else happens.
const OPERATOR: NodeId = NodeId(9);

/// The logs, and the proposals that are in them.
#[derive(Debug)]
pub(super) struct Logs {
    /// The different proposals. There are few: their contents depend on positions alone.
    proposals: Vec<Proposal>,
    logs: Vec<Entry>,
    longer: BTreeMap<(Log, u16), Log>,
}

/// The last entry of a log.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The log without it.
    before: Log,
    proposal: u16,
    /// Number of entries of the log.
    length: u8,
    is_applied: bool,
    /// The digest of the world after it.
    digest: u64,
    /// Number of members of the first two nodes.
    members: [u8; 2],
    /// The digest of the worlds after it and after all entries before it.
    history: u64,
}

impl Logs {
    /// The log in which every world begins: limits are in force, so that no process proposes any.
    pub(super) const FIRST: Log = 2;

    /// Number of entries of that log.
    pub(super) const FIRST_LENGTH: u8 = 2;

    pub(super) fn new() -> Self {
        let digest = World::new().digest();
        let nothing = Entry {
            before: 0,
            proposal: 0,
            length: 0,
            is_applied: false,
            digest,
            members: [0; 2],
            history: 0,
        };
        let mut logs = Self { proposals: Vec::new(), logs: vec![nothing], longer: BTreeMap::new() };
        let limits = WorldLimits::default();
        let commands = [Command::Started { after: None }, Command::Configure { revision: 1, limits }];
        for (number, command) in (1..).zip(commands) {
            let origin = Origin { node: OPERATOR, life: Life(1), number };
            let proposal = logs.proposal(&Proposal { at_unix_ms: 0, origin, command });
            let last = Log::try_from(logs.logs.len() - 1).expect("there are few");
            logs.append(last, proposal).expect("the first entries are right");
        }
        logs
    }

    /// Returns the number of logs.
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// Returns the number of a proposal.
    pub(super) fn proposal(&mut self, proposal: &Proposal) -> u16 {
        let index = self.proposals.iter().position(|it| it == proposal).unwrap_or_else(|| {
            self.proposals.push(proposal.clone());
            self.proposals.len() - 1
        });
        u16::try_from(index).expect("there are few proposals")
    }

    /// Returns the proposal with a number.
    pub(super) fn proposed(&self, proposal: u16) -> &Proposal {
        &self.proposals[usize::from(proposal)]
    }

    /// Returns the number of entries of a log.
    pub(super) fn length(&self, log: Log) -> u8 {
        self.logs[log as usize].length
    }

    /// Returns the digest of the world that results from a log.
    pub(super) fn digest(&self, log: Log) -> u64 {
        self.logs[log as usize].digest
    }

    /// Returns a digest of the worlds after all entries of a log.
    pub(super) fn history(&self, log: Log) -> u64 {
        self.logs[log as usize].history
    }

    /// Returns the number of members of each node that result from a log.
    pub(super) fn members(&self, log: Log) -> [u8; 2] {
        self.logs[log as usize].members
    }

    /// Returns the first `length` entries of a log.
    pub(super) fn first(&self, mut log: Log, length: u8) -> Log {
        while self.logs[log as usize].length > length {
            log = self.logs[log as usize].before;
        }
        log
    }

    /// Returns the proposal that is the last entry of a log.
    pub(super) fn last(&self, log: Log) -> u16 {
        self.logs[log as usize].proposal
    }

    /// Returns the proposals of a log that are applied, the last one first, with the length of the log up to each.
    pub(super) fn applied_backwards(&self, mut log: Log) -> impl Iterator<Item = (u8, &Proposal)> {
        std::iter::from_fn(move || {
            let entry = self.logs[log as usize];
            (entry.length > 0).then(|| {
                log = entry.before;
                entry
            })
        })
        .filter(|entry| entry.is_applied)
        .map(|entry| (entry.length, self.proposed(entry.proposal)))
    }

    /// Returns the entries of a log.
    pub(super) fn entries(&self, mut log: Log) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        while self.logs[log as usize].length > 0 {
            let Entry { before, proposal, length, .. } = self.logs[log as usize];
            entries.push(self.proposed(proposal).clone().committed_at(Seq(length.into())));
            log = before;
        }
        entries.reverse();
        entries
    }

    /// Appends a proposal to a log. It must be applied or ignored according to the laws.
    pub(super) fn append(&mut self, log: Log, proposal: u16) -> Result<Log, String> {
        if let Some(&longer) = self.longer.get(&(log, proposal)) {
            return Ok(longer);
        }
        let mut world = World::replay(&self.entries(log));
        let before = Shown::of(&world);
        let length = self.length(log) + 1;
        let entry = self.proposed(proposal).clone().committed_at(Seq(length.into()));
        let mut outcomes = Vec::new();
        let applied = world.apply(&entry, &mut outcomes);
        let is_applied = applied == Applied::Done;
        if is_applied {
            self.may_apply(log, &entry)?;
        } else if !outcomes.is_empty() || before != Shown::of(&world) {
            return Err(format!("{:?} is {applied:?}, but changes the world", entry.origin));
        }
        let longer = Log::try_from(self.logs.len()).map_err(|_| "there are too many logs".to_owned())?;
        let members = [0, 1].map(|node| {
            let members = world.members().filter(|(_, member)| member.node() == NodeId(node)).count();
            u8::try_from(members).expect("there are few members")
        });
        let digest = world.digest();
        let mut history = Digest::new();
        history.number(self.logs[log as usize].history);
        history.number(digest);
        let history = history.finish();
        self.logs.push(Entry { before: log, proposal, length, is_applied, digest, members, history });
        self.longer.insert((log, proposal), longer);
        Ok(longer)
    }

    /// Checks that an entry may be applied after a log: its number is the next one of its life, and its life is not over.
    fn may_apply(&self, log: Log, entry: &LogEntry) -> Result<(), String> {
        let Origin { node, life, number } = entry.origin;
        let of_life = |it: &&Proposal| (it.origin.node, it.origin.life) == (node, life);
        let applied: Vec<&Proposal> = self.applied_backwards(log).map(|(_, it)| it).collect();
        let before = applied.iter().copied().find(of_life).map_or(0, |it| it.origin.number);
        if before + 1 != number {
            return Err(format!("{:?} is applied after the number {before}", entry.origin));
        }
        let starts =
            |it: &&&Proposal| it.origin.node == node && matches!(it.command, Command::Started { .. });
        let latest = applied.iter().find(starts).map(|it| it.origin.life);
        let begins = matches!(entry.command, Command::Started { .. });
        if !begins && latest != Some(life) {
            return Err(format!("{:?} is applied, but the life of its node is {latest:?}", entry.origin));
        }
        Ok(())
    }
}

/// The parts of a world that an ignored entry must not change.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    members: Vec<(u64, String)>,
    lives: Vec<Option<(Life, u64)>>,
}

impl Shown {
    fn of(world: &World) -> Self {
        let members = world.members().map(|(id, member)| (id.0.0, member.name().to_string())).collect();
        let life = |node| world.node(NodeId(node)).map(|it| (it.life(), it.number()));
        Self { members, lives: (0..=OPERATOR.0).map(life).collect() }
    }
}

/// Returns the words of a message to a room.
pub(super) fn words(command: &Command) -> Option<&str> {
    match command {
        Command::Say { message, .. } => Some(message.text.as_str()),
        _ => None,
    }
}

/// Returns how a proposal is told in the steps to a violation.
pub(super) fn told(proposal: &Proposal) -> String {
    let Origin { node, life, number } = proposal.origin;
    let what = match &proposal.command {
        Command::Started { after: None } => "starts".to_owned(),
        Command::Started { after: Some(Life(life)) } => format!("starts after the life {life}"),
        Command::Enter { .. } => "enters".to_owned(),
        command => words(command).map_or_else(|| "…".to_owned(), |words| format!("says «{words}»")),
    };
    format!("{node}, life {}, number {number}: {what}", life.0)
}
