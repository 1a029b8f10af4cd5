//! The lives of nodes: which entries of the log count, what time it is in the log, and the proposals of this life.

use super::Model;
use super::chat::Chat;
use super::conn::Stage;
use crate::sometimes;
use parlor_protocol::{
    CloseReason, Command, ConnId, Event, Life, LogEntry, MemberId, NodeId, Now, RoomName, Views, World,
};

/// Stands for the connection of a member that is attached to none here. No connection has this id.
pub(super) const ELSEWHERE: ConnId = ConnId { slot: u32::MAX, generation: u32::MAX };

/// The latest life of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lived {
    life: Life,
    /// The number of its last entry that counts.
    count: u64,
    /// The time of that entry on the clock of the node.
    at_unix_ms: u64,
    is_over: bool,
}

/// The decision on an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Counts,
    /// It would count, had it not overtaken the proposals before it. Of a life that is over, nobody asks that.
    Early,
    Ignored,
}

/// A member that has left, of which others have yet to be told.
#[derive(Debug)]
pub(super) struct Leaver {
    pub(super) event: Event,
    pub(super) conn: ConnId,
    /// The rooms that it was in.
    pub(super) rooms: Vec<RoomName>,
}

/// A proposal of this life that does not count yet.
#[derive(Debug)]
pub(super) struct Proposed {
    /// Its connection; `None` if it is one of the node itself.
    conn: Option<ConnId>,
    /// Number of times that it is on its way.
    copies: u32,
    pub(super) command: Command,
}

impl Chat {
    /// Decides on an entry, and records it if it counts.
    pub(super) fn fate_of(&mut self, entry: &LogEntry) -> Fate {
        if entry.seq <= self.position {
            return Fate::Ignored;
        }
        self.position = entry.seq;
        let origin = entry.origin;
        let latest = self.lives.get(&origin.node).copied();
        let begins = match entry.command {
            Command::Started { after } => origin.number == 1 && after == latest.map(|it| it.life),
            _ => false,
        };
        let running = latest.filter(|it| !it.is_over && it.life == origin.life);
        let goes_on = running.is_some_and(|it| it.count + 1 == origin.number);
        if !begins && !goes_on {
            let is_early = match running {
                Some(it) => it.count + 1 < origin.number,
                // Nothing of its life counts before that has begun.
                None => latest.is_none_or(|it| it.life != origin.life),
            };
            return if is_early { Fate::Early } else { Fate::Ignored };
        }
        // Another node may be late, and a clock may be slow by seconds. But if a node has changed its mind about the time by more
        // than a minute, it knows better now.
        let was = latest.map_or(0, |it| it.at_unix_ms);
        let is_corrected = |than: u64| entry.at_unix_ms + 60_000 < than;
        if entry.at_unix_ms > self.at_unix_ms || is_corrected(was) && is_corrected(self.at_unix_ms) {
            self.at_unix_ms = entry.at_unix_ms;
        }
        let (life, count, at_unix_ms) = (origin.life, origin.number, entry.at_unix_ms);
        self.lives.insert(origin.node, Lived { life, count, at_unix_ms, is_over: false });
        Fate::Counts
    }

    /// Returns the latest life of a node, and the number of its last entry that counts.
    pub(super) fn life_of(&self, node: NodeId) -> Option<(Life, u64)> {
        self.lives.get(&node).map(|it| (it.life, it.count))
    }
}

impl Model {
    /// Applies the entries that the log has before the life begins.
    pub(super) fn replay(&mut self, log: &[LogEntry]) {
        let mut fault = None;
        for entry in log {
            let mut outcomes = Vec::new();
            self.world.apply(entry, &mut outcomes);
            self.commit(Now::default(), entry);
            fault = fault.or(self.chat.difference_of_events(&outcomes));
        }
        // What other lives of the node began before this one does not end it, and nobody is here to be told of it.
        self.is_over = false;
        self.leavers.clear();
        self.forget_views();
        self.views = Views::new(&self.limits, self.options.remembers_outside, &self.world);
        self.fault = fault.or_else(|| self.chat.difference(&self.world, &self.views));
    }

    /// Forgets what is only shown, which each process keeps for itself. A store outlives it.
    fn forget_views(&mut self) {
        let Chat { people, rooms, departed, members_max, keeps_everything, .. } = &mut self.chat;
        *members_max = people.len();
        departed.clear();
        if !*keeps_everything {
            rooms.iter_mut().for_each(|room| room.history.clear());
        }
        people.values_mut().for_each(|member| member.spoke_unix_ms = member.entered_unix_ms);
    }

    /// Proposes what begins the life of the node.
    pub(super) fn begin_life(&mut self) {
        let after = self.chat.life_of(self.options.node).map(|(life, _)| life);
        self.propose_for(None, Command::Started { after });
        let limits = self.limits.world;
        if self.chat.revision == 0 || limits != self.chat.limits {
            let revision = self.options.revision.unwrap_or(self.chat.revision + 1);
            if revision > self.chat.revision {
                self.propose_for(None, Command::Configure { revision, limits });
            }
        }
    }

