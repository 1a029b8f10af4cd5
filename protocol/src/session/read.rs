//! How lines become work: what is read of a connection's input, and when.

use super::irc::LINE_BYTES_MAX;
use super::work::Work;
use super::{Entrant, PlainQuestion, Question, Session, State, Step, Tongue};
use crate::command::Wish;
use crate::dialect::plain as plain_dialect;
use crate::framer::Framer;
use crate::hub::Options;
use crate::id::MemberId;
use crate::input::Dialect;
use crate::limits::Limits;
use crate::sniff::{Evidence, Kind, is_request};
use crate::time::Instant;
use alloc::collections::VecDeque;
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
        if let Some(step) = self.sniff() {
            return Ok(Some(step));
        }
        let mut limiter = self.limiter;
        if let Err(until) = limiter.spend(limits.rate, now)
            && (self.framer.has_line() || self.input_ended && self.framer.has_begun())
        {
            return Err(until);
        }
        let line = match self.framer.next_line() {
            None if self.input_ended => self.framer.finish(),
            line => line,
        };
        let Some(line) = line else {
            return Ok(Some(if self.input_ended { Step::EndOfInput } else { Step::Wait(None) }));
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
            Tongue::Plain(_) => plain_line(line.bytes, line.dropped, &mut self.work),
        }
        if self.state == State::Detect && self.sniffer.is_none() {
            self.state = State::ExpectEntry;
            return Ok(Some(Step::Enter(Wish::Port(0), Entrant::Plain)));
        }
        Ok(None)
    }

    /// Looks at what came, for as long as it is not clear what the connection speaks.
    fn sniff(&mut self) -> Option<Step> {
        let evidence = match (self.state, self.listener) {
            (State::Detect, _) => Evidence::Open,
            (State::Register, _) => Evidence::Irc,
            (_, listener) => Evidence::Greeted { may_be_irc: listener == Dialect::Auto },
        };
        let sniffed = self.sniffer.as_mut()?.look(evidence, self.input_ended);
        if !sniffed.noise.is_empty() {
            self.framer.push(sniffed.noise.into());
        }
        match sniffed.kind? {
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
                Step::Enter(Wish::Port(0), Entrant::Plain)
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
}

/// What a line of the plain dialect asks for, and the note that it was cut before it.
fn plain_line(line: &[u8], dropped: usize, work: &mut VecDeque<Work>) {
    if dropped > 0 {
        work.push_back(Work::Ask(Question::Plain(PlainQuestion::LineCut(dropped))));
    }
    work.push_back(Work::Plain(plain_dialect::parse(line, dropped > 0)));
}
