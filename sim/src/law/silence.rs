//! Law 3: nobody hears a room they are not in; nobody hears their own line, unless echo is asked for.

use super::Verdict;
use super::tag::Said;
use crate::conns::Conns;
use parlor_protocol::{Command, ConnId, LogEntry, MemberId, RoomName, Seq, World};
use std::collections::BTreeMap;

/// Knows who was where at each time.
#[derive(Debug, Default)]
pub(super) struct Silence {
    echo: bool,
    conns: BTreeMap<MemberId, ConnId>,
    members: Conns<Member>,
}

#[derive(Debug)]
struct Member {
    id: MemberId,
    last_stay: Stay,
    earlier_stays: Vec<Stay>,
}

/// The room of a member, from that entry of the log on.
type Stay = (Seq, Option<RoomName>);

impl Silence {
    pub(super) fn new(echo: bool) -> Self {
        Self { echo, ..Self::default() }
    }

    /// Where several entries are committed at once, the world is that after the last of them: who is where
    /// is read from the entries, and the world only says whether one was done.
    pub(super) fn committed(&mut self, entries: &[LogEntry], world: &World) {
        for entry in entries {
            let (member, room) = match &entry.command {
                Command::Enter { conn, room, .. } => {
                    let id = MemberId(entry.seq);
                    self.conns.insert(id, *conn);
                    let member = Member { id, last_stay: (entry.seq, None), earlier_stays: Vec::new() };
                    self.members.insert(*conn, member);
                    (id, room.clone())
                }
                Command::Move { member, to, .. } => (*member, to.clone()),
                _ => continue,
            };
            // A move is a barrier: it is the last command of its member that this world can know, its leave
            // apart, and a member that left hears nothing that is wrong.
            let is_there = |name: &RoomName| {
                let id = world.room_named(name);
                world.member(member).is_none_or(|member| id.is_some_and(|id| member.rooms().contains(&id)))
            };
            let done = room.as_ref().is_none_or(is_there);
            if let Some(&conn) = self.conns.get(&member)
                && let Some(member) = self.members.get_mut(conn)
                && done
            {
                let earlier = std::mem::replace(&mut member.last_stay, (entry.seq, room));
                member.earlier_stays.push(earlier);
            }
        }
    }

    pub(super) fn heard(&self, conn: ConnId, tag: u64, said: &Said) -> Verdict {
        let Some(member) = self.members.get(conn) else {
            return Err(format!("hears line #{tag} of {} and is no member", said.room));
        };
        if member.id == said.member && !self.echo {
            return Err(format!("hears its own line #{tag}"));
        }
        let mut stays = std::iter::once(&member.last_stay).chain(member.earlier_stays.iter().rev());
        let stay = stays.find(|(from, _)| *from < said.seq);
        match stay.and_then(|(_, room)| room.as_ref()) {
            Some(room) if *room == said.room => Ok(()),
            Some(room) => Err(format!("hears line #{tag} of {} while it is in {room}", said.room)),
            None => Err(format!("hears line #{tag} of {} while it is in no room", said.room)),
        }
    }
}
