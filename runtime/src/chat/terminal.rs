//! The client on a terminal.
//!
//! One task does everything: it reads keys and the server, and is the only one that writes to the terminal. So
//! what comes in never meets a line that is half drawn, and the server's end is seen while somebody types.

mod away;
mod link;
mod signals;
mod timer;
mod tty;
mod typing;

use super::Ended;
use super::conversation::Conversation;
use super::editor::Editor;
use super::incoming::Incoming;
use super::keys::Keys;
use super::options::Options;
use super::screen::Screen;
use super::texts::Texts;
use super::times::Times;
use super::vocabulary::Vocabulary;
use crate::clock::SystemClock;
use away::{Away, AwayEvent};
use link::{Link, LinkEvent};
use parlor_protocol::Instant;
use signals::{Signalled, Signals};
use std::future::poll_fn;
use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll};
use std::time::Duration;
use timer::Timer;
use tokio::sync::mpsc;
use tty::{Tty, read_keys, size};
use typing::Pasting;

/// Bytes that wait for a slow server before no more keys are taken.
const OUTGOING_BYTES_MAX: usize = 256 << 10;

/// A line without its end is shown after this: with the drawing, within a tenth of a second.
const PART_AFTER: Duration = Duration::from_millis(80);
/// What comes this long after it is no longer taken for its rest.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How long the server has to close after the user left.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

/// Talks until either side has enough.
pub(super) fn talk(stream: TcpStream, conversation: Conversation, options: &Options, texts: Texts) -> Ended {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ended::Unusable(error),
    };
    runtime.block_on(async {
        match Talk::begin(stream, conversation, options, texts) {
            Ok(talk) => talk.run().await,
            Err(error) => Ended::Unusable(error),
        }
    })
}

/// The next thing to react to.
enum Happening {
    Away(AwayEvent),
    /// The user pressed keys, or the terminal is gone.
    Keys(Option<Vec<u8>>),
    /// The user has left, and the server did not close in time.
    LeaveDeadline,
    Link(LinkEvent),
    /// A line without its end has waited long enough for it.
    PartDeadline,
    /// Nothing has followed what was pasted.
    PasteSettled,
    /// Nothing has followed for long what was shown without its end.
    SettleDeadline,
    Signalled(Signalled),
}

/// A conversation.
struct Talk<'a> {
    options: &'a Options,
    texts: Texts,
    clock: SystemClock,
    times: Option<Times>,
    link: Link,
    /// The connection was lost, and is not yet what it was.
    away: Option<Away>,
    /// Tries to connect since a connection held for long.
    tries: u32,
    /// When a lost connection was there again.
    back_at: Option<Instant>,
    /// When something was said last.
    said_at: Option<Instant>,
    /// The server of the lost connection knew commands.
    has_notes: bool,
    signals: Signals,
    pressed: mpsc::Receiver<Vec<u8>>,
    tty: Tty,
    keys: Keys,
    editor: Editor,
    pasting: Pasting,
    screen: Screen,
    incoming: Incoming,
    vocabulary: Vocabulary,
    /// When what came of a line is shown without its end.
    part_deadline: Timer,
    /// When what was shown so is taken for a whole message.
    settle_deadline: Timer,
    /// When the server had its time to close.
    leave_deadline: Timer,
    /// The user has left.
    is_leaving: bool,
    /// No more keys come.
    keys_ended: bool,
}

