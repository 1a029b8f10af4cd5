//! Who is where, and what happens to each of them when an entry of the log says so.

use super::ask::Ask;
use super::{Link, Model, Stage};
use crate::sometimes;
use parlor_protocol::event::Mistake;
use parlor_protocol::world::{Heard, Refusal, Topic};
use parlor_protocol::{
    CloseReason, Command, ConnId, Event, Language, LogEntry, MemberId, Name, Person, Profile, Reply,
    RoomName, Speech, Stamp, Text, What, WireClass, Wish, WorldLimits,
};
use std::collections::BTreeMap;

/// People and rooms.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) people: BTreeMap<MemberId, Member>,
    /// In the order in which they began.
    rooms: Vec<Room>,
    limits: WorldLimits,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) conn: ConnId,
    person: Person,
    /// A member of this dialect is in one room at a time.
    room: Option<RoomName>,
}

#[derive(Debug)]
struct Room {
    name: RoomName,
    topic: Option<Topic>,
    history: Vec<Heard>,
}

impl Chat {
    pub(super) fn configure(&mut self, limits: WorldLimits) {
        self.limits = limits;
        if self.room(&RoomName::lobby()).is_none() {
            self.rooms.push(Room { name: RoomName::lobby(), topic: None, history: Vec::new() });
        }
    }

    /// What is answered at once.
    pub(super) fn reply<'a>(
        &'a self,
        ask: &'a Ask,
        here: Option<&'a RoomName>,
        line_bytes_max: usize,
    ) -> Result<Reply<'a>, Mistake> {
        let existing = |name: Option<&RoomName>| {
            let name = name.ok_or(Mistake::NotInRoom)?;
            self.room(name).ok_or_else(|| Mistake::NoSuchRoom(name.clone()))
        };
        Ok(match ask {
            Ask::Help => Reply::Help,
            Ask::History(count) => {
                let Room { name, history, .. } = existing(here)?;
                let skipped = count.map_or(0, |count| history.len().saturating_sub(count));
                Reply::History { room: name, heard: history[skipped..].iter().collect() }
            }
            Ask::Language(_) => Reply::LanguageIs,
            Ask::LineCut(dropped) => Reply::LineCut { dropped: *dropped, line_bytes_max },
            Ask::Mistaken(mistake) => Reply::Mistaken(mistake),
            Ask::Rooms => {
                let count = |room: &Room| self.people_in(&room.name).count();
                let rooms = self.rooms.iter().map(|room| (&room.name, count(room)));
                Reply::Rooms { total: self.rooms.len(), rooms: rooms.collect() }
            }
            Ask::TopicShow => {
                let room = existing(here)?;
                Reply::TopicIs { room: &room.name, topic: room.topic.as_ref() }
            }
            Ask::Who(asked) => {
                let room = existing(asked.as_ref().or(here))?;
                let names: Vec<_> = self.people_in(&room.name).map(|it| &it.person.name).collect();
                Reply::Who { room: &room.name, total: names.len(), names }
            }
            ask => unreachable!("{ask:?} is a command"),
        })
    }

    fn room(&self, name: &RoomName) -> Option<&Room> {
        self.rooms.iter().find(|room| room.name == *name)
    }

    /// In the order of their entrance to the server.
    fn people_in<'a>(&'a self, room: &'a RoomName) -> impl Iterator<Item = &'a Member> {
        self.people.values().filter(move |person| person.room.as_ref() == Some(room))
    }

    fn is_taken(&self, name: &Name) -> bool {
        self.people.values().any(|it| it.person.name == *name)
    }

    /// The first of sixteen numbers that is free, or else the position of the entrance.
    fn given_name(&self, port: u16, member: MemberId) -> Name {
        let numbers = (1..=16).chain([member.0.0]);
        let mut names = numbers.map(|nth| Name::for_port(port, nth));
        names.find(|name| !self.is_taken(name)).expect("nobody else has this position")
    }

    /// Whether the member can go from `from` to `to`.
    fn judge_move(&self, id: MemberId, from: Option<&RoomName>, to: &RoomName) -> Result<(), Refusal> {
        let person = &self.people[&id];
        if let Some(from) = from
            && person.room.as_ref() != Some(from)
        {
            return Err(Refusal::NotIn(from.clone()));
        }
        if person.room.as_ref() == Some(to) {
            let name = self.room(to).map_or(to, |room| &room.name);
            return Err(Refusal::AlreadyIn(name.clone()));
        }
        let ends = |from: &RoomName| *from != RoomName::lobby() && self.people_in(from).count() == 1;
        let rooms_left = self.rooms.len() - usize::from(from.is_some_and(ends));
        if self.room(to).is_none() && rooms_left >= self.limits.rooms_max {
            return Err(Refusal::RoomsFull);
        }
        Ok(())
    }

    fn remember(&mut self, entry: &LogEntry, by: &Person, room: &RoomName, speech: &Speech) {
        let Some(room) = self.rooms.iter_mut().find(|it| it.name == *room) else { return };
        let Speech { manner, text, .. } = speech.clone();
        let by = by.clone();
        room.history.push(Heard { seq: entry.seq, at_unix_ms: entry.at_unix_ms, by, manner, text });
        let bytes = |heard: &Heard| heard.by.name.as_str().len() + heard.text.as_str().len();
        while room.history.len() > self.limits.history_lines_max
            || room.history.iter().map(bytes).sum::<usize>() > self.limits.history_bytes_max
        {
            room.history.remove(0);
        }
    }

    /// Rooms without anyone end, the lobby apart.
    fn end_empty_rooms(&mut self) {
        let people = &self.people;
        self.rooms.retain(|room| {
            room.name == RoomName::lobby()
                || people.values().any(|person| person.room.as_ref() == Some(&room.name))
        });
    }
}

