//! The model: a simple reference implementation of the server, which predicts the bytes that each connection is sent.
//!
//! It is given the same inputs as the hub. It has no ticks, chunks, subscriptions or outputs: a room is a list of its
//! members, and what a member is sent is appended to a buffer of its own. It shares with the core the rendering of
//! names, texts, events and answers, which have tests and a law of their own. It shares nothing that decides which
//! connection is sent what, when, and in which order.

mod address;
mod answer;
mod apply;
mod ask;
mod ban;
mod chat;
mod cloak;
mod compare;
mod conn;
mod effects;
mod fold;
mod history;
mod irc;
mod kept;
mod lines;
mod lives;
mod mask;
pub(crate) mod proxy;
mod redact;
mod silence;
mod sniff;
mod speech;
mod stall;
mod tell;
mod todo;

use crate::conns::Conns;
use crate::expectation::Expectation;
use crate::mark::Marks;
use crate::sometimes;
use address::{Addresses, LINE};
use chat::Chat;
use conn::{Conn, Link, Stage, Timer, Wait};
use kept::Ending;
use lives::{ELSEWHERE, Fate, Leaver, Proposed};
use parlor_protocol::plain::Note;
use parlor_protocol::{
    CloseReason, Command, ConnId, Dialect, Input, Limits, LogEntry, Now, Options, PasswordOf, Reply,
    RoomName, Text, Via, Views, World,
};
use stall::Stall;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// A password to check: the connection that sent it, the name of the operator (`None` for the server's password), and
/// the password.
pub type PasswordQuestion = (ConnId, PasswordOf, Vec<u8>);

/// The expected state of the server.
#[derive(Debug)]
pub struct Model {
    limits: Limits,
    options: Options,
    addresses: Addresses,
    conns: Conns<Conn>,
    /// The connection whose turn it is among those that wait for the budget of their address.
    turn: Option<ConnId>,
    /// The connection that works, and the price of what it has done since the last input that was not an entry of the log.
    work: Option<(ConnId, u64)>,
    /// A world of the core, from which the core's dialect writes answers.
    world: World,
    /// The views of the core, from which it answers, too.
    views: Views,
    /// The expected bytes of connections that are gone, if they are compared later.
    gone: Option<Conns<Expectation>>,
    chat: Chat,
    stopping: bool,
    /// Whether the end of the life is proposed.
    ends_life: bool,
    /// Whether the life is over.
    is_over: bool,
    /// Members that have left, of which others have yet to be told.
    leavers: VecDeque<Leaver>,
    /// The proposals of this life that do not count yet.
    under_way: VecDeque<Proposed>,
    /// Number of those that do.
    answered: u64,
    stall: Stall,
    ending: Ending,
    /// Connections that did not close in time since the server stops, and are cut off.
    pub cut_off: usize,
    now: Now,
    proposals: Vec<(u64, Command)>,
    questions: VecDeque<PasswordQuestion>,
    /// The first difference between the core's world and the model, or the first answer that reveals something hidden.
    pub fault: Option<String>,
    /// Marks that were reached.
    pub marks: Marks,
}