impl<'a> Talk<'a> {
    fn begin(
        stream: TcpStream,
        conversation: Conversation,
        options: &'a Options,
        texts: Texts,
    ) -> io::Result<Self> {
        let signals = Signals::watch()?;
        let link = Link::open(stream, conversation, options.timeout)?;
        let tty = Tty::enter()?;
        let (columns, rows) = size();
        let clock = SystemClock::start();
        let mut vocabulary = Vocabulary::new();
        options.requests.room.iter().for_each(|room| vocabulary.learn_room(&room.name));
        Ok(Self {
            options,
            texts,
            times: options.shows_times.then(Times::new),
            link,
            away: None,
            tries: 0,
            back_at: None,
            clock,
            said_at: None,
            has_notes: false,
            signals,
            pressed: read_keys(),
            tty,
            keys: Keys::default(),
            editor: Editor::new(),
            pasting: Pasting::None,
            screen: Screen::new(columns, rows),
            incoming: Incoming::default(),
            vocabulary,
            part_deadline: Timer::default(),
            settle_deadline: Timer::default(),
            leave_deadline: Timer::default(),
            is_leaving: false,
            keys_ended: false,
        })
    }

    async fn run(mut self) -> Ended {
        let ended = match self.draw_after(String::new()) {
            Ok(()) => self.go_on().await,
            Err(error) => Ended::Unusable(error),
        };
        // What is printed next goes below a line that nobody will hear, and in the place of an empty one.
        let mut out = String::new();
        match self.editor.text() {
            "" => self.screen.erase(&mut out),
            _ if self.is_leaving => {}
            text => self.screen.leave(&mut out, text),
        }
        tty::write(&out).ok();
        ended
    }

    async fn go_on(&mut self) -> Ended {
        loop {
            let done = match poll_fn(|context| self.poll(context)).await {
                Happening::Away(event) => self.away_event(event),
                Happening::Keys(Some(bytes)) => self.press(&bytes),
                Happening::Keys(None) => self.keys_ended(),
                Happening::LeaveDeadline => Ok(Some(Ended::Left)),
                Happening::Link(event) => self.link_event(&event),
                Happening::PartDeadline => self.show_part().map(|()| None),
                Happening::PasteSettled => self.paste_settled().map(|()| None),
                Happening::SettleDeadline => {
                    self.incoming.settle();
                    Ok(None)
                }
                Happening::Signalled(signalled) => self.signalled(&signalled),
            };
            match done {
                Ok(None) => {}
                Ok(Some(ended)) => return ended,
                Err(error) => return Ended::Unusable(error),
            }
        }
    }

