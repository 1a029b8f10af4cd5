//! One connection's state machine. It knows nothing of other sessions and nothing of the world.
//!
//! | state | expects | then |
//! |---|---|---|
//! | `Detect` | the first line, or a silence | `ExpectEntry` where it is plain, `Register` where it is IRC |
//! | `Register` | a client of IRC to say who it is | `ExpectEntry` |
//! | `ExpectEntry` | the log's verdict on its `Enter` | `Active`; where its name is taken, `Register` again; where the connection is no longer open, `ExpectLeave` |
//! | `Active` | lines | `ExpectLeave` at `/quit`, the end of input, or the connection's end |
//! | `ExpectLeave` | the log's word that its `Leave` is applied | `Outside`; `Register` where it was taken for plain and is IRC |
//! | `Outside` | nothing: no member, and never again one | |
//!
//! Beside it goes the state of the [`Link`]: open, closing (the farewell is said), or gone. Everything that
//! moves either is in this file. How lines are read, and what they ask for, is in `session/`.

pub(crate) mod irc;
pub(crate) mod plain;
mod read;
mod work;

use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::name::RoomName;
use crate::base::options::Options;
use crate::base::rate::{Rate, RateLimiter};
use crate::base::time::Instant;
use crate::dialect::irc::query::{Hint, Query};
use crate::framing::framer::Framer;
use crate::framing::sniff::{Kind, Sniffer};
use crate::hub::input::Dialect;
use crate::log::command::{CloseReason, Command};
use crate::planted;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
use irc::Client;
use plain::{PlainQuestion, Speaker};
use work::Work;
pub(crate) use work::{Entrant, Password, Question, Step};

/// To have a password checked costs as much as so many lines: guessing is slow, and so is the work that it makes.
const PASSWORD_LINES: usize = 50;

/// Pieces of work for which a connection that has none keeps room.
const WORK_KEPT: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active(MemberId),
    Detect,
    ExpectEntry,
    ExpectLeave(MemberId),
    Outside,
    Register,
}

/// What there is of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The farewell is said; what comes is discarded.
    Closing,
    /// The driver has said that it is closed.
    Gone,
    /// Bytes come and go.
    Open,
}

/// What it speaks, and what only that dialect knows.
#[derive(Debug)]
pub(crate) enum Tongue {
    Irc(Box<Client>),
    Plain(Speaker),
}

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    link: Link,
    tongue: Tongue,
    /// What is spoken at its listener.
    listener: Dialect,
    /// Looks at what comes until it is clear what the connection speaks.
    sniffer: Option<Box<Sniffer>>,
    /// What it has found, where something is to be answered before that.
    sniffed: Option<Kind>,
    framer: Framer,
    /// What is to be done for the lines that were read; the first of it may wait.
    work: VecDeque<Work>,
    limiter: RateLimiter,
    /// Bytes of short answers that have not cost a line yet.
    uncharged_bytes: usize,
    /// Commands under way in the log.
    pending: u32,
    /// A command under way will change the session: nothing more is read before its verdict.
    barrier: bool,
    /// A bulk answer is being written.
    draining: bool,
    /// A password is being checked.
    checking: bool,
    input_ended: bool,
    /// Why it is to leave, where that was clear before it had entered.
    leave_reason: Option<CloseReason>,
    /// It leaves to begin again as IRC, with what the sniffer holds.
    switches: bool,
    /// When bytes last came from it.
    pub(crate) heard_at: Instant,
    /// The driver was told to stop reading.
    pub(crate) reads_paused: bool,
}

impl Session {
    pub(crate) fn new(dialect: Dialect, options: &Options, limits: &Limits, now: Instant) -> Self {
        let (state, tongue, line_bytes_max) = match dialect {
            Dialect::Auto => {
                (State::Detect, Tongue::Plain(Speaker::new(options.language)), limits.line_bytes_max)
            }
            Dialect::Irc => (State::Register, Tongue::Irc(Box::default()), irc::LINE_BYTES_MAX),
            Dialect::Plain => {
                (State::ExpectEntry, Tongue::Plain(Speaker::new(options.language)), limits.line_bytes_max)
            }
        };
        Self {
            state,
            link: Link::Open,
            tongue,
            listener: dialect,
            sniffer: Some(Box::default()),
            sniffed: None,
            framer: match dialect {
                Dialect::Auto | Dialect::Plain => Framer::for_people(line_bytes_max),
                Dialect::Irc => Framer::new(line_bytes_max),
            },
            work: VecDeque::new(),
            limiter: RateLimiter::default(),
            uncharged_bytes: 0,
            pending: 0,
            barrier: false,
            draining: false,
            checking: false,
            input_ended: false,
            leave_reason: None,
            switches: false,
            heard_at: now,
            reads_paused: false,
        }
    }

