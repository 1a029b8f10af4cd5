//! How lines become work: what is read of a connection's input, and when.

use super::{Request, Session, State};
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::text::Text;
use crate::base::time::Instant;
use crate::dialect::action::{Action, Notice, Registration};
use crate::dialect::state::{Context, Line};
use crate::dialect::{Dialect, irc};
use crate::framing::framer::{FramedLine, Framer, Item};
use crate::framing::sniff::{Evidence, Kind, is_request};
use crate::framing::telnet::{Asked, TIMING_MARK_ANSWER};
use crate::framing::typed::Typed;
use bytes::Bytes;

impl Session {
    /// Reads the next line, if there is one, and what it asks for. `Err` says when the next line may be read.
    pub(super) fn read_line(
        &mut self,
        now: Instant,
        member: Option<MemberId>,
        limits: &Limits,
        options: &Options,
    ) -> Result<Option<Request>, Instant> {
        if let Some(request) = self.sniff(now, limits) {
            return Ok(Some(request));
        }
        if !self.actions.is_empty() {
            return Ok(None);
        }
        let mut limiter = self.limiter;
        if let Err(until) = limiter.spend(limits.rate, now)
            && (self.framer.has_item() || self.input_ended && self.framer.has_begun())
        {
            return Err(until);
        }
        // Nearly every line is a person's, and as it is to be said.
        let context = Context { member, limits, options };
        let is_typed = self.framer.is_for_people();
        if member.is_some()
            && is_typed
            && let Some(text) = self.framer.next_clean_line(Text::as_it_stands)
        {
            self.limiter = limiter;
            self.typed_line(Typed::clean(text), &context);
            return Ok(None);
        }
        let item = match self.framer.next_item() {
            None if self.input_ended => self.framer.finish().map(Item::Line),
            item => item,
        };
        let line = match item {
            Some(Item::Line(line)) => line,
            // Whoever makes the server write pays for that, as with a line.
            Some(Item::Asked(asked)) => {
                self.limiter = limiter;
                self.asked(asked);
                return Ok(None);
            }
            None => {
                return Ok(Some(if self.input_ended { Request::EndOfInput } else { Request::Wait(None) }));
            }
        };
        self.limiter = limiter;
        // A page in somebody's browser may try to say something in its name, behind a line of something else, too.
        if self.state == State::Register && is_request(line.bytes, line.dropped > 0) {
            return Ok(Some(Request::TurnAway(Kind::Http)));
        }
        if !is_typed {
            let FramedLine { bytes, dropped } = line;
            self.dialect.line(Line::Bytes { bytes, dropped }, &context, &mut self.actions);
            // To say a thing to twenty rooms costs as much as to say it twenty times.
            let heard = self.actions.iter().filter(|action| action.is_heard()).count();
            self.limiter.charge(heard.saturating_sub(1), limits.rate, now);
        } else if self.state != State::Detect || self.sniffer.is_none() {
            let typed = Typed::read(line.bytes, line.dropped);
            self.typed_line(typed, &context);
        }
        // What came before a first line is noise: nobody has said anything yet.
        if self.state == State::Detect && self.sniffer.is_none() {
            return Ok(Some(self.enter_plain()));
        }
        Ok(None)
    }

