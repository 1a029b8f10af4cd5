//! The state of an IRC connection, as the session sees it.

use super::answer::{bans, history, redact, server};
use super::capability::Capabilities;
use super::client::Client;
use super::command;
use super::event::{Parting, cut, mask_of, render_invitation, source_bytes};
use super::history::Unwritten;
use super::label::put_label;
use super::marker::MarkerTarget;
use super::name::leave_room;
use super::numeric;
use super::query::{Answers, Asker, Query};
use super::{refusal, wire_class};
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::person::{Person, UserModes};
use crate::base::text::Text;
use crate::dialect::action::{Action, Notice, Question};
use crate::dialect::reply::Reply;
use crate::dialect::state::{Answer, Context, DialectState, LabelPart, Line, View};
use crate::dialect::wire_class::WireClass;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::log::state::{LogRefusal, LogState};
use crate::planted;
use crate::views::HistoryPage;
use crate::world::Member;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt::Write;

/// Number of bytes of an answer above which it must be written before the next line is executed.
const BULK_BYTES: usize = 2_048;

impl DialectState for Client {
    fn class(&self) -> WireClass {
        wire_class(self.capabilities)
    }

    fn line(&mut self, line: Line<'_>, context: &Context<'_>, actions: &mut VecDeque<Action>) {
        if let Line::Bytes { bytes, dropped } = line {
            actions.extend(command::read(self, bytes, dropped, context));
        }
    }

    fn answer(&mut self, question: Question, view: &View<'_>, answer: &mut Answer<'_>) {
        let person = view.member.and_then(|id| view.world.member(id)).map(Member::person);
        debug_assert!(
            person.is_none_or(|person| self.source_bytes == source_bytes(person)),
            "the client knows how others see it"
        );
        if let Some(query) = question.take().and_then(|query| self.act_on(query, view, answer)) {
            self.answer_in_pages(query, view, answer);
        }
    }

