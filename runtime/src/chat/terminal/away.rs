//! A connection that was lost, and how it is made again.

use super::super::Ended;
use super::super::address::{Address, Failed};
use super::super::conversation::Conversation;
use super::super::entry::{Refused, Request, Requests};
use super::Talk;
use super::link::Link;
use super::timer::Timer;
use crate::clock::Clock;
use parlor_protocol::{CloseReason, Instant};
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// The wait before the first try. Each one waits twice as long as the one before.
const DELAY_MIN: Duration = Duration::from_secs(1);
/// The longest wait between two tries.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// Tries after which the program ends: an hour of them.
const TRIES_MAX: u32 = 120;
/// How often a name is asked for that is not free. The server takes two minutes to notice that the connection is
/// gone that had it.
const NAME_TRIES_MAX: u32 = 10;
/// A connection that was made again and holds for this long is a new one: the next loss begins with the shortest wait.
const STABLE_AFTER: Duration = Duration::from_secs(60);
/// What was said longer ago has arrived: the connection would have broken otherwise.
const UNCONFIRMED_FOR: Duration = Duration::from_secs(90);
/// Lines that were not sent, of which each is shown.
const UNSENT_SHOWN_MAX: usize = 10;

/// No connection, or one that is not yet what the lost one was.
#[derive(Debug)]
pub(super) struct Away {
    since: Instant,
    /// What to ask of the server.
    requests: Requests,
    name_tries: u32,
    /// The user knows that what is typed is not sent.
    pub(super) is_told: bool,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// The name is asked for again when this is over.
    AskAgain(Timer),
    Connect(oneshot::Receiver<Result<TcpStream, Failed>>),
    /// The server is to grant what was asked for.
    Enter,
    Wait(Timer),
}

/// What happened while we were away.
pub(super) enum AwayEvent {
    AskAgain,
    Connected(TcpStream),
    /// Nobody answered.
    Failed,
    /// It is time for the next try.
    Try,
}

impl Away {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<AwayEvent> {
        let event = match &mut self.step {
            Step::AskAgain(timer) => timer.poll(context).then_some(AwayEvent::AskAgain),
            Step::Connect(connected) => match Pin::new(connected).poll(context) {
                Poll::Ready(Ok(Ok(stream))) => Some(AwayEvent::Connected(stream)),
                Poll::Ready(Ok(Err(_)) | Err(_)) => Some(AwayEvent::Failed),
                Poll::Pending => None,
            },
            Step::Enter => None,
            Step::Wait(timer) => timer.poll(context).then_some(AwayEvent::Try),
        };
        event.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Talk<'_> {
    /// The conversation ended so. Returns what it is for the program, unless it goes on with another connection.
    pub(super) fn ended(&mut self, ended: Ended) -> io::Result<Option<Ended>> {
        if self.is_leaving || !self.options.reconnects {
            return Ok(Some(ended));
        }
        if self.away.is_some() {
            return match ended {
                Ended::Refused(refused) if matches!(refused.request, Request::Name(_)) => {
                    self.name_is_taken(refused)
                }
                Ended::Broken(_) | Ended::ServerClosed | Ended::Unanswered(_) => self.try_later(),
                Ended::NotLetIn(CloseReason::AddressFull | CloseReason::ServerFull) => self.try_later(),
                ended => Ok(Some(ended)),
            };
        }
        match ended {
            Ended::Broken(_) | Ended::ServerClosed if self.link.conversation().is_entered() => {
                self.begin_away(&ended)
            }
            // Where nothing is asked for, we are back before the server has refused the connection.
            Ended::NotLetIn(CloseReason::AddressFull | CloseReason::ServerFull) if self.back_at.is_some() => {
                self.begin_away(&ended)
            }
            ended => Ok(Some(ended)),
        }
    }

    pub(super) fn away_event(&mut self, event: AwayEvent) -> io::Result<Option<Ended>> {
        let timeout = self.options.timeout;
        let Some(away) = &mut self.away else { return Ok(None) };
        match event {
            AwayEvent::AskAgain => {
                away.step = Step::Enter;
                self.link.ask_again(timeout);
                self.link.write(false);
            }
            AwayEvent::Connected(stream) => {
                away.step = Step::Enter;
                let conversation = Conversation::new(away.requests.clone());
                self.link = Link::open(stream, conversation, timeout)?;
                self.link.write(false);
                self.come_back()?;
            }
            AwayEvent::Failed => return self.try_later(),
            AwayEvent::Try => away.step = Step::Connect(connect(&self.options.address, timeout)),
        }
        Ok(None)
    }

