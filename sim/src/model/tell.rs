//! Adds events and answers to the expected bytes of connections: each in the form of its reader, and answers to
//! labelled lines together.

use super::Model;
use super::chat::{Chat, RoomMember};
use super::conn::{Conn, Link};
use super::irc::label;
use crate::expectation;
use crate::sometimes;
use bytes::BytesMut;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    ConnId, Event, EventKind, LogEntry, MemberId, Name, Person, Readers, Reply, RoomName, Seq, Stamp,
    WireClass,
};
use std::ops::Range;

/// Creates the event of an entry, and records it, unless it is a signal. `by` is the member, the person that others see, and whether it is a bot.
pub(super) fn event(
    chat: &Chat,
    entry: &LogEntry,
    (member, by, by_bot): (MemberId, &Person, bool),
    kind: EventKind,
) -> Event {
    let LogEntry { seq, at_unix_ms, .. } = *entry;
    let mut stamp = Stamp { log_unix_ms: chat.began_unix_ms, seq, at_unix_ms };
    let mut readers = Readers::Nobody;
    // What is no text for people, or not for everybody in the room, is not kept.
    if let EventKind::Said { room, status: None, message } = &kind
        && let Some(room) = chat.room(&room.name)
        && message.kind.is_for_people()
        && seq > Seq(0)
        && chat.limits.history_keep_ms > 0
    {
        readers = room.readers();
        if let Some(last) = room.last_kept_unix_ms.filter(|last| *last >= at_unix_ms) {
            stamp.at_unix_ms = last + 1;
        }
    }
    let event = Event { stamp, member, by: by.clone(), by_bot, readers, kind };
    if seq > Seq(0) {
        chat.happened.borrow_mut().push(event.clone());
    }
    event
}

/// Returns the event with the place of its bytes, to be recognized by it; `None` for a signal, which has no place in
/// the log.
fn place(event: &Event, place: Range<usize>, is_heard: bool) -> Option<expectation::Event> {
    let seq = event.stamp.seq;
    (seq > Seq(0)).then_some(expectation::Event { place, seq, is_heard })
}

/// An event as rendered for each wire class.
#[derive(Default)]
struct Forms(Vec<(WireClass, BytesMut)>);

impl Forms {
    fn of(&mut self, class: WireClass, event: &Event) -> &[u8] {
        let known = self.0.iter().position(|(other, _)| *other == class);
        let index = known.unwrap_or_else(|| {
            let mut bytes = BytesMut::new();
            class.render(event, &mut bytes);
            self.0.push((class, bytes));
            self.0.len() - 1
        });
        &self.0[index].1
    }
}

impl Conn {
    /// Returns its wire class.
    pub(super) fn class(&self, raw: bool) -> WireClass {
        match &self.irc {
            Some(client) => parlor_protocol::irc::wire_class(client.capabilities),
            None => parlor_protocol::plain::wire_class(self.language, raw),
        }
    }

    /// Adds an event to the expected bytes, and records its place among them.
    fn hear(&mut self, event: &Event, bytes: &[u8]) {
        let is_heard = matches!(event.kind, EventKind::Said { .. });
        self.due.add_events(bytes, place(event, 0..bytes.len(), is_heard).as_slice());
    }
}

impl Model {
    /// Sends an event to the members of a room and, if `itself` is set, to its author: as an answer, even if the
    /// author is not in the room.
    pub(super) fn tell_room(&mut self, room: &RoomName, id: ConnId, itself: bool, event: &Event) {
        self.tell_all_in(room, Some(id), event);
        if itself {
            self.tell_itself(id, event);
        }
    }

    /// Sends an event to the members of a room, except one.
    pub(super) fn tell_all_in(&mut self, room: &RoomName, except: Option<ConnId>, event: &Event) {
        let mut forms = Forms::default();
        let Some(room) = self.chat.rooms.iter().find(|it| it.name == *room) else { return };
        for &RoomMember { conn: id, .. } in &room.members {
            let Some(conn) = self.conns.get_mut(id) else { continue };
            if Some(id) != except && conn.link == Link::Open {
                conn.hear(event, forms.of(conn.class(self.options.raw), event));
            }
        }
    }

    /// Sends an event once to everyone who shares a room with the member.
    pub(super) fn tell_peers(&mut self, member: MemberId, except: ConnId, event: &Event) {
        let rooms = self.chat.rooms.iter().filter(|room| room.member(member).is_some());
        let mut hearers: Vec<ConnId> = rooms.flat_map(|room| room.members.iter().map(|it| it.conn)).collect();
        hearers.sort_unstable();
        hearers.dedup();
        hearers.retain(|hearer| *hearer != except);
        self.tell_each(&hearers, event);
    }

    pub(super) fn tell_each(&mut self, hearers: &[ConnId], event: &Event) {
        let mut forms = Forms::default();
        for &id in hearers {
            if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) {
                conn.hear(event, forms.of(conn.class(self.options.raw), event));
            }
        }
    }

    pub(super) fn tell(&mut self, id: ConnId, event: &Event) {
        self.tell_each(&[id], event);
    }

    /// Sends an IRC client the invitation of its member, whatever its capabilities are.
    pub(super) fn tell_invited(&mut self, id: ConnId, event: &Event) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let Some(client) = &conn.irc else { return };
        let mut bytes = BytesMut::new();
        let capabilities = client.capabilities.with(Capabilities::INVITE_NOTIFY);
        parlor_protocol::irc::wire_class(capabilities).render(event, &mut bytes);
        conn.hear(event, &bytes);
    }

    /// Sends a connection an event of its own making, as an answer.
    pub(super) fn tell_itself(&mut self, id: ConnId, event: &Event) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let mut bytes = BytesMut::new();
        conn.class(self.options.raw).render(event, &mut bytes);
        match &mut conn.label {
            // Its own message is a part of the answer here, so it is not counted as heard.
            Some(label) => {
                let start = label.gathered.len();
                label.gathered.extend_from_slice(&bytes);
                label.events.extend(place(event, start..label.gathered.len(), false));
            }
            None => conn.hear(event, &bytes),
        }
    }

    /// Tells those who watch a name that somebody has it, or has it no more.
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

    /// Sends a reply in the plain dialect.
    pub(super) fn reply(&mut self, id: ConnId, reply: &Note<'_>) {
        let Some(conn) = self.conns.get(id) else { return };
        let mut bytes = BytesMut::new();
        reply.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        self.send(id, &bytes);
    }

    /// Sends a reply in the plain dialect, unless the connection is IRC.
    pub(super) fn reply_plain(&mut self, id: ConnId, reply: &Note<'_>) {
        if self.conns.get(id).is_some_and(|conn| conn.irc.is_none()) {
            self.reply(id, reply);
        }
    }

    /// Sends an answer, or gathers it if the line has a label.
    pub(super) fn answer(&mut self, id: ConnId, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        match &mut conn.label {
            Some(label) => label.gathered.extend_from_slice(bytes),
            None => conn.due.add(bytes),
        }
    }

    /// Begins the answer to a line with this label. With `None`, ends and sends it.
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

    /// Sends the labelled answer so far, because the connection is about to close.
    pub(super) fn cut_label(&mut self, id: ConnId) {
        let label = self.conns.get(id).and_then(|conn| conn.label.as_ref());
        if label.is_some_and(|label| !label.is_empty()) {
            self.label(id, None);
        }
    }

    /// Sends the labelled answer so far, because the connection has to wait.
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
