//! A room: its members, modes, topic and history.

use crate::base::digest::Digest;
use crate::base::id::{MemberId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Flag, Modes, Statuses};
use crate::base::name::{Name, RoomName};
use crate::base::person::Person;
use crate::base::text::Text;
use crate::log::command::MessageKind;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    began_unix_ms: u64,
    /// The host, at that time, of the member that began the room. `None` for the lobby.
    pub(super) begun_by: Option<Arc<str>>,
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
    /// The position in the log.
    pub seq: Seq,
    /// The time of the message, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The author, as others saw it at that time.
    pub by: Person,
    /// The kind of the message.
    pub kind: MessageKind,
    /// The text.
    pub text: Text,
}

impl HistoryLine {
    fn bytes(&self) -> usize {
        self.by.name.as_str().len() + self.text.as_str().len()
    }
}

/// The topic of a room.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The text.
    pub text: Text,
    /// The name, at that time, of the member who set it.
    pub by: Name,
    /// The time at which it was set, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

impl Room {
    pub(super) fn new(name: RoomName, began_unix_ms: u64, begun_by: Option<Arc<str>>) -> Self {
        Self {
            began_unix_ms,
            begun_by,
            history: VecDeque::new(),
            history_bytes: 0,
            members: BTreeMap::new(),
            modes: Modes::initial(),
            name,
            topic: None,
        }
    }

    /// Returns the time at which the room was created, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }

    /// Returns the recent messages, the oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &HistoryLine> + DoubleEndedIterator {
        self.history.iter()
    }

    /// Returns the members, in the order in which they entered the server.
    pub fn members(&self) -> impl ExactSizeIterator<Item = MemberId> {
        self.members.keys().copied()
    }

    /// Returns the members from `id` on, with the statuses of each.
    pub fn members_from(&self, id: MemberId) -> impl Iterator<Item = (MemberId, Statuses)> {
        self.members.range(id..).map(|(&id, &statuses)| (id, statuses))
    }

    /// Returns the statuses of a member; `None` if it is not in the room.
    #[must_use]
    pub fn statuses(&self, id: MemberId) -> Option<Statuses> {
        self.members.get(&id).copied()
    }

    /// Returns the modes.
    #[must_use]
    pub const fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Returns whether a member may know that the room exists, and who is in it. `None` stands for a connection that is
    /// not a member.
    #[must_use]
    pub fn is_visible_to(&self, id: Option<MemberId>) -> bool {
        !self.modes.has(Flag::Secret) || id.is_some_and(|id| self.members.contains_key(&id))
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &RoomName {
        &self.name
    }

    /// Returns the topic, if there is one.
    #[must_use]
    pub const fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    /// Appends a line to the history.
    pub(super) fn remember(&mut self, line: HistoryLine, limits: &WorldLimits) {
        self.history_bytes += line.bytes();
        self.history.push_back(line);
        self.trim_history(limits);
    }

    /// Drops the oldest lines until the history has half of its bytes at most.
    pub(super) fn halve_history(&mut self) {
        let bytes_max = self.history_bytes / 2;
        while self.history_bytes > bytes_max
            && let Some(oldest) = self.history.pop_front()
        {
            self.history_bytes -= oldest.bytes();
        }
    }

    /// Drops the oldest lines until the history is within its limits.
    pub(super) fn trim_history(&mut self, limits: &WorldLimits) {
        while self.history.len() > limits.history_lines_max as usize
            || self.history_bytes as u64 > limits.history_bytes_max
        {
            let Some(oldest) = self.history.pop_front() else { break };
            self.history_bytes -= oldest.bytes();
        }
    }

    pub(super) fn check_history(&self, position: Seq, limits: &WorldLimits) {
        let bytes: usize = self.history.iter().map(HistoryLine::bytes).sum();
        assert_eq!(self.history_bytes, bytes, "the bytes of the history of {} are counted", self.name);
        assert!(
            bytes as u64 <= limits.history_bytes_max,
            "the bytes of the history of {} are within their limit",
            self.name
        );
        assert!(
            self.history.len() <= limits.history_lines_max as usize,
            "the lines of the history of {} are within their limit",
            self.name
        );
        let in_order = self.history.iter().is_sorted_by(|one, next| one.seq < next.seq);
        assert!(in_order, "the history of {} is in the order of the log", self.name);
        assert!(
            self.history.back().is_none_or(|last| last.seq <= position),
            "the history of {} is not later than the last entry",
            self.name
        );
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.text(self.name.as_str());
        digest.number(self.began_unix_ms);
        digest.text(self.begun_by.as_deref().unwrap_or_default());
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
        for line in &self.history {
            digest.number(line.seq.0);
            digest.number(line.at_unix_ms);
            digest.number(line.kind as u64);
            line.by.digest(digest);
            digest.text(line.text.as_str());
        }
    }
}
