//! Reports to the administrator's console.

use super::Hub;
use super::commit::Author;
use crate::base::id::{ConnId, MemberId};
use crate::base::person::UserModes;
use crate::hub::console::{ConsoleEvent, ConsoleMember, ModesLogged, Peer};
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::planted;
use crate::world::{Event, EventKind, Outcome};
use core::net::SocketAddr;

impl Hub {
    /// Reports one outcome of an entry to the console. Must run before [`publish`](Self::publish), which takes the
    /// connection from a member that has left.
    ///
    /// If there are several nodes, each reports the acts of its own members, and what happens to these.
    pub(super) fn report(&self, author: Author, outcome: &Outcome, sink: &mut impl Sink) {
        let console_event = match outcome {
            Outcome::Happened(event) if self.concerns_this_node(author, event) => {
                self.console_event(author, event)
            }
            Outcome::Refused { member, refusal, .. } => self
                .console_author(author, *member)
                .map(|member| ConsoleEvent::CommandRefused { member, why: refusal.word() }),
            Outcome::Happened(_)
            | Outcome::KeptOut { .. }
            | Outcome::ModesUnchanged { .. }
            | Outcome::NotEntered { .. }
            | Outcome::RoomEnded { .. } => None,
        };
        if let Some(event) = console_event {
            sink.output(Output::Console(event));
        }
    }

    fn concerns_this_node(&self, author: Author, event: &Event) -> bool {
        let is_here = |id: &MemberId| self.members.contains_key(id);
        match &event.kind {
            _ if author.conn.is_some() => true,
            EventKind::HostSet { .. } | EventKind::Left { .. } => is_here(&event.member),
            EventKind::Invited { target, .. } | EventKind::Kicked { target, .. } => is_here(target),
            _ => false,
        }
    }

    /// Returns the console event for an event, if there is one. Messages, away texts and real names are not reported.
    fn console_event<'a>(&'a self, author: Author, event: &'a Event) -> Option<ConsoleEvent<'a>> {
        let id = event.member;
        Some(match &event.kind {
            EventKind::Entered { .. } => {
                let dialect = self.session_ref(author.conn?)?.dialect().class().dialect.name;
                ConsoleEvent::Entered { member: self.newcomer(author, event)?, dialect }
            }
            EventKind::Joined { room, .. } => {
                ConsoleEvent::RoomEntered { member: self.newcomer(author, event)?, room: &room.name }
            }
            EventKind::Left { reason, operator, .. } => {
                let peer = Peer::Address(self.peer(*self.members.get(&id)?)?);
                let left = ConsoleMember { name: &event.by.name, peer };
                let by = match *operator {
                    // A member that killed itself is not in the world any more.
                    Some(operator) if operator == id => Some(left),
                    Some(operator) => self.console_member(operator),
                    None => None,
                };
                ConsoleEvent::Left { member: left, reason: *reason, by }
            }
            EventKind::Parted { room, .. } => {
                ConsoleEvent::RoomLeft { member: self.console_member(id)?, room: &room.name }
            }
            EventKind::Renamed { .. } if planted::reports_renames() => {
                ConsoleEvent::Renamed { member: self.console_member(id)?, from: &event.by.name }
            }
            EventKind::BanLifted { .. }
            | EventKind::BanSet { .. }
            | EventKind::HostSet { .. }
            | EventKind::Invited { .. }
            | EventKind::Kicked { .. }
            | EventKind::ModesSet { .. }
            | EventKind::Redacted { .. }
            | EventKind::TopicSet { .. }
            | EventKind::UserModesSet { .. }
            | EventKind::Wallops { .. } => return self.moderation_event(event),
            EventKind::AwaySet { .. }
            | EventKind::RealNameSet { .. }
            | EventKind::Renamed { .. }
            | EventKind::Said { .. }
            | EventKind::Told { .. } => return None,
        })
    }