    /// A session that is told why it cannot enter, and nothing else.
    pub(crate) fn refused(dialect: Dialect, options: &Options, limits: &Limits, now: Instant) -> Self {
        let mut session = Self::new(dialect, options, limits, now);
        session.state = State::Outside;
        session.link = Link::Closing;
        session.sniffer = None;
        session
    }

    /// The next thing to do. Ask until it says [`Step::Wait`].
    pub(crate) fn step(&mut self, now: Instant, limits: &Limits, options: &Options) -> Step {
        let member = match self.state {
            State::Active(member) => Some(member),
            State::Detect | State::Register => None,
            State::ExpectEntry | State::ExpectLeave(_) | State::Outside => return Step::Wait(None),
        };
        loop {
            if self.barrier || self.draining || self.checking {
                return Step::Wait(None);
            }
            if let Some(work) = self.work.front() {
                let waits = match work {
                    Work::Plain(_) | Work::Propose(_) => self.pending >= limits.pending_commands_max,
                    // The leave is behind the commands that are under way.
                    Work::Quit(_) => false,
                    _ => planted::answer_waits(self.pending),
                };
                if waits {
                    return Step::Wait(None);
                }
                let Some(step) = self.work.pop_front().and_then(|work| self.do_work(member, work, options))
                else {
                    continue;
                };
                if matches!(step, Step::CheckPassword(_)) {
                    self.limiter.charge(PASSWORD_LINES, limits.rate, now);
                }
                return step;
            }
            if self.pending >= limits.pending_commands_max {
                return Step::Wait(None);
            }
            if self.work.capacity() > WORK_KEPT {
                self.work = VecDeque::new();
            }
            match self.read_line(now, member, limits, options) {
                Ok(None) => {}
                Ok(Some(step)) => return step,
                Err(until) => return Step::Wait(Some(until)),
            }
        }
    }

    /// Bytes came. Those of a connection that is closing are discarded.
    pub(crate) fn received(&mut self, bytes: Bytes, now: Instant) {
        self.is_heard(now);
        if self.link == Link::Open && (self.reads_on() || self.switches) {
            match &mut self.sniffer {
                Some(sniffer) => sniffer.push(&bytes),
                None => self.framer.push(bytes),
            }
        }
    }

    /// It is there.
    pub(crate) fn is_heard(&mut self, now: Instant) {
        self.heard_at = now;
        if let Tongue::Irc(client) = &mut self.tongue {
            client.pinged = false;
        }
    }

    /// Nothing more will come.
    pub(crate) const fn read_closed(&mut self) {
        self.input_ended = true;
    }

    /// It has been silent for so long that it is taken for what it has begun to be, if anything, or for plain. Returns
    /// what follows from that, if it was still to be seen.
    pub(crate) fn fell_silent(&mut self) -> Option<Step> {
        (self.state == State::Detect).then(|| self.take_for_guess())
    }

    /// The log has a command of this session; its verdict is out.
    pub(crate) const fn committed(&mut self) {
        self.pending = self.pending.saturating_sub(1);
        if self.pending == 0 {
            self.barrier = false;
        }
    }

    /// All that the connection was owed is written.
    pub(crate) const fn drained(&mut self) {
        self.draining = false;
    }

    /// An answer is long: nothing more is answered before it is written.
    pub(crate) const fn drain(&mut self) {
        self.draining = true;
    }

