//! Who is sent what: each reader in the form that it reads, and answers to lines with a label put together.

use super::Model;
use super::chat::{Chat, Here};
use super::conn::{Conn, Link};
use super::irc::label;
use crate::expectation;
use crate::sometimes;
use bytes::BytesMut;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    ConnId, Event, LogEntry, MemberId, Name, Person, Reply, RoomName, Seq, Stamp, What, WireClass,
};
use std::ops::Range;

/// What the others hear of an entry.
pub(super) const fn event<'a>(
    chat: &Chat,
    entry: &LogEntry,
    (by, by_bot): (&'a Person, bool),
    what: What<'a>,
) -> Event<'a> {
    let LogEntry { seq, at_unix_ms, .. } = *entry;
    Event { stamp: Stamp { log_unix_ms: chat.began_unix_ms, seq, at_unix_ms }, by, by_bot, what }
}

/// Where the bytes of an event are. A signal has no place in the log.
fn place(event: &Event<'_>, place: Range<usize>, is_heard: bool) -> Option<expectation::Event> {
    let seq = event.stamp.seq;
    (seq > Seq(0)).then_some(expectation::Event { place, seq, is_heard })
}

/// An event in the forms in which somebody reads it.
#[derive(Default)]
struct Forms(Vec<(WireClass, BytesMut)>);

impl Forms {
    fn of(&mut self, class: WireClass, event: &Event<'_>) -> &[u8] {
        let known = self.0.iter().position(|(other, _)| *other == class);
        let index = known.unwrap_or_else(|| {
            let mut bytes = BytesMut::new();
            event.render(class, &mut bytes);
            self.0.push((class, bytes));
            self.0.len() - 1
        });
        &self.0[index].1
    }
}

impl Conn {
    /// The form in which it reads.
    pub(super) fn class(&self, raw: bool) -> WireClass {
        match &self.irc {
            Some(client) => parlor_protocol::irc::wire_class(client.capabilities),
            None => parlor_protocol::plain::wire_class(self.language, raw),
        }
    }

    /// It is to be sent an event, which is remembered with its place among the bytes.
    fn hear(&mut self, event: &Event<'_>, bytes: &[u8]) {
        let is_heard = matches!(event.what, What::Said { .. });
        self.due.add_events(bytes, place(event, 0..bytes.len(), is_heard).as_slice());
    }
}

impl Model {
    /// Everyone in the room hears it, that connection only where `itself` says so: as an answer, and wherever it is.
    pub(super) fn tell_room(&mut self, room: &RoomName, id: ConnId, itself: bool, event: &Event<'_>) {
        self.tell_all_in(room, Some(id), event);
        if itself {
            self.tell_itself(id, event);
        }
    }

    /// Everyone in the room but `except` hears it.
    pub(super) fn tell_all_in(&mut self, room: &RoomName, except: Option<ConnId>, event: &Event<'_>) {
        let mut forms = Forms::default();
        let Some(room) = self.chat.rooms.iter().find(|it| it.name == *room) else { return };
        for &Here { conn: id, .. } in &room.here {
            let Some(conn) = self.conns.get_mut(id) else { continue };
            if Some(id) != except && conn.link == Link::Open {
                conn.hear(event, forms.of(conn.class(self.options.raw), event));
            }
        }
    }

    /// Everyone who is in a room with the member hears it, once.
    pub(super) fn tell_peers(&mut self, member: MemberId, except: ConnId, event: &Event<'_>) {
        let rooms = self.chat.rooms.iter().filter(|room| room.of(member).is_some());
        let mut hearers: Vec<ConnId> =
            rooms.flat_map(|room| room.here.iter().map(|here| here.conn)).collect();
        hearers.sort_unstable();
        hearers.dedup();
        hearers.retain(|hearer| *hearer != except);
        self.tell_each(&hearers, event);
    }

