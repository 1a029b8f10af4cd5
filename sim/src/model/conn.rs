//! One connection: what is known of it, and how its bytes become lines.

use super::ask::Ask;
use super::irc::Client;
use super::irc::label::Answered;
use super::sniff::{From, Known, Opens, Seen, see};
use super::todo::{Query, Todo};
use crate::expectation::Expectation;
use crate::typed::{Item, Typed};
use parlor_protocol::{
    CloseReason, Dialect, Instant, Language, Limits, MemberId, Now, Options, Question, Rate, RoomName,
};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) peer: SocketAddr,
    /// The room that its listener leads to.
    pub(super) leads_to: Option<RoomName>,
    /// It counts against the limits on connections.
    pub(super) admitted: bool,
    /// It was not let in, and is being told why.
    pub(super) refused: bool,
    pub(super) link: Link,
    pub(super) stage: Stage,
    pub(super) language: Language,
    /// Where a speaker of the plain dialect is.
    pub(super) room: Option<RoomName>,
    /// A client of IRC; everyone else is taken for plain.
    pub(super) irc: Option<Box<Client>>,
    /// What is spoken where it connected.
    pub(super) listener: Dialect,
    /// What came until it is clear what it speaks.
    pub(super) opening: Option<Opening>,
    /// Every byte that no line was made of yet.
    pub(super) unread: Vec<u8>,
    /// So many of them were looked at, and more must come before they say anything.
    scanned: usize,
    /// How what people type is read.
    pub(super) typed: Typed,
    /// What was read, and is still to be acted on.
    item: Option<Item>,
    /// It was told that what it writes is not UTF-8.
    pub(super) told_encoding: bool,
    pub(super) input_ended: bool,
    /// What is still to be done for the line that was read.
    pub(super) waiting: VecDeque<Todo>,
    pub(super) under_way: u32,
    /// A command under way changes this connection's own state.
    pub(super) barrier: bool,
    /// A long answer is not written out yet.
    pub(super) draining: bool,
    /// A password is being checked.
    pub(super) checking: bool,
    /// It begins again as IRC.
    pub(super) switches: bool,
    /// What is answered now answers a line with a label.
    pub(super) label: Option<Answered>,
    pub(super) heard_at: Instant,
    /// When its budget of lines is whole again, in microseconds.
    pub(super) budget_full_at: u64,
    /// Bytes of answers that no line was paid for yet.
    uncharged: usize,
    pub(super) budget_timer: Option<Instant>,
    /// When it is cut off, if it has not read to its end by then.
    pub(super) end_timer: Option<Instant>,
    /// When it must have said something, and what for.
    pub(super) wait: Option<(Instant, Wait)>,
    /// When a client of IRC must have said who it is, whatever name it tries.
    pub(super) registers_until: Option<Instant>,
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
    /// Its first line will tell what it speaks.
    Detecting,
    Entering,
    Leaving(MemberId),
    Member(MemberId),
    Outside,
    /// It is to say who it is.
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

/// What a connection is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Detection,
    /// Any sign of life.
    Idle,
    Registration,
}

/// Of timers that are due at once, the one of the lower kind is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Detection,
    End,
    Idle,
    Budget,
    Registration,
}

/// What there is to read of a connection.
pub(super) enum NextLine {
    /// Nothing, for ever.
    End,
    /// A client of telnet wants to know whether the server is there.
    AreYouThere,
    /// A line, and how many bytes of it were dropped.
    Line(Vec<u8>, usize),
    /// Nothing yet.
    None,
    /// Something, but its writer was too fast.
    NotBefore(Instant),
    /// A client of telnet asks for something, and this is the answer.
    Telnet([u8; 3]),
}

/// The first bytes of a connection, for as long as it is not clear what it speaks.
#[derive(Debug, Default)]
pub(super) struct Opening {
    pub(super) bytes: Vec<u8>,
    /// So many were looked at in vain.
    looked: usize,
    /// So many bytes that decide nothing were before them.
    noise: usize,
    utf16: bool,
    /// Lines that were neither said nor read.
    doubted: Vec<u8>,
    doubts: usize,
}

