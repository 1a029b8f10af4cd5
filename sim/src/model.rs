//! The model: a chat room without cleverness, which says what each connection must be sent.
//!
//! It is given the inputs that the hub is given. There is no tick, no chunk, no subscription and no output
//! in it: whoever is in a room is in a list, and what they hear is appended to a buffer of their own. It
//! shares with the core the words (names, texts and their rendering), which have tests of their own, and
//! nothing of who hears what, when, and in which order.

mod ask;
mod chat;

use crate::conns::Conns;
use crate::expectation::Expectation;
use crate::mark::Marks;
use crate::sometimes;
use ask::Ask;
use chat::Chat;
use parlor_protocol::event::Mistake;
use parlor_protocol::{
    CloseReason, Command, ConnId, Input, Instant, Language, Limits, LogEntry, Manner, MemberId, Now, Options,
    Profile, Rate, Reply, RoomName, Speech, Wish,
};
use std::net::{IpAddr, SocketAddr};

/// The chat as it ought to be.
#[derive(Debug)]
pub struct Model {
    limits: Limits,
    options: Options,
    conns: Conns<Conn>,
    /// What connections that are gone were to be sent, where that is still to be compared.
    gone: Option<Conns<Expectation>>,
    chat: Chat,
    stopping: bool,
    now: Now,
    proposals: Vec<(ConnId, Command)>,
    /// States that it was in.
    pub marks: Marks,
}

/// One connection.
#[derive(Debug)]
struct Conn {
    peer: SocketAddr,
    /// It counts against the limits on connections.
    admitted: bool,
    /// It was not let in, and is being told why.
    refused: bool,
    link: Link,
    stage: Stage,
    language: Language,
    room: Option<RoomName>,
    /// Every byte that no line was made of yet.
    unread: Vec<u8>,
    input_ended: bool,
    /// Asks that were read and wait for the verdicts on those before them.
    waiting: Vec<Ask>,
    under_way: u32,
    /// A command under way changes this connection's own state.
    barrier: bool,
    /// A long answer is not written out yet.
    draining: bool,
    /// When its budget of lines is whole again, in microseconds.
    budget_full_at: u64,
    budget_timer: Option<Instant>,
    /// When it is cut off, if it has not read to its end by then.
    end_timer: Option<Instant>,
    due: Expectation,
    ended_for: Option<CloseReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Closing,
    Gone,
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Entering,
    Leaving(MemberId),
    Member(MemberId),
    Outside,
}

impl Model {
    /// A chat with nobody in it, whose log is empty.
    #[must_use]
    pub fn new(limits: Limits, options: Options) -> Self {
        Self {
            limits,
            options,
            conns: Conns::default(),
            gone: None,
            chat: Chat::default(),
            stopping: false,
            now: Now::default(),
            proposals: Vec::new(),
            marks: Marks::new(),
        }
    }

    /// A chat that remembers what was due to connections that are gone: for whoever compares that later.
    #[must_use]
    pub fn with_memory(limits: Limits, options: Options) -> Self {
        Self { gone: Some(Conns::default()), ..Self::new(limits, options) }
    }

    /// Takes the hub's input.
    pub fn input(&mut self, now: Now, input: &Input<'_>) {
        self.now = now;
        match input {
            Input::Accepted { conn, peer, room, .. } => self.accepted(*conn, *peer, *room),
            Input::Closed { conn } => self.closed(*conn),
            Input::Committed { entries } => entries.iter().for_each(|entry| self.committed(now, entry)),
            Input::Drained { conn } => self.changed(now, *conn, |conn| {
                conn.draining = false;
                conn.end_timer.take_if(|_| conn.link == Link::Open);
            }),
            Input::Overflowed { conn } => self.end(*conn, CloseReason::SlowReader),
            Input::ReadClosed { conn } => self.changed(now, *conn, |conn| conn.input_ended = true),
            Input::Received { conn, bytes } => self.changed(now, *conn, |conn| {
                if conn.link == Link::Open && !matches!(conn.stage, Stage::Leaving(_)) {
                    conn.unread.extend_from_slice(bytes);
                }
            }),
            Input::Shutdown => {
                self.stopping = true;
                let conns: Vec<ConnId> = self.conns.keys().collect();
                conns.into_iter().for_each(|conn| self.end(conn, CloseReason::Shutdown));
            }
            Input::Timeout => self.timeout(now),
            Input::Identified { .. } | Input::Verdict { .. } => {}
        }
    }

    /// The commands that the last inputs led to, in the order in which they are to be logged.
    pub fn proposals(&mut self) -> Vec<(ConnId, Command)> {
        std::mem::take(&mut self.proposals)
    }

