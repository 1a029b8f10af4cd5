//! How lines become work: what is read of a connection's input, and when.

use super::work::Work;
use super::{Afresh, Entrant, PlainQuestion, Question, Session, State, Step, Tongue};
use crate::command::Wish;
use crate::dialect::irc::detect::{Detected, detect, is_tls};
use crate::dialect::plain as plain_dialect;
use crate::hub::Options;
use crate::id::MemberId;
use crate::limits::Limits;
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
            if self.state == State::Detect && is_tls(self.framer.begun()) {
                return Ok(Some(Step::Tls));
            }
            return Ok(Some(if self.input_ended { Step::EndOfInput } else { Step::Wait(None) }));
        };
        self.limiter = limiter;
        if self.state == State::Detect || core::mem::take(&mut self.silent) {
            return Ok(match (detect(line.bytes), self.state) {
                _ if self.state == State::Detect && is_tls(line.bytes) => Some(Step::Tls),
                // One that connects before it has something to ask was silent, too.
                (Detected::Http, _) => Some(Step::Http),
                (Detected::Irc, State::Detect) => {
                    let line = Bytes::copy_from_slice(line.bytes);
                    self.begin_irc();
                    if let Tongue::Irc(client) = &mut self.tongue {
                        self.work.extend(client.line(&line, 0, member, limits, options));
                    }
                    Some(Step::BeginIrc)
                }
                (Detected::Irc, _) => {
                    self.afresh = Some(Afresh(Bytes::copy_from_slice(line.bytes)));
                    Some(Step::StartAfresh)
                }
                (Detected::Plain, state) => {
                    plain_line(line.bytes, line.dropped, limits, &mut self.work);
                    self.framer.set_line_bytes_max(limits.line_bytes_max);
                    if state == State::Detect {
                        self.state = State::ExpectEntry;
                        return Ok(Some(Step::Enter(Wish::Port(0), Entrant::Plain)));
                    }
                    None
                }
            });
        }
        // A page in somebody's browser may try to say something in its name.
        if self.state == State::Register && detect(line.bytes) == Detected::Http {
            return Ok(Some(Step::Http));
        }
        match &mut self.tongue {
            Tongue::Irc(client) => {
                let work = client.line(line.bytes, line.dropped, member, limits, options);
                // To say a thing to twenty rooms costs as much as to say it twenty times.
                let heard = work.iter().filter(|work| work.is_heard()).count();
                self.limiter.charge(heard.saturating_sub(1), limits.rate, now);
                self.work.extend(work);
            }
            Tongue::Plain(_) => plain_line(line.bytes, line.dropped, limits, &mut self.work),
        }
        Ok(None)
    }
}

/// What a line of the plain dialect asks for, and the note that it was cut before it.
fn plain_line(line: &[u8], dropped: usize, limits: &Limits, work: &mut VecDeque<Work>) {
    // One that came while any dialect was possible may be longer.
    let kept = line.len().min(limits.line_bytes_max);
    let dropped = dropped + line.len() - kept;
    if dropped > 0 {
        work.push_back(Work::Ask(Question::Plain(PlainQuestion::LineCut(dropped))));
    }
    work.push_back(Work::Plain(plain_dialect::parse(&line[..kept], dropped > 0)));
}
