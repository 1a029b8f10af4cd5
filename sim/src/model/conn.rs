//! The state of one connection, and how its bytes become lines.

use super::address::{Address, LINE, ready_at};
use super::ask::Ask;
use super::history::Fetching;
use super::irc::Client;
use super::irc::label::Answered;
use super::sniff::{Detected, Evidence, Origin, Sniffed, examine};
use super::todo::{Query, Todo};
use crate::expectation::Expectation;
use crate::typed::{Item, Typed};
use parlor_protocol::{
    CloseReason, Command, Dialect, Instant, Language, Limits, MemberId, Now, Options, Question, Rate,
    RoomName, Via,
};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) peer: SocketAddr,
    /// The address whose budget it shares.
    pub(super) address: Address,
    /// The room that its listener leads to.
    pub(super) leads_to: Option<RoomName>,
    /// Whether it counts towards the limit on all connections.
    pub(super) admitted: bool,
    /// Whether it counts towards the limit on the connections of its address.
    pub(super) has_address: bool,
    /// Whether it was refused, and is being told the reason.
    pub(super) refused: bool,
    pub(super) link: Link,
    pub(super) stage: Stage,
    pub(super) language: Language,
    /// The room of a plain member.
    pub(super) room: Option<RoomName>,
    /// The state of an IRC client; `None` for any other connection.
    pub(super) irc: Option<Box<Client>>,
    /// The dialect of its listener.
    pub(super) listener: Dialect,
    /// The first bytes, until the protocol is detected.
    pub(super) opening: Option<Opening>,
    /// The result of the detection, while telnet commands before it are answered.
    detected: Option<Detected>,
    /// Bytes that are not part of a line yet.
    pub(super) unread: Vec<u8>,
    /// Number of bytes that came after its last item.
    pub(super) tail: usize,
    /// Number of lines that it was charged for them.
    tail_charged: usize,
    /// Whether reading is paused in the middle of a line that is too long.
    pub(super) is_held_in_line: bool,
    /// Number of bytes of `unread` that contain no complete item.
    scanned: usize,
    /// The parser for input of a person.
    pub(super) typed: Typed,
    /// An item that was read, and waits until the rate limit allows it.
    item: Option<Item>,
    /// Whether it was told that its text is not UTF-8.
    pub(super) told_encoding: bool,
    pub(super) input_ended: bool,
    /// The steps that are left of the current line.
    pub(super) waiting: VecDeque<Todo>,
    pub(super) under_way: u32,
    /// Whether a pending command changes this connection's own state, so that everything after it has to wait.
    pub(super) barrier: bool,
    /// The way in which it tells who its client is.
    pub(super) via: Via,
    /// Whether the gateway that it comes through has given the right password.
    pub(super) is_vouched: bool,
    /// Whether a long answer is not written out yet.
    pub(super) draining: bool,
    /// Whether a password is being checked.
    pub(super) checking: bool,
    /// The part of a history that is being read.
    pub(super) fetching: Option<Fetching>,
    /// Whether its plain member leaves because the client turned out to speak IRC.
    pub(super) switches: bool,
    /// The answers so far to the current line, if that has a label.
    pub(super) label: Option<Answered>,
    pub(super) heard_at: Instant,
    /// The time at which its own budget is whole again, in microseconds.
    pub(super) whole_at: u64,
    /// The price of its acts that is not charged yet.
    pub(super) owes: u64,
    /// Whether the price of the line that was read last is not known yet.
    pub(super) line_is_unpriced: bool,
    pub(super) budget_timer: Option<Instant>,
    /// The time of its next turn, if it has done enough in this one.
    pub(super) turn_timer: Option<Instant>,
    /// Number of bytes that it sent while it was closing.
    pub(super) discarded: usize,
    /// The second in which its lines began to wait for a budget, if each of them had to since.
    pub(super) slowed_since_s: Option<u64>,
    /// Whether one waits now.
    pub(super) line_waits: bool,
    /// The second from which it may be told again that they wait.
    pub(super) tells_slowed_at_s: u64,
    /// The time at which it is cut off, if it has not read everything by then.
    pub(super) end_timer: Option<Instant>,
    /// The time by which it must send something, and the kind of wait.
    pub(super) wait: Option<(Instant, Wait)>,
    /// The time by which an IRC client must be registered. It stays the same when the client has to try another name.
    pub(super) registers_until: Option<Instant>,
    /// The time at which it asked to enter. Its time to register stands still while the log has not answered.
    pub(super) asks_since: Option<Instant>,
    /// Its entrance, if that waits for the log.
    pub(super) entrance: Option<Command>,
    /// The time at which a password for the registration was sent to be checked.
    asked_at: Option<Instant>,
    pub(super) due: Expectation,
    pub(super) ended_for: Option<CloseReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Closing,
    Gone,
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its protocol is being detected.
    Detecting,
    /// It waits for the budget of its address before it is served.
    Door,
    Entering,
    /// Its proxy has not said yet whose connection it is.
    Header,
    Leaving(MemberId),
    Member(MemberId),
    Outside,
    /// It is an IRC client that is not registered yet.
    Registering,
}

