//! Restoring a lost connection.

use super::super::Outcome;
use super::super::address::{Address, ConnectError};
use super::super::conversation::Conversation;
use super::super::handshake::{RefusedRequest, Request, Requests};
use super::TerminalClient;
use super::connection::Connection;
use super::timer::Timer;
use crate::clock::Clock;
use parlor_protocol::{CloseReason, Instant};
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// The delay before the first attempt. Each delay is twice the one before.
const DELAY_MIN: Duration = Duration::from_secs(1);
/// The longest delay between two attempts.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// Attempts before the client gives up: an hour of them.
const ATTEMPTS_MAX: u32 = 120;
/// Requests for a name that is still taken. The server notices within two minutes that the lost connection, which holds the
/// name, is dead.
const NAME_ATTEMPTS_MAX: u32 = 10;
/// The age at which a restored connection is stable: after its loss, the delays start at the shortest again.
const STABLE_AFTER: Duration = Duration::from_secs(60);
/// The age at which a sent line has certainly arrived: otherwise the connection would have broken before.
const UNCONFIRMED_FOR: Duration = Duration::from_secs(90);
/// Unsent lines that are shown. Further ones are only counted.
const UNSENT_SHOWN_MAX: usize = 10;

/// The progress of a reconnect, from the loss until all requests are granted again.
#[derive(Debug)]
pub(super) struct Reconnect {
    since: Instant,
    /// The requests that restore the name, the room and the language.
    requests: Requests,
    name_attempts: u32,
    /// Whether the user has been told that lines are not sent meanwhile.
    pub(super) unsent_notice_shown: bool,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// The name is requested again after this time.
    AskAgain(Timer),
    Connect(oneshot::Receiver<Result<TcpStream, ConnectError>>),
    /// Connected; the server is to grant the requests.
    Enter,
    Wait(Timer),
}

/// An event of a reconnect.
pub(super) enum ReconnectEvent {
    AskAgain,
    Connected(TcpStream),
    /// The attempt failed.
    Failed,
    /// The next attempt is due.
    Try,
}

impl Reconnect {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<ReconnectEvent> {
        let event = match &mut self.step {
            Step::AskAgain(timer) => timer.poll(context).then_some(ReconnectEvent::AskAgain),
            Step::Connect(connected) => match Pin::new(connected).poll(context) {
                Poll::Ready(Ok(Ok(stream))) => Some(ReconnectEvent::Connected(stream)),
                Poll::Ready(Ok(Err(_)) | Err(_)) => Some(ReconnectEvent::Failed),
                Poll::Pending => None,
            },
            Step::Enter => None,
            Step::Wait(timer) => timer.poll(context).then_some(ReconnectEvent::Try),
        };
        event.map_or(Poll::Pending, Poll::Ready)
    }
}

