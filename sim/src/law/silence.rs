//! Law 3: nobody hears a room they are not in; nobody hears their own line, unless echo is asked for.

use super::{Verdict, tag};
use parlor_protocol::{Command, ConnId, LogEntry, MemberId, RoomName, Seq, World};
use std::collections::BTreeMap;

/// Knows who was where at each time, and who said what.
#[derive(Debug, Default)]
pub(super) struct Silence {
    echo: bool,
    conns: BTreeMap<MemberId, ConnId>,
    /// The room of each connection's member, from that entry of the log on.
    stays: BTreeMap<ConnId, Vec<(Seq, Option<RoomName>)>>,
    /// `None` for a tag that was said twice: it tells nothing.
    said: BTreeMap<u64, Option<Said>>,
}

#[derive(Debug)]
struct Said {
    by: ConnId,
    room: RoomName,
    seq: Seq,
}

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
                    self.conns.insert(MemberId(entry.seq), *conn);
                    (MemberId(entry.seq), room.clone())
                }
                Command::Move { member, to, .. } => (*member, to.clone()),
                Command::Say { member, room, text, .. } => {
                    if let Some(&by) = self.conns.get(member)
                        && let Some(tag) = tag::of(text)
                    {
                        let said = Some(Said { by, room: room.clone(), seq: entry.seq });
                        self.said.entry(tag).and_modify(|said| *said = None).or_insert(said);
                    }
                    continue;
                }
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
                && done
            {
                self.stays.entry(conn).or_default().push((entry.seq, room));
            }
        }
    }

    pub(super) fn heard(&self, conn: ConnId, tag: u64) -> Verdict {
        let Some(Some(said)) = self.said.get(&tag) else { return Ok(()) };
        if said.by == conn && !self.echo {
            return Err(format!("hears its own line #{tag}"));
        }
        let stays = self.stays.get(&conn).map_or(&[][..], Vec::as_slice);
        let stay = stays.iter().rev().find(|(from, _)| *from < said.seq);
        match stay.and_then(|(_, room)| room.as_ref()) {
            Some(room) if *room == said.room => Ok(()),
            Some(room) => Err(format!("hears line #{tag} of {} while it is in {room}", said.room)),
            None => Err(format!("hears line #{tag} of {} while it is in no room", said.room)),
        }
    }
}