    /// Proposes a command on behalf of a connection, or of the node itself.
    pub(super) fn propose_for(&mut self, conn: Option<ConnId>, command: Command) {
        if self.is_over {
            return;
        }
        let number = self.answered + self.under_way.len() as u64 + 1;
        let copies = self.log_runs().into();
        self.under_way.push_back(Proposed { conn, copies, command: command.clone() });
        if self.log_runs() {
            self.proposals.push((number, command));
        } else if let Some(id) = conn {
            self.will_be_told(id);
        }
    }

    /// Returns whether an entry is a proposal of this life.
    pub(super) fn is_own(&self, entry: &LogEntry) -> bool {
        entry.origin.node == self.options.node && entry.origin.life == self.options.life
    }

    /// Returns the connection of an entry that counts.
    pub(super) fn author_of(&mut self, entry: &LogEntry) -> Option<ConnId> {
        if !self.is_own(entry) {
            return None;
        }
        let proposed = self.under_way.pop_front().expect("an entry of this life was proposed");
        self.answered += 1;
        self.wake();
        proposed.conn
    }

    /// Handles an entry of this life that came too early: when none of its copies is on its way any more, the missing proposals are
    /// made again, and so are all after them.
    pub(super) fn came_early(&mut self, entry: &LogEntry) {
        if !self.is_own(entry) || self.is_over {
            return;
        }
        let ahead = usize::try_from(entry.origin.number - self.answered - 1).expect("there are few");
        let Some(proposed) = self.under_way.get_mut(ahead) else { return };
        proposed.copies = proposed.copies.saturating_sub(1);
        if proposed.copies == 0 && self.log_runs() {
            sometimes!(self.marks, ProposedAgain, true);
            self.propose_again();
        }
    }

    /// Forgets how often proposals are on their way, because the log may have lost them.
    pub(super) fn forget_copies(&mut self) {
        self.under_way.iter_mut().for_each(|proposed| proposed.copies = 0);
    }

    /// Proposes everything under way again.
    pub(super) fn propose_again(&mut self) {
        for (number, proposed) in (self.answered + 1..).zip(&mut self.under_way) {
            proposed.copies += 1;
            self.proposals.push((number, proposed.command.clone()));
        }
    }

    /// Proposes the end of the life when the server has stopped.
    pub(super) fn end_life(&mut self) {
        let is_idle = self.conns.keys().next().is_none() && self.under_way.is_empty();
        if self.stopping && !self.ends_life && is_idle {
            self.ends_life = true;
            let (node, life) = (self.options.node, self.options.life);
            self.propose_for(None, Command::Ended { node, life });
        }
    }

    /// Carries out a `Started` or an `Ended`: members of the node leave, which is told one by one. If the life that is over is this
    /// one, all connections are closed, so nobody is told.
    pub(super) fn change_lives(&mut self, entry: &LogEntry) {
        let (own_node, own_life) = (self.options.node, self.options.life);
        let (node, reason, is_own) = match entry.command {
            Command::Started { .. } => {
                let node = entry.origin.node;
                (node, CloseReason::Restarted, node == own_node && entry.origin.life != own_life)
            }
            Command::Ended { node, life } => {
                let latest = self.chat.lives.get_mut(&node).filter(|it| it.life == life);
                let Some(latest) = latest else { return };
                latest.is_over = true;
                (node, CloseReason::Shutdown, (node, life) == (own_node, own_life))
            }
            _ => return,
        };
        let members = self.chat.people.iter().filter(|(_, it)| it.node == node);
        let members: Vec<MemberId> = members.map(|(&member, _)| member).collect();
        let leavers = members.into_iter().map(|it| self.take_out(entry, it, reason, (None, None)));
        let leavers: Vec<Leaver> = leavers.collect();
        if !is_own {
            self.leavers.extend(leavers);
            return;
        }
        self.is_over = true;
        self.under_way.clear();
        let conns: Vec<ConnId> = self.conns.keys().collect();
        for conn in conns {
            self.end(conn, reason);
            if self.conns.get(conn).is_some_and(|it| it.stage == Stage::Entering) {
                self.not_entered(conn);
            }
            self.forget_if_over(conn);
        }
        for leaver in leavers {
            self.is_left(leaver.conn, reason, None);
        }
    }

    /// Tells of the next member that a life has left behind.
    pub(super) fn tell_next(&mut self) {
        if let Some(leaver) = self.leavers.pop_front() {
            self.tell_of_leaver(&leaver);
        }
    }

    /// Returns the members that are attached to an open connection of this life.
    pub fn attached(&self) -> impl Iterator<Item = MemberId> {
        let open = |conn: ConnId| self.open_conns().any(|it| it == conn);
        self.chat.people.iter().filter(move |(_, it)| open(it.conn)).map(|(&member, _)| member)
    }

    /// Returns the world of the core that the model compares itself with.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }
}