impl Opening {
    const fn known(&self, from: From, ended: bool) -> Known {
        Known { from, ended, is_first: self.noise == 0, utf16: self.utf16 }
    }

    /// What it looks like after a silence.
    pub(super) fn guess(&self) -> Opens {
        match see(&self.bytes, self.known(From::Nobody, true)) {
            Seen::Opens(opens) => opens,
            Seen::Noise(_) | Seen::NotYet => Opens::Plain,
        }
    }
}

/// Bytes of a line of IRC, tags and all.
const IRC_LINE_BYTES_MAX: usize = 4_096 + 510;

impl Conn {
    pub(super) fn new(peer: SocketAddr, dialect: Dialect, options: &Options, now: Instant) -> Self {
        Self {
            peer,
            leads_to: None,
            admitted: true,
            refused: false,
            link: Link::Open,
            stage: Stage::Outside,
            language: options.language,
            room: None,
            irc: (dialect == Dialect::Irc).then(|| Box::new(Client::new(options))),
            listener: dialect,
            opening: Some(Opening::default()),
            unread: Vec::new(),
            scanned: 0,
            typed: Typed::default(),
            item: None,
            told_encoding: false,
            input_ended: false,
            waiting: VecDeque::new(),
            under_way: 0,
            barrier: false,
            draining: false,
            checking: false,
            switches: false,
            label: None,
            heard_at: now,
            budget_full_at: 0,
            uncharged: 0,
            budget_timer: None,
            end_timer: None,
            wait: None,
            registers_until: None,
            due: Expectation::of(dialect == Dialect::Irc),
            ended_for: None,
        }
    }

    /// From here on it is a client of IRC, of which nothing is known.
    pub(super) fn begin_irc(&mut self) {
        self.irc = Some(Box::new(Client::where_plain_is_spoken()));
        self.due.begin_irc();
        self.stage = Stage::Registering;
        self.release(true);
    }

    /// What it has begun to speak, if that is clear now. What decides nothing is handed on.
    pub(super) fn sniff(&mut self, limits: &Limits, now: Instant) -> Option<Opens> {
        let from = match (self.stage, self.listener) {
            (Stage::Detecting, _) => From::Nobody,
            (Stage::Registering, _) => From::IrcPort,
            (_, listener) => From::Greeted { irc_too: listener == Dialect::Auto },
        };
        let opening = self.opening.as_mut()?;
        loop {
            match see(&opening.bytes, opening.known(from, self.input_ended)) {
                Seen::NotYet => {
                    opening.looked = opening.bytes.len();
                    return None;
                }
                Seen::Noise(_) if opening.noise > 16_384 => return Some(Opens::Plain),
                Seen::Noise(count) => {
                    opening.utf16 |= opening.noise == 0 && opening.bytes.starts_with(&[255, 254]);
                    opening.noise += count;
                    let noise = opening.bytes.drain(..count);
                    if self.irc.is_none() {
                        self.unread.extend(noise);
                        // Nothing is said by it, but telnet may ask for something, which is answered first.
                        let detecting = self.stage == Stage::Detecting;
                        while let Some(item) = self.typed.read(&mut self.unread, false, limits.line_bytes_max)
                        {
                            let todo = match item {
                                Item::AreYouThere if detecting => continue,
                                Item::AreYouThere => Todo::Ask(Ask::IsThere),
                                Item::Line(_) => continue,
                                Item::Telnet(answer) => Todo::Telnet(answer),
                            };
                            self.waiting.push_back(todo);
                            // It pays, and does not wait.
                            self.budget_full_at = owing(self.budget_full_at, 1, limits.rate, now);
                        }
                        self.scanned = self.unread.len();
                    }
                    if !self.waiting.is_empty() {
                        return None;
                    }
                }
                Seen::Opens(Opens::Doubt(_)) if opening.doubts == 3 => return Some(Opens::Irc),
                Seen::Opens(opens) => {
                    if let Opens::Doubt(count) = opens {
                        opening.doubts += 1;
                        opening.doubted.extend(opening.bytes.drain(..count));
                        opening.doubted.extend_from_slice(b"\r\n");
                        opening.looked = 0;
                    }
                    return Some(opens);
                }
            }
        }
    }

