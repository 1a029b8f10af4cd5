//! The client on a terminal.
//!
//! One task does everything: it reads keys and the server, and is the only one that writes to the terminal. So
//! what comes in never meets a line that is half drawn, and the server's end is seen while somebody types.

use super::Ended;
use super::conversation::Conversation;
use super::editor::{Did, Editor};
use super::incoming::Incoming;
use super::keys::Keys;
use super::options::Options;
use super::screen::Screen;
use rustix::process::{Signal as Number, kill_current_process_group};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcgetwinsize, tcsetattr};
use socket2::SockRef;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

/// Bytes that one read of the server takes.
const READ_BYTES: usize = 16 << 10;
/// Bytes that one read of the terminal takes.
const KEYS_BYTES: usize = 1 << 10;
/// Reads of the terminal that wait to be looked at.
const KEYS_MAX: usize = 4;
/// Bytes that wait for a slow server before no more keys are taken.
const OUTGOING_BYTES_MAX: usize = 256 << 10;

/// Says that a key did nothing.
const BELL: char = '\x07';

/// A line without its end is shown after this: with the drawing, within a tenth of a second.
const PART_AFTER: Duration = Duration::from_millis(80);
/// What comes this long after it is no longer taken for its rest.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How long the server has to close after the user left.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

/// Talks until either side has enough.
pub(super) fn talk(stream: std::net::TcpStream, conversation: Conversation, options: &Options) -> Ended {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ended::Unusable(error),
    };
    runtime.block_on(async {
        match Talk::begin(stream, conversation, options) {
            Ok(talk) => talk.run().await,
            Err(error) => Ended::Unusable(error),
        }
    })
}

/// A terminal that gives every key as it is pressed; it is as before when this is dropped.
#[derive(Debug)]
struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    fn begin() -> io::Result<Self> {
        let terminal = Self { before: tcgetattr(io::stdin())? };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.input_modes -= InputModes::BRKINT | InputModes::ICRNL | InputModes::INPCK;
        raw.input_modes -= InputModes::ISTRIP | InputModes::IXON;
        raw.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead is kept.
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?)
    }

    fn leave(&self) -> io::Result<()> {
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &self.before)?)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        self.leave().ok();
    }
}

/// What happens next.
enum Happening {
    /// The server had its time to grant what was asked for.
    EntryDeadline,
    /// The user pressed keys, or the terminal is gone.
    Keys(Option<Vec<u8>>),
    /// The user has left, and the server did not close in time.
    LeaveDeadline,
    /// A line without its end has waited long enough for it.
    PartDeadline,
    /// The server has sent something, or closed.
    Readable,
    /// The terminal has another size.
    Resized,
    /// The program goes on after it was suspended.
    Resumed,
    /// Nothing has followed for long what was shown without its end.
    SettleDeadline,
    /// A signal tells the program to end.
    Told,
    /// The server takes bytes again.
    Writable,
}

struct Signals {
    resumed: Signal,
    resized: Signal,
    told: [Signal; 3],
}

impl Signals {
    fn watch() -> io::Result<Self> {
        // SIGCONT has no name in `SignalKind`.
        let resumed = signal(SignalKind::from_raw(Number::CONT.as_raw()))?;
        let resized = signal(SignalKind::window_change())?;
        let told = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { resumed, resized, told })
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        if self.told.iter_mut().any(|told| told.poll_recv(context).is_ready()) {
            return Poll::Ready(Happening::Told);
        }
        if self.resumed.poll_recv(context).is_ready() {
            return Poll::Ready(Happening::Resumed);
        }
        self.resized.poll_recv(context).map(|_| Happening::Resized)
    }
}

/// A conversation.
struct Talk {
    stream: TcpStream,
    signals: Signals,
    pressed: mpsc::Receiver<Vec<u8>>,
    terminal: RawTerminal,
    keys: Keys,
    editor: Editor,
    screen: Screen,
    incoming: Incoming,
    conversation: Conversation,
    /// What the server has not taken yet.
    outgoing: Vec<u8>,
    /// What was said before the server granted what was asked for, and is sent then.
    held: Vec<u8>,
    /// When the server had its time to do so.
    entry_deadline: Option<Pin<Box<Sleep>>>,
    /// When what came of a line is shown without its end.
    part_deadline: Option<Pin<Box<Sleep>>>,
    /// When what was shown so is taken for a whole message.
    settle_deadline: Option<Pin<Box<Sleep>>>,
    /// When the server had its time to close.
    leave_deadline: Option<Pin<Box<Sleep>>>,
    /// The user has left.
    is_leaving: bool,
    /// No more keys come.
    keys_ended: bool,
    /// The server knows that nothing more comes, or takes no more.
    write_closed: bool,
}

