//! Law 16: an IRC client is sent messages that follow the specifications, and nothing that it did not ask for. Each
//! client parses its messages with a parser of the simulator, and knows no more than a real client does. The log tells
//! what is true.
//!
//! Law 1 compares bytes with a model that renders events by the core's own tables. It checks who is sent which events,
//! but cannot find errors in how they are rendered. This law checks the rendering by rules, without rendering anything
//! a second time. It takes from the model only which log entry a line is about.

mod facts;
mod forms;
mod message;
mod reader;

use super::CheckResult;
use crate::conns::Conns;
use crate::expectation::Line;
use crate::mark::Marks;
use crate::sometimes;
use facts::Facts;
use message::{Message, unescape};
use parlor_protocol::{ConnId, Input, LogEntry, Seq, World};
use reader::{Event, Reader};
use std::collections::BTreeMap;

/// Records the messages that each client has read, and the facts of the log about them.
#[derive(Debug)]
pub(super) struct Rendering {
    server: String,
    facts: Facts,
    clients: Conns<Client>,
    /// The id of each message that had one, and the message of each id.
    ids: BTreeMap<Seq, String>,
    messages: BTreeMap<String, Seq>,
    /// Marks that were reached.
    pub(super) marks: Marks,
}

/// Both directions of a connection.
#[derive(Debug, Default)]
struct Client {
    reader: Reader,
    /// The unfinished line that it reads.
    begun: Vec<u8>,
    /// The unfinished line that it writes.
    written: Vec<u8>,
}

impl Rendering {
    pub(super) fn new(server: String) -> Self {
        Self {
            server,
            facts: Facts::default(),
            clients: Conns::default(),
            ids: BTreeMap::new(),
            messages: BTreeMap::new(),
            marks: Marks::new(),
        }
    }

    pub(super) fn input(&mut self, input: &Input<'_>) {
        match *input {
            Input::ReadClosed { conn } => self.clients.get_or_default(conn).wrote(b"\n"),
            Input::Received { conn, ref bytes } => self.clients.get_or_default(conn).wrote(bytes),
            _ => {}
        }
    }

    /// Records an entry before it is applied. `world` is the world before it.
    pub(super) fn before(&mut self, entry: &LogEntry, world: &World) {
        self.facts.before(entry, world);
    }

    /// Records an entry after it was applied. `world` is the world after it.
    pub(super) fn committed(&mut self, entry: &LogEntry, world: &World) {
        self.facts.committed(entry, world);
    }

    /// Checks bytes that a connection was sent. `lines` are the lines that they complete.
    pub(super) fn sent(&mut self, conn: ConnId, bytes: &[u8], lines: &[Line]) -> CheckResult {
        let begun = &mut self.clients.get_or_default(conn).begun;
        begun.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', begun) else { return Ok(()) };
        let whole: Vec<u8> = begun.drain(..=end).collect();
        for (line, place) in whole.split_inclusive(|&byte| byte == b'\n').zip(lines) {
            if let Some(from) = place.irc_from {
                self.reads(conn, &line[from..], place).map_err(|error| {
                    format!("reads {:?}: {error}", String::from_utf8_lossy(line).trim_end())
                })?;
            }
        }
        Ok(())
    }

    /// Records that a connection overflowed.
    pub(super) fn given_up(&mut self, conn: ConnId) {
        self.clients.get_or_default(conn).reader.is_cut = true;
    }

    /// Checks a connection that was sent everything.
    pub(super) fn finished(&self, conn: ConnId) -> CheckResult {
        self.clients.get(conn).map_or(Ok(()), |client| client.reader.ends())
    }

    fn reads(&mut self, conn: ConnId, line: &[u8], place: &Line) -> CheckResult {
        let message = Message::parse(line)?;
        forms::check(&message, &self.server)?;
        let event = place.event.map(|(seq, is_first)| {
            let fact = self.facts.of(seq).ok_or_else(|| format!("nothing is known of entry {}", seq.0))?;
            Ok::<_, String>(Event { fact, is_first })
        });
        let event = event.transpose()?;
        let was = self.facts.of_source(message.source.unwrap_or_default());
        self.clients.get_or_default(conn).reader.reads(&message, event, was)?;
        let is_later = place.event.is_some_and(|(_, is_first)| !is_first);
        sometimes!(self.marks, PieceWithTags, is_later && !message.tags.is_empty());
        sometimes!(self.marks, BotHeard, message.tag("bot").is_some());
        if message.command == "REDACT" {
            let line = message.param(1).rsplit_once('-').and_then(|(_, line)| line.parse().ok()).map(Seq);
            let is_said = line.and_then(|line| self.facts.of(line)).is_some_and(|fact| fact.said.is_some());
            if !is_said {
                return Err("what is removed was never said".to_owned());
            }
        }
        match (message.tag("msgid"), place.event) {
            (Some(id), Some((seq, _))) => self.identified(id, seq),
            (Some(id), None) => self.identified(id, self.of_history(&message, id)?),
            _ => Ok(()),
        }
    }

    /// Checks a message of a history against the entry that its id names. Returns the entry.
    fn of_history(&self, message: &Message<'_>, id: &str) -> Result<Seq, String> {
        let seq = id.rsplit_once('-').and_then(|(_, seq)| seq.parse().ok()).map(Seq);
        let of_log = seq.and_then(|seq| Some((seq, self.facts.of(seq)?)));
        let (seq, fact) = of_log.ok_or_else(|| format!("what is not in the log has the id {id}"))?;
        let is_from = fact.sources.iter().any(|(source, _)| Some(source.as_str()) == message.source);
        let is_said = fact.said.as_ref().is_some_and(|said| {
            let piece = message.param(1).strip_prefix(said.around.0);
            let piece = piece.and_then(|piece| piece.strip_suffix(said.around.1));
            said.command == message.command && piece.is_some_and(|piece| said.text.starts_with(piece))
        });
        if is_from && is_said { Ok(seq) } else { Err(format!("a history tells of {id} what did not happen")) }
    }

    /// Checks that all clients read the same id for a message, and that no other message has it (message-ids).
    fn identified(&mut self, id: &str, seq: Seq) -> CheckResult {
        let known = self.ids.entry(seq).or_insert_with(|| id.to_owned());
        if known != id {
            return Err(format!("the id is {id}, and {known} for others"));
        }
        let of = *self.messages.entry(id.to_owned()).or_insert(seq);
        if of == seq { Ok(()) } else { Err(format!("the id {id} is another message's, too")) }
    }
}

impl Client {
    /// Records bytes that the client has sent. Only the labels of its lines matter.
    fn wrote(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.written.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                return;
            }
            let line = std::mem::take(&mut self.written);
            let line = String::from_utf8_lossy(line.trim_ascii_end());
            let tags = line.strip_prefix('@').map(|tagged| tagged.split(' ').next().unwrap_or_default());
            let tags = tags.unwrap_or_default().split(';');
            if let Some(label) = tags.filter_map(|tag| tag.strip_prefix("label=")).next_back() {
                self.reader.labels(unescape(label));
            }
            if line.to_ascii_uppercase().contains("CHATHISTORY") {
                self.reader.asks_for_history();
            }
        }
    }
}