    /// It is clear what it speaks, and what came of it is read. A client of IRC reads neither what was before its first
    /// line nor loses what was in doubt.
    pub(super) fn release(&mut self, is_irc: bool) {
        let Some(opening) = self.opening.take() else { return };
        if is_irc {
            self.unread = opening.doubted;
            self.scanned = 0;
            (self.typed, self.item) = (Typed::default(), None);
        }
        self.unread.extend(opening.bytes);
    }

    /// It has a while to say who it is.
    pub(super) fn expect_registration(&mut self, now: Instant, limits: &Limits) {
        let until = *self.registers_until.get_or_insert(now.plus_ms(limits.registration_ms));
        self.wait = Some((until, Wait::Registration));
    }

    pub(super) fn ask_first(&mut self, question: Question) {
        let query = Query { question: Some(question), ..Query::default() };
        self.waiting.push_front(Todo::Query(query));
    }

    pub(super) fn forget_input(&mut self) {
        self.waiting.clear();
        self.opening = None;
        self.unread.clear();
        self.scanned = 0;
        (self.typed, self.item) = (Typed::default(), None);
    }

    /// Nothing more is read from it: something waits that was read.
    pub(super) fn reads_are_paused(&self) -> bool {
        let unread = self.item.is_some()
            || self.unread.len() > self.scanned
            || self.opening.as_ref().is_some_and(|it| it.bytes.len() > it.looked);
        let waits = unread || !self.waiting.is_empty() || self.draining || self.checking;
        let reads_on = !matches!(self.stage, Stage::Leaving(_) | Stage::Outside);
        self.link == Link::Open && (reads_on && waits || self.switches)
    }

    /// Whether bytes that come are ever acted on.
    pub(super) const fn listens(&self) -> bool {
        let leaves = matches!(self.stage, Stage::Leaving(_) | Stage::Outside);
        matches!(self.link, Link::Open) && (!leaves || self.switches)
    }

    /// Nothing is read and nothing done for now.
    pub(super) const fn is_held(&self) -> bool {
        self.barrier || self.draining || self.checking
    }

    /// Whether what is to be done next waits for the verdicts on commands under way.
    pub(super) fn waits(&self, todo: &Todo, limits: &Limits) -> bool {
        let is_full = self.under_way >= limits.pending_commands_max;
        match todo {
            Todo::Ask(ask) if ask.is_command() => is_full,
            Todo::Propose(_) => is_full,
            Todo::Quit(_) => false,
            _ => self.under_way > 0,
        }
    }

    /// Its timers, each with its kind.
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
        wait.into_iter().chain(end).chain(self.budget_timer.map(|at| (at, Timer::Budget)))
    }

    /// Bytes that its next line may have.
    fn line_bytes_max(&self, limits: &Limits) -> usize {
        if self.irc.is_some() { IRC_LINE_BYTES_MAX } else { limits.line_bytes_max }
    }

    pub(super) fn next_line(&mut self, now: Now, limits: &Limits) -> NextLine {
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
        if self.item.is_none() {
            return if self.input_ended { NextLine::End } else { NextLine::None };
        }
        if let Err(at) = self.spend(limits.rate, now.mono) {
            return NextLine::NotBefore(at);
        }
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

    /// A line of a program ends with LF.
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

    /// Answers cost a line for each 512 bytes of them.
    pub(super) fn charge(&mut self, bytes: usize, rate: Rate, now: Instant) {
        self.uncharged += bytes;
        self.charge_lines(self.uncharged / 512, rate, now);
        self.uncharged %= 512;
    }

    pub(super) fn charge_lines(&mut self, lines: usize, rate: Rate, now: Instant) {
        self.budget_full_at = owing(self.budget_full_at, lines, rate, now);
    }
}

/// When a budget is full again that is charged so many lines, whether they are there or not.
fn owing(full_at: u64, lines: usize, rate: Rate, now: Instant) -> u64 {
    let interval = 1_000_000_u64.checked_div(rate.lines.into());
    interval.map_or(full_at, |interval| full_at.max(now.as_micros()) + lines as u64 * interval)
}
