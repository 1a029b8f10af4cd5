//! Law 3: nobody hears a room they are not in; nobody hears their own line, unless echo is asked for.

use super::Verdict;
use super::tag::Said;
use crate::conns::Conns;
use parlor_protocol::world::Effect;
use parlor_protocol::{Command, ConnId, LogEntry, MemberId, RoomName, Seq, Wish, World};
use std::collections::BTreeMap;

/// Knows who was where at each time.
#[derive(Debug, Default)]
pub(super) struct Silence {
    echo: bool,
    conns: BTreeMap<MemberId, ConnId>,
    members: Conns<Member>,
}

/// Whoever a connection is: one member, or two where it began again as IRC.
#[derive(Debug, Default)]
struct Member {
    ids: Vec<MemberId>,
    /// It may ask for its own lines, in a way that is not in the log: the first law knows whether it did.
    may_echo: bool,
    /// The latest at the end.
    stays: Vec<Stay>,
}

/// A member is in the room behind one entry of the log, up to another.
#[derive(Debug)]
struct Stay {
    room: RoomName,
    from: Seq,
    until: Option<Seq>,
}

impl Silence {
    pub(super) fn new(echo: bool) -> Self {
        Self { echo, ..Self::default() }
    }

    /// An entry had these effects, and that is the world after it.
    pub(super) fn committed(&mut self, entry: &LogEntry, effects: &[Effect], world: &World) {
        for effect in effects {
            match effect {
                Effect::Entered { member } => {
                    if let Command::Enter { conn, wish, .. } = &entry.command {
                        self.conns.insert(*member, *conn);
                        let of_conn = self.members.get_or_default(*conn);
                        of_conn.ids.push(*member);
                        of_conn.may_echo |= self.echo || matches!(wish, Wish::Name(_));
                    }
                }
                Effect::Joined { member, room } => {
                    if let (Some(stays), Some(room)) = (self.stays(*member), world.room(*room)) {
                        stays.push(Stay { room: room.name().clone(), from: entry.seq, until: None });
                    }
                }
                Effect::Kicked { target: member, name, .. } | Effect::Parted { member, name, .. } => {
                    for stay in self.stays(*member).into_iter().flatten() {
                        if stay.until.is_none() && stay.room == *name {
                            stay.until = Some(entry.seq);
                        }
                    }
                }
                Effect::Left { member, .. } => {
                    for stay in self.stays(*member).into_iter().flatten() {
                        stay.until.get_or_insert(entry.seq);
                    }
                }
                _ => {}
            }
        }
    }

    fn stays(&mut self, member: MemberId) -> Option<&mut Vec<Stay>> {
        let conn = self.conns.get(&member)?;
        self.members.get_mut(*conn).map(|member| &mut member.stays)
    }

    pub(super) fn heard(&self, conn: ConnId, tag: u64, said: &Said) -> Verdict {
        let Some(member) = self.members.get(conn) else {
            return Err(format!("hears line #{tag} of {} and is no member", said.room));
        };
        if member.ids.contains(&said.member) {
            return if member.may_echo { Ok(()) } else { Err(format!("hears its own line #{tag}")) };
        }
        let was_there = |stay: &&Stay| {
            stay.room == said.room && stay.from < said.seq && stay.until.is_none_or(|until| said.seq < until)
        };
        match member.stays.iter().rev().find(was_there) {
            Some(_) => Ok(()),
            None => Err(format!("hears line #{tag} of {} and is not there", said.room)),
        }
    }
}