impl Model {
    /// What an entry does, by its author's connection.
    pub(super) fn happen(&mut self, conn: ConnId, entry: &LogEntry) {
        match &entry.command {
            Command::Configure(_) => {}
            Command::Enter { wish, profile, room, .. } => {
                let Wish::Port(port) = wish else { unreachable!("the plain dialect wishes for nothing") };
                self.enter(conn, entry, *port, profile, room.as_ref());
            }
            Command::Leave { member, reason, .. } => self.left(conn, entry, *member, *reason),
            Command::Move { member, from, to, .. } => {
                let to = to.as_ref().expect("the plain dialect always goes somewhere");
                match self.chat.judge_move(*member, from.as_ref(), to) {
                    Ok(()) => {
                        if let Some(from) = from {
                            self.part(conn, entry, *member, from);
                        }
                        self.join(conn, entry, *member, to, false);
                    }
                    Err(refusal) => self.reply(conn, &Reply::Refused(&refusal)),
                }
            }
            Command::Rename { member, name } => self.rename(conn, entry, *member, name),
            Command::Say { member, room, speech, .. } => {
                let person = &self.chat.people[member];
                if person.room.as_ref() != Some(room) {
                    return self.reply(conn, &Reply::Refused(&Refusal::NotIn(room.clone())));
                }
                let by = person.person.clone();
                self.chat.remember(entry, &by, room, speech);
                let except = (!self.options.echo).then_some(conn);
                self.tell_room(room, except, entry, &by, What::Said { room, status: None, speech });
            }
            Command::SetTopic { member, room, topic } => {
                self.set_topic(conn, entry, *member, room, topic.as_ref());
            }
            Command::Tell { member, to, speech } => {
                let found = self.chat.people.values().find(|it| it.person.name == *to);
                match found.map(|person| person.conn) {
                    Some(hearer) => {
                        let by = self.chat.people[member].person.clone();
                        let what = What::Told { to, speech };
                        self.tell(hearer, &event(entry, &by, what));
                    }
                    None => self.reply(conn, &Reply::Refused(&Refusal::NoSuchName(to.clone()))),
                }
            }
            command => unreachable!("the plain dialect has no {command:?}"),
        }
    }

    fn enter(&mut self, id: ConnId, entry: &LogEntry, port: u16, profile: &Profile, room: Option<&RoomName>) {
        let member = MemberId(entry.seq);
        let name = self.chat.given_name(port, member);
        let person = Person { name: name.clone(), profile: profile.clone() };
        self.chat.people.insert(member, Member { conn: id, person, room: None });
        let conn = self.conns.get_mut(id).expect("a slot is kept for who is entering");
        if conn.link == Link::Open {
            conn.stage = Stage::Member(member);
        } else {
            conn.stage = Stage::Leaving(member);
            let reason = conn.ended_for.expect("what is not open has ended for a reason");
            self.proposals.push((id, Command::Leave { member, reason, message: None }));
        }
        let verdict = room.map(|room| self.chat.judge_move(member, None, room));
        if let (Some(room), Some(Ok(()))) = (room, &verdict) {
            return self.join(id, entry, member, room, true);
        }
        self.greet(id, &Reply::Greeting { name: &name, room: None });
        if let Some(Err(refusal)) = verdict {
            self.reply(id, &Reply::Refused(&refusal));
        }
    }

    fn join(&mut self, id: ConnId, entry: &LogEntry, member: MemberId, to: &RoomName, first: bool) {
        if self.chat.room(to).is_none() {
            self.chat.rooms.push(Room { name: to.clone(), topic: None, history: Vec::new() });
        }
        let room = self.chat.room(to).expect("it has just begun");
        let (to, topic) = (room.name.clone(), room.topic.clone());
        let by = self.chat.people[&member].person.clone();
        // Whoever is there before the newcomer hears of it.
        self.tell_room(&to, None, entry, &by, What::Joined { room: &to });
        self.chat.people.get_mut(&member).expect("it is a member").room = Some(to.clone());
        let members = self.chat.people_in(&to).count();
        if let Some(conn) = self.conns.get_mut(id) {
            conn.room = Some(to.clone());
        }
        if first {
            self.greet(id, &Reply::Greeting { name: &by.name, room: Some((&to, members)) });
        } else {
            self.reply(id, &Reply::InRoom { room: &to, members, topic: topic.as_ref() });
        }
    }

