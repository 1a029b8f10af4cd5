//! How lines become work: what is read of a connection's input, and when.

use super::irc::LINE_BYTES_MAX;
use super::work::Work;
use super::{Entrant, PlainQuestion, Question, Session, State, Step, Tongue};
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::text::Text;
use crate::base::time::Instant;
use crate::dialect::plain as plain_dialect;
use crate::framing::framer::{Framer, Item};
use crate::framing::sniff::{Evidence, Kind, is_request};
use crate::framing::telnet::{Asked, TIMING_MARK_ANSWER};
use crate::framing::typed::Typed;
use crate::hub::input::Dialect;
use crate::log::command::NameRequest;
use bytes::Bytes;

impl Session {
    /// Reads the next line, if there is one, and what it asks for. `Err` says when the next line may be read.
    pub(super) fn read_line(
        &mut self,
        now: Instant,
        member: Option<MemberId>,
        limits: &Limits,
        options: &Options,
    ) -> Result<Option<Step>, Instant> {
        if let Some(step) = self.sniff(now, limits) {
            return Ok(Some(step));
        }
        if !self.work.is_empty() {
            return Ok(None);
        }
        let mut limiter = self.limiter;
        if let Err(until) = limiter.spend(limits.rate, now)
            && (self.framer.has_item() || self.input_ended && self.framer.has_begun())
        {
            return Err(until);
        }
        // Nearly every line is a person's, and as it is to be said.
        if member.is_some()
            && matches!(self.tongue, Tongue::Plain(_))
            && let Some(text) = self.framer.next_clean_line(Text::as_it_stands)
        {
            self.limiter = limiter;
            self.plain_line(Typed::clean(text));
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
            None => return Ok(Some(if self.input_ended { Step::EndOfInput } else { Step::Wait(None) })),
        };
        self.limiter = limiter;
        // A page in somebody's browser may try to say something in its name, behind a line of something else, too.
        if self.state == State::Register && is_request(line.bytes, line.dropped > 0) {
            return Ok(Some(Step::TurnAway(Kind::Http)));
        }
        match &mut self.tongue {
            Tongue::Irc(client) => {
                let work = client.line(line.bytes, line.dropped, member, limits, options);
                // To say a thing to twenty rooms costs as much as to say it twenty times.
                let heard = work.iter().filter(|work| work.is_heard()).count();
                self.limiter.charge(heard.saturating_sub(1), limits.rate, now);
                self.work.extend(work);
            }
            // The noise before a first line: nobody has said anything yet.
            Tongue::Plain(_) if self.state == State::Detect && self.sniffer.is_some() => {}
            Tongue::Plain(_) => {
                let typed = Typed::read(line.bytes, line.dropped);
                self.plain_line(typed);
            }
        }
        if self.state == State::Detect && self.sniffer.is_none() {
            self.state = State::ExpectEntry;
            return Ok(Some(Step::Enter(NameRequest::Port(0), Entrant::Plain)));
        }
        Ok(None)
    }

    /// Looks at what came, for as long as it is not clear what the connection speaks.
    fn sniff(&mut self, now: Instant, limits: &Limits) -> Option<Step> {
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
                if !sniffed.noise.is_empty() && matches!(self.tongue, Tongue::Plain(_)) {
                    self.framer.push(sniffed.noise.into());
                    self.read_noise(now, limits);
                }
                if !self.work.is_empty() {
                    // However the bytes were cut, what telnet asks for before an opening is answered before it.
                    self.sniffed = sniffed.kind;
                    return None;
                }
                sniffed.kind?
            }
        };
        match kind {
            Kind::Doubt => Some(Step::Answer(Question::Plain(PlainQuestion::NotSaid))),
            Kind::Irc => self.take_for_irc(),
            Kind::Plain => {
                // What was in doubt before it was told to be, and is not said later.
                self.sniffer.as_mut()?.forget_doubted();
                self.release_sniffed();
                None
            }
            kind @ (Kind::Http | Kind::Stranger(_) | Kind::Tls) => Some(Step::TurnAway(kind)),
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
    pub(super) fn take_for_guess(&mut self) -> Step {
        let guess = self.sniffer.as_ref().map_or(Kind::Plain, |sniffer| sniffer.guess());
        match guess {
            Kind::Http | Kind::Stranger(_) | Kind::Tls => Step::TurnAway(guess),
            Kind::Irc => {
                self.begin_irc();
                Step::BeginIrc
            }
            Kind::Doubt | Kind::Plain => {
                self.state = State::ExpectEntry;
                Step::Enter(NameRequest::Port(0), Entrant::Plain)
            }
        }
    }

    /// A registration of IRC was found.
    fn take_for_irc(&mut self) -> Option<Step> {
        match (self.state, self.listener) {
            (State::Detect, _) => {
                self.begin_irc();
                Some(Step::BeginIrc)
            }
            (State::Register, _) => {
                self.framer = Framer::new(LINE_BYTES_MAX);
                self.release_sniffed();
                None
            }
            (_, Dialect::Auto) => {
                self.switches = true;
                Some(Step::SwitchToIrc)
            }
            (_, Dialect::Irc | Dialect::Plain) => Some(Step::TurnAway(Kind::Irc)),
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
        self.work.push_back(match asked {
            Asked::AreYouThere => Work::Ask(Question::Plain(PlainQuestion::IsThere)),
            Asked::Option(answer) => Work::Telnet(answer),
            Asked::TimingMark => Work::Telnet(TIMING_MARK_ANSWER),
        });
    }

    /// What a line of the plain dialect asks for, and before it what its writer is to be told of it.
    fn plain_line(&mut self, typed: Typed) {
        let ask = |question| Work::Ask(Question::Plain(question));
        if let Tongue::Plain(speaker) = &mut self.tongue
            && let Some(question) = speaker.tell_encoding(typed.is_utf8, self.framer.is_utf16())
        {
            self.work.push_back(ask(question));
        }
        if typed.dropped > 0 {
            self.work.push_back(ask(PlainQuestion::LineCut(typed.dropped)));
        }
        self.work.push_back(Work::Plain(plain_dialect::parse(typed.text)));
    }
}
