//! One connection's state machine. It knows nothing of other sessions and nothing of the world.
//!
//! | state | expects | then |
//! |---|---|---|
//! | `Detect` | the first line, or a silence | `ExpectEntry` where it is plain, `Register` where it is IRC |
//! | `Register` | a client to say who it is | `ExpectEntry` |
//! | `ExpectEntry` | the log's entry for its `Enter` | `Active`; where its name is taken, `Register` again; where the connection is no longer open, `ExpectLeave` |
//! | `Active` | lines | `ExpectLeave` at `/quit`, the end of input, or the connection's end |
//! | `ExpectLeave` | the log's entry for its `Leave` | `Outside`; `Register` where it was taken for plain and is IRC |
//! | `Outside` | nothing: no member, and never again one | |
//!
//! Beside it goes the state of the [`Link`]: open, closing (the farewell is said), or closed. Everything that
//! moves either is in this file. How lines are read is in `session/read.rs`.

mod read;
mod request;

use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::rate::{Rate, RateLimiter};
use crate::base::time::Instant;
use crate::dialect::action::{ACTIONS_PER_LINE_MAX, Action, Notice};
use crate::dialect::irc::client::Client;
use crate::dialect::irc::{self, after_switch};
use crate::dialect::state::DialectState;
use crate::dialect::{Dialect, DialectSpec};
use crate::framing::framer::Framer;
use crate::framing::sniff::{Kind, Sniffer};
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::planted;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
pub(crate) use request::Request;

/// To have a password checked costs as much as so many lines: guessing is slow, and so is the work that it makes.
const PASSWORD_LINES: usize = 50;

/// Actions for which a connection that has none keeps room.
const ACTIONS_KEPT: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active {
        member: MemberId,
    },
    Detect,
    ExpectEntry {
        /// Why it is to leave as soon as it has entered, where that is clear before.
        leave: Option<CloseReason>,
    },
    ExpectLeave {
        member: MemberId,
        /// Whether it leaves to begin again as IRC, with what the sniffer holds.
        switches: bool,
    },
    Outside,
    Register,
}

/// The state of the connection itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The driver has said that it is closed.
    Closed,
    /// The farewell is said; what comes is discarded.
    Closing,
    /// Bytes come and go.
    Open,
}

/// What has to come before the next line is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// The log's entry for a command that changes the session.
    Log,
    /// The verdict on a password.
    Password,
    /// That the client has read a long answer.
    Reader,
}

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    link: Link,
    dialect: Box<dyn DialectState>,
    /// What is spoken at its listener.
    listener: Dialect,
    /// Looks at what comes until it is clear what the connection speaks.
    sniffer: Option<Box<Sniffer>>,
    /// What the sniffer has found, where something is to be answered before that.
    sniffed: Option<Kind>,
    framer: Framer,
    /// What is to be done for the lines that were read; the first of it may wait.
    actions: VecDeque<Action>,
    limiter: RateLimiter,
    /// Bytes of short answers that have not cost a line yet.
    uncharged_bytes: usize,
    /// Commands under way in the log.
    pending: u32,
    waits: Option<Wait>,
    input_ended: bool,
    /// Whether the client was asked for a sign of life, and has not given one.
    pub(crate) is_pinged: bool,
    /// When bytes last came from it.
    pub(crate) heard_at: Instant,
    /// Whether the driver was told to stop reading.
    pub(crate) reads_paused: bool,
}

impl Session {
    pub(crate) fn new(listener: Dialect, options: &Options, limits: &Limits, now: Instant) -> Self {
        let spec = listener.spec();
        let dialect = (spec.begin)(options);
        let state = match listener {
            Dialect::Auto => State::Detect,
            _ if dialect.enters_at_once() => State::ExpectEntry { leave: None },
            _ => State::Register,
        };
        let sniffer = (!matches!(listener, Dialect::Custom(_))).then(Box::default);
        Self {
            state,
            link: Link::Open,
            dialect,
            listener,
            sniffer,
            sniffed: None,
            framer: framer(spec, limits),
            actions: VecDeque::new(),
            limiter: RateLimiter::default(),
            uncharged_bytes: 0,
            pending: 0,
            waits: None,
            input_ended: false,
            is_pinged: false,
            heard_at: now,
            reads_paused: false,
        }
    }