impl Stage {
    pub(super) const fn member(self) -> Option<MemberId> {
        match self {
            Self::Leaving(member) | Self::Member(member) => Some(member),
            _ => None,
        }
    }
}

/// The thing that a connection must send in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Detection,
    /// Any bytes, or the answer to a ping.
    Idle,
    Registration,
}

/// The kind of a timer. Of timers that are due at the same time, the lower kind is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Detection,
    End,
    Idle,
    Budget,
    Registration,
    Turn,
    Log,
    Room,
}

/// The result of reading from a connection.
pub(super) enum NextLine {
    /// There is something, but the budget of the address does not allow it yet, or others of the address are first.
    AddressBusy,
    /// The input has ended.
    End,
    /// The telnet command "Are You There".
    AreYouThere,
    /// A line, and the number of bytes that were cut from its end.
    Line(Vec<u8>, usize),
    /// There is no complete line yet.
    None,
    /// There is something, but the rate limit does not allow it before this time.
    NotBefore(Instant),
    /// A telnet command that must be answered with these bytes.
    Telnet([u8; 3]),
    /// So much came without the end of a line that it was charged.
    Waste,
}

/// The first bytes of a connection whose protocol is not detected yet.
#[derive(Debug, Default)]
pub(super) struct Opening {
    pub(super) bytes: Vec<u8>,
    /// Number of bytes that were examined without a result.
    pub(super) looked: usize,
    /// Number of bytes of noise before them.
    noise: usize,
    utf16: bool,
    /// Lines in doubt, which were not sent to the room. They are parsed if the client turns out to speak IRC.
    doubted: Vec<u8>,
    doubts: usize,
}

impl Opening {
    const fn evidence(&self, from: Origin, ended: bool) -> Evidence {
        Evidence { from, ended, is_first: self.noise == 0, utf16: self.utf16 }
    }

    /// Returns the best guess when the client has been silent for too long.
    pub(super) fn guess(&self) -> Detected {
        match examine(&self.bytes, self.evidence(Origin::Unknown, true)) {
            Sniffed::Detected(detected) => detected,
            Sniffed::Noise(_) | Sniffed::NotYet => Detected::Plain,
        }
    }
}

/// Maximum number of bytes of an IRC line with its tags.
const IRC_LINE_BYTES_MAX: usize = 4_096 + 510;