    fn fetched(&mut self, question: Question, page: &HistoryPage, view: &View<'_>, answer: &mut Answer<'_>) {
        match question.take() {
            Some(Query::History(request)) if page.is_failed => {
                self.answer_in_pages(history::failed(request, history::UNREADABLE), view, answer);
            }
            Some(Query::History(request)) => {
                let unwritten = Unwritten::new(request.target, page);
                self.answer_in_pages(Query::HistoryPage(unwritten), view, answer);
            }
            Some(Query::HistoryTargets { between, count_max, left, mut found }) => {
                let mut left = left.unwrap_or_default();
                let room = left.pop().and_then(|room| view.world.room(room));
                if let (Some(room), Some(latest)) = (room, page.events.last()) {
                    let at_unix_ms = latest.stamp.at_unix_ms;
                    if between.0 < at_unix_ms && at_unix_ms < between.1 {
                        found.push((at_unix_ms, room.name().clone()));
                    }
                }
                let query = Query::HistoryTargets { between, count_max, left: Some(left), found };
                self.look_at_next_target(query, view, answer);
            }
            Some(Query::Redact(redaction)) => {
                match redact::command(&redaction, page, &Asker::new(self.capabilities, view)) {
                    Ok(command) => answer.next.push(Action::Propose(command)),
                    Err(failure) => self.answer_in_pages(redact::failed(redaction, failure), view, answer),
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, reply: &Reply<'_>, view: &View<'_>, answer: &mut Answer<'_>) {
        let query = match *reply {
            Reply::AwayIs { away, .. } => {
                let numeric = if away.is_some() { numeric::RPL_NOWAWAY } else { numeric::RPL_UNAWAY };
                Query::Numeric(numeric, Vec::new())
            }
            Reply::BanLifted { .. } | Reply::BanSet { .. } | Reply::Farewell { .. } | Reply::Ping => {
                return put_message(reply, &Asker::new(self.capabilities, view), answer.bytes);
            }
            Reply::Entered => {
                self.registered();
                return answer.next.push(Action::Ask(Question::new(Query::WithoutParams(server::welcome))));
            }
            Reply::HostSet { event, host } => {
                self.class().render(event, answer.bytes);
                Query::Numeric(numeric::RPL_HOSTHIDDEN, Vec::from([host.into()]))
            }
            Reply::Invited { name, room } => {
                Query::Numeric(numeric::RPL_INVITING, Vec::from([name.to_string(), channel(room)]))
            }
            Reply::IsAway { name, away } => {
                Query::Numeric(numeric::RPL_AWAY, Vec::from([name.to_string(), away.as_str().into()]))
            }
            Reply::Joined { event, room, .. } => {
                self.class().render(event, answer.bytes);
                let with_names = !self.capabilities.has(Capabilities::NO_IMPLICIT_NAMES);
                let marker = self.marker_at_entrance(room);
                let entered = Query::Entered { room: room.clone(), marker, with_names };
                return answer.next.push(Action::Ask(Question::new(entered)));
            }
            Reply::InvitedTo { event, .. } => {
                return render_invitation(event, self.capabilities, answer.bytes);
            }
            Reply::KickedOut { event, .. }
            | Reply::Parted(event)
            | Reply::Renamed { event, .. }
            | Reply::Told { event, echoes: true, .. } => return self.class().render(event, answer.bytes),
            Reply::Notice(notice) => match notice_as_query(notice) {
                Some(query) => query,
                None => return,
            },
            Reply::NowOperator => Query::Numeric(numeric::RPL_YOUREOPER, Vec::new()),
            Reply::Refused { refusal, command } => {
                match refusal::numeric(refusal, command, view.world.began_unix_ms()) {
                    Some(query) => query,
                    None => return,
                }
            }
            Reply::Rehashing => {
                let configuration = view.options.identity.configuration.clone();
                Query::Numeric(numeric::RPL_REHASHING, Vec::from([configuration]))
            }
            Reply::UserModesChanged { on, off } => Query::UserModesChanged { on, off },
            Reply::WatchedCame(person) => {
                Query::Numeric(numeric::RPL_MONONLINE, Vec::from([mask_of(person)]))
            }
            Reply::WatchedLeft(name) => {
                Query::Numeric(numeric::RPL_MONOFFLINE, Vec::from([name.to_string()]))
            }
            Reply::Watching { names, over_limit } => {
                let query = Query::MonitorStatus { names: names.to_vec(), over_limit: over_limit.to_vec() };
                return self.answer_in_pages(query, view, answer);
            }
            // The event says it already, or an IRC client cannot cause it.
            Reply::Outside | Reply::Told { .. } | Reply::Unchanged { .. } => return,
        };
        let asker = Asker::new(self.capabilities, view);
        query.answer(&asker, &mut Answers::new(answer.bytes, &asker));
    }

    fn label(&self, part: &LabelPart<'_>, to: &mut BytesMut) {
        put_label(part, to);
    }

    fn echoes(&self, _: &Options) -> bool {
        planted::hears_itself(self.capabilities.has(Capabilities::ECHO_MESSAGE))
    }

    fn watches_closely(&self) -> bool {
        self.capabilities.has(Capabilities::EXTENDED_MONITOR)
    }

    fn is_pinged(&self) -> bool {
        true
    }

    fn identified(&mut self, person: &Person) {
        self.source_bytes = source_bytes(person);
    }

    fn not_entered(&mut self) {
        // The name is taken. The client may send another one.
        self.registering().name = None;
    }

    fn authenticated(&mut self) -> Vec<Action> {
        self.registering().is_authenticated = true;
        self.enter().into_iter().collect()
    }
}

/// Returns the query that writes a notice. Notices that an IRC client cannot cause are not written.
fn notice_as_query(notice: Notice) -> Option<Query> {
    match notice {
        Notice::IsThere | Notice::LineWithheld => None,
        // Not a `FAIL`: what waits is neither lost nor refused.
        Notice::LogState(state) => {
            let (kind, code, words) = match state {
                LogState::Running => {
                    ("NOTE", "LOG_RUNNING", "The server is working again; what you have sent is on its way")
                }
                LogState::Refusing(LogRefusal::Failed) => (
                    "WARN",
                    "LOG_FAILED",
                    "The server cannot write to its disk; what you send waits, and nothing is lost",
                ),
                LogState::Refusing(LogRefusal::Full) => (
                    "WARN",
                    "LOG_FULL",
                    "The server's disk is full; what you send waits, and nothing is lost",
                ),
                LogState::Stalled => (
                    "WARN",
                    "LOG_STALLED",
                    "The server cannot save messages now; what you send waits, and nothing is lost",
                ),
            };
            Some(Query::Fail(kind, "*".into(), code, words))
        }
        Notice::PasswordNotChecked => Some(Query::Numeric(numeric::RPL_TRYAGAIN, Vec::from(["OPER".into()]))),
        Notice::SlowedDown => Some(Query::WithoutParams(server::slowed_down)),
        Notice::WrongPassword => Some(Query::Numeric(numeric::ERR_PASSWDMISMATCH, Vec::new())),
    }
}

impl Client {
    /// Answers a query, or one page of it, and then asks for the next page.
    fn answer_in_pages(&self, query: Query, view: &View<'_>, answer: &mut Answer<'_>) {
        let asker = Asker::new(self.capabilities, view);
        let start = answer.bytes.len();
        let mut answers = Answers::new(answer.bytes, &asker);
        let next = query.answer(&asker, &mut answers);
        answer.rows += answers.rows();
        answer.is_bulk = next.is_some() || answer.bytes.len() - start > BULK_BYTES;
        answer.next.extend(next.map(|next| Action::Ask(Question::new(next))));
    }

    /// Moves a read marker forward, or only looks at it. Returns the answer.
    fn mark_read(&mut self, shown: String, target: MarkerTarget, unix_ms: Option<u64>, max: usize) -> Query {
        let Some(unix_ms) = unix_ms else { return Query::ReadMarker(shown, self.marker(&target)) };
        match self.markers.get_or_insert_default().set(target, unix_ms, max) {
            None => Query::not_marked("INTERNAL_ERROR", Some(shown), "You have too many read markers"),
            marker => Query::ReadMarker(shown, marker),
        }
    }

    /// Returns the read marker of a room that the member enters, or that there is none; `None` if the client is not told of it.
    fn marker_at_entrance(&self, room: &RoomName) -> Option<Option<u64>> {
        let is_told = self.capabilities.has(Capabilities::READ_MARKER);
        is_told.then(|| MarkerTarget::parse(&channel(room)).and_then(|target| self.marker(&target)))
    }

    /// Has the latest message read of the next room, or lists those that were found.
    fn look_at_next_target(&self, query: Query, view: &View<'_>, answer: &mut Answer<'_>) {
        let Query::HistoryTargets { between, count_max, left, found } = query else { return };
        let asker = Asker::new(self.capabilities, view);
        let mut left = left.unwrap_or_else(|| history::rooms_of(&asker));
        while let Some(&room) = left.last() {
            if let Some(latest) = history::latest_in(room, &asker) {
                let query = Query::HistoryTargets { between, count_max, left: Some(left), found };
                return answer.next.push(history::fetch(latest, query));
            }
            left.pop();
        }
        history::put_targets(&asker, found, count_max, &mut Answers::new(answer.bytes, &asker));
    }

    /// Executes the part of a query that changes the client, or that becomes other actions. Returns the query that is left to
    /// answer.
    fn act_on(&mut self, query: Query, view: &View<'_>, answer: &mut Answer<'_>) -> Option<Query> {
        match query {
            Query::History(request) => match history::query(&request, &Asker::new(self.capabilities, view)) {
                Ok(query) => answer.next.push(history::fetch(query, Query::History(request))),
                Err(failure) => return Some(history::failed(request, failure)),
            },
            Query::HistoryTargets { .. } => self.look_at_next_target(query, view, answer),
            Query::LeaveAll => {
                let member = view.member?;
                let rooms = view.world.member(member).map_or(&[][..], Member::rooms);
                let rooms = rooms.iter().filter_map(|&room| view.world.room(room));
                let leave = |name: &RoomName| Action::Propose(leave_room(member, name.clone(), None));
                answer.next.extend(rooms.map(|room| leave(room.name())));
            }
            Query::MarkRead { shown, target, unix_ms } => {
                return Some(self.mark_read(shown, target, unix_ms, view.limits.read_markers_max));
            }
            Query::MonitorAll => {
                return Some(Query::MonitorStatus {
                    names: view.watched.iter().cloned().collect(),
                    over_limit: Vec::new(),
                });
            }
            Query::Redact(redaction) => {
                match redact::query(&redaction, &Asker::new(self.capabilities, view)) {
                    Ok(query) => answer.next.push(history::fetch(query, Query::Redact(redaction))),
                    Err(failure) => return Some(redact::failed(redaction, failure)),
                }
            }
            Query::SetBan(ban) => {
                let member = view.member?;
                if Asker::new(self.capabilities, view).is_operator() && view.is_covered_by(&ban.target) {
                    return Some(Query::Fail(
                        "FAIL",
                        "BAN".into(),
                        "BANS_YOU",
                        "That would ban you, too; nothing was done",
                    ));
                }
                answer.next.push(Action::Propose(Command::SetBan { member, ban }));
            }
            Query::SetCapabilities(capabilities, subcommand, list) => {
                self.capabilities = capabilities;
                return Some(Query::Cap(subcommand, list));
            }
            Query::UserModes { target, set, unknown } => {
                return user_modes(&target, set, unknown, view, answer);
            }
            query => return Some(query),
        }
        None
    }
}

/// Shows or changes the user modes of a member, which only the member itself may do.
fn user_modes(
    target: &Name,
    set: Option<(UserModes, UserModes)>,
    unknown: bool,
    view: &View<'_>,
    answer: &mut Answer<'_>,
) -> Option<Query> {
    let member = view.member?;
    let numeric = |numeric, params| Some(Query::Numeric(numeric, params));
    match (view.world.member_named(target), set) {
        (None, _) => numeric(numeric::ERR_NOSUCHNICK, Vec::from([target.to_string()])),
        (Some(other), _) if other != member => numeric(numeric::ERR_USERSDONTMATCH, Vec::new()),
        (_, None) => {
            let modes = view.world.member(member)?.modes();
            numeric(numeric::RPL_UMODEIS, Vec::from([alloc::format!("+{modes}")]))
        }
        (_, Some((on, off))) => {
            if on != UserModes::NONE || off != UserModes::NONE {
                answer.next.push(Action::Propose(Command::SetUserModes { member, on, off }));
            }
            if unknown { numeric(numeric::ERR_UMODEUNKNOWNFLAG, Vec::new()) } else { None }
        }
    }
}

/// Writes a reply that is no answer to a query.
fn put_message(reply: &Reply<'_>, asker: &Asker<'_>, to: &mut BytesMut) {
    match *reply {
        Reply::BanLifted { target } => bans::lifted(target, &mut Answers::new(to, asker)),
        Reply::BanSet { ban, closed } => bans::set(ban, closed, &mut Answers::new(to, asker)),
        Reply::Farewell { reason, message } => {
            if reason == CloseReason::Banned {
                told_banned(message, &mut Answers::new(to, asker));
            }
            farewell(reason, message, to);
        }
        _ => write!(to, "PING :{}\r\n", asker.options.identity.name).expect(TAKES_ALL),
    }
}

/// Tells a client that it is banned, which clients that connect again by themselves may understand.
fn told_banned(message: Option<&Text>, to: &mut Answers<'_>) {
    let message = message.map_or(String::new(), |it| alloc::format!(": {}", it.as_str()));
    to.numeric(numeric::ERR_YOUREBANNEDCREEP, &[&alloc::format!("You are banned from this server{message}")]);
}

/// Appends the `ERROR` message before a connection closes.
fn farewell(reason: CloseReason, message: Option<&Text>, to: &mut BytesMut) {
    let parting = Parting { reason, message };
    let start = to.len();
    write!(to, "ERROR :Closing link: {parting}").expect(TAKES_ALL);
    cut(to, start);
    to.extend_from_slice(b"\r\n");
}

const TAKES_ALL: &str = "writing to a buffer cannot fail";

fn channel(room: &RoomName) -> String {
    alloc::format!("{room:#}")
}