    /// A session that is told why it cannot enter, and nothing else.
    pub(crate) fn refused(listener: Dialect, options: &Options, limits: &Limits, now: Instant) -> Self {
        let mut session = Self::new(listener, options, limits, now);
        session.state = State::Outside;
        session.link = Link::Closing;
        session.sniffer = None;
        session
    }

    /// The next thing to do. Ask until it says [`Request::Wait`].
    pub(crate) fn next_request(&mut self, now: Instant, limits: &Limits, options: &Options) -> Request {
        let member = match self.state {
            State::Active { member } => Some(member),
            State::Detect | State::Register => None,
            State::ExpectEntry { .. } | State::ExpectLeave { .. } | State::Outside => {
                return Request::Wait(None);
            }
        };
        loop {
            if self.waits.is_some() {
                return Request::Wait(None);
            }
            if let Some(action) = self.actions.front() {
                let waits = match action {
                    Action::Propose(_) => self.pending >= limits.pending_commands_max,
                    // The leave is behind the commands that are under way.
                    Action::Quit(_) => false,
                    _ => planted::answer_waits(self.pending),
                };
                if waits {
                    return Request::Wait(None);
                }
                if let Some(action) = self.actions.pop_front() {
                    return self.request(action, now, limits);
                }
            }
            if self.pending >= limits.pending_commands_max {
                return Request::Wait(None);
            }
            if self.actions.capacity() > ACTIONS_KEPT {
                self.actions = VecDeque::new();
            }
            match self.read_line(now, member, limits, options) {
                Ok(None) => {}
                Ok(Some(request)) => return request,
                Err(until) => return Request::Wait(Some(until)),
            }
        }
    }

    /// Bytes came. Those of a connection that is closing are discarded.
    pub(crate) fn received(&mut self, bytes: Bytes, now: Instant) {
        self.is_heard(now);
        if self.link == Link::Open && (self.reads_on() || self.switches()) {
            match &mut self.sniffer {
                Some(sniffer) => sniffer.push(&bytes),
                None => self.framer.push(bytes),
            }
        }
    }