impl Conn {
    pub(super) fn new(
        peer: SocketAddr,
        address: Address,
        dialect: Dialect,
        options: &Options,
        now: Instant,
    ) -> Self {
        Self {
            peer,
            address,
            leads_to: None,
            admitted: true,
            has_address: false,
            refused: false,
            link: Link::Open,
            stage: Stage::Outside,
            language: options.language,
            room: None,
            irc: (dialect == Dialect::Irc).then(|| Box::new(Client::new(options))),
            listener: dialect,
            opening: Some(Opening::default()),
            detected: None,
            unread: Vec::new(),
            tail: 0,
            tail_charged: 0,
            is_held_in_line: false,
            scanned: 0,
            typed: Typed::default(),
            item: None,
            told_encoding: false,
            input_ended: false,
            waiting: VecDeque::new(),
            under_way: 0,
            barrier: false,
            via: Via::Direct,
            is_vouched: false,
            draining: false,
            checking: false,
            fetching: None,
            switches: false,
            label: None,
            heard_at: now,
            whole_at: 0,
            owes: 0,
            line_is_unpriced: false,
            budget_timer: None,
            turn_timer: None,
            slowed_since_s: None,
            discarded: 0,
            line_waits: false,
            tells_slowed_at_s: 0,
            end_timer: None,
            wait: None,
            registers_until: None,
            asks_since: None,
            entrance: None,
            asked_at: None,
            due: Expectation::of(dialect == Dialect::Irc),
            ended_for: None,
        }
    }

    /// Turns the connection into that of a new IRC client.
    pub(super) fn begin_irc(&mut self) {
        self.irc = Some(Box::new(Client::where_plain_is_spoken()));
        self.due.begin_irc();
        self.stage = Stage::Registering;
        self.release(true);
    }

    /// Returns the protocol that the client has begun to speak, if that is known. Noise is removed, and telnet
    /// commands in it are answered.
    pub(super) fn sniff(&mut self, limits: &Limits) -> Option<Detected> {
        let detected = self.detected.take().or_else(|| self.examine_opening(limits));
        if self.waiting.is_empty() {
            return detected;
        }
        // Telnet commands before it are answered first.
        self.detected = detected;
        None
    }

    fn examine_opening(&mut self, limits: &Limits) -> Option<Detected> {
        let from = match (self.stage, self.listener) {
            (Stage::Detecting, _) => Origin::Unknown,
            (Stage::Registering, _) => Origin::IrcPort,
            (_, listener) => Origin::Greeted { irc_too: listener == Dialect::Auto },
        };
        let opening = self.opening.as_mut()?;
        loop {
            match examine(&opening.bytes, opening.evidence(from, self.input_ended)) {
                Sniffed::NotYet => {
                    opening.looked = opening.bytes.len();
                    return None;
                }
                Sniffed::Noise(_) if opening.noise > 16_384 => return Some(Detected::Plain),
                Sniffed::Noise(count) => {
                    opening.utf16 |= opening.noise == 0 && opening.bytes.starts_with(&[255, 254]);
                    opening.noise += count;
                    let noise = opening.bytes.drain(..count);
                    if self.irc.is_none() {
                        self.tail += noise.len();
                        self.unread.extend(noise);
                        // Noise is not sent to the room, but telnet commands in it are answered first.
                        let detecting = self.stage == Stage::Detecting;
                        while let Some(item) = self.typed.read(&mut self.unread, false, limits.line_bytes_max)
                        {
                            (self.tail, self.tail_charged) = (self.unread.len(), 0);
                            let todo = match item {
                                Item::AreYouThere if detecting => continue,
                                Item::AreYouThere => Todo::Ask(Ask::IsThere),
                                Item::Line(_) => continue,
                                Item::Telnet(answer) => Todo::Telnet(answer),
                            };
                            self.waiting.push_back(todo);
                            // The answer is charged, but never delayed.
                            self.owes += LINE;
                        }
                        self.scanned = self.unread.len();
                    }
                }
                Sniffed::Detected(Detected::Doubt(_)) if opening.doubts == 3 => return Some(Detected::Irc),
                Sniffed::Detected(detected) => {
                    if let Detected::Doubt(count) = detected {
                        opening.doubts += 1;
                        opening.doubted.extend(opening.bytes.drain(..count));
                        opening.doubted.extend_from_slice(b"\r\n");
                        opening.looked = 0;
                    }
                    return Some(detected);
                }
            }
        }
    }

