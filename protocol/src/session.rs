//! One connection's state machine. It knows nothing of other sessions and nothing of the world.
//!
//! | state | expects | then |
//! |---|---|---|
//! | `ExpectEntry` | the log's verdict on its `Enter` | `Active`; where the connection is no longer open, `ExpectLeave` |
//! | `Active` | lines | `ExpectLeave` at `/quit`, the end of input, or the connection's end |
//! | `ExpectLeave` | the log's word that its `Leave` is applied | `Outside` |
//! | `Outside` | nothing: no member, and never again one | |
//!
//! Beside it goes the state of the [`Link`]: open, closing (the farewell is said), or gone. Everything that
//! moves either is in this file.

use crate::command::{CloseReason, Command, Manner};
use crate::dialect::plain;
use crate::event::Mistake;
use crate::framer::Framer;
use crate::id::MemberId;
use crate::language::Language;
use crate::limits::Limits;
use crate::name::{Name, RoomName};
use crate::planted;
use crate::rate::{Rate, RateLimiter};
use crate::text::Text;
use crate::time::Instant;
use bytes::Bytes;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    /// The room's last lines, that many of them.
    History(Option<usize>),
    Join(RoomName),
    Language(Language),
    /// The line before was cut; so many bytes were dropped.
    LineCut(usize),
    Mistaken(Mistake),
    Nothing,
    Part,
    Quit,
    Rename(Name),
    Rooms,
    Say {
        manner: Manner,
        text: Text,
    },
    Tell {
        to: Name,
        text: Text,
    },
    Topic(TopicRequest),
    Who(Option<RoomName>),
}

/// What `/topic` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicRequest {
    Clear,
    Set(Text),
    Show,
}

/// What the hub is to do for a session next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Answer the member at once, without the log.
    Answer(Question),
    /// The input is at its end, and every line of it is under way.
    EndOfInput,
    /// Put the command into the log.
    Propose(Command),
    /// Say goodbye.
    Quit,
    /// Nothing before another input; with an instant, nothing before that time.
    Wait(Option<Instant>),
}

/// What is answered from the world or from nothing, and changes nothing that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Help,
    History(Option<usize>),
    Language(Language),
    LineCut(usize),
    Mistaken(Mistake),
    Rooms,
    Topic,
    Who(Option<RoomName>),
}

impl Question {
    /// Whether the answer may be long, so that the session waits until it is written.
    pub(crate) const fn is_bulk(&self) -> bool {
        matches!(self, Self::Help | Self::History(_) | Self::Rooms | Self::Who(_))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active(MemberId),
    ExpectEntry,
    ExpectLeave(MemberId),
    Outside,
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

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    link: Link,
    framer: Framer,
    /// An answer that waits for the verdicts on the lines before it.
    answer: Option<Question>,
    /// The request behind the note that its line was cut, while that note waits.
    held: Option<Request>,
    language: Language,
    limiter: RateLimiter,
    /// Commands under way in the log.
    pending: u32,
    /// The room it speaks to. Only its own commands change it, and these are barriers.
    room: Option<RoomName>,
    /// A command under way will change the session: nothing more is read before its verdict.
    barrier: bool,
    /// A bulk answer is being written.
    draining: bool,
    input_ended: bool,
    /// Why it is to leave, where that was clear before it had entered.
    leave_reason: Option<CloseReason>,
    /// The driver was told to stop reading.
    pub(crate) reads_paused: bool,
}

impl Session {
    pub(crate) fn new(language: Language, line_bytes_max: usize) -> Self {
        Self {
            state: State::ExpectEntry,
            link: Link::Open,
            framer: Framer::new(line_bytes_max),
            answer: None,
            held: None,
            language,
            limiter: RateLimiter::default(),
            pending: 0,
            room: None,
            barrier: false,
            draining: false,
            input_ended: false,
            leave_reason: None,
            reads_paused: false,
        }
    }

    /// A session that is told why it cannot enter, and nothing else.
    pub(crate) fn refused(language: Language, line_bytes_max: usize) -> Self {
        let mut session = Self::new(language, line_bytes_max);
        session.state = State::Outside;
        session.link = Link::Closing;
        session
    }

    /// The next thing to do. Ask until it says [`Step::Wait`].
    pub(crate) fn step(&mut self, now: Instant, limits: &Limits) -> Step {
        let State::Active(member) = self.state else { return Step::Wait(None) };
        loop {
            if !planted::answer_waits(self.pending)
                && let Some(question) = self.answer.take()
            {
                self.draining = question.is_bulk();
                return Step::Answer(question);
            }
            if self.answer.is_some()
                || self.barrier
                || self.draining
                || self.pending >= limits.pending_commands_max
            {
                return Step::Wait(None);
            }
            let request = match self.next_request(now, limits) {
                Ok(Some(request)) => request,
                Ok(None) if self.input_ended => return Step::EndOfInput,
                Ok(None) => return Step::Wait(None),
                Err(until) => return Step::Wait(Some(until)),
            };
            match self.act(member, request) {
                Ok(Some(command)) => {
                    self.pending += 1;
                    return Step::Propose(command);
                }
                Ok(None) => {}
                Err(Act::Answer(question)) => self.answer = Some(question),
                Err(Act::Quit) => return Step::Quit,
            }
        }
    }

    /// Bytes came. Those of a connection that is closing are discarded.
    pub(crate) fn received(&mut self, bytes: Bytes) {
        if self.link == Link::Open && !matches!(self.state, State::ExpectLeave(_)) {
            self.framer.push(bytes);
        }
    }

