//! One room: its members, its topic, what was said of late.

use crate::base::digest::Digest;
use crate::base::id::{MemberId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Flag, Modes, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::person::Person;
use crate::base::text::Text;
use crate::log::command::MessageKind;
use alloc::collections::{BTreeMap, VecDeque};

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    began_unix_ms: u64,
    pub(super) history: VecDeque<HistoryLine>,
    pub(super) history_bytes: usize,
    pub(super) members: BTreeMap<MemberId, Statuses>,
    pub(super) modes: Modes,
    pub(super) name: RoomName,
    pub(super) topic: Option<Topic>,
}

/// A line of a room's recent history.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    /// Its position in the log.
    pub seq: Seq,
    /// When it was said: milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The speaker, as it was at that time.
    pub by: Person,
    /// The kind of the message.
    pub kind: MessageKind,
    /// The words.
    pub text: Text,
}

impl HistoryLine {
    fn bytes(&self) -> usize {
        self.by.name.as_str().len() + self.text.as_str().len()
    }
}

/// What a room is about.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The topic.
    pub text: Text,
    /// The name, at that time, of the member who set it.
    pub by: Name,
    /// When it was set: milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

impl Room {
    pub(super) fn new(name: RoomName, began_unix_ms: u64) -> Self {
        Self {
            began_unix_ms,
            history: VecDeque::new(),
            history_bytes: 0,
            members: BTreeMap::new(),
            modes: Modes::initial(),
            name,
            topic: None,
        }
    }

    /// When it began: milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// What was said of late, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &HistoryLine> + DoubleEndedIterator {
        self.history.iter()
    }

    /// Its members, in the order of their entrance to the server.
    pub fn members(&self) -> impl ExactSizeIterator<Item = MemberId> {
        self.members.keys().copied()
    }

    /// Its members from that one on, and the statuses of each.
    pub fn members_from(&self, id: MemberId) -> impl Iterator<Item = (MemberId, Statuses)> {
        self.members.range(id..).map(|(&id, &statuses)| (id, statuses))
    }

    /// The statuses of a member; `None` for who is not in the room.
    #[must_use]
    pub fn statuses(&self, id: MemberId) -> Option<Statuses> {
        self.members.get(&id).copied()
    }

    /// What it allows, and to whom.
    #[must_use]
    pub const fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Whether that member may hear that the room is, and who is there.
    #[must_use]
    pub fn is_visible_to(&self, id: Option<MemberId>) -> bool {
        !self.modes.has(Flag::Secret) || id.is_some_and(|id| self.members.contains_key(&id))
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &RoomName {
        &self.name
    }

    /// Its topic, if it has one.
    #[must_use]
    pub const fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    pub(super) fn remember(&mut self, heard: HistoryLine, limits: &WorldLimits) {
        self.history_bytes += heard.bytes();
        self.history.push_back(heard);
        self.trim_history(limits);
    }

    pub(super) fn trim_history(&mut self, limits: &WorldLimits) {
        while self.history.len() > limits.history_lines_max || self.history_bytes > limits.history_bytes_max {
            let Some(oldest) = self.history.pop_front() else { break };
            self.history_bytes -= oldest.bytes();
        }
    }

    pub(super) fn check_history(&self, position: Seq, limits: &WorldLimits) {
        let bytes: usize = self.history.iter().map(HistoryLine::bytes).sum();
        assert_eq!(self.history_bytes, bytes, "the history of {} is counted", self.name);
        assert!(bytes <= limits.history_bytes_max, "the history of {} is within its bytes", self.name);
        assert!(self.history.len() <= limits.history_lines_max, "the history of {} is short", self.name);
        let in_order = self.history.iter().is_sorted_by(|one, next| one.seq < next.seq);
        assert!(in_order, "the history of {} is in the order of the log", self.name);
        assert!(self.history.back().is_none_or(|last| last.seq <= position), "history is of the past");
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.text(self.name.as_str());
        digest.number(self.began_unix_ms);
        self.modes.digest(digest);
        digest.number(u64::from(self.topic.is_some()));
        if let Some(topic) = &self.topic {
            digest.text(topic.text.as_str());
            digest.text(topic.by.as_str());
            digest.number(topic.at_unix_ms);
        }
        digest.number(self.members.len() as u64);
        for (member, statuses) in &self.members {
            digest.number(member.0.0);
            digest.number(statuses.number());
        }
        digest.number(self.history.len() as u64);
        for heard in &self.history {
            digest.number(heard.seq.0);
            digest.number(heard.at_unix_ms);
            digest.number(heard.kind as u64);
            heard.by.digest(digest);
            digest.text(heard.text.as_str());
        }
    }
}
