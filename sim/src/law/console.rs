//! Law 11: the console reports each entrance, leave, rename and act of a moderator once, in the order of the log, with
//! the name at that time and the address of the connection.

use super::CheckResult;
use crate::conns::Conns;
use parlor_protocol::{
    Command, ConnId, ConsoleEvent, ConsoleMember, Effect, Input, LogEntry, MemberId, Name, Output, Peer,
    UserModes, World,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Compares the reports of the console with the effects of the entries.
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
        entry: (&LogEntry, Option<ConnId>),
        effects: &[Effect],
        world: &World,
    ) -> Vec<String> {
        effects.iter().filter_map(|effect| self.due_of(entry, effect, world)).collect()
    }

    /// Compares the reports since the last entries with those that were due.
    pub(super) fn committed(&mut self, due: &[String]) -> CheckResult {
        let told = std::mem::take(&mut self.told);
        if told == due { Ok(()) } else { Err(format!("the console reports {told:?}, not {due:?}")) }
    }

    fn due_of(
        &mut self,
        (entry, conn): (&LogEntry, Option<ConnId>),
        effect: &Effect,
        world: &World,
    ) -> Option<String> {
        if let Effect::Entered { member } = effect {
            self.conns.insert(*member, conn?);
        }
        let name = |id: MemberId| world.member(id).map(|member| member.name().clone());
        let room = |id| world.room(id).map(|room| room.name().clone());
        Some(match effect {
            Effect::Entered { member } => format!("{} entered", self.shown(*member, &name(*member)?)?),
            Effect::BanLifted { member } => {
                let Command::LiftBan { target, .. } = &entry.command else { return None };
                format!("{} unbans {target}", self.shown(*member, &name(*member)?)?)
            }
            Effect::BanSet { member } => {
                let ban = world.bans(0).last()?;
                let by = self.shown(*member, &name(*member)?)?;
                format!("{by} bans {} until {:?}", ban.target, ban.ends_unix_ms)
            }
            Effect::HostSet { member, target, .. } => {
                let [by, whom] = [*member, *target].map(|it| self.shown(it, &name(it)?));
                format!("{} hosts {}", by?, whom?)
            }
            Effect::Invited { member, target, room: id } => {
                let (by, whom) =
                    (self.shown(*member, &name(*member)?)?, self.shown(*target, &name(*target)?)?);
                format!("{by} invites {whom} to {}", room(*id)?)
            }
            Effect::Kicked { member, target, name: from, .. } => {
                let (by, whom) =
                    (self.shown(*member, &name(*member)?)?, self.shown(*target, &name(*target)?)?);
                format!("{by} kicks {whom} from {from}")
            }
            Effect::Left { member, person, reason, .. } => {
                let who = self.shown(*member, &person.name)?;
                let by = match entry.command {
                    Command::Kill { member: by, .. } if by == *member => who.clone(),
                    Command::Kill { member: by, .. } => self.shown(by, &name(by)?)?,
                    _ => "nobody".to_owned(),
                };
                self.conns.remove(member);
                format!("{who} left ({}) by {by}", reason.word())
            }
            Effect::ModesSet { member, room: id, changes } => {
                let by = self.shown(*member, &name(*member)?)?;
                format!("{by} makes {} changes in {}", changes.len(), room(*id)?)
            }
            Effect::Renamed { member, from } => {
                format!("{} was {}", self.shown(*member, &name(*member)?)?, from.name)
            }
            Effect::TopicSet { member, room: id } => {
                let by = self.shown(*member, &name(*member)?)?;
                let is_set = world.room(*id)?.topic().is_some();
                format!("{by} sets the topic of {}: {is_set}", room(*id)?)
            }
            Effect::UserModesSet { member, off, .. } => {
                let who = self.shown(*member, &name(*member)?)?;
                match entry.command {
                    Command::Promote { .. } => format!("{who} is an operator"),
                    _ if off.has(UserModes::OPERATOR) => format!("{who} is none"),
                    _ => return None,
                }
            }
            Effect::Wallops { member } => format!("{} walloped", self.shown(*member, &name(*member)?)?),
            _ => return None,
        })
    }

    fn shown(&self, member: MemberId, name: &Name) -> Option<String> {
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