    /// Whether the password that it gave is right. Returns what it was for, if it still waits.
    pub(crate) fn verdict(&mut self, right: bool) -> Option<Option<CloseReason>> {
        if !core::mem::take(&mut self.checking) {
            return None;
        }
        match (self.state, &mut self.tongue) {
            (State::Active(member), tongue) => {
                self.work.push_front(match (right, tongue) {
                    (true, _) => Work::Propose(Command::Promote { member }),
                    (false, Tongue::Irc(_)) => Work::Ask(Question::Irc(irc::wrong_password())),
                    (false, Tongue::Plain(_)) => Work::Ask(Question::Plain(plain::wrong_password())),
                });
                Some(None)
            }
            (State::Register, Tongue::Irc(client)) if right => {
                // What is left of the line that said the last of it is for what comes of it, too.
                client.password_was_right().into_iter().rev().for_each(|work| self.work.push_front(work));
                Some(None)
            }
            (State::Register, _) => Some(Some(CloseReason::Password)),
            _ => Some(None),
        }
    }

    /// The verdict on the entrance: it is a member. Returns why it is to leave at once, where its connection
    /// is not open any more.
    pub(crate) fn entered(&mut self, member: MemberId) -> Option<CloseReason> {
        let stays = self.link == Link::Open;
        self.state = if stays { State::Active(member) } else { State::ExpectLeave(member) };
        if stays { None } else { Some(self.leave_reason.unwrap_or(CloseReason::Reset)) }
    }

    /// It does not enter: the name is taken, or nobody may enter in this dialect.
    pub(crate) fn not_entered(&mut self) {
        self.state = State::Outside;
        if self.link == Link::Open
            && let Tongue::Irc(client) = &mut self.tongue
        {
            client.forget_name();
            self.state = State::Register;
        }
    }

    /// What is asked of the hub before the next line is read.
    pub(crate) fn ask_first(&mut self, query: Query) {
        self.work.push_front(Work::Ask(Question::Irc(query)));
    }

    /// What is proposed before the next line is read.
    pub(crate) fn do_first(&mut self, command: Command) {
        self.work.push_front(Work::Propose(command));
    }

    /// Ends the membership: returns the member for whom a `Leave` is to be proposed, if that is not done
    /// already.
    pub(crate) fn leave(&mut self, reason: CloseReason) -> Option<MemberId> {
        self.forget_input();
        self.switches = false;
        match self.state {
            State::Active(member) => {
                self.state = State::ExpectLeave(member);
                Some(member)
            }
            State::ExpectEntry => {
                self.leave_reason.get_or_insert(reason);
                None
            }
            State::Detect | State::Register => {
                self.state = State::Outside;
                None
            }
            State::ExpectLeave(_) | State::Outside => None,
        }
    }

    /// Ends the membership of one that begins again as IRC; returns whose it is.
    pub(crate) fn leave_to_switch(&mut self) -> Option<MemberId> {
        let State::Active(member) = self.state else { return None };
        self.state = State::ExpectLeave(member);
        Some(member)
    }

