//! The trace of a run: its events, and a hash over all of them.

use crate::scenario::Act;
use parlor_protocol::{Command, ConnId, Input, Now, Origin, Output, PasswordResult, RoomName};
use std::fmt;

/// The trace of a run.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Whether anything is recorded.
    records: bool,
    hash: u64,
    events: Option<Vec<Event>>,
    /// The process of the events that follow, if there are several.
    process: Option<Process>,
}

/// A process of a node, by the number of the node and that of the process among those of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// The node.
    pub node: u16,
    /// The number of the process among those of the node.
    pub life: u32,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}.{}", self.node, self.life)
    }
}

/// An event of a run.
#[derive(Clone, Debug)]
pub struct Event {
    /// Microseconds since the run began.
    pub at_us: u64,
    /// The kind of event.
    pub word: &'static str,
    /// The process that it is of, if there are several.
    pub process: Option<Process>,
    /// The party that the event is about.
    pub who: Who,
    /// The details: the transferred bytes, or a command.
    pub text: String,
    /// The hash of all events up to this one.
    pub hash: u64,
}

/// A party of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A client.
    Client(u16),
    /// A connection.
    Conn(ConnId),
    /// The log.
    Log,
    /// The server.
    Server,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(client) => write!(f, "client {client}"),
            Self::Conn(conn) => write!(f, "{conn}"),
            Self::Log => f.write_str("log"),
            Self::Server => f.write_str("server"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.process {
            Some(process) => format!("{process} {}", self.who),
            None => self.who.to_string(),
        };
        write!(f, "{:>12}  {:016x}  {:<11} {who:<10} {}", self.at_us, self.hash, self.word, self.text)
    }
}

impl Trace {
    /// Creates a trace that keeps only the hash.
    #[must_use]
    pub const fn hash_only() -> Self {
        Self { records: true, hash: FNV_OFFSET, events: None, process: None }
    }