    /// Takes note of a sign of life.
    pub(crate) const fn is_heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.is_pinged = false;
    }

    /// Nothing more will come.
    pub(crate) const fn read_closed(&mut self) {
        self.input_ended = true;
    }

    /// It has been silent for so long that it is taken for what it has begun to be, if anything, or for plain. Returns
    /// what follows from that, if it was still to be seen.
    pub(crate) fn fell_silent(&mut self) -> Option<Request> {
        (self.state == State::Detect).then(|| self.take_for_guess())
    }

    /// The log has a command of this session, and what it led to is told.
    pub(crate) fn committed(&mut self) {
        debug_assert!(self.pending > 0, "a command that is committed was under way");
        self.pending = self.pending.saturating_sub(1);
        if self.pending == 0 {
            self.waits.take_if(|wait| *wait == Wait::Log);
        }
    }

    /// All that the connection was owed is written.
    pub(crate) fn drained(&mut self) {
        self.waits.take_if(|wait| *wait == Wait::Reader);
    }

    /// An answer is long: nothing more is answered before it is written.
    pub(crate) fn wait_for_reader(&mut self) {
        debug_assert!(self.waits != Some(Wait::Password), "nothing is answered while a password is checked");
        self.waits = Some(Wait::Reader);
    }

    /// Whether the password that it gave is right. Returns whether it still waited for that, and, if so, whether it may
    /// stay.
    pub(crate) fn password_checked(&mut self, is_right: bool) -> Option<bool> {
        self.waits.take_if(|wait| *wait == Wait::Password)?;
        match self.state {
            State::Active { member } => {
                self.actions.push_front(match is_right {
                    true => Action::Propose(Command::Promote { member }),
                    false => Action::Notice(Notice::WrongPassword),
                });
                Some(true)
            }
            State::Register if is_right => {
                // What is left of the line that said the last of it is for what comes of it, too.
                let actions = self.dialect.authenticated();
                self.do_first(actions);
                Some(true)
            }
            State::Register => Some(false),
            _ => Some(true),
        }
    }

    /// The log has its entrance: it is a member. Returns why it is to leave at once, where its connection
    /// is not open any more.
    pub(crate) fn entered(&mut self, member: MemberId) -> Option<CloseReason> {
        let State::ExpectEntry { leave } = self.state else {
            debug_assert!(false, "{member} enters a session that has not asked for it");
            return None;
        };
        if self.link == Link::Open {
            self.state = State::Active { member };
            return None;
        }
        self.state = State::ExpectLeave { member, switches: false };
        Some(leave.unwrap_or(CloseReason::Reset))
    }

    /// It does not enter: the name is taken, or nobody may enter in this dialect.
    pub(crate) fn not_entered(&mut self) {
        debug_assert!(matches!(self.state, State::ExpectEntry { .. }), "what enters has asked for it");
        self.state = State::Outside;
        if self.link == Link::Open && !self.dialect.enters_at_once() {
            self.dialect.not_entered();
            self.state = State::Register;
        }
    }

    /// Queues what is to be done before the next line is read.
    pub(crate) fn do_first(&mut self, actions: Vec<Action>) {
        actions.into_iter().rev().for_each(|action| self.actions.push_front(action));
    }

    /// Ends the membership: returns the member for whom a `Leave` is to be proposed, if that is not done
    /// already.
    pub(crate) fn leave(&mut self, reason: CloseReason) -> Option<MemberId> {
        self.forget_input();
        match &mut self.state {
            State::Active { member } => {
                let member = *member;
                self.state = State::ExpectLeave { member, switches: false };
                Some(member)
            }
            State::ExpectEntry { leave } => {
                leave.get_or_insert(reason);
                None
            }
            State::Detect | State::Register => {
                self.state = State::Outside;
                None
            }
            State::ExpectLeave { switches, .. } => {
                *switches = false;
                None
            }
            State::Outside => None,
        }
    }

    /// The log has its `Leave`, or another command that ends it. Returns whether it begins again.
    pub(crate) fn left(&mut self, reason: CloseReason) -> bool {
        debug_assert!(self.member().is_some(), "who leaves is a member");
        // A member that another one ended meanwhile does not begin again.
        let begins_again = self.switches() && self.link == Link::Open && reason == CloseReason::OtherDialect;
        self.state = State::Outside;
        self.pending = 0;
        self.waits.take_if(|wait| *wait == Wait::Log);
        if !begins_again {
            self.forget_input();
            return false;
        }
        self.begin_irc();
        self.do_first(Vec::from([after_switch()]));
        true
    }

    /// The farewell is said. Returns whether that was still to be done.
    pub(crate) fn close(&mut self) -> bool {
        let open = self.link == Link::Open;
        if open {
            self.link = Link::Closing;
            self.forget_input();
        }
        open
    }

    /// The connection is closed. Returns whether it was not before.
    pub(crate) fn closed(&mut self) -> bool {
        core::mem::replace(&mut self.link, Link::Closed) != Link::Closed
    }

    /// Whether the slot can have another connection: this one is closed, without a member, and none under way.
    pub(crate) fn is_over(&self) -> bool {
        self.link == Link::Closed && self.state == State::Outside
    }

    pub(crate) const fn link(&self) -> Link {
        self.link
    }

    /// The member, from its entrance to the moment at which its `Leave` is applied.
    pub(crate) const fn member(&self) -> Option<MemberId> {
        match self.state {
            State::Active { member } | State::ExpectLeave { member, .. } => Some(member),
            State::Detect | State::ExpectEntry { .. } | State::Outside | State::Register => None,
        }
    }

    /// Whether it may become a member, and has not said yet who it is.
    pub(crate) fn is_unregistered(&self) -> bool {
        self.state == State::Register && self.link == Link::Open
    }

    /// What is spoken where it connected.
    pub(crate) const fn listener(&self) -> Dialect {
        self.listener
    }

    /// The state of its dialect.
    pub(crate) fn dialect(&self) -> &dyn DialectState {
        &*self.dialect
    }

    pub(crate) fn dialect_mut(&mut self) -> &mut dyn DialectState {
        &mut *self.dialect
    }

    /// Whether bytes wait here for something else than more bytes.
    pub(crate) fn wants_pause(&self) -> bool {
        let sniffed = self.sniffer.as_ref().is_some_and(|it| it.has_unread());
        // Behind the end of the input, a line needs no end of its own: what is begun waits for its turn as well.
        let unread = sniffed || self.framer.has_unread() || self.input_ended && self.framer.has_begun();
        let waits =
            unread || !self.actions.is_empty() || matches!(self.waits, Some(Wait::Password | Wait::Reader));
        self.link == Link::Open && (self.reads_on() && waits || self.switches())
    }

    /// Asserts what holds of every session between two inputs.
    pub(crate) fn check_invariants(&self, limits: &Limits) {
        assert!(self.pending <= limits.pending_commands_max, "commands under way are within their limit");
        assert!(
            self.waits != Some(Wait::Log) || self.pending > 0,
            "what waits for the log has a command there"
        );
        assert!(
            self.link != Link::Open || self.state != State::Outside,
            "an open link has a member, or will"
        );
        let is_active = matches!(self.state, State::Active { .. });
        assert!(self.link == Link::Open || !is_active, "only open links speak");
        assert!(self.actions.len() <= ACTIONS_PER_LINE_MAX, "a line makes so many actions and no more");
        let held = self.framer.held_bytes() + self.sniffer.as_ref().map_or(0, |it| it.held_bytes());
        let idle = self.actions.is_empty() && held == 0;
        assert!(self.reads_on() || self.switches() || idle, "what will never be answered is not kept");
        if self.link == Link::Open {
            assert_eq!(
                self.reads_paused,
                self.wants_pause(),
                "reading stands while lines wait, and only then"
            );
        }
    }

    pub(crate) const fn has_ended_input(&self) -> bool {
        self.input_ended
    }

    /// Whether nothing but an answer that is not read keeps it from leaving.
    pub(crate) fn leaves_when_drained(&self) -> bool {
        let is_active = matches!(self.state, State::Active { .. });
        self.waits == Some(Wait::Reader) && self.input_ended && self.link == Link::Open && is_active
    }

    /// The answer of so many bytes is charged like the lines that it is as long as; short ones together.
    pub(crate) fn charge(&mut self, bytes: usize, rate: Rate, now: Instant) {
        let bytes = self.uncharged_bytes + bytes;
        self.uncharged_bytes = bytes % Rate::REPLY_BYTES_PER_LINE;
        self.charge_lines(bytes / Rate::REPLY_BYTES_PER_LINE, rate, now);
    }

    /// What was asked for costs so many lines more.
    pub(crate) fn charge_lines(&mut self, lines: usize, rate: Rate, now: Instant) {
        self.limiter.charge(lines, rate, now);
    }

    /// Whether what comes is still to be acted on.
    const fn reads_on(&self) -> bool {
        matches!(
            self.state,
            State::Active { .. } | State::Detect | State::ExpectEntry { .. } | State::Register
        )
    }

    /// Whether it leaves to begin again as IRC.
    const fn switches(&self) -> bool {
        matches!(self.state, State::ExpectLeave { switches: true, .. })
    }

    /// Frees what was received and is not wanted any more.
    fn forget_input(&mut self) {
        self.actions = VecDeque::new();
        self.framer = Framer::new(0);
        self.sniffer = None;
        self.sniffed = None;
    }

    /// It is a client of IRC, and what it has sent of that is read as such.
    fn begin_irc(&mut self) {
        self.dialect = Box::new(Client::where_plain_is_spoken());
        // The noise before it is no part of its first line.
        self.framer = Framer::new(irc::LINE_BYTES_MAX);
        self.release_sniffed();
        self.state = State::Register;
    }

    /// What an action is to the hub.
    fn request(&mut self, action: Action, now: Instant, limits: &Limits) -> Request {
        match action {
            Action::Ask(question) => Request::Answer(question),
            Action::CheckPassword(password) => {
                self.waits = Some(Wait::Password);
                self.limiter.charge(PASSWORD_LINES, limits.rate, now);
                Request::CheckPassword(password)
            }
            Action::Enter(registration) => {
                self.state = State::ExpectEntry { leave: None };
                Request::Enter(registration)
            }
            Action::Label(label) => Request::Label(label),
            Action::Notice(notice) => Request::Notice(notice),
            Action::Propose(command) => {
                self.pending += 1;
                self.waits =
                    matches!(command, Command::Move { .. } | Command::Rename { .. }).then_some(Wait::Log);
                Request::Propose(command)
            }
            Action::Quit(message) => Request::Quit(message),
            Action::Rehash => Request::Rehash,
            Action::Signal(command) => Request::Signal(command),
            Action::Telnet(answer) => Request::Telnet(answer),
            Action::Unwatch(names) => Request::Unwatch(names),
            Action::Watch(names) => Request::Watch(names),
        }
    }
}

/// The framer for the lines of a dialect.
fn framer(dialect: &DialectSpec, limits: &Limits) -> Framer {
    let line_bytes_max = (dialect.line_bytes_max)(limits);
    if dialect.is_typed { Framer::for_people(line_bytes_max) } else { Framer::new(line_bytes_max) }
}