    /// The `Leave` is applied. Returns whether it begins again.
    pub(crate) fn left(&mut self, reason: CloseReason) -> bool {
        self.state = State::Outside;
        self.pending = 0;
        self.barrier = false;
        // Who was ended by another one meanwhile does not.
        let stays = self.link == Link::Open && reason == CloseReason::OtherDialect;
        if !core::mem::take(&mut self.switches) || !stays {
            self.forget_input();
            return false;
        }
        self.begin_irc();
        // What it was told in the plain dialect, a client of IRC cannot read; a person is told how to go on.
        self.ask_first(Query::Hint(Hint::Switched));
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

    /// The connection is gone. Returns whether it was there.
    pub(crate) fn gone(&mut self) -> bool {
        core::mem::replace(&mut self.link, Link::Gone) != Link::Gone
    }

    /// Whether the slot can have another tenant: no connection, no member, and none under way.
    pub(crate) fn is_over(&self) -> bool {
        self.link == Link::Gone && self.state == State::Outside
    }

    pub(crate) const fn link(&self) -> Link {
        self.link
    }

    /// The member, from its entrance to the moment at which its `Leave` is applied.
    pub(crate) const fn member(&self) -> Option<MemberId> {
        match self.state {
            State::Active(member) | State::ExpectLeave(member) => Some(member),
            State::Detect | State::ExpectEntry | State::Outside | State::Register => None,
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

    pub(crate) const fn tongue(&self) -> &Tongue {
        &self.tongue
    }

    pub(crate) const fn tongue_mut(&mut self) -> &mut Tongue {
        &mut self.tongue
    }

    pub(crate) fn client(&mut self) -> Option<&mut Client> {
        match &mut self.tongue {
            Tongue::Irc(client) => Some(client),
            Tongue::Plain(_) => None,
        }
    }

    /// The room that a speaker of the plain dialect speaks to.
    pub(crate) const fn room(&self) -> Option<&RoomName> {
        match &self.tongue {
            Tongue::Irc(_) => None,
            Tongue::Plain(speaker) => speaker.room.as_ref(),
        }
    }

    pub(crate) fn set_room(&mut self, room: Option<RoomName>) {
        if let Tongue::Plain(speaker) = &mut self.tongue {
            speaker.room = room;
        }
    }

    /// Whether bytes wait here for something else than more bytes.
    pub(crate) fn wants_pause(&self) -> bool {
        let sniffed = self.sniffer.as_ref().is_some_and(|it| it.has_unread());
        // Behind the end of the input, a line needs no end of its own: what is begun waits for its turn as well.
        let unread = sniffed || self.framer.has_unread() || self.input_ended && self.framer.has_begun();
        let waits = unread || !self.work.is_empty() || self.draining || self.checking;
        self.link == Link::Open && (self.reads_on() && waits || self.switches)
    }

    /// Asserts what holds of every session between two inputs.
    pub(crate) fn check_invariants(&self, limits: &Limits) {
        assert!(self.pending <= limits.pending_commands_max, "commands under way are within their limit");
        assert!(!self.barrier || self.pending > 0, "a barrier waits for a command");
        assert!(
            self.link != Link::Open || self.state != State::Outside,
            "an open link has a member, or will"
        );
        assert!(self.link == Link::Open || !matches!(self.state, State::Active(_)), "only open links speak");
        assert!(self.work.len() <= irc::WORK_MAX, "a line makes so much work and no more");
        let held = self.framer.held_bytes() + self.sniffer.as_ref().map_or(0, |it| it.held_bytes());
        let idle = self.work.is_empty() && held == 0;
        assert!(self.reads_on() || self.switches || idle, "what will never be answered is not kept");
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
        self.draining && self.input_ended && self.link == Link::Open && matches!(self.state, State::Active(_))
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
        matches!(self.state, State::Active(_) | State::Detect | State::ExpectEntry | State::Register)
    }

    /// Frees what was received and is not wanted any more.
    fn forget_input(&mut self) {
        self.work = VecDeque::new();
        self.framer = Framer::new(0);
        self.sniffer = None;
        self.sniffed = None;
    }

    /// It is a client of IRC, and what it has sent of that is read as such.
    fn begin_irc(&mut self) {
        self.tongue = Tongue::Irc(Box::new(Client::where_plain_is_spoken()));
        // The noise before it is no part of its first line.
        self.framer = Framer::new(irc::LINE_BYTES_MAX);
        self.release_sniffed();
        self.state = State::Register;
    }

    /// What a piece of work is to the hub, if anything.
    fn do_work(&mut self, member: Option<MemberId>, work: Work, options: &Options) -> Option<Step> {
        Some(match work {
            Work::Ask(question) => {
                self.draining = matches!(&question, Question::Plain(question) if question.is_bulk());
                Step::Answer(question)
            }
            Work::CheckPassword(password) => {
                self.checking = true;
                Step::CheckPassword(password)
            }
            Work::Enter(wish, entrant) => {
                self.state = State::ExpectEntry;
                Step::Enter(wish, entrant)
            }
            Work::Label(label) => Step::Label(label),
            Work::Plain(request) => {
                let Tongue::Plain(speaker) = &self.tongue else { return None };
                match speaker.act(member?, request, &options.identity)? {
                    Work::Propose(command) => self.propose(command),
                    // What it waits for is not what the line waited for.
                    work => {
                        self.work.push_front(work);
                        return None;
                    }
                }
            }
            Work::Propose(command) => self.propose(command),
            Work::Quit(message) => Step::Quit(message),
            Work::Telnet(answer) => Step::Telnet(answer),
        })
    }

    fn propose(&mut self, command: Command) -> Step {
        self.pending += 1;
        self.barrier = matches!(command, Command::Move { .. } | Command::Rename { .. });
        Step::Propose(command)
    }
}

/// Work for a client of IRC: an answer from a query.
fn ask(query: Query) -> Vec<Work> {
    alloc::vec![Work::Ask(Question::Irc(query))]
}
