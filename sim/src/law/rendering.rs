//! Law 16: a client of IRC is sent what the specifications say, and nothing that it did not ask for. Each client reads
//! its messages with a parser of the simulator's own, and knows no more than a client does; the log says what is true.
//!
//! The first law compares bytes with a model that renders events by the core's own tables: it sees who hears what, and
//! no fault in how that looks. This one checks how it looks, by rules, and not by rendering it a second time. From the
//! model it takes no more than which entry of the log a line tells of.

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

/// Knows what each client has read, and what the log says of it.
#[derive(Debug)]
pub(super) struct Rendering {
    server: String,
    facts: Facts,
    clients: Conns<Client>,
    /// The id of each message that had one, and the other way round.
    ids: BTreeMap<Seq, String>,
    messages: BTreeMap<String, Seq>,
    /// States that it was in.
    pub(super) marks: Marks,
}

/// Both directions of a connection.
#[derive(Debug, Default)]
struct Client {
    reader: Reader,
    /// The line that it reads, as far as it came.
    begun: Vec<u8>,
    /// The line that it writes, as far as it came.
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

    /// An entry is about to be applied to this world.
    pub(super) fn before(&mut self, entry: &LogEntry, world: &World) {
        self.facts.before(entry, world);
    }

    /// An entry was applied, and that is the world after it.
    pub(super) fn committed(&mut self, entry: &LogEntry, world: &World) {
        self.facts.committed(entry, world);
    }

    /// A connection was sent these bytes, with the ends of these lines in them.
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

    /// A connection reads too slowly, and is closed.
    pub(super) fn given_up(&mut self, conn: ConnId) {
        self.clients.get_or_default(conn).reader.is_cut = true;
    }

    /// A connection was written everything.
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
        match (message.tag("msgid"), place.event) {
            (Some(id), Some((seq, _))) => self.identified(id, seq),
            (Some(id), None) => Err(format!("what is not in the log has the id {id}")),
            _ => Ok(()),
        }
    }

    /// Everybody reads the same id of a message, and no other message has it (message-ids).
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
    /// It has written these bytes. Of its lines only the labels matter.
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
        }
    }
}