    /// What a connection is to be sent; `None` for one that is gone, unless that is remembered.
    pub fn due(&mut self, conn: ConnId) -> Option<&mut Expectation> {
        match self.conns.get_mut(conn) {
            Some(conn) => Some(&mut conn.due),
            None => self.gone.as_mut()?.get_mut(conn),
        }
    }

    /// Every connection that is not gone, with what it is still to be sent.
    pub fn all_due(&self) -> impl Iterator<Item = (ConnId, &Expectation)> {
        self.conns.iter().filter(|(_, conn)| conn.link != Link::Gone).map(|(id, conn)| (id, &conn.due))
    }

    /// Connections that are neither gone nor being told to go, members or about to be.
    pub fn open_conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().filter(|(_, conn)| conn.link == Link::Open).map(|(id, _)| id)
    }

    /// How many members there are.
    #[must_use]
    pub fn members(&self) -> usize {
        self.chat.people.len()
    }

    fn accepted(&mut self, id: ConnId, peer: SocketAddr, room: Option<&RoomName>) {
        let refused = self.refusal(peer.ip());
        let refusals = self.conns.values().filter(|conn| conn.refused).count();
        let is_told = refusals < self.limits.refusals_max as usize;
        let conn = Conn {
            peer,
            admitted: refused.is_none(),
            refused: refused.is_some() && is_told,
            link: if refused.is_none() || is_told { Link::Open } else { Link::Closing },
            stage: if refused.is_none() { Stage::Entering } else { Stage::Outside },
            language: self.options.language,
            room: None,
            unread: Vec::new(),
            input_ended: false,
            waiting: Vec::new(),
            under_way: 0,
            barrier: false,
            draining: false,
            budget_full_at: 0,
            budget_timer: None,
            end_timer: None,
            due: Expectation::default(),
            ended_for: None,
        };
        sometimes!(self.marks, DropsRefused, refused.is_some() && !is_told);
        let before = self.conns.insert(id, conn);
        assert!(before.is_none(), "{id} is given to one connection at a time");
        match refused {
            Some(reason) => self.say_farewell(id, reason),
            None => {
                let (wish, profile) = (Wish::Port(peer.port()), Profile::plain(peer.ip()));
                let command = Command::Enter { conn: id, wish, profile, room: room.cloned() };
                self.proposals.push((id, command));
            }
        }
    }

    fn refusal(&self, ip: IpAddr) -> Option<CloseReason> {
        let admitted = || self.conns.values().filter(|conn| conn.admitted);
        let from_there = admitted().filter(|conn| same_host(conn.peer.ip(), ip)).count();
        if self.stopping {
            Some(CloseReason::Shutdown)
        } else if admitted().count() >= self.limits.connections_max as usize {
            Some(CloseReason::ServerFull)
        } else if !ip.to_canonical().is_loopback()
            && from_there >= self.limits.connections_per_ip_max as usize
        {
            Some(CloseReason::AddressFull)
        } else {
            None
        }
    }

    fn closed(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let was_open = conn.link == Link::Open;
        conn.link = Link::Gone;
        (conn.budget_timer, conn.end_timer) = (None, None);
        let reason = if conn.input_ended { CloseReason::EndOfInput } else { CloseReason::Reset };
        if was_open {
            self.leave(id, reason);
        }
        self.forget_if_over(id);
    }

    /// The server ends an open connection: it hears nothing more but why.
    fn end(&mut self, id: ConnId, reason: CloseReason) {
        if self.conns.get(id).is_some_and(|conn| conn.link == Link::Open) {
            self.leave(id, reason);
            if reason == CloseReason::SlowReader
                && let Some(conn) = self.conns.get_mut(id)
            {
                conn.due.cut_here();
            }
            self.say_farewell(id, reason);
        }
    }

    fn say_farewell(&mut self, id: ConnId, reason: CloseReason) {
        self.reply(id, &Reply::Farewell { reason, message: None });
        if let Some(conn) = self.conns.get_mut(id) {
            conn.link = Link::Closing;
            conn.budget_timer = None;
            conn.end_timer = Some(self.now.mono.plus_ms(self.limits.drain_ms));
        }
    }

    fn leave(&mut self, id: ConnId, reason: CloseReason) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.ended_for.get_or_insert(reason);
        conn.waiting.clear();
        conn.unread.clear();
        if let Stage::Member(member) = conn.stage {
            conn.stage = Stage::Leaving(member);
            self.proposals.push((id, Command::Leave { member, reason, message: None }));
        }
    }

    /// The first timer that is due; there is a timeout for each.
    fn timeout(&mut self, now: Now) {
        let timers = self.conns.iter().flat_map(|(id, conn)| {
            // Of what is due at once, ends are first.
            let end = conn.end_timer.map(|at| (at, false, id));
            end.into_iter().chain(conn.budget_timer.map(|at| (at, true, id)))
        });
        match timers.min().filter(|(at, ..)| *at <= now.mono) {
            Some((_, true, id)) => self.changed(now, id, |conn| conn.budget_timer = None),
            Some((_, false, id)) => {
                if let Some(conn) = self.conns.get_mut(id) {
                    conn.end_timer = None;
                }
            }
            None => {}
        }
    }

    fn changed(&mut self, now: Now, id: ConnId, change: impl FnOnce(&mut Conn)) {
        if let Some(conn) = self.conns.get_mut(id) {
            change(conn);
            self.go_on(now, id);
        }
        self.bound_end(id);
    }

    /// Who will send nothing more, and does not read the long answer that keeps it here, has a deadline.
    fn bound_end(&mut self, id: ConnId) {
        let at = self.now.mono.plus_ms(self.limits.drain_ms);
        let Some(conn) = self.conns.get_mut(id) else { return };
        if conn.draining
            && conn.input_ended
            && conn.link == Link::Open
            && matches!(conn.stage, Stage::Member(_))
        {
            conn.end_timer.get_or_insert(at);
        }
    }

    /// The connection's lines, one after the other, as far as they can be acted on.
    fn go_on(&mut self, now: Now, id: ConnId) {
        let line_bytes_max = self.limits.line_bytes_max;
        while let Some(conn) = self.conns.get_mut(id)
            && let Stage::Member(member) = conn.stage
        {
            if let Some(ask) = conn.waiting.first()
                && (conn.under_way == 0 || ask.is_command())
                && !conn.is_held(&self.limits)
            {
                let ask = conn.waiting.remove(0);
                self.act(now, id, member, ask);
                continue;
            }
            if !conn.waiting.is_empty() || conn.is_held(&self.limits) {
                return;
            }
            match conn.next_line(now, &self.limits) {
                NextLine::End => self.leave(id, CloseReason::EndOfInput),
                NextLine::Line(line, dropped) => {
                    sometimes!(self.marks, LineCut, dropped > 0);
                    sometimes!(self.marks, LineAtLimit, dropped == 0 && line.len() == line_bytes_max);
                    let ask = Ask::read(&line, dropped > 0);
                    if dropped > 0 {
                        conn.waiting.push(Ask::LineCut(dropped));
                    }
                    conn.waiting.push(ask);
                }
                NextLine::None => return,
                NextLine::NotBefore(at) => {
                    conn.budget_timer.get_or_insert(at);
                    return;
                }
            }
        }
    }

    fn act(&mut self, now: Now, id: ConnId, member: MemberId, ask: Ask) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let here = conn.room.clone();
        let command = match (ask, here) {
            (Ask::Nothing, _) => return,
            (Ask::Quit, _) => return self.leave(id, CloseReason::Quit),
            (Ask::Tell(to, text), _) => {
                Command::Tell { member, to, speech: Speech::new(Manner::Speech, text) }
            }
            (Ask::Rename(name), _) => Command::Rename { member, name },
            (Ask::Join(room, key), from) => {
                Command::Move { member, from, to: Some(room), key, message: None }
            }
            (Ask::Say(manner, text), Some(room)) => {
                Command::Say { member, room, status: None, speech: Speech::new(manner, text) }
            }
            (Ask::TopicSet(topic), Some(room)) => Command::SetTopic { member, room, topic },
            (Ask::Part, Some(room)) if room != RoomName::lobby() => {
                let to = Some(RoomName::lobby());
                Command::Move { member, from: Some(room), to, key: None, message: None }
            }
            (Ask::Part, Some(_)) => return self.answer(now, id, &Ask::Mistaken(Mistake::InLobby)),
            (Ask::Say(..) | Ask::TopicSet(_) | Ask::Part, None) => {
                return self.answer(now, id, &Ask::Mistaken(Mistake::NotInRoom));
            }
            (ask, _) => return self.answer(now, id, &ask),
        };
        conn.under_way += 1;
        conn.barrier = matches!(command, Command::Move { .. } | Command::Rename { .. });
        self.proposals.push((id, command));
    }

    fn answer(&mut self, now: Now, id: ConnId, ask: &Ask) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        if conn.under_way > 0 {
            conn.waiting.insert(0, ask.clone());
            return;
        }
        if let Ask::Language(language) = ask {
            conn.language = *language;
        }
        conn.draining = matches!(ask, Ask::Help | Ask::History(_) | Ask::Rooms | Ask::Who(_));
        let (language, here) = (conn.language, conn.room.clone());
        let mut bytes = bytes::BytesMut::new();
        match self.chat.reply(ask, here.as_ref(), self.limits.line_bytes_max) {
            Ok(reply) => reply.render(language, self.limits.reply_bytes_max, &mut bytes),
            Err(mistake) => {
                Reply::Mistaken(&mistake).render(language, self.limits.reply_bytes_max, &mut bytes);
            }
        }
        self.send(id, &bytes);
        let charge = bytes.len() as u64 / 512;
        let Some(conn) = self.conns.get_mut(id) else { return };
        if let Some(interval) = 1_000_000_u64.checked_div(self.limits.rate.lines.into()) {
            let now = now.mono.as_micros();
            conn.budget_full_at = conn.budget_full_at.max(now) + charge * interval;
        }
    }

    fn committed(&mut self, now: Now, entry: &LogEntry) {
        let author = match &entry.command {
            Command::Configure(limits) => return self.chat.configure(*limits),
            Command::Enter { conn, .. } => *conn,
            command => {
                let member = command.member().and_then(|member| self.chat.people.get(&member));
                let Some(person) = member else { return };
                person.conn
            }
        };
        if !matches!(entry.command, Command::Enter { .. } | Command::Leave { .. })
            && let Some(conn) = self.conns.get_mut(author)
        {
            conn.under_way -= 1;
            conn.barrier &= conn.under_way > 0;
        }
        self.happen(author, entry);
        self.go_on(now, author);
        self.bound_end(author);
        self.forget_if_over(author);
    }

    fn reply(&mut self, id: ConnId, reply: &Reply<'_>) {
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        let mut bytes = bytes::BytesMut::new();
        reply.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        conn.due.add(&bytes);
    }

    fn send(&mut self, id: ConnId, bytes: &[u8]) {
        if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) {
            conn.due.add(bytes);
        }
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

