//! The client on a terminal.
//!
//! One task reads the keys and the server, and it alone writes to the terminal. So a received line never mixes with a
//! half-drawn one, and the end of the connection is noticed while the user types.

mod connection;
mod reconnect;
mod signal;
mod timer;
mod tty;
mod typing;

use super::Outcome;
use super::conversation::Conversation;
use super::editor::Editor;
use super::incoming::Incoming;
use super::keys::Keys;
use super::options::Options;
use super::screen::Screen;
use super::texts::Texts;
use super::timestamps::Timestamps;
use super::vocabulary::Vocabulary;
use crate::clock::SystemClock;
use connection::{Connection, ConnectionEvent};
use parlor_protocol::Instant;
use reconnect::{Reconnect, ReconnectEvent};
use signal::{SignalEvent, Signals};
use std::future::poll_fn;
use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll};
use std::time::Duration;
use timer::Timer;
use tokio::sync::mpsc;
use tty::{Tty, read_keys, size};
use typing::PasteState;

/// Bytes that wait for a slow server before the client stops reading keys.
const OUTGOING_BYTES_MAX: usize = 256 << 10;

/// The time after which an unfinished line is shown. With the drawing, the user sees it within a tenth of a second.
const PART_AFTER: Duration = Duration::from_millis(80);
/// The time after which text is no longer taken for the rest of an unfinished line.
const PART_ENDS_AFTER: Duration = Duration::from_secs(1);
/// The time for the server to close after the user left.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

/// Runs the client until the conversation ends.
pub(super) fn run(stream: TcpStream, conversation: Conversation, options: &Options, texts: Texts) -> Outcome {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Outcome::IoFailed(error),
    };
    runtime.block_on(async {
        match TerminalClient::begin(stream, conversation, options, texts) {
            Ok(client) => client.run().await,
            Err(error) => Outcome::IoFailed(error),
        }
    })
}

/// An event that the client reacts to.
enum ClientEvent {
    Connection(ConnectionEvent),
    /// The bytes of keys, or `None` if the terminal is gone.
    Keys(Option<Vec<u8>>),
    /// The server did not close in time after the user left.
    LeaveDeadline,
    /// An unfinished line has waited long enough to be shown.
    PartDeadline,
    /// Nothing followed a part of a line that was shown.
    PartEndDeadline,
    /// Nothing followed an unmarked paste.
    PasteEnded,
    Reconnect(ReconnectEvent),
    Signal(SignalEvent),
}

/// The client on a terminal.
struct TerminalClient<'a> {
    options: &'a Options,
    texts: Texts,
    clock: SystemClock,
    times: Option<Timestamps>,
    connection: Connection,
    /// The progress of a reconnect; `None` while connected.
    reconnect: Option<Reconnect>,
    /// Attempts to connect since a connection was stable.
    attempts: u32,
    /// The time of the last reconnect.
    reconnected_at: Option<Instant>,
    /// The time at which the user sent the last line.
    last_sent_at: Option<Instant>,
    /// Whether the server of the lost connection supports commands.
    has_notes: bool,
    signals: Signals,
    pressed: mpsc::Receiver<Vec<u8>>,
    tty: Tty,
    keys: Keys,
    editor: Editor,
    paste_state: PasteState,
    screen: Screen,
    incoming: Incoming,
    vocabulary: Vocabulary,
    /// The time to show an unfinished line.
    part_deadline: Timer,
    /// The time at which a part that was shown counts as a whole line.
    part_end_deadline: Timer,
    /// The end of the server's time to close.
    leave_deadline: Timer,
    /// Whether the user has left.
    is_leaving: bool,
    /// Whether the terminal is gone, and no more keys come.
    keys_ended: bool,
}