    /// Returns the console event for an act of a moderator, if there is one.
    fn moderation_event<'a>(&'a self, event: &'a Event) -> Option<ConsoleEvent<'a>> {
        let by = self.console_member(event.member);
        Some(match &event.kind {
            EventKind::BanLifted { target } => ConsoleEvent::BanLifted { by: by?, target },
            EventKind::BanSet { ban } => {
                ConsoleEvent::BanSet { by: by?, target: &ban.target, ends_unix_ms: ban.ends_unix_ms }
            }
            EventKind::HostSet { operator, profile } => ConsoleEvent::HostSet {
                by: self.console_member(*operator)?,
                target: by?,
                host: profile.host(),
            },
            EventKind::Invited { target, room, .. } => {
                ConsoleEvent::Invited { by: by?, target: self.console_member(*target)?, room: &room.name }
            }
            EventKind::Kicked { target, room, .. } => {
                ConsoleEvent::Kicked { by: by?, target: self.console_member(*target)?, room: &room.name }
            }
            EventKind::ModesSet { room, changes } => {
                ConsoleEvent::ModesSet { by: by?, room: &room.name, changes: ModesLogged(changes) }
            }
            EventKind::Redacted { room, author, .. } if *author != event.member => {
                ConsoleEvent::LineRemoved { by: by?, room: &room.name }
            }
            EventKind::TopicSet { room, topic } => {
                ConsoleEvent::TopicSet { by: by?, room: &room.name, is_set: topic.is_some() }
            }
            EventKind::UserModesSet { is_promotion: true, .. } => ConsoleEvent::Promoted { member: by? },
            EventKind::UserModesSet { off, .. } if off.has(UserModes::OPERATOR) => {
                ConsoleEvent::Demoted { member: by? }
            }
            EventKind::Wallops { .. } => ConsoleEvent::Wallops { by: by? },
            _ => return None,
        })
    }

    /// Counts a closing connection, and reports it to the console.
    pub(super) fn report_closed(&mut self, conn: ConnId, reason: CloseReason, sink: &mut impl Sink) {
        self.counters.closed[reason as usize] += 1;
        if let Some(peer) = self.peer(conn) {
            sink.output(Output::Console(ConsoleEvent::Closed { conn, peer, reason }));
        }
    }

    /// Reports a connection that is banned by its name.
    pub(super) fn report_kept_out(&self, conn: ConnId, sink: &mut impl Sink) {
        if let Some(peer) = self.peer(conn) {
            sink.output(Output::Console(ConsoleEvent::Refused { peer, reason: CloseReason::Banned }));
        }
    }

    /// Returns a member as the console names it, even if its connection is closing.
    pub(super) fn console_member(&self, id: MemberId) -> Option<ConsoleMember<'_>> {
        let member = self.world.member(id)?;
        let peer = match self.members.get(&id) {
            Some(&conn) => Peer::Address(self.peer(conn)?),
            None => Peer::Node(member.node()),
        };
        Some(ConsoleMember { name: member.name(), peer })
    }

    /// Returns the member that an event is about, and whose command the entry is.
    fn newcomer<'a>(&self, author: Author, event: &'a Event) -> Option<ConsoleMember<'a>> {
        let peer = Peer::Address(self.peer(author.conn?)?);
        Some(ConsoleMember { name: &event.by.name, peer })
    }

    /// Returns the member whose command an entry is. If it has just entered, `members` does not have its connection yet.
    fn console_author(&self, author: Author, id: MemberId) -> Option<ConsoleMember<'_>> {
        let peer = Peer::Address(self.peer(author.conn?)?);
        self.world.member(id).map(|member| ConsoleMember { name: member.name(), peer })
    }

    /// Reports that the limits of the log are not those of this node, if they are not.
    pub(super) fn report_limits(&self, sink: &mut impl Sink) {
        if *self.world.limits() != self.limits.world {
            let revision = self.world.revision();
            sink.output(Output::Console(ConsoleEvent::LimitsOverruled { revision }));
        }
    }

    /// Reports that the time of the log was set back, if it was.
    pub(super) fn report_clock(&self, former_unix_ms: u64, sink: &mut impl Sink) {
        let by_ms = former_unix_ms.saturating_sub(self.world.at_unix_ms());
        if by_ms > 0 {
            sink.output(Output::Console(ConsoleEvent::ClockSetBack { by_ms }));
        }
    }

    /// Returns the address of a connection's client.
    pub(super) fn peer(&self, conn: ConnId) -> Option<SocketAddr> {
        self.connection_ref(conn).map(|connection| connection.peer)
    }
}