    fn greet(&mut self, id: ConnId, greeting: &Reply<'_>) {
        if self.options.greeting && !self.options.raw {
            self.reply(id, greeting);
        }
    }

    fn part(&mut self, id: ConnId, entry: &LogEntry, member: MemberId, from: &RoomName) {
        let person = self.chat.people.get_mut(&member).expect("it is a member");
        person.room = None;
        let by = person.person.clone();
        if let Some(conn) = self.conns.get_mut(id) {
            conn.room = None;
        }
        self.tell_room(from, None, entry, &by, What::Parted { room: from, message: None });
        self.chat.end_empty_rooms();
    }

    fn left(&mut self, id: ConnId, entry: &LogEntry, member: MemberId, reason: CloseReason) {
        let person = self.chat.people.remove(&member).expect("it is a member");
        if let Some(room) = &person.room {
            self.tell_room(room, None, entry, &person.person, What::Left { reason, message: None });
        }
        self.chat.end_empty_rooms();
        if let Some(conn) = self.conns.get_mut(id) {
            conn.stage = Stage::Outside;
            if conn.link == Link::Open {
                self.say_farewell(id, reason);
            }
        }
    }

    fn rename(&mut self, id: ConnId, entry: &LogEntry, member: MemberId, name: &Name) {
        let owner = self.chat.people.iter().find(|(_, it)| it.person.name == *name);
        let refusal = match owner {
            Some((&owner, person)) if owner != member => Some(Refusal::NameTaken(person.person.name.clone())),
            Some((_, person)) if person.person.name.as_str() == name.as_str() => Some(Refusal::NameUnchanged),
            _ => None,
        };
        sometimes!(self.marks, NameRefused, matches!(refusal, Some(Refusal::NameTaken(_))));
        if let Some(refusal) = refusal {
            return self.reply(id, &Reply::Refused(&refusal));
        }
        let person = self.chat.people.get_mut(&member).expect("it is a member");
        let by = person.person.clone();
        person.person.name = name.clone();
        if let Some(room) = person.room.clone() {
            self.tell_room(&room, Some(id), entry, &by, What::Renamed { to: name });
        }
        self.reply(id, &Reply::NowNamed(name));
    }

    fn set_topic(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        topic: Option<&Text>,
    ) {
        let person = &self.chat.people[&member];
        let bytes_max = self.chat.limits.topic_bytes_max;
        if person.room.as_ref() != Some(room) {
            return self.reply(id, &Reply::Refused(&Refusal::NotIn(room.clone())));
        }
        if topic.is_some_and(|topic| topic.as_str().len() > bytes_max) {
            return self.reply(id, &Reply::Refused(&Refusal::TopicTooLong(bytes_max)));
        }
        let by = person.person.clone();
        if let Some(room) = self.chat.rooms.iter_mut().find(|it| it.name == *room) {
            let at_unix_ms = entry.at_unix_ms;
            room.topic = topic.map(|text| Topic { text: text.clone(), by: by.name.clone(), at_unix_ms });
        }
        self.tell_room(room, None, entry, &by, What::TopicSet { room, topic });
    }

    /// Everyone in the room but `except` hears it.
    fn tell_room(
        &mut self,
        room: &RoomName,
        except: Option<ConnId>,
        entry: &LogEntry,
        by: &Person,
        what: What<'_>,
    ) {
        let event = event(entry, by, what);
        let mut rendered: [Option<bytes::BytesMut>; Language::ALL.len()] = Default::default();
        for person in self.chat.people.values().filter(|person| person.room.as_ref() == Some(room)) {
            let Some(conn) = self.conns.get_mut(person.conn) else { continue };
            if Some(person.conn) == except || conn.link != Link::Open {
                continue;
            }
            let class = WireClass::Plain { language: conn.language, raw: self.options.raw };
            let bytes = rendered[conn.language as usize].get_or_insert_with(|| {
                let mut bytes = bytes::BytesMut::new();
                event.render(class, &mut bytes);
                bytes
            });
            conn.due.add(bytes);
        }
    }

    fn tell(&mut self, id: ConnId, event: &Event<'_>) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let mut bytes = bytes::BytesMut::new();
        event.render(WireClass::Plain { language: conn.language, raw: self.options.raw }, &mut bytes);
        conn.due.add(&bytes);
    }
}

/// What the others hear of an entry. (When the log began is a matter of classes that this model has none of.)
const fn event<'a>(entry: &LogEntry, by: &'a Person, what: What<'a>) -> Event<'a> {
    let LogEntry { seq, at_unix_ms, .. } = *entry;
    Event { stamp: Stamp { log_unix_ms: 0, seq, at_unix_ms }, by, by_bot: false, what }
}
