//! Entering and leaving rooms: those that begin, those that end, and those that are kept without members.
//!
//! A room that loses its last member is kept for `room_keep_ms` if it is open. It remembers the operators that left it, and for
//! everyone else it does not exist until somebody enters it. Only operators of the server may look at it and change its modes; if
//! it is not open then, it ends.

use super::Model;
use super::chat::{Chat, Room, RoomMember};
use super::conn::Timer;
use super::lives::ELSEWHERE;
use crate::mark::Marks;
use crate::sometimes;
use parlor_protocol::{
    Command, ConnId, Flag, Instant, LogEntry, MemberId, Name, Person, RoomId, RoomName, Seq,
};

/// A node that waits for the end of a room looks at the clock every hour.
const LOOK_MS: u64 = 3_600_000;

/// An operator that has left a room.
#[derive(Debug)]
pub(super) struct Gone {
    name: Name,
    host: String,
    at_unix_ms: u64,
    /// Whether the room has been empty since.
    counts: bool,
}

impl Gone {
    fn is(&self, person: &Person) -> bool {
        self.name == person.name && self.host == person.profile.host()
    }
}

/// The node's timer for the end of a room.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// The position at which the room began, the time since which it is empty, and the time for which it is kept.
    room: Option<(u64, u64, u64)>,
    at: Option<Instant>,
}

impl Ending {
    pub(super) fn timers(&self) -> impl Iterator<Item = (Instant, Timer, ConnId)> {
        self.at.map(|at| (at, Timer::Room, ELSEWHERE)).into_iter()
    }
}

impl Room {
    /// Whether it is empty and kept.
    pub(super) const fn is_kept(&self) -> bool {
        self.empty_since.is_some()
    }

    fn is_open(&self) -> bool {
        let is_closed = self.flags.contains(&Flag::InviteOnly) || self.flags.contains(&Flag::Secret);
        !is_closed && self.key.is_none() && self.limit.is_none()
    }
}

impl Chat {
    /// Forgets the operators of a room that left it too long ago.
    fn forget_gone(&mut self, room: &RoomName) {
        let (now, ms) = (self.at_unix_ms, self.limits.room_return_ms);
        if let Some(room) = self.room_mut(room) {
            room.gone.retain(|it| now.saturating_sub(it.at_unix_ms) < ms);
        }
    }

    /// Whether a member that enters the room becomes its operator.
    pub(super) fn will_run(&self, id: MemberId, to: &RoomName) -> bool {
        let Some(room) = self.room(to) else { return true };
        let person = &self.people[&id].person;
        let is_late =
            |it: &&Gone| self.at_unix_ms.saturating_sub(it.at_unix_ms) >= self.limits.room_return_ms;
        let mut expected = room.gone.iter().filter(|it| it.counts && !is_late(it));
        let was_operator = expected.clone().any(|it| it.is(person));
        was_operator || room.is_kept() && expected.next().is_none()
    }

    /// Adds the member to the room, and creates the room if it does not exist. Returns the room's name in its own
    /// spelling.
    pub(super) fn enter_room(
        &mut self,
        entry: &LogEntry,
        id: MemberId,
        to: &RoomName,
        marks: &mut Marks,
    ) -> RoomName {
        let person = self.people[&id].person.clone();
        let runs = self.will_run(id, to);
        if let Some(room) = self.room(to) {
            sometimes!(marks, KeptEntered, room.is_kept() && room.topic.is_some());
            let was_operator = room.gone.iter().any(|it| it.counts && it.is(&person));
            sometimes!(marks, StatusReturned, was_operator && runs);
            let is_missed = room.gone.iter().any(|it| it.counts);
            sometimes!(marks, StatusPassedOn, room.is_kept() && is_missed && runs && !was_operator);
        } else {
            let host = person.profile.host().to_owned();
            sometimes!(marks, RoomMadeWay, self.make_way(&host));
            self.rooms.push(Room::new(to.clone(), entry, Some(host)));
        }
        self.forget_gone(to);
        let conn = self.people[&id].conn;
        let room = self.room_mut(to).expect("it has just begun");
        let own = room.gone.iter().position(|it| it.is(&person));
        own.into_iter().for_each(|place| drop(room.gone.remove(place)));
        room.empty_since = None;
        let place = room.members.partition_point(|it| it.member < id);
        room.members.insert(place, RoomMember { member: id, conn, operates: runs, has_voice: false });
        let (name, began) = (room.name.clone(), room.began);
        let person = self.person(id);
        person.rooms.push(name.clone());
        person.invitations.retain(|other| *other != began);
        name
    }