impl TerminalClient<'_> {
    /// Handles the end of a conversation. Returns the outcome for the program, or `None` to reconnect.
    pub(super) fn conversation_ended(&mut self, outcome: Outcome) -> io::Result<Option<Outcome>> {
        if self.is_leaving || !self.options.reconnects {
            return Ok(Some(outcome));
        }
        if self.reconnect.is_some() {
            return match outcome {
                Outcome::Refused(refused) if matches!(refused.request, Request::Name(_)) => {
                    self.name_is_taken(refused)
                }
                Outcome::ConnectionBroken(_) | Outcome::ServerClosed | Outcome::Unanswered(_) => {
                    self.retry_later()
                }
                Outcome::Rejected(CloseReason::AddressFull | CloseReason::ServerFull) => self.retry_later(),
                outcome => Ok(Some(outcome)),
            };
        }
        match outcome {
            Outcome::ConnectionBroken(_) | Outcome::ServerClosed
                if self.connection.conversation().is_granted() =>
            {
                self.begin_reconnect(&outcome)
            }
            // Without requests, a reconnect counts as successful before the server refuses the new connection.
            Outcome::Rejected(CloseReason::AddressFull | CloseReason::ServerFull)
                if self.reconnected_at.is_some() =>
            {
                self.begin_reconnect(&outcome)
            }
            outcome => Ok(Some(outcome)),
        }
    }

    pub(super) fn reconnect_event(&mut self, event: ReconnectEvent) -> io::Result<Option<Outcome>> {
        let timeout = self.options.timeout;
        let Some(reconnect) = &mut self.reconnect else { return Ok(None) };
        match event {
            ReconnectEvent::AskAgain => {
                reconnect.step = Step::Enter;
                self.connection.ask_again(timeout);
                self.connection.write(false);
            }
            ReconnectEvent::Connected(stream) => {
                reconnect.step = Step::Enter;
                let conversation = Conversation::new(reconnect.requests.clone());
                self.connection = Connection::open(stream, conversation, timeout)?;
                self.connection.write(false);
                self.finish_reconnect()?;
            }
            ReconnectEvent::Failed => return self.retry_later(),
            ReconnectEvent::Try => reconnect.step = Step::Connect(connect(&self.options.address, timeout)),
        }
        Ok(None)
    }

    /// Ends the reconnect, and tells the user, if every request is granted.
    pub(super) fn finish_reconnect(&mut self) -> io::Result<()> {
        if !self.connection.conversation().is_granted() {
            return Ok(());
        }
        let Some(reconnect) = self.reconnect.take() else { return Ok(()) };
        let now = self.clock.now().mono;
        self.reconnected_at = Some(now);
        self.show_notices(&[self.texts.reconnected(now.since(reconnect.since), self.has_notes)])
    }

    fn begin_reconnect(&mut self, outcome: &Outcome) -> io::Result<Option<Outcome>> {
        let now = self.clock.now().mono;
        self.attempts = attempts_after_loss(
            self.attempts,
            self.reconnected_at.map(|reconnected_at| now.since(reconnected_at)),
        );
        if self.attempts >= ATTEMPTS_MAX {
            return Ok(Some(Outcome::ReconnectFailed));
        }
        let conversation = self.connection.conversation();
        let requests = conversation.requests_to_restore().clone();
        self.has_notes |= conversation.has_notes();
        let mut lines: Vec<String> = outcome.text(self.texts).into_iter().collect();
        let unsent = self.connection.unsent();
        let is_recent =
            self.last_sent_at.is_some_and(|last_sent_at| now.since(last_sent_at) < UNCONFIRMED_FOR);
        lines.extend(unsent.iter().take(UNSENT_SHOWN_MAX).map(|line| self.texts.not_sent(line)));
        match unsent.len().saturating_sub(UNSENT_SHOWN_MAX) {
            0 if unsent.is_empty() && self.connection.is_unconfirmed() && is_recent => {
                lines.push(self.texts.perhaps_not_sent().to_owned());
            }
            0 => {}
            more => lines.push(self.texts.more_not_sent(more)),
        }
        lines.push(self.texts.reconnecting().to_owned());
        self.connection.close();
        let step = Step::Wait(Timer::after(delay(self.attempts)));
        self.reconnect =
            Some(Reconnect { since: now, requests, name_attempts: 0, unsent_notice_shown: false, step });
        self.show_notices(&lines)?;
        Ok(None)
    }

    fn retry_later(&mut self) -> io::Result<Option<Outcome>> {
        self.attempts += 1;
        if self.attempts >= ATTEMPTS_MAX {
            return Ok(Some(Outcome::ReconnectFailed));
        }
        self.connection.close();
        let timer = Timer::after(delay(self.attempts));
        if let Some(reconnect) = &mut self.reconnect {
            reconnect.step = Step::Wait(timer);
        }
        Ok(None)
    }

    /// Requests the name again later, on the same connection: closing it would announce another member that comes and goes.
    fn name_is_taken(&mut self, refused: RefusedRequest) -> io::Result<Option<Outcome>> {
        let Some(reconnect) = &mut self.reconnect else { return Ok(Some(Outcome::Refused(refused))) };
        reconnect.name_attempts += 1;
        if reconnect.name_attempts > NAME_ATTEMPTS_MAX {
            return Ok(Some(Outcome::Refused(refused)));
        }
        reconnect.step = Step::AskAgain(Timer::after(delay(reconnect.name_attempts)));
        if reconnect.name_attempts == 1 {
            self.show_notices(&[self.texts.name_not_free(&refused)])?;
        }
        Ok(None)
    }
}

/// Returns the number of attempts to count after a loss. `held` is the age of the lost connection, if it was a restored one.
/// A short-lived connection counts as a failed attempt, so that a peer that accepts and closes at once, such as a proxy
/// without its server, is not tried more often than one that does not accept.
fn attempts_after_loss(attempts: u32, held: Option<Duration>) -> u32 {
    if held.is_some_and(|held| held <= STABLE_AFTER) { attempts + 1 } else { 0 }
}

fn delay(attempts: u32) -> Duration {
    DELAY_MIN.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(DELAY_MAX)
}

/// Resolves the host and connects, in a thread of its own, because either may block for long.
fn connect(address: &Address, timeout: Duration) -> oneshot::Receiver<Result<TcpStream, ConnectError>> {
    let (connected, receiver) = oneshot::channel();
    let address = address.clone();
    std::thread::spawn(move || {
        // If the receiver is gone, the connection is dropped.
        drop(connected.send(address.connect(timeout)));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_lived_connection_counts_as_a_failed_attempt() {
        let (short, long) = (Duration::from_secs(1), STABLE_AFTER + Duration::from_secs(1));
        let mut attempts = 7;
        let held = [None, Some(short), Some(short), Some(STABLE_AFTER), Some(long), Some(short)];
        let waits = held.map(|held| {
            attempts = attempts_after_loss(attempts, held);
            delay(attempts).as_secs()
        });
        assert_eq!(waits, [1, 2, 4, 8, 1, 2]);
    }

    #[test]
    fn each_delay_is_twice_the_last_up_to_the_longest() {
        let seconds: Vec<u64> = (0..8).map(|attempts| delay(attempts).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(delay(u32::MAX), DELAY_MAX);
        // The durations stated in the docs of the constants.
        let all: Duration = (0..ATTEMPTS_MAX).map(delay).sum();
        assert!(all > Duration::from_secs(50 * 60), "{all:?}");
        let names: Duration = (1..=NAME_ATTEMPTS_MAX).map(delay).sum();
        assert!(names > Duration::from_secs(120), "{names:?}");
    }
}
