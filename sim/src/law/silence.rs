//! Law 3: no member reads messages of a room that it is not in, or its own messages unless it asked for them.

use super::CheckResult;
use super::said::Said;
use crate::conns::Conns;
use parlor_protocol::{
    Command, ConnId, Event, EventKind, LogEntry, MemberId, NameRequest, Outcome, RoomName, Seq,
};
use std::collections::BTreeMap;

/// Records the rooms of each member at each time.
#[derive(Debug, Default)]
pub(super) struct Silence {
    echo: bool,
    conns: BTreeMap<MemberId, ConnId>,
    members: Conns<Member>,
}

/// The members of a connection: one, or two if a plain client turned out to speak IRC.
#[derive(Debug, Default)]
struct Member {
    ids: Vec<MemberId>,
    /// Whether it may have asked for its own messages, which is not in the log. Law 1 checks whether it did.
    may_echo: bool,
    /// Its stays in rooms. The latest is last.
    stays: Vec<Stay>,
}

/// A stay in a room, between two entries of the log.
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

    /// Records the outcomes of an entry.
    pub(super) fn committed(&mut self, (entry, conn): (&LogEntry, Option<ConnId>), outcomes: &[Outcome]) {
        for outcome in outcomes {
            let Outcome::Happened(event) = outcome else { continue };
            let Event { member, kind, .. } = &**event;
            match kind {
                EventKind::Entered { .. } => {
                    if let (Command::Enter { request, .. }, Some(conn)) = (&entry.command, conn) {
                        self.conns.insert(*member, conn);
                        let of_conn = self.members.get_or_default(conn);
                        of_conn.ids.push(*member);
                        of_conn.may_echo |= self.echo || matches!(request, NameRequest::Name(_));
                    }
                }
                EventKind::Joined { room, .. } => {
                    if let Some(stays) = self.stays(*member) {
                        stays.push(Stay { room: room.name.clone(), from: entry.seq, until: None });
                    }
                }
                EventKind::Kicked { target: member, room, .. } => {
                    self.end_stay(*member, &room.name, entry.seq);
                }
                EventKind::Parted { room, .. } => self.end_stay(*member, &room.name, entry.seq),
                EventKind::Left { .. } => {
                    for stay in self.stays(*member).into_iter().flatten() {
                        stay.until.get_or_insert(entry.seq);
                    }
                }
                _ => {}
            }
        }
    }

    fn end_stay(&mut self, member: MemberId, room: &RoomName, at: Seq) {
        for stay in self.stays(member).into_iter().flatten() {
            if stay.until.is_none() && stay.room == *room {
                stay.until = Some(at);
            }
        }
    }

    fn stays(&mut self, member: MemberId) -> Option<&mut Vec<Stay>> {
        let conn = self.conns.get(&member)?;
        self.members.get_mut(*conn).map(|member| &mut member.stays)
    }

    pub(super) fn heard(&self, conn: ConnId, seq: Seq, said: &Said) -> CheckResult {
        let Some(member) = self.members.get(conn) else {
            return Err(format!("reads entry {} of {} without being a member", seq.0, said.room));
        };
        if member.ids.contains(&said.member) {
            return if member.may_echo { Ok(()) } else { Err(format!("reads its own entry {}", seq.0)) };
        }
        let was_there = |stay: &&Stay| {
            stay.room == said.room && stay.from < seq && stay.until.is_none_or(|until| seq < until)
        };
        match member.stays.iter().rev().find(was_there) {
            Some(_) => Ok(()),
            None => Err(format!("reads entry {} of {} without being in the room", seq.0, said.room)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::{Cloaks, Origin, Profile, World};

    /// Returns a check that knows two members: one in the lobby from entry 2 to entry 4, the other from entry 3 on.
    fn silence() -> (Silence, [ConnId; 2]) {
        let (mut silence, mut world, mut outcomes) = (Silence::new(false), World::new(), Vec::new());
        let conns = [0, 1].map(|slot| ConnId { slot, generation: 0 });
        let enter = |port| Command::Enter {
            request: NameRequest::Port(port),
            profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())),
            room: Some(RoomName::lobby()),
        };
        let leaves = Command::Leave {
            member: MemberId(Seq(2)),
            reason: parlor_protocol::CloseReason::Quit,
            message: None,
        };
        let commands = [
            (Command::Started { after: None }, None),
            (enter(5_001), Some(conns[0])),
            (enter(5_002), Some(conns[1])),
            (leaves, Some(conns[0])),
        ];
        for (number, (command, conn)) in (1..).zip(commands) {
            let origin = Origin { number, ..Origin::default() };
            let entry = LogEntry { seq: Seq(number), at_unix_ms: 0, origin, command };
            world.apply(&entry, &mut outcomes);
            silence.committed((&entry, conn), &outcomes);
            outcomes.clear();
        }
        (silence, conns)
    }

    fn said(member: u64, room: &str) -> Said {
        let room = RoomName::parse(room).expect("a name");
        Said { member: MemberId(Seq(member)), room, origin: Origin::default() }
    }

    #[test]
    fn a_message_from_outside_a_stay_is_an_error() {
        let (silence, [early, late]) = silence();
        let lobby = said(3, "lobby");
        assert!(silence.heard(late, Seq(2), &said(2, "lobby")).is_err(), "before it was there");
        assert!(silence.heard(early, Seq(5), &lobby).is_err(), "when it had left");
        assert!(silence.heard(late, Seq(5), &said(2, "tea")).is_err(), "another room");
        assert!(silence.heard(late, Seq(5), &said(3, "lobby")).is_err(), "its own");
        assert!(silence.heard(ConnId { slot: 2, generation: 0 }, Seq(5), &lobby).is_err(), "no member");
        assert!(silence.heard(late, Seq(5), &said(2, "lobby")).is_ok());
    }
}
