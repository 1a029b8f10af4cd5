//! What the hub does for clients of IRC alone: their questions, and whom they watch.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::name::Name;
use crate::base::person::{Person, UserModes};
use crate::base::time::{DeadlineReason, Now};
use crate::dialect::irc::event::source_bytes;
use crate::dialect::irc::numeric::{self, Numeric};
use crate::dialect::irc::query::{Answers, Query, ROW_COST_BYTES};
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::command::Command;
use crate::world::Member;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// An answer over so many bytes is written before the next line is acted on.
const BULK_BYTES: usize = 2_048;

impl Hub {
    /// Answers a question of IRC, or a page of the answer.
    pub(super) fn answer_irc(&mut self, now: Now, conn: ConnId, query: Query, sink: &mut impl Sink) {
        let Some(query) = self.act_on(now, conn, query, sink) else { return };
        let mut bytes = self.take_scratch();
        let mut next = None;
        let mut rows = 0;
        if let Some(asker) = self.asker(now, conn) {
            let mut answers = Answers::new(&mut bytes, &asker);
            next = query.answer(&asker, &mut answers);
            rows = answers.rows();
        }
        let rate = self.limits.rate;
        let length = bytes.len();
        self.write(conn, &bytes, sink);
        self.scratch = bytes;
        let Some(session) = self.session(conn) else { return };
        // What is found in a long list costs the whole list.
        session.charge(length.max(rows * ROW_COST_BYTES), rate, now.mono);
        if next.is_none() && length <= BULK_BYTES {
            return;
        }
        session.drain();
        if let Some(next) = next {
            session.ask_first(next);
        }
        sink.output(Output::ReportDrained { conn });
    }

    /// Does what a question changes of the connection itself; returns what is left to be answered.
    fn act_on(&mut self, now: Now, conn: ConnId, query: Query, sink: &mut impl Sink) -> Option<Query> {
        match query {
            Query::LeaveAll => self.leave_all(now, conn),
            Query::MonitorAdd(names) => return Some(self.watch(conn, names)),
            Query::MonitorClear => self.unwatch_all(conn),
            Query::MonitorRemove(names) => names.iter().for_each(|name| self.unwatch(conn, name)),
            Query::Rehash | Query::Restart if !self.is_operator(conn) => {
                return Some(Query::Note(numeric::ERR_NOPRIVILEGES, Vec::new()));
            }
            Query::Rehash => {
                let member = self.session(conn).and_then(|session| session.member());
                if let Some(by) = member.and_then(|member| self.console_member(member)) {
                    sink.output(Output::Console(ConsoleEvent::RehashAsked { by }));
                }
                sink.output(Output::Rehash { conn });
                let configuration = self.options.identity.configuration.clone();
                return Some(Query::Note(numeric::RPL_REHASHING, Vec::from([configuration])));
            }
            Query::Signal(command) => self.signal(now, conn, &command, sink),
            Query::SetCapabilities(capabilities, subcommand, list) => {
                if let Some(client) = self.session(conn).and_then(|session| session.client()) {
                    client.capabilities = capabilities;
                }
                self.change_class(conn, sink);
                return Some(Query::Cap(subcommand, list));
            }
            Query::UserModes { target, set, unknown } => return self.user_modes(conn, &target, set, unknown),
            query => return Some(query),
        }
        None
    }

    /// Whether its member is an operator of the server.
    fn is_operator(&mut self, conn: ConnId) -> bool {
        let member = self.session(conn).and_then(|session| session.member());
        let member = member.and_then(|member| self.world.member(member));
        member.is_some_and(|member| member.modes().has(UserModes::OPERATOR))
    }

    /// From here on the connection reads in another form, also what its rooms hear.
    pub(super) fn change_class(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(class) = self.class(conn) else { return };
        let member = self.session(conn).and_then(|session| session.member());
        let member = member.and_then(|member| self.world.member(member));
        for &room in member.map_or(&[][..], Member::rooms) {
            sink.output(Output::Subscribe { conn, room, class });
        }
    }

    /// A client of IRC is a member now.
    pub(super) fn welcome(&mut self, now: Now, conn: ConnId, person: &Person) {
        self.note_source(conn, person);
        self.wait_until(conn, now.mono.plus_ms(self.limits.ping_ms), DeadlineReason::Idle);
        if let Some(session) = self.session(conn) {
            session.ask_first(Query::Welcome);
        }
    }

    /// How long a message may be that a client sends depends on what stands before it for others.
    pub(super) fn note_source(&mut self, conn: ConnId, person: &Person) {
        if let Some(client) = self.session(conn).and_then(|session| session.client()) {
            client.source_bytes = source_bytes(person);
        }
    }