impl Talk {
    fn begin(
        stream: std::net::TcpStream,
        mut conversation: Conversation,
        options: &Options,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let signals = Signals::watch()?;
        let stream = TcpStream::from_std(stream)?;
        let terminal = RawTerminal::begin()?;
        let (columns, rows) = size();
        Ok(Self {
            stream,
            signals,
            pressed: read_keys(),
            terminal,
            keys: Keys::default(),
            editor: Editor::new(),
            screen: Screen::new(columns, rows),
            incoming: Incoming::default(),
            outgoing: conversation.take_to_send().into_bytes(),
            held: Vec::new(),
            entry_deadline: (!conversation.is_entered()).then(|| Box::pin(sleep(options.timeout))),
            conversation,
            part_deadline: None,
            settle_deadline: None,
            leave_deadline: None,
            is_leaving: false,
            keys_ended: false,
            write_closed: false,
        })
    }

    async fn run(mut self) -> Ended {
        let ended = match self.draw() {
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
        show(&out).ok();
        ended
    }

    async fn go_on(&mut self) -> Ended {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let done = match poll_fn(|context| self.poll(context)).await {
                Happening::EntryDeadline => Ok(self.conversation.unanswered()),
                Happening::Keys(Some(bytes)) => self.press(&bytes),
                Happening::Keys(None) => self.keys_ended().map(|()| None),
                Happening::LeaveDeadline => Ok(Some(Ended::Left)),
                Happening::PartDeadline => self.show_part().map(|()| None),
                Happening::Readable => self.read(&mut buffer),
                Happening::Resized => self.resize().map(|()| None),
                Happening::Resumed => self.resume().map(|()| None),
                Happening::SettleDeadline => {
                    self.incoming.settle();
                    Ok(None)
                }
                Happening::Told => Ok(Some(Ended::Forced)),
                Happening::Writable => {
                    self.write();
                    Ok(None)
                }
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
        if let Poll::Ready(happening) = self.signals.poll(context) {
            return Poll::Ready(happening);
        }
        if self.outgoing.len() + self.held.len() < OUTGOING_BYTES_MAX
            && !self.keys_ended
            && let Poll::Ready(keys) = self.pressed.poll_recv(context)
        {
            return Poll::Ready(Happening::Keys(keys));
        }
        if is_over(&mut self.leave_deadline, context) {
            return Poll::Ready(Happening::LeaveDeadline);
        }
        let is_open = !self.outgoing.is_empty() && !self.write_closed;
        if is_open && self.stream.poll_write_ready(context).is_ready() {
            return Poll::Ready(Happening::Writable);
        }
        // A line whose rest is here already is not shown in parts.
        if self.stream.poll_read_ready(context).is_ready() {
            return Poll::Ready(Happening::Readable);
        }
        if is_over(&mut self.entry_deadline, context) {
            return Poll::Ready(Happening::EntryDeadline);
        }
        if is_over(&mut self.part_deadline, context) {
            return Poll::Ready(Happening::PartDeadline);
        }
        if is_over(&mut self.settle_deadline, context) {
            return Poll::Ready(Happening::SettleDeadline);
        }
        Poll::Pending
    }

    fn press(&mut self, bytes: &[u8]) -> io::Result<Option<Ended>> {
        self.fit();
        let mut out = String::new();
        for key in self.keys.receive(bytes) {
            let did = self.editor.press(key);
            if self.is_leaving {
                match did {
                    Did::Interrupt | Did::Leave => return Ok(Some(Ended::Forced)),
                    _ => continue,
                }
            }
            match did {
                Did::Edit | Did::Nothing => {}
                Did::ClearScreen => {
                    self.screen.forget();
                    out.push_str("\x1b[H\x1b[2J");
                }
                Did::Full => out.push(BELL),
                Did::Interrupt | Did::Leave => self.begin_leave(&mut out),
                Did::Line(line) => self.send(&mut out, &line),
                Did::Suspend => self.suspend(&mut out)?,
            }
        }
        self.draw_after(out)?;
        self.write();
        Ok(None)
    }

    /// Says a line; an empty one says nothing.
    fn send(&mut self, out: &mut String, line: &str) {
        if line.is_empty() {
            return;
        }
        self.screen.leave(out, line);
        let bytes = format!("{line}\n").into_bytes();
        self.conversation.sends(&bytes);
        let is_entered = self.conversation.is_entered();
        let to = if is_entered { &mut self.outgoing } else { &mut self.held };
        to.extend_from_slice(&bytes);
    }

    /// Writes what the server takes now.
    fn write(&mut self) {
        while !self.outgoing.is_empty() && !self.write_closed {
            match self.stream.try_write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the server said before it went is still to be read; the end of that says the rest.
                Err(_) => self.write_closed = true,
            }
        }
        if self.is_leaving && self.outgoing.is_empty() && self.held.is_empty() && !self.write_closed {
            self.write_closed = true;
            SockRef::from(&self.stream).shutdown(Shutdown::Write).ok();
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Ended>> {
        let count = match self.stream.try_read(buffer) {
            Ok(0) => return self.server_closed(None),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(None);
            }
            Err(error) => return self.server_closed(Some(error)),
        };
        let (mut shown, mut lines) = (Vec::new(), Vec::new());
        self.conversation.receive(&buffer[..count], &mut shown);
        self.incoming.receive(&shown, &mut lines);
        self.set_part_deadlines(lines.is_empty());
        self.show_lines(&lines)?;
        self.outgoing.append(&mut self.conversation.take_to_send().into_bytes());
        if self.conversation.is_entered() {
            self.entry_deadline = None;
            self.outgoing.append(&mut self.held);
        }
        self.write();
        Ok(self.conversation.refused())
    }

    fn server_closed(&mut self, error: Option<io::Error>) -> io::Result<Option<Ended>> {
        let (mut shown, mut lines) = (Vec::new(), Vec::new());
        self.conversation.receive_end(&mut shown);
        self.incoming.receive(&shown, &mut lines);
        lines.extend(self.incoming.end());
        self.show_lines(&lines)?;
        Ok(Some(match error {
            None => self.conversation.closed(self.is_leaving),
            Some(error) => Ended::Broken(error),
        }))
    }

    /// A part waits from its first byte on, however slowly the others come.
    fn set_part_deadlines(&mut self, is_same_line: bool) {
        if !self.incoming.has_part() {
            self.part_deadline = None;
        } else if self.part_deadline.is_none() || !is_same_line {
            self.part_deadline = Some(Box::pin(sleep(PART_AFTER)));
        }
        if !self.incoming.continues() {
            self.settle_deadline = None;
        }
    }

    fn show_part(&mut self) -> io::Result<()> {
        let part: Vec<String> = self.incoming.part().into_iter().collect();
        self.settle_deadline = Some(Box::pin(sleep(SETTLED_AFTER)));
        self.show_lines(&part)
    }

    /// The server's lines go above the line being typed.
    fn show_lines(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        // The signal of a change may come behind the line.
        self.fit();
        let mut out = String::new();
        self.screen.erase(&mut out);
        for line in lines {
            out.push_str(line);
            out.push_str("\r\n");
        }
        self.draw_after(out)
    }

    fn draw(&mut self) -> io::Result<()> {
        self.draw_after(String::new())
    }

    fn draw_after(&mut self, mut out: String) -> io::Result<()> {
        if !self.is_leaving {
            self.screen.erase(&mut out);
            self.screen.draw(&mut out, self.editor.text(), self.editor.position());
        }
        show(&out)
    }

    /// The terminal has gone, and with it the user.
    fn keys_ended(&mut self) -> io::Result<()> {
        self.keys_ended = true;
        let mut out = String::new();
        self.begin_leave(&mut out);
        self.write();
        show(&out)
    }

    /// The user goes: there is no line to type any more, and the server has its time to close.
    fn begin_leave(&mut self, out: &mut String) {
        if !self.is_leaving {
            self.screen.erase(out);
            self.is_leaving = true;
            self.leave_deadline = Some(Box::pin(sleep(LEAVE_DEADLINE)));
        }
    }

    fn suspend(&mut self, out: &mut String) -> io::Result<()> {
        self.screen.erase(out);
        show(&std::mem::take(out))?;
        self.terminal.leave()?;
        kill_current_process_group(Number::TSTP)?;
        // We stand here until the program goes on. Where nobody could resume it, it was not stopped at all.
        self.terminal.enter()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.terminal.enter()?;
        self.resize()
    }

    fn resize(&mut self) -> io::Result<()> {
        self.fit();
        self.draw()
    }

    /// Knows the terminal's size as it is now.
    fn fit(&mut self) {
        let (columns, rows) = size();
        self.screen.resize(columns, rows);
    }
}

/// Whether a deadline is set and over; it is unset then.
fn is_over(deadline: &mut Option<Pin<Box<Sleep>>>, context: &mut Context<'_>) -> bool {
    let is_over = deadline.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_ready());
    if is_over {
        *deadline = None;
    }
    is_over
}

/// The terminal's columns and rows; zero where they are not known.
fn size() -> (usize, usize) {
    tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// One write for all of it, so that nobody sees it half done.
fn show(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// The keys, read by a thread that may stand in its read for ever: a terminal that is shared with other programs
/// is not to be made non-blocking.
fn read_keys() -> mpsc::Receiver<Vec<u8>> {
    let (pressed, keys) = mpsc::channel(KEYS_MAX);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = [0; KEYS_BYTES];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if pressed.blocking_send(buffer[..count].to_vec()).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    });
    keys
}