    /// Tells that we are back, if all is granted that was asked for.
    pub(super) fn come_back(&mut self) -> io::Result<()> {
        if !self.link.conversation().is_entered() {
            return Ok(());
        }
        let Some(away) = self.away.take() else { return Ok(()) };
        let now = self.clock.now().mono;
        self.back_at = Some(now);
        self.tell(&[self.texts.back(now.since(away.since), self.has_notes)])
    }

    fn begin_away(&mut self, ended: &Ended) -> io::Result<Option<Ended>> {
        let now = self.clock.now().mono;
        self.tries = tries_after_loss(self.tries, self.back_at.map(|back_at| now.since(back_at)));
        if self.tries >= TRIES_MAX {
            return Ok(Some(Ended::NotRestored));
        }
        let conversation = self.link.conversation();
        let requests = conversation.to_return().clone();
        self.has_notes |= conversation.has_notes();
        let mut lines: Vec<String> = ended.text(self.texts).into_iter().collect();
        let unsent = self.link.unsent();
        let is_recent = self.said_at.is_some_and(|said_at| now.since(said_at) < UNCONFIRMED_FOR);
        lines.extend(unsent.iter().take(UNSENT_SHOWN_MAX).map(|line| self.texts.not_sent(line)));
        match unsent.len().saturating_sub(UNSENT_SHOWN_MAX) {
            0 if unsent.is_empty() && self.link.is_unconfirmed() && is_recent => {
                lines.push(self.texts.perhaps_not_sent().to_owned());
            }
            0 => {}
            more => lines.push(self.texts.more_not_sent(more)),
        }
        lines.push(self.texts.reconnecting().to_owned());
        self.link.close();
        let step = Step::Wait(Timer::after(delay(self.tries)));
        self.away = Some(Away { since: now, requests, name_tries: 0, is_told: false, step });
        self.tell(&lines)?;
        Ok(None)
    }

    fn try_later(&mut self) -> io::Result<Option<Ended>> {
        self.tries += 1;
        if self.tries >= TRIES_MAX {
            return Ok(Some(Ended::NotRestored));
        }
        self.link.close();
        let timer = Timer::after(delay(self.tries));
        if let Some(away) = &mut self.away {
            away.step = Step::Wait(timer);
        }
        Ok(None)
    }

    /// The connection stays, so that nobody else reads of another one that comes and goes.
    fn name_is_taken(&mut self, refused: Refused) -> io::Result<Option<Ended>> {
        let Some(away) = &mut self.away else { return Ok(Some(Ended::Refused(refused))) };
        away.name_tries += 1;
        if away.name_tries > NAME_TRIES_MAX {
            return Ok(Some(Ended::Refused(refused)));
        }
        away.step = Step::AskAgain(Timer::after(delay(away.name_tries)));
        if away.name_tries == 1 {
            self.tell(&[self.texts.name_not_free(&refused)])?;
        }
        Ok(None)
    }
}

/// The tries so far, when a connection is lost that held for this long, or the first one. What accepts connections and
/// closes them, such as a proxy without its server, is tried no more often than what accepts none.
fn tries_after_loss(tries: u32, held: Option<Duration>) -> u32 {
    if held.is_some_and(|held| held <= STABLE_AFTER) { tries + 1 } else { 0 }
}

fn delay(tries: u32) -> Duration {
    DELAY_MIN.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX)).min(DELAY_MAX)
}

/// Looks the host up and connects, in a thread of its own: either may take long.
fn connect(address: &Address, timeout: Duration) -> oneshot::Receiver<Result<TcpStream, Failed>> {
    let (connected, receiver) = oneshot::channel();
    let address = address.clone();
    std::thread::spawn(move || {
        // Where nobody waits any more, the connection closes.
        drop(connected.send(address.connect(timeout)));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_does_not_hold_is_a_try_that_failed() {
        let (short, long) = (Duration::from_secs(1), STABLE_AFTER + Duration::from_secs(1));
        let mut tries = 7;
        let held = [None, Some(short), Some(short), Some(STABLE_AFTER), Some(long), Some(short)];
        let waits = held.map(|held| {
            tries = tries_after_loss(tries, held);
            delay(tries).as_secs()
        });
        assert_eq!(waits, [1, 2, 4, 8, 1, 2]);
    }

    #[test]
    fn each_wait_is_twice_as_long_up_to_the_longest() {
        let seconds: Vec<u64> = (0..8).map(|tries| delay(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(delay(u32::MAX), DELAY_MAX);
        // What the limits say of themselves.
        let all: Duration = (0..TRIES_MAX).map(delay).sum();
        assert!(all > Duration::from_secs(50 * 60), "{all:?}");
        let names: Duration = (1..=NAME_TRIES_MAX).map(delay).sum();
        assert!(names > Duration::from_secs(120), "{names:?}");
    }
}
