//! The answers to IRC clients: when they are sent, and the changes that are made with them.
//!
//! The text of an answer is written by the core's dialect from the core's world. [`compare`](super::compare) checks
//! that this world is right; this module checks that no answer reveals a hidden room or member.

use super::Model;
use super::address::{LINE, answered};
use super::chat::{Chat, Room};
use super::conn::{Conn, Link, Stage};
use super::history::Then;
use super::irc::Client;
use super::todo::{Change, Query, Todo};
use crate::sometimes;
use bytes::BytesMut;
use parlor_protocol::{
    Action, Answer, ClientAddresses, Command, ConnId, DialectState, Event, HistoryPage, MemberId, Name,
    Question, Refusal, Reply, RoomName, Seq, UserModes, View,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Number of bytes that the examination of one member or room costs, whether it is part of the answer or not.
const ROW_COST_BYTES: usize = 16;

/// The output of the core's dialect.
#[derive(Debug, Default)]
struct Written {
    bytes: Vec<u8>,
    /// The steps that follow: the next page, or the reading of a history.
    next: Vec<Todo>,
    /// Number of members and rooms that were examined.
    rows: usize,
    /// Whether the next line waits until the whole answer is written.
    is_bulk: bool,
}

/// The addresses of the members' clients, and the members whose address the dialect has looked up.
#[derive(Debug)]
struct Peers {
    of_members: BTreeMap<MemberId, IpAddr>,
    asked: RefCell<Vec<MemberId>>,
}

impl ClientAddresses for Peers {
    fn of_member(&self, member: MemberId) -> Option<IpAddr> {
        self.asked.borrow_mut().push(member);
        self.of_members.get(&member).copied()
    }
}

impl Model {
    /// Carries out a query, and answers it.
    pub(super) fn answer_query(&mut self, id: ConnId, Query { change, question }: Query) {
        let is_told = self.mark_read(id, &change);
        self.change(id, change);
        if let Some(question) = question {
            let written = self.compose(id, |form, view, answer| form.answer(question, view, answer));
            let tells = !String::from_utf8_lossy(&written.bytes).contains(" FAIL MARKREAD ");
            let is_wrong = is_told.is_some_and(|is_told| is_told != tells);
            let wrong = is_wrong.then(|| format!("{id} is told of a read marker: {tells}"));
            self.fault = self.fault.take().or(wrong);
            self.answer_paid(id, written);
        }
    }

    /// Moves a read marker. Returns whether the client is told of it, or reads an error instead; `None` if the change is another.
    fn mark_read(&mut self, id: ConnId, change: &Change) -> Option<bool> {
        let Change::Marker { target, unix_ms } = change else { return None };
        let client = self.conns.get_mut(id).and_then(|conn| conn.irc.as_mut())?;
        let Some(unix_ms) = *unix_ms else { return Some(true) };
        let may = client.mark(target, unix_ms, self.limits.read_markers_max);
        sometimes!(
            self.marks,
            MarkerStays,
            client.markers.get(target).is_some_and(|marker| *marker > unix_ms)
        );
        sometimes!(self.marks, MarkersFull, !may);
        Some(may)
    }

    /// Answers an IRC client's question for which a part of a history was read.
    pub(super) fn answer_from_history(&mut self, id: ConnId, question: Question, page: &HistoryPage) {
        let written = self.compose(id, |form, view, answer| {
            answer.rows += page.rows;
            form.fetched(question, page, view, answer);
        });
        self.answer_paid(id, written);
    }

    /// Answers a request to read the configuration again, which only operators may send.
    pub(super) fn rehash(&mut self, id: ConnId) {
        let reply = match self.operates(id) {
            true => Reply::Rehashing,
            false => Reply::Refused { refusal: &Refusal::NotServerOperator, command: None },
        };
        self.reply_paid(id, &reply);
    }

    /// Adds names to those that a connection watches, up to its limit.
    pub(super) fn watch(&mut self, id: ConnId, names: Vec<Name>) {
        let monitored_max = self.limits.monitored_max;
        let Some(client) = self.conns.get_mut(id).and_then(|conn| conn.irc.as_mut()) else { return };
        let (watched, over_limit): (Vec<Name>, Vec<Name>) = names.into_iter().partition(|name| {
            let is_watched = client.watches.len() < monitored_max || client.watches.contains(name);
            if is_watched {
                client.watches.insert(name.clone());
            }
            is_watched
        });
        self.reply_paid(id, &Reply::Watching { names: &watched, over_limit: &over_limit });
    }

    /// Removes names from those that a connection watches; with `None`, all of them.
    pub(super) fn unwatch(&mut self, id: ConnId, names: Option<&[Name]>) {
        let Some(client) = self.conns.get_mut(id).and_then(|conn| conn.irc.as_mut()) else { return };
        client.watches.retain(|name| names.is_some_and(|names| !names.contains(name)));
    }

    /// Sends an IRC client a reply, as a part of the answer to its line.
    pub(super) fn respond(&mut self, id: ConnId, reply: &Reply<'_>) {
        let Written { bytes, next, .. } =
            self.compose(id, |form, view, answer| form.reply(reply, view, answer));
        self.answer(id, &bytes);
        self.ask_first(id, next);
    }

    /// Sends an IRC client the part of a reply that follows its event, which was already sent.
    pub(super) fn respond_behind(
        &mut self,
        id: ConnId,
        (reply, event): (&Reply<'_>, &Event),
        is_answer: bool,
    ) {
        let Written { bytes, next, .. } =
            self.compose(id, |form, view, answer| form.reply(reply, view, answer));
        let mut known = BytesMut::new();
        if let Some(conn) = self.conns.get(id) {
            conn.class(self.options.raw).render(event, &mut known);
        }
        let rest = bytes.strip_prefix(&known[..]).unwrap_or(&bytes);
        if is_answer {
            self.answer(id, rest);
        } else {
            self.send(id, rest);
        }
        self.ask_first(id, next);
    }

    /// Sends an IRC client a reply that is no part of an answer.
    pub(super) fn push(&mut self, id: ConnId, reply: &Reply<'_>) {
        let written = self.compose(id, |form, view, answer| form.reply(reply, view, answer));
        self.send(id, &written.bytes);
    }

    /// Returns the bytes of a reply to an IRC client.
    pub(super) fn bytes_of(&mut self, id: ConnId, reply: &Reply<'_>) -> Vec<u8> {
        self.compose(id, |form, view, answer| form.reply(reply, view, answer)).bytes
    }

    /// Sends an IRC client a reply, and charges it.
    pub(super) fn reply_paid(&mut self, id: ConnId, reply: &Reply<'_>) {
        let written = self.compose(id, |form, view, answer| form.reply(reply, view, answer));
        self.answer_paid(id, written);
    }

    fn answer_paid(&mut self, id: ConnId, written: Written) {
        let Written { bytes, next, rows, is_bulk } = written;
        self.answer(id, &bytes);
        self.charge(id, answered(bytes.len().max(rows * ROW_COST_BYTES)));
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.draining = is_bulk;
        self.ask_first(id, next);
    }

    fn ask_first(&mut self, id: ConnId, next: Vec<Todo>) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        next.into_iter().rev().for_each(|todo| conn.waiting.push_front(todo));
    }

    /// Lets the core's dialect write to an IRC client, and checks that the output reveals nothing hidden.
    fn compose(
        &mut self,
        id: ConnId,
        write: impl FnOnce(&mut dyn DialectState, &View<'_>, &mut Answer<'_>),
    ) -> Written {
        let registers = |conn: &&Conn| {
            matches!(conn.stage, Stage::Header | Stage::Registering) && conn.link == Link::Open
        };
        let unregistered = self.conns.values().filter(registers).count();
        let may_know = self.operates(id);
        let peers = self.conns.values().filter_map(|conn| Some((conn.stage.member()?, conn.peer.ip())));
        let addresses = Peers { of_members: peers.collect(), asked: RefCell::default() };
        let Some(conn) = self.conns.get_mut(id) else { return Written::default() };
        let member = conn.stage.member();
        let Some(Client { form, watches, .. }) = conn.irc.as_deref_mut() else { return Written::default() };
        let Self { world, views, options, limits, now, .. } = self;
        let (now, addresses) = (*now, &addresses);
        let watched = watches;
        let view = View { member, world, views, options, limits, now, unregistered, watched, addresses };
        let mut bytes = BytesMut::new();
        let mut answer = Answer { bytes: &mut bytes, next: Vec::new(), rows: 0, is_bulk: false };
        write(&mut **form, &view, &mut answer);
        let Answer { next, rows, is_bulk, .. } = answer;
        let text = String::from_utf8_lossy(&bytes);
        let client = self.conns.get(id).and_then(|conn| conn.irc.as_ref());
        let marker = client.and_then(|client| client.wrong_marker(&text));
        let told = self.chat.hidden(member, &text);
        let others = addresses.asked.borrow().iter().filter(|it| Some(**it) != member).count();
        sometimes!(self.marks, AddressTold, others > 0 && may_know);
        let address = (others > 0 && !may_know).then(|| format!("{id} is told an address of another"));
        self.fault = self.fault.take().or(told).or(marker).or(address);
        // The model derives everything else that the dialect proposes from the line itself.
        let todos = next.into_iter().filter_map(|action| match action {
            Action::Ask(question) => {
                Some(Todo::Query(Query { question: Some(question), change: Change::Nothing }))
            }
            Action::Fetch(fetch) => Some(Todo::Fetch(fetch.query.into(), Then::Irc(fetch.question))),
            _ => None,
        });
        Written { next: todos.collect(), rows, is_bulk, bytes: bytes.to_vec() }
    }

    /// Whether a connection's member is a server operator.
    fn operates(&self, id: ConnId) -> bool {
        let member = self.conns.get(id).and_then(|conn| conn.stage.member());
        let person = member.and_then(|member| self.chat.people.get(&member));
        person.is_some_and(|person| person.modes.has(UserModes::OPERATOR))
    }

    /// Carries out a change.
    fn change(&mut self, id: ConnId, change: Change) {
        if let Change::Ban(ban) = change {
            let itself = self.bans_itself(id, &ban);
            if let Some(conn) = self.conns.get_mut(id)
                && let Some(member) = conn.stage.member()
                && !itself
            {
                conn.waiting.push_front(Todo::Propose(Command::SetBan { member, ban }));
            }
            return;
        }
        let Some(conn) = self.conns.get_mut(id) else { return };
        let member = conn.stage.member();
        let person = member.and_then(|member| self.chat.people.get(&member));
        match (change, member, person) {
            (Change::Capabilities(capabilities), ..) => {
                if let Some(client) = &mut conn.irc {
                    client.capabilities = capabilities;
                }
            }
            (Change::LeaveAll, Some(member), Some(person)) => {
                conn.owes += (person.rooms.len() as u64).saturating_sub(1) * LINE;
                for room in person.rooms.iter().rev() {
                    let from = Some(room.clone());
                    let command =
                        Command::Move { member, from, to: None, key: None, checks_key: false, message: None };
                    conn.waiting.push_front(Todo::Propose(command));
                }
            }
            (Change::Redact { room, log_unix_ms, line, message }, Some(member), _) => {
                let is_there = self.chat.room(&room).is_some_and(|room| room.member(member).is_some());
                let is_known = is_there && log_unix_ms == self.chat.began_unix_ms && line > Seq(0);
                if let Some(client) = &mut conn.irc {
                    client.redacts = is_known.then_some((line, message));
                }
            }
            (Change::UserModes { target, on, off }, Some(member), _) => {
                let changes = (on, off) != (UserModes::NONE, UserModes::NONE);
                if changes && self.chat.named(&target) == Some(member) {
                    conn.waiting.push_front(Todo::Propose(Command::SetUserModes { member, on, off }));
                }
            }
            _ => {}
        }
    }
}

impl Chat {
    /// Returns the first line of an answer that names a room or a member that is hidden from the asker.
    fn hidden(&self, asker: Option<MemberId>, answer: &str) -> Option<String> {
        let operates =
            asker.is_some_and(|it| self.people.get(&it).is_some_and(|it| it.modes.has(UserModes::OPERATOR)));
        for line in answer.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            // The channels about which the line is an answer. Other numerics only repeat a name that the client has
            // sent, which reveals nothing.
            let channels = match words.get(1).copied() {
                Some("319") => words.get(4..).unwrap_or_default(),
                Some("322" | "324" | "329" | "332" | "333" | "346" | "348" | "352" | "367") => {
                    words.get(3..4).unwrap_or_default()
                }
                Some("353") => words.get(4..5).unwrap_or_default(),
                _ => &[],
            };
            for channel in channels {
                let name = channel.trim_start_matches([':', '@', '+']);
                let room = RoomName::parse(name).ok().and_then(|name| self.room(&name));
                let Some(room) = room else { continue };
                // A server operator may ask about a secret room by its name, but lists do not show it.
                let may_know = operates && !["319", "322"].contains(&words[1]);
                if !room.is_visible_to(asker) && !may_know {
                    return Some(format!("{line:?} reveals a hidden room"));
                }
                let names = match words[1] {
                    "352" => words.get(7..8),
                    "353" => words.get(5..),
                    _ => None,
                };
                if self.lists_invisible(asker, room, names.unwrap_or_default()) {
                    return Some(format!("{line:?} reveals an invisible member"));
                }
            }
        }
        None
    }

    /// Whether one of these members of a room is invisible and the asker is not in the room.
    fn lists_invisible(&self, asker: Option<MemberId>, room: &Room, names: &[&str]) -> bool {
        let is_there = asker.is_some_and(|asker| room.member(asker).is_some());
        let is_invisible = |name: &&str| {
            let name = name.trim_start_matches([':', '@', '+']).split('!').next().unwrap_or_default();
            let member = Name::parse_any(name).ok().and_then(|name| self.named(&name));
            member.is_some_and(|member| self.people[&member].modes.has(UserModes::INVISIBLE))
        };
        !is_there && names.iter().any(is_invisible)
    }
}