    pub(super) fn tell_each(&mut self, hearers: &[ConnId], event: &Event<'_>) {
        let mut forms = Forms::default();
        for &id in hearers {
            if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) {
                conn.hear(event, forms.of(conn.class(self.options.raw), event));
            }
        }
    }

    pub(super) fn tell(&mut self, id: ConnId, event: &Event<'_>) {
        self.tell_each(&[id], event);
    }

    /// A connection hears of its own doing, as an answer to it.
    pub(super) fn tell_itself(&mut self, id: ConnId, event: &Event<'_>) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let mut bytes = BytesMut::new();
        event.render(conn.class(self.options.raw), &mut bytes);
        match &mut conn.label {
            // What it says itself it hears with its answers, and is not asked for.
            Some(label) => {
                let start = label.gathered.len();
                label.gathered.extend_from_slice(&bytes);
                label.events.extend(place(event, start..label.gathered.len(), false));
            }
            None => conn.hear(event, &bytes),
        }
    }

    /// Those who watch a name are told that somebody has it, or has it no more.
    pub(super) fn tell_watchers(&mut self, person: &Person, is_there: bool) {
        let watchers: Vec<ConnId> = self.watchers(&person.name).collect();
        for id in watchers {
            match is_there {
                true => self.push(id, &Reply::WatchedCame(person)),
                false => self.push(id, &Reply::WatchedLeft(&person.name)),
            }
        }
    }

    pub(super) fn is_watched(&self, name: &Name) -> bool {
        self.watchers(name).next().is_some()
    }

    fn watchers(&self, name: &Name) -> impl Iterator<Item = ConnId> {
        let watches = |conn: &Conn| conn.irc.as_ref().is_some_and(|client| client.watches.contains(name));
        self.conns.iter().filter(move |(_, conn)| conn.link == Link::Open && watches(conn)).map(|(id, _)| id)
    }

    /// A reply of the plain dialect.
    pub(super) fn reply(&mut self, id: ConnId, reply: &Note<'_>) {
        let Some(conn) = self.conns.get(id) else { return };
        let mut bytes = BytesMut::new();
        reply.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        self.send(id, &bytes);
    }

    /// The same, to who speaks the plain dialect.
    pub(super) fn reply_plain(&mut self, id: ConnId, reply: &Note<'_>) {
        if self.conns.get(id).is_some_and(|conn| conn.irc.is_none()) {
            self.reply(id, reply);
        }
    }

    /// These bytes answer a line: with others, where it has a label.
    pub(super) fn answer(&mut self, id: ConnId, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        match &mut conn.label {
            Some(label) => label.gathered.extend_from_slice(bytes),
            None => conn.due.add(bytes),
        }
    }

    /// From here on, answers are to a line with this label; with `None`, there are no more.
    pub(super) fn label(&mut self, id: ConnId, label: Option<String>) {
        let server = &self.options.identity.name;
        let Some(conn) = self.conns.get_mut(id) else { return };
        if let Some(label) = label {
            conn.label = Some(label::Answered::new(label));
        } else if let Some(answered) = conn.label.take() {
            sometimes!(self.marks, LabelInPages, answered.is_batch());
            let (bytes, events) = answered.end(server);
            self.send_events(id, &bytes, &events);
        }
    }

    /// A connection is to end: what it was answered so far is on its way.
    pub(super) fn cut_label(&mut self, id: ConnId) {
        let label = self.conns.get(id).and_then(|conn| conn.label.as_ref());
        if label.is_some_and(|label| !label.is_empty()) {
            self.label(id, None);
        }
    }

    /// A connection has to wait: what it was answered so far is on its way.
    pub(super) fn send_gathered(&mut self, id: ConnId) {
        let server = &self.options.identity.name;
        let Some(conn) = self.conns.get_mut(id) else { return };
        if let Some((bytes, events)) = conn.label.as_mut().map(|label| label.part(server)) {
            self.send_events(id, &bytes, &events);
        }
    }

    pub(super) fn send(&mut self, id: ConnId, bytes: &[u8]) {
        self.send_events(id, bytes, &[]);
    }

    fn send_events(&mut self, id: ConnId, bytes: &[u8], events: &[expectation::Event]) {
        if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) {
            conn.due.add_events(bytes, events);
        }
    }
}