    /// What happens next; of several things, the first in this order.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        if let Poll::Ready(signalled) = self.signals.poll(context) {
            return Poll::Ready(Happening::Signalled(signalled));
        }
        if self.link.waiting_bytes() < OUTGOING_BYTES_MAX
            && !self.keys_ended
            && let Poll::Ready(keys) = self.pressed.poll_recv(context)
        {
            return Poll::Ready(Happening::Keys(keys));
        }
        if self.leave_deadline.poll(context) {
            return Poll::Ready(Happening::LeaveDeadline);
        }
        if self.pasting.poll(context) {
            return Poll::Ready(Happening::PasteSettled);
        }
        if let Some(away) = &mut self.away
            && let Poll::Ready(event) = away.poll(context)
        {
            return Poll::Ready(Happening::Away(event));
        }
        // A line whose rest is here already is not shown in parts.
        if let Poll::Ready(event) = self.link.poll(context) {
            return Poll::Ready(Happening::Link(event));
        }
        if self.part_deadline.poll(context) {
            return Poll::Ready(Happening::PartDeadline);
        }
        if self.settle_deadline.poll(context) {
            return Poll::Ready(Happening::SettleDeadline);
        }
        Poll::Pending
    }

    fn link_event(&mut self, event: &LinkEvent) -> io::Result<Option<Ended>> {
        match event {
            LinkEvent::EntryDeadline => match self.link.conversation().unanswered() {
                Some(ended) => self.ended(ended),
                None => Ok(None),
            },
            LinkEvent::Readable => self.read(),
            LinkEvent::Writable => {
                self.link.write(self.is_leaving);
                Ok(None)
            }
        }
    }

    fn signalled(&mut self, signalled: &Signalled) -> io::Result<Option<Ended>> {
        match signalled {
            Signalled::End => return Ok(Some(Ended::Forced)),
            Signalled::Resized => {}
            Signalled::Resumed => self.tty.resume()?,
        }
        self.fit();
        self.draw_after(String::new())?;
        Ok(None)
    }

    fn read(&mut self) -> io::Result<Option<Ended>> {
        let (mut shown, mut lines) = (Vec::new(), Vec::new());
        let ended = self.link.read(self.is_leaving, &mut shown);
        self.incoming.receive(&shown, &mut lines);
        if matches!(ended, Some(Ended::Refused(_)) | None) {
            self.set_part_deadlines(lines.is_empty());
        } else {
            lines.extend(self.incoming.end());
            self.incoming = Incoming::default();
            self.part_deadline.unset();
            self.settle_deadline.unset();
        }
        self.show_lines(&lines)?;
        self.link.write(self.is_leaving);
        match ended {
            Some(ended) => self.ended(ended),
            None => self.come_back().map(|()| None),
        }
    }

    /// A part waits from its first byte on, however slowly the others come.
    fn set_part_deadlines(&mut self, is_same_line: bool) {
        if !self.incoming.has_part() {
            self.part_deadline.unset();
        } else if !self.part_deadline.is_set() || !is_same_line {
            self.part_deadline.set(PART_AFTER);
        }
        if !self.incoming.continues() {
            self.settle_deadline.unset();
        }
    }

    fn show_part(&mut self) -> io::Result<()> {
        let part: Vec<String> = self.incoming.part().into_iter().collect();
        self.settle_deadline.set(SETTLED_AFTER);
        self.show_lines(&part)
    }

    /// The server's lines go above the line being typed.
    fn show_lines(&mut self, lines: &[String]) -> io::Result<()> {
        lines.iter().for_each(|line| self.vocabulary.hear(line));
        self.show_above(lines)
    }

    /// The program's own lines go there, too.
    fn tell(&mut self, texts: &[String]) -> io::Result<()> {
        let lines: Vec<String> = texts.iter().map(|text| format!("parlor: {text}")).collect();
        self.show_above(&lines)
    }

    /// The same for one line among other things that are to be shown.
    fn tell_into(&mut self, out: &mut String, text: &str) {
        self.screen.erase(out);
        self.push_line(out, &format!("parlor: {text}"));
    }

    fn show_above(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        // The signal of a change may come behind the line.
        self.fit();
        let mut out = String::new();
        self.screen.erase(&mut out);
        lines.iter().for_each(|line| self.push_line(&mut out, line));
        self.draw_after(out)
    }

    fn push_line(&self, out: &mut String, line: &str) {
        out.extend(self.times.as_ref().map(Times::now));
        out.push_str(line);
        out.push_str("\r\n");
    }

    fn draw_after(&mut self, mut out: String) -> io::Result<()> {
        if !self.is_leaving {
            self.screen.erase(&mut out);
            let (prompt, line, position) = self.typed();
            let line = line.to_owned();
            self.screen.draw(&mut out, &prompt, &line, position);
        }
        tty::write(&out)
    }

    /// The terminal has gone, and with it the user.
    fn keys_ended(&mut self) -> io::Result<Option<Ended>> {
        self.keys_ended = true;
        if self.away.is_some() {
            return Ok(Some(Ended::GaveUp));
        }
        let mut out = String::new();
        self.begin_leave(&mut out);
        self.link.write(true);
        tty::write(&out)?;
        Ok(None)
    }

    /// The user goes: there is no line to type any more, and the server has its time to close.
    fn begin_leave(&mut self, out: &mut String) {
        if !self.is_leaving {
            self.screen.erase(out);
            self.is_leaving = true;
            self.leave_deadline.set(LEAVE_DEADLINE);
        }
    }

    /// Knows the terminal's size as it is now.
    fn fit(&mut self) {
        let (columns, rows) = size();
        self.screen.resize(columns, rows);
    }
}