    /// Ends the detection, and hands the bytes that have arrived to the parser. For an IRC client the lines in doubt
    /// are parsed again, but noise is dropped.
    pub(super) fn release(&mut self, is_irc: bool) {
        let Some(opening) = self.opening.take() else { return };
        if is_irc {
            self.unread = opening.doubted;
            self.scanned = 0;
            (self.tail, self.tail_charged) = (self.unread.len(), 0);
            (self.typed, self.item) = (Typed::default(), None);
        }
        self.tail += opening.bytes.len();
        self.unread.extend(opening.bytes);
    }

    /// Starts the wait for the registration, unless it has been started before.
    pub(super) fn expect_registration(&mut self, now: Instant, limits: &Limits) {
        let until = *self.registers_until.get_or_insert(now.plus_ms(limits.registration_ms));
        self.wait = Some((until, Wait::Registration));
    }

    /// Stops the registration clock while the password of the connection is checked, for ten minutes at most.
    pub(super) fn stop_registration_clock(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Header | Stage::Registering) {
            self.asked_at = Some(now);
            self.wait = self.registers_until.map(|until| (until.plus_ms(600_000), Wait::Registration));
        }
    }

    /// Starts the registration clock again when the password has been checked.
    pub(super) fn go_on_with_registration_clock(&mut self, now: Instant) {
        if let (Some(asked_at), Some(until)) = (self.asked_at.take(), self.registers_until) {
            let until = until.plus(now.since(asked_at));
            self.registers_until = Some(until);
            if matches!(self.stage, Stage::Header | Stage::Registering) {
                self.wait = Some((until, Wait::Registration));
            }
        }
    }

    pub(super) fn ask_first(&mut self, question: Question) {
        let query = Query { question: Some(question), ..Query::default() };
        self.waiting.push_front(Todo::Query(query));
    }

    pub(super) fn forget_input(&mut self) {
        self.waiting.clear();
        (self.opening, self.detected) = (None, None);
        self.unread.clear();
        self.scanned = 0;
        (self.tail, self.tail_charged, self.is_held_in_line) = (0, 0, false);
        (self.typed, self.item) = (Typed::default(), None);
    }

    /// Notes that the client is there, so that its silence begins anew.
    pub(super) fn is_alive(&mut self, now: Instant) {
        self.heard_at = now;
        if let Some(client) = &mut self.irc {
            client.pinged = false;
        }
    }

    /// Whether reading from the connection is paused, because something that it has sent has to wait.
    pub(super) fn reads_are_paused(&self) -> bool {
        let unread = self.item.is_some()
            || self.unread.len() > self.scanned
            || self.opening.as_ref().is_some_and(|it| it.bytes.len() > it.looked);
        let waits =
            unread || self.is_held_in_line || !self.waiting.is_empty() || self.draining || self.is_asking();
        let reads_on = !matches!(self.stage, Stage::Leaving(_) | Stage::Outside);
        self.link == Link::Open && (reads_on && waits || self.switches)
    }

    /// Whether bytes that arrive will be used.
    pub(super) const fn listens(&self) -> bool {
        let leaves = matches!(self.stage, Stage::Leaving(_) | Stage::Outside);
        matches!(self.link, Link::Open) && (!leaves || self.switches)
    }

    /// Whether nothing is read or done for now.
    pub(super) const fn is_held(&self) -> bool {
        self.barrier || self.draining || self.is_asking()
    }

    /// Whether a password is being checked, or a history read.
    const fn is_asking(&self) -> bool {
        self.checking || self.fetching.is_some()
    }

    /// Whether a step waits until pending commands are committed.
    pub(super) fn waits(&self, todo: &Todo, limits: &Limits) -> bool {
        let is_full = self.under_way >= limits.pending_commands_max;
        match todo {
            Todo::Ask(ask) if ask.is_command() => is_full,
            Todo::Propose(_) => is_full,
            Todo::Quit(_) => false,
            _ => self.under_way > 0,
        }
    }

    /// Returns the timers that are set, each with its kind.
    pub(super) fn timers(&self) -> impl Iterator<Item = (Instant, Timer)> {
        let wait = self.wait.map(|(at, wait)| {
            let timer = match wait {
                Wait::Detection => Timer::Detection,
                Wait::Idle => Timer::Idle,
                Wait::Registration => Timer::Registration,
            };
            (at, timer)
        });
        let end = self.end_timer.map(|at| (at, Timer::End));
        let turn = self.turn_timer.map(|at| (at, Timer::Turn));
        wait.into_iter().chain(end).chain(self.budget_timer.map(|at| (at, Timer::Budget))).chain(turn)
    }

    /// Returns the maximum number of bytes of its next line.
    fn line_bytes_max(&self, limits: &Limits) -> usize {
        if self.irc.is_some() { IRC_LINE_BYTES_MAX } else { limits.line_bytes_max }
    }

    pub(super) fn next_line(
        &mut self,
        now: Now,
        limits: &Limits,
        rate: Rate,
        address_is_ready: bool,
    ) -> NextLine {
        if self.item.is_none() {
            self.item = if self.irc.is_some() {
                self.line_of_irc()
            } else {
                let item = self.typed.read(&mut self.unread, self.input_ended, limits.line_bytes_max);
                let ends = item.is_none() && self.input_ended && !self.typed.line.is_empty();
                if ends { Some(Item::Line(self.typed.end_line())) } else { item }
            };
            self.scanned = if self.item.is_some() { 0 } else { self.unread.len() };
        }
        let ready_at = Instant::from_micros(ready_at(self.whole_at, rate));
        let is_ready = ready_at <= now.mono && address_is_ready;
        // Also the rest of a line that is too long is read at the rate.
        let beyond_line = self.tail.saturating_sub(self.line_bytes_max(limits));
        self.is_held_in_line = !is_ready && !self.input_ended && beyond_line > 0;
        if !is_ready && (self.item.is_some() || self.is_held_in_line) {
            return if ready_at > now.mono { NextLine::NotBefore(ready_at) } else { NextLine::AddressBusy };
        }
        if self.item.is_none() {
            if self.input_ended {
                return NextLine::End;
            }
            let lines = beyond_line / 6_144;
            let due = lines - std::mem::replace(&mut self.tail_charged, lines);
            self.owes += due as u64 * LINE;
            return if due > 0 { NextLine::Waste } else { NextLine::None };
        }
        if !std::mem::replace(&mut self.line_waits, false) {
            self.slowed_since_s = None;
        }
        self.owes += LINE;
        (self.tail, self.tail_charged) = (self.unread.len(), 0);
        match self.item.take() {
            Some(Item::AreYouThere) => NextLine::AreYouThere,
            Some(Item::Line(mut line)) => {
                let bytes_max = self.line_bytes_max(limits);
                let dropped = line.len().saturating_sub(bytes_max);
                line.truncate(bytes_max);
                NextLine::Line(line, dropped)
            }
            Some(Item::Telnet(answer)) => NextLine::Telnet(answer),
            None => NextLine::None,
        }
    }

    /// Removes and returns the next line of an IRC client. It ends with LF, after an optional CR.
    fn line_of_irc(&mut self) -> Option<Item> {
        let end = self.unread.iter().position(|&byte| byte == b'\n');
        let (length, taken) = match end {
            Some(end) => (end, end + 1),
            None if self.input_ended && !self.unread.is_empty() => (self.unread.len(), self.unread.len()),
            None => return None,
        };
        let mut line: Vec<u8> = self.unread.drain(..taken).take(length).collect();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(Item::Line(line))
    }
}