    /// Tells those who watch a name that somebody has it, or has it no more.
    pub(super) fn tell_watchers(&mut self, person: &Person, is_there: bool, sink: &mut impl Sink) {
        let watchers: Vec<ConnId> = self.watchers.get(&person.name).into_iter().flatten().copied().collect();
        for conn in watchers {
            let (numeric, who) = match is_there {
                true => (numeric::RPL_MONONLINE, mask_of(person)),
                false => (numeric::RPL_MONOFFLINE, person.name.to_string()),
            };
            self.tell_numeric(conn, numeric, &[&who], sink);
        }
    }

    /// A client reads a numeric that answers nothing, whatever it may be answered at the moment.
    pub(super) fn tell_numeric(
        &mut self,
        conn: ConnId,
        numeric: Numeric,
        params: &[&str],
        sink: &mut impl Sink,
    ) {
        if !self.open_irc(conn) {
            return;
        }
        let mut bytes = self.take_scratch();
        if let Some(asker) = self.asker(Now::default(), conn) {
            Answers::new(&mut bytes, &asker).numeric(numeric, params);
        }
        sink.output(Output::Write { conn, bytes: &bytes });
        self.scratch = bytes;
    }

    /// A connection watches nobody any more.
    pub(super) fn unwatch_all(&mut self, conn: ConnId) {
        let Some(client) = self.session(conn).and_then(|session| session.client()) else { return };
        for name in core::mem::take(&mut client.monitored) {
            self.forget_watcher(conn, &name);
        }
    }

    fn unwatch(&mut self, conn: ConnId, name: &Name) {
        let Some(client) = self.session(conn).and_then(|session| session.client()) else { return };
        if client.monitored.remove(name) {
            self.forget_watcher(conn, name);
        }
    }

    fn forget_watcher(&mut self, conn: ConnId, name: &Name) {
        if let Some(watchers) = self.watchers.get_mut(name) {
            watchers.remove(&conn);
            if watchers.is_empty() {
                self.watchers.remove(name);
            }
        }
    }

    /// A connection watches these names; returns what it is told of them.
    fn watch(&mut self, conn: ConnId, names: Vec<Name>) -> Query {
        let monitored_max = self.limits.monitored_max;
        let (mut watched, mut left_over) = (Vec::new(), Vec::new());
        for name in names {
            let Some(client) = self.session(conn).and_then(|session| session.client()) else { continue };
            if client.monitored.len() >= monitored_max && !client.monitored.contains(&name) {
                left_over.push(name);
                continue;
            }
            client.monitored.insert(name.clone());
            self.watchers.entry(name.clone()).or_default().insert(conn);
            watched.push(name);
        }
        Query::MonitorStatus { of: watched, left_over }
    }

    /// Leaves each room that the member is in.
    fn leave_all(&mut self, now: Now, conn: ConnId) {
        let Some(id) = self.session(conn).and_then(|session| session.member()) else { return };
        let rooms: Vec<_> = self.world.member(id).map_or(&[][..], Member::rooms).to_vec();
        let rate = self.limits.rate;
        if let Some(session) = self.session(conn) {
            session.charge_lines(rooms.len().saturating_sub(1), rate, now.mono);
        }
        // The last that is put first is the first to be done.
        for room in rooms.into_iter().rev() {
            let Some(name) = self.world.room(room).map(|room| room.name().clone()) else { continue };
            let from = Some(name);
            if let Some(session) = self.session(conn) {
                session.do_first(Command::Move {
                    member: id,
                    from,
                    to: None,
                    key: None,
                    checks_key: false,
                    message: None,
                });
            }
        }
    }

    /// Somebody's own modes: what they are, or other ones. One can ask for one's own alone.
    fn user_modes(
        &mut self,
        conn: ConnId,
        target: &Name,
        set: Option<(UserModes, UserModes)>,
        unknown: bool,
    ) -> Option<Query> {
        let member = self.session(conn).and_then(|session| session.member())?;
        let own = self.world.member_named(target) == Some(member);
        let note = |numeric, params| Some(Query::Note(numeric, params));
        match set {
            _ if self.world.member_named(target).is_none() => {
                note(numeric::ERR_NOSUCHNICK, Vec::from([target.to_string()]))
            }
            _ if !own => note(numeric::ERR_USERSDONTMATCH, Vec::new()),
            None => {
                let modes = self.world.member(member)?.modes();
                note(numeric::RPL_UMODEIS, Vec::from([alloc::format!("+{modes}")]))
            }
            Some((on, off)) => {
                if on != UserModes::NONE || off != UserModes::NONE {
                    self.session(conn)?.do_first(Command::SetUserModes { member, on, off });
                }
                if unknown { note(numeric::ERR_UMODEUNKNOWNFLAG, Vec::new()) } else { None }
            }
        }
    }
}

/// `name!user@host`.
pub(super) fn mask_of(person: &Person) -> String {
    let Person { name, profile } = person;
    alloc::format!("{name}!{}@{}", profile.user(), profile.host())
}