impl<'a> TerminalClient<'a> {
    fn begin(
        stream: TcpStream,
        conversation: Conversation,
        options: &'a Options,
        texts: Texts,
    ) -> io::Result<Self> {
        let signals = Signals::watch()?;
        let connection = Connection::open(stream, conversation, options.timeout)?;
        let tty = Tty::enter()?;
        let (columns, rows) = size();
        let clock = SystemClock::start();
        let mut vocabulary = Vocabulary::new();
        options.requests.room.iter().for_each(|room| vocabulary.learn_room(&room.name));
        Ok(Self {
            options,
            texts,
            times: options.shows_times.then(Timestamps::new),
            connection,
            reconnect: None,
            attempts: 0,
            reconnected_at: None,
            clock,
            last_sent_at: None,
            has_notes: false,
            signals,
            pressed: read_keys(),
            tty,
            keys: Keys::default(),
            editor: Editor::new(),
            paste_state: PasteState::None,
            screen: Screen::new(columns, rows),
            incoming: Incoming::default(),
            vocabulary,
            part_deadline: Timer::default(),
            part_end_deadline: Timer::default(),
            leave_deadline: Timer::default(),
            is_leaving: false,
            keys_ended: false,
        })
    }

    async fn run(mut self) -> Outcome {
        let ended = match self.draw_after(String::new()) {
            Ok(()) => self.event_loop().await,
            Err(error) => Outcome::IoFailed(error),
        };
        // The last line of the program replaces an empty line, and goes below one that will never be sent.
        let mut out = String::new();
        match self.editor.text() {
            "" => self.screen.erase(&mut out),
            _ if self.is_leaving => {}
            text => self.screen.commit(&mut out, text),
        }
        tty::write(&out).ok();
        ended
    }

    async fn event_loop(&mut self) -> Outcome {
        loop {
            let done = match poll_fn(|context| self.poll(context)).await {
                ClientEvent::Reconnect(event) => self.reconnect_event(event),
                ClientEvent::Keys(Some(bytes)) => self.press(&bytes),
                ClientEvent::Keys(None) => self.keys_ended(),
                ClientEvent::LeaveDeadline => Ok(Some(Outcome::Left)),
                ClientEvent::Connection(event) => self.connection_event(&event),
                ClientEvent::PartDeadline => self.show_part().map(|()| None),
                ClientEvent::PasteEnded => self.paste_ended().map(|()| None),
                ClientEvent::PartEndDeadline => {
                    self.incoming.end_part();
                    Ok(None)
                }
                ClientEvent::Signal(signal_event) => self.signal_event(&signal_event),
            };
            match done {
                Ok(None) => {}
                Ok(Some(ended)) => return ended,
                Err(error) => return Outcome::IoFailed(error),
            }
        }
    }

