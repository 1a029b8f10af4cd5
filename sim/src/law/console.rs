//! Law 11: the console reports each entrance, leave, rename and act of a moderator once, in the order of the log, with
//! the name at that time and the address of the connection.

use super::CheckResult;
use crate::conns::Conns;
use parlor_protocol::{
    Command, ConnId, ConsoleEvent, ConsoleMember, Event, EventKind, EventRoom, Input, LogEntry, MemberId,
    Name, Outcome, Output, Peer, UserModes, World,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Compares the reports of the console with the outcomes of the entries.
#[derive(Debug, Default)]
pub(super) struct Console {
    peers: Conns<SocketAddr>,
    conns: BTreeMap<MemberId, ConnId>,
    /// The reports since the last entries.
    told: Vec<String>,
}

impl Console {
    pub(super) fn input(&mut self, input: &Input<'_>) {
        if let Input::Accepted { conn, peer, .. } = *input {
            self.peers.insert(conn, (peer.ip().to_canonical(), peer.port()).into());
        }
    }

    pub(super) fn output(&mut self, output: &Output<'_>) {
        if let Output::Console(event) = output {
            // From here on, the connection is its client's.
            if let ConsoleEvent::Proxied { conn, peer, .. } = *event {
                assert_eq!(peer.ip(), peer.ip().to_canonical(), "an IPv4 client is reported as one");
                self.peers.insert(conn, peer);
            }
            self.told.extend(of_entry(event));
        }
    }

    /// Returns the reports that are due for an entry. `world` is the world after it.
    pub(super) fn due(
        &mut self,
        (entry, conn): (&LogEntry, Option<ConnId>),
        outcomes: &[Outcome],
        world: &World,
    ) -> Vec<String> {
        let mut due = Vec::new();
        for outcome in outcomes {
            let Outcome::Happened(event) = outcome else { continue };
            if let (EventKind::Entered { .. }, Some(conn)) = (&event.kind, conn) {
                self.conns.insert(event.member, conn);
            }
            if self.is_of_node(conn, event) {
                due.extend(self.due_of(entry, event, world));
            }
            if let EventKind::Left { .. } = event.kind {
                self.conns.remove(&event.member);
            }
        }
        due
    }

    /// Compares the reports since the last entries with those that were due.
    pub(super) fn committed(&mut self, due: &[String]) -> CheckResult {
        let told = std::mem::take(&mut self.told);
        if told == due { Ok(()) } else { Err(format!("the console reports {told:?}, not {due:?}")) }
    }

    /// Whether a node reports an event: it reports what its own members do, and what is done to them.
    fn is_of_node(&self, conn: Option<ConnId>, event: &Event) -> bool {
        match &event.kind {
            _ if conn.is_some() => true,
            EventKind::Left { .. } | EventKind::HostSet { .. } => self.conns.contains_key(&event.member),
            EventKind::Invited { target, .. } | EventKind::Kicked { target, .. } => {
                self.conns.contains_key(target)
            }
            _ => false,
        }
    }

    fn due_of(&self, entry: &LogEntry, event: &Event, world: &World) -> Option<String> {
        let who = |id: MemberId| self.shown(id, world);
        let room = |id| world.room(id).map(|room| room.name().clone());
        let Event { member, by, kind, .. } = event;
        Some(match kind {
            EventKind::Entered { .. } => format!("{} entered", who(*member)?),
            EventKind::BanLifted { .. } => {
                let Command::LiftBan { target, .. } = &entry.command else { return None };
                format!("{} unbans {target}", who(*member)?)
            }
            EventKind::BanSet { .. } => {
                let ban = world.bans(0).last()?;
                format!("{} bans {} until {:?}", who(*member)?, ban.target, ban.ends_unix_ms)
            }
            EventKind::HostSet { .. } => {
                format!("{} hosts {}", who(entry.command.member()?)?, who(*member)?)
            }
            EventKind::Invited { target, room: EventRoom { id, .. }, .. } => {
                format!("{} invites {} to {}", who(*member)?, who(*target)?, room(*id)?)
            }
            EventKind::Kicked { target, room: from, .. } => {
                format!("{} kicks {} from {}", who(*member)?, who(*target)?, from.name)
            }
            EventKind::Left { reason, .. } => {
                let left = self.shown_here(*member, &by.name)?;
                let by = match entry.command {
                    Command::Kill { member: by, .. } if by == *member => left.clone(),
                    Command::Kill { member: by, .. } => who(by)?,
                    _ => "nobody".to_owned(),
                };
                format!("{left} left ({}) by {by}", reason.word())
            }
            // An empty room may have ended with the change.
            EventKind::ModesSet { room: EventRoom { name, .. }, changes } => {
                format!("{} makes {} changes in {name}", who(*member)?, changes.len())
            }
            EventKind::Redacted { room: from, author, .. } if author != member => {
                format!("{} removes a line in {}", who(*member)?, from.name)
            }
            EventKind::Renamed { .. } => format!("{} was {}", who(*member)?, by.name),
            EventKind::TopicSet { room: EventRoom { id, .. }, .. } => {
                let is_set = world.room(*id)?.topic().is_some();
                format!("{} sets the topic of {}: {is_set}", who(*member)?, room(*id)?)
            }
            EventKind::UserModesSet { off, .. } => match entry.command {
                Command::Promote { .. } => format!("{} is an operator", who(*member)?),
                _ if off.has(UserModes::OPERATOR) => format!("{} is none", who(*member)?),
                _ => return None,
            },
            EventKind::Wallops { .. } => format!("{} walloped", who(*member)?),
            _ => return None,
        })
    }

    /// Returns the description of a member, with the address of its connection or, if that is not here, its node.
    fn shown(&self, id: MemberId, world: &World) -> Option<String> {
        let member = world.member(id)?;
        self.shown_here(id, member.name()).or_else(|| {
            let peer = Peer::Node(member.node());
            Some(shown(ConsoleMember { name: member.name(), peer }))
        })
    }

    /// Returns the description of a member whose connection is here.
    fn shown_here(&self, member: MemberId, name: &Name) -> Option<String> {
        let peer = self.peers.get(*self.conns.get(&member)?)?;
        Some(shown(ConsoleMember { name, peer: Peer::Address(*peer) }))
    }
}

fn shown(member: ConsoleMember<'_>) -> String {
    format!("{} at {}", member.name, member.peer)
}

/// Returns a description of a report about an entry; `None` for any other report.
fn of_entry(event: &ConsoleEvent<'_>) -> Option<String> {
    Some(match *event {
        ConsoleEvent::BanLifted { by, target } => format!("{} unbans {target}", shown(by)),
        ConsoleEvent::BanSet { by, target, ends_unix_ms } => {
            format!("{} bans {target} until {ends_unix_ms:?}", shown(by))
        }
        ConsoleEvent::Demoted { member } => format!("{} is none", shown(member)),
        ConsoleEvent::Entered { member, .. } => format!("{} entered", shown(member)),
        ConsoleEvent::HostSet { by, target, .. } => format!("{} hosts {}", shown(by), shown(target)),
        ConsoleEvent::Invited { by, target, room } => {
            format!("{} invites {} to {room}", shown(by), shown(target))
        }
        ConsoleEvent::Kicked { by, target, room } => {
            format!("{} kicks {} from {room}", shown(by), shown(target))
        }
        ConsoleEvent::Left { member, reason, by } => {
            let by = by.map_or_else(|| "nobody".to_owned(), shown);
            format!("{} left ({}) by {by}", shown(member), reason.word())
        }
        ConsoleEvent::LineRemoved { by, room } => format!("{} removes a line in {room}", shown(by)),
        ConsoleEvent::ModesSet { by, room, changes } => {
            format!("{} makes {} changes in {room}", shown(by), changes.0.len())
        }
        ConsoleEvent::Promoted { member } => format!("{} is an operator", shown(member)),
        ConsoleEvent::Renamed { member, from } => format!("{} was {from}", shown(member)),
        ConsoleEvent::TopicSet { by, room, is_set } => {
            format!("{} sets the topic of {room}: {is_set}", shown(by))
        }
        ConsoleEvent::Wallops { by } => format!("{} walloped", shown(by)),
        _ => return None,
    })
}