    /// Looks at what came, for as long as it is not clear what the connection speaks.
    fn sniff(&mut self, now: Instant, limits: &Limits) -> Option<Request> {
        let evidence = match (self.state, self.listener) {
            (State::Detect, _) => Evidence::Open,
            (State::Register, _) => Evidence::Irc,
            (_, listener) => Evidence::Greeted { may_be_irc: listener == Dialect::Auto },
        };
        let kind = match self.sniffed.take() {
            Some(kind) => kind,
            None => {
                let sniffed = self.sniffer.as_mut()?.look(evidence, self.input_ended);
                // Before a line of IRC it is nothing: neither a line of its own, nor a part of the next.
                if !sniffed.noise.is_empty() && self.framer.is_for_people() {
                    self.framer.push(sniffed.noise.into());
                    self.read_noise(now, limits);
                }
                if !self.actions.is_empty() {
                    // However the bytes were cut, what telnet asks for before an opening is answered before it.
                    self.sniffed = sniffed.kind;
                    return None;
                }
                sniffed.kind?
            }
        };
        match kind {
            Kind::Doubt => Some(Request::Notice(Notice::LineWithheld)),
            Kind::Irc => self.take_for_irc(),
            Kind::Plain => {
                // What was in doubt before it was told to be, and is not said later.
                self.sniffer.as_mut()?.forget_doubted();
                self.release_sniffed();
                None
            }
            kind @ (Kind::Http | Kind::Stranger(_) | Kind::Tls) => Some(Request::TurnAway(kind)),
        }
    }

    /// Reads what decides nothing: nobody has said anything yet, but telnet may have asked for something. Whether anybody
    /// is there, nobody asks before the greeting.
    fn read_noise(&mut self, now: Instant, limits: &Limits) {
        while let Some(item) = self.framer.next_item() {
            if let Item::Asked(asked) = item
                && (self.state != State::Detect || asked != Asked::AreYouThere)
            {
                // It does not wait for the rate, for what it comes before may be no line; whoever sends one later does.
                self.limiter.charge(1, limits.rate, now);
                self.asked(asked);
            }
        }
    }

    /// What follows from a silence, after what was sent before it.
    pub(super) fn take_for_guess(&mut self) -> Request {
        let guess = self.sniffer.as_ref().map_or(Kind::Plain, |sniffer| sniffer.guess());
        match guess {
            Kind::Http | Kind::Stranger(_) | Kind::Tls => Request::TurnAway(guess),
            Kind::Irc => {
                self.begin_irc();
                Request::Register
            }
            Kind::Doubt | Kind::Plain => self.enter_plain(),
        }
    }

    /// It is plain, and enters.
    const fn enter_plain(&mut self) -> Request {
        self.state = State::ExpectEntry { leave: None };
        Request::Enter(Registration { is_authenticated: false, name: None, user: None, enters_room: true })
    }

    /// A registration of IRC was found.
    fn take_for_irc(&mut self) -> Option<Request> {
        match (self.state, self.listener) {
            (State::Detect, _) => {
                self.begin_irc();
                Some(Request::Register)
            }
            (State::Register, _) => {
                self.framer = Framer::new(irc::LINE_BYTES_MAX);
                self.release_sniffed();
                None
            }
            (State::Active { member }, Dialect::Auto) => {
                self.state = State::ExpectLeave { member, switches: true };
                Some(Request::SwitchDialect(member))
            }
            _ => Some(Request::TurnAway(Kind::Irc)),
        }
    }

    /// Hands on what was held: it is clear what the connection speaks.
    pub(super) fn release_sniffed(&mut self) {
        let Some(mut sniffer) = self.sniffer.take() else { return };
        let held = sniffer.take();
        if !held.is_empty() {
            self.framer.push(Bytes::from(held));
        }
    }

    /// A client of telnet asks for something. It is answered behind what the lines before it led to.
    fn asked(&mut self, asked: Asked) {
        self.actions.push_back(match asked {
            Asked::AreYouThere => Action::Notice(Notice::IsThere),
            Asked::Option(answer) => Action::Telnet(answer),
            Asked::TimingMark => Action::Telnet(TIMING_MARK_ANSWER),
        });
    }

    /// Has the dialect read a line that a person may have typed.
    fn typed_line(&mut self, typed: Typed, context: &Context<'_>) {
        let Typed { text, dropped, is_utf8 } = typed;
        let line = Line::Typed { text, dropped, is_utf8, is_utf16: self.framer.is_utf16() };
        self.dialect.line(line, context, &mut self.actions);
    }
}