    /// Nothing more will come.
    pub(crate) const fn read_closed(&mut self) {
        self.input_ended = true;
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

    /// The verdict on the entrance: it is a member. Returns why it is to leave at once, where its connection
    /// is not open any more.
    pub(crate) fn entered(&mut self, member: MemberId) -> Option<CloseReason> {
        let stays = self.link == Link::Open;
        self.state = if stays { State::Active(member) } else { State::ExpectLeave(member) };
        if stays { None } else { Some(self.leave_reason.unwrap_or(CloseReason::Reset)) }
    }

    /// Ends the membership: returns the member for whom a `Leave` is to be proposed, if that is not done
    /// already.
    pub(crate) fn leave(&mut self, reason: CloseReason) -> Option<MemberId> {
        self.answer = None;
        self.held = None;
        // Frees what was received and is not wanted any more.
        self.framer = Framer::new(0);
        match self.state {
            State::Active(member) => {
                self.state = State::ExpectLeave(member);
                Some(member)
            }
            State::ExpectEntry => {
                self.leave_reason.get_or_insert(reason);
                None
            }
            State::ExpectLeave(_) | State::Outside => None,
        }
    }

    /// The `Leave` is applied.
    pub(crate) fn left(&mut self) {
        self.state = State::Outside;
    }

    /// The farewell is said. Returns whether that was still to be done.
    pub(crate) fn close(&mut self) -> bool {
        let open = self.link == Link::Open;
        if open {
            self.link = Link::Closing;
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
            State::ExpectEntry | State::Outside => None,
        }
    }

    pub(crate) const fn language(&self) -> Language {
        self.language
    }

    pub(crate) const fn room(&self) -> Option<&RoomName> {
        self.room.as_ref()
    }

    pub(crate) fn set_room(&mut self, room: Option<RoomName>) {
        self.room = room;
    }

    pub(crate) const fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Whether bytes wait here for something else than more bytes.
    pub(crate) fn wants_pause(&self) -> bool {
        self.link == Link::Open
            && !matches!(self.state, State::ExpectLeave(_))
            && (self.framer.has_unread() || self.answer.is_some() || self.draining)
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
        assert!(self.held.is_none() || self.answer.is_some(), "what was cut waits for the note on it, only");
        let idle = self.held.is_none() && self.answer.is_none() && self.framer.held_bytes() == 0;
        let speaks = matches!(self.state, State::Active(_) | State::ExpectEntry);
        assert!(speaks || idle, "what will never be answered is not kept");
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

    /// The answer of so many bytes is charged like the lines that it is as long as.
    pub(crate) fn charge(&mut self, bytes: usize, rate: Rate, now: Instant) {
        self.limiter.charge(bytes / Rate::REPLY_BYTES_PER_LINE, rate, now);
    }

    /// The next request: one that waited, or the next line's. `Err` says when the next line may be read.
    fn next_request(&mut self, now: Instant, limits: &Limits) -> Result<Option<Request>, Instant> {
        if let Some(request) = self.held.take() {
            return Ok(Some(request));
        }
        let mut limiter = self.limiter;
        if let Err(until) = limiter.spend(limits.rate, now)
            && (self.framer.has_line() || self.input_ended && self.framer.has_begun())
        {
            return Err(until);
        }
        let line = match self.framer.next_line() {
            Some(line) => Some((plain::parse(line.bytes, line.dropped > 0), line.dropped)),
            None if self.input_ended => {
                self.framer.finish().map(|line| (plain::parse(line.bytes, line.dropped > 0), line.dropped))
            }
            None => None,
        };
        Ok(line.map(|(request, dropped)| {
            self.limiter = limiter;
            if dropped == 0 {
                return request;
            }
            self.held = Some(request);
            Request::LineCut(dropped)
        }))
    }

    /// What the request makes: a command, or something that is no command.
    fn act(&mut self, member: MemberId, request: Request) -> Result<Option<Command>, Act> {
        Ok(Some(match request {
            Request::Nothing => return Ok(None),
            Request::Quit => return Err(Act::Quit),
            Request::Say { manner, text } => Command::Say { member, room: self.here()?, manner, text },
            Request::Tell { to, text } => Command::Tell { member, to, text },
            Request::Topic(TopicRequest::Clear) => {
                Command::SetTopic { member, room: self.here()?, topic: None }
            }
            Request::Topic(TopicRequest::Set(topic)) => {
                Command::SetTopic { member, room: self.here()?, topic: Some(topic) }
            }
            Request::Rename(name) => {
                self.barrier = true;
                Command::Rename { member, name }
            }
            Request::Join(room) => self.go_to(member, room),
            Request::Part if self.here()? == RoomName::lobby() => {
                return Err(Act::Answer(Question::Mistaken(Mistake::InLobby)));
            }
            Request::Part => self.go_to(member, RoomName::lobby()),
            Request::Help => return Err(Act::Answer(Question::Help)),
            Request::History(lines) => return Err(Act::Answer(Question::History(lines))),
            Request::Language(language) => return Err(Act::Answer(Question::Language(language))),
            Request::LineCut(dropped) => return Err(Act::Answer(Question::LineCut(dropped))),
            Request::Mistaken(mistake) => return Err(Act::Answer(Question::Mistaken(mistake))),
            Request::Rooms => return Err(Act::Answer(Question::Rooms)),
            Request::Topic(TopicRequest::Show) => return Err(Act::Answer(Question::Topic)),
            Request::Who(room) => return Err(Act::Answer(Question::Who(room))),
        }))
    }

    /// The room that it speaks to.
    fn here(&self) -> Result<RoomName, Act> {
        self.room.clone().ok_or(Act::Answer(Question::Mistaken(Mistake::NotInRoom)))
    }

    fn go_to(&mut self, member: MemberId, room: RoomName) -> Command {
        self.barrier = true;
        Command::Move { member, from: self.room.clone(), to: Some(room) }
    }
}

/// What a request makes that is no command.
enum Act {
    Answer(Question),
    Quit,
}