    /// Ends empty rooms until somebody with this host may begin one. Returns whether any ended.
    fn make_way(&mut self, host: &str) -> bool {
        let before = self.rooms.len();
        let is_own = |room: &Room| room.begun_by.as_deref() == Some(host);
        while self.rooms.iter().filter(|it| is_own(it)).count() >= self.limits.rooms_per_host_max as usize
            && self.end_one(is_own)
        {}
        while self.rooms.len() >= self.limits.rooms_max as usize && self.end_one(|_| true) {}
        self.rooms.len() < before
    }

    /// Ends the room that has been empty longest among these.
    fn end_one(&mut self, is_it: impl Fn(&Room) -> bool) -> bool {
        let empty = self.rooms.iter().filter(|room| is_it(room));
        let oldest = empty.filter_map(|room| Some((room.empty_since?, room.began))).min();
        self.rooms.retain(|room| oldest.is_none_or(|(_, began)| room.began != began));
        oldest.is_some()
    }

    /// Removes the member from the room. If no member is left, the room is kept or ends; the lobby always stays. `person` is the
    /// member, unless it was removed by somebody else.
    pub(super) fn leave_room(
        &mut self,
        id: MemberId,
        name: &RoomName,
        person: Option<&Person>,
        marks: &mut Marks,
    ) {
        if let Some(person) = self.people.get_mut(&id) {
            person.rooms.retain(|other| other != name);
        }
        let (now, limits) = (self.at_unix_ms, self.limits);
        let Some(room) = self.room_mut(name) else { return };
        let operated = room.member(id).is_some_and(|it| it.operates);
        room.members.retain(|it| it.member != id);
        if *name == RoomName::lobby() {
            return;
        }
        let keeps = limits.room_keep_ms > 0;
        // The server gives a name that is a number, and whoever comes back has another one.
        let chosen = person.filter(|it| Name::parse(it.name.as_str()).is_ok());
        if let Some(Person { name, profile }) = chosen.filter(|_| keeps && operated) {
            let host = profile.host().to_owned();
            room.gone.push(Gone { name: name.clone(), host, at_unix_ms: now, counts: false });
            let over = room.gone.len().saturating_sub(limits.room_operators_max as usize);
            room.gone.drain(..over);
        }
        if !room.members.is_empty() {
            return;
        }
        let is_open = room.is_open();
        sometimes!(marks, ClosedNotKept, keeps && !is_open);
        if keeps && is_open {
            room.empty_since = Some(now);
            room.gone.iter_mut().for_each(|it| it.counts = true);
            self.forget_gone(name);
        } else {
            self.rooms.retain(|it| it.name != *name);
        }
    }

    /// Ends an empty room whose modes do not let everybody in any more. Returns whether it was one.
    pub(super) fn end_if_closed(&mut self, name: &RoomName) -> bool {
        let before = self.rooms.len();
        self.rooms.retain(|it| it.name != *name || !it.is_kept() || it.is_open());
        self.rooms.len() < before
    }

    /// Ends a room that is empty since that time. Returns whether it was.
    fn end_room(&mut self, RoomId(Seq(began)): RoomId, since: u64) -> bool {
        let before = self.rooms.len();
        self.rooms.retain(|room| (room.began, room.empty_since) != (began, Some(since)));
        self.rooms.len() < before
    }
}

impl Model {
    pub(super) fn end_room(&mut self, room: RoomId, since: u64) {
        let ended = self.chat.end_room(room, since);
        sometimes!(self.marks, RoomEnded, ended);
        sometimes!(self.marks, RoomEndedTooLate, !ended);
    }

    /// Waits for the end of the room that has been empty longest.
    pub(super) fn watch_rooms(&mut self) {
        let empty = self.chat.rooms.iter().filter_map(|room| Some((room.empty_since?, room.began)));
        let first = empty.min().filter(|_| !self.stopping && !self.is_over);
        let room = first.map(|(since, began)| (began, since, self.chat.limits.room_keep_ms));
        if room != self.ending.room {
            self.ending = Ending { room, at: None };
            self.wait_for_room();
        }
    }

    pub(super) fn room_is_due(&mut self) {
        if self.wait_for_room() == Some(0) {
            self.ending.at = None;
            let Some((began, empty_since_unix_ms, _)) = self.ending.room else { return };
            self.propose_for(None, Command::EndRoom { room: RoomId(Seq(began)), empty_since_unix_ms });
        }
    }

    /// Sets the timer for the room. Returns the number of milliseconds until it ends.
    fn wait_for_room(&mut self) -> Option<u64> {
        let (_, since, keep_ms) = self.ending.room?;
        let now = self.now.unix_ms.max(self.chat.at_unix_ms);
        let left = (since + keep_ms).saturating_sub(now);
        self.ending.at = Some(self.now.mono.plus_ms(left.min(LOOK_MS)));
        Some(left)
    }
}