impl Model {
    /// Creates the model of a new server, whose log is empty.
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        Self::resume(limits, options, &[])
    }

    /// Creates the model of a server that goes on with a log.
    #[must_use]
    pub fn resume(limits: Limits, options: Options, log: &[LogEntry]) -> Self {
        let mut model = Self {
            limits,
            options,
            addresses: Addresses::default(),
            conns: Conns::default(),
            turn: None,
            work: None,
            world: World::new(),
            views: Views::new(&limits, false, &World::new()),
            gone: None,
            chat: Chat::default(),
            stopping: false,
            ends_life: false,
            is_over: false,
            leavers: VecDeque::new(),
            under_way: VecDeque::new(),
            answered: 0,
            stall: Stall::default(),
            ending: Ending::default(),
            cut_off: 0,
            now: Now::default(),
            proposals: Vec::new(),
            questions: VecDeque::new(),
            fault: None,
            marks: Marks::new(),
        };
        model.chat.keeps_everything = model.options.remembers_outside;
        model.replay(log);
        model.begin_life();
        model
    }

    /// Creates a model that keeps the expected bytes of connections that are gone, so that they can be compared later.
    #[must_use]
    pub fn with_memory(limits: Limits, options: Options) -> Self {
        Self { gone: Some(Conns::default()), ..Self::new(limits, options) }
    }

    /// Handles an input of the hub.
    pub fn input(&mut self, now: Now, input: &Input<'_>) {
        self.now = now;
        if !matches!(input, Input::Committed { .. } | Input::Fetched { .. } | Input::Tell) {
            self.work = None;
        }
        match input {
            Input::Accepted { conn, dialect, peer, via, room } => {
                self.accepted(*conn, (*dialect, *via), *peer, *room);
            }
            Input::Closed { conn } => self.closed(*conn),
            Input::Committed { entry } => self.committed(now, entry),
            Input::Drained { conn } => self.changed(now, *conn, |conn| {
                if std::mem::take(&mut conn.draining) {
                    conn.is_alive(now.mono);
                }
                conn.end_timer.take_if(|_| conn.link == Link::Open);
            }),
            Input::Overflowed { conn } => self.end(*conn, CloseReason::SlowReader),
            Input::ReadClosed { conn } => self.changed(now, *conn, |conn| conn.input_ended = true),
            Input::Received { conn, bytes } => self.received(now, *conn, bytes),
            Input::Shutdown => {
                self.stopping = true;
                let conns: Vec<ConnId> = self.conns.keys().collect();
                conns.into_iter().for_each(|conn| self.end(conn, CloseReason::Shutdown));
            }
            Input::Tell => self.tell_next(),
            Input::Timeout => self.timeout(now),
            Input::Fetched { conn, page } => {
                self.begin_turn(*conn);
                self.history_read(*conn, page);
                self.settle(*conn);
                self.advance(now, *conn);
            }
            Input::LogState(state) => self.log_state(*state),
            Input::Identified { identity } => self.options.identity = Arc::clone(identity),
            Input::PasswordChecked { conn, result } => self.password_checked(now, *conn, *result),
        }
        self.watch_rooms();
        self.end_life();
    }

    /// Removes and returns the commands that the last inputs led to, with their numbers, in the order in which they must be
    /// proposed.
    pub fn proposals(&mut self) -> Vec<(u64, Command)> {
        std::mem::take(&mut self.proposals)
    }

    /// Removes and returns the next password to check that the last inputs led to.
    pub fn next_question(&mut self) -> Option<PasswordQuestion> {
        self.questions.pop_front()
    }

    /// Whether every timer is a ping or its answer, which go on forever.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let is_told = self.stall.timers().next().is_some();
        !is_told && self.conns.values().flat_map(Conn::timers).all(|(_, timer)| timer == Timer::Idle)
    }

    /// Returns the expected bytes of a connection. Returns `None` for one that is gone, unless they are kept.
    pub fn due(&mut self, conn: ConnId) -> Option<&mut Expectation> {
        match self.conns.get_mut(conn) {
            Some(conn) => Some(&mut conn.due),
            None => self.gone.as_mut()?.get_mut(conn),
        }
    }

    /// Returns every connection that is not gone, with its expected bytes.
    pub fn all_due(&self) -> impl Iterator<Item = (ConnId, &Expectation)> {
        self.conns.iter().filter(|(_, conn)| conn.link != Link::Gone).map(|(id, conn)| (id, &conn.due))
    }

    /// Returns the connections that are open: neither closing nor gone.
    pub fn open_conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().filter(|(_, conn)| conn.link == Link::Open).map(|(id, _)| id)
    }

    /// Returns the number of members.
    #[must_use]
    pub fn members(&self) -> usize {
        self.chat.people.len()
    }

    fn accepted(
        &mut self,
        id: ConnId,
        (dialect, via): (Dialect, Via),
        peer: SocketAddr,
        room: Option<&RoomName>,
    ) {
        let address = self.address_of(peer.ip());
        let refused = self.refusal(peer, via);
        let mut conn = Conn::new(peer, address, dialect, &self.options, self.now.mono);
        (conn.leads_to, conn.via) = (room.cloned(), via);
        let before = self.conns.insert(id, conn);
        assert!(before.is_none(), "{id} is given to one connection at a time");
        match refused {
            Some(reason) => {
                self.charge_address(address, 4 * LINE);
                self.turn_away(id, reason);
            }
            None if via != Via::Direct => self.expect_header(id),
            None => self.admit(id),
        }
    }

    /// Starts to serve an admitted connection.
    fn begin(&mut self, id: ConnId) {
        let now = self.now.mono;
        let Some(conn) = self.conns.get_mut(id) else { return };
        match conn.listener {
            Dialect::Auto => {
                // If the server has a password, plain clients are refused in the end, so there is no hurry to
                // recognize one.
                let ms = match self.options.identity.has_password {
                    true => self.limits.registration_ms,
                    false => self.limits.detect_ms,
                };
                conn.stage = Stage::Detecting;
                conn.wait = Some((now.plus_ms(ms), Wait::Detection));
            }
            Dialect::Irc => {
                conn.stage = Stage::Registering;
                conn.expect_registration(now, &self.limits);
            }
            Dialect::Custom(_) => {}
            Dialect::Plain => self.enter_plain(id),
        }
    }

    fn received(&mut self, now: Now, id: ConnId, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let is_pinged = conn.irc.as_ref().is_some_and(|client| client.pinged);
        sometimes!(self.marks, PingAnswered, is_pinged && conn.link == Link::Open);
        conn.is_alive(now.mono);
        if conn.link == Link::Closing {
            conn.discarded += bytes.len();
            if conn.discarded > self.limits.closing_bytes_max as usize {
                sometimes!(self.marks, CutOffWhileClosing, true);
                conn.due.cut_off();
                self.cut_off += usize::from(self.stopping);
                return;
            }
        }
        if conn.listens() {
            match &mut conn.opening {
                Some(opening) => opening.bytes.extend_from_slice(bytes),
                None => {
                    conn.tail += bytes.len();
                    conn.unread.extend_from_slice(bytes);
                }
            }
        }
        self.advance(now, id);
    }

    fn refusal(&self, peer: SocketAddr, via: Via) -> Option<CloseReason> {
        let admitted = || self.conns.values().filter(|conn| conn.admitted);
        if self.stopping || self.is_over {
            Some(CloseReason::Shutdown)
        } else if admitted().count() >= self.limits.connections_max as usize {
            Some(CloseReason::ServerFull)
        } else if via != Via::Direct && !self.is_proxy(peer.ip()) {
            Some(CloseReason::NotProxy)
        } else {
            None
        }
    }

    fn closed(&mut self, id: ConnId) {
        self.leave_queue(id);
        self.forget_wait(id);
        let Some(conn) = self.conns.get_mut(id) else { return };
        let was_open = conn.link == Link::Open;
        conn.link = Link::Gone;
        (conn.budget_timer, conn.turn_timer, conn.end_timer, conn.wait) = (None, None, None, None);
        (conn.admitted, conn.has_address, conn.refused) = (false, false, false);
        let reason = if conn.input_ended { CloseReason::EndOfInput } else { CloseReason::Reset };
        if was_open {
            self.leave(id, reason, None);
        }
        self.forget_if_over(id);
    }

    /// Closes an open connection: it is sent its farewell and nothing more.
    fn end(&mut self, id: ConnId, reason: CloseReason) {
        self.end_with(id, reason, None);
    }

    fn end_with(&mut self, id: ConnId, reason: CloseReason, message: Option<&Text>) {
        if self.conns.get(id).is_some_and(|conn| conn.link == Link::Open) {
            self.leave(id, reason, message.cloned());
            self.cut_label(id);
            if reason == CloseReason::SlowReader
                && let Some(conn) = self.conns.get_mut(id)
            {
                conn.due.cut_here();
            }
            self.say_farewell(id, reason, message);
        }
    }

    fn say_farewell(&mut self, id: ConnId, reason: CloseReason, message: Option<&Text>) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let bytes = match &conn.irc {
            Some(_) => self.bytes_of(id, &Reply::Farewell { reason, message }),
            None => {
                let mut bytes = bytes::BytesMut::new();
                let farewell = Note::Farewell { reason, message };
                farewell.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
                bytes.to_vec()
            }
        };
        self.say_bytes_and_close(id, &bytes);
    }

    /// Sends the last bytes of a connection, and closes it.
    fn say_bytes_and_close(&mut self, id: ConnId, bytes: &[u8]) {
        self.send(id, bytes);
        self.leave_queue(id);
        self.forget_wait(id);
        if let Some(conn) = self.conns.get_mut(id) {
            conn.forget_input();
            conn.link = Link::Closing;
            (conn.budget_timer, conn.turn_timer, conn.wait, conn.label) = (None, None, None, None);
            conn.end_timer = Some(self.now.mono.plus_ms(self.limits.close_timeout_ms));
        }
    }

    fn leave(&mut self, id: ConnId, reason: CloseReason, message: Option<Text>) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.forget_input();
        conn.switches = false;
        if conn.entrance.take().is_some() {
            conn.stage = Stage::Outside;
        }
        match conn.stage {
            Stage::Member(member) => {
                conn.stage = Stage::Leaving(member);
                self.propose_for(Some(id), Command::Leave { member, reason, message });
            }
            Stage::Detecting | Stage::Door | Stage::Header | Stage::Registering => {
                conn.stage = Stage::Outside;
            }
            Stage::Entering => {
                conn.ended_for.get_or_insert(reason);
            }
            Stage::Leaving(_) | Stage::Outside => {}
        }
    }

    /// Handles the first timer that is due. There is one `Timeout` input for each.
    fn timeout(&mut self, now: Now) {
        let timers =
            self.conns.iter().flat_map(|(id, conn)| conn.timers().map(move |(at, timer)| (at, timer, id)));
        let timers = timers.chain(self.stall.timers()).chain(self.ending.timers());
        let Some((_, timer, id)) = timers.min().filter(|(at, ..)| *at <= now.mono) else { return };
        if timer == Timer::Room {
            return self.room_is_due();
        }
        let Some(conn) = self.conns.get_mut(id) else { return };
        match timer {
            Timer::Budget => self.budget_is_due(id),
            Timer::Detection => {
                conn.wait = None;
                if conn.stage == Stage::Detecting {
                    self.detection_timed_out(now, id);
                }
            }
            Timer::End => {
                conn.end_timer = None;
                conn.due.cut_off();
                self.cut_off += usize::from(self.stopping);
            }
            Timer::Idle => {
                conn.wait = None;
                self.check_idle(id);
            }
            Timer::Registration => {
                conn.wait = None;
                if conn.stage == Stage::Header {
                    sometimes!(self.marks, ProxySilent, true);
                    return self.end(id, CloseReason::ProxyTimeout);
                }
                sometimes!(self.marks, RegistrationTimedOut, true);
                self.end(id, CloseReason::RegistrationTimeout);
            }
            Timer::Log => self.tell_of_log(id),
            // It is no timer of a connection.
            Timer::Room => {}
            Timer::Turn => {
                conn.turn_timer = None;
                sometimes!(self.marks, TurnEnded, true);
                if let Some(command) = conn.entrance.take() {
                    self.propose_entrance(id, command);
                }
                self.advance(now, id);
            }
        }
    }

    fn changed(&mut self, now: Now, id: ConnId, change: impl FnOnce(&mut Conn)) {
        if let Some(conn) = self.conns.get_mut(id) {
            change(conn);
            self.advance(now, id);
        }
    }

    /// Starts the close deadline of a member whose input has ended while a long answer to it is not written out.
    /// Without it, a client that does not read would stay connected forever.
    fn set_close_deadline(&mut self, id: ConnId) {
        let at = self.now.mono.plus_ms(self.limits.close_timeout_ms);
        let Some(conn) = self.conns.get_mut(id) else { return };
        if conn.draining
            && conn.input_ended
            && conn.link == Link::Open
            && matches!(conn.stage, Stage::Member(_))
        {
            conn.end_timer.get_or_insert(at);
        }
    }

    fn committed(&mut self, now: Now, entry: &LogEntry) {
        let mut outcomes = Vec::new();
        self.world.apply(entry, &mut outcomes);
        self.views.record(&outcomes, &self.world);
        self.commit(now, entry);
        let difference = self.chat.difference_of_events(&outcomes);
        if self.fault.is_none() {
            self.fault = difference.or_else(|| self.chat.difference(&self.world, &self.views));
        }
    }

    fn commit(&mut self, now: Now, entry: &LogEntry) {
        match self.chat.fate_of(entry) {
            Fate::Counts => {}
            Fate::Early => return self.came_early(entry),
            Fate::Ignored => return,
        }
        let entry = &LogEntry { at_unix_ms: self.chat.at_unix_ms, ..entry.clone() };
        let author = self.author_of(entry);
        match &entry.command {
            Command::Configure { revision, limits } => return self.chat.configure(*revision, *limits, entry),
            Command::Ended { .. } | Command::Started { .. } => return self.change_lives(entry),
            Command::EndRoom { room, empty_since_unix_ms } => {
                return self.end_room(*room, *empty_since_unix_ms);
            }
            Command::Enter { .. } => {}
            // The author was killed while this command was pending, so the command has no effect.
            command if command.member().is_some_and(|it| !self.chat.people.contains_key(&it)) => return,
            _ => {}
        }
        let Some(author) = author else { return self.apply(ELSEWHERE, entry) };
        if !matches!(entry.command, Command::Enter { .. } | Command::Leave { .. })
            && let Some(conn) = self.conns.get_mut(author)
        {
            conn.under_way -= 1;
            conn.barrier &= conn.under_way > 0;
        }
        self.begin_turn(author);
        self.charge(author, self.chat.masks_compared(&entry.command) as u64 * (LINE / 32));
        self.apply(author, entry);
        self.advance(now, author);
        self.forget_if_over(author);
    }

    fn forget_if_over(&mut self, id: ConnId) {
        let over = |conn: &Conn| conn.link == Link::Gone && conn.stage == Stage::Outside;
        if self.conns.get(id).is_some_and(over)
            && let Some(conn) = self.conns.remove(id)
            && let Some(gone) = &mut self.gone
        {
            gone.insert(id, conn.due);
        }
    }
}