    /// Creates a trace that records nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self { records: false, hash: 0, events: None, process: None }
    }

    /// Creates a trace that keeps the hash and the events.
    #[must_use]
    pub const fn with_events() -> Self {
        Self { records: true, hash: FNV_OFFSET, events: Some(Vec::new()), process: None }
    }

    /// Returns the hash of all events so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the events so far, if they are kept.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// Sets the process of the events that follow.
    pub(crate) const fn of(&mut self, process: Option<Process>) {
        self.process = process;
    }

    /// Records the start or the end of a process, at this number of entries.
    pub(crate) fn process(&mut self, at_us: u64, word: &'static str, entries: u64) {
        self.mix(entries);
        self.record(at_us, word, Who::Server, b"", || match entries {
            0 => String::new(),
            entries => format!("with {entries} entries"),
        });
    }

    pub(crate) fn act(&mut self, at_us: u64, client: u16, act: &Act) {
        self.record(at_us, act.word(), Who::Client(client), act.bytes(), String::new);
    }

    pub(crate) fn accepted(&mut self, at_us: u64, conn: ConnId, client: u16) {
        self.record(at_us, "accepted", Who::Client(client), b"", || conn.to_string());
    }

    pub(crate) fn closed(&mut self, at_us: u64, conn: ConnId) {
        self.record(at_us, "closed", Who::Conn(conn), b"", String::new);
    }

    pub(crate) fn sent(&mut self, at_us: u64, conn: ConnId, bytes: &[u8]) {
        self.record(at_us, "sent", Who::Conn(conn), bytes, String::new);
    }

    pub(crate) fn input(&mut self, now: Now, input: &Input<'_>) {
        let at_us = now.mono.as_micros();
        let mut of = |word, conn: ConnId, bytes: &[u8]| {
            self.record(at_us, word, Who::Conn(conn), bytes, String::new);
        };
        match input {
            Input::Accepted { .. } | Input::Closed { .. } => {}
            Input::Committed { entry } => {
                let seq = entry.seq.0;
                let of_several = self.process.is_some();
                self.mix(seq);
                self.record(at_us, "committed", Who::Log, b"", || match entry.origin {
                    Origin { node, life, number } if of_several => {
                        let life = life.0 >> 48;
                        format!("{seq}: {node}/{life:04x}/{number}: {}", described(&entry.command))
                    }
                    _ => format!("{seq}: {}", described(&entry.command)),
                });
            }
            Input::Drained { conn } => of("drained", *conn, b""),
            Input::Fetched { conn, page } => {
                of("fetched", *conn, format!("{} lines", page.events.len()).as_bytes());
            }
            Input::Identified { .. } => self.record(at_us, "identified", Who::Server, b"", String::new),
            Input::LogState(state) => {
                self.record(at_us, "log", Who::Log, b"", || format!("{state:?}"));
            }
            Input::Overflowed { conn } => of("overflowed", *conn, b""),
            Input::ReadClosed { conn } => of("read_closed", *conn, b""),
            Input::Received { conn, bytes } => of("received", *conn, bytes),
            Input::Shutdown => self.record(at_us, "shutdown", Who::Server, b"", String::new),
            Input::Tell => self.record(at_us, "tell", Who::Log, b"", String::new),
            Input::Timeout => self.record(at_us, "timeout", Who::Server, b"", String::new),
            Input::PasswordChecked { conn, result } => match result {
                PasswordResult::NotChecked => of("verdict", *conn, b"not checked"),
                PasswordResult::Right => of("verdict", *conn, b"right"),
                PasswordResult::Wrong => of("verdict", *conn, b"wrong"),
            },
        }
    }

    pub(crate) fn output(&mut self, at_us: u64, output: &Output<'_>) {
        let (word, conn, about) = match *output {
            Output::Abort { conn } => ("abort", conn, ""),
            Output::Close { conn, reason, .. } => ("close", conn, reason.word()),
            Output::PauseReads { conn } => ("pause", conn, ""),
            Output::Rehash { conn } => ("rehash", conn, ""),
            Output::ResumeReads { conn } => ("resume", conn, ""),
            _ => return,
        };
        self.record(at_us, word, Who::Conn(conn), b"", || about.to_owned());
    }

    fn record(
        &mut self,
        at_us: u64,
        word: &'static str,
        who: Who,
        bytes: &[u8],
        about: impl FnOnce() -> String,
    ) {
        if !self.records {
            return;
        }
        let mut head = [0; 8];
        let length = word.len().min(head.len());
        head[..length].copy_from_slice(&word.as_bytes()[..length]);
        self.mix(at_us);
        self.mix(u64::from_le_bytes(head));
        self.mix(who.key());
        self.mix(bytes.len() as u64);
        if let Some(Process { node, life }) = self.process {
            self.mix(u64::from(node) << 32 | u64::from(life));
        }
        let hash = self.hash;
        if let Some(events) = &mut self.events {
            let text =
                if bytes.is_empty() { about() } else { format!("{:?}", String::from_utf8_lossy(bytes)) };
            events.push(Event { at_us, word, process: self.process, who, text, hash });
        }
    }

    /// Records the end of the run, with the hash of all bytes that were sent.
    pub(crate) fn end(&mut self, at_us: u64, sent_hash: u64) {
        self.mix(sent_hash);
        self.record(at_us, "end", Who::Server, b"", String::new);
    }

    /// Adds a word to the hash, in the manner of FNV-1a.
    const fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(FNV_PRIME);
        self.hash ^= self.hash >> 29;
    }
}

/// Returns a short description of a command.
fn described(command: &Command) -> String {
    let place = |room: &Option<RoomName>| room.as_ref().map_or("no room".to_owned(), ToString::to_string);
    match command {
        Command::Configure { .. } => "the limits".to_owned(),
        Command::Ended { node, life } => format!("life {life} of {node} ends"),
        Command::Enter { request, room, .. } => format!("{request:?} enters {}", place(room)),
        Command::Leave { member, reason, .. } => format!("{member} leaves: {}", reason.word()),
        Command::Move { member, from, to, .. } => {
            format!("{member} goes from {} to {}", place(from), place(to))
        }
        Command::Rename { member, name } => format!("{member} wants the name {name}"),
        Command::Say { member, room, message, .. } => format!("{member} says in {room}: {:?}", message.text),
        Command::SetTopic { member, room, topic } => format!("{member} sets the topic of {room}: {topic:?}"),
        Command::Tell { member, to, message } => format!("{member} tells {to}: {:?}", message.text),
        command => format!("{command:?}"),
    }
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

impl Who {
    fn key(self) -> u64 {
        match self {
            Self::Client(client) => client.into(),
            Self::Conn(conn) => 1 << 63 | u64::from(conn.slot) << 32 | u64::from(conn.generation),
            Self::Log => 1 << 62,
            Self::Server => 1 << 61,
        }
    }
}