    /// Polls for the next event. If several are ready, the first in this order counts.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ClientEvent> {
        if let Poll::Ready(signal_event) = self.signals.poll(context) {
            return Poll::Ready(ClientEvent::Signal(signal_event));
        }
        if self.connection.waiting_bytes() < OUTGOING_BYTES_MAX
            && !self.keys_ended
            && let Poll::Ready(keys) = self.pressed.poll_recv(context)
        {
            return Poll::Ready(ClientEvent::Keys(keys));
        }
        if self.leave_deadline.poll(context) {
            return Poll::Ready(ClientEvent::LeaveDeadline);
        }
        if self.paste_state.poll(context) {
            return Poll::Ready(ClientEvent::PasteEnded);
        }
        if let Some(reconnect) = &mut self.reconnect
            && let Poll::Ready(event) = reconnect.poll(context)
        {
            return Poll::Ready(ClientEvent::Reconnect(event));
        }
        // Before the deadline of a part: a line whose rest has arrived is not shown in parts.
        if let Poll::Ready(event) = self.connection.poll(context) {
            return Poll::Ready(ClientEvent::Connection(event));
        }
        if self.part_deadline.poll(context) {
            return Poll::Ready(ClientEvent::PartDeadline);
        }
        if self.part_end_deadline.poll(context) {
            return Poll::Ready(ClientEvent::PartEndDeadline);
        }
        Poll::Pending
    }

    fn connection_event(&mut self, event: &ConnectionEvent) -> io::Result<Option<Outcome>> {
        match event {
            ConnectionEvent::GrantDeadline => match self.connection.conversation().unanswered() {
                Some(ended) => self.conversation_ended(ended),
                None => Ok(None),
            },
            ConnectionEvent::Readable => self.read(),
            ConnectionEvent::Writable => {
                self.connection.write(self.is_leaving);
                Ok(None)
            }
        }
    }

    fn signal_event(&mut self, signal_event: &SignalEvent) -> io::Result<Option<Outcome>> {
        match signal_event {
            SignalEvent::End => return Ok(Some(Outcome::Forced)),
            SignalEvent::Resized => {}
            SignalEvent::Resumed => self.tty.resume()?,
        }
        self.update_size();
        self.draw_after(String::new())?;
        Ok(None)
    }

    fn read(&mut self) -> io::Result<Option<Outcome>> {
        let (mut shown, mut lines) = (Vec::new(), Vec::new());
        let ended = self.connection.read(self.is_leaving, &mut shown);
        self.incoming.receive(&shown, &mut lines);
        if matches!(ended, Some(Outcome::Refused(_)) | None) {
            self.set_part_deadlines(lines.is_empty());
        } else {
            lines.extend(self.incoming.end());
            self.incoming = Incoming::default();
            self.part_deadline.unset();
            self.part_end_deadline.unset();
        }
        self.show_lines(&lines)?;
        self.connection.write(self.is_leaving);
        match ended {
            Some(ended) => self.conversation_ended(ended),
            None => self.finish_reconnect().map(|()| None),
        }
    }

    /// Sets the deadline of an unfinished line, counted from its first byte.
    fn set_part_deadlines(&mut self, is_same_line: bool) {
        if !self.incoming.has_part() {
            self.part_deadline.unset();
        } else if !self.part_deadline.is_set() || !is_same_line {
            self.part_deadline.set(PART_AFTER);
        }
        if !self.incoming.continues() {
            self.part_end_deadline.unset();
        }
    }

    fn show_part(&mut self) -> io::Result<()> {
        let part: Vec<String> = self.incoming.part().into_iter().collect();
        self.part_end_deadline.set(PART_ENDS_AFTER);
        self.show_lines(&part)
    }

    /// Shows lines of the server above the line being typed.
    fn show_lines(&mut self, lines: &[String]) -> io::Result<()> {
        lines.iter().for_each(|line| self.vocabulary.receive(line));
        self.show_above(lines)
    }

    /// Shows lines of the client's own above the line being typed.
    fn show_notices(&mut self, texts: &[String]) -> io::Result<()> {
        let lines: Vec<String> = texts.iter().map(|text| format!("parlor: {text}")).collect();
        self.show_above(&lines)
    }

    /// Appends a line of the client's own to other output.
    fn push_notice(&mut self, out: &mut String, text: &str) {
        self.screen.erase(out);
        self.push_line(out, &format!("parlor: {text}"));
    }

    fn show_above(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        // The signal of a new size may come after this line.
        self.update_size();
        let mut out = String::new();
        self.screen.erase(&mut out);
        lines.iter().for_each(|line| self.push_line(&mut out, line));
        self.draw_after(out)
    }

    fn push_line(&self, out: &mut String, line: &str) {
        out.extend(self.times.as_ref().map(Timestamps::now));
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

    /// Leaves, because the terminal is gone.
    fn keys_ended(&mut self) -> io::Result<Option<Outcome>> {
        self.keys_ended = true;
        if self.reconnect.is_some() {
            return Ok(Some(Outcome::LeftDisconnected));
        }
        let mut out = String::new();
        self.begin_leave(&mut out);
        self.connection.write(true);
        tty::write(&out)?;
        Ok(None)
    }

    /// Leaves: removes the line being typed, and starts the server's time to close.
    fn begin_leave(&mut self, out: &mut String) {
        if !self.is_leaving {
            self.screen.erase(out);
            self.is_leaving = true;
            self.leave_deadline.set(LEAVE_DEADLINE);
        }
    }

    /// Takes over the terminal's current size.
    fn update_size(&mut self) {
        let (columns, rows) = size();
        self.screen.resize(columns, rows);
    }
}
