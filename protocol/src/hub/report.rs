//! Reports to the administrator's console.

use super::Hub;
use super::commit::Author;
use crate::base::id::{ConnId, MemberId};
use crate::base::person::UserModes;
use crate::hub::console::{ConsoleEvent, ConsoleMember, ModesLogged, Peer};
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::planted;
use crate::world::{Effect, Room};
use core::net::SocketAddr;

impl Hub {
    /// Reports one effect of an entry to the console. Must run before [`publish`](Self::publish), which takes the
    /// connection from a member that has left.
    ///
    /// If there are several nodes, each reports the acts of its own members, and what happens to these.
    pub(super) fn report(&self, author: Author<'_>, effect: &Effect, sink: &mut impl Sink) {
        let is_here = |id: &MemberId| self.members.contains_key(id);
        let concerns_this_node = match effect {
            _ if author.conn.is_some() => true,
            Effect::Left { member, .. } => is_here(member),
            Effect::HostSet { target, .. }
            | Effect::Invited { target, .. }
            | Effect::Kicked { target, .. } => is_here(target),
            _ => false,
        };
        if !concerns_this_node {
            return;
        }
        if let Some(event) = self.console_event(author, effect) {
            sink.output(Output::Console(event));
        }
    }

    /// Returns the console event for an effect, if there is one. Messages, away texts and real names are not reported.
    fn console_event<'a>(&'a self, author: Author<'a>, effect: &'a Effect) -> Option<ConsoleEvent<'a>> {
        let room_name = |room| self.world.room(room).map(Room::name);
        Some(match effect {
            Effect::Entered { member } => {
                let dialect = self.session_ref(author.conn?)?.dialect().class().dialect.name;
                ConsoleEvent::Entered { member: self.console_author(author, *member)?, dialect }
            }
            Effect::Joined { member, room, .. } => ConsoleEvent::RoomEntered {
                member: self.console_author(author, *member)?,
                room: room_name(*room)?,
            },
            Effect::Left { member, person, reason, .. } => {
                let peer = Peer::Address(self.peer(*self.members.get(member)?)?);
                let left = ConsoleMember { name: &person.name, peer };
                let by = match author.entry.command {
                    // A member that killed itself is not in the world any more.
                    Command::Kill { member: killer, .. } if killer == *member => Some(left),
                    Command::Kill { member: killer, .. } => self.console_member(killer),
                    _ => None,
                };
                ConsoleEvent::Left { member: left, reason: *reason, by }
            }
            Effect::Parted { member, name, .. } => {
                ConsoleEvent::RoomLeft { member: self.console_member(*member)?, room: name }
            }
            Effect::Refused { member, refusal } => {
                let member = self.console_author(author, *member)?;
                ConsoleEvent::CommandRefused { member, why: refusal.word() }
            }
            Effect::Renamed { member, from } if planted::reports_renames() => {
                ConsoleEvent::Renamed { member: self.console_member(*member)?, from: &from.name }
            }
            Effect::BanLifted { .. }
            | Effect::BanSet { .. }
            | Effect::HostSet { .. }
            | Effect::Invited { .. }
            | Effect::Kicked { .. }
            | Effect::ModesSet { .. }
            | Effect::TopicSet { .. }
            | Effect::UserModesSet { .. }
            | Effect::Wallops { .. } => return self.moderation_event(author, effect),
            Effect::AwaySet { .. }
            | Effect::KeptOut { .. }
            | Effect::ModesUnchanged { .. }
            | Effect::NotEntered { .. }
            | Effect::RealNameSet { .. }
            | Effect::Renamed { .. }
            | Effect::Said { .. }
            | Effect::Told { .. } => return None,
        })
    }

    /// Returns the console event for an act of a moderator, if there is one.
    fn moderation_event<'a>(&'a self, author: Author<'a>, effect: &'a Effect) -> Option<ConsoleEvent<'a>> {
        let room_name = |room| self.world.room(room).map(Room::name);
        Some(match effect {
            Effect::BanLifted { member } => {
                let Command::LiftBan { target, .. } = &author.entry.command else { return None };
                ConsoleEvent::BanLifted { by: self.console_member(*member)?, target }
            }
            Effect::BanSet { member } => {
                let Command::SetBan { ban, .. } = &author.entry.command else { return None };
                let ends_unix_ms = ban.lasts_ms.map(|ms| self.world.at_unix_ms().saturating_add(ms));
                ConsoleEvent::BanSet { by: self.console_member(*member)?, target: &ban.target, ends_unix_ms }
            }
            Effect::HostSet { member, target, .. } => {
                let host = self.world.member(*target)?.person().profile.host();
                let (by, target) = (self.console_member(*member)?, self.console_member(*target)?);
                ConsoleEvent::HostSet { by, target, host }
            }
            Effect::Invited { member, target, room } => {
                let (by, target) = (self.console_member(*member)?, self.console_member(*target)?);
                ConsoleEvent::Invited { by, target, room: room_name(*room)? }
            }
            Effect::Kicked { member, target, name, .. } => {
                let (by, target) = (self.console_member(*member)?, self.console_member(*target)?);
                ConsoleEvent::Kicked { by, target, room: name }
            }
            Effect::ModesSet { member, room, changes } => {
                let (by, room) = (self.console_member(*member)?, room_name(*room)?);
                ConsoleEvent::ModesSet { by, room, changes: ModesLogged(changes) }
            }
            Effect::TopicSet { member, room } => {
                let (by, room) = (self.console_member(*member)?, self.world.room(*room)?);
                ConsoleEvent::TopicSet { by, room: room.name(), is_set: room.topic().is_some() }
            }
            Effect::UserModesSet { member, off, .. } => {
                let member = self.console_member(*member)?;
                if matches!(author.entry.command, Command::Promote { .. }) {
                    ConsoleEvent::Promoted { member }
                } else if off.has(UserModes::OPERATOR) {
                    ConsoleEvent::Demoted { member }
                } else {
                    return None;
                }
            }
            Effect::Wallops { member } => ConsoleEvent::Wallops { by: self.console_member(*member)? },
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

    /// Returns the member whose command an entry is. If it has just entered, `members` does not have its connection yet.
    fn console_author(&self, author: Author<'_>, id: MemberId) -> Option<ConsoleMember<'_>> {
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