/// What there is to read of a connection.
enum NextLine {
    /// Nothing, for ever.
    End,
    /// A line, and how many bytes of it were dropped.
    Line(Vec<u8>, usize),
    /// Nothing yet.
    None,
    /// Something, but its writer was too fast.
    NotBefore(Instant),
}

impl Conn {
    /// Nothing is read and nothing done for now.
    fn is_held(&self, limits: &Limits) -> bool {
        self.barrier || self.draining || self.under_way >= limits.pending_commands_max
    }

    fn next_line(&mut self, now: Now, limits: &Limits) -> NextLine {
        let end = self.unread.iter().position(|&byte| byte == b'\n');
        let (length, taken) = match end {
            Some(end) => (end, end + 1),
            None if self.input_ended && self.unread.is_empty() => return NextLine::End,
            None if self.input_ended => (self.unread.len(), self.unread.len()),
            None => return NextLine::None,
        };
        if let Err(at) = self.spend(limits.rate, now.mono) {
            return NextLine::NotBefore(at);
        }
        let mut line: Vec<u8> = self.unread.drain(..taken).take(length).collect();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let dropped = line.len().saturating_sub(limits.line_bytes_max);
        line.truncate(limits.line_bytes_max);
        NextLine::Line(line, dropped)
    }

    /// A budget of `burst` lines that one line joins again each so many microseconds.
    fn spend(&mut self, rate: Rate, now: Instant) -> Result<(), Instant> {
        let Some(interval) = 1_000_000_u64.checked_div(u64::from(rate.lines)) else { return Ok(()) };
        let now = now.as_micros();
        let missing = self.budget_full_at.saturating_sub(now);
        let most_missing = interval * u64::from(rate.burst - 1);
        if missing > most_missing {
            return Err(Instant::from_micros(now + missing - most_missing));
        }
        self.budget_full_at = now + missing + interval;
        Ok(())
    }
}

impl Ask {
    /// Whether it may be on its way while commands before it are.
    const fn is_command(&self) -> bool {
        !matches!(
            self,
            Self::Help
                | Self::History(_)
                | Self::Language(_)
                | Self::LineCut(_)
                | Self::Mistaken(_)
                | Self::Rooms
                | Self::TopicShow
                | Self::Who(_)
        )
    }
}

/// One IPv4 address, or one /64 of IPv6.
fn same_host(one: IpAddr, other: IpAddr) -> bool {
    match (one.to_canonical(), other.to_canonical()) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one == other,
        (IpAddr::V6(one), IpAddr::V6(other)) => one.octets()[..8] == other.octets()[..8],
        _ => false,
    }
}
